"""Open a book: one database on SQLite or PostgreSQL, and the folder beside it for secrets and checkpoints.

A session reads (`reading`) or writes (`writing`); a writing one is a single transaction that begins with the write lock on SQLite and as
the writer's role on PostgreSQL. After a commit that lengthened the log, a signed checkpoint goes to `home/checkpoints/<book id>.log`.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from ledger.checkpoint import Checkpoint, append_note, newest_size, sign, signing_key
from ledger.errors import OF_REVISION, BookNotMigrated, BookUnreadable, Busy, DiskFull
from ledger.guard import READER, WRITER
from ledger.principal import Principal
from ledger.tables import REVISION
from ledger.wall import READING, bounds

ORIGIN = "tanzhang/"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
SQLITE_BUSY, SQLITE_FULL, SQLITE_NOTADB, POSTGRESQL_DISK_FULL, POSTGRESQL_LOCK = 5, 13, 26, "53100", "55P03"
PATIENCE_S = 30.0
"""How long a writer waits for the one before it."""
POOL_SIZE = 40  # as many as there are request threads
REST_S = 1.0
"""So long a connection may rest before it is asked whether the server is still there."""


class Book:
    """An open book. `id` is random and part of every checkpoint's origin. A plain class, so that a kind of book may stand in its place."""

    __slots__ = ("engine", "home", "id", "url")

    def __init__(self, *, url: str, engine: sa.Engine, home: Path, id: str) -> None:  # noqa: A002
        self.url, self.engine, self.home, self.id = url, engine, home, id

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.engine.dialect.name

    @property
    def origin(self) -> str:
        """The name under which this book signs its checkpoints."""
        return f"{ORIGIN}{self.id}"

    @property
    def checkpoint_file(self) -> Path:
        """The log of checkpoints, outside the database."""
        return self.home / "checkpoints" / f"{self.id}.log"

    @contextmanager
    def reading(self, principal: Principal | None = None) -> Iterator[Session]:
        """A session that sees one state of the book and may change nothing, on either engine.

        On PostgreSQL it shows no holder's rows beyond the bounds of `principal`, whatever is asked; without one, all: that is for what
        the program itself must know, and for the person at the command line.
        """
        with Session(self.engine, autoflush=False) as session:
            if self.dialect == "postgresql":
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
                session.connection().exec_driver_sql(READING, (READER, *bounds(principal)))
            else:
                session.connection(execution_options={"tanzhang": "reads"})
            yield session
            if self.dialect == "postgresql":
                # nothing was written; at a ROLLBACK psycopg would forget the statements that it prepared, and the server plan each anew
                driver: Any = session.connection().connection.dbapi_connection
                driver.commit()
            session.rollback()

    @contextmanager
    def writing(self, *, patience: float = PATIENCE_S) -> Iterator[Session]:
        """A session in one transaction: committed at the end, rolled back by an exception.

        A commit that lengthened the log, or found it longer than what was signed, is followed by a signed checkpoint outside the database,
        forced to disk. Raises DiskFull, and Busy
        where another writer held the book for longer than `patience` seconds.
        """
        try:
            with Session(self.engine, autoflush=False, info={"book": self}) as session:
                connection = session.connection(execution_options={"tanzhang": "writes", "patience": patience})
                _become(session, WRITER)
                if self.dialect == "postgresql":
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(patience * 1000)}")
                before = connection.exec_driver_sql("SELECT size FROM head WHERE id = 1").scalar_one()
                yield session
                size, root = connection.exec_driver_sql("SELECT size, root FROM head WHERE id = 1").one()
                session.commit()
        except Exception as error:
            if _is_full(error):
                raise DiskFull from error
            if _is_busy(error):
                raise Busy(seconds=patience) from error
            raise
        if size != before or newest_size(self.checkpoint_file) < size:  # also what an earlier commit found no room to sign
            self.checkpoint(size=size, root=bytes(root))

    def checkpoint(self, *, size: int, root: bytes) -> None:
        """Append a signed checkpoint to the log outside the database."""
        try:
            append_note(self.checkpoint_file, sign(Checkpoint(self.origin, size, root), signing_key(self.home / "secrets")))
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            raise DiskFull(posted=True) from error


def _become(session: Session, role: str) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text(f"SET LOCAL ROLE {role}"))


def make_engine(url: str) -> sa.Engine:
    """An engine with the project's settings: on SQLite WAL, FULL, foreign keys, recursive triggers and explicit BEGIN.

    What is wrong is told without the values of its statement, which may be somebody's: it ends up in a log.
    """
    if not url.startswith("sqlite"):
        server = sa.create_engine(normalised(url), pool_size=POOL_SIZE, max_overflow=0, hide_parameters=True)
        sa.event.listen(server, "checkin", _rests)
        sa.event.listen(server, "checkout", partial(_greet, server.dialect))
        return server
    engine = sa.create_engine(
        url, poolclass=sa.pool.QueuePool, pool_size=POOL_SIZE, max_overflow=0, hide_parameters=True,
        connect_args={"timeout": 30, "check_same_thread": False},
    )  # fmt: skip
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _rests(_connection: Any, record: Any) -> None:
    record.info["rests_since"] = monotonic()


def _greet(dialect: Any, connection: Any, record: Any, _lent: Any) -> None:
    """Ask whether the server is still there where a connection rested for a while: to ask each time would cost a turn to the server. Where
    it is not, SQLAlchemy opens the pool's connections anew."""
    if monotonic() - record.info.get("rests_since", monotonic()) < REST_S:
        return
    try:
        dialect.do_ping(connection)
    except dialect.dbapi.Error as error:
        raise sa.exc.InvalidatePoolError from error


def normalised(url: str) -> str:
    """The url with psycopg 3 named as the driver where PostgreSQL is meant."""
    for plain in ("postgresql://", "postgres://"):
        if url.startswith(plain):
            return "postgresql+psycopg://" + url.removeprefix(plain)
    return url


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    # 64 MB of pages: with the 2 MB that SQLite starts with, an import of 100,000 lines spills its indexes again and again
    settings = (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",
        "busy_timeout=30000",
        "cache_size=-65536",
    )
    for pragma in settings:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    aim = connection.get_execution_options().get("tanzhang")
    if aim == "reads":  # by the driver alone: each request of a reader comes by
        driver: Any = connection.connection.dbapi_connection
        driver.execute("PRAGMA query_only = ON")
        driver.execute("BEGIN")
        return
    connection.exec_driver_sql("PRAGMA query_only = OFF")
    if aim == "writes":
        patience = connection.get_execution_options().get("patience", PATIENCE_S)
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(patience * 1000)}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if aim == "writes" else "BEGIN")


def _is_full(error: BaseException) -> bool:
    """Whether the driver says that there is no room, with or without SQLAlchemy around it."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlite_errorcode", None) == SQLITE_FULL or getattr(cause, "sqlstate", None) == POSTGRESQL_DISK_FULL


def _is_busy(error: BaseException) -> bool:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlite_errorcode", None) == SQLITE_BUSY or getattr(cause, "sqlstate", None) == POSTGRESQL_LOCK


def open_book(url: str, *, home: Path) -> Book:
    """The book in that database; BookNotMigrated where there is none, or one of another version."""
    book, revision = open_as_it_is(url, home=home)
    if revision != REVISION:
        book.engine.dispose()
        shown = sa.make_url(normalised(url)).render_as_string(hide_password=True)
        raise BookNotMigrated(shown, reason=f"{OF_REVISION} {revision}, {REVISION} is wanted")
    return book


def open_as_it_is(url: str, *, home: Path) -> tuple[Book, str]:
    """The book in that database and the revision of its tables, whichever that is: to be copied, not to be worked with."""
    shown = sa.make_url(normalised(url)).render_as_string(hide_password=True)
    if is_absent(url):
        raise BookNotMigrated(shown)
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SET LOCAL ROLE {READER}")
            revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
            book_id = connection.exec_driver_sql("SELECT id FROM book_info").scalar_one()
    except UnicodeDecodeError as error:  # in what SQLite says of a schema that is no longer one
        engine.dispose()
        raise BookUnreadable(shown, reason="its schema is damaged") from error
    except (DBAPIError, sa.exc.NoResultFound) as error:
        engine.dispose()
        if isinstance(error, sa.exc.OperationalError) and not url.startswith("sqlite"):
            raise  # the server cannot be reached: that is another matter
        if isinstance(error, DBAPIError) and not _holds_no_book(error):
            raise BookUnreadable(shown, reason=str(error.orig)) from error
        raise BookNotMigrated(shown) from error
    return Book(url=url, engine=engine, home=home, id=book_id), revision


def _holds_no_book(error: DBAPIError) -> bool:
    """Whether the database answered that it has no such tables, or is no database at all."""
    if getattr(error.orig, "sqlite_errorcode", None) == SQLITE_NOTADB:
        return True
    return not isinstance(error, sa.exc.OperationalError) or "no such table" in str(error.orig)


def is_absent(url: str) -> bool:
    """Whether `url` names an SQLite file that is not there: to connect would make one."""
    database = sa.make_url(url).database if url.startswith("sqlite") else None
    return bool(database) and database != ":memory:" and not Path(str(database)).exists()
