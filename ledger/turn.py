"""One turn to PostgreSQL: who reads and the question go to the server together, and both answers come back together.

libpq's pipeline mode (PostgreSQL's manual, 34.5). What is sent before a Sync is one transaction, so no BEGIN or COMMIT goes with it, and
what the transaction says of itself, for whom it reads, ends with it. Statements are prepared once a connection.
"""

import itertools
import re
import select
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ConnStatus, ExecStatus

from ledger.guard import READER
from ledger.principal import Principal
from ledger.wall import READING, bounds

STATEMENTS = 64
"""So many are prepared on a connection; those beyond are planned anew each time."""
PREPARED = "tanzhang_prepared"
"""Where a connection keeps under which names statements are prepared on it."""
LOST = ("26000", "0A000")
"""The server knows no statement of that name, since somebody ended them all; or a table has changed since it was planned."""
NUMBERS = itertools.count(1)
PLACE = re.compile(r"%\((\w+)\)s|%([s%])")
GOOD = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)

Known = dict[bytes, bytes]
"""The names under which statements are prepared."""


@lru_cache(maxsize=2048)
def numbered(text: str) -> tuple[bytes, tuple[str, ...]]:
    """The statement with its values by number, as the server itself reads it, and their names in that order; those without one are `1`,
    `2` and so on."""
    names: list[str] = []

    def place(found: re.Match[str]) -> str:
        if found.group(2) == "%":
            return "%"
        name = found.group(1) or str(len(names) + 1)
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return PLACE.sub(place, text).encode(), tuple(names)


def in_one_turn(
    connection: sa.PoolProxiedConnection, text: str, values: Mapping[str, Any], principal: Principal | None
) -> list[tuple[Any, ...]]:
    """The rows that answer the statement, read within the bounds of `principal`. Raises psycopg.Error."""
    driver: Any = connection.dbapi_connection
    known: Known = connection.info.setdefault(PREPARED, {})
    adapt, (statement, names) = Transformer.from_context(driver), numbered(text)
    given = [values[name] for name in names]
    told = adapt.dump_sequence(given, [PyFormat.TEXT] * len(given)) if given else []
    asked = (numbered(READING)[0], [word.encode() for word in (READER, *bounds(principal))]), (statement, told)
    try:
        found = _put(driver, known, asked)
    except psycopg.Error as error:
        if error.sqlstate not in LOST or not known:
            raise
        known.clear()
        found = _put(driver, known, asked)
    adapt.set_pgresult(found)
    return adapt.load_rows(0, found.ntuples, tuple)


def _put(driver: Any, known: Known, asked: Sequence[tuple[bytes, Sequence[Any]]]) -> Any:
    """Send statements with their values as one transaction; the result of the last."""
    server, fresh = driver.pgconn, [statement not in known for statement, _ in asked]
    names = [known.get(statement) or (b"tanzhang_%d" % next(NUMBERS) if len(known) < STATEMENTS else b"") for statement, _ in asked]
    try:
        server.enter_pipeline_mode()
        for (statement, values), name, is_fresh in zip(asked, names, fresh, strict=True):
            if is_fresh:
                server.send_prepare(name, statement)
            server.send_query_prepared(name, values)
        server.pipeline_sync()
        results = _until_sync(server)
        server.exit_pipeline_mode()
    except BaseException:
        server.finish()  # what still comes on this connection would be taken for the next answer
        raise
    done = iter(results)
    for (statement, _), name, is_fresh in zip(asked, names, fresh, strict=True):
        if is_fresh and next(done).status == ExecStatus.COMMAND_OK and name:  # prepared, though it may have failed afterwards
            known[statement] = name
        next(done, None)
    for result in results:
        if result.status not in GOOD:
            raise psycopg.errors.error_from_result(result, encoding=driver.info.encoding)
    return results[-1]


def _until_sync(server: Any) -> list[Any]:
    """The results up to the end of what was sent. To wait for them is to wait for the server: other threads go on."""
    waiting = select.poll()
    results: list[Any] = []
    waiting.register(server.socket, select.POLLIN)
    while True:
        while server.is_busy():
            waiting.poll()
            server.consume_input()
        result = server.get_result()
        if server.status == ConnStatus.BAD:
            raise psycopg.OperationalError("the server ended the connection")
        if result is not None and result.status == ExecStatus.PIPELINE_SYNC:
            return results
        if result is not None:  # between two there is none
            results.append(result)
