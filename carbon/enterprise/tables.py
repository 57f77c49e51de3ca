"""The tables of enterprises: what a firm says of itself, its filings and all that happened to them, what it owes and holds.

Everything here is append-only but the heads `filing` (its present state) and `mapping`. What was said stands for ever, with who said it.
"""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from carbon.tables import APPEND_ONLY, DELETABLE, seen_through, within_wall
from ledger import wall
from ledger.types import Blob, Day, Instant, Int, Text


def _of_holder(table: str) -> dict[str, object]:
    """Behind the wall: the holder's own, and a regulator's in whose divisions the holder ever had a site."""
    return within_wall("holder_id", divisions=seen_through("site_reach", f"site_reach.holder_id = {table}.holder_id"))


class FirmFactRow(SQLModel, table=True):
    """What a firm says of itself from a day on, by `kind`: ``boundary``, ``base-year``, ``exclusion``, ``control-plan``, ``economy``.

    `subject` parts facts of one kind (an exclusion's source, an economy's year); `content` is JSON of a struct of
    `carbon.enterprise.firm`. The latest version that holds on a day counts.
    """

    __tablename__ = "firm_fact"
    __table_args__ = {"sqlite_strict": True, "info": APPEND_ONLY | _of_holder("firm_fact")}
    holder_id: str = Field(sa_type=Text, primary_key=True, foreign_key="holder.id")
    kind: str = Field(sa_type=Text, primary_key=True)
    subject: str = Field(sa_type=Text, primary_key=True)
    version: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    valid_from: date = Field(sa_type=Day)
    content: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    actor: str = Field(sa_type=Text)
    said_at: datetime = Field(sa_type=Instant)


OF_EITHER = seen_through("site_reach", "((site_reach.holder_id = firm_share.owner_id) OR (site_reach.holder_id = firm_share.holder_id))")
BY_EITHER = {"holders": f"({wall.by_holder('owner_id')} OR {wall.by_holder('holder_id')})", "divisions": wall.by_division(OF_EITHER)}
"""Behind the wall for both sides: an owner sees what it owns, and a firm who owns it."""


class ShareRow(SQLModel, table=True):
    """From a day on `owner_id` has a share of a holder, or of one of its sites, by an approach: ``equity``, ``financial``, ``operational``.

    `ppm` is a share in millionths, 0 to 1,000,000, told for a `reason`. Shares are applied when an inventory is read; everything is booked
    at 100 %.
    """

    __tablename__ = "firm_share"
    __table_args__ = (
        sa.Index("firm_share_owned", "holder_id"),
        {"sqlite_strict": True, "info": APPEND_ONLY | {"wall": BY_EITHER}},
    )
    owner_id: str = Field(sa_type=Text, primary_key=True, foreign_key="holder.id")
    holder_id: str = Field(sa_type=Text, primary_key=True, foreign_key="holder.id")
    site: str = Field(default="", sa_type=Text, primary_key=True)
    approach: str = Field(sa_type=Text, primary_key=True)
    valid_from: date = Field(sa_type=Day, primary_key=True)
    ppm: int = Field(sa_type=Int)
    reason: str = Field(default="", sa_type=Text)
    actor: str = Field(sa_type=Text)
    said_at: datetime = Field(sa_type=Instant)


class MappingRow(SQLModel, table=True):
    """How a firm's own heading is called here, remembered: `heading` as it stood in its file, `column` of ours ("" leaves it out)."""

    __tablename__ = "column_mapping"
    __table_args__ = {"sqlite_strict": True, "info": DELETABLE | within_wall("holder_id", divisions="false")}
    holder_id: str = Field(sa_type=Text, primary_key=True, foreign_key="holder.id")
    heading: str = Field(sa_type=Text, primary_key=True)
    column: str = Field(sa_type=Text)
    changed_by: str = Field(sa_type=Text)
    changed_at: datetime = Field(sa_type=Instant)


class FilingRow(SQLModel, table=True):
    """A firm's filing of one year and its present state, which is a fold of `filing_event`. `tag` changes with each event (an ETag).

    `restates` is the booked filing that this one takes the place of; `import_id` what it was booked as. The year begins with `start_month`.
    """

    __tablename__ = "filing"
    __table_args__ = (sa.Index("filing_holder", "holder_id", "year"), {"sqlite_strict": True, "info": _of_holder("filing")})
    id: str = Field(sa_type=Text, primary_key=True)
    holder_id: str = Field(sa_type=Text, foreign_key="holder.id")
    year: int = Field(sa_type=Int)
    start_month: int = Field(default=1, sa_type=Int)
    guide: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    version: int = Field(default=0, sa_type=Int)
    restates: str | None = Field(default=None, sa_type=Text, unique=True)
    import_id: str | None = Field(default=None, sa_type=Text)
    tag: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=Instant)
    changed_at: datetime = Field(sa_type=Instant)


class FilingVersionRow(SQLModel, table=True):
    """The lines of a filing as they stood after one change: `content` is what `sha256` is the hash of (a file, or its canonical CSV)."""

    __tablename__ = "filing_version"
    __table_args__ = {"sqlite_strict": True, "info": APPEND_ONLY | _of_holder("filing_version")}
    filing_id: str = Field(sa_type=Text, primary_key=True, foreign_key="filing.id")
    version: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    holder_id: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    sha256: bytes = Field(sa_type=Blob)
    content: bytes = Field(sa_type=Blob)
    lines: int = Field(sa_type=Int)
    actor: str = Field(sa_type=Text)
    written_at: datetime = Field(sa_type=Instant)


class CertificateUseRow(SQLModel, table=True):
    """A certificate of energy that a version of a filing names, by its series and serials as `carbon.enterprise.certificates.Named` has
    them: a plain number is a series of its own, serials 0. What counts is the version that stands of a filing that was handed in."""

    __tablename__ = "certificate_use"
    __table_args__ = (
        sa.Index("certificate_use_series", "series"),
        {"sqlite_strict": True, "info": APPEND_ONLY | _of_holder("certificate_use")},
    )
    filing_id: str = Field(sa_type=Text, primary_key=True, foreign_key="filing.id")
    version: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    series: str = Field(sa_type=Text, primary_key=True)
    first: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    last: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    holder_id: str = Field(sa_type=Text)


class FilingEventRow(SQLModel, table=True):
    """What happened to a filing, in order: `kind` is one of `carbon.enterprise.filing.state.Kind`, `content` JSON of what it says."""

    __tablename__ = "filing_event"
    __table_args__ = {"sqlite_strict": True, "info": APPEND_ONLY | _of_holder("filing_event")}
    filing_id: str = Field(sa_type=Text, primary_key=True, foreign_key="filing.id")
    no: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    holder_id: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    content: str = Field(sa_type=Text)
    actor: str = Field(sa_type=Text)
    happened_at: datetime = Field(sa_type=Instant)


class DocumentRow(SQLModel, table=True):
    """A document that a holder attached, by its hash: invoices, laboratory reports, certificates of calibration."""

    __tablename__ = "document"
    __table_args__ = {"sqlite_strict": True, "info": APPEND_ONLY | _of_holder("document")}
    holder_id: str = Field(sa_type=Text, primary_key=True, foreign_key="holder.id")
    sha256: bytes = Field(sa_type=Blob, primary_key=True)
    name: str = Field(sa_type=Text)
    media_type: str = Field(sa_type=Text)
    size: int = Field(sa_type=Int)
    content: bytes = Field(sa_type=Blob)
    actor: str = Field(sa_type=Text)
    attached_at: datetime = Field(sa_type=Instant)


class PacketRow(SQLModel, table=True):
    """A month's evidence: `manifest` is JSON of its values and the hashes of its documents; `sha256` is over the packet before and it."""

    __tablename__ = "evidence_packet"
    __table_args__ = {"sqlite_strict": True, "info": APPEND_ONLY | _of_holder("evidence_packet")}
    holder_id: str = Field(sa_type=Text, primary_key=True, foreign_key="holder.id")
    month: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    version: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    manifest: str = Field(sa_type=Text)
    before: bytes | None = Field(default=None, sa_type=Blob)
    sha256: bytes = Field(sa_type=Blob)
    actor: str = Field(sa_type=Text)
    filed_at: datetime = Field(sa_type=Instant)


class AccreditationRow(SQLModel, table=True):
    """A verifier's accreditation, from a day to a day, for industries whose GB/T 4754 codes begin so ("" for all, blanks between)."""

    __tablename__ = "accreditation"
    __table_args__ = {"sqlite_strict": True, "info": APPEND_ONLY}
    actor: str = Field(sa_type=Text, primary_key=True)
    number: str = Field(sa_type=Text, primary_key=True)
    body: str = Field(sa_type=Text)
    industries: str = Field(default="", sa_type=Text)
    valid_from: date = Field(sa_type=Day, primary_key=True)
    valid_until: date = Field(sa_type=Day)
    given_by: str = Field(sa_type=Text)
    given_at: datetime = Field(sa_type=Instant)


class ContractRow(SQLModel, table=True):
    """Power or heat by contract, or claimed by retired certificates, for a site and a span; the market-based scope 2 takes them first.

    `instrument` is JSON of a struct of `carbon.enterprise.market`; `until` is inclusive.
    """

    __tablename__ = "energy_contract"
    __table_args__ = {"sqlite_strict": True, "info": APPEND_ONLY | _of_holder("energy_contract")}
    id: str = Field(sa_type=Text, primary_key=True)
    holder_id: str = Field(sa_type=Text, foreign_key="holder.id")
    instrument: str = Field(sa_type=Text)
    valid_from: date = Field(sa_type=Day)
    valid_until: date = Field(sa_type=Day)
    actor: str = Field(sa_type=Text)
    said_at: datetime = Field(sa_type=Instant)


class GenerationRow(SQLModel, table=True):
    """Power generated at a plant in a month, in kWh, and which mechanism a part of it feeds: each kWh feeds one."""

    __tablename__ = "generation_claim"
    __table_args__ = {"sqlite_strict": True, "info": APPEND_ONLY | _of_holder("generation_claim")}
    plant: str = Field(sa_type=Text, primary_key=True)
    month: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    no: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    holder_id: str = Field(sa_type=Text, foreign_key="holder.id")
    mechanism: str = Field(sa_type=Text)
    kwh: int = Field(sa_type=Int)
    entry_id: int | None = Field(default=None, sa_type=Int)
    actor: str = Field(sa_type=Text)
    said_at: datetime = Field(sa_type=Instant)


class ComplianceRow(SQLModel, table=True):
    """A firm's yearly statement to a programme, by version: `content` is JSON of `carbon.enterprise.obligation.statement.Statement`."""

    __tablename__ = "compliance_statement"
    __table_args__ = {"sqlite_strict": True, "info": APPEND_ONLY | _of_holder("compliance_statement")}
    holder_id: str = Field(sa_type=Text, primary_key=True, foreign_key="holder.id")
    programme: str = Field(sa_type=Text, primary_key=True)
    year: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    version: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    content: str = Field(sa_type=Text)
    actor: str = Field(sa_type=Text)
    stated_at: datetime = Field(sa_type=Instant)


class EfficiencyRow(SQLModel, table=True):
    """A tag of carbon efficiency, an appeal against one or its decision, in order: `content` is JSON of `carbon.enterprise.efficiency`."""

    __tablename__ = "efficiency_tag"
    __table_args__ = {"sqlite_strict": True, "info": APPEND_ONLY | _of_holder("efficiency_tag")}
    holder_id: str = Field(sa_type=Text, primary_key=True, foreign_key="holder.id")
    year: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    no: int = Field(sa_type=Int, primary_key=True, sa_column_kwargs={"autoincrement": False})
    kind: str = Field(sa_type=Text)
    rule: str = Field(sa_type=Text)
    content: str = Field(sa_type=Text)
    actor: str = Field(sa_type=Text)
    said_at: datetime = Field(sa_type=Instant)
