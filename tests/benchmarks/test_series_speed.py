"""2,735 counties in 21 years: importing them, showing a division, and the dashboards that stand on them (`make bench`)."""

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from carbon.region.dashboard import dashboard
from carbon.region.divisions import divisions
from carbon.region.series import import_series, show_series
from carbon.region.shipped import import_shipped
from factors.gwp import gwp_set
from ledger.book import Book
from ledger.principal import LOCAL_ADMIN, LOCAL_READER
from tests.benchmarks.test_record_speed import counties, text
from tests.carbon.conftest import Firm, firm, make_firm  # noqa: F401 — the fixtures

NOW = datetime(2026, 11, 25, tzinfo=UTC)
TREE = divisions()
YEARS = range(1997, 2018)


@pytest.fixture
def series(tmp_path: Path) -> Path:
    """A file as large as the published one, with masses of as many digits."""
    dice = random.Random(7)
    codes = [code for code in TREE.lineage()["code"] if (row := TREE.ever(code)) and row.level == "county" and row.valid_to is None][:2_735]
    rows = [",".join(["adcode", *map(str, YEARS)])]
    rows += [",".join([code, *(f"{dice.random() * 10:.14f}" for _ in YEARS)]) for code in codes]
    path = tmp_path / "counties.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def put(book: Book, path: Path) -> int:
    with book.writing() as session:
        return import_series(session, path, source="S", unit="Mt", principal=LOCAL_ADMIN, now=NOW, tree=TREE).cells


def test_importing_2735_counties_in_21_years(benchmark: BenchmarkFixture, book: Book, series: Path) -> None:
    assert benchmark.pedantic(put, args=(book, series), rounds=3) == 2_735 * 21


def test_showing_the_nation_in_a_year(benchmark: BenchmarkFixture, book: Book, series: Path) -> None:
    put(book, series)

    def show() -> int:
        with book.reading() as session:
            return len(show_series(session, "100000", year=2017, source="S", tree=TREE)["children"])

    assert benchmark(show) >= 30


@pytest.mark.parametrize("code", ["100000", "330000", "330100", "330522"])
@pytest.mark.parametrize("filed", [0, 100_000])
def test_a_dashboard_of_a_warm_book(
    benchmark: BenchmarkFixture, firm: Firm, series: Path, code: str, filed: int  # noqa: F811
) -> None:  # fmt: skip
    put(firm.book, series)
    with firm.book.writing() as session:
        import_shipped(session, principal=LOCAL_ADMIN, now=NOW, tree=TREE)
    if filed:
        firm.bytes(text(filed, counties()), name="large.csv")

    def show() -> int:
        with firm.book.reading() as session:
            page = dashboard(session, code, principal=LOCAL_READER, tree=TREE, prices=gwp_set("AR5.100"), year=2017 if not filed else 2023)
            return len(page.filed)

    show()
    assert (benchmark(show) > 0) == (filed > 0)
