"""The gate in front of every route: who comes (a cookie, a key, or the person at this machine), and whether the route lets them in.

`Gate` finds out who it is and puts a `Signed` into the request, or nobody; `enforce` compares that with what the route declares. What a
route does not declare is not served (`api.doors`), and what an office does not hold is not done, whatever the object.
"""

import asyncio
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send
from sqlalchemy.exc import SQLAlchemyError

from api.auth.errors import Forbidden, ForgedRequest, PasswordChangeNeeded, SecondFactorNeeded, SignInNeeded
from api.auth.line import Line
from api.auth.office import Action
from api.auth.password import AT_ONCE, WAIT_S, WAITING
from api.auth.session import Signed, touch, who_came
from api.auth.user import is_empty
from ledger.book import Book
from ledger.errors import Busy, DiskFull
from ledger.principal import Principal, Role

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
COOKIE, SECURE_COOKIE = "tanzhang", "__Host-tanzhang"
TOUCH_S = 0.2
THREADS = 8
LOCAL_ACTIONS = frozenset({Action.READ, Action.CALCULATE})
STATE = "tanzhang.state"
"""Where a request keeps the state that the book was in when it came, if that is known."""
NOBODY = Principal("anonymous", Role.READER, holders=frozenset(), divisions=frozenset())
TOKEN_PATH = "/api/v1/token"  # noqa: S105
CROWDED_PATH = "/sign-in"
FORM_FIELD, FORM_HEADER = "form_token", "x-form-token"

Ways = dict[str, Callable[[Book, str], Signed]]
"""What an Authorization header may begin with, in lower case, and who stands behind the rest of it; raises SignInNeeded."""


class Gate(ASGIMiddleware):
    """Who comes. `local` is the principal of a machine's own reader, while the book has no users; `ways` are those beside the cookie."""

    scopes = (ScopeType.HTTP,)
    # a client at the token endpoint says who it is in ways of its own (RFC 6749, 2.3.1)
    should_bypass_for_scope = staticmethod(lambda scope: scope["path"].startswith("/static/") or scope["path"] == TOKEN_PATH)

    def __init__(self, book: Book, *, local: Principal | None, secure: bool, ways: Ways) -> None:
        self.book, self.local, self.ways = book, local, ways
        self.cookie = SECURE_COOKIE if secure else COOKIE
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="gate")
        self.crowd = Line(at_once=AT_ONCE, waiting=WAITING, wait_s=WAIT_S)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if scope.get("method") == "POST" and scope["path"].endswith(CROWDED_PATH):
            # who finds the line full is sent away before taking a thread, or those who read would wait behind the whole crowd
            with self.crowd.place():
                await self._let_in(scope, receive, send, next_app)
        else:
            await self._let_in(scope, receive, send, next_app)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        connection: ASGIConnection[Any, Any, Any, Any] = ASGIConnection(scope)
        local = self.local
        if local is not None and await self._nobody_yet():
            scope["user"] = Signed.here(local)
        else:
            scope["user"] = await self._who(connection)
        await next_app(scope, receive, send)

    async def _nobody_yet(self) -> bool:
        """Whether the book is without users still. From the first one on everybody signs in, and it is not asked again: users stay. Of a
        book that cannot be read nothing is said, so that what is public still answers."""
        try:
            empty: bool = await self._read(self._is_empty)
        except SQLAlchemyError:
            return False
        if not empty:
            self.local = None
        return empty

    def _is_empty(self) -> bool:
        with self.book.reading() as session:
            return is_empty(session)

    async def _who(self, connection: ASGIConnection[Any, Any, Any, Any]) -> Signed | None:
        """Who stands behind key or cookie. A key that does not hold is refused; a cookie that has ended is nobody."""
        given = connection.headers.get("authorization")
        if given is not None:
            who: Signed = await self._read(self._behind_key, given)
            return who
        token = connection.cookies.get(self.cookie)
        if not token:
            return None
        now = datetime.now(UTC)
        found: Signed | None
        found, stale, state = await self._read(self._behind_cookie, token, now)
        cast("dict[str, Any]", connection.scope)[STATE] = state
        if stale:
            await self._aside(self._touch, token, now)
        return found

    async def _read(self, act: Callable[..., Any], *given: Any) -> Any:
        """To read a row of SQLite, whose readers wait for nobody, takes less than the way to a thread and back, so it is read here; what
        waits for a server, aside."""
        return act(*given) if self.book.dialect == "sqlite" else await self._aside(act, *given)

    async def _aside(self, act: Callable[..., Any], *given: Any) -> Any:
        """In a thread of the gate's own: who is to be let in does not wait behind those who are in."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, act, *given)

    def _behind_key(self, given: str) -> Signed:
        kind, _, rest = given.partition(" ")
        way = self.ways.get(kind.lower())
        if way is None:
            raise SignInNeeded
        return way(self.book, rest.strip())

    def _behind_cookie(self, token: str, now: datetime) -> tuple[Signed | None, bool, bytes | None]:
        try:
            return who_came(self.book, token, now=now)
        except SignInNeeded:
            return None, False, None

    def _touch(self, token: str, now: datetime) -> None:
        with suppress(Busy, DiskFull), self.book.writing(patience=TOUCH_S) as session:  # a read waits for no writer: it is told next time
            touch(session, token, now=now)


async def enforce(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let the request in, or raise SignInNeeded, Forbidden, SecondFactorNeeded, PasswordChangeNeeded, ForgedRequest."""
    who: Signed | None = connection.scope.get("user")
    if connection.scope.get("method") not in SAFE:
        await _refuse_forged(connection, who)
    if connection.scope.get("method") == "OPTIONS" and "role" not in handler.opt:
        return  # Litestar's own answer, which names the methods of an address and nothing else
    if handler.opt["role"] == "anyone":
        return
    admit(who, Action(handler.opt["action"]), before=handler.opt.get("before", ()))


def admit(who: Signed | None, action: Action, *, before: Collection[str] = ()) -> None:
    """Let somebody do something, whatever the object, or raise SignInNeeded, Forbidden, SecondFactorNeeded, PasswordChangeNeeded.

    `before` says which steps of signing in may still be ahead: the ``code``, the change of a ``password`` that another set.
    """
    if who is None:
        raise SignInNeeded
    if who.local is not None:
        if action not in LOCAL_ACTIONS:
            raise Forbidden(office="local-reader", action=action)
        return
    if action is Action.SELF:
        _refuse_half_way(who, before)
        return
    if who.binding is None:
        raise Forbidden(office="no office", action=action)
    if action not in who.binding.duty.actions:
        raise Forbidden(office=who.binding.office, action=action)
    _refuse_half_way(who)


def _refuse_half_way(who: Signed, before: Collection[str] = ()) -> None:
    """Refuse who has not signed in to the end: first the code is shown, then a password changed that another set."""
    if who.needs_code:
        if "code" not in before:
            raise SecondFactorNeeded
    elif who.given and "password" not in before:
        raise PasswordChangeNeeded


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
        given = await _in_form(connection)
    if given != who.form_token:
        raise ForgedRequest


async def _in_form(request: Request[Any, Any, Any]) -> str:
    """The form's token; none in a form that cannot be read: Litestar's parser fails on a charset that is none, and on bytes of another."""
    try:
        return str((await request.form()).get(FORM_FIELD, ""))
    except (UnicodeDecodeError, LookupError):
        return ""


def who_is(request: Request[Any, Any, Any]) -> Signed | None:
    """Who is signed in, or nobody."""
    found: Signed | None = request.scope.get("user")
    return found


def principal(request: Request[Any, Any, Any], book: NamedDependency[Book]) -> Principal:  # noqa: ARG001
    """Who acts on the books: nobody, on a public page, sees nothing of any holder.

    It is found after the book, which it need not know: Litestar opens a task for each of what it finds side by side.
    """
    who = who_is(request)
    if who is None or (who.local is None and (who.binding is None or who.needs_code or who.given)):
        return NOBODY
    return who.principal()
