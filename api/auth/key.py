"""Keys of machines: ``tzk_<id>_<secret>`` in the Authorization header, for one office that the key's user holds.

The secret has 256 random bits; SHA-256 of the whole text is kept. A key ends at its expiry, when it is revoked, when the office is ended,
and when the user is disabled: each request looks anew. It needs no second factor, so a person has none for an office that asks for one.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from api.auth.errors import BadUser, SignInNeeded, UserNotFound
from api.auth.office import DUTIES, Office
from api.auth.session import Signed, digest
from api.auth.tables import ApiKeyRow, BindingRow, UserRow
from api.auth.user import Binding
from carbon.holder import new_id
from ledger.types import table_of

PREFIX = "tzk_"
NAME_MAX = 100


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key; nothing of its secret."""

    id: str
    name: str
    user: str
    binding: str
    office: Office
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


def make_key(session: Session, binding_id: str, *, name: str, expires: datetime | None = None, now: datetime) -> tuple[str, str]:
    """A new key for an office that somebody holds: its id, and its text, which is shown this once.

    Raises UserNotFound where the office is not held, BadUser where name or expiry cannot be or a person would go around a second factor.
    """
    if not 1 <= len(name.strip()) <= NAME_MAX:
        raise BadUser(field="name", reason=f"1 to {NAME_MAX} signs that say which machine it is")
    if expires is not None and expires <= now:
        raise BadUser(field="expires", reason="this moment has passed")
    b, u = table_of(BindingRow), table_of(UserRow)
    query = sa.select(b.c.office, u.c.kind).select_from(b.join(u, u.c.id == b.c.user_id))
    held = session.execute(query.where(b.c.id == binding_id, b.c.ended_at.is_(None), u.c.disabled_at.is_(None))).one_or_none()
    if held is None:
        raise UserNotFound(f"office {binding_id}")
    if held.kind == "person" and DUTIES[Office(held.office)].second_factor:
        raise BadUser(field="office", reason=f"a person's office of {held.office} asks for a second factor: give a machine its own user")
    key_id = new_id("k")
    text = f"{PREFIX}{key_id}_{secrets.token_urlsafe(32)}"
    values = {"id": key_id, "binding_id": binding_id, "name": name.strip(), "digest": digest(text), "created_at": now}
    session.execute(sa.insert(table_of(ApiKeyRow)).values(values | {"expires_at": expires}))
    return key_id, text


def revoke_key(session: Session, key_id: str, *, now: datetime) -> None:
    """End a key, and what was given out on it. Raises UserNotFound where there is none that holds."""
    row = table_of(ApiKeyRow)
    done = session.execute(sa.update(row).where(row.c.id == key_id, row.c.revoked_at.is_(None)).values(revoked_at=now))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise UserNotFound(f"key {key_id}")


def keys(session: Session, user_id: str | None = None) -> list[Key]:
    """Every key, or those of one user, the oldest first; ended ones too."""
    k, b = table_of(ApiKeyRow).c, table_of(BindingRow).c
    query = (
        sa.select(k.id, k.name, b.user_id, k.binding_id, b.office, k.created_at, k.expires_at, k.revoked_at)
        .select_from(table_of(ApiKeyRow).join(table_of(BindingRow), b.id == k.binding_id))
        .order_by(k.created_at, k.id)
    )
    if user_id is not None:
        query = query.where(b.user_id == user_id)
    return [Key(row[0], row[1], row[2], row[3], Office(row[4]), *row[5:]) for row in session.execute(query)]


def stands_for(rows: Sequence[Sequence[Any]]) -> Signed:
    """Whom the key stands for that `held_by` found. Raises SignInNeeded where it found none."""
    if not rows:
        raise SignInNeeded
    number, user, office, holder, division, example = rows[0]
    return Signed(user, Binding(number, user, Office(office), holder, division), second=True, example=bool(example))


@cache
def held_by(through: sa.Table | None = None) -> sa.Select[Any]:
    """The query for a key that holds at the moment ``now``, by the ``digest`` of its text, or of a token in a table that points to it and
    says when it ends. Built once: every call of a machine asks it."""
    k, b, u = table_of(ApiKeyRow), table_of(BindingRow), table_of(UserRow)
    source: Any = k.join(b, b.c.id == k.c.binding_id).join(u, u.c.id == b.c.user_id)
    named, now = k if through is None else through, sa.bindparam("now", type_=k.c.expires_at.type)
    good = [named.c.digest == sa.bindparam("digest", type_=named.c.digest.type), k.c.revoked_at.is_(None)]
    good += [sa.or_(k.c.expires_at.is_(None), k.c.expires_at > now), b.c.ended_at.is_(None), u.c.disabled_at.is_(None)]
    if through is not None:
        source, good = source.join(through, through.c.key_id == k.c.id), [*good, through.c.expires_at > now]
    return sa.select(b.c.id, b.c.user_id, b.c.office, b.c.holder_id, b.c.division, u.c.example).select_from(source).where(*good)
