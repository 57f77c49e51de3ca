"""What was never posted, or is not what was signed, is found. Every column, row and order: tests/ledger/test_tamper.py."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

import ledger.tables
from ledger.audit import Violation, verify
from ledger.book import Book
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


EXTRA = {
    "a posting of an entry that is there": "INSERT INTO posting VALUES (1, 2, 9, 5, 202403)",
    "a posting of no entry": "INSERT INTO posting VALUES (1, 99, 0, 5, 202403)",
    "a second key of an entry": "INSERT INTO idem SELECT {blob}, entry_id FROM idem WHERE entry_id = 2",
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
