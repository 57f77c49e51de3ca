"""A division's page: what statisticians say, what holders filed, the difference, and the way down to the next level."""

from datetime import UTC, datetime
from typing import Annotated, Any

from litestar import get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Response
from sqlmodel import Session

from api.again import PACKS, again
from api.auth.gate import admit, who_is
from api.auth.office import Action
from api.doors import PUBLIC
from api.export import table_response
from api.kept import KEPT
from api.language import catalogue
from api.pages.fragments import Fragments, fragments
from api.pages.monthly import month_table, monthly_context
from api.pages.region_view import region_context, series_context, series_table
from api.pages.sectors import sector_table
from api.pages.shell import Asked, language_of, page, translate
from api.problems import N_
from carbon.errors import DivisionNotFound
from carbon.reach import is_published
from carbon.region.dashboard import Dashboard, dashboard
from carbon.region.divisions import Division, divisions
from factors.gwp import DEFAULT_SET, gwp_set
from ledger.book import Book
from ledger.principal import Principal

Year = Annotated[int | None, QueryParameter(ge=1, le=9999)]
EXAMPLE = N_("Firms and their filings that are marked as an example are invented; series and factors are published ones.")


def asked_dashboard(
    request: Asked, session: Session, code: str, *, principal: Principal, year: int | None, source: str, gwp: str
) -> Dashboard:
    """The dashboard of the address, or 404 for what never was a division, or is not the reader's.

    What statisticians publish of the nation and its provinces is for anybody; cities and counties are for readers, as READER's door says.
    """
    tree = divisions()
    admit_to(request, code)
    try:
        return dashboard(session, code, principal=principal, tree=tree, prices=gwp_set(gwp), year=year, source=source or None)
    except DivisionNotFound as error:
        raise NotFoundException(detail=f"{code} never was a division of GB/T 2260") from error


def admit_to(request: Asked, code: str) -> None:
    """Let in who may see the division's page at all. Raises what `admit` does."""
    if not is_published(code, divisions()):
        admit(who_is(request), Action.READ)


@get("/regions/{code:str}", opt=PUBLIC | {PACKS: True})
async def region_page(
    request: Asked, code: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal], year: Year = None,
    source: FromQuery[str] = "", gwp: FromQuery[str] = DEFAULT_SET,
) -> Response[bytes]:  # fmt: skip
    """The page of a nation, province, city or county."""
    admit_to(request, code)
    asked = {"code": code, "year": year, "source": source, "gwp": gwp}

    def drawn() -> Response[str]:
        with book.reading(principal) as session:
            key = ("region", language_of(request), datetime.now(UTC).date(), *asked.values())
            here, is_example, parts = KEPT.value(book, session, principal, key, lambda: _parts(request, session, principal, **asked))
            example = translate(request, EXAMPLE) if is_example else ""
            return page(request, "framed.html", session=session, here=here, example=example, **parts._asdict())

    return await again(request, book, drawn)


def _parts(request: Asked, session: Session, principal: Principal, **asked: Any) -> tuple[str, bool, Fragments]:
    """Where the page stands in the menu, whether it shows examples, and what of it is no visitor's own."""
    language = language_of(request)
    shown = asked_dashboard(request, session, principal=principal, **asked)
    context = region_context(session, principal, shown, language, say=catalogue(language).gettext)
    context |= monthly_context(session, principal, shown, language)
    return "nation" if shown.place.level == "nation" else "areas", bool(shown.example), fragments(language, "region.html", context)


@get("/regions/{code:str}/{file:str}", opt=PUBLIC, sync_to_thread=True)
def region_file(
    request: Asked, code: FromPath[str], file: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal],
    year: Year = None, source: FromQuery[str] = "", gwp: FromQuery[str] = DEFAULT_SET,
) -> Response[Any]:  # fmt: skip
    """One table of the page as CSV or JSON (children, curve, sectors, months, holders, compare), or the series behind its figure."""
    with book.reading(principal) as session:
        shown = asked_dashboard(request, session, code, principal=principal, year=year, source=source, gwp=gwp)
        if file == "series":
            context = series_context(session, shown, language_of(request))
            return page(request, "series.html", session=session, here="areas", **context)
        name = file.rpartition(".")[0]
        if name == "series":
            head, rows = series_table(session, shown, language_of(request))
        else:
            head, rows = month_table(session, principal, shown) if name == "months" else _table(session, principal, shown, name, gwp)
    return table_response(file, stem=f"{code}-{shown.year}-{file.rpartition('.')[0]}", head=head, rows=rows)


def _table(session: Session, principal: Principal, shown: Dashboard, name: str, gwp: str) -> tuple[list[str], list[list[object]]]:
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
        return sector_table(session, principal, shown, gwp)
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


@get("/regions/list/{file:str}", opt=PUBLIC, sync_to_thread=True)
def region_list_file(file: FromPath[str], q: FromQuery[str] = "") -> Response[bytes]:
    """The divisions found, as CSV or JSON."""
    rows = [[row.code, row.name_zh, row.name_en, row.level, " ".join(_above(row.code))] for row in _found(q)]
    return table_response(file, stem="divisions", head=["code", "name_zh", "name_en", "level", "lies_in"], rows=rows)


@get("/regions", opt=PUBLIC, sync_to_thread=True)
def region_search(request: Asked, book: NamedDependency[Book], q: FromQuery[str] = "") -> Response[str]:
    """Find a division by name or code; the provinces where nothing is asked."""
    tree = divisions()
    found = _found(q)
    crumbs = {row.code: [above for code in _above(row.code) if (above := tree.ever(code))] for row in found}
    with book.reading() as session:
        return page(request, "regions.html", session=session, here="areas", q=q, found=found, crumbs=crumbs)


def _found(q: str) -> list[Division]:
    """The divisions of that name or code; the provinces where nothing is asked."""
    tree = divisions()
    return tree.search(q, limit=60) if q.strip() else [row for code in _provinces() if (row := tree.ever(code))]


def _provinces() -> list[str]:
    from api.pages.tiles import TILES

    return sorted(TILES)


def _above(code: str) -> list[str]:
    tree, chain = divisions(), []
    while (code := tree.parent_when_last_valid(code)) and code in tree:
        chain.append(code)
    return chain[:-1][::-1]
