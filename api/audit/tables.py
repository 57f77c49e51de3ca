"""The tables of the record of access: its rows, the head of their tree, and what was taken out after its time.

Nothing here names a person: a user by the random id, a login and an address as keyed digests (`api.audit.record`).
"""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from carbon.tables import within_user
from ledger.types import Blob, Instant, Int, Text

APPEND_ONLY = {"append_only": True}


class AccessRow(SQLModel, table=True):
    """What one request or command did, at its position in the log (0, 1, 2 …, no gap). `payload` is what was hashed, `leaf` its hash in
    the tree; the columns beside them are for finding."""

    __tablename__ = "access"
    __table_args__ = (
        sa.Index("access_at", "at"),
        sa.Index("access_user", "user_id", "id"),
        {"sqlite_strict": True, "info": APPEND_ONLY | within_user("user_id")},
    )
    id: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=Instant)
    user_id: str = Field(sa_type=Text)
    action: str = Field(sa_type=Text)
    object: str = Field(sa_type=Text)
    status: int = Field(sa_type=Int)
    payload: bytes = Field(sa_type=Blob)
    leaf: bytes = Field(sa_type=Blob)


class AccessHeadRow(SQLModel, table=True):
    """One row: how many records there were ever, the root of their tree, the peaks from which the next leaf goes on, and over how many a
    checkpoint was seen outside the database when the last of them was appended: one who shortens that log leaves this behind."""

    __tablename__ = "access_head"
    __table_args__ = {"sqlite_strict": True}
    id: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    size: int = Field(sa_type=Int)
    root: bytes = Field(sa_type=Blob)
    peaks: bytes = Field(sa_type=Blob)
    signed: int = Field(sa_type=Int)


class AccessCutRow(SQLModel, table=True):
    """The rows before `size` were sealed into an archive (`file` in the home, its SHA-256) and taken out; `peaks` are those of the tree
    over them, from which the rows that stand go on."""

    __tablename__ = "access_cut"
    __table_args__ = {"sqlite_strict": True, "info": APPEND_ONLY}
    size: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    peaks: bytes = Field(sa_type=Blob)
    file: str = Field(sa_type=Text)
    sha256: bytes = Field(sa_type=Blob)
    cut_at: datetime = Field(sa_type=Instant)
