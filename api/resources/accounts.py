"""Accounts: balances, turnovers, statements."""

from datetime import date
from functools import partial
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.concurrency import sync_to_thread
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from api.doors import READER
from api.paging import After as AfterName
from api.paging import onward, page_of
from carbon.reach import seen_accounts
from ledger.balances import BALANCES, balances, balances_now, statement
from ledger.book import Book
from ledger.principal import Principal

After = Annotated[int, QueryParameter(ge=-1, le=2**63 - 1)]
Limit = Annotated[int, QueryParameter(ge=1, le=1000)]


@get("/accounts/balance", opt=READER, tags=["ledger"])
async def account_balance(
    request: Request[Any, Any, Any], account: FromQuery[str], book: NamedDependency[Book], principal: NamedDependency[Principal],
    since: Annotated[date | None, QueryParameter(name="from")] = None, until: FromQuery[date | None] = None,
    after: AfterName = "", limit: Limit = 1000,
) -> Response[list[dict[str, Any]]]:  # fmt: skip
    """Turnover of a flow account between two days (inclusive), balance of a stock on a day. A name that ends in `/` is all below it; by
    account and commodity, those after the account and commodity `after`, parted by a blank."""
    at_once = since is until is None and book.dialect == "sqlite" and principal.divisions is None and not account.endswith("/")
    read = partial(_balances, book, principal, account, since, until, after)
    rows = read() if at_once else await sync_to_thread(read)  # one row by its name takes less than the way to a thread and back
    return page_of(request, rows, limit=limit, key=lambda row: f"{row['account']} {row['commodity']}")


def _balances(book: Book, principal: Principal, account: str, since: date | None, until: date | None, after: str) -> list[dict[str, Any]]:
    """The rows as they are told, those after the account and commodity `after`."""
    if since is None and until is None:
        rows = balances_now(book, principal, account, among=seen_accounts(principal))
    else:
        with book.reading(principal) as session:
            rows = balances(session, accounts=account, since=since, until=until, among=seen_accounts(principal)).rows()
    told = [dict(zip(BALANCES, row, strict=True)) | {"amount": str(row[4])} for row in rows]
    seen = tuple(after.rsplit(" ", 1))
    return [row for row in told if (row["account"], row["commodity"]) > seen]


@get("/accounts/statement", opt=READER, sync_to_thread=True, tags=["ledger"])
def account_statement(
    request: Request[Any, Any, Any], account: FromQuery[str], commodity: FromQuery[str], book: NamedDependency[Book],
    principal: NamedDependency[Principal], after: After = -1, limit: Limit = 100,
) -> Response[list[dict[str, Any]]]:  # fmt: skip
    """The postings of an account in the order of the log, those after entry `after`; `Link` leads to the next page."""
    with book.reading(principal) as session:
        frame = statement(session, account, commodity, after=after, limit=limit, among=seen_accounts(principal))
    amounts = [name for name in ("amount", "balance") if name in frame.columns]
    rows = [row | {name: str(row[name]) for name in amounts} for row in frame.iter_rows(named=True)]
    return Response(rows, headers=onward(request, after=frame["entry_id"][-1], limit=limit) if frame.height >= limit else {})
