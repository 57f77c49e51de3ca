"""What a firm's lines cover of its energy is computed where the firm told how much it used, and shown with how; both engines."""

from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.enterprise.efficiency.coverage import covered
from carbon.enterprise.efficiency.grade import GREY, stated
from carbon.enterprise.efficiency.tag import tags
from carbon.enterprise.errors import BadFirmFact
from carbon.enterprise.firm import Economy, facts, say
from carbon.enterprise.inventory.lines import LINES, booked_lines
from factors.energy import Kind
from ledger.principal import LOCAL_ADMIN
from tests.carbon.conftest import NOW, TODAY, Firm
from tests.carbon.enterprise.efficiency.test_tag import COAL, POWER, gathered, tagged
from tests.carbon.enterprise.obligation.conftest import Owing

DIESEL = "combustion.stationary.diesel,10,t,2023-07,s01,tank 1"
MEGAWATT_HOURS = POWER.replace(",100,kWh,", ",100,MWh,")
LINES_TCE = "26.861"
"""100 MWh at 0.1229 kgce/kWh and 10 t of diesel at 1.4571 kgce/kg (GB/T 2589-2020, appendices A and B): 12.29 + 14.571."""


def told(firm: Firm, energy: str, **more: Any) -> None:
    with firm.book.writing() as session:
        fact = Economy(year=2023, value_added_fen=10_000_000, energy_tce=energy, **more)
        say(session, LOCAL_ADMIN, holder=firm.id, fact=fact, valid_from=TODAY, reason="yearly statistics", now=NOW)


def computed(firm: Firm) -> Any:
    return gathered(firm, coverage=None)


def test_without_the_firms_energy_nothing_is_computed(firm: Firm) -> None:
    firm.file(MEGAWATT_HOURS, DIESEL)
    told(firm, "")
    assert (computed(firm).coverage, computed(firm).coverage_how, computed(firm).covered) == (None, "", None)


def test_what_the_lines_cover_is_their_standard_coal_of_the_firms(firm: Firm) -> None:
    firm.file(MEGAWATT_HOURS, DIESEL)
    told(firm, "28")
    made = computed(firm)
    assert (made.covered.lines_tce, made.covered.firm_tce, made.covered.kind, made.covered.untold) == (LINES_TCE, "28", Kind.CALORIFIC, ())
    assert (made.coverage, made.coverage_how) == ("0.9593", "computed")
    Owing(firm).filing(year=2023)
    tag = tagged(firm, coverage=None)
    assert (tag.grade == GREY, tag.reason) == (False, "")
    told(firm, "28.2749")  # 26.861 of it are 0.949995…, which no rounding lifts to 0.95
    tag = tagged(firm, coverage=None)
    assert (tag.facts.coverage, tag.reason) == ("0.9499", "coverage")
    with firm.book.reading() as session:
        assert tags(session, LOCAL_ADMIN, holder=firm.id)[-1].content == tag, "how it was computed is kept with the tag"


def test_a_stated_coverage_is_kept_and_marked_with_what_was_computed_beside_it(firm: Firm) -> None:
    firm.file(MEGAWATT_HOURS, DIESEL)
    told(firm, "100")
    made = gathered(firm, coverage="0.97")
    assert (made.coverage, made.coverage_how, made.covered.share) == ("0.97", "stated", "0.2686")
    assert stated(computed(firm), "0.97") == made
    assert stated(computed(firm), None) == computed(firm)


@pytest.mark.parametrize(("energy", "share"), [("27", "0.9948"), ("26.86", "1"), ("26.8", None), ("10", None)])
def test_lines_with_more_energy_than_the_firm_told_cover_nothing_that_can_be_said(firm: Firm, energy: str, share: str | None) -> None:
    firm.file(MEGAWATT_HOURS, DIESEL)
    told(firm, energy)
    made = computed(firm)
    assert (made.coverage, made.coverage_how) == (share, "computed" if share else "")
    assert made.covered.lines_tce == LINES_TCE


def test_a_carrier_without_a_coefficient_is_named_and_covers_nothing(firm: Firm) -> None:
    firm.file(MEGAWATT_HOURS, COAL)
    told(firm, "20")
    assert (computed(firm).covered.untold, computed(firm).coverage) == (("combustion.stationary.bituminous",), "0.6145")


def test_the_kind_of_standard_coal_is_that_of_the_firms_figure(firm: Firm) -> None:
    firm.file(MEGAWATT_HOURS, DIESEL)
    told(firm, "28", energy_kind=Kind.EQUIVALENT)
    found = computed(firm).covered
    assert (found.kind, "electricity.grid" in found.untold) == (Kind.EQUIVALENT, True), "no equivalent value of 2023 is held"


def test_what_was_sold_is_no_energy_of_the_firm(firm: Firm) -> None:
    firm.file(MEGAWATT_HOURS, POWER.replace("electricity.grid,100,kWh", "electricity.exported,20,MWh").replace("meter 1", "meter 2"))
    told(firm, "10")
    assert computed(firm).covered.lines_tce == "9.832"  # 80 MWh at 0.1229


@pytest.mark.parametrize("energy", ["-1", "0", "1e3", "12,000", "10000000001", "many"])
def test_a_firms_energy_is_a_plain_number_above_zero(firm: Firm, energy: str) -> None:
    with pytest.raises(BadFirmFact) as refused:
        told(firm, energy)
    assert refused.value.field == "energy_tce"


def test_a_firms_economy_is_kept_as_it_was_told(firm: Firm) -> None:
    told(firm, "12345.6", energy_kind=Kind.EQUIVALENT)
    with firm.book.reading() as session:
        kept = facts(session, LOCAL_ADMIN, firm.id, TODAY).economy_of(2023)
    assert kept is not None
    assert (kept.energy_tce, kept.energy_kind) == ("12345.6", Kind.EQUIVALENT)


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_a_share_is_never_more_than_what_is_covered(lines: int, whole: int) -> None:
    row = dict.fromkeys(LINES.names()) | {
        "line": 2, "holder": "h", "book": "location", "scope": "2", "category": "electricity", "activity": "electricity.grid",
        "quantity": str(lines), "unit": "kWh", "gas": "CO2", "amount": 1,
    }  # fmt: skip
    found = covered(pl.DataFrame([row], schema=LINES), Economy(year=2023, value_added_fen=1, energy_tce=str(whole)))
    assert found is not None
    exact = Fraction(lines) * Fraction("0.1229") / 1000 / whole
    if found.share is None:
        assert exact > 1
    else:
        assert Fraction(found.share) <= exact < Fraction(found.share) + Fraction(1, 10**4) or (found.share == "1" and exact >= 1)


def test_an_empty_book_covers_nothing(firm: Firm) -> None:
    told(firm, "5")
    with firm.book.reading() as session:
        lines = booked_lines(session, LOCAL_ADMIN, holder=firm.id, year=2023)
    found = covered(lines, Economy(year=2023, value_added_fen=1, energy_tce="5"))
    assert found is not None
    assert found.share == "0"
