"""The inventory of a firm's year: figures, changes, peers, reports, and several firms as one."""

from datetime import date
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from api.doors import READER
from api.inventories import MEDIA, PDF, changed, report, shown
from api.numbers import FIRST_YEAR, LAST_YEAR, Year
from api.resources.files import XLSX
from api.resources.wire import wire
from api.work.desk import desk_of
from carbon.enterprise.firm import facts
from carbon.enterprise.inventory.consolidate import booked_group
from carbon.enterprise.owners import applied, told_shares
from carbon.holder import find_holder
from factors.gwp import DEFAULT_SET, gwp_set
from ledger.book import Book
from ledger.principal import Principal

Asked = Request[Any, Any, Any]
Told = dict[str, Any]
Chosen = Annotated[list[str], QueryParameter(name="holder", min_items=1, max_items=200, description="A holder; name each.")]


@get("/holders/{holder:str}/inventory/{year:int}", opt=READER, sync_to_thread=True, tags=["inventory"])
def one_inventory(
    holder: FromPath[str], year: Year, book: NamedDependency[Book], principal: NamedDependency[Principal],
    gwp: FromQuery[str] = DEFAULT_SET,
) -> Told:  # fmt: skip
    """What stands in the book for a year: scopes side by side, gases, ISO 14064-1, GB/T 32150, energy; every row with its entries."""
    with book.reading(principal) as session:
        return dict(wire(shown(book, session, principal, holder=holder, year=year, gwp=gwp).inventory))


@get("/holders/{holder:str}/inventory/{year:int}/change", opt=READER, sync_to_thread=True, tags=["inventory"])
def inventory_change(
    holder: FromPath[str], year: Year, book: NamedDependency[Book], principal: NamedDependency[Principal],
    against: Annotated[int, QueryParameter(ge=FIRST_YEAR, le=LAST_YEAR)], gwp: FromQuery[str] = DEFAULT_SET,
) -> Told:  # fmt: skip
    """The year against another, part by part; where that is the base year, whether it is to be calculated anew."""
    with book.reading(principal) as session:
        rule = facts(session, principal, holder, date(year, 12, 31)).base_year
        return dict(wire(changed(session, principal, holder=holder, year=year, against=against, gwp=gwp, rule=rule)))


@get("/holders/{holder:str}/inventory/{year:int}/peers", opt=READER, sync_to_thread=True, tags=["inventory"])
def inventory_peers(
    holder: FromPath[str], year: Year, book: NamedDependency[Book], principal: NamedDependency[Principal],
    gwp: FromQuery[str] = DEFAULT_SET,
) -> Response[Told | None]:  # fmt: skip
    """The firm beside the mean of its industry; null where fewer than ten firms would be told of."""
    with book.reading(principal) as session:
        return Response(wire(shown(book, session, principal, holder=holder, year=year, gwp=gwp).peers))


def _report(
    kind: str, request: Asked, holder: str, year: int, book: Book, principal: Principal, gwp: str, language: str
) -> Response[bytes]:
    with book.reading(principal) as session:
        found = shown(book, session, principal, holder=holder, year=year, gwp=gwp)
        now = desk_of(request, book, principal).now
        made = report(session, principal, found, kind=kind, language="en" if language == "en" else "zh", now=now)
    name = f"inventory-{holder}-{year}.{kind}"
    return Response(made, media_type=MEDIA[kind], headers={"Content-Disposition": f'attachment; filename="{name}"'})


@get("/holders/{holder:str}/inventory/{year:int}/report.pdf", opt=READER, sync_to_thread=True, media_type=PDF, tags=["inventory"])
def inventory_report_pdf(
    request: Asked, holder: FromPath[str], year: Year, book: NamedDependency[Book], principal: NamedDependency[Principal],
    gwp: FromQuery[str] = DEFAULT_SET, language: FromQuery[str] = "zh",
) -> Response[bytes]:  # fmt: skip
    """The report as a PDF, in Chinese or English."""
    return _report("pdf", request, holder, year, book, principal, gwp, language)


@get("/holders/{holder:str}/inventory/{year:int}/report.xlsx", opt=READER, sync_to_thread=True, media_type=XLSX, tags=["inventory"])
def inventory_report_xlsx(
    request: Asked, holder: FromPath[str], year: Year, book: NamedDependency[Book], principal: NamedDependency[Principal],
    gwp: FromQuery[str] = DEFAULT_SET, language: FromQuery[str] = "zh",
) -> Response[bytes]:  # fmt: skip
    """The report as a workbook, with every line."""
    return _report("xlsx", request, holder, year, book, principal, gwp, language)


@get("/consolidation/{year:int}", opt=READER, sync_to_thread=True, tags=["inventory"])
def consolidation(
    year: Year, book: NamedDependency[Book], principal: NamedDependency[Principal], chosen: Chosen,
    gwp: FromQuery[str] = DEFAULT_SET, owner: FromQuery[str | None] = None, approach: FromQuery[str] = "equity",
) -> Told:  # fmt: skip
    """Several firms as one: what they sold one another is taken out on both sides, and told. With `owner`, its parts of them; `shares` are
    those that were applied, each of its day."""
    with book.reading(principal) as session:
        if owner is not None:
            find_holder(session, principal, owner)
        found = booked_group(
            session, principal, name="group", holders=chosen, year=year, prices=gwp_set(gwp), owner=owner, approach=approach
        )  # fmt: skip
        told = told_shares(session, principal, holder=owner) if owner else []
    used = applied(told, owner=owner or "", approach=approach, start=date(year, 1, 1), end=date(year, 12, 31))
    return dict(wire(found)) | {"shares": wire([one for one in used if one.holder in chosen])}
