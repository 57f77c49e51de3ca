"""The inventory of a firm's year, its tables and reports as files, and several firms as one."""

from datetime import date
from typing import Annotated, Any

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect, Response
from sqlmodel import Session

from api.doors import READER
from api.export import table_response
from api.inventories import MEDIA, report, shown
from api.numbers import AskedYear, Year
from api.pages.entry import REPORTS
from api.pages.firm_frame import firm_frame
from api.pages.inventory_tables import Table, inventory_table
from api.pages.inventory_view import firm_scale, inventory_context
from api.pages.region import EXAMPLE
from api.pages.shares import HEAD as SHARES
from api.pages.shares import percent, row_of
from api.pages.shell import Asked, language_of, page, translate
from api.work.desk import desk_of
from carbon.enterprise.inventory.consolidate import Consolidation, booked_group
from carbon.enterprise.owners import Share, applied, told_shares
from carbon.enterprise.peers import filed_years
from carbon.holder import Holder, find_holder, holder_names, holders
from factors.gwp import DEFAULT_SET, gwp_set, gwp_sets
from ledger.book import Book
from ledger.principal import Principal

LISTED = 200
Chosen = Annotated[list[str] | None, QueryParameter(name="holder", max_items=LISTED)]


@get("/holders/{holder_id:str}/inventory", opt=READER, sync_to_thread=True)
def inventory_latest(
    request: Asked, holder_id: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:
    """The latest year for which something was booked."""
    with book.reading(principal) as session:
        frame = firm_frame(request, session, principal, holder_id, "inventory")
        years = filed_years(session, principal, holder_id)
        if years:
            return Redirect(f"/{language_of(request)}/holders/{holder_id}/inventory/{years[0]}", status_code=303)
        return page(request, "inventory_none.html", **frame)


@get("/holders/{holder_id:str}/inventory/{year:int}", opt=READER, sync_to_thread=True)
def inventory_page(
    request: Asked, holder_id: FromPath[str], year: Year, book: NamedDependency[Book], principal: NamedDependency[Principal],
    gwp: FromQuery[str] = DEFAULT_SET, view: FromQuery[str] = "scope",
) -> Response[str]:  # fmt: skip
    """The inventory of a year: both scope 2 methods stand, scope 3 apart; each figure leads to its entries."""
    with book.reading(principal) as session:
        found = shown(book, session, principal, holder=holder_id, year=year, gwp=gwp)
        context = inventory_context(found, language_of(request), view=view)
        return page(request, "inventory.html", **firm_frame(request, session, principal, holder_id, "inventory"), **context)


@get("/holders/{holder_id:str}/inventory/{year:int}/{file:str}", opt=READER, sync_to_thread=True)
def inventory_file(
    request: Asked, holder_id: FromPath[str], year: Year, file: FromPath[str], book: NamedDependency[Book],
    principal: NamedDependency[Principal], gwp: FromQuery[str] = DEFAULT_SET,
) -> Response[bytes]:  # fmt: skip
    """One table of the page as CSV, XLSX or JSON, or the report: inventory.pdf, inventory.xlsx."""
    name, _, kind = file.rpartition(".")
    with book.reading(principal) as session:
        found = shown(book, session, principal, holder=holder_id, year=year, gwp=gwp)
        if name == "inventory" and kind in MEDIA:
            now = desk_of(request, book, principal).now
            data = report(session, principal, found, kind=kind, language=language_of(request), now=now)
            headers = {"Content-Disposition": f'attachment; filename="inventory-{holder_id}-{year}.{kind}"'}
            return Response(data, media_type=MEDIA[kind], headers=headers)
    head, rows = inventory_table(found, name)
    return table_response(file, stem=f"{holder_id}-{year}-{name}", head=head, rows=rows)


@get("/consolidation", opt=READER, sync_to_thread=True)
def group_page(
    request: Asked, book: NamedDependency[Book], principal: NamedDependency[Principal], chosen: Chosen = None, year: AskedYear = None,
    gwp: FromQuery[str] = DEFAULT_SET, owner: FromQuery[str] = "", approach: FromQuery[str] = "equity",
) -> Response[str]:  # fmt: skip
    """Several firms as one inventory, and what of their figures they sold one another."""
    with book.reading(principal) as session:
        listed = holders(session, principal, limit=LISTED)
        wanted = year or desk_of(request, book, principal).today.year - 1
        found = _group(session, principal, chosen or [], wanted, gwp, owner, approach)
        return page(
            request, "consolidation.html", session=session, here="firms", listed=listed, chosen=chosen or [], year=wanted, gwp=gwp,
            gwp_sets=[name for name in REPORTS if name in gwp_sets()], owner=owner, approach=approach, found=found,
            query=request.url.query, **_said(request, listed, found), percent=percent,
            applied=_applied(session, principal, chosen or [], wanted, owner, approach),
        )  # fmt: skip


@get("/consolidation/{file:str}", opt=READER, sync_to_thread=True)
def group_file(
    request: Asked, file: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal], chosen: Chosen = None,
    year: AskedYear = None, gwp: FromQuery[str] = DEFAULT_SET, owner: FromQuery[str] = "", approach: FromQuery[str] = "equity",
) -> Response[bytes]:  # fmt: skip
    """Members and what was eliminated, or with shares.csv which shares were applied, as CSV, XLSX or JSON."""
    wanted = year or desk_of(request, book, principal).today.year - 1
    with book.reading(principal) as session:
        found = _group(session, principal, chosen or [], wanted, gwp, owner, approach)
        used, names = _applied(session, principal, chosen or [], wanted, owner, approach), holder_names(session, principal)
    by_share = file.rpartition(".")[0] == "shares"
    head, rows = (SHARES, [row_of(one, names) for one in used]) if by_share else group_table(found, gwp)
    return table_response(file, stem=f"{'shares' if by_share else 'consolidation'}-{wanted}", head=head, rows=rows)


def _applied(session: Session, principal: Principal, chosen: list[str], year: int, owner: str, approach: str) -> list[Share]:
    """The owner's shares in these firms that counted for days of the year, by firm and day."""
    if not owner:
        return []
    told = [one for one in told_shares(session, principal, holder=owner) if one.holder in chosen]
    found = applied(told, owner=owner, approach=approach, start=date(year, 1, 1), end=date(year, 12, 31))
    return sorted(found, key=lambda one: (one.holder, one.site, one.valid_from))


def _group(
    session: Session, principal: Principal, chosen: list[str], year: int, gwp: str, owner: str, approach: str
) -> Consolidation | None:
    """The firms as one, or None where none is chosen. HolderNotFound, BadShares."""
    if not chosen:
        return None
    if owner:
        find_holder(session, principal, owner)
    return booked_group(
        session, principal, name="group", holders=chosen, year=year, prices=gwp_set(gwp), owner=owner or None, approach=approach
    )


def group_table(found: Consolidation | None, gwp: str) -> Table:
    """Members before anything is taken out, what was taken out between them, and what is left."""
    head = [
        "row",
        "seller",
        "buyer",
        "book",
        "scope",
        "category",
        "scope1_g",
        "scope2_location_g",
        "scope2_market_g",
        "scope3_g",
        "gwp",
        "entries",
    ]
    if found is None:
        return head, []
    rows: list[list[object]] = [
        ["member", "", one.holder, "", "", "", one.scope1_g, one.scope2_location_g, one.scope2_market_g, one.scope3_g, gwp, ""]
        for one in found.members
    ]
    for one in found.eliminated:
        taken = [-one.co2e_g if one.book == book else 0 for book in ("location", "market", "product")]
        rows.append(
            ["eliminated", one.seller, one.buyer, one.book, one.scope, one.category, 0, *taken, gwp, " ".join(map(str, one.entries))]
        )
    left = found.inventory
    sums = [left.scope1.co2e_g, left.scope2_location.co2e_g, left.scope2_market.co2e_g, left.scope3.co2e_g]
    return head, [*rows, ["consolidated", "", "", "", "", "", *sums, gwp, ""]]


def _said(request: Asked, listed: list[Holder], found: Consolidation | None) -> dict[str, Any]:
    names = {one.id: one.name for one in listed}
    masses: list[int | None] = [0]
    if found is not None:
        masses = [found.inventory.total_location_g, found.inventory.total_market_g, found.inventory.scope3.co2e_g]
    return {
        "names": names, "scale": firm_scale(masses, language_of(request)),
        "example": translate(request, EXAMPLE) if any(one.example for one in listed) else "",
    }  # fmt: skip
