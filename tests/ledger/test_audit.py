"""Whatever is changed behind the journal's back is found, and the row is named."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

import ledger.tables
from ledger.audit import Violation, verify
from ledger.book import Book, open_book
from ledger.journal import post, reverse_entries
from ledger.principal import LOCAL_ADMIN
from ledger.types import Day, Instant
from tests.conftest import owner_engine
from tests.ledger.books import NOW, burning, put

BOOK_TABLES = [
    table for table in ledger.tables.SQLModel.metadata.sorted_tables
    if table.name in {"book_info", "commodity", "account", "entry", "idem", "posting", "balance", "cell", "cell_share", "reversal", "head"}
]  # fmt: skip

RULING_TABLES = [
    table for table in ledger.tables.SQLModel.metadata.sorted_tables
    if table.name in {"account_rule", "period_state", "hold", "hold_end", "lot", "lot_place", "lot_move", "retirement"}
]  # fmt: skip


def filled(book: Book) -> None:
    """Four entries, one of them reversed, over two months and two commodities."""
    put(book, burning("1", 10))
    put(book, burning("2", 20, day=date(2024, 4, 30)))
    put(book, burning("3", 30))
    with book.writing() as session:
        reverse_entries(session, [1], LOCAL_ADMIN, now=NOW, reason="wrong scale")


@contextmanager
def intruder(book: Book) -> Iterator[sa.Connection]:
    """Somebody with the owner's password and every guard down."""
    engine = sa.create_engine(book.url) if book.dialect == "sqlite" else owner_engine(book)
    with engine.connect() as connection:
        if book.dialect == "postgresql":
            connection.exec_driver_sql("ALTER TABLE account DROP CONSTRAINT IF EXISTS account_commodity_id_fkey")
        for table in (*BOOK_TABLES, *RULING_TABLES):
            if book.dialect == "sqlite":
                for event in ("update", "delete", "replace"):
                    connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table.name}_no_{event}")
            else:
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table.name}_no_change ON {table.name}")
        yield connection
        connection.commit()
    engine.dispose()


def found(book: Book) -> list[Violation]:
    """What verify finds beside the guards that the intruder took down."""
    return [violation for violation in verify(book) if violation.law != "schema"]


def another(column: sa.Column[Any], value: Any) -> Any:
    """A value of the column's own kind, and not the one that stands."""
    if isinstance(column.type, Day):
        return date.fromisoformat(str(value)) + timedelta(days=1)
    if isinstance(column.type, Instant):
        return value + timedelta(microseconds=1_000)
    if isinstance(value, bytes):
        return value[:-1] + bytes([value[-1] ^ 1])
    return value + 1_000 if isinstance(value, int) else f"{value[:-1]}{'b' if value[-1] == 'a' else 'a'}"


NAMED = {  # where the row is named otherwise than by its table
    "account.id": "posting",
    "account.commodity_id": "account",
    "commodity.id": "account",
    "idem.entry_id": "idem",
    "posting.account_id": "posting",
    "cell_share.cell": "cell",
    "cell_share.period": "cell",
    "cell_share.commodity_id": "cell",
    "cell_share.amount": "cell",
    "cell_share.count": "cell",
}


def test_a_change_to_any_column_of_any_table_of_the_book_is_found_and_named(book: Book) -> None:
    filled(book)
    assert verify(book) == []
    with intruder(book):
        pass
    assert found(book) == []
    missed = []
    for table in BOOK_TABLES:
        for column in table.columns:
            with intruder(book) as connection:
                row = connection.execute(sa.select(table).order_by(*table.primary_key.columns).limit(1)).one()._mapping
                same = [other == row[other.name] for other in table.columns]
                connection.execute(table.update().where(*same).values({column.name: another(column, row[column.name])}))
            violations = found(book)
            with intruder(book) as connection:
                back = [other == row[other.name] for other in table.primary_key.columns if other.name != column.name]
                change = another(column, row[column.name])
                connection.execute(table.update().where(*back, column == change).values({column.name: row[column.name]}))
            name = f"{table.name}.{column.name}"
            if not any(NAMED.get(name, table.name) in violation.where for violation in violations):
                missed.append((name, violations))
    assert missed == []
    assert found(book) == [], "all of it was put back"


@pytest.mark.parametrize("table", ["entry", "posting", "idem", "balance", "cell", "cell_share", "reversal", "head", "account", "book_info"])
def test_a_row_that_is_gone_is_found(book: Book, table: str) -> None:
    filled(book)
    with intruder(book) as connection:
        model = ledger.tables.SQLModel.metadata.tables[table]
        row = connection.execute(sa.select(model).limit(1)).one()._mapping
        connection.execute(model.delete().where(*(column == row[column.name] for column in model.primary_key.columns)))
    assert len(found(book)) >= 1


EXTRA = {
    "a posting of an entry that is there": "INSERT INTO posting VALUES (1, 2, 9, 5, 202403)",
    "a posting of no entry": "INSERT INTO posting VALUES (1, 99, 0, 5, 202403)",
    "a second key of an entry": "INSERT INTO idem SELECT {blob}, entry_id, body_hash FROM idem WHERE entry_id = 2",
    "a reversal that no entry makes": "INSERT INTO reversal VALUES (0, 2)",
    "an account without postings": "INSERT INTO account VALUES (99, 'physical', 'nobody', 1)",
    "a balance of no account": "INSERT INTO balance VALUES (99, 0, 0)",
    "a cell without shares": "INSERT INTO cell VALUES ('x', 202403, 1, 5, 1)",
    "a share of no entry": "INSERT INTO cell_share VALUES ('x', 202403, 1, 99, 5, 1)",
    "a second head": "INSERT INTO head SELECT 2, size, root, peaks FROM head",
}


@pytest.mark.parametrize("what", EXTRA)
def test_a_row_that_was_never_posted_is_found(book: Book, what: str) -> None:
    filled(book)
    with intruder(book) as connection:
        blob = "x'00112233445566778899aabbccddeeff'" if book.dialect == "sqlite" else "'\\x00112233445566778899aabbccddeeff'::bytea"
        connection.exec_driver_sql(EXTRA[what].format(blob=blob))
    assert len(found(book)) >= 1


def test_an_entry_rewritten_with_all_its_rows_and_the_tree_is_told_by_the_checkpoint(make_book: Callable[[], Book]) -> None:
    book, other = make_book(), make_book()
    filled(book)
    put(other, burning("1", 10))
    put(other, burning("2", 21, day=date(2024, 4, 30)))
    forged = Book(url=other.url, engine=other.engine, home=book.home, id=book.id)
    with intruder(other) as connection:
        for column in ("id", "created_at"):
            with book.reading() as session:
                value = session.connection().exec_driver_sql(f"SELECT {column} FROM book_info").scalar_one()
            mark = "?" if book.dialect == "sqlite" else "%s"
            connection.exec_driver_sql(f"UPDATE book_info SET {column} = {mark}", (value,))
    assert [(violation.law, violation.where) for violation in found(forged)] == [
        ("checkpoint", "entry 1"),  # the tree is whole, but not the one that was signed over two entries
        ("rolled-back", "database"),  # and shorter than the one that was signed last
    ]


def test_a_database_rolled_back_to_a_copy_is_told_from_an_honest_one(book: Book, tmp_path: Path) -> None:
    if book.dialect != "sqlite":
        pytest.skip("a copy of the file is SQLite's way; PostgreSQL's is the test above")
    put(book, burning("1", 10))
    file = book.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file)) as live, closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        live.backup(copy)
    put(book, burning("2", 20))
    book.engine.dispose()
    shutil.copy(tmp_path / "copy.db", file)
    for end in ("-wal", "-shm"):
        Path(file + end).unlink(missing_ok=True)
    back = open_book(book.url, home=book.home)
    (violation,) = verify(back)
    assert str(violation) == "rolled-back: database: a checkpoint was signed over 2 entries, the database holds 1: it was rolled back"
    put(back, burning("3", 30))
    put(back, burning("4", 40))
    (violation,) = verify(back)
    assert (violation.law, violation.where) == ("checkpoint", "entry 1"), "posting on does not make it honest"
    back.engine.dispose()


def test_a_book_without_its_checkpoints_and_one_with_anothers_say_so(make_book: Callable[[], Book]) -> None:
    book = make_book()
    assert verify(book) == []
    put(book, burning("1"))
    log = book.checkpoint_file
    honest = log.read_bytes()
    log.unlink()
    assert [violation.law for violation in verify(book)] == ["checkpoint"]
    log.write_bytes(honest.replace(b"tanzhang/", b"tanzhanG/", 1))
    assert {violation.law for violation in verify(book)} == {"checkpoint"}
    log.write_bytes(honest)
    assert verify(book) == []


def test_each_commit_that_lengthens_the_log_is_signed_outside_and_no_other(book: Book) -> None:
    put(book, burning("1"))
    put(book, burning("1"))
    with book.writing() as session:
        post(session, burning("2"), LOCAL_ADMIN, now=NOW)
        post(session, burning("3"), LOCAL_ADMIN, now=NOW)
    sizes = [note.split("\n")[1] for note in book.checkpoint_file.read_text().split("\n\n\n") if note]
    assert sizes == ["1", "3"]


def test_laws_of_the_storeys_above_are_asked_too(book: Book) -> None:
    def law(session: Session) -> list[Violation]:
        return [Violation("meaning", "line 1", f"{session.connection().exec_driver_sql('SELECT size FROM head').scalar_one()} entries")]

    put(book, burning("1"))
    assert [str(violation) for violation in verify(book, laws=[law])] == ["meaning: line 1: 1 entries"]


def test_an_honest_book_is_never_accused(book: Book) -> None:
    for number in range(12):
        put(book, burning(str(number), number + 1), now=datetime.fromisoformat("2026-11-25T10:00:00.000001+08:00") + timedelta(days=number))
        assert verify(book) == []
