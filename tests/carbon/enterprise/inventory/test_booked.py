"""The inventory of the book: every figure is the ledger's balance of the holder's accounts; preview and book say the same. Both engines."""

import contextlib
from collections.abc import Callable
from datetime import date
from fractions import Fraction

import polars as pl
import pytest

from carbon.activity import parse_activities
from carbon.bookkeeping import PlacedLines, place_lines
from carbon.enterprise.inventory.consolidate import booked_group, consolidate
from carbon.enterprise.inventory.inventory import Inventory, Section, booked_inventory, preview_inventory
from carbon.enterprise.inventory.lines import LINES, booked_lines, preview_lines
from carbon.enterprise.owners import Part, tell_owners
from carbon.errors import HolderNotFound
from carbon.estimate import EmissionFrame, estimate
from carbon.holder import places, sites
from carbon.region.divisions import chain_of, divisions
from factors.errors import NoGwp
from factors.gwp import GwpSet, gwp_sets, half_even, valuation
from factors.library import load_library
from ledger.balances import balances
from ledger.book import Book
from ledger.entry import ENTRIES, POSTINGS, client_key, entry_batch
from ledger.journal import post
from ledger.principal import LOCAL_ADMIN, Principal, Role
from tests.carbon.conftest import HEAD, NOW, TODAY, Firm

FILED = (
    "electricity.grid,1000,kWh,2023-07,s01,meter 1,,,",
    "electricity.grid,1000,kWh,2023-07,s01,meter 1 market,market,,",
    "electricity.exported,100,kWh,2023-07,s01,meter 9,,,",
    "heat.purchased,50,GJ,2023-07,s01,pipe,,,2.5",
    "combustion.stationary.bituminous,10,t,2023-07,s01,belt,,measured,3",
    "combustion.mobile.road.diesel,1.7,t,2023-07,s01,fleet,,,",
    "process.carbonate.limestone,12,t,2023-07,s01,kiln,,calculated,",
    "deduction.co2.recovered,2,t,2023-07,s01,plant,,,",
    "fugitive.refrigerant.r410a,3,kg,2023-07,s01,chiller,,estimated,",
    "fugitive.refrigerant.r22,1,kg,2023-07,s01,old chiller,,,",
    "combustion.stationary.wood,5,t,2023-07,s01,boiler,,,",
    "material.cement,40,t,2023-07,s01,store,,,",
    "electricity.grid,0,kWh,2023-08,s01,meter 1,,,",
)
COLUMNS = HEAD + ",method,tier,uncertainty_pct"


def estimated(firm: Firm, *lines: str, head: str = COLUMNS) -> tuple[PlacedLines, EmissionFrame]:
    with firm.book.reading() as session:
        known = places(sites(session, LOCAL_ADMIN, holder=firm.id))
    text = "\n".join([head, *lines, ""]).encode()
    frame = parse_activities(text, file="lines.csv", tree=divisions(), today=TODAY, sites=known)
    placed = place_lines(frame, industry="C3011")
    return placed, estimate(placed.lines, load_library(), chain=chain_of)


def of_account(firm: Firm, part: str, prices: GwpSet) -> int:
    """The balance of the firm's accounts of one kind, as the ledger has it, in g CO2e."""
    with firm.book.reading() as session:
        frame = balances(session, accounts=f"holder/{firm.id}/", since=date(2023, 1, 1), until=date(2023, 12, 31))
    mine = frame.filter(pl.col("account").str.split("/").list.get(3) == part)
    total = Fraction(0)
    for gas, amount in mine.group_by("commodity").agg(pl.col("amount").sum()).iter_rows():
        with contextlib.suppress(NoGwp):  # told as masses, in no total
            total += amount * prices.per_unit(gas)
    return half_even(total)


def booked(firm: Firm, prices: GwpSet, year: int = 2023) -> Inventory:
    with firm.book.reading(LOCAL_ADMIN) as session:
        return booked_inventory(session, LOCAL_ADMIN, holder=firm.id, year=year, prices=prices)


def adds_up(section: Section) -> bool:
    grams = section.co2e_g
    return grams == sum(row.co2e_g for row in section.rows) == sum(group.co2e_g for group in section.groups) == sum(
        section.tiers.values()
    ) and all(row.co2e_g == sum(row.tiers.values()) for row in section.rows)


def test_every_figure_is_the_ledgers_balance_in_every_gwp_set(firm: Firm) -> None:
    firm.file(*FILED, head=COLUMNS)
    for prices in gwp_sets().values():
        found = booked(firm, prices)
        assert found.scope1.co2e_g == of_account(firm, "scope1", prices)
        assert found.captured_g == of_account(firm, "captured", prices)
        assert found.scope2_location.co2e_g == of_account(firm, "scope2-location", prices)
        assert found.scope2_market.co2e_g == of_account(firm, "scope2-market", prices)
        assert found.scope3.co2e_g == of_account(firm, "scope3", prices)
        assert sum(row.co2e_g for row in found.passed_on) == of_account(firm, "passed-on-location", prices) < 0
        for section in (found.scope1, found.scope2_location, found.scope2_market, found.scope3):
            assert adds_up(section), (prices.name, section)


def test_a_preview_says_what_the_book_will_say(firm: Firm) -> None:
    placed, emissions = estimated(firm, *FILED)
    preview = preview_lines(placed, emissions, holder=firm.id)
    firm.file(*FILED, head=COLUMNS)
    with firm.book.reading(LOCAL_ADMIN) as session:
        lines = booked_lines(session, LOCAL_ADMIN, holder=firm.id, year=2023)
    assert preview.schema == lines.schema == LINES
    order = ["line", "book", "scope", "category", "gas"]
    assert preview.drop("entry").sort(order).equals(lines.drop("entry").sort(order))
    assert lines["entry"].null_count() == 1, "the meter that stood still"
    prices = gwp_sets()["AR5.100"]
    told = preview_inventory(placed, emissions, holder=firm.id, year=2023, prices=prices)
    found = booked(firm, prices)
    assert told.scope1.co2e_g == found.scope1.co2e_g
    assert (told.total_location_pct, told.total_market_pct) == (found.total_location_pct, found.total_market_pct)
    assert told.uncertainty_location == found.uncertainty_location
    assert (told.iso, told.gbt, told.energy, told.tce) == (found.iso, found.gbt, found.energy, found.tce)


def test_a_line_by_a_guides_formula_is_the_same_in_preview_and_book(firm: Firm) -> None:
    head = HEAD + ",formula,v_CaO,v_MgO"
    row = "process.cement.clinker,100,t,2023-07,s01,kiln 2,cement.clinker_oxide.clinker,0.65,0.02"
    placed, emissions = estimated(firm, row, head=head)
    preview = preview_lines(placed, emissions, holder=firm.id)
    firm.file(row, head=head)
    with firm.book.reading(LOCAL_ADMIN) as session:
        lines = booked_lines(session, LOCAL_ADMIN, holder=firm.id, year=2023)
    assert preview.drop("entry").equals(lines.drop("entry"))
    said = lines.select("category", "tier", "factor", "formula", "gas", "amount").rows()
    # 100 t × (0.65 × 44 / 56 + 0.02 × 44 / 40)
    assert said == [("2A1", "measured", "cement.clinker_oxide.clinker", "cement.clinker_oxide.clinker", "CO2", 53_271_429)]
    prices = gwp_sets()["AR5.100"]
    told = preview_inventory(placed, emissions, holder=firm.id, year=2023, prices=prices)
    assert told.uncertainty_location == booked(firm, prices).uncertainty_location


def test_what_was_replaced_counts_no_more(firm: Firm) -> None:
    first = firm.file(*FILED, head=COLUMNS)
    firm.file(FILED[0], head=COLUMNS, name="anew.csv", replace=first.import_id)
    with firm.book.reading(LOCAL_ADMIN) as session:
        lines = booked_lines(session, LOCAL_ADMIN, holder=firm.id, year=2023)
    assert lines.select("activity", "gas", "amount").rows() == [("electricity.grid", "CO2", 497_400)]
    prices = gwp_sets()["AR5.100"]
    assert booked(firm, prices).scope2_location.co2e_g == of_account(firm, "scope2-location", prices) == 497_400


def test_another_year_holds_nothing_of_this_one(firm: Firm) -> None:
    firm.file(*FILED, head=COLUMNS)
    found = booked(firm, gwp_sets()["AR5.100"], 2022)
    assert (found.total_location_g, found.scope1.rows, found.tce, len(found.scope3_missing)) == (0, (), "0", 15)


def test_nobody_reads_the_lines_of_a_firm_beyond_reach(firm: Firm) -> None:
    firm.file(FILED[0], head=COLUMNS)
    stranger = Principal(actor="x", role=Role.READER, holders=frozenset({"hother"}), divisions=None)
    county = Principal(actor="c", role=Role.READER, holders=None, divisions=frozenset({"330106"}))
    own = Principal(actor="o", role=Role.READER, holders=frozenset({firm.id}), divisions=None)
    here = Principal(actor="h", role=Role.READER, holders=None, divisions=frozenset({"330500"}))
    for who in (stranger, county):
        with firm.book.reading(who) as session, pytest.raises(HolderNotFound):
            booked_lines(session, who, holder=firm.id, year=2023)
    for who in (own, here):
        with firm.book.reading(who) as session:
            assert booked_lines(session, who, holder=firm.id, year=2023)["amount"].to_list() == [497_400]


@pytest.fixture
def two(make_firm: Callable[..., Firm]) -> tuple[Firm, Firm]:
    """A firm that sells, and one that buys of it by one entry over both their accounts."""
    seller, buyer = make_firm(), make_firm()
    buyer.file(*FILED[:8], head=COLUMNS)
    seller.file(FILED[4], FILED[5], head=COLUMNS, name="seller.csv")
    sell(seller.book, buyer.id, seller.id, of="location", account="scope2-location/electricity", sold="passed-on-location/electricity")
    sell(seller.book, buyer.id, seller.id, of="product", account="scope3/1", sold="passed-on-product/1")
    return seller, buyer


def sell(book: Book, buyer: str, seller: str, *, of: str, account: str, sold: str) -> None:
    """One entry over both firms' accounts, as `carbon.enterprise.between` books what one sells the other."""
    legs = [(f"holder/{buyer}/s01/{account}", 1), (f"holder/{seller}/s01/{sold}", -1)]
    entry = {"no": 0, "key": client_key("test", sold), "book": of, "kind": "emission", "day": date(2023, 7, 31)}
    nothing = dict.fromkeys(("reference", "evidence", "detail", "reverses"))
    postings = [(0, where, gas, amount * sign) for where, sign in legs for gas, amount in (("CO2", 7_001), ("CH4", 333))]
    batch = entry_batch(
        pl.DataFrame([entry | nothing], schema=ENTRIES),
        pl.DataFrame(postings, schema=POSTINGS, orient="row"),
        units={"CO2": "g", "CH4": "mg"},
    )
    with book.writing() as session:
        post(session, batch, LOCAL_ADMIN, now=NOW)


def test_members_less_what_they_sold_each_other_are_the_consolidation(two: tuple[Firm, Firm]) -> None:
    seller, buyer = two
    with seller.book.reading(LOCAL_ADMIN) as session:
        lines = booked_lines(session, LOCAL_ADMIN, holder="", year=2023, holders=[seller.id, buyer.id])
    prices = gwp_sets()["AR6.100"]
    found = consolidate(lines, name="group", year=2023, prices=prices)
    alone = [booked(one, prices) for one in two]
    for scope, book in (("scope2_location", "location"), ("scope3", "product")):
        gases: dict[str, int] = {}
        for one in (getattr(found.inventory, scope).gases, *(pair.gases for pair in found.eliminated if pair.book == book)):
            for gas, amount in one.items():
                gases[gas] = gases.get(gas, 0) + amount
        together: dict[str, int] = {}
        for inventory in alone:
            for gas, amount in getattr(inventory, scope).gases.items():
                together[gas] = together.get(gas, 0) + amount
        assert gases == together, scope
        assert getattr(found.inventory, scope).co2e_g + found.eliminated_g[book] == valuation(prices.priced(together), prices)
    assert [(pair.seller, pair.buyer, pair.book, pair.scope, pair.gases) for pair in found.eliminated] == [
        (seller.id, buyer.id, "location", "2", {"CH4": 333, "CO2": 7_001}),
        (seller.id, buyer.id, "product", "3", {"CH4": 333, "CO2": 7_001}),
    ]
    assert all(row.category == "electricity" and row.activity for row in found.inventory.passed_on), "what went to the pool stands"
    assert [member.holder for member in found.members] == sorted([seller.id, buyer.id])
    sums = found.inventory.scope1.co2e_g
    assert sum(member.scope1_g for member in found.members) in range(sums - 1, sums + 2)


def test_the_seller_sees_what_it_sold_and_not_who_bought_it(two: tuple[Firm, Firm]) -> None:
    seller, _ = two
    own = Principal(actor="o", role=Role.READER, holders=frozenset({seller.id}), divisions=None)
    with seller.book.reading(own) as session:
        lines = booked_lines(session, own, holder=seller.id, year=2023)
    sold = lines.filter(pl.col("scope") == "passed-on")
    assert sorted(sold["amount"].to_list()) == [-7_001, -7_001, -333, -333]
    assert sold["activity"].null_count() == sold.height
    assert sold["division"].unique().to_list() == ["330522"]
    assert booked(seller, gwp_sets()["AR5.100"]).scope1.co2e_g > 0, "and its own scope 1 is gross"


def test_a_group_is_read_by_shares_and_a_park_by_its_sites(two: tuple[Firm, Firm], make_firm: Callable[..., Firm]) -> None:
    seller, buyer = two
    owner = make_firm()
    with seller.book.writing() as session:
        for firm, ppm in ((seller, 500_000), (buyer, 1_000_000)):
            tell_owners(
                session, LOCAL_ADMIN, holder=firm.id, approach="equity", parts=[Part(owner=owner.id, ppm=ppm)],
                valid_from=date(2020, 1, 1), reason="设立时出资", now=NOW,
            )  # fmt: skip
    prices, members = gwp_sets()["AR5.100"], [seller.id, buyer.id]
    with seller.book.reading(LOCAL_ADMIN) as session:
        group = booked_group(session, LOCAL_ADMIN, name=owner.id, holders=members, year=2023, prices=prices, owner=owner.id)
        park = booked_group(session, LOCAL_ADMIN, name="park", holders=members, year=2023, prices=prices, sites={(buyer.id, "s01")})
        itself = booked_group(session, LOCAL_ADMIN, name=seller.id, holders=[seller.id], year=2023, prices=prices, owner=seller.id)
    assert itself.inventory.scope1.co2e_g == 0, "what it does not own of itself is others', told or outside the book"
    # half of 7,001 g is 3,500 or 3,501: of what the buyer bought only the owner's half of the seller cancels
    assert {(pair.book, pair.gases["CO2"]) for pair in group.eliminated} <= {
        (book, part) for book in ("location", "product") for part in (3500, 3501)
    }
    assert len(group.eliminated) == 2
    assert group.inventory.scope1.co2e_g < sum(booked(one, prices).scope1.co2e_g for one in two)
    assert park.eliminated == ()
    assert park.inventory.scope1 == booked(buyer, prices).scope1
    assert park.inventory.scope2_location.gases == booked(buyer, prices).scope2_location.gases
