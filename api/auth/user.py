"""Users and the offices that they hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from api.auth import vault as person
from api.auth.errors import BadUser, UserNotFound
from api.auth.office import DUTIES, OFFICERS, Bound, Duty, Office
from api.auth.password import Kept
from api.auth.tables import BindingRow, SessionRow, UserRow
from api.auth.vault import Vault
from carbon.holder import new_id
from carbon.region.divisions import NATION, divisions
from carbon.tables import HolderRow
from ledger.principal import LOCAL_ADMIN, Principal
from ledger.types import table_of

KINDS = ("person", "machine")


@dataclass(frozen=True, slots=True)
class Binding:
    """An office that a user holds within a bound; `holder` or `division` says within which."""

    id: str
    user: str
    office: Office
    holder: str | None
    division: str | None

    @property
    def duty(self) -> Duty:
        """What the office may do."""
        return DUTIES[self.office]

    @property
    def scope(self) -> str:
        """The bound in one word: a holder's id, a division's code, or ``platform``."""
        return self.holder or self.division or Bound.PLATFORM.value

    def principal(self) -> Principal:
        """Who acts: bounded to one holder, to a division with all below it, or to nothing that any holder has."""
        bound = self.duty.bound
        if bound is Bound.HOLDER:
            return Principal(self.user, self.duty.role, holders=frozenset({str(self.holder)}))
        if bound is Bound.DIVISION:
            whole = self.division == NATION
            return Principal(self.user, self.duty.role, divisions=None if whole else frozenset({str(self.division)}))
        return Principal(self.user, self.duty.role, holders=frozenset())


def add_user(
    session: Session, vault: Vault, *, kind: str = "person", login: str | None = None, password: Kept | None = None,
    given: bool = False, fields: dict[str, str] | None = None, example: bool = False, now: datetime,
) -> str:  # fmt: skip
    """Open a user under a new random id; `password` is what `hashed` made of it, `given` says that another than its person chose it, who
    then changes it first of all. Raises BadUser where the login is taken or a value cannot be, BadIdentifier."""
    if kind not in KINDS:
        raise BadUser(field="kind", reason=f"one of {', '.join(KINDS)}")
    if login is not None and not 1 <= len(login.strip()) <= 200:
        raise BadUser(field="login", reason="1 to 200 signs")
    if (login is None) != (password is None):
        raise BadUser(field="login", reason="a login and a password go together")
    if not isinstance(password, Kept | None):
        raise TypeError("a password is kept as `hashed` makes it, never as it was typed")
    digest = vault.digest("login", login) if login else None
    row = table_of(UserRow)
    if digest and session.execute(sa.select(row.c.id).where(row.c.login == digest)).first():
        raise BadUser(field="login", reason="somebody has it already")
    user_id = new_id("u")
    values = {"id": user_id, "kind": kind, "login": digest, "totp_step": 0, "example": int(example), "created_at": now}
    session.execute(sa.insert(row).values(values | {"password": password, "password_given_at": now if given and password else None}))
    if fields or login:
        person.keep(session, vault, user_id, {"login": login or "", **(fields or {})}, today=now.date())
    return user_id


def bind(
    session: Session, user_id: str, office: Office, *, holder: str | None = None, division: str | None = None, by: str, now: datetime
) -> Binding:
    """Let a user hold an office within its bound. Raises BadUser where office and bound do not fit or duties stay apart, UserNotFound."""
    check_binding(session, user_id, office, holder=holder, division=division)
    made = Binding(new_id("b"), user_id, office, holder, division)
    values = {"id": made.id, "user_id": user_id, "office": office.value, "holder_id": holder, "division": division}
    session.execute(sa.insert(table_of(BindingRow)).values(values | {"given_by": by, "given_at": now}))
    return made


def check_binding(session: Session, user_id: str, office: Office, *, holder: str | None = None, division: str | None = None) -> None:
    """Whether a user could hold an office so. Raises BadUser, UserNotFound.

    In a writing session the user's row is held until its end: of two officers who give at once, the second sees what the first gave.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SELECT id FROM user_account WHERE id = :id FOR UPDATE"), {"id": user_id})
    if find_user(session, user_id)["disabled_at"] is not None:
        raise BadUser(field="user", reason="was shut out, and holds no new office")
    bound = DUTIES[office].bound
    given = {Bound.HOLDER: holder, Bound.DIVISION: division}
    only = "neither holder nor division" if bound is Bound.PLATFORM else f"a {bound} alone"
    for kind, value in given.items():
        if (value is not None) != (kind is bound):
            raise BadUser(field="scope", reason=f"the office of {office} is held within a {bound}: name {only}")
    if (
        holder is not None
        and session.execute(sa.select(table_of(HolderRow).c.id).where(table_of(HolderRow).c.id == holder)).first() is None
    ):
        raise BadUser(field="scope", reason=f"there is no holder {holder}")
    if division is not None and divisions().ever(division) is None:
        raise BadUser(field="scope", reason=f"there is no division {division}")
    held = bindings(session, user_id)
    if any((one.office, one.holder, one.division) == (office, holder, division) for one in held):
        raise BadUser(field="role", reason=f"the user is {office} there already")
    apart = next((one.office for one in held if office in OFFICERS and one.office in OFFICERS), None)
    if apart:
        raise BadUser(field="role", reason=f"the user is {apart}: nobody is two of {', '.join(sorted(OFFICERS))}")


def bindings(session: Session, user_id: str) -> list[Binding]:
    """The offices that a user holds now, the oldest first."""
    row = table_of(BindingRow).c
    query = sa.select(row.id, row.user_id, row.office, row.holder_id, row.division).where(row.user_id == user_id, row.ended_at.is_(None))
    return [Binding(*_known(found)) for found in session.execute(query.order_by(row.given_at, row.id))]


def _known(found: Sequence[Any]) -> tuple[str, str, Office, str | None, str | None]:
    number, user, office, holder, division = found
    return number, user, Office(office), holder, division


def find_binding(session: Session, binding_id: str) -> Binding:
    """An office that is held now. Raises UserNotFound."""
    row = table_of(BindingRow).c
    query = sa.select(row.id, row.user_id, row.office, row.holder_id, row.division).where(row.id == binding_id, row.ended_at.is_(None))
    found = session.execute(query).one_or_none()
    if found is None:
        raise UserNotFound(f"office {binding_id}")
    return Binding(*_known(found))


def end_binding(session: Session, binding_id: str, *, by: str = LOCAL_ADMIN.actor, now: datetime) -> None:
    """Take an office away; sessions in it end. Raises UserNotFound."""
    row = table_of(BindingRow)
    done = session.execute(sa.update(row).where(row.c.id == binding_id, row.c.ended_at.is_(None)).values(ended_at=now, ended_by=by))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise UserNotFound(f"office {binding_id}")
    session.execute(sa.delete(table_of(SessionRow)).where(table_of(SessionRow).c.binding_id == binding_id))


def find_user(session: Session, user_id: str) -> dict[str, Any]:
    """A user's row. Raises UserNotFound."""
    row = table_of(UserRow)
    found = session.execute(sa.select(row).where(row.c.id == user_id)).mappings().one_or_none()
    if found is None:
        raise UserNotFound(f"user {user_id}")
    return dict(found)


def find_by_login(session: Session, vault: Vault, login: str) -> str:
    """The id of the user who signs in so. Raises UserNotFound."""
    row = table_of(UserRow).c
    found: str | None = session.execute(sa.select(row.id).where(row.login == vault.digest("login", login))).scalar_one_or_none()
    if found is None:
        raise UserNotFound("user of that login")
    return found


def users(session: Session, *, after: str = "", only: str | None = None, limit: int | None = None) -> list[dict[str, Any]]:
    """Users with the offices held now, in the order of their ids; nothing of what the vault keeps."""
    row, held = table_of(UserRow).c, table_of(BindingRow).c
    query = sa.select(row.id, row.kind, row.example, row.created_at, row.disabled_at, row.password_given_at)
    query = query.where(row.id > after).order_by(row.id).limit(limit)
    found = session.execute(query if only is None else query.where(row.id == only)).mappings().all()
    offices: dict[str, list[dict[str, Any]]] = {one["id"]: [] for one in found}
    given = sa.select(held.user_id, held.id, held.office, held.holder_id, held.division, held.given_by, held.given_at)
    given = given.where(held.ended_at.is_(None)).order_by(held.given_at, held.id)
    if limit is not None or only is not None:
        given = given.where(held.user_id.in_(sorted(offices)))
    for user, number, office, holder, division, by, at in session.execute(given):
        scope = Binding(number, user, Office(office), holder, division).scope
        offices[user].append({"id": number, "office": office, "scope": scope, "given_by": by, "given_at": at})
    return [dict(one) | {"offices": offices[one["id"]]} for one in found]


def history(session: Session, user_id: str) -> list[dict[str, Any]]:
    """Every office that a user holds or held, the latest first: who gave it and who ended it."""
    row = table_of(BindingRow)
    found = session.execute(sa.select(row).where(row.c.user_id == user_id).order_by(row.c.given_at.desc(), row.c.id)).mappings()
    return [dict(one) for one in found]


def set_password(session: Session, user_id: str, password: Kept, *, now: datetime) -> None:
    """Give a person another password, which the person changes at the next sign-in; every session of theirs ends. What is shown to
    everybody, that of an example user, stays as it is given. Raises UserNotFound, BadUser."""
    user = find_user(session, user_id)
    if user["login"] is None:
        raise BadUser(field="user", reason="a machine has no password: it comes by key")
    if not isinstance(password, Kept):
        raise TypeError("a password is kept as `hashed` makes it, never as it was typed")
    row, open_ = table_of(UserRow), table_of(SessionRow)
    given_at = None if user["example"] else now
    session.execute(sa.update(row).where(row.c.id == user_id).values(password=password, password_given_at=given_at))
    session.execute(sa.delete(open_).where(open_.c.user_id == user_id))


def disable(session: Session, user_id: str, *, now: datetime) -> None:
    """Shut a user out at once: no sign-in, no session, no key."""
    find_user(session, user_id)
    row, open_ = table_of(UserRow), table_of(SessionRow)
    session.execute(sa.update(row).where(row.c.id == user_id).values(disabled_at=now))
    session.execute(sa.delete(open_).where(open_.c.user_id == user_id))


def enable(session: Session, user_id: str) -> None:
    """Let a user in again who was shut out: its offices hold again, and its keys that were not revoked. Raises UserNotFound, BadUser."""
    if find_user(session, user_id)["disabled_at"] is None:
        raise BadUser(field="user", reason="is not shut out")
    row = table_of(UserRow)
    session.execute(sa.update(row).where(row.c.id == user_id).values(disabled_at=None))


def is_empty(session: Session) -> bool:
    """Whether the book has no user yet."""
    return session.execute(sa.select(table_of(UserRow).c.id).limit(1)).first() is None
