"""Restate what was booked: a filing that takes another's place. It is prepared, verified and accepted like any other.

When it is booked, the months of the year are opened for this holder's accounts alone, the old entries are reversed on their days, the new
ones posted, and the months closed again, all in one transaction. The months are opened by two: who books, and another who accepted or
signed; what was published stays readable as known on its day.

What is restated may be the very same lines: another edition of a factor pack, another GWP set, a contract, a site's division or the firm's
boundary make another inventory of them. Only where all of it comes to the same, to the gram, there is nothing to restate (GHG Protocol,
Corporate Standard, ch. 5: an inventory is recalculated for changes of method, factors, structure and errors).
"""

import hashlib
from datetime import date, datetime

import polars as pl
from sqlmodel import Session

from carbon.enterprise.errors import StateRefused
from carbon.enterprise.filing.filing import Filing, content, filing, open_filing, save_version
from carbon.enterprise.filing.said import Kind
from carbon.enterprise.firm import Boundary, Exclusion, versions
from carbon.enterprise.inventory.lines import booked_lines
from ledger.period import closed_months, reopen_months
from ledger.principal import Principal


def restate(session: Session, principal: Principal, id: str, *, now: datetime) -> Filing:  # noqa: A002
    """Open a draft that is to take the place of a booked filing, with its lines as the first version.

    Raises FilingNotFound, FilingExists where it is being restated already, StateRefused where it is not booked, NotAllowed.
    """
    before = filing(session, principal, id)
    opened = open_filing(session, principal, holder=before.holder, year=before.year, guide=before.guide, now=now, restates=id)
    name, data = content(session, principal, id)
    return save_version(session, principal, opened.id, name=name, data=data, lines=before.stand.lines, if_match=opened.tag, now=now)


OUTCOME = ("book", "scope", "category", "division", "site", "source", "activity", "gas")
"""What a mass is told apart by where outcomes are compared."""


def outcome(lines: pl.DataFrame) -> str:
    """What LINES come to, as one hash: every mass in the gas's smallest unit, by where it stands."""
    sums = lines.group_by(OUTCOME).agg(pl.col("amount").cast(pl.Int128).sum()).filter(pl.col("amount") != 0)
    rows = sorted("|".join("" if part is None else str(part) for part in row) for row in sums.iter_rows())
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def booked_as(session: Session, principal: Principal, booked: Filing) -> pl.DataFrame:
    """LINES of what stands of a booked filing."""
    own = booked.stand.booked
    assert own is not None
    stands = booked_lines(session, principal, holder=booked.holder, year=booked.year, start_month=booked.start_month)
    return stands.filter(pl.col("entry").is_between(own.first_entry, own.last_entry))


def check_differs(
    session: Session, principal: Principal, before: Filing, *, kind: Kind, sha256: str, comes_to: str, total_g: int, gwp: str
) -> None:
    """StateRefused where what is restated has the same lines as `before` and comes to the same: masses, total, and the boundary that the
    firm told."""
    stood = before.stand
    if stood.sha256 != sha256 or stood.declared is None or stood.declared.total_g != total_g:
        return
    if _boundary_told_since(session, principal, before) or outcome(booked_as(session, principal, before)) != comes_to:
        return
    reason = (
        f"its lines are word for word those that are booked, and they come to the same to the gram ({total_g} g CO2e by {gwp}): there is "
        "nothing to restate; change the lines, or what they are calculated by"
    )
    raise StateRefused(kind=kind, state=stood.state, reason=reason)


def _boundary_told_since(session: Session, principal: Principal, before: Filing) -> bool:
    """Whether the firm told another boundary or exclusion of the year after it was booked."""
    booked, end = before.stand.decided(Kind.BOOKED), before.stand.period[1]
    assert booked is not None
    return any(
        isinstance(one.fact, Boundary | Exclusion) and one.said_at > booked.at and one.valid_from <= end
        for one in versions(session, principal, before.holder)
    )


def months_of(year: int, start_month: int = 1) -> tuple[int, ...]:
    """The months of a reporting year, yyyymm."""
    return tuple((year + at // 12) * 100 + at % 12 + 1 for at in range(start_month - 1, start_month + 11))


def scope_of(holder: str) -> str:
    """The name below which all accounts of a holder lie."""
    return f"holder/{holder}"


def reopen_for(session: Session, principal: Principal, restating: Filing, *, now: datetime, day: date) -> str:
    """Open the closed months of the year for the holder's accounts; gives the second person: who accepted the restatement, or, where that
    is the principal, who verified it."""
    accepted = restating.stand.decided(Kind.ACCEPTED)
    agreed = [*([accepted.actor] if accepted else []), *restating.stand.verifiers]
    second = next((one for one in agreed if one != principal.actor), None)
    if second is None:
        raise StateRefused(kind=Kind.BOOKED, state=restating.state, reason="a second person agrees before closed months are opened")
    scope = scope_of(restating.holder)
    shut = closed_months(session, months_of(restating.year, restating.start_month), scope=scope)
    if shut:
        reason = f"filing {restating.id} restates {restating.restates}"
        reopen_months(session, shut, principal, now=now, day=day, reason=reason, second=second, scope=scope)
    return second
