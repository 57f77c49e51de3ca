"""The number gate and the units: exact or refused, and never by way of a parser."""

import itertools
import time
from decimal import Decimal
from fractions import Fraction

import pint
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factors.errors import NotANumber, UnitMismatch, UnknownUnit
from factors.units import find_unit, number, ratio, registry, series_number, units

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
    ("source", "target"), [("t", "kWh"), ("Nm3", "m3"), ("L", "t"), ("kWh", "km"), ("person-km", "km"), ("t-km", "km"), ("kgN", "kg")]
)
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
        ("度", "kWh"),
        ("千瓦时", "kWh"),
        ("吨", "t"),
        ("万度", "万kWh"),
        ("百万千焦", "GJ"),
        ("标方", "Nm3"),
        ("吨标准煤", "tce"),
        ("公里", "km"),
        ("m³", "m3"),
    ],
)
def test_what_people_write_is_known(spelling: str, token: str) -> None:
    assert find_unit(spelling).token == token


@pytest.mark.parametrize("unit", units(), ids=lambda unit: unit.token)
def test_every_unit_of_the_list_is_one_of_pints_and_measures_what_its_kin_measure(unit) -> None:  # type: ignore[no-untyped-def]
    kin = next(other for other in units() if other.dimension == unit.dimension)
    assert ratio(unit.token, kin.token) > 0
    assert registry().Unit(unit.pint_name).dimensionality == registry().Unit(kin.pint_name).dimensionality


PINTS = {  # what pint's own registry can say of a unit of the list, by hand and with its own names, per one of the token
    "g": "gram", "kg": "kilogram", "t": "metric_ton", "万t": "10000 * metric_ton", "lb": "pound", "short_ton": "short_ton", "long_ton": "long_ton",
    "斤": "kilogram / 2", "kJ": "kilojoule", "MJ": "megajoule", "GJ": "gigajoule", "TJ": "terajoule", "kWh": "kilowatt_hour", "MWh": "megawatt_hour",
    "GWh": "gigawatt_hour", "万kWh": "10000 * kilowatt_hour", "亿kWh": "100000000 * kilowatt_hour", "kcal": "1000 * international_calorie",
    "Gcal": "1000000000 * international_calorie", "mmBtu": "1000000 * international_british_thermal_unit", "L": "liter", "m3": "meter ** 3",
    "万L": "10000 * liter", "US_gal": "gallon", "imp_gal": "imperial_gallon", "bbl": "oil_barrel", "km": "kilometer", "mile": "mile",
    "m2": "meter ** 2", "ha": "hectare", "亩": "hectare / 15", "t-km": "metric_ton * kilometer", "万t-km": "10000 * metric_ton * kilometer",
    "short_ton-mile": "short_ton * mile",
}  # fmt: skip
# pint has no such thing: coal equivalent, gas by its state, persons, nights, money, elements in a compound, pieces
NOT_PINTS = {
    "kgce", "tce", "万tce", "Nm3", "万Nm3", "亿Nm3", "m3(20C)", "m3(15C)", "scf", "person-km", "passenger-mile", "kgN", "tN", "kgBOD", "tBOD", "kgCOD",
    "tCOD", "件", "头", "日", "人年", "room-night", "人时", "人日", "元", "万元", "USD2021", "t(热水)",
}  # fmt: skip


def test_every_ratio_that_pints_own_registry_can_express_is_the_same_to_the_last_digit() -> None:
    ureg = pint.UnitRegistry(non_int_type=Fraction)
    theirs = {token: ureg.parse_expression(expression) for token, expression in PINTS.items()}
    theirs = {token: value if isinstance(value, ureg.Quantity) else 1 * value for token, value in theirs.items()}
    assert set(PINTS) | NOT_PINTS == {unit.token for unit in units()}
    compared = 0
    for a, b in itertools.permutations(PINTS, 2):
        if find_unit(a).dimension == find_unit(b).dimension:
            assert ratio(a, b) == Fraction(theirs[a].to_base_units().magnitude) / Fraction(theirs[b].to_base_units().magnitude), (a, b)
            compared += 1
    assert compared > 200


def test_gases_are_dimensions_of_their_own() -> None:
    ureg = registry()
    assert not ureg.Unit("CH4").is_compatible_with("CO2")
    assert not ureg.Unit("CH4_fossil").is_compatible_with("CH4_biogenic")
