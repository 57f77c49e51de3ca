"""An Idempotency-Key on every call that changes something: one effect, and the same answer for ever
(draft-ietf-httpapi-idempotency-key-header-07).

A key belongs to an effect, not to an attempt. A call that succeeds leaves its effect and its answer, in one transaction, so that neither
is there without the other: the call's book is a `Together`, which is committed after the answer was made. From then on the key gives that
answer again, and is refused for any other call or content (422). A call that is refused or breaks (4xx, 5xx) leaves neither: whatever it
wrote is taken back and its key is free as before, so that it may be sent again as it is, once what hindered it is gone, or mended.

Two calls with one key wait for one another, within a process and between those of a machine in turns (`api.turns`), between machines at
PostgreSQL; who has waited for `WAIT_S` is told 409 and when to come again.
"""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import anyio
import sqlalchemy as sa
from anyio import CapacityLimiter, to_thread
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPReceiveMessage, Message, Receive, Scope, Send, WebSocketReceiveMessage
from litestar.types.empty import Empty
from litestar.utils.scope.state import ScopeState
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from api.audit.visit import CURRENT
from api.auth.gate import SAFE
from api.auth.office import Action
from api.auth.session import Signed
from api.auth.vault import Vault
from api.turns import Turns
from api.work.errors import KeyInFlight, KeyMissing, KeyReusedOtherwise
from api.work.together import Together
from carbon.tables import AnswerRow
from ledger.book import POSTGRESQL_LOCK, Book
from ledger.types import table_of

HEADER = b"idempotency-key"
WAIT_S = 5.0
KEPT = (b"content-type", b"location", b"etag", b"link", b"preference-applied")
EFFECTLESS = frozenset({Action.READ.value, Action.CALCULATE.value})
REPEATABLE = {"once": False}
"""What a route adds to its declaration whose repetition does no harm by its own protocol (an OAuth2 token)."""
BOOK = "tanzhang.book"


class Replay(Exception):  # not a fault: the way out of a handler whose answer is there already
    """The answer that was given the first time."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.given, self.body = status, headers, body


@dataclass(slots=True)
class Call:
    """One call under a key: what it asks, hashed as it arrives, and its book."""

    id: bytes
    user: str
    vault: Vault
    print: Any
    book: Together = field(init=False)
    answered: bool = False
    """Whether the answer was found, not made."""

    def look(self, session: Session) -> None:
        """Raises Replay where the key was answered, KeyReusedOtherwise where it stands for another call."""
        row = table_of(AnswerRow)
        found = session.execute(sa.select(row).where(row.c.id == self.id)).mappings().one_or_none()
        if found is None:
            return
        self.answered = True
        if bytes(found["print"]) != self.print.digest():
            raise KeyReusedOtherwise
        body = self.vault.unseal(bytes(found["body"]), about=f"answer/{self.id.hex()}")
        raise Replay(found["status"], json.loads(found["headers"]), body)

    def claim(self, session: Session) -> None:
        """As `look`, in the transaction itself, where no twin can be at the same time. Raises KeyInFlight."""
        if session.get_bind().dialect.name == "postgresql":
            stood = session.execute(sa.text("SHOW lock_timeout")).scalar_one()
            session.execute(sa.text(f"SET LOCAL lock_timeout = {int(WAIT_S * 1000)}"))
            try:
                session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": int.from_bytes(self.id[:8], signed=True)})
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) == POSTGRESQL_LOCK:
                    raise KeyInFlight from error
                raise
            session.execute(sa.text("SELECT set_config('lock_timeout', :stood, true)"), {"stood": stood})
        self.look(session)

    def end(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """Keep the answer with its effect, or neither."""
        if not 200 <= status < 300:
            self.book.undo()
            return
        if not self.answered:
            kept = {name.decode(): value.decode("latin-1") for name, value in headers if name.lower() in KEPT}
            sealed = self.vault.seal(body, about=f"answer/{self.id.hex()}")
            values = {"id": self.id, "user_id": self.user, "print": self.print.digest(), "status": status, "body": sealed}
            with self.book.writing() as session:
                session.execute(
                    sa.insert(table_of(AnswerRow)).values(values | {"headers": json.dumps(kept), "answered_at": datetime.now(UTC)})
                )
        visit = CURRENT.get()
        if visit is not None:  # the record of access is written by this commit, and says how the call ended
            visit.expected = status
        self.book.commit()


def key_of(user: str, key: str) -> bytes:
    """What stands for a user's key: 16 bytes of SHA-256."""
    return hashlib.sha256(f"{user}\0{key}".encode()).digest()[:16]


def given_key(headers: Any) -> str | None:
    """The key of a call, or None: RFC 8941 writes it between quotes, and many clients do not."""
    values = [value for name, value in headers if name.lower() == HEADER]
    if len(values) != 1:
        return None
    text = values[0].decode("latin-1").strip()
    text = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
    return text if 1 <= len(text) <= 255 and text.isascii() and text.isprintable() else None


def needs_key(handler: BaseRouteHandler, method: str) -> bool:
    """Whether a call of the route changes something of which the platform keeps the effect."""
    if method in SAFE:  # Litestar's own OPTIONS among them, which declares nothing
        return False
    changes = handler.opt["scope"] != "public" and handler.opt["action"] not in EFFECTLESS
    return bool(changes and handler.opt.get("once", True))


async def ask_for_key(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Raises KeyMissing where a call that changes something has none."""
    if needs_key(handler, str(connection.scope.get("method"))) and given_key(connection.scope["headers"]) is None:
        raise KeyMissing


def book_of(request: Request[Any, Any, Any]) -> Book:
    """The book of this call: the one whose writings are kept with their answer, where there is a key."""
    found: Book = request.scope.get(BOOK) or request.app.state.book  # type: ignore[assignment]
    return found


def replayed(_: Request[Any, Any, Any], told: Replay) -> Response[bytes]:
    """The first answer again."""
    return Response(told.body, status_code=told.status, headers=told.given, media_type=told.given.get("content-type", "application/json"))


class Once(ASGIMiddleware):
    """Stands behind the gate and around the routes of /api/v1."""

    scopes = (ScopeType.HTTP,)

    def __init__(self) -> None:
        self.turns = Turns()
        self.limiter: CapacityLimiter | None = None  # of its own: those who wait for a turn must not keep the one who ends from ending

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        who: Signed | None = scope.get("user")
        key = given_key(scope["headers"])
        if who is None or key is None or not needs_key(scope["route_handler"], str(scope.get("method"))):
            await next_app(scope, receive, send)
            return
        asked = f"{scope['method']}\0{scope['path']}\0".encode() + scope.get("query_string", b"") + b"\0"  # type: ignore[typeddict-item]
        office = who.binding.id if who.binding else ""
        state = scope["litestar_app"].state
        call = Call(key_of(who.user, key), who.user, state.vault, hashlib.sha256(asked + office.encode() + b"\0"))
        call.book = Together(state.book, before=call.look, first=call.claim)
        home = state.book.home if state.book.dialect == "sqlite" else None
        async with self.turns.of(call.id, patience=WAIT_S, home=home) as come:
            if not come:
                raise KeyInFlight
            messages = await self._answered(call, scope, receive, next_app)
        for message in messages:
            await send(message)

    async def _answered(self, call: Call, scope: Scope, receive: Receive, next_app: ASGIApp) -> list[Message]:
        """Every message of the answer, once effect and answer are kept."""
        messages: list[Message] = []

        async def hold(message: Message) -> None:
            messages.append(message)

        async def hashed() -> HTTPReceiveMessage | WebSocketReceiveMessage:
            message = await receive()
            if message["type"] == "http.request":
                call.print.update(message.get("body", b""))
            return message

        scope[BOOK] = call.book  # type: ignore[literal-required]
        scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]  # kept as it is, packed by nobody
        ScopeState.from_scope(scope).headers = Empty  # who read them before kept them there, and what packs would look there first
        try:
            await next_app(scope, hashed, hold)
            head = next(message for message in messages if message["type"] == "http.response.start")
            body = b"".join(message["body"] for message in messages if message["type"] == "http.response.body")
            await self._off_the_loop(partial(call.end, head["status"], list(head["headers"]), body))
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._off_the_loop(call.book.undo)
            ScopeState.from_scope(scope).response_started = False  # what was held back was not sent: the error may be answered
            raise
        return messages

    async def _off_the_loop(self, act: Any) -> None:
        self.limiter = self.limiter or CapacityLimiter(20)
        await to_thread.run_sync(act, limiter=self.limiter)


def forget_answers(session: Session, user: str) -> None:
    """Delete what a user was answered, when the user is deleted."""
    session.execute(sa.delete(table_of(AnswerRow)).where(table_of(AnswerRow).c.user_id == user))
