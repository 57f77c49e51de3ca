"""What holders filed, seen from their county, city, province and nation: one total, and every part of it accounted for."""

from collections.abc import Callable
from datetime import UTC, date, datetime

from carbon.holder import add_holder, add_site, move_site
from carbon.region.dashboard import Dashboard, dashboard
from carbon.region.divisions import divisions
from factors.gwp import gwp_set
from ledger.book import Book
from ledger.principal import LOCAL_ADMIN, LOCAL_READER
from tests.carbon.conftest import Firm

TREE = divisions()
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def board(book: Book, code: str, year: int = 2023, gwp: str = "AR5.100") -> Dashboard:
    with book.reading() as session:
        return dashboard(session, code, principal=LOCAL_READER, tree=TREE, prices=gwp_set(gwp), year=year)


def test_every_level_shows_the_same_total_and_the_county_its_site(firm: Firm) -> None:
    firm.file("electricity.grid,100,kWh,2023-07,s01,M1", "combustion.stationary.natural_gas,1000,Nm3,2023-07,s01,M2")
    pages = {code: board(firm.book, code) for code in ("330522", "330500", "330000", "100000")}
    assert pages["330522"].filed_g["location"] == 49_740
    for page in pages.values():
        assert page.filed_g == pages["330522"].filed_g
        assert [(row.book, row.scope, row.category, row.co2e_g, row.count) for row in page.filed] == [
            (row.book, row.scope, row.category, row.co2e_g, row.count) for row in pages["330522"].filed
        ]
        assert sum(row.co2e_g for row in page.filed if row.book == "physical") == page.filed_g["physical"]
        assert page.example
    assert [child.place.code for child in pages["330000"].children if child.filed_g] == ["330500"]
    assert [(row.site, row.co2e_g) for row in pages["330522"].holders] == [("s01", pages["330522"].filed_g)]
    assert board(firm.book, "330521").filed == ()
    assert not board(firm.book, "330521").example
    assert board(firm.book, "330522", year=2022).filed == ()


def test_what_is_filed_on_a_city_is_its_unallocated_part(make_firm: Callable[..., Firm]) -> None:
    firm = make_firm(sites={"s01": "330522", "hq": "330500"})
    firm.file(*("process.carbonate.limestone,100,t,2023-07," + site + ",M2" for site in ("s01", "hq")))
    page = board(firm.book, "330500")
    assert 2 * (page.filed_unallocated_g or 0) == page.filed_g["physical"]
    assert [child.filed_g for child in page.children if child.filed_g] == [page.filed_unallocated_g]
    assert {row.site: row.division for row in page.holders} == {"s01": "330522", "hq": "330500"}


def test_a_site_that_moved_counts_in_each_county_for_its_time_there(make_firm: Callable[..., Firm]) -> None:
    firm = make_firm()
    with firm.book.writing() as session:
        move_site(session, LOCAL_ADMIN, holder=firm.id, code="s01", division="330106", since=date(2023, 7, 1), tree=TREE)
    firm.file("process.carbonate.limestone,100,t,2023-06,s01,M2", "process.carbonate.limestone,300,t,2023-07,s01,M2")
    before, after = board(firm.book, "330522"), board(firm.book, "330106")
    assert after.filed_g["physical"] == 3 * before.filed_g["physical"]
    assert [row.co2e_g for row in before.holders] == [before.filed_g]
    assert [row.co2e_g for row in after.holders] == [after.filed_g]


def test_a_page_is_new_after_every_posting(firm: Firm) -> None:
    firm.file("electricity.grid,100,kWh,2023-07,s01,M1")
    assert board(firm.book, "330000").filed_g == {"location": 49_740}
    firm.file("electricity.grid,200,kWh,2023-08,s01,M1", name="more.csv")
    assert board(firm.book, "330000").filed_g == {"location": 3 * 49_740}


def test_no_site_is_left_out_however_many_holders_there_are(firm: Firm) -> None:
    with firm.book.writing() as session:
        for number in range(120):
            holder = add_holder(session, LOCAL_ADMIN, name=f"示例{number}", example=True, now=NOW)
            add_site(session, LOCAL_ADMIN, holder=holder.id, code="a", name="a", division="330106", since=date(2020, 1, 1), tree=TREE)
    firm.file("electricity.grid,100,kWh,2023-07,s01,M1")
    assert [row.holder for row in board(firm.book, "330522").holders] == [firm.id]
    assert board(firm.book, "330106").holders == ()
    assert board(firm.book, "330106").example
