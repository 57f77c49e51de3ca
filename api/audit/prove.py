"""That a single record is in the signed record of access: a file that anybody checks offline, without the book or any other record.

The file is a C2SP tlog-proof, as that of an entry is (`ledger.proof_file`), with the record's payload and a checkpoint of `<book>/access`.
What was taken out after its time is proved from its archive as long as that lies in the home; what stands, from the peaks of the last cut.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session

from api.audit.expire import column
from api.audit.record import Record, read_record
from api.audit.sign import ORIGIN, log_file, origin_of
from api.audit.tables import AccessCutRow, AccessRow
from ledger.book import Book
from ledger.checkpoint import Checkpoint, newest_note, public_key, read_note, read_verifier_key, verifier_key
from ledger.errors import BadProof
from ledger.proof import append, check_inclusion, inclusion_ranges, leaf_hash, peaks_of, root_of
from ledger.proof_file import EntryProof, included, opened
from ledger.types import table_of


@dataclass(frozen=True, slots=True)
class Shown:
    """A record that a proof shows at place `number` of the signed record; `trusted` as in `ledger.proof_file.Proved`."""

    number: int
    record: Record
    checkpoint: Checkpoint
    key: str
    trusted: bool


def prove_record(book: Book, number: int) -> EntryProof:
    """That a record is in what was signed last. It holds: it was checked before it is given.

    Reads every leaf since the last cut before it. Raises BadProof where nothing signed covers the record, its archive is gone, or the
    record is not the one that was signed.
    """
    note, public = newest_note(log_file(book)), public_key(book.home / "secrets")
    if note is None or public is None:
        raise BadProof("no checkpoint of the record of access lies outside the database: run tanzhang access verify")
    signed = read_note(note, public)
    if not 0 <= number < signed.size:
        raise BadProof(f"the checkpoint signed last covers records 0 to {signed.size - 1}, {number} is none of them")
    with book.reading() as session:
        tree = _Standing(book, session, number)
        payload = tree.payload(number)
        path = [tree.root(first, stop) for first, stop in inclusion_ranges(number, signed.size)]
    if not check_inclusion(leaf_hash(payload), index=number, size=signed.size, path=path, root_hash=signed.root):
        raise BadProof("the record is no longer the one that was signed: run tanzhang access verify, which names what was changed")
    return EntryProof(number, payload, tuple(path), note, verifier_key(origin_of(book), public))


def check_record(data: bytes, *, key: str | None = None) -> Shown:
    """What the proof in a file shows, under the keeper's `key` (the vkey of the book, or of its record) or the one that it brings along.

    Needs no database. Raises BadProof with the name of the check that failed: form, key, signature, path or payload.
    """
    proof, checkpoint = opened(data, key=None if key is None else _of_record(key))
    if not isinstance(proof, EntryProof) or not checkpoint.origin.endswith(ORIGIN):
        raise BadProof("form: this proves no record of access; tanzhang proof verify reads proofs of entries and of growth")
    included(proof, checkpoint)
    try:
        number, record = read_record(proof.payload)
    except (ValueError, KeyError, OverflowError) as error:
        raise BadProof(f"payload: it is no record: {error}") from error
    if number != proof.index:
        raise BadProof(f"payload: it says that it is record {number}, and lies at {proof.index}")
    return Shown(number, record, checkpoint, proof.key, key is not None)


def _of_record(key: str) -> str:
    """The vkey of a book's record, out of that or of the book's own, which is the same key under another name."""
    try:
        name, public = read_verifier_key(key)
    except BadProof as error:
        raise BadProof(f"key: {error}") from error
    return key if name.endswith(ORIGIN) else verifier_key(f"{name}{ORIGIN}", public)


class _Standing:
    """The tree as it can be made again around a record: the peaks of the last cut before it, then payloads of archives, then rows."""

    def __init__(self, book: Book, session: Session, number: int) -> None:
        self.book, self.session = book, session
        cuts = session.execute(sa.select(table_of(AccessCutRow)).order_by(table_of(AccessCutRow).c.size)).mappings().all()
        before = [cut for cut in cuts if cut["size"] <= number]
        self.base, peaks = (int(before[-1]["size"]), peaks_of(bytes(before[-1]["peaks"]))) if before else (0, [])
        self.peaks = dict(zip(_starts(self.base), peaks, strict=True))
        self.archives = [(int(cut["size"]), cut["file"]) for cut in cuts[len(before) :]]

    def payload(self, number: int) -> bytes:
        """The canonical bytes of a record."""
        return next(self._read("payload", number, number + 1))

    def root(self, first: int, stop: int) -> bytes:
        """The root over the records from `first` to `stop` (excluded); those of before the base are perfect subtrees, its peaks."""
        before = [peak for start, peak in self.peaks.items() if first <= start < stop]
        begin = max(first, self.base)
        peaks, _ = append(before, begin - first, self._read("leaf", begin, stop))
        return root_of(peaks)

    def _read(self, what: str, first: int, stop: int) -> Iterator[bytes]:
        start = self.base
        for size, file in self.archives:
            if first < size and start < stop:
                for number, line in enumerate(self._lines(file), start):
                    if first <= number < stop:
                        yield line if what == "payload" else leaf_hash(line)
            start = size
        yield from column(self.session, table_of(AccessRow).c[what], max(first, start), stop)

    def _lines(self, file: str) -> Iterator[bytes]:
        try:
            with (self.book.home / file).open("rb") as archive:
                archive.readline()
                for line in archive:
                    yield line[:-1]
        except FileNotFoundError as error:
            raise BadProof(f"the record was taken out, and {file} that held it is gone: put it back into the home") from error


def _starts(size: int) -> list[int]:
    """Where the subtrees of a tree's peaks begin, the largest first."""
    starts, at = [], 0
    for bit in reversed(range(size.bit_length())):
        if size >> bit & 1:
            starts.append(at)
            at += 1 << bit
    return starts
