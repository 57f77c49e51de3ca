"""A closed month as files that anybody may check without the book.

    entries.parquet    the month's entries in the order of the log, up to the size at which it was closed: columns, payload, leaf hash
    postings.parquet   their legs in the same order, a row a leg
    turnover.parquet   what the month held, account by account: these rows are what the closing hashed (`ledger.period.seal_of`)
    seal.json          the closing, size and root of the log there, and every file with its rows, its bytes and their SHA-256
    seal.sig           with seal.json before it, a C2SP signed note under the book's key

All of it follows from the payloads that were hashed, so that the check makes it again from them and compares.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from typing import Literal

import msgspec
import polars as pl
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.book import ORIGIN
from ledger.checkpoint import read_text, sign_text, verifier_key
from ledger.errors import BadProof, MalformedEntry
from ledger.manifest import Key, Signed, sha256_of
from ledger.payload import Payload, read_payload
from ledger.period import seal_of
from ledger.proof import leaf_hash
from ledger.retrace import Violation
from ledger.types import moment, period_of

SEAL, SIGNATURE = "seal.json", "seal.sig"
SEAL_BYTES_MAX = 2**20
PAGE = 5_000  # rows that are read at a time
ENTRIES, POSTINGS, TURNOVER = "entries.parquet", "postings.parquet", "turnover.parquet"
FILES = {
    ENTRIES: pl.Schema(
        [
            ("id", pl.Int64()),  # place in the log
            ("posted_at", pl.Datetime("us", "UTC")),
            ("day", pl.Date()),
            ("book", pl.String()),
            ("kind", pl.String()),
            ("reference", pl.String()),
            ("key", pl.String()),  # 32 hexadecimal digits, unique over all time
            ("evidence", pl.String()),  # SHA-256, hexadecimal
            ("payload", pl.Binary()),  # what was hashed (`ledger.payload`)
            ("leaf_hash", pl.String()),  # of the payload as a leaf of the log's tree (RFC 9162), hexadecimal
        ]
    ),
    POSTINGS: pl.Schema(
        [
            ("entry_id", pl.Int64()),
            ("leg", pl.Int64()),  # 0, 1, 2 … within the entry
            ("account", pl.String()),
            ("book", pl.String()),
            ("commodity", pl.String()),
            ("unit", pl.String()),
            ("amount", pl.Int64()),  # debits positive, in `unit`
        ]
    ),
    TURNOVER: pl.Schema({"account": pl.String, "commodity": pl.String, "amount": pl.Int64, "count": pl.Int64}),
}
"""The tables and their columns."""

Row = tuple[object, ...]


class SealedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a sealed month: its rows, its bytes, their SHA-256 in hex."""

    name: str
    rows: int
    size: int
    sha256: str


class Seal(Signed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is signed: entry `closing` of `book` closed month `period` (yyyymm) over a log of `size` entries with `root`, and hashed what
    the month held to `sealed` (both hex). `key` is the signer's vkey."""

    format: Literal["tanzhang-sealed-month@v1"] = "tanzhang-sealed-month@v1"
    book: str
    key: str
    period: int
    closing: int
    closed_at: datetime
    size: int
    root: str
    sealed: str
    files: tuple[SealedFile, ...]


def entry_row(said: Payload, payload: bytes) -> Row:
    """The row of an entry."""
    evidence = None if said.evidence is None else said.evidence.hex()
    at = moment(said.posted_at_us)
    return said.id, at, said.day, said.book, said.kind, said.reference, said.key.hex(), evidence, payload, leaf_hash(payload).hex()


def leg_rows(said: Payload) -> list[Row]:
    """The rows of its legs."""
    return [(said.id, no, leg.account, said.book, leg.commodity, leg.unit, leg.amount) for no, leg in enumerate(said.legs)]


class Turnover:
    """What entries add up to, account by account."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], tuple[int, int]] = {}

    def add(self, said: Payload) -> None:
        """Count an entry in."""
        for leg in said.legs:
            amount, count = self._sums.get((leg.account, leg.commodity), (0, 0))
            self._sums[leg.account, leg.commodity] = amount + leg.amount, count + 1

    def rows(self) -> list[Row]:
        """In the order of names, as `ledger.period.turnover` has them."""
        return [(*name, *sums) for name, sums in sorted(self._sums.items())]


def turnover_hash(rows: list[Row]) -> bytes:
    """What a closing hashes."""
    return seal_of(pl.DataFrame(rows, schema=FILES[TURNOVER], orient="row"))


def sign_seal(folder: Path, seal: Seal, key: Ed25519PrivateKey) -> None:
    """The seal and its signature, two files."""
    text = seal.text()
    note = sign_text(text, name=f"{ORIGIN}{seal.book}", key=key)
    (folder / SEAL).write_text(text, encoding="utf-8", newline="\n")
    (folder / SIGNATURE).write_text(note.removeprefix(f"{text}\n"), encoding="utf-8", newline="\n")


def unproved_seal(folder: Path) -> Seal:
    """What a sealed month says by its own word; BadProof where that is no seal, OSError where it cannot be read."""
    try:
        return msgspec.json.decode(_read(folder / SEAL), type=Seal)
    except msgspec.DecodeError as error:
        raise BadProof(f"{error}; this program reads seals of the form tanzhang-sealed-month@v1") from error


def read_seal(folder: Path, key: Key) -> Seal:
    """What a sealed month says it is; BadProof where that key did not sign exactly these bytes, OSError where they cannot be read."""
    name, _ = read_text(f"{_read(folder / SEAL)}\n{_read(folder / SIGNATURE)}", key.public)
    seal = unproved_seal(folder)
    if name != f"{ORIGIN}{seal.book}" or seal.key != verifier_key(name, key.public) or key.name not in {None, name}:
        raise BadProof(f"it is of book {seal.book}, its signature of {name}, the key of {key.name or name}")
    if sorted(file.name for file in seal.files) != sorted(FILES):
        raise BadProof(f"it names {', '.join(file.name for file in seal.files)}, and not the tables of a month")
    return seal


def _read(file: Path) -> str:
    with file.open("rb") as data:
        return data.read(SEAL_BYTES_MAX).decode(errors="replace")


def check_sealed(folder: Path, key: Key) -> list[Violation]:
    """The faults of a sealed month that is held to the book's key; none where it is the month that was closed. Needs no database.

    First signature and files, byte by byte; only where those are as they were signed, what they say: each leaf is made again from its
    payload, columns and postings are those of the payloads, and their turnover is the one that the closing hashed.
    """
    try:
        seal = read_seal(folder, key)
    except OSError as error:
        return [Violation("files", Path(error.filename).name, f"it cannot be read: {error.strerror}; is {folder} a sealed month?")]
    except BadProof as error:
        return [Violation("signature", f"{SEAL} and {SIGNATURE}", f"{error}; they were held to the key of {key.found}")]
    if found := list(_as_signed(folder, seal)):
        return found
    try:
        return list(_tables_hold(folder, seal))
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:  # of Arrow, too
        return [Violation("form", str(folder), f"a table cannot be read, though it is as it was signed: {error}")]


def _as_signed(folder: Path, seal: Seal) -> Iterator[Violation]:
    """Every file is there and as it was signed, and there is no other."""
    signed = {file.name: file for file in seal.files}
    there = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()}
    for name in sorted({*there, *signed} - {SEAL, SIGNATURE}):
        path, file = there.get(name), signed.get(name)
        if path is None:
            yield Violation("files", name, "it is missing")
        elif file is None:
            yield Violation("files", name, "the seal does not name it")
        elif path.is_symlink() or not path.is_file():
            yield Violation("files", name, "it is no plain file")
        elif (size := path.stat().st_size) != file.size:
            yield Violation("files", name, f"it has {size:,} bytes, {file.size:,} were signed")
        elif (made := sha256_of(path)) != file.sha256:
            yield Violation("files", name, f"it was changed: its SHA-256 is {made[:16]}…, {file.sha256[:16]}… was signed")


def rows_of(file: Path) -> Iterator[Row]:
    """The rows of a table of a sealed month, page by page; ValueError where its columns are not those of its kind."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as data:
        for batch in data.iter_batches(batch_size=PAGE):
            frame = pl.DataFrame(pa.Table.from_batches([batch]))
            if frame.schema != FILES[file.name]:
                raise ValueError(f"{file.name} has other columns than {', '.join(FILES[file.name])}")
            yield from frame.iter_rows()


def _tables_hold(folder: Path, seal: Seal) -> Iterator[Violation]:
    """The first fault of the tables: entries and postings are the payloads', the turnover is theirs and the closing's."""
    turnover, counts = Turnover(), dict.fromkeys(FILES, 0)
    for fault in _payloads_hold(folder, seal, turnover, counts):
        yield fault
        return
    stands = list(rows_of(folder / TURNOVER))
    counts[TURNOVER] = len(stands)
    for row, made in zip_longest(stands, turnover.rows()):
        if row != made:
            account, commodity, *_ = row or made
            yield Violation("turnover", f"{TURNOVER}, {account} {commodity}", f"it says {row}, the postings add up to {made}")
            return
    if (found := turnover_hash(stands).hex()) != seal.sealed:
        yield Violation("turnover", TURNOVER, f"its hash is {found[:16]}…, the closing's {seal.sealed[:16]}…")
    for file in seal.files:
        if file.rows != counts[file.name]:
            yield Violation("files", file.name, f"it has {counts[file.name]:,} rows, {file.rows:,} were signed")


def _payloads_hold(folder: Path, seal: Seal, turnover: Turnover, counts: dict[str, int]) -> Iterator[Violation]:
    """Each entry is what its payload says, in its place in the month and the log, and the postings are the legs of the payloads."""
    postings, last, at = rows_of(folder / POSTINGS), -1, FILES[ENTRIES].names().index("payload")
    for row in rows_of(folder / ENTRIES):
        where, payload = f"{ENTRIES}, entry {row[0]}", row[at]
        assert isinstance(payload, bytes)
        try:
            said = read_payload(payload)
        except MalformedEntry as error:
            yield Violation("payload", where, str(error))
            return
        made = entry_row(said, payload)
        if row != made:
            column = next(name for name, stands, says in zip(FILES[ENTRIES], row, made, strict=True) if stands != says)
            yield Violation("leaf" if column == "leaf_hash" else "entry", where, f"its {column} is not the one that its payload gives")
        if not last < said.id < seal.size or period_of(said.day) != seal.period:
            yield Violation("entry", where, f"of {said.day}, it has no place here in month {seal.period} of a log of {seal.size:,} entries")
        for leg in leg_rows(said):
            if (stands := next(postings, None)) != leg:
                yield Violation("postings", f"{POSTINGS}, entry {said.id}, leg {leg[1]}", f"it says {stands}, the payload {leg}")
                return
            counts[POSTINGS] += 1
        turnover.add(said)
        counts[ENTRIES] += 1
        last = said.id
    for extra in postings:
        yield Violation("postings", f"{POSTINGS}, entry {extra[0]}, leg {extra[1]}", "no payload has such a leg")
