"""A backup: a folder with a copy of the book made by its engine's own means, what the book needs beside it, and a signed manifest.

    book.db or book.dump     SQLite by its backup API, PostgreSQL by pg_dump: one snapshot, while others post on
    checkpoints/<book>.log   the signed checkpoints, the last of them over the copy itself
    packs/  sealed/          factor packs of one's own, sealed months
    tanzhang.toml            the settings, but for addresses of databases, which may hold passwords
    manifest.json            what the copy holds, and every file with its size and SHA-256
    manifest.sig             with the manifest before it, a C2SP signed note under the book's key

The signing key is not in it: whoever holds both could sign another past. It is kept apart, and `ledger.restore` asks for it.
"""

import json
import os
import shutil
import sqlite3
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.exc import DBAPIError

from ledger import pg_archive
from ledger.book import Book
from ledger.checkpoint import Checkpoint, append_note, newest_note, public_key, read_note, sign, signing_key, verifier_key
from ledger.errors import BadProof
from ledger.manifest import ACCESS_LOG, DATABASE, FOLDERS, SETTINGS, BackupFailed, Manifest, PlaceTaken, files_in, write_manifest
from ledger.tables import REVISION
from ledger.tile import Tree

PAGES = 4_096  # of SQLite, copied at a time
TELL_EVERY_S = 2.0
"""How often a long copy says how far it is."""

Tell = Callable[[str], None]


def backup(
    book: Book, into: Path, *, now: datetime, owner_url: str | None = None, pg_bin: str | None = None, tell: Tell = lambda _: None,
    revision: str = REVISION,
) -> Manifest:  # fmt: skip
    """The whole book as of this moment, in a new folder `into`: every entry acknowledged before the call is in it.

    `owner_url` signs in for pg_dump, which is sought on PATH and in the folder `pg_bin`; `revision` is that of the book's tables. The copy
    is read back before it bears its name. Raises PlaceTaken, BadProof where the book is not the one that was signed outside it, and
    BackupFailed; then nothing is left.
    """
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise PlaceTaken(f"{into} is there already: name a new folder, a backup is never written over")
    signed = _last_signed(book)
    key = signing_key(book.home / "secrets")
    with _failing(into):
        into.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{into.name}.", dir=into.parent))  # beside it, so that a rename puts it in place
        try:
            _copy_what_lies_beside(book, draft)  # before the database: the log only grows, so no checkpoint is ahead of the copy
            database = draft / DATABASE[book.dialect]
            with book.reading() as session:
                connection = session.connection()
                head = _head_as_signed(connection, book.origin, signed)
                if book.dialect == "sqlite":
                    version = sqlite3.sqlite_version
                    _copy_sqlite(connection, database, tell)
                else:
                    version = pg_archive.version_of(connection)
                    tell("pg_dump copies the database")
                    pg_archive.dump(connection, database, url=owner_url or book.url, pg_bin=pg_bin)
            tell("reading the copy back")
            sqlite = book.dialect == "sqlite"
            found = _read_sqlite(database) if sqlite else pg_archive.read_head(database, version=version, pg_bin=pg_bin)
            if found != (head.size, head.root):
                raise BackupFailed(f"the copy holds {found[0]} entries, the book {head.size}, or their roots differ")
            _sign_off(draft / "checkpoints" / f"{book.id}.log", head, key)
            manifest = Manifest(
                book=book.id, key=verifier_key(book.origin, key.public_key()), engine=_engine(book), engine_version=version,
                revision=revision, size=head.size, root=head.root.hex(), taken_at=now.astimezone(UTC), files=tuple(files_in(draft)),
            )  # fmt: skip
            write_manifest(draft, manifest, key)
            sync(draft)
            draft.rename(into)  # an empty folder gives way
            sync_folder(into.parent)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return manifest


def sync(folder: Path) -> None:
    """Force every file and folder below to disk."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            sync_folder(path)
        else:
            with path.open("rb") as file:
                os.fsync(file.fileno())
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _failing(into: Path) -> Iterator[None]:
    """What disk, engine or tool refuse, as one sentence."""
    try:
        yield
    except BackupFailed as error:
        raise BackupFailed(f"no backup was made, nothing is left at {into}: {error}") from error
    except (OSError, sqlite3.Error, DBAPIError) as error:
        reason = error.orig if isinstance(error, DBAPIError) else getattr(error, "strerror", None) or error
        raise BackupFailed(f"no backup was made, nothing is left at {into}: {reason}; is there room on its disk?") from error


def _engine(book: Book) -> Literal["sqlite", "postgresql"]:
    return "sqlite" if book.dialect == "sqlite" else "postgresql"


def _last_signed(book: Book) -> Checkpoint | None:
    """The newest checkpoint outside the book; BadProof where it does not hold under the key in the home."""
    note, public = newest_note(book.checkpoint_file), public_key(book.home / "secrets")
    if note is None:
        return None
    if public is None:
        raise BadProof(f"the key that signed {book.checkpoint_file.name} is not in {book.home / 'secrets'}: put it back first")
    return read_note(note, public)


def _head_as_signed(connection: sa.Connection, origin: str, signed: Checkpoint | None) -> Checkpoint:
    """Size and root of the log in this snapshot; BadProof where it does not go on from the newest checkpoint outside."""
    size, root = connection.exec_driver_sql("SELECT size, root FROM head WHERE id = 1").one()
    if signed is None and size:
        raise BadProof("no checkpoint of this book lies outside it, so nobody can tell whether it was rolled back: run tanzhang verify")
    if signed is not None and Tree(connection, signed.size).root() != signed.root:
        raise BadProof(f"the book is not the one that was signed over {signed.size} entries: run tanzhang verify, which names the change")
    return Checkpoint(origin, size, bytes(root))


def _copy_what_lies_beside(book: Book, draft: Path) -> None:
    settings = _settings_text(book.home / SETTINGS)
    if settings:
        (draft / SETTINGS).write_text(settings, encoding="utf-8", newline="\n")
    for file in sorted(file for folder in FOLDERS for file in (book.home / folder).rglob("*")):
        place = file.relative_to(book.home)
        if file.is_file() and not any(part.startswith(".") for part in place.parts):  # of a pack or a month that is just being added
            (draft / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, draft / place)
    for log in (book.checkpoint_file, book.checkpoint_file.with_suffix(ACCESS_LOG)):
        if log.exists():
            (draft / "checkpoints").mkdir(exist_ok=True)
            shutil.copyfile(log, draft / "checkpoints" / log.name)


def _settings_text(file: Path) -> str:
    """The settings without the addresses of databases: a copy that is restored elsewhere must not open the book it was taken from."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    said = tomllib.loads(text)
    kept = {name: value for name, value in said.items() if not name.endswith("_url")}
    if kept == said:
        return text
    return "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in kept.items())


def _copy_sqlite(connection: sa.Connection, file: Path, tell: Tell) -> None:
    """The snapshot of this connection, page by page: as it reads, what others post meanwhile neither enters nor starts it again."""
    source: Any = connection.connection.dbapi_connection
    told = time.monotonic()

    def progress(_status: int, remaining: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told > TELL_EVERY_S:
            told = time.monotonic()
            tell(f"copied {total - remaining:,} of {total:,} pages")

    with closing(sqlite3.connect(file)) as copy:
        copy.execute("PRAGMA synchronous = OFF")  # it is forced to disk as a whole, at the end
        source.backup(copy, pages=PAGES, progress=progress)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, that opens read-only


def _read_sqlite(file: Path) -> tuple[int, bytes]:
    """Size and root of the log in a copy, opened read-only; BackupFailed where a page, an index or the tree is not sound."""
    engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True))
    try:
        with engine.connect() as connection:
            sound = connection.exec_driver_sql("PRAGMA integrity_check").scalars().first()
            if sound != "ok":
                raise BackupFailed(f"the book's file is damaged: {sound}")
            size, root = connection.exec_driver_sql("SELECT size, root FROM head WHERE id = 1").one()
            if Tree(connection, size).root() != root:
                raise BackupFailed(f"the root over {size} entries is not that of their tree: run tanzhang verify")
    finally:
        engine.dispose()
    return size, root


def _sign_off(log: Path, last: Checkpoint, key: Ed25519PrivateKey) -> None:
    """The log in the backup ends with a checkpoint over the copy itself; an empty book has none."""
    note = newest_note(log)
    if last.size and (note is None or read_note(note, key.public_key()) != last):
        append_note(log, sign(last, key))
