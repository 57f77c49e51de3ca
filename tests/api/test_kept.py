"""What is kept of a page is of the book as it is, within the visitor's bounds, and computed once."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from litestar.testing import TestClient

from api.app import create_app
from api.kept import Kept
from carbon.holder import add_holder
from ledger.book import Book, open_book
from ledger.principal import LOCAL_ADMIN, LOCAL_READER, Principal, Role
from ledger.state import state_now, state_seen
from tests.ledger.books import burning, put

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def asked(kept: Kept, book: Book, principal: Principal, make: Callable[[], Any], key: str = "x") -> Any:
    with book.reading(principal) as session:
        return kept.value(book, session, principal, key, make)


def state(book: Book) -> bytes | None:
    with book.reading() as session:
        seen = state_seen(book, session)
    assert state_now(book) == seen
    return seen


def test_a_state_stays_until_something_is_written_by_whomever(book: Book) -> None:
    first = state(book)
    assert first is not None
    assert state(book) == first
    put(book, burning("1"))
    second = state(book)
    with book.writing() as session:
        add_holder(session, LOCAL_ADMIN, name="示例", now=NOW)
    third = state(book)
    other = open_book(book.url, home=book.home)
    put(other, burning("2"))
    other.engine.dispose()
    assert len({first, second, third, state(book)}) == 4


def test_a_value_is_made_once_a_state_and_bound(book: Book) -> None:
    kept, made = Kept(), []

    def make() -> int:
        made.append(1)
        return len(made)

    own = Principal("u1", Role.READER, holders=frozenset({"h1"}))
    assert [asked(kept, book, LOCAL_READER, make) for _ in range(3)] == [1, 1, 1]
    assert asked(kept, book, own, make) == 2
    assert asked(kept, book, Principal("u2", Role.READER, holders=frozenset({"h1"})), make) == 2
    assert asked(kept, book, LOCAL_READER, make, key="y") == 3
    put(book, burning("1"))
    assert asked(kept, book, LOCAL_READER, make) == 4


def test_a_crowd_that_asks_the_same_waits_for_one(book: Book) -> None:
    kept, made = Kept(), []

    def make() -> int:
        made.append(1)
        time.sleep(0.1)
        return 7

    answers: list[int] = []
    state(book)
    crowd = [threading.Thread(target=lambda: answers.append(asked(kept, book, LOCAL_READER, make))) for _ in range(8)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert (answers, len(made)) == ([7] * 8, 1)


def test_only_the_latest_questions_are_kept(book: Book) -> None:
    kept, made = Kept(2), []
    for key in ("a", "b", "c", "c", "b", "a"):
        asked(kept, book, LOCAL_READER, lambda key=key: made.append(key) or key, key=key)  # type: ignore[misc]
    assert made == ["a", "b", "c", "a"]


def test_a_page_shows_what_was_booked_a_moment_ago(book: Book) -> None:
    with TestClient(create_app(book, local=LOCAL_READER)) as reader:
        before = reader.get("/en/regions/330522?year=2024").text
        assert reader.get("/en/regions/330522?year=2024").text == before
        put(book, burning("1"))
        assert reader.get("/en/regions/330522?year=2024").text != before
