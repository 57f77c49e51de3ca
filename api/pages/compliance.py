"""A firm's obligations: the statements of its years, one statement with what is held and surrendered, and the form to surrender."""

import re
from typing import Any

from litestar import get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from api.doors import AUTHORITY, FILER, READER
from api.export import table_response
from api.numbers import AskedYear, Year
from api.pages.firm_frame import firm_frame
from api.pages.inventory_tables import Table
from api.pages.inventory_view import firm_scale, programme_bars
from api.pages.obligation_form import asks_more, blame, form_context, obligation_typed
from api.pages.shell import Asked, language_of, page, translate
from api.pages.sign_in import Form, onto
from api.pages.typed import Typed
from api.pages.users import said_of
from api.problems import N_, problem_of
from api.resources.compliance import printed, stated
from api.work.desk import desk_of
from carbon.enterprise.errors import BadAllotment, BadUnit, NoRule, NotVerified, ObligationExceeded, OffsetLimit, SerialUsed, UnitsMissing
from carbon.enterprise.obligation import units
from carbon.enterprise.obligation.declare import standing, statements, surrender_units
from carbon.enterprise.obligation.rules import programme as programme_of
from carbon.enterprise.obligation.rules import rule
from carbon.enterprise.obligation.statement import Statement
from carbon.enterprise.obligation.units import Range
from carbon.holder import find_holder
from ledger.book import Book
from ledger.principal import Principal

REFUSED = (BadUnit, ObligationExceeded, OffsetLimit, SerialUsed, UnitsMissing)
SERIALS = re.compile(r"(?P<unit>\S+)\s+(?P<series>\S+)\s+(?P<first>[0-9]{1,15})(?:\s*[-–]\s*(?P<last>[0-9]{1,15}))?")
STATES = {
    "met": ("good", N_("met")), "late": ("warn", N_("met late")), "open": ("none", N_("open")), "overdue": ("bad", N_("overdue")),
}  # fmt: skip
WHY = {"expired": N_("expired"), "no unit of the programme": N_("no unit of the programme"), "not carried over": N_("not carried over")}
FIGURES = (
    "verified_g", "allowance_t", "obligation_t", "offset_limit_t", "offset_used_t", "surrendered_t", "left_t", "shortfall_t", "surplus_t",
)  # fmt: skip
ONE = "/holders/{holder_id:str}/compliance/{programme:str}/{year:int}"


@get("/holders/{holder_id:str}/compliance", opt=READER, sync_to_thread=True)
def compliance_list(
    request: Asked, holder_id: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal],
    programme: FromQuery[str] = "", year: AskedYear = None,
) -> Response[str]:  # fmt: skip
    """The years for which something is owed, and how each stands; for the authority the form to state one, or one anew."""
    return _list(request, book, principal, holder_id, programme=programme, year=year)


@post("/holders/{holder_id:str}/compliance", opt=AUTHORITY, sync_to_thread=True, status_code=303)
def obligation_state(
    request: Asked, holder_id: FromPath[str], data: Form, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:
    """State the obligation of a year, or add a row to the form."""
    typed = Typed(request, data)
    programme, year, said = typed.text("programme"), typed.year("year"), obligation_typed(typed)
    if typed.wrong or asks_more(typed):
        return _list(request, book, principal, holder_id, typed=typed, status=200 if asks_more(typed) else 422)
    try:
        stated(desk_of(request, book, principal), holder_id, programme, year, said)
    except (BadAllotment, NoRule, NotVerified) as error:
        blame(typed, error)
        return _list(request, book, principal, holder_id, typed=typed, error=error, status=problem_of(error).status)
    return onto(request, f"/holders/{holder_id}/compliance/{programme}/{year}", N_("Stated and booked. What was stated before stays."))


def _list(
    request: Asked, book: Book, principal: Principal, holder_id: str, *, programme: str = "", year: int | None = None,
    typed: Typed | None = None, error: Exception | None = None, status: int = 200,
) -> Response[str]:  # fmt: skip
    today = desk_of(request, book, principal).today
    with book.reading(principal) as session:
        frame = firm_frame(request, session, principal, holder_id, "compliance")
        every = sorted({(one.statement.programme, one.statement.year) for one in statements(session, principal, holder=holder_id)})
        stand = [
            standing(session, principal, holder=holder_id, programme_id=name, year=year, today=today) for name, year in reversed(every)
        ]  # fmt: skip
        form: dict[str, Any] = {}
        if frame["may_accept"]:
            form = form_context(request, session, principal, holder_id, typed=typed, programme=programme, year=year)
        return page(
            request, "compliance_list.html", **frame, stand=stand, states=STATES, programme=programme_of, form=form, status=status,
            said=said_of(request, error) if error and not (typed and typed.wrong) else "",
        )  # fmt: skip


@get("/holders/{holder_id:str}/compliance/{file:str}", opt=READER, sync_to_thread=True)
def compliance_list_file(
    holder_id: FromPath[str], file: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[bytes]:
    """Every version of every statement as CSV, XLSX or JSON."""
    figures = ["verified_g", "allowance_t", "obligation_t", "surrendered_t", "left_t", "state"]
    head = ["programme", "sector", "year", "version", *figures, "stated_at"]
    with book.reading(principal) as session:
        find_holder(session, principal, holder_id)
        rows: list[list[object]] = [
            [it.programme, it.sector, it.year, one.version, *(getattr(it, figure) for figure in figures), one.stated_at.isoformat()]
            for one in statements(session, principal, holder=holder_id) for it in [one.statement]
        ]  # fmt: skip
    return table_response(file, stem=f"{holder_id}-statements", head=head, rows=rows)


@get(ONE, opt=READER, sync_to_thread=True)
def compliance_page(
    request: Asked, holder_id: FromPath[str], programme: FromPath[str], year: Year, book: NamedDependency[Book],
    principal: NamedDependency[Principal],
) -> Response[str]:  # fmt: skip
    """The statement of a year as of today."""
    return _page(request, book, principal, holder_id, programme, year)


@post(f"{ONE}/surrender", opt=FILER, sync_to_thread=True, status_code=303)
def surrender_send(
    request: Asked, holder_id: FromPath[str], programme: FromPath[str], year: Year, data: Form, book: NamedDependency[Book],
    principal: NamedDependency[Principal],
) -> Response[Any]:  # fmt: skip
    """Surrender units: so many allowances and credits, or exactly the serials that are named."""
    try:
        allowances, offsets, desk = whole(data, "allowances"), whole(data, "offsets"), desk_of(request, book, principal)
        with book.writing() as session:
            surrender_units(
                session, principal, holder=holder_id, programme_id=programme, year=year, now=desk.now, day=desk.today,
                allowances=allowances, offsets=offsets, ranges=serials(data.get("serials", "")),
            )  # fmt: skip
    except REFUSED as error:
        said, status = said_of(request, error), problem_of(error).status
        return _page(request, book, principal, holder_id, programme, year, said=said, typed=data, status=status)
    return onto(request, f"/holders/{holder_id}/compliance/{programme}/{year}", N_("Surrendered, for ever."))


@get(f"{ONE}/{{file:str}}", opt=READER, sync_to_thread=True)
def compliance_file(
    request: Asked, holder_id: FromPath[str], programme: FromPath[str], year: Year, file: FromPath[str],
    book: NamedDependency[Book], principal: NamedDependency[Principal],
) -> Response[bytes]:  # fmt: skip
    """The statement as PDF, or a table of it: statement, allotments, holdings, surrendered."""
    if file == "statement.pdf":
        return printed(request, holder_id, programme, year, book, principal, language_of(request))
    name, today = file.rpartition(".")[0], desk_of(request, book, principal).today
    with book.reading(principal) as session:
        found = standing(session, principal, holder=holder_id, programme_id=programme, year=year, today=today)
        here = units.held(session, principal, holder=holder_id)
    head, rows = statement_table(found, name, [[unit, one.series, one.first, one.last, one.count, one.vintage] for unit, one in here])
    return table_response(file, stem=f"{holder_id}-{programme}-{year}-{name}", head=head, rows=rows)


def statement_table(found: Statement, name: str, here: list[list[object]]) -> Table:
    """A table of a statement by its name; `here` are the serials on the account. Raises NotFoundException."""
    if name == "holdings":
        return ["unit", "series", "first", "last", "count", "vintage"], here
    if name == "statement":
        rows: list[list[object]] = [[one, getattr(found, one)] for one in FIGURES]
        return ["figure", "amount"], [*rows, ["deadline", found.deadline.isoformat()], ["state", found.state], ["rule", found.rule]]
    if name == "allotments":
        head = ["unit", "verified_t", "allowance_t", "duty_t", "said", "mark", "source"]
        return head, [[one.unit, one.verified_t, one.allowance_t, one.duty_t, one.said, one.mark, one.source] for one in found.allotments]
    if name == "surrendered":
        return ["entry", "day", "unit", "vintage", "count"], [
            [one.entry, one.day.isoformat(), one.unit, one.vintage, one.count] for one in found.surrendered
        ]
    raise NotFoundException(detail=f"no table {name!r} of a statement: statement, allotments, holdings, surrendered, statement.pdf")


def whole(data: dict[str, str], field: str) -> int:
    """A whole number of units as a form gives it, nothing being 0. Raises BadUnit."""
    text = data.get(field, "").strip() or "0"
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise BadUnit(unit=text, reason=f"{field}: a whole number of units")
    return int(text)


def serials(text: str) -> list[Range]:
    """The serials that a form names, a range a line: commodity, series, first and last. Raises BadUnit."""
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        match = SERIALS.fullmatch(line)
        if match is None:
            raise BadUnit(unit=line, reason="a line names commodity, series and serials: CEA.2024 A1 1-500")
        first = int(match["first"])
        found.append(Range(unit=match["unit"], series=match["series"], first=first, last=int(match["last"] or first)))
    return found


def _page(
    request: Asked, book: Book, principal: Principal, holder_id: str, programme: str, year: int, *, said: str = "",
    typed: dict[str, str] | None = None, status: int = 200,
) -> Response[str]:  # fmt: skip
    today, language = desk_of(request, book, principal).today, language_of(request)
    with book.reading(principal) as session:
        frame = firm_frame(request, session, principal, holder_id, "compliance")
        found = standing(session, principal, holder=holder_id, programme_id=programme, year=year, today=today)
        scale = firm_scale([found.verified_g, found.bridge.inventory_g if found.bridge else 0], language)
        return page(
            request, "compliance.html", **frame, s=found, states=STATES, status=status, said=said, typed=typed or {}, scale=scale, why=WHY,
            rule=rule(programme, sector=found.sector, year=year), programme=programme_of(programme), today=today,
            here_units=units.held(session, principal, holder=holder_id),
            way=programme_bars(found.bridge, scale, lambda text: translate(request, text)) if found.bridge else [],
        )  # fmt: skip
