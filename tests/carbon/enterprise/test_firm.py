"""What a firm says of itself: dated, by versions, checked, and nobody else's to say. Both engines."""

from datetime import date, timedelta

import polars as pl
import pytest

from carbon.enterprise.errors import BadFirmFact, BadShares
from carbon.enterprise.firm import (
    BaseYear,
    Boundary,
    ControlPlan,
    Economy,
    Exclusion,
    Fact,
    FirmFacts,
    Instrument,
    Output,
    PlanParameter,
    check_industry,
    facts,
    say,
    versions,
)
from carbon.enterprise.owners import Part, tell_owners
from carbon.enterprise.shares import WHOLE, shares
from carbon.errors import HolderNotFound
from ledger.errors import NotAllowed
from ledger.principal import LOCAL_ADMIN, LOCAL_READER, Principal, Role
from tests.carbon.conftest import NOW, Firm

PLAN = ControlPlan(
    parameters=(PlanParameter(name="ncv of coal", method="bomb calorimeter, daily", fallback="default of the guide", instrument="c-1"),),
    instruments=(Instrument(id="c-1", measures="calorific value", accuracy="0.2 %", calibration_due=date(2024, 6, 30)),),
    laboratory="own, CMA accredited",
    responsible="能源管理岗",
)


def tell(firm: Firm, fact: Fact, since: date, *, principal: Principal = LOCAL_ADMIN, reason: str = "first said") -> int:
    with firm.book.writing() as session:
        return say(session, principal, holder=firm.id, fact=fact, valid_from=since, reason=reason, now=NOW).version


def holding(firm: Firm, day: date, principal: Principal = LOCAL_ADMIN) -> FirmFacts:
    with firm.book.reading(principal) as session:
        return facts(session, principal, firm.id, day)


def test_a_fact_holds_from_its_day_until_the_next_begins(firm: Firm) -> None:
    tell(firm, Boundary(approach="operational"), date(2020, 1, 1))
    tell(firm, Boundary(approach="equity", start_month=4), date(2024, 1, 1), reason="joint venture")
    assert holding(firm, date(2019, 12, 31)).boundary is None
    assert holding(firm, date(2023, 12, 31)).boundary == Boundary(approach="operational")
    assert holding(firm, date(2024, 1, 1)).boundary == Boundary(approach="equity", start_month=4)


def test_a_correction_of_the_past_leaves_what_began_later(firm: Firm) -> None:
    tell(firm, BaseYear(year=2020, threshold_permille=50), date(2020, 1, 1))
    tell(firm, BaseYear(year=2022, threshold_permille=50), date(2023, 1, 1))
    assert tell(firm, BaseYear(year=2019, threshold_permille=20), date(2020, 1, 1), reason="misread") == 3
    told = {day.year: holding(firm, day).base_year for day in (date(2021, 1, 1), date(2024, 1, 1))}
    assert {year: one.year for year, one in told.items() if one} == {2021: 2019, 2024: 2022}
    with firm.book.reading(LOCAL_ADMIN) as session:
        assert [(one.version, one.reason) for one in versions(session, LOCAL_ADMIN, firm.id, kind="base-year")] == [
            (1, "first said"), (2, "first said"), (3, "misread")
        ]  # fmt: skip


def test_exclusions_stand_side_by_side_and_end_with_their_day(firm: Firm) -> None:
    lamps = Exclusion(source="lamps", scope="1", reason="too small", share_permille=1)
    flights = Exclusion(source="flights", scope="3", category="6", reason="no records", until=date(2023, 12, 31))
    tell(firm, lamps, date(2020, 1, 1))
    tell(firm, flights, date(2020, 1, 1))
    assert set(holding(firm, date(2023, 12, 31)).exclusions) == {lamps, flights}
    assert holding(firm, date(2024, 1, 1)).exclusions == (lamps,)


def test_the_control_plan_and_the_economy_come_back_as_they_were_said(firm: Firm) -> None:
    made = Economy(year=2023, value_added_fen=-1_234_567_89, output=(Output(product="clinker", quantity="1200000.5", unit="t"),))
    tell(firm, PLAN, date(2023, 1, 1))
    tell(firm, made, date(2024, 1, 1))
    found = holding(firm, date(2024, 7, 1))
    assert found.control_plan == PLAN
    assert (found.economy_of(2023), found.economy_of(2022)) == (made, None)
    assert [one.id for one in PLAN.overdue(date(2024, 7, 1))] == ["c-1"]
    assert PLAN.overdue(date(2024, 6, 30)) == ()


@pytest.mark.parametrize(
    ("fact", "field"),
    [
        (Boundary(approach="mine"), "approach"),
        (Boundary(approach="equity", start_month=13), "start_month"),
        (BaseYear(year=2020, threshold_permille=0), "threshold_permille"),
        (BaseYear(year=2020, threshold_permille=50, triggers=("growth",)), "triggers"),
        (Exclusion(source="", scope="1", reason="x"), "source"),
        (Exclusion(source="x", scope="1", reason=" "), "reason"),
        (Exclusion(source="x", scope="3", category="16", reason="x"), "category"),
        (Exclusion(source="x", scope="3", reason="x", notation="NA"), "notation"),
        (ControlPlan(parameters=(), instruments=(PLAN.instruments[0],) * 2, laboratory="", responsible="x"), "instruments"),
        (ControlPlan(parameters=PLAN.parameters, instruments=(), laboratory="", responsible="x"), "parameters"),
        (ControlPlan(parameters=(), instruments=(), laboratory="", responsible="电话 13800138000"), "responsible"),
        (Economy(year=2023, value_added_fen=1, output=(Output(product="x", quantity="1,000", unit="t"),)), "output"),
        (Economy(year=2023, value_added_fen=1, output=(Output(product="x", quantity="1", unit="bushel"),)), "output"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(firm: Firm, fact: Fact, field: str) -> None:
    with pytest.raises(BadFirmFact) as refusal:
        tell(firm, fact, date(2023, 1, 1))
    assert refusal.value.field == field
    assert holding(firm, date(2024, 1, 1)) == FirmFacts()


def test_a_fact_is_said_with_a_reason_by_who_may_and_of_ones_own_firm(firm: Firm) -> None:
    fact = Boundary(approach="equity")
    other = Principal(actor="x", role=Role.WRITER, holders=frozenset({"hother"}))
    own = Principal(actor="o", role=Role.WRITER, holders=frozenset({firm.id}))
    with pytest.raises(BadFirmFact):
        tell(firm, fact, date(2023, 1, 1), reason="  ")
    with pytest.raises(NotAllowed):
        tell(firm, fact, date(2023, 1, 1), principal=LOCAL_READER)
    with pytest.raises(HolderNotFound):
        tell(firm, fact, date(2023, 1, 1), principal=other)
    tell(firm, fact, date(2023, 1, 1), principal=own)
    assert holding(firm, date(2023, 1, 1), own).boundary == fact
    with pytest.raises(HolderNotFound):
        holding(firm, date(2023, 1, 1), other)


@pytest.mark.parametrize(("code", "section"), [("C3011", "C"), ("3011", "C"), ("D44", "D"), ("06", "B"), ("T9700", "T")])
def test_an_industry_lies_in_its_section(code: str, section: str) -> None:
    assert check_industry(code) == section


@pytest.mark.parametrize("code", ["D3011", "98", "C", "00", "c3011", "30111"])
def test_an_industry_that_is_none_is_refused(code: str) -> None:
    with pytest.raises(BadFirmFact):
        check_industry(code)


def give(firm: Firm, since: date, *parts: tuple[Firm, int], principal: Principal = LOCAL_ADMIN, approach: str = "equity") -> None:
    with firm.book.writing() as session:
        tell_owners(
            session, principal, holder=firm.id, approach=approach, parts=[Part(owner=owner.id, ppm=ppm) for owner, ppm in parts],
            valid_from=since, reason="增资扩股", now=NOW,
        )  # fmt: skip


def test_shares_never_pass_the_whole_on_any_day(make_firm) -> None:  # type: ignore[no-untyped-def]
    firm, first, second = make_firm(), make_firm(), make_firm()
    since = date(2023, 1, 1)
    give(firm, since, (first, 600_000), (second, 400_000))
    with pytest.raises(BadShares):
        give(firm, since + timedelta(days=1), (first, 600_000), (second, 400_001))
    give(firm, date(2024, 1, 1), (first, 100_000), (second, 900_000))
    with pytest.raises(BadShares):
        give(firm, since, (second, WHOLE // 2), approach="operational")
    with pytest.raises(BadShares):
        give(firm, since, (first, 1))  # said already
    own = Principal(actor="o", role=Role.READER, holders=frozenset({first.id}))
    with firm.book.reading(LOCAL_ADMIN) as session:
        assert shares(session, LOCAL_ADMIN, holders=[firm.id]).height == 4
    with firm.book.reading(own) as session:
        assert shares(session, own).filter(pl.col("owner") == first.id)["ppm"].to_list() == [600_000, 100_000]
    claims = Principal(actor="o", role=Role.WRITER, holders=frozenset({first.id}))
    with pytest.raises(HolderNotFound):
        give(second, since, (first, WHOLE), principal=claims)
    give(firm, date(2022, 1, 1), (second, 500_000))  # told afterwards, it ends where the next table begins
    with firm.book.reading(LOCAL_ADMIN) as session:
        told = shares(session, LOCAL_ADMIN, holders=[firm.id])
    for day in told["valid_from"].unique():
        latest = told.filter(pl.col("valid_from") <= day).sort("valid_from").group_by("owner").agg(pl.col("ppm").last())
        assert latest["ppm"].sum() <= WHOLE, day
