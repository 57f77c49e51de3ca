"""The example: a firm's year of activity data in its county, beside the published figures of nation and provinces."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from api.commands import asked

if TYPE_CHECKING:
    from carbon.record import RecordReceipt
    from ledger.book import Book

FIRM, INDUSTRY = "示例建材有限公司", "C3011"
OTHERS = (("resident", "示例居民"), ("park", "示例园区"))
SITE, SITE_NAME, COUNTY, SINCE, YEAR = "s01", "长兴一厂", "330522", "2020-01-01", 2023


def demo(
    serve: bool = typer.Option(True, "--serve/--no-serve", help="Serve the pages afterwards."),
    port: int | None = typer.Option(None, "--port", min=1, max=65535, help="The first port to try."),
    database: asked.Database = None, home: asked.Home = None,
) -> None:  # fmt: skip
    """tanzhang demo
    tanzhang demo --no-serve

    Open a book, import the shipped series, book the example firm's year, verify, and serve the pages. Safe to repeat.

    Its example users, one for each office, share a password that is shown; they are made in a demo's book only.
    """
    from api.commands.migrate import bring_up
    from carbon.audit import verify
    from carbon.settings import keep_settings, mark_demo
    from ledger.book import open_book

    chosen = asked.settings(database, home, port=str(port) if port else None)
    if chosen.environment and not chosen.is_demo:
        mark_demo(chosen)  # which says why not, before anything is done
    bring_up(chosen)
    keep_settings(chosen)
    book = open_book(chosen.database_url, home=chosen.home)
    _refuse_where_users_are(book)
    mark_demo(chosen)
    asked.say(f"book {book.id} on {book.dialect}, home {chosen.home}")
    _series(book)
    receipt = _firm(book, asked.today(chosen))
    _figures(book, receipt)
    _users(book, receipt.holder)
    broken = verify(book)
    if broken:
        asked.say("\n".join(f"broken: {violation}" for violation in broken))
        raise typer.Exit(3)
    asked.say("verified: every law holds")
    if not serve:
        return
    from api.commands.serve import free_port, run

    book.engine.dispose()
    free = free_port("127.0.0.1", chosen.port)
    chosen = asked.settings(database, home, port=str(port) if port else None)
    asked.say(f"the example's county, once signed in: http://127.0.0.1:{free}/{chosen.language}/regions/{COUNTY}?year={YEAR}")
    asked.say(f"the example's inventory: http://127.0.0.1:{free}/{chosen.language}/holders/{receipt.holder}/inventory/{YEAR}")
    run(chosen, "127.0.0.1", free, workers=1)


def _series(book: "Book") -> None:
    from carbon.region.divisions import divisions
    from carbon.region.shipped import import_shipped
    from ledger.principal import LOCAL_ADMIN

    with book.writing() as session:
        for receipt in import_shipped(session, principal=LOCAL_ADMIN, now=asked.now(), tree=divisions()):
            asked.say(f"series {receipt.source}: {receipt.cells:,} cells")


def _firm(book: "Book", today: "object") -> "RecordReceipt":
    """The example firm, its site, and its workbook, each only once."""
    from datetime import date
    from importlib.resources import as_file, files

    from carbon.holder import add_holder, add_site, holders
    from carbon.record import record
    from carbon.region.divisions import divisions
    from factors.library import load_library
    from ledger.principal import LOCAL_ADMIN

    assert isinstance(today, date)
    with book.writing() as session:
        firm = next((one for one in holders(session, LOCAL_ADMIN, limit=100_000) if one.example and one.name == FIRM), None)
        if firm is None:
            firm = add_holder(session, LOCAL_ADMIN, name=FIRM, kind="firm", industry=INDUSTRY, example=True, now=asked.now())
            add_site(
                session,
                LOCAL_ADMIN,
                holder=firm.id,
                code=SITE,
                name=SITE_NAME,
                division=COUNTY,
                since=date.fromisoformat(SINCE),
                tree=divisions(),
            )
    with as_file(files("carbon").joinpath("data", "example_2023.xlsx")) as path:
        receipt = record(
            book, Path(path), holder=firm.id, principal=LOCAL_ADMIN, now=asked.now(), today=today, library=load_library(book.home),
            tree=divisions(),
        )  # fmt: skip
    asked.say(
        f"示例 example: {FIRM} ({firm.id}), {receipt.lines} lines of {receipt.file}"
        + (", booked before" if receipt.repeated else " booked")
    )
    return receipt


def _refuse_where_users_are(book: "Book") -> None:
    """Before anything is booked: where people have users of their own, nobody else shall come in by a password that is shown."""
    from api.auth.example import check_empty

    with asked.refusals(), book.reading() as session:
        check_empty(session)


def _users(book: "Book", firm: str) -> None:
    """A user for each office, with the example park and resident, each only once; how they sign in, on standard output."""
    from api.auth.example import EXAMPLES, PASSWORD, TOTP, make_examples
    from api.auth.office import DUTIES, Office
    from api.auth.vault import Vault
    from carbon.holder import add_holder, holders
    from ledger.principal import LOCAL_ADMIN

    with book.writing() as session:
        there = {one.name: one.id for one in holders(session, LOCAL_ADMIN, limit=100_000) if one.example}
        for kind, name in OTHERS:
            if name not in there:
                there[name] = add_holder(session, LOCAL_ADMIN, name=name, kind=kind, example=True, now=asked.now()).id
        within = {Office.FIRM: firm, Office.VERIFIER: firm} | {Office(kind): there[name] for kind, name in OTHERS}
        make_examples(session, Vault.at(book.home), within, now=asked.now())
    rows = [
        (one.login, one.office, one.division or within.get(one.office, ""), "yes" if DUTIES[one.office].second_factor else "")
        for one in EXAMPLES
    ]
    asked.print_table(["示例 login", "office", "within", "code"], rows)
    print(f"password of each: {PASSWORD}\nsecret of their authenticator, where a code is asked: {TOTP}")


def _figures(book: "Book", receipt: "RecordReceipt") -> None:
    """What the firm answers for, by scope and gas, and with which factors: the result of the main job, on standard output."""
    from factors.gwp import gwp_set, valuation
    from ledger.balances import balances

    with book.reading() as session:
        frame = balances(session, accounts=f"holder/{receipt.holder}/")
    sums: dict[str, dict[str, int]] = {}
    for row in frame.iter_rows(named=True):
        kind = row["account"].split("/")[3]
        gases = sums.setdefault(kind, {})
        gases[row["commodity"]] = gases.get(row["commodity"], 0) + row["amount"]
    prices = gwp_set("AR5.100")
    rows = [
        (kind, "  ".join(f"{gas} {amount:,}" for gas, amount in gases.items()), f"{valuation(gases, prices) / 10**6:,.1f}")
        for kind, gases in sums.items()
    ]
    print(json.dumps({"example": True, "holder": receipt.holder, "site": SITE, "division": COUNTY, "year": YEAR}, ensure_ascii=False))
    asked.print_table(["示例 example", "g CO2, mg of other gases", "t CO2e AR5.100"], rows, right=("t CO2e AR5.100",))
