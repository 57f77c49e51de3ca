"""Lists page by page: those after the last one's key, and a Link to the next page (RFC 8288)."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from litestar import Request, Response
from litestar.params import QueryParameter

Limit = Annotated[int, QueryParameter(ge=1, le=1000, description="How many at most.")]
After = Annotated[str, QueryParameter(max_length=400, description="The key of the last one that was read: the list goes on after it.")]
Row = TypeVar("Row")


def page_of(request: Request[Any, Any, Any], rows: Sequence[Row], *, limit: int, key: Callable[[Row], str]) -> Response[list[Row]]:
    """The first `limit` of `rows`, which are one more where there is more; `key` is what the list goes on after."""
    shown = list(rows[:limit])
    return Response(shown, headers=onward(request, after=key(shown[-1]), limit=limit) if len(rows) > limit else {})


def onward(request: Request[Any, Any, Any], **further: str | int) -> dict[str, str]:
    """The Link to the next page: what was asked, but for what `further` says of where the list goes on and how many are told."""
    asked = [(name, value) for name, value in request.query_params.multi_items() if name not in further]
    return {"Link": f'<{request.url.path}?{urlencode([*asked, *further.items()])}>; rel="next"'}


def part_of(
    request: Request[Any, Any, Any], rows: Sequence[Row], *, after: str, limit: int, key: Callable[[Row], str]
) -> Response[list[Row]]:
    """A page of a list that is short enough to be made whole: what follows the row whose key is `after`; nothing where there is none."""
    keys = [key(row) for row in rows] if after else []
    start = (keys.index(after) + 1 if after in keys else len(rows)) if after else 0
    return page_of(request, rows[start : start + limit + 1], limit=limit, key=key)
