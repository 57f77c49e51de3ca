"""Routes that will end say so in every answer: Deprecation (RFC 9745), Sunset (RFC 8594), and where to go instead (RFC 8288).

Such a route adds to its declaration `DEPRECATED` (since which day), and, where they are known, `SUNSET` (the day of its end) and
`SUCCESSOR` (an address); its handler is given `deprecated=True` as well, for the documentation.
"""

from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

DEPRECATED, SUNSET, SUCCESSOR = "deprecated_on", "sunset_on", "successor"


def headers_of(opt: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    """The headers of a route's answers: none where nothing ends."""
    deprecated: date | None = opt.get(DEPRECATED)
    if deprecated is None:
        return []
    found = [(b"deprecation", f"@{int(_midnight(deprecated).timestamp())}".encode())]
    if opt.get(SUNSET):
        found.append((b"sunset", format_datetime(_midnight(opt[SUNSET]), usegmt=True).encode()))
    if opt.get(SUCCESSOR):
        found.append((b"link", f'<{opt[SUCCESSOR]}>; rel="successor-version"'.encode()))
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


class Sunset(ASGIMiddleware):
    """Adds the headers to whatever a route answers, refusals too."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        pairs = headers_of(scope["route_handler"].opt)

        async def announced(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *pairs]
            await send(message)

        await next_app(scope, receive, announced if pairs else send)
