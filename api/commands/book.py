"""The book itself: open one, ask an account, read every row again."""

from typing import Annotated

import typer

from api.commands import asked


def init(database: asked.Database = None, home: asked.Home = None) -> None:
    """tanzhang init
    tanzhang init --database postgresql://app@db/tanzhang

    Open an empty book, or bring an old one to this version. Safe to repeat.
    """
    from carbon.settings import keep_settings
    from ledger.book import open_book
    from migrations import upgrade

    chosen = asked.settings(database, home)
    done = upgrade(chosen.database_url, home=chosen.home, owner_url=chosen.owner_url)
    keep_settings(chosen)
    book = open_book(chosen.database_url, home=chosen.home)
    asked.say(f"{'opened' if done else 'already there:'} book {book.id} ({book.dialect}), home {chosen.home}")


def verify(database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False) -> None:
    """tanzhang verify
    tanzhang verify --json

    Read every row of the book again: hashes, sums, keys, checkpoints outside. Exit 3 when a law is broken.
    """
    from dataclasses import asdict

    from carbon.audit import verify as broken_laws

    book = asked.book(database, home)
    found = broken_laws(book)
    for violation in found:
        if as_json:
            asked.print_json(asdict(violation))
        else:
            asked.say(f"broken: {violation}")
    if found:
        raise typer.Exit(3)
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
