"""Whatever is changed in the record of access is found, and the first wrong row is named."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from api.audit.check import broken, lost
from api.audit.record import Record, append
from api.audit.sign import log_file, sign_log
from api.cli import main
from api.operations import house
from carbon.audit import verify
from carbon.settings import read_settings
from ledger.book import Book
from ledger.guard import sqlite_triggers
from tests.conftest import owner_engine

AT = datetime(2026, 11, 28, 1, 2, 3, tzinfo=UTC)


def filled(book: Book, count: int = 9) -> Book:
    for number in range(count):
        with book.writing() as session:
            append(session, [Record(at=AT, action="read", method="GET", route="/x", status=200, user="u7k2m9x4p1q", object=str(number))])
        if number % 2 == 0:
            sign_log(book)
    return book


def meddle(book: Book, *statements: str) -> None:
    """As somebody who holds the owner's password: past the triggers, and with them back in place."""
    engine = owner_engine(book)
    with engine.connect().execution_options(tanzhang="writes") as connection, connection.begin():
        if book.dialect == "sqlite":
            triggers = {name: sql for name, sql in sqlite_triggers(SQLModel.metadata).items() if name.startswith("access_")}
            for name in triggers:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            connection.exec_driver_sql("ALTER TABLE access DISABLE TRIGGER access_no_change")
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%") if book.dialect == "postgresql" else statement)
        if book.dialect == "sqlite":
            for sql in triggers.values():
                connection.exec_driver_sql(sql)
        else:
            connection.exec_driver_sql("ALTER TABLE access ENABLE ALWAYS TRIGGER access_no_change")
    engine.dispose()


def test_an_honest_record_holds_and_verify_reads_it_too(book: Book) -> None:
    from api.audit.check import law_of

    filled(book)
    assert broken(book) == []
    assert verify(book, laws=[law_of(book)]) == []


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ("UPDATE access SET user_id = 'u0000000000' WHERE id = 4", "access 4"),
        ("UPDATE access SET action = 'write' WHERE id = 4", "access 4"),
        ("UPDATE access SET object = '9' WHERE id = 4", "access 4"),
        ("UPDATE access SET status = 403 WHERE id = 4", "access 4"),
        ("UPDATE access SET payload = leaf WHERE id = 4", "access 4"),
        ("UPDATE access SET leaf = (SELECT leaf FROM access WHERE id = 5) WHERE id = 4", "access 4"),
        ("DELETE FROM access WHERE id = 4", "access 4"),
        ("DELETE FROM access WHERE id = 8", "access"),
        ("DELETE FROM access", "access"),
        ("UPDATE access SET id = 12 WHERE id = 8", "access 8"),
        ("UPDATE access SET id = -1 WHERE id = 0", "access -1"),
        ("UPDATE access_head SET size = 8", "access_head"),
        ("UPDATE access_head SET root = peaks", "access_head"),
        ("DELETE FROM access_head", "access_head"),
    ],
)
def test_a_change_is_found_and_named(book: Book, change: str, where: str) -> None:
    filled(book)
    meddle(book, change)
    (violation,) = broken(book)
    assert violation.where == where


def test_a_row_that_was_made_anew_with_its_hashes_is_not_what_was_signed(book: Book) -> None:
    filled(book)
    meddle(
        book, "DELETE FROM access", "UPDATE access_head SET size = 0, peaks = " + ("x''" if book.dialect == "sqlite" else r"'\x'::bytea")
    )
    with book.writing() as session:
        append(session, [Record(at=AT, action="read", method="GET", route="/x", status=200, object=str(n * 2)) for n in range(9)])
    (violation,) = broken(book)
    assert "not the one that was signed" in violation.reason


def test_a_record_that_was_rolled_back_is_found_by_what_was_signed_outside(book: Book, make_book: Callable[[], Book]) -> None:
    filled(book)
    kept = log_file(book).read_bytes()
    meddle(
        book, "DELETE FROM access", "UPDATE access_head SET size = 0, peaks = " + ("x''" if book.dialect == "sqlite" else r"'\x'::bytea")
    )
    with book.writing() as session:
        append(session, [Record(at=AT, action="read", method="GET", route="/x", status=200, user="u7k2m9x4p1q", object="0")])
    assert log_file(book).read_bytes() == kept
    assert any("rolled back" in violation.reason for violation in broken(book))


def test_a_forged_checkpoint_is_found(book: Book) -> None:
    filled(book)
    file = log_file(book)
    file.write_bytes(file.read_bytes().replace(b"\n9\n", b"\n8\n"))
    assert [violation.where for violation in broken(book)] == [file.name]


def one_more(book: Book) -> None:
    """A record more, and whoever signs comes by."""
    with book.writing() as session:
        append(session, [Record(at=AT, action="read", method="GET", route="/x", status=200, object="1")])
    sign_log(book)


def shorten(file: Path, notes: int) -> bytes:
    """Keep so many of the notes of a log; what was there before."""
    kept = file.read_bytes()
    parts = kept.split(b"\n\n\n")
    file.write_bytes(b"".join(part + b"\n\n\n" for part in parts[:notes]))
    return kept


@pytest.mark.parametrize("left", [None, 0, 1, 3], ids=["deleted", "emptied", "one note", "three notes"])
def test_a_log_of_checkpoints_that_was_deleted_or_shortened_is_found_though_it_is_signed_on(book: Book, left: int | None) -> None:
    filled(book)
    one_more(book)
    file = log_file(book)
    if left is None:
        kept = file.read_bytes()
        file.unlink()
    else:
        kept = shorten(file, left)
    assert [violation.where for violation in broken(book)] == [file.name]
    assert [violation.where for violation in lost(book)] == [file.name]
    sign_log(book)
    assert [violation.where for violation in broken(book)] == [file.name], "nobody signs over the gap"
    one_more(book)
    assert [violation.where for violation in broken(book)] == ["access 10"], "the record itself says what it lost"
    one_more(book)
    assert "checkpoint over 9 records" in str(lost(book)[0])
    file.write_bytes(kept + file.read_bytes())
    assert broken(book) == [], "the lost notes were put back"


@pytest.mark.parametrize("rest", [b"", b"\x00\xff\n\n\n", b"x\ny\nz\n\n\n"], ids=["empty", "binary", "no note"])
def test_a_log_of_checkpoints_made_unreadable_stops_nothing_and_is_found(book: Book, rest: bytes) -> None:
    filled(book)
    one_more(book)
    log_file(book).write_bytes(rest)
    one_more(book)
    assert broken(book)


def test_the_doctor_and_the_command_tell_of_a_lost_log(book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    filled(book)
    one_more(book)
    chosen = read_settings(environment={}, flags={"home": str(book.home), "database_url": book.url})
    well = {one.check: one for one in house.book(chosen)}["record of access"]
    assert (well.ok, well.found) == (True, "10 records, 10 signed, every one holds")
    log_file(book).unlink()
    found = {one.check: one for one in house.book(chosen)}["record of access"]
    assert (found.ok, "deleted" in found.found, str(log_file(book)) in found.mend) == (False, True, True)
    with pytest.raises(SystemExit) as ended:
        main(["access", "verify", "--database", book.url, "--home", str(book.home)])
    assert ended.value.code == 3
    assert f"{book.id}.access.log" in capsys.readouterr().err


@pytest.mark.parametrize("statement", ["UPDATE access SET status = 1", "DELETE FROM access", "INSERT INTO access SELECT * FROM access"])
def test_the_application_can_change_no_record(book: Book, statement: str) -> None:
    filled(book, 2)
    with pytest.raises(sa.exc.DBAPIError), book.writing() as session:
        session.connection().exec_driver_sql(statement)
    assert broken(book) == []
