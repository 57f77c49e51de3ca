"""Worked examples through the guides.

``PUB``: inputs and result are both printed in a public text, named by its code; our result must be the printed one within the digits that it
shows. ``OWN``: our own inputs and result, as regression vectors. The codes: E1 screens of a public accounting tool for 24 guides; E5 a public
GB/T 32151.34-2024 calculator with clause and page; E12 a steel company's verified figures of 2020–2023; E13 monthly figures of a steel works;
E15, E16 unit tests of a public emissions engine; E18 mock group data; E19 help text of a steel simulator. None is an original guide.
"""

from datetime import date
from fractions import Fraction

import pytest

from factors.formula import read_formula, value
from factors.guide import find_guide
from factors.gwp import gwp_set, smallest_unit
from factors.item import find_item, resolve_item
from factors.library import load_library
from factors.resolution import Region, Resolution

Row = tuple[str, str, dict[str, str]]
LIBRARY = load_library()
CHINA = (Region("CN", "country"),)


def tonnes(resolution: Resolution, quantity: str, gwp: str | None) -> Fraction:
    """Tonnes of the one gas, or of CO2e at a GWP set."""
    total = Fraction(0)
    for gas, coefficient in resolution.coefficients.items():
        mass = coefficient * Fraction(quantity) / (10**6 if smallest_unit(gas) == "g" else 10**9)
        total += mass * (gwp_set(gwp).value(gas) if gwp else 1)
    return total


def worked(rows: list[Row], gwp: str | None = None) -> Fraction:
    """The sum of rows by their items, each with its sign."""
    total = Fraction(0)
    for name, quantity, said in rows:
        item = find_item(name)
        total += item.sign * tonnes(resolve_item(item, said, unit=item.unit), quantity, gwp)
    return total


def burnt(activity: str, quantity: str, unit: str, ncv: str | None, cc: str, of: str) -> Fraction:
    """Tonnes of CO2 of an ordinary line with measured parameters."""
    per = "万Nm3" if unit == "万Nm3" else "t"
    measured = {"carbon_content": (cc, "tC/TJ"), "oxidation": (of, "1")} | ({"ncv": (ncv, f"GJ/{per}")} if ncv else {})
    found = LIBRARY.resolve(
        activity, regions=CHINA, start=date(2022, 1, 1), end=date(2022, 12, 31), unit=unit, measured=measured, factor="ndrc2013_steel"
    )
    return Fraction(quantity) * found.coefficients["CO2"] / 10**6


SAR, AR5 = "SAR.100", "AR5.100"
COAL = "power_generation.fuel_2022"
PUBLISHED: list[tuple[str, str, list[Row], str | None, str, str]] = [
    ("W025", "E15", [("coking.balance.coal", "100000", {"CC": "0.79"}), ("coking.balance.coke", "80000", {"CC": "0.875"})], None, "33000", "0"),
    ("W031", "E15", [("gbt32150.fuel.heat", "2820000", {"EF": "93.61"})], None, "263980.2", "0"),
    ("W023", "E15", [("gbt32150.fuel.heat", "1000000", {"EF": "56.1"})], None, "56100", "0"),
    ("W032", "E16", [("gbt32150.fuel.heat", "595000", {"EF": "55.9"})], None, "33260.5", "0"),
    ("W034", "E16", [("paper.lime.limestone.pure", "7000", {})], None, "3080", "0"),
    ("W035", "E16", [("paper.ww.cod", "3000000", {"MCF": "1"})], None, "750", "0"),
    ("W041", "E5", [
        ("carbon_material.calcine.green", "100", {"w_fc": "0.008", "w_var": "0.10"}),
        ("carbon_material.calcine.calcined", "70", {"w_fc": "0.002", "w_var": "0.02"}),
        ("carbon_material.calcine.undercalcined", "5", {"w_fc": "0.002"}),
        ("carbon_material.calcine.dust", "1", {"w_fc": "0.002"}),
    ], None, "10.6535", "0"),
    ("W042", "E5", [
        ("carbon_material.bake.packing", "10", {"w_fc": "0.005", "w_var": "0.10"}),
        ("carbon_material.bake.green", "100", {"w_fc": "0.007", "w_var": "0.02"}),
        ("carbon_material.bake.waste", "0.05", {}),
        ("carbon_material.bake.baked", "95", {"w_fc": "0.006"}),
    ], None, "3.3641666667", "0.0000000001"),
    ("W044", "E5", [("carbon_material.fume.flue", "24000", {"q_var": "10", "H": "30", "FC": "0.02"})], None, "0.00051744", "0"),
    ("W045", "E5", [("power_generation.fgd.sorbent.caco3", "10", {})], None, "3.96", "0"),
    ("W047", "E5", [("gbt32150.heat.steam_full", "1", {"H": "2800"})], None, "0.308", "0"),
]  # fmt: skip


@pytest.mark.parametrize(("example", "evidence", "rows", "gwp", "stated", "within"), PUBLISHED, ids=[one[0] for one in PUBLISHED])
def test_a_published_example_gives_the_published_result(
    example: str, evidence: str, rows: list[Row], gwp: str | None, stated: str, within: str
) -> None:
    assert abs(worked(rows, gwp) - Fraction(stated)) <= Fraction(within), (example, evidence)


UNIT_FACTORS = [
    ("W050", "E1", "combustion.stationary.natural_gas", "万Nm3", "389.31", "15.3", "0.99", "21.622", "0.0005"),
    ("W051", "E18", "combustion.stationary.diesel", "t", "42.652", "20.2", "0.98", "3.0959", "0.00005"),
    ("W052", "E18", "combustion.stationary.gasoline", "t", "43.07", "18.9", "0.98", "2.9251", "0.00005"),
    ("W053", "E18", "combustion.stationary.fuel_oil", "t", "41.816", "21.1", "0.98", "3.1705", "0.00005"),
    ("W054", "E1", "combustion.stationary.coke", "t", "28.447", "29.5", "0.93", "2.862", "0.0005"),
    ("W055", "E18", "combustion.stationary.coke", "t", "28.435", "29.5", "0.93", "2.8604", "0.00005"),
    ("W056", "E1", "combustion.stationary.anthracite", "t", "20.304", "27.49", "0.94", "1.924", "0.0005"),
    ("W057", "E1", "combustion.stationary.coal_tar", "t", "33.453", "22.0", "1", "2.699", "0.0005"),
]


@pytest.mark.parametrize(("example", "evidence", "activity", "unit", "ncv", "cc", "of", "stated", "within"), UNIT_FACTORS)
def test_a_published_unit_factor_follows_from_its_parameters(
    example: str, evidence: str, activity: str, unit: str, ncv: str, cc: str, of: str, stated: str, within: str
) -> None:
    assert abs(burnt(activity, "1", unit, ncv, cc, of) - Fraction(stated)) <= Fraction(within), (example, evidence)


def test_the_published_total_of_a_coke_factor_of_mixed_sets_is_what_no_item_gives() -> None:
    """W055 (E18) takes the calorific value of one set and the carbon of another: the guide's own item keeps to one set."""
    coke = find_item("coking.balance.coke_ncv")
    assert [variable.default for variable in coke.variables] == ["28.447", "29.5"]
    assert {variable.fact.rsplit(".", 2)[0] for variable in coke.variables} == {f"fuel.cn.{coke.set}"}


def test_the_simulators_coke_is_not_what_its_numbers_come_to() -> None:
    """W059 (E19) prints 10331 t/h for 3360 t/h × 28.435 GJ/t × 0.0295 tC/GJ; exactly it is 10334.4."""
    rows = [("coking.balance.coke_ncv", "3360", {"NCV": "28.435", "CC": "29.5"})]
    assert abs(worked(rows) + Fraction("10334.416")) < Fraction("0.01"), "carbon in coke is a row out"
    assert abs(-worked(rows) - 10331) > 3


TOTALS = [
    ("W003", "E12", {"fuel": "699.66", "process": "71.34", "power_in": "29.19", "recovered": "28.34"}, "771.85", "0"),
    ("W007", "E12", {"fuel": "744.03", "process": "69.22", "power_out": "0.95", "recovered": "29.68"}, "782.61", "0.01"),
    ("W011", "E13", {
        "fuel": "551701.8", "process": "27802.79", "power_in": "36951.99", "heat_out": "14128.08", "recovered": "4733.38",
    }, "597595", "0.5"),
    ("W018", "E13", {
        "fuel": "952006.1", "process": "53821.17", "power_in": "47230.3", "heat_out": "2517.77", "recovered": "7160.85",
    }, "1043379", "0.5"),
    ("W020", "E13", {
        "fuel": "767932.7", "process": "51144.99", "power_in": "64128.29", "heat_out": "5657.32", "recovered": "6042.16",
    }, "871507", "0.5"),
    ("W021", "E13", {
        "fuel": "499076.19", "process": "40574.38", "power_in": "67845.31", "heat_out": "14686.65", "recovered": "3702.22",
    }, "589107", "0.5"),
    ("W039", "E16", {"process": "5590", "recovered": "1000"}, "4590", "0"),
]  # fmt: skip


@pytest.mark.parametrize(("example", "evidence", "sums", "stated", "within"), TOTALS, ids=[one[0] for one in TOTALS])
def test_a_published_total_follows_from_its_parts(example: str, evidence: str, sums: dict[str, str], stated: str, within: str) -> None:
    total = read_formula(next(source.total for source in find_guide("gbt32150").sources if source.row == "sum"))
    parts = {name: Fraction(sums.get(name, "0")) for name in total.names}
    assert set(sums) <= set(total.names)
    assert abs(value(total, parts) - Fraction(stated)) <= Fraction(within), (example, evidence)


EXPRESSIONS = [
    ("W002", "E12", "E / steel", {"E": "606.26", "steel": "311.71"}, "1.9449", "0.00005"),
    ("W008", "E12", "E / steel", {"E": "782.61", "steel": "435.2"}, "1.7983", "0.00005"),
    ("W009", "E12", "sinter + iron + converter + rolling + lime", {
        "sinter": "53.39", "iron": "156.68", "converter": "-42.33", "rolling": "85.26", "lime": "51.57",
    }, "304.58", "0.01"),
    ("W038", "E16", "E * H / (H + P * eH / eP)", {"E": "5482", "H": "15", "P": "8", "eH": "0.80", "eP": "0.35"}, "2470.5", "0.1"),
]  # fmt: skip


@pytest.mark.parametrize(("example", "evidence", "text", "numbers", "stated", "within"), EXPRESSIONS, ids=[one[0] for one in EXPRESSIONS])
def test_a_published_ratio_follows_by_the_engine(
    example: str, evidence: str, text: str, numbers: dict[str, str], stated: str, within: str
) -> None:
    found = value(read_formula(text), {name: Fraction(number) for name, number in numbers.items()})
    assert abs(found - Fraction(stated)) <= Fraction(within), (example, evidence)


def test_a_published_refrigerant_loss_is_by_component_what_the_blend_is_rounded_to() -> None:
    """W029 (E15): 20 kg of R-410A at GWP 2256 (AR6) are 45.12 t; half HFC-32 (771) and half HFC-125 (3740) are 2255.5."""
    found = LIBRARY.resolve("fugitive.refrigerant.r410a", regions=(), start=date(2022, 1, 1), end=date(2022, 12, 31), unit="kg")
    assert tonnes(found, "20", "AR6.100") == Fraction("45.11")
    assert abs(Fraction("45.11") - Fraction("45.12")) <= Fraction(20 * 1, 2000)


OWN: list[tuple[str, list[Row], str | None, str, str]] = [
    ("W060", [(f"{COAL}.ncv.coal", "100000", {"NCV": "20.0"})], None, "223971", "0"),
    ("W061", [(f"{COAL}.ar.coal", "100000", {"C_ar": "0.5400"})], None, "196020", "0"),
    ("W062", [(f"{COAL}.d.coal", "100000", {"C_d": "0.6000", "M_ar": "10"})], None, "196020", "0"),
    ("W063", [(f"{COAL}.ad.coal", "1", {"C_ad": "0.5800", "M_ar": "10", "M_ad": "2", "OF": "1"})], None, "1.9530612245", "0.0000000001"),
    ("W064", [
        ("power_grid.td_loss.feed_in", "1000000", {}), ("power_grid.td_loss.imported", "200000", {}),
        ("power_grid.td_loss.exported", "50000", {}), ("power_grid.td_loss.sold", "1092500", {}),
    ], None, "30854.5", "0"),
    ("W065", [
        ("power_grid.sf6_retire.capacity", "120", {}), ("power_grid.sf6_retire.recovered", "100", {}),
        ("power_grid.sf6_repair.capacity", "60", {}), ("power_grid.sf6_repair.recovered", "55", {}),
    ], SAR, "597.5", "0"),
    ("W066", [
        ("steel.flux.use.limestone", "10000", {}), ("steel.flux.use.dolomite", "5000", {}), ("steel.electrode.use", "50", {}),
        ("steel.raw_2013.use.pig_iron", "2000", {}), ("steel.seq_2013.product.crude_steel", "100000", {}),
    ], None, "5742.15", "0"),
    ("W067", [
        ("steel.flux.use.limestone", "10000", {}), ("steel.flux.use.dolomite", "5000", {}), ("steel.electrode.use", "50", {}),
        ("steel.raw_2025.use.pig_iron", "2000", {}), ("steel.seq_2025.product.crude_steel", "100000", {}),
    ], None, "3582.15", "0"),
    ("W068", [("cement.clinker.use.portland", "1000000", {}), ("cement.altraw.use.carbide_slag", "20000", {})], None, "525400", "0"),
    ("W069", [
        (f"cement.clinker_oxide.{row}", quantity, {"CaO": "0.65", "MgO": "0.025", "CaO_0": "0.01", "MgO_0": "0.002"})
        for row, quantity in (("clinker", "1000000"), ("kiln_dust", "5000"))
    ], None, "530797.9286", "0.0001"),
    ("W070", [("cement.raw_meal_carbon.use.gangue", "1550000", {})], None, "17050", "0"),
    ("W071", [("aluminium.anode_2013.output", "100000", {})], None, "150304", "0"),
    ("W072", [("aluminium.anode_2024.output", "100000", {})], None, "147083.2", "0"),
    ("W073", [("aluminium.anode_2024.mass", "48500", {})], None, "147218.1157", "0.0001"),
    ("W074", [("aluminium.pfc_2013.output", "100000", {})], SAR, "25228", "0"),
    ("W075", [("aluminium.pfc_2013.output", "100000", {})], AR5, "26316", "0"),
    ("W076", [("aluminium.pfc_2024.output", "100000", {})], AR5, "14481", "0"),
    ("W077", [("aluminium.pfc_2013.slope", "100000", {"AEM": "0.20"})], SAR, "21221.2", "0"),
    ("W078", [
        ("chemical_general.feedstock.in.ethylene", "10000", {}), ("chemical_general.feedstock.out.ethylene", "9000", {}),
        ("chemical_general.feedstock.waste", "200", {"CC": "0.5"}),
    ], None, "2772", "0"),
    ("W079", [("chemical_ammonia.feed.gas_in", "10000", {}), ("chemical_ammonia.feed.out.urea", "50000", {})], None, "181736.2433", "0.0001"),
    ("W080", [
        ("chemical_carbide.balance.in.coke", "60000", {"CC": "0.85"}), ("chemical_carbide.balance.out.carbide", "100000", {}),
        ("chemical_carbide.balance.out.dust", "3000", {"CC": "0.6"}),
    ], None, "65266.66667", "0.00001"),
    ("W080 by output", [("chemical_carbide.yield.output", "100000", {})], None, "115400", "0"),
    ("W081", [("chemical_nitric.n2o.nscr.dual", "100000", {"mu": "0.95"})], SAR, "47740", "0"),
    ("W082", [("chemical_nitric.adipic.thermal", "50000", {"mu": "0.98"})], SAR, "161355", "0"),
    ("W083", [("petrochemical.fcc.coke", "20000", {})], None, "71866.66667", "0.00001"),
    ("W084", [("petrochemical.eg.ethylene", "30000", {}), ("petrochemical.eg.eo", "36000", {})], None, "22220", "0"),
    ("W085", [("petrochemical.ethylene.flue", "720000", {"V_CO2": "0.12", "V_CO": "0.01"})], None, "184.392", "0"),
    ("W086", [("petrochemical.reform.catalyst", "50", {"CF_b": "0.06", "CF_a": "0.005"})], None, "9.931323283", "0.000000001"),
    ("W087", [
        ("flat_glass.carbonpowder.use", "500", {}), ("flat_glass.carb.use.caco3", "5000", {}),
        ("flat_glass.carb.use.dolomite", "20000", {}), ("flat_glass.carb.use.na2co3", "30000", {}),
    ], None, "26023.33333", "0.00001"),
    ("W088", [("ceramics.fire.raw", "100000", {"C_CaCO3": "0.03", "C_MgCO3": "0.01"})], None, "1659.428571", "0.000001"),
    ("W089", [
        ("paper.ww.water", "3000000", {"COD_in": "3.0", "COD_out": "0.6"}), ("paper.ww.sludge", "500000", {}),
        ("paper.ww.recovered", "200000", {}),
    ], SAR, "13387.5", "0"),
    ("W090", [
        ("electronics.leak.gas.nf3", "10", {}),
        ("electronics.byprod.gas.nf3_cf4", "10", {}),
    ], AR5, "5222.457", "0"),
    ("W091", [
        ("machinery.charge.begin.sf6", "2.0", {}), ("machinery.charge.bought.sf6", "10.0", {}),
        ("machinery.charge.end.sf6", "1.5", {}), ("machinery.charge.filled.sf6", "10.2", {}),
    ], SAR, "7170", "0"),
    ("W092", [("machinery.weld.gas.bought", "100", {"P": "0.2"})], None, "21.58979392", "0.00000001"),
    ("W093", [("machinery.charge.leak.sf6", "500", {})], None, "0.024966", "0"),
    ("W095", [("land_transport.ch4n2o.km.heavy_diesel_all", "8000000", {})], SAR, "103.8", "0"),
    ("W096", [("land_transport.urea.use", "50000", {})], None, "11.91666667", "0.00000001"),
    ("W098", [
        ("food.co2loss.use.first", "1000", {}), ("food.ww.recovered", "-100000", {}),
    ], SAR, "2500", "0"),
    ("W099", [
        ("other_industry.ch4rec.sold", "10", {"PUR": "0.6"}), ("other_industry.ch4rec.own", "5", {"PUR": "0.6"}),
    ], SAR, "-1350.6129", "0"),
    ("W100", [("other_industry.ch4rec.flare", "2000000", {"eta": "0.98", "V": "0.6"})], SAR, "-17640", "0"),
    ("W101", [("gbt32150.heat.steam", "10000", {"H": "2777.0"})], None, "2962.586", "0"),
    ("W047 the older way", [("gbt32150.heat.steam", "1", {"H": "2800"})], None, "0.2987886", "0"),
    ("W102", [("gbt32150.heat.hot_water", "10000", {"T": "70"})], None, "230.274", "0"),
    ("W104", [
        ("fluorochemical.hfc23.output", "10000", {}), ("fluorochemical.hfc23.destroyed_in", "280", {}),
        ("fluorochemical.hfc23.co2_in", "280", {}),
    ], SAR, "140576", "0"),
]  # fmt: skip


@pytest.mark.parametrize(("example", "rows", "gwp", "expected", "within"), OWN, ids=[one[0] for one in OWN])
def test_a_vector_of_our_own_stays_what_it_was(example: str, rows: list[Row], gwp: str | None, expected: str, within: str) -> None:
    assert abs(worked(rows, gwp) - Fraction(expected)) <= Fraction(within), example


def test_a_diesel_fleet_is_an_ordinary_line() -> None:
    """W094: 1,000 t of the set of 2013."""
    assert abs(burnt("combustion.mobile.road.diesel", "1000", "t", "42.652", "20.2", "0.98") - Fraction("3095.909637")) < Fraction(
        "0.000001"
    )


def test_a_public_building_is_three_ordinary_lines() -> None:
    """W097: 50 × 10⁴ Nm³ of gas of the set of 2013, 8,000 MWh at the national mean of 2022, 20,000 GJ of heat at 0.11."""
    year = {"regions": CHINA, "start": date(2022, 1, 1), "end": date(2022, 12, 31)}
    power = LIBRARY.resolve("electricity.grid", unit="MWh", factor="cn-grid/2024-33_e001#CN", **year)  # type: ignore[arg-type]
    heat = LIBRARY.resolve("heat.purchased", unit="GJ", factor="cn-heat/2013_e001#heat", **year)  # type: ignore[arg-type]
    gas = burnt("combustion.stationary.natural_gas", "50", "万Nm3", "389.31", "15.3", "0.99")
    total = gas + tonnes(power, "8000", None) + tonnes(heat, "20000", None)
    assert abs(total - Fraction("7573.894404")) < Fraction("0.000001")


def test_jet_fuel_with_a_tenth_of_biofuel_counts_the_fossil_part() -> None:
    """W103; what is biogenic is booked apart and priced 0."""
    jet = resolve_item(find_item("civil_aviation.fuel.jet"), {"NCV": "44.1", "CC": "19.5", "OF": "1.0", "BF": "0.1"}, unit="t")
    assert jet.coefficients["CO2"] * 10_000 / 10**6 == Fraction("28378.35")
    assert jet.coefficients["CO2.biogenic"] * 9 == jet.coefficients["CO2"]
    assert tonnes(jet, "10000", AR5) == Fraction("28378.35")
