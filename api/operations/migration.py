"""Bring a book to this version: a backup first, tried out, then the migration."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ledger.backup import backup
from ledger.book import open_as_it_is
from ledger.manifest import BackupRefused, Key, check_names, read_key, read_manifest, sha256_of
from ledger.restore import Means, Place, restore
from ledger.tables import REVISION
from migrations import known, upgrade


@dataclass(frozen=True, slots=True)
class Migrated:
    """From which revision to which a book was brought, and the backup of how it was, where one was taken."""

    before: str
    after: str
    backup: Path | None


def migrate(place: Place, means: Means, *, now: datetime, keep: bool = True, tell: Callable[[str], None] = lambda _: None) -> Migrated:
    """Bring the book at `place` to this version. With `keep` its backup goes into ``home/backups`` first, and is tried.

    Raises BookNotMigrated where there is no book, or one of a later program; BackupFailed or BackupRefused where the backup does not hold,
    and has then changed nothing.
    """
    book, before = open_as_it_is(place.url, home=place.home)
    try:
        if before == REVISION:
            return Migrated(before, before, None)
        folder = None
        if keep and before in known():
            folder = place.home / "backups" / f"{now:%Y%m%dT%H%M%SZ}-revision-{before}"
            backup(book, folder, now=now, owner_url=place.owner_url, pg_bin=place.pg_bin, tell=tell, revision=before)
            tell(f"trying the backup in {folder}")
            try_out(folder, place, means, now=now)
    finally:
        book.engine.dispose()
    upgrade(place.url, home=place.home, owner_url=place.owner_url)
    return Migrated(before, REVISION, folder)


def try_out(folder: Path, place: Place, means: Means, *, now: datetime) -> None:
    """Hold a backup to its signature and its files; one of SQLite is also put back aside, migrated there, and held to every law.

    Raises BackupRefused where it does not hold. An empty database to put one of PostgreSQL back is not to be had here: pg_restore has read
    its head when it was taken.
    """
    file = place.home / "secrets" / "checkpoint.key"
    key: Key = read_key(file.read_text(encoding="utf-8"), str(file))
    manifest = read_manifest(folder, key)
    check_names(folder, manifest)
    for kept in manifest.files:
        if sha256_of(folder / kept.name) != kept.sha256:
            raise BackupRefused(f"{kept.name} of {folder} is not what was signed: is its disk sound? Nothing was migrated")
    if manifest.engine == "sqlite":
        aside = Path(tempfile.mkdtemp(prefix=".trial-", dir=folder.parent))
        try:
            url = f"sqlite:///{aside}/book.db"
            restore(folder, Place(url, url, aside / "home"), means, now=now, key=key)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
