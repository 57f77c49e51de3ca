"""What has had its time leaves the database into a signed archive; the rest holds without it, and nobody else can take out a row."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from api.audit.check import broken
from api.audit.expire import NotSound, expire
from api.audit.record import Record, append, read_record
from api.audit.sign import log_file, origin_of, sign_log
from ledger import guard
from ledger.book import Book
from ledger.checkpoint import public_key, read_log, read_text
from tests.api.audit.conftest import told
from tests.api.audit.test_check import meddle
from tests.ledger.backups import owner_of

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def aged(book: Book, count: int = 40) -> Book:
    """A record every hundred days up to now, signed now and then."""
    for number in range(count):
        at = NOW - timedelta(days=100 * (count - number))
        with book.writing() as session:
            append(session, [Record(at=at, action="read", method="GET", route="/x", status=200, object=str(number))])
        if number % 7 == 0:
            sign_log(book)
    return book


def take_out(book: Book, days: int = 1096):  # type: ignore[no-untyped-def]
    return expire(book, days=days, owner_url=owner_of(book.url), now=NOW)


def test_old_records_leave_and_the_rest_holds(book: Book) -> None:
    aged(book)
    made = take_out(book)
    assert made is not None
    assert (made.first, made.size) == (0, 30)
    assert [one["id"] for one in told(book)] == list(range(30, 41)), "and one of the taking out itself"
    assert broken(book) == []
    with book.reading() as session:
        assert guard.missing(session.connection()) == []
    assert take_out(book) is None


def test_the_archive_holds_what_left_and_is_signed(book: Book) -> None:
    aged(book)
    made = take_out(book)
    lines = (book.home / made.file).read_bytes().splitlines()[1:]
    assert [read_record(line)[0] for line in lines] == list(range(30))
    public = public_key(book.home / "secrets")
    assert public is not None
    name, text = read_text((book.home / made.file).with_suffix(".sig").read_text(), public)
    assert name == f"{origin_of(book)}/archive"
    assert text.split("\n")[1:5] == ["0", "30", made.root, made.sha256]


def test_records_leave_again_and_again_and_without_the_archives_the_rest_still_holds(book: Book) -> None:
    aged(book)
    one = take_out(book, days=2500)
    two = take_out(book)
    assert (one.first, one.size, two.first, two.size) == (0, 15, 15, 30)
    assert broken(book) == []
    (book.home / one.file).unlink()
    assert broken(book) == []
    (book.home / two.file).unlink()
    assert broken(book) == []
    public = public_key(book.home / "secrets")
    assert public is not None
    assert len(read_log(log_file(book), public)) > 3


def test_a_changed_archive_is_found(book: Book) -> None:
    aged(book)
    file = book.home / take_out(book).file
    file.write_bytes(file.read_bytes().replace(b"3:GET", b"3:PUT", 1))
    assert [violation.where for violation in broken(book)] == [file.name]


@pytest.mark.parametrize(
    "change", ["UPDATE access_cut SET peaks = leaf FROM access WHERE access.id = 35", "DELETE FROM access WHERE id = 30"]
)
def test_what_is_changed_around_the_cut_is_found(book: Book, change: str) -> None:
    aged(book)
    (book.home / take_out(book).file).unlink()
    if "access_cut" in change:
        engine_change = "DROP TRIGGER access_cut_no_update" if book.dialect == "sqlite" else "ALTER TABLE access_cut DISABLE TRIGGER ALL"
        meddle(book, *([] if book.dialect == "sqlite" else [engine_change]), change)
    else:
        meddle(book, change)
    assert broken(book)


def test_records_leave_a_batch_at_a_time_and_the_archive_is_the_same(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    aged(book)
    monkeypatch.setattr("api.audit.expire.BATCH", 7)
    asked: list[int] = []
    sa.event.listen(
        book.engine, "after_cursor_execute", lambda *told: asked.append(told[1].rowcount) if "access.id >=" in told[2] else None
    )
    made = take_out(book)
    assert len((book.home / made.file).read_bytes().splitlines()) == 31
    assert len(asked) == 10, "thirty leaves, then thirty payloads, seven at a time"
    assert broken(book) == []


def test_a_record_that_does_not_hold_is_not_sealed(book: Book) -> None:
    aged(book)
    meddle(book, "UPDATE access SET status = 403 WHERE id = 4")
    with pytest.raises(NotSound, match="access 4"):
        take_out(book)
    assert len(told(book)) == 40


def test_nothing_is_taken_out_before_half_a_year(book: Book) -> None:
    with pytest.raises(NotSound, match="180"):
        take_out(book, days=179)


def test_the_application_cannot_take_out_a_row(book: Book) -> None:
    aged(book, 3)
    with pytest.raises(sa.exc.DBAPIError), book.writing() as session:
        session.connection().exec_driver_sql("DELETE FROM access WHERE id = 0")
    assert len(told(book)) == 3
