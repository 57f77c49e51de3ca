"""What the tests of the ledger post: a boiler's month, as a firm would file it (示例, an example)."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from ledger.balances import balances
from ledger.book import Book
from ledger.entry import EntryBatch, client_key, one_entry
from ledger.journal import Receipt, post
from ledger.principal import LOCAL_ADMIN

NOW = datetime(2026, 11, 25, 2, 0, 0, 123456, tzinfo=UTC)
UNITS = {"CO2": "g", "CH4": "mg"}


def burning(key: str, amount: int = 2_167_437_703, *, day: date = date(2024, 3, 31), book: str = "physical") -> EntryBatch:
    legs = [
        ("holder/h7k2m9/s01/scope1/1A2", "CO2", amount),
        ("atmosphere/330522/1A2", "CO2", -amount),
        ("holder/h7k2m9/s01/scope1/1A2", "CH4", 242_785_420),
        ("atmosphere/330522/1A2", "CH4", -242_785_420),
    ]
    cell = {
        "cell": ["physical|330522|1|1A2"],
        "period": [day.year * 100 + day.month],
        "commodity": ["CO2"],
        "amount": [amount],
        "count": [1],
    }
    return one_entry(
        key=client_key("test", key),
        book=book,
        kind="emission",
        day=day,
        legs=legs,
        units=UNITS,
        reference="入炉煤月报 2024-03",
        evidence=bytes(range(32)),
        cells=pl.DataFrame(cell),
    )


def put(book: Book, batch: EntryBatch, *, now: datetime = NOW) -> Receipt:
    with book.writing() as session:
        return post(session, batch, LOCAL_ADMIN, now=now)


def amount_of(book: Book, account: str, commodity: str = "CO2", **span: Any) -> int:
    with book.reading() as session:
        frame = balances(session, accounts=account, **span)
    return int(frame.filter(pl.col("commodity") == commodity)["amount"].sum())
