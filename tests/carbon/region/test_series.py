"""A statistical series: what is imported reads back, adds up to the gram, and refuses what never was a division."""

import csv
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from carbon.errors import FaultyFile
from carbon.region.divisions import divisions
from carbon.region.series import SeriesNotFound, find_series, import_series, series_cells, show_series, subtotals
from ledger.audit import verify
from ledger.book import Book
from ledger.errors import NotAllowed
from ledger.principal import LOCAL_ADMIN, LOCAL_READER

NOW = datetime(2026, 11, 25, tzinfo=UTC)
TREE = divisions()


def put(book: Book, path: Path, **more: object):  # type: ignore[no-untyped-def]
    arguments = {"source": "Chen et al. 2020", "unit": "Mt", "principal": LOCAL_ADMIN, "now": NOW, "tree": TREE} | more
    with book.writing() as session:
        return import_series(session, path, **arguments)  # type: ignore[arg-type]


def show(book: Book, code: str, year: int, **more: object) -> dict:  # type: ignore[type-arg]
    with book.reading() as session:
        return show_series(session, code, year=year, source="Chen et al. 2020", tree=TREE, **more)  # type: ignore[arg-type]


def written(tmp_path: Path, text: str, name: str = "series.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_every_city_and_province_is_the_sum_of_its_counties_and_its_unallocated_row_for_all_years(book: Book, shared: Path) -> None:
    path = shared / "data" / "china_county_co2_1997_2017.csv"
    receipt = put(book, path, unknown_to_parent=True)
    assert len(receipt.to_parent) == 7
    assert "320211（2）" in receipt.to_parent
    exact: dict[int, int] = dict.fromkeys(range(1997, 2018), 0)
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            for year in exact:
                if row[str(year)]:
                    exact[year] += int((Decimal(row[str(year)]) * 10**12).to_integral_value())
    with book.reading() as session:
        series = find_series(session, "Chen et al. 2020")
        every = series_cells(session, series)
    for year, total in exact.items():
        sums, own = subtotals(every.filter(pl.col("year") == year), TREE)
        below: dict[str, int] = {}
        for code, mass in sums.items():
            if code != "100000":
                parent = TREE.parent_when_last_valid(code)
                below[parent] = below.get(parent, 0) + mass
        assert sums["100000"] == total
        for code in below:
            assert sums[code] == below[code] + own.get(code, 0)
    for code in ("100000", "330000", "320500", "500000", "620200"):
        shown = show(book, code, 2017)
        assert int(shown["mass_g"]) == sum(int(child["mass_g"]) for child in shown["children"]) + int(shown["unallocated_g"])
    assert int(show(book, "320500", 2017)["unallocated_g"]) > 0
    assert verify(book) == []


def test_codes_that_never_were_divisions_are_refused_by_name_and_nothing_is_kept(book: Book, shared: Path) -> None:
    with pytest.raises(FaultyFile) as refusal:
        put(book, shared / "data" / "china_county_co2_1997_2017.csv")
    assert {fault.value for fault in refusal.value.faults} == {
        "620201", "460201", "410201", "230801", "320211（2）", "320506（2）", "321112（2）",
    }  # fmt: skip
    with pytest.raises(SeriesNotFound):
        show(book, "100000", 2017)


def test_the_same_source_again_is_a_new_edition_and_the_old_one_stays_readable(book: Book, tmp_path: Path) -> None:
    first = written(tmp_path, "division,year,mass\n330106,2017,1.5\n330100,2017,0.25\n")
    assert (put(book, first).edition, put(book, first).same_as) == (1, 1)
    third = put(book, written(tmp_path, "division,year,mass\n330106,2017,2\n"))
    assert (third.edition, third.same_as) == (3, None)
    assert show(book, "330000", 2017)["mass_g"] == str(2 * 10**12)
    assert show(book, "330100", 2017, edition=1) == {
        "division": "330100", "year": 2017, "source": "Chen et al. 2020", "mass_g": "1750000000000",
        "children": [{"division": "330106", "name": "西湖区", "mass_g": "1500000000000"}], "unallocated_g": "250000000000",
    }  # fmt: skip


def test_a_blank_is_no_value_and_a_tie_goes_to_the_even_gram(book: Book, tmp_path: Path) -> None:
    put(book, written(tmp_path, "adcode,name,2016,2017\n330106,西湖,,2.5e-12\n330102,上城,0,3.5e-12\n"))
    assert show(book, "330100", 2017)["mass_g"] == str(2 + 4)
    assert [child["division"] for child in show(book, "330100", 2016)["children"]] == ["330102"]


def test_units_that_a_province_runs_itself_are_its_children(book: Book, tmp_path: Path) -> None:
    put(book, written(tmp_path, "division,year,mass\n429004,2017,1\n110105,2017,1\n659001,2017,1\n"))
    assert [child["division"] for child in show(book, "420000", 2017)["children"]] == ["429004"]
    assert [child["division"] for child in show(book, "110000", 2017)["children"]] == ["110105"]
    assert [child["name"] for child in show(book, "650000", 2017)["children"]] == ["石河子市"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "file.empty"),
        ("division,year,mass\n", "file.empty"),
        ("division,year\n330106,2017\n", "column.missing"),
        ("division,year,mass\n330106,2017,NaN\n", "number.not-plain"),
        ("division,year,mass\n330106,2017,1e400\n", "number.not-plain"),
        ("division,year,mass\n330106,2017,１.5\n", "number.not-plain"),
        ("division,year,mass\n330106,17,1\n", "day.unreadable"),
        ("division,year,mass\n330106,2017\n", "row.fields"),
        ("division,year,mass\n330106,2017,1\n330106,2017,1\n", "line.twice"),
        ('division,year,mass\n"330106,2017,1\n', "file.truncated"),
        ("division,year,mass\n330106,2017,99999999\n", "number.too-large"),
    ],
)
def test_bad_input_gets_a_clear_answer_and_the_book_is_unchanged(book: Book, tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(FaultyFile) as refusal:
        put(book, written(tmp_path, text))
    assert refusal.value.faults[0].code == code
    with pytest.raises(SeriesNotFound):
        show(book, "100000", 2017)


def test_gbk_text_is_refused_with_what_to_do(book: Book, tmp_path: Path) -> None:
    path = tmp_path / "gbk.csv"
    path.write_bytes("division,year,mass,名称\n330106,2017,1,西湖区\n".encode("gbk"))
    with pytest.raises(FaultyFile, match="UTF-8"):
        put(book, path)


def test_a_gas_booked_in_milligrams_is_named_so_and_an_unknown_gas_is_refused(book: Book, tmp_path: Path) -> None:
    path = written(tmp_path, "division,year,mass\n330106,2017,1.5\n")
    put(book, path, gas="CH4", unit="kg")
    assert show(book, "330100", 2017)["mass_mg"] == "1500000"
    assert show(book, "330100", 2017)["children"] == [{"division": "330106", "name": "西湖区", "mass_mg": "1500000"}]
    with pytest.raises(FaultyFile) as refusal:
        put(book, path, gas="CO3")
    assert refusal.value.faults[0].code == "gas.unknown"


def test_strays_that_add_up_beyond_64_bits_are_refused(book: Book, tmp_path: Path) -> None:
    path = written(tmp_path, "division,year,mass\n3302x1,2017,9000000\n3302x2,2017,9000000\n")
    with pytest.raises(FaultyFile) as refusal:
        put(book, path, unknown_to_parent=True)
    assert [(fault.row, fault.code) for fault in refusal.value.faults] == [(3, "number.too-large")]


def test_whoever_only_reads_imports_nothing(book: Book, tmp_path: Path) -> None:
    with pytest.raises(NotAllowed):
        put(book, written(tmp_path, "division,year,mass\n330106,2017,1\n"), principal=LOCAL_READER)
