"""The gate in front of every route: who comes (a cookie, a key, or the person at this machine), and whether the route lets them in.

`Gate` finds out who it is and puts a `Signed` into the request, or nobody; `enforce` compares that with what the route declares. What a
route does not declare is not served (`api.doors`), and what an office does not hold is not done, whatever the object.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from anyio import to_thread
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from api.auth.errors import Forbidden, ForgedRequest, SecondFactorNeeded, SignInNeeded
from api.auth.office import Action
from api.auth.session import Signed, signed, touch
from ledger.book import Book
from ledger.principal import Principal, Role

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
COOKIE, SECURE_COOKIE = "tanzhang", "__Host-tanzhang"
LOCAL_ACTIONS = frozenset({Action.READ, Action.CALCULATE})
NOBODY = Principal("anonymous", Role.READER, holders=frozenset(), divisions=frozenset())
FORM_FIELD, FORM_HEADER = "form_token", "x-form-token"

Ways = dict[str, Callable[[Book, str], Signed]]
"""What an Authorization header may begin with, in lower case, and who stands behind the rest of it; raises SignInNeeded."""


class Gate(ASGIMiddleware):
    """Who comes. `local` is the principal of a machine's own reader, where there is no sign-in; `ways` are those beside the cookie."""

    scopes = (ScopeType.HTTP,)
    should_bypass_for_scope = staticmethod(lambda scope: scope["path"].startswith("/static/"))

    def __init__(self, book: Book, *, local: Principal | None, secure: bool, ways: Ways) -> None:
        self.book, self.local, self.ways = book, local, ways
        self.cookie = SECURE_COOKIE if secure else COOKIE

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        connection: ASGIConnection[Any, Any, Any, Any] = ASGIConnection(scope)
        if self.local is not None:
            scope["user"] = Signed.here(self.local)
        else:
            scope["user"] = await to_thread.run_sync(self._who, connection)
        await next_app(scope, receive, send)

    def _who(self, connection: ASGIConnection[Any, Any, Any, Any]) -> Signed | None:
        """Who stands behind key or cookie. A key that does not hold is refused; a cookie that has ended is nobody."""
        given = connection.headers.get("authorization")
        if given is not None:
            kind, _, rest = given.partition(" ")
            way = self.ways.get(kind.lower())
            if way is None:
                raise SignInNeeded
            return way(self.book, rest.strip())
        token = connection.cookies.get(self.cookie)
        if not token:
            return None
        now = datetime.now(UTC)
        try:
            with self.book.reading() as session:
                who, stale = signed(session, token, now=now)
        except SignInNeeded:
            return None
        if stale:
            with self.book.writing() as session:
                touch(session, token, now=now)
        return who


async def enforce(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let the request in, or raise SignInNeeded, Forbidden, SecondFactorNeeded, ForgedRequest."""
    who: Signed | None = connection.scope.get("user")
    if connection.scope.get("method") not in SAFE:
        await _refuse_forged(connection, who)
    if handler.opt["role"] == "anyone":
        return
    action = Action(handler.opt["action"])
    if who is None:
        raise SignInNeeded
    if who.local is not None:
        if action not in LOCAL_ACTIONS:
            raise Forbidden(office="local-reader", action=action)
        return
    if action is Action.SELF:
        return
    if who.binding is None:
        raise Forbidden(office="no office", action=action)
    if action not in who.binding.duty.actions:
        raise Forbidden(office=who.binding.office, action=action)
    if who.needs_code:
        raise SecondFactorNeeded


async def _refuse_forged(connection: ASGIConnection[Any, Any, Any, Any], who: Signed | None) -> None:
    """What changes something comes from our own pages (Origin, or Sec-Fetch-Site where a browser sends none), and in a session it
    carries the session's form token. A machine with a key sends no cookie that another site could borrow."""
    origin, site = connection.headers.get("origin"), connection.headers.get("sec-fetch-site")
    foreign = urlsplit(origin).netloc != connection.headers.get("host") if origin else site not in {None, "same-origin", "none"}
    if foreign:
        raise ForgedRequest
    if who is None or not who.token:
        return
    assert isinstance(connection, Request)
    given = connection.headers.get(FORM_HEADER)
    if given is None and connection.content_type[0] in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        given = str((await connection.form()).get(FORM_FIELD, ""))
    if given != who.form_token:
        raise ForgedRequest


def who_is(request: Request[Any, Any, Any]) -> Signed | None:
    """Who is signed in, or nobody."""
    found: Signed | None = request.scope.get("user")
    return found


def principal(request: Request[Any, Any, Any]) -> Principal:
    """Who acts on the books: nobody, on a public page, sees nothing of any holder."""
    who = who_is(request)
    if who is None or (who.local is None and (who.binding is None or who.needs_code)):
        return NOBODY
    return who.principal()
