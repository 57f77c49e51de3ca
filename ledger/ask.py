"""A question that every request asks, put by the driver alone: one statement, written out once, in a transaction of its own.

A `Session` costs more than the row that it fetches. On PostgreSQL a question takes one turn to the server (`ledger.turn`): who reads and
for whom, as `Book.reading` says it, and the statement; on SQLite, where one statement sees one state of the book by itself, there is none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from ledger.book import POOL_SIZE, Book
from ledger.principal import Principal
from ledger.turn import in_one_turn


@dataclass(frozen=True, slots=True)
class Written:
    """A query in the words of one engine. `order` are the names of its values where the driver takes them by place, `given` those that the
    query says itself. `bound` turns a value of a name into what the driver takes, `made` what the driver gives in a column into a value."""

    text: str
    order: tuple[str, ...] | None
    given: Mapping[str, Any]
    bound: Mapping[str, Callable[[Any], Any]]
    made: tuple[tuple[int, Callable[[Any], Any]], ...]

    def values(self, asked: Mapping[str, Any]) -> Any:
        """The values as the driver takes them."""
        every = {**self.given, **asked}
        for name, bind in self.bound.items():
            every[name] = bind(every[name])
        return every if self.order is None else tuple(every[name] for name in self.order)

    def row(self, found: tuple[Any, ...]) -> tuple[Any, ...]:
        """A row with each value of its column's type."""
        if not self.made:
            return found
        row = list(found)
        for at, make in self.made:
            row[at] = make(row[at])
        return tuple(row)


@lru_cache(maxsize=1024)
def written(query: sa.Select[Any], names: tuple[str, ...], dialect: Dialect) -> Written:
    """The query, whose values of these names are given each time, as the engine reads it. It is kept with the query, so ask queries that
    are kept too."""
    compiled: Any = query.compile(dialect=dialect)
    state = compiled.construct_expanded_state(dict.fromkeys(names))
    binds = {name: one.type.dialect_impl(dialect).bind_processor(dialect) for name, one in compiled.binds.items()} | state.processors
    given = {name: _bound(binds.get(name), value) for name, value in state.parameters.items() if name not in names}
    made = []
    for at, column in enumerate(query.selected_columns):
        make = column.type.dialect_impl(dialect).result_processor(dialect, None)
        if make is not None:
            made.append((at, make))
    order = tuple(state.positiontup) if state.positiontup else None
    bound = {name: binds[name] for name in names if binds[name] is not None}
    return Written(state.statement, order, given, bound, tuple(made))


def _bound(bind: Callable[[Any], Any] | None, value: Any) -> Any:
    return value if bind is None else bind(value)


def ask(book: Book, query: sa.Select[Any], asked: Mapping[str, Any], principal: Principal | None = None) -> list[tuple[Any, ...]]:
    """The rows that answer `query`, a kept one, with the values `asked` by the names of its parameters. Reads within the bounds of
    `principal` as `Book.reading` does.

    A connection that the server ended meanwhile is replaced, and the question put again.
    """
    words = written(query, tuple(asked), book.engine.dialect)
    values = words.values(asked)
    if book.dialect == "sqlite":
        connection = book.engine.raw_connection()
        try:
            return [words.row(row) for row in _driver(connection).execute(words.text, values).fetchall()]
        finally:
            connection.close()
    for left in range(POOL_SIZE, -1, -1):  # each of the pool may be broken
        connection = book.engine.raw_connection()
        try:
            return [words.row(row) for row in in_one_turn(connection, words.text, values, principal)]
        except psycopg.Error as error:
            if not _driver(connection).closed or not left:
                raise
            connection.invalidate(error)
        finally:
            connection.close()
    raise AssertionError


def _driver(connection: sa.PoolProxiedConnection) -> Any:
    return connection.dbapi_connection
