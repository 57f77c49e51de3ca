"""The doctor finds what is wrong, and says how to mend each thing."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.auth.office import Office
from api.auth.password import hashed
from api.auth.user import add_user, bind
from api.auth.vault import Vault
from api.cli import main
from api.operations import house, machine
from api.operations.finding import Finding
from api.operations.marks import mark
from carbon.settings import Settings, read_settings
from ledger.book import Book
from ledger.guard import OWNER
from tests.conftest import owner_engine
from tests.ledger.books import burning, put

PASSWORD = "a long enough password"


def settings(book: Book, **given: str) -> Settings:
    return read_settings(environment={}, flags={"home": str(book.home), "database_url": book.url, **given})


def found(chosen: Settings) -> dict[str, Finding]:
    return {one.check: one for check in house.CHECKS for one in check(chosen)}


def test_a_new_book_lacks_a_user_and_a_backup_and_nothing_else(book: Book) -> None:
    told = found(settings(book))
    assert {name for name, one in told.items() if one.ok is None and name != "modes"} == {"users", "backed up"}
    assert not [one for one in told.values() if one.ok is False]
    assert "tanzhang user add LOGIN --role administrator" in told["users"].mend


def test_others_can_come_in_and_nobody_is_there_to_let_them(book: Book) -> None:
    told = found(settings(book, public_url="https://carbon.example.org"))
    assert told["users"].ok is False
    assert (told["doors"].ok, "TANZHANG_TRUSTED_PROXIES" in told["doors"].mend) == (None, True)
    assert found(settings(book, public_url="https://carbon.example.org", trusted_proxies="10.0.0.7"))["doors"].ok is True


def test_users_of_the_demo_have_no_place_where_others_come_in(book: Book) -> None:
    now = datetime.now(UTC)
    with book.writing() as session:
        user = add_user(session, Vault.at(book.home), login="demo", password=hashed(PASSWORD), example=True, now=now)
        bind(session, user, Office.ADMINISTRATOR, by="local-admin", now=now)
    assert found(settings(book, environment="demo"))["demo users"].ok is None
    assert found(settings(book))["demo users"].ok is False, "serve refuses such a book"
    told = found(settings(book, public_url="https://carbon.example.org"))
    assert told["demo users"].ok is False
    assert "none of them is security" in told["users"].found


def test_secrets_that_others_may_read_are_named(book: Book) -> None:
    Vault.at(book.home)
    file = book.home / "secrets" / "vault.key"
    file.chmod(0o644)
    told = found(settings(book))["secrets"]
    assert (told.ok, told.mend) == (False, f"chmod go-rwx {file}")
    file.chmod(0o600)
    assert found(settings(book))["secrets"].ok is True


def test_checkpoints_that_are_gone_behind_or_ahead_are_told(book: Book) -> None:
    put(book, burning("1"))
    log = book.checkpoint_file
    first = log.read_bytes()
    put(book, burning("2"))
    second = log.read_bytes()
    assert found(settings(book))["checkpoints"] == Finding("checkpoints", True, "signed over 2 entries")
    log.write_bytes(first)
    assert found(settings(book))["checkpoints"].found == "signed over 1 entries, 1 behind"
    log.unlink()
    assert found(settings(book))["checkpoints"].ok is False
    log.write_bytes(second.replace(b"tanzhang/", b"tanzhant/"))
    assert found(settings(book))["checkpoints"].ok is False


def test_a_backup_grows_old(book: Book) -> None:
    mark(book.home, "backed-up", now=datetime.now(UTC))
    assert found(settings(book))["backed up"].ok is True
    mark(book.home, "backed-up", now=datetime.now(UTC) - timedelta(days=3))
    told = found(settings(book))["backed up"]
    assert (told.ok, told.mend) == (None, "`tanzhang backup DEST`")


def test_an_entry_of_tomorrow_says_that_the_clock_went_back(book: Book) -> None:
    put(book, burning("1"), now=datetime.now(UTC) + timedelta(days=1))
    assert found(settings(book))["clock and book"].ok is False


def test_roles_that_may_too_much_are_told(book: Book) -> None:
    if book.dialect == "sqlite":
        pytest.skip("SQLite has no roles")
    assert found(settings(book))["roles"].ok is True
    engine = owner_engine(book)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SET LOCAL ROLE {OWNER}")
        connection.exec_driver_sql("GRANT DELETE ON entry TO tanzhang_writer")
    engine.dispose()
    told = found(settings(book))["roles"]
    assert (told.ok, "entry" in told.found) == (False, True)


def test_a_superuser_walks_past_the_wall_and_is_told(book: Book, request: pytest.FixtureRequest) -> None:
    if book.dialect == "sqlite":
        pytest.skip("SQLite has no roles")
    assert found(settings(book))["login"].ok is True
    server: sa.URL = request.getfixturevalue("postgres")
    url = server.set(database=sa.make_url(book.url).database).render_as_string(hide_password=False)
    told = found(read_settings(environment={}, flags={"home": str(book.home), "database_url": url}))["login"]
    assert (told.ok, "CREATE ROLE" in told.mend) == (False, True)


def test_a_full_disk_and_a_stopped_clock_are_told(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = settings(book)
    monkeypatch.setattr(machine, "room", lambda folder: 10_000)
    (disk,) = machine.disk(chosen)
    assert (disk.ok, "make room" in disk.mend) == (False, True)
    monkeypatch.setattr(machine, "BUILT", datetime.now(UTC) + timedelta(days=1))
    (clock,) = machine.clock(chosen)
    assert (clock.ok, "timedatectl" in clock.mend) == (False, True)


def test_every_finding_that_is_not_well_says_how_to_mend_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["doctor", "--json", "--home", str(tmp_path / "nowhere")])
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert left.value.code == 1
    assert {one["check"] for one in told} >= {"python", "sqlite", "front end", "fonts", "port", "clock", "home", "book", "doors"}
    assert all(one["mend"] for one in told if one["ok"] is not True)
