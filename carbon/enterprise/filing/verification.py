"""Verify a filing: take it up, find, hear the firm, close, sign. Whoever does is accredited on the day for the firm's industry."""

from collections.abc import Callable
from datetime import date, datetime

from sqlmodel import Session

from carbon.enterprise.filing.filing import Filing, filing, happen, party_of
from carbon.enterprise.filing.finding import Verified, Weight
from carbon.enterprise.filing.said import Assurance, Closed, Found, Opinion, Party, Replied, Signed, TakenUp, What
from carbon.enterprise.filing.state import FilingState
from carbon.enterprise.filing.verifier import check_accredited
from carbon.enterprise.market import contracts
from carbon.holder import find_holder
from ledger.principal import Principal, Role


def take_up(
    session: Session, principal: Principal, id: str, *, assurance: Assurance, materiality_permille: int, if_match: str,  # noqa: A002
    now: datetime, today: date,
) -> Filing:  # fmt: skip
    """Begin to verify what was submitted, as its lead. Raises NotAccredited, PreparerVerifies, StateRefused, FilingChanged."""
    what = TakenUp(assurance=assurance, materiality_permille=materiality_permille)
    return _verify(session, principal, id, lambda _: what, if_match=if_match, now=now, today=today)


def find(
    session: Session, principal: Principal, id: str, *, text: str, weight: Weight, if_match: str, now: datetime, today: date,  # noqa: A002
    line: int | None = None, field: str | None = None, verified: Verified | None = None,
) -> Filing:  # fmt: skip
    """Hold something against the filing, on a line and field or on the whole. `verified` is the value that is right, weighed against the
    version that stands (`carbon.enterprise.filing.version.weigh`), and may stand in conservatively for what is missing."""
    line, field = (line, field) if verified is None else (verified.line, verified.field)

    def found(stand: FilingState) -> Found:
        return Found(finding=len(stand.findings) + 1, text=text, weight=weight, line=line, field=field, verified=verified)

    return _verify(session, principal, id, found, if_match=if_match, now=now, today=today)


def reply(
    session: Session, principal: Principal, id: str, *, finding: int, text: str, if_match: str, now: datetime, today: date,  # noqa: A002
    documents: tuple[str, ...] = (),
) -> Filing:  # fmt: skip
    """A word on a finding, with documents by their hashes: of the firm, or of whoever verifies. Raises DocumentNotFound besides."""
    what = Replied(finding=finding, text=text, documents=documents)
    if principal.role is Role.READER:
        return _verify(session, principal, id, lambda _: what, if_match=if_match, now=now, today=today, documents=documents)
    party_of(principal, Party.FIRM)
    return happen(session, principal, id, lambda _: what, party=Party.FIRM, if_match=if_match, now=now, documents=documents)


def close(
    session: Session, principal: Principal, id: str, *, finding: int, if_match: str, now: datetime, today: date,  # noqa: A002
    accepted: Verified | None = None, text: str = "",
) -> Filing:  # fmt: skip
    """Settle a finding. `accepted` is the value that holds, weighed against the version that stands: where the firm corrected its lines the
    effect is nothing, otherwise it stays off by that much."""
    what = Closed(finding=finding, text=text, accepted=accepted)
    return _verify(session, principal, id, lambda _: what, if_match=if_match, now=now, today=today)


def sign(
    session: Session, principal: Principal, id: str, *, opinion: Opinion, second: str, if_match: str, now: datetime, today: date,  # noqa: A002
    text: str = "",
) -> Filing:  # fmt: skip
    """Conclude, by two: the principal and `second`, another who is accredited as well. What they sign for is the version that stands, with
    the contracts of energy as they are now.

    Raises StateRefused where findings are open, or where what is still off is material and the opinion unqualified.
    """
    found = filing(session, principal, id)
    check_accredited(session, second, industry=find_holder(session, principal, found.holder).industry, day=today)
    held = tuple(one.id for one in contracts(session, principal, holder=found.holder))

    def signed(stand: FilingState) -> Signed:
        return Signed(version=stand.version, sha256=stand.sha256, opinion=opinion, second=second, text=text, contracts=held)

    return _verify(session, principal, id, signed, if_match=if_match, now=now, today=today)


def _verify(
    session: Session, principal: Principal, id: str, what: Callable[[FilingState], What], *, if_match: str, now: datetime, today: date,  # noqa: A002
    documents: tuple[str, ...] = (),
) -> Filing:  # fmt: skip
    """Let a verifier's event happen; NotAccredited where the principal is none on that day."""
    industry = find_holder(session, principal, filing(session, principal, id).holder).industry
    check_accredited(session, principal.actor, industry=industry, day=today)
    return happen(session, principal, id, what, party=Party.VERIFIER, if_match=if_match, now=now, documents=documents)
