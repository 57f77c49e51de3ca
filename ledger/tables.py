"""The tables of the book. Only `ledger.journal` writes them; triggers keep what is append-only so.

`entry` and `posting` carry `period` (yyyymm of the day), so that a large book may be partitioned by it later; what must be unique over
all time (keys, reversals) therefore lives in tables of its own. Rows never change but in `balance`, `cell` and `head`.
"""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from ledger.types import Blob, Day, Instant, Int, Text

REVISION = "0003"  # the newest migration, which a book must be at to be opened
APPEND_ONLY = {"append_only": True}


def written_with_entry(column: str) -> dict[str, object]:
    """Append-only rows that are written with the entry that `column` names, and never later: its number is none that the head counts."""
    return {**APPEND_ONLY, "entry": column}


class BookInfoRow(SQLModel, table=True):
    """One row: which book this is. The id (UUIDv7, so it holds `created_at` in milliseconds) names the checkpoint log outside."""

    __tablename__ = "book_info"
    __table_args__ = {"sqlite_strict": True, "info": APPEND_ONLY}
    id: str = Field(sa_type=Text, primary_key=True)
    created_at: datetime = Field(sa_type=Instant)


class CommodityRow(SQLModel, table=True):
    """A commodity and its smallest unit, opened when first posted."""

    __tablename__ = "commodity"
    __table_args__ = {"sqlite_strict": True, "info": APPEND_ONLY}
    id: int = Field(sa_type=Int, primary_key=True)
    code: str = Field(sa_type=Text, unique=True)
    unit: str = Field(sa_type=Text)


class AccountRow(SQLModel, table=True):
    """An account of one book and one commodity, opened when first posted."""

    __tablename__ = "account"
    __table_args__ = (sa.UniqueConstraint("name", "commodity_id"), {"sqlite_strict": True, "info": APPEND_ONLY})
    id: int = Field(sa_type=Int, primary_key=True)
    book: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    commodity_id: int = Field(sa_type=Int, foreign_key="commodity.id")


class AccountRuleRow(SQLModel, table=True):
    """What an entry ruled for an account: its normal side, the floor below which its balance on that side may not go, whether it is closed.

    The rule of the latest entry holds; an account without one is a debit account, open and without a floor.
    """

    __tablename__ = "account_rule"
    __table_args__ = {"sqlite_strict": True, "sqlite_with_rowid": False, "info": APPEND_ONLY}
    account_id: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    entry_id: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    side: int = Field(sa_type=Int)
    floor: int | None = Field(sa_type=Int, nullable=True)
    closed: int = Field(sa_type=Int)


class PeriodStateRow(SQLModel, table=True):
    """What an entry ruled for a month: closed (1) or open again (0), for the accounts whose names begin with `scope` (empty: all).

    The latest rule that fits an account holds. `size` is the log up to which the month was sealed, `sealed` the hash of what it held.
    """

    __tablename__ = "period_state"
    __table_args__ = (sa.Index("period_state_period", "period", "entry_id"), {"sqlite_strict": True, "info": APPEND_ONLY})
    entry_id: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    period: int = Field(sa_type=Int)
    scope: str = Field(sa_type=Text)
    closed: int = Field(sa_type=Int)
    reason: str = Field(sa_type=Text)
    actor: str = Field(sa_type=Text)
    second: str | None = Field(sa_type=Text, nullable=True)
    size: int = Field(sa_type=Int)
    sealed: bytes | None = Field(sa_type=Blob, nullable=True)


class HoldRow(SQLModel, table=True):
    """An amount set aside: entry `entry_id` moved it from an account to the held account beside it, until the day `expires_on`."""

    __tablename__ = "hold"
    __table_args__ = {"sqlite_strict": True, "info": APPEND_ONLY}
    entry_id: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    account_id: int = Field(sa_type=Int, index=True)
    held_id: int = Field(sa_type=Int)
    amount: int = Field(sa_type=Int)
    expires_on: date | None = Field(sa_type=Day, nullable=True)


class HoldEndRow(SQLModel, table=True):
    """What ended a hold, or a part of it: entry `entry_id` settled, released or expired `amount` of it."""

    __tablename__ = "hold_end"
    __table_args__ = (sa.Index("hold_end_hold", "hold_id"), {"sqlite_strict": True, "info": APPEND_ONLY})
    entry_id: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    hold_id: int = Field(sa_type=Int)
    kind: str = Field(sa_type=Text)
    amount: int = Field(sa_type=Int)


class LotRow(SQLModel, table=True):
    """Units of one issue: serials `first` to `last` of a series, of one vintage, project and expiry. Units of a lot are alike."""

    __tablename__ = "lot"
    __table_args__ = (sa.UniqueConstraint("commodity_id", "series", "first"), {"sqlite_strict": True, "info": APPEND_ONLY})
    entry_id: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    commodity_id: int = Field(sa_type=Int)
    series: str = Field(sa_type=Text)
    first: int = Field(sa_type=Int)
    last: int = Field(sa_type=Int)
    vintage: int = Field(sa_type=Int)
    project: str = Field(sa_type=Text)
    expires_on: date | None = Field(sa_type=Day, nullable=True)


class LotPlaceRow(SQLModel, table=True):
    """Where serials lie now: `first` to `last` of lot `lot_id` on one account."""

    __tablename__ = "lot_place"
    __table_args__ = (sa.Index("lot_place_account", "account_id"), {"sqlite_strict": True, "sqlite_with_rowid": False})
    lot_id: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    first: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    last: int = Field(sa_type=Int)
    account_id: int = Field(sa_type=Int)


class LotMoveRow(SQLModel, table=True):
    """Serials that entry `entry_id` took from one account to another; the issue brings them from the registry's account."""

    __tablename__ = "lot_move"
    __table_args__ = {"sqlite_strict": True, "sqlite_with_rowid": False, "info": APPEND_ONLY}
    entry_id: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    lot_id: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    first: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    last: int = Field(sa_type=Int)
    from_id: int = Field(sa_type=Int)
    to_id: int = Field(sa_type=Int)


class RetirementRow(SQLModel, table=True):
    """Serials that were retired, once and for ever, to what purpose and for whom."""

    __tablename__ = "retirement"
    __table_args__ = {"sqlite_strict": True, "sqlite_with_rowid": False, "info": APPEND_ONLY}
    lot_id: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    first: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    last: int = Field(sa_type=Int)
    entry_id: int = Field(sa_type=Int)
    purpose: str = Field(sa_type=Text)
    beneficiary: str = Field(sa_type=Text)


class TileRow(SQLModel, table=True):
    """256 hashes of one level of the tree and their root, once all are there: what a proof reads instead of the log (C2SP tlog-tiles)."""

    __tablename__ = "tile"
    __table_args__ = {"sqlite_strict": True, "sqlite_with_rowid": False, "info": APPEND_ONLY}
    level: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    place: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    root: bytes = Field(sa_type=Blob)
    hashes: bytes = Field(sa_type=Blob)


class EntryRow(SQLModel, table=True):
    """An entry at its position in the log (0, 1, 2 …, no gap). `payload` is what was hashed, `leaf` its hash in the log's tree; the columns
    beside them are for finding."""

    __tablename__ = "entry"
    __table_args__ = {"sqlite_strict": True, "info": written_with_entry("id")}
    id: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    posted_at: datetime = Field(sa_type=Instant)
    day: date = Field(sa_type=Day)
    period: int = Field(sa_type=Int)
    book: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    payload: bytes = Field(sa_type=Blob)
    leaf: bytes = Field(sa_type=Blob)


class IdemRow(SQLModel, table=True):
    """A key is used once, ever, and stands for its entry: the entry's leaf tells a repeated request from another one."""

    __tablename__ = "idem"
    __table_args__ = {"sqlite_strict": True, "sqlite_with_rowid": False, "info": APPEND_ONLY}
    key: bytes = Field(sa_type=Blob, primary_key=True)
    entry_id: int = Field(sa_type=Int)


class PostingRow(SQLModel, table=True):
    """A leg: a positive amount is a debit, a negative one a credit. Its only index is the one that reads an account."""

    __tablename__ = "posting"
    __table_args__ = {"sqlite_strict": True, "sqlite_with_rowid": False, "info": written_with_entry("entry_id")}
    account_id: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    entry_id: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    leg: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    amount: int = Field(sa_type=Int)
    period: int = Field(sa_type=Int)


class BalanceRow(SQLModel, table=True):
    """What all postings of an account add up to, and how many they are."""

    __tablename__ = "balance"
    __table_args__ = {"sqlite_strict": True, "postgresql_with": {"fillfactor": 70}}
    account_id: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    amount: int = Field(sa_type=Int)
    count: int = Field(sa_type=Int)


class CellRow(SQLModel, table=True):
    """Sums that the caller asked to have kept beside the postings, by an opaque key and month."""

    __tablename__ = "cell"
    __table_args__ = {"sqlite_strict": True, "sqlite_with_rowid": False, "postgresql_with": {"fillfactor": 70}}
    cell: str = Field(sa_type=Text, primary_key=True)
    period: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    commodity_id: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    amount: int = Field(sa_type=Int)
    count: int = Field(sa_type=Int)


class CellShareRow(SQLModel, table=True):
    """What one batch added to a cell; `entry_id` is the batch's first entry. A cell is the sum of its shares, as known on any day."""

    __tablename__ = "cell_share"
    __table_args__ = {"sqlite_strict": True, "sqlite_with_rowid": False, "info": APPEND_ONLY}
    cell: str = Field(sa_type=Text, primary_key=True)
    period: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    commodity_id: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    entry_id: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    amount: int = Field(sa_type=Int)
    count: int = Field(sa_type=Int)


class ReversalRow(SQLModel, table=True):
    """Which entry reverses which: at most one each."""

    __tablename__ = "reversal"
    __table_args__ = {"sqlite_strict": True, "info": APPEND_ONLY}
    entry_id: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    by_id: int = Field(sa_type=Int, unique=True)


class HeadRow(SQLModel, table=True):
    """One row: the size of the log, the root of its Merkle tree, and the peaks from which the next leaf goes on."""

    __tablename__ = "head"
    __table_args__ = {"sqlite_strict": True}
    id: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    size: int = Field(sa_type=Int)
    root: bytes = Field(sa_type=Blob)
    peaks: bytes = Field(sa_type=Blob)
