"""The international packs: what was published comes out, nothing in doubt or under a share-alike licence is in, and nothing is lost in silence."""

import csv
import re
from datetime import date
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import pytest

from factors.activities import by_id
from factors.data import build_intl, build_words
from factors.data.facts import read, read_links, suspect
from factors.errors import FactorNotFound
from factors.factor import EmissionFactor
from factors.gwp import smallest_unit
from factors.library import load_library
from factors.pack import Pack, read_pack, shipped
from factors.resolution import Region, Resolution

NAMES = {"desnz", "epa-hub", "egrid", "useeio", "owid-grid", "cl-grid"}
LIBRARY = load_library()
PACKS = [pack for pack in LIBRARY.packs if pack.manifest.name in NAMES]
FACTORS = [factor for pack in PACKS for factor in pack.factors]
GOLDEN = [*csv.DictReader((Path(__file__).parents[1] / "golden" / "worked_intl.csv").read_text(encoding="utf-8").splitlines())]
GRAMS = {"g": Fraction(1), "kg": Fraction(1000), "t": Fraction(10**6), "lb": Fraction("453.59237")}
LICENCES = {
    "OGL v3.0", "US federal work (public domain); repo Apache-2.0", "US federal work (public domain); repo Apache-2.0; repo MIT",
    "MIT package; OWID/Ember CC BY 4.0", "none stated; official figures of the Ministry of the Environment of Chile, cited",
}  # fmt: skip


def resolve(activity: str, unit: str, *, region: str, day: str, factor: str | None = None, basis: str | None = None) -> Resolution:
    on = date.fromisoformat(day)
    place = Region(region, "grid" if region.startswith("US-EGRID-") else "country")
    return LIBRARY.resolve(activity, regions=(place,), start=on, end=on, unit=unit, factor=factor, basis=basis)


def printed_as(value: Fraction, published: str, places: int) -> bool:
    """Whether the value rounds to the published one: a tie either way, since 11.265 is printed as 11.27."""
    return abs(value - Fraction(published)) <= Fraction(1, 2 * 10**places)


def factor(id_: str) -> EmissionFactor:
    return LIBRARY.factor(id_)


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: f"{row['activity']}-{row['region']}-{row['day'][:4]}-{row['unit']}-{row['gas']}")
def test_the_published_number_comes_out(row: dict[str, str]) -> None:
    found = resolve(
        row["activity"], row["unit"], region=row["region"], day=row["day"], factor=row["factor"] or None, basis=row["basis"] or None
    )
    smallest = 1 if smallest_unit(row["gas"]) == "g" else 1000
    value = found.coefficients[row["gas"]] / smallest / GRAMS[row["mass"]]
    assert printed_as(value, row["published"], int(row["places"])) if row["places"] else value == Fraction(row["published"])


def test_every_worked_example_cites_a_document_and_a_place_in_it() -> None:
    assert all(row["source"] and row["locator"] for row in GOLDEN)


def test_heat_content_times_factor_per_heat_is_the_hubs_own_factor_per_gallon() -> None:
    """Tables 1 and 2 of the hub print the same fuels apart: heat content and factor of the one give the other, to its two places."""
    pairs = {
        "aviation_gasoline": "aviation_gasoline", "biodiesel_100": "biodiesel_100", "distillate_fuel_oil_no._2": "diesel_fuel",
        "ethanol_100": "ethanol_100", "kerosene_type_jet_fuel": "kerosene_type_jet_fuel", "motor_gasoline": "motor_gasoline",
        "liquefied_petroleum_gases_lpg": "liquefied_petroleum_gases_lpg", "residual_fuel_oil_no._6": "residual_fuel_oil",
    }  # fmt: skip
    for burnt, driven in pairs.items():
        still = {p.gas or p.name: Fraction(p.value) for p in factor(f"epa-hub/2024_e001#stationary.{burnt}").parameters}
        (mobile,) = factor(f"epa-hub/2024_e001#mobile.{driven}").parameters
        assert printed_as(still["CO2"] * still["hhv"], mobile.value, 2), burnt


def test_a_subregion_without_a_number_falls_to_the_nation_and_says_so() -> None:
    assert resolve("electricity.grid", "kWh", region="US-EGRID-CAMX", day="2024-06-30").steps[-1].note == "year-after-last"
    for pack in PACKS:
        if pack.manifest.name == "egrid":
            assert set(pack.manifest.fallback.values()) == {"US"}
            assert set(pack.manifest.fallback) == {f.region for f in pack.factors} - {"US"}
            assert len(pack.factors) == 28


def test_power_of_the_packs_says_which_power_it_means() -> None:
    bases = {pack.manifest.name: {f.basis for f in pack.factors if f.activities == ("electricity.grid",)} for pack in PACKS}
    assert bases == {
        "desnz": {"average"}, "egrid": {"average"}, "cl-grid": {"average"}, "owid-grid": {"life-cycle"}, "epa-hub": set(), "useeio": set()
    }  # fmt: skip


def test_a_life_cycle_grid_answers_only_who_asks_for_it() -> None:
    with pytest.raises(FactorNotFound):
        resolve("electricity.grid", "kWh", region="FR", day="2023-05-01")


def test_an_edition_of_desnz_serves_its_own_year_alone() -> None:
    for pack in PACKS:
        if pack.manifest.name == "desnz":
            assert {(f.used_from, f.used_to) for f in pack.factors} == {(int(pack.manifest.version),) * 2}
    with pytest.raises(FactorNotFound):
        resolve("travel.rail.national", "person-km", region="GB", day="2024-05-01")


def test_gross_and_net_heat_are_never_one_number() -> None:
    with pytest.raises(FactorNotFound, match="kWh does not fit a factor per kWh_HHV"):
        resolve("combustion.stationary.natural_gas", "kWh", region="GB", day="2025-05-01")


def test_who_names_no_cabin_is_asked() -> None:
    with pytest.raises(FactorNotFound, match="cabin=economy;rf=without"):
        resolve("travel.air.short_haul", "person-km", region="GB", day="2025-05-01")


def test_homework_without_a_part_is_the_total_and_the_total_is_its_parts() -> None:
    total, *parts = (
        resolve("commute.telework", "人时", region="GB", day="2025-05-01", factor=part).coefficients["CO2e.AR5.100"]
        for part in (None, "part=Heating", "part=Office Equipment")
    )
    assert total == sum(parts)


def test_biogenic_carbon_is_in_no_number_of_co2e() -> None:
    burnt = [f for f in FACTORS if f.activities[0].startswith("combustion.") and by_id()[f.activities[0]].biogenic]
    assert burnt
    assert not any(gas.startswith("CO2e") for f in burnt for gas in f.gases)


def test_no_gas_is_counted_beside_a_total_that_holds_it() -> None:
    for one in FACTORS:
        totals = [gas for gas in one.gases if gas.startswith("CO2e")]
        assert not totals or set(one.gases) == set(totals), one.id
        assert len(totals) <= 1, one.id


def test_every_row_says_whence_it_is_and_how_it_may_be_used() -> None:
    for one in FACTORS:
        assert one.licence in LICENCES, one.id
        assert one.source, one.id
        assert one.evidence == "transcribed", one.id
        assert one.name_zh, one.id
        assert one.name_en, one.id


def test_nothing_is_under_a_share_alike_licence_and_attribution_is_given_where_it_is_asked_for() -> None:
    for pack in PACKS:
        told = [pack.manifest.licence, pack.manifest.attribution, *(f.licence + f.source for f in pack.factors)]
        assert not any(build_intl.SHARE_ALIKE.search(text) or "tgwf" in text for text in told), pack.manifest.id
    sentence = {pack.manifest.name: pack.manifest.attribution for pack in PACKS}
    assert sentence["desnz"].startswith("Contains public sector information licensed under the Open Government Licence v3.0")
    assert "CC BY 4.0" in sentence["owid-grid"]


def test_the_share_alike_pattern_sees_what_it_is_for() -> None:
    for text in ("CC BY-SA 4.0 per package README", "ODbL 1.0", "share-alike"):
        assert build_intl.SHARE_ALIKE.search(text)
    assert not any(build_intl.SHARE_ALIKE.search(text) for text in LICENCES)


def test_the_doubtful_rows_of_the_hub_of_2024_are_not_shipped() -> None:
    """factors.md 4.16: 0.175 and 0.955 kg per vehicle-mile look like the hub of another year."""
    values = {p.value for f in FACTORS if f.id.startswith("epa-hub/2024") for p in f.parameters if p.unit == "kg/mile"}
    assert values == {"0.37675", "1.24699"}


def test_two_trucks_differ_by_more_than_a_letter() -> None:
    trucks = {f.id.partition("#")[2] for f in FACTORS if "heavy_duty" in f.id and f.id.startswith("epa-hub/2024")}
    assert trucks == {"freight.medium_and_heavy_duty_truck.vehicle-mile", "freight.medium_and_heavy_duty_truck.short_ton-mile"}


def test_a_chinese_name_says_the_activity_and_the_variant() -> None:
    assert factor("desnz/2025_e001#travel.air.short_haul.cabin=economy_rf=with").name_zh == "航空差旅·短程国际航班（经济舱，含辐射强迫）"
    assert factor("desnz/2025_e001#travel.hotel.FR").name_zh == "酒店住宿（法国）"
    assert factor("egrid/2023_e001#CAMX").name_zh == "外购电力（网电）·美国 eGRID 分区 CAMX"
    for one in FACTORS:
        said = one.name_zh.removeprefix(build_words.activity_zh()[one.activities[0]])
        assert not one.variant or said, one.id
        assert not re.search(r"[a-z]{4,}", said), f"{one.id}: {said} has no Chinese word"


def listed() -> list[dict[str, str]]:
    return read(Path(str(files("factors").joinpath("data", "gaps_intl.csv"))))


def test_every_gap_has_a_reason() -> None:
    assert listed()
    assert all(row["reason"] and row["file"] == "intl.csv" for row in listed())
    assert len({row["row_id"] for row in listed()}) == len(listed())


def rows_of(packs: list[Pack]) -> int:
    return sum(len(f.parameters) for pack in packs for f in pack.factors)


@pytest.mark.shared
def test_every_fact_is_shipped_or_listed(shared: Path) -> None:
    """Each number of the sheet stands in a pack under its source with its value, or in the list with a reason; the two add up."""
    facts = read(shared / "facts" / "intl.csv")
    gaps = {row["row_id"] for row in listed()}
    assert gaps <= {fact["id"] for fact in facts}
    assert rows_of(PACKS) + len(gaps) == len(facts)
    held = {(f.source, f"{float(p.value):.12g}") for f in FACTORS for p in f.parameters}
    lost = [fact["id"] for fact in facts if fact["id"] not in gaps and (fact["source"], f"{float(fact['value']):.12g}") not in held]
    assert not lost
    assert not [fact["id"] for fact in facts if fact["id"] not in gaps and (suspect(fact["id"]) or "SUSPECT" in fact["notes"])]


@pytest.mark.shared
def test_the_builder_makes_the_same_bytes_again(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from factors.data import facts as writing

    monkeypatch.setattr(writing, "HERE", tmp_path)
    monkeypatch.setattr(build_intl, "HERE", tmp_path)
    build_intl.international(shared / "facts", read_links(shared / "facts"))
    here = Path(str(files("factors").joinpath("data")))
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert len(made) == 2 * len(PACKS) + 1
    for path in made:
        assert (tmp_path / path).read_bytes() == (here / path).read_bytes(), path


def test_every_pack_reads_without_a_fault() -> None:
    assert {read_pack(folder).manifest.name for folder in shipped()} >= NAMES
