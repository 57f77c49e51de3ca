"""Around the whole application: each request has a number, is told to whoever listens (log, metrics, traces), and is held to a pace.

The number goes back as ``X-Request-Id`` and stands in every problem and on every error page, so that a person can name it and an operator
find it. A body that comes too slowly is refused (408): who sends a byte now and then holds a connection for ever. What every answer tells
a browser to guard is added here and nowhere else, so that refusals, files and addresses that lead nowhere carry it as well.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import perf_counter
from typing import Any, NamedTuple, cast

from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, HTTPScope, Message, Receive, ReceiveMessage, Scope, Send

from api.operations.log import REQUEST, answered

NUMBER = "tanzhang.request"
PATIENCE_S, PACE = 20.0, 16_384
"""A body may take so many seconds, and one more for each so many bytes of it."""
TOO_SLOW = f"the body did not come within {PATIENCE_S:.0f} seconds, and one more for each {PACE:,} bytes: send it anew"


class SlowBody(HTTPException):
    """The body came too slowly."""

    status_code = 408


class Answered(NamedTuple):
    """A request that was answered: by which route, for whom, how, in how many seconds."""

    number: str
    method: str
    route: str
    status: int
    user: str
    office: str
    seconds: float
    parent: str


Told = Callable[[Answered], None]


class Watch:
    """The application as it is served. `guards` are the headers that every answer carries, unless its route says otherwise; `tell` hears of
    each request that was answered."""

    def __init__(self, app: ASGIApp, *, guards: Mapping[str, str] | None = None, tell: tuple[Told, ...] = ()) -> None:
        self.app, self.tell = app, tell
        self.guards = [(name.lower().encode(), value.encode()) for name, value in (guards or {}).items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        start, number, status = perf_counter(), secrets.token_hex(8), 500
        cast("dict[str, Any]", scope)[NUMBER] = number
        REQUEST.set(number)

        async def numbered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = list(message.get("headers", ()))
                has = {name.lower() for name, _ in given}
                missing = [guard for guard in self.guards if guard[0] not in has]
                message["headers"] = [*given, *missing, (b"x-request-id", number.encode())]
            await send(message)

        try:
            await self.app(scope, receive if scope["method"] in {"GET", "HEAD"} else _paced(receive), numbered)
        finally:
            self._note(scope, number, status, perf_counter() - start)

    def _note(self, scope: HTTPScope, number: str, status: int, seconds: float) -> None:
        who = scope.get("user")
        held = getattr(who, "binding", None)
        route = scope.get("path_template") or "-"
        user, office = getattr(who, "user", "-"), held.office.value if held else "-"
        parent = next((value.decode("latin1") for name, value in scope["headers"] if name == b"traceparent"), "") if self.tell else ""
        done = Answered(number, scope["method"], route, status, user, office, seconds, parent)
        for tell in self.tell:
            tell(done)


def to_log(done: Answered) -> None:
    """A line of the log."""
    answered(
        request=done.number, method=done.method, route=done.route, status=done.status, user=done.user, office=done.office,
        ms=round(done.seconds * 1000, 1),
    )  # fmt: skip


def number_of(scope: Any) -> str:
    """The number of a request, or nothing where nobody watches."""
    return str(scope.get(NUMBER, ""))


def _paced(receive: Receive) -> Receive:
    """Wait for a body as long as it keeps pace; what comes after its end (that the caller went away) may take as long as it likes."""
    left, whole = PATIENCE_S, False

    async def paced() -> ReceiveMessage:
        nonlocal left, whole
        if whole:
            return await receive()
        start = perf_counter()
        # a task of its own: granian's own ones cannot be cancelled
        waiting = asyncio.ensure_future(receive())
        done, _ = await asyncio.wait({waiting}, timeout=left)
        if not done:
            waiting.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0)
            raise SlowBody(detail=TOO_SLOW)
        message = waiting.result()
        left -= perf_counter() - start
        left += len(cast("bytes", message.get("body", b""))) / PACE
        whole = not message.get("more_body", False)
        return message

    return paced
