"""Carbon efficiency: tags of firms, given by the authority under a rule pack; appeals by firms, and their decisions."""

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from sqlmodel import Session

from api.doors import AUTHORITY, FILER, PUBLIC, READER
from api.numbers import AskedYear, SentNumber, SentYear, Year
from api.paging import After, Limit, part_of
from api.resources.wire import wire
from api.work.desk import desk_of
from carbon.enterprise.efficiency.grade import Facts, Mean
from carbon.enterprise.efficiency.pack import Pack, pack, packs
from carbon.enterprise.efficiency.tag import appeal, decide, gather, give, judged, tags
from carbon.enterprise.efficiency.view import standings
from carbon.holder import find_holder
from ledger.book import Book
from ledger.principal import Principal

Asked = Request[Any, Any, Any]
Told = dict[str, Any]
Reason = Annotated[str, msgspec.Meta(max_length=2_000)]


class FirmYear(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A firm to be tagged: the share of its energy that its lines cover (0.97), g CO2 to deduct by name, and its industry's mean."""

    holder: str
    coverage: str | None = None
    deducted: dict[str, int] = {}
    mean: Mean | None = None


class NewTags(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Firms of one year under one rule pack (`GET /efficiency/packs`); a mean that is not given is that of these very firms."""

    pack: str
    year: SentYear
    firms: Annotated[list[FirmYear], msgspec.Meta(min_length=1, max_length=5_000)]


class NewAppeal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An appeal against the tag numbered `of`."""

    of: SentNumber
    reason: Reason
    documents: list[str] = []


class NewDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The decision of the appeal numbered `of`."""

    of: SentNumber
    upheld: bool
    reason: Reason


@get("/efficiency/packs", opt=PUBLIC, sync_to_thread=True, tags=["efficiency"])
def list_efficiency_packs(request: Asked, after: After = "", limit: Limit = 100) -> Response[list[Pack]]:
    """The rule packs, with the source and the mark of all they say."""
    return part_of(request, list(packs().values()), after=after, limit=limit, key=lambda one: one.id)


@get("/efficiency", opt=READER, sync_to_thread=True, tags=["efficiency"])
def list_efficiency(
    request: Asked, book: NamedDependency[Book], principal: NamedDependency[Principal], division: FromQuery[str] = "",
    industry: FromQuery[str] = "", year: AskedYear = None, after: After = "", limit: Limit = 1000,
) -> Response[list[Told]]:  # fmt: skip
    """The tag that stands for each firm and year that you may see, with its appeal: of a division, of an industry, of a year."""
    with book.reading(principal) as session:
        found = standings(session, principal, division=division, industry=industry, year=year)
    return part_of(request, [wire(one) for one in found], after=after, limit=limit, key=lambda one: f"{one['holder']}/{one['year']}")


@post("/efficiency", opt=AUTHORITY, sync_to_thread=True, tags=["efficiency"])
def give_efficiency(
    request: Asked, data: JSONBody[NewTags], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> list[Told]:  # fmt: skip
    """Give tags from what stands in the book; grey where a rule forbids a colour."""
    desk, ruled = desk_of(request, book, principal), pack(data.pack)
    with book.writing() as session:
        firms = _gathered(session, principal, data, desk.today)
        return [wire(one) for one in give(session, principal, ruled, firms, now=desk.now, given=_means(data))]


@post("/efficiency/preview", opt=AUTHORITY, status_code=200, sync_to_thread=True, tags=["efficiency"])
def preview_efficiency(
    request: Asked, data: JSONBody[NewTags], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> list[Told]:  # fmt: skip
    """What `POST /efficiency` would give, by holder; nothing is kept."""
    with book.reading(principal) as session:
        firms = _gathered(session, principal, data, desk_of(request, book, principal).today)
    return [wire(one) for one in judged(pack(data.pack), firms, given=_means(data))]


def _gathered(session: Session, principal: Principal, data: NewTags, today: date) -> list[Facts]:
    return [
        gather(session, principal, holder=one.holder, year=data.year, coverage=one.coverage, deducted=one.deducted, today=today)
        for one in data.firms
    ]


def _means(data: NewTags) -> dict[str, Mean]:
    return {one.holder: one.mean for one in data.firms if one.mean is not None}


@get("/holders/{holder:str}/efficiency", opt=READER, sync_to_thread=True, tags=["efficiency"])
def firm_efficiency(
    request: Asked, holder: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal],
    year: AskedYear = None, after: After = "", limit: Limit = 1000,
) -> Response[list[Told]]:  # fmt: skip
    """Tags, appeals and decisions of a firm, in their order."""
    with book.reading(principal) as session:
        find_holder(session, principal, holder)
        found = [wire(one) for one in tags(session, principal, holder=holder, year=year)]
    return part_of(request, found, after=after, limit=limit, key=lambda one: f"{one['year']}/{one['no']}")


@post("/holders/{holder:str}/efficiency/{year:int}/appeals", opt=FILER, sync_to_thread=True, tags=["efficiency"])
def add_appeal(
    request: Asked, holder: FromPath[str], year: Year, data: JSONBody[NewAppeal], book: NamedDependency[Book],
    principal: NamedDependency[Principal],
) -> Told:  # fmt: skip
    """Appeal against a tag, once."""
    now = desk_of(request, book, principal).now
    with book.writing() as session:
        return dict(wire(appeal(session, principal, holder=holder, year=year, now=now, **msgspec.structs.asdict(data))))


@post("/holders/{holder:str}/efficiency/{year:int}/decisions", opt=AUTHORITY, sync_to_thread=True, tags=["efficiency"])
def decide_appeal(
    request: Asked, holder: FromPath[str], year: Year, data: JSONBody[NewDecision], book: NamedDependency[Book],
    principal: NamedDependency[Principal],
) -> Told:  # fmt: skip
    """Decide an appeal, once, by another than who appealed; where it is upheld a new tag is to be given."""
    now = desk_of(request, book, principal).now
    with book.writing() as session:
        return dict(wire(decide(session, principal, holder=holder, year=year, now=now, **msgspec.structs.asdict(data))))
