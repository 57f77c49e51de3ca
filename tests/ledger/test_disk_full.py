"""A full disk: what is posted onto it is booked as a whole or not at all, what was acknowledged stays, and posting goes on once there is room.

The disk is a small one of its own (tmpfs) where the tests may mount one; SQLite is also tried with files that the kernel lets grow no more.
"""

import os
import resource
import shutil
import subprocess
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from ledger.audit import verify
from ledger.balances import log_size
from ledger.book import Book, open_book
from ledger.errors import DiskFull
from ledger.journal import Receipt
from tests.conftest import admin, maker
from tests.ledger.books import put
from tests.ledger.test_tile import moves

SOAK = bool(os.environ.get("TANZHANG_SOAK"))
Count = Callable[[str, object], None]
KIB = 1024
BATCH = 60
"""Entries in a posting: on either engine they need more than the least rooms and less than the greatest."""
ROOMS = [KIB * n for n in (range(0, 256, 4) if SOAK else (0, 64, 512))]


@dataclass(frozen=True)
class Disk:
    """A small disk, or files that may not grow: `own` tells."""

    folder: Path
    own: bool = True

    @contextmanager
    def with_room_for(self, size: int) -> Iterator[None]:
        """No more than `size` bytes can be written; afterwards there is room again."""
        if self.own:
            ballast = self.folder / "ballast"
            with ballast.open("wb") as out:
                os.posix_fallocate(out.fileno(), 0, max(1, shutil.disk_usage(self.folder).free - size))
            try:
                yield
            finally:
                ballast.unlink()
            return
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (32 * KIB + size, hard))  # the index of the write-ahead log has 32 KiB
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def small_disk(mib: int = 64) -> Iterator[Disk]:
    """A tmpfs that any user may look into, the database server's own too; skips, saying so, where it cannot be mounted."""
    folder = Path(tempfile.mkdtemp(prefix="tanzhang-small-"))
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=755", "tanzhang-small", folder], check=True, capture_output=True, text=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        folder.rmdir()
        pytest.skip(f"NO SMALL DISK: a tmpfs cannot be mounted here ({getattr(error, 'stderr', None) or error})")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()


@contextmanager
def tablespace(disk: Disk, server: sa.URL) -> Iterator[Callable[[Book], None]]:
    """A way to move a book's database onto the disk; whoever made the database drops it before this ends."""
    name = f"tanzhang_{uuid.uuid4().hex[:12]}"
    with admin(server) as connection:
        home = Path(connection.exec_driver_sql("SHOW data_directory").scalar_one())
        if not home.is_dir():
            pytest.skip(f"NO SMALL DISK: the server keeps its data where these tests can mount none for it ({home})")
        (disk.folder / "space").mkdir()
        shutil.chown(disk.folder / "space", home.stat().st_uid, home.stat().st_gid)
        connection.exec_driver_sql(f"CREATE TABLESPACE {name} LOCATION '{disk.folder}/space'")

    def move(book: Book) -> None:
        book.engine.dispose()
        with admin(server) as connection:
            connection.exec_driver_sql(f"ALTER DATABASE {sa.make_url(book.url).database} SET TABLESPACE {name}")

    yield move
    with admin(server) as connection:
        connection.exec_driver_sql(f"DROP TABLESPACE {name}")


@pytest.fixture(params=["sqlite", "sqlite-limit", "postgresql"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Book, Disk]]:
    """A book on a small disk. An SQLite book has its home there too, as `tanzhang init` lays it out."""
    if request.param == "sqlite-limit":
        with maker(request, tmp_path, "sqlite") as make:
            yield make(), Disk(tmp_path, own=False)
    elif request.param == "sqlite":
        with small_disk() as disk, maker(request, disk.folder, "sqlite") as make:
            yield make(), disk
    else:
        server = request.getfixturevalue("postgres")
        with small_disk() as disk, tablespace(disk, server) as move, maker(request, tmp_path, "postgresql") as make:
            book = make()
            move(book)
            yield book, disk


def size_of(book: Book) -> int:
    with book.reading() as session:
        return log_size(session)


def tried(book: Book, disk: Disk, room: int, first: int) -> str:
    """Post a batch onto a disk with so much room, and what came of it; the book is whole before there is room again."""
    if book.dialect == "sqlite":  # or the write-ahead log would take what room it took before
        with book.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    receipt: Receipt | None = None
    posted = False
    with disk.with_room_for(room):
        try:
            receipt = put(book, moves(first, BATCH))
            said = "booked"
        except DiskFull as error:
            posted, said = error.posted, "booked, not signed" if error.posted else "disk full"
        except sa.exc.SQLAlchemyError as error:
            said = type(error).__name__
        assert size_of(book) == first + (BATCH if receipt or posted else 0), said
        assert verify(book) == []
    return said


def test_a_posting_onto_a_full_disk_books_all_of_it_or_nothing_says_so_and_goes_on_when_there_is_room(
    small: tuple[Book, Disk], record_property: Count
) -> None:
    book, disk = small
    put(book, moves(0, BATCH))
    outcomes: Counter[str] = Counter()
    for room in ROOMS:
        first = size_of(book)
        said = tried(book, disk, room, first)
        outcomes[said] += 1
        receipt = put(book, moves(first, BATCH))
        assert (receipt.ids, receipt.created) == (tuple(range(first, first + BATCH)), 0 if said.startswith("booked") else BATCH)
        assert put(book, moves(0, BATCH)).created == 0, "what was acknowledged before stays"
        assert verify(book) == []
    record_property("count", len(ROOMS))
    where = "" if disk.own else " (files that may not grow)"
    record_property("result", f"all or nothing each time{where}: " + ", ".join(f"{count} {said}" for said, count in outcomes.most_common()))
    assert outcomes["booked"], "there was never room"
    assert outcomes["disk full"] or not disk.own, "there was always room"
    assert len(outcomes) > 1


def test_where_only_the_checkpoints_have_no_room_the_entries_stand_and_are_signed_when_they_are_sent_again(
    make_book: Callable[[], Book],
) -> None:
    with small_disk(1) as disk:
        book = make_book()
        book = open_book(book.url, home=disk.folder / "home")
        with disk.with_room_for(0), pytest.raises(DiskFull, match="the entries stand, their checkpoint beside the book does not"):
            put(book, moves(0, BATCH))
        assert size_of(book) == BATCH
        assert put(book, moves(0, BATCH)).created == 0
        assert verify(book) == []
        book.engine.dispose()
