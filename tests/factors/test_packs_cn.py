"""China's and IPCC's packs: each row of the fact sheets is shipped as it stands or listed with its reason, and nothing in doubt is in."""

import fnmatch
import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import pytest

from factors import energy
from factors.data import build_cn, build_intl, build_packs
from factors.data import facts as sheets
from factors.data.facts import Row, read, read_links
from factors.errors import FactorNotFound
from factors.factor import Parameter, coefficients
from factors.library import load_library
from factors.pack import shipped
from factors.resolution import Region, Resolution

SHEETS = {"grid_cn": 294, "fuels_cn": 325, "process_cn": 162, "materials_freight_cn": 85, "ipcc_2006": 380, "ipcc_ippu_waste": 345}
NAMES = {"cn-grid", "cn-fuels", "cn-heat", "cn-process", "cn-materials", "ipcc-2006", "ipcc-fuels", "ipcc-industry"}
LICENCES = {"official document of the People's Republic of China: figures cited", "IPCC copyright on text and tables; single facts cited"}
LIBRARY = load_library()
PACKS = [pack for pack in LIBRARY.packs if pack.manifest.name in NAMES]
FOLDERS = {f"{folder.parent.name}/{folder.name}": folder for folder in map(Path, map(str, shipped())) if folder.parent.name in NAMES}
ROWS = [row for folder in FOLDERS.values() for row in read(folder / "factors.csv")]
DATA = Path(str(files("factors").joinpath("data")))
GAPS = read(DATA / "gaps.csv")
CHINA = (Region("CN", "country"),)

# a unit of the sheets → the pack's, gas left out; every other unit is kept as it is
UNITS = {
    "1/yr": "1/a", "fraction": "1", "m3/m3": "1", "GJ/1e4Nm3": "GJ/万Nm3", "kgC/GJ": "tC/TJ", "tCO2/t clinker": "t/t", "tN2O/t HNO3": "t/t",
    "kgCF4/tAl": "kg/t", "kgC2F6/tAl": "kg/t", "kgCF4/t": "kg/t", "kgC2F6/t": "kg/t",
}  # fmt: skip
PARAMETERS_OF_A_METHOD = {"kgCF4/tAl per (AE-min/cell-day)", "kgCH4/kgBOD", "kgCH4/kgCOD", "tC/TJ", "tC/tAl"}
MADE_HERE = "carbon content × 44/12, so all carbon counts as oxidised"
"""Of the IPCC set the oxidation of 1: no row of the sheet, but what its Table 1.4 says."""


def key(row: Row, value: str) -> tuple[str, ...]:
    """A number with all that tells it apart: where it stands, what it is called, where and from when it holds, how it was read."""
    locator = row["source_locator"] if "source_locator" in row else row["locator"]
    told = (row[name] for name in ("name_zh", "name_en", "region", "year_from", "evidence"))
    return (row["source"], locator, f"{float(value):.12g}", *told)


def fact_key(fact: Row) -> tuple[str, ...]:
    return key(fact, str(Decimal(fact["value"]) / 100) if fact["unit"] == "percent" else fact["value"])


def listed(sheet: str) -> dict[str, str]:
    return {gap["row"]: gap["reason"] for gap in GAPS if gap["file"] == f"{sheet}.csv"}


def facts_of(shared: Path) -> Iterable[tuple[str, Row]]:
    return ((sheet, fact) for sheet in SHEETS for fact in read(shared / "facts" / f"{sheet}.csv"))


def resolve(activity: str, unit: str, *, day: str = "2024-06-30", factor: str | None = None) -> Resolution:
    on = date.fromisoformat(day)
    return LIBRARY.resolve(activity, regions=CHINA, start=on, end=on, unit=unit, factor=factor)


@pytest.mark.shared
def test_every_fact_is_shipped_as_it_stands_or_listed_with_a_reason(shared: Path) -> None:
    held = Counter(key(row, row["value"]) for row in ROWS)
    seen: Counter[str] = Counter()
    lost, both = [], []
    for sheet, fact in facts_of(shared):
        seen[sheet] += 1
        if fact["id"] in listed(sheet):
            both += [fact["id"]] if fact_key(fact) in held else []
        elif fact_key(fact) not in held:
            lost.append(fact["id"])
    assert (lost, both) == ([], [])
    assert seen == SHEETS


@pytest.mark.shared
def test_no_pack_holds_a_number_that_no_sheet_has(shared: Path) -> None:
    facts = {fact_key(fact) for _, fact in facts_of(shared)}
    strangers = [row for row in ROWS if key(row, row["value"]) not in facts]
    assert {(row["parameter"], row["value"]) for row in strangers} == {("of", "1")}
    assert all(MADE_HERE in row["source"] and row["set_id"] == "ipcc2006" for row in strangers)


@pytest.mark.shared
def test_the_unit_and_the_gas_of_a_shipped_number_are_those_of_its_fact(shared: Path) -> None:
    facts = {fact_key(fact): fact for _, fact in facts_of(shared)}
    for row in ROWS:
        fact = facts.get(key(row, row["value"]))
        if fact is None:
            continue
        plain = re.sub(r"^(mg|kg|g|t)(CO2e|CO2|CH4|N2O|SF6)(?=/)", r"\1", fact["unit"])
        if fact["unit"] not in PARAMETERS_OF_A_METHOD and fact["unit"] not in {"percent", "kg/kg"}:
            assert row["unit"] == UNITS.get(fact["unit"], plain), row["id"]
        if fact["unit"] in {"percent", "kg/kg"}:
            assert row["unit"] == ("kg/kg" if row["parameter"] == "ef" else "1"), row["id"]
        gas = {"CO2e": "CO2e.unstated.100"}.get(fact["gas"], fact["gas"])
        if row["parameter"] == "ef":
            assert row["gas"] == gas, row["id"]
        else:
            assert row["gas"] == ("CO2" if row["parameter"] in {"ncv", "cc", "of"} else ""), row["id"]


@pytest.mark.shared
def test_every_gap_names_a_row_of_its_sheet_once_and_why(shared: Path) -> None:
    ids = {sheet: {fact["id"] for fact in read(shared / "facts" / f"{sheet}.csv")} for sheet in SHEETS}
    assert all(set(listed(sheet)) <= ids[sheet] for sheet in SHEETS)
    assert len({(gap["file"], gap["row"]) for gap in GAPS}) == len(GAPS)
    assert all(gap["reason"] and "yet" not in gap["reason"] for gap in GAPS if gap["file"].removesuffix(".csv") in SHEETS)


@pytest.mark.shared
def test_a_coefficient_of_standard_coal_stands_in_the_table_of_standard_coal(shared: Path) -> None:
    held = {one.id: one for one in energy.coefficients()}
    left = {fact["id"].removeprefix("tce.cn."): fact for fact in read(shared / "facts" / "fuels_cn.csv") if fact["parameter"] == "tce"}
    assert {f"tce.cn.{name}" for name in left} == {row for row, reason in listed("fuels_cn").items() if "data/energy.csv" in reason}
    assert set(left) - set(held) == {"natural_gas_low", "natural_gas_oilfield"}  # two ends of one range, which is one row there
    for name in set(left) & set(held):
        if held[name].value:
            assert Fraction(held[name].value) == Fraction(left[name]["value"]), name
            assert (held[name].source, held[name].evidence) == (left[name]["source"], left[name]["evidence"]), name
    assert all(held[name].doubt for name in ("natural_gas", "electricity_primary", "coke_oven_gas"))


# suspects.csv itself lets these be shipped: with a warning, or as the one label or edition of several
ALLOWED = {
    "fuel.cn.{ndrc2013_steel,mee2024_sector}.lng.cc": "keep, warn", "proc.carbonate.*": "Ship one", "ipcc.*.coke": "Ship one",
    "msw_wood": "Ship one",
}  # fmt: skip


def globs(ids: str) -> list[str]:
    """The patterns of a cell of suspects.csv: lists, alternatives, and braces written out."""
    found = []
    for text in re.split(r", |; | / | and ", ids):
        parts = [part.split(",") for part in re.split(r"{([^}]*)}", text)[1::2]]
        plain = re.split(r"{[^}]*}", text)
        found += ["".join(itertools.chain(*itertools.zip_longest(plain, chosen, fillvalue=""))) for chosen in itertools.product(*parts)]
    return found


@pytest.mark.shared
def test_nothing_of_the_list_of_suspects_is_shipped_but_what_it_lets_through(shared: Path) -> None:
    allowed = [one for pattern in ALLOWED for one in globs(pattern)]
    checked = 0
    for suspect in read(shared / "facts" / "suspects.csv"):
        sheet = suspect["file"].removesuffix(".csv")
        if sheet not in SHEETS:
            continue
        patterns = [one if "." in one else f"*.{one}*" for one in globs(suspect["ids"]) if one not in allowed]
        assert all(ALLOWED[one] in suspect["why"] for one in ALLOWED if one in suspect["ids"]), suspect["ids"]
        doubtful = {
            fact["id"] for fact in read(shared / "facts" / suspect["file"]) if any(fnmatch.fnmatchcase(fact["id"], p) for p in patterns)
        }
        assert doubtful or not patterns, suspect["ids"]
        assert doubtful <= set(listed(sheet)), suspect["ids"]
        checked += len(doubtful)
    assert checked == 76


def test_a_number_kept_in_spite_of_a_doubt_carries_the_warning() -> None:
    for set_id in ("ndrc2013_steel", "mee2024_sector"):
        assert "LPG value" in LIBRARY.factor(f"cn-fuels/{set_id}_e001#lng").notes


def test_a_row_named_twice_is_shipped_once_so_that_nobody_has_to_choose() -> None:
    assert resolve("combustion.stationary.wood", "t").factor_ids == "ipcc-fuels/2006_e001#msw_wood"
    assert resolve("combustion.stationary.coke", "t", factor="ipcc2006").factor_ids == "ipcc-fuels/2006_e001#coke"


def test_what_only_the_doubtful_rows_would_answer_is_not_answered() -> None:
    with pytest.raises(FactorNotFound, match=r"no pack holds a factor for process\.carbon_black"):
        resolve("process.carbon_black", "t")


def test_the_share_of_a_gas_that_escapes_is_mass_per_mass_and_taken_by_name_alone() -> None:
    """省级温室气体清单编制指南（试行）, ch. 2: never read in the document itself, so nobody gets it unasked."""
    escapes = {"semi_cf4": "43.56", "semi_chf3": "20.95", "semi_c2f6": "3.76", "semi_sf6": "19.51", "sf6_equip": "8.6"}
    for name, percent in escapes.items():
        factor = LIBRARY.factor(f"cn-process/2025-01_e001#prov2011.{name}")
        (activity,), (gas,) = factor.activities, factor.gases
        with pytest.raises(FactorNotFound):
            resolve(activity, "kg")
        assert resolve(activity, "kg", factor=factor.id).coefficients == {gas: Fraction(percent) * 10**4}


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_every_shipped_pack_is_what_its_checksum_pins(folder: str) -> None:
    manifest = next(pack.manifest for pack in PACKS if pack.manifest.id == folder)
    raw = (FOLDERS[folder] / "factors.csv").read_bytes()
    assert hashlib.sha256(raw).hexdigest() == manifest.sha256
    assert len(read(FOLDERS[folder] / "factors.csv")) == manifest.rows


def test_every_row_cites_a_document_and_none_is_under_a_share_alike_licence() -> None:
    assert {pack.manifest.licence for pack in PACKS} == LICENCES
    assert all(row["source"] and row["licence"] in LICENCES for row in ROWS)
    assert not [row["id"] for row in ROWS if build_intl.SHARE_ALIKE.search(row["licence"] + row["source"])]


@pytest.mark.shared
def test_the_builder_makes_every_byte_again(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (sheets, build_cn, build_intl, build_packs):
        monkeypatch.setattr(module, "HERE", tmp_path)
    build_packs.main(shared / "facts")
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert len([path for path in made if path.name == "pack.toml"]) == len(LIBRARY.packs)
    assert {path.name for path in made if len(path.parts) == 1} == {"activities.csv", "gaps.csv", "gaps_intl.csv", "grids.csv", "gwp.csv"}
    for path in made:
        assert (tmp_path / path).read_bytes() == (DATA / path).read_bytes(), path


def in_doubt(shared: Path, row_id: str) -> tuple[Parameter, ...]:
    """The parameters of a fuel that no pack holds, from its rows of the sheet as the builder makes those that are shipped."""
    links = read_links(shared / "facts")
    rows = [fact for fact in read(shared / "facts" / "fuels_cn.csv") if fact["id"].rpartition(".")[0] == row_id.removesuffix(".ef")]
    made = [build_cn.fuel_row(fact, fact["parameter"], links) for fact in rows]
    return tuple(Parameter(name=row["parameter"], gas=row["gas"], value=row["value"], unit=row["unit"]) for row in made)


DOUBTED = {f"fuel.cn.prov2011_gbt2589_2008.{fuel}.ef" for fuel in ("lignite", "cleaned", "middlings", "coal_slurry", "petroleum_coke")}
WITHOUT_INPUTS = "fuel.cn.prov2011_gbt2589_2008.blast_furnace_gas"


@pytest.mark.shared
def test_every_derived_product_of_the_sheet_follows_from_its_set(shared: Path) -> None:
    """Net calorific value × carbon content × oxidation × 44/12: 83 resolved from packs, 5 from rows in doubt, 1 of which there are none."""
    ways: Counter[str] = Counter()
    for row in read(shared / "facts" / "fuels_cn_derived_check.csv"):
        assert row["id"].split(".")[2] == row["set_id"]
        unit = {"tCO2/t": "t", "tCO2/1e4Nm3": "万Nm3"}[row["unit"]]
        if row["id"] == f"{WITHOUT_INPUTS}.ef":
            assert not [fact for fact in read(shared / "facts" / "fuels_cn.csv") if fact["id"].startswith(WITHOUT_INPUTS)]
            ways["none"] += 1
            continue
        if row["id"] in DOUBTED:
            made = coefficients(in_doubt(shared, row["id"]), unit=unit, measured={})[0]
            ways["facts"] += 1
        else:
            factor = LIBRARY.factor(f"cn-fuels/{row['set_id']}_e001#{row['id'].split('.')[3]}")
            made = resolve(factor.activities[0], unit, day=f"{factor.year_to or 2025}-06-30", factor=factor.id).coefficients
            ways["packs"] += 1
        assert abs(made["CO2"] / 10**6 - Fraction(row["derived_value"])) <= Fraction(5, 10**7), row["id"]
    assert ways == {"packs": 83, "facts": 5, "none": 1}
