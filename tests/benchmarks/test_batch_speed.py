"""A batch in one transaction beside the same rows written by other means, in turns in one run: COPY without an index, executemany.

Ours checks, opens accounts, hashes every entry into the log, keeps balances and three levels of sums. The others are handed the very rows
that ours made, ready to write, and check nothing. `TANZHANG_BENCH_ENTRIES` sets the size of the batch.
"""

import importlib.util
import os
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from ledger import journal
from ledger.book import Book
from ledger.bulk import insert, read
from ledger.entry import CELLS, entry_batch
from ledger.journal import post
from ledger.principal import LOCAL_ADMIN
from ledger.proof import HASH_BYTES
from ledger.tile import Growth
from tests.benchmarks.test_post_speed import Frames, frames
from tests.conftest import admin, maker, url_text

ENTRIES_COUNT = int(os.environ.get("TANZHANG_BENCH_ENTRIES", "300000"))
ROUNDS = 3
NOW = datetime(2026, 1, 1, tzinfo=UTC)
WRITTEN = {
    "entry": pl.Schema({"id": pl.Int64, "posted_at": pl.Int64, "day": pl.Int64, "period": pl.Int64, "book": pl.String, "kind": pl.String, "payload": pl.Binary, "leaf": pl.Binary}),
    "idem": pl.Schema({"key": pl.Binary, "entry_id": pl.Int64}),
    "posting": pl.Schema({"account_id": pl.Int64, "entry_id": pl.Int64, "leg": pl.Int64, "amount": pl.Int64, "period": pl.Int64}),
}  # fmt: skip
"""The tables that hold nearly all rows of a batch; instants and days as whole numbers, so that both engines read alike."""
KEYS = {"entry": "PRIMARY KEY (id)", "idem": "PRIMARY KEY (key)", "posting": "PRIMARY KEY (account_id, entry_id, leg)"}
ORDER = {"entry": "id", "idem": "entry_id", "posting": "entry_id, leg"}  # as they happened: that a sorted batch is cheaper is our own trick
TYPES = {pl.Int64: "bigint", pl.String: "text", pl.Binary: "bytea"}


def three_levels(made: Frames) -> Frames:
    """The batch with its sums by county, by province and for the nation."""
    entries, postings, cells = made
    county = pl.col("cell").str.split("|")
    above = [
        cells.with_columns(cell=pl.concat_str(pl.lit("physical|"), county.list.get(1).str.head(digits), pl.lit("|1|1A2")))
        .group_by("cell", "period", "commodity").agg(pl.col("amount").sum(), pl.col("count").sum()).select(CELLS.names())
        for digits in (2, 0)
    ]  # fmt: skip
    return entries, postings, pl.concat([cells, *above])


def posted(book: Book, made: Frames) -> float:
    start = time.perf_counter()
    batch = entry_batch(*made, units={"CO2": "g"})
    with book.writing() as session:
        post(session, batch, LOCAL_ADMIN, now=NOW)
    return time.perf_counter() - start


def rows_of(book: Book) -> dict[str, pl.DataFrame]:
    """What ours wrote, for others to write again, in the order in which it happened."""
    shown = {"posted_at": "0 AS posted_at", "day": "0 AS day"}
    with book.reading() as session:
        return {
            name: read(
                session.connection(), f"SELECT {', '.join(shown.get(c, c) for c in schema)} FROM {name} ORDER BY {ORDER[name]}", schema
            )
            for name, schema in WRITTEN.items()
        }


def create(engine: sa.Engine, *, keyed: bool) -> None:
    with engine.begin() as connection:
        for name, schema in WRITTEN.items():
            columns = ", ".join(f'"{column}" {TYPES[kind.base_type()]}' for column, kind in schema.items())
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS other_{name}")
            connection.exec_driver_sql(f"CREATE TABLE other_{name} ({columns}{f', {KEYS[name]}' if keyed else ''})")


def copied(engine: sa.Engine, rows: dict[str, pl.DataFrame]) -> float:
    """COPY of ready frames into tables without any key."""
    create(engine, keyed=False)
    start = time.perf_counter()
    with engine.begin() as connection:
        for name, frame in rows.items():
            insert(connection, f"other_{name}", frame)
    return time.perf_counter() - start


def by_core(engine: sa.Engine, rows: dict[str, pl.DataFrame]) -> float:
    """SQLAlchemy Core's executemany into tables with the keys that ours has, 100,000 rows a call in one transaction."""
    create(engine, keyed=True)
    tables = {name: sa.table(f"other_{name}", *map(sa.column, schema)) for name, schema in WRITTEN.items()}
    taken = 0.0
    with engine.begin() as connection:
        for name, frame in rows.items():
            for part in frame.iter_slices(100_000):
                parameters = part.to_dicts()
                start = time.perf_counter()
                connection.execute(sa.insert(tables[name]), parameters)
                taken += time.perf_counter() - start
    return taken


def by_hordak(server: sa.URL) -> float:
    """A fiftieth of the batch through django-hordak's bulk, scaled up; 0 where it is not installed."""
    if importlib.util.find_spec("hordak") is None:
        return 0.0
    some = ENTRIES_COUNT // 50
    command = [sys.executable, "-m", "tests.benchmarks.hordak_bulk", server.render_as_string(hide_password=False), str(some)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1]) * 50


def by_sqlite(path: Path, rows: dict[str, pl.DataFrame]) -> float:
    """The driver's own executemany into tables with the keys that ours has, with the same care for the disk."""
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    for name, schema in WRITTEN.items():
        connection.execute(f"CREATE TABLE {name} ({', '.join(schema)}, {KEYS[name]}){' WITHOUT ROWID' if name != 'entry' else ''}")
    start = time.perf_counter()
    for name, frame in rows.items():
        connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * frame.width)})", frame.iter_rows())
    connection.commit()
    taken = time.perf_counter() - start
    connection.close()
    return taken


@pytest.fixture
def other(request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    """A database of its own on the same PostgreSQL."""
    server: sa.URL = request.getfixturevalue("postgres")
    with admin(server) as connection:
        connection.exec_driver_sql("DROP DATABASE IF EXISTS other WITH (FORCE)")
        connection.exec_driver_sql("CREATE DATABASE other")
    engine = sa.create_engine(url_text(server.set(database="other")))
    yield engine
    engine.dispose()
    with admin(server) as connection:
        connection.exec_driver_sql("DROP DATABASE other WITH (FORCE)")


def unproved(patch: pytest.MonkeyPatch) -> None:
    """A book that proves nothing: no leaf is hashed, no tree grows, no tile is written."""

    def counted(tree: Growth, leaves: bytes) -> None:
        tree.size += len(leaves) // HASH_BYTES

    patch.setattr(journal, "leaf_hashes", lambda payloads: [b""] * len(payloads))
    patch.setattr(journal, "grow", lambda connection, size, peaks, more: Growth(size, list(peaks), None))
    patch.setattr(Growth, "add", counted)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_what_proves_a_batch_costs_a_tenth_of_it_and_what_adds_it_up_a_thirtieth(
    request: pytest.FixtureRequest, engine: str, tmp_path: Path, benchmark
) -> None:  # type: ignore[no-untyped-def]
    """The same batch as it is, without tamper evidence, without roll-ups, in turns."""
    made = three_levels(frames(ENTRIES_COUNT))
    times: dict[str, list[float]] = {"whole": [], "tamper evidence": [], "roll-ups": []}
    with maker(request, tmp_path, engine) as make:
        for _ in range(2 * ROUNDS):
            times["whole"].append(posted(make(), made))
            with pytest.MonkeyPatch.context() as patch:
                unproved(patch)
                times["tamper evidence"].append(posted(make(), made))
            times["roll-ups"].append(posted(make(), (made[0], made[1], CELLS.to_frame())))
    benchmark.pedantic(lambda: None, rounds=1)
    whole = statistics.median(times.pop("whole"))
    print(f"\n{engine}: " + ", ".join(f"{part} {1 - statistics.median(taken) / whole:.1%} of a batch" for part, taken in times.items()))


def told(name: str, times: dict[str, list[float]], note: Callable[[str, float], str]) -> None:
    ours = statistics.median(times["ours"])
    print(f"\n{name}: {ENTRIES_COUNT:,} two-leg entries in one transaction: {ours:.2f} s, {ENTRIES_COUNT / ours:,.0f} entries/s")
    for other, taken in times.items():
        if other != "ours":
            print(f"  {other:40} {statistics.median(taken):7.2f} s   {note(other, statistics.median(taken) / ours)}")


def test_a_batch_on_postgresql_beside_copy_and_executemany(
    request: pytest.FixtureRequest, other: sa.Engine, tmp_path: Path, benchmark
) -> None:  # type: ignore[no-untyped-def]
    times: dict[str, list[float]] = {"ours": [], "COPY, no index": [], "SQLAlchemy Core executemany, same keys": []}
    made = three_levels(frames(ENTRIES_COUNT))
    server: sa.URL = request.getfixturevalue("postgres")
    with maker(request, tmp_path, "postgresql") as make:
        for _ in range(ROUNDS):
            book = make()
            with admin(server) as connection:
                connection.exec_driver_sql("CHECKPOINT")
            times["ours"].append(posted(book, made))
            rows = rows_of(book)
            with admin(server) as connection:
                connection.exec_driver_sql("CHECKPOINT")
            times["COPY, no index"].append(copied(other, rows))
            times["SQLAlchemy Core executemany, same keys"].append(by_core(other, rows))
    if hordak := by_hordak(server.set(drivername="postgresql", database="other")):
        times["django-hordak bulk"] = [hordak]
    benchmark.pedantic(lambda: None, rounds=1)
    benchmark.extra_info.update({name: statistics.median(taken) for name, taken in times.items()})
    told("PostgreSQL", times, lambda _, ratio: f"ours is {ratio:.2f}×")


def test_a_batch_on_sqlite_beside_executemany(request: pytest.FixtureRequest, tmp_path: Path, benchmark) -> None:  # type: ignore[no-untyped-def]
    times: dict[str, list[float]] = {"ours": [], "sqlite3 executemany, same keys": []}
    made = three_levels(frames(ENTRIES_COUNT))
    with maker(request, tmp_path, "sqlite") as make:
        for _ in range(ROUNDS):
            book = make()
            times["ours"].append(posted(book, made))
            times["sqlite3 executemany, same keys"].append(by_sqlite(tmp_path / "plain.db", rows_of(book)))
    benchmark.pedantic(lambda: None, rounds=1)
    told("SQLite", times, lambda _, ratio: f"ours is {ratio:.2f}×")
