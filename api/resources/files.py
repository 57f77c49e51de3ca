"""Files of activity data: sent, booked, and what was booked."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIFormat, OpenAPIMediaType, OpenAPIType, RequestBody, Schema
from litestar.params import FromPath, FromQuery, QueryParameter, RawBody

from api.bounds import office_of
from api.doors import FILER, READER
from api.paging import After, Limit, page_of
from api.resources.calc import CSV, FAULTY, JSONL, Calculated, WrongType, csv_of, today
from api.resources.jobs import view
from api.work.filing import FILE, Filing, book_file
from api.work.job import enqueue
from api.work.told import JobView
from carbon.holder import find_holder
from carbon.imports import Import, find_import, imports
from carbon.record import RecordReceipt
from ledger.book import Book
from ledger.principal import Principal

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ENDINGS = {CSV: ".csv", XLSX: ".xlsx"} | dict.fromkeys(JSONL, ".csv")
LARGE = 2**20
FileName = Annotated[str, QueryParameter(max_length=120, pattern=r"^[^/\\\x00-\x1f\x7f]*$", description="What the file is called.")]


@dataclass
class Filed(Calculated):
    """What is sent to be estimated, and a workbook."""

    def __post_init__(self) -> None:
        super().__post_init__()
        assert isinstance(self.request_body, RequestBody)
        binary = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        self.request_body.content[XLSX] = OpenAPIMediaType(schema=binary)


LATER = ResponseSpec(data_container=JobView, description="Large, or asked to be done later: the job that books it")


@post(
    "/holders/{holder:str}/files", opt=FILER, sync_to_thread=True, tags=["files"], operation_class=Filed, operation_id="file_activity_data",
    responses={422: FAULTY, 202: LATER},
)  # fmt: skip
def file_activity_data(
    request: Request[Any, Any, Any], holder: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal],
    body: RawBody, name: FileName = "", replace: FromQuery[str | None] = None, allow_duplicates: FromQuery[bool] = False,
) -> Response[RecordReceipt | JobView]:  # fmt: skip
    """Book a CSV, XLSX or JSON Lines file of activity data: every line or none. A file of more than 1 MiB, or one sent with
    `Prefer: respond-async` (RFC 7240), is booked by a job: 202, and Location leads to it."""
    kind = request.content_type[0]
    if kind not in ENDINGS:
        raise WrongType(detail=f"send {CSV}, {XLSX} or {JSONL[0]}, not {kind or 'no type at all'}")
    filing = Filing(holder=holder, name=name_of(name, kind), replace=replace, allow_duplicates=allow_duplicates)
    data, now = csv_of(body) if kind in JSONL else body, datetime.now(UTC)
    if len(data) > LARGE or "respond-async" in request.headers.get("prefer", "").lower():
        return later(request, book, principal, filing, data, now=now)
    receipt = book_file(book, filing, data, principal=principal, now=now, today=today(request))
    return Response(receipt, status_code=201, headers={"Location": f"/api/v1/holders/{holder}/files/{receipt.import_id}"})


def later(
    request: Request[Any, Any, Any], book: Book, principal: Principal, filing: Filing, data: bytes, *, now: datetime
) -> Response[RecordReceipt | JobView]:
    """The job that books the file, and where to ask for it. Raises HolderNotFound."""
    office = office_of(request)
    with book.writing() as session:
        find_holder(session, principal, filing.holder)
        job = enqueue(session, FILE, filing.content(), user=office.user, binding=office.id, data=data, now=now)
    headers = {"Location": f"/api/v1/jobs/{job.id}", "Preference-Applied": "respond-async", "Retry-After": "2"}
    return Response(view(job), status_code=202, headers=headers)


def name_of(name: str, kind: str) -> str:
    """The name with the ending of its kind."""
    stem = PurePath(name).name or "file"
    return stem if PurePath(stem).suffix.lower() == ENDINGS[kind] else stem + ENDINGS[kind]


@get("/holders/{holder:str}/files", opt=READER, sync_to_thread=True, tags=["files"])
def list_files(
    request: Request[Any, Any, Any], holder: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal],
    after: After = "", limit: Limit = 100,
) -> Response[list[Import]]:  # fmt: skip
    """The files that were booked for a holder, by their id."""
    with book.reading(principal) as session:
        found = imports(session, principal, holder=holder, after=after, limit=limit + 1)
    return page_of(request, found, limit=limit, key=lambda one: one.id)


@get("/holders/{holder:str}/files/{import_id:str}", opt=READER, sync_to_thread=True, tags=["files"])
def one_file(holder: FromPath[str], import_id: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]) -> Import:
    """A file that was booked, and which entries it became."""
    with book.reading(principal) as session:
        return find_import(session, principal, holder=holder, import_id=import_id)
