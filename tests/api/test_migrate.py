"""A book of an older version is brought to this one, with a backup first that is known to hold."""

import importlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations

import api.operations.migration
from api.cli import main
from api.commands.backup import means
from api.operations.marks import marked
from api.operations.migration import migrate
from carbon.audit import verify
from ledger import guard
from ledger.backup import backup
from ledger.book import Book, open_book
from ledger.errors import BookNotMigrated
from ledger.manifest import BackupRefused
from ledger.restore import Place
from ledger.tables import REVISION
from migrations import upgrade
from tests.conftest import owner_engine
from tests.ledger.backups import owner_of, pg_bin
from tests.ledger.books import burning, put

NOW = datetime(2026, 11, 28, tzinfo=UTC)
BEFORE = "0001"


def make_old(book: Book) -> Place:
    """Take the book back to the first revision, as it was before there were doors."""
    later = [importlib.import_module(f"migrations.versions.{name}") for name in ("0003_enterprise", "0002_doors")]
    engine = owner_engine(book)
    with engine.begin() as connection:
        if book.dialect == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL ROLE {guard.OWNER}")
        with Operations.context(MigrationContext.configure(connection)):
            for revision in later:
                revision.downgrade()
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{BEFORE}'")
    engine.dispose()
    return Place(book.url, owner_of(book.url), book.home, pg_bin())


@pytest.fixture
def old(book: Book) -> Place:
    """A book of the first revision that holds two entries."""
    put(book, burning("1"))
    put(book, burning("2"))
    return make_old(book)


def revision_of(place: Place) -> str:
    with pytest.raises(BookNotMigrated, match="run `tanzhang migrate`") as refused:
        open_book(place.url, home=place.home)
    return refused.value.reason


def test_a_book_is_backed_up_and_brought_to_this_version(old: Place) -> None:
    assert BEFORE in revision_of(old)
    done = migrate(old, _means(), now=NOW)
    assert (done.before, done.after) == (BEFORE, REVISION)
    assert done.backup is not None
    manifest = json.loads((done.backup / "manifest.json").read_text())
    assert (manifest["revision"], manifest["size"]) == (BEFORE, 2)
    book = open_book(old.url, home=old.home)
    engine = owner_engine(book)
    with engine.connect() as connection:
        assert guard.missing(connection) == []
    engine.dispose()
    book.engine.dispose()
    assert sorted(path.name for path in (old.home / "backups").iterdir()) == [done.backup.name]


def test_a_book_of_this_version_is_left_as_it_is(book: Book) -> None:
    place = Place(book.url, owner_of(book.url), book.home, pg_bin())
    done = migrate(place, _means(), now=NOW)
    assert (done.before, done.after, done.backup) == (REVISION, REVISION, None)
    assert not (book.home / "backups").exists()


def test_a_backup_that_does_not_verify_stops_the_migration(old: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def torn(*arguments: Any, **options: Any) -> object:
        made = backup(*arguments, **options)
        database = arguments[1] / ("book.db" if old.dialect == "sqlite" else "book.dump")
        data = bytearray(database.read_bytes())
        data[len(data) // 2] ^= 1
        database.write_bytes(data)
        return made

    monkeypatch.setattr(api.operations.migration, "backup", torn)
    with pytest.raises(BackupRefused, match="is not what was signed"):
        migrate(old, _means(), now=NOW)
    assert BEFORE in revision_of(old)


def test_a_backup_is_left_out_only_by_two_words(
    make_book: Callable[[], Book], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = make_old(make_book())
    where = ("--home", str(place.home), "--database", place.url)
    monkeypatch.setenv("TANZHANG_OWNER_URL", place.owner_url)
    assert run("migrate", "--no-backup", *where) == 2
    assert "add --yes" in capsys.readouterr().err
    assert BEFORE in revision_of(place)
    assert run("migrate", "--no-backup", "--yes", "--json", *where) == 0
    assert json.loads(capsys.readouterr().out) == {"before": BEFORE, "after": REVISION, "backup": None}
    assert run("migrate", *where) == 0
    assert "nothing to do" in capsys.readouterr().err


def test_the_command_keeps_the_backup_in_the_home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path}/book.db"
    upgrade(url, home=tmp_path)
    book = open_book(url, home=tmp_path)
    make_old(book)
    book.engine.dispose()
    assert run("migrate", "--home", str(tmp_path), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert Path(told["backup"]).parent == tmp_path / "backups"
    assert marked(tmp_path, "backed-up") is not None
    migrated = open_book(url, home=tmp_path)
    assert verify(migrated) == []
    migrated.engine.dispose()


def test_to_open_an_old_book_takes_the_same_backup_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path}/book.db"
    upgrade(url, home=tmp_path)
    book = open_book(url, home=tmp_path)
    make_old(book)
    book.engine.dispose()
    assert run("init", "--home", str(tmp_path)) == 0
    assert "trying the backup" in capsys.readouterr().err
    assert len(list((tmp_path / "backups").iterdir())) == 1
    migrated = open_book(url, home=tmp_path)
    assert verify(migrated) == []
    migrated.engine.dispose()


def test_where_no_book_is_none_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("migrate", "--home", str(tmp_path / "nowhere")) == 1
    assert "run `tanzhang init`" in capsys.readouterr().err
    assert not (tmp_path / "nowhere" / "book.db").exists()


def _means() -> Any:
    from dataclasses import replace

    from ledger.audit import verify as of_the_ledger

    return replace(means(), verify=of_the_ledger)  # these books have cells of no line, which carbon's laws would not have


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    return int(str(left.value.code or 0))
