"""Enterprises: what firms say of themselves, their filings, evidence, contracts, statements: carbon.enterprise.tables.

Revision: 0003, after 0002.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from ledger.types import Blob, Day, Instant, Int, Text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STRICT: dict[str, Any] = {"sqlite_strict": True}


def _column(name: str, kind: Any, *, null: bool = False) -> "sa.Column[Any]":
    """A column that no sequence fills."""
    return sa.Column(name, kind, nullable=null, autoincrement=False)


def upgrade() -> None:
    _firms()
    _filings()
    _evidence()
    _energy()
    _judged()


def _firms() -> None:
    """What firms say of themselves, their shares in one another, how they call their columns."""
    op.create_table(
        "firm_fact",
        _column("holder_id", Text), _column("kind", Text), _column("subject", Text), _column("version", Int),
        _column("valid_from", Day()), _column("content", Text), _column("reason", Text), _column("actor", Text),
        _column("said_at", Instant()),
        sa.PrimaryKeyConstraint("holder_id", "kind", "subject", "version"), sa.ForeignKeyConstraint(["holder_id"], ["holder.id"]), **STRICT,
    )  # fmt: skip
    op.create_table(
        "firm_share",
        _column("owner_id", Text), _column("holder_id", Text), _column("site", Text), _column("approach", Text),
        _column("valid_from", Day()), _column("ppm", Int), _column("reason", Text), _column("actor", Text), _column("said_at", Instant()),
        sa.PrimaryKeyConstraint("owner_id", "holder_id", "site", "approach", "valid_from"),
        sa.ForeignKeyConstraint(["owner_id"], ["holder.id"]), sa.ForeignKeyConstraint(["holder_id"], ["holder.id"]), **STRICT,
    )  # fmt: skip
    op.create_index("firm_share_owned", "firm_share", ["holder_id"])
    op.create_table(
        "column_mapping",
        _column("holder_id", Text), _column("heading", Text), _column("column", Text), _column("changed_by", Text),
        _column("changed_at", Instant()),
        sa.PrimaryKeyConstraint("holder_id", "heading"), sa.ForeignKeyConstraint(["holder_id"], ["holder.id"]), **STRICT,
    )  # fmt: skip


def _filings() -> None:
    """Filings, their lines by version and what happened to them."""
    op.create_table(
        "filing",
        _column("id", Text), _column("holder_id", Text), _column("year", Int), _column("start_month", Int), _column("guide", Text),
        _column("state", Text), _column("version", Int), _column("restates", Text, null=True), _column("import_id", Text, null=True), _column("tag", Text),
        _column("created_at", Instant()), _column("changed_at", Instant()),
        sa.PrimaryKeyConstraint("id"), sa.UniqueConstraint("restates"), sa.ForeignKeyConstraint(["holder_id"], ["holder.id"]), **STRICT,
    )  # fmt: skip
    op.create_index("filing_holder", "filing", ["holder_id", "year"])
    op.create_table(
        "filing_version",
        _column("filing_id", Text), _column("version", Int), _column("holder_id", Text), _column("name", Text), _column("sha256", Blob),
        _column("content", Blob), _column("lines", Int), _column("actor", Text), _column("written_at", Instant()),
        sa.PrimaryKeyConstraint("filing_id", "version"), sa.ForeignKeyConstraint(["filing_id"], ["filing.id"]), **STRICT,
    )  # fmt: skip
    op.create_table(
        "certificate_use",
        _column("filing_id", Text), _column("version", Int), _column("series", Text), _column("first", Int), _column("last", Int),
        _column("holder_id", Text),
        sa.PrimaryKeyConstraint("filing_id", "version", "series", "first", "last"), sa.ForeignKeyConstraint(["filing_id"], ["filing.id"]),
        **STRICT,
    )  # fmt: skip
    op.create_index("certificate_use_series", "certificate_use", ["series"])
    op.create_table(
        "filing_event",
        _column("filing_id", Text), _column("no", Int), _column("holder_id", Text), _column("kind", Text), _column("content", Text),
        _column("actor", Text), _column("happened_at", Instant()),
        sa.PrimaryKeyConstraint("filing_id", "no"), sa.ForeignKeyConstraint(["filing_id"], ["filing.id"]), **STRICT,
    )  # fmt: skip


def _evidence() -> None:
    """Documents, monthly packets, accreditations."""
    op.create_table(
        "document",
        _column("holder_id", Text), _column("sha256", Blob), _column("name", Text), _column("media_type", Text), _column("size", Int),
        _column("content", Blob), _column("actor", Text), _column("attached_at", Instant()),
        sa.PrimaryKeyConstraint("holder_id", "sha256"), sa.ForeignKeyConstraint(["holder_id"], ["holder.id"]), **STRICT,
    )  # fmt: skip
    op.create_table(
        "evidence_packet",
        _column("holder_id", Text), _column("month", Int), _column("version", Int), _column("manifest", Text),
        _column("before", Blob, null=True), _column("sha256", Blob), _column("actor", Text), _column("filed_at", Instant()),
        sa.PrimaryKeyConstraint("holder_id", "month", "version"), sa.ForeignKeyConstraint(["holder_id"], ["holder.id"]), **STRICT,
    )  # fmt: skip
    op.create_table(
        "accreditation",
        _column("actor", Text), _column("number", Text), _column("body", Text), _column("industries", Text),
        _column("valid_from", Day()), _column("valid_until", Day()), _column("given_by", Text), _column("given_at", Instant()),
        sa.PrimaryKeyConstraint("actor", "number", "valid_from"), **STRICT,
    )  # fmt: skip


def _energy() -> None:
    """Contracts of energy and what each kWh feeds."""
    op.create_table(
        "energy_contract",
        _column("id", Text), _column("holder_id", Text), _column("instrument", Text), _column("valid_from", Day()),
        _column("valid_until", Day()), _column("actor", Text), _column("said_at", Instant()),
        sa.PrimaryKeyConstraint("id"), sa.ForeignKeyConstraint(["holder_id"], ["holder.id"]), **STRICT,
    )  # fmt: skip
    op.create_table(
        "generation_claim",
        _column("plant", Text), _column("month", Int), _column("no", Int), _column("holder_id", Text), _column("mechanism", Text),
        _column("kwh", Int), _column("entry_id", Int, null=True), _column("actor", Text), _column("said_at", Instant()),
        sa.PrimaryKeyConstraint("plant", "month", "no"), sa.ForeignKeyConstraint(["holder_id"], ["holder.id"]), **STRICT,
    )  # fmt: skip


def _judged() -> None:
    """Statements of compliance and tags of efficiency."""
    op.create_table(
        "compliance_statement",
        _column("holder_id", Text), _column("programme", Text), _column("year", Int), _column("version", Int), _column("content", Text),
        _column("actor", Text), _column("stated_at", Instant()),
        sa.PrimaryKeyConstraint("holder_id", "programme", "year", "version"),
        sa.ForeignKeyConstraint(["holder_id"], ["holder.id"]), **STRICT,
    )  # fmt: skip
    op.create_table(
        "efficiency_tag",
        _column("holder_id", Text), _column("year", Int), _column("no", Int), _column("kind", Text), _column("rule", Text),
        _column("content", Text), _column("actor", Text), _column("said_at", Instant()),
        sa.PrimaryKeyConstraint("holder_id", "year", "no"), sa.ForeignKeyConstraint(["holder_id"], ["holder.id"]), **STRICT,
    )  # fmt: skip


def downgrade() -> None:
    for table in (
        "efficiency_tag", "compliance_statement", "generation_claim", "energy_contract", "accreditation", "evidence_packet", "document",
        "filing_event", "certificate_use", "filing_version", "filing", "column_mapping", "firm_share", "firm_fact",
    ):  # fmt: skip
        op.drop_table(table)
