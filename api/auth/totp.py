"""The second factor: codes of an authenticator (RFC 6238: SHA-1, six digits, thirty seconds), and codes on paper for who lost it.

The secret is sealed by the vault. A code holds for its own step, the one before and the one after, and each step is used once: the step
that was used moves forward in the same statement that looks at it, so that of two who send one code together one comes in. Five failures,
then a wait (`api.auth.attempts`), counted before a code is looked at, so that a crowd of guesses is no more than five.

Recovery codes have fifty random bits and hold once; their keyed digests are kept, with the user's id in them.
"""

import hmac
import secrets
import unicodedata
from collections.abc import Sequence
from datetime import datetime

import pyotp
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from sqlmodel import Session

from api.auth import attempts
from api.auth.errors import BadUser, WrongCredentials
from api.auth.tables import RecoveryRow, UserRow
from api.auth.vault import Vault
from ledger.book import Book
from ledger.types import table_of

STEP_S, DRIFT = 30, 1
ISSUER = "Tanzhang 碳账"
RECOVERY_CODES, RECOVERY_LENGTH = 10, 10
RECOVERY_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is read as another: no l, i, o, 0, 1


def new_secret() -> str:
    """160 random bits in base 32 (RFC 4226, 4, R6)."""
    return pyotp.random_base32()


def address(secret: str, *, login: str) -> str:
    """The otpauth:// address that an authenticator reads from a picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def step_of(now: datetime) -> int:
    """The number of the step that a moment lies in."""
    return int(now.timestamp()) // STEP_S


def matching(secret: str, code: str, *, now: datetime) -> int | None:
    """The step whose code this is, the latest first; None where it is none of the three."""
    given, current = plain(code), step_of(now)
    found = None
    for step in range(current - DRIFT, current + DRIFT + 1):  # all three are made, whichever it is
        if hmac.compare_digest(pyotp.HOTP(secret).at(step), given):
            found = step
    return found


def plain(code: str) -> str:
    """A code as it is compared: full-width digits are digits, and what people put between is left out."""
    text = unicodedata.normalize("NFKC", code[:64]).casefold()
    return "".join(sign for sign in text if sign.isascii() and sign.isalnum())


def is_enrolled(session: Session, user_id: str) -> bool:
    """Whether the user has a second factor."""
    row = table_of(UserRow).c
    return session.execute(sa.select(row.totp).where(row.id == user_id)).scalar_one_or_none() is not None


def offer(vault: Vault, user_id: str, secret: str, *, mark: str) -> str:
    """A secret sealed for the form that offers it: for this user, and for the session whose mark it is."""
    return vault.seal(secret.encode(), about=f"{user_id}/totp offered/{mark}").hex()


def offered(vault: Vault, user_id: str, sealed: str, *, mark: str) -> str:
    """The secret that was offered. Raises BadUser where it was offered to another."""
    try:
        return vault.unseal(bytes.fromhex(sealed), about=f"{user_id}/totp offered/{mark}").decode()
    except (ValueError, InvalidTag) as error:
        raise BadUser(field="secret", reason="it was offered to another session: load the page again") from error


def enrol(book: Book, vault: Vault, user_id: str, *, secret: str, code: str, now: datetime) -> list[str]:
    """Take the secret as the user's second factor, if the code is one of it; the recovery codes, which are shown this once.

    Raises WrongCredentials, TooManyAttempts, and BadUser where the user has a second factor: it goes first (`drop`).
    """
    key = _count(book, vault, user_id, now=now)
    step = matching(secret, code, now=now)
    if step is None:
        raise WrongCredentials
    row = table_of(UserRow)
    sealed = vault.seal(secret.encode(), about=f"{user_id}/totp")
    with book.writing() as session:
        change = sa.update(row).where(row.c.id == user_id, row.c.totp.is_(None)).values(totp=sealed, totp_step=step)
        if session.execute(change).rowcount != 1:  # type: ignore[attr-defined]
            raise BadUser(field="second factor", reason="you have one already: remove it first")
        attempts.clear(session, key)
        return _new_recovery_codes(session, vault, user_id)


def show(book: Book, vault: Vault, user_id: str, code: str, *, now: datetime) -> None:
    """Let a code of the authenticator or a recovery code hold, this once. Raises WrongCredentials, TooManyAttempts."""
    key = _count(book, vault, user_id, now=now)
    row = table_of(UserRow)
    with book.writing() as session:
        sealed = session.execute(sa.select(row.c.totp).where(row.c.id == user_id)).scalar_one_or_none()
        if sealed is None:
            raise WrongCredentials
        if not _use_recovery_code(session, vault, user_id, code):
            step = matching(vault.unseal(bytes(sealed), about=f"{user_id}/totp").decode(), code, now=now)
            later = sa.update(row).where(row.c.id == user_id, row.c.totp_step < (step or 0)).values(totp_step=step)
            if step is None or session.execute(later).rowcount != 1:  # type: ignore[attr-defined]
                raise WrongCredentials
        attempts.clear(session, key)


def new_recovery_codes(book: Book, vault: Vault, user_id: str, *, code: str, now: datetime) -> list[str]:
    """Fresh recovery codes in the place of all that stand, for who shows a code. Raises WrongCredentials, TooManyAttempts."""
    show(book, vault, user_id, code, now=now)
    with book.writing() as session:
        return _new_recovery_codes(session, vault, user_id)


def recovery_codes_left(session: Session, user_id: str) -> int:
    """How many were not used."""
    row = table_of(RecoveryRow).c
    return int(session.execute(sa.select(sa.func.count()).where(row.user_id == user_id)).scalar_one())


def drop(session: Session, user_id: str) -> None:
    """Take the second factor away, with its recovery codes. Who calls has seen a code, or answers for it (a lost authenticator)."""
    row, paper = table_of(UserRow), table_of(RecoveryRow)
    session.execute(sa.update(row).where(row.c.id == user_id).values(totp=None))
    session.execute(sa.delete(paper).where(paper.c.user_id == user_id))


def _count(book: Book, vault: Vault, user_id: str, *, now: datetime) -> bytes:
    """Count one attempt as failed before it is looked at; the key under which it is counted. Raises TooManyAttempts."""
    key = vault.digest("code", user_id)
    with book.writing() as session:
        attempts.claim(session, key, now=now)
    return key


def _new_recovery_codes(session: Session, vault: Vault, user_id: str) -> list[str]:
    row = table_of(RecoveryRow)
    session.execute(sa.delete(row).where(row.c.user_id == user_id))
    codes = ["".join(secrets.choice(RECOVERY_ALPHABET) for _ in range(RECOVERY_LENGTH)) for _ in range(RECOVERY_CODES)]
    session.execute(sa.insert(row), [{"digest": _recovery_digest(vault, user_id, code), "user_id": user_id} for code in codes])
    return grouped(codes)


def grouped(codes: Sequence[str]) -> list[str]:
    """Recovery codes as they are written down."""
    return [f"{code[: RECOVERY_LENGTH // 2]}-{code[RECOVERY_LENGTH // 2 :]}" for code in codes]


def _use_recovery_code(session: Session, vault: Vault, user_id: str, code: str) -> bool:
    if len(plain(code)) != RECOVERY_LENGTH:
        return False
    row = table_of(RecoveryRow)
    gone = session.execute(sa.delete(row).where(row.c.digest == _recovery_digest(vault, user_id, plain(code))))
    return bool(gone.rowcount == 1)  # type: ignore[attr-defined]


def _recovery_digest(vault: Vault, user_id: str, code: str) -> bytes:
    return vault.digest("recovery", f"{user_id}/{code}")
