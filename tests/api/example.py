"""A book to look at: the shipped series, a county series of four invented masses, and the example firm's recorded year."""

from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path

from carbon.holder import add_holder, add_site
from carbon.record import record
from carbon.region.divisions import divisions
from carbon.region.series import import_series
from carbon.region.shipped import import_shipped
from factors.library import load_library
from ledger.book import Book, open_book
from ledger.principal import LOCAL_ADMIN
from migrations import upgrade

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
COUNTIES = "counties, example"
SERIES = "division,year,mass\n330502,2016,7.2\n330502,2017,7.3\n330522,2016,5.9\n330522,2017,5.785\n330500,2017,0.001\n330106,2017,3.1\n"


def example_book(home: Path) -> Book:
    """The book in `home`, made once."""
    url = f"sqlite:///{home}/book.db"
    upgrade(url, home=home)
    book = open_book(url, home=home)
    tree = divisions()
    file = home / "counties.csv"
    file.write_text(SERIES, encoding="utf-8")
    with book.writing() as session:
        import_shipped(session, principal=LOCAL_ADMIN, now=NOW, tree=tree)
        import_series(session, file, source=COUNTIES, unit="Mt", principal=LOCAL_ADMIN, now=NOW, tree=tree)
        firm = add_holder(session, LOCAL_ADMIN, name="示例建材有限公司", industry="C3011", example=True, now=NOW)
        add_holder(session, LOCAL_ADMIN, name="=HYPERLINK(1)", now=NOW)
        add_site(session, LOCAL_ADMIN, holder=firm.id, code="s01", name="=1+1", division="330522", since=date(2020, 1, 1), tree=tree)
    workbook = Path(str(files("carbon").joinpath("data", "example_2023.xlsx")))
    record(book, workbook, holder=firm.id, principal=LOCAL_ADMIN, now=NOW, today=NOW.date(), library=load_library(), tree=tree)
    return book
