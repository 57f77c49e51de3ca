"""Whether this server lives, and whether it can do its work now."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa

from ledger.book import Book
from ledger.errors import LedgerError

ROOM_B = 256 * 2**20
"""Below so many free bytes on its disk the book takes nothing more in time."""


def readiness(book: Book) -> dict[str, str]:
    """Each thing that the work needs, and ``ok`` or what it lacks; without paths or addresses, since anybody may ask."""
    return dict(_checked(book))


def _checked(book: Book) -> Iterator[tuple[str, str]]:
    for name, check in CHECKS.items():
        try:
            yield name, check(book)
        except (OSError, LedgerError, sa.exc.SQLAlchemyError):
            yield name, "cannot be read"


def _database(book: Book) -> str:
    from ledger.tables import REVISION

    with book.reading() as session:
        found = session.connection().exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
    return "ok" if found == REVISION else f"its tables are of revision {found}, {REVISION} is wanted: stop, run tanzhang migrate, start"


def _checkpoints(book: Book) -> str:
    """Without writing: whoever may write the folder can append to the log of checkpoints."""
    folder = book.checkpoint_file.parent
    place = book.checkpoint_file if book.checkpoint_file.exists() else folder if folder.exists() else book.home
    return "ok" if os.access(place, os.W_OK) else "cannot be written: the next entry would not be signed"


def _room(book: Book) -> str:
    return "ok" if room(book.home) >= ROOM_B else "the disk is nearly full"


def room(folder: Path) -> int:
    """The free bytes on the disk of a folder."""
    return shutil.disk_usage(folder).free


CHECKS: dict[str, Callable[[Book], str]] = {"database": _database, "checkpoints": _checkpoints, "room": _room}
