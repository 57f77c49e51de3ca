"""What the database itself refuses, whoever asks."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

import carbon.region.tables
import carbon.tables
from ledger import guard
from ledger.audit import verify
from ledger.balances import cells
from ledger.book import Book, open_book
from ledger.errors import BookNotMigrated, BookUnreadable, DiskFull
from ledger.journal import post
from ledger.principal import LOCAL_ADMIN
from tests.conftest import owner_engine
from tests.ledger.books import NOW, burning, put

TABLES = (carbon.tables, carbon.region.tables)  # imported, so that their tables are known
FOR_EVER = guard.append_only(SQLModel.metadata)


@contextmanager
def owner(book: Book) -> Iterator[sa.Connection]:
    """Somebody with the owner's password, whose changes stand."""
    engine = owner_engine(book)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def writer(book: Book) -> Iterator[sa.Connection]:
    """What the journal writes through."""
    with book.writing() as session:
        yield session.connection()


def test_the_books_and_what_explains_them_are_append_only() -> None:
    assert {"entry", "posting", "idem", "reversal", "account", "commodity", "book_info", "cell_share"} <= set(FOR_EVER)
    assert {"activity_line", "series", "series_cell"} <= set(FOR_EVER)
    assert not {"balance", "cell", "head"} & set(FOR_EVER)


@pytest.mark.parametrize("whose", ["owner", "writer"])
def test_rows_that_stand_for_ever_cannot_be_changed_or_deleted(book: Book, whose: str) -> None:
    put(book, burning("1"))
    full = ["entry", "posting", "idem", "account", "commodity", "book_info", "cell_share"]
    for table in FOR_EVER if book.dialect == "postgresql" else full:
        column = next(iter(SQLModel.metadata.tables[table].columns)).name
        statements = [f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column}"]
        if book.dialect == "postgresql":
            statements.append(f"TRUNCATE {table} CASCADE")
        for statement in statements:
            refusal = "append-only" if whose == "owner" else "append-only|permission denied"
            session = owner(book) if whose == "owner" else writer(book)
            with pytest.raises(DBAPIError, match=refusal), session as connection:
                connection.exec_driver_sql(statement)
    assert verify(book) == []


@pytest.mark.parametrize("kind", ["entry", "posting", "idem", "account", "cell_share", "commodity"])
def test_a_replacing_insert_is_refused_even_on_a_connection_that_does_not_ask_for_recursive_triggers(book: Book, kind: str) -> None:
    if book.dialect != "sqlite":
        pytest.skip("only SQLite has INSERT OR REPLACE")
    put(book, burning("1"))
    table = SQLModel.metadata.tables[kind]
    last = [column.name for column in table.columns if not column.primary_key][-1]
    other = "x'00'" if kind == "entry" else "'t'" if kind == "commodity" else f"{last} + 1"
    columns = ", ".join(other if column.name == last else f'"{column.name}"' for column in table.columns)
    plain = sqlite3.connect(book.url.removeprefix("sqlite:///"), isolation_level=None)
    for verb in ("INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            plain.execute(f"{verb} INTO {kind} SELECT {columns} FROM {kind}")
    if kind == "account":
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            plain.execute("REPLACE INTO account SELECT id + 100, book, name, commodity_id FROM account")
    if kind in {"entry", "posting"}:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            plain.execute("INSERT INTO posting SELECT account_id, entry_id, leg + 2, amount, period FROM posting")
    else:
        plain.execute(f"INSERT OR IGNORE INTO {kind} SELECT * FROM {kind}")
    plain.close()
    assert verify(book) == []


def test_a_reading_session_cannot_write_on_either_engine(book: Book) -> None:
    with pytest.raises(Exception, match=r"(?i)read-?only|permission denied"), book.reading() as session:
        post(session, burning("1"), LOCAL_ADMIN, now=NOW)
    for statement in ("UPDATE head SET size = 7", "DELETE FROM balance", "INSERT INTO commodity VALUES (1, 'CO2', 'g')"):
        with pytest.raises(DBAPIError, match=r"(?i)readonly|read-only|permission denied"), book.reading() as session:
            session.connection().exec_driver_sql(statement)
    put(book, burning("1"))
    with book.reading() as session:
        assert cells(session).height == 1, "the same connection goes back to writing and reading"


def test_the_writer_adds_and_moves_sums_but_cannot_take_the_guards_away(book: Book) -> None:
    if book.dialect != "postgresql":
        pytest.skip("SQLite has no roles: who may write its file may change it, which is what verify is for")
    put(book, burning("1"))
    for statement in (
        "DELETE FROM balance", "DELETE FROM head", "TRUNCATE cell", "DROP TABLE entry", "CREATE TABLE mine (x int)",
        "ALTER TABLE entry DISABLE TRIGGER ALL", "DROP TRIGGER entry_no_change ON entry", "SET session_replication_role = replica",
        "UPDATE alembic_version SET version_num = '0'", "SET LOCAL ROLE tanzhang_owner",
    ):  # fmt: skip
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"), book.writing() as session:
            session.connection().exec_driver_sql(statement)
    with pytest.raises(DBAPIError, match="permission denied"), book.engine.connect() as connection:
        connection.exec_driver_sql("SELECT * FROM entry")


WEAKENED = {
    "sqlite": [
        "DROP TRIGGER entry_no_update",
        "DROP TRIGGER entry_no_replace",
        "CREATE TRIGGER quiet AFTER INSERT ON posting BEGIN UPDATE balance SET amount = amount + 1; END",
        "ALTER TABLE entry ADD COLUMN note TEXT",
        "DROP INDEX hold_end_hold",
        "ALTER TABLE idem RENAME COLUMN entry_id TO entry",
    ],
    "postgresql": [
        "ALTER TABLE entry DISABLE TRIGGER entry_no_change",
        "ALTER TABLE entry ENABLE TRIGGER entry_no_change",
        "DROP TRIGGER posting_no_change ON posting",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
        "CREATE TRIGGER quiet AFTER INSERT ON posting EXECUTE FUNCTION refuse_change()",
        "ALTER TABLE entry ALTER COLUMN payload DROP NOT NULL",
        "ALTER TABLE posting ALTER COLUMN amount TYPE numeric",
        "ALTER TABLE reversal DROP CONSTRAINT reversal_by_id_key",
        "ALTER TABLE posting DROP CONSTRAINT posting_pkey",
        "GRANT DELETE ON balance TO tanzhang_writer",
        "GRANT INSERT ON entry TO tanzhang_reader",
    ],
}


def test_a_weakened_schema_is_noticed(book: Book) -> None:
    with book.reading() as session:
        assert guard.missing(session.connection()) == []
    for statement in WEAKENED[book.dialect]:
        engine = owner_engine(book)
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
            faults = guard.missing(connection)
            connection.rollback()
        engine.dispose()
        assert len(faults) >= 1, statement
        if "idem" not in statement and "FUNCTION refuse_change() RETURNS" not in statement:
            assert len(faults) == 1, (statement, faults)


def test_guards_can_be_put_in_place_again(book: Book) -> None:
    with owner(book) as connection:
        if book.dialect == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER entry_no_update")
        else:
            connection.exec_driver_sql("DROP TRIGGER entry_no_change ON entry")
            connection.exec_driver_sql("GRANT DELETE ON balance TO tanzhang_writer")
    assert [violation.law for violation in verify(book)] == ["schema"] * (1 if book.dialect == "sqlite" else 2)
    with owner(book) as connection:
        guard.install(connection)
    assert verify(book) == []


def test_a_database_of_another_version_is_not_opened(book: Book) -> None:
    from ledger.book import open_book

    with owner(book) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(BookNotMigrated, match="revision 0000"):
        open_book(book.url, home=book.home)


def fill_the_disk(book: Book) -> None:
    """Write as the bulk writer does, past SQLAlchemy's own wrapping of errors, until there is no room."""
    with book.writing() as session:
        connection = session.connection()
        if book.dialect == "postgresql":
            connection.exec_driver_sql("DO $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$")
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        connection.connection.cursor().execute("INSERT INTO resolution (id, content) VALUES (?, ?)", (b"", "x" * 1_000_000))


def test_a_full_disk_is_told_as_what_it_is_and_books_nothing(book: Book) -> None:
    put(book, burning("1"))
    with pytest.raises(DiskFull, match="nothing was booked"):
        fill_the_disk(book)
    assert verify(book) == []


def test_a_book_that_cannot_be_opened_is_not_called_absent(tmp_path: Path) -> None:
    (tmp_path / "book.db").mkdir()
    with pytest.raises(BookUnreadable, match="unable to open"):
        open_book(f"sqlite:///{tmp_path}/book.db", home=tmp_path)
