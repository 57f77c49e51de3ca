"""The tables of the doors: users, the offices they hold, their sessions and keys, what is known of persons, what was asked of a second one.

Nothing here names a person: a login is kept as a keyed digest, personal data sealed under the person's own key (`api.auth.vault`).
"""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from carbon.tables import seen_through, within_user
from ledger.types import Blob, Instant, Int, Text

DELETABLE = {"deletable": True}


class UserRow(SQLModel, table=True):
    """A person or a machine, by a random id. `login` and `subject` (of an identity provider) are keyed digests; `password` is Argon2id's
    text, `password_given_at` since when it is one that somebody else set, which the person changes before doing anything else; `totp` the
    sealed secret of the second factor and `totp_step` the last step of it that was used."""

    __tablename__ = "user_account"
    __table_args__ = {"sqlite_strict": True, "info": within_user("id")}
    id: str = Field(sa_type=Text, primary_key=True)
    kind: str = Field(sa_type=Text)
    login: bytes | None = Field(default=None, sa_type=Blob, unique=True)
    subject: bytes | None = Field(default=None, sa_type=Blob, unique=True)
    password: str | None = Field(default=None, sa_type=Text)
    password_given_at: datetime | None = Field(default=None, sa_type=Instant)
    totp: bytes | None = Field(default=None, sa_type=Blob)
    totp_step: int = Field(default=0, sa_type=Int)
    example: int = Field(default=0, sa_type=Int)
    created_at: datetime = Field(sa_type=Instant)
    disabled_at: datetime | None = Field(default=None, sa_type=Instant)


class BindingRow(SQLModel, table=True):
    """An office that a user holds, within a holder, a division, or the platform (neither), until it is ended; who gave and who ended it."""

    __tablename__ = "binding"
    __table_args__ = (sa.Index("binding_user", "user_id"), {"sqlite_strict": True, "info": within_user("user_id")})
    id: str = Field(sa_type=Text, primary_key=True)
    user_id: str = Field(sa_type=Text, foreign_key="user_account.id")
    office: str = Field(sa_type=Text)
    holder_id: str | None = Field(default=None, sa_type=Text)
    division: str | None = Field(default=None, sa_type=Text)
    given_by: str = Field(sa_type=Text)
    given_at: datetime = Field(sa_type=Instant)
    ended_by: str | None = Field(default=None, sa_type=Text)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)


class SessionRow(SQLModel, table=True):
    """A signed-in browser, by the digest of its token: as whom, in which office, and whether the second factor was shown."""

    __tablename__ = "auth_session"
    __table_args__ = (sa.Index("auth_session_user", "user_id"), {"sqlite_strict": True, "info": DELETABLE | within_user("user_id")})
    digest: bytes = Field(sa_type=Blob, primary_key=True)
    user_id: str = Field(sa_type=Text, foreign_key="user_account.id")
    binding_id: str | None = Field(default=None, sa_type=Text)
    second: int = Field(default=0, sa_type=Int)
    opened_at: datetime = Field(sa_type=Instant)
    seen_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)


class ApiKeyRow(SQLModel, table=True):
    """A key of a machine, by the digest of its secret, for one office that its user holds."""

    __tablename__ = "api_key"
    __table_args__ = {"sqlite_strict": True, "info": {"wall": {"users": seen_through("binding", "binding.id = api_key.binding_id")}}}
    id: str = Field(sa_type=Text, primary_key=True)
    binding_id: str = Field(sa_type=Text, foreign_key="binding.id")
    name: str = Field(sa_type=Text)
    digest: bytes = Field(sa_type=Blob, unique=True)
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)


class AccessTokenRow(SQLModel, table=True):
    """A token given out on a key (RFC 6749, 4.4), by the digest of its text; deleted some time after it has ended."""

    __tablename__ = "access_token"
    __table_args__ = {
        "sqlite_strict": True,
        "info": DELETABLE | {"wall": {"users": seen_through("api_key", "api_key.id = access_token.key_id")}},
    }
    digest: bytes = Field(sa_type=Blob, primary_key=True)
    key_id: str = Field(sa_type=Text, foreign_key="api_key.id")
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)


class RecoveryRow(SQLModel, table=True):
    """A recovery code that was not used, by its keyed digest; using it deletes it."""

    __tablename__ = "recovery_code"
    __table_args__ = (sa.Index("recovery_code_user", "user_id"), {"sqlite_strict": True, "info": DELETABLE | within_user("user_id")})
    digest: bytes = Field(sa_type=Blob, primary_key=True)
    user_id: str = Field(sa_type=Text, foreign_key="user_account.id")


class AttemptRow(SQLModel, table=True):
    """Failed attempts at one thing (a login, a user's codes or password), by a keyed digest of it; deleted by one that succeeds."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = {"sqlite_strict": True, "info": DELETABLE}
    login: bytes = Field(sa_type=Blob, primary_key=True)
    failures: int = Field(sa_type=Int)
    since: datetime = Field(sa_type=Instant)


class PersonKeyRow(SQLModel, table=True):
    """Where the key of a person's data lies: a slot of the file of keys, outside the database (`api.auth.keyring`)."""

    __tablename__ = "person_key"
    __table_args__ = {"sqlite_strict": True, "info": DELETABLE | within_user("user_id")}
    user_id: str = Field(sa_type=Text, primary_key=True, foreign_key="user_account.id")
    slot: int = Field(sa_type=Int)


class PersonRow(SQLModel, table=True):
    """One sealed field of a person: name, phone, mail, identity number."""

    __tablename__ = "person"
    __table_args__ = {"sqlite_strict": True, "info": DELETABLE | within_user("user_id")}
    user_id: str = Field(sa_type=Text, primary_key=True, foreign_key="user_account.id")
    field: str = Field(sa_type=Text, primary_key=True)
    sealed: bytes = Field(sa_type=Blob)


class ApprovalRow(SQLModel, table=True):
    """What changes numbers or rights and was asked of a second person: `content` is JSON, `asked_as` the office (a binding) in which it
    was asked, `decision` granted or refused."""

    __tablename__ = "approval"
    __table_args__ = {"sqlite_strict": True}
    id: str = Field(sa_type=Text, primary_key=True)
    action: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    content: str = Field(sa_type=Text)
    asked_by: str = Field(sa_type=Text)
    asked_as: str = Field(sa_type=Text)
    asked_at: datetime = Field(sa_type=Instant)
    decided_by: str | None = Field(default=None, sa_type=Text)
    decided_at: datetime | None = Field(default=None, sa_type=Instant)
    decision: str | None = Field(default=None, sa_type=Text)
