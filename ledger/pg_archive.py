"""A book on PostgreSQL as one file, by the engine's own tools: pg_dump of one snapshot, pg_restore in one transaction.

The tools are sought on PATH and in a folder that the caller names. Owners and rights are not taken over from the other server: roles are
made as migrations make them, and `ledger.guard` grants.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg.conninfo
import sqlalchemy as sa

from ledger import guard
from ledger.book import make_engine, normalised
from ledger.manifest import BackupFailed, BackupRefused


def version_of(connection: sa.Connection) -> str:
    """The server's version, as it says it."""
    return str(connection.exec_driver_sql("SHOW server_version").scalar_one())


def dump(connection: sa.Connection, file: Path, *, url: str, pg_bin: str | None) -> None:
    """The snapshot of this connection by pg_dump, as the tables' owner: the book's schema and nothing else that the database may hold."""
    snapshot = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
    schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
    words = (
        "--format=custom",
        f"--snapshot={snapshot}",
        f'--schema="{schema}"',
        f"--role={guard.OWNER}",
        "--no-password",
        f"--file={file}",
    )
    _run("pg_dump", *words, url=url, since=_major(version_of(connection)), pg_bin=pg_bin)


def read_head(file: Path, *, version: str, pg_bin: str | None) -> tuple[int, bytes]:
    """Size and root of the log in a dump, all of which is read."""
    since = _major(version)
    _run("pg_restore", f"--file={os.devnull}", str(file), since=since, pg_bin=pg_bin)
    told = _run("pg_restore", "--data-only", "--table=head", "--file=-", str(file), since=since, pg_bin=pg_bin)
    rows = re.search(r"^COPY \S+\.head \(id, size, root, peaks\) FROM stdin;\n1\t(\d+)\t\\\\x([0-9a-f]*)\t", told, re.MULTILINE)
    if rows is None:
        raise BackupFailed("the dump holds no head of the log")
    return int(rows[1]), bytes.fromhex(rows[2])


def _major(version: str) -> int:
    """The major number of a version of PostgreSQL."""
    return int(re.match(r"\d+", version)[0])  # type: ignore[index]


def _run(name: str, *words: str, url: str | None = None, since: int, pg_bin: str | None) -> str:
    """What a tool of PostgreSQL `since` or later writes, or BackupFailed with its own words. No password is on its command line."""
    env = dict(os.environ)
    if url is not None:
        target = sa.make_url(normalised(url))
        _, named = target.get_dialect()().create_connect_args(target)
        if password := named.pop("password", None):
            env["PGPASSWORD"] = password
        words = (*words, f"--dbname={psycopg.conninfo.make_conninfo('', **named)}")
    done = subprocess.run([_tool(name, since, pg_bin), *words], capture_output=True, text=True, check=False, env=env)  # noqa: S603
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"it ended with {done.returncode}"
        raise BackupFailed(f"{name} failed: {said[:500]}")
    return done.stdout


def _tool(name: str, since: int, pg_bin: str | None) -> str:
    """The oldest of the tools on PATH and in `pg_bin` that knows a server of version `since`: a tool refuses a server newer than itself."""
    found: list[tuple[int, str]] = []
    for program in (shutil.which(name), shutil.which(name, path=pg_bin) if pg_bin else None):
        told = program and subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
        if program and told and (said := re.search(r"\) (\d+)", told)):
            found.append((int(said[1]), program))
    fit = [one for one in found if one[0] >= since]
    if not fit:
        there = ", ".join(f"{program} is of {version}" for version, program in found) or "none was found"
        raise BackupFailed(
            f"{name} of PostgreSQL {since} or later is needed ({there}): install postgresql-client-{since}, "
            "or name the folder that holds it in TANZHANG_PG_BIN"
        )
    return min(fit, key=lambda one: one[0])[1]


def tables_of(connection: sa.Connection) -> list[str]:
    """The tables of the schema in use, but for those of extensions."""
    rows = connection.exec_driver_sql(
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') "
        "AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') "
        "ORDER BY c.relname"
    )
    return [row[0] for row in rows]


@contextmanager
def filled(
    file: Path, *, version: str, owner_url: str, make_roles: Callable[[sa.Connection], None], pg_bin: str | None
) -> Iterator[sa.Engine]:
    """The empty database, into which the owner's login `owner_url` signs in, holds the book of a dump that a server of `version` made.

    Whatever goes wrong while this is open empties it again.
    """
    engine = make_engine(owner_url)
    try:
        with engine.begin() as connection:
            server, schema = version_of(connection), connection.exec_driver_sql("SELECT current_schema()").scalar_one()
            make_roles(connection)
        # the schema is there already, and what belongs to it is all that the dump holds
        words = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", f"--role={guard.OWNER}", f"--schema={schema}")
        since = max(_major(server), _major(version))
        _run("pg_restore", *words, "--no-password", str(file), url=owner_url, since=since, pg_bin=pg_bin)
        try:
            yield engine
        except BaseException as error:
            with as_owner(engine) as connection:
                for table in tables_of(connection):
                    connection.exec_driver_sql(f'DROP TABLE "{table}" CASCADE')
                connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {guard.FUNCTION}()")
            if isinstance(error, BackupRefused):
                raise BackupRefused(f"{error}; the database is empty again") from error
            raise
    finally:
        engine.dispose()


@contextmanager
def as_owner(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction in the role to which the tables belong."""
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SET LOCAL ROLE {guard.OWNER}")
        yield connection
