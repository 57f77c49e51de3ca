"""The inventory of a year: both scope 2 methods side by side, every figure leads to its entries, reports say what the ledger holds."""

import csv
import io
import json
import re
from html import unescape

import pypdf
import pytest

from api.auth.office import Office
from api.pages.inventory_tables import TABLES
from carbon.enterprise.inventory.inventory import booked_inventory
from carbon.enterprise.peers import peers
from carbon.holder import add_holder, add_site
from carbon.region.divisions import divisions
from carbon.report.notes import tonnes
from factors.gwp import gwp_set, valuation
from ledger.balances import balances
from ledger.principal import LOCAL_ADMIN
from tests.api.enterprise.conftest import COUNTY, Shop, Visit
from tests.api.enterprise.furnished import NOW, lines_of
from tests.carbon.conftest import Firm

AR5 = gwp_set("AR5.100")
LINK = re.compile(r'<a class="ev" data-full="([^"]+) g" href="(/zh/entries\?[^"]+)"')


def section(shop: Shop, account: str) -> int:
    """What the ledger holds for 2024 below the firm's accounts of a kind."""
    from datetime import date

    with shop.book.reading() as session:
        frame = balances(session, accounts=f"holder/{shop.holder}/s01/{account}/", since=date(2024, 1, 1), until=date(2024, 12, 31))
    gases: dict[str, int] = {}
    for row in frame.iter_rows(named=True):
        gases[row["commodity"]] = gases.get(row["commodity"], 0) + row["amount"]
    return valuation(gases, AR5)


def test_scopes_stand_side_by_side_and_are_what_the_ledger_holds(shop: Shop, firm: Visit) -> None:
    told = firm.get(f"{shop.api}/inventory/2024")
    parts = {name: int(told[name]["co2e_g"]) for name in ("scope1", "scope2_location", "scope2_market")}
    assert parts == {
        "scope1": section(shop, "scope1"), "scope2_location": section(shop, "scope2-location"), "scope2_market": section(shop, "scope2-market")
    }  # fmt: skip
    assert abs(int(told["total_location_g"]) - parts["scope1"] - parts["scope2_location"]) <= 1
    assert abs(int(told["total_market_g"]) - parts["scope1"] - parts["scope2_market"]) <= 1
    assert 0 < parts["scope2_market"] < parts["scope2_location"], "1,200 of 3,000 MWh are covered by certificates"
    page = firm.page(f"{shop.at}/inventory/2024").text
    assert "两种范围二并列" in page
    assert page.count('<tr class="total">') == 4, "location, market, scope 3, and energy"
    assert "<script>" not in page


def test_a_figure_leads_to_the_entries_that_it_sums(shop: Shop, firm: Visit) -> None:
    page = firm.page(f"{shop.at}/inventory/2024").text
    links = {(unescape(address), int(full.replace(",", "").replace("\u2212", "-"))) for full, address in LINK.findall(page)}
    assert len(links) >= 6
    for address, figure in links:
        answer = firm.page(address)
        assert answer.status_code == 200
        total = re.search(r'<tr class="total">.*?<td class="n">([\d,]+)</td></tr>', answer.text, re.DOTALL)
        assert total, address
        assert abs(int(total[1].replace(",", "")) - figure) <= 1, address


@pytest.mark.parametrize("view", ["scope", "gas", "iso", "gbt"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_view_is_there_in_both_languages(shop: Shop, firm: Visit, view: str, language: str) -> None:
    answer = firm.page(f"/{language}/holders/{shop.holder}/inventory/2024?view={view}&gwp=AR6.100")
    assert answer.status_code == 200
    assert "AR6.100" in answer.text


def test_every_table_has_its_twins(shop: Shop, firm: Visit) -> None:
    for name in TABLES:
        rows = list(csv.DictReader(io.StringIO(firm.page(f"{shop.at}/inventory/2024/{name}.csv").content.decode("utf-8-sig"))))
        as_json = json.loads(firm.page(f"{shop.at}/inventory/2024/{name}.json").content)
        assert len(rows) == len(as_json), name
        assert firm.page(f"{shop.at}/inventory/2024/{name}.xlsx").content.startswith(b"PK"), name
    assert firm.page(f"{shop.at}/inventory/2024/nothing.csv").status_code == 404


def test_the_change_from_the_base_year_adds_up_and_says_whether_it_stands(shop: Shop, firm: Visit) -> None:
    told = firm.get(f"{shop.api}/inventory/2024/change", against=2023)
    way = told["bridge"]
    parts = sum(way[name] for name in ("activity", "factor", "gwp", "method", "boundary"))
    assert int(way["old_g"]) + parts == int(way["new_g"]) == int(firm.get(f"{shop.api}/inventory/2024")["total_location_g"])
    assert told["recalculation"] is not None, "2023 is the base year"
    page = firm.page(f"{shop.at}/inventory/2024").text
    assert "从 2023 到 2024" in page
    assert "基准年" in page


@pytest.mark.parametrize(("language", "word"), [("zh", "温室气体清单"), ("en", "Greenhouse gas inventory")])
def test_the_pdf_says_the_totals_of_the_ledger(shop: Shop, firm: Visit, language: str, word: str) -> None:
    answer = firm.page(f"/{language}/holders/{shop.holder}/inventory/2024/inventory.pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.content)).pages)
    assert word in text.replace("\n", "")
    with shop.book.reading() as session:
        found = booked_inventory(session, LOCAL_ADMIN, holder=shop.holder, year=2024, prices=AR5)
    for total in (found.total_location_g, found.total_market_g):
        assert tonnes(total) in text
    assert f"{section(shop, 'scope1'):,}" in text, "the note of scope 1 has the whole grams"


def test_the_workbook_has_every_line(shop: Shop, firm: Visit) -> None:
    from openpyxl import load_workbook

    answer = firm.page(f"{shop.at}/inventory/2024/inventory.xlsx")
    assert answer.status_code == 200
    book = load_workbook(io.BytesIO(answer.content), read_only=True)
    lines = list(book[book.sheetnames[-1]].iter_rows(values_only=True))
    entries = {row[1] for row in lines[1:]}
    told = firm.get(f"{shop.api}/inventory/2024")
    named = {one for part in ("scope1", "scope2_location", "scope2_market") for row in told[part]["rows"] for one in row["entries"]}
    assert named
    assert named <= {int(str(one)) for one in entries if one is not None}


def test_a_firm_alone_has_no_peers_and_ten_have_a_mean(shop: Shop, firm: Visit, tmp_path: object) -> None:
    assert firm.get(f"{shop.api}/inventory/2023/peers") is None
    assert "十家以上" in firm.page(f"{shop.at}/inventory/2023").text
    own = section_of_2023(shop)
    for number in range(8):
        another(shop, number, tmp_path)
    assert firm.get(f"{shop.api}/inventory/2023/peers") is None, "nine are too few"
    another(shop, 8, tmp_path)
    told = firm.get(f"{shop.api}/inventory/2023/peers")
    assert (told["members"], told["industry"]) == (10, "3011")
    assert int(told["own_g"]) == own
    assert "10 家企业均值" in firm.page(f"{shop.at}/inventory/2023").text
    with shop.book.reading() as session:
        assert peers(session, holder="h0000000000", year=2023, prices=AR5) is None


def section_of_2023(shop: Shop) -> int:
    with shop.book.reading() as session:
        return booked_inventory(session, LOCAL_ADMIN, holder=shop.holder, year=2023, prices=AR5).total_location_g


def another(shop: Shop, number: int, folder: object) -> None:
    from datetime import date
    from pathlib import Path

    with shop.book.writing() as session:
        holder = add_holder(session, LOCAL_ADMIN, name=f"水泥 {number} 厂", industry="C3011", now=NOW).id
        add_site(session, LOCAL_ADMIN, holder=holder, code="s01", name="x", division=COUNTY, since=date(2020, 1, 1), tree=divisions())
    Firm(shop.book, holder, Path(str(folder))).file(*lines_of(2023, 1_000_000 + number), name=f"{number}.csv")


def test_a_regulator_adds_firms_up_and_a_firm_sees_no_other(shop: Shop, firm: Visit, regulator: Visit) -> None:
    page = regulator.page(f"/zh/consolidation?holder={shop.holder}&year=2024")
    assert page.status_code == 200
    assert "减：成员间互售" in page.text
    told = regulator.get("/consolidation/2024", holder=shop.holder)
    assert told["inventory"]["total_location_g"] == firm.get(f"{shop.api}/inventory/2024")["total_location_g"]
    far = shop.visit(Office.REGULATOR, division="330106")
    assert far.page(f"/zh/consolidation?holder={shop.holder}&year=2024").status_code == 404
    assert far.page(f"{shop.at}/inventory/2024").status_code == 404
