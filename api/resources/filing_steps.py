"""What happens to a filing: handed in, verified, found wanting, answered, signed, accepted, booked, restated; each names the tag read."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from api.auth.approval import find_approval
from api.auth.signing import ask_signature
from api.bounds import office_of
from api.doors import AUTHORITY, FILER, VERIFIER
from api.numbers import SentNumber
from api.resources.approvals import ApprovalShown
from api.resources.approvals import shown as approval_shown
from api.resources.calc import FAULTY
from api.resources.filings import Asked, IfMatch, Told, answer, tag_of
from api.work.desk import desk_of
from carbon.enterprise.filing.finding import Weight
from carbon.enterprise.filing.said import Assurance, Opinion
from carbon.record import RecordReceipt
from ledger.book import Book
from ledger.principal import Principal

Text = Annotated[str, msgspec.Meta(max_length=2_000)]


class _Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is sent."""


class Submission(_Said, frozen=True, kw_only=True):
    """The keys of the questions that are answered with yes (`GET …/problems` gives them)."""

    confirmed: list[str] = []


class Undertaking(_Said, frozen=True, kw_only=True):
    """How sure the verifier undertakes to be, and from which misstatement on it is material, in thousandths of the declared total."""

    assurance: Assurance
    materiality_permille: int


class NewFinding(_Said, frozen=True, kw_only=True):
    """A finding about a line and field, or the whole; `value` is right there, `conservative` where it stands in for what is missing."""

    text: Text
    weight: Weight
    line: SentNumber | None = None
    field: str | None = None
    value: str = ""
    conservative: bool = False


class Reply(_Said, frozen=True, kw_only=True):
    """A word on a finding, with the hashes of documents that are attached."""

    text: Text = ""
    documents: tuple[str, ...] = ()


class Closing(_Said, frozen=True, kw_only=True):
    """How a finding is settled; `value` where another holds by now than was found."""

    text: Text = ""
    value: str = ""


class Conclusion(_Said, frozen=True, kw_only=True):
    """The verifier's opinion."""

    opinion: Opinion
    text: Text = ""


class Rejection(_Said, frozen=True, kw_only=True):
    """Why a filing is given back."""

    reason: Text


def _step(path: str, door: dict[str, Any], **more: Any) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    return post(f"/filings/{{filing:str}}{path}", opt=door, status_code=200, sync_to_thread=True, tags=["filings"], **more)


@_step("/submit", FILER, responses={422: FAULTY})
def submit_filing(
    request: Asked, filing: FromPath[str], data: JSONBody[Submission], book: NamedDependency[Book], principal: NamedDependency[Principal],
    if_match: IfMatch = None,
) -> Response[Told]:  # fmt: skip
    """Hand the version that stands in: what stops it is told (422), and every question needs its answer."""
    return answer(desk_of(request, book, principal).submit(filing, confirmed=data.confirmed, if_match=tag_of(if_match)))


@_step("/take-up", VERIFIER)
def take_up_filing(
    request: Asked, filing: FromPath[str], data: JSONBody[Undertaking], book: NamedDependency[Book],
    principal: NamedDependency[Principal], if_match: IfMatch = None,
) -> Response[Told]:  # fmt: skip
    """Begin to verify what was submitted, as its lead."""
    desk = desk_of(request, book, principal)
    return answer(
        desk.take_up(filing, assurance=data.assurance, materiality_permille=data.materiality_permille, if_match=tag_of(if_match))
    )  # fmt: skip


@_step("/findings", VERIFIER, responses={422: FAULTY})
def add_finding(
    request: Asked, filing: FromPath[str], data: JSONBody[NewFinding], book: NamedDependency[Book], principal: NamedDependency[Principal],
    if_match: IfMatch = None,
) -> Response[Told]:  # fmt: skip
    """Hold something against the filing; a value is weighed against the lines that stand, and what both emit is kept."""
    return answer(desk_of(request, book, principal).find(filing, if_match=tag_of(if_match), **msgspec.structs.asdict(data)))


@_step("/findings/{no:int}/reply", FILER)
def reply_to_finding(
    request: Asked, filing: FromPath[str], no: FromPath[int], data: JSONBody[Reply], book: NamedDependency[Book],
    principal: NamedDependency[Principal], if_match: IfMatch = None,
) -> Response[Told]:  # fmt: skip
    """The firm's word on a finding, with documents."""
    desk = desk_of(request, book, principal)
    return answer(desk.reply(filing, finding=no, text=data.text, documents=data.documents, if_match=tag_of(if_match)))


@_step("/findings/{no:int}/word", VERIFIER)
def word_on_finding(
    request: Asked, filing: FromPath[str], no: FromPath[int], data: JSONBody[Reply], book: NamedDependency[Book],
    principal: NamedDependency[Principal], if_match: IfMatch = None,
) -> Response[Told]:  # fmt: skip
    """The verifier's word on a finding."""
    desk = desk_of(request, book, principal)
    return answer(desk.reply(filing, finding=no, text=data.text, documents=data.documents, if_match=tag_of(if_match)))


@_step("/findings/{no:int}/close", VERIFIER, responses={422: FAULTY})
def close_finding(
    request: Asked, filing: FromPath[str], no: FromPath[int], data: JSONBody[Closing], book: NamedDependency[Book],
    principal: NamedDependency[Principal], if_match: IfMatch = None,
) -> Response[Told]:  # fmt: skip
    """Settle a finding: its value is weighed again against the lines as they are now."""
    desk = desk_of(request, book, principal)
    return answer(desk.close(filing, finding=no, text=data.text, value=data.value, if_match=tag_of(if_match)))


@_step("/sign", VERIFIER)
def sign_filing(
    request: Asked, filing: FromPath[str], data: JSONBody[Conclusion], book: NamedDependency[Book],
    principal: NamedDependency[Principal], if_match: IfMatch = None,
) -> ApprovalShown:  # fmt: skip
    """Sign as the first of two: the request that a second verifier decides on (`POST /approvals/{number}/decision`), which signs."""
    who, desk = office_of(request), desk_of(request, book, principal)
    with book.writing() as session:
        number = ask_signature(
            session, who, filing, opinion=data.opinion, text=data.text, if_match=tag_of(if_match), now=desk.now, today=desk.today
        )
        return approval_shown(who, find_approval(session, who, number))


@_step("/send-back", VERIFIER)
def send_back_filing(
    request: Asked, filing: FromPath[str], data: JSONBody[Rejection], book: NamedDependency[Book], principal: NamedDependency[Principal],
    if_match: IfMatch = None,
) -> Response[Told]:  # fmt: skip
    """The verifier gives a filing back with the reason."""
    return answer(desk_of(request, book, principal).reject(filing, reason=data.reason, if_match=tag_of(if_match)))


@_step("/reject", AUTHORITY)
def reject_filing(
    request: Asked, filing: FromPath[str], data: JSONBody[Rejection], book: NamedDependency[Book], principal: NamedDependency[Principal],
    if_match: IfMatch = None,
) -> Response[Told]:  # fmt: skip
    """The authority gives a filing back with the reason; the firm's next version makes it a draft again."""
    return answer(desk_of(request, book, principal).reject(filing, reason=data.reason, if_match=tag_of(if_match)))


@_step("/accept", AUTHORITY)
def accept_filing(
    request: Asked, filing: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal], if_match: IfMatch = None
) -> Response[Told]:  # fmt: skip
    """The authority takes what was verified."""
    return answer(desk_of(request, book, principal).accept(filing, if_match=tag_of(if_match)))


@_step("/book", AUTHORITY, responses={422: FAULTY})
def book_filing(
    request: Asked, filing: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> RecordReceipt:  # fmt: skip
    """Book what was accepted, in one transaction: the year closes for the firm, and what it restates is reversed."""
    return desk_of(request, book, principal).record(filing)


@_step("/restate", FILER)
def restate_filing(
    request: Asked, filing: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Told]:  # fmt: skip
    """Open a draft that is to take the place of a booked filing, with its lines."""
    return answer(desk_of(request, book, principal).restate(filing), status=201)
