"""The request or command that runs now, so that what it writes is recorded in the very transaction that writes it.

`api.audit.recorder` opens a `Visit` for each request, and its guard, the last of all, arms it: whoever comes was let in. From then on every
session of `Book.writing` that commits, in whichever thread of the request, first appends the visit's record (SQLAlchemy's `before_commit`).
What a session brings along from other threads lies in its `info["visits"]` (`along`). A command of this machine is armed from the start.
"""

import contextvars
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from api.audit.record import Record, append
from api.audit.sign import sign_log
from ledger.book import Book
from ledger.principal import LOCAL_ADMIN

SILENT = frozenset({"worker.worker"})
"""Commands that write all the time what somebody else asked for, whose request was recorded."""


@dataclass(slots=True, kw_only=True)
class Visit:
    """What is known of a request so far. `written` are the statuses that its transactions recorded."""

    at: datetime
    action: str
    method: str
    route: str
    engine: sa.Engine | None = None
    object: str = ""
    origin: str = ""
    request: str = ""
    user: str = ""
    office: str = ""
    binding: str = ""
    login: str = ""
    expected: int = 0
    armed: bool = False
    signs: Book | None = None
    told: bool = False
    written: list[int] = field(default_factory=list)

    def record(self, status: int) -> Record:
        """The visit as it is recorded, with that status."""
        return Record(
            at=self.at, action=self.action, method=self.method, route=self.route, status=status, user=self.user, office=self.office,
            binding=self.binding, object=self.object, origin=self.origin, login=self.login, request=self.request,
        )  # fmt: skip

    def comes_as(self, who: Any) -> None:
        """Note who it is: an `api.auth.session.Signed`, or nobody."""
        if who is None:
            return
        self.user = self.user or who.user
        if who.binding is not None:
            self.office, self.binding = who.binding.office.value, who.binding.id


CURRENT: contextvars.ContextVar[Visit | None] = contextvars.ContextVar("visit", default=None)


def tell(**facts: Any) -> None:
    """Add to the record of the request that runs, if one does: `user`, `object` (a random id), `login` (a digest), `action`, and in
    `expected` the status that it will end with. A visit of which something was told is recorded though its route be public."""
    visit = CURRENT.get()
    if visit is not None:
        for name, value in facts.items():
            setattr(visit, name, value)
        visit.told = True


def along() -> Callable[[Session], None]:
    """What a thread that writes for several requests calls on its session, so that this request's record is in its transaction."""
    visit = CURRENT.get()

    def bring(session: Session) -> None:
        if visit is not None and visit.armed:
            session.info.setdefault("visits", []).append(visit)

    return bring


def at_command_line(book: Book, name: str) -> None:
    """What the person at this machine writes into the book from now on is recorded; `name` is the command's, without its arguments."""
    if name not in SILENT:
        now = datetime.now(UTC)
        CURRENT.set(Visit(
            at=now, action="command", method="", route=name, user=LOCAL_ADMIN.actor, origin="here", engine=book.engine, armed=True,
            signs=book,
        ))  # fmt: skip


def _before_commit(session: Session) -> None:
    if session.in_nested_transaction():  # a savepoint is no commit
        return
    visits: list[Visit] = session.info.pop("visits", [])
    visit = CURRENT.get()
    if visit is not None and visit.armed and visit not in visits:
        visits.append(visit)
    if not visits or session.connection().get_execution_options().get("tanzhang") != "writes":
        return
    engine = session.get_bind()
    mine = [one for one in visits if one.engine is None or one.engine is engine]
    append(session, [one.record(one.expected) for one in mine])
    for one in mine:
        one.written.append(one.expected)
    session.info["signs"] = next((one.signs for one in mine if one.signs), None)


def _after_commit(session: Session) -> None:
    """Sign what a command recorded; a server's writer does so by itself. Where there is no room, the next who records signs."""
    book: Book | None = session.info.pop("signs", None)
    if book is not None:
        with suppress(OSError):
            sign_log(book)


sa.event.listen(Session, "before_commit", _before_commit)
sa.event.listen(Session, "after_commit", _after_commit)
