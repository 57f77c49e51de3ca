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
    headers = {}
    if len(rows) > limit:
        asked = [(name, value) for name, value in request.query_params.multi_items() if name not in {"after", "limit"}]
        headers["Link"] = f'<{request.url.path}?{urlencode([*asked, ("after", key(shown[-1])), ("limit", limit)])}>; rel="next"'
    return Response(shown, headers=headers)
