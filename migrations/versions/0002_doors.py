"""The doors: users, offices, sessions, keys, persons, approvals.

Revision: 0002, after 0001.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from ledger.types import Blob, Instant, Int, Text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STRICT: dict[str, Any] = {"sqlite_strict": True}


def _column(name: str, kind: Any, *, null: bool = False) -> "sa.Column[Any]":
    """A column that no sequence fills."""
    return sa.Column(name, kind, nullable=null, autoincrement=False)


def upgrade() -> None:
    _users()
    _ways_in()
    _persons()


def _users() -> None:
    """Users and the offices that they hold: api.auth.tables."""
    op.create_table(
        "user_account",
        _column("id", Text), _column("kind", Text), _column("login", Blob, null=True), _column("subject", Blob, null=True),
        _column("password", Text, null=True), _column("totp", Blob, null=True), _column("totp_step", Int), _column("example", Int),
        _column("created_at", Instant()), _column("disabled_at", Instant(), null=True),
        sa.PrimaryKeyConstraint("id"), sa.UniqueConstraint("login"), sa.UniqueConstraint("subject"), **STRICT,
    )  # fmt: skip
    op.create_table(
        "binding",
        _column("id", Text), _column("user_id", Text), _column("office", Text), _column("holder_id", Text, null=True),
        _column("division", Text, null=True), _column("given_by", Text), _column("given_at", Instant()),
        _column("ended_at", Instant(), null=True),
        sa.PrimaryKeyConstraint("id"), sa.ForeignKeyConstraint(["user_id"], ["user_account.id"]), **STRICT,
    )  # fmt: skip
    op.create_index("binding_user", "binding", ["user_id"])
    op.create_table(
        "approval",
        _column("id", Text), _column("action", Text), _column("subject", Text), _column("content", Text), _column("asked_by", Text),
        _column("asked_at", Instant()), _column("decided_by", Text, null=True), _column("decided_at", Instant(), null=True),
        _column("decision", Text, null=True),
        sa.PrimaryKeyConstraint("id"), **STRICT,
    )  # fmt: skip


def _ways_in() -> None:
    """Sessions, keys, failed attempts: api.auth.tables."""
    op.create_table(
        "auth_session",
        _column("digest", Blob), _column("user_id", Text), _column("binding_id", Text, null=True), _column("second", Int),
        _column("opened_at", Instant()), _column("seen_at", Instant()), _column("expires_at", Instant()),
        sa.PrimaryKeyConstraint("digest"), sa.ForeignKeyConstraint(["user_id"], ["user_account.id"]), **STRICT,
    )  # fmt: skip
    op.create_index("auth_session_user", "auth_session", ["user_id"])
    op.create_table(
        "api_key",
        _column("id", Text), _column("binding_id", Text), _column("name", Text), _column("digest", Blob), _column("created_at", Instant()),
        _column("expires_at", Instant(), null=True), _column("revoked_at", Instant(), null=True),
        sa.PrimaryKeyConstraint("id"), sa.UniqueConstraint("digest"), sa.ForeignKeyConstraint(["binding_id"], ["binding.id"]), **STRICT,
    )  # fmt: skip
    op.create_table(
        "sign_in_attempt",
        _column("login", Blob), _column("failures", Int), _column("since", Instant()),
        sa.PrimaryKeyConstraint("login"), **STRICT,
    )  # fmt: skip


def _persons() -> None:
    """The vault: api.auth.tables."""
    op.create_table(
        "person_key",
        _column("user_id", Text), _column("wrapped", Blob),
        sa.PrimaryKeyConstraint("user_id"), sa.ForeignKeyConstraint(["user_id"], ["user_account.id"]), **STRICT,
    )  # fmt: skip
    op.create_table(
        "person",
        _column("user_id", Text), _column("field", Text), _column("sealed", Blob),
        sa.PrimaryKeyConstraint("user_id", "field"), sa.ForeignKeyConstraint(["user_id"], ["user_account.id"]), **STRICT,
    )  # fmt: skip


def downgrade() -> None:
    for table in (
        "person", "person_key", "sign_in_attempt", "api_key", "auth_session", "approval", "binding", "user_account",
    ):  # fmt: skip
        op.drop_table(table)
