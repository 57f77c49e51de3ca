"""Many firms' files at once: read and calculated by processes beside one another, booked in turn, each whole or not at all.

A file that is faulty, or that the ledger refuses, is told and holds nobody else up. Several go into one transaction and one batch of
entries, so that a commit and the work for a batch are paid for by many.
"""

import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate, islice
from pathlib import Path

import polars as pl
from sqlmodel import Session

from carbon.errors import CarbonError
from carbon.holder import Site
from carbon.record import Admitted, Prepared, RecordReceipt, admit, book_prepared, keep, read_file
from carbon.region.divisions import divisions
from factors.library import load_library
from ledger.book import Book, open_book
from ledger.entry import EntryBatch
from ledger.errors import LedgerError
from ledger.journal import post
from ledger.principal import Principal

TOGETHER = 32
"""As many files are booked in one transaction."""
AHEAD = 4
"""As many files a worker are read before they are booked: more would only fill memory."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A file of a holder."""

    holder: str
    path: Path


_Read = tuple[Prepared, list[Site]] | RecordReceipt | CarbonError | LedgerError


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file: its receipt, or why nothing of it was booked."""

    sent: Sent
    receipt: RecordReceipt | None
    refused: CarbonError | LedgerError | None


def record_many(
    book: Book, sent: Iterable[Sent], *, principal: Principal, now: datetime, today: date, workers: int = 2
) -> Iterator[Outcome]:  # fmt: skip
    """Book the files, and tell of each as it is done, in their order. The factors are those of the book's home (`load_library`)."""
    context = multiprocessing.get_context("spawn")  # a forked worker would inherit the locks of polars' threads
    given = (book.url, book.home, principal, today)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=given) as pool:
        for some in _grouped(_read_ahead(pool, iter(sent), workers * AHEAD + TOGETHER)):
            yield from _book(book, some, principal, now)


def _grouped(read: Iterator[tuple[Sent, _Read]]) -> Iterator[list[tuple[Sent, _Read]]]:
    """Files to be booked together: of each holder one, since a second must see what the first filed."""
    some: list[tuple[Sent, _Read]] = []
    for one in read:
        if len(some) == TOGETHER or any(other.holder == one[0].holder for other, _ in some):
            yield some
            some = []
        some.append(one)
    if some:
        yield some


def _read_ahead(pool: ProcessPoolExecutor, sent: Iterator[Sent], ahead: int) -> Iterator[tuple[Sent, _Read]]:
    waiting: list[tuple[Sent, Future[_Read]]] = [(one, pool.submit(_read, one)) for one in islice(sent, ahead)]
    while waiting:
        one, future = waiting.pop(0)
        read = future.result()
        waiting += [(more, pool.submit(_read, more)) for more in islice(sent, 1)]
        yield one, read


def _book(book: Book, some: list[tuple[Sent, _Read]], principal: Principal, now: datetime) -> list[Outcome]:
    """Book what was read, all in one transaction: what may not be booked is told, the others' entries are posted as one batch.

    Where the ledger refuses that batch, each file is posted by itself, so that only the one it refuses is held back.
    """
    with book.writing() as session:
        try:
            with session.begin_nested():
                return _together(session, some, principal, now)
        except LedgerError:
            return [_alone(session, one, read, principal, now) for one, read in some]


def _together(session: Session, some: list[tuple[Sent, _Read]], principal: Principal, now: datetime) -> list[Outcome]:
    done: dict[int, Outcome] = {}
    admitted: dict[int, Admitted] = {}
    for place, (one, read) in enumerate(some):
        stands = _admitted(session, read, principal, now)
        if isinstance(stands, Admitted):
            admitted[place] = stands
        else:
            done[place] = _outcome(one, stands)
    batches = [stands.made.booking.batch for stands in admitted.values()]
    ids = iter(post(session, joined(batches), principal, now=now).ids if batches else ())
    for place, stands in admitted.items():
        own = tuple(at for at in islice(ids, len(stands.made.booking.batch)) if at is not None)
        done[place] = Outcome(some[place][0], keep(session, stands, own, principal, now=now), None)
    return [done[place] for place in sorted(done)]


def _admitted(session: Session, read: _Read, principal: Principal, now: datetime) -> Admitted | RecordReceipt | CarbonError | LedgerError:
    if not isinstance(read, tuple):
        return read
    try:
        with session.begin_nested():
            return admit(session, read[0], principal, sites_read=read[1], now=now)
    except (CarbonError, LedgerError) as error:
        return error


def _alone(session: Session, one: Sent, read: _Read, principal: Principal, now: datetime) -> Outcome:
    if not isinstance(read, tuple):
        return _outcome(one, read)
    try:
        with session.begin_nested():
            return Outcome(one, book_prepared(session, read[0], principal, sites_read=read[1], now=now), None)
    except (CarbonError, LedgerError) as error:
        return Outcome(one, None, error)


def _outcome(one: Sent, told: RecordReceipt | CarbonError | LedgerError) -> Outcome:
    return Outcome(one, told, None) if isinstance(told, RecordReceipt) else Outcome(one, None, told)


def joined(batches: Sequence[EntryBatch]) -> EntryBatch:
    """Batches as one: entries in their order, cells added up. Each was checked when it was made."""
    starts = list(accumulate((len(batch) for batch in batches), initial=0))
    entries = pl.concat([batch.entries.with_columns(pl.col("no") + start) for batch, start in zip(batches, starts, strict=False)])
    postings = pl.concat([batch.postings.with_columns(pl.col("no") + start) for batch, start in zip(batches, starts, strict=False)])
    cells = pl.concat([batch.cells for batch in batches]).group_by("cell", "period", "commodity", maintain_order=True)
    summed = cells.agg(pl.col("amount", "count").sum()).select(batches[0].cells.columns)
    return EntryBatch(entries, postings, summed, {unit: of for batch in batches for unit, of in batch.units.items()})


_given: tuple[Book, Principal, date] | None = None


def _begin(url: str, home: Path, principal: Principal, today: date) -> None:
    """What a worker keeps: the book, to read of, and who acts."""
    global _given
    _given = (open_book(url, home=home), principal, today)


def _read(one: Sent) -> _Read:
    assert _given is not None
    book, principal, today = _given
    try:
        return read_file(
            book, one.path, holder=one.holder, principal=principal, today=today, library=load_library(book.home), tree=divisions()
        )
    except (CarbonError, LedgerError) as error:
        return error
