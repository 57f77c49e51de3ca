"""The entries of a book for other tools: beancount, hledger, Parquet. Streamed, page by page, out of the payloads that were hashed.

The text formats end by asserting the balances that the book keeps, so that the tools themselves say whether they agree.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, BinaryIO

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from ledger.balances import log_size
from ledger.beancount import BeancountText
from ledger.hledger import HledgerText
from ledger.payload import Payload, read_payload
from ledger.standing import standings
from ledger.tables import EntryRow
from ledger.types import moment, table_of

PAGE = 20_000
LEGS = pl.Schema(
    [
        ("entry", pl.Int64()),  # place in the log
        ("leg", pl.Int64()),  # 0, 1, 2 … within the entry; null where it has no legs and rules something
        ("day", pl.Date()),
        ("posted_at", pl.Datetime("us", "UTC")),
        ("book", pl.String()),
        ("kind", pl.String()),
        ("actor", pl.String()),
        ("key", pl.String()),  # 32 hexadecimal digits, unique over all time
        ("reference", pl.String()),
        ("evidence", pl.String()),  # SHA-256, hexadecimal
        ("detail", pl.String()),  # rules, holds, lots, as canonical JSON
        ("reverses", pl.Int64()),  # place of the entry that this one takes back
        ("account", pl.String()),
        ("commodity", pl.String()),
        ("unit", pl.String()),
        ("amount", pl.Int64()),  # debits positive, in `unit`
    ]
)
"""The columns of a Parquet export, a row a leg, in the order of the log. `tanzhang post` reads it."""


class Format(StrEnum):
    """What an export is written as."""

    BEANCOUNT = "beancount"
    HLEDGER = "hledger"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Exported:
    """How much was written."""

    entries: int
    legs: int


@dataclass(frozen=True, slots=True)
class Span:
    """Which entries: of one book or all, of days from `since` to `until`, both inclusive."""

    book: str | None = None
    since: date | None = None
    until: date | None = None


def export(session: Session, sink: BinaryIO, form: Format, span: Span = Span(), *, title: str = "tanzhang") -> Exported:
    """Write the entries of `span` to `sink`, which need not seek. What the text formats assert is the turnover of the span."""
    if form is Format.PARQUET:
        return _parquet(session, sink, span)
    standing = standings(session, book=span.book, since=span.since, until=span.until)
    text = BeancountText(standing) if form is Format.BEANCOUNT else HledgerText(standing)
    entries = legs = 0
    last = date.min
    sink.write("".join(text.head(title)).encode())
    for page in pages(session, span):
        sink.write("".join(text.entries(page)).encode())
        entries += len(page)
        legs += sum(len(said.legs) for said in page)
        last = max(last, *(said.day for said in page))
    sink.write("".join(text.tail(last)).encode())
    return Exported(entries, legs)


def pages(session: Session, span: Span) -> Iterator[list[Payload]]:
    """The entries of the span in the order of the log, at most `PAGE` at once; a page is never empty."""
    e = table_of(EntryRow).c
    wanted: list[sa.ColumnElement[bool]] = []
    if span.book is not None:
        wanted.append(e.book == span.book)
    if span.since is not None:
        wanted.append(e.day >= span.since)
    if span.until is not None:
        wanted.append(e.day <= span.until)
    for start in range(0, log_size(session), PAGE):
        # ranges of places: each page costs the same, however far the log goes on
        query = sa.select(e.payload).where(e.id >= start, e.id < start + PAGE, *wanted).order_by(e.id)
        page = [read_payload(bytes(payload)) for payload in session.execute(query).scalars()]
        if page:
            yield page


def legs_of(page: list[Payload]) -> pl.DataFrame:
    """The rows of a page, schema `LEGS`."""
    rows: list[tuple[object, ...]] = []
    for said in page:
        evidence = None if said.evidence is None else said.evidence.hex()
        before = (said.day, moment(said.posted_at_us), said.book, said.kind, said.actor, said.key.hex())
        more = (said.reference, evidence, said.detail, said.reverses)
        if not said.legs:
            rows.append((said.id, None, *before, *more, None, None, None, None))
        rows += [
            (said.id, number, *before, *more, leg.account, leg.commodity, leg.unit, leg.amount) for number, leg in enumerate(said.legs)
        ]
    return pl.DataFrame(rows, schema=LEGS, orient="row")


def _parquet(session: Session, sink: BinaryIO, span: Span) -> Exported:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = LEGS.to_frame().to_arrow().schema
    entries = legs = 0
    out: Any = pa.PythonFile(_Counted(sink), mode="w")
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for page in pages(session, span):
            writer.write_table(legs_of(page).to_arrow().cast(schema))
            entries += len(page)
            legs += sum(len(said.legs) for said in page)
    return Exported(entries, legs)


class _Counted:
    """A sink that knows how far it is, for one that cannot say so itself (a pipe)."""

    closed = False

    def __init__(self, sink: BinaryIO) -> None:
        self.sink, self.at = sink, 0

    def write(self, data: bytes) -> int:
        self.sink.write(data)
        self.at += len(data)
        return len(data)

    def tell(self) -> int:
        return self.at

    def flush(self) -> None:
        self.sink.flush()

    def close(self) -> None:
        """The sink is its opener's to close."""
