"""Who gives rights: the security officers. Nobody changes their own, and a grave office takes two of them.

An office of a regulator, verifier or officer of the platform is given once a second security officer grants it. Where no second one could
decide, the first gives it alone and is told so; but what a security officer holds is never changed by the only other one.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from api.auth.approval import Approval, Content, Matter, Second, ask, register
from api.auth.errors import OwnRights, SecondNeeded
from api.auth.office import GRAVE, Office
from api.auth.tables import BindingRow, UserRow
from api.auth.user import Binding, bind, bindings, check_binding, end_binding, find_binding
from ledger.types import table_of

GIVE, TAKE = "give-office", "take-office"


def seconds(session: Session, *, beside: set[str]) -> list[str]:
    """The security officers who could decide, beside those named: persons, since a machine has no eyes."""
    row, user = table_of(BindingRow), table_of(UserRow)
    query = (
        sa.select(row.c.user_id)
        .join_from(row, user, user.c.id == row.c.user_id)
        .where(row.c.office == Office.SECURITY.value, row.c.ended_at.is_(None), user.c.disabled_at.is_(None), user.c.kind == "person")
    )
    return sorted(set(session.execute(query).scalars()) - beside)


def give(
    session: Session, who: Binding, user_id: str, office: Office, *, holder: str | None = None, division: str | None = None, now: datetime
) -> Binding | str:
    """The office, given; or the number of the request that a second security officer decides. Raises OwnRights, SecondNeeded, BadUser."""
    if user_id == who.user:
        raise OwnRights("give an office")
    check_binding(session, user_id, office, holder=holder, division=division)
    if _takes_two(session, who, user_id, grave=office in GRAVE):
        content = {"user": user_id, "office": office.value, "holder": holder, "division": division}
        return ask(session, who, GIVE, subject=user_id, content=content, now=now)
    return bind(session, user_id, office, holder=holder, division=division, by=who.user, now=now)


def take(session: Session, who: Binding, binding_id: str, *, now: datetime) -> str | None:
    """Take an office away; the number of the request where a second security officer decides. Raises OwnRights, SecondNeeded, UserNotFound.

    Only what a security officer holds takes two: to shut somebody out must be quick.
    """
    held = find_binding(session, binding_id)
    if held.user == who.user:
        raise OwnRights("take an office away")
    if _takes_two(session, who, held.user, grave=False):
        content = {"user": held.user, "office": held.office.value, "holder": held.holder, "division": held.division, "binding": held.id}
        return ask(session, who, TAKE, subject=held.user, content=content, now=now)
    end_binding(session, binding_id, by=who.user, now=now)
    return None


def _takes_two(session: Session, who: Binding, user_id: str, *, grave: bool) -> bool:
    """Whether a second security officer is asked. Raises SecondNeeded where one must be, and there is none."""
    of_security = any(one.office is Office.SECURITY for one in bindings(session, user_id))
    could = seconds(session, beside={who.user, user_id})
    if of_security and not could:
        raise SecondNeeded(user=user_id)
    return bool(could) and (grave or of_security)


def _concerns(session: Session, who: Binding, content: Content) -> bool:  # noqa: ARG001
    return who.office is Office.SECURITY


def _give(session: Session, asked: Approval, asker: Binding, second: Second) -> None:
    content = asked.content
    office = Office(content["office"])
    bind(session, content["user"], office, holder=content["holder"], division=content["division"], by=asker.user, now=second.now)


def _take(session: Session, asked: Approval, asker: Binding, second: Second) -> None:
    end_binding(session, asked.content["binding"], by=asker.user, now=second.now)


SECURITY = frozenset({Office.SECURITY})
register(Matter(GIVE, asked_by=SECURITY, decided_by=SECURITY, concerns=_concerns, carry_out=_give))
register(Matter(TAKE, asked_by=SECURITY, decided_by=SECURITY, concerns=_concerns, carry_out=_take))
