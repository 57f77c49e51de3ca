"""A page is answered again to the same visitor, without being drawn or packed anew, while the book stays as it is.

A worker keeps the whole answer for all that it was made from: the address, the headers that pages read (`READ`), who came (user, session,
office and bound), the day, and the state of the book, in which every entry, filing, holder, name and office is. Whoever has the answer
still gets 304. It is looked for behind the gate and the door: who may not see the page never comes so far.
"""

import gzip
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from litestar import Request
from litestar.concurrency import sync_to_thread
from litestar.datastructures import Cookie
from litestar.response import Response

from api.auth.gate import STATE, who_is
from api.freshness import has
from api.kept import Kept
from ledger.book import Book
from ledger.state import state_now

ANSWERS = 64
"""How many a worker keeps; a page has some 100 kB, a tenth of it where it is packed."""
READ = ("cookie", "accept-language")
"""What a page may read of a request's headers."""
PACKS = "packs"
"""The option of a route that packs its answers itself; Litestar would do it at each request."""
LEVEL = 5


class Answer(NamedTuple):
    """A page as it goes over the wire, but for the headers that every answer has."""

    body: bytes
    headers: dict[str, str]
    cookies: tuple[Cookie, ...]
    tag: str


async def again(request: Request[Any, Any, Any], book: Book, draw: Callable[[], Response[str]]) -> Response[bytes]:
    """The page that `draw` makes of this request in the book as it is, or 304. `draw` runs in a thread and begins its session itself; what
    is known is answered without one."""
    packed = "gzip" in request.headers.get("accept-encoding", "")
    read = tuple(request.headers.get(name) for name in READ)
    key = (str(request.url), read, who_is(request), datetime.now(UTC).date(), packed)
    kept: Kept = request.app.state.answers
    state = await _state(request, book)
    found = kept.get(key, state) or await sync_to_thread(kept.of_state, state, key, lambda: _answer(draw(), packed=packed))
    assert isinstance(found, Answer)
    headers = {"ETag": found.tag, **found.headers}
    if has(request.headers.get("if-none-match", "").encode("latin-1"), found.tag.encode()):
        return Response(b"", status_code=304, headers=headers, cookies=found.cookies)
    return Response(found.body, media_type="text/html", headers=headers, cookies=found.cookies)


async def _state(request: Request[Any, Any, Any], book: Book) -> bytes | None:
    """The state of the book that the gate saw when the request came; else the one of now, for which a server is asked in a thread."""
    if book.dialect == "sqlite":
        return state_now(book)
    seen: bytes | None = request.scope.get(STATE)  # type: ignore[assignment]
    return seen or await sync_to_thread(state_now, book)


def _answer(page: Response[str], *, packed: bool) -> Answer:
    body = page.content.encode()
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:24]}"'
    headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"} if packed else {}
    return Answer(gzip.compress(body, LEVEL, mtime=0) if packed else body, headers, tuple(page.cookies), tag)
