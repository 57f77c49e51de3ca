"""Frames go in and come out as they are, on both engines: nulls, days, instants, bytes, text of any script."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
import sqlalchemy as sa

from ledger.book import Book
from ledger.bulk import insert, read, select_in
from ledger.types import Blob, Day, Instant, Int, Text
from tests.conftest import owner_engine

SAMPLE = sa.Table(
    "sample",
    sa.MetaData(),
    sa.Column("id", Int, primary_key=True, autoincrement=False),
    sa.Column("number", Int),
    sa.Column("text", Text),
    sa.Column("blob", Blob),
    sa.Column("day", Day),
    sa.Column("moment", Instant),
    sqlite_strict=True,
)
ROWS = [
    (1, 2**63 - 1, "入炉煤\n,\"'\\ \U0001f332", b"\x00\xff", date(1970, 1, 1), datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
    (2, None, None, None, None, None),
    (3, -(2**63), "", b"", date(9999, 12, 31), datetime(2100, 1, 1, tzinfo=UTC)),
]
SCHEMA = pl.Schema(
    [
        ("id", pl.Int64()), ("number", pl.Int64()), ("text", pl.String()), ("blob", pl.Binary()), ("day", pl.Date()),
        ("moment", pl.Datetime("us", "UTC")),
    ]
)  # fmt: skip


@pytest.mark.parametrize("which", [[0, 1, 2], [1], [0, 2], []])
def test_rows_come_out_as_they_went_in(book: Book, which: list[int]) -> None:
    rows = [ROWS[number] for number in which]
    engine = owner_engine(book)
    with engine.begin() as connection:
        SAMPLE.create(connection)
        insert(connection, "sample", pl.DataFrame(rows, schema=SCHEMA, orient="row"))
        stored = [tuple(row) for row in connection.execute(sa.select(SAMPLE).order_by(SAMPLE.c.id))]
        numbers = read(connection, "SELECT id, number, text, blob FROM sample ORDER BY id", pl.Schema(list(SCHEMA.items())[:4]))
        connection.rollback()
    engine.dispose()
    assert stored == rows
    assert numbers.rows() == [row[:4] for row in rows]


@pytest.mark.parametrize("column", ["id", "text", "blob"])
def test_rows_are_found_by_many_values(book: Book, column: str) -> None:
    engine = owner_engine(book)
    with engine.begin() as connection:
        SAMPLE.create(connection)
        number = range(25_000)
        frame = pl.DataFrame({"id": number, "text": [f"碳{n}" for n in number], "blob": [n.to_bytes(4, "big") for n in number]})
        insert(connection, "sample", frame)
        wanted = frame[column].gather_every(2)
        found = {row[0] for row in select_in(connection, f"SELECT id FROM sample WHERE {column} IN {{values}}", wanted)}
        assert found == set(range(0, 25_000, 2))
        assert select_in(connection, f"SELECT id FROM sample WHERE {column} IN {{values}}", wanted.head(0)) == []
        connection.rollback()
    engine.dispose()
