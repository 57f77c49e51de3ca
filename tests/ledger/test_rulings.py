"""Rules of accounts, months, holds and lots: what the book refuses, on both engines, and that verify sees each row of them."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from ledger.audit import verify
from ledger.book import Book
from ledger.entry import ENTRIES, POSTINGS, EntryBatch, client_key, entry_batch, new_key, one_entry
from ledger.errors import (
    AccountClosed,
    HoldNotOpen,
    KeyReused,
    LotMisused,
    MalformedEntry,
    Overdraft,
    PeriodClosed,
    PeriodMisruled,
    RulingNotReversed,
    UnknownAccount,
)
from ledger.hold import expire_holds, held_account, open_holds, place_hold, release, settle
from ledger.journal import Receipt, post, reverse_entries
from ledger.lot import holdings, issue, retire, transfer
from ledger.opening import AccountOpening, close_account, open_accounts
from ledger.period import (
    close_month,
    close_months,
    closed_months,
    reopen_month,
    reopen_months,
    restating,
    rulings,
    seal_of,
    turnover,
)
from ledger.principal import LOCAL_ADMIN
from ledger.types import Day
from tests.ledger.books import NOW, amount_of
from tests.ledger.test_audit import RULING_TABLES, another, found, intruder

DAY = date(2026, 3, 5)
BY: dict[str, Any] = {"principal": LOCAL_ADMIN, "now": NOW, "day": DAY}
PURSE, SPONSOR, SHOP = "holder/a/points", "sponsor/s/budget", "merchant/m/claims"


def within(book: Book, act: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
    with book.writing() as session:
        return act(session, *arguments, **named)


def entry(
    key: str, *legs: tuple[str, int], day: date = DAY, commodity: str = "POINT", reference: str | None = None, book: str = "points"
) -> EntryBatch:
    made = [(account, commodity, amount) for account, amount in legs]
    return one_entry(
        key=client_key("t", key),
        book=book,
        kind="move",
        day=day,
        legs=made,
        units={commodity: "t" if commodity == "CCER" else "point"},
        reference=reference,
    )


def batch(*entries: tuple[str, tuple[tuple[str, int], ...]], day: date = DAY) -> EntryBatch:
    heads = [(no, client_key("t", key), "points", "move", day, key, None, None, None) for no, (key, _) in enumerate(entries)]
    legs = [(no, account, "POINT", amount) for no, (_, moved) in enumerate(entries) for account, amount in moved]
    return entry_batch(
        pl.DataFrame(heads, schema=ENTRIES, orient="row"), pl.DataFrame(legs, schema=POSTINGS, orient="row"), units={"POINT": "point"}
    )


def put(book: Book, batch_: EntryBatch, **more: Any) -> Receipt:
    return within(book, post, batch_, LOCAL_ADMIN, now=NOW, **more)  # type: ignore[no-any-return]


def open_purse(book: Book, *, floor: int | None = 0) -> None:
    opening = AccountOpening(book="points", name=PURSE, commodity="POINT", unit="point", floor=floor)
    within(book, open_accounts, [opening], LOCAL_ADMIN, now=NOW, day=DAY)


def good(book: Book) -> bool:
    return verify(book) == []


def test_a_floor_is_never_passed_and_the_refusal_has_the_sums(book: Book) -> None:
    open_purse(book)
    put(book, entry("award", (PURSE, 100), (SPONSOR, -100)))
    with pytest.raises(Overdraft, match=r"'a redemption'.*holds 100 POINT.*below 0: -101 leaves -1") as refused:
        put(book, entry("redeem", (SHOP, 101), (PURSE, -101), reference="a redemption"))
    assert (refused.value.has, refused.value.moves, refused.value.floor) == (100, -101, 0)
    put(book, entry("redeem", (SHOP, 100), (PURSE, -100)))
    assert amount_of(book, PURSE, "POINT") == 0
    assert good(book)


def test_a_credit_account_is_floored_on_its_own_side(book: Book) -> None:
    opening = AccountOpening(book="points", name=SPONSOR, commodity="POINT", unit="point", side="credit", floor=-50)
    within(book, open_accounts, [opening], LOCAL_ADMIN, now=NOW, day=DAY)
    put(book, entry("1", (SPONSOR, 50), (SHOP, -50)))
    with pytest.raises(Overdraft):
        put(book, entry("2", (SPONSOR, 1), (SHOP, -1)))


def test_within_one_batch_what_an_earlier_entry_took_is_gone(book: Book) -> None:
    open_purse(book)
    put(book, entry("award", (PURSE, 100), (SPONSOR, -100)))
    spends = [(f"spend {n}", ((SHOP, 40), (PURSE, -40))) for n in range(4)]
    with pytest.raises(Overdraft):
        put(book, batch(*spends))
    assert amount_of(book, PURSE, "POINT") == 100, "all or none"
    receipt = put(book, batch(*spends), partial=True)
    assert [at is None for at in receipt.ids] == [False, False, True, True]
    assert [(one.no, one.reference, one.code) for one in receipt.refused] == [
        (2, "spend 2", "account.overdraft"), (3, "spend 3", "account.overdraft"),
    ]  # fmt: skip
    assert amount_of(book, PURSE, "POINT") == 20
    assert good(book)


def test_in_part_every_refusal_is_named_and_the_rest_stands(book: Book) -> None:
    open_purse(book)
    put(book, entry("award", (PURSE, 100), (SPONSOR, -100)))
    within(book, close_account, SPONSOR, "POINT", LOCAL_ADMIN, now=NOW, day=DAY)
    mixed = batch(
        ("good", ((SHOP, 10), (PURSE, -10))),
        ("award", ((PURSE, 7), (SHOP, -7))),
        ("closed", ((PURSE, 10), (SPONSOR, -10))),
        ("nobody's", ((PURSE, 10), ("nobody", -10))),
        ("too much", ((SHOP, 1000), (PURSE, -1000))),
        ("good too", ((SHOP, 90), (PURSE, -90))),
    )
    with pytest.raises(UnknownAccount):
        put(book, batch(("x", (("nobody", 1), ("nowhere", -1)))), open_accounts=False)
    receipt = put(book, mixed, partial=True, open_accounts=False)
    told = {one.reference: one.code for one in receipt.refused}
    assert told["award"] == "key.reused"
    assert told["closed"] == "account.closed"
    assert told["nobody's"] == "account.unknown"
    assert told["good"] == told["too much"] == told["good too"] == "account.unknown", "nobody opened the shop"
    shop = AccountOpening(book="points", name=SHOP, commodity="POINT")
    within(book, open_accounts, [shop], LOCAL_ADMIN, now=NOW, day=DAY)
    receipt = put(book, mixed, partial=True, open_accounts=False)
    assert {one.reference for one in receipt.refused} == {"award", "closed", "nobody's", "too much"}
    assert amount_of(book, PURSE, "POINT") == 0
    assert good(book)


def test_a_refused_entry_opens_no_account(book: Book) -> None:
    open_purse(book)
    receipt = put(book, batch(("no", (("new/place", 5), (PURSE, -5)))), partial=True)
    assert (receipt.ids, receipt.created) == ((None,), 0)
    with book.reading() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM account WHERE name = 'new/place'").scalar_one() == 0


def test_a_closed_account_takes_nothing_until_it_is_opened_again(book: Book) -> None:
    put(book, entry("1", (PURSE, 5), (SPONSOR, -5)))
    within(book, close_account, PURSE, "POINT", LOCAL_ADMIN, now=NOW, day=DAY)
    with pytest.raises(AccountClosed):
        put(book, entry("2", (PURSE, 5), (SPONSOR, -5)))
    within(book, close_account, PURSE, "POINT", LOCAL_ADMIN, now=NOW, day=DAY, reopen=True)
    put(book, entry("2", (PURSE, 5), (SPONSOR, -5)))
    assert good(book)


def test_a_hold_lowers_what_is_available_and_leaves_what_is_booked(book: Book) -> None:
    open_purse(book)
    put(book, entry("award", (PURSE, 100), (SPONSOR, -100)))
    hold = within(book, place_hold, book="points", account=PURSE, commodity="POINT", amount=70, **BY).first_id
    assert (amount_of(book, PURSE, "POINT"), amount_of(book, held_account(PURSE), "POINT")) == (30, 70)
    with pytest.raises(Overdraft):
        within(book, place_hold, book="points", account=PURSE, commodity="POINT", amount=31, **BY)
    within(book, settle, hold, to=SHOP, amount=50, **BY)
    with book.reading() as session:
        (still,) = open_holds(session, account=PURSE)
    assert (still.id, still.amount, still.left) == (hold, 70, 20)
    with pytest.raises(HoldNotOpen, match="20 of 70 are still held, 21"):
        within(book, settle, hold, to=SHOP, amount=21, **BY)
    within(book, release, hold, **BY)
    assert (amount_of(book, PURSE, "POINT"), amount_of(book, SHOP, "POINT")) == (50, 50)
    for again in (settle, release):
        with pytest.raises(HoldNotOpen):
            within(book, again, hold, **BY, **({"to": SHOP} if again is settle else {}))
    assert good(book)


def test_a_hold_expires_after_its_last_day_and_not_before(book: Book) -> None:
    put(book, entry("award", (PURSE, 100), (SPONSOR, -100)))
    hold = within(book, place_hold, book="points", account=PURSE, commodity="POINT", amount=60, expires_on=DAY, **BY).first_id
    assert within(book, expire_holds, **BY) == []
    late = BY | {"day": date(2026, 3, 6)}
    with pytest.raises(HoldNotOpen, match="2026-03-05"):
        within(book, settle, hold, to=SHOP, **late)
    assert len(within(book, expire_holds, **late)) == 1
    assert amount_of(book, PURSE, "POINT") == 100
    assert within(book, expire_holds, **late) == []
    assert good(book)


ISSUED: dict[str, Any] = {"book": "units", "commodity": "CCER", "registry": "registry/ccer/issued", **BY}
MOVED: dict[str, Any] = {"book": "units", "commodity": "CCER", **BY}


def units(book: Book) -> None:
    within(book, issue, series="A", first=1, last=100, vintage=2022, account="a/units", project="林场", unit="t", **ISSUED)
    within(book, issue, series="A", first=101, last=150, vintage=2021, account="a/units", expires_on=date(2027, 12, 31), **ISSUED)


def ranges(book: Book, account: str) -> list[tuple[int, int]]:
    with book.reading() as session:
        return [(one.first, one.last) for one in holdings(session, account=account, commodity="CCER")]


def test_units_leave_first_in_first_out_and_ranges_split(book: Book) -> None:
    units(book)
    within(book, transfer, source="a/units", target="b/units", count=70, **MOVED)
    assert ranges(book, "b/units") == [(101, 150), (1, 20)], "what expires leaves first, then the lowest serials"
    within(book, transfer, source="a/units", target="b/units", serials=[(0, 40, 60)], **MOVED)
    assert sorted(ranges(book, "a/units")) == [(21, 39), (61, 100)]
    assert amount_of(book, "a/units", "CCER") == 59
    assert good(book)


def test_a_serial_is_issued_once_moved_by_its_owner_and_retired_once_ever(book: Book) -> None:
    units(book)
    with pytest.raises(LotMisused, match="101–150 of CCER A were issued already"):
        within(book, issue, series="A", first=150, last=160, vintage=2023, account="a/units", **ISSUED)
    with pytest.raises(LotMisused, match="are not on 'b/units'"):
        within(book, transfer, source="b/units", target="c/units", serials=[(0, 1, 1)], **MOVED)
    retired = {"target": "retired/ccer/claim", "purpose": "claim", "beneficiary": "某公司"}
    within(book, retire, source="a/units", serials=[(0, 1, 10)], **retired, **MOVED)
    for again in ("a/units", "retired/ccer/claim"):
        with pytest.raises(LotMisused):
            within(book, transfer, source=again, target="b/units", serials=[(0, 5, 6)], **MOVED)
    with pytest.raises(LotMisused, match="has 140 CCER that are good on 2026-03-05, 141 were asked for"):
        within(book, transfer, source="a/units", target="b/units", count=141, **MOVED)
    assert good(book)


def test_units_with_serials_move_by_their_serials_alone(book: Book) -> None:
    units(book)
    with pytest.raises(LotMisused, match="have serials"):
        put(book, entry("sneak", ("b/units", 5), ("a/units", -5), commodity="CCER", book="units"))


def test_an_expired_unit_goes_nowhere_but_out(book: Book) -> None:
    units(book)
    late = MOVED | {"day": date(2028, 1, 1)}
    with pytest.raises(LotMisused, match="expired on 2027-12-31"):
        within(book, transfer, source="a/units", target="b/units", serials=[(1, 101, 101)], **late)
    gone = {"target": "retired/ccer/expire", "purpose": "expire", "beneficiary": ""}
    within(book, retire, source="a/units", serials=[(1, 101, 150)], **gone, **late)
    assert good(book)


MARCH, APRIL = date(2026, 3, 20), date(2026, 4, 2)


def closing(book: Book, period: int = 202603) -> Receipt:
    return within(book, close_month, period, LOCAL_ADMIN, now=NOW, day=APRIL)  # type: ignore[no-any-return]


def test_a_closed_month_takes_no_posting_and_seals_what_it_held(book: Book) -> None:
    put(book, entry("1", (PURSE, 5), (SPONSOR, -5), day=MARCH))
    closing(book)
    with pytest.raises(PeriodClosed, match="2026-03 is closed"):
        put(book, entry("2", (PURSE, 5), (SPONSOR, -5), day=MARCH))
    put(book, entry("2", (PURSE, 5), (SPONSOR, -5), day=APRIL))
    with book.reading() as session:
        (ruling,) = rulings(session, 202603)
        assert (ruling.closed, ruling.size) == (True, 1)
        assert ruling.sealed == seal_of(turnover(session, 202603, before=ruling.size))
    with pytest.raises(PeriodMisruled, match="closed already"):
        closing(book)
    assert good(book)


@pytest.mark.parametrize(("reason", "second"), [("", "auditor"), ("a late bill", ""), ("a late bill", LOCAL_ADMIN.actor)])
def test_a_month_is_reopened_with_a_reason_and_by_another_person(book: Book, reason: str, second: str) -> None:
    closing(book)
    with pytest.raises(PeriodMisruled, match="second person"):
        within(book, reopen_month, 202603, LOCAL_ADMIN, now=NOW, day=APRIL, reason=reason, second=second)
    within(book, reopen_month, 202603, LOCAL_ADMIN, now=NOW, day=APRIL, reason="a late bill", second="auditor")
    put(book, entry("2", (PURSE, 5), (SPONSOR, -5), day=MARCH))
    assert good(book)


def test_a_restatement_opens_the_month_for_one_holder_and_closes_it_again(book: Book) -> None:
    mine = put(book, entry("1", ("holder/a/scope1", 5), ("atmosphere/x", -5), day=MARCH)).first_id
    published = NOW
    closing(book)
    later = datetime.fromisoformat("2026-12-01T00:00:00+00:00")
    with book.writing() as session:
        asked: dict[str, Any] = {"scope": "holder/a/", "now": later, "day": APRIL, "reason": "wrong scale", "second": "auditor"}
        with restating(session, 202603, LOCAL_ADMIN, **asked):
            reverse_entries(session, [mine], LOCAL_ADMIN, now=later, reason="wrong scale")
            post(session, entry("1b", ("holder/a/scope1", 7), ("atmosphere/x", -7), day=MARCH), LOCAL_ADMIN, now=later)
            with pytest.raises(PeriodClosed):
                post(session, entry("other", ("holder/b/scope1", 7), ("atmosphere/x", -7), day=MARCH), LOCAL_ADMIN, now=later)
    with pytest.raises(PeriodClosed):
        put(book, entry("1c", ("holder/a/scope1", 7), ("atmosphere/x", -7), day=MARCH))
    assert amount_of(book, "holder/a/scope1", "POINT") == 7
    assert amount_of(book, "holder/a/scope1", "POINT", known=published) == 5, "what was published stays readable"
    assert good(book)


def test_what_ruled_is_not_undone_by_a_reversal(book: Book) -> None:
    ruled = closing(book).first_id
    with pytest.raises(RulingNotReversed):
        within(book, reverse_entries, [ruled], LOCAL_ADMIN, now=NOW, reason="no")
    with pytest.raises(MalformedEntry, match="nothing beyond them"):
        put(book, one_entry(
            key=new_key(), book="points", kind="move", day=DAY, legs=[("a", "POINT", 1), ("b", "POINT", -1)], units={"POINT": "point"},
            detail='{"retires":{"purpose":"x","beneficiary":"y"}}',
        ))  # fmt: skip


def test_the_same_key_gives_the_same_answer_for_holds_lots_and_months_too(book: Book) -> None:
    key = client_key("t", "hold")
    put(book, entry("award", (PURSE, 100), (SPONSOR, -100)))
    asked: dict[str, Any] = {"book": "points", "account": PURSE, "commodity": "POINT", "key": key, **BY}
    first = within(book, place_hold, amount=70, **asked)
    again = within(book, place_hold, amount=70, **asked)
    assert (first.ids, again.ids, again.repeated) == (first.ids, first.ids, 1)
    with pytest.raises(KeyReused):
        within(book, place_hold, amount=71, **asked)


def altered(column: sa.Column[Any], value: Any) -> Any:
    """As `another`, and something where nothing was said."""
    if isinstance(column.type, Day):
        return date(2031, 1, 1)
    if value in {None, ""}:
        return "x" if isinstance(column.type, sa.Text) else 7
    return another(column, value)


def test_a_change_to_any_column_of_a_rule_hold_or_lot_is_found_and_named(book: Book) -> None:
    full(book)
    assert verify(book) == []
    missed = []
    for table in RULING_TABLES:
        for column in table.columns:
            with intruder(book) as connection:
                row = connection.execute(sa.select(table).order_by(*table.primary_key.columns).limit(1)).one()._mapping
                change = altered(column, row[column.name])
                where = [other == row[other.name] for other in table.primary_key.columns]
                connection.execute(table.update().where(*where).values({column.name: change}))
            violations = found(book)
            with intruder(book) as connection:
                back = [other == (change if other is column else row[other.name]) for other in table.primary_key.columns]
                connection.execute(table.update().where(*back).values({column.name: row[column.name]}))
            if not any(table.name in violation.where or violation.law == "lots" for violation in violations):
                missed.append((f"{table.name}.{column.name}", violations))
    assert missed == []
    assert verify(book)[0].law == "schema", "all of it was put back but the triggers"
    assert found(book) == []


@pytest.mark.parametrize("table", [table.name for table in RULING_TABLES])
def test_a_rule_hold_or_lot_that_is_gone_is_found(book: Book, table: str) -> None:
    full(book)
    with intruder(book) as connection:
        connection.exec_driver_sql(f"DELETE FROM {table}")
    assert found(book)


def full(book: Book) -> None:
    """A book with something of everything."""
    open_purse(book)
    put(book, entry("award", (PURSE, 100), (SPONSOR, -100)))
    put(book, entry("0", ("holder/a/scope1", 5), ("atmosphere/x", -5), day=date(2026, 2, 1)))
    hold = within(book, place_hold, book="points", account=PURSE, commodity="POINT", amount=70, **BY).first_id
    within(book, settle, hold, to=SHOP, amount=50, **BY)
    first = within(book, issue, series="A", first=1, last=100, vintage=2022, account="a/units", unit="t", **ISSUED).first_id
    within(book, retire, source="a/units", serials=[(first, 1, 10)], target="retired/x", purpose="claim", beneficiary="某公司", **MOVED)
    within(book, close_month, 202602, LOCAL_ADMIN, now=NOW, day=APRIL)


def test_months_are_closed_and_opened_in_one_step_or_not_at_all(book: Book) -> None:
    put(book, entry("1", ("holder/a/scope1", 5), ("atmosphere/x", -5), day=MARCH))
    asked: dict[str, Any] = {"now": NOW, "day": APRIL, "scope": "holder/a"}
    done = within(book, close_months, [202602, 202603], LOCAL_ADMIN, **asked)
    assert done.created == 2
    with pytest.raises(PeriodMisruled, match="2026-03: it is closed already"):
        within(book, close_months, [202601, 202603], LOCAL_ADMIN, **asked)
    with book.reading() as session:
        assert closed_months(session, [202601, 202602, 202603], scope="holder/a") == (202602, 202603)
        assert closed_months(session, [202603], scope="holder/b") == ()
    with pytest.raises(PeriodMisruled, match="2026-01: it is open already"):
        within(book, reopen_months, [202603, 202601], LOCAL_ADMIN, reason="late", second="auditor", **asked)
    within(book, reopen_months, [202602, 202603], LOCAL_ADMIN, reason="late", second="auditor", **asked)
    with book.reading() as session:
        assert closed_months(session, [202602, 202603], scope="holder/a") == ()
    assert good(book)


def test_who_closes_one_holders_month_seals_that_holders_accounts(book: Book) -> None:
    for name, holder in (("1", "holder/a"), ("2", "holder/ab"), ("3", "holder/a/deep")):
        put(book, entry(name, (f"{holder}/scope1", 5), ("atmosphere/x", -5), day=MARCH))
    within(book, close_months, [202603], LOCAL_ADMIN, now=NOW, day=APRIL, scope="holder/a")
    with book.reading() as session:
        (ruling,) = rulings(session, 202603)
        own = turnover(session, 202603, scope="holder/a")
        assert own["account"].to_list() == ["holder/a/deep/scope1", "holder/a/scope1"]
        assert ruling.sealed == seal_of(own)
    assert good(book)


def test_a_month_closed_for_all_but_one_is_sealed_whole_when_that_one_closes(book: Book) -> None:
    put(book, entry("1", ("holder/a/scope1", 5), ("holder/b/scope1", -5), day=MARCH))
    asked: dict[str, Any] = {"now": NOW, "day": APRIL}
    within(book, close_months, [202603], LOCAL_ADMIN, **asked)
    within(book, reopen_months, [202603], LOCAL_ADMIN, reason="late", second="auditor", scope="holder/a", **asked)
    within(book, close_months, [202603], LOCAL_ADMIN, scope="holder/a", **asked)
    with book.reading() as session:
        assert rulings(session, 202603)[-1].sealed == seal_of(turnover(session, 202603))
    assert good(book)
