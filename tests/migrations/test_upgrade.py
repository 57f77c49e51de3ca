"""From nothing to the tables of this version, on both engines, as a deployment does it."""

import importlib
import pkgutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

import migrations
from ledger import guard
from ledger.audit import verify
from ledger.book import Book, make_engine, open_book
from ledger.errors import BookNotMigrated, RolesMissing
from ledger.tables import REVISION
from migrations import is_current, newest, upgrade
from tests.conftest import admin, owner_engine, url_text
from tests.ledger.books import amount_of, burning, put


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The url of an empty database: a file that is not there, or a database whose owner is the login and no superuser."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/new/book.db"
        return
    request.getfixturevalue("postgres_template")  # makes the logins
    server: sa.URL = request.getfixturevalue("postgres")
    name = f"tanzhang_{uuid.uuid4().hex[:12]}"
    login = f"firm_{uuid.uuid4().hex[:8]}"
    with admin(server) as connection:
        connection.exec_driver_sql(f"CREATE ROLE {login} LOGIN CREATEROLE PASSWORD 'test'")
        for role in (guard.OWNER, guard.WRITER, guard.READER):
            connection.exec_driver_sql(f"GRANT {role} TO {login} WITH ADMIN OPTION")
        connection.exec_driver_sql(f"CREATE DATABASE {name} OWNER {login}")
    yield url_text(server.set(database=name, username=login, password="test"))
    with admin(server) as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        connection.exec_driver_sql(f"DROP ROLE {login}")


def test_the_models_are_what_the_migrations_make(book: Book) -> None:
    engine = owner_engine(book)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, SQLModel.metadata)
        assert guard.missing(connection) == []
    engine.dispose()
    assert differences == []


def test_every_table_of_every_storey_is_in_the_metadata_that_is_migrated() -> None:
    from migrations import models

    packages = ("ledger", "carbon", "api")
    found = {
        name
        for package in packages
        for _, name, _ in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}.")
        if name.rsplit(".", 1)[-1] == "tables"
    }
    assert found == {module.__name__ for module in models()}


def test_there_is_one_newest_revision_and_the_ledger_asks_for_it() -> None:
    heads = ScriptDirectory.from_config(migrations.config()).get_heads()
    assert heads == [newest()]
    assert newest() == REVISION


def test_an_empty_database_becomes_a_book_once(empty: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    if empty.startswith("sqlite"):
        with pytest.raises(BookNotMigrated, match="tanzhang init"):
            open_book(empty, home=home)
    assert is_current(empty) is False
    assert upgrade(empty, home=home) is True
    assert is_current(empty) is True
    assert upgrade(empty, home=home) is False
    book = open_book(empty, home=home)
    put(book, burning("1"))
    assert amount_of(book, "holder/") == 2_167_437_703
    assert verify(book) == []
    book.engine.dispose()


def test_a_database_without_a_book_is_not_opened_and_says_what_to_do(empty: str, tmp_path: Path) -> None:
    if empty.startswith("sqlite"):
        Path(empty.removeprefix("sqlite:///")).parent.mkdir()
        Path(empty.removeprefix("sqlite:///")).touch()
    with pytest.raises(BookNotMigrated, match="run `tanzhang init`"):
        open_book(empty, home=tmp_path)


def test_asking_whether_there_is_a_book_makes_none(tmp_path: Path) -> None:
    assert is_current(f"sqlite:///{tmp_path}/none.db") is False
    assert not (tmp_path / "none.db").exists()


def test_one_login_for_all_works_as_somebody_who_cannot_drop_a_guard(empty: str, tmp_path: Path) -> None:
    if empty.startswith("sqlite"):
        pytest.skip("SQLite has no roles")
    upgrade(empty, home=tmp_path)
    book = open_book(empty, home=tmp_path)
    for role in ("writing", "reading"):
        with pytest.raises(sa.exc.DBAPIError, match=r"must be owner|permission denied|read-only"), getattr(book, role)() as session:
            session.connection().exec_driver_sql("DROP TRIGGER entry_no_change ON entry")
    with book.reading() as session:
        owners = session.connection().exec_driver_sql("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'").all()
    assert [row[0] for row in owners] == [guard.OWNER]
    book.engine.dispose()


def test_a_login_that_may_not_take_the_roles_on_says_what_an_administrator_has_to_run(empty: str, postgres: sa.URL, tmp_path: Path) -> None:
    if empty.startswith("sqlite"):
        pytest.skip("SQLite has no roles")
    login = f"stranger_{uuid.uuid4().hex[:8]}"
    with admin(postgres) as connection:
        connection.exec_driver_sql(f"CREATE ROLE {login} LOGIN PASSWORD 'test'")
    with pytest.raises(RolesMissing, match=f"GRANT tanzhang_writer TO {login}"):
        upgrade(url_text(sa.make_url(empty).set(username=login)), home=tmp_path)
    assert is_current(empty) is False
    with admin(postgres) as connection:
        connection.exec_driver_sql(f"DROP ROLE {login}")


def test_a_book_of_a_later_program_is_left_alone(empty: str, tmp_path: Path) -> None:
    upgrade(empty, home=tmp_path)
    engine = make_engine(empty)
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL ROLE {guard.OWNER}")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    with pytest.raises(BookNotMigrated, match="9999 is of a later program"):
        upgrade(empty, home=tmp_path)
    with pytest.raises(BookNotMigrated, match="9999"):
        open_book(empty, home=tmp_path)
