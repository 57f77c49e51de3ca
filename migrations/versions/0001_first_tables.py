"""The first tables: the book, the meaning, the series.

Revision: 0001, after nothing.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from ledger.types import Blob, Day, Instant, Int, Text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STRICT: dict[str, Any] = {"sqlite_strict": True}
CLUSTERED: dict[str, Any] = {**STRICT, "sqlite_with_rowid": False}
HOT: dict[str, Any] = {"postgresql_with": {"fillfactor": 70}}


def _column(name: str, kind: Any) -> "sa.Column[Any]":
    """A column that is never empty and that no sequence fills."""
    return sa.Column(name, kind, nullable=False, autoincrement=False)


def upgrade() -> None:
    _book()
    _rules()
    _lots()
    _meaning()
    _series()


def _book() -> None:
    """The book: ledger.tables."""
    op.create_table(
        "book_info",
        _column("id", Text), _column("created_at", Instant()),
        sa.PrimaryKeyConstraint("id"), **STRICT,
    )
    op.create_table(
        "commodity",
        _column("id", Int), _column("code", Text), _column("unit", Text),
        sa.PrimaryKeyConstraint("id"), sa.UniqueConstraint("code"), **STRICT,
    )
    op.create_table(
        "account",
        _column("id", Int), _column("book", Text), _column("name", Text), _column("commodity_id", Int),
        sa.PrimaryKeyConstraint("id"), sa.UniqueConstraint("name", "commodity_id"),
        sa.ForeignKeyConstraint(["commodity_id"], ["commodity.id"]), **STRICT,
    )
    op.create_table(
        "entry",
        _column("id", Int), _column("posted_at", Instant()), _column("day", Day()), _column("period", Int),
        _column("book", Text), _column("kind", Text), _column("payload", Blob), _column("leaf", Blob),
        sa.PrimaryKeyConstraint("id"), **STRICT,
    )
    op.create_table(
        "idem",
        _column("key", Blob), _column("entry_id", Int),
        sa.PrimaryKeyConstraint("key"), **CLUSTERED,
    )
    op.create_table(
        "posting",
        _column("account_id", Int), _column("entry_id", Int), _column("leg", Int), _column("amount", Int),
        _column("period", Int),
        sa.PrimaryKeyConstraint("account_id", "entry_id", "leg"), **CLUSTERED,
    )
    op.create_table(
        "reversal",
        _column("entry_id", Int), _column("by_id", Int),
        sa.PrimaryKeyConstraint("entry_id"), sa.UniqueConstraint("by_id"), **STRICT,
    )
    op.create_table(
        "balance",
        _column("account_id", Int), _column("amount", Int), _column("count", Int),
        sa.PrimaryKeyConstraint("account_id"), **STRICT, **HOT,
    )
    op.create_table(
        "cell",
        _column("cell", Text), _column("period", Int), _column("commodity_id", Int), _column("amount", Int),
        _column("count", Int),
        sa.PrimaryKeyConstraint("cell", "period", "commodity_id"), **CLUSTERED, **HOT,
    )
    op.create_table(
        "cell_share",
        _column("cell", Text), _column("period", Int), _column("commodity_id", Int), _column("entry_id", Int),
        _column("amount", Int), _column("count", Int),
        sa.PrimaryKeyConstraint("cell", "period", "commodity_id", "entry_id"), **CLUSTERED,
    )
    op.create_table(
        "head",
        _column("id", Int), _column("size", Int), _column("root", Blob), _column("peaks", Blob),
        sa.PrimaryKeyConstraint("id"), **STRICT,
    )


def _rules() -> None:
    """What the book enforces: rules of accounts, months, holds; and the tiles of its proofs."""
    op.create_table(
        "account_rule",
        _column("account_id", Int), _column("entry_id", Int), _column("side", Int), sa.Column("floor", Int), _column("closed", Int),
        sa.PrimaryKeyConstraint("account_id", "entry_id"), **CLUSTERED,
    )
    op.create_table(
        "period_state",
        _column("entry_id", Int), _column("period", Int), _column("scope", Text), _column("closed", Int), _column("reason", Text),
        _column("actor", Text), sa.Column("second", Text), _column("size", Int), sa.Column("sealed", Blob),
        sa.PrimaryKeyConstraint("entry_id"), **STRICT,
    )
    op.create_index("period_state_period", "period_state", ["period", "entry_id"])
    op.create_table(
        "hold",
        _column("entry_id", Int), _column("account_id", Int), _column("held_id", Int), _column("amount", Int), sa.Column("expires_on", Day()),
        sa.PrimaryKeyConstraint("entry_id"), **STRICT,
    )
    op.create_index("ix_hold_account_id", "hold", ["account_id"])
    op.create_table(
        "hold_end",
        _column("entry_id", Int), _column("hold_id", Int), _column("kind", Text), _column("amount", Int),
        sa.PrimaryKeyConstraint("entry_id"), **STRICT,
    )
    op.create_index("hold_end_hold", "hold_end", ["hold_id"])
    op.create_table(
        "tile",
        _column("level", Int), _column("place", Int), _column("root", Blob), _column("hashes", Blob),
        sa.PrimaryKeyConstraint("level", "place"), **CLUSTERED,
    )


def _lots() -> None:
    """Units with serials: where they came from, where they lie, how they moved, which are retired."""
    op.create_table(
        "lot",
        _column("entry_id", Int), _column("commodity_id", Int), _column("series", Text), _column("first", Int), _column("last", Int),
        _column("vintage", Int), _column("project", Text), sa.Column("expires_on", Day()),
        sa.PrimaryKeyConstraint("entry_id"), sa.UniqueConstraint("commodity_id", "series", "first"), **STRICT,
    )
    op.create_table(
        "lot_place",
        _column("lot_id", Int), _column("first", Int), _column("last", Int), _column("account_id", Int),
        sa.PrimaryKeyConstraint("lot_id", "first"), **CLUSTERED,
    )
    op.create_index("lot_place_account", "lot_place", ["account_id"])
    op.create_table(
        "lot_move",
        _column("entry_id", Int), _column("lot_id", Int), _column("first", Int), _column("last", Int), _column("from_id", Int),
        _column("to_id", Int),
        sa.PrimaryKeyConstraint("entry_id", "lot_id", "first"), **CLUSTERED,
    )
    op.create_table(
        "retirement",
        _column("lot_id", Int), _column("first", Int), _column("last", Int), _column("entry_id", Int), _column("purpose", Text),
        _column("beneficiary", Text),
        sa.PrimaryKeyConstraint("lot_id", "first"), **CLUSTERED,
    )


def _meaning() -> None:
    """Holders, imports and what each entry was made of: carbon.tables."""
    op.create_table(
        "holder",
        _column("id", Text), _column("kind", Text), sa.Column("industry", Text, nullable=True), _column("example", Int),
        _column("created_at", Instant()),
        sa.PrimaryKeyConstraint("id"), **STRICT,
    )
    op.create_table(
        "resolution",
        _column("id", Blob), _column("content", Text),
        sa.PrimaryKeyConstraint("id"), **STRICT,
    )
    op.create_table(
        "alias",
        _column("holder_id", Text), _column("kind", Text), _column("value", Text),
        sa.PrimaryKeyConstraint("holder_id", "kind"), sa.ForeignKeyConstraint(["holder_id"], ["holder.id"]), **STRICT,
    )
    op.create_index("alias_value", "alias", ["kind", "value"])
    op.create_table(
        "import_file",
        _column("id", Text), _column("holder_id", Text), _column("sha256", Blob), _column("name", Text), _column("lines", Int),
        sa.Column("first_entry", Int, nullable=True), sa.Column("last_entry", Int, nullable=True),
        sa.Column("replaces", Text, nullable=True), _column("again", Int), _column("actor", Text), _column("imported_at", Instant()),
        sa.PrimaryKeyConstraint("id"), sa.UniqueConstraint("holder_id", "sha256", "again"), sa.UniqueConstraint("replaces"),
        sa.ForeignKeyConstraint(["holder_id"], ["holder.id"]), **STRICT,
    )
    op.create_table(
        "site",
        _column("id", Text), _column("holder_id", Text), _column("code", Text), _column("name", Text),
        sa.PrimaryKeyConstraint("id"), sa.UniqueConstraint("holder_id", "code"),
        sa.ForeignKeyConstraint(["holder_id"], ["holder.id"]), **STRICT,
    )
    op.create_table(
        "activity_line",
        _column("import_id", Text), _column("row", Int), sa.Column("entry_id", Int, nullable=True), _column("holder_id", Text),
        _column("site_id", Text), _column("division", Text), _column("cell", Text), _column("activity", Text),
        _column("quantity", Text), _column("unit", Text), _column("start", Day()), _column("end", Day()),
        sa.Column("month", Int, nullable=True), _column("resolution_id", Blob), sa.Column("source", Text, nullable=True),
        sa.Column("reference", Text, nullable=True), sa.Column("method", Text, nullable=True),
        sa.Column("tier", Text, nullable=True), sa.Column("details", Text, nullable=True),
        sa.PrimaryKeyConstraint("import_id", "row"), sa.UniqueConstraint("entry_id"),
        sa.ForeignKeyConstraint(["import_id"], ["import_file.id"]),
        sa.ForeignKeyConstraint(["resolution_id"], ["resolution.id"]), **STRICT,
    )
    op.create_index("activity_line_cell", "activity_line", ["cell", "entry_id"])
    op.create_index("activity_line_filed", "activity_line", ["site_id", "activity", "start"])
    proofs = sa.text("details LIKE '%\"instrument\"%'")
    op.create_index("activity_line_instrument", "activity_line", ["holder_id"], sqlite_where=proofs, postgresql_where=proofs)
    op.create_table(
        "site_division",
        _column("site_id", Text), _column("valid_from", Day()), _column("division", Text),
        sa.PrimaryKeyConstraint("site_id", "valid_from"), sa.ForeignKeyConstraint(["site_id"], ["site.id"]), **STRICT,
    )


def _series() -> None:
    """What statisticians publish: carbon.region.tables."""
    op.create_table(
        "series",
        _column("id", Int), _column("source", Text), _column("edition", Int), _column("gas", Text), _column("unit", Text),
        _column("file", Text), _column("sha256", Blob), _column("cells", Int), sa.Column("licence", Text, nullable=True),
        _column("actor", Text), _column("imported_at", Instant()),
        sa.PrimaryKeyConstraint("id"), sa.UniqueConstraint("source", "edition"), **STRICT,
    )
    op.create_table(
        "series_cell",
        _column("series_id", Int), _column("year", Int), _column("division", Text), _column("amount", Int),
        sa.PrimaryKeyConstraint("series_id", "year", "division"), sa.ForeignKeyConstraint(["series_id"], ["series.id"]),
        **CLUSTERED,
    )
    op.create_index("series_cell_division", "series_cell", ["series_id", "division", "year"])


def downgrade() -> None:
    for table in (
        "series_cell", "series", "site_division", "activity_line", "site", "import_file", "alias", "resolution",
        "holder", "head", "cell_share", "cell", "balance", "reversal", "posting", "idem",
        "entry", "account", "commodity", "book_info",
    ):
        op.drop_table(table)
