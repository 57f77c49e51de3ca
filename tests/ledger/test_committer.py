"""Single entries share commits, and none knows of its neighbours: what is refused touches nobody else, twins get one answer."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from ledger.audit import verify
from ledger.book import Book
from ledger.committer import Committer, Refused
from ledger.entry import EntryBatch, client_key, one_entry
from ledger.errors import Busy, KeyReused, LedgerError
from ledger.journal import Receipt, post
from ledger.opening import AccountOpening, open_accounts
from ledger.principal import LOCAL_ADMIN
from tests.ledger.books import NOW, amount_of, burning

DAY = date(2026, 3, 5)


def spend(key: str, amount: int = 10, *, commodity: str = "POINT") -> EntryBatch:
    legs = [("shop", commodity, amount), ("purse", commodity, -amount)]
    return one_entry(key=client_key("t", key), book="points", kind="move", day=DAY, legs=legs, units={"POINT": "point"})


def purse(book: Book, amount: int) -> None:
    with book.writing() as session:
        opening = AccountOpening(book="points", name="purse", commodity="POINT", unit="point", floor=0)
        open_accounts(session, [opening], LOCAL_ADMIN, now=NOW, day=DAY)
        legs = [("purse", "POINT", amount), ("sponsor", "POINT", -amount)]
        post(session, one_entry(key=client_key("t", "award"), book="points", kind="move", day=DAY, legs=legs), LOCAL_ADMIN, now=NOW)


def answers(book: Book, batches: list[EntryBatch], *, clients: int = 16) -> tuple[list[Any], int]:
    def ask(batch: EntryBatch) -> Receipt | LedgerError:
        try:
            return committer.post(batch, LOCAL_ADMIN, now=NOW)
        except LedgerError as error:
            return error

    with closing(Committer(book)) as committer, ThreadPoolExecutor(clients) as pool:
        return list(pool.map(ask, batches)), committer.commits


def test_many_clients_share_a_commit(book: Book) -> None:
    got, commits = answers(book, [burning(str(n), 1 + n) for n in range(160)])
    assert sorted(one.first_id for one in got) == list(range(160))
    assert all((one.created, one.repeated) == (1, 0) for one in got)
    assert commits <= 80, "at least two entries a commit, even on a slow machine"
    assert verify(book) == []


def test_exactly_what_the_balance_allows_succeeds_and_the_rest_is_refused_alone(book: Book) -> None:
    purse(book, 1000)
    got, _ = answers(book, [spend(str(n)) for n in range(200)])
    assert sum(isinstance(one, Receipt) for one in got) == 100
    assert {one.code for one in got if isinstance(one, LedgerError)} == {"account.overdraft"}
    assert amount_of(book, "purse", "POINT") == 0
    assert verify(book) == []


def test_twins_get_one_answer_and_another_body_is_refused(book: Book) -> None:
    got, _ = answers(book, [burning("twin") for _ in range(50)])
    assert {one.first_id for one in got} == {0}
    assert sum(one.created for one in got) == 1
    got, _ = answers(book, [burning("twin", 5), burning("other")])
    assert (got[0].code, got[1].created) == ("key.reused", 1)
    assert isinstance(got[0], Refused | KeyReused)


def test_one_that_the_whole_group_trips_over_touches_nobody(book: Book) -> None:
    got, _ = answers(book, [burning("1"), spend("unitless", commodity="NEW"), burning("2")])
    assert [isinstance(one, Receipt) for one in got] == [True, False, True]
    assert verify(book) == []


def test_a_closed_committer_has_answered_all_and_takes_no_more(book: Book) -> None:
    committer = Committer(book)
    waiting = [committer.submit(burning(str(n), n + 1), LOCAL_ADMIN, now=NOW) for n in range(20)]
    committer.close()
    assert all(one.done() for one in waiting)
    with pytest.raises(RuntimeError):
        committer.submit(burning("late"), LOCAL_ADMIN, now=NOW)


def test_who_waits_too_long_for_another_writer_is_told_so_and_nothing_is_posted(book: Book) -> None:
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with book.writing() as session:
            session.connection().execute(text("UPDATE head SET id = id"))
            held.set()
            done.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert held.wait(10)
        with pytest.raises(Busy, match=r"0\.3 s"), book.writing(patience=0.3) as session:
            post(session, burning("1"), LOCAL_ADMIN, now=NOW)
    finally:
        done.set()
        holder.join()
    with book.writing(patience=0.3) as session:
        assert post(session, burning("1"), LOCAL_ADMIN, now=NOW).created == 1
