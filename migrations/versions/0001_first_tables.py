"""The first tables: the book, the meaning, the series.

Revision: 0001, after nothing.
"""

import sqlalchemy as sa
from alembic import op

from ledger.types import Blob, Day, Instant, Int, Text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "balance",
        sa.Column("account_id", Int, autoincrement=False, nullable=False),
        sa.Column("amount", Int, nullable=False),
        sa.Column("count", Int, nullable=False),
        sa.PrimaryKeyConstraint("account_id"),
        postgresql_with={"fillfactor": 70},
        sqlite_strict=True,
    )
    op.create_table(
        "book_info",
        sa.Column("id", Text, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_table(
        "cell",
        sa.Column("cell", Text, nullable=False),
        sa.Column("period", Int, autoincrement=False, nullable=False),
        sa.Column("commodity_id", Int, autoincrement=False, nullable=False),
        sa.Column("amount", Int, nullable=False),
        sa.Column("count", Int, nullable=False),
        sa.PrimaryKeyConstraint("cell", "period", "commodity_id"),
        postgresql_with={"fillfactor": 70},
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cell_share",
        sa.Column("cell", Text, nullable=False),
        sa.Column("period", Int, autoincrement=False, nullable=False),
        sa.Column("commodity_id", Int, autoincrement=False, nullable=False),
        sa.Column("entry_id", Int, autoincrement=False, nullable=False),
        sa.Column("amount", Int, nullable=False),
        sa.Column("count", Int, nullable=False),
        sa.PrimaryKeyConstraint("cell", "period", "commodity_id", "entry_id"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "commodity",
        sa.Column("id", Int, nullable=False),
        sa.Column("code", Text, nullable=False),
        sa.Column("unit", Text, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
        sqlite_strict=True,
    )
    op.create_table(
        "entry",
        sa.Column("id", Int, autoincrement=False, nullable=False),
        sa.Column("posted_at", Instant(), nullable=False),
        sa.Column("day", Day(), nullable=False),
        sa.Column("period", Int, nullable=False),
        sa.Column("book", Text, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("payload", Blob, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_index("entry_day", "entry", ["day", "id"], unique=False)
    op.create_table(
        "head",
        sa.Column("id", Int, autoincrement=False, nullable=False),
        sa.Column("size", Int, nullable=False),
        sa.Column("root", Blob, nullable=False),
        sa.Column("peaks", Blob, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_table(
        "holder",
        sa.Column("id", Text, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("industry", Text, nullable=True),
        sa.Column("example", Int, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_table(
        "idem",
        sa.Column("key", Blob, nullable=False),
        sa.Column("entry_id", Int, nullable=False),
        sa.Column("body_hash", Blob, nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "posting",
        sa.Column("account_id", Int, autoincrement=False, nullable=False),
        sa.Column("entry_id", Int, autoincrement=False, nullable=False),
        sa.Column("leg", Int, autoincrement=False, nullable=False),
        sa.Column("amount", Int, nullable=False),
        sa.Column("period", Int, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "entry_id", "leg"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "resolution",
        sa.Column("id", Blob, nullable=False),
        sa.Column("content", Text, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
    )
    op.create_table(
        "reversal",
        sa.Column("entry_id", Int, autoincrement=False, nullable=False),
        sa.Column("by_id", Int, nullable=False),
        sa.PrimaryKeyConstraint("entry_id"),
        sa.UniqueConstraint("by_id"),
        sqlite_strict=True,
    )
    op.create_table(
        "series",
        sa.Column("id", Int, autoincrement=False, nullable=False),
        sa.Column("source", Text, nullable=False),
        sa.Column("edition", Int, nullable=False),
        sa.Column("gas", Text, nullable=False),
        sa.Column("unit", Text, nullable=False),
        sa.Column("file", Text, nullable=False),
        sa.Column("sha256", Blob, nullable=False),
        sa.Column("cells", Int, nullable=False),
        sa.Column("licence", Text, nullable=True),
        sa.Column("actor", Text, nullable=False),
        sa.Column("imported_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "edition"),
        sqlite_strict=True,
    )
    op.create_table(
        "account",
        sa.Column("id", Int, nullable=False),
        sa.Column("book", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("commodity_id", Int, nullable=False),
        sa.ForeignKeyConstraint(
            ["commodity_id"],
            ["commodity.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name", "commodity_id"),
        sqlite_strict=True,
    )
    op.create_table(
        "alias",
        sa.Column("holder_id", Text, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("value", Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["holder_id"],
            ["holder.id"],
        ),
        sa.PrimaryKeyConstraint("holder_id", "kind"),
        sqlite_strict=True,
    )
    op.create_index("alias_value", "alias", ["kind", "value"], unique=False)
    op.create_table(
        "import_file",
        sa.Column("id", Text, nullable=False),
        sa.Column("holder_id", Text, nullable=False),
        sa.Column("sha256", Blob, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("lines", Int, nullable=False),
        sa.Column("first_entry", Int, nullable=True),
        sa.Column("last_entry", Int, nullable=True),
        sa.Column("replaces", Text, nullable=True),
        sa.Column("actor", Text, nullable=False),
        sa.Column("imported_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["holder_id"],
            ["holder.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("holder_id", "sha256"),
        sa.UniqueConstraint("replaces"),
        sqlite_strict=True,
    )
    op.create_table(
        "series_cell",
        sa.Column("series_id", Int, autoincrement=False, nullable=False),
        sa.Column("year", Int, autoincrement=False, nullable=False),
        sa.Column("division", Text, nullable=False),
        sa.Column("amount", Int, nullable=False),
        sa.ForeignKeyConstraint(
            ["series_id"],
            ["series.id"],
        ),
        sa.PrimaryKeyConstraint("series_id", "year", "division"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("series_cell_division", "series_cell", ["series_id", "division", "year"], unique=False)
    op.create_table(
        "site",
        sa.Column("id", Text, nullable=False),
        sa.Column("holder_id", Text, nullable=False),
        sa.Column("code", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["holder_id"],
            ["holder.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("holder_id", "code"),
        sqlite_strict=True,
    )
    op.create_table(
        "activity_line",
        sa.Column("import_id", Text, nullable=False),
        sa.Column("row", Int, autoincrement=False, nullable=False),
        sa.Column("entry_id", Int, nullable=True),
        sa.Column("holder_id", Text, nullable=False),
        sa.Column("site_id", Text, nullable=False),
        sa.Column("division", Text, nullable=False),
        sa.Column("cell", Text, nullable=False),
        sa.Column("activity", Text, nullable=False),
        sa.Column("quantity", Text, nullable=False),
        sa.Column("unit", Text, nullable=False),
        sa.Column("start", Day(), nullable=False),
        sa.Column("end", Day(), nullable=False),
        sa.Column("month", Int, nullable=True),
        sa.Column("resolution_id", Blob, nullable=False),
        sa.Column("source", Text, nullable=True),
        sa.Column("reference", Text, nullable=True),
        sa.Column("method", Text, nullable=True),
        sa.Column("tier", Text, nullable=True),
        sa.Column("details", Text, nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["import_file.id"],
        ),
        sa.ForeignKeyConstraint(
            ["resolution_id"],
            ["resolution.id"],
        ),
        sa.PrimaryKeyConstraint("import_id", "row"),
        sa.UniqueConstraint("entry_id"),
        sqlite_strict=True,
    )
    op.create_index("activity_line_cell", "activity_line", ["cell", "entry_id"], unique=False)
    op.create_index("activity_line_filed", "activity_line", ["site_id", "activity", "start"], unique=False)
    op.create_table(
        "site_division",
        sa.Column("site_id", Text, nullable=False),
        sa.Column("valid_from", Day(), nullable=False),
        sa.Column("division", Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["site.id"],
        ),
        sa.PrimaryKeyConstraint("site_id", "valid_from"),
        sqlite_strict=True,
    )


def downgrade() -> None:
    for table in (
        "site_division",
        "activity_line",
        "site",
        "series_cell",
        "import_file",
        "alias",
        "account",
        "series",
        "reversal",
        "resolution",
        "posting",
        "idem",
        "holder",
        "head",
        "entry",
        "commodity",
        "cell_share",
        "cell",
        "book_info",
        "balance",
    ):
        op.execute(f"DROP TABLE {table}")
