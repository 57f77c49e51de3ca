"""The number gate and the units: exact or refused, and never by way of a parser."""

import csv
import itertools
import time
from decimal import Decimal
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import pint
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factors.activities import CONDITIONAL, activities
from factors.errors import AmbiguousUnit, NotANumber, UnitMismatch, UnknownUnit
from factors.units import ambiguous, find_unit, nearest, number, ratio, registry, series_number, unit_table, units
from tests.conftest import SHARED

REFUSED = [
    "", " ", "1 ", " 1", "+1", "01", "-01", "1.", ".5", "1,000", "1 000", "1_000", "1e3", "1E3", "1e400", "9**9**9", "NaN", "nan", "inf", "-inf",
    "Infinity", "５０", "5０", "１.5", "1，5", "1.5.2", "0x10", "1/3", "10%", "12kg", "kg", "--1", "1-", "1e", "²", "一百", "1\n", "\t1", "1\u00a0000",
    "1'000", "$1", "1e1000000", "9" * 16, "1." + "1" * 19, "0." + "0" * 40, "1" * 41, "-", "٣", "1.0f", "1d", "(1)", "1;2", "None", "null", "True",
    "１２３", "1\u200b", "\ufeff1", "0b1", "1j", "∞", "=1+1", "@1", "1\0",
]  # fmt: skip
ACCEPTED = ["0", "-0", "1", "-1", "1240.6", "0.5", "999999999999999", "-999999999999999.999999999999999999", "1.000", "100000.10"]


@pytest.mark.parametrize("text", REFUSED)
def test_a_number_that_is_not_plain_is_refused_at_once(text: str) -> None:
    start = time.perf_counter()
    with pytest.raises(NotANumber):
        number(text)
    assert time.perf_counter() - start < 0.05


@pytest.mark.parametrize("text", ACCEPTED)
def test_a_plain_number_is_exactly_itself(text: str) -> None:
    assert number(text) == Decimal(text)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_exactly_or_refused(text: str) -> None:
    try:
        value = number(text)
    except NotANumber:
        return
    assert text.isascii()
    assert value == Decimal(text)


@pytest.mark.parametrize(
    ("text", "value"), [("2.5e-12", "2.5e-12"), ("1E+15", "1e15"), ("1.63006818790796", "1.63006818790796"), ("3", "3")]
)
def test_a_series_alone_may_write_an_exponent(text: str, value: str) -> None:
    assert series_number(text) == Decimal(value)


@pytest.mark.parametrize("text", ["1e16", "1e-16", "1e1000000", "nan", "1e"])
def test_an_exponent_beyond_fifteen_is_refused(text: str) -> None:
    with pytest.raises(NotANumber):
        series_number(text)


@pytest.mark.parametrize(
    ("source", "target", "exact"),
    [
        ("kWh", "MJ", Fraction(36, 10)), ("万kWh", "MWh", Fraction(10)), ("亿kWh", "GWh", Fraction(100)), ("tce", "GJ", Fraction(29307, 1000)),
        ("kgce", "kJ", Fraction(29307)), ("kcal", "kJ", Fraction(41868, 10000)), ("t", "kg", Fraction(1000)), ("short_ton", "kg", Fraction("907.18474")),
        ("long_ton", "kg", Fraction("1016.0469088")), ("US_gal", "L", Fraction("3.785411784")), ("imp_gal", "L", Fraction("4.54609")),
        ("bbl", "L", Fraction("158.987294928")), ("亩", "m2", Fraction(10000, 15)), ("ha", "m2", Fraction(10000)), ("斤", "kg", Fraction(1, 2)),
        ("m3(20C)", "Nm3", Fraction(27315, 29315)), ("万Nm3", "Nm3", Fraction(10000)), ("mile", "km", Fraction("1.609344")),
        ("short_ton-mile", "t-km", Fraction("0.90718474") * Fraction("1.609344")), ("万t", "t", Fraction(10000)),
    ],
)  # fmt: skip
def test_a_conversion_is_exact(source: str, target: str, exact: Fraction) -> None:
    assert ratio(source, target) == exact
    assert ratio(target, source) == 1 / exact


@pytest.mark.parametrize(
    ("source", "target"),
    [("t", "kWh"), ("Nm3", "m3"), ("L", "t"), ("kWh", "km"), ("person-km", "km"), ("t-km", "km"), ("kgN", "kg"),
     ("kWh_HHV", "kWh"), ("mmBtu_HHV", "mmBtu"), ("tC", "tCO2"), ("tC", "t"), ("tCO2", "t"), ("tCH4", "tCO2"), ("m3", "m3(20C)"), ("元", "USD2021"),
     ("年", "日"), ("头", "件"), ("人时", "人年")],
)  # fmt: skip
def test_what_measures_something_else_is_not_converted(source: str, target: str) -> None:
    with pytest.raises(UnitMismatch):
        ratio(source, target)


@pytest.mark.parametrize("token", ["ton", "kt", "T", "barrel", "kgs", "KWh?", "m3/h", "９kg", "", "9**9**9", "gallon"])
def test_a_unit_off_the_list_is_refused_and_the_nearest_are_named(token: str) -> None:
    with pytest.raises(UnknownUnit):
        find_unit(token)


@pytest.mark.parametrize(
    ("spelling", "token"),
    [
        ("度", "kWh"), ("千瓦时", "kWh"), ("吨", "t"), ("万度", "万kWh"), ("百万千焦", "GJ"), ("标方", "Nm3"), ("吨标准煤", "tce"), ("公里", "km"),
        ("m³", "m3"), ("ＫＷｈ", "kWh"), ("kwh", "kWh"), ("KWH", "kWh"), ("ｋｇ", "kg"), ("万ｋＷｈ", "万kWh"), ("㎡", "m2"), ("㎥", "m3"),
        ("Ｎｍ³", "Nm3"), ("10⁴Nm³", "万Nm3"), ("公斤", "kg"), ("oil_barrel", "bbl"), ("short ton", "short_ton"), ("吨标煤", "tce"),
        ("kWh_(Gross_CV)", "kWh_HHV"), ("kWh_net", "kWh"), ("vehicle_mile", "mile"), ("人公里", "person-km"), ("间夜", "room-night"),
        ("m³（20℃）", "m3(20C)"), ("大卡", "kcal"), ("百万大卡", "Gcal"), ("百万kJ", "GJ"), ("MMBtu", "mmBtu"), ("千吨", "Gg"),
    ],
)  # fmt: skip
def test_what_people_write_is_known(spelling: str, token: str) -> None:
    assert find_unit(spelling).token == token


AMBIGUOUS = {
    "ton": {"t", "short_ton", "long_ton"}, "gallon": {"US_gal", "imp_gal"}, "barrel": {"bbl"}, "cal": {"cal_IT", "cal_th", "cal_15"},
    "方": {"m3", "Nm3", "m3(20C)", "m3(15C)"}, "Sm3": {"m3(15C)", "m3(20C)", "Nm3"}, "104Nm3": {"万Nm3", "亿Nm3"}, "加仑": {"US_gal", "imp_gal"},
    "therm": {"therm_HHV", "therm_LHV"}, "ＴＯＮ": {"t", "short_ton", "long_ton"}, "USD": {"USD2021"}, "tCO2e": {"tCO2", "tCH4", "tN2O"},
}  # fmt: skip


@pytest.mark.parametrize("spelling", AMBIGUOUS)
def test_a_spelling_of_several_meanings_asks_and_names_them(spelling: str) -> None:
    with pytest.raises(AmbiguousUnit) as refusal:
        find_unit(spelling)
    assert set(refusal.value.candidates) == AMBIGUOUS[spelling]
    assert refusal.value.why in str(refusal.value)


def test_no_spelling_is_both_ambiguous_and_a_unit_and_every_candidate_is_one() -> None:
    assert not set(ambiguous()) & set(unit_table())
    for candidates, why in ambiguous().values():
        assert why
        assert all(find_unit(token).token == token for token in candidates)


def test_full_width_is_the_same_unit_and_never_another() -> None:
    for spelling, unit in unit_table().items():
        wide = "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in spelling).replace(" ", "\u3000")
        assert find_unit(wide) == unit


def test_every_unit_says_what_defines_it() -> None:
    assert [unit.token for unit in units() if not unit.source] == []


def test_every_unit_of_an_activity_is_on_the_list_but_those_that_carry_a_condition() -> None:
    # yuan become dollars of 2021 by a rate and a deflator of the filer's own: two numbers, not a unit
    assert {"CNY(with exchange rate and deflator)"} == CONDITIONAL
    for path in (SHARED / "facts/activities.csv", Path(str(files("factors"))) / "data" / "activities.csv"):
        if path.exists():
            with path.open(encoding="utf-8") as file:
                spellings = {spelling for row in csv.DictReader(file) for spelling in row["accepted_units"].split("|")}
            assert len(spellings) > 40
            for spelling in spellings - CONDITIONAL:
                assert find_unit(spelling).token
    assert all(find_unit(unit).token == unit for activity in activities() for unit in activity.units)


# what a factor is per, in the fact sheets, that is no unit of activity data: each with its reason
NO_DENOMINATOR = {
    "gallon": "ambiguous: the sheet's map says US_gal", "tAl": "the product is in the activity: per t", "t clinker": "the product is in the activity: per t",
    "t HNO3": "the product is in the activity: per t", "tAl per (AE-min/cell-day)": "a slope: its method multiplies by the minutes of anode effect",
}  # fmt: skip


@pytest.mark.skipif(not (SHARED / "facts/units_map.csv").exists(), reason="the fact sheets lie beside the project and are not here")
def test_every_denominator_of_the_fact_sheets_is_on_the_list_or_has_its_reason() -> None:
    with (SHARED / "facts/units_map.csv").open(encoding="utf-8") as file:
        per = {
            row["spelling"].partition("/")[2] for row in csv.DictReader(file) if "/" in row["spelling"] and "GWP" not in row["dimension"]
        }
    assert len(per) > 30
    for spelling in per - set(NO_DENOMINATOR):
        assert find_unit(spelling).token
    for spelling in NO_DENOMINATOR:
        with pytest.raises(UnknownUnit):
            find_unit(spelling)


def test_a_miss_costs_next_to_nothing() -> None:
    nearest("x" * 60, unit_table())
    start = time.thread_time()
    for _ in range(20):
        nearest("x" * 60, unit_table())
    assert (time.thread_time() - start) / 20 < 0.005


@pytest.mark.parametrize("unit", units(), ids=lambda unit: unit.token)
def test_every_unit_of_the_list_is_one_of_pints_and_measures_what_its_kin_measure(unit) -> None:  # type: ignore[no-untyped-def]
    kin = next(other for other in units() if other.dimension == unit.dimension)
    assert ratio(unit.token, kin.token) > 0
    assert registry().Unit(unit.pint_name).dimensionality == registry().Unit(kin.pint_name).dimensionality


PINTS = {  # what pint's own registry can say of a unit of the list, by hand and with its own names, per one of the token
    "mg": "milligram", "g": "gram", "kg": "kilogram", "t": "metric_ton", "Gg": "gigagram", "万t": "10000 * metric_ton", "Mt": "teragram",
    "亿t": "100000000 * metric_ton", "lb": "pound", "short_ton": "short_ton", "long_ton": "long_ton", "斤": "kilogram / 2", "市两": "50 * gram",
    "J": "joule", "kJ": "kilojoule", "MJ": "megajoule", "GJ": "gigajoule", "万GJ": "10000 * gigajoule", "TJ": "terajoule", "PJ": "petajoule",
    "kWh": "kilowatt_hour", "MWh": "megawatt_hour", "GWh": "gigawatt_hour", "TWh": "terawatt_hour", "万kWh": "10000 * kilowatt_hour",
    "亿kWh": "100000000 * kilowatt_hour", "cal_IT": "international_calorie", "kcal": "1000 * international_calorie",
    "万kcal": "10000000 * international_calorie", "Mcal": "1000000 * international_calorie", "Gcal": "1000000000 * international_calorie",
    "cal_th": "thermochemical_calorie", "kcal_th": "1000 * thermochemical_calorie", "cal_15": "fifteen_degree_calorie",
    "kcal_15": "1000 * fifteen_degree_calorie", "Btu": "international_british_thermal_unit",
    "mmBtu": "1000000 * international_british_thermal_unit", "therm_LHV": "100000 * international_british_thermal_unit",
    "kgoe": "tonne_of_oil_equivalent / 1000", "toe": "tonne_of_oil_equivalent", "万toe": "10000 * tonne_of_oil_equivalent",
    "Mtoe": "1000000 * tonne_of_oil_equivalent", "mL": "milliliter", "L": "liter", "kL": "kiloliter", "m3": "meter ** 3", "万L": "10000 * liter",
    "万m3": "10000 * meter ** 3", "亿m3": "100000000 * meter ** 3", "US_gal": "gallon", "imp_gal": "imperial_gallon", "bbl": "oil_barrel",
    "ft3": "foot ** 3", "m": "meter", "km": "kilometer", "万km": "10000 * kilometer", "mile": "mile", "nmi": "nautical_mile", "m2": "meter ** 2",
    "万m2": "10000 * meter ** 2", "km2": "kilometer ** 2", "ha": "hectare", "万ha": "10000 * hectare", "亩": "hectare / 15", "万亩": "10000 * hectare / 15",
    "ft2": "foot ** 2", "t-km": "metric_ton * kilometer", "万t-km": "10000 * metric_ton * kilometer", "亿t-km": "100000000 * metric_ton * kilometer",
    "short_ton-mile": "short_ton * mile", "t-nmi": "metric_ton * nautical_mile",
}  # fmt: skip
# pint has no such thing: coal equivalent, gross heat, gas by its state, persons, nights, money, elements in a compound, gases, pieces
NOT_PINTS = {
    "energy_hhv", "volume_gas_normal", "passenger_distance", "nitrogen", "bod", "cod", "carbon", "co2", "ch4", "n2o", "sf6", "nf3", "count", "animal",
    "day", "year", "person_time", "night", "working_time", "currency", "currency_usd", "hot_water",
}  # fmt: skip
COAL = {"kgce", "tce", "万tce", "亿tce"}


def test_every_ratio_that_pints_own_registry_can_express_is_the_same_to_the_last_digit() -> None:
    ureg: pint.UnitRegistry[Fraction] = pint.UnitRegistry(non_int_type=Fraction)
    theirs = {token: ureg.parse_expression(expression) for token, expression in PINTS.items()}
    theirs = {token: value if isinstance(value, ureg.Quantity) else 1 * value for token, value in theirs.items()}
    assert set(PINTS) | COAL == {unit.token for unit in units() if unit.dimension not in NOT_PINTS}
    compared = 0
    for a, b in itertools.permutations(PINTS, 2):
        if find_unit(a).dimension == find_unit(b).dimension:
            assert ratio(a, b) == Fraction(theirs[a].to_base_units().magnitude) / Fraction(theirs[b].to_base_units().magnitude), (a, b)
            compared += 1
    assert compared > 1_000


def test_gases_are_dimensions_of_their_own() -> None:
    ureg = registry()
    assert not ureg.Unit("CH4").is_compatible_with("CO2")
    assert not ureg.Unit("CH4_fossil").is_compatible_with("CH4_biogenic")
