"""100,000 two-leg entries in one transaction, beside what people would write instead; rates and ratios of one run.

Ours checks balance and keys, opens accounts, keeps balances and cells, hashes every entry into the log and signs a checkpoint; the others
insert the same entries and legs into plain tables with a unique key and an index by account, and do nothing else.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
import sqlalchemy as sa
from pytest_benchmark.fixture import BenchmarkFixture
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from ledger.audit import verify
from ledger.book import Book
from ledger.entry import CELLS, ENTRIES, POSTINGS, entry_batch, new_key
from ledger.journal import post
from ledger.principal import LOCAL_ADMIN
from tests.conftest import admin, url_text

ENTRIES_COUNT = 100_000
ORM_COUNT = 10_000  # it is so slow that a tenth says enough
NOW = datetime(2026, 1, 1, tzinfo=UTC)

Frames = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]


class Base(DeclarativeBase):
    """Tables as people would write them."""


class PlainEntry(Base):
    __tablename__ = "plain_entry"
    id: Mapped[int] = mapped_column(sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True)
    key: Mapped[bytes] = mapped_column(unique=True)
    book: Mapped[str]
    kind: Mapped[str]
    day: Mapped[date]
    reference: Mapped[str | None]


class PlainPosting(Base):
    __tablename__ = "plain_posting"
    id: Mapped[int] = mapped_column(sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True)
    entry_id: Mapped[int] = mapped_column(sa.BigInteger)
    account: Mapped[str] = mapped_column(index=True)
    commodity: Mapped[str]
    amount: Mapped[int] = mapped_column(sa.BigInteger)


def frames(count: int) -> Frames:
    """A county's firms: 5,000 accounts of holders, 300 of the atmosphere, a year of days, 3,600 cells."""
    random = np.random.default_rng(20260101)
    holders, counties = random.integers(0, 5_000, count), random.integers(0, 300, count)
    days = [date(2023, 1, 1) + timedelta(days=int(offset)) for offset in random.integers(0, 365, count)]
    amounts = random.integers(1, 10**9, count)
    number = np.arange(count)
    entries = pl.DataFrame(
        {
            "no": number, "key": [new_key() for _ in range(count)], "book": "physical", "kind": "emission", "day": days,
            "reference": [f"ref {place}" for place in number], "evidence": None, "reverses": None, "detail": None,
        },
        schema=ENTRIES,
    )  # fmt: skip
    debit = pl.DataFrame({"no": number, "account": [f"holder/h{h:05}/s01/scope1/1A2" for h in holders], "amount": amounts})
    credit = pl.DataFrame({"no": number, "account": [f"atmosphere/33{c:04}/1A2" for c in counties], "amount": -amounts})
    postings = pl.concat([debit, credit]).sort("no", maintain_order=True).with_columns(commodity=pl.lit("CO2")).select(POSTINGS.names())
    months = pl.Series(days).dt.year() * 100 + pl.Series(days).dt.month()
    cells = pl.DataFrame({"cell": [f"physical|33{c:04}|1|1A2" for c in counties], "period": months, "amount": amounts})
    cells = cells.group_by("cell", "period").agg(pl.col("amount").sum(), count=pl.len()).with_columns(commodity=pl.lit("CO2"))
    return entries, postings, cells.select(CELLS.names())


def plain_rows(made: Frames) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    entries, postings, _ = made
    return (
        entries.select("key", "book", "kind", "day", "reference", id="no").to_dicts(),
        postings.select("account", "commodity", "amount", entry_id="no", id=pl.int_range(pl.len())).to_dicts(),
    )


def core(engine: sa.Engine, made: Frames) -> None:
    entries, postings = plain_rows(made)
    with engine.begin() as connection:
        connection.execute(sa.insert(PlainEntry), entries)
        connection.execute(sa.insert(PlainPosting), postings)


def orm(engine: sa.Engine, made: Frames) -> None:
    entries, postings = plain_rows(made)
    with Session(engine) as session:
        session.add_all(PlainEntry(**row) for row in entries)
        session.add_all(PlainPosting(**row) for row in postings)
        session.commit()


@pytest.fixture
def plain(book: Book, request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    """An engine of the same kind for the plain tables, with the same care for the disk."""
    if book.dialect == "sqlite":
        engine = sa.create_engine(f"sqlite:///{book.home}/plain.db")
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    else:
        server: sa.URL = request.getfixturevalue("postgres")
        engine = sa.create_engine(url_text(server.set(database=sa.make_url(book.url).database)))
        with admin(server) as connection:
            connection.exec_driver_sql("CHECKPOINT")
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


def seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def test_posting_a_batch_beside_executemany_and_the_orm(book: Book, plain: sa.Engine, benchmark: BenchmarkFixture) -> None:
    made = frames(ENTRIES_COUNT)

    def ours() -> None:
        with book.writing() as session:
            post(session, entry_batch(*made, units={"CO2": "g"}), LOCAL_ADMIN, now=NOW)

    ours_s = benchmark.pedantic(lambda: seconds(ours), rounds=1)
    core_s = seconds(lambda: core(plain, made))
    Base.metadata.drop_all(plain)
    Base.metadata.create_all(plain)
    orm_s = seconds(lambda: orm(plain, frames(ORM_COUNT))) * ENTRIES_COUNT / ORM_COUNT
    verify_s = seconds(lambda: _sound(book))
    print(f"\n{book.dialect}: {ENTRIES_COUNT:,} two-leg entries in one transaction")
    for name, taken in (("tanzhang post", ours_s), ("Core executemany, plain tables", core_s), ("ORM add_all, plain tables", orm_s)):
        print(f"  {name:32} {taken:7.2f} s {ENTRIES_COUNT / taken:12,.0f} entries/s   ours is {taken / ours_s:5.1f}×")
    print(f"  {'tanzhang verify, every row':32} {verify_s:7.2f} s {ENTRIES_COUNT / verify_s:12,.0f} entries/s")
    benchmark.extra_info.update({"core": core_s / ours_s, "orm": orm_s / ours_s, "verify_s": verify_s})


def _sound(book: Book) -> None:
    # the plain tables lie beside the book's in the same database; they are none of its business
    assert verify(book) == []
