"""What is wrong on this machine, and how to mend it."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import typer

from api.commands import asked

if TYPE_CHECKING:
    from carbon.settings import Settings

SQLITE_WANTED = (3, 37)  # the first with STRICT tables
QUICK_ENTRIES = 20_000


class Finding(NamedTuple):
    """A check: whether it is well (None: it could be better), what was found, and how to mend it."""

    check: str
    ok: bool | None
    found: str
    mend: str = ""


def doctor(database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False) -> None:
    """tanzhang doctor
    tanzhang doctor --json

    Check this machine, and say how to mend what is wrong.

    Python, SQLite, the book and its laws, the front end, fonts, port and permissions. Exit 1 where something is bad.
    """
    chosen = asked.settings(database, home)
    findings = [finding for check in CHECKS for finding in check(chosen)]
    for finding in findings:
        if as_json:
            asked.print_json(finding._asdict())
        else:
            mark = {True: "ok  ", None: "warn", False: "BAD "}[finding.ok]
            print(f"{mark}  {finding.check}: {finding.found}" + (f"\n      → {finding.mend}" if finding.mend else ""))
    if any(finding.ok is False for finding in findings):
        raise typer.Exit(1)


def _python(_: "Settings") -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    good = (3, 11) <= sys.version_info[:2] <= (3, 13)
    yield Finding("python", good, version, "" if good else "install Python 3.11, 3.12 or 3.13 and make the environment anew")


def _sqlite(_: "Settings") -> Iterator[Finding]:
    good = sqlite3.sqlite_version_info >= SQLITE_WANTED
    yield Finding("sqlite", good, sqlite3.sqlite_version, "" if good else "use a Python whose SQLite is 3.37 or newer, or PostgreSQL")


def _home(chosen: "Settings") -> Iterator[Finding]:
    home = chosen.home
    if not home.exists():
        yield Finding("home", False, f"{home} does not exist", "run `tanzhang init`")
        return
    secrets = home / "secrets"
    loose = [path for path in (secrets, *secrets.glob("*")) if path.exists() and path.stat().st_mode & 0o077]
    mend = f"chmod go-rwx {' '.join(map(str, loose))}" if loose else ""
    yield Finding("home", not loose, f"{home}" + (": others may read its secrets" if loose else ""), mend)


def _book(chosen: "Settings") -> Iterator[Finding]:
    from carbon.audit import verify
    from ledger.balances import log_size
    from ledger.book import open_book
    from ledger.errors import LedgerError

    try:
        book = open_book(chosen.database_url, home=chosen.home)
    except LedgerError as error:
        yield Finding("book", False, str(error), "run `tanzhang init`")
        return
    with book.reading() as session:
        size = log_size(session)
    yield Finding("book", True, f"{book.id} on {book.dialect}, {size:,} entries")
    if size > QUICK_ENTRIES:
        yield Finding("laws", None, f"not read again: {size:,} entries", "run `tanzhang verify`")
        return
    broken = verify(book)
    yield Finding(
        "laws", not broken, str(broken[0]) if broken else "every law holds", "run `tanzhang verify`, and restore a backup" if broken else ""
    )


def _bundle(_: "Settings") -> Iterator[Finding]:
    from api.bundle import DIST, MISSING

    there = (DIST / "manifest.json").exists()
    yield Finding("front end", there, "bundled" if there else "missing", "" if there else MISSING)


def _fonts(_: "Settings") -> Iterator[Finding]:
    tool = shutil.which("fc-list")
    if tool is None:
        yield Finding("fonts", None, "fc-list is not installed, so this was not checked")
        return
    listed = subprocess.run([tool, ":lang=zh", "family"], capture_output=True, text=True, check=False, timeout=20).stdout.strip()  # noqa: S603
    mend = "" if listed else "install fonts-noto-cjk; browsers on this machine show boxes without it"
    yield Finding("fonts", True if listed else None, "Chinese fonts are there" if listed else "no Chinese font", mend)


def _port(chosen: "Settings") -> Iterator[Finding]:
    from api.commands.serve import free_port, is_free

    free = is_free("127.0.0.1", chosen.port)
    mend = (
        "" if free else f"`tanzhang serve --port {free_port('127.0.0.1', chosen.port + 1)}`; `tanzhang demo` takes the next free one itself"
    )
    yield Finding("port", True if free else None, f"{chosen.port} is {'free' if free else 'taken'}", mend)


CHECKS: tuple[Callable[["Settings"], Iterator[Finding]], ...] = (_python, _sqlite, _home, _book, _bundle, _fonts, _port)
