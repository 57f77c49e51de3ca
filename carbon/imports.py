"""The files that were booked for a holder."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from carbon.errors import ImportNotFound
from carbon.holder import find_holder
from carbon.reach import seen_imports
from carbon.tables import ImportRow
from ledger.principal import Principal
from ledger.types import table_of


@dataclass(frozen=True, slots=True)
class Import:
    """A file that was booked: its digest, its lines, its entries, the import that it took the place of and the one that took its own."""

    id: str
    holder: str
    file: str
    sha256: str
    lines: int
    first_entry: int | None
    last_entry: int | None
    replaces: str | None
    replaced_by: str | None
    imported_at: datetime


def imports(session: Session, principal: Principal, *, holder: str, after: str = "", limit: int = 100) -> list[Import]:
    """The imports of a holder by id, those after `after`. Raises HolderNotFound."""
    find_holder(session, principal, holder)
    row = table_of(ImportRow).c
    query = _query().where(row.holder_id == holder, row.id > after).order_by(row.id).limit(limit)
    return [_import(found) for found in session.execute(seen_imports(query, principal)).mappings()]


def find_import(session: Session, principal: Principal, *, holder: str, import_id: str) -> Import:
    """One import of a holder. Raises HolderNotFound, ImportNotFound."""
    find_holder(session, principal, holder)
    row = table_of(ImportRow).c
    query = _query().where(row.holder_id == holder, row.id == import_id)
    found = session.execute(seen_imports(query, principal)).mappings().one_or_none()
    if found is None:
        raise ImportNotFound(import_id)
    return _import(found)


def _query() -> sa.Select[Any]:
    row, later = table_of(ImportRow), table_of(ImportRow).alias()
    return sa.select(
        row.c.id, row.c.holder_id, row.c.name, row.c.sha256, row.c.lines, row.c.first_entry, row.c.last_entry, row.c.replaces,
        later.c.id.label("replaced_by"), row.c.imported_at,
    ).select_from(row.outerjoin(later, later.c.replaces == row.c.id))  # fmt: skip


def _import(row: sa.RowMapping) -> Import:
    return Import(
        row["id"], row["holder_id"], row["name"], bytes(row["sha256"]).hex(), row["lines"], row["first_entry"], row["last_entry"],
        row["replaces"], row["replaced_by"], row["imported_at"],
    )  # fmt: skip
