"""From nothing to the tables of this version, on both engines, as a deployment does it."""

import importlib
import pkgutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

import migrations
from carbon.audit import verify as filled_in
from ledger import guard
from ledger.audit import verify
from ledger.book import Book, make_engine, open_as_it_is, open_book
from ledger.errors import BookNotMigrated, RolesMissing
from ledger.proof_file import check
from ledger.prove import own_key, prove_entry, prove_growth
from ledger.tables import REVISION
from migrations import is_current, newest, upgrade
from tests.conftest import admin, owner_engine, url_text
from tests.ledger.books import amount_of, burning, put
from tests.world import build


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


KEPT = (
    "entry", "posting", "idem", "account", "commodity", "balance", "cell", "cell_share", "head", "tile", "reversal", "holder", "alias", "site",
    "site_division", "site_reach", "import_file", "activity_line", "resolution", "division_below",
)  # fmt: skip
"""What stands in the first version already, and the two tables that the second fills out of it."""


def test_a_filled_book_goes_to_the_first_version_and_back_and_nothing_is_lost(book: Book, tmp_path: Path) -> None:
    """Downgraded by Alembic itself, walls and guards standing: what is left is such a book as the first version made."""
    world = build(book, tmp_path)
    before, proof = rows_of(book), prove_entry(book, 3).text().encode()
    owner = owner_engine(book)
    with owner.connect().execution_options(tanzhang="writes") as connection:
        if book.dialect == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL ROLE {guard.OWNER}")
            assert walls(connection) > 20
        command.downgrade(migrations.config(connection), "0001")
        connection.commit()
        assert not {"job", "binding", "site_reach"} & set(sa.inspect(connection).get_table_names())
        assert book.dialect == "sqlite" or walls(connection) == 0
    owner_url = book.url if book.dialect == "sqlite" else url_text(owner.url)
    assert open_as_it_is(book.url, home=book.home)[1] == "0001"
    assert upgrade(book.url, home=book.home, owner_url=owner_url) is True
    assert rows_of(book) == before
    assert filled_in(book) == []
    with owner.connect() as connection:
        assert guard.missing(connection) == []
    owner.dispose()
    checked = check(proof, key=own_key(book))
    assert (checked.entry is not None and checked.entry.id, checked.trusted) == (3, True)
    again = open_book(book.url, home=book.home)
    assert (again.id, put(again, burning("1")).created) == (book.id, 1)
    assert check(prove_growth(again, len(before["entry"])).text().encode(), key=own_key(again)).older == checked.checkpoint
    assert verify(again) == []
    with again.reading(world.firm("own")) as session:
        seen = session.connection().exec_driver_sql("SELECT DISTINCT holder_id FROM activity_line").scalars().all()
    assert set(seen) == (set(world.holders.values()) if book.dialect == "sqlite" else {world.holders["own"]})
    again.engine.dispose()


def rows_of(book: Book) -> dict[str, set[tuple[object, ...]]]:
    with book.reading() as session:
        connection = session.connection()
        return {
            table: {
                tuple(bytes(cell) if isinstance(cell, memoryview) else cell for cell in row)
                for row in connection.exec_driver_sql(f"SELECT * FROM {table}")
            }
            for table in KEPT
        }


def walls(connection: sa.Connection) -> int:
    return int(connection.exec_driver_sql("SELECT count(*) FROM pg_policies WHERE schemaname = current_schema()").scalar_one())
