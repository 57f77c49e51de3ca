"""A pack of one's own is stored whole or refused with every fault named, and nothing is stored."""

import csv
import hashlib
import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from openpyxl import load_workbook

from carbon.own_pack import FAULTS_MAX, add_pack
from carbon.own_pack_sheet import FACTORS, MANIFEST, write_template
from factors.errors import PackInvalid
from factors.library import load_library
from factors.pack import COLUMNS
from factors.resolution import Region

SAID = {
    "name": "acme-supplier", "version": "2025", "edition": 1, "title_zh": "甲厂供应商因子", "title_en": "Supplier factors of Acme",
    "publisher": "甲厂", "licence": "contract", "published": "2025-06-30", "released": "2025-07-01", "rank": "supplier",
}  # fmt: skip
CEMENT = {
    "id": "cement", "activities": "material.cement", "region": "CN", "parameter": "ef", "gas": "CO2e.AR5.100", "value": "512.3", "unit": "kg/t",
    "year_from": "2024", "source": "甲厂 2024 年核查报告", "locator": "表 3", "licence": "contract", "evidence": "transcribed", "name_zh": "甲厂水泥",
    "name_en": "Acme cement",
}  # fmt: skip
POWER = CEMENT | {"id": "power", "activities": "electricity.grid", "basis": "contract", "gas": "CO2", "value": "0.02", "unit": "kg/kWh"}


def folder(where: Path, rows: list[dict[str, str]], said: dict[str, Any] | None = None, *, more: str = "") -> Path:
    made = where / "mine"
    made.mkdir(exist_ok=True)
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    made.joinpath("factors.csv").write_text(buffer.getvalue(), encoding="utf-8")
    lines = [f"{key} = {value!r}".replace("'", '"') for key, value in (SAID if said is None else said).items()]
    made.joinpath("pack.toml").write_text("\n".join(lines) + "\n" + more, encoding="utf-8")
    return made


def faults(where: Path, rows: list[dict[str, str]], said: dict[str, Any] | None = None, *, more: str = "") -> str:
    home = where / "home"
    with pytest.raises(PackInvalid) as caught:
        add_pack(folder(where, rows, said, more=more), home, load_library(home))
    assert not list(home.rglob("*.csv")), "nothing is stored"
    return str(caught.value)


def test_a_suppliers_number_is_stored_and_outranks_the_average(tmp_path: Path) -> None:
    home = tmp_path / "home"
    day = date(2025, 3, 1)
    before = load_library(home).resolve("material.cement", regions=(Region("CN", "country"),), start=day, end=day, unit="t")
    pack, new = add_pack(folder(tmp_path, [CEMENT]), home, load_library(home))
    assert (pack.manifest.id, new) == ("acme-supplier/2025_e001", True)
    after = load_library(home).resolve("material.cement", regions=(Region("CN", "country"),), start=day, end=day, unit="t")
    assert before.parts[0].factor.id.startswith("cn-materials/")
    assert after.parts[0].factor.id == "acme-supplier/2025_e001#cement"
    assert after.coefficients["CO2e.AR5.100"] == 512300
    assert any(one.reason == "outranked" for one in load_library(home).rejected(after))
    assert before.parts[0].factor.id == load_library().resolve(
        "material.cement", regions=(Region("CN", "country"),), start=day, end=day, unit="t"
    ).parts[0].factor.id, "another home does not see it"  # fmt: skip


def test_to_store_it_again_changes_nothing_and_other_rows_need_another_edition(tmp_path: Path) -> None:
    home = tmp_path / "home"
    add_pack(folder(tmp_path, [CEMENT]), home, load_library(home))
    assert add_pack(folder(tmp_path, [CEMENT]), home, load_library(home))[1] is False
    with pytest.raises(PackInvalid, match="never changed"):
        add_pack(folder(tmp_path, [CEMENT | {"value": "513"}]), home, load_library(home))
    _, new = add_pack(folder(tmp_path, [CEMENT | {"value": "513"}], SAID | {"edition": 2}), home, load_library(home))
    assert new
    day = date(2025, 3, 1)
    found = load_library(home).resolve("material.cement", regions=(Region("CN", "country"),), start=day, end=day, unit="t")
    assert found.parts[0].factor.id == "acme-supplier/2025_e002#cement"


def test_a_contracts_electricity_serves_the_market_method_only(tmp_path: Path) -> None:
    home = tmp_path / "home"
    add_pack(folder(tmp_path, [POWER]), home, load_library(home))
    day = date(2025, 3, 1)
    ask: dict[str, Any] = {"regions": (Region("CN", "country"),), "start": day, "end": day, "unit": "kWh"}
    library = load_library(home)
    assert library.resolve("electricity.grid", method="market", **ask).parts[0].factor.id.startswith("acme-supplier/")
    assert library.resolve("electricity.grid", method="location", **ask).parts[0].factor.id.startswith("cn-grid/")


def test_every_fault_of_a_hostile_pack_is_named_at_once(tmp_path: Path) -> None:
    coal = CEMENT | {"id": "coal", "activities": "combustion.stationary.bituminous", "set_id": "mine", "gas": "CO2"}
    rows = [
        CEMENT, CEMENT,  # one key twice
        CEMENT | {"id": "blank", "value": ""}, CEMENT | {"id": "nan", "value": "NaN"}, CEMENT | {"id": "run", "value": "=1+1"},
        CEMENT | {"id": "link", "source": '=HYPERLINK("http://x","y")'}, CEMENT | {"id": "who", "activities": "no.such"},
        CEMENT | {"id": "many", "activities": "经济舱"}, CEMENT | {"id": "unit", "unit": "kg/florin"}, CEMENT | {"id": "gas", "gas": "tear gas"},
        coal | {"parameter": "of", "value": "98", "unit": "1"}, coal | {"parameter": "of", "value": "-0.98", "unit": "1"},
        coal | {"parameter": "ncv", "value": "0.02", "unit": "GJ/t"}, CEMENT | {"id": "bound", "lower": "600", "upper": "700"},
        CEMENT | {"id": "half", "lower": "500"}, CEMENT | {"id": "years", "year_from": "2025", "year_to": "2024"},
        CEMENT | {"id": "where", "region": "../etc"}, POWER | {"id": "open", "basis": ""}, CEMENT | {"id": "sure", "evidence": "believe me"},
    ]  # fmt: skip
    told = faults(tmp_path, rows, SAID | {"sha256": "0" * 64, "rows": 3, "rule": "whim"}, more='[fallback]\nA = "B"\nB = "A"\n')
    for words in (
        "row 3: cement has ef", "row 4: value is empty: a blank is not zero", "row 5: 'NaN'", "row 6: value '=1+1' begins like a formula",
        "row 7: source '=HYPERLINK", "row 8: activity 'no.such' is not known", "row 9: '经济舱' may mean", "row 10: unit 'florin'",
        "row 11: gas 'tear gas'", "row 12: of of 98 1 lies outside 0.5–1: write 0.98 for 98 %", "row 13: of of -0.98", "row 14: ncv of 0.02",
        "row 15: 512.3 does not lie between", "row 16: lower and upper", "row 17: year_from 2025 lies after", "row 18: region '../etc'",
        "row 19: bought energy needs a basis", "row 20: evidence 'believe me'", "sha256", "19 rows, the manifest says 3", "rule 'whim'",
        "fallback leads in a circle",
    ):  # fmt: skip
        assert words in told, words


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"name": "cn-grid"}, "the name of a shipped pack"), ({"name": "../up"}, "cannot be a pack's name"), ({"edition": 0}, "edition 0"),
        ({"replaces": "cn-grid/2025-47_e001"}, "is not replaced"), ({"replaces": "acme/1_e001"}, "which is not stored"),
        ({"publisher": ""}, "publisher is empty"), ({"published": "yesterday"}, "published"), ({"colour": "red"}, "colour"),
        ({"edition": "one"}, "edition"), ({"rank": "best"}, "rank 'best'"),
    ],
)  # fmt: skip
def test_a_manifest_may_not_claim_what_is_not_its_own(tmp_path: Path, said: dict[str, Any], words: str) -> None:
    assert words in faults(tmp_path, [CEMENT], SAID | said)


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    made = folder(tmp_path, [CEMENT])
    for content, words in (
        (b",".join(b"c%d" % n for n in range(100_000)) + b"\n1\n", "100,000 columns that no pack has"), (b"\xff\xfe\x00", "not UTF-8"),
        (b"", "no row below"), (b"id,id,value\n1,2,3\n", "names a column twice"), (b"id,value\n1,2,3\n", "3 cells under 2 columns"),
        (b'id,value\n"1,2\n', "line"),
    ):  # fmt: skip
        made.joinpath("factors.csv").write_bytes(content)
        with pytest.raises(PackInvalid, match=words):
            add_pack(made, home, load_library(home))
    made.joinpath("factors.csv").unlink()
    with pytest.raises(PackInvalid, match=r"factors\.csv is missing"):
        add_pack(made, home, load_library(home))
    assert not home.exists()


def test_two_factors_of_one_key_are_told_apart_or_refused(tmp_path: Path) -> None:
    assert "answer the same question" in faults(tmp_path, [CEMENT, CEMENT | {"id": "cement-b"}])


def test_of_very_many_faults_the_first_are_told(tmp_path: Path) -> None:
    told = faults(tmp_path, [CEMENT | {"id": f"r{n}", "value": ""} for n in range(FAULTS_MAX + 50)])
    assert f"and {50:,} more" in told


def test_a_filled_template_is_read_in_its_own_words(tmp_path: Path) -> None:
    file, home = tmp_path / "mine.xlsx", tmp_path / "home"
    write_template(file)
    book = load_workbook(file)
    for place, name in enumerate(COLUMNS, start=1):
        book[FACTORS].cell(3, place).value = float(CEMENT["value"]) if name == "value" else CEMENT.get(name)
    for row in book[MANIFEST].iter_rows(min_row=1):
        row[1].value = SAID.get(str(row[0].value), row[1].value)
    book.save(file)
    pack, new = add_pack(file, home, load_library(home))
    assert (new, pack.manifest.rank, pack.factors[0].parameters[0].value) == (True, "supplier", "512.3")
    book[FACTORS]["F3"] = "=500+12.3"
    book.save(file)
    with pytest.raises(PackInvalid, match="cell F3 is a formula"):
        add_pack(file, home, load_library(home))


def test_another_workbook_is_no_pack(tmp_path: Path) -> None:
    file = tmp_path / "other.xlsx"
    book = xlsxwriter.Workbook(str(file))
    book.add_worksheet().write(0, 0, "hello")
    book.close()
    with pytest.raises(PackInvalid, match="fill in a template"):
        add_pack(file, tmp_path, load_library())
    with pytest.raises(PackInvalid, match="no folder"):
        add_pack(tmp_path / "absent.csv", tmp_path, load_library())


def test_a_stored_pack_that_somebody_changed_is_not_read(tmp_path: Path) -> None:
    home = tmp_path / "home"
    add_pack(folder(tmp_path, [CEMENT]), home, load_library(home))
    stored = home / "packs" / "acme-supplier" / "2025_e001"
    assert hashlib.sha256(stored.joinpath("factors.csv").read_bytes()).hexdigest() in stored.joinpath("pack.toml").read_text()
    stored.joinpath("factors.csv").write_bytes(stored.joinpath("factors.csv").read_bytes().replace(b"512.3", b"12.3"))
    stored.joinpath("pack.toml").touch()
    with pytest.raises(PackInvalid, match="sha256 pins"):
        load_library(home)
