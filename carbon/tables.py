"""The tables of meaning: who holds what, which files were imported, and what each entry was made of.

Names and credit codes are aliases: the books know a holder by a random id only. `activity_line` and `resolution` keep, for ever, what is
needed to explain a number: the line as it was filed, the factors it met and the steps that led there.
"""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from ledger import wall
from ledger.types import Blob, Day, Instant, Int, Text

APPEND_ONLY = {"append_only": True}
BELOW = f"SELECT division_below.division FROM division_below WHERE {wall.listed('division_below.ancestor', wall.DIVISIONS)}"


def within_wall(holder: str, *, divisions: str) -> dict[str, object]:
    """Rows behind the wall of `ledger.wall`: by the column of their holder, and by what must hold for a reader bounded by divisions."""
    return {"wall": {"holders": wall.by_holder(holder), "divisions": wall.by_division(divisions)}}


def within_user(column: str) -> dict[str, object]:
    """Rows behind the wall of `ledger.wall` that are the own of the user whom the column names."""
    return {"wall": {"users": wall.by_user(column)}}


def seen_through(table: str, link: str) -> str:
    """SQL: a row of another table behind the wall, which the reader sees, belongs to this one."""
    return f"(EXISTS (SELECT 1 FROM {table} WHERE {link}))"


OF_SITE = seen_through("site_reach", "site_reach.site_id = site_division.site_id")
IN_DIVISION = f"({wall.listed('division', wall.DIVISIONS)} OR (division IN ({BELOW})))"


class HolderRow(SQLModel, table=True):
    """A resident, firm or park, by a random id. `industry` is a GB/T 4754 code, or null."""

    __tablename__ = "holder"
    __table_args__ = {
        "sqlite_strict": True,
        "info": within_wall("id", divisions=seen_through("site_reach", "site_reach.holder_id = holder.id")),
    }
    id: str = Field(sa_type=Text, primary_key=True)
    kind: str = Field(sa_type=Text)
    industry: str | None = Field(default=None, sa_type=Text)
    example: int = Field(default=0, sa_type=Int)
    created_at: datetime = Field(sa_type=Instant)


class AliasRow(SQLModel, table=True):
    """What people call a holder: its `name`, its `credit-code`. Unique by kind but for names."""

    __tablename__ = "alias"
    __table_args__ = (
        sa.Index("alias_value", "kind", "value"),
        {
            "sqlite_strict": True,
            "info": within_wall("holder_id", divisions=seen_through("site_reach", "site_reach.holder_id = alias.holder_id")),
        },
    )
    holder_id: str = Field(sa_type=Text, primary_key=True, foreign_key="holder.id")
    kind: str = Field(sa_type=Text, primary_key=True)
    value: str = Field(sa_type=Text)


class SiteRow(SQLModel, table=True):
    """A place of a holder where emissions happen; `code` is the holder's own and part of account names."""

    __tablename__ = "site"
    __table_args__ = (
        sa.UniqueConstraint("holder_id", "code"),
        {
            "sqlite_strict": True,
            "info": within_wall("holder_id", divisions=seen_through("site_reach", "site_reach.site_id = site.id")),
        },
    )
    id: str = Field(sa_type=Text, primary_key=True)
    holder_id: str = Field(sa_type=Text, foreign_key="holder.id")
    code: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)


class SiteDivisionRow(SQLModel, table=True):
    """In which division a site lies from a day on, until the next row's day."""

    __tablename__ = "site_division"
    __table_args__ = {
        "sqlite_strict": True,
        "info": APPEND_ONLY | {"wall": {"holders": OF_SITE, "divisions": wall.by_division(OF_SITE)}},
    }
    site_id: str = Field(sa_type=Text, primary_key=True, foreign_key="site.id")
    valid_from: date = Field(sa_type=Day, primary_key=True)
    division: str = Field(sa_type=Text)


class SiteReachRow(SQLModel, table=True):
    """Every division in which a site ever lay, with its holder: through this table alone sites and holders are shown to who is bounded by
    divisions. Written with `site_division`."""

    __tablename__ = "site_reach"
    __table_args__ = (
        sa.Index("site_reach_holder", "holder_id"),
        sa.Index("site_reach_division", "division"),
        {"sqlite_strict": True, "sqlite_with_rowid": False, "info": APPEND_ONLY | within_wall("holder_id", divisions=IN_DIVISION)},
    )
    site_id: str = Field(sa_type=Text, primary_key=True, foreign_key="site.id")
    division: str = Field(sa_type=Text, primary_key=True)
    holder_id: str = Field(sa_type=Text, foreign_key="holder.id")


class ImportRow(SQLModel, table=True):
    """A file that was booked, by holder and SHA-256: the same file again books nothing. `first_entry`, `last_entry`: its entries.

    `again` counts the times the same bytes were booked before: where a restatement makes another figure of them, they take their own place.
    """

    __tablename__ = "import_file"
    __table_args__ = (
        sa.UniqueConstraint("holder_id", "sha256", "again"),
        {
            "sqlite_strict": True,
            "info": APPEND_ONLY
            | within_wall("holder_id", divisions=seen_through("activity_line", "activity_line.import_id = import_file.id")),
        },
    )
    id: str = Field(sa_type=Text, primary_key=True)
    holder_id: str = Field(sa_type=Text, foreign_key="holder.id")
    sha256: bytes = Field(sa_type=Blob)
    name: str = Field(sa_type=Text)
    lines: int = Field(sa_type=Int)
    first_entry: int | None = Field(default=None, sa_type=Int)
    last_entry: int | None = Field(default=None, sa_type=Int)
    replaces: str | None = Field(default=None, sa_type=Text, unique=True)
    again: int = Field(default=0, sa_type=Int)
    actor: str = Field(sa_type=Text)
    imported_at: datetime = Field(sa_type=Instant)


class ResolutionRow(SQLModel, table=True):
    """How factors were found for some lines: JSON of factors, day shares, steps and components, kept once for all lines alike."""

    __tablename__ = "resolution"
    __table_args__ = {"sqlite_strict": True, "info": APPEND_ONLY}
    id: bytes = Field(sa_type=Blob, primary_key=True)
    content: str = Field(sa_type=Text)


NAMES_PROOFS = sa.text("details LIKE '%\"instrument\"%'")
"""SQL: a line names a contract or certificates. Few do; they have an index of their own, which a query finds that says this very text."""


class ActivityLineRow(SQLModel, table=True):
    """One line of activity data as it was filed, beside the entry that it became: none where it emitted nothing.

    `month` is yyyymm, or null where the period is longer than a month or lies in two: cells count such a line in the month of its last
    day, and a monthly view shows it as not monthly.
    """

    __tablename__ = "activity_line"
    __table_args__ = (
        sa.Index("activity_line_filed", "site_id", "activity", "start"),
        sa.Index("activity_line_cell", "cell", "entry_id"),
        sa.Index("activity_line_instrument", "holder_id", sqlite_where=NAMES_PROOFS, postgresql_where=NAMES_PROOFS),
        {"sqlite_strict": True, "info": APPEND_ONLY | within_wall("holder_id", divisions=IN_DIVISION)},
    )
    import_id: str = Field(sa_type=Text, primary_key=True, foreign_key="import_file.id")
    row: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    entry_id: int | None = Field(default=None, sa_type=Int, unique=True)
    holder_id: str = Field(sa_type=Text)
    site_id: str = Field(sa_type=Text)
    division: str = Field(sa_type=Text)
    cell: str = Field(sa_type=Text)
    activity: str = Field(sa_type=Text)
    quantity: str = Field(sa_type=Text)
    unit: str = Field(sa_type=Text)
    start: date = Field(sa_type=Day)
    end: date = Field(sa_type=Day)
    month: int | None = Field(default=None, sa_type=Int)
    resolution_id: bytes = Field(sa_type=Blob, foreign_key="resolution.id")
    source: str | None = Field(default=None, sa_type=Text)
    reference: str | None = Field(default=None, sa_type=Text)
    method: str | None = Field(default=None, sa_type=Text)
    tier: str | None = Field(default=None, sa_type=Text)
    details: str | None = Field(default=None, sa_type=Text)


DELETABLE: dict[str, object] = {"deletable": True}


class DraftRow(SQLModel, table=True):
    """What a holder is still writing, by its name: `content` is JSON, `tag` a random word that each change replaces (an ETag)."""

    __tablename__ = "draft"
    __table_args__ = {"sqlite_strict": True, "info": DELETABLE | within_wall("holder_id", divisions="false")}
    holder_id: str = Field(sa_type=Text, primary_key=True, foreign_key="holder.id")
    name: str = Field(sa_type=Text, primary_key=True)
    tag: str = Field(sa_type=Text)
    content: str = Field(sa_type=Text)
    changed_by: str = Field(sa_type=Text)
    changed_at: datetime = Field(sa_type=Instant)


class JobRow(SQLModel, table=True):
    """What is done later for a user in an office. `status`: queued, running, done, failed; `version` counts the changes of the row.

    `content`, `result` and `problem` are JSON, `data` the bytes to work on, gone once it ended. Whoever works on it holds the `lease` until
    `lease_until`; after that another takes it. It is not begun before `due_at`.
    """

    __tablename__ = "job"
    __table_args__ = (sa.Index("job_due", "status", "due_at"), {"sqlite_strict": True, "info": DELETABLE | within_user("user_id")})
    id: str = Field(sa_type=Text, primary_key=True)
    kind: str = Field(sa_type=Text)
    user_id: str = Field(sa_type=Text)
    binding_id: str = Field(sa_type=Text)
    content: str = Field(sa_type=Text)
    data: bytes | None = Field(default=None, sa_type=Blob)
    status: str = Field(sa_type=Text)
    permille: int = Field(default=0, sa_type=Int)
    step: str = Field(sa_type=Text)
    version: int = Field(default=0, sa_type=Int)
    attempts: int = Field(default=0, sa_type=Int)
    due_at: datetime = Field(sa_type=Instant)
    lease: str | None = Field(default=None, sa_type=Text)
    lease_until: datetime | None = Field(default=None, sa_type=Instant)
    result: str | None = Field(default=None, sa_type=Text)
    problem: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(sa_type=Instant)
    changed_at: datetime = Field(sa_type=Instant)


class WebhookRow(SQLModel, table=True):
    """Where an office is told what happened: `secret` is sealed, `events` their names with blanks between, `failures` those in a row."""

    __tablename__ = "webhook"
    __table_args__ = (sa.Index("webhook_binding", "binding_id"), {"sqlite_strict": True, "info": within_user("user_id")})
    id: str = Field(sa_type=Text, primary_key=True)
    user_id: str = Field(sa_type=Text)
    binding_id: str = Field(sa_type=Text)
    url: str = Field(sa_type=Text)
    events: str = Field(sa_type=Text)
    secret: bytes = Field(sa_type=Blob)
    failures: int = Field(default=0, sa_type=Int)
    created_at: datetime = Field(sa_type=Instant)
    disabled_at: datetime | None = Field(default=None, sa_type=Instant)
    removed_at: datetime | None = Field(default=None, sa_type=Instant)


class DeliveryRow(SQLModel, table=True):
    """The outbox: one message to one webhook, written with what it tells. `status`: due, delivered, dead; `answer` is an HTTP status."""

    __tablename__ = "delivery"
    __table_args__ = (
        sa.Index("delivery_due", "status", "due_at"), sa.Index("delivery_webhook", "webhook_id", "id"),
        {"sqlite_strict": True, "info": DELETABLE | {"wall": {"users": seen_through("webhook", "webhook.id = delivery.webhook_id")}}},
    )  # fmt: skip
    id: str = Field(sa_type=Text, primary_key=True)
    webhook_id: str = Field(sa_type=Text, foreign_key="webhook.id")
    event: str = Field(sa_type=Text)
    body: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    attempts: int = Field(default=0, sa_type=Int)
    answer: int | None = Field(default=None, sa_type=Int)
    reason: str | None = Field(default=None, sa_type=Text)
    due_at: datetime = Field(sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)


class AnswerRow(SQLModel, table=True):
    """What was answered to an Idempotency-Key, kept with the effect: `id` is 16 bytes of SHA-256(user, key), `print` of what was asked.

    The body is sealed, since an answer may hold a secret that is shown once.
    """

    __tablename__ = "idempotent_answer"
    __table_args__ = (sa.Index("idempotent_answer_user", "user_id"), {"sqlite_strict": True, "info": DELETABLE | within_user("user_id")})
    id: bytes = Field(sa_type=Blob, primary_key=True)
    user_id: str = Field(sa_type=Text)
    print: bytes = Field(sa_type=Blob)
    status: int = Field(sa_type=Int)
    headers: str = Field(sa_type=Text)
    body: bytes = Field(sa_type=Blob)
    answered_at: datetime = Field(sa_type=Instant)
