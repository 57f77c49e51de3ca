"""What is surrendered: whole tonnes, never more than is owed, offsets up to the limit, each serial once; on both engines."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carbon import chart
from carbon.audit import verify
from carbon.enterprise.errors import (
    BadUnit,
    NotVerified,
    ObligationExceeded,
    OffsetLimit,
    SerialUsed,
    StatementNotFound,
    UnitsMissing,
)
from carbon.enterprise.obligation.declare import standing, statement, statements, surrender_units
from carbon.enterprise.obligation.rules import rule
from carbon.enterprise.obligation.units import Range
from carbon.errors import HolderNotFound
from ledger import lot
from ledger.balances import entry, log_size
from ledger.errors import NotAllowed, Overdraft
from ledger.principal import LOCAL_ADMIN, Principal, Role
from tests.carbon.enterprise.obligation.conftest import NOW, TODAY, Owing

RULE = rule("cn-ets", sector="cement", year=2024)


def test_an_obligation_of_10_000_t_accepts_500_t_of_ccer(firm: Owing) -> None:
    firm.owes(10_000)
    firm.gets("CEA.2024", 9_500)
    firm.gets("CCER", 600, vintage=2019)
    done = firm.surrenders(allowances=9_500, offsets=500)
    assert {one.unit: one.count for one in done.units} == {"CEA.2024": 9_500, "CCER": 500}
    assert (done.left_t, done.late_days) == (0, 0)
    said = firm.said().statement
    assert (said.offset_limit_t, said.offset_used_t, said.left_t, said.shortfall_t, said.state) == (500, 500, 0, 0, "met")
    assert firm.has() == {"CCER": 100}
    assert verify(firm.book) == []


def test_an_obligation_of_10_000_t_refuses_501_t_of_ccer(firm: Owing) -> None:
    firm.owes(10_000)
    firm.gets("CCER", 600, vintage=2019)
    with pytest.raises(OffsetLimit) as refused:
        firm.surrenders(offsets=501)
    assert (refused.value.asked, refused.value.used, refused.value.limit) == (501, 0, 500)
    firm.surrenders(offsets=300)
    with pytest.raises(OffsetLimit, match="300 t are surrendered"):
        firm.surrenders(offsets=201)
    firm.surrenders(offsets=200)
    assert firm.has() == {"CCER": 100}
    assert firm.said().statement.left_t == 9_500


def test_the_ledger_itself_refuses_501_t_of_ccer_to_whoever_posts(firm: Owing) -> None:
    firm.owes(10_000)
    firm.gets("CCER", 600, vintage=2019)
    at = chart.surrendered("cn-ets", 2024, firm.id)

    def retire(count: int) -> None:
        with firm.book.writing() as session:
            lot.retire(
                session, book="units", commodity="CCER", source=chart.units(firm.id), target=at, purpose="surrender",
                beneficiary=firm.id, principal=LOCAL_ADMIN, now=NOW, day=TODAY, count=count,
            )  # fmt: skip

    with pytest.raises(Overdraft):
        retire(501)
    retire(500)
    with pytest.raises(Overdraft):
        retire(1)
    assert firm.has() == {"CCER": 100}


@settings(max_examples=300)
@given(st.integers(0, 10**9))
def test_the_limit_of_any_obligation_is_five_percent_rounded_down(obligation: int) -> None:
    limit = RULE.offset.limit(obligation)
    assert limit * 20 <= obligation < (limit + 1) * 20


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tonnes=st.integers(1, 5_000), over=st.integers(1, 50))
def test_what_a_book_takes_of_any_obligation_is_that_limit(make_owing: Callable[[], Owing], tonnes: int, over: int) -> None:
    firm = make_owing()
    limit = firm.owes(tonnes).statement.offset_limit_t
    assert limit == tonnes * 5 // 100
    firm.gets("CCER", limit + over, vintage=2020)
    with pytest.raises(OffsetLimit):
        firm.surrenders(offsets=limit + over)
    if limit:
        firm.surrenders(offsets=limit)
    assert firm.has() == {"CCER": over}


def test_a_surrender_is_one_entry_with_both_sides(firm: Owing) -> None:
    firm.owes(100)
    firm.gets("CEA.2023", 60, vintage=2023)
    firm.gets("CEA.2024", 60)
    firm.gets("CCER", 5, vintage=2021)
    done = firm.surrenders(allowances=95, offsets=5)
    with firm.book.reading() as session:
        assert log_size(session) == done.entry + 1
        made = entry(session, done.entry)
    assert made.kind == "surrender"
    own, gone = chart.units(firm.id), chart.surrendered("cn-ets", 2024, firm.id)
    assert sorted((leg.account, leg.commodity, leg.amount) for leg in made.legs) == sorted(
        [
            (gone, "CEA.2023", 60),
            (own, "CEA.2023", -60),
            (gone, "CEA.2024", 35),
            (own, "CEA.2024", -35),
            (gone, "CCER", 5),
            (own, "CCER", -5),
            (chart.obligation(firm.id, 2024), "OBLIGATION.cn-ets", 100),
            (chart.obligations("cn-ets", 2024), "OBLIGATION.cn-ets", -100),
        ]
    )
    assert firm.has() == {"CEA.2024": 25}
    assert verify(firm.book) == []


def test_never_more_is_surrendered_than_is_owed(firm: Owing) -> None:
    firm.owes(100)
    firm.gets("CEA.2024", 200)
    with pytest.raises(ObligationExceeded, match="100 t are still owed"):
        firm.surrenders(allowances=101)
    firm.surrenders(allowances=100)
    with pytest.raises(ObligationExceeded):
        firm.surrenders(allowances=1)
    assert firm.has() == {"CEA.2024": 100}
    assert firm.said().statement.surplus_t == 100


def test_eight_at_once_surrender_no_more_than_is_owed_and_held(firm: Owing) -> None:
    firm.owes(100)
    firm.gets("CEA.2024", 250)

    def send(_: int) -> int:
        try:
            return sum(one.count for one in firm.surrenders(allowances=30).units)
        except ObligationExceeded:
            return 0

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(send, range(8))) == 90
    assert firm.has() == {"CEA.2024": 160}
    assert firm.said().statement.left_t == 10
    assert verify(firm.book) == []


def test_more_than_is_held_is_refused_with_the_sums(firm: Owing) -> None:
    firm.owes(100)
    firm.gets("CEA.2024", 40)
    with pytest.raises(UnitsMissing) as refused:
        firm.surrenders(allowances=41)
    assert (refused.value.has, refused.value.asked) == (40, 41)
    with pytest.raises(UnitsMissing):
        firm.surrenders(offsets=1)
    with pytest.raises(UnitsMissing):
        firm.surrenders()
    with pytest.raises(UnitsMissing):
        firm.surrenders(allowances=-1)


def test_a_serial_that_was_surrendered_is_named_when_it_comes_again(firm: Owing) -> None:
    firm.owes(100)
    series = firm.gets("CEA.2024", 100)
    firm.surrenders(ranges=[Range(unit="CEA.2024", series=series, first=11, last=20)])
    with pytest.raises(SerialUsed) as refused:
        firm.surrenders(ranges=[Range(unit="CEA.2024", series=series, first=5, last=12)])
    assert (refused.value.series, refused.value.first, refused.value.last) == (series, 11, 12)
    assert f"CEA.2024 {series} 11–12: it was retired for surrender by entry" in str(refused.value)
    with pytest.raises(SerialUsed, match="101: it was never issued"):
        firm.surrenders(ranges=[Range(unit="CEA.2024", series=series, first=90, last=101)])
    with pytest.raises(SerialUsed, match="named twice"):
        firm.surrenders(ranges=[Range(unit="CEA.2024", series=series, first=30, last=30)] * 2)
    assert firm.has() == {"CEA.2024": 90}


def test_ccer_of_before_2017_are_unusable_from_2025_on(firm: Owing) -> None:
    firm.owes(1_000)
    series = firm.gets("CCER", 20, vintage=2016)
    with pytest.raises(UnitsMissing) as refused:
        firm.surrenders(offsets=10)
    assert (refused.value.has, refused.value.unusable) == (0, 20)
    with pytest.raises(BadUnit, match="vintage 2016"):
        firm.surrenders(ranges=[Range(unit="CCER", series=series, first=1, last=1)])
    assert firm.surrenders(offsets=10, day=date(2024, 12, 31)).left_t == 990, "in 2024 they still were"
    assert [(one.unusable, one.count) for one in firm.said().statement.held] == [("", 10)]
    firm.owes(1_000)
    assert [(one.unusable, one.count) for one in firm.said().statement.held] == [("vintage before 2017", 10)]


def test_allowances_of_a_later_year_are_not_borrowed(firm: Owing) -> None:
    firm.owes(100)
    firm.gets("CEA.2025", 100, vintage=2025)
    with pytest.raises(UnitsMissing):
        firm.surrenders(allowances=1)
    said = firm.said().statement
    assert (said.shortfall_t, said.surplus_t) == (100, 0)


def test_certificates_pay_no_obligation(firm: Owing) -> None:
    firm.owes(100)
    series = firm.gets("GEC", 10, vintage=202401)
    with pytest.raises(BadUnit, match="no unit of the programme"):
        firm.surrenders(ranges=[Range(unit="GEC", series=series, first=1, last=1)])
    with pytest.raises(UnitsMissing) as refused:
        firm.surrenders(allowances=1)
    assert (refused.value.has, refused.value.unusable) == (0, 0)


def test_a_late_surrender_is_told_with_its_days(firm: Owing) -> None:
    firm.owes(100)
    firm.gets("CEA.2024", 100)
    assert firm.surrenders(allowances=40, day=date(2025, 12, 31)).late_days == 0
    done = firm.surrenders(allowances=60, day=date(2026, 1, 10))
    assert (done.late_days, done.left_t) == (10, 0)
    said = firm.said().statement
    assert (said.state, said.late_days, said.deadline) == ("late", 10, date(2025, 12, 31))


def test_an_obligation_left_after_its_deadline_is_overdue(firm: Owing) -> None:
    said = firm.owes(100, today=date(2026, 1, 1)).statement
    assert (said.state, said.late_days, said.shortfall_t) == ("overdue", 1, 100)


def test_only_a_verified_filing_of_that_holder_and_year_makes_an_obligation(firm: Owing, make_owing: Callable[[], Owing]) -> None:
    for state in ("draft", "submitted", "verifying"):
        with pytest.raises(NotVerified, match=state):
            firm.owes(100, filing=firm.filing(state=state))
    with pytest.raises(NotVerified, match="2023"):
        firm.owes(100, filing=firm.filing(year=2023))
    with pytest.raises(NotVerified, match="no filing of this holder"):
        firm.owes(100, filing=make_owing().filing())
    with firm.book.reading() as session:
        assert log_size(session) == 0
    with pytest.raises(StatementNotFound):
        firm.said()
    for version, state in enumerate(("verified", "accepted", "booked"), 1):
        assert firm.owes(100, filing=firm.filing(state=state)).version == version


def test_a_filing_that_was_restated_makes_no_obligation(firm: Owing) -> None:
    first = firm.filing(state="booked")
    again = firm.desk.accepted("electricity.grid,120,kWh,2024-07,s01,meter 1", year=2024, restates=first)
    firm.owes(100, filing=first)
    firm.desk.record(again.id)
    with pytest.raises(NotVerified, match=f"restated by {again.id}"):
        firm.owes(100, filing=first)
    firm.owes(100, filing=again.id)
    assert verify(firm.book) == []


def test_each_statement_is_a_version_and_the_obligation_is_booked_once(firm: Owing) -> None:
    assert firm.owes(100).version == 1
    assert firm.owes(100).version == 2
    assert firm.owes(120).statement.left_t == 120
    firm.gets("CEA.2024", 200)
    firm.surrenders(allowances=110)
    assert firm.owes(90).statement.left_t == 0, "what is retired stays retired"
    with pytest.raises(ObligationExceeded):
        firm.surrenders(allowances=1)
    said = firm.owes(130).statement
    assert (said.surrendered_t, said.left_t) == (110, 20)
    assert firm.surrenders(allowances=20).left_t == 0
    assert [firm.said(version=n).statement.obligation_t for n in (1, 2, 3, 4, 5, 6, 7)] == [100, 100, 120, 120, 90, 130, 130]
    assert verify(firm.book) == []


def test_a_smaller_obligation_takes_fewer_offsets_and_leaves_those_that_are_retired(firm: Owing) -> None:
    firm.owes(10_000)
    firm.gets("CCER", 600, vintage=2020)
    firm.surrenders(offsets=500)
    assert firm.owes(8_000).statement.offset_limit_t == 400
    with pytest.raises(OffsetLimit):
        firm.surrenders(offsets=1)
    assert verify(firm.book) == []


def test_the_authority_states_and_the_firm_surrenders_each_within_reach(firm: Owing) -> None:
    for principal in (firm.own, Principal("v", Role.READER, holders=frozenset({firm.id})), Principal("w", Role.WRITER)):
        with pytest.raises(NotAllowed):
            firm.owes(100, principal=principal)
    stranger = Principal(actor="w1", role=Role.WRITER, holders=frozenset({"hother"}))
    elsewhere = Principal("r2", Role.AUTHORITY, divisions=frozenset({"110000"}))
    for principal in (stranger, elsewhere):
        with pytest.raises(HolderNotFound):
            firm.owes(100, principal=principal)
    county = Principal("r1", Role.AUTHORITY, divisions=frozenset({"330500"}))
    kept = firm.owes(100, principal=county)
    firm.gets("CEA.2024", 100)
    with firm.book.writing() as session, pytest.raises(NotAllowed):
        surrender_units(session, county, holder=firm.id, programme_id="cn-ets", year=2024, allowances=1, now=NOW, day=TODAY)
    with firm.book.reading(county) as session:
        assert statements(session, county) == [kept]
    for principal in (stranger, elsewhere):
        with firm.book.reading(principal) as session:
            assert statements(session, principal) == []
            with pytest.raises(StatementNotFound):
                statement(session, principal, holder=firm.id, programme_id="cn-ets", year=2024)


def test_a_statement_as_of_today_is_kept_nowhere(firm: Owing) -> None:
    firm.owes(100)
    firm.gets("CEA.2024", 40)
    firm.surrenders(allowances=10)
    firm.gets("CEA.2024", 20)
    with firm.book.reading(firm.own) as session:
        now = standing(session, firm.own, holder=firm.id, programme_id="cn-ets", year=2024, today=date(2026, 2, 1))
    assert (now.surrendered_t, now.left_t, now.shortfall_t, now.state, now.late_days) == (10, 90, 40, "overdue", 32)
    assert (firm.said().version, firm.said().statement.shortfall_t) == (2, 60)
