"""A firm's filing: its file, how headings are read, what is wrong, its lines, the inventory that they come to, and the way onward."""

import csv
import io
from collections.abc import Callable
from typing import Annotated, Any

from litestar import get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Response

from api.auth.errors import AuthError
from api.auth.office import Action
from api.bounds import office_of
from api.doors import FILER, READER
from api.pages import filing_view as view
from api.pages.faults import FAULTS
from api.pages.filings import EXAMPLE
from api.pages.shell import Asked, language_of, page, templates, translate
from api.pages.sign_in import Form, onto
from api.pages.users import said_of
from api.problems import N_, problem_of
from api.work.desk import Desk, at_desk, desk_of
from api.work.job import enqueue
from api.work.lines import LINES, Lines
from carbon.activity_columns import LEFT_OUT
from carbon.enterprise.errors import FilingChanged, FilingNotFound
from carbon.enterprise.filing.document import documents
from carbon.enterprise.filing.filing import Filing, content, history
from carbon.enterprise.filing.state import State
from carbon.enterprise.intake.template import LABELS
from carbon.enterprise.preparing import Judged, inventory_of
from carbon.errors import CarbonError, FaultyFile, HolderNotFound
from carbon.holder import find_holder, sites
from factors.activities import by_id
from factors.errors import FactorError
from factors.guide import guides
from ledger.book import Book
from ledger.errors import LedgerError
from ledger.principal import Principal

SHOWN, EDITED, BLANK = 200, 60, 3
BY_JOB = 8 * 2**20
"""A larger file is read by a job, whose progress the page tells; a smaller one while the visitor waits."""
COLUMNS = ("activity", "quantity", "unit", "day", "site", "source", "tier", "reference", "note")
REFUSED = (CarbonError, FactorError, LedgerError, AuthError)
Multipart = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]


@get("/filings/{filing:str}", opt=READER, sync_to_thread=True)
def filing_page(
    request: Asked, filing: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal], job: FromQuery[str] = ""
) -> Response[str]:  # fmt: skip
    """A filing as whoever prepares it needs it; everybody who may see it reads the same."""
    return shown(request, book, principal, filing, job=job)


def shown(
    request: Asked, book: Book, principal: Principal, filing: str, *, said: str = "", error: Exception | None = None, job: str = ""
) -> Response[str]:  # fmt: skip
    """The page; `error` is what was refused."""
    desk = desk_of(request, book, principal)
    judged, language = desk.judged(filing), language_of(request)
    found, stand, say = judged.filing, judged.filing.stand, lambda text: translate(request, text) if text else ""
    inventory = inventory_of(book, principal, judged, desk.prices)
    faults = error.faults[:SHOWN] if isinstance(error, FaultyFile) else ()
    with book.reading(principal) as session:
        holder, name = find_holder(session, principal, found.holder), view.namer(request, session)
        way = view.bridge_from_last_year(session, principal, judged, desk.prices)
        own = stand.booked.bridge if stand.booked else None
        return page(
            request, "filing.html", session=session, here="filings", status=problem_of(error).status if error else 200,
            example=translate(request, EXAMPLE) if holder.example else "", said=said or (said_of(request, error) if error else ""),
            faults=faults, filing=found, stand=stand, holder=holder, judged=judged, say=say, name=name, job=job, shown=SHOWN,
            light=view.STATES[found.state], steps=view.preparing_steps(judged, say), told=lambda one: problem_words(one, judged, say),
            columns=_columns(language), guide=guides().get(found.guide), edits=_edits(request, found), files=view.may(request, Action.FILE),
            table=_table(session, principal, found) if _edits(request, found) else None, activities=by_id(),
            sites=sites(session, principal, holder=found.holder), inventory=inventory,
            rows=view.inventory_rows(inventory, say, language) if inventory else [],
            tiers=view.tiers_of(inventory, say) if inventory else [],
            way=view.drawn(way, say, before=str(found.year - 1), after=str(found.year)) if way else None,
            own=view.drawn(own, say, before=translate(request, N_("before")), after=translate(request, N_("restated"))) if own else None,
            events=history(session, principal, found.id), parties=view.PARTIES, kinds=view.KINDS, Kind=view.Kind, day=view.day,
            documents=documents(session, principal, holder=found.holder), tonnes=view.TONNES.text,
        )  # fmt: skip


def _edits(request: Asked, found: Filing) -> bool:
    """Whether the visitor may write lines now."""
    answers = found.state is State.VERIFYING and bool(found.stand.open_findings)
    return view.may(request, Action.FILE) and (found.state in {State.DRAFT, State.REJECTED} or answers)


def _columns(language: str) -> list[tuple[str, str]]:
    """What a heading may be read as, the last that it is left out."""
    at = 0 if language == "zh" else 1
    return [*((key, names[at]) for key, names in LABELS.items()), (LEFT_OUT, LEFT_OUT)]


def problem_words(one: Any, judged: Judged | None, say: Callable[[str], str]) -> tuple[str, str, str]:
    """Of a problem the cell in the firm's own words, what is wrong, and what to do."""
    heading = next((match.heading for match in judged.matches if match.column.partition(" [")[0] == one.column), None) if judged else None
    at = (judged.cell(one) if judged else None) or one.row or ""
    cell = f"{heading or one.column or ''} {at}".strip()
    what, do = FAULTS.get(one.code, ("", ""))
    return cell, say(what) or one.reason, say(do) or (one.reason if what else "")


def _table(session: Any, principal: Principal, found: Filing) -> tuple[list[str], list[tuple[int, dict[str, str]]]] | None:
    """The lines as a form, each with its row, and blank rows at the end; None where they are too many to be written in a page."""
    if found.stand.lines > EDITED:
        return None
    data = content(session, principal, found.id)[1] if found.version else b""
    every = enumerate(csv.DictReader(io.StringIO(data.decode(), newline="")), start=2)
    rows = [(line, row) for line, row in every if any(row.values())]
    names = list(dict.fromkeys([*COLUMNS, *(name for _, row in rows for name in row if name)]))
    last = rows[-1][0] if rows else 1
    blank = [(last + further, dict.fromkeys(names, "")) for further in range(1, BLANK + 1)]
    return names, [*((line, {name: row.get(name) or "" for name in names}) for line, row in rows), *blank]


def stepped(
    request: Asked, book: Book, principal: Principal, filing: str, act: Callable[[Desk], object], message: str, *, back: str = "",
    again: Callable[..., Response[Any]] = shown,
) -> Response[Any]:  # fmt: skip
    """Do a step and go on to the page with a notice; what is refused is told on the page that asked."""
    try:
        with at_desk(request, book, principal) as desk:
            act(desk)
    except (FilingNotFound, HolderNotFound):
        raise
    except REFUSED as error:
        return again(request, book, principal, filing, error=error)
    return onto(request, f"/filings/{filing}{back}", message)


def number(text: str) -> int | None:
    """A whole number of a form, or None."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


@post("/filings/{filing:str}/file", opt=FILER, sync_to_thread=True, status_code=303)
def filing_upload(
    request: Asked, filing: FromPath[str], data: Multipart, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:  # fmt: skip
    """Take the file that was chosen; a large one by a job."""
    sent, tag, answers = data.get("file"), str(data.get("tag", "")), number(str(data.get("answers", "")))
    if not isinstance(sent, UploadFile) or not sent.filename:
        return shown(request, book, principal, filing, said=translate(request, N_("Choose a file first.")))
    body = sent.file.read()
    if len(body) > BY_JOB:
        job = _by_job(request, book, principal, Lines(filing=filing, holder="", name=sent.filename, if_match=tag, answers=answers), body)
        return onto(request, f"/filings/{filing}?job={job}", N_("The file is being read."))
    take = lambda desk: desk.take_in(filing, data=body, name=sent.filename, if_match=tag, answers=answers)  # noqa: E731
    return stepped(request, book, principal, filing, take, N_("Read. Nothing of it is booked."))


def _by_job(request: Asked, book: Book, principal: Principal, lines: Lines, data: bytes) -> str:
    desk, office = desk_of(request, book, principal), office_of(request)
    said = lines.content() | {"holder": desk.read(lines.filing).holder}
    with book.writing() as session:
        return enqueue(session, LINES, said, user=office.user, binding=office.id, data=data, now=desk.now).id


@post("/filings/{filing:str}/mapping", opt=FILER, sync_to_thread=True, status_code=303)
def filing_mapping(
    request: Asked, filing: FromPath[str], data: Form, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:  # fmt: skip
    """Headings called otherwise: remembered, and the file that stands is read again so."""
    headings = {name.removeprefix("h."): column for name, column in data.items() if name.startswith("h.") and column}
    act = lambda desk: desk.map_again(filing, mapping=headings, if_match=data.get("tag", ""))  # noqa: E731
    return stepped(request, book, principal, filing, act, N_("Remembered; the file was read again so."))


@post("/filings/{filing:str}/lines", opt=FILER, sync_to_thread=True, status_code=303)
def filing_lines(
    request: Asked, filing: FromPath[str], data: Form, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:  # fmt: skip
    """Lines that were written in the page: saved at once where scripts run, by the button where not."""
    rows: dict[int, dict[str, str]] = {}
    for key, value in data.items():
        place, _, column = key.partition(".")
        if column and place.isdigit():
            rows.setdefault(int(place), {})[column] = value
    lines = [rows[place] for place in sorted(rows)]
    answers, tag = number(data.get("answers", "")), data.get("tag", "")
    act = lambda desk: desk.write(filing, rows=lines, if_match=tag, answers=answers)  # noqa: E731
    if request.headers.get("hx-request"):
        return _saved(request, book, principal, act)
    return stepped(request, book, principal, filing, act, N_("Saved. Nothing of it is booked."))


def _saved(request: Asked, book: Book, principal: Principal, act: Callable[[Desk], Filing]) -> Response[str]:
    """What stands beside the lines after they were saved by themselves, with the new tag for every form of the page."""
    said, tag, at = "", "", ""
    try:
        with at_desk(request, book, principal) as desk:
            tag, at = act(desk).tag, desk.now.astimezone(request.app.state.timezone).strftime("%H:%M:%S")
    except FilingChanged:
        said = translate(request, N_("Somebody else changed this filing: load the page again."))
    except REFUSED as error:
        said = said_of(request, error)
    text = templates(language_of(request)).get_template("filing_saved.html").render(said=said, tag=tag, at=at)
    return Response(text, media_type="text/html", status_code=200)


@post("/filings/{filing:str}/submit", opt=FILER, sync_to_thread=True, status_code=303)
def filing_submit(
    request: Asked, filing: FromPath[str], data: Form, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:  # fmt: skip
    """Hand it in, with what was confirmed."""
    confirmed = [name.removeprefix("c.") for name in data if name.startswith("c.")]
    act = lambda desk: desk.submit(filing, confirmed=confirmed, if_match=data.get("tag", ""))  # noqa: E731
    return stepped(request, book, principal, filing, act, N_("Handed in. A verifier takes it up."))


@post("/filings/{filing:str}/restate", opt=FILER, sync_to_thread=True, status_code=303)
def filing_restate(
    request: Asked, filing: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:  # fmt: skip
    """Open a draft that is to take the place of what was booked."""
    try:
        with at_desk(request, book, principal) as desk:
            made = desk.restate(filing)
    except FilingNotFound:
        raise
    except REFUSED as error:
        return shown(request, book, principal, filing, error=error)
    return onto(request, f"/filings/{made.id}", N_("Opened with the lines that are booked. Correct them, then hand it in."))


@post("/filings/{filing:str}/documents", opt=FILER, sync_to_thread=True, status_code=303)
def filing_document(
    request: Asked, filing: FromPath[str], data: Multipart, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:  # fmt: skip
    """Attach a document to the filing, by its hash."""
    sent, tag = data.get("file"), str(data.get("tag", ""))
    if not isinstance(sent, UploadFile) or not sent.filename:
        return shown(request, book, principal, filing, said=translate(request, N_("Choose a file first.")))
    body = sent.file.read()
    act = lambda desk: desk.attach(filing, name=sent.filename, data=body, if_match=tag)  # noqa: E731
    return stepped(request, book, principal, filing, act, N_("Attached, and kept by its hash."))
