"""Divisions and their statistical series: what statisticians publish. Never postings; the same source again is a new edition."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from ledger.types import Blob, Instant, Int, Text

APPEND_ONLY = {"append_only": True}


class DivisionBelowRow(SQLModel, table=True):
    """The closure of the tree: `division` is `ancestor` or ever lay in it, however deep. Its rows come with `carbon.region.closure`."""

    __tablename__ = "division_below"
    __table_args__ = (
        sa.Index("division_below_division", "division"),
        {"sqlite_strict": True, "sqlite_with_rowid": False, "info": APPEND_ONLY | {"shipped": True}},
    )
    ancestor: str = Field(sa_type=Text, primary_key=True)
    division: str = Field(sa_type=Text, primary_key=True)


class SeriesRow(SQLModel, table=True):
    """One edition of a series: a source, a gas, and the file it came from."""

    __tablename__ = "series"
    __table_args__ = (sa.UniqueConstraint("source", "edition"), {"sqlite_strict": True, "info": APPEND_ONLY})
    id: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    source: str = Field(sa_type=Text)
    edition: int = Field(sa_type=Int)
    gas: str = Field(sa_type=Text)
    unit: str = Field(sa_type=Text)
    file: str = Field(sa_type=Text)
    sha256: bytes = Field(sa_type=Blob)
    cells: int = Field(sa_type=Int)
    licence: str | None = Field(default=None, sa_type=Text)
    actor: str = Field(sa_type=Text)
    imported_at: datetime = Field(sa_type=Instant)


class SeriesCellRow(SQLModel, table=True):
    """A mass of a division and year that no division below it carries: of a county its own, of a city what is not allocated to counties."""

    __tablename__ = "series_cell"
    __table_args__ = (
        sa.Index("series_cell_division", "series_id", "division", "year"),
        {"sqlite_strict": True, "sqlite_with_rowid": False, "info": APPEND_ONLY},
    )
    series_id: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False}, foreign_key="series.id")
    year: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    division: str = Field(sa_type=Text, primary_key=True)
    amount: int = Field(sa_type=Int)
