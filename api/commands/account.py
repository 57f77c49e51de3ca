"""Accounts of the bare ledger: open, close, list."""

from typing import Annotated

import typer

from api.commands import asked

account = typer.Typer(help="Accounts of the bare ledger: their side, floor and balance.", no_args_is_help=True, rich_markup_mode=None)
Name = Annotated[str, typer.Argument(metavar="NAME", help="Parts parted by /, such as cash/till or 库存/煤.")]
Commodity = Annotated[str, typer.Argument(metavar="COMMODITY", help="Its code, such as CO2.")]


def open_(
    name: Name, commodity: Commodity,
    unit: str | None = typer.Option(None, "--unit", help="Smallest unit of a new commodity, such as g, for good; else 'unit'."),
    side: str = typer.Option("debit", "--side", help="Normal side: debit or credit."),
    floor: int | None = typer.Option(None, "--floor", help="Least balance on that side, such as 0; else no floor."),
    into: str = typer.Option("ledger", "--book", help="Book of the account, for good."),
    database: asked.Database = None, home: asked.Home = None,
) -> None:  # fmt: skip
    """tanzhang account open cash/till CNY --unit fen --floor 0
    tanzhang account open loans CNY --side credit

    Open an account, or rule anew on one that stands, closed ones included.
    """
    from ledger.intake import UNIT, known_units
    from ledger.opening import AccountOpening, open_accounts
    from ledger.principal import LOCAL_ADMIN

    if side not in {"debit", "credit"}:
        raise asked.WrongUsage(f"--side {side!r} is none: write debit or credit")
    chosen = asked.settings(database, home)
    with asked.book(database, home).writing() as session:
        counted = unit or known_units(session, {commodity}).get(commodity, UNIT)
        opening = AccountOpening(
            book=into, name=name, commodity=commodity, unit=counted, side="debit" if side == "debit" else "credit", floor=floor
        )
        open_accounts(session, [opening], LOCAL_ADMIN, now=asked.now(), day=asked.today(chosen))
    asked.say(f"open: {name} in {commodity} ({counted}), {side} side, " + (f"floor {floor:,}" if floor is not None else "no floor"))


def close(name: Name, commodity: Commodity, database: asked.Database = None, home: asked.Home = None) -> None:
    """tanzhang account close cash/till CNY

    Close an account: later postings to it are refused, until it is opened again.
    """
    from ledger.opening import close_account
    from ledger.principal import LOCAL_ADMIN

    chosen = asked.settings(database, home)
    with asked.book(database, home).writing() as session:
        close_account(session, name, commodity, LOCAL_ADMIN, now=asked.now(), day=asked.today(chosen))
    asked.say(f"closed: {name} in {commodity}")


def list_accounts(
    within: str | None = typer.Option(None, "--book", help="Accounts of one book only."),
    database: asked.Database = None, home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang account list
    tanzhang account list --book ledger --json

    The accounts that stand, with the rule in force and the balance.
    """
    from ledger.roster import roster

    with asked.book(database, home).reading() as session:
        found = roster(session, book=within).drop("account_id")
    if as_json:
        for row in found.iter_rows(named=True):
            floor = None if row["floor"] is None else str(row["floor"])
            asked.print_json(row | {"amount": str(row["amount"]), "floor": floor})
        return
    head = ["account", "commodity", "amount", "unit", "side", "floor", "book", "postings", "closed"]
    asked.print_table(
        head,
        (
            (
                r["account"], r["commodity"], f"{r['amount']:,}", r["unit"], r["side"], "" if r["floor"] is None else f"{r['floor']:,}",
                r["book"], f"{r['count']:,}", "closed" if r["closed"] else "",
            )
            for r in found.iter_rows(named=True)
        ),
        right=("amount", "floor", "postings"),
    )  # fmt: skip


asked.add(account, open_, "open")
asked.add(account, close)
asked.add(account, list_accounts, "list")
