"""A reporting year that begins in April: filed, closed, booked, restated and compared by its own days; on both engines."""

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest

from carbon.audit import verify
from carbon.enterprise.certificates import look_up
from carbon.enterprise.efficiency.tag import gather
from carbon.enterprise.errors import NotVerified, StateRefused
from carbon.enterprise.filing.filing import filings, year_is_over
from carbon.enterprise.filing.restate import months_of, restate
from carbon.enterprise.filing.submission import submit
from carbon.enterprise.filing.version import declare
from carbon.enterprise.firm import Boundary, first_months, say
from carbon.enterprise.intake.review import around, review
from carbon.enterprise.inventory.inventory import booked_inventory
from carbon.enterprise.inventory.lines import booked_lines, first_month
from carbon.enterprise.market import Instrument, Kind, add_contract
from carbon.enterprise.obligation.allocation import GRAMS, Unit
from carbon.enterprise.obligation.declare import declare as declare_obligation
from carbon.enterprise.peers import filed_years, peers
from carbon.errors import FaultyFile
from carbon.region.divisions import divisions
from factors.library import load_library
from ledger.errors import PeriodClosed
from ledger.period import closed_months
from ledger.principal import LOCAL_ADMIN, LOCAL_READER
from tests.carbon.conftest import Firm
from tests.carbon.enterprise.filing.conftest import COAL, NOW, POWER, PRICES, TODAY, Desk, desk_of, file_of

APRIL = POWER.replace("2023-07", "2023-04")
FEBRUARY = POWER.replace("2023-07", "2024-02").replace("meter 1", "meter 2")


@pytest.fixture
def april(desk: Desk) -> Desk:
    begins(desk, 4, date(2023, 1, 1))
    return desk


def begins(desk: Desk, month: int, since: date) -> None:
    with desk.book.writing() as session:
        fact = Boundary(approach="operational", start_month=month)
        say(session, desk.preparer, holder=desk.firm.id, fact=fact, valid_from=since, reason="财年", now=NOW)


@pytest.mark.parametrize(("month", "first", "last"), [(1, 202301, 202312), (4, 202304, 202403), (12, 202312, 202411)])
def test_the_months_of_a_year_are_twelve_from_its_first_on(month: int, first: int, last: int) -> None:
    months = months_of(2023, month)
    assert (months[0], months[-1], len(set(months))) == (first, last, 12)
    assert all(1 <= one % 100 <= 12 for one in months)


def test_a_year_is_over_after_its_own_last_day() -> None:
    assert not year_is_over(2023, date(2024, 3, 31), start_month=4)
    assert year_is_over(2023, date(2024, 4, 1), start_month=4)
    assert year_is_over(2023, date(2024, 1, 1))


def test_a_filing_is_of_the_days_that_the_boundary_says_and_a_line_beyond_is_named(april: Desk) -> None:
    made = april.draft(APRIL, FEBRUARY)
    assert (made.start_month, made.stand.period) == (4, (date(2023, 4, 1), date(2024, 3, 31)))
    assert april.read(made.id).lines.frame.height == 2
    april.save(made.id, APRIL, POWER.replace("2023-07", "2023-03"), POWER.replace("2023-07", "2024-04"))
    with pytest.raises(FaultyFile) as refused:
        april.read(made.id)
    assert [(one.row, one.code) for one in refused.value.faults] == [(3, "filing.year"), (4, "filing.year")]
    assert "2023-04-01 to 2024-03-31" in refused.value.faults[0].reason
    with april.book.reading() as session:
        there = around(session, LOCAL_ADMIN, holder=april.firm.id, year=2023, library=load_library(), start_month=4)
        seen = review(
            file_of(APRIL, POWER.replace("2023-07", "2023-03")), file="x.csv", around=there, today=TODAY, tree=divisions(),
            library=load_library(),
        )  # fmt: skip
    assert [(one.row, one.column, one.code) for one in seen.problems] == [(3, "day", "day.not-of-year")]


def test_a_year_that_still_runs_is_not_submitted(april: Desk) -> None:
    made = april.draft(APRIL)
    with pytest.raises(StateRefused, match="2023, which ends on 2024-03-31, is not over"):
        april.do(submit, april.preparer, made.id, declared=declare(april.read(made.id), PRICES), today=date(2024, 3, 31))


def test_its_own_twelve_months_are_closed_and_its_inventory_is_what_was_booked(april: Desk) -> None:
    made = april.draft(APRIL, FEBRUARY)
    april.agreed(made.id)
    scope = f"holder/{april.firm.id}"
    with april.book.reading() as session:
        assert closed_months(session, [202303, 202304, 202403, 202404], scope=scope) == (202304, 202403)
    with pytest.raises(PeriodClosed):
        april.firm.file(COAL.replace("2023-07", "2024-03"), name="late.csv")
    april.firm.file(COAL.replace("2023-07", "2023-03"), name="before.csv")
    april.firm.file(POWER.replace("2023-07", "2024-05"), name="after.csv")
    declared = april.filing(made.id).stand.declared
    assert declared is not None
    with april.book.reading(april.preparer) as session:
        own, holder = april.preparer, april.firm.id
        shown = booked_inventory(session, own, holder=holder, year=2023, prices=PRICES)
        assert shown.total_location_g == declared.total_g, "neither March nor May is in it"
        lines = booked_lines(session, own, holder=holder, year=2023)
        assert (lines["start"].min(), lines["end"].max()) == (date(2023, 4, 1), date(2024, 2, 29))
        facts = gather(session, own, holder=holder, year=2023, coverage=None, deducted={}, today=TODAY)
        assert facts.energy_g == int(lines.filter(pl.col("book") == "location")["amount"].sum())
        assert filed_years(session, own, holder) == (2024, 2023), "March 2023 lies between 2022, of January, and 2023, of April"
    assert verify(april.book) == []


def test_a_restatement_is_of_the_same_days_whatever_the_boundary_says_since(april: Desk) -> None:
    first = april.draft(APRIL, FEBRUARY)
    april.agreed(first.id)
    begins(april, 1, date(2023, 1, 2))
    with april.book.writing() as session:
        again = restate(session, april.preparer, first.id, now=NOW)
    assert again.start_month == 4
    april.save(again.id, APRIL, FEBRUARY, COAL)
    done = april.agreed(again.id)
    assert done.reversed_entries == 4
    booked = april.filing(again.id).stand.booked
    assert booked is not None
    assert booked.bridge is not None
    assert (booked.months, booked.bridge.activity, booked.bridge.boundary > 0) == (months_of(2023, 4), 0, True)
    assert verify(april.book) == []


def test_each_year_begins_as_the_boundary_says_at_its_end(desk: Desk) -> None:
    begins(desk, 4, date(2024, 4, 1))
    with desk.book.reading(desk.preparer) as session:
        found = [first_month(session, desk.preparer, holder=desk.firm.id, year=year) for year in (2022, 2023, 2024, 2025)]
    assert found == [1, 1, 4, 4]
    assert (desk.draft(POWER).start_month, desk.draft(FEBRUARY, year=2024).start_month) == (1, 4)
    with desk.book.reading() as session:
        assert first_months(session, date(2024, 12, 31)) == {desk.firm.id: 4}
        assert first_months(session, date(2023, 12, 31)) == {}
        heads = filings(session, LOCAL_ADMIN, holder=desk.firm.id)
    assert {head.year: head.start_month for head in heads} == {2023: 1, 2024: 4}


def test_odd_amounts_are_told_against_the_same_month_of_the_year_before(april: Desk) -> None:
    february = POWER.replace("2023-07", "2023-02")
    april.firm.file(february)
    with april.book.reading() as session:
        there = around(session, LOCAL_ADMIN, holder=april.firm.id, year=2023, library=load_library(), start_month=4)
        line = POWER.replace("2023-07", "2024-02").replace(",100000,", ",10000000,")
        seen = review(file_of(line), file="x.csv", around=there, today=TODAY, tree=divisions(), library=load_library())
    assert [(one.row, one.code) for one in seen.problems] == [(2, "quantity.odd")]


def test_peers_are_compared_each_in_its_own_year(make_firm: Callable[..., Firm]) -> None:
    firms = [make_firm() for _ in range(10)]
    odd = desk_of(firms[0])
    begins(odd, 4, date(2023, 1, 1))
    for firm in firms:
        firm.file(POWER.replace("2023-07", "2023-02"), name="a.csv")
    firms[0].file(FEBRUARY, name="b.csv")
    with odd.book.reading() as session:
        found = peers(session, holder=firms[0].id, year=2023, prices=PRICES)
    assert found is not None
    assert (found.members, found.own_g, found.mean_g) == (10, 49_740_000, 49_740_000), "of February 2024, beside nine of February 2023"


def test_a_programme_counts_calendar_years_alone(april: Desk) -> None:
    made = april.draft(APRIL)
    april.submit(made.id)
    april.take_up(made.id)
    april.sign(made.id)
    units = [Unit(name="line 1", verified_g=GRAMS)]
    with april.book.writing() as session, pytest.raises(NotVerified, match="begins in month 4"):
        declare_obligation(
            session, LOCAL_ADMIN, holder=april.firm.id, programme_id="cn-ets", sector="power", year=2023, filing=made.id, verified_g=GRAMS,
            units=units, now=NOW, today=TODAY,
        )  # fmt: skip


def test_a_contract_of_the_last_months_counts_in_the_filing_that_was_handed_in(april: Desk, make_firm: Callable[..., Firm]) -> None:
    said = Instrument(kind=Kind.CERTIFICATE, carrier="electricity", amount="1", unit="MWh", certificates=("X-1",))

    def buy(since: date, until: date, **more: Any) -> None:
        with april.book.writing() as session:
            add_contract(
                session, april.preparer, holder=april.firm.id, instrument=said, valid_from=since, valid_until=until, now=NOW, **more
            )  # fmt: skip

    buy(date(2024, 1, 1), date(2024, 3, 31))
    april.submit(april.draft(FEBRUARY).id)
    other = make_firm()
    with april.book.reading(LOCAL_READER) as session:
        assert look_up(session, ["X-1"], holder=other.id, year=2024).used == {"X-1": "in another holder's filing"}


def test_a_filing_of_a_calendar_year_says_nothing_of_months(desk: Desk) -> None:
    made = desk.draft(POWER)
    assert (made.start_month, made.stand.period) == (1, (date(2023, 1, 1), date(2023, 12, 31)))
    desk.save(made.id, FEBRUARY)
    with pytest.raises(FaultyFile) as refused:
        desk.read(made.id)
    assert refused.value.faults[0].reason == "this is a filing of 2023"
