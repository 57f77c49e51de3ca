"""The dashboard: what statisticians say and what holders filed stand side by side, and every total closes."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from carbon.errors import DivisionNotFound
from carbon.region.dashboard import Dashboard, dashboard
from carbon.region.divisions import divisions
from carbon.region.series import import_series
from carbon.region.shipped import import_shipped
from factors.gwp import gwp_set
from ledger.book import Book
from ledger.principal import LOCAL_ADMIN, LOCAL_READER

NOW = datetime(2026, 11, 25, tzinfo=UTC)
TREE = divisions()


def board(book: Book, code: str, **more: object) -> Dashboard:
    with book.reading() as session:
        return dashboard(session, code, principal=LOCAL_READER, tree=TREE, prices=gwp_set("AR5.100"), **more)  # type: ignore[arg-type]


@pytest.fixture
def shipped(book: Book) -> Book:
    with book.writing() as session:
        import_shipped(session, principal=LOCAL_ADMIN, now=NOW, tree=TREE)
    return book


def test_the_nation_has_its_own_source_and_the_residual_is_shown_not_plugged(shipped: Book) -> None:
    page = board(shipped, "100000", year=2017)
    assert page.mass_source is not None
    assert page.mass_source.source.startswith("Global Carbon Budget")
    assert page.mass_g == 10_011_107 * 10**9
    assert page.source is not None
    assert page.source.source.startswith("sum of counties")
    assert sum(child.mass_g is not None for child in page.children) == 30
    assert page.children_g is not None
    assert page.residual_g == page.mass_g - page.children_g
    assert page.children[0].place.name_zh == "山东省"
    assert {child.place.name_en for child in page.children if child.mass_g is None} == {"Xizang", "Taiwan", "Hong Kong", "Macao"}


def test_a_year_without_a_value_is_none_and_the_nearest_year_is_named(shipped: Book) -> None:
    page = board(shipped, "330000", year=2023)
    assert page.mass_g is None
    assert [(row.place.code, row.year) for row in page.compare] == [("330000", 2017), ("100000", 2021)]


def test_importing_what_is_shipped_again_changes_nothing(shipped: Book) -> None:
    with shipped.writing() as session:
        assert {(receipt.edition, receipt.same_as) for receipt in import_shipped(session, principal=LOCAL_ADMIN, now=NOW, tree=TREE)} == {
            (1, 1)
        }


def test_children_and_unallocated_add_up_to_the_division(book: Book, tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("division,year,mass\n330106,2016,1.5\n330106,2017,2\n330100,2017,0.25\n330000,2017,0.125\n", encoding="utf-8")
    with book.writing() as session:
        import_series(session, path, source="S", unit="t", principal=LOCAL_ADMIN, now=NOW, tree=TREE)
    page = board(book, "330100", year=2017)
    assert page.mass_g == 2_250_000
    assert page.unallocated_g == 250_000
    assert page.mass_g == (page.children_g or 0) + (page.unallocated_g or 0)
    assert page.previous_g == 1_500_000
    assert page.curve == ((2016, 1_500_000), (2017, 2_250_000))
    assert [place.code for place in page.crumbs] == ["100000", "330000", "330100"]


def test_a_code_that_never_was_a_division_has_no_page(book: Book) -> None:
    with pytest.raises(DivisionNotFound):
        board(book, "999999")


def test_an_empty_book_has_pages_that_say_nothing(book: Book) -> None:
    page = board(book, "330522")
    assert (page.mass_g, page.years, page.filed, page.example) == (None, (), (), False)
