"""The bridge between two answers adds up exactly, comes out as each answer by itself, and is empty where nothing was changed."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbon.activity import ActivityFrame, parse_activities
from carbon.answer import co2e
from carbon.estimate import estimate
from carbon.recalculate import STEPS, Basis, NoSuchFactorSet, recalculate
from carbon.region.divisions import chain_of, divisions
from factors.gwp import GwpSet, gwp_set, valuation
from factors.library import load_library

LIBRARY = load_library()
AR = [gwp_set(name) for name in ("AR4.100", "AR5.100", "AR6.100")]
GRID = "cn-grid/2024-33_e001", "cn-grid/2025-47_e001"
HEAD = "activity,quantity,unit,day,division,category\n"
QUANTITY = st.decimals(0, 10**7, places=4, allow_nan=False).map(lambda value: f"{value:f}")
ROW = st.tuples(
    st.sampled_from(["electricity.grid,{},kWh,2023-07-01,330106,", "electricity.grid,{},万kWh,2024-02-01,110105,", "heat.purchased,{},GJ,2023-07-01,330106,"]
                    + [f"combustion.stationary.{fuel},{{}},t,2024-03-01,330522,1A2" for fuel in ("diesel", "anthracite", "coke", "bituminous")]),
    QUANTITY,
).map(lambda pair: pair[0].format(pair[1]))  # fmt: skip
BASIS = st.builds(
    lambda gwp, factor_set, method: Basis(gwp=gwp, factor_set=factor_set, method=method),
    st.sampled_from(AR), st.sampled_from([None, *GRID]), st.sampled_from([None, "location", "market"]),
)  # fmt: skip


def activity(rows: list[str]) -> ActivityFrame:
    text = HEAD + "".join(f"{row}\n" for row in rows)
    return parse_activities(text.encode(), file="test.csv", tree=divisions(), today=date(2026, 11, 25))


@settings(max_examples=30, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=8), st.lists(ROW, min_size=1, max_size=8), BASIS, BASIS)
def test_before_and_the_steps_are_after_line_by_line_and_in_sum(rows: list[str], others: list[str], before: Basis, after: Basis) -> None:
    found = recalculate(activity(rows), LIBRARY, chain=chain_of, before=before, after=after, revised=activity(others))
    for row in found.lines.iter_rows(named=True):
        assert row["before"] + sum(row[step] for step in STEPS) == row["after"]
    total = found.total
    assert total["before"] + sum(total[step] for step in STEPS) == total["after"]
    assert found.lines["line"].to_list() == list(range(2, max(len(rows), len(others)) + 2))


@settings(max_examples=30, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=8), BASIS, BASIS)
def test_there_and_back_are_the_same_two_answers(rows: list[str], before: Basis, after: Basis) -> None:
    there = recalculate(activity(rows), LIBRARY, chain=chain_of, before=before, after=after).total
    back = recalculate(activity(rows), LIBRARY, chain=chain_of, before=after, after=before).total
    assert (there["before"], there["after"]) == (back["after"], back["before"])
    assert there["activity"] == 0


@settings(max_examples=20, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=8), BASIS)
def test_nothing_changed_is_no_difference(rows: list[str], basis: Basis) -> None:
    total = recalculate(activity(rows), LIBRARY, chain=chain_of, before=basis, after=basis).total
    assert total["before"] == total["after"]
    assert {total[step] for step in STEPS} == {0}


@settings(max_examples=20, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=8), st.sampled_from(AR), st.sampled_from(AR))
def test_another_gwp_set_moves_only_the_gwp_step_and_by_what_the_gases_are_worth(rows: list[str], first: GwpSet, second: GwpSet) -> None:
    lines = activity(rows)
    found = recalculate(lines, LIBRARY, chain=chain_of, before=Basis(gwp=first), after=Basis(gwp=second))
    total = found.total
    assert (total["activity"], total["factor"], total["method"]) == (0, 0, 0)
    emissions = estimate(lines, LIBRARY, chain=chain_of)
    for prices, name in ((first, "before"), (second, "after")):
        masses = emissions.lines.select(emissions.gases).fill_null(0).iter_rows(named=True)
        assert total[name] == sum([valuation(row, prices) for row in masses])
        assert total[name] == emissions.lines.select(co2e(emissions.gases, prices).sum()).item()


def test_a_parameter_set_holds_for_the_fuels_it_has_and_leaves_the_others() -> None:
    name, day = "prov2011_gbt2589_2008", date(2024, 3, 1)
    lines = activity(["combustion.stationary.anthracite,1,t,2024-03-01,330522,", "electricity.grid,100,kWh,2023-07-01,330106,"])
    found = recalculate(lines, LIBRARY, chain=chain_of, before=Basis(gwp=AR[1]), after=Basis(gwp=AR[1], factor_set=name))
    grams = [
        round(
            LIBRARY.resolve(
                "combustion.stationary.anthracite", regions=chain_of("330522", day), start=day, end=day, unit="t", factor=factor
            ).coefficients["CO2"]
        )
        for factor in (None, name)
    ]
    assert grams[0] != grams[1]
    assert found.lines["factor"].to_list() == [grams[1] - grams[0], 0]


def test_a_set_that_is_none_is_refused_and_the_sets_are_named() -> None:
    with pytest.raises(NoSuchFactorSet, match="ndrc2013_steel"):
        recalculate(
            activity(["heat.purchased,1,GJ,2023-07-01,330106,"]),
            LIBRARY,
            chain=chain_of,
            before=Basis(gwp=AR[1]),
            after=Basis(gwp=AR[1], factor_set="x"),
        )
