"""Divisions: statistics, filings and what lies below."""

from typing import Annotated, Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from api.doors import PUBLIC
from api.pages.region import asked_dashboard
from api.resources.wire import wire
from factors.gwp import DEFAULT_SET
from ledger.book import Book
from ledger.principal import Principal


@get("/regions/{code:str}", opt=PUBLIC, sync_to_thread=True, tags=["regions"])
def region(
    request: Request[Any, Any, Any], code: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal],
    year: Annotated[int | None, QueryParameter(ge=1, le=9999)] = None, source: FromQuery[str] = "", gwp: FromQuery[str] = DEFAULT_SET,
) -> dict[str, Any]:  # fmt: skip
    """What the page of a division shows: the nation is `100000`. Without a year the latest there is; masses in grams as text.

    Statistics of the nation and its provinces are public. Cities, counties and what was filed are for readers, each within their bounds.
    """
    with book.reading(principal) as session:
        told = wire(asked_dashboard(request, session, code, principal=principal, year=year, source=source, gwp=gwp))
    assert isinstance(told, dict)
    return told
