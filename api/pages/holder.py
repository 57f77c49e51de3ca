"""Holders and their sites."""

from typing import Any

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from api.doors import READER
from api.pages import words
from api.pages.account import account_rows
from api.pages.region import EXAMPLE
from api.pages.shell import Asked, language_of, page, translate
from carbon.holder import find_holder, holders, sites
from carbon.region.divisions import divisions
from ledger.book import Book
from ledger.errors import AccountNotFound
from ledger.principal import Principal

PAGE = 50


@get("/holders", opt=READER, sync_to_thread=True)
def holder_list(
    request: Asked, book: NamedDependency[Book], principal: NamedDependency[Principal], after: FromQuery[str] = ""
) -> Response[str]:
    """The holders, with where their sites lie."""
    with book.reading() as session:
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


@get("/holders/{holder_id:str}", opt=READER, sync_to_thread=True)
def holder_page(
    request: Asked, holder_id: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[str]:
    """A holder: its sites, and the balances of its accounts."""
    with book.reading() as session:
        holder = find_holder(session, principal, holder_id)
        try:
            rows = account_rows(session, f"holder/{holder_id}/").to_dicts()
        except AccountNotFound:
            rows = []
        place = _place(request)
        say = lambda text: translate(request, text)  # noqa: E731
        return page(
            request, "holder.html", session=session, here="firms", example=translate(request, EXAMPLE) if holder.example else "",
            holder=holder, sites=sites(session, principal, holder=holder_id), rows=rows, place=place,
            in_words=lambda name: words.account(name, say, place),
        )  # fmt: skip


def _place(request: Asked) -> Any:
    language = language_of(request)

    def place(code: str) -> str:
        division = divisions().ever(code)
        return division.name(language) if division else code

    return place
