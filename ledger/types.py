"""The five column types of every table: INTEGER, TEXT or BLOB on SQLite STRICT; BIGINT, TEXT, BYTEA, DATE, TIMESTAMPTZ on PostgreSQL.

A sixth kind of column is a decision, not a convenience: SQLite STRICT refuses VARCHAR, DATE and BOOLEAN, and keeps Decimal as REAL.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Int = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# byte order, as on SQLite: a range of names (`>= "holder/"`, `< "holder0"`) must mean the same under every collation of a server
Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Blob = sa.LargeBinary()


class Day(TypeDecorator[date]):
    """A civil day: DATE, or ISO 8601 text on SQLite, which sorts as days do."""

    impl = sa.Date
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.Text() if dialect.name == "sqlite" else sa.Date())

    def process_bind_param(self, value: date | None, dialect: Dialect) -> Any:
        return value.isoformat() if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> date | None:
        return date.fromisoformat(value) if isinstance(value, str) and dialect.name == "sqlite" else value


class Instant(TypeDecorator[datetime]):
    """A moment in UTC, to the microsecond: TIMESTAMPTZ, or microseconds since 1970 on SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.Integer() if dialect.name == "sqlite" else sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        return microseconds(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return moment(value) if dialect.name == "sqlite" else value.astimezone(UTC)


def microseconds(value: datetime) -> int:
    """Microseconds since 1970-01-01T00:00Z, exactly; a moment without a zone is refused."""
    if value.tzinfo is None:
        raise TypeError(f"{value!r} has no time zone: an instant is UTC")
    return (value - EPOCH) // timedelta(microseconds=1)


def moment(value: int) -> datetime:
    """The instant that many microseconds after 1970-01-01T00:00Z."""
    return EPOCH + timedelta(microseconds=value)


def period_of(day: date) -> int:
    """The month of a day as yyyymm."""
    return day.year * 100 + day.month


def iso_day(day: Any) -> str | None:
    """A day as ISO 8601 text, as SQLite keeps it."""
    return None if day is None else str(day)


def table_of(model: type[SQLModel]) -> sa.Table:
    """The table behind a model, for statements that read or write many rows."""
    return cast("sa.Table", sa.inspect(model).local_table)
