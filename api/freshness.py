"""An ETag on every read, and 304 for a reader who has it already."""

import hashlib

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

BODY_HEADERS = {b"content-length", b"content-type", b"content-encoding"}


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
            if message["type"] == "http.response.start" and message["status"] == 200 and reads:
                start = message
                return
            if start is not None and message["type"] == "http.response.body":
                first, start = start, None
                if not message.get("more_body"):
                    tag = b'W/"' + hashlib.sha256(_told(message["body"])).hexdigest()[:24].encode() + b'"'
                    first["headers"] = [*first["headers"], (b"etag", tag), (b"cache-control", b"no-cache")]
                    if tag in (part.strip() for part in known.split(b",")):
                        first["status"] = 304
                        first["headers"] = [pair for pair in first["headers"] if pair[0] not in BODY_HEADERS]
                        message["body"] = b""
                await send(first)
            await send(message)

        await next_app(scope, receive, tagged)


def _told(body: bytes) -> bytes:
    """The body without the header of gzip, which holds the time of packing."""
    return body[10:] if body.startswith(b"\x1f\x8b") else body
