"""From inventory to programme figure: every part is a difference of two stages, and all of them add up to the gram; pure."""

from datetime import date
from fractions import Fraction

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from carbon.enterprise.inventory.inventory import inventory
from carbon.enterprise.inventory.lines import LINES
from carbon.enterprise.obligation.bridge import PARTS, Bridge, bridge
from carbon.enterprise.obligation.rules import rule
from factors.gwp import gwp_set

CEMENT, ALUMINIUM = (rule("cn-ets", sector=sector, year=2024) for sector in ("cement", "aluminium"))
POWER_2022 = rule("cn-ets", sector="power", year=2022)
AR6 = gwp_set("AR6.100")
Line = tuple[str, str, str, str, str, str, dict[str, int]]
KILN: Line = ("physical", "1", "1A2", "combustion.stationary.bituminous", "10", "t", {"CO2": 20_000_000, "CH4.fossil": 2_000_000})
CLINKER: Line = ("physical", "1", "2A1", "process.cement.clinker", "100", "t", {"CO2": 53_500_000})
LORRY: Line = ("physical", "1", "1A3b", "combustion.mobile.road.diesel", "1", "t", {"CO2": 3_100_000})
POWER: Line = ("location", "2", "electricity", "electricity.grid", "1000", "kWh", {"CO2": 570_300})
SOLD: Line = ("location", "passed-on", "electricity", "electricity.exported", "100", "kWh", {"CO2": -57_030})
MARKET: Line = ("market", "2", "electricity", "electricity.green", "1000", "kWh", {"CO2": 0})
GOODS: Line = ("product", "3", "1", "material.steel", "1", "t", {"CO2": 2_000_000})


def frame(*lines: Line, sites: tuple[str, ...] = ()) -> pl.DataFrame:
    rows = []
    for number, (book, scope, category, activity, quantity, unit, gases) in enumerate(lines):
        for gas, amount in gases.items():
            row = dict.fromkeys(LINES.names()) | {
                "line": number, "holder": "h1", "site": sites[number] if sites else "s01", "division": "330522", "book": book,
                "scope": scope, "category": category, "activity": activity, "quantity": quantity, "unit": unit,
                "start": date(2024, 1, 1), "end": date(2024, 12, 31), "tier": "calculated", "gas": gas, "amount": amount,
            }  # fmt: skip
            rows.append(row)
    return pl.DataFrame(rows, schema=LINES)


def parts(made: Bridge) -> dict[str, int]:
    assert made.inventory_g + sum(part.co2e_g for part in made.parts) == made.verified_g
    assert made.inventory_coal_g + sum(part.coal_g for part in made.parts) == made.coal_g
    assert tuple(part.id for part in made.parts) == PARTS
    return {part.id: part.co2e_g for part in made.parts}


def test_each_part_is_what_its_name_says() -> None:
    lines = frame(KILN, CLINKER, LORRY, POWER, SOLD, MARKET, GOODS)
    made = bridge(lines, rule=CEMENT, year=2024, prices=AR6, verified_g=73_600_000)
    methane = round(2_000 * AR6.value("CH4.fossil"))
    assert made.inventory_g == 20_000_000 + methane + 53_500_000 + 3_100_000 + 570_300
    assert parts(made) == {
        "purchased": -570_300, "boundary": -3_100_000, "gases": -methane, "gwp": 0, "factor": 0, "verification": 100_000,
    }  # fmt: skip
    assert (made.energy_g, made.other_g) == (20_000_000, 53_500_000)


def test_standard_coal_goes_beside_and_what_was_sold_is_taken_off() -> None:
    made = bridge(frame(LORRY, POWER, SOLD, CLINKER), rule=CEMENT, year=2024, prices=AR6, verified_g=53_500_000)
    diesel, net = 1_457_100, round(900 * 122.9)
    assert made.inventory_coal_g == diesel + net, "1 t of diesel at 1.4571, 900 kWh at 0.1229 kgce"
    assert {part.id: part.coal_g for part in made.parts if part.coal_g} == {"purchased": -net, "boundary": -diesel}
    assert made.coal_g == 0


def test_up_to_2022_a_power_firm_keeps_its_purchased_power() -> None:
    burnt = (*KILN[:2], "1A1", *KILN[3:])
    made = bridge(frame(burnt, POWER), rule=POWER_2022, year=2022, prices=AR6, verified_g=20_570_300)
    assert parts(made)["purchased"] == 0
    assert parts(made)["verification"] == 0


def test_another_gwp_revalues_the_programmes_gases_alone() -> None:
    cell: Line = ("physical", "1", "2C3", "process.aluminium.electrolysis", "1", "t", {"CO2": 1_500_000, "CF4": 20_000, "N2O": 1_000})
    made = parts(bridge(frame(cell), rule=ALUMINIUM, year=2024, prices=AR6, verified_g=1_632_600))
    assert made["gwp"] == 20 * (6630 - 7380)
    assert made["gases"] == -273
    assert made["verification"] == 0


def test_the_programmes_own_factors_are_a_part_of_their_own() -> None:
    own = frame((*CLINKER[:6], {"CO2": 52_000_000}), (*POWER[:6], {"CO2": 1}))
    made = parts(bridge(frame(CLINKER, POWER), rule=CEMENT, year=2024, prices=AR6, verified_g=52_000_000, own=own))
    assert (made["factor"], made["verification"]) == (-1_500_000, 0)


def test_a_site_outside_the_programme_is_outside_its_boundary() -> None:
    lines = frame(CLINKER, CLINKER, sites=("kiln", "quarry"))
    made = bridge(lines, rule=CEMENT, year=2024, prices=AR6, verified_g=53_500_000, sites=["kiln"])
    assert parts(made)["boundary"] == -53_500_000


def test_what_has_no_price_or_no_coefficient_is_named() -> None:
    odd: Line = ("physical", "1", "1A2", "combustion.stationary.bituminous", "1", "t", {"CO2e.AR4.100": 5})
    made = bridge(frame(odd), rule=CEMENT, year=2024, prices=AR6, verified_g=0)
    assert made.unpriced == ("CO2e.AR4.100",)
    assert made.untold == ("combustion.stationary.bituminous",)
    assert made.inventory_g == 0


def test_it_begins_with_the_inventorys_own_total_and_standard_coal() -> None:
    lines = frame(KILN, CLINKER, LORRY, POWER, SOLD, MARKET, GOODS)
    made = bridge(lines, rule=CEMENT, year=2024, prices=AR6, verified_g=0)
    told = inventory(lines, holder="h1", year=2024, prices=AR6)
    assert made.inventory_g == told.total_location_g
    assert made.inventory_coal_g == round(Fraction(told.tce) * 1_000_000)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([KILN, CLINKER, LORRY, POWER, SOLD, GOODS]),
            st.dictionaries(
                st.sampled_from(["CO2", "CH4.fossil", "N2O", "CF4", "CO2.biogenic"]), st.integers(-(10**12), 10**12), min_size=1
            ),
        ),
        max_size=12,
    ),
    st.integers(0, 10**14),
    st.sampled_from([CEMENT, ALUMINIUM, POWER_2022]),
)
def test_whatever_the_lines_the_parts_add_up(told: list[tuple[Line, dict[str, int]]], verified: int, by: object) -> None:
    lines = frame(*[(*line[:6], gases) for line, gases in told])
    made = bridge(lines, rule=by, year=2024, prices=AR6, verified_g=verified)  # type: ignore[arg-type]
    parts(made)
    assert made.energy_g + made.other_g == made.verified_g - made.parts[-1].co2e_g
