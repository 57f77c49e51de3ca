"""OAuth 2.0 client credentials (RFC 6749, 4.4): who has a key may take a token for a quarter of an hour and send that instead.

A token is opaque, ``tzt_`` with 256 random bits, and kept by its digest. It is worth what its key is worth at that moment: it ends with
the key, the office, the user, and after fifteen minutes.
"""

import secrets
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from api.auth.errors import SignInNeeded, WrongCredentials
from api.auth.key import PREFIX as KEY_PREFIX
from api.auth.key import held_by, stands_for
from api.auth.session import Signed, digest
from api.auth.tables import AccessTokenRow, ApiKeyRow
from ledger.ask import ask
from ledger.book import Book
from ledger.types import table_of

PREFIX = "tzt_"
LIFE = timedelta(minutes=15)
LENGTH_MAX = 256


def bearer(book: Book, text: str) -> Signed:
    """Who stands behind ``Authorization: Bearer``: a key or a token. Raises SignInNeeded."""
    if len(text) > LENGTH_MAX or not text.startswith((KEY_PREFIX, PREFIX)):
        raise SignInNeeded
    now = datetime.now(UTC)
    through = None if text.startswith(KEY_PREFIX) else table_of(AccessTokenRow)
    return stands_for(ask(book, held_by(through), {"digest": digest(text), "now": now}))


def grant(session: Session, *, client_id: str, client_secret: str, now: datetime) -> str:
    """A token for a key: `client_id` is the key's id, `client_secret` its secret or its whole text. Raises WrongCredentials."""
    text = client_secret if client_secret.startswith(KEY_PREFIX) else f"{KEY_PREFIX}{client_id}_{client_secret}"
    if not client_id or len(text) > LENGTH_MAX or not text.startswith(f"{KEY_PREFIX}{client_id}_"):
        raise WrongCredentials
    key = table_of(ApiKeyRow)
    try:
        stands_for(session.execute(held_by(), {"digest": digest(text), "now": now}).all())
    except SignInNeeded as error:
        raise WrongCredentials from error
    row = table_of(AccessTokenRow)
    session.execute(sa.delete(row).where(row.c.expires_at < now))
    token = PREFIX + secrets.token_urlsafe(32)
    key_id = session.execute(sa.select(key.c.id).where(key.c.digest == digest(text))).scalar_one()
    session.execute(sa.insert(row).values(digest=digest(token), key_id=key_id, created_at=now, expires_at=now + LIFE))
    return token
