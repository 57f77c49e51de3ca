"""Seal a closed month: its rows stay in the book, and a copy that nobody can change unseen lies beside it (`ledger.sealed_file`).

The first closing of a month lies in `2023-06`, the closing of a restatement in `2023-06.<entry>`, beside it. All is made from the payloads
that were hashed, page by page, and one closing always gives the same bytes (of one version of Arrow, which writes its name into them).
`verify` holds what lies in the home to the book.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC
from itertools import zip_longest
from pathlib import Path

import msgspec
import polars as pl
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import Session

from ledger.backup import sync, sync_folder
from ledger.book import ORIGIN, Book
from ledger.checkpoint import public_key, read_log, read_verifier_key, verifier_key
from ledger.errors import BadProof, LedgerError, PeriodMisruled
from ledger.manifest import Key, PlaceTaken, sha256_of
from ledger.payload import read_payload
from ledger.period import MonthRuling, rulings
from ledger.retrace import Violation
from ledger.rules import within
from ledger.sealed_file import (
    ENTRIES,
    FILES,
    POSTINGS,
    TURNOVER,
    Row,
    Seal,
    SealedFile,
    Turnover,
    check_sealed,
    entry_row,
    leg_rows,
    read_seal,
    rows_of,
    sign_seal,
    turnover_hash,
    unproved_seal,
)
from ledger.tables import EntryRow
from ledger.tile import Tree
from ledger.types import table_of

SEALED = "sealed"
"""The folder of a home in which its sealed months lie."""
PAGE = 5_000  # entries that are read and written at a time


class SealFailed(LedgerError):
    """A month could not be sealed, since the disk refused; its closing stands."""

    code = "month.seal-failed"


@dataclass(frozen=True, slots=True)
class SealedMonth:
    """A sealed month and where it lies; `repeated` where it lay there before."""

    folder: Path
    seal: Seal
    repeated: bool = False


def closings(ruled: Iterable[MonthRuling]) -> list[MonthRuling]:
    """Of the rulings on one month, those that left it closed for every account, in the order of the log."""
    open_, found = [""], []
    for one in ruled:
        open_ = [scope for scope in open_ if not within(scope, one.scope)] if one.closed else [*open_, one.scope]
        if not open_:
            found.append(one)
    return found


def folder_names(ruled: Iterable[MonthRuling]) -> dict[int, str]:
    """What the folder of each closing of one month is called, by the entry that closed it."""
    whole = closings(ruled)
    months = [f"{one.period // 100:04d}-{one.period % 100:02d}" for one in whole]
    return {one.entry_id: f"{month}.{one.entry_id}" if no else month for no, (one, month) in enumerate(zip(whole, months, strict=True))}


def write_sealed(session: Session, period: int, folder: Path, *, key: Ed25519PrivateKey, closing: int | None = None) -> SealedMonth:
    """Seal a month (yyyymm) into a folder of its own below `folder`, as its last closing left it, or as entry `closing` did.

    Where it lies there already as this closing, signed and whole, nothing is written. Raises PeriodMisruled where the month is not closed
    for every account, PlaceTaken where something else lies there, BadProof where the book no longer holds what was closed, and SealFailed;
    then nothing is left under that name.
    """
    rule, name = _closing(session, period, closing)
    connection = session.connection()
    book = connection.exec_driver_sql("SELECT id FROM book_info").scalar_one()
    assert rule.sealed is not None, "a closing has a hash"
    seal = Seal(
        book=book, key=verifier_key(f"{ORIGIN}{book}", key.public_key()), period=period, closing=rule.entry_id,
        closed_at=rule.posted_at.astimezone(UTC), size=rule.size, root=Tree(connection, rule.size).root().hex(), sealed=rule.sealed.hex(),
        files=(),
    )  # fmt: skip
    place = folder / name
    if place.exists():
        return _standing(place, seal, Key(key.public_key(), "this book"))
    with _failing(place):
        folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=folder))  # beside it, so that a rename puts it in place
        try:
            counted = _write_month(session, rule, draft)
            files = [SealedFile(file, rows, (draft / file).stat().st_size, sha256_of(draft / file)) for file, rows in counted.items()]
            seal = msgspec.structs.replace(seal, files=tuple(files))
            sign_seal(draft, seal, key)
            sync(draft)
            try:
                draft.rename(place)
            except OSError:
                if place.exists():  # another process was quicker
                    return _standing(place, seal, Key(key.public_key(), "this book"))
                raise
            sync_folder(folder)
            sync_folder(folder.parent)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return SealedMonth(place, seal)


def _closing(session: Session, period: int, entry: int | None) -> tuple[MonthRuling, str]:
    """The closing that is to be sealed, and what its folder is called; PeriodMisruled where there is none."""
    ruled = rulings(session, period)
    names = folder_names(ruled)
    last = ruled[-1] if ruled else None
    if entry is None and last is not None:
        entry = last.entry_id
    if entry in names:
        return next(one for one in ruled if one.entry_id == entry), names[entry]
    if last is None:
        reason = "nobody closed it"
    elif entry != last.entry_id:
        reason = f"entry {entry} did not close it for every account"
    else:
        reason = f"entry {entry} {'closed' if last.closed else 'reopened'} it" + (f" within {last.scope}" if last.scope else "")
    raise PeriodMisruled(period=period, reason=f"{reason}; a month is sealed once it is closed for every account")


@contextmanager
def _failing(place: Path) -> Iterator[None]:
    """What the disk refuses, as one sentence."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise SealFailed(f"no month was sealed, nothing is left at {place}: {reason}; is there room on its disk?") from error


def _standing(place: Path, seal: Seal, key: Key) -> SealedMonth:
    """The sealed month that lies there, where it is this one and whole; PlaceTaken where it is not."""
    for fault in check_sealed(place, key):
        raise PlaceTaken(f"{place} is there already and does not hold ({fault}): nothing is written over it, move it away")
    stands = read_seal(place, key)
    if msgspec.structs.replace(stands, files=()) != msgspec.structs.replace(seal, files=()):
        raise PlaceTaken(f"{place} is there already, with the seal of entry {stands.closing} of book {stands.book}: name another folder")
    return SealedMonth(place, stands, repeated=True)


def payloads_of(session: Session, period: int, size: int) -> Iterator[bytes]:
    """The payloads of a month's entries among the first `size` of the log, in its order, page by page: the log is gone through once."""
    e = table_of(EntryRow).c
    month = sa.select(e.id, e.payload).where(e.id < size, e.period == period).order_by(e.id).limit(PAGE)
    page = session.execute(month).all()
    while page:
        yield from (bytes(payload) for _, payload in page)
        page = session.execute(month.where(e.id > page[-1][0])).all()


def _write_month(session: Session, rule: MonthRuling, draft: Path) -> dict[str, int]:
    """Write the three tables; gives the rows of each. BadProof where they are not what the closing hashed."""
    turnover, counts = Turnover(), dict.fromkeys(FILES, 0)
    rows: dict[str, list[Row]] = {name: [] for name in FILES}
    with ExitStack() as stack:
        write = {name: stack.enter_context(_writing(draft / name)) for name in FILES}

        def flush() -> None:
            for name in FILES:
                if rows[name]:
                    write[name](rows[name])
                counts[name] += len(rows[name])
                rows[name].clear()

        for payload in payloads_of(session, rule.period, rule.size):
            said = read_payload(payload)
            turnover.add(said)
            rows[ENTRIES].append(entry_row(said, payload))
            rows[POSTINGS] += leg_rows(said)
            if len(rows[ENTRIES]) == PAGE:
                flush()
        rows[TURNOVER] += turnover.rows()
        if turnover_hash(rows[TURNOVER]) != rule.sealed:
            month = f"{rule.period // 100}-{rule.period % 100:02d}"
            raise BadProof(f"{month} no longer holds what entry {rule.entry_id} closed: run tanzhang verify, which names what was changed")
        flush()
    return counts


@contextmanager
def _writing(file: Path) -> Iterator[Callable[[list[Row]], None]]:
    """A writer of rows into a table, a row group a call."""
    import pyarrow.parquet as pq

    schema = FILES[file.name]
    arrow = schema.to_frame().to_arrow().schema
    with file.open("wb") as sink, pq.ParquetWriter(sink, arrow, compression="zstd") as writer:
        yield lambda rows: writer.write_table(pl.DataFrame(rows, schema=schema, orient="row").to_arrow().cast(arrow))


def sealed_months_hold(book: Book, session: Session) -> Iterator[Violation]:
    """The first fault of each sealed month in the home: it is whole, signed by the book, and says what the book says."""
    for place in sorted((book.home / SEALED).glob("[!.]*")):
        for fault in _months_faults(book, session, place):
            yield Violation("sealed", f"{SEALED}/{place.name}", fault)
            break


def _months_faults(book: Book, session: Session, place: Path) -> Iterator[str]:
    try:
        seal = unproved_seal(place)
        key = _signer(book, seal.key)
    except (OSError, BadProof) as error:
        yield f"it has no seal that can be read: {error}"
        return
    if key is None:
        yield f"{seal.key} signed it, which is no key of this book"
        return
    for fault in check_sealed(place, key):
        yield str(fault)
        return
    ruled = rulings(session, seal.period)
    stands = next((one for one in ruled if one.entry_id == seal.closing), None)
    if stands is None or stands.sealed is None or (stands.size, stands.sealed.hex()) != (seal.size, seal.sealed):
        yield f"entry {seal.closing} did not close month {seal.period} over {seal.size} entries with the hash {seal.sealed[:16]}…"
        return
    if folder_names(ruled).get(seal.closing) != place.name:
        yield f"the closing by entry {seal.closing} is called {folder_names(ruled).get(seal.closing)}"
    try:
        root = Tree(session.connection(), seal.size).root().hex()
    except BadProof as error:
        root = str(error)
    if root != seal.root:
        yield f"the root over {seal.size} entries is {seal.root[:16]}… in the seal, in the book {root[:16]}…"
    at = FILES[ENTRIES].names().index("payload")
    for row, payload in zip_longest(rows_of(place / ENTRIES), payloads_of(session, seal.period, seal.size)):
        if row is None or row[at] != payload:
            yield f"entry {row[0]} is not the one of the book" if row else "an entry of the book is missing from it"


def _signer(book: Book, vkey: str) -> Key | None:
    """The key that a seal names where it is the book's: the home's, or a former one, whose checkpoints lie set aside (`restore`)."""
    name, public = read_verifier_key(vkey)
    own = public_key(book.home / "secrets")
    if own is not None and verifier_key(book.origin, own) == vkey:
        return Key(public, "the home", name=name)
    for log in (book.home / "checkpoints").glob(f"{book.id}.until-*.log"):
        with suppress(BadProof):
            if any(one.origin == name for one in read_log(log, public)):
                return Key(public, str(log), name=name)
    return None
