"""Put a backup back: only one whose manifest is signed by the book's key, whose every file is the one that was signed, and whose book
keeps every law; only where no book stands; and never an older one than the home's own checkpoints know of, unless that is asked for.

Everything is copied into a folder beside its place, and judged there. On SQLite the database is linked into place last of all; on
PostgreSQL it is restored in one transaction into an empty database, which is emptied again where the restored book is not sound.
"""

import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ledger import guard, pg_archive
from ledger.backup import Tell, sync, sync_folder
from ledger.book import ORIGIN, Book, make_engine, normalised, open_book
from ledger.checkpoint import Checkpoint, append_note, note_over, public_key, read_log, sign, signing_key, verifier_key
from ledger.errors import BadProof, LedgerError
from ledger.manifest import (
    ACCESS_LOG,
    DATABASE,
    FOLDERS,
    MANIFEST,
    NAMED_MAX,
    BackupFailed,
    BackupRefused,
    KeptFile,
    Key,
    Manifest,
    PlaceTaken,
    check_names,
    read_manifest,
    sha256_of,
)
from ledger.retrace import Violation
from ledger.tables import REVISION
from ledger.tile import Tree

CHUNK = 2**20  # bytes
KEY = PurePosixPath("secrets/checkpoint.key")


@dataclass(frozen=True, slots=True)
class Means:
    """What the storeys above lend: the revisions that there are, how a database gets its roles (on a connection, for a login) and is
    brought to this version (url, home, owner's url), and every law of a book."""

    revisions: frozenset[str]
    make_roles: Callable[[sa.Connection, str | None], None]
    upgrade: Callable[[str, Path, str], object]
    verify: Callable[[Book], list[Violation]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a book goes: its database, the owner's login on PostgreSQL, its home; `pg_bin` is a folder of PostgreSQL's tools."""

    url: str
    owner_url: str
    home: Path
    pg_bin: str | None = None

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return sa.make_url(normalised(self.url)).get_backend_name()

    @property
    def file(self) -> Path:
        """The database of SQLite."""
        return Path(str(sa.make_url(self.url).database)).absolute()


@dataclass(frozen=True, slots=True)
class Restored:
    """A book that was put back. The key found at `found` signed the backup; `new_key` (a vkey) signs from now on where the old one was not
    to be had; `set_aside` are checkpoints of the home that the restored book does not reach."""

    manifest: Manifest
    found: str
    new_key: str | None
    set_aside: Path | None


def restore(
    source: Path, place: Place, means: Means, *, now: datetime, key: Key | None = None, new_key: bool = False, older: bool = False,
    tell: Tell = lambda _: None,
) -> Restored:  # fmt: skip
    """The book of a backup, verified as a whole and put in place.

    It is held to the key in the home, else to `key`. `new_key` lets a book go on under a new one where the signing key is not to be had,
    `older` lets a backup stand for a book that signed more entries than it holds. Raises PlaceTaken, BackupRefused and BackupFailed, and
    has then put nothing in place.
    """
    signer = _key_of(place.home, key)
    manifest = read_manifest(source, signer)
    check_names(source, manifest)
    _refuse_alien(manifest, place, means)
    _refuse_taken(manifest, place)
    if signer.signing is None and not new_key:
        raise BackupRefused(
            f"no signing key lies in {place.home / 'secrets'}, and no book goes on without: name the checkpoint.key that was kept apart "
            "with --key, or say --new-key to go on under a new one; proofs from before then hold under the old public key only"
        )
    ahead = _ahead(place.home, manifest, signer)
    if ahead and not older:
        raise BackupRefused(
            f"{place.home / 'checkpoints'} knows of a log of {ahead} entries, the backup holds {manifest.size}: {ahead - manifest.size} "
            "would be lost. Take a newer backup, or say --older"
        )
    sqlite = manifest.engine == "sqlite"
    moment = f"{now:%Y%m%dT%H%M%S%f}Z"
    with ExitStack() as stack:
        stack.enter_context(_failing())
        stage = stack.enter_context(_folder_in(place.home))
        near = stack.enter_context(_folder_in(place.file.parent if sqlite else place.home))
        database = near / DATABASE[manifest.engine]
        for kept in manifest.files:
            _take(source, kept, database if kept.name == database.name else stage / kept.name)
        old_log = _lay_checkpoints(stage, manifest, place.home, signer, moment)
        if not sqlite:
            tell("pg_restore fills the database")
            _grant(stack.enter_context(_filled(database, manifest, place, means)), manifest)
        tell(f"verifying {manifest.size:,} entries")
        _judge(f"sqlite:///{database}" if sqlite else place.url, stage, manifest, place, means)
        if old_log:
            _old_log_holds(f"sqlite:///{database}" if sqlite else place.url, stage, read_log(old_log, signer.public))
        aside = _put_in_place(stage, place, manifest, moment if ahead else None)
        if sqlite:
            _close(database)
            if place.file.exists() and not place.file.stat().st_size:
                place.file.unlink()
            place.file.hardlink_to(database)  # the last of all: until now there was no book, and a rename would go over another's
            sync_folder(place.file.parent)
    origin = f"{ORIGIN}{manifest.book}"
    fresh = verifier_key(origin, signing_key(place.home / "secrets").public_key()) if signer.signing is None else None
    return Restored(manifest, signer.found, fresh, aside)


def _key_of(home: Path, given: Key | None) -> Key:
    """The key to hold a backup to. The home's own stands before all."""
    file = home / KEY
    own = public_key(home / "secrets")
    if own is None and given is None:
        raise BackupRefused(f"there is nothing to hold the backup to: {file} does not exist; name the book's key with --key")
    if own is None:
        assert given is not None
        return given
    if given is not None and given.public.public_bytes_raw() != own.public_bytes_raw():
        raise BackupRefused(f"the key in {given.found} is not the one in {file}: restore into a home of its own with --home")
    return Key(own, str(file), signing=file.read_text(), name=given.name if given else None)


def _refuse_alien(manifest: Manifest, place: Place, means: Means) -> None:
    if manifest.revision not in means.revisions:
        raise BackupRefused(
            f"{MANIFEST}: revision {manifest.revision} of the tables is unknown here, a later program made it: use that one"
        )
    if manifest.engine != place.dialect:
        raise BackupRefused(f"{MANIFEST}: the backup is of {manifest.engine}, the database to restore into is of {place.dialect}")


def _refuse_taken(manifest: Manifest, place: Place) -> None:
    """PlaceTaken where a book stands, or a file of the backup would go over another one."""
    if manifest.engine == "postgresql":
        with _failing():
            engine = make_engine(place.url)
            try:
                with engine.connect() as connection:
                    tables = pg_archive.tables_of(connection)
            finally:
                engine.dispose()
        if tables:
            shown = sa.make_url(normalised(place.url)).render_as_string(hide_password=True)
            raise PlaceTaken(
                f"{shown} is not empty, it holds {tables[0]}: nothing is written over it, name an empty database with --database"
            )
    else:
        for left in (place.file, *(place.file.with_name(place.file.name + end) for end in ("-wal", "-journal"))):
            if left.exists() and left.stat().st_size:
                raise PlaceTaken(f"{left} is there already: nothing is written over it, move it away or restore elsewhere with --home")
    for kept in manifest.files:
        own = place.home / kept.name
        if kept.name.split("/")[0] in FOLDERS and own.exists() and sha256_of(own) != kept.sha256:
            raise PlaceTaken(f"{own} is there already and says something else: move it away, or restore elsewhere with --home")


def _ahead(home: Path, manifest: Manifest, signer: Key) -> int:
    """How many entries the home's own checkpoints know of, where that is more than the backup holds; else 0."""
    try:
        known = max((one.size for one in read_log(home / "checkpoints" / f"{manifest.book}.log", signer.public)), default=0)
    except BadProof as error:
        raise BackupRefused(f"the checkpoints in {home / 'checkpoints'} do not hold under the key of {signer.found}: {error}") from error
    return known if known > manifest.size else 0


@contextmanager
def _failing() -> Iterator[None]:
    """What disk or engine refuse, as one sentence."""
    try:
        yield
    except (OSError, sqlite3.Error, DBAPIError) as error:
        reason = error.orig if isinstance(error, DBAPIError) else getattr(error, "strerror", None) or error
        raise BackupFailed(f"nothing was restored: {reason}; is there room, and does the server answer?") from error


@contextmanager
def _folder_in(home: Path) -> Iterator[Path]:
    """A folder inside `home` that is gone at the end, and so is whatever was made to hold it and stayed empty."""
    made = [folder for folder in (home, *home.parents) if not folder.exists()]
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    stage = Path(tempfile.mkdtemp(prefix=".restore-", dir=home)).absolute()
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        for folder in made:
            with suppress(OSError):  # it holds the book now
                folder.rmdir()


def _take(source: Path, kept: KeptFile, target: Path) -> None:
    """Copy a file, and hash the very bytes that are written."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = hashlib.sha256()
    with (source / kept.name).open("rb") as data, target.open("wb") as copy:
        while part := data.read(CHUNK):
            made.update(part)
            copy.write(part)
    if made.hexdigest() != kept.sha256:
        raise BackupRefused(f"{kept.name} was changed: its SHA-256 is {made.hexdigest()[:16]}…, {kept.sha256[:16]}… was signed")


def _lay_checkpoints(stage: Path, manifest: Manifest, home: Path, signer: Key, moment: str) -> Path | None:
    """Key and checkpoints of the restored book: those of the backup, and those of the home that it reaches.

    Where the signing key is not to be had a new one is made, which signs the log as it is; the old checkpoints then lie beside, in the file
    that this gives.
    """
    log, own = stage / "checkpoints" / f"{manifest.book}.log", home / "checkpoints" / f"{manifest.book}.log"
    held = set(read_log(log, signer.public))
    more = {one.size for one in read_log(own, signer.public) if one.size <= manifest.size and one not in held}
    for size in sorted({*more, manifest.size} if more else ()):  # the newest goes last
        note = note_over(own, size) or note_over(log, size)
        assert note is not None
        append_note(log, note)
    records = log.with_suffix(ACCESS_LOG)  # which goes on from what was restored
    if signer.signing is None and records.exists():
        records.rename(records.with_name(f"{manifest.book}.access.until-{moment}.log"))
    (stage / KEY).parent.mkdir(mode=0o700)
    if signer.signing is not None:
        (stage / KEY).touch(mode=0o600)
        (stage / KEY).write_text(signer.signing)
        return None
    fresh, origin = signing_key(stage / "secrets"), f"{ORIGIN}{manifest.book}"
    if not log.exists():
        return None
    old = log.rename(log.with_name(f"{manifest.book}.until-{moment}.log"))
    append_note(log, sign(Checkpoint(origin, manifest.size, bytes.fromhex(manifest.root)), fresh))
    return old


def _filled(dump: Path, manifest: Manifest, place: Place, means: Means) -> AbstractContextManager[sa.Engine]:
    login = sa.make_url(normalised(place.url)).username
    return pg_archive.filled(
        dump, version=manifest.engine_version, owner_url=place.owner_url, pg_bin=place.pg_bin,
        make_roles=lambda connection: means.make_roles(connection, login),
    )  # fmt: skip


def _grant(owner: sa.Engine, manifest: Manifest) -> None:
    """Triggers and rights, as migrations leave them; a migration that is still to come does it itself."""
    if manifest.revision == REVISION:
        with pg_archive.as_owner(owner) as connection:
            guard.install(connection)
            connection.exec_driver_sql("ANALYZE")


def _judge(url: str, stage: Path, manifest: Manifest, place: Place, means: Means) -> None:
    """BackupRefused where the restored book breaks a law, or is not the one that the manifest names."""
    if manifest.revision != REVISION:
        means.upgrade(url, stage, url if manifest.engine == "sqlite" else place.owner_url)
    try:
        book = open_book(url, home=stage)
    except LedgerError as error:
        raise BackupRefused(f"the restored book cannot be opened: {error}") from error
    try:
        if broken := means.verify(book):
            raise BackupRefused(f"the restored book is not sound: {'; '.join(str(violation) for violation in broken[:NAMED_MAX])}")
        with book.reading() as session:
            size, root = session.connection().exec_driver_sql("SELECT size, root FROM head WHERE id = 1").one()
        if (book.id, size, bytes(root).hex()) != (manifest.book, manifest.size, manifest.root):
            raise BackupRefused(f"the restored book {book.id} has {size} entries with root {bytes(root).hex()}, {MANIFEST} says otherwise")
    finally:
        book.engine.dispose()


def _old_log_holds(url: str, stage: Path, checkpoints: list[Checkpoint]) -> None:
    """BackupRefused where a checkpoint of the former key is not of the restored log: `verify` knows the new key alone."""
    book = open_book(url, home=stage)
    try:
        with book.reading() as session:
            for one in checkpoints:
                if Tree(session.connection(), one.size).root() != one.root:
                    raise BackupRefused(f"the restored log is not the one that was signed over {one.size} entries")
    finally:
        book.engine.dispose()


def _put_in_place(stage: Path, place: Place, manifest: Manifest, moment: str | None) -> Path | None:
    """What lies beside the database to its place. The home's own key, settings, packs and sealed months stand; its checkpoints give way to
    those that go with the restored book, and at a `moment` are set aside, in the file that this gives."""
    sync(stage)
    aside = None
    for path in sorted(path for path in stage.rglob("*") if path.is_file()):
        own = place.home / path.relative_to(stage)
        if own.exists() and own.name == f"{manifest.book}{ACCESS_LOG}":  # it may be of more than the backup holds
            own.rename(own.with_name(f"{manifest.book}.access.before-{manifest.taken_at:%Y%m%dT%H%M%S%f}Z.log"))
        if own.exists() and own.name != f"{manifest.book}.log":
            continue
        own.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if own.exists() and moment:
            aside = own.rename(own.with_name(f"{manifest.book}.{moment}.log"))
        path.replace(own)
        sync_folder(own.parent)
    sync_folder(place.home)
    return aside


def _close(database: Path) -> None:
    """What SQLite wrote beside the database goes into it, and it is forced to disk: one file."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for end in ("-wal", "-shm"):
        database.with_name(database.name + end).unlink(missing_ok=True)
    sync(database.parent)
