"""Questions put by the driver alone say what a session of the book says, within the same bounds."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from carbon.reach import seen_accounts
from carbon.tables import HolderRow, ImportRow
from ledger.ask import ask
from ledger.balances import balances, balances_now
from ledger.book import Book
from ledger.errors import AccountNotFound
from ledger.principal import LOCAL_READER, Principal, Role
from ledger.turn import PREPARED, STATEMENTS
from ledger.types import table_of
from tests.conftest import admin, maker
from tests.world import OWN_COUNTY, World, area, build

HOLDERS = sa.select(table_of(HolderRow).c.id)
FILES = sa.select(table_of(ImportRow).c.id, table_of(ImportRow).c.sha256, table_of(ImportRow).c.imported_at)
NOBODY = Principal("n", Role.READER, holders=frozenset(), divisions=frozenset())


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("ask")
    with maker(request, folder, request.param) as make:
        yield build(make(), folder)


def backends(book: Book) -> list[int]:
    """The servers of the pool's connections, each lent and given back."""
    lent: list[Any] = [book.engine.raw_connection() for _ in range(3)]
    found = [one.dbapi_connection.info.backend_pid for one in lent]
    for one in lent:
        one.close()
    return found


def test_an_answer_is_what_a_session_reads_of_the_same_types(world: World) -> None:
    with world.book.reading() as session:
        expected = [tuple(row) for row in session.execute(FILES.order_by("id"))]
    assert sorted(ask(world.book, FILES, {})) == sorted(expected)
    assert isinstance(expected[0][2], datetime)
    assert expected[0][2].tzinfo is UTC
    at = FILES.where(table_of(ImportRow).c.imported_at == sa.bindparam("at", type_=table_of(ImportRow).c.imported_at.type))
    assert expected[0] in ask(world.book, at, {"at": expected[0][2]})


@pytest.mark.parametrize("who", [LOCAL_READER, area(OWN_COUNTY), NOBODY, Principal("x", Role.READER, holders=frozenset({"all", "'"}))])
def test_the_sums_kept_are_those_of_a_session_within_every_bound(world: World, who: Principal) -> None:
    def by_session(name: str) -> list[tuple[Any, ...]]:
        with world.book.reading(who) as session:
            return balances(session, accounts=name, among=seen_accounts(who)).rows()

    def at_once(name: str) -> list[tuple[Any, ...]]:
        return balances_now(world.book, who, name, among=seen_accounts(who))

    for name in ("holder/", f"holder/{world.holders['own']}/", "atmosphere/", "holder/nobody/", "holder/none"):
        assert told(at_once, name) == told(by_session, name)


def told(read: Callable[[str], list[tuple[Any, ...]]], name: str) -> object:
    try:
        return read(name)
    except AccountNotFound as error:
        return str(error)


def test_the_wall_stands_before_a_question_that_forgot_to_ask(world: World) -> None:
    if world.book.dialect == "sqlite":
        pytest.skip("SQLite has no roles: there the first wall is the only one")
    every = {number for (number,) in ask(world.book, HOLDERS, {})}
    assert every == set(world.holders.values())
    for _ in range(8):  # past the fifth time, from which the statement is a prepared one, on every connection
        for name in ("own", "other"):
            assert ask(world.book, HOLDERS, {}, world.firm(name)) == [(world.holders[name],)]
        assert ask(world.book, HOLDERS, {}, NOBODY) == []
    said = sa.select(sa.func.current_setting("transaction_read_only"), sa.literal_column("current_user::text"))
    assert ask(world.book, said, {}) == [("on", "tanzhang_reader")]


@pytest.mark.parametrize("rested", [False, True])
def test_a_connection_that_the_server_ended_is_replaced(
    world: World, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, rested: bool
) -> None:
    if world.book.dialect == "sqlite":
        pytest.skip("SQLite has no server")
    monkeypatch.setattr("ledger.book.REST_S", 0.0 if rested else 3600.0)
    gone = backends(world.book)
    with admin(request.getfixturevalue("postgres")) as connection:
        for one in gone:
            connection.exec_driver_sql("SELECT pg_terminate_backend(%s, 5000)", (one,))
    for _ in gone:
        assert len(ask(world.book, HOLDERS, {})) == len(world.holders)
    assert not {*backends(world.book)} & {*gone}


def test_a_session_gets_a_living_connection_after_a_rest(
    world: World, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if world.book.dialect == "sqlite":
        pytest.skip("SQLite has no server")
    monkeypatch.setattr("ledger.book.REST_S", 0.0)
    gone = backends(world.book)
    with admin(request.getfixturevalue("postgres")) as connection:
        for one in gone:
            connection.exec_driver_sql("SELECT pg_terminate_backend(%s, 5000)", (one,))
    with world.book.reading() as session:
        assert session.execute(sa.text("SELECT 1")).scalar_one() == 1


def test_what_failed_or_was_forgotten_is_asked_anew(world: World) -> None:
    if world.book.dialect == "sqlite":
        pytest.skip("SQLite has no server")
    number = sa.bindparam("number", type_=sa.BigInteger)
    divided = sa.select(sa.cast(7 // number, sa.BigInteger), sa.literal("100%"))
    for _ in range(3):
        with pytest.raises(psycopg.errors.DivisionByZero):
            ask(world.book, divided, {"number": 0})
        assert ask(world.book, divided, {"number": 2}) == [(3, "100%")]
        assert ask(world.book, HOLDERS, {}, world.firm("own")) == [(world.holders["own"],)]
    for _ in backends(world.book):
        lent: Any = world.book.engine.raw_connection()
        lent.dbapi_connection.pgconn.exec_(b"DEALLOCATE ALL")
        lent.close()
    for _ in range(5):
        assert ask(world.book, divided, {"number": 2}) == [(3, "100%")]
        assert len(ask(world.book, HOLDERS, {})) == len(world.holders)


def test_more_questions_than_are_prepared_are_answered_and_leave_nothing_behind(world: World) -> None:
    if world.book.dialect == "sqlite":
        pytest.skip("SQLite has no server")
    world.book.engine.dispose()  # so that one connection answers all
    for number in range(STATEMENTS + 9):
        assert ask(world.book, sa.select(sa.literal(f"n{number}"), sa.literal_column(str(number))), {}) == [(f"n{number}", number)]
    lent: Any = world.book.engine.raw_connection()
    cursor = lent.cursor()
    said = cursor.execute("SELECT current_user::text, current_setting('tanzhang.holders', true), current_setting('transaction_read_only')")
    assert said.fetchone() in {("tanzhang_app", text, "off") for text in ("", None)}
    prepared = cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'tanzhang%'").fetchone()[0]
    assert len(lent.info[PREPARED]) == STATEMENTS
    assert STATEMENTS <= prepared <= 2 * STATEMENTS
    lent.close()


def test_many_threads_ask_each_within_their_own_bounds(world: World) -> None:
    names = ["own", "other", "both"] * 8
    with ThreadPoolExecutor(8) as crowd:
        told = list(
            crowd.map(lambda name: balances_now(world.book, world.firm(name), "holder/", among=seen_accounts(world.firm(name))), names)
        )
    for name, rows in zip(names, told, strict=True):
        assert {row[0].split("/")[1] for row in rows} == {world.holders[name]}
