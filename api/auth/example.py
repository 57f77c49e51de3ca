"""The users of a demo book: one for each office, whose password and second factor are shown to everybody.

They are marked as examples and made in no other book. Where a demo is served, one press of a button opens a session as one of them, the
second factor shown with it: the button stands for a person with the authenticator in hand. Who signs in as one of them by the form is asked
for the code as anybody is, so that no other way in knows of examples.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from api.auth.errors import BadUser, UserNotFound
from api.auth.office import DUTIES, Bound, Office
from api.auth.password import hashed
from api.auth.session import open_session
from api.auth.strength import DEMO
from api.auth.tables import UserRow
from api.auth.user import Binding, add_user, bind, bindings, find_user
from api.auth.vault import Vault, known
from ledger.principal import LOCAL_ADMIN
from ledger.types import table_of

PASSWORD = DEMO
TOTP = "TANZHANGDEMO2345"
COUNTY, CITY, PROVINCE = "330522", "330500", "330000"


@dataclass(frozen=True, slots=True)
class Example:
    """A user that a demo has: how it signs in, what it is called, and its office; `division` for regulators."""

    login: str
    name: str
    office: Office
    division: str | None = None


EXAMPLES = (
    Example("resident", "示例居民", Office.RESIDENT),
    Example("firm", "示例企业碳管员", Office.FIRM),
    Example("park", "示例园区管理员", Office.PARK),
    Example("verifier", "示例核查员", Office.VERIFIER),
    Example("county", "示例县级监管", Office.REGULATOR, COUNTY),
    Example("city", "示例市级监管", Office.REGULATOR, CITY),
    Example("province", "示例省级监管", Office.REGULATOR, PROVINCE),
    Example("provider", "示例数据提供方", Office.PROVIDER),
    Example("administrator", "示例系统管理员", Office.ADMINISTRATOR),
    Example("security", "示例安全管理员", Office.SECURITY),
    Example("auditor", "示例审计员", Office.AUDITOR),
)


def make_examples(session: Session, vault: Vault, holders: dict[Office, str], *, now: datetime) -> int:
    """Open those that are not there yet; how many. `holders`: within which the offices of holders are held.

    Raises BadUser where the book has users of its own: then it is no demo's.
    """
    check_empty(session)
    row, made = table_of(UserRow).c, 0
    kept = hashed(PASSWORD, guessable=True)  # one for all of them: everybody knows it
    for one in EXAMPLES:
        if session.execute(sa.select(row.id).where(row.login == vault.digest("login", one.login))).first():
            continue
        duty = DUTIES[one.office]
        user = add_user(session, vault, login=one.login, password=kept, fields={"name": one.name}, example=True, now=now)
        holder = holders[one.office] if duty.bound is Bound.HOLDER else None
        bind(session, user, one.office, holder=holder, division=one.division, by=LOCAL_ADMIN.actor, now=now)
        if duty.second_factor:
            sealed = vault.seal(TOTP.encode(), about=f"{user}/totp")
            session.execute(sa.update(table_of(UserRow)).where(row.id == user).values(totp=sealed))
        made += 1
    return made


def check_empty(session: Session) -> None:
    """Refuse a book that has users of its own. Raises BadUser."""
    row = table_of(UserRow).c
    if session.execute(sa.select(row.id).where(row.example == 0).limit(1)).first():
        reason = "this book has users of its own; the demo wants a book of its own, such as --home .tanzhang-demo"
        raise BadUser(field="demo", reason=reason)


def examples(session: Session, vault: Vault) -> list[tuple[str, dict[str, str], Binding]]:
    """The example users that may come in: id, what is known of them, and their first office, in the order of `EXAMPLES`."""
    row = table_of(UserRow).c
    order = {one.login: place for place, one in enumerate(EXAMPLES)}
    found = []
    for user in session.execute(sa.select(row.id).where(row.example == 1, row.disabled_at.is_(None))).scalars():
        told, held = known(session, vault, user), bindings(session, user)
        if held and told.get("login") in order:
            found.append((user, told, held[0]))
    return sorted(found, key=lambda one: order[one[1]["login"]])


def has_examples(session: Session) -> bool:
    """Whether example users may come in."""
    row = table_of(UserRow).c
    return session.execute(sa.select(row.id).where(row.example == 1, row.disabled_at.is_(None)).limit(1)).first() is not None


def play(session: Session, user_id: str, *, now: datetime) -> tuple[str, Binding | None]:
    """Open a session as an example user, its second factor shown; the token and the office. Raises UserNotFound for everybody else."""
    user = find_user(session, user_id)
    if not user["example"] or user["disabled_at"] is not None:
        raise UserNotFound(f"user {user_id}")
    held = bindings(session, user_id)
    return open_session(session, user_id, second=True, now=now), held[0] if held else None
