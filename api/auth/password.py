"""Passwords: Argon2id by the OWASP parameters (19 MiB, two passes, one lane), a few at a time so that a crowd at the door cannot starve
who is inside.

OWASP Password Storage Cheat Sheet: m=19456 KiB, t=2, p=1. Length by NIST SP 800-63B, 5.1.1.2: at least 8 signs (here 12), and no rules
of composition. A hash takes a processor and lets Python's lock go: half of the processors of a machine hash at a time, the others read.
"""

import os
from datetime import datetime

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from api.auth import attempts
from api.auth import vault as person
from api.auth.errors import BadUser, WrongCredentials
from api.auth.line import Line
from api.auth.strength import check_strength
from api.auth.tables import UserRow
from api.auth.vault import Vault
from ledger.book import Book
from ledger.types import table_of

LENGTH_MIN, BYTES_MAX = 12, 1024
AT_ONCE = max(1, (os.cpu_count() or 2) // 2)
WAITING, WAIT_S = 10, 2
_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_NOBODYS = _HASHER.hash("nobody has this password")
LINE = Line(at_once=AT_ONCE, waiting=WAITING, wait_s=WAIT_S)
"""Who wants a password looked at. Together with whose turn it is they hold a dozen of a worker's forty threads at most."""


class Kept(str):
    """What is kept of a password: Argon2id's text. A type of its own, so that it is never taken for a password."""

    __slots__ = ()


def check_password(password: str, *, login: str = "", guessable: bool = False) -> None:
    """Raises BadUser where it is too short, too long, the same sign over and over, or (but for `guessable`) what somebody would guess."""
    if len(password) < LENGTH_MIN or len(password.encode(errors="replace")) > BYTES_MAX:
        raise BadUser(field="password", reason=f"at least {LENGTH_MIN} signs, at most {BYTES_MAX} bytes: a sentence is good")
    if len(set(password)) < 4:
        raise BadUser(field="password", reason="too simple: it consists of three signs or fewer")
    if not guessable:
        check_strength(password, login=login)


def hashed(password: str, *, login: str = "", guessable: bool = False) -> Kept:
    """What is kept of a password. It takes a twentieth of a second and maybe a wait: do it before a writing session, not within. Raises
    BadUser where it cannot be one."""
    check_password(password, login=login, guessable=guessable)
    with LINE.turn():
        return Kept(_HASHER.hash(password))


def holds(kept: str | None, password: str) -> bool:
    """Whether the password is the one that was kept. It takes as long where there is none."""
    with LINE.turn():
        try:
            return _HASHER.verify(kept or _NOBODYS, password[:BYTES_MAX].encode(errors="replace")) and kept is not None
        except (VerifyMismatchError, InvalidHashError):
            return False


def change(book: Book, vault: Vault, user_id: str, *, given: str, wanted: str, now: datetime) -> None:
    """Set another password, whoever knows the one that stands. Every failure counts as one of the login.

    Raises WrongCredentials, TooManyAttempts, BadUser, Crowded.
    """
    with book.reading() as session:
        login = person.known(session, vault, user_id).get("login", "")
    check_password(wanted, login=login)
    if wanted == given:
        raise BadUser(field="wanted", reason="it is the present one")
    key = vault.digest("password", user_id)
    row = table_of(UserRow)
    with LINE.place():
        with book.reading() as session:
            attempts.check(session, key, now=now)
            kept = session.execute(sa.select(row.c.password).where(row.c.id == user_id)).scalar_one()
        if not holds(kept, given):
            with book.writing() as session:
                attempts.note(session, key, now=now)
            raise WrongCredentials
        text = hashed(wanted, login=login)
        with book.writing() as session:
            stands = sa.update(row).where(row.c.id == user_id, row.c.password == kept)  # not over one that was set meanwhile
            session.execute(stands.values(password=text, password_given_at=None))
            attempts.clear(session, key)
