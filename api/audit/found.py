"""Find records of access, the newest first, a page at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from api.audit.record import FIELDS, REFUSED, Record, named, read_record
from api.audit.tables import AccessHeadRow, AccessRow
from ledger.types import table_of

LIMIT_MAX = 1000
HEAD = FIELDS[1:]  # without the format


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which records: since and until a moment (excluded), of a user, of an action, on an object (an id, or what was named), and only those
    that were refused."""

    since: datetime | None = None
    until: datetime | None = None
    user: str = ""
    action: str = ""
    object: str = ""
    refused: bool = False


def find(
    session: Session, wanted: Wanted, *, digest: Callable[[str], str], before: int | None = None, limit: int = 100
) -> tuple[list[dict[str, Any]], int | None]:
    """Records by HEAD, the newest first, those before place `before`; and where the next page begins, None at the end."""
    row = table_of(AccessRow).c
    query = sa.select(row.id, row.payload).order_by(row.id.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(row.id < before)
    if wanted.since is not None:
        query = query.where(row.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(row.at < wanted.until)
    if wanted.user:
        query = query.where(row.user_id == wanted.user)
    if wanted.action:
        query = query.where(row.action == wanted.action)
    if wanted.object:
        query = query.where((" " + row.object + " ").like(f"% {named(wanted.object, digest)} %"))
    if wanted.refused:
        query = query.where(row.status.in_(REFUSED))
    found = session.execute(query).all()
    shown = [_told(*read_record(bytes(one.payload))) for one in found[:limit]]
    return shown, int(found[limit - 1].id) if len(found) > limit else None


def size(session: Session) -> int:
    """How many records there were ever."""
    return int(session.execute(sa.select(table_of(AccessHeadRow).c.size)).scalar_one())


def actions(session: Session) -> list[str]:
    """The actions of which there is a record, for a filter."""
    row = table_of(AccessRow).c
    newest = sa.select(row.action).order_by(row.id.desc()).limit(10_000).subquery()
    return sorted(session.execute(sa.select(newest.c.action).distinct()).scalars())


def _told(number: int, record: Record) -> dict[str, Any]:
    return {"id": number} | {name: getattr(record, name) for name in HEAD[1:]}
