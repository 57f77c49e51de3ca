"""Holders and their sites."""

from typing import Any

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from api.doors import READER
from api.export import table_response
from api.pages import words
from api.pages.account import account_rows
from api.pages.firm_frame import TABS
from api.pages.region import EXAMPLE
from api.pages.shell import Asked, language_of, page, translate
from carbon.holder import Holder, Site, find_holder, holders, sites
from carbon.region.divisions import divisions
from ledger.book import Book
from ledger.errors import AccountNotFound
from ledger.principal import Principal

PAGE, WHOLE = 50, 1_000_000


@get("/holders", opt=READER, sync_to_thread=True)
def holder_list(
    request: Asked, book: NamedDependency[Book], principal: NamedDependency[Principal], after: FromQuery[str] = ""
) -> Response[str]:
    """The holders, with where their sites lie."""
    with book.reading(principal) as session:
        listed = holders(session, principal, after=after, limit=PAGE + 1)
        shown = listed[:PAGE]
        example = translate(request, EXAMPLE) if any(one.example for one in shown) else ""
        by_holder: dict[str, list[Any]] = {}
        for site in sites(session, principal):
            by_holder.setdefault(site.holder, []).append(site)
        return page(
            request, "holders.html", session=session, here="firms", example=example, shown=shown, sites=by_holder, after=after,
            more=shown[-1].id if len(listed) > PAGE else None, place=_place(request),
        )  # fmt: skip


@get("/holders/list/{file:str}", opt=READER, sync_to_thread=True)
def holder_list_file(
    request: Asked, file: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[bytes]:
    """Every holder that the reader may see, with the sites, as CSV or JSON."""
    with book.reading(principal) as session:
        listed = holders(session, principal, limit=WHOLE)
        head, rows = _site_table(listed, sites(session, principal), _place(request))
    return table_response(file, stem="holders", head=head, rows=rows)


@get("/holders/{holder_id:str}/{file:str}", opt=READER, sync_to_thread=True)
def holder_file(
    request: Asked, holder_id: FromPath[str], file: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[bytes]:
    """The sites of a holder as CSV or JSON."""
    with book.reading(principal) as session:
        holder = find_holder(session, principal, holder_id)
        head, rows = _site_table([holder], sites(session, principal, holder=holder_id), _place(request))
    return table_response(file, stem=f"{holder_id}-sites", head=head, rows=rows)


@get("/holders/{holder_id:str}", opt=READER, sync_to_thread=True)
def holder_page(
    request: Asked, holder_id: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[str]:
    """A holder: its sites, and the balances of its accounts."""
    with book.reading(principal) as session:
        holder = find_holder(session, principal, holder_id)
        try:
            rows = account_rows(session, principal, f"holder/{holder_id}/").to_dicts()
        except AccountNotFound:
            rows = []
        place = _place(request)
        say = lambda text: translate(request, text)  # noqa: E731
        return page(
            request, "holder.html", session=session, here="firms", example=translate(request, EXAMPLE) if holder.example else "",
            holder=holder, sites=sites(session, principal, holder=holder_id), rows=rows, place=place,
            in_words=lambda name: words.account(name, say, place), tabs=TABS, say=say,
        )  # fmt: skip


def _site_table(listed: list[Holder], found: list[Site], place: Any) -> tuple[list[str], list[list[object]]]:
    """A row a site and division it lies in, and one for a holder without a site."""
    head = ["holder", "kind", "name", "industry", "example", "site", "site_name", "division", "division_name", "since"]
    rows: list[list[object]] = []
    for one in listed:
        first: list[object] = [one.id, one.kind, one.name, one.industry, "example" if one.example else ""]
        lies = [(site, since, code) for site in found if site.holder == one.id for since, code in site.divisions]
        rows += [[*first, site.code, site.name, code, place(code), since.isoformat()] for site, since, code in lies]
        rows += [] if lies else [[*first, None, None, None, None, None]]
    return head, rows


def _place(request: Asked) -> Any:
    language = language_of(request)

    def place(code: str) -> str:
        division = divisions().ever(code)
        return division.name(language) if division else code

    return place
