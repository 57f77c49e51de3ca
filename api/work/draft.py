"""Drafts: lines of activity data that a holder is still writing. Nothing of them is booked, nothing is checked but their form.

Each change replaces the draft's tag. Whoever changes it says which tag was read, so that nobody writes over what another wrote meanwhile
(RFC 9110, 13.1.1: If-Match).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import msgspec
import sqlalchemy as sa
from sqlmodel import Session

from api.work.errors import DraftChanged, DraftNotFound, PreconditionNeeded
from carbon.holder import find_holder, new_id
from carbon.tables import DraftRow
from ledger.errors import NotAllowed
from ledger.principal import Principal, Role
from ledger.types import table_of

LINES_MAX = 5_000
ANY = "*"
Cell = Annotated[str, msgspec.Meta(max_length=400)]
NAME = re.compile(r"[^/\x00-\x1f\x7f]{1,80}")


class DraftLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A line as the columns of a file have it (README: activity data), each a text; `extra` are the columns of one's own, x_…"""

    activity: Cell = ""
    quantity: Cell = ""
    unit: Cell = ""
    day: Cell = ""
    start: Cell = ""
    end: Cell = ""
    division: Cell = ""
    site: Cell = ""
    source: Cell = ""
    reference: Cell = ""
    scope: Cell = ""
    category: Cell = ""
    method: Cell = ""
    tier: Cell = ""
    factor: Cell = ""
    ncv: Cell = ""
    carbon_content: Cell = ""
    oxidation: Cell = ""
    density: Cell = ""
    biogenic_share: Cell = ""
    counterparty: Cell = ""
    instrument: Cell = ""
    uncertainty_pct: Cell = ""
    note: Cell = ""
    extra: dict[Annotated[str, msgspec.Meta(pattern="^x_", max_length=60)], Cell] = {}


class DraftContent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The lines of a draft, in their order."""

    lines: Annotated[list[DraftLine], msgspec.Meta(max_length=LINES_MAX)]


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft and its tag; `content` is JSON as it was kept."""

    name: str
    tag: str
    content: bytes
    changed_at: datetime


def read_draft(session: Session, principal: Principal, *, holder: str, name: str) -> Draft:
    """The draft. Raises HolderNotFound, DraftNotFound."""
    find_holder(session, principal, holder)
    row = table_of(DraftRow)
    found = session.execute(sa.select(row).where(row.c.holder_id == holder, row.c.name == name)).mappings().one_or_none()
    if found is None:
        raise DraftNotFound(name)
    return Draft(found["name"], found["tag"], found["content"].encode(), found["changed_at"])


def drafts(session: Session, principal: Principal, *, holder: str, after: str, limit: int) -> list[tuple[str, str, datetime]]:
    """Names, tags and last changes of a holder's drafts by name, those after `after`. Raises HolderNotFound."""
    find_holder(session, principal, holder)
    row = table_of(DraftRow).c
    query = sa.select(row.name, row.tag, row.changed_at).where(row.holder_id == holder, row.name > after).order_by(row.name).limit(limit)
    return [(name, tag, changed) for name, tag, changed in session.execute(query)]


def write_draft(
    session: Session, principal: Principal, *, holder: str, name: str, content: DraftContent, if_match: str | None, if_none: str | None,
    now: datetime,
) -> tuple[Draft, bool]:  # fmt: skip
    """Write the draft that was read with the tag `if_match`, or with `if_none` = ``*`` a new one; and whether it is new.

    Raises PreconditionNeeded, DraftChanged, HolderNotFound, NotAllowed.
    """
    _allow(session, principal, holder)
    if not NAME.fullmatch(name):
        raise DraftNotFound(name)
    row, tag, text = table_of(DraftRow), new_id("d"), msgspec.json.encode(content)
    values: dict[str, Any] = {"tag": tag, "content": text.decode(), "changed_by": principal.actor, "changed_at": now}
    if if_match is None and if_none != ANY:
        raise PreconditionNeeded
    if if_match is None:
        if session.execute(sa.select(row.c.tag).where(row.c.holder_id == holder, row.c.name == name)).first() is not None:
            raise DraftChanged(name)
        try:
            with session.begin_nested():
                session.execute(sa.insert(row).values(values | {"holder_id": holder, "name": name}))
        except sa.exc.IntegrityError as error:  # somebody wrote it a moment ago
            raise DraftChanged(name) from error
    elif _changed(session.execute(sa.update(row).where(*_stands(row, holder, name, if_match)).values(values))):
        raise DraftChanged(name)
    return Draft(name, tag, text, now), if_match is None


def delete_draft(session: Session, principal: Principal, *, holder: str, name: str, if_match: str | None) -> None:
    """Throw a draft away. Raises as `write_draft`, and DraftNotFound."""
    _allow(session, principal, holder)
    if if_match is None:
        raise PreconditionNeeded
    row = table_of(DraftRow)
    if _changed(session.execute(sa.delete(row).where(*_stands(row, holder, name, if_match)))):
        read_draft(session, principal, holder=holder, name=name)
        raise DraftChanged(name)


def _stands(row: sa.Table, holder: str, name: str, if_match: str) -> list[sa.ColumnElement[bool]]:
    """That the draft stands under one of the tags given; a weak tag is none (RFC 9110, 13.1.1)."""
    tags = [part.strip() for part in if_match.split(",")]
    here = [row.c.holder_id == holder, row.c.name == name]
    return here if tags == [ANY] else [*here, row.c.tag.in_([tag[1:-1] for tag in tags if len(tag) > 1 and tag[0] == tag[-1] == '"'])]


def _changed(done: Any) -> bool:
    return bool(done.rowcount != 1)


def _allow(session: Session, principal: Principal, holder: str) -> None:
    if principal.role not in {Role.ADMIN, Role.WRITER}:
        raise NotAllowed(actor=principal.actor, action="write a draft")
    find_holder(session, principal, holder)
