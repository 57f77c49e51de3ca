"""The ledger: accounts and their balances, and one account's statement, page by page."""

from datetime import date
from typing import Any

import polars as pl
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Response
from sqlmodel import Session

from api.doors import READER
from api.export import table_response
from api.pages import words
from api.pages.entry import After
from api.pages.region import EXAMPLE
from api.pages.shell import Asked, language_of, page, translate
from carbon.holder import holders
from carbon.reach import seen_accounts
from carbon.region.divisions import divisions
from ledger.balances import balances, statement
from ledger.book import Book
from ledger.errors import AccountNotFound
from ledger.principal import Principal

ROOTS = (
    "holder/",
    "atmosphere/",
    "store/",
    "pool/",
    "outside/",
    "conversion/",
    "retired/",
    "registry/",
    "sponsor/",
    "merchant/",
    "supply/",
)
LISTED, PAGE, WHOLE = 200, 50, 1_000_000


def account_rows(session: Session, principal: Principal, name: str) -> pl.DataFrame:
    """Balances of the account, of all below a name that ends in a stroke, or of the whole book: those that the principal may see."""
    among = seen_accounts(principal)
    if name:
        return balances(session, accounts=name, among=among)
    parts = []
    for root in ROOTS:
        try:
            parts.append(balances(session, accounts=root, among=among))
        except AccountNotFound:
            continue  # no entry of this kind yet
    return (
        pl.concat(parts).sort("book", maintain_order=True, descending=True)
        if parts
        else pl.DataFrame(schema={"account": pl.String, "book": pl.String, "commodity": pl.String})
    )


HEAD = ["account", "book", "commodity", "unit", "amount", "count"]


@get("/accounts", opt=READER, sync_to_thread=True)
def account_list(
    request: Asked, book: NamedDependency[Book], principal: NamedDependency[Principal], name: FromQuery[str] = ""
) -> Response[str]:
    """Accounts with their balances."""
    with book.reading(principal) as session:
        rows = account_rows(session, principal, name)
        return page(
            request, "accounts.html", session=session, here="ledger", example=_example(request, session, principal), name=name,
            rows=rows.head(LISTED).to_dicts(), count=rows.height, listed=LISTED, **_wording(request),
        )  # fmt: skip


@get("/accounts/{file:str}", opt=READER, sync_to_thread=True)
def account_file(
    file: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal], name: FromQuery[str] = ""
) -> Response[bytes]:
    """Accounts with their balances as CSV or JSON."""
    with book.reading(principal) as session:
        rows = account_rows(session, principal, name)
    return table_response(file, stem="accounts", head=HEAD, rows=rows.select(HEAD).iter_rows() if rows.height else [])


@get("/accounts/statement", opt=READER, sync_to_thread=True)
def account_statement(
    request: Asked, book: NamedDependency[Book], principal: NamedDependency[Principal], account: FromQuery[str], commodity: FromQuery[str],
    after: After = -1,
) -> Response[str]:  # fmt: skip
    """The postings of an account in the order of the log, with the running balance."""
    with book.reading(principal) as session:
        frame = statement(session, account, commodity, after=after, limit=PAGE, among=seen_accounts(principal))
        total = balances(session, accounts=account).filter(pl.col("commodity") == commodity).row(0, named=True)
        last = int(frame["entry_id"][-1]) if frame.height >= PAGE else None
        more = last if last is not None and statement(session, account, commodity, after=last, limit=1).height else None
        return page(
            request, "statement.html", session=session, here="ledger", example=_example(request, session, principal, account),
            account=account, commodity=commodity, rows=frame.to_dicts(), total=total, after=after, more=more, **_wording(request),
        )  # fmt: skip


@get("/accounts/statement/{file:str}", opt=READER, sync_to_thread=True)
def account_statement_file(
    file: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal], account: FromQuery[str],
    commodity: FromQuery[str],
) -> Response[bytes]:  # fmt: skip
    """A whole statement as CSV or JSON."""
    with book.reading(principal) as session:
        frame = statement(session, account, commodity, limit=WHOLE, among=seen_accounts(principal))
    rows = ([cell.isoformat() if isinstance(cell, date) else cell for cell in row] for row in frame.iter_rows())
    return table_response(file, stem="statement", head=frame.columns, rows=rows)


def _example(request: Asked, session: Session, principal: Principal, account: str = "") -> str:
    """The word for the bar: whether an example holder is among the accounts (of any holder where none is named)."""
    examples = [holder.id for holder in holders(session, principal, limit=WHOLE) if holder.example]
    named = account.startswith("holder/")
    return translate(request, EXAMPLE) if any(not named or f"/{one}/" in account for one in examples) else ""


def _wording(request: Asked) -> dict[str, Any]:
    def say(text: str) -> str:
        return translate(request, text)

    def place(code: str) -> str:
        division = divisions().ever(code)
        return division.name(language_of(request)) if division else code

    return {"say": say, "words": words, "in_words": lambda name: words.account(name, say, place)}
