"""Many rows in one go: COPY on PostgreSQL, executemany on SQLite, over the driver's own connection and inside its transaction."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa

CHUNK = 500  # bound parameters a statement: SQLite's old limit is 999


def insert(connection: sa.Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert `rows`, values in the order of `columns`, already in the form that the database keeps."""
    names = ", ".join(columns)
    driver = connection.connection.driver_connection
    assert driver is not None
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        driver.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)
        return
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def add_up(connection: sa.Connection, table: str, *, key: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Add `(key…, amount, count)` to rows of sums, opening those that are not there; `rows` are sorted by key, so locks are too."""
    names = ", ".join((*key, "amount", "count"))
    keys = ", ".join(key)
    update = f"amount = {table}.amount + excluded.amount, count = {table}.count + excluded.count"
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * (len(key) + 2))
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT ({keys}) DO UPDATE SET {update}", rows)
        return
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE delta_{table} (LIKE {table}) ON COMMIT DROP")
    insert(connection, f"delta_{table}", (*key, "amount", "count"), rows)
    connection.exec_driver_sql(
        f"INSERT INTO {table} ({names}) SELECT {names} FROM delta_{table} ORDER BY {keys} ON CONFLICT ({keys}) DO UPDATE SET {update}"
    )
    connection.exec_driver_sql(f"DROP TABLE delta_{table}")


def select_in(connection: sa.Connection, sql: str, values: Sequence[Any]) -> list[Any]:
    """Rows of `sql` whose ``{values}`` is filled with each of `values`, in chunks on SQLite and as one array on PostgreSQL."""
    if not values:
        return []
    if connection.dialect.name == "postgresql":
        return list(connection.exec_driver_sql(sql.replace("IN {values}", "= ANY(%s)"), (list(values),)).all())
    found: list[Any] = []
    rest = iter(values)
    while chunk := tuple(islice(rest, CHUNK)):
        marks = "(" + ", ".join("?" * len(chunk)) + ")"
        found += connection.exec_driver_sql(sql.replace("{values}", marks), chunk).all()
    return found
