"""The activity codes."""

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromQuery

from api.doors import PUBLIC
from api.paging import After, Limit, page_of
from factors.activities import Activity, activities


@get("/activities", opt=PUBLIC, sync_to_thread=True, tags=["factors"])
def list_activities(
    request: Request[Any, Any, Any], q: FromQuery[str] = "", after: After = "", limit: Limit = 1000
) -> Response[list[Activity]]:
    """All activity codes with names, aliases and units, or those that hold every word of `q`; by code."""
    words = q.lower().split()

    def text(one: Activity) -> str:
        return " ".join((one.id, one.name_zh, one.name_en, *one.aliases_zh, *one.aliases_en)).lower()

    found = sorted((one for one in activities() if one.id > after and all(word in text(one) for word in words)), key=lambda one: one.id)
    return page_of(request, found, limit=limit, key=lambda one: one.id)
