"""What an inventory adds up to, whatever its lines are: pure laws, and one inventory by hand in both languages."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.activity import parse_activities
from carbon.bookkeeping import place_lines
from carbon.enterprise.firm import Boundary, Exclusion, FirmFacts
from carbon.enterprise.inventory.classes import gbt_class, iso_place
from carbon.enterprise.inventory.inventory import Inventory, Section, inventory, preview_inventory
from carbon.enterprise.inventory.lines import LINES
from carbon.enterprise.inventory.sections import parts_of
from carbon.enterprise.inventory.sources import source_of
from carbon.estimate import estimate
from carbon.region.divisions import chain_of, divisions
from carbon.uncertainty import total_uncertainty
from factors.energy import Kind
from factors.gwp import GwpSet, gwp_set, gwp_sets, valuation
from factors.library import load_library

AR5 = gwp_set("AR5.100")
HEAD = "activity,quantity,unit,day,site,source,method,tier,uncertainty_pct"
PLACES = (
    ("physical", "1", "1A2", "combustion.stationary.bituminous"), ("physical", "1", "1A3b", "combustion.mobile.road.diesel"),
    ("physical", "1", "2A4", "process.carbonate.limestone"), ("physical", "1", "2F1", "fugitive.refrigerant.r32"),
    ("physical", "1", "1B2", None), ("physical", "captured", "recovered", "deduction.co2.recovered"),
    ("location", "2", "electricity", "electricity.grid"), ("location", "2", "steam", "heat.steam"),
    ("market", "2", "electricity", "electricity.grid"), ("location", "passed-on", "electricity", "electricity.exported"),
    ("location", "passed-on", "heat", None), ("product", "3", "1", "material.cement"), ("product", "3", "6", "travel.hotel"),
    ("product", "3", "15", "spend.machinery"), ("product", "passed-on", "1", None),
)  # fmt: skip
GASES = ("CO2", "CO2.biogenic", "CH4.fossil", "N2O", "HFC-32", "SF6", "CO2e.unstated.100")

line = st.fixed_dictionaries(
    {
        "place": st.sampled_from(PLACES), "gas": st.sampled_from(GASES), "amount": st.integers(-(10**12), 10**12),
        "tier": st.sampled_from(["measured", "calculated", "default", "estimated"]), "line": st.integers(2, 40),
        "holder": st.sampled_from(["ha", "hb"]), "site": st.sampled_from(["s1", "s2"]), "source": st.sampled_from([None, "m1", "m2"]),
        "uncertainty_pct": st.sampled_from([None, "5", "2.5"]),
    }
)  # fmt: skip


def frame(rows: Sequence[dict[str, object]]) -> pl.DataFrame:
    """LINES of drawn rows; what a line says beside its amounts is one thing for each line."""
    said: dict[object, dict[str, object]] = {}
    made = []
    for row in rows:
        row = dict(row)
        book, scope, category, activity = row.pop("place")  # type: ignore[misc]
        own = said.setdefault((row["holder"], row["line"]), {name: row[name] for name in ("site", "source", "uncertainty_pct")})
        places = {"book": book, "scope": scope, "category": category, "activity": activity}
        span = {"start": date(2023, 7, 1), "end": date(2023, 7, 31), "division": "330522", "quantity": "3", "unit": "t"}
        made.append(dict.fromkeys(LINES) | row | own | places | span)
    return pl.DataFrame(made, schema=LINES)


def found(lines: pl.DataFrame, prices: GwpSet = AR5) -> Inventory:
    return inventory(lines, holder="ha", year=2023, prices=prices)


def sections(one: Inventory) -> tuple[Section, ...]:
    return one.scope1, one.scope2_location, one.scope2_market, one.scope3


@given(st.lists(line, max_size=40), st.sampled_from(sorted(gwp_sets())))
def test_rows_groups_and_tiers_add_up_to_their_section_to_the_gram(rows: list[dict[str, object]], name: str) -> None:
    one = found(frame(rows), gwp_set(name))
    for section in sections(one):
        assert section.co2e_g == sum(row.co2e_g for row in section.rows)
        assert section.co2e_g == sum(group.co2e_g for group in section.groups)
        assert section.co2e_g == sum(section.tiers.values())
        for row in section.rows:
            assert row.co2e_g == sum(row.tiers.values())
    assert abs(one.total_location_g - one.scope1.co2e_g - one.scope2_location.co2e_g) <= 1
    assert abs(one.total_market_g - one.scope1.co2e_g - one.scope2_market.co2e_g) <= 1


@given(st.lists(line, max_size=40))
def test_scopes_iso_categories_and_gbt_classes_are_one_sum(rows: list[dict[str, object]]) -> None:
    one = found(frame(rows))
    iso = {row.category: row.co2e_g for row in one.iso}
    assert sorted(iso) == [1, 2, 3, 4, 5, 6]
    assert (iso[1], iso[2]) == (one.scope1.co2e_g, one.scope2_location.co2e_g)
    assert iso[3] + iso[4] + iso[5] + iso[6] == one.scope3.co2e_g
    assert all(row.co2e_g == sum(part.co2e_g for part in row.subcategories) for row in one.iso)
    gbt = {row.id: row.co2e_g for row in one.gbt}
    assert gbt["fuel"] + gbt["process"] == one.scope1.co2e_g
    assert gbt["power"] + gbt["heat"] == one.scope2_location.co2e_g
    assert gbt["power-sold"] + gbt["heat-sold"] == sum(row.co2e_g for row in one.passed_on if row.book == "location")


@given(st.lists(line, max_size=40), st.randoms(use_true_random=False))
def test_the_order_of_lines_changes_nothing(rows: list[dict[str, object]], random: object) -> None:
    lines = frame(rows)
    order = list(range(lines.height))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert found(lines[order]) == found(lines)


@given(st.lists(line, max_size=40))
def test_a_section_is_the_value_of_its_masses_and_nothing_else_touches_it(rows: list[dict[str, object]]) -> None:
    lines = frame(rows)
    one = found(lines)
    masses: dict[str, int] = {}
    for gas, amount in lines.filter(pl.col("book") == "physical", pl.col("scope") == "1").select("gas", "amount").iter_rows():
        masses[gas] = masses.get(gas, 0) + amount
    assert one.scope1.co2e_g == valuation(AR5.priced(masses), AR5)
    assert one.biogenic_g.get("scope1", 0) == masses.get("CO2.biogenic", 0)
    assert one.scope1.apart_g == masses.get("CO2e.unstated.100", 0)
    gross = lines.filter(~pl.col("scope").is_in(["captured", "passed-on"]))
    without = found(gross)
    assert (without.scope1, without.total_location_g) == (one.scope1, one.total_location_g), "sold and captured reduce nothing"


@given(st.lists(st.fractions(-1000, 1000), max_size=20))
def test_parts_are_whole_lie_next_to_their_values_and_add_up(values: list[Fraction]) -> None:
    total = round(sum(values, Fraction(0)))
    parts = parts_of(values, total)
    assert sum(parts) == total
    assert all(abs(part - value) <= 1 for part, value in zip(parts, values, strict=True))


def test_a_year_without_lines_is_an_inventory_of_nothing() -> None:
    one = found(LINES.to_frame())
    assert (one.total_location_g, one.total_location_pct, one.tce, one.by_gas) == (0, None, "0", {})
    assert one.scope3_missing == tuple(map(str, range(1, 16)))


def filed(*lines: str, facts: FirmFacts | None = None, prices: GwpSet = AR5) -> Inventory:
    text = "\n".join([HEAD, *lines, ""]).encode()
    sites = {"s01": ((date(2020, 1, 1), "330522"),)}
    read = parse_activities(text, file="lines.csv", tree=divisions(), today=date(2026, 1, 1), sites=sites)
    placed = place_lines(read, industry="C3011")
    emissions = estimate(placed.lines, load_library(), chain=chain_of)
    return preview_inventory(placed, emissions, holder="ha", year=2023, prices=prices, facts=facts)


GOLDEN = (
    "electricity.grid,1000,kWh,2023-07,s01,meter 1,,,",
    "electricity.exported,100,kWh,2023-07,s01,meter 9,,,",
    "heat.purchased,50,GJ,2023-07,s01,pipe,,,",
    "combustion.stationary.bituminous,10,t,2023-07,s01,belt,,measured,",
    "deduction.co2.recovered,2,t,2023-07,s01,plant,,,",
    "fugitive.refrigerant.r410a,3,kg,2023-07,s01,chiller,,estimated,",
)


def test_an_inventory_by_hand_in_both_languages() -> None:
    left_out = Exclusion(source="vending machines", scope="1", reason="below 0.1 %", share_permille=1)
    elsewhere = Exclusion(source="", scope="3", category="3", reason="in the suppliers' figures", notation="IE")
    one = filed(*GOLDEN, facts=FirmFacts(boundary=Boundary(approach="operational"), exclusions=(left_out, elsewhere)))
    # coal: 17,470,883 g CO2 + 1,957,000 mg CH4 × 30 + 293,550 mg N2O × 265; R-410A: 1.5 kg HFC-32 × 677 + 1.5 kg HFC-125 × 3170
    rows = [(row.label_zh, row.label_en, row.category, row.co2e_g, row.tiers) for row in one.scope1.rows]
    assert rows == [
        ("固定燃烧·烟煤", "Stationary combustion of other bituminous coal", "1A2", 17_607_384, {"measured": 17_607_384}),
        ("回收外供CO2", "CO2 recovered and sold", "2H3", -2_000_000, {"default": -2_000_000}),
        ("制冷剂逸散·R-410A", "Refrigerant leakage R-410A", "2F1", 5_770_500, {"estimated": 5_770_500}),
    ]
    assert [(group.id, group.label_zh, group.label_en, group.co2e_g) for group in one.scope1.groups] == [
        ("stationary", "固定燃烧", "Stationary combustion", 17_607_384),
        ("process", "工业过程", "Industrial processes", -2_000_000),
        ("refrigerant", "制冷剂", "Refrigerants", 5_770_500),
    ]
    assert one.captured_g == 2_000_000
    assert [(group.label_zh, group.label_en, group.co2e_g) for group in one.scope2_location.groups] == [
        ("电力", "Electricity", 497_400), ("热力", "Heat", 5_500_000)
    ]  # fmt: skip
    assert (one.total_location_g, one.total_market_g) == (27_375_284, 21_377_884)
    assert [(row.label_zh, row.co2e_g) for row in one.passed_on] == [("输出电力", -49_740)]
    assert one.by_gas["CH4.fossil"] == 1_957_000
    assert one.tiers == {"default": 3_997_400, "estimated": 5_770_500, "measured": 17_607_384}
    assert [(row.carrier, row.quantity, row.tce) for row in one.energy] == [
        ("combustion.stationary.bituminous", "10", ""),
        ("electricity.grid", "1000", "0.1229"),
        ("heat.purchased", "50", "1.706"),
        ("electricity.exported", "-100", "-0.01229"),
    ]
    assert one.tce == "1.81661"
    iso = [(row.category, row.name_zh, row.name_en, row.co2e_g, [part.id for part in row.subcategories]) for row in one.iso[:2]]
    assert iso == [
        (1, "直接温室气体排放和清除", "Direct GHG emissions and removals", 21_377_884, ["1.1", "1.3", "1.4"]),
        (2, "输入能源的间接排放", "Indirect emissions from imported energy", 5_997_400, ["2.1", "2.2"]),
    ]
    assert {(row.name_zh, row.name_en): row.co2e_g for row in one.gbt if row.co2e_g} == {
        ("化石燃料燃烧", "Fuel combustion"): 17_607_384, ("过程排放", "Process emissions"): 3_770_500,
        ("购入电力", "Purchased electricity"): 497_400, ("购入热力", "Purchased heat"): 5_500_000,
        ("输出电力 (扣减)", "Exported electricity (subtracted)"): -49_740,
    }  # fmt: skip
    assert one.exclusions == (left_out, elsewhere)
    assert one.scope3_notation["3"] == "IE"
    assert "3" not in one.scope3_missing
    assert one.boundary == Boundary(approach="operational")


def test_another_gwp_set_changes_values_and_no_mass() -> None:
    old, new = filed(*GOLDEN), filed(*GOLDEN, prices=gwp_set("AR6.100"))
    assert new.by_gas == old.by_gas
    assert new.gwp == "AR6.100"
    assert new.scope1.co2e_g != old.scope1.co2e_g
    assert new.scope2_location == old.scope2_location


def test_equivalent_values_are_those_of_the_year_or_say_why_there_are_none() -> None:
    lines = frame([{"place": PLACES[6], "gas": "CO2", "amount": 5, "tier": "default", "line": 2, "holder": "ha", "site": "s", "source": None,
                    "uncertainty_pct": None}]).with_columns(unit=pl.lit("kWh"))  # fmt: skip
    one = inventory(lines, holder="ha", year=2009, prices=AR5, energy_kind=Kind.EQUIVALENT)
    assert one.energy[0].tce == ""
    assert "2009" in one.energy[0].coefficient


def test_a_correction_lessens_energy_and_what_a_guide_takes_off_does_too() -> None:
    said = {"tier": "default", "holder": "ha", "site": "s", "source": None, "uncertainty_pct": None, "gas": "CO2"}
    coke = ("physical", "1", "1A2", "combustion.stationary.coke")
    rows = [said | {"place": coke, "amount": amount, "line": line} for line, amount in ((2, 90), (3, -30), (4, -60), (5, 20))]
    lines = frame(rows).with_columns(quantity=pl.Series(["9", "-3", "6", "-2"]))
    told = [(row.quantity, row.tce) for row in inventory(lines, holder="ha", year=2023, prices=AR5).energy]
    assert told == [("6", "5.8284"), ("-4", "-3.8856")]  # 0.9714 kgce/kg: burnt 9 less 3, taken off 6 less 2


def test_heat_content_needs_no_coefficient() -> None:
    one = filed("combustion.stationary.natural_gas,29307,MJ,2023-07,s01,boiler,,,")
    assert (one.energy[0].tce, one.tce) == ("1", "1")


def test_lines_of_one_factor_err_together_and_the_total_is_that_of_carbon_uncertainty() -> None:
    lines = [f"combustion.stationary.bituminous,{n},t,2023-{n:02d},s01,belt,,,3" for n in range(1, 13)]
    lines += ["electricity.grid,1000,kWh,2023-07,s01,meter 1,,,2", "combustion.mobile.road.diesel,4,t,2023-07,s01,,,,"]
    one = filed(*lines)
    sites = {"s01": ((date(2020, 1, 1), "330522"),)}
    text = "\n".join([HEAD, *lines, ""]).encode()
    read = parse_activities(text, file="lines.csv", tree=divisions(), today=date(2026, 1, 1), sites=sites)
    placed = place_lines(read, industry="C3011")
    whole = total_uncertainty(placed.lines, estimate(placed.lines, load_library(), chain=chain_of), gwp=AR5)
    assert one.uncertainty_location.lower_pct == pytest.approx(whole.lower_pct, abs=1e-3)
    assert one.uncertainty_location.upper_pct == pytest.approx(whole.upper_pct, abs=1e-3)
    assert (one.uncertainty_location.factor_not_stated, one.uncertainty_location.lines) == (whole.factor_not_stated, 14)
    coal = one.scope1.groups[0]
    assert coal.id == "stationary"
    assert float(coal.uncertainty_pct or 0) > 3, "twelve months of one belt are no better known than one"


@pytest.mark.parametrize(
    ("activity", "category", "source", "part"),
    [
        ("combustion.stationary.coke", "1A2", "stationary", "1.1"), ("vehicle.heavy.diesel", "1A3b", "mobile", "1.2"),
        ("process.lime", "2A2", "process", "1.3"), ("fugitive.refrigerant.r32", "2F1", "refrigerant", "1.4"),
        ("fugitive.sf6.switchgear", "2G1", "fugitive", "1.4"), ("wastewater.industrial", "4D2", "waste", "1.4"),
        ("agriculture.rice", "3C7", "agriculture", "1.5"), ("", "1A3b", "mobile", "1.2"), ("", "1B1", "fugitive", "1.4"),
    ],
)  # fmt: skip
def test_a_source_of_scope_1_has_its_place_in_iso_14064(activity: str, category: str, source: str, part: str) -> None:
    assert source_of(activity, category) == source
    rows = [{"place": ("physical", "1", category, activity), "gas": "CO2", "amount": 7, "tier": "default", "line": 2, "holder": "ha",
             "site": "s", "source": None, "uncertainty_pct": None}]  # fmt: skip
    (row,) = found(frame(rows)).scope1.rows
    assert (iso_place(row).part, gbt_class(row)) == (part, "fuel" if source in {"stationary", "mobile"} else "process")


def test_each_category_of_scope_3_has_one_place_in_iso_14064() -> None:
    rows = [
        {"place": ("product", "3", str(no), ""), "gas": "CO2", "amount": 1, "tier": "default", "line": no, "holder": "ha", "site": "s",
         "source": None, "uncertainty_pct": None}
        for no in range(1, 16)
    ]  # fmt: skip
    one = found(frame(rows))
    assert [row.co2e_g for row in one.iso] == [0, 0, 4, 5, 6, 0]
    assert one.scope3_missing == ()
