"""Which state of the book a session sees, in a few bytes: as long as they are the same, so is everything that could be read.

PostgreSQL: the session's snapshot (`pg_current_snapshot`), which names every transaction that is not yet seen. SQLite: the header of the
WAL index (sqlite.org/walformat.html, 2.1), by which a reader knows where its snapshot ends, and when the file itself was last written.
"""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from psycopg.pq import ExecStatus
from sqlmodel import Session

from ledger.book import Book

HEADER_BYTES = 48
SNAPSHOT = "pg_current_snapshot()::text"
"""The column that tells the state on PostgreSQL, beside whatever else a question asks."""


def state_seen(book: Book, session: Session) -> bytes | None:
    """What identifies the state, asked before anything else is read in the session; None where nobody can tell.

    On SQLite a commit may come between this and the first row that is read: what is then read is newer than the state it is kept under,
    never older.
    """
    if book.dialect == "postgresql":
        return str(session.connection().exec_driver_sql(f"SELECT {SNAPSHOT}").scalar_one()).encode()
    return _of_file(book)


def state_now(book: Book) -> bytes | None:
    """What identifies the state that a session would see which began now: for who need not begin one where it is known already. What a
    session reads that began after this is of that state or a newer one, never an older one. None where nobody can tell."""
    if book.dialect == "sqlite":
        return _of_file(book)
    connection = book.engine.raw_connection()
    try:
        driver: Any = connection.dbapi_connection
        result = driver.pgconn.exec_(f"SELECT {SNAPSHOT}".encode())  # a transaction of its own, in one turn
        if result.status == ExecStatus.TUPLES_OK:
            return bytes(result.get_value(0, 0))
        connection.invalidate()  # the server ended it: whoever reads next gets another
        return None
    finally:
        connection.close()


def _of_file(book: Book) -> bytes | None:
    file = Path(str(sa.make_url(book.url).database))
    try:
        with file.with_name(f"{file.name}-shm").open("rb", buffering=0) as index:
            header = index.read(HEADER_BYTES)
        found = file.stat()
    except OSError:
        return None
    return b"%b %d %d %d" % (header, found.st_mtime_ns, found.st_size, found.st_ino) if len(header) == HEADER_BYTES else None
