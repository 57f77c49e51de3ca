"""Sessions of browsers: an opaque random token in a cookie, its digest in the database, a new one at each sign-in and change of office.

A session ends after 30 minutes without a request, after 12 hours at the latest (OWASP Session Management Cheat Sheet: idle and absolute
timeout).
Offices and rights are read at each request, never kept in the token.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from api.audit.visit import tell
from api.auth import attempts, password
from api.auth.errors import PasswordChangeNeeded, SecondFactorNeeded, SignInNeeded, UserNotFound, WrongCredentials
from api.auth.office import Office
from api.auth.tables import BindingRow, SessionRow, UserRow
from api.auth.user import Binding, bindings
from api.auth.vault import Vault
from ledger.ask import ask
from ledger.book import Book
from ledger.principal import Principal
from ledger.state import SNAPSHOT
from ledger.types import table_of

IDLE, WHOLE = timedelta(minutes=30), timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Signed:
    """Who is at the door: a user in one office, or somebody who has signed in and holds none. `token` makes the form tokens; a machine that
    came by key has none. `enrolled` says that the user has a second factor, `second` that it was shown, `given` that the password is one
    which somebody else set."""

    user: str
    binding: Binding | None
    second: bool
    token: str = ""
    example: bool = False
    local: Principal | None = None
    enrolled: bool = False
    given: bool = False

    @classmethod
    def here(cls, principal: Principal) -> "Signed":
        """The person at this machine, where there is no sign-in."""
        return cls(principal.actor, None, second=True, local=principal)

    @property
    def needs_code(self) -> bool:
        """Whether a second factor is asked, because the office wants one or the user has one, and was not shown."""
        return not self.second and (self.enrolled or (self.binding is not None and self.binding.duty.second_factor))

    def principal(self) -> Principal:
        """Who acts. Raises SignInNeeded without an office, SecondFactorNeeded, PasswordChangeNeeded."""
        if self.local is not None:
            return self.local
        if self.binding is None:
            raise SignInNeeded
        if self.needs_code:
            raise SecondFactorNeeded
        if self.given:
            raise PasswordChangeNeeded
        return self.binding.principal()

    @property
    def form_token(self) -> str:
        """What every form of this session carries: nobody else can know it."""
        return hmac.digest(self.token.encode(), b"tanzhang form", "sha256").hex()


def digest(secret: str) -> bytes:
    """What the database keeps of a token or key, which has 256 random bits: SHA-256 is enough."""
    return hashlib.sha256(secret.encode(errors="replace")).digest()


def sign_in(book: Book, vault: Vault, *, login: str, given: str, now: datetime) -> str:
    """Open a session for who knows login and password; its token. Raises WrongCredentials, TooManyAttempts, Crowded.

    Whatever is wrong, the same is done: a hash, and a failure noted.
    """
    key = vault.digest("login", login)
    tell(action="sign-in", login=vault.digest("attempt", login)[:8].hex())
    row = table_of(UserRow).c
    with password.LINE.place():
        with book.reading() as session:
            attempts.check(session, key, now=now)
            user = session.execute(sa.select(row.id, row.password, row.disabled_at).where(row.login == key)).one_or_none()
        right = password.holds(user.password if user else None, given)
    with book.writing() as session:
        attempts.check(session, key, now=now)  # of many who came at once, those behind the fifth failure
        if right and user is not None and user.disabled_at is None:
            attempts.clear(session, key)
            return open_session(session, user.id, now=now)
        attempts.note(session, key, now=now)
        tell(expected=401)
    raise WrongCredentials


def open_session(
    session: Session, user_id: str, *, binding: str | None = None, second: bool = False, now: datetime, until: datetime | None = None
) -> str:
    """Open a session of a user, in the office named or the first that the user holds; its token. Also clears away what has ended."""
    row = table_of(SessionRow)
    session.execute(sa.delete(row).where((row.c.expires_at < now) | (row.c.seen_at < now - IDLE)))
    token = secrets.token_urlsafe(32)
    if binding is None:
        held = bindings(session, user_id)
        binding = held[0].id if held else None
    tell(user=user_id)
    values = {"digest": digest(token), "user_id": user_id, "binding_id": binding, "second": int(second)}
    session.execute(sa.insert(row).values(values | {"opened_at": now, "seen_at": now, "expires_at": until or now + WHOLE}))
    return token


def signed(session: Session, token: str, *, now: datetime) -> tuple[Signed, bool]:
    """Who the token stands for, and whether the session should be told that it was seen. Raises SignInNeeded where it stands for nobody."""
    return _signed(session.execute(_who(), {"token": digest(token)}).all(), token, now)


def who_came(book: Book, token: str, *, now: datetime) -> tuple[Signed, bool, bytes | None]:
    """As `signed`, for the gate, through which every request comes; and the state of the book (`ledger.state`) where that comes along."""
    rows = ask(book, _who(stated=book.dialect == "postgresql"), {"token": digest(token)})
    who, stale = _signed(rows, token, now)
    return who, stale, str(rows[0][-1]).encode() if book.dialect == "postgresql" else None


def _signed(rows: Sequence[Sequence[Any]], token: str, now: datetime) -> tuple[Signed, bool]:
    if not rows:
        raise SignInNeeded
    user, second, seen_at, expires_at, example, totp, given_at, number, office, holder, division = rows[0][:11]
    if expires_at <= now or seen_at + IDLE <= now:
        raise SignInNeeded
    binding = Binding(number, user, Office(office), holder, division) if number else None
    who = Signed(user, binding, bool(second), token, bool(example), enrolled=totp is not None, given=given_at is not None)
    return who, seen_at + SEEN_EVERY <= now


@cache
def _who(*, stated: bool = False) -> sa.Select[Any]:
    """The query that each request asks. It is built once: to build it takes longer than to run it. `stated` asks for the state as well."""
    s, u, b = table_of(SessionRow), table_of(UserRow), table_of(BindingRow)
    return (
        sa.select(
            s.c.user_id,
            s.c.second,
            s.c.seen_at,
            s.c.expires_at,
            u.c.example,
            u.c.totp,
            u.c.password_given_at,
            b.c.id,
            b.c.office,
            b.c.holder_id,
            b.c.division,
            *([sa.literal_column(SNAPSHOT)] if stated else []),
        )
        .select_from(s.join(u, u.c.id == s.c.user_id).outerjoin(b, sa.and_(b.c.id == s.c.binding_id, b.c.ended_at.is_(None))))
        .where(s.c.digest == sa.bindparam("token", type_=s.c.digest.type), u.c.disabled_at.is_(None))
    )


def touch(session: Session, token: str, *, now: datetime) -> None:
    """Note that a session was used."""
    row = table_of(SessionRow)
    session.execute(sa.update(row).where(row.c.digest == digest(token)).values(seen_at=now))


def renew(session: Session, who: Signed, *, binding: str | None = None, second: bool | None = None, now: datetime) -> str:
    """Go on under a new token: in another office that the user holds, or with the second factor shown. The old token is worth nothing, and
    the session ends when it would have ended. Raises SignInNeeded where it has ended meanwhile, UserNotFound."""
    if binding is not None and binding not in {one.id for one in bindings(session, who.user)}:
        raise UserNotFound(f"office {binding}")
    row = table_of(SessionRow)
    gone = session.execute(sa.delete(row).where(row.c.digest == digest(who.token)).returning(row.c.expires_at)).scalar_one_or_none()
    if gone is None:
        raise SignInNeeded
    kept = binding or (who.binding.id if who.binding else None)
    return open_session(session, who.user, binding=kept, second=who.second if second is None else second, now=now, until=gone)


def sign_out(session: Session, token: str) -> None:
    """End a session."""
    row = table_of(SessionRow)
    session.execute(sa.delete(row).where(row.c.digest == digest(token)))


def sign_out_everywhere(session: Session, user_id: str, *, but: str = "") -> None:
    """End every session of a user, except the one whose token is `but`."""
    row = table_of(SessionRow)
    session.execute(sa.delete(row).where(row.c.user_id == user_id, row.c.digest != digest(but)))
