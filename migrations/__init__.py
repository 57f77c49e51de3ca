"""From an empty database to the tables of this version, and no further: `upgrade` is safe to repeat.

On PostgreSQL the tables belong to whoever `TANZHANG_OWNER_URL` (or the book's own url) signs in as; the roles `tanzhang_writer` and
`tanzhang_reader` are made where that is allowed, and the application's login is let into both.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from uuid6 import uuid7

from ledger.book import make_engine, normalised
from ledger.guard import READER, WRITER
from ledger.proof import EMPTY_ROOT

FOLDER = Path(__file__).parent


def config(connection: sa.Connection | None = None) -> Config:
    """Alembic's settings, without a file: the scripts lie in this package."""
    settings = Config()
    settings.set_main_option("script_location", str(FOLDER))
    settings.attributes["connection"] = connection
    return settings


def newest() -> str:
    """The one head revision of this version."""
    head = ScriptDirectory.from_config(config()).get_current_head()
    assert head is not None
    return head


def upgrade(url: str, *, home: Path, owner_url: str | None = None) -> bool:
    """Bring the database at `url` to this version and open a book in it; whether anything was done."""
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///").split("?")[0]).parent.mkdir(parents=True, exist_ok=True)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    owner = owner_url or os.environ.get("TANZHANG_OWNER_URL") or url
    engine = make_engine(owner)
    try:
        with engine.connect().execution_options(tanzhang_writes=True) as connection:
            if revision(connection) == newest():
                return False
            if connection.dialect.name == "postgresql":
                _make_roles(connection, login=sa.make_url(normalised(url)).username)
            command.upgrade(config(connection), "head")
            _open(connection)
            connection.commit()
    finally:
        engine.dispose()
    return True


def revision(connection: sa.Connection) -> str | None:
    """The revision that the database says it is at."""
    if "alembic_version" not in sa.inspect(connection).get_table_names():
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one_or_none()


def is_current(url: str) -> bool:
    """Whether the database at `url` holds the tables of this version."""
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            return revision(connection) == newest()
    finally:
        engine.dispose()


def _make_roles(connection: sa.Connection, *, login: str | None) -> None:
    """The writer's and the reader's role, and the login's way into them."""
    stand = {row[0] for row in connection.exec_driver_sql("SELECT rolname FROM pg_roles")}
    quote = connection.dialect.identifier_preparer.quote
    for role in (WRITER, READER):
        if role not in stand:
            connection.exec_driver_sql(f"CREATE ROLE {role} NOLOGIN")
    for name in {login, connection.exec_driver_sql("SELECT session_user").scalar_one()} - {None}:
        for role in (WRITER, READER):
            if not connection.exec_driver_sql(f"SELECT pg_has_role('{name}', '{role}', 'MEMBER')").scalar_one():
                connection.exec_driver_sql(f"GRANT {role} TO {quote(name)}")


def _open(connection: sa.Connection) -> None:
    """The rows that a book has before its first entry: who it is, and an empty log."""
    if connection.exec_driver_sql("SELECT count(*) FROM book_info").scalar_one():
        return
    from ledger.tables import BookInfoRow, HeadRow

    rows: list[tuple[Any, dict[str, Any]]] = [
        (BookInfoRow, {"id": uuid7().hex, "created_at": datetime.now(UTC)}),
        (HeadRow, {"id": 1, "size": 0, "root": EMPTY_ROOT, "peaks": b""}),
    ]
    for table, values in rows:
        connection.execute(sa.insert(table).values(**values))
