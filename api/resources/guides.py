"""The accounting guides: all of them, and one with its sources, items and formulas."""

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from api.doors import PUBLIC
from api.paging import After, Limit, page_of
from factors.guide import Guide, GuideSummary, find_guide, guides


@get("/guides", opt=PUBLIC, sync_to_thread=True, tags=["factors"])
def list_guides(request: Request[Any, Any, Any], after: After = "", limit: Limit = 1000) -> Response[list[GuideSummary]]:
    """Every accounting guide, by its id."""
    found = [guide.summary for name, guide in guides().items() if name > after]
    return page_of(request, found, limit=limit, key=lambda one: one.id)


@get("/guides/{guide:str}", opt=PUBLIC, sync_to_thread=True, tags=["factors"])
def one_guide(guide: FromPath[str]) -> Guide:
    """One guide: its documents, its sources with what may be measured, and the items with their formulas, defaults and marks."""
    return find_guide(guide)
