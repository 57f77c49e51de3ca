"""What takes four eyes: asked for, listed, decided."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIFormat, OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, RawBody

from api.auth.approval import MATTERS, PAGE, STATES, Approval, Decision, approvals, decide, find_approval, may_decide
from api.auth.errors import Forbidden
from api.auth.releasing import RELEASE, ask_release, judged
from api.auth.reopening import ask_reopening
from api.auth.user import Binding
from api.bounds import office_of
from api.doors import ASKER, DECIDER
from api.paging import onward
from api.resources.calc import FAULTY, WrongType
from api.resources.files import XLSX
from ledger.book import Book

Asked = Request[Any, Any, Any]


class Reopening(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A closed month (2023-06) that should be opened again, for the accounts below `scope` or all, and why."""

    month: str
    reason: str
    scope: str = ""


class Decided(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the second person says."""

    decision: Decision


@dataclass
class Sent(Operation):
    """That a workbook is sent, for the documentation."""

    def __post_init__(self) -> None:
        binary = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        self.request_body = RequestBody(required=True, content={XLSX: OpenAPIMediaType(schema=binary)})


class ApprovalShown(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it is sent; `may_decide` says whether the reader may."""

    id: str
    action: str
    subject: str
    content: dict[str, Any]
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision: str | None
    may_decide: bool


class ApprovalPage(msgspec.Struct, frozen=True, kw_only=True):
    """Requests, the latest first; `next` is the `before` of the next page."""

    items: list[ApprovalShown]
    next: str | None


@get("/approvals", opt=ASKER, sync_to_thread=True, tags=["approvals"])
def list_approvals(
    request: Asked, book: NamedDependency[Book], show: FromQuery[Literal["open", "decided", "all"]] = "open",
    before: FromQuery[str] = "", limit: Annotated[int, QueryParameter(ge=1, le=PAGE)] = PAGE,
) -> Response[ApprovalPage]:  # fmt: skip
    """What was asked and concerns the office; `Link` leads to the next page."""
    who = office_of(request)
    with book.reading() as session:
        found = approvals(session, who, before=before, is_open=STATES[show], limit=limit + 1)
    more = found[limit - 1].id if len(found) > limit else None
    told = ApprovalPage(items=[shown(who, one) for one in found[:limit]], next=more)
    return Response(told, headers=onward(request, before=more, limit=limit) if more else {})


@get("/approvals/{number:str}", opt=ASKER, sync_to_thread=True, tags=["approvals"])
def one_approval(request: Asked, number: FromPath[str], book: NamedDependency[Book]) -> ApprovalShown:
    """One request."""
    who = office_of(request)
    with book.reading() as session:
        return shown(who, find_approval(session, who, number))


@post("/approvals/reopenings", opt=ASKER, sync_to_thread=True, tags=["approvals"])
def ask_for_reopening(request: Asked, data: JSONBody[Reopening], book: NamedDependency[Book]) -> ApprovalShown:
    """Ask that a closed month be opened again; a second person decides."""
    who = office_of(request)
    with book.writing() as session:
        number = ask_reopening(session, who, data.month, scope=data.scope, reason=data.reason, now=datetime.now(UTC))
        return shown(who, find_approval(session, who, number))


@post(
    "/approvals/releases", opt=ASKER, sync_to_thread=True, tags=["approvals"], operation_class=Sent, operation_id="ask_for_release",
    responses={422: FAULTY},
)  # fmt: skip
def ask_for_release(request: Asked, book: NamedDependency[Book], body: RawBody) -> ApprovalShown:
    """Ask that a pack of factors be released: a filled workbook of `tanzhang factors template`, of at most 8 MiB. A regulator of the nation
    decides; until then it answers nothing."""
    who, kind = office_of(request), request.content_type[0]
    if kind != XLSX:
        raise WrongType(detail=f"send {XLSX}, not {kind or 'no type at all'}")
    if who.office not in MATTERS[RELEASE].asked_by:
        raise Forbidden(office=who.office, action=RELEASE)
    pack, content = judged(book.home, body, file="pack.xlsx")
    with book.writing() as session:
        number = ask_release(session, who, pack, content, now=datetime.now(UTC))
        return shown(who, find_approval(session, who, number))


@post("/approvals/{number:str}/decision", opt=DECIDER, status_code=200, sync_to_thread=True, tags=["approvals"])
def decide_approval(request: Asked, number: FromPath[str], data: JSONBody[Decided], book: NamedDependency[Book]) -> ApprovalShown:
    """Grant or refuse, once; what is granted is carried out in the same transaction."""
    who, now = office_of(request), datetime.now(UTC)
    today = now.astimezone(request.app.state.timezone).date()
    with book.writing() as session:
        return shown(who, decide(session, who, number, data.decision, now=now, today=today))


def shown(who: Binding, one: Approval) -> ApprovalShown:
    """A request as it is sent to somebody."""
    return ApprovalShown(
        id=one.id, action=one.action, subject=one.subject, content=one.content, asked_by=one.asked_by, asked_at=one.asked_at,
        decided_by=one.decided_by, decided_at=one.decided_at, decision=one.decision, may_decide=may_decide(who, one),
    )  # fmt: skip
