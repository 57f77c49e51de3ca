"""The pages read both engines as the reader that a deployment gives them."""

from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path

import pytest
from litestar.testing import TestClient

from api.app import create_app
from carbon.holder import add_holder, add_site
from carbon.record import record
from carbon.region.divisions import divisions
from carbon.region.shipped import import_shipped
from factors.library import load_library
from ledger.book import Book
from ledger.principal import LOCAL_ADMIN, LOCAL_READER

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)


@pytest.fixture
def filled(book: Book) -> Book:
    with book.writing() as session:
        import_shipped(session, principal=LOCAL_ADMIN, now=NOW, tree=divisions())
        firm = add_holder(session, LOCAL_ADMIN, name="示例", industry="C3011", example=True, now=NOW)
        add_site(session, LOCAL_ADMIN, holder=firm.id, code="s01", name="", division="330522", since=date(2020, 1, 1), tree=divisions())
    workbook = Path(str(files("carbon").joinpath("data", "example_2023.xlsx")))
    record(book, workbook, holder=firm.id, principal=LOCAL_ADMIN, now=NOW, today=NOW.date(), library=load_library(), tree=divisions())
    return book


def test_pages_and_resources_read_the_same_on_both_engines(filled: Book) -> None:
    with TestClient(create_app(filled, local=LOCAL_READER)) as reader:
        county = reader.get("/api/v1/regions/330522?year=2023").json()
        assert county["filed_g"]["physical"] == "32452009215"
        assert reader.get("/api/v1/regions/100000?year=2017").json()["mass_g"] == "10011107000000000"
        assert reader.get("/api/v1/entries/0").json()["co2e_g"] == "2088939968"
        for path in ("/zh/regions/330522?year=2023", "/en/entries?division=330522&year=2023&book=physical", "/zh/entries/0", "/en/accounts", "/zh/holders",
                     "/en/accounts/statement?account=atmosphere/330522/1A2&commodity=CO2", "/zh/regions/100000"):  # fmt: skip
            assert reader.get(path, headers={"accept": "text/html"}).status_code == 200, path
