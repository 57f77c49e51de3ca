"""The doors: users, offices, sessions, keys, persons, approvals.

Revision: 0002, after 0001.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from carbon.region.closure import fill
from carbon.region.divisions import divisions
from ledger.proof import EMPTY_ROOT
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
    _reach()
    _users()
    _ways_in()
    _second_ways()
    _persons()
    _work()
    _access()


def _reach() -> None:
    """By which rows are shown: the closure of divisions, and where each site ever lay: carbon.region.tables, carbon.tables."""
    op.create_table(
        "division_below",
        _column("ancestor", Text), _column("division", Text),
        sa.PrimaryKeyConstraint("ancestor", "division"), sqlite_with_rowid=False, **STRICT,
    )  # fmt: skip
    op.create_index("division_below_division", "division_below", ["division"])
    fill(op.get_bind(), divisions())
    op.create_table(
        "site_reach",
        _column("site_id", Text), _column("division", Text), _column("holder_id", Text),
        sa.PrimaryKeyConstraint("site_id", "division"), sa.ForeignKeyConstraint(["site_id"], ["site.id"]),
        sa.ForeignKeyConstraint(["holder_id"], ["holder.id"]), sqlite_with_rowid=False, **STRICT,
    )  # fmt: skip
    op.create_index("site_reach_holder", "site_reach", ["holder_id"])
    op.create_index("site_reach_division", "site_reach", ["division"])
    op.execute(
        "INSERT INTO site_reach (site_id, division, holder_id) "
        "SELECT DISTINCT d.site_id, d.division, s.holder_id FROM site_division d JOIN site s ON s.id = d.site_id"
    )


def _users() -> None:
    """Users and the offices that they hold: api.auth.tables."""
    op.create_table(
        "user_account",
        _column("id", Text), _column("kind", Text), _column("login", Blob, null=True), _column("subject", Blob, null=True),
        _column("password", Text, null=True), _column("password_given_at", Instant(), null=True), _column("totp", Blob, null=True),
        _column("totp_step", Int), _column("example", Int), _column("created_at", Instant()), _column("disabled_at", Instant(), null=True),
        sa.PrimaryKeyConstraint("id"), sa.UniqueConstraint("login"), sa.UniqueConstraint("subject"), **STRICT,
    )  # fmt: skip
    op.create_table(
        "binding",
        _column("id", Text), _column("user_id", Text), _column("office", Text), _column("holder_id", Text, null=True),
        _column("division", Text, null=True), _column("given_by", Text), _column("given_at", Instant()),
        _column("ended_by", Text, null=True), _column("ended_at", Instant(), null=True),
        sa.PrimaryKeyConstraint("id"), sa.ForeignKeyConstraint(["user_id"], ["user_account.id"]), **STRICT,
    )  # fmt: skip
    op.create_index("binding_user", "binding", ["user_id"])
    op.create_table(
        "approval",
        _column("id", Text), _column("action", Text), _column("subject", Text), _column("content", Text), _column("asked_by", Text),
        _column("asked_as", Text), _column("asked_at", Instant()), _column("decided_by", Text, null=True), _column("decided_at", Instant(), null=True),
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


def _second_ways() -> None:
    """Tokens given out on keys, recovery codes: api.auth.tables."""
    op.create_table(
        "access_token",
        _column("digest", Blob), _column("key_id", Text), _column("created_at", Instant()), _column("expires_at", Instant()),
        sa.PrimaryKeyConstraint("digest"), sa.ForeignKeyConstraint(["key_id"], ["api_key.id"]), **STRICT,
    )  # fmt: skip
    op.create_table(
        "recovery_code",
        _column("digest", Blob), _column("user_id", Text),
        sa.PrimaryKeyConstraint("digest"), sa.ForeignKeyConstraint(["user_id"], ["user_account.id"]), **STRICT,
    )  # fmt: skip
    op.create_index("recovery_code_user", "recovery_code", ["user_id"])


def _persons() -> None:
    """The vault: api.auth.tables."""
    op.create_table(
        "person_key",
        _column("user_id", Text), _column("slot", Int),
        sa.PrimaryKeyConstraint("user_id"), sa.ForeignKeyConstraint(["user_id"], ["user_account.id"]), **STRICT,
    )  # fmt: skip
    op.create_table(
        "person",
        _column("user_id", Text), _column("field", Text), _column("sealed", Blob),
        sa.PrimaryKeyConstraint("user_id", "field"), sa.ForeignKeyConstraint(["user_id"], ["user_account.id"]), **STRICT,
    )  # fmt: skip


def _work() -> None:
    """Drafts, jobs, webhooks with their outbox, answers to Idempotency-Keys: carbon.tables."""
    op.create_table(
        "draft",
        _column("holder_id", Text), _column("name", Text), _column("tag", Text), _column("content", Text), _column("changed_by", Text),
        _column("changed_at", Instant()),
        sa.PrimaryKeyConstraint("holder_id", "name"), sa.ForeignKeyConstraint(["holder_id"], ["holder.id"]), **STRICT,
    )  # fmt: skip
    op.create_table(
        "job",
        _column("id", Text), _column("kind", Text), _column("user_id", Text), _column("binding_id", Text), _column("content", Text),
        _column("data", Blob, null=True), _column("status", Text), _column("permille", Int), _column("step", Text),
        _column("version", Int), _column("attempts", Int), _column("due_at", Instant()), _column("lease", Text, null=True),
        _column("lease_until", Instant(), null=True), _column("result", Text, null=True), _column("problem", Text, null=True),
        _column("created_at", Instant()), _column("changed_at", Instant()),
        sa.PrimaryKeyConstraint("id"), **STRICT,
    )  # fmt: skip
    op.create_index("job_due", "job", ["status", "due_at"])
    op.create_table(
        "webhook",
        _column("id", Text), _column("user_id", Text), _column("binding_id", Text), _column("url", Text), _column("events", Text),
        _column("secret", Blob), _column("failures", Int), _column("created_at", Instant()), _column("disabled_at", Instant(), null=True),
        _column("removed_at", Instant(), null=True),
        sa.PrimaryKeyConstraint("id"), **STRICT,
    )  # fmt: skip
    op.create_index("webhook_binding", "webhook", ["binding_id"])
    op.create_table(
        "delivery",
        _column("id", Text), _column("webhook_id", Text), _column("event", Text), _column("body", Text), _column("status", Text),
        _column("attempts", Int), _column("answer", Int, null=True), _column("reason", Text, null=True), _column("due_at", Instant()),
        _column("created_at", Instant()), _column("ended_at", Instant(), null=True),
        sa.PrimaryKeyConstraint("id"), sa.ForeignKeyConstraint(["webhook_id"], ["webhook.id"]), **STRICT,
    )  # fmt: skip
    op.create_index("delivery_due", "delivery", ["status", "due_at"])
    op.create_index("delivery_webhook", "delivery", ["webhook_id", "id"])
    op.create_table(
        "idempotent_answer",
        _column("id", Blob), _column("user_id", Text), _column("print", Blob), _column("status", Int), _column("headers", Text),
        _column("body", Blob), _column("answered_at", Instant()),
        sa.PrimaryKeyConstraint("id"), **STRICT,
    )  # fmt: skip
    op.create_index("idempotent_answer_user", "idempotent_answer", ["user_id"])


def _access() -> None:
    """The record of access, its head before the first record, and what was taken out of it: api.audit.tables."""
    op.create_table(
        "access",
        _column("id", Int), _column("at", Instant()), _column("user_id", Text), _column("action", Text), _column("object", Text),
        _column("status", Int), _column("payload", Blob), _column("leaf", Blob),
        sa.PrimaryKeyConstraint("id"), **STRICT,
    )  # fmt: skip
    op.create_index("access_at", "access", ["at"])
    op.create_index("access_user", "access", ["user_id", "id"])
    head = op.create_table(
        "access_head",
        _column("id", Int), _column("size", Int), _column("root", Blob), _column("peaks", Blob), _column("signed", Int),
        sa.PrimaryKeyConstraint("id"), **STRICT,
    )  # fmt: skip
    op.bulk_insert(head, [{"id": 1, "size": 0, "root": EMPTY_ROOT, "peaks": b"", "signed": 0}])
    op.create_table(
        "access_cut",
        _column("size", Int), _column("peaks", Blob), _column("file", Text), _column("sha256", Blob), _column("cut_at", Instant()),
        sa.PrimaryKeyConstraint("size"), **STRICT,
    )  # fmt: skip


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":  # policies of older tables name those that go
        policies = "SELECT tablename, policyname FROM pg_policies WHERE schemaname = current_schema()"
        for table, policy in connection.exec_driver_sql(policies).all():
            op.execute(f'DROP POLICY "{policy}" ON "{table}"')
            op.execute(f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY')
    for table in ("site_reach", "division_below"):
        op.drop_table(table)
    for table in (
        "access_cut", "access_head", "access",
        "idempotent_answer", "delivery", "webhook", "job", "draft",
        "recovery_code", "access_token",
        "person", "person_key", "sign_in_attempt", "api_key", "auth_session", "approval", "binding", "user_account",
    ):  # fmt: skip
        op.drop_table(table)
