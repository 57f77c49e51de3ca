"""The writer of a worker keeps what it is given in groups; what it cannot keep it says."""

import threading
from datetime import UTC, datetime

import pytest

from api.audit.check import broken
from api.audit.record import Record, append
from api.audit.sign import sign_log
from api.audit.visit import CURRENT, Visit, along
from api.audit.writer import Writer
from ledger.book import Book
from ledger.committer import Committer
from ledger.principal import LOCAL_ADMIN
from tests.api.audit.conftest import told
from tests.conftest import owner_engine
from tests.ledger.books import NOW, burning


def record(number: int) -> Record:
    return Record(at=datetime.now(UTC), action="read", method="GET", route="/x", status=200, object=str(number))


def test_records_are_kept_in_their_order_in_few_transactions(book: Book) -> None:
    writer = Writer(book)
    for number in range(500):
        writer.put(record(number))
    assert writer.flush()
    assert [one["object"] for one in told(book)] == [str(number) for number in range(500)]
    assert writer.state() == {"kept": 500, "waiting": 0, "lost": 0, "trouble": ""}
    writer.close()


def test_many_writers_at_once_leave_no_gap_and_no_wrong_row(book: Book) -> None:
    writers = [Writer(book) for _ in range(3)]

    def work(writer: Writer) -> None:
        for number in range(60):
            writer.put(record(number))
            if number % 20 == 0:
                with book.writing() as session:
                    append(session, [record(1000 + number)])

    threads = [threading.Thread(target=work, args=(writer,)) for writer in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for writer in writers:
        writer.close()
    assert [one["id"] for one in told(book)] == list(range(3 * 63))
    assert broken(book) == []


def test_what_cannot_be_kept_waits_is_said_and_is_kept_once_it_can(book: Book, caplog: pytest.LogCaptureFixture) -> None:
    writer = Writer(book, capacity=5, patience=0.2)
    engine = owner_engine(book)
    with engine.connect().execution_options(tanzhang="writes") as connection:
        transaction = connection.begin()
        if book.dialect == "postgresql":
            connection.exec_driver_sql("SET LOCAL ROLE tanzhang_owner")
            connection.exec_driver_sql("LOCK TABLE access_head IN ACCESS EXCLUSIVE MODE")
        for number in range(8):
            writer.put(record(number))
        assert writer.flush(1.5) is False
        state = writer.state()
        assert (state["kept"], state["waiting"], state["lost"]) == (0, 5, 3)
        assert state["trouble"]
        assert writer.word() == "5 records of access wait, 3 were lost"
        transaction.rollback()
    engine.dispose()
    assert writer.flush(15)
    assert writer.state() == {"kept": 5, "waiting": 0, "lost": 3, "trouble": ""}
    assert writer.word() == "ok"
    first, *kept = told(book)
    assert (first["action"], first["object"], first["result"]) == ("lost", "3", "failed")
    assert [one["object"] for one in kept] == ["0", "1", "2", "3", "4"]
    assert "could not be kept" in caplog.text
    writer.close()


def test_a_writer_that_was_given_nothing_starts_no_thread(book: Book) -> None:
    before = threading.active_count()
    writer = Writer(book)
    assert writer.flush()
    writer.close()
    assert threading.active_count() == before


def test_entries_that_share_a_commit_bring_their_records_along(book: Book) -> None:
    committer = Committer(book)
    answers = []
    for number in range(20):
        token = CURRENT.set(Visit(at=NOW, action="file", method="POST", route=f"/{number}", engine=book.engine, expected=201, armed=True))
        answers.append(committer.submit(burning(str(number)), LOCAL_ADMIN, now=NOW, along=along()))
        CURRENT.reset(token)
    ids = sorted(answer.result().ids[0] for answer in answers)
    committer.close()
    assert ids == list(range(20))
    assert sorted(one["route"] for one in told(book)) == sorted(f"/{number}" for number in range(20))
    sign_log(book)
    assert broken(book) == []
