"""Many rows in one go: COPY BINARY on PostgreSQL, executemany on SQLite, over the driver's own connection and inside its transaction.

Frames go in and come out column by column: a Python object per value is what makes a row dear (COPY of a numpy buffer costs 0.2 µs a
row, of Python rows 4 µs).
"""

import struct
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any, cast

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlmodel import SQLModel

from ledger.wall import walled

PARAMETERS = 20_000  # a statement; SQLite allows 32,766
TOGETHER = 50  # rows a statement
ROWS = 50_000  # a buffer
BEHIND = 10_000  # rows from which on a thread of its own is worth its start
PIECE = 1 << 20  # bytes handed to the driver at once
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_END = struct.pack(">h", -1)
DAY_ZERO = date(2000, 1, 1)  # PostgreSQL counts days and microseconds from here
INSTANT_ZERO = datetime(2000, 1, 1, tzinfo=UTC)
TURN_S = 0.0005  # of a thread, a tenth of Python's own
NULL = -1  # the length of what is not there


def insert(connection: sa.Connection, table: str, frame: pl.DataFrame) -> None:
    """Insert the rows of `frame`, whose columns are named as the table's: integers, text, bytes, days, UTC instants, nulls.

    PostgreSQL refuses COPY into a table under row-level security: rows of such a one go into a temporary table, and from there over.
    """
    if not frame.height:
        return
    names = ", ".join(f'"{name}"' for name in frame.columns)
    driver = _driver(connection)
    if connection.dialect.name == "sqlite":
        _insert_rows(driver, f'INSERT INTO "{table}" ({names})', _plain(frame))
        return
    behind = walled(SQLModel.metadata.tables.get(table))
    target = f'pg_temp."{table}_new"' if behind else f'"{table}"'
    with driver.cursor() as cursor:
        if behind:
            cursor.execute(f'CREATE TEMPORARY TABLE "{table}_new" (LIKE "{table}") ON COMMIT DROP')
        _copy(cursor, f"COPY {target} ({names}) FROM STDIN (FORMAT BINARY)", frame)
        if behind:
            cursor.execute(f'INSERT INTO "{table}" ({names}) SELECT {names} FROM {target}')
            cursor.execute(f"DROP TABLE {target}")


def _copy(cursor: Any, sql: str, frame: pl.DataFrame) -> None:
    with cursor.copy(sql) as copy:
        copy.write(COPY_HEADER)
        for part in frame.iter_slices(ROWS):
            block = _copy_block(part)
            for at in range(0, len(block), PIECE):
                copy.write(bytes(block[at : at + PIECE]))
        copy.write(COPY_END)


class Inserts:
    """Inserts in their order that go on behind the caller's back where the database works in a process of its own: PostgreSQL reads rows
    while the caller hashes the next. Within the `with` the caller leaves the connection alone; what goes wrong is raised at its end.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._pool: ThreadPoolExecutor | None = None
        self._waiting: list[Future[None]] = []

    def __enter__(self) -> "Inserts":
        return self

    def _start(self) -> ThreadPoolExecutor:
        """The thread, and turns so short that it need not wait for the caller's hashing whenever the database takes a piece."""
        if self._pool is None:
            self._pool, self._turn = ThreadPoolExecutor(1), sys.getswitchinterval()
            sys.setswitchinterval(TURN_S)
        return self._pool

    def add(self, table: str, frame: pl.DataFrame) -> None:
        """Insert the rows now, or soon."""
        if self._pool is None and (self._connection.dialect.name == "sqlite" or frame.height < BEHIND):
            insert(self._connection, table, frame)
            return
        self._waiting.append(self._start().submit(insert, self._connection, table, frame))

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=kind is not None)
            sys.setswitchinterval(self._turn)
            for one in self._waiting:
                if kind is None:
                    one.result()


def read(connection: sa.Connection, sql: str, schema: pl.Schema) -> pl.DataFrame:
    """The rows of a query without parameters; `schema` names its columns: integers, text and bytes."""
    if connection.dialect.name == "sqlite":
        rows = _driver(connection).execute(sql).fetchall()
    else:
        # binary rows cost half of textual ones, and a third of COPY, which the driver hands out row by row
        with _driver(connection).cursor(binary=True) as cursor:
            rows = cursor.execute(sql).fetchall()
    return pl.DataFrame(rows, schema=schema, orient="row")


def add_up(connection: sa.Connection, table: str, *, key: Sequence[str], sums: pl.DataFrame) -> None:
    """Add `amount` and `count` of `sums` to the rows of `table` by `key`, opening those that are not there; sorted by key, so are locks.

    No value of a text key holds a line break. A sum beyond 64 bits is the driver's error.
    """
    columns = [*key, "amount", "count"]
    names, keys = ", ".join(columns), ", ".join(key)
    update = f"amount = {table}.amount + excluded.amount, count = {table}.count + excluded.count"
    sums = sums.select(columns).sort(key)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT ({keys}) DO UPDATE SET {update}"
        _driver(connection).executemany(sql, sums.iter_rows())
        return
    arrays = ", ".join(_array(sums[name]) for name in columns)
    connection.exec_driver_sql(
        f"INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays}) AS new ({names}) ORDER BY {keys} "
        f"ON CONFLICT ({keys}) DO UPDATE SET {update}",
        tuple(_joined(sums[name]) for name in columns),
    )


def select_in(connection: sa.Connection, sql: str, values: pl.Series) -> list[Any]:
    """Rows of `sql` whose ``IN {values}`` is filled with each of `values`: integers, bytes, or text without line breaks."""
    if not len(values):
        return []
    if connection.dialect.name == "postgresql":
        return list(connection.exec_driver_sql(sql.replace("{values}", f"(SELECT unnest({_array(values)}))"), (_joined(values),)).all())
    found: list[Any] = []
    for at in range(0, len(values), PARAMETERS):
        part = tuple(values[at : at + PARAMETERS])
        marks = "(" + ", ".join("?" * len(part)) + ")"
        found += connection.exec_driver_sql(sql.replace("{values}", marks), part).all()
    return found


def epoch_us(connection: sa.Connection, column: str) -> str:
    """SQL for an instant as SQLite keeps it, in microseconds since 1970; −1 for one of PostgreSQL's that never comes."""
    if connection.dialect.name == "sqlite":
        return column
    return f"CASE WHEN isfinite({column}) THEN (extract(epoch FROM {column}) * 1000000)::bigint WHEN {column} IS NOT NULL THEN -1 END"


def _driver(connection: sa.Connection) -> Any:
    driver = connection.connection.driver_connection
    assert driver is not None
    return driver


def _array(values: pl.Series) -> str:
    """SQL that makes an array of one text parameter: a list as a driver sends it costs 4 µs a value."""
    lines = "string_to_array(%s, E'\\n')"
    if values.dtype == pl.Binary:
        return f"ARRAY(SELECT decode(line, 'hex') FROM unnest({lines}) AS line)"
    return f"{lines}::bigint[]" if values.dtype.is_integer() else lines


def _joined(values: pl.Series) -> str:
    text = values.bin.encode("hex") if values.dtype == pl.Binary else values.cast(pl.String)
    return cast("str", text.str.join("\n").item())


def _insert_rows(driver: Any, into: str, frame: pl.DataFrame) -> None:
    """Rows of whole numbers go `TOGETHER` a statement, which halves their time; with texts among them that gains nothing."""
    row = f"({', '.join('?' * frame.width)})"
    numbers = all(kind.is_integer() for kind in frame.dtypes) and not any(frame.null_count().row(0))
    whole = frame.height // TOGETHER * TOGETHER if numbers else 0
    if whole:
        several = frame.head(whole).cast(pl.Int64).to_numpy().reshape(-1, TOGETHER * frame.width)
        driver.executemany(f"{into} VALUES {', '.join([row] * TOGETHER)}", (parameters.tolist() for parameters in several))
    driver.executemany(f"{into} VALUES {row}", frame.slice(whole).iter_rows())


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame in the form that SQLite keeps: days as ISO text, instants as microseconds since 1970."""
    forms = []
    for name, kind in frame.schema.items():
        if kind == pl.Date:
            forms.append(pl.col(name).dt.to_string("iso"))
        elif isinstance(kind, pl.Datetime):
            forms.append(pl.col(name).dt.epoch("us"))
    return frame.with_columns(forms)


def _copy_block(frame: pl.DataFrame) -> memoryview:
    """The rows as PostgreSQL's binary COPY format has them: number of fields, then for each its length and its bytes, big-endian."""
    parts: list[pa.Array] = []
    fixed: list[tuple[str, np.ndarray[Any, Any]]] = [(">i2", np.full(frame.height, frame.width, dtype=">i2"))]
    for column in frame.iter_columns():
        number = _number(column)
        if number is not None:
            fixed += [(">i4", np.full(frame.height, number.dtype.itemsize, dtype=">i4")), (number.dtype.str, number)]
            continue
        values = _bytes(column)
        absent = column.is_null().to_numpy()
        lengths = np.where(absent, NULL, np.diff(np.frombuffer(values.buffers()[1], np.int64))) if len(values) else np.empty(0)
        parts += [_records([*fixed, (">i4", lengths.astype(">i4"))]), values]
        fixed = []
    if not parts:  # all of one width: the buffer is the rows
        return memoryview(_buffer(fixed).tobytes())
    if fixed:
        parts.append(_records(fixed))
    rows = pc.binary_join_element_wise(*parts, pa.scalar(b"", pa.large_binary()))
    return memoryview(rows.buffers()[2])[: np.frombuffer(rows.buffers()[1], np.int64)[len(rows)]]


def _number(column: pl.Series) -> "np.ndarray[Any, Any] | None":
    """The column as big-endian numbers of PostgreSQL's count, or None where it has no one width."""
    if column.null_count():
        return None
    if column.dtype.is_integer():
        return column.to_numpy().astype(">i8")
    if column.dtype == pl.Date:
        return (column.to_physical().to_numpy() - (DAY_ZERO - date(1970, 1, 1)).days).astype(">i4")
    if isinstance(column.dtype, pl.Datetime):
        return (column.dt.epoch("us").to_numpy() - int(INSTANT_ZERO.timestamp()) * 1_000_000).astype(">i8")
    return None


def _buffer(fixed: list[tuple[str, "np.ndarray[Any, Any]"]]) -> "np.ndarray[Any, Any]":
    buffer = np.empty(len(fixed[0][1]), dtype=[(f"f{place}", kind) for place, (kind, _) in enumerate(fixed)])
    for place, (_, values) in enumerate(fixed):
        buffer[f"f{place}"] = values
    return buffer


def _records(fixed: list[tuple[str, "np.ndarray[Any, Any]"]]) -> pa.Array:
    """The part of each row that is of one width, as bytes."""
    return _of_width(_buffer(fixed))


def _of_width(values: "np.ndarray[Any, Any]") -> pa.Array:
    offsets = np.arange(len(values) + 1, dtype=np.int64) * values.dtype.itemsize
    return pa.Array.from_buffers(pa.large_binary(), len(values), [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(values))])


def _bytes(column: pl.Series) -> pa.Array:
    """The bytes of each value, none for a null: text, bytes, and numbers, days and instants among nulls."""
    if column.dtype == pl.String:
        column = column.cast(pl.Binary)
    if column.dtype == pl.Binary:
        return column.fill_null(b"").rechunk().to_arrow().cast(pa.large_binary())
    known = column.drop_nulls()
    numbers = _number(column.fill_null(known.first())) if len(known) else np.zeros(len(column), ">i8")
    assert numbers is not None, f"column {column.name} is {column.dtype}: integers, text, bytes, days and instants are kept"
    return pc.if_else(pa.array(column.is_null().to_numpy()), pa.scalar(b"", pa.large_binary()), _of_width(numbers))
