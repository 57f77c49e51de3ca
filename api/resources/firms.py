"""What a firm is: its profile, what it said of itself by version, who owns it, and its contracts of energy."""

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from api.doors import FILER, READER
from api.paging import After, Limit, part_of
from api.resources.wire import wire
from api.work.desk import desk_of
from carbon.enterprise.errors import BadFirmFact
from carbon.enterprise.firm import KINDS, Fact, facts, say, versions
from carbon.enterprise.market import Instrument, add_contract, contracts
from carbon.enterprise.shares import shares
from carbon.holder import find_holder, sites
from ledger.book import Book
from ledger.principal import Principal

Asked = Request[Any, Any, Any]
Told = dict[str, Any]


class NewFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A version of a fact: `kind` is boundary, base-year, exclusion, control-plan or economy, and `fact` has its fields."""

    kind: str
    fact: dict[str, Any]
    valid_from: date
    reason: Annotated[str, msgspec.Meta(max_length=500)]


class NewContract(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A contract or certificates of energy, and the days, both inclusive, that it covers."""

    instrument: Instrument
    valid_from: date
    valid_until: date


def fact_of(kind: str, fields: dict[str, Any]) -> Fact:
    """The fact that these fields are. Raises BadFirmFact."""
    if kind not in KINDS:
        raise BadFirmFact(field="kind", value=kind, reason=f"one of {', '.join(KINDS)}")
    try:
        return msgspec.convert(fields, KINDS[kind], strict=False)
    except msgspec.ValidationError as error:
        raise BadFirmFact(field=kind, value="", reason=str(error)) from error


@get("/holders/{holder:str}/profile", opt=READER, sync_to_thread=True, tags=["firms"])
def firm_profile(
    request: Asked, holder: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal],
    on: FromQuery[date | None] = None,
) -> Told:  # fmt: skip
    """A firm with its sites, shares, contracts and what holds of it on a day (today); instruments whose calibration is over are named."""
    day = on or desk_of(request, book, principal).today
    with book.reading(principal) as session:
        held = facts(session, principal, holder, day)
        told = {
            "holder": find_holder(session, principal, holder), "sites": sites(session, principal, holder=holder), "facts": held,
            "overdue": held.control_plan.overdue(day) if held.control_plan else (), "on": day,
            "shares": shares(session, principal, holders=[holder]).to_dicts(), "contracts": contracts(session, principal, holder=holder),
        }  # fmt: skip
    return dict(wire(told))


@get("/holders/{holder:str}/facts", opt=READER, sync_to_thread=True, tags=["firms"])
def list_facts(
    request: Asked, holder: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal],
    kind: FromQuery[str | None] = None, after: After = "", limit: Limit = 1000,
) -> Response[list[Told]]:  # fmt: skip
    """All that was ever said of a firm: what, since when, why, by whom and when."""
    with book.reading(principal) as session:
        found = [wire(one) for one in versions(session, principal, holder, kind=kind)]
    return part_of(request, found, after=after, limit=limit, key=lambda one: f"{one['kind']}/{one['subject']}/{one['version']}")


@post("/holders/{holder:str}/facts", opt=FILER, sync_to_thread=True, tags=["firms"])
def say_fact(
    request: Asked, holder: FromPath[str], data: JSONBody[NewFact], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Told:
    """Say something of the firm from a day on; what was said before stays."""
    fact, now = fact_of(data.kind, data.fact), desk_of(request, book, principal).now
    with book.writing() as session:
        said = say(session, principal, holder=holder, fact=fact, valid_from=data.valid_from, reason=data.reason, now=now)
    return dict(wire(said))


@get("/holders/{holder:str}/contracts", opt=READER, sync_to_thread=True, tags=["firms"])
def list_contracts(
    request: Asked, holder: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal], after: After = "",
    limit: Limit = 1000,
) -> Response[list[Told]]:  # fmt: skip
    """The contracts of energy of a firm, by their first day: what scope 2 by the market is made of."""
    with book.reading(principal) as session:
        found = [wire(one) for one in contracts(session, principal, holder=holder)]
    return part_of(request, found, after=after, limit=limit, key=lambda one: str(one["id"]))


@post("/holders/{holder:str}/contracts", opt=FILER, sync_to_thread=True, tags=["firms"])
def add_firm_contract(
    request: Asked, holder: FromPath[str], data: JSONBody[NewContract], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Told:
    """Add a contract of energy. A certificate covers one contract alone."""
    now = desk_of(request, book, principal).now
    with book.writing() as session:
        made = add_contract(
            session, principal, holder=holder, instrument=data.instrument, valid_from=data.valid_from, valid_until=data.valid_until, now=now
        )
    return dict(wire(made))
