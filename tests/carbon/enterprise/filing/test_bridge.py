"""The bridge adds up to the gram, by part and by source, whatever lies on its two sides."""

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.enterprise.calculate import declared_g
from carbon.enterprise.filing.bridge import PARTS, Bridge, Bridged, bridge
from carbon.enterprise.inventory.lines import LINES
from factors.gwp import gwp_set

AR4, AR5, AR6 = gwp_set("AR4.100"), gwp_set("AR5.100"), gwp_set("AR6.100")
MONTHS = {month: (date(2023, month, 1), date(2023, month, 28)) for month in (1, 2, 3)}


def row(**said: Any) -> dict[str, Any]:
    start, end = MONTHS[said.pop("month", 1)]
    year = said.pop("year", 2023)
    base = {
        "line": 2, "holder": "h1", "site": "s01", "division": "330522", "book": "physical", "scope": "1", "category": "1A2",
        "activity": "combustion.stationary.bituminous", "source": "belt", "quantity": "10", "unit": "t", "start": start.replace(year=year),
        "end": end.replace(year=year), "tier": "default", "gas": "CO2", "amount": 1000,
    }  # fmt: skip
    return dict.fromkeys(LINES.names()) | base | said


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=LINES, orient="row") if rows else LINES.to_frame()


rows = st.builds(
    row, line=st.integers(2, 5), month=st.sampled_from(list(MONTHS)), site=st.sampled_from(("s01", "s02")),
    source=st.none() | st.sampled_from(("belt", "kiln")), quantity=st.sampled_from(("0", "0.001", "7", "10.5", "-3", "123456789.123")),
    unit=st.sampled_from(("t", "kg", "kWh")), tier=st.sampled_from(("default", "measured")), year=st.sampled_from((2023, 2024)),
    gas=st.sampled_from(("CO2", "CH4.fossil", "N2O", "SF6", "CO2.biogenic", "CO2e.AR4.100")), amount=st.integers(-(10**9), 10**12),
    book=st.sampled_from(("physical", "physical", "location", "market", "product")), scope=st.sampled_from(("1", "1", "2", "3", "captured")),
)  # fmt: skip
sides = st.lists(rows, max_size=8).map(lambda found: frame(*found))
sets = st.sampled_from((AR4, AR5, AR6))


def check(found: Bridged, old: pl.DataFrame, new: pl.DataFrame, before: Any, after: Any) -> Bridge:
    way = found.bridge
    assert (way.old_g, way.new_g) == (declared_g(old, before), declared_g(new, after))
    assert way.old_g + sum(way.parts.values()) == way.new_g
    assert {part: found.sources[part].sum() for part in PARTS} == way.parts
    assert (found.sources["old"].sum(), found.sources["new"].sum()) == (way.old_g, way.new_g)
    across = found.sources.select(gap=pl.col("old") + pl.sum_horizontal(PARTS) - pl.col("new"))
    assert across["gap"].to_list() == [0] * across.height
    return way


@given(sides, sides, sets, sets)
def test_old_and_the_parts_are_new_to_the_gram_by_part_and_by_source(old: pl.DataFrame, new: pl.DataFrame, before: Any, after: Any) -> None:
    check(bridge(old, new, old_prices=before, new_prices=after), old, new, before, after)


@given(sides, sets)
def test_between_a_thing_and_itself_lies_nothing(side: pl.DataFrame, prices: Any) -> None:
    way = bridge(side, side, old_prices=prices).bridge
    assert way.parts == dict.fromkeys(PARTS, 0)


def parts(old: pl.DataFrame, new: pl.DataFrame, before: Any = AR5, after: Any = AR5) -> dict[str, int]:
    way = check(bridge(old, new, old_prices=before, new_prices=after), old, new, before, after)
    return {name: grams for name, grams in way.parts.items() if grams}


def test_each_change_alone_is_a_part_alone() -> None:
    one = frame(row())
    assert parts(one, frame(row(quantity="12", amount=1200))) == {"activity": 200}
    assert parts(one, frame(row(amount=1300))) == {"factor": 300}
    assert parts(one, frame(row(amount=1300, tier="measured"))) == {"method": 300}
    assert parts(one, frame(row(amount=1300, formula="cement.clinker"))) == {"method": 300}
    assert parts(one, frame(row(), row(line=3, site="s02", amount=70))) == {"boundary": 70}
    assert parts(frame(row(), row(line=3, source="kiln", amount=70)), one) == {"boundary": -70}
    methane = frame(row(gas="CH4.fossil", amount=1000_000))
    assert parts(methane, methane, AR4, AR5) == {"gwp": 5000}, "25 in AR4, 30 for fossil methane in AR5"


def test_what_changes_together_is_worth_what_it_is_in_the_order_of_the_bridge() -> None:
    old, new = frame(row(gas="N2O", amount=10_000)), frame(row(gas="N2O", amount=18_000, quantity="12"))
    assert parts(old, new, AR4, AR5) == {
        "activity": 10 * 298 // 5,  # 2 of 10 t more, at what a tonne emitted and the old GWP of 298
        "factor": 6 * 298,
        "gwp": 18 * (265 - 298),
    }


def test_kilograms_meet_tonnes_and_kilowatt_hours_meet_neither() -> None:
    one = frame(row())
    assert parts(one, frame(row(quantity="12000", unit="kg", amount=1200))) == {"activity": 200}
    assert parts(one, frame(row(quantity="12000", unit="kWh", amount=1200))) == {"method": 200}


def test_one_coefficient_on_both_sides_leaves_all_to_activity_whatever_was_rounded_in_a_mass() -> None:
    old, new = frame(row(quantity="10", amount=1747, resolution="aa")), frame(row(quantity="12", amount=2097, resolution="aa"))
    assert parts(old, new) == {"activity": 350}


def test_months_meet_their_months_and_else_the_sums_of_the_source_meet() -> None:
    old = frame(row(month=1, amount=1000), row(line=3, month=2, amount=3000))
    new = frame(row(month=1, amount=1000), row(line=3, month=2, amount=3000, quantity="10"))
    assert parts(old, new) == {}
    swapped = frame(row(month=1, amount=2000, quantity="20", year=2024), row(line=3, month=2, amount=1500, quantity="5", year=2024))
    assert parts(old, swapped) == {"activity": -500}, "each month at its own emission per unit: +1000 and −1500"
    yearly = frame(row(month=3, amount=5000, quantity="25"))
    assert parts(old, yearly) == {"activity": 1000}, "4000 for 20 t, so 25 t at that is 5000"


def test_what_is_sold_bought_by_the_market_or_in_the_chain_is_in_no_part() -> None:
    silent = [
        row(book="market", scope="2", amount=7),
        row(book="product", scope="3", amount=7),
        row(book="location", scope="passed-on", amount=7),
    ]
    assert parts(frame(), frame(*silent)) == {}


def test_a_gas_of_another_set_is_named_and_not_added() -> None:
    way = bridge(frame(row(gas="CO2e.AR4.100")), frame(row()), old_prices=AR5).bridge
    assert (way.apart, way.old_g, way.new_g) == (("CO2e.AR4.100",), 0, 1000)


@pytest.mark.parametrize("amount", [1, 2, 3, 499, 500, 501])
def test_milligrams_that_make_no_gram_alone_are_rounded_once_together(amount: int) -> None:
    many = frame(*(row(line=no, source=f"s{no}", gas="CH4.fossil", amount=amount) for no in range(2, 40)))
    assert parts(frame(), many) == ({"boundary": round(38 * amount * 30 / 1000)} if round(38 * amount * 30 / 1000) else {})
