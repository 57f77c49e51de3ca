"""A firm's units and certificates: what lies on its account serial by serial, what its plants generated, and what took the kWh."""

from typing import Any

from litestar import get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from api.doors import AUTHORITY, FILER, READER
from api.export import table_response
from api.pages.compliance import serials, whole
from api.pages.firm_frame import firm_frame
from api.pages.inventory_tables import Table
from api.pages.shell import Asked, page
from api.pages.sign_in import Form, onto
from api.pages.users import said_of
from api.problems import N_, problem_of
from api.work.desk import Desk, desk_of
from carbon.enterprise.errors import BadUnit, GenerationRefused, GenerationTaken, SerialUsed, UnitsMissing
from carbon.enterprise.obligation import claim as kwh
from carbon.enterprise.obligation import units
from carbon.enterprise.obligation.rules import certificate, mechanisms
from carbon.holder import find_holder
from ledger.book import Book
from ledger.errors import LedgerError
from ledger.principal import Principal

REFUSED = (BadUnit, GenerationRefused, GenerationTaken, SerialUsed, UnitsMissing, LedgerError)
YEARS_SHOWN = 5


@get("/holders/{holder_id:str}/units", opt=READER, sync_to_thread=True)
def units_page(
    request: Asked, holder_id: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[str]:
    """Units, generation and claims of a firm."""
    return _page(request, book, principal, holder_id)


@get("/holders/{holder_id:str}/units/{file:str}", opt=READER, sync_to_thread=True)
def units_file(
    holder_id: FromPath[str], file: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[bytes]:
    """A table of the page as CSV, XLSX or JSON: holdings, generation."""
    name = file.rpartition(".")[0]
    with book.reading(principal) as session:
        find_holder(session, principal, holder_id)
        head, rows = units_table(session, principal, holder_id, name)
    return table_response(file, stem=f"{holder_id}-{name}", head=head, rows=rows)


@post("/holders/{holder_id:str}/units/generation", opt=FILER, sync_to_thread=True, status_code=303)
def generation_send(
    request: Asked, holder_id: FromPath[str], data: Form, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:
    """Write what a plant generated, or let a mechanism take kWh of it."""
    taking = data.get("mechanism", "")

    def act(session: Session, desk: Desk) -> None:
        month: dict[str, Any] = {"holder": holder_id, "plant": data.get("plant", "").strip(), "month": month_typed(data), "now": desk.now}
        if taking:
            kwh.claim(session, principal, mechanism=taking, kwh=whole(data, "kwh"), **month)
        else:
            kwh.meter(session, principal, kwh=whole(data, "kwh"), storage=bool(data.get("storage")), **month)

    return _done(request, book, principal, holder_id, data, act, N_("Taken: each kWh feeds one mechanism.") if taking else N_("Written."))


@post("/holders/{holder_id:str}/units/certificates", opt=AUTHORITY, sync_to_thread=True, status_code=303)
def certificates_send(
    request: Asked, holder_id: FromPath[str], data: Form, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:
    """Issue certificates of a plant's month."""

    def act(session: Session, desk: Desk) -> None:
        kwh.certify(
            session, principal, holder=holder_id, plant=data.get("plant", "").strip(), month=month_typed(data), count=whole(data, "count"),
            now=desk.now, day=desk.today,
        )  # fmt: skip

    return _done(request, book, principal, holder_id, data, act, N_("The certificates are issued."))


@post("/holders/{holder_id:str}/units/claims", opt=FILER, sync_to_thread=True, status_code=303)
def certificate_claim_send(
    request: Asked, holder_id: FromPath[str], data: Form, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:
    """Claim certificates for the power used in a year, once and for ever."""

    def act(session: Session, desk: Desk) -> None:
        units.claim(
            session, principal, holder=holder_id, year=whole(data, "year"), count=whole(data, "count") or None,
            ranges=serials(data.get("serials", "")), now=desk.now, day=desk.today,
        )  # fmt: skip

    return _done(request, book, principal, holder_id, data, act, N_("Claimed, once and for ever."))


def month_typed(data: dict[str, str]) -> int:
    """A month of a form, 2025-07, as yyyymm; 0 where it is none."""
    text = data.get("month", "").strip().replace("-", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) == 6 else 0


def units_table(session: Session, principal: Principal, holder_id: str, name: str) -> Table:
    """A table of the page by its name. Raises NotFoundException."""
    if name == "holdings":
        head = ["unit", "series", "first", "last", "count", "vintage", "project", "expires_on", "issued_by_entry"]
        return head, [
            [unit, one.series, one.first, one.last, one.count, one.vintage, one.project,
             one.expires_on and one.expires_on.isoformat(), one.lot]
            for unit, one in units.held(session, principal, holder=holder_id)
        ]  # fmt: skip
    if name == "generation":
        head = ["plant", "month", "generated_kwh", "discharged_kwh", "taken", "free_kwh"]
        return head, [
            [one.plant, one.month, one.generated, one.discharged, " ".join(f"{who}={n}" for who, n in one.taken.items()), one.free]
            for one in kwh.months(session, principal, holder=holder_id)
        ]
    raise NotFoundException(detail=f"no table {name!r} of units: holdings, generation")


def _done(request: Asked, book: Book, principal: Principal, holder_id: str, data: dict[str, str], act: Any, message: str) -> Response[Any]:
    try:
        with book.writing() as session:
            act(session, desk_of(request, book, principal))
    except REFUSED as error:
        return _page(request, book, principal, holder_id, said=said_of(request, error), typed=data, status=problem_of(error).status)
    return onto(request, f"/holders/{holder_id}/units", message)


def _page(
    request: Asked, book: Book, principal: Principal, holder_id: str, *, said: str = "", typed: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:  # fmt: skip
    this_year = desk_of(request, book, principal).today.year
    with book.reading(principal) as session:
        frame = firm_frame(request, session, principal, holder_id, "units")
        claimed = {
            year: units.claimed(session, principal, holder=holder_id, year=year) for year in range(this_year, this_year - YEARS_SHOWN, -1)
        }
        return page(
            request, "units.html", **frame, status=status, said=said, typed=typed or {},
            held=units.held(session, principal, holder=holder_id),
            months=kwh.months(session, principal, holder=holder_id), mechanisms=mechanisms(), certificate=certificate(),
            claimed={year: ranges for year, ranges in claimed.items() if ranges},
        )  # fmt: skip
