"""Allowances, credits and certificates as lots, and the kWh that certificates and claims are made of."""

from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.doors import AUTHORITY, FILER, READER
from api.numbers import Count, SentMonth, SentYear
from api.paging import After, Limit, part_of
from api.resources.wire import wire
from api.work.desk import desk_of
from carbon.enterprise.obligation import claim as kwh
from carbon.enterprise.obligation import units
from carbon.enterprise.obligation.units import Range
from ledger.book import Book
from ledger.journal import Receipt
from ledger.principal import Principal

Asked = Request[Any, Any, Any]
Told = dict[str, Any]
UNITS, GENERATION = "/holders/{holder:str}/units", "/holders/{holder:str}/generation"


class _Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is sent."""


class Issue(_Said, frozen=True, kw_only=True):
    """Serials `first` to `last` of a series; allowances of a vintage are ``CEA.<vintage>``, credits ``CCER``."""

    unit: str
    series: str
    first: int
    last: int
    vintage: int
    project: str = ""
    expires_on: date | None = None


class Transfer(_Said, frozen=True, kw_only=True):
    """So many units, those that end first, or exactly these serials, to another holder."""

    to: str
    unit: str
    count: Count | None = None
    ranges: list[Range] = []


class Cancellation(_Said, frozen=True, kw_only=True):
    """Units cancelled of one's own will, for ever."""

    unit: str
    count: Count | None = None
    ranges: list[Range] = []
    beneficiary: str | None = None


class CertificateClaim(_Said, frozen=True, kw_only=True):
    """Certificates claimed for the power used in a year, for ever."""

    year: SentYear
    count: Count | None = None
    ranges: list[Range] = []
    beneficiary: str | None = None


class Metered(_Said, frozen=True, kw_only=True):
    """What a plant generated in a month (202507) in whole kWh, or discharged from storage; a correction is below zero."""

    plant: str
    month: SentMonth
    kwh: int
    storage: bool = False


class KwhClaim(_Said, frozen=True, kw_only=True):
    """kWh of a plant's month that a mechanism takes."""

    plant: str
    month: SentMonth
    mechanism: str
    kwh: int


class Certified(_Said, frozen=True, kw_only=True):
    """Whole certificates of a plant's month."""

    plant: str
    month: SentMonth
    count: Count


@get(UNITS, opt=READER, sync_to_thread=True, tags=["units"])
def list_units(
    request: Asked, holder: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal], after: After = "",
    limit: Limit = 1000,
) -> Response[list[Told]]:  # fmt: skip
    """What lies on a holder's account, serial by serial, in the order in which it goes."""
    with book.reading(principal) as session:
        found = units.held(session, principal, holder=holder)
    told = [{"unit": unit, **wire(one), "count": one.count} for unit, one in found]
    return part_of(request, told, after=after, limit=limit, key=lambda one: f"{one['unit']}/{one['series']}/{one['first']}")


def _moved(act: Callable[..., Receipt], request: Asked, book: Book, principal: Principal, holder: str, data: _Said) -> Told:
    """Do to units what was sent, in one entry."""
    desk = desk_of(request, book, principal)
    with book.writing() as session:
        return dict(wire(act(session, principal, holder=holder, now=desk.now, day=desk.today, **msgspec.structs.asdict(data))))


@post(UNITS, opt=AUTHORITY, sync_to_thread=True, tags=["units"])
def issue_units(
    request: Asked, holder: FromPath[str], data: JSONBody[Issue], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Told:
    """Issue units to a holder, as the registry does; a serial is issued once."""
    return _moved(units.issue, request, book, principal, holder, data)


@post(f"{UNITS}/transfers", opt=FILER, sync_to_thread=True, tags=["units"])
def transfer_units(
    request: Asked, holder: FromPath[str], data: JSONBody[Transfer], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Told:
    """Pass units on to another holder."""
    return _moved(units.transfer, request, book, principal, holder, data)


@post(f"{UNITS}/cancellations", opt=FILER, sync_to_thread=True, tags=["units"])
def cancel_units(
    request: Asked, holder: FromPath[str], data: JSONBody[Cancellation], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Told:
    """Cancel units of one's own will."""
    return _moved(units.cancel, request, book, principal, holder, data)


@post(f"{UNITS}/claims", opt=FILER, sync_to_thread=True, tags=["units"])
def claim_certificates(
    request: Asked, holder: FromPath[str], data: JSONBody[CertificateClaim], book: NamedDependency[Book],
    principal: NamedDependency[Principal],
) -> Told:  # fmt: skip
    """Claim certificates for the power used in a year, once and for ever."""
    return _moved(units.claim, request, book, principal, holder, data)


@get(GENERATION, opt=READER, sync_to_thread=True, tags=["units"])
def list_generation(
    request: Asked, holder: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal], after: After = "",
    limit: Limit = 1000,
) -> Response[list[Told]]:  # fmt: skip
    """Every month of every plant of a holder: generated, taken by each mechanism, free."""
    with book.reading(principal) as session:
        found = [{**wire(one), "free": one.free} for one in kwh.months(session, principal, holder=holder)]
    return part_of(request, found, after=after, limit=limit, key=lambda one: f"{one['plant']}/{one['month']}")


@post(GENERATION, opt=FILER, sync_to_thread=True, tags=["units"])
def meter_generation(
    request: Asked, holder: FromPath[str], data: JSONBody[Metered], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Told:
    """Write what a plant generated in a month."""
    now = desk_of(request, book, principal).now
    with book.writing() as session:
        return dict(wire(kwh.meter(session, principal, holder=holder, now=now, **msgspec.structs.asdict(data))))


@post(f"{GENERATION}/claims", opt=FILER, sync_to_thread=True, tags=["units"])
def claim_generation(
    request: Asked, holder: FromPath[str], data: JSONBody[KwhClaim], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Told:
    """Take kWh of a month for a mechanism: each kWh feeds one."""
    now = desk_of(request, book, principal).now
    with book.writing() as session:
        return dict(wire(kwh.claim(session, principal, holder=holder, now=now, **msgspec.structs.asdict(data))))


@post(f"{GENERATION}/certificates", opt=AUTHORITY, sync_to_thread=True, tags=["units"])
def certify_generation(
    request: Asked, holder: FromPath[str], data: JSONBody[Certified], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Told:
    """Issue certificates of a plant's month and take their kWh, in one entry."""
    desk = desk_of(request, book, principal)
    with book.writing() as session:
        entry = kwh.certify(session, principal, holder=holder, now=desk.now, day=desk.today, **msgspec.structs.asdict(data))
    return {"entry": entry}
