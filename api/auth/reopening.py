"""A closed month is opened again by two: who files or oversees asks, with a reason; a regulator within whose bounds it lies decides.

For the accounts of one holder the regulators of its divisions decide; for all accounts of a month those of the nation do.
"""

import re
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from api.auth.approval import Approval, Content, Matter, Second, ask, register
from api.auth.errors import BadUser
from api.auth.office import Bound, Office
from api.auth.user import Binding
from carbon.chart import word
from carbon.errors import HolderNotFound
from carbon.holder import find_holder
from carbon.reach import within
from carbon.tables import SiteReachRow, SiteRow
from ledger.errors import PeriodMisruled
from ledger.period import reopen_month, rulings
from ledger.principal import Principal, Role
from ledger.types import table_of

REOPEN = "reopen-month"
REASON_MAX = 500
_HOLDER = re.compile(r"holder/([^/]+)/.*")
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


def ask_reopening(session: Session, who: Binding, month: str, *, scope: str, reason: str, now: datetime) -> str:
    """Ask that a month (2023-06) be opened again, for the accounts below `scope` or all; the number of the request.

    Raises BadUser (month, reason), PeriodMisruled where it is open, Forbidden, UserNotFound where it lies beyond the asker's bound.
    """
    if not _MONTH.fullmatch(month):
        raise BadUser(field="month", reason="a month is written 2023-06")
    if not reason.strip() or len(reason) > REASON_MAX or not reason.isprintable():
        raise BadUser(field="reason", reason=f"1 to {REASON_MAX} signs that print: it stands in the book for good")
    period = int(month.replace("-", ""))
    content = {"period": period, "scope": scope, "reason": reason.strip()}
    number = ask(session, who, REOPEN, subject=f"{month} {scope}".strip(), content=content, now=now)
    if not any(one.closed for one in rulings(session, period)):
        raise PeriodMisruled(period=period, reason="it is open already")
    return number


def _concerns(session: Session, who: Binding, content: Content) -> bool:
    """Whether every account below the scope lies within the bound of the office: of one site that site, else every site of the holder,
    wherever it ever lay."""
    principal = who.principal()
    named = _HOLDER.fullmatch(content["scope"])
    if named is None:
        return who.duty.bound is Bound.DIVISION and principal.divisions is None
    try:
        find_holder(session, principal, named[1])
    except HolderNotFound:
        return False
    if principal.divisions is None:
        return True
    reached, site = table_of(SiteReachRow), table_of(SiteRow).c
    query = sa.select(site.code).join_from(reached, table_of(SiteRow), site.id == reached.c.site_id)
    elsewhere = session.execute(query.where(reached.c.holder_id == named[1], sa.not_(within(principal, reached.c.division)))).scalars()
    outside = [f"holder/{named[1]}/{word(code)}/" for code in elsewhere]
    return not any(one.startswith(content["scope"]) or content["scope"].startswith(one) for one in outside) and (
        not outside or _names_a_site(session, named[1], content["scope"])
    )


def _names_a_site(session: Session, holder: str, scope: str) -> bool:
    """Whether the scope lies within one site of the holder; what is a holder's alone concerns all its sites."""
    site = table_of(SiteRow).c
    codes = session.execute(sa.select(site.code).where(site.holder_id == holder)).scalars()
    return any(scope.startswith(f"holder/{holder}/{word(code)}/") for code in codes)


def _reopen(session: Session, asked: Approval, asker: Binding, second: Second) -> None:
    """The asker opens it, the second person stands beside in the entry. Raises PeriodMisruled where it was opened meanwhile."""
    content = asked.content
    actor = Principal(asker.user, Role.WRITER, holders=frozenset())
    reopen_month(
        session, content["period"], actor, now=second.now, day=second.today, reason=content["reason"], second=second.binding.user,
        scope=content["scope"],
    )  # fmt: skip


register(
    Matter(
        REOPEN,
        asked_by=frozenset({Office.FIRM, Office.PARK, Office.REGULATOR}),
        decided_by=frozenset({Office.REGULATOR}),
        concerns=_concerns,
        carry_out=_reopen,
    )
)
