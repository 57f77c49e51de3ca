"""The very same lines are restated where they come to another inventory, and refused where they do not, to the gram; on both engines."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from carbon.audit import verify
from carbon.enterprise.errors import StateRefused
from carbon.enterprise.filing.filing import Filing
from carbon.enterprise.filing.restate import outcome, restate
from carbon.enterprise.firm import Boundary, Exclusion, say
from carbon.enterprise.inventory.lines import booked_lines
from carbon.enterprise.market import Instrument, Kind, add_contract
from carbon.holder import move_site
from carbon.region.divisions import divisions
from factors.gwp import gwp_set
from factors.library import FactorLibrary
from factors.pack import read_pack, shipped
from tests.carbon.enterprise.filing.conftest import COAL, NOW, POWER, Desk

LATER = NOW + timedelta(hours=1)
GREEN = POWER.replace("electricity.grid", "electricity.green")


@pytest.fixture
def booked(desk: Desk) -> Filing:
    made = desk.accepted(POWER, COAL)
    desk.record(made.id)
    return desk.filing(made.id)


def again(desk: Desk, id: str) -> Filing:  # noqa: A002
    with desk.book.writing() as session:
        return restate(session, desk.preparer, id, now=LATER)


def way(desk: Desk, id: str) -> dict[str, int]:  # noqa: A002
    stand = desk.filing(id).stand.booked
    assert stand is not None
    assert stand.bridge is not None
    return {part: grams for part, grams in stand.bridge.parts.items() if grams}


def test_the_same_lines_that_come_to_the_same_are_refused_with_the_figure(desk: Desk, booked: Filing) -> None:
    made = again(desk, booked.id)
    assert booked.stand.declared is not None
    with pytest.raises(StateRefused, match=f"come to the same to the gram \\({booked.stand.declared.total_g} g CO2e by AR5.100\\)"):
        desk.submit(made.id)


def test_another_edition_of_a_factor_pack_restates_the_same_lines(desk: Desk) -> None:
    """Until 2025-12-31, when announcement 2025 No. 47 came out, power of 2023 was counted at Zhejiang's factor of 2022."""
    whole = desk.library
    desk.library = FactorLibrary(read_pack(folder) for folder in shipped() if folder.name != "2025-47_e001")
    first = desk.accepted(POWER, COAL)
    old = desk.record(first.id)
    made = again(desk, first.id)
    with pytest.raises(StateRefused, match="to the gram"):
        desk.submit(made.id)
    desk.library = whole
    done = desk.agreed(made.id)
    assert (done.replaces, done.sha256, done.repeated, done.reversed_entries) == (old.import_id, old.sha256, False, 3)
    # 100,000 kWh at 0.5153 and at 0.4974 kg/kWh (announcements 2024 No. 33 and 2025 No. 47, table 3)
    assert way(desk, made.id) == {"factor": 49_740_000 - 51_530_000}
    with desk.book.reading() as session:
        stands = booked_lines(session, desk.preparer, holder=desk.firm.id, year=2023)
    assert int(stands.filter(pl.col("book") == "location")["amount"].sum()) == 49_740_000
    assert verify(desk.book) == []


def test_another_gwp_set_restates_the_same_lines(desk: Desk, booked: Filing) -> None:
    made = again(desk, booked.id)
    desk.prices = gwp_set("AR6.100")
    desk.agreed(made.id)
    assert set(way(desk, made.id)) == {"gwp"}, "CH4 and N2O of coal are worth another amount"
    assert verify(desk.book) == []


def test_another_gwp_set_that_changes_no_gram_restates_nothing(desk: Desk) -> None:
    first = desk.accepted(POWER)
    desk.record(first.id)
    made = again(desk, first.id)
    desk.prices = gwp_set("AR6.100")
    with pytest.raises(StateRefused, match="to the gram"):
        desk.submit(made.id)


def test_a_contract_restates_the_same_lines_by_the_market(desk: Desk, booked: Filing) -> None:
    half = Instrument(kind=Kind.CONTRACT, carrier="electricity", amount="50000", unit="kWh")
    with desk.book.writing() as session:
        days = {"valid_from": date(2023, 1, 1), "valid_until": date(2023, 12, 31)}
        add_contract(session, desk.preparer, holder=desk.firm.id, instrument=half, now=LATER, **days)
    made = again(desk, booked.id)
    desk.agreed(made.id)
    assert way(desk, made.id) == {}, "what is declared, scope 1 and 2 by location, is the same"
    with desk.book.reading() as session:
        stands = booked_lines(session, desk.preparer, holder=desk.firm.id, year=2023)
    # half of 100,000 kWh is left to the residual mix: 0.6096 kg/kWh (announcement 2025 No. 47, table 1)
    assert int(stands.filter(pl.col("book") == "market")["amount"].sum()) == 30_480_000
    assert verify(desk.book) == []


@pytest.mark.parametrize(
    "fact",
    [Boundary(approach="equity"), Exclusion(source="食堂", scope="1", reason="小于千分之一", share_permille=1)],
    ids=["approach", "exclusion"],
)
def test_another_boundary_restates_the_same_lines(desk: Desk, booked: Filing, fact: Any) -> None:
    with desk.book.writing() as session:
        say(session, desk.preparer, holder=desk.firm.id, fact=fact, valid_from=date(2024, 1, 1), reason="次年起", now=LATER)
    made = again(desk, booked.id)
    with pytest.raises(StateRefused, match="to the gram"):
        desk.submit(made.id)  # it begins after the year
    with desk.book.writing() as session:
        say(session, desk.preparer, holder=desk.firm.id, fact=fact, valid_from=date(2023, 1, 1), reason="更正", now=LATER)
    assert desk.agreed(made.id).replaces == booked.import_id
    assert verify(desk.book) == []


def test_a_site_that_lay_elsewhere_restates_the_same_lines(desk: Desk, booked: Filing) -> None:
    with desk.book.writing() as session:
        move_site(session, desk.preparer, holder=desk.firm.id, code="s01", division="330523", since=date(2023, 1, 1), tree=divisions())
    made = again(desk, booked.id)
    desk.submit(made.id)
    assert desk.filing(made.id).stand.declared is not None


def test_back_to_what_was_booked_first_is_a_restatement_as_any_other(desk: Desk, booked: Filing) -> None:
    second = again(desk, booked.id)
    desk.save(second.id, POWER)
    desk.agreed(second.id)
    third = again(desk, second.id)
    desk.save(third.id, POWER, COAL)
    done = desk.agreed(third.id)
    assert (done.sha256, done.replaces) == (booked.stand.sha256, desk.filing(second.id).import_id)
    assert way(desk, third.id)["boundary"] > 0
    assert verify(desk.book) == []
    with pytest.raises(StateRefused, match="to the gram"):
        desk.submit(again(desk, third.id).id)


def test_an_outcome_is_every_mass_by_where_it_stands(desk: Desk, booked: Filing) -> None:
    lines = desk.read(booked.id).calculated.lines(holder=desk.firm.id)
    with desk.book.reading() as session:
        stands = booked_lines(session, desk.preparer, holder=desk.firm.id, year=2023)
    assert outcome(lines) == outcome(stands) == outcome(lines.reverse())
    for column in ("site", "gas", "category"):
        assert outcome(lines.with_columns(pl.lit("x").alias(column))) != outcome(lines)
    assert outcome(lines.with_columns(pl.col("amount") + 1)) != outcome(lines)
