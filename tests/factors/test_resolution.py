"""Three dates, bases, programmes, ranks: which of several factors answers, as known on which day, and what is told of the others."""

from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from factors.errors import FactorNotFound
from factors.faults import all_faults
from factors.library import FactorLibrary, load_library
from factors.pack import Manifest, Pack, assemble, manifest_faults
from factors.programme import programme, programmes
from factors.resolution import Region, Resolution

HANGZHOU = (Region("330106", "county"), Region("330100", "city"), Region("330000", "province"), Region("CN", "country"))
MID_2023 = date(2023, 7, 1)
ROW = {
    "id": "one", "activities": "electricity.grid", "region": "CN", "parameter": "ef", "gas": "CO2", "value": "0.5", "unit": "kg/kWh",
    "basis": "average", "set_id": "", "variant": "", "year_from": "2023", "year_to": "2023", "published": "", "used_from": "", "used_to": "",
    "source": "Document", "locator": "Table 1", "licence": "free", "evidence": "transcribed", "name_zh": "一", "name_en": "One", "notes": "",
}  # fmt: skip


def manifest(name: str, **more: Any) -> Manifest:
    said: dict[str, Any] = {
        "name": name, "version": "1", "edition": 1, "title_zh": "包", "title_en": "Pack", "publisher": "P", "licence": "free",
        "published": "2024-12-31", "released": "2024-12-31", "rows": 1, "sha256": "",
    }  # fmt: skip
    return Manifest(**said | more)


def pack(name: str, *rows: dict[str, str], **more: Any) -> Pack:
    whole = [ROW | row for row in rows]
    assert all_faults(whole) == []
    return assemble(manifest(name, **more), whole)


def resolve(library: FactorLibrary, activity: str = "electricity.grid", **more: Any) -> Resolution:
    asked: dict[str, Any] = {"regions": HANGZHOU, "start": MID_2023, "end": MID_2023, "unit": "kWh"}
    return library.resolve(activity, **asked | more)


def chosen(resolution: Resolution) -> str:
    return resolution.parts[0].factor.id.partition("#")[2]


def reasons(library: FactorLibrary, resolution: Resolution) -> dict[str, str]:
    return {one.factor.partition("#")[2]: one.reason for one in library.rejected(resolution)}


def test_what_came_out_later_is_not_known_yet_and_last_years_answer_stays_reproducible() -> None:
    shipped = load_library()
    before = resolve(shipped, known=date(2025, 12, 30))
    after = resolve(shipped, known=date(2025, 12, 31))
    assert before.factor_ids == "cn-grid/2024-33_e001#330000"
    assert (before.steps[-1].note, before.steps[-1].years) == ("year-after-last", 1)
    assert after.factor_ids == resolve(shipped).factor_ids == "cn-grid/2025-47_e001#330000"
    told = {one.factor: one.reason for one in shipped.rejected(before)}
    assert told["cn-grid/2025-47_e001#330000"] == "not-yet-published"
    with pytest.raises(FactorNotFound, match="after 2025-12-30"):
        resolve(shipped, factor="cn-grid/2025-47_e001#330000", known=date(2025, 12, 30))


def test_a_date_without_its_day_counts_from_its_last_day() -> None:
    one = pack("p", {"published": "2024-06"}).factors[0]
    assert one.published_on == date(2024, 6, 30)
    assert pack("p", {}, published="2024").factors[0].published_on == date(2024, 12, 31)
    assert pack("p", {}, published="").factors[0].published_on == date(2024, 12, 31), "undated: the end of the year after its data"


def test_a_later_edition_stands_in_the_place_of_the_earlier_from_its_release_on() -> None:
    first, second = pack("p", {}), pack("p", {"value": "0.6"}, edition=2, released="2025-05-01")
    library = FactorLibrary([first, second])
    assert resolve(library).factor_ids == "p/1_e002#one"
    assert resolve(library, known=date(2025, 4, 30)).factor_ids == "p/1_e001#one"
    assert [one.reason for one in library.rejected(resolve(library))] == ["superseded"]
    other = pack("q", {"value": "0.7"}, replaces="p/1_e002", released="2025-08-01", published="2025-08-01")
    assert resolve(FactorLibrary([first, second, other])).factor_ids == "q/1_e001#one"


def test_a_pack_by_years_of_use_answers_for_them_alone_and_then_the_last_before() -> None:
    rows = [
        {"id": "a", "used_from": "2016", "used_to": "2020", "year_from": "2015", "year_to": "2015"},
        {"id": "b", "used_from": "2021", "used_to": "2021"},
    ]
    library = FactorLibrary([pack("scheme", *rows, rule="use-year")])
    assert chosen(resolve(library, start=date(2018, 1, 1), end=date(2018, 1, 1))) == "a"
    with pytest.raises(FactorNotFound):
        resolve(library, start=date(2024, 1, 1), end=date(2024, 1, 1))
    open_ended = FactorLibrary([pack("scheme", {"id": "c", "used_from": "2016"}, rule="use-year")])
    assert chosen(resolve(open_ended, start=date(2024, 1, 1), end=date(2024, 1, 1))) == "c"


def test_a_constant_does_not_age() -> None:
    library = FactorLibrary([pack("p", {"year_from": "2006", "year_to": "2006", "region": "WORLD"}, rule="constant")])
    found = resolve(library, start=date(1995, 1, 1), end=date(1995, 1, 1))
    assert (chosen(found), found.steps[-1].years, found.parts[0].quality.time) == ("one", 0, 1)


def test_method_is_not_basis() -> None:
    average, residual, contract = {"id": "average"}, {"id": "residual", "basis": "residual"}, {"id": "contract", "basis": "contract"}
    both = FactorLibrary([pack("p", average, residual)])
    assert chosen(resolve(both)) == chosen(resolve(both, method="location")) == "average"
    assert chosen(resolve(both, method="market")) == "residual"
    assert chosen(resolve(FactorLibrary([pack("p", average, residual, contract)]), method="market")) == "contract"
    lone = resolve(FactorLibrary([pack("p", average)]), method="market")
    assert (chosen(lone), lone.steps[-1].note) == ("average", "no-residual-mix")


def test_market_never_takes_the_average_where_a_residual_mix_exists_though_of_another_year() -> None:
    library = FactorLibrary([pack("p", {"id": "average"}, {"id": "residual", "basis": "residual", "year_from": "2025", "year_to": "2025"})])
    with pytest.raises(FactorNotFound, match="2025"):
        resolve(library, method="market")


def test_margins_serve_projects_and_footprints_are_not_added_to_co2() -> None:
    shipped = load_library()
    margin = "cn-grid/baseline-2019_e001#CN-GRID-EC.baseline.OM.EC.2019"
    assert shipped.factor(margin).activities == ("electricity.displaced",)
    footprint = next(f.id for f in shipped.factors() if f.basis == "life-cycle" and "electricity.grid" in f.activities and f.region == "CN")
    for method in (None, "location", "market"):
        with pytest.raises(FactorNotFound, match="never added to CO2") as refused:
            resolve(shipped, factor=footprint, method=method)
        assert (refused.value.code, refused.value.column) == ("factor.basis", "factor")
    asked = resolve(shipped, factor=footprint, programme_name="footprint", start=date(2024, 5, 1), end=date(2024, 5, 1))
    assert all(gas.startswith("CO2e") for gas in asked.coefficients)


def test_which_geography_is_wanted_is_the_programmes_rule_and_not_the_ladders() -> None:
    shipped = load_library()
    assert resolve(shipped).parts[0].factor.region == "330000"
    national = resolve(shipped, programme_name="industry-guide")
    assert (national.parts[0].factor.region, national.query.rule.id) == ("CN", "industry-guide/2021")
    assert resolve(shipped, programme_name="regional").parts[0].factor.region == "330000"
    assert resolve(shipped, programme_name="ets", start=date(2019, 1, 1), end=date(2019, 1, 1)).coefficients == {"CO2": Fraction("610.1")}
    with pytest.raises(FactorNotFound, match="no rule of programme 'ets' holds for 2024") as refused:
        resolve(shipped, programme_name="ets", start=date(2024, 1, 1), end=date(2024, 1, 1))
    assert refused.value.column == "programme"


def test_every_rule_has_its_source_and_a_version_that_no_other_has() -> None:
    rules = programmes()
    assert {rule.name for rule in rules.values()} >= {"inventory", "industry-guide", "ets", "regional", "footprint", "project"}
    for rule in rules.values():
        assert rule.source
        assert programme(rule.id, 1900) is rule
        assert programme(rule.name, rule.from_year).name == rule.name


def test_a_suppliers_number_outranks_a_nearer_average() -> None:
    official = pack("official", {"id": "province", "region": "330000"})
    supplier = pack("mine", {"id": "supplier", "basis": ""}, rank="supplier")
    library = FactorLibrary([official, supplier])
    found = resolve(library)
    assert chosen(found) == "supplier"
    assert reasons(library, found) == {"province": "outranked"}
    assert chosen(resolve(FactorLibrary([official, pack("other", {"id": "guess"}, rank="secondary")]))) == "province"


def test_the_plain_row_is_taken_and_without_one_the_caller_is_asked() -> None:
    plain, first, second = {"id": "plain"}, {"id": "a", "variant": "size=small"}, {"id": "b", "variant": "size=large"}
    assert chosen(resolve(FactorLibrary([pack("p", plain, first, second)]))) == "plain"
    asking = FactorLibrary([pack("p", first, second)])
    with pytest.raises(FactorNotFound, match="size=small, size=large") as refused:
        resolve(asking)
    assert (refused.value.code, refused.value.column) == ("factor.several", "factor")
    assert chosen(resolve(asking, factor="size=large")) == "b"


def test_where_a_pack_says_that_another_place_stands_in_it_does() -> None:
    library = FactorLibrary([pack("p", {"region": "GB"}, fallback={"GB-SCT": "GB"})])
    found = resolve(library, regions=(Region("GB-SCT", "country"),))
    assert (chosen(found), found.steps[-1].region, found.steps[-1].places) == ("one", "GB", 1)


def test_a_fallback_in_a_circle_is_a_fault_and_the_search_ends_all_the_same() -> None:
    circle = {"A": "B", "B": "A"}
    assert any("circle" in fault for fault in manifest_faults(manifest("p", fallback=circle)))
    with pytest.raises(FactorNotFound):
        resolve(FactorLibrary([pack("p", {}, fallback=circle)]), regions=(Region("A", "country"),))


def test_the_marks_say_how_well_a_factor_fits() -> None:
    shipped = load_library()
    near = resolve(shipped).parts[0].quality
    assert (near.evidence, near.place, near.time, near.technology) == (1, 3, 1, 1)
    far = resolve(shipped, start=date(2030, 1, 1), end=date(2030, 1, 1)).parts[0].quality
    assert far.time == 3, "seven years after the data"
    assert far.score > near.score


@pytest.mark.parametrize("method", [None, "market"])
def test_every_other_factor_of_the_activity_has_its_reason(method: str | None) -> None:
    shipped = load_library()
    found = resolve(shipped, method=method)
    every = {factor.id for factor in shipped.factors() if "electricity.grid" in factor.activities}
    told = {one.factor for one in shipped.rejected(found)}
    assert told | {part.factor.id for part in found.parts} == every
    assert not told & {part.factor.id for part in found.parts}


def test_parameters_of_a_method_are_no_factor_and_the_refusal_names_them() -> None:
    rows: Iterable[dict[str, str]] = [
        {"id": "w", "activities": "wastewater.industrial", "parameter": "mcf", "gas": "", "value": "0.8", "unit": "1"}
    ]
    library = FactorLibrary([pack("p", *rows, rule="constant")])
    act = next(iter(library.factors())).activities[0]
    with pytest.raises(FactorNotFound, match=r"mcf 0\.8") as refused:
        resolve(library, act, unit="kg")
    assert refused.value.code == "factor.parameters"


def test_mass_volume_and_energy_meet_only_through_the_factors_own_numbers() -> None:
    fuel = {"activities": "combustion.stationary.diesel", "basis": ""}
    ef = fuel | {"parameter": "ef", "value": "74.1", "unit": "t/TJ"}
    rows = [
        ef,
        fuel | {"parameter": "ncv", "gas": "", "value": "43", "unit": "GJ/t"},
        fuel | {"parameter": "density", "gas": "", "value": "0.84", "unit": "kg/L"},
    ]
    library = FactorLibrary([pack("p", *rows)])
    by_litre = resolve(library, "combustion.stationary.diesel", unit="L").coefficients["CO2"]
    by_tonne = resolve(library, "combustion.stationary.diesel", unit="t").coefficients["CO2"]
    assert by_tonne == Fraction(43) / 1000 * Fraction("74.1") * 10**6
    assert by_litre == by_tonne * Fraction("0.84") / 1000
    bare = FactorLibrary([pack("p", ef)])
    with pytest.raises(FactorNotFound, match="does not fit"):
        resolve(bare, "combustion.stationary.diesel", unit="L")
