"""The law of the record of access: every row hashed again, its columns, its place, the tree's head, and what was signed outside."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

import api.auth.tables  # noqa: F401  so that the guard checks these tables as well
from api.audit.record import SHORTENED, read_record
from api.audit.sign import log_file, origin_of
from api.audit.tables import AccessCutRow, AccessHeadRow, AccessRow
from ledger.book import Book
from ledger.checkpoint import Checkpoint, public_key, read_log
from ledger.errors import BadProof
from ledger.proof import append, leaf_hash, peaks_of, root_of
from ledger.retrace import Violation
from ledger.types import table_of

CHUNK = 20_000
LAW = "access"


def law_of(book: Book) -> Callable[[Session], list[Violation]]:
    """The law over this book, as `ledger.audit.verify` takes it."""
    marks, found = _signed(book)  # before the rows are read: the log only grows

    def law(session: Session) -> list[Violation]:
        return found + (_holds(session, book.home, marks) or ([] if found else _lost(session, log_file(book), marks)))

    return law


def broken(book: Book) -> list[Violation]:
    """How the record of access is not what was recorded: the first wrong row; empty where it holds."""
    law = law_of(book)
    with book.reading() as session:
        return law(session)


def lost(book: Book) -> list[Violation]:
    """What the log of checkpoints lacks that was signed, without reading the record itself."""
    marks, found = _signed(book)
    with book.reading() as session:
        return found or _lost(session, log_file(book), marks)


@dataclass(slots=True)
class _Walk:
    """The tree as far as it was made again, and the checkpoints that are still ahead."""

    marks: list[Checkpoint]
    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def step(self, leaf: bytes) -> Violation | None:
        """One leaf more; a violation where a checkpoint over that many says otherwise."""
        self.peaks, self.size = append(self.peaks, self.size, [leaf])
        while self.marks and self.marks[0].size <= self.size:
            mark = self.marks.pop(0)
            if mark.size == self.size and root_of(self.peaks) != mark.root:
                return Violation(
                    LAW, f"access {mark.size - 1}", f"the record up to here is not the one that was signed over {mark.size} rows"
                )
        return None


def _signed(book: Book) -> tuple[list[Checkpoint], list[Violation]]:
    file, public = log_file(book), public_key(book.home / "secrets")
    if public is None or not file.exists():
        return [], []
    try:
        log = read_log(file, public)
    except BadProof as error:
        return [], [Violation(LAW, file.name, str(error))]
    foreign = [Violation(LAW, file.name, f"it is of {one.origin}") for one in log if one.origin != origin_of(book)]
    return sorted((one for one in log if one.origin == origin_of(book)), key=lambda one: one.size), foreign[:1]


def _lost(session: Session, file: Path, marks: list[Checkpoint]) -> list[Violation]:
    """The database knows over how many records a checkpoint was seen: the log outside must reach as far, and hold what it once lost."""
    connection, row = session.connection(), table_of(AccessRow).c
    size, signed = connection.execute(sa.select(table_of(AccessHeadRow).c.size, table_of(AccessHeadRow).c.signed)).one()
    if size and not marks:
        return [
            Violation(LAW, file.name, "no checkpoint of the record lies outside the database: the log of them was deleted, or lost its key")
        ]
    if marks and marks[-1].size < signed:
        return [Violation(LAW, file.name, f"it was shortened: it ends at {marks[-1].size} records, a checkpoint over {signed} was signed")]
    held = {one.size for one in marks}
    for number, over in connection.execute(sa.select(row.id, row.object).where(row.action == SHORTENED).order_by(row.id)):
        if int(over) not in held:
            return [Violation(LAW, f"access {number}", f"here {file.name} had lost its checkpoint over {over} records, and lacks it still")]
    return []


def _holds(session: Session, home: Path, marks: list[Checkpoint]) -> list[Violation]:
    connection = session.connection()
    last = marks[-1].size if marks else 0
    walk = _Walk(list(marks))
    for cut in connection.execute(sa.select(table_of(AccessCutRow)).order_by(table_of(AccessCutRow).c.size)).mappings():
        if wrong := _archive_fault(home / cut["file"], cut, walk):
            return [wrong]
    for wrong in _row_faults(connection, walk):
        return [wrong]
    if last > walk.size:
        return [Violation(LAW, "access", f"a checkpoint was signed over {last} rows, the database holds {walk.size}: it was rolled back")]
    heads = connection.execute(sa.select(table_of(AccessHeadRow))).all()
    if [(one.id, one.size, bytes(one.root), peaks_of(bytes(one.peaks))) for one in heads] != [
        (1, walk.size, root_of(walk.peaks), walk.peaks)
    ]:
        said = ", ".join(f"{one.size} rows with root {bytes(one.root).hex()[:16]}…" for one in heads) or "nothing"
        return [Violation(LAW, "access_head", f"it says {said}; there are {walk.size} with root {root_of(walk.peaks).hex()[:16]}…")]
    return []


def _archive_fault(file: Path, cut: Any, walk: _Walk) -> Violation | None:
    """What was taken out is as it was, where its archive still lies; where it does not, the tree goes on from the peaks that were kept."""
    where = f"access_cut {cut['size']}"
    peaks = peaks_of(bytes(cut["peaks"]))
    if file.exists():
        with file.open("rb") as archive:
            if hashlib.file_digest(archive, "sha256").digest() != bytes(cut["sha256"]):
                return Violation(LAW, file.name, "the archive is not the one that was sealed")
            archive.seek(0)
            archive.readline()
            for line in archive:
                if wrong := walk.step(leaf_hash(line[:-1])):
                    return wrong
        if (walk.size, walk.peaks) != (cut["size"], peaks):
            return Violation(LAW, where, f"its peaks are not those of the {walk.size} rows in {file.name}")
    walk.size, walk.peaks = int(cut["size"]), peaks
    if len(peaks) != walk.size.bit_count():
        return Violation(LAW, where, "its peaks are not those of a tree of that size")
    walk.marks = [mark for mark in walk.marks if mark.size > walk.size]
    return None


def _row_faults(connection: sa.Connection, walk: _Walk) -> Iterator[Violation]:
    for row in _rows(connection):
        if row["id"] != walk.size:
            gap, stray = walk.size, row["id"]
            yield Violation(LAW, f"access {min(gap, stray)}", "it is missing" if stray > gap else "the record has no such place")
            return
        payload = bytes(row["payload"])
        if reason := _row_fault(row, payload):
            yield Violation(LAW, f"access {row['id']}", reason)
            return
        if wrong := walk.step(bytes(row["leaf"])):
            yield wrong
            return


def _row_fault(row: Any, payload: bytes) -> str | None:
    if leaf_hash(payload) != bytes(row["leaf"]):
        return "its leaf is not the hash of its payload: one of the two was changed"
    try:
        number, said = read_record(payload)
    except (ValueError, KeyError, OverflowError) as error:
        return f"its payload is no record: {error}"
    told = {"id": number, "at": said.at, "user_id": said.user, "action": said.action, "object": said.object, "status": said.status}
    wrong = [name for name, value in told.items() if row[name] != value]
    return f"column {wrong[0]} is not what its payload says" if wrong else None


def _rows(connection: sa.Connection) -> Iterator[Any]:
    row = table_of(AccessRow)
    after = -(2**62)
    while True:
        found = connection.execute(sa.select(row).where(row.c.id > after).order_by(row.c.id).limit(CHUNK)).mappings().all()
        if not found:
            return
        yield from found
        after = found[-1]["id"]
