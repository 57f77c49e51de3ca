"""Conversions: exact and saying by what, or refused and saying what is missing; never through a value of another set."""

import csv
import time
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factors.activities import activities, by_id, find_activity
from factors.convert import Conversion, NoQuestion, convert, fuel_factor, read_question, through, to_standard_coal
from factors.energy import KINDS, Kind, NoCoefficient, coefficients, standard_coal
from factors.errors import FactorError, FactorNotFound, NotANumber, UnitMismatch, UnknownUnit
from factors.factor import Parameter
from factors.library import load_library
from factors.units import Unit, find_unit, number, ratio, registry, units
from tests.conftest import SHARED

GOLDEN = [*csv.DictReader((Path(__file__).parents[1] / "golden" / "units.csv").read_text(encoding="utf-8").splitlines())]
ANSWERED = [row for row in GOLDEN if not row["answer"][0].isalpha()]
LIMIT_S = 0.05


def answer(row: dict[str, str]) -> Conversion:
    """What a row of the golden file asks for."""
    words = row["options"].split()
    options = dict(zip(words[::2], words[1::2], strict=True))
    value, source, target = read_question([row["value"], row["unit"], row["to"]])
    activity = options.get("--fuel", "electricity.grid")
    if "--as" in options:
        year = int(options["--year"]) if "--year" in options else None
        told, _ = to_standard_coal(
            value, source.token, target.token, activity=activity, kind=KINDS[options["--as"]], year=year,
            coefficient=options.get("--coefficient"),
        )  # fmt: skip
        return told
    factor = fuel_factor(load_library(), by_id()[activity], options.get("--set")) if "--fuel" in options else None
    return convert(value, source.token, target.token, factor=factor)


def test_the_golden_file_holds_sixty_four_conversions_and_refusals_too_each_with_its_source() -> None:
    assert len(ANSWERED) >= 64
    assert len(GOLDEN) - len(ANSWERED) >= 20
    assert [row for row in GOLDEN if not row["source"]] == []
    firsts = {(row["value"], row["unit"], row["to"]) for row in GOLDEN}
    assert firsts >= {("1", "tce", "GJ"), ("1", "万kWh", "GJ"), ("100", "short_ton", "kg"), ("1", "oil_barrel", "L")}


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: f"{row['value'][:20]} {row['unit']} {row['to']} {row['options']}")
def test_each_conversion_of_the_golden_file_is_exact_or_refused_with_its_code(row: dict[str, str]) -> None:
    if row["answer"][0].isalpha():
        with pytest.raises(FactorError) as refusal:
            answer(row)
        assert refusal.value.code == row["answer"]
        return
    told = answer(row)
    assert Fraction(told.exact) == Fraction(row["answer"])
    assert told.ends == ("/" not in row["answer"])
    if told.ends:
        assert told.result == row["answer"], "the decimal is written out, to the last digit"
    assert told.by


VALUES = st.decimals(-(10**14), 10**14, places=9, allow_nan=False).map(lambda value: f"{value:f}")
PAIRS = st.sampled_from(units()).flatmap(
    lambda unit: st.tuples(st.just(unit), st.sampled_from([other for other in units() if other.dimension == unit.dimension]))
)


@given(VALUES, PAIRS)
def test_a_conversion_is_the_value_times_the_ratio_and_a_shown_decimal_is_off_by_less_than_its_last_digit(
    value: str, pair: tuple[Unit, Unit]
) -> None:
    source, target = pair
    told = convert(value, source.token, target.token)
    exact = Fraction(number(value)) * ratio(source.token, target.token)
    assert Fraction(told.exact) == exact
    assert "e" not in told.result.lower()
    if told.ends:
        assert Fraction(told.result) == exact
    else:
        assert abs(Fraction(told.result) - exact) <= abs(exact) * Fraction(1, 2 * 10**14)


@pytest.mark.parametrize(
    "words",
    [["1", "万kWh", "GJ"], ["1万kWh", "GJ"], ["1", "万", "kWh", "GJ"], ["1 万kWh GJ"], ["1万", "kWh", "GJ"], ["1", "万千瓦时", "吉焦"]],
)
def test_the_words_of_a_question_may_be_joined_or_apart(words: list[str]) -> None:
    value, source, target = read_question(words)
    assert (value, source.token, target.token) == ("1", "万kWh", "GJ")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ([], NotANumber), (["1"], NoQuestion), (["1", "kg"], NoQuestion), (["kg", "t"], NotANumber), (["1", "kg", "t", "t"], UnknownUnit),
        (["1e4Nm3", "Nm3"], NotANumber), (["1", "kg", "foo"], UnknownUnit), (["1foo", "kg"], NotANumber), (["5０", "kg", "t"], NotANumber),
        (["1_0", "kg", "t"], NotANumber), (["1kWh2024", "GJ"], NotANumber), (["1", "000", "kg", "t"], UnknownUnit), (["1", *["kg"] * 30], UnknownUnit),
        (["1", "k" * 1_000_000, "t"], NotANumber), (["1", "kg;t", "t"], UnknownUnit), (["1", "=1+1", "t"], UnknownUnit), (["1", "9**9**9", "J"], UnknownUnit),
        (["1", "(" * 90, "J"], UnknownUnit), (["1", "kg**2", "g"], UnknownUnit), (["1", "\ud800", "kg"], UnknownUnit), (["1", "kg/0", "kg"], UnknownUnit),
        (["1", "__import__", "kg"], UnknownUnit), (["1", "meter", "km"], UnknownUnit), (["1", "delta_degC", "km"], UnknownUnit), (["9" * 10_000, "kg", "t"], NotANumber),
    ],
)  # fmt: skip
def test_hostile_words_are_refused_at_once(words: list[str], error: type[FactorError]) -> None:
    registry()
    with pytest.raises(UnknownUnit):
        find_unit("warm")  # the list of near names is made once
    start = time.thread_time()
    with pytest.raises(error) as refusal:
        read_question(words)
    assert time.thread_time() - start < LIMIT_S
    assert len(str(refusal.value)) < 500


@given(st.lists(st.text(max_size=12), max_size=6))
def test_any_words_are_a_question_of_the_list_or_refused(words: list[str]) -> None:
    try:
        value, source, target = read_question(words)
    except FactorError:
        return
    assert number(value) is not None
    assert {source.token, target.token} <= {unit.token for unit in units()}


def test_only_one_set_lends_its_values_and_the_answer_cites_it() -> None:
    library = load_library()
    diesel = find_activity("combustion.stationary.diesel")
    for name in ("ndrc2013_steel", "prov2025", "mee2024_sector"):
        factor = fuel_factor(library, diesel, name)
        assert factor.set_id == name
        told = convert("1", "t", "GJ", factor=factor)
        assert any(factor.cited in said and factor.id in said and "ncv" in said for said in told.by)
    with pytest.raises(FactorNotFound, match="prov2025"):
        fuel_factor(library, diesel, "no such set")
    with pytest.raises(FactorNotFound):
        fuel_factor(library, find_activity("electricity.grid"))


def test_volume_reaches_energy_through_density_and_calorific_value_of_one_factor_and_back() -> None:
    own = (
        Parameter(name="ncv", gas="CO2", value="42", unit="GJ/t"), Parameter(name="density", gas="", value="0.84", unit="kg/L"),
        Parameter(name="hhv", gas="", value="45", unit="GJ_HHV/t"), Parameter(name="cc", gas="CO2", value="20", unit="tC/TJ"),
    )  # fmt: skip
    there, used = through(find_unit("L"), find_unit("MJ"), own)
    assert there == Fraction("0.84") * 42
    assert [one.name for one in used] == ["density", "ncv"]
    back, _ = through(find_unit("MJ"), find_unit("L"), own)
    assert there * back == 1
    gross, used = through(find_unit("GJ"), find_unit("GJ_HHV"), own)
    assert (gross, [one.name for one in used]) == (Fraction(45, 42), ["ncv", "hhv"])
    with pytest.raises(UnitMismatch, match=r"42 GJ/t"):
        through(find_unit("L"), find_unit("km"), own)


def test_every_tce_figure_names_its_kind() -> None:
    for unit in ("kWh", "GJ", "kcal", "toe"):
        assert any("当量值" in said for said in convert("1", unit, "tce").by)
    assert not any("当量值" in said for said in convert("1", "tce", "kgce").by)
    for one in coefficients():
        if one.value:
            told, used = to_standard_coal(
                "1", one.unit.partition("/")[2], "tce", activity=one.activities[0], kind=one.kind, year=2023, coefficient=one.id
            )
            assert used == one
            assert all(part in told.by[0] for part in (one.kind.name_zh, one.value, one.unit, one.source))


def test_nothing_doubted_is_used_unasked() -> None:
    doubted = [one for one in coefficients() if one.doubt or one.evidence == "unverified"]
    assert {one.id for one in doubted} >= {"electricity_primary", "natural_gas", "natural_gas_gasfield", "coke_oven_gas"}
    for one in doubted:
        for year in (2015, 2020, 2024):
            with pytest.raises(NoCoefficient, match=one.id):
                standard_coal(Fraction(1), one.unit.partition("/")[2], one.activities[0], kind=one.kind, year=year)


def test_a_range_is_one_row_and_no_value() -> None:
    (gas,) = [one for one in coefficients() if one.id == "natural_gas"]
    assert (gas.value, gas.lower, gas.upper) == ("", "1.1000", "1.3300")
    with pytest.raises(NoCoefficient, match="range"):
        standard_coal(Fraction(1), "Nm3", gas.activities[0], kind=Kind.CALORIFIC, coefficient="natural_gas")


def test_the_year_picks_the_edition_and_none_is_borrowed_from_another() -> None:
    def water(year: int) -> str:
        return standard_coal(Fraction(1), "t", "water.supply", kind=Kind.EQUIVALENT, year=year).coefficient.id

    assert [water(year) for year in (2008, 2019, 2021, 2026)] == ["water_2008", "water_2008", "water_2020", "water_2020"]
    with pytest.raises(NoCoefficient, match="water_2008"):
        water(2007)
    with pytest.raises(NoCoefficient, match="--year"):
        standard_coal(Fraction(1), "t", "water.supply", kind=Kind.EQUIVALENT)


def test_every_coefficient_is_of_activities_and_units_that_are_there() -> None:
    known = {activity.id for activity in activities()}
    for one in coefficients():
        assert set(one.activities) <= known
        top, _, bottom = one.unit.partition("/")
        assert find_unit(top).token == "kgce"
        assert find_unit(bottom)
        assert all((one.source, one.locator, one.evidence))
        assert not one.lower or Fraction(one.lower) <= Fraction(one.value or one.upper) <= Fraction(one.upper)


@pytest.mark.skipif(not (SHARED / "facts/fuels_cn.csv").exists(), reason="the fact sheets lie beside the project and are not here")
def test_every_coefficient_of_the_fact_sheet_is_held_as_it_stands_there() -> None:
    with (SHARED / "facts/fuels_cn.csv").open(encoding="utf-8") as file:
        sheet = {row["id"].removeprefix("tce.cn."): row for row in csv.DictReader(file) if row["parameter"] == "tce"}
    ends = {sheet.pop("natural_gas_low")["value"], sheet.pop("natural_gas_oilfield")["value"]}
    held = {one.id: one for one in coefficients()}
    gas = held.pop("natural_gas")
    assert {Fraction(gas.lower), Fraction(gas.upper)} == {Fraction(end) for end in ends}
    assert set(held) == set(sheet)
    for id_, one in held.items():
        row = sheet[id_]
        assert (one.value, one.source, one.locator, one.evidence) == (row["value"], row["source"], row["source_locator"], row["evidence"])
        assert one.unit.replace("Nm3", "m3") == row["unit"]
