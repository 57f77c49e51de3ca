"""What proves a filing: documents by their hash, monthly packets of evidence, and the accreditations of those who verify."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIFormat, OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.params import FromPath, FromQuery, JSONBody, RawBody

from api.doors import AUTHORITY, FILER, READER
from api.numbers import SentMonth, SentNumber
from api.paging import After, Limit, part_of
from api.resources.calc import WrongType
from api.resources.files import FileName
from api.resources.filings import IfMatch, Told, answer, tag_of
from api.work.desk import desk_of
from carbon.enterprise.filing.document import WORKBOOK, Document, attach, document, documents
from carbon.enterprise.filing.filing import attach_to
from carbon.enterprise.filing.packet import Packet, Reading, file_packet, packets
from carbon.enterprise.filing.verifier import Accreditation, accreditations, grant
from carbon.holder import find_holder
from ledger.book import Book
from ledger.principal import Principal

Asked = Request[Any, Any, Any]


class Attachment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document of the holder, by its hash, for a line of the filing or for all of it."""

    sha256: str
    line: SentNumber | None = None


class NewPacket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A month's evidence (202307): what was read, and why there is nothing of a kind; `reason` where it is filed again."""

    month: SentMonth
    readings: list[Reading]
    absent: dict[str, str] = {}
    reason: str = ""


class NewAccreditation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A verifier's accreditation, from a day to a day (inclusive), for industries whose GB/T 4754 codes begin so; none named: for all."""

    actor: str
    number: Annotated[str, msgspec.Meta(max_length=100)]
    body: Annotated[str, msgspec.Meta(max_length=200)]
    valid_from: date
    valid_until: date
    industries: list[str] = []


KINDS = ("application/pdf", "image/png", "image/jpeg", WORKBOOK, "text/plain", "text/csv")


@dataclass
class SentDocument(Operation):
    """What the documentation says may be sent as a document."""

    def __post_init__(self) -> None:
        binary = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY))
        self.request_body = RequestBody(required=True, content=dict.fromkeys(KINDS, binary))


@post(
    "/holders/{holder:str}/documents", opt=FILER, sync_to_thread=True, tags=["evidence"], operation_class=SentDocument,
    operation_id="attach_document",
)  # fmt: skip
def attach_document(
    request: Asked, holder: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal], body: RawBody,
    name: FileName = "document",
) -> Document:  # fmt: skip
    """Keep a document: PDF, PNG, JPEG, XLSX or text in UTF-8. The same bytes again give the one that stands."""
    kind = request.content_type[0]
    if kind not in KINDS:
        raise WrongType(detail=f"send one of {', '.join(KINDS)}, not {kind or 'no type at all'}")
    with book.writing() as session:
        return attach(session, principal, holder=holder, name=name, data=body, now=desk_of(request, book, principal).now)


@get("/holders/{holder:str}/documents", opt=READER, sync_to_thread=True, tags=["evidence"])
def list_documents(
    request: Asked, holder: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal], after: After = "",
    limit: Limit = 1000,
) -> Response[list[Document]]:  # fmt: skip
    """The documents of a holder, the oldest first."""
    with book.reading(principal) as session:
        find_holder(session, principal, holder)
        found = documents(session, principal, holder=holder)
    return part_of(request, found, after=after, limit=limit, key=lambda one: one.sha256)


@get("/holders/{holder:str}/documents/{sha256:str}", opt=READER, sync_to_thread=True, media_type=WORKBOOK, tags=["evidence"])
def one_document(
    holder: FromPath[str], sha256: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[bytes]:  # fmt: skip
    """The bytes of a document, which have that hash."""
    with book.reading(principal) as session:
        found, data = document(session, principal, holder=holder, sha256=sha256)
    return Response(data, media_type=found.media_type, headers={"Content-Disposition": f'attachment; filename="{found.sha256[:16]}"'})


@post("/filings/{filing:str}/documents", opt=FILER, status_code=200, sync_to_thread=True, tags=["evidence"])
def attach_to_filing(
    request: Asked, filing: FromPath[str], data: JSONBody[Attachment], book: NamedDependency[Book], principal: NamedDependency[Principal],
    if_match: IfMatch = None,
) -> Response[Told]:  # fmt: skip
    """Name a document of the holder as evidence of the filing, or of one line of it."""
    tag, now = tag_of(if_match), desk_of(request, book, principal).now
    with book.writing() as session:
        return answer(attach_to(session, principal, filing, sha256=data.sha256, line=data.line, if_match=tag, now=now))


@get("/holders/{holder:str}/packets", opt=READER, sync_to_thread=True, tags=["evidence"])
def list_packets(
    request: Asked, holder: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal], after: After = "",
    limit: Limit = 1000,
) -> Response[list[Packet]]:  # fmt: skip
    """The monthly packets of a holder in the order of their chain."""
    with book.reading(principal) as session:
        find_holder(session, principal, holder)
        found = packets(session, principal, holder=holder)
    return part_of(request, found, after=after, limit=limit, key=lambda one: one.sha256)


@post("/holders/{holder:str}/packets", opt=FILER, sync_to_thread=True, tags=["evidence"])
def add_packet(
    request: Asked, holder: FromPath[str], data: JSONBody[NewPacket], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Packet:
    """File a month's packet; a late one is taken, and says so."""
    desk = desk_of(request, book, principal)
    with book.writing() as session:
        return file_packet(
            session, principal, holder=holder, month=data.month, readings=data.readings, absent=data.absent, reason=data.reason,
            now=desk.now, today=desk.today,
        )  # fmt: skip


@get("/accreditations", opt=READER, sync_to_thread=True, tags=["evidence"])
def list_accreditations(
    request: Asked, book: NamedDependency[Book], actor: FromQuery[str | None] = None, after: After = "", limit: Limit = 1000
) -> Response[list[Accreditation]]:
    """The accreditations that were granted, or those of one verifier."""
    with book.reading() as session:
        found = accreditations(session, actor=actor)
    return part_of(request, found, after=after, limit=limit, key=lambda one: f"{one.actor}/{one.number}/{one.valid_from}")


@post("/accreditations", opt=AUTHORITY, sync_to_thread=True, tags=["evidence"])
def add_accreditation(
    request: Asked, data: JSONBody[NewAccreditation], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Accreditation:
    """Accredit a verifier. The same number again from a later day takes the earlier one's place; ending before it begins withdraws it."""
    now = desk_of(request, book, principal).now
    with book.writing() as session:
        return grant(session, principal, now=now, **msgspec.structs.asdict(data))
