"""The search for a factor: exactly one answer with its steps, or the reason why there is none."""

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from factors.activities import activities, find_activity
from factors.errors import AmbiguousAlias, FactorNotFound, PackInvalid, UnknownActivity
from factors.library import DEFAULT_SETS, FactorLibrary, load_library
from factors.pack import read_pack, shipped
from factors.resolution import Region, Resolution

LIBRARY = load_library()
HANGZHOU = (Region("330106", "county"), Region("330100", "city"), Region("330000", "province"), Region("CN", "country"))
LHASA = (Region("540102", "county"), Region("540100", "city"), Region("540000", "province"), Region("CN", "country"))
MID_2023 = date(2023, 7, 1)


def resolve(activity: str, unit: str, **more: object) -> Resolution:
    arguments = {"regions": HANGZHOU, "start": MID_2023, "end": MID_2023, "unit": unit} | more
    return LIBRARY.resolve(activity, **arguments)  # type: ignore[arg-type]


def test_power_in_hangzhou_in_2023_takes_zhejiangs_published_factor() -> None:
    found = resolve("electricity.grid", "kWh")
    assert found.factor_ids == "cn-grid/2025-47_e001#330000"
    assert found.coefficients == {"CO2": Fraction("497.4")}
    assert "公告2025年第47号 表3" in found.cited
    assert found.skipped == 2
    assert [(step.region, step.outcome, step.data_year) for step in found.steps] == [("330000", "used", 2023)]
    assert found.not_estimated == ("CH4", "N2O")


def test_a_day_after_the_last_data_year_takes_it_and_says_so() -> None:
    found = resolve("electricity.grid", "kWh", start=date(2026, 1, 1), end=date(2026, 1, 31))
    assert found.factor_ids == "cn-grid/2025-47_e001#330000"
    assert found.steps[-1].note == "year-after-last"


def test_a_period_over_two_years_is_split_by_days_and_says_so() -> None:
    found = resolve("electricity.grid", "kWh", start=date(2022, 12, 22), end=date(2023, 1, 31))
    assert [(part.factor.id, part.days) for part in found.parts] == [
        ("cn-grid/2024-33_e001#330000", 10), ("cn-grid/2025-47_e001#330000", 31),
    ]  # fmt: skip
    assert found.coefficients["CO2"] == Fraction(10, 41) * Fraction("515.3") + Fraction(31, 41) * Fraction("497.4")
    assert found.steps[-1].note == "period-split-by-days"


def test_a_province_without_a_factor_falls_to_the_nation_and_says_so() -> None:
    found = resolve("electricity.grid", "kWh", regions=LHASA)
    assert found.factor_ids == "cn-grid/2025-47_e001#CN"
    assert (found.skipped, found.steps[-1].region) == (3, "CN")


def test_a_year_before_the_provinces_first_goes_on_to_the_regional_grid() -> None:
    found = resolve("electricity.grid", "kWh", start=date(2015, 3, 1), end=date(2015, 3, 31))
    assert found.factor_ids == "cn-grid/average-2012_e001#CN-GRID-EC"
    assert [(step.region, step.outcome) for step in found.steps] == [("330000", "none"), ("CN-GRID-EC", "used")]


def test_chongqing_and_sichuan_changed_grids_in_2021() -> None:
    chongqing = (Region("500101", "county"), Region("500000", "province"), Region("CN", "country"))
    assert Region("CN-GRID-CC", "grid") in LIBRARY.chain(chongqing, 2012)
    assert Region("CN-GRID-SW", "grid") in LIBRARY.chain(chongqing, 2021)


def test_before_the_first_year_that_was_read_the_answer_explains_itself_and_names_the_doubtful() -> None:
    reason = r"the first that was read in a document is of 2012.*unverified ones exist for 2010 \(cn-grid/average-2010_e001#330000\)"
    with pytest.raises(FactorNotFound, match=reason):
        resolve("electricity.grid", "kWh", start=date(2010, 3, 1), end=date(2010, 3, 31))
    allowed = resolve("electricity.grid", "kWh", start=date(2010, 3, 1), end=date(2010, 3, 31), allow_unverified=True)
    assert allowed.factor_ids == "cn-grid/average-2010_e001#330000"
    assert allowed.steps[-1].note == "unverified"
    chosen = resolve("electricity.grid", "kWh", start=date(2010, 3, 1), end=date(2010, 3, 31), factor="cn-grid/average-2010_e001#330000")
    assert chosen.steps[-1].note == "chosen unverified"


@pytest.mark.parametrize("code", ["710000", "810000", "820000"])
def test_the_mainlands_factors_do_not_hold_for_taiwan_hong_kong_and_macao(code: str) -> None:
    with pytest.raises(FactorNotFound, match="do not hold"):
        resolve("electricity.grid", "kWh", regions=(Region(code, "province"), Region("CN", "country")))


def test_a_place_with_another_basis_or_an_older_years_factor_is_told_so() -> None:
    with pytest.raises(FactorNotFound, match=r"FR has life-cycle ones: ask for that basis"):
        resolve("electricity.grid", "kWh", regions=(Region("FR", "country"),))
    day = date(2026, 5, 1)
    with pytest.raises(FactorNotFound, match=r"used for 2025 at most"):
        resolve("travel.air.short_haul", "person-km", regions=(Region("GB", "country"),), start=day, end=day)


def test_what_an_activity_shares_holds_wherever_it_has_no_factor_of_its_own() -> None:
    """Bought steam has rows of the United States alone; in China the heat's hold, which it shares."""
    day = date(2025, 5, 1)
    home, abroad = (Region("330000", "province"), Region("CN", "country")), (Region("US", "country"),)
    assert resolve("heat.steam", "GJ", regions=home).factor_ids == resolve("heat.purchased", "GJ", regions=home).factor_ids
    assert resolve("heat.steam", "GJ", regions=abroad, start=day, end=day).factor_ids.startswith("epa-hub/")


@pytest.mark.parametrize("code", ["710000", "810000", "820000"])
def test_taiwan_hong_kong_and_macao_have_their_own_footprint_and_the_worlds_fuels(code: str) -> None:
    chain = (Region(code, "province"), Region("CN", "country"))
    assert resolve("electricity.grid", "kWh", regions=chain, basis="life-cycle").factor_ids == f"owid-grid/2023_e001#{code}"
    assert resolve("combustion.stationary.bituminous", "t", regions=chain).factor_ids.startswith("ipcc-fuels/")


def test_the_market_method_takes_the_residual_and_never_the_average() -> None:
    assert resolve("electricity.grid", "kWh", method="market").factor_ids == "cn-grid/2025-47_e001#CN.avg_excl_mkt_nonfossil.2023"


def test_a_fuel_takes_all_three_numbers_of_one_set() -> None:
    found = resolve("combustion.stationary.bituminous", "t", category="1A2")
    assert found.factor_ids == f"cn-fuels/{DEFAULT_SETS[0]}_e001#bituminous_coal"
    assert found.coefficients["CO2"] == Fraction("19.57") * Fraction("26.18") * Fraction("0.93") * Fraction(44, 12) * 1000
    assert {parameter.factor for parameter in found.parameters if parameter.gas == "CO2"} == {found.factor_ids}


def test_the_sector_decides_methane_and_nitrous_oxide_and_nobody_guesses_it() -> None:
    undecided = resolve("combustion.stationary.bituminous", "t")
    assert undecided.not_estimated == ("CH4", "N2O")
    assert "1A2" in undecided.steps[-1].note
    factory = resolve("combustion.stationary.bituminous", "t", category="1A2")
    assert factory.coefficients["CH4.fossil"] == Fraction("19.57") * 10 * 1000
    assert factory.coefficients["N2O"] == Fraction("19.57") * Fraction("1.5") * 1000
    assert resolve("combustion.stationary.bituminous", "t", category="1A1").coefficients["CH4.fossil"] == Fraction("19.57") * 1000


def test_metered_gas_at_twenty_degrees_is_less_than_normal_gas() -> None:
    metered, normal = (resolve("combustion.stationary.natural_gas", unit).coefficients["CO2"] for unit in ("m3(20C)", "Nm3"))
    assert metered == normal * Fraction(27315, 29315)


def test_litres_need_a_density_that_the_caller_gives() -> None:
    with pytest.raises(FactorNotFound, match="density") as refusal:
        resolve("combustion.mobile.road.diesel", "L")
    assert refusal.value.column == "unit"
    litre = resolve("combustion.mobile.road.diesel", "L", measured={"density": ("0.84", "kg/L")})
    tonne = resolve("combustion.mobile.road.diesel", "t")
    assert litre.coefficients["CO2"] * 1000 == tonne.coefficients["CO2"] * Fraction("0.84")
    assert any(parameter.name == "density" and parameter.tier == "measured" for parameter in litre.parameters)


def test_a_measured_value_replaces_a_default_and_says_so() -> None:
    found = resolve("combustion.stationary.bituminous", "t", measured={"ncv": ("20000", "kJ/kg"), "oxidation": ("98", "%")})
    assert found.coefficients["CO2"] == 20 * Fraction("26.18") * Fraction("0.98") * Fraction(44, 12) * 1000
    assert {parameter.name: parameter.tier for parameter in found.parameters if parameter.gas == "CO2"} == {
        "ncv": "measured", "cc": "default", "of": "measured",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "unit"),
    [
        ("oxidation", "98", "1"),
        ("ncv", "20000", "GJ/t"),
        ("carbon_content", "0.02618", "tC/TJ"),
        ("density", "840", "kg/L"),
        ("ncv", "20", "TJ/t"),
    ],
)
def test_a_measured_value_of_another_unit_is_noticed(name: str, value: str, unit: str) -> None:
    with pytest.raises(FactorNotFound) as refusal:
        resolve("combustion.stationary.diesel", "L", measured={"density": ("0.84", "kg/L"), name: (value, unit)})
    assert refusal.value.column == name


def test_a_fuel_that_the_default_set_lacks_names_the_sets_that_have_it() -> None:
    with pytest.raises(FactorNotFound, match="prov2011_gbt2589_2008"):
        resolve("combustion.stationary.lubricant", "t")
    assert resolve("combustion.stationary.lubricant", "t", factor="prov2011_gbt2589_2008").coefficients["CO2"] > 0


def test_a_country_without_a_factor_of_that_year_is_told_the_first() -> None:
    with pytest.raises(FactorNotFound, match="the first that was read in a document is of 2025"):
        resolve("electricity.grid", "kWh", regions=(Region("GB", "country"),))


def test_where_several_factors_fit_the_choice_is_asked_for() -> None:
    with pytest.raises(FactorNotFound, match="type=portland"):
        resolve("process.cement.clinker", "t", start=date(2024, 7, 1), end=date(2024, 7, 1))
    assert resolve("process.cement.clinker", "t", start=date(2024, 7, 1), end=date(2024, 7, 1), factor="type=portland").coefficients == {
        "CO2": 535_000
    }


def test_names_are_found_and_a_name_of_several_activities_is_never_guessed() -> None:
    assert find_activity("外购电力").id == "electricity.grid"
    assert find_activity("Grid electricity purchased").id == "electricity.grid"
    with pytest.raises(AmbiguousAlias) as refusal:
        find_activity("制冷剂")
    assert len(refusal.value.candidates) == 20
    with pytest.raises(UnknownActivity, match="electricity"):
        find_activity("electricty.grid")


def test_no_activity_accepts_a_unit_off_the_list() -> None:
    assert len(activities()) == 426 + 6, "those of the sheet, and those that only items of accounting guides need"
    assert [activity.id for activity in activities() if not activity.units] == []


def test_a_pack_that_was_touched_is_refused(tmp_path: Path) -> None:
    folder = next(folder for folder in shipped() if "2025-47" in folder.name)
    for name in ("pack.toml", "factors.csv"):
        (tmp_path / name).write_bytes(folder.joinpath(name).read_bytes())
    assert read_pack(tmp_path).manifest.rows == 40
    text = (tmp_path / "factors.csv").read_text(encoding="utf-8")
    (tmp_path / "factors.csv").write_text(text.replace("0.4974", "0.4975"), encoding="utf-8")
    with pytest.raises(PackInvalid, match="sha256"):
        read_pack(tmp_path)


def test_every_shipped_row_says_where_it_stands() -> None:
    for factor in LIBRARY.factors():
        assert factor.source
        assert factor.licence
    assert isinstance(LIBRARY, FactorLibrary)
    assert not [factor.id for factor in LIBRARY.factors() if ".2020" in factor.id and "prov" in factor.id]
