"""What commands share: their common options, the settings and the book that these name, and how results are written."""

import inspect
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from carbon.settings import Settings
    from factors.library import FactorLibrary
    from ledger.book import Book

Database = Annotated[
    str | None, typer.Option("--database", help="SQLAlchemy url of the book, else TANZHANG_DATABASE_URL, else SQLite in the home.")
]
Home = Annotated[
    Path | None, typer.Option("--home", help="Folder of settings, keys and checkpoints, else TANZHANG_HOME, else ./.tanzhang.")
]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A .csv (UTF-8) or .xlsx file.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable: one JSON object a line on standard output.")]

RUNNING: list[str] = []
"""The command that runs, by module and name; nothing of its arguments, which may name a person."""


class WrongUsage(Exception):
    """The command line asks for something that cannot be: exit 2."""


@contextmanager
def refusals() -> Iterator[None]:
    """A place that is taken, or a user that cannot be, is wrong usage, exit 2; a book, a month or a backup that does not hold is at fault,
    exit 3."""
    from api.auth.errors import BadUser
    from ledger.errors import BadProof, PeriodMisruled
    from ledger.manifest import BackupRefused, PlaceTaken

    try:
        yield
    except (PlaceTaken, BadUser) as error:
        raise WrongUsage(str(error)) from error
    except (BadProof, PeriodMisruled, BackupRefused) as error:
        say(f"tanzhang: refused: {error}")
        raise typer.Exit(3) from error


def add(app: typer.Typer, function: Callable[..., None], name: str | None = None) -> None:
    """Add a command whose docstring opens with examples: its help shows them first, the list of commands the sentence after them."""
    examples, _, told = inspect.cleandoc(function.__doc__ or "").partition("\n\n")
    called = f"{function.__module__.rpartition('.')[2]}.{name or function.__name__}"

    @wraps(function)
    def noted(*given: Any, **options: Any) -> None:
        RUNNING[:] = [called]
        function(*given, **options)

    app.command(name or function.__name__, help=f"\b\n{examples}\n\n{told}", short_help=told.split("\n")[0])(noted)


def settings(database: str | None, home: Path | None, **flags: str | None) -> "Settings":
    """Flags over environment over the file in the home over the defaults."""
    from carbon.settings import read_settings

    return read_settings(environment=os.environ, flags={"database_url": database, "home": str(home) if home else None, **flags})


def book(database: str | None, home: Path | None) -> "Book":
    """The book that the settings name. What the command writes into it is recorded as the machine's own."""
    from api.audit.visit import at_command_line
    from ledger.book import open_book

    asked = settings(database, home)
    opened = open_book(asked.database_url, home=asked.home)
    at_command_line(opened, "".join(RUNNING))
    return opened


def library(home: Path | None) -> "FactorLibrary":
    """The shipped packs and those added to the home."""
    from factors.library import load_library

    return load_library(settings(None, home).home)


def now() -> datetime:
    """This instant, in UTC."""
    from datetime import UTC

    return datetime.now(UTC)


def today(asked: "Settings") -> date:
    """The day it is where the book is kept."""
    return datetime.now(asked.timezone).date()


def day(text: str | None, option: str) -> date | None:
    """A day written as 2023-07-01."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise WrongUsage(f"{option} {text!r} is no day: write it as 2023-07-01") from error


def password(from_stdin: bool) -> str:
    """A line of standard input, or what is typed twice at a terminal; nothing is asked without one."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise WrongUsage("there is no terminal to ask for the password: give it with --password-stdin")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def print_json(value: Any) -> None:
    """One JSON value on a line of standard output; structs and dates as they are."""
    import msgspec

    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def say(text: str) -> None:
    """A message for people, on standard error."""
    sys.stderr.write(text + "\n")


def print_table(head: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[str] = ()) -> None:
    """A table for people on standard output, its columns as wide as they need to be; Chinese counts double."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False, show_edge=False)
    for name in head:
        table.add_column(name, justify="right" if name in right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    terminal = sys.stdout.isatty()
    Console(file=sys.stdout, width=None if terminal else 400, markup=False, highlight=False, emoji=False, soft_wrap=not terminal).print(
        table
    )
