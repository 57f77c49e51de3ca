"""An ETag on every read, and 304 for a reader who has it already.

No cache that several people share keeps an answer (RFC 9111, 5.2.2.7): what is read depends on who asks, so it is `private` and varies
with the cookie. A browser keeps it and asks each time. What is no read is kept by nobody.
"""

import hashlib
from collections.abc import Iterable

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

BODY_HEADERS = {b"content-length", b"content-type", b"content-encoding"}
ANSWERED = (200, 304)
"""The second by a route that knew the tag without making the answer (`api.again`)."""


class Freshness(ASGIMiddleware):
    """Hash what a GET answers; the same answer is not sent twice to the same reader."""

    scopes = (ScopeType.HTTP,)
    should_bypass_for_scope = staticmethod(lambda scope: scope["path"].startswith("/static/"))  # cached for ever by their hashed names

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        known = dict(scope["headers"]).get(b"if-none-match", b"")
        reads = scope["type"] == ScopeType.HTTP and scope["method"] == "GET"
        start: HTTPResponseStartEvent | None = None

        async def tagged(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and message["status"] in ANSWERED and reads:
                start = message
                return
            if message["type"] == "http.response.start":
                message["headers"] = _with(message["headers"], b"no-store")
            if start is not None and message["type"] == "http.response.body":
                first, start = start, None
                if not message.get("more_body"):
                    first["headers"] = [*_with(first["headers"], b"private, no-cache"), (b"vary", b"cookie")]
                    tag = dict(first["headers"]).get(b"etag", b"")  # what may be changed has a tag of its own
                    if not tag:
                        tag = b'W/"' + hashlib.sha256(_told(message["body"])).hexdigest()[:24].encode() + b'"'
                        first["headers"] = [*first["headers"], (b"etag", tag)]
                    if has(known, tag):
                        first["status"] = 304
                        first["headers"] = [pair for pair in first["headers"] if pair[0] not in BODY_HEADERS]
                        message["body"] = b""
                else:
                    first["headers"] = _with(first["headers"], b"no-store")
                await send(first)
            await send(message)

        await next_app(scope, receive, tagged)


def has(known: bytes, tag: bytes) -> bool:
    """Whether the reader has that answer, by what If-None-Match says."""
    return tag in (part.strip() for part in known.split(b","))


def _with(headers: Iterable[tuple[bytes, bytes]], control: bytes) -> list[tuple[bytes, bytes]]:
    """The headers with a Cache-Control; what the route itself says of that stands."""
    given = list(headers)
    return given if any(name.lower() == b"cache-control" for name, _ in given) else [*given, (b"cache-control", control)]


def _told(body: bytes) -> bytes:
    """The body without the header of gzip, which holds the time of packing."""
    return body[10:] if body.startswith(b"\x1f\x8b") else body
