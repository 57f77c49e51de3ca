"""Four eyes: what changes numbers or rights is asked for by one person and decided by another, once.

A `Matter` is a kind of such change: which offices may ask for it, which decide on it, who of them it concerns, and what is done once it is
granted, which happens in the transaction of the decision: both stand, or neither. Who asked never decides, nor whom it is about, whatever
the office; and what was asked in an office that was taken away since is not carried out any more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlmodel import Session
from uuid6 import uuid7

from api.auth.errors import AlreadyDecided, AskerGone, BadUser, Forbidden, OwnRights, UserNotFound
from api.auth.office import DUTIES, Action, Office
from api.auth.tables import ApprovalRow, UserRow
from api.auth.user import Binding, find_binding, find_user
from ledger.types import table_of

PAGE = 50
STATES = {"open": True, "decided": False, "all": None}
"""Which requests a list shows, by what may be asked of it, and whether those are open."""
Content = dict[str, Any]


class Decision(StrEnum):
    """What the second person says."""

    GRANTED = "granted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Approval:
    """What was asked, by whom in which office (a binding), about what, and what was decided."""

    id: str
    action: str
    subject: str
    content: Content
    asked_by: str
    asked_as: str
    asked_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision: str | None = None


@dataclass(frozen=True, slots=True)
class Second:
    """The second person, when, and which day it is where the book is kept."""

    binding: Binding
    now: datetime
    today: date


@dataclass(frozen=True, slots=True)
class Matter:
    """A kind of change that takes two. `concerns` says whether what is asked lies within the bound of an office; `carry_out` does it, for
    the asker's office and the second person."""

    action: str
    asked_by: frozenset[Office]
    decided_by: frozenset[Office]
    concerns: Callable[[Session, Binding, Content], bool]
    carry_out: Callable[[Session, Approval, Binding, Second], None]


MATTERS: dict[str, Matter] = {}


def register(matter: Matter) -> None:
    """Make a matter known, once, where its wing is imported. An office that may decide on anything must hold the action of deciding."""
    if matter.action in MATTERS:
        raise ValueError(f"the matter {matter.action} is registered twice")
    for action, offices in ((Action.ASK, matter.asked_by), (Action.DECIDE, matter.decided_by)):
        lacking = sorted(office for office in offices if action not in DUTIES[office].actions)
        if lacking:
            raise ValueError(f"the matter {matter.action} names {', '.join(lacking)}, whose duty does not include {action}")
    MATTERS[matter.action] = matter


def ask(session: Session, who: Binding, action: str, *, subject: str, content: Content, now: datetime) -> str:
    """Ask for something; its number. `subject` is whom or what it is about: a user's id bars that user from deciding.

    Raises BadUser (unknown action), Forbidden, UserNotFound where it lies beyond the asker's bound.
    """
    matter = MATTERS.get(action)
    if matter is None:
        raise BadUser(field="action", reason=f"one of {', '.join(sorted(MATTERS))}")
    if who.office not in matter.asked_by:
        raise Forbidden(office=who.office, action=action)
    if not matter.concerns(session, who, content):
        raise UserNotFound(subject)
    number = uuid7().hex
    values = {"id": number, "action": action, "subject": subject, "content": msgspec.json.encode(content).decode()}
    session.execute(sa.insert(table_of(ApprovalRow)).values(values | {"asked_by": who.user, "asked_as": who.id, "asked_at": now}))
    return number


def decide(session: Session, who: Binding, number: str, decision: Decision, *, now: datetime, today: date) -> Approval:
    """Grant or refuse; what is granted is carried out at once, in this transaction.

    Raises UserNotFound where the second person may not see it, OwnRights, Forbidden, AlreadyDecided, AskerGone, and what carrying out does.
    """
    asked = find_approval(session, who, number)
    matter = MATTERS[asked.action]
    if who.user in {asked.asked_by, asked.subject}:
        raise OwnRights("decide on a request")
    if who.office not in matter.decided_by or find_user(session, who.user)["kind"] != "person":  # a machine has no eyes
        raise Forbidden(office=who.office, action=f"{Action.DECIDE} {asked.action}")
    row = table_of(ApprovalRow)
    done = session.execute(
        sa.update(row)
        .where(row.c.id == number, row.c.decided_at.is_(None))
        .values(decided_by=who.user, decided_at=now, decision=decision.value)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise AlreadyDecided(number=number, decision=asked.decision or "decided")
    if decision is Decision.GRANTED:
        matter.carry_out(session, asked, _asker(session, asked), Second(who, now, today))
    return find_approval(session, who, number)


def _asker(session: Session, asked: Approval) -> Binding:
    """The office in which it was asked, if it is held still. Raises AskerGone."""
    user = table_of(UserRow).c
    try:
        binding = find_binding(session, asked.asked_as)
    except UserNotFound:
        raise AskerGone(number=asked.id) from None
    if session.execute(sa.select(user.disabled_at).where(user.id == asked.asked_by)).scalar_one() is not None:
        raise AskerGone(number=asked.id)
    return binding


def find_approval(session: Session, who: Binding, number: str) -> Approval:
    """What was asked, if it is within the bound of the office or one's own. Raises UserNotFound."""
    row = table_of(ApprovalRow)
    found = session.execute(sa.select(row).where(row.c.id == number)).mappings().one_or_none()
    one = None if found is None else _known(dict(found))
    if one is None or not sees(session, who, one):
        raise UserNotFound(f"request {number}")
    return one


def approvals(session: Session, who: Binding, *, before: str = "", is_open: bool | None = None, limit: int = PAGE) -> list[Approval]:
    """What was asked and may be seen in an office, the latest first; `before` is the number of the last one that was seen."""
    row = table_of(ApprovalRow)
    query = sa.select(row).order_by(row.c.id.desc()).limit(10 * PAGE)
    if is_open is not None:
        query = query.where(row.c.decided_at.is_(None) if is_open else row.c.decided_at.is_not(None))
    shown: list[Approval] = []
    while len(shown) < limit:
        batch = [_known(dict(one)) for one in session.execute(query.where(row.c.id < before) if before else query).mappings()]
        shown += [one for one in batch if sees(session, who, one)]
        if len(batch) < 10 * PAGE:
            break
        before = batch[-1].id
    return shown[:limit]


def about(session: Session, subject: str) -> list[Approval]:
    """What was asked about a user or another subject, the latest first; whoever calls has seen to it that it may be shown."""
    row = table_of(ApprovalRow)
    found = session.execute(sa.select(row).where(row.c.subject == subject).order_by(row.c.id.desc()).limit(PAGE)).mappings()
    return [_known(dict(one)) for one in found]


def sees(session: Session, who: Binding, asked: Approval) -> bool:
    """Whether somebody may see what was asked: the asker, and those offices that it concerns."""
    matter = MATTERS.get(asked.action)
    if matter is None:
        return False
    if asked.asked_by == who.user and who.office in matter.asked_by:
        return True
    return who.office in matter.asked_by | matter.decided_by and matter.concerns(session, who, asked.content)


def may_decide(who: Binding, asked: Approval) -> bool:
    """Whether somebody who sees it may decide on it."""
    return asked.decided_at is None and who.user not in {asked.asked_by, asked.subject} and who.office in MATTERS[asked.action].decided_by


def _known(row: dict[str, Any]) -> Approval:
    return Approval(**row | {"content": msgspec.json.decode(row["content"])})
