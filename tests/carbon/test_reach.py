"""Each sees what is theirs and nothing else: holders, sites, lines, entries, accounts, sums, and never a trace of the rest in a total."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from sqlmodel import Session

from carbon.audit import verify
from carbon.errors import DivisionNotFound, HolderNotFound
from carbon.evidence import explain_entry, lines
from carbon.holder import find_holder, holders, sites
from carbon.reach import seen_accounts
from carbon.region.closure import pairs
from carbon.region.dashboard import Dashboard, dashboard
from carbon.region.divisions import divisions
from carbon.region.filings import filed_cells, has_examples
from factors.gwp import gwp_set
from ledger.balances import balances, cells, statement
from ledger.book import Book
from ledger.errors import AccountNotFound, EntryNotFound
from ledger.principal import LOCAL_READER, Principal, Role
from tests.conftest import maker, owner_engine
from tests.world import OTHER_CITY, OTHER_COUNTY, OWN_CITY, OWN_COUNTY, PROVINCE, SISTER_COUNTY, World, area, build

NOTHING = Principal("n", Role.READER, holders=frozenset(), divisions=frozenset())


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world for all tests that change nothing, on each engine in turn."""
    folder = tmp_path_factory.mktemp("world")
    with maker(request, folder, request.param) as make:
        yield build(make(), folder)


def who(world: World, name: str) -> Principal:
    return area(name) if name.isdigit() else world.firm(name) if name in world.holders else NOTHING


SEEN = {
    # the visitor: holders, sites, sites whose lines are seen (moved: by its line of March or of September), sites whose accounts are
    "own": ({"own"}, {"s01"}, {"s01": 4}, {"s01"}),
    "other": ({"other"}, {"x01"}, {"x01": 4}, {"x01"}),
    "both": ({"both"}, {"near", "far", "moved"}, {"near": 4, "far": 4, "moved": 4}, {"near", "far", "moved"}),
    OWN_COUNTY: ({"own", "both"}, {"s01", "near", "moved"}, {"s01": 4, "near": 4, "moved": 2}, {"s01", "near"}),
    OTHER_COUNTY: ({"other", "both"}, {"x01", "far", "moved"}, {"x01": 4, "far": 4, "moved": 2}, {"x01", "far"}),
    OWN_CITY: ({"own", "both"}, {"s01", "near", "moved"}, {"s01": 4, "near": 4, "moved": 2}, {"s01", "near"}),
    PROVINCE: (
        {"own", "other", "both"},
        {"s01", "x01", "near", "far", "moved"},
        {"s01": 4, "x01": 4, "near": 4, "far": 4, "moved": 4},
        {"s01", "x01", "near", "far", "moved"},
    ),
    SISTER_COUNTY: (set(), set(), {}, set()),
    "nobody": (set(), set(), {}, set()),
}


@pytest.mark.parametrize("visitor", SEEN)
def test_lists_hold_what_is_theirs_and_no_foreign_row(world: World, visitor: str) -> None:
    mine, own_sites, own_lines, own_accounts = SEEN[visitor]
    principal = who(world, visitor)
    with world.book.reading(principal) as session:
        assert {one.id for one in holders(session, principal)} == {world.holders[name] for name in mine}
        assert {one.code for one in sites(session, principal)} == own_sites
        found = [line.site for line in lines(session, principal, limit=100)]
        assert {site: found.count(site) for site in found} == own_lines
        assert {name.split("/")[2] for name in names(session, principal) if name.startswith("holder/")} == own_accounts
        air = {name.split("/")[1] for name in names(session, principal) if name.startswith("atmosphere/")}
        assert air == ({OWN_COUNTY, OTHER_COUNTY} & set(divisions().below(visitor)) if visitor.isdigit() else set())
        assert not [name for name in names(session, principal) if name.split("/")[0] not in {"holder", "atmosphere"}]


def names(session: Session, principal: Principal) -> list[str]:
    """The accounts that balances tell of."""
    found: list[str] = []
    for root in ("holder/", "atmosphere/", "pool/"):
        with suppress(AccountNotFound):
            found += balances(session, accounts=root, among=seen_accounts(principal))["account"].to_list()
    return found


@pytest.mark.parametrize("visitor", SEEN)
def test_a_foreign_object_is_told_like_one_that_does_not_exist(world: World, visitor: str) -> None:
    mine, _, own_lines, own_accounts = SEEN[visitor]
    principal = who(world, visitor)
    with world.book.reading(principal) as session:
        for name, holder in world.holders.items():
            if name not in mine:
                with pytest.raises(HolderNotFound):
                    find_holder(session, principal, holder)
        theirs = {line.entry_id for line in lines(session, principal, limit=100)}
        assert len(theirs) == sum(own_lines.values())
        for number in (number for numbers in world.entries.values() for number in numbers):
            if number in theirs:
                assert explain_entry(session, principal, number).line is not None
            else:
                with pytest.raises(EntryNotFound) as refused:
                    explain_entry(session, principal, number)
                assert str(refused.value) == str(EntryNotFound(number))
    with world.book.reading() as session:
        every = balances(session, accounts="holder/")
    with world.book.reading(principal) as session:
        for name, commodity in every.select("account", "commodity").iter_rows():
            if name.split("/")[2] not in own_accounts:
                with pytest.raises(AccountNotFound):
                    statement(session, name, commodity, among=seen_accounts(principal))
                with pytest.raises(AccountNotFound):
                    balances(session, accounts=name, among=seen_accounts(principal))


def seen(world: World, principal: Principal, code: str) -> Dashboard:
    with world.book.reading(principal) as session:
        return dashboard(session, code, principal=principal, tree=divisions(), prices=gwp_set("AR5.100"), year=2023)


def filed(shown: Dashboard) -> int:
    return shown.filed_g.get("physical", 0)


@pytest.mark.parametrize("visitor", SEEN)
def test_no_sum_holds_a_foreign_gram(world: World, visitor: str) -> None:
    principal = who(world, visitor)
    with world.book.reading(principal) as session:
        booked = {line.entry_id for line in lines(session, principal, limit=100)}
        whole = filed_cells(session, principal, divisions(), "100000")
    with world.book.reading() as session:
        legs = [
            (leg.commodity, leg.amount)
            for entry in booked
            for leg in explain_entry(session, LOCAL_READER, entry or 0).entry.legs
            if leg.account.startswith("holder/")
        ]
    sums = dict(whole.group_by("commodity").agg(pl.col("amount").sum()).iter_rows())
    assert sums == {gas: sum(amount for one, amount in legs if one == gas) for gas in {gas for gas, _ in legs}}
    nation = seen(world, principal, "100000")
    assert sum(child.filed_g or 0 for child in nation.children) == filed(nation)
    assert nation.filed_whole is False
    assert sum(row.count for row in nation.filed) == len({*booked}) if booked else not nation.filed


def test_a_county_or_city_page_is_its_regulators_and_a_province_shows_no_more_than_is_theirs(world: World) -> None:
    county = area(OWN_COUNTY)
    mine = filed(seen(world, county, OWN_COUNTY))
    assert mine > 0
    assert seen(world, county, OWN_COUNTY).filed_whole is True
    province = seen(world, county, PROVINCE)
    assert filed(province) == mine
    assert {child.place.code for child in province.children if child.filed_g} == {OWN_CITY}
    assert province.holders == ()
    for code in (OTHER_COUNTY, SISTER_COUNTY, OWN_CITY, OTHER_CITY, "999999"):
        with pytest.raises(DivisionNotFound) as refused:
            seen(world, county, code)
        assert str(refused.value) == str(DivisionNotFound(code))
    assert filed(seen(world, area(OWN_CITY), OWN_COUNTY)) == mine, "the city above sees the county whole"
    assert filed(seen(world, area(PROVINCE), PROVINCE)) == filed(seen(world, LOCAL_READER, PROVINCE))
    for principal in (world.firm("own"), NOTHING):
        with pytest.raises(DivisionNotFound):
            seen(world, principal, OWN_COUNTY)
    assert filed(seen(world, NOTHING, PROVINCE)) == 0
    assert filed(seen(world, world.firm("own"), PROVINCE)) == filed(seen(world, world.firm("own"), "100000")) > 0


def test_a_county_lists_the_sites_that_lay_there_while_they_did(world: World) -> None:
    for principal in (area(OWN_COUNTY), area(PROVINCE), LOCAL_READER):
        there = seen(world, principal, OWN_COUNTY).holders
        assert {one.site for one in there} == {"s01", "near", "moved"}
        total = filed(seen(world, principal, OWN_COUNTY))
        assert abs(sum(one.co2e_g.get("physical", 0) for one in there) - total) < len(there), "each is rounded once"


def test_who_is_bounded_to_nothing_sees_nothing_and_who_is_not_bounded_all(world: World) -> None:
    with world.book.reading() as session:
        assert len(lines(session, LOCAL_READER, limit=100)) == 20
        assert seen_accounts(LOCAL_READER) is None
        assert filed_cells(session, LOCAL_READER, divisions(), "100000").height == cells(session).height
        assert not has_examples(session, NOTHING, divisions(), "100000")


def test_the_closure_is_the_tree_and_nobody_but_the_owner_writes_it(world: World) -> None:
    tree = divisions()
    wanted = pairs(tree)
    with world.book.reading() as session:
        stand = session.connection().exec_driver_sql("SELECT ancestor, division FROM division_below ORDER BY 1, 2").all()
    assert [tuple(row) for row in stand] == wanted
    assert (PROVINCE, OWN_COUNTY) in wanted
    assert (OWN_COUNTY, PROVINCE) not in wanted
    assert verify(world.book) == []
    refused = pytest.raises(sa.exc.DBAPIError, match=r"append-only|permission denied")
    with refused, world.book.writing() as session:
        session.connection().exec_driver_sql("DELETE FROM division_below WHERE division = '330522'")
    if world.book.dialect == "postgresql":
        with pytest.raises(sa.exc.DBAPIError, match="permission denied"), world.book.writing() as session:
            session.connection().exec_driver_sql("INSERT INTO division_below VALUES ('330522', '330106')")


@pytest.mark.parametrize(
    ("statement_", "said"),
    [
        ("INSERT INTO division_below VALUES ('330522', '330106')", "330522 over 330106: the tree of divisions knows no such thing"),
        ("INSERT INTO site_reach SELECT id, '110101', holder_id FROM site", "in 110101: stands in site_reach"),
    ],
)
def test_a_reach_that_was_widened_is_found(book: Book, tmp_path: Path, statement_: str, said: str) -> None:
    build(book, tmp_path)
    engine = owner_engine(book)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement_)
    engine.dispose()
    found = [str(violation) for violation in verify(book)]
    assert len(found) == 1
    assert said in found[0]
