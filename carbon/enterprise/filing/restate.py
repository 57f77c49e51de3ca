"""Restate what was booked: a filing that takes another's place. It is prepared, verified and accepted like any other.

When it is booked, the months of the year are opened for this holder's accounts alone, the old entries are reversed on their days, the new
ones posted, and the months closed again, all in one transaction. The months are opened by two: who books, and another who accepted or
signed; what was published stays readable as known on its day.
"""

from datetime import date, datetime

from sqlmodel import Session

from carbon.enterprise.errors import StateRefused
from carbon.enterprise.filing.filing import Filing, content, filing, open_filing, save_version
from carbon.enterprise.filing.said import Kind
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


def months_of(year: int) -> tuple[int, ...]:
    """The months of a year, yyyymm."""
    return tuple(year * 100 + month for month in range(1, 13))


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
    shut = closed_months(session, months_of(restating.year), scope=scope)
    if shut:
        reason = f"filing {restating.id} restates {restating.restates}"
        reopen_months(session, shut, principal, now=now, day=day, reason=reason, second=second, scope=scope)
    return second
