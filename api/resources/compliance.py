"""What a firm owes to a programme: the statement of a year, its surrender, its PDF; the authority states the obligation."""

from datetime import date
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from api.doors import AUTHORITY, FILER, READER
from api.inventories import PDF, head_of
from api.language import Language
from api.numbers import Count, Year
from api.paging import After, Limit, part_of
from api.resources.wire import wire
from api.work.desk import Desk, desk_of
from carbon.enterprise.inventory.lines import booked_lines
from carbon.enterprise.obligation.allocation import Unit
from carbon.enterprise.obligation.banking import carry
from carbon.enterprise.obligation.bridge import bridge
from carbon.enterprise.obligation.declare import Kept, declare, standing, statements, surrender_units
from carbon.enterprise.obligation.rules import rule
from carbon.enterprise.obligation.units import Range
from carbon.holder import find_holder
from carbon.report.statements import compliance_pdf
from factors.gwp import DEFAULT_SET, gwp_set
from ledger.book import Book
from ledger.principal import Principal

Asked = Request[Any, Any, Any]
Told = dict[str, Any]
STATEMENT = "/holders/{holder:str}/compliance/{programme:str}/{year:int}"


class Obligation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a statement is made of: the verified filing, the programme's own figure in g as the verifier signed it, and its units."""

    sector: str
    filing: str
    verified_g: int
    units: list[Unit]
    sites: list[str] | None = None


class Surrender(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many allowances and credits, the oldest first, or exactly these serials."""

    allowances: Count = 0
    offsets: Count = 0
    ranges: list[Range] = []
    beneficiary: str | None = None


class CarryOver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many allowances of older vintages, the oldest first, or exactly these serials, by the rule of a sector."""

    sector: str
    count: Count | None = None
    ranges: list[Range] = []
    reference: str | None = None


@get("/holders/{holder:str}/compliance", opt=READER, sync_to_thread=True, tags=["compliance"])
def list_statements(
    request: Asked, holder: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal], after: After = "",
    limit: Limit = 100,
) -> Response[list[Told]]:  # fmt: skip
    """Every version of every statement of a firm, as it was made."""
    with book.reading(principal) as session:
        find_holder(session, principal, holder)
        found = statements(session, principal, holder=holder)
    told = [wire(one) | {"id": f"{one.statement.programme}/{one.statement.year}/{one.version}"} for one in found]
    return part_of(request, told, after=after, limit=limit, key=lambda one: str(one["id"]))


@get(STATEMENT, opt=READER, sync_to_thread=True, tags=["compliance"])
def one_statement(
    request: Asked, holder: FromPath[str], programme: FromPath[str], year: Year, book: NamedDependency[Book],
    principal: NamedDependency[Principal],
) -> Told:  # fmt: skip
    """The statement of a year with what is held and surrendered as of today."""
    today: date = desk_of(request, book, principal).today
    with book.reading(principal) as session:
        find_holder(session, principal, holder)
        return dict(wire(standing(session, principal, holder=holder, programme_id=programme, year=year, today=today)))


@post(STATEMENT, opt=AUTHORITY, sync_to_thread=True, tags=["compliance"])
def state_obligation(
    request: Asked, holder: FromPath[str], programme: FromPath[str], year: Year, data: JSONBody[Obligation],
    book: NamedDependency[Book], principal: NamedDependency[Principal],
) -> Told:  # fmt: skip
    """State a year's obligation from its verified filing and book it; the way from the inventory to its figure is kept with it."""
    return dict(wire(stated(desk_of(request, book, principal), holder, programme, year, data)))


def stated(desk: Desk, holder: str, programme: str, year: int, data: Obligation) -> Kept:
    """State a year's obligation, from machines and from the form."""
    with desk.book.writing() as session:
        lines = booked_lines(session, desk.principal, holder=holder, year=year)
        ruled = rule(programme, sector=data.sector, year=year)
        way = bridge(lines, rule=ruled, year=year, prices=gwp_set(DEFAULT_SET), verified_g=data.verified_g, sites=data.sites)
        return declare(
            session, desk.principal, holder=holder, programme_id=programme, sector=data.sector, year=year, filing=data.filing,
            verified_g=data.verified_g, units=data.units, bridge=way, now=desk.now, today=desk.today,
        )  # fmt: skip


@post(f"{STATEMENT}/surrenders", opt=FILER, sync_to_thread=True, tags=["compliance"])
def surrender(
    request: Asked, holder: FromPath[str], programme: FromPath[str], year: Year, data: JSONBody[Surrender],
    book: NamedDependency[Book], principal: NamedDependency[Principal],
) -> Told:  # fmt: skip
    """Surrender units for the year, in one entry, for ever; more credits than the year's obligation takes are refused."""
    desk = desk_of(request, book, principal)
    with book.writing() as session:
        done, kept = surrender_units(
            session,
            principal,
            holder=holder,
            programme_id=programme,
            year=year,
            now=desk.now,
            day=desk.today,
            **msgspec.structs.asdict(data),
        )
    return dict(wire({"surrendered": done, "statement": kept}))


@post(f"{STATEMENT}/carried", opt=AUTHORITY, sync_to_thread=True, tags=["compliance"])
def carry_over(
    request: Asked, holder: FromPath[str], programme: FromPath[str], year: Year, data: JSONBody[CarryOver],
    book: NamedDependency[Book], principal: NamedDependency[Principal],
) -> Told:  # fmt: skip
    """Carry older allowances over into the year, as far as its rule lets them be; more is refused with the figure."""
    desk, said = desk_of(request, book, principal), msgspec.structs.asdict(data)
    with book.writing() as session:
        done = carry(session, principal, holder=holder, programme_id=programme, year=year, now=desk.now, day=desk.today, **said)
    return dict(wire(done))


@get(f"{STATEMENT}/statement.pdf", opt=READER, sync_to_thread=True, media_type=PDF, tags=["compliance"])
def statement_report(
    request: Asked, holder: FromPath[str], programme: FromPath[str], year: Year, book: NamedDependency[Book],
    principal: NamedDependency[Principal], language: FromQuery[str] = "zh",
) -> Response[bytes]:  # fmt: skip
    """The statement as a PDF, in Chinese or English."""
    return printed(request, holder, programme, year, book, principal, "en" if language == "en" else "zh")


def printed(
    request: Asked, holder: str, programme: str, year: int, book: Book, principal: Principal, language: Language
) -> Response[bytes]:
    """The statement of a year as of today, as a PDF to keep."""
    desk = desk_of(request, book, principal)
    with book.reading(principal) as session:
        known = find_holder(session, principal, holder)
        said = standing(session, principal, holder=holder, programme_id=programme, year=year, today=desk.today)
        head = head_of(session, principal, known, year=year, language=language, now=desk.now)
    name = f"statement-{holder}-{programme}-{year}.pdf"
    data = compliance_pdf(said, head=head, language=language)
    return Response(data, media_type=PDF, headers={"Content-Disposition": f'attachment; filename="{name}"'})
