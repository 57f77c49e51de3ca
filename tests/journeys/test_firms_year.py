"""A firm's year: a workbook of twelve months, booked, proved, summed, explained, and mended by a second file.

A works in Changxing burns coal and gas, drives, buys power and heat, and calcines limestone. Every figure expected here is worked out from
the published factors beside it, not read back from the code.
"""

import io
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

import openpyxl
import polars as pl

from carbon.audit import verify
from carbon.evidence import explain_entry, lines
from ledger.balances import balances
from ledger.book import Book
from ledger.principal import LOCAL_READER
from tests.carbon.conftest import Firm, make_firm  # noqa: F401 — the fixture

HEAD = ["activity", "quantity", "unit", "day", "site", "source", "reference", "category", "density [kg/L]", "note"]
# activity, unit, meter, category, density, the quantity of January; each month uses a hundredth more
SOURCES = [
    ("combustion.stationary.bituminous", "t", "belt scale", None, None, Decimal("1186.4")),
    ("combustion.stationary.natural_gas", "万Nm3", "gas meter", None, None, Decimal("21.46")),
    ("combustion.mobile.road.diesel", "t", "diesel book", None, None, Decimal("7.12")),
    ("combustion.mobile.road.gasoline", "L", "fuel card", None, 0.74, Decimal(412)),
    ("electricity.grid", "万kWh", "meter 1101", None, None, Decimal("214.62")),
    ("heat.purchased", "GJ", "heat meter", None, None, Decimal(3320)),
    ("process.carbonate.limestone", "t", "weighbridge", "2A4", None, Decimal("418.2")),
]
# grams of CO2 per unit: NCV × carbon × oxidation × 44/12 of 发改办气候〔2013〕2526号; Zhejiang's grid of 2023; heat and limestone as published
CARBON = Decimal(44) / 12
GRAMS = {
    "combustion.stationary.bituminous": Decimal("19.57") * Decimal("26.18") * Decimal("0.93") * CARBON * 1000,
    "electricity.grid": Decimal("0.4974") * 1000 * 10_000,
    "heat.purchased": Decimal("0.11") * 10**6,
}


def quantity(first: Decimal, month: int) -> Decimal:
    return (first * (99 + month) / 100).quantize(Decimal("0.0001"))


def workbook(*, scale: Decimal = Decimal(1)) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "活动数据"
    sheet.append(["示例 2023"])
    sheet.append(HEAD)
    for activity, unit, source, category, density, first in SOURCES:
        for month in range(1, 13):
            amount = quantity(first, month) * (scale if activity == "electricity.grid" else 1)
            sheet.append([activity, float(amount), unit, date(2023, month, 28) if month == 2 and unit == "GJ" else f"2023年{month}月", "s01", source, f"{source} {month}", category, density, "示例"])  # fmt: skip
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def year(book: Book, prefix: str, gas: str = "CO2") -> int:
    with book.reading() as session:
        frame = balances(session, accounts=prefix, since=date(2023, 1, 1), until=date(2023, 12, 31))
    return int(frame.filter(pl.col("commodity") == gas)["amount"].sum())


def expected(activity: str, *, scale: Decimal = Decimal(1)) -> int:
    first = next(source[5] for source in SOURCES if source[0] == activity)
    amounts = (quantity(first, month) * scale * GRAMS[activity] for month in range(1, 13))
    return sum(int(amount.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)) for amount in amounts)


def test_a_firms_year_from_workbook_to_proof_and_back(make_firm: Callable[..., Firm]) -> None:  # noqa: F811
    firm = make_firm()
    receipt = firm.bytes(workbook(), name="2023.xlsx")
    assert (receipt.lines, receipt.first_entry, receipt.last_entry) == (84, 0, 83)
    assert any("2023.xlsx:3:day: '2023年1月' was read as 2023-01" in note for note in receipt.read)
    assert verify(firm.book) == []
    site = f"holder/{firm.id}/s01"
    assert year(firm.book, f"{site}/scope2-location/electricity") == expected("electricity.grid")
    assert year(firm.book, f"{site}/scope2-location/heat") == expected("heat.purchased")

    # what left the works is what the air took, to the gram and milligram, gas by gas
    for gas in ("CO2", "CH4.fossil", "N2O"):
        assert year(firm.book, f"{site}/scope1/", gas) == -year(firm.book, "atmosphere/330522/", gas) > 0
    # and the county's cells are the works' accounts
    cells = firm.cells()
    assert sum(amount for (cell, _, gas), amount in cells.items() if cell.startswith("physical|330522|1|") and gas == "CO2") == year(
        firm.book, f"{site}/scope1/"
    )
    with firm.book.reading() as session:
        coal = [line for line in lines(session, LOCAL_READER, holder=firm.id, limit=100) if line.activity.endswith("bituminous")]
        told = explain_entry(session, LOCAL_READER, coal[0].entry_id or 0)
    assert (coal[0].row, coal[0].quantity, coal[0].month, coal[0].cell) == (3, "1186.4", 202301, "physical|330522|1|1A2")
    assert told.resolution is not None
    assert told.resolution["factors"][0]["id"].startswith("cn-fuels/")
    co2 = next(leg.amount for leg in told.entry.legs if leg.commodity == "CO2" and leg.account.startswith("holder/"))
    assert co2 == int((Decimal("1186.4") * GRAMS["combustion.stationary.bituminous"]).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))

    # the power bills were wrong: the mended workbook takes the first one's place, and every other sum stays
    scope1 = year(firm.book, f"{site}/scope1/")
    corrected = workbook(scale=Decimal("1.5"))  # made once: a workbook made a second later has another creation time, so another hash
    mended = firm.bytes(corrected, name="2023 mended.xlsx", replace=receipt.import_id)
    assert mended.reversed_entries == 84
    assert year(firm.book, f"{site}/scope2-location/electricity") == expected("electricity.grid", scale=Decimal("1.5"))
    assert year(firm.book, f"{site}/scope1/") == scope1
    assert firm.bytes(corrected, name="again.xlsx").repeated
    assert verify(firm.book) == []
