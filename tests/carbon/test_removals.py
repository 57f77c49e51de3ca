"""What a site takes from the air stands apart: it reduces no scope, no book's total and no county, and the books still add up to nothing."""

from datetime import date
from pathlib import Path

import pytest

from carbon.audit import verify
from carbon.enterprise.inventory.inventory import booked_inventory
from carbon.errors import FaultyFile
from carbon.own_pack import add_pack
from carbon.record import record
from carbon.region.dashboard import dashboard
from carbon.region.divisions import divisions
from factors.gwp import gwp_set
from factors.library import load_library
from ledger.balances import balances
from ledger.principal import LOCAL_ADMIN
from tests.carbon.conftest import HEAD, NOW, TODAY, Firm
from tests.carbon.test_own_pack import CEMENT, SAID, folder

FOREST = CEMENT | {
    "id": "forest", "activities": "land.forest_sink", "gas": "CO2", "value": "4.5", "unit": "t/ha", "source": "林业碳汇调查报告", "locator": "表 1",
    "name_zh": "自有林地年增长", "name_en": "own forest, yearly growth", "year_from": "2020",
}  # fmt: skip
COAL, LAND = "combustion.stationary.bituminous,10,t,2023-07,s01,belt", "land.forest_sink,20,ha,2023,s01,east wood"


def filed(firm: Firm, folder_of: Path, *lines: str, head: str = HEAD) -> None:
    home = folder_of / "home"
    add_pack(folder(folder_of, [FOREST], SAID), home, load_library(home))
    path = firm.folder / "land.csv"
    path.write_text("\n".join([head, *lines, ""]))
    record(firm.book, path, holder=firm.id, principal=LOCAL_ADMIN, now=NOW, today=TODAY, library=load_library(home), tree=divisions())


def test_a_forests_growth_is_booked_apart_and_reduces_nothing(firm: Firm, tmp_path: Path) -> None:
    filed(firm, tmp_path, COAL, LAND)
    assert firm.sums("s01/removals/forest") == -90_000_000
    emitted = firm.sums("s01/scope1/")
    with firm.book.reading() as session:
        prices = gwp_set("AR5.100")
        found = booked_inventory(session, LOCAL_ADMIN, holder=firm.id, year=2023, prices=prices)
        county = dashboard(session, "330522", principal=LOCAL_ADMIN, tree=divisions(), year=2023, prices=prices)
        air = balances(session, accounts="atmosphere/", since=date(2023, 1, 1), until=date(2023, 12, 31))
    assert found.removals_g == 90_000_000
    assert found.scope1.gases["CO2"] == emitted
    assert found.total_location_g == found.scope1.co2e_g, "nothing is netted"
    assert county.filed_g == {"physical": found.scope1.co2e_g, "removals": -90_000_000}
    assert [row.co2e_g for row in county.filed if row.book == "removals"] == [-90_000_000]
    assert [one.co2e_g for one in county.holders] == [county.filed_g], "a site's sums keep it apart as well"
    of_co2 = int(air.filter(air["commodity"] == "CO2")["amount"].sum())
    assert emitted - 90_000_000 + of_co2 == 0, "scope 1 + removals + atmosphere = 0"
    assert verify(firm.book) == []


def test_a_removal_that_claims_a_scope_is_refused(firm: Firm, tmp_path: Path) -> None:
    with pytest.raises(FaultyFile) as caught:
        filed(firm, tmp_path, LAND + ",1", head=HEAD + ",scope")
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [(2, "scope")]
    assert firm.cells() == {}
