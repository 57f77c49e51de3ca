"""A division's page: what statisticians say, what holders filed, the difference, and the way down to the next level."""

from typing import Annotated, Any

from litestar import get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Response
from sqlmodel import Session

from api.doors import READER
from api.export import table_response
from api.pages.monthly import month_table, monthly_context
from api.pages.region_view import region_context, series_context
from api.pages.sectors import sector_table
from api.pages.shell import Asked, language_of, page, translate
from api.problems import N_
from carbon.region.dashboard import Dashboard, dashboard
from carbon.region.divisions import divisions
from factors.gwp import DEFAULT_SET, gwp_set
from ledger.book import Book
from ledger.principal import Principal

Year = Annotated[int | None, QueryParameter(ge=1, le=9999)]
EXAMPLE = N_("Firms and their filings that are marked as an example are invented; series and factors are published ones.")


def asked_dashboard(session: Session, code: str, *, principal: Principal, year: int | None, source: str, gwp: str) -> Dashboard:
    """The dashboard of the address, or 404 for what never was a division."""
    tree = divisions()
    if code not in tree:
        raise NotFoundException(detail=f"{code} never was a division of GB/T 2260")
    return dashboard(session, code, principal=principal, tree=tree, prices=gwp_set(gwp), year=year, source=source or None)


@get("/regions/{code:str}", opt=READER, sync_to_thread=True)
def region_page(
    request: Asked, code: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal], year: Year = None,
    source: FromQuery[str] = "", gwp: FromQuery[str] = DEFAULT_SET,
) -> Response[str]:  # fmt: skip
    """The page of a nation, province, city or county."""
    with book.reading() as session:
        shown = asked_dashboard(session, code, principal=principal, year=year, source=source, gwp=gwp)
        context = region_context(session, shown, language_of(request), say=lambda text: translate(request, text))
        context |= monthly_context(session, principal, shown, language_of(request))
        example = translate(request, EXAMPLE) if shown.example else ""
        here = "nation" if shown.place.level == "nation" else "areas"
        return page(request, "region.html", session=session, here=here, example=example, **context)


@get("/regions/{code:str}/{file:str}", opt=READER, sync_to_thread=True)
def region_file(
    request: Asked, code: FromPath[str], file: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal],
    year: Year = None, source: FromQuery[str] = "", gwp: FromQuery[str] = DEFAULT_SET,
) -> Response[Any]:  # fmt: skip
    """One table of the page as CSV or JSON (children, curve, sectors, months, holders, compare), or the series behind its figure."""
    with book.reading() as session:
        shown = asked_dashboard(session, code, principal=principal, year=year, source=source, gwp=gwp)
        if file == "series":
            context = series_context(session, shown, language_of(request))
            return page(request, "series.html", session=session, here="areas", **context)
        name = file.rpartition(".")[0]
        head, rows = month_table(session, principal, shown) if name == "months" else _table(session, shown, name, gwp)
    return table_response(file, stem=f"{code}-{shown.year}-{file.rpartition('.')[0]}", head=head, rows=rows)


def _table(session: Session, shown: Dashboard, name: str, gwp: str) -> tuple[list[str], list[list[object]]]:
    """The table's head and rows, in full grams."""
    source = shown.source.source if shown.source else None
    if name == "children":
        head = ["division", "name_zh", "name_en", "year", "source", "mass_g", "previous_g", "filed_g"]
        rows: list[list[object]] = [
            [c.place.code, c.place.name_zh, c.place.name_en, shown.year, source, c.mass_g, c.previous_g, c.filed_g] for c in shown.children
        ]
        own = [shown.place.code, "未分到下级", "unallocated", shown.year, source, shown.unallocated_g, None, shown.filed_unallocated_g]
        residual = [shown.place.code, "残差", "residual", shown.year, source, shown.residual_g, None, None]
        total = [shown.place.code, shown.place.name_zh, shown.place.name_en, shown.year, source, shown.mass_g, shown.previous_g, None]
        return head, [
            *rows,
            *([own] if shown.unallocated_g is not None else []),
            *([residual] if shown.residual_g is not None else []),
            total,
        ]
    if name == "curve":
        return ["year", "mass_g", "source"], [[y, mass, shown.mass_source and shown.mass_source.source] for y, mass in shown.curve]
    if name == "sectors":
        return sector_table(session, shown, gwp)
    if name == "holders":
        rows = [
            [h.holder, h.name, h.site, h.site_name, h.division, "example" if h.example else "", name_, amount, gwp]
            for h in shown.holders
            for name_, amount in h.co2e_g.items()
        ]
        return ["holder", "name", "site", "site_name", "division", "example", "book", "co2e_g", "gwp"], rows
    if name == "compare":
        return ["division", "name_zh", "source", "year", "mass_g", "licence"], [
            [c.place.code, c.place.name_zh, c.source, c.year, c.mass_g, c.licence] for c in shown.compare
        ]
    raise NotFoundException(detail=f"no table {name!r} on this page: children, curve, sectors, months, holders, compare")


@get("/regions", opt=READER, sync_to_thread=True)
def region_search(request: Asked, book: NamedDependency[Book], q: FromQuery[str] = "") -> Response[str]:
    """Find a division by name or code; the provinces where nothing is asked."""
    tree = divisions()
    found = tree.search(q, limit=60) if q.strip() else [row for code in _provinces() if (row := tree.ever(code))]
    crumbs = {row.code: [above for code in _above(row.code) if (above := tree.ever(code))] for row in found}
    with book.reading() as session:
        return page(request, "regions.html", session=session, here="areas", q=q, found=found, crumbs=crumbs)


def _provinces() -> list[str]:
    from api.pages.tiles import TILES

    return sorted(TILES)


def _above(code: str) -> list[str]:
    tree, chain = divisions(), []
    while (code := tree.parent_when_last_valid(code)) and code in tree:
        chain.append(code)
    return chain[:-1][::-1]
