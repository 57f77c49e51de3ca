"""What is older than it must be kept leaves the database: sealed into a signed archive in the home, then deleted by the owner.

Append-only stays append-only for everybody but the tables' owner, and the tree goes on: the peaks over what left stand in `access_cut`, so
that rows, head and later checkpoints are checked from there; the archive holds the payloads, whose hashes are the leaves of the tree up to
those peaks. `home/access/<first>-<size>.log` has a line of JSON, then a payload a line; `….sig` beside it is a C2SP signed note over its
SHA-256, place and root. Whoever deletes an archive after its time takes nothing from the proof of what came later.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from api.audit.check import broken
from api.audit.record import Record, append
from api.audit.sign import origin_of, sign_log
from api.audit.tables import AccessCutRow, AccessHeadRow, AccessRow
from api.audit.visit import CURRENT, tell
from api.auth.errors import AuthError
from carbon.settings import ACCESS_DAYS_MIN
from ledger.backup import sync_folder
from ledger.book import Book, make_engine
from ledger.checkpoint import sign_text, signing_key
from ledger.guard import OWNER, sqlite_triggers
from ledger.principal import LOCAL_ADMIN
from ledger.proof import append as grown
from ledger.proof import peaks_of, root_of
from ledger.types import table_of

FOLDER = "access"
FORMAT = "tanzhang-access@v1"
BATCH = 10_000


class NotSound(AuthError):
    """The record of access does not hold: nothing of it is taken out."""

    code = "access.not-sound"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the record of access does not hold, so nothing of it is taken out: {reason}")


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """Rows `first` to `size` (excluded) that left the database, and the file that holds them."""

    first: int
    size: int
    root: str
    file: str
    sha256: str


def expire(book: Book, *, days: int, owner_url: str, now: datetime) -> Cut | None:
    """Take out the records from before `days` days; None where there are none. Raises NotSound, and OSError where there is no room.

    On PostgreSQL `owner_url` signs in as somebody who may act as the owner of the tables.
    """
    if days < ACCESS_DAYS_MIN:
        raise NotSound(f"{days} days are fewer than {ACCESS_DAYS_MIN}, for which records are kept at least")
    if wrong := broken(book):
        raise NotSound(str(wrong[0]))
    row, cut = table_of(AccessRow), table_of(AccessCutRow)
    with book.reading() as session:
        last = session.execute(sa.select(cut.c.size, cut.c.peaks).order_by(cut.c.size.desc()).limit(1)).one_or_none()
        first, peaks = (int(last.size), peaks_of(bytes(last.peaks))) if last else (0, [])
        young = session.execute(sa.select(sa.func.min(row.c.id)).where(row.c.at >= now - timedelta(days=days))).scalar()
        stop = session.execute(sa.select(table_of(AccessHeadRow).c.size)).scalar_one() if young is None else young
        if stop == first:
            return None
        peaks, size = grown(peaks, first, column(session, row.c.leaf, first, stop))
        made = _archive(book, column(session, row.c.payload, first, stop), first=first, size=size, root=root_of(peaks))
    values = {"size": size, "peaks": b"".join(peaks), "file": made.file, "sha256": bytes.fromhex(made.sha256), "cut_at": now}
    with _owner(book, owner_url) as connection:
        connection.execute(sa.delete(row).where(row.c.id < size))
        connection.execute(sa.insert(cut).values(values))
    tell(action="expire")
    with book.writing() as session:  # the command's own record goes with it
        if CURRENT.get() is None:
            append(
                session,
                [Record(at=now, action="expire", method="", route="access.expire", status=0, user=LOCAL_ADMIN.actor, origin="here")],
            )
    sign_log(book)
    return made


def column(session: Session, wanted: sa.Column[Any], first: int, stop: int) -> Iterator[bytes]:
    """Payloads or leaves of the records from `first` to `stop` (excluded), a batch at a time: three years of them fit into no memory."""
    number = table_of(AccessRow).c.id
    for start in range(first, stop, BATCH):
        found = sa.select(wanted).where(number >= start, number < min(start + BATCH, stop)).order_by(number)
        yield from (bytes(one) for one in session.execute(found).scalars())


def _archive(book: Book, payloads: Iterable[bytes], *, first: int, size: int, root: bytes) -> Cut:
    """Write the archive and its signature, and force them to disk."""
    folder = book.home / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / f"{first}-{size}.log"
    head = msgspec.json.encode({"format": FORMAT, "book": book.id, "first": first, "size": size, "root": root.hex()})
    made = Cut(first=first, size=size, root=root.hex(), file=f"{FOLDER}/{file.name}", sha256=_write(file, chain([head], payloads)))
    name = f"{origin_of(book)}/archive"
    text = f"{name}\n{first}\n{size}\n{made.root}\n{made.sha256}\n"
    _write(file.with_suffix(".sig"), [sign_text(text, name=name, key=signing_key(book.home / "secrets")).removesuffix("\n").encode()])
    for place in (folder, book.home):  # the names too: the rows are deleted next
        sync_folder(place)
    return made


def _write(file: Path, lines: Iterable[bytes]) -> str:
    """Write lines, each closed by a line feed, and force them to disk; their SHA-256."""
    made = hashlib.sha256()
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        for line in lines:
            made.update(line + b"\n")
            out.write(line + b"\n")
        out.flush()
        os.fsync(out.fileno())
    return made.hexdigest()


@contextmanager
def _owner(book: Book, owner_url: str) -> Iterator[sa.Connection]:
    """A transaction of the tables' owner in which rows of the record may be deleted; the trigger is back before it ends."""
    engine = make_engine(owner_url)
    try:
        with engine.connect().execution_options(tanzhang="writes") as connection, connection.begin():
            if book.dialect == "sqlite":
                connection.exec_driver_sql("DROP TRIGGER access_no_delete")
                yield connection
                connection.exec_driver_sql(sqlite_triggers(SQLModel.metadata)["access_no_delete"])
                return
            connection.exec_driver_sql(f"SET LOCAL ROLE {OWNER}")
            connection.exec_driver_sql("ALTER TABLE access DISABLE TRIGGER access_no_change")
            yield connection
            connection.exec_driver_sql("ALTER TABLE access ENABLE ALWAYS TRIGGER access_no_change")
    finally:
        engine.dispose()
