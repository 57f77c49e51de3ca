"""Filings are found by whose they are, changed by one at a time, and booked whole or not at all; on both engines."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import carbon.enterprise.filing.booking as booking
from carbon.audit import verify
from carbon.enterprise.errors import FilingChanged, FilingNotFound
from carbon.enterprise.filing.filing import content, filing, filings, history, open_filing
from carbon.enterprise.filing.said import Kind, kind_of
from carbon.enterprise.filing.state import State
from carbon.enterprise.filing.submission import accept, submit
from carbon.enterprise.filing.version import declare
from carbon.errors import FaultyFile, HolderNotFound
from ledger.balances import log_size
from ledger.errors import NotAllowed, PeriodClosed, PeriodMisruled
from ledger.period import close_month
from ledger.principal import LOCAL_ADMIN, Principal, Role
from tests.carbon.conftest import Firm
from tests.carbon.enterprise.filing.conftest import COAL, COUNTY, NOW, POWER, PRICES, TODAY, Desk


def stands(desk: Desk) -> tuple[int, dict[Any, int], list[Kind]]:
    """All that booking may move: the log, the cells, and what happened to filings."""
    with desk.book.reading() as session:
        told = [
            kind_of(event.what) for head in filings(session, LOCAL_ADMIN) for event in history(session, LOCAL_ADMIN, head.id)
        ]  # fmt: skip
        return log_size(session), desk.firm.cells(), told


def test_a_strangers_filing_is_told_as_not_found(desk: Desk, make_firm: Callable[..., Firm]) -> None:
    made = desk.draft(POWER)
    other = make_firm(sites={"x01": "330106"})
    strangers = (
        Principal("x", Role.WRITER, holders=frozenset({other.id})), Principal("y", Role.AUTHORITY, divisions=frozenset({"330106"})),
        Principal("z", Role.READER, holders=frozenset()),
    )  # fmt: skip
    for stranger in strangers:
        with desk.book.reading(stranger) as session:
            for read in (filing, content, history):
                with pytest.raises(FilingNotFound):
                    read(session, stranger, made.id)
            assert filings(session, stranger) == []
        with pytest.raises(FilingNotFound):
            desk.do(submit, Principal(stranger.actor, Role.WRITER, stranger.holders, stranger.divisions), made.id, if_match=made.tag,
                    declared=declare(desk.read(made.id), PRICES), today=TODAY)  # fmt: skip
        with pytest.raises(FilingNotFound):
            desk.record(made.id, stranger)
    with desk.book.writing() as session:
        with pytest.raises(HolderNotFound):
            open_filing(session, strangers[0], holder=desk.firm.id, year=2022, guide="general", now=NOW)
        with pytest.raises(FilingNotFound):
            filing(session, desk.preparer, "f0000000000")
        with pytest.raises(FilingNotFound):
            content(session, desk.preparer, made.id, 9)


def test_lists_show_what_is_in_reach_page_by_page(desk: Desk, make_firm: Callable[..., Firm]) -> None:
    mine = [desk.open(year=year).id for year in (2021, 2022, 2023)]
    other = desk_of_other(desk, make_firm)
    theirs = other.open().id
    with desk.book.reading() as session:
        assert {one.id for one in filings(session, desk.preparer)} == set(mine)
        assert {one.id for one in filings(session, desk.regulator)} == {*mine, theirs}
        assert [one.year for one in filings(session, desk.regulator, holder=desk.firm.id, year=2022)] == [2022]
        assert filings(session, desk.regulator, state=State.BOOKED) == []
        pages, after = [], ""
        while page := filings(session, LOCAL_ADMIN, after=after, limit=2):
            pages.append(len(page))
            after = page[-1].id
    assert pages == [2, 2]


def desk_of_other(desk: Desk, make_firm: Callable[..., Firm]) -> Desk:
    firm = make_firm()
    own = frozenset({firm.id})
    return Desk(firm, Principal("p2", Role.WRITER, holders=own), desk.lead, desk.second, desk.regulator)


def test_who_read_another_state_is_told_and_writes_nothing(desk: Desk) -> None:
    made = desk.draft(POWER)
    old = made.tag
    desk.save(made.id, POWER, COAL)
    before = stands(desk)
    with pytest.raises(FilingChanged):
        desk.do(submit, desk.preparer, made.id, declared=declare(desk.read(made.id), PRICES), today=TODAY, if_match=old)
    assert stands(desk) == before


def test_readers_prepare_nothing(desk: Desk) -> None:
    for principal in (desk.lead, desk.regulator):
        with pytest.raises(NotAllowed), desk.book.writing() as session:
            open_filing(session, principal, holder=desk.firm.id, year=2022, guide="general", now=NOW)


def at_once(*steps: Callable[[], Any]) -> list[Any]:
    """What each step gave, or its error; all begin together."""
    barrier = threading.Barrier(len(steps))

    def run(step: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return step()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(steps)) as pool:
        return list(pool.map(run, steps))


def test_of_two_who_accept_at_once_one_does(desk: Desk) -> None:
    made = desk.draft(POWER)
    desk.submit(made.id)
    desk.take_up(made.id)
    tag = desk.sign(made.id).tag
    others = [Principal(f"r{no}", Role.AUTHORITY, divisions=frozenset({COUNTY})) for no in range(4)]
    ended = at_once(*(lambda by=by: desk.do(accept, by, made.id, if_match=tag) for by in others))  # type: ignore[misc]
    assert sorted(type(one).__name__ for one in ended) == ["Filing", "FilingChanged", "FilingChanged", "FilingChanged"]
    with desk.book.reading() as session:
        told = [kind_of(event.what) for event in history(session, LOCAL_ADMIN, made.id)]
    assert told.count(Kind.ACCEPTED) == 1


def test_of_two_who_book_at_once_one_does(desk: Desk) -> None:
    made = desk.accepted(POWER, COAL)
    ended = at_once(lambda: desk.record(made.id), lambda: desk.record(made.id, desk.preparer))
    names = sorted(type(one).__name__ for one in ended)
    assert names in (["FilingChanged", "RecordReceipt"], ["RecordReceipt", "StateRefused"])
    assert desk.firm.cells()[f"location|{COUNTY}|2|electricity", 202307, "CO2"] == 49_740_000
    assert verify(desk.book) == []


def test_what_fails_in_the_middle_of_booking_leaves_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    made = desk.accepted(POWER, COAL)
    before = stands(desk)
    real = booking.close_months

    def failing(session: Any, periods: Any, *said: Any, **more: Any) -> Any:
        real(session, periods, *said, **more)  # the entries are posted and the months closed, and then the power goes
        raise OSError("the machine stops here")

    monkeypatch.setattr(booking, "close_months", failing)
    with pytest.raises(OSError, match="stops here"):
        desk.record(made.id)
    assert stands(desk) == before
    monkeypatch.undo()
    assert desk.record(made.id).lines == 3
    assert verify(desk.book) == []


def test_a_restatement_that_fails_leaves_what_was_booked_and_closed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from carbon.enterprise.filing.restate import restate

    first = desk.accepted(POWER)
    desk.record(first.id)
    with desk.book.writing() as session:
        made = restate(session, desk.preparer, first.id, now=NOW)
    desk.save(made.id, POWER, COAL)
    desk.submit(made.id)
    desk.take_up(made.id)
    desk.sign(made.id)
    desk.accept(made.id)
    before = stands(desk)
    monkeypatch.setattr(booking, "close_months", lambda *_, **__: (_ for _ in ()).throw(OSError("stop")))
    with pytest.raises(OSError, match="stop"):
        desk.record(made.id)
    assert stands(desk) == before
    with pytest.raises(PeriodClosed):
        desk.firm.file(COAL, name="late.csv")
    assert verify(desk.book) == []


def test_lines_that_stand_in_the_book_by_another_file_are_not_booked_twice(desk: Desk) -> None:
    desk.firm.file(POWER, name="earlier.csv")
    made = desk.accepted(POWER, COAL)
    before = stands(desk)
    with pytest.raises(FaultyFile) as caught:
        desk.record(made.id)
    assert [fault.code for fault in caught.value.faults] == ["line.overlap"]
    assert stands(desk) == before


def test_the_very_file_that_was_recorded_before_is_not_booked_again(desk: Desk) -> None:
    first = desk.firm.file(POWER)
    made = desk.accepted(POWER)
    receipt = desk.record(made.id)
    assert (receipt.repeated, receipt.import_id) == (True, first.import_id)
    assert desk.filing(made.id).import_id == first.import_id
    assert desk.firm.sums("s01/scope2-location") == 49_740_000


def test_a_month_that_is_closed_for_everybody_takes_no_filing(desk: Desk) -> None:
    made = desk.accepted(POWER)
    with desk.book.writing() as session:
        close_month(session, 202307, LOCAL_ADMIN, now=NOW, day=TODAY)
    before = stands(desk)
    with pytest.raises(PeriodClosed):
        desk.record(made.id)
    assert stands(desk) == before


def test_a_month_closed_for_everybody_in_which_nothing_was_filed_stays_closed(desk: Desk) -> None:
    with desk.book.writing() as session:
        close_month(session, 202301, LOCAL_ADMIN, now=NOW, day=TODAY)
    assert desk.record(desk.accepted(POWER).id).lines == 2
    with pytest.raises(PeriodMisruled, match="closed already"), desk.book.writing() as session:
        close_month(session, 202301, LOCAL_ADMIN, now=NOW, day=TODAY, scope=f"holder/{desk.firm.id}")
