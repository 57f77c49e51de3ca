"""From an empty database to the tables of this version, and no further: `upgrade` is safe to repeat.

On PostgreSQL the tables belong to the role `tanzhang_owner`, for which `TANZHANG_OWNER_URL` (or the book's own url) signs in; it,
`tanzhang_writer` and `tanzhang_reader` are made where that is allowed, and the application's login is let into the latter two.
"""

import os
from pathlib import Path
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel
from uuid6 import uuid7

from ledger.book import is_absent, make_engine, normalised
from ledger.errors import BookNotMigrated, RolesMissing
from ledger.guard import OWNER, READER, WRITER
from ledger.proof import EMPTY_ROOT
from ledger.tables import BookInfoRow, HeadRow
from ledger.types import moment

FOLDER = Path(__file__).parent


def config(connection: sa.Connection | None = None) -> Config:
    """Alembic's settings, without a file: the scripts lie in this package."""
    settings = Config()
    settings.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    settings.attributes["connection"] = connection
    return settings


def newest() -> str:
    """The one head revision of this version."""
    head = ScriptDirectory.from_config(config()).get_current_head()
    assert head is not None
    return head


def upgrade(url: str, *, home: Path, owner_url: str | None = None) -> bool:
    """Bring the database at `url` to this version and open a book in it; whether anything was done.

    Raises RolesMissing where PostgreSQL's login may neither use the roles nor make them, BookNotMigrated where the database is of a later
    version than this program.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if is_absent(url):
        Path(str(sa.make_url(url).database)).parent.mkdir(parents=True, exist_ok=True)
    engine = make_engine(owner_url or os.environ.get("TANZHANG_OWNER_URL") or url)
    try:
        with engine.connect().execution_options(tanzhang="writes") as connection:
            stands = revision(connection)
            if stands == newest():
                return False
            if stands is not None and stands not in known():
                raise BookNotMigrated(engine.url.render_as_string(hide_password=True), reason=f"revision {stands} is of a later program")
            if connection.dialect.name == "postgresql":
                make_roles(connection, login=sa.make_url(normalised(url)).username)
            command.upgrade(config(connection), "head")
            _open(connection)
            connection.commit()
    finally:
        engine.dispose()
    return True


def models() -> tuple[ModuleType, ...]:
    """The modules whose tables are migrated; importing them is what fills the metadata."""
    import api.audit.tables
    import api.auth.tables
    import carbon.enterprise.tables
    import carbon.region.tables
    import carbon.tables
    import ledger.tables

    return ledger.tables, carbon.tables, carbon.region.tables, carbon.enterprise.tables, api.auth.tables, api.audit.tables


def known() -> set[str]:
    """Every revision that this program knows."""
    return {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}


def revision(connection: sa.Connection) -> str | None:
    """The revision that the database says it is at."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one_or_none()
    return found


def is_current(url: str) -> bool:
    """Whether the database at `url` holds a book of this version; nothing is made where there is none."""
    if is_absent(url):
        return False
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            return revision(connection) == newest()
    finally:
        engine.dispose()


def make_roles(connection: sa.Connection, *, login: str | None) -> None:
    """The roles that own, write and read the book, and the way of the two logins into them. The tables belong to the owner's role where the
    login may act as it, so that the application, though it be one and the same login, works as somebody who cannot drop a trigger."""
    quote = connection.dialect.identifier_preparer.quote
    me = connection.exec_driver_sql("SELECT current_user").scalar_one()
    stand = {row[0] for row in connection.exec_driver_sql("SELECT rolname FROM pg_roles")}
    wanted = [f"CREATE ROLE {role} NOLOGIN" for role in (OWNER, WRITER, READER) if role not in stand]
    logins = sorted({login or me, me})
    wanted += [
        f"GRANT {role} TO {quote(name)}" for name in logins for role in (WRITER, READER) if not _may_be(connection, name, role, stand)
    ]
    if me != OWNER and not _may_be(connection, me, OWNER, stand):
        wanted.append(f"GRANT {OWNER} TO {quote(me)}")
    schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
    if OWNER not in stand or not connection.exec_driver_sql(f"SELECT has_schema_privilege('{OWNER}', '{schema}', 'CREATE')").scalar_one():
        wanted.append(f"GRANT CREATE, USAGE ON SCHEMA {quote(schema)} TO {OWNER}")
    try:
        for statement in wanted:
            connection.exec_driver_sql(statement)
    except sa.exc.ProgrammingError as error:
        raise RolesMissing(login=me, statements=tuple(wanted)) from error
    if me != OWNER:
        connection.exec_driver_sql(f"SET LOCAL ROLE {OWNER}")


def _may_be(connection: sa.Connection, name: str, role: str, stand: set[str]) -> bool:
    """Whether the login may take the role on; since PostgreSQL 16 that is a right of its own."""
    if name == role:
        return True
    if role not in stand or name not in stand:
        return False
    right = "SET" if (connection.dialect.server_version_info or (0,)) >= (16,) else "MEMBER"
    return bool(connection.exec_driver_sql("SELECT pg_has_role(%s, %s, %s)", (name, role, right)).scalar_one())


def _open(connection: sa.Connection) -> None:
    """The rows that a book has before its first entry: who it is, and an empty log."""
    if connection.exec_driver_sql("SELECT count(*) FROM book_info").scalar_one():
        return
    book_id = uuid7()
    rows: list[tuple[type[SQLModel], dict[str, Any]]] = [
        (BookInfoRow, {"id": book_id.hex, "created_at": moment(1000 * book_id.time)}),
        (HeadRow, {"id": 1, "size": 0, "root": EMPTY_ROOT, "peaks": b""}),
    ]
    for table, values in rows:
        connection.execute(sa.insert(table).values(**values))
