"""Book a file that somebody sent, and tell those who wish to hear of it: all of it in one transaction, with the end of its job."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec

from api.work.outbox import publish
from carbon.record import RecordReceipt, record
from carbon.region.divisions import divisions
from factors.library import load_library
from ledger.book import Book
from ledger.principal import Principal

FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """What was sent: for whom, under which name, and how it is to be booked."""

    holder: str
    name: str
    replace: str | None = None
    allow_duplicates: bool = False

    def content(self) -> dict[str, Any]:
        """As the job keeps it."""
        return asdict(self)


def book_file(book: Book, filing: Filing, data: bytes, *, principal: Principal, now: datetime, today: date) -> RecordReceipt:
    """Book the file and write the messages about it; raises what `carbon.record.record` raises. `book` is a `Together`, or the message
    about a file may be lost where this machine dies at the wrong moment."""
    receipt = record(
        book, Path(filing.name), holder=filing.holder, principal=principal, now=now, today=today, library=load_library(book.home),
        tree=divisions(), replace=filing.replace, allow_duplicates=filing.allow_duplicates, data=data,
    )  # fmt: skip
    if not receipt.repeated:
        with book.writing() as session:
            publish(session, "file.booked", told(receipt), holder=filing.holder, now=now)
    return receipt


def told(receipt: RecordReceipt) -> dict[str, Any]:
    """The receipt as it is sent."""
    built: dict[str, Any] = msgspec.to_builtins(receipt)
    return built
