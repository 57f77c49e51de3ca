"""Harm of every kind to every table of the book, made from the models: a column that is new and is never said fails here first."""

import random
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

import ledger.tables
from ledger.audit import Violation
from ledger.book import Book
from ledger.detail import Retirement
from ledger.hold import open_holds, place_hold, release
from ledger.journal import reverse_entries
from ledger.lot import issue, transfer
from ledger.opening import AccountOpening, open_accounts
from ledger.period import close_month, reopen_month
from ledger.principal import LOCAL_ADMIN
from ledger.types import table_of
from tests.conftest import owner_engine
from tests.ledger.books import NOW, burning, put
from tests.ledger.test_rulings import full
from tests.ledger.test_tile import moves

TABLES = {
    table_of(model).name: table_of(model)
    for model in vars(ledger.tables).values()
    if isinstance(model, type) and model.__module__ == "ledger.tables" and hasattr(model, "__table__")
}
"""Every table of `ledger.tables`, whatever is added there."""
COLUMNS = [(table.name, column.name) for table in TABLES.values() for column in table.columns]
Row = dict[str, Any]


def everything(book: Book) -> None:
    """A book in which every column of every table says something at least once, and most tables have many rows."""
    for number, day in enumerate((date(2024, 3, 31), date(2024, 4, 30), date(2024, 3, 1), date(2024, 4, 1))):
        put(book, burning(str(number), 10 + number, day=day))
    full(book)
    by: dict[str, Any] = {"principal": LOCAL_ADMIN, "now": NOW, "day": date(2026, 5, 4)}
    units: dict[str, Any] = {"book": "units", "commodity": "CCER", **by}
    with book.writing() as session:
        reverse_entries(session, [1, 2], LOCAL_ADMIN, now=NOW, reason="wrong scale")
        place_hold(session, book="points", account="holder/a/points", commodity="POINT", amount=5, expires_on=date(2026, 7, 1), **by)
        lot = {"series": "B", "vintage": 2024, "account": "b/units", "registry": "registry/ccer/issued"}
        issue(session, first=200, last=299, project="某风电项目", expires_on=date(2030, 12, 31), **lot, **units)
        claim = Retirement(purpose="claim", beneficiary="另一公司")
        transfer(session, source="b/units", target="retired/x", count=7, kind="retire", retires=claim, **units)
        reopen_month(session, 202602, LOCAL_ADMIN, now=NOW, day=by["day"], reason="a late bill", second="auditor")
        close_month(session, 202604, LOCAL_ADMIN, now=NOW, day=by["day"], scope="holder/")
        twins = [
            AccountOpening(book="points" if name.startswith("holder/") else "units", name=name, commodity="CO2")
            for name in ("holder/a/points", "holder/a/points/held", "a/units", "retired/x", "registry/ccer/issued")
        ]  # the names of others, in another commodity, and without a posting
        open_accounts(session, twins, LOCAL_ADMIN, now=NOW, day=by["day"])
    put(book, moves(0, 300))


def act_at_random(book: Book, number: int, draw: random.Random) -> None:
    """Something that people do to a book of `everything`; the book may refuse it, with a LedgerError."""
    day = date(2026, draw.randint(1, 12), draw.randint(1, 28))
    by: dict[str, Any] = {"principal": LOCAL_ADMIN, "now": NOW + timedelta(seconds=number), "day": day}
    units: dict[str, Any] = {"book": "units", "commodity": "CCER", **by}
    act = draw.randrange(9)
    if act == 0:
        put(book, burning(f"act {draw.randrange(number + 1)}", 1 + draw.randrange(10**9), day=day), now=by["now"])
    elif act == 1:
        put(book, moves(1000 + 7 * draw.randrange(number + 1), draw.randint(1, 40)))
    else:
        with book.writing() as session:
            size = session.connection().exec_driver_sql("SELECT size FROM head").scalar_one()
            if act == 2:
                reverse_entries(session, [draw.randrange(size)], LOCAL_ADMIN, now=by["now"], reason="wrong scale")
            elif act == 3:
                place_hold(session, book="points", account="holder/a/points", commodity="POINT", amount=draw.randint(1, 3), **by)
            elif act == 4:
                hold = draw.choice(open_holds(session))
                release(session, hold.id, amount=draw.randint(1, 3), **by)
            elif act == 5:
                lot = {"series": "C", "vintage": 2025, "account": "a/units", "registry": "registry/ccer/issued"}
                issue(session, first=1 + 10 * number, last=10 + 10 * number, **lot, **units)
            elif act == 6:
                source, target = draw.sample(["a/units", "b/units"], 2)
                transfer(session, source=source, target=target, count=draw.randint(1, 30), **units)
            elif act == 7:
                close_month(session, day.year * 100 + day.month, LOCAL_ADMIN, now=by["now"], day=day)
            else:
                reopen_month(
                    session, day.year * 100 + day.month, LOCAL_ADMIN, now=by["now"], day=day, reason="a late bill", second="auditor"
                )


class Intruder:
    """Somebody with the owner's password and every guard down. What he takes and puts is raw: as the driver has it."""

    def __init__(self, book: Book) -> None:
        self.engine = sa.create_engine(book.url) if book.dialect == "sqlite" else owner_engine(book)
        with self.engine.begin() as connection:
            for name in TABLES:
                if book.dialect == "sqlite":
                    for event in ("update", "delete", "replace"):
                        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}_no_{event}")
                else:
                    connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}_no_change ON {name}")
            if book.dialect == "postgresql":
                connection.exec_driver_sql("ALTER TABLE account DROP CONSTRAINT account_commodity_id_fkey")

    def rows(self, name: str) -> list[Row]:
        raw = _raw(name)
        with self.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(sa.select(raw).order_by(*_key(name)))]

    def exchange(self, name: str, gone: Sequence[Row], new: Sequence[Row]) -> None:
        """Take rows of a table away and put others there, in one transaction."""
        raw = _raw(name)
        with self.engine.begin() as connection:
            for row in gone:
                connection.execute(raw.delete().where(*(column == row[column.name] for column in _key(name))))
            for row in new:
                connection.execute(raw.insert().values(row))


@contextmanager
def intruding(book: Book) -> Iterator[Intruder]:
    intruder = Intruder(book)
    yield intruder
    intruder.engine.dispose()


def _raw(name: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column.name) for column in TABLES[name].columns))


def _key(name: str) -> list[sa.ColumnClause[Any]]:
    return [sa.column(column.name) for column in TABLES[name].primary_key.columns]


def flipped(value: Any, draw: random.Random) -> Any:
    """The value with one bit of it flipped, as the database keeps it; None where that is no value of its kind."""
    if isinstance(value, int):
        bits = (value ^ (1 << draw.randrange(64))) & (1 << 64) - 1
        return bits - (1 << 64) if bits >> 63 else bits
    if isinstance(value, datetime):  # PostgreSQL's alone: microseconds since 2000
        us = (value - datetime(2000, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) ^ (1 << draw.randrange(62))
        return sa.literal_column(f"TIMESTAMPTZ '2000-01-01 00:00:00Z' + {us} * INTERVAL '1 microsecond'")
    if isinstance(value, date):  # days since 2000
        return sa.literal_column(f"DATE '2000-01-01' + {(value - date(2000, 1, 1)).days ^ (1 << draw.randrange(30))}")
    data = bytearray(value.encode() if isinstance(value, str) else bytes(value))
    if not data:
        return None
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    if isinstance(value, str):
        text = data.decode(errors="replace")
        return None if "\0" in text or "\ufffd" in text else text
    return bytes(data)


NAMES = {
    "book_info": ["book_info.*"],
    "commodity": ["commodity {id}"],
    "account": ["account {id}", r"posting {id}/\d+/\d+", r"account_rule of entry \d+"],
    "entry": ["entry {id}", r"posting \d+/{id}/\d+", r"\w+ of entry {id}"],
    "idem": ["idem {key}", "idem of entry {entry_id}"],
    "posting": ["posting {account_id}/{entry_id}/{leg}", "posting of entry {entry_id}, leg {leg}"],
    "balance": ["balance {account_id}"],
    "cell": ["cell {cell}/{period}/{commodity_id}"],
    "cell_share": ["cell {cell}/{period}/{commodity_id}", "cell_share {cell}/{period}/{commodity_id}/{entry_id}"],
    "reversal": ["reversal of entry {entry_id}", "reversal by entry {by_id}"],
    "head": ["head"],
    "lot_place": ["lot_place of lot {lot_id}"],
    "tile": ["tile {level}/{place}"],
}
"""How verify names a row: by its own key, or by the rows that point to it; every other table by the entry that made the row."""


def is_named(name: str, row: Row, violations: Sequence[Violation], accounts: Sequence[Row]) -> bool:
    """Whether one of the violations names the row of that table; a commodity also by an account of it, which is then without one."""
    said = {key: re.escape(value.hex() if isinstance(value, bytes) else str(value)) for key, value in row.items()}
    patterns = [pattern.format(**said) for pattern in NAMES.get(name, [name + " of entry {entry_id}"])]
    if name == "commodity":
        patterns += [f"account {account['id']}" for account in accounts if account["commodity_id"] == row["id"]]
    told = [f"{violation.where}: {violation.reason}" for violation in violations]
    return any(re.match(f"({pattern})(: |$)", one) for pattern in patterns for one in told)


def is_told_by_the_log(name: str, gone: Sequence[Row], new: Sequence[Row], size: int) -> bool:
    """Whether the ledger can know: which batch brought which share of a cell is in no payload, only what the shares sum to is kept twice."""
    if name != "cell_share":
        return True
    if any(not isinstance(row["entry_id"], int) or not 0 <= row["entry_id"] < size for row in new):
        return True
    return _sums(gone) != _sums(new)


def _sums(shares: Sequence[Row]) -> dict[tuple[Any, ...], tuple[int, int]]:
    sums: dict[tuple[Any, ...], tuple[int, int]] = {}
    for row in shares:
        key = (row["cell"], row["period"], row["commodity_id"])
        amount, count = sums.get(key, (0, 0))
        sums[key] = (amount + row["amount"], count + row["count"])
    return sums
