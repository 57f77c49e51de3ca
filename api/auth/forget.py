"""Forget a user: what is known of the person, how the person came in, and every way in. The user's row stays, as a random id that is shut
out, since books and records of access name it."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from api.auth import vault as person
from api.auth.tables import AccessTokenRow, ApiKeyRow, AttemptRow, BindingRow, RecoveryRow, SessionRow, UserRow
from api.auth.user import find_user
from api.auth.vault import Vault
from carbon.tables import AnswerRow, JobRow, WebhookRow
from ledger.types import table_of


def forget_user(session: Session, vault: Vault, user_id: str, *, by: str, now: datetime) -> None:
    """Forget a user. There is no way back. Raises UserNotFound; doing it again does no harm."""
    row = find_user(session, user_id)
    user, held, key = table_of(UserRow), table_of(BindingRow), table_of(ApiKeyRow)
    theirs = sa.select(held.c.id).where(held.c.user_id == user_id)
    keys = sa.select(key.c.id).where(key.c.binding_id.in_(theirs))
    session.execute(sa.delete(table_of(AccessTokenRow)).where(table_of(AccessTokenRow).c.key_id.in_(keys)))
    for number in session.execute(keys).scalars().all():  # its name may be a person's; its digest opens nothing any more
        session.execute(
            sa.update(key).where(key.c.id == number)
            .values(name="", digest=number.encode(), revoked_at=sa.func.coalesce(key.c.revoked_at, now))
        )  # fmt: skip
    session.execute(sa.update(held).where(held.c.user_id == user_id, held.c.ended_at.is_(None)).values(ended_at=now, ended_by=by))
    attempt, tried = table_of(AttemptRow), (row["login"], vault.digest("code", user_id), vault.digest("password", user_id))
    session.execute(sa.delete(attempt).where(attempt.c.login.in_([one for one in tried if one])))
    for table in (SessionRow, RecoveryRow, JobRow, AnswerRow):
        session.execute(sa.delete(table_of(table)).where(table_of(table).c.user_id == user_id))
    hook = table_of(WebhookRow)
    session.execute(
        sa.update(hook).where(hook.c.user_id == user_id, hook.c.removed_at.is_(None)).values(removed_at=now, url="", secret=b"")
    )
    session.execute(
        sa.update(user).where(user.c.id == user_id)
        .values(login=None, subject=None, password=None, totp=None, totp_step=0, disabled_at=row["disabled_at"] or now)
    )  # fmt: skip
    person.forget(session, vault, user_id)
