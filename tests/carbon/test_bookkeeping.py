"""Whatever is filed: entries balance, gases stay apart, cells are the holders' legs, and nothing is lost or made up."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbon import chart
from carbon.activity import ActivityFrame, parse_activities
from carbon.bookkeeping import Booking, emission_entries, place_lines
from carbon.errors import FaultyFile
from carbon.estimate import estimate
from carbon.region.divisions import chain_of, divisions
from factors.library import load_library

TODAY = date(2026, 11, 25)
HEAD = "activity,quantity,unit,day,division,site,source,reference,category,scope,method"
KINDS = [
    ("electricity.grid", "kWh"), ("electricity.exported", "MWh"), ("heat.purchased", "GJ"), ("combustion.stationary.bituminous", "t"),
    ("combustion.mobile.road.diesel", "kg"), ("process.carbonate.limestone", "t"), ("deduction.steel.crude_steel", "t"),
]  # fmt: skip
LINES = st.lists(
    st.tuples(
        st.sampled_from(KINDS), st.decimals(-1000, 1000, places=3), st.sampled_from(["2023-07", "2022-12", "2023"]),
        st.sampled_from(["330522", "330106", "110101"]), st.sampled_from(["m1", "m2", ""]),
    ),
    min_size=1, max_size=15,
)  # fmt: skip


def text(*rows: str) -> ActivityFrame:
    data = "\n".join([HEAD, *rows, ""]).encode()
    return parse_activities(data, file="x.csv", tree=divisions(), today=TODAY, sites={})


def booked(lines: ActivityFrame, *, scope: str = "activity/h1", by_reference: bool = True) -> Booking:
    placed = place_lines(lines, industry="C3011")
    emissions = estimate(placed.lines, load_library(), chain=chain_of)
    return emission_entries(placed, emissions, holder="h1", scope_of_keys=scope, by_reference=by_reference)


@settings(deadline=None, max_examples=60)
@given(LINES)
def test_every_batch_balances_and_its_cells_are_the_holders_legs(rows: list[tuple[tuple[str, str], object, str, str, str]]) -> None:
    lines = text(*(f"{kind[0]},{amount},{kind[1]},{day},{place},,{source},ref,,," for kind, amount, day, place, source in rows))
    placed = place_lines(lines, industry="C3011")
    emissions = estimate(placed.lines, load_library(), chain=chain_of)
    booking = emission_entries(placed, emissions, holder="h1", scope_of_keys="k", by_reference=True)
    legs = booking.batch.postings
    assert legs.group_by("no", "commodity").agg(pl.col("amount").sum()).filter(pl.col("amount") != 0).height == 0
    held = legs.filter(pl.col("account").str.starts_with("holder/"))
    assert booking.batch.cells["amount"].sum() == held["amount"].sum()
    assert booking.batch.cells["count"].sum() == held.height
    assert {no for no in booking.lines["no"] if no is not None} == set(booking.batch.entries["no"])
    # each line's own mass stands on its first account, whatever side
    masses = emissions.long().group_by("gas").agg(pl.col("amount").abs().sum()).sort("gas")
    first = legs.group_by("no", "commodity", maintain_order=True).agg(pl.col("amount").first().abs())
    assert first.group_by("commodity").agg(pl.col("amount").sum()).sort("commodity").rows() == masses.rows()


def test_a_key_is_made_of_the_reference_where_it_is_one_lines_alone() -> None:
    line = "electricity.grid,{},kWh,2023-07,330106,,{},{},,,"
    one, same, other, none = (
        booked(text(line.format(*cells))).batch.entries["key"][0]
        for cells in ((1, "m1", "bill 7"), (2, "m1", "bill 7"), (1, "m2", "bill 7"), (1, "m1", ""))
    )
    assert one == same
    assert len({one, other, none}) == 3
    twice = booked(text(line.format(1, "m1", "bill 7"), line.format(2, "m1", "bill 7"))).batch.entries["key"]
    assert one not in twice.to_list()
    assert booked(text(line.format(1, "m1", "bill 7")), scope="activity/h1/i1").batch.entries["key"][0] != one
    assert booked(text(line.format(1, "m1", "bill 7")), by_reference=False).batch.entries["key"][0] != one


def test_market_and_value_chain_are_books_of_their_own() -> None:
    booking = booked(text("electricity.grid,1000,kWh,2023-07,330106,,a,,,,", "electricity.grid,1000,kWh,2023-07,330106,,b,,8,3,location"))
    assert booking.batch.entries["book"].to_list() == ["location", "product"]
    assert [chart.parse_cell(cell).scope for cell in booking.lines["cell"]] == ["2", "3"]
    assert "outside/cn-grid" in booking.batch.postings["account"].to_list()


def test_lines_that_fit_nowhere_are_all_told_with_their_column() -> None:
    with pytest.raises(FaultyFile) as caught:
        booked(text("electricity.grid,1,kWh,2023-07,330106,,a,,,1,", "electricity.grid,1,kWh,2023-07,330106,,b,,1A2,3,"))
    assert [(fault.row, fault.column, fault.code) for fault in caught.value.faults] == [
        (2, "scope", "scope.unknown"),
        (3, "category", "category.unknown"),
    ]


def test_the_category_that_the_industry_decides_reaches_the_estimate() -> None:
    lines = text("combustion.stationary.bituminous,1,t,2023-07,330522,,a,,,,")
    assert place_lines(lines, industry="C3011").lines.frame["category"][0] == "1A2"
    assert place_lines(lines, industry=None).lines.frame["category"][0] is None
    assert set(booked(lines).batch.postings["commodity"]) == {"CO2", "CH4.fossil", "N2O"}
