"""The book itself: open one, ask an account, read every row again."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import asked

if TYPE_CHECKING:
    from carbon.settings import Settings
    from ledger.book import Book


def init(
    admin: str | None = typer.Option(None, "--admin", metavar="LOGIN", help="The first administrator, while the book has no user."),
    password_stdin: bool = typer.Option(False, "--password-stdin", help="Read that password from standard input; else it is asked."),
    database: asked.Database = None, home: asked.Home = None,
) -> None:  # fmt: skip
    """tanzhang init
    tanzhang init --database postgresql://app@db/tanzhang
    tanzhang init --admin wang@example.com --password-stdin < password.txt

    Open an empty book, or bring an old one to this version as migrate does, with a backup. Safe to repeat.

    Without a terminal nothing is asked. Until there is a user, who sits at this machine reads the book. Default passwords of databases,
    keys that others may read, guessable passwords and users of a demo are refused, unless this is a demo (TANZHANG_ENVIRONMENT=demo).
    """
    from api.auth.strength import check_database, check_secrets
    from api.commands.migrate import bring_up
    from carbon.settings import keep_settings
    from ledger.book import open_book

    if password_stdin and admin is None:
        raise asked.WrongUsage("--password-stdin is the password of the first administrator: name it with --admin")
    chosen = asked.settings(database, home)
    if not chosen.is_demo:
        check_database("database_url", chosen.database_url)
        check_database("owner_url", chosen.owner_url)
        check_secrets(chosen.home)
    done = bring_up(chosen)
    keep_settings(chosen)
    book = open_book(chosen.database_url, home=chosen.home)
    asked.say(f"{'opened' if done else 'already there:'} book {book.id} ({book.dialect}), home {chosen.home}")
    _administrator(book, chosen, admin, password_stdin)


def _administrator(book: "Book", chosen: "Settings", login: str | None, password_stdin: bool) -> None:
    """Make the first administrator, where one is named, or a person at a terminal names one; else say how."""
    from api.auth.example import has_examples
    from api.auth.first import first_administrator, stands
    from api.auth.password import hashed
    from api.auth.user import is_empty
    from api.auth.vault import Vault

    vault = Vault.at(book.home)
    with book.reading() as session:
        empty = is_empty(session)
        if not chosen.is_demo and has_examples(session):
            raise asked.WrongUsage("this book has users of a demo, whose password everybody knows: take an empty book, or disable them")
        there = bool(login) and not empty and stands(session, vault, str(login))
    if there:
        return asked.say(f"already there: administrator {login}")
    if login and not empty:
        raise asked.WrongUsage("the book has users: the first administrator was made before; further ones are made with tanzhang user add")
    if not empty:
        return None
    if login is None and sys.stdin.isatty():
        login = (
            str(typer.prompt("Login of the first administrator (empty: later)", default="", show_default=False, err=True)).strip() or None
        )
    if login is None:
        return asked.say("no user yet: make the first administrator with tanzhang init --admin LOGIN")
    given = asked.password(password_stdin)
    with asked.refusals():
        kept = hashed(given, login=login, guessable=chosen.is_demo)
        with book.writing() as session:
            made = first_administrator(session, vault, login=login, password=kept, now=asked.now())
    return asked.say(f"administrator {login} is user {made}; a security officer is made next: tanzhang user add LOGIN --role security")


def verify(database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False) -> None:
    """tanzhang verify
    tanzhang verify --json

    Read every row of the book again: hashes, sums, keys, checkpoints outside. Exit 3 when a law is broken.
    """
    from dataclasses import asdict

    from api.audit.check import law_of
    from api.operations.marks import mark
    from carbon.audit import verify as broken_laws

    book = asked.book(database, home)
    found = broken_laws(book, laws=[law_of(book)])
    for violation in found:
        if as_json:
            asked.print_json(asdict(violation))
        else:
            asked.say(f"broken: {violation}")
    if found:
        raise typer.Exit(3)
    mark(book.home, "verified", now=asked.now())
    asked.say(f"book {book.id}: every law holds")


def balance(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="A name, or a beginning that ends in /.")],
    since: str | None = typer.Option(None, "--from", help="First day of the turnover of a flow account, inclusive."),
    until: str | None = typer.Option(None, "--until", help="Last day, inclusive."),
    database: asked.Database = None,
    home: asked.Home = None,
    as_json: asked.Json = False,
) -> None:
    """tanzhang balance holder/h7k2m9/ --from 2023-01-01 --until 2023-12-31
    tanzhang balance atmosphere/330522/1A2 --json

    Turnover of a flow account between two days, balance of a stock on a day.

    A name that ends in / is all below it.
    """
    from ledger.balances import balances

    book = asked.book(database, home)
    with book.reading() as session:
        frame = balances(session, accounts=account, since=asked.day(since, "--from"), until=asked.day(until, "--until"))
    if as_json:
        for row in frame.iter_rows(named=True):
            asked.print_json(row | {"amount": str(row["amount"])})
        return
    rows = ((r["account"], r["commodity"], f"{r['amount']:,}", r["unit"], f"{r['count']:,}") for r in frame.iter_rows(named=True))
    asked.print_table(["account", "commodity", "amount", "unit", "postings"], rows, right=("amount", "postings"))
