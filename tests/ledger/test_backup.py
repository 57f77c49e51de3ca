"""A backup holds the book as it was signed, while others post on, and what is put back is that book.

Counts are small here; TANZHANG_SOAK raises them.
"""

import os
import resource
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from api.cli import main
from ledger import pg_archive
from ledger.audit import verify
from ledger.balances import log_size
from ledger.book import Book
from ledger.checkpoint import read_log
from ledger.committer import Committer
from ledger.errors import BadProof
from ledger.manifest import (
    DATABASE,
    BackupFailed,
    Manifest,
    PlaceTaken,
)
from ledger.principal import LOCAL_ADMIN
from ledger.tables import REVISION
from tests.conftest import owner_engine
from tests.ledger.backups import PACK, SOAK, Places, filled, is_empty, on_sqlite, opened, put_back, rows, signing, taken
from tests.ledger.books import NOW, burning, put


def test_a_restored_book_is_the_book_in_every_table_keeps_every_law_and_goes_on(book: Book, places: Places, tmp_path: Path) -> None:
    manifest = taken(filled(book), tmp_path / "backup")
    assert [file.name for file in manifest.files] == [
        DATABASE[book.dialect], f"checkpoints/{book.id}.log", PACK, "tanzhang.toml"
    ]  # fmt: skip
    assert (manifest.book, manifest.engine, manifest.size, manifest.revision) == (book.id, book.dialect, 5, REVISION)
    assert b"unspoken" not in b"".join(file.read_bytes() for file in (tmp_path / "backup").rglob("*") if file.is_file())
    place = places("home")
    done = put_back(tmp_path / "backup", place, signing(book))
    assert (done.manifest, done.found, done.new_key, done.set_aside) == (manifest, "kept apart", None, None)
    assert sorted(path.relative_to(place.home).as_posix() for path in place.home.rglob("*") if path.is_file()) == sorted(
        [*(["book.db"] if book.dialect == "sqlite" else []), f"checkpoints/{book.id}.log", PACK, "secrets/checkpoint.key", "tanzhang.toml"]
    )
    assert (place.home / PACK).read_bytes() == (book.home / PACK).read_bytes()
    assert (place.home / "tanzhang.toml").read_text() == 'timezone = "Asia/Shanghai"\n'
    assert stat.S_IMODE((place.home / "secrets" / "checkpoint.key").stat().st_mode) == 0o600
    with opened(place) as restored:
        assert rows(restored) == rows(book)
        assert verify(restored) == []
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), owner_engine(restored).begin() as connection:
            connection.exec_driver_sql("UPDATE entry SET kind = 'x'")
        assert put(restored, burning("2", 3)).repeated == 1
        assert put(restored, burning("next")).ids == (5,)
        assert verify(restored) == []
        log = read_log(restored.checkpoint_file, signing(book).public)
        assert [one.size for one in log] == [1, 2, 3, 4, 5, 6]


def test_a_backup_under_load_holds_every_entry_that_was_acknowledged_before_it_began(
    book: Book, places: Places, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    put(book, burning("first"))
    acknowledged: set[int] = {0}
    stop = threading.Event()

    def posts(thread: int) -> None:
        n = 0
        while not stop.is_set():
            receipt = committer.post(burning(f"{thread}-{n}", 1 + n), LOCAL_ADMIN, now=NOW)
            acknowledged.update(receipt.ids)
            n += 1

    made: list[tuple[set[int], Manifest]] = []
    with closing(Committer(book)) as committer, ThreadPoolExecutor(4) as pool:
        at_work = [pool.submit(posts, thread) for thread in range(4)]
        try:
            for turn in range(20 if SOAK else 1):
                goal = len(acknowledged) + 20
                while len(acknowledged) < goal and not any(one.done() for one in at_work):
                    stop.wait(0.001)
                made.append((set(acknowledged), taken(book, tmp_path / str(turn))))
        finally:
            stop.set()
        for one in at_work:
            one.result()
    with book.reading() as session:
        assert log_size(session) > made[-1][1].size, "nobody posted meanwhile"
    for turn, (before, manifest) in enumerate(made):
        assert manifest.size > max(before)
        place = places(str(turn))
        put_back(tmp_path / str(turn), place, signing(book))  # which verifies the whole of it
        with opened(place) as restored, restored.reading() as session:
            assert log_size(session) == manifest.size
            assert {row[0] for row in session.connection().exec_driver_sql("SELECT entry_id FROM idem")} >= before
    record_property("count", len(made))
    record_property("result", f"{len(made)} restored whole, the last with {len(made[-1][0]):,} acknowledged before it")


def test_nothing_is_written_over(book: Book, places: Places, tmp_path: Path) -> None:
    source, place, key = tmp_path / "backup", places("home"), signing(filled(book, 1))
    source.mkdir()
    (source / "mine.txt").write_text("mine")
    with pytest.raises(PlaceTaken, match="backup is there already"):
        taken(book, source)
    assert [path.name for path in tmp_path.glob("*backup*")] == ["backup"]
    assert (source / "mine.txt").read_text() == "mine"
    (source / "mine.txt").unlink()
    taken(book, source)  # an empty folder gives way
    own = place.home / PACK
    own.parent.mkdir(parents=True)
    own.write_text("another")
    with pytest.raises(PlaceTaken, match="says something else"):
        put_back(source, place, key)
    shutil.rmtree(place.home)
    if book.dialect == "sqlite":  # a log that a lost book left would be folded into the restored one
        place.home.mkdir()
        (place.home / "book.db-wal").write_bytes(b"left")
        with pytest.raises(PlaceTaken, match="-wal is there already"):
            put_back(source, place, key)
        (place.home / "book.db-wal").unlink()
    put_back(source, place, key)
    with opened(place) as restored:
        put(restored, burning("later"))
        stood = rows(restored)
        with pytest.raises(PlaceTaken, match="nothing is written over it"):
            put_back(source, place, key)
        assert rows(restored) == stood


@on_sqlite
def test_a_book_that_is_not_the_one_that_was_signed_is_not_backed_up(book: Book, tmp_path: Path) -> None:
    put(book, burning("a"))
    one = book.checkpoint_file.read_bytes()
    put(book, burning("b"))
    book.checkpoint_file.unlink()
    with pytest.raises(BadProof, match="no checkpoint of this book lies outside"):
        taken(book, tmp_path / "backup")
    book.checkpoint_file.write_bytes(one)
    with owner_engine(book).begin() as connection:
        connection.exec_driver_sql("UPDATE head SET size = 0")
    with pytest.raises(BadProof, match="run tanzhang verify"):
        taken(book, tmp_path / "backup")
    (book.home / "secrets" / "checkpoint.key").unlink()
    with pytest.raises(BadProof, match="put it back first"):
        taken(book, tmp_path / "backup")
    assert not list(tmp_path.glob("*backup*"))


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """The kernel refuses to write any file beyond that many bytes, for this process and the tools that it runs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_without_room_leaves_no_half_backup_and_no_half_book(book: Book, places: Places, tmp_path: Path) -> None:
    filled(book, 2)
    with no_file_above(40_000), pytest.raises(BackupFailed, match="no backup was made, nothing is left at"):
        taken(book, tmp_path / "backup")
    assert not list(tmp_path.glob("*backup*"))
    taken(book, tmp_path / "backup")
    place = places("home")
    with no_file_above(40_000), pytest.raises(BackupFailed, match="nothing was restored: File too large"):
        put_back(tmp_path / "backup", place, signing(book))
    assert is_empty(place)


@on_sqlite
def test_an_empty_book_is_backed_up_too(book: Book, places: Places, tmp_path: Path) -> None:
    place = places("home")
    manifest = taken(book, tmp_path / "backup")
    assert (manifest.size, [file.name for file in manifest.files]) == (0, [DATABASE[book.dialect]])
    put_back(tmp_path / "backup", place, signing(book))
    with opened(place) as restored:
        assert rows(restored) == rows(book)
        put(restored, burning("first"))
        assert verify(restored) == []


def test_a_tool_older_than_the_server_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match=r"pg_restore of PostgreSQL 99 or later is needed .* TANZHANG_PG_BIN"):
        pg_archive.read_head(tmp_path / "book.dump", version="99.1", pg_bin=str(tmp_path))


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    return int(left.value.code or 0)


def test_the_commands_say_who_signed_and_exit_as_the_others_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("TANZHANG_") and "TEST" not in name]:
        monkeypatch.delenv(name)
    assert run("init", "--home", "a") == 0
    assert run("backup", "copy", "--home", "a", "--json") == 0
    said = capsys.readouterr()
    assert msgspec.json.decode(said.out, type=Manifest).engine == "sqlite"
    assert "secrets/checkpoint.key apart" in said.err
    assert run("backup", "copy", "--home", "a") == 2
    assert run("restore", "copy", "--home", "b") == 3
    assert run("restore", "copy", "--home", "b", "--key", "nowhere") == 2
    assert not (tmp_path / "b").exists()
    assert run("restore", "copy", "--home", "b", "--key", "a/secrets/checkpoint.key") == 0
    assert "the key of a/secrets/checkpoint.key" in capsys.readouterr().err
    assert run("restore", "copy", "--home", "b") == 2
    assert run("verify", "--home", "b") == 0
    with closing(sqlite3.connect(tmp_path / "copy" / "book.db")) as copy:
        copy.execute("PRAGMA user_version = 7")
    assert run("restore", "copy", "--home", "c", "--key", "a/secrets/checkpoint.key") == 3
    assert "book.db was changed" in capsys.readouterr().err
    assert not (tmp_path / "c").exists()
