"""Every request to what is not public, and every refusal, is recorded: who, what, when, with what result, from where.

What writes is recorded in its own transaction (`api.audit.visit`); what reads or is refused by the writer of the worker, within a second.
Bodies are not kept, what follows the question mark neither but for ids (`NAMING`), and the address only as a keyed digest.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from secrets import token_hex
from typing import Any
from urllib.parse import parse_qsl

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.audit.record import REFUSED, named
from api.audit.visit import CURRENT, Visit
from api.audit.writer import Writer
from api.auth.vault import Vault
from api.operations.watch import number_of
from api.problems import problem_of
from ledger.book import Book

DIGEST_BYTES = 8
NAMING = ("holder", "division", "account", "user")
"""What follows the question mark and names what is read; it is kept as parts of the path are, by id or digest."""
EXPORT = "export"
"""The action of a read that leaves as a file."""


class Recorder(ASGIMiddleware):
    """The outermost layer: it sees what all others answer."""

    scopes = (ScopeType.HTTP,)
    should_bypass_for_scope = staticmethod(lambda scope: scope["path"].startswith("/static/"))

    def __init__(self, book: Book, vault: Vault, writer: Writer) -> None:
        self.book, self.writer = book, writer
        self.object = lru_cache(4096)(object_digest(vault))
        self.origin = lru_cache(4096)(lambda address: vault.digest("address", address)[:DIGEST_BYTES].hex())

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        visit = self._visit(scope)
        status = 499  # nobody waited for the answer

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        token = CURRENT.set(visit)
        try:
            await next_app(scope, receive, watched)
        except Exception as error:
            status = problem_of(error).status
            raise
        finally:
            CURRENT.reset(token)
            self._keep(scope, visit, status)

    def _visit(self, scope: Any) -> Visit:
        opt, given = scope["route_handler"].opt, scope.get("path_params") or {}
        texts = [str(value) for value in given.values()]
        if scope["query_string"]:
            texts += [value for name, value in parse_qsl(scope["query_string"].decode("latin1")) if name in NAMING]
        client = scope.get("client")
        return Visit(
            engine=self.book.engine, at=datetime.now(UTC), method=scope["method"], route=scope.get("path_template", ""),
            action=EXPORT if any(named(text, _nothing).startswith("*.") for text in texts) else str(opt.get("action", "")),
            object=" ".join(named(text, self.object) for text in texts),
            origin=self.origin(client[0]) if client else "",
            request=number_of(scope) or token_hex(8),
        )  # fmt: skip

    def _keep(self, scope: Any, visit: Visit, status: int) -> None:
        if scope["method"] == "OPTIONS":
            return
        visit.comes_as(scope.get("user"))
        if not visit.armed and status < 400:  # on to the page where one signs in, which is how a page refuses
            status = 401
        if visit.written:
            self.writer.sign()
            if visit.written[-1] == status:
                return
        public = scope["route_handler"].opt.get("scope") == "public"
        if public and not visit.told and (status not in REFUSED or status == 404):
            return
        self.writer.put(visit.record(status))


def object_digest(vault: Vault) -> Callable[[str], str]:
    """The digest that stands in records for what was named by something else than an id."""
    return lambda text: vault.digest("object", text)[:DIGEST_BYTES].hex()


async def arm(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A guard, the last: whoever comes was let in, and what is written from now on is this visit's."""
    visit = CURRENT.get()
    if visit is not None:
        visit.comes_as(connection.scope.get("user"))
        visit.expected = int(getattr(handler, "status_code", 200) or 200)
        visit.armed = True


def _nothing(_: str) -> str:
    return ""
