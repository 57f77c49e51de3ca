"""What a firm buys of another in the book moves with the product: one entry, both sides, nothing counted twice when both are added up."""

from collections.abc import Callable

import pytest

from carbon.audit import verify
from carbon.enterprise.inventory.consolidate import booked_group
from carbon.enterprise.inventory.inventory import booked_inventory
from carbon.errors import FaultyFile
from factors.gwp import gwp_set
from ledger.balances import balances, entry
from ledger.errors import AccountNotFound
from ledger.principal import LOCAL_ADMIN
from tests.carbon.conftest import Firm

HEAD = "activity,quantity,unit,day,site,source,factor,counterparty,category"
STEEL = "material.steel,{},t,2023-07,s01,order 7,{},{},1"
ROUTE = "route=average"


@pytest.fixture
def pair(make_firm: Callable[..., Firm]) -> tuple[Firm, Firm]:
    """A buyer in 330522 and a seller in 330106."""
    return make_firm(), make_firm(sites={"w1": "330106"})


def on(firm: Firm, part: str) -> int:
    with firm.book.reading() as session:
        try:
            frame = balances(session, accounts=f"holder/{firm.id}/")
        except AccountNotFound:
            return 0
    rows = frame.select("account", "amount").rows()
    return sum(amount for account, amount in rows if f"/{part}/" in account)


def test_a_purchase_debits_the_buyer_and_credits_what_the_seller_passed_on(pair: tuple[Firm, Firm]) -> None:
    buyer, seller = pair
    buyer.file(STEEL.format(10, ROUTE, seller.id), head=HEAD)
    assert on(buyer, "scope3") == -on(seller, "passed-on-product") > 0
    with buyer.book.reading() as session:
        accounts = [leg.account for leg in entry(session, 0).legs]
    assert accounts[:1] == [f"holder/{buyer.id}/s01/scope3/1"]
    assert accounts[-1:] == [f"holder/{seller.id}/w1/passed-on-product/1"]
    assert verify(buyer.book) == []


def test_what_was_passed_on_counts_where_the_sellers_site_lies(pair: tuple[Firm, Firm]) -> None:
    buyer, seller = pair
    buyer.file(STEEL.format(10, ROUTE, seller.id), head=HEAD)
    cells = {cell: amount for (cell, _, _), amount in buyer.cells().items()}
    assert cells["product|330522|3|1"] == -cells["product|330106|passed-on|1"] > 0


def test_a_correction_and_a_replacement_take_both_sides_back(pair: tuple[Firm, Firm]) -> None:
    buyer, seller = pair
    first = buyer.file(STEEL.format(10, ROUTE, seller.id), head=HEAD)
    buyer.file(STEEL.format(4, ROUTE, seller.id), head=HEAD, name="second.csv", replace=first.import_id)
    assert on(buyer, "scope3") == -on(seller, "passed-on-product")
    cells = {cell: amount for (cell, _, _), amount in buyer.cells().items()}
    assert cells["product|330522|3|1"] == -cells["product|330106|passed-on|1"] == on(buyer, "scope3")
    assert verify(buyer.book) == []


def test_both_firms_show_their_own_gross_and_a_group_prints_what_cancels(pair: tuple[Firm, Firm]) -> None:
    buyer, seller = pair
    seller.file("combustion.stationary.bituminous,100,t,2023-07,w1,kiln", name="own.csv")
    buyer.file(STEEL.format(10, ROUTE, seller.id), head=HEAD)
    prices = gwp_set("AR5.100")
    with buyer.book.reading() as session:
        sold = booked_inventory(session, LOCAL_ADMIN, holder=seller.id, year=2023, prices=prices)
        group = booked_group(session, LOCAL_ADMIN, name="group", holders=[buyer.id, seller.id], year=2023, prices=prices)
    assert sold.scope1.co2e_g > 0
    assert sold.total_location_g == sold.scope1.co2e_g, "what was passed on reduces nothing"
    assert [(one.buyer, one.seller, one.scope, one.category) for one in group.eliminated] == [(buyer.id, seller.id, "3", "1")]
    assert sum(group.eliminated[0].gases.values()) == on(buyer, "scope3")


def test_a_seller_of_several_sites_is_named_with_one(make_firm: Callable[..., Firm]) -> None:
    buyer, seller = make_firm(), make_firm(sites={"w1": "330106", "w2": "330522"})
    with pytest.raises(FaultyFile) as refused:
        buyer.file(STEEL.format(10, ROUTE, seller.id), head=HEAD)
    assert [(fault.row, fault.column, fault.code) for fault in refused.value.faults] == [(2, "counterparty", "counterparty.site")]
    assert f"{seller.id}/w1, {seller.id}/w2" in refused.value.faults[0].reason
    buyer.file(STEEL.format(10, ROUTE, f"{seller.id}/w2"), head=HEAD)
    assert on(seller, "passed-on-product") < 0


def test_a_firm_buys_nothing_of_itself(pair: tuple[Firm, Firm]) -> None:
    buyer, _ = pair
    with pytest.raises(FaultyFile, match="buys nothing of itself"):
        buyer.file(STEEL.format(10, ROUTE, buyer.id), head=HEAD)


def test_a_name_that_the_book_does_not_know_is_somebody_outside(pair: tuple[Firm, Firm]) -> None:
    buyer, seller = pair
    buyer.file(STEEL.format(10, ROUTE, "某钢厂"), head=HEAD)
    assert on(buyer, "scope3") > 0
    assert on(seller, "passed-on-product") == 0
    with buyer.book.reading() as session:
        assert entry(session, 0).legs[-1].account.startswith("outside/")
