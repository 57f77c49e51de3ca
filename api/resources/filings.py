"""Filings of firms: opened, listed, read; their lines, what is wrong with these and what they come to."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, RawBody

from api.bounds import office_of
from api.doors import FILER, READER
from api.export import TYPES
from api.numbers import AskedNumber, AskedYear, SentYear
from api.paging import After, Limit, page_of, part_of
from api.resources.calc import CSV, FAULTY, WrongType
from api.resources.files import LARGE, XLSX, Filed, FileName, name_of
from api.resources.jobs import view
from api.resources.wire import wire
from api.work.desk import Desk, desk_of
from api.work.errors import PreconditionNeeded
from api.work.job import enqueue
from api.work.lines import LINES, Lines
from api.work.told import JobView
from carbon.enterprise.filing.filing import Filing, FilingHead, content, filings, history
from carbon.enterprise.intake.headings import remembered
from carbon.enterprise.intake.problem import Problem
from carbon.enterprise.intake.template import form_of, template
from carbon.enterprise.preparing import Judged, inventory_of, marked
from carbon.holder import find_holder, sites
from factors.guide import find_guide
from ledger.book import Book
from ledger.principal import Principal

Asked = Request[Any, Any, Any]
IfMatch = Annotated[str | None, HeaderParameter(name="If-Match", description="The ETag that was read.")]
Told = dict[str, Any]


class NewFiling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A filing of a year by a guide (`GET /guides` names them)."""

    year: SentYear
    guide: str


class ProblemShown(msgspec.Struct, frozen=True, kw_only=True):
    """A problem, its `cell` in the file that was sent (D17), and the `key` by which a question is confirmed."""

    key: str
    row: int | None
    column: str | None
    cell: str | None
    value: str | None
    weight: str
    code: str
    reason: str


def tag_of(if_match: str | None) -> str:
    """The tag that If-Match names. Raises PreconditionNeeded."""
    if not if_match:
        raise PreconditionNeeded
    return if_match.strip().strip('"')


def answer(found: Filing, *, status: int = 200) -> Response[Told]:
    """A filing as it is sent, under its ETag."""
    headers = {"ETag": f'"{found.tag}"', "Cache-Control": "private, no-cache", "Location": f"/api/v1/filings/{found.id}"}
    return Response(wire(found), status_code=status, headers=headers)


def shown(judged: Judged, one: Problem) -> ProblemShown:
    """A problem as it is sent."""
    return ProblemShown(
        key=one.key, row=one.row, column=one.column, cell=judged.cell(one), value=one.value, weight=one.weight.value, code=one.code,
        reason=one.reason,
    )  # fmt: skip


@get("/filings", opt=READER, sync_to_thread=True, tags=["filings"])
def list_filings(
    request: Asked, book: NamedDependency[Book], principal: NamedDependency[Principal], holder: FromQuery[str | None] = None,
    year: AskedYear = None, after: After = "", limit: Limit = 100,
) -> Response[list[FilingHead]]:  # fmt: skip
    """The filings that you may see, by id; of one holder, of one year."""
    with book.reading(principal) as session:
        found = filings(session, principal, holder=holder, year=year, after=after, limit=limit + 1)
    return page_of(request, found, limit=limit, key=lambda one: one.id)


@post("/holders/{holder:str}/filings", opt=FILER, sync_to_thread=True, tags=["filings"])
def open_one(
    request: Asked, holder: FromPath[str], data: JSONBody[NewFiling], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Told]:
    """Open the draft of a year (409 where one stands)."""
    return answer(desk_of(request, book, principal).open(holder=holder, year=data.year, guide=data.guide), status=201)


@get("/filings/{filing:str}", opt=READER, sync_to_thread=True, tags=["filings"])
def one_filing(
    request: Asked, filing: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Told]:  # fmt: skip
    """A filing with all that happened to it: state, declared total, findings, decisions. Its ETag is what a change must name."""
    return answer(desk_of(request, book, principal).read(filing))


@get("/filings/{filing:str}/events", opt=READER, sync_to_thread=True, tags=["filings"])
def filing_events(
    request: Asked, filing: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal], after: After = "",
    limit: Limit = 1000,
) -> Response[list[Told]]:  # fmt: skip
    """Who did what when, from the first event on."""
    with book.reading(principal) as session:
        told = [wire(event) for event in history(session, principal, filing)]
    return part_of(request, told, after=after, limit=limit, key=lambda one: str(one["no"]))


LATER = ResponseSpec(data_container=JobView, description="Large, or asked to be done later: the job that reads it")


@put(
    "/filings/{filing:str}/lines", opt=FILER, sync_to_thread=True, tags=["filings"], operation_class=Filed, operation_id="put_filing_lines",
    responses={422: FAULTY, 202: LATER},
)  # fmt: skip
def put_lines(
    request: Asked, filing: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal], body: RawBody,
    name: FileName = "", answers: AskedNumber = None, if_match: IfMatch = None,
) -> Response[Any]:  # fmt: skip
    """Take a CSV or XLSX file as the filing's lines; nothing is booked. While it is verified, `answers` names the finding. A file of more
    than 1 MiB, or one sent with `Prefer: respond-async`, is read by a job (202)."""
    kind = request.content_type[0]
    if kind not in {CSV, XLSX}:
        raise WrongType(detail=f"send {CSV} or {XLSX}, not {kind or 'no type at all'}")
    desk, tag, called = desk_of(request, book, principal), tag_of(if_match), name_of(name, kind)
    if len(body) > LARGE or "respond-async" in request.headers.get("prefer", "").lower():
        return later(request, desk, Lines(filing=filing, holder="", name=called, if_match=tag, answers=answers), body)
    return answer(desk.take_in(filing, data=body, name=called, if_match=tag, answers=answers))


def later(request: Asked, desk: Desk, lines: Lines, data: bytes) -> Response[Any]:
    """The job that takes the lines, and where to ask for it. Raises FilingNotFound."""
    office, found = office_of(request), desk.read(lines.filing)
    said = lines.content() | {"holder": found.holder}
    with desk.book.writing() as session:
        job = enqueue(session, LINES, said, user=office.user, binding=office.id, data=data, now=desk.now)
    headers = {"Location": f"/api/v1/jobs/{job.id}", "Preference-Applied": "respond-async", "Retry-After": "2"}
    return Response(view(job), status_code=202, headers=headers)


@get("/filings/{filing:str}/lines", opt=READER, sync_to_thread=True, media_type="text/csv", tags=["filings"])
def get_lines(
    filing: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal], version: AskedNumber = None
) -> Response[bytes]:  # fmt: skip
    """The lines of a version, or of the one that stands, as the CSV that is hashed, signed for and booked."""
    with book.reading(principal) as session:
        _, data = content(session, principal, filing, version)
    return Response(data, media_type=TYPES["csv"], headers={"Content-Disposition": 'attachment; filename="lines.csv"'})


@get("/filings/{filing:str}/problems", opt=READER, sync_to_thread=True, tags=["filings"])
def filing_problems(
    request: Asked, filing: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal], after: After = "",
    limit: Limit = 1000,
) -> Response[list[ProblemShown]]:  # fmt: skip
    """What is wrong with the lines, by row and column: `must` stops a submission, `ask` is confirmed by its key."""
    judged = desk_of(request, book, principal).judged(filing)
    told = [shown(judged, one) for one in judged.problems]
    return part_of(request, told, after=after, limit=limit, key=lambda one: one.key)


@get("/filings/{filing:str}/problems.xlsx", opt=READER, sync_to_thread=True, media_type=XLSX, tags=["filings"])
def filing_marked(
    request: Asked, filing: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[bytes]:  # fmt: skip
    """The firm's own workbook with every problem marked in its cell."""
    _, data = marked(book, principal, desk_of(request, book, principal).judged(filing))
    return Response(data, media_type=XLSX, headers={"Content-Disposition": 'attachment; filename="problems.xlsx"'})


@get("/filings/{filing:str}/preview", opt=READER, sync_to_thread=True, tags=["filings"])
def filing_preview(
    request: Asked, filing: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Told | None]:  # fmt: skip
    """The inventory that the lines come to, without those that stop a submission; once it is booked, that which stands in the book."""
    desk = desk_of(request, book, principal)
    return Response(wire(inventory_of(book, principal, desk.judged(filing), desk.prices)))


@get("/holders/{holder:str}/mapping", opt=FILER, sync_to_thread=True, tags=["filings"])
def get_mapping(holder: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]) -> dict[str, str]:
    """How the firm's headings are called: heading to column."""
    with book.reading(principal) as session:
        return remembered(session, principal, holder=holder)


@put("/holders/{holder:str}/mapping", opt=FILER, sync_to_thread=True, tags=["filings"])
def put_mapping(
    request: Asked, holder: FromPath[str], data: JSONBody[dict[str, str]], book: NamedDependency[Book],
    principal: NamedDependency[Principal],
) -> dict[str, str]:  # fmt: skip
    """Say how headings are called from now on; those that are not named stay as they were."""
    desk_of(request, book, principal).map(holder, data)
    with book.reading(principal) as session:
        return remembered(session, principal, holder=holder)


@get("/holders/{holder:str}/template.xlsx", opt=READER, sync_to_thread=True, media_type=XLSX, tags=["filings"])
def filing_template(
    holder: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal], guide: FromQuery[str],
    year: AskedYear = None, language: FromQuery[str] = "zh",
) -> Response[bytes]:  # fmt: skip
    """The workbook to fill in: made for a guide and the firm's sites."""
    with book.reading(principal) as session:
        find_holder(session, principal, holder)
        own = [(one.code, one.name) for one in sites(session, principal, holder=holder)]
    form = form_of(find_guide(guide), sites=own, year=year or datetime.now(UTC).year - 1, language="en" if language == "en" else "zh")
    name = f"{guide}-{form.year}.xlsx"
    return Response(template(form), media_type=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'})
