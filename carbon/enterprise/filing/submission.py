"""Hand a filing in, take it or give it back: what the firm and the authority decide."""

from datetime import date, datetime

from sqlmodel import Session

from carbon.enterprise.errors import StateRefused
from carbon.enterprise.filing.filing import Filing, filing, happen, party_of, year_is_over
from carbon.enterprise.filing.restate import check_differs
from carbon.enterprise.filing.said import Accepted, Kind, Party, Rejected, Submitted
from carbon.enterprise.filing.state import FilingState
from carbon.enterprise.filing.verifier import check_accredited
from carbon.enterprise.filing.version import Declared
from carbon.holder import find_holder, sites
from ledger.errors import NotAllowed
from ledger.principal import LOCAL_ADMIN, Principal, Role


def submit(
    session: Session, principal: Principal, id: str, *, declared: Declared, if_match: str, now: datetime, today: date,  # noqa: A002
    confirmed: tuple[str, ...] = (),
) -> Filing:  # fmt: skip
    """Declare the version that stands: from now on it is that hash. `declared` comes from `carbon.enterprise.filing.version.declare`, so
    that nothing is submitted that cannot be calculated; `confirmed` are the questions that the preparer answered with yes.

    Raises StateRefused where the year is not over, the lines are others by now, or what is restated comes to the same.
    """
    party_of(principal, Party.FIRM)
    found = filing(session, principal, id)
    if not year_is_over(found.year, today, start_month=found.start_month):
        year = f"{found.year}" if found.start_month == 1 else f"{found.year}, which ends on {found.stand.period[1]},"
        raise StateRefused(kind=Kind.SUBMITTED, state=found.state, reason=f"{year} is not over")
    if found.restates:
        check_differs(
            session, principal, filing(session, principal, found.restates), kind=Kind.SUBMITTED, sha256=declared.sha256,
            comes_to=declared.outcome, total_g=declared.total_g, gwp=declared.gwp,
        )  # fmt: skip
    what = Submitted(
        version=declared.version, sha256=declared.sha256, total_g=declared.total_g, gwp=declared.gwp, confirmed=confirmed
    )  # fmt: skip
    return happen(session, principal, id, lambda _: what, party=Party.FIRM, if_match=if_match, now=now)


def accept(session: Session, principal: Principal, id: str, *, if_match: str, now: datetime) -> Filing:  # noqa: A002
    """The authority takes what was verified. It sees every site of the firm: where some lie beyond its area, the area above accepts.

    Raises NotAllowed, PreparerVerifies, and StateRefused, also where the verifier's opinion is adverse.
    """
    party_of(principal, Party.AUTHORITY)
    found = filing(session, principal, id)
    if len(sites(session, principal, holder=found.holder)) < len(sites(session, LOCAL_ADMIN, holder=found.holder)):
        raise NotAllowed(actor=principal.actor, action="accept a filing with sites in other areas: the area above accepts it")

    def what(stand: FilingState) -> Accepted:
        return Accepted(version=stand.version, sha256=stand.sha256)

    return happen(session, principal, id, what, party=Party.AUTHORITY, if_match=if_match, now=now)


def reject(
    session: Session, principal: Principal, id: str, *, reason: str, if_match: str, now: datetime, today: date  # noqa: A002
) -> Filing:  # fmt: skip
    """Give a filing back with the reason: the authority does, or whoever verifies it. The firm's next version makes it a draft again."""
    if principal.role in {Role.ADMIN, Role.AUTHORITY}:
        party = Party.AUTHORITY
    else:
        industry = find_holder(session, principal, filing(session, principal, id).holder).industry
        check_accredited(session, principal.actor, industry=industry, day=today)
        party = Party.VERIFIER
    return happen(session, principal, id, lambda _: Rejected(reason=reason), party=party, if_match=if_match, now=now)
