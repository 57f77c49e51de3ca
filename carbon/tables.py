"""The tables of meaning: who holds what, which files were imported, and what each entry was made of.

Names and credit codes are aliases: the books know a holder by a random id only. `activity_line` and `resolution` keep, for ever, what is
needed to explain a number: the line as it was filed, the factors it met and the steps that led there.
"""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from ledger.types import Blob, Day, Instant, Int, Text

APPEND_ONLY = {"append_only": True}


class HolderRow(SQLModel, table=True):
    """A resident, firm or park, by a random id. `industry` is a GB/T 4754 code, or null."""

    __tablename__ = "holder"
    __table_args__ = {"sqlite_strict": True}
    id: str = Field(sa_type=Text, primary_key=True)
    kind: str = Field(sa_type=Text)
    industry: str | None = Field(default=None, sa_type=Text)
    example: int = Field(default=0, sa_type=Int)
    created_at: datetime = Field(sa_type=Instant)


class AliasRow(SQLModel, table=True):
    """What people call a holder: its `name`, its `credit-code`. Unique by kind but for names."""

    __tablename__ = "alias"
    __table_args__ = (sa.Index("alias_value", "kind", "value"), {"sqlite_strict": True})
    holder_id: str = Field(sa_type=Text, primary_key=True, foreign_key="holder.id")
    kind: str = Field(sa_type=Text, primary_key=True)
    value: str = Field(sa_type=Text)


class SiteRow(SQLModel, table=True):
    """A place of a holder where emissions happen; `code` is the holder's own and part of account names."""

    __tablename__ = "site"
    __table_args__ = (sa.UniqueConstraint("holder_id", "code"), {"sqlite_strict": True})
    id: str = Field(sa_type=Text, primary_key=True)
    holder_id: str = Field(sa_type=Text, foreign_key="holder.id")
    code: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)


class SiteDivisionRow(SQLModel, table=True):
    """In which division a site lies from a day on, until the next row's day."""

    __tablename__ = "site_division"
    __table_args__ = {"sqlite_strict": True, "info": APPEND_ONLY}
    site_id: str = Field(sa_type=Text, primary_key=True, foreign_key="site.id")
    valid_from: date = Field(sa_type=Day, primary_key=True)
    division: str = Field(sa_type=Text)


class ImportRow(SQLModel, table=True):
    """A file that was booked, by holder and SHA-256: the same file again books nothing. `first_entry`, `last_entry`: its entries."""

    __tablename__ = "import_file"
    __table_args__ = (sa.UniqueConstraint("holder_id", "sha256"), {"sqlite_strict": True, "info": APPEND_ONLY})
    id: str = Field(sa_type=Text, primary_key=True)
    holder_id: str = Field(sa_type=Text, foreign_key="holder.id")
    sha256: bytes = Field(sa_type=Blob)
    name: str = Field(sa_type=Text)
    lines: int = Field(sa_type=Int)
    first_entry: int | None = Field(default=None, sa_type=Int)
    last_entry: int | None = Field(default=None, sa_type=Int)
    replaces: str | None = Field(default=None, sa_type=Text, unique=True)
    actor: str = Field(sa_type=Text)
    imported_at: datetime = Field(sa_type=Instant)


class ResolutionRow(SQLModel, table=True):
    """How factors were found for some lines: JSON of factors, day shares, steps and components, kept once for all lines alike."""

    __tablename__ = "resolution"
    __table_args__ = {"sqlite_strict": True, "info": APPEND_ONLY}
    id: bytes = Field(sa_type=Blob, primary_key=True)
    content: str = Field(sa_type=Text)


class ActivityLineRow(SQLModel, table=True):
    """One line of activity data as it was filed, beside the entry that it became: none where it emitted nothing.

    `month` is yyyymm, or null where the period is longer than a month or lies in two: cells count such a line in the month of its last
    day, and a monthly view shows it as not monthly.
    """

    __tablename__ = "activity_line"
    __table_args__ = (
        sa.Index("activity_line_filed", "site_id", "activity", "start"),
        sa.Index("activity_line_cell", "cell", "entry_id"),
        {"sqlite_strict": True, "info": APPEND_ONLY},
    )
    import_id: str = Field(sa_type=Text, primary_key=True, foreign_key="import_file.id")
    row: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    entry_id: int | None = Field(default=None, sa_type=Int, unique=True)
    holder_id: str = Field(sa_type=Text)
    site_id: str = Field(sa_type=Text)
    division: str = Field(sa_type=Text)
    cell: str = Field(sa_type=Text)
    activity: str = Field(sa_type=Text)
    quantity: str = Field(sa_type=Text)
    unit: str = Field(sa_type=Text)
    start: date = Field(sa_type=Day)
    end: date = Field(sa_type=Day)
    month: int | None = Field(default=None, sa_type=Int)
    resolution_id: bytes = Field(sa_type=Blob, foreign_key="resolution.id")
    source: str | None = Field(default=None, sa_type=Text)
    reference: str | None = Field(default=None, sa_type=Text)
    method: str | None = Field(default=None, sa_type=Text)
    tier: str | None = Field(default=None, sa_type=Text)
    details: str | None = Field(default=None, sa_type=Text)
