"""Who may verify: an accreditation that the authority granted, valid on the day, for the firm's industry.

A later row of the same number takes the place of an earlier one from its first day on: one that ends before it begins withdraws it.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime

import msgspec
import sqlalchemy as sa
from sqlmodel import Session

from carbon.enterprise.authority import as_authority
from carbon.enterprise.errors import BadAccreditation, NotAccredited
from carbon.enterprise.tables import AccreditationRow
from ledger.errors import NotAllowed
from ledger.principal import Principal
from ledger.types import table_of

_INDUSTRY = re.compile(r"([A-T]?)([0-9]{0,4})")


class Accreditation(msgspec.Struct, frozen=True, kw_only=True):
    """An accreditation of `actor`, from a day to a day (inclusive), for industries whose GB/T 4754 codes begin so; none named: for all."""

    actor: str
    number: str
    body: str
    industries: tuple[str, ...]
    valid_from: date
    valid_until: date
    given_by: str
    given_at: datetime

    def covers(self, industry: str | None, day: date) -> bool:
        """Whether it holds on the day for that industry; an unknown industry is covered by those for all alone."""
        if not self.valid_from <= day <= self.valid_until:
            return False
        return not self.industries or (industry is not None and any(_begins(industry, prefix) for prefix in self.industries))


def _begins(industry: str, prefix: str) -> bool:
    """``C3011`` and ``3011`` begin with ``C30``, ``30`` and, where the letter is known, ``C``."""
    letter, digits = _parts(industry)
    wanted, front = _parts(prefix)
    alike = wanted == letter if not front else not (wanted and letter) or wanted == letter
    return alike and digits.startswith(front)


def _parts(code: str) -> tuple[str, str]:
    match = _INDUSTRY.fullmatch(code)
    return (match[1], match[2]) if match else ("?", code)


def grant(
    session: Session, principal: Principal, *, actor: str, number: str, body: str, industries: Iterable[str] = (), valid_from: date,
    valid_until: date, now: datetime,
) -> Accreditation:  # fmt: skip
    """Accredit somebody, in the caller's transaction. It is the authority's: whoever is bound to holders, and the verifier, may not.

    The same number again from a later day takes the earlier one's place; `valid_until` before `valid_from` withdraws it.
    Raises NotAllowed, BadAccreditation.
    """
    as_authority(principal, action="accredit verifiers")
    if principal.actor == actor:
        raise NotAllowed(actor=principal.actor, action="accredit oneself")
    wanted = tuple(industries)
    for field, text in (("actor", actor), ("number", number), ("body", body)):
        if not text.strip():
            raise BadAccreditation(field=field, reason="it is empty")
    for code in wanted:
        if not _INDUSTRY.fullmatch(code) or not code:
            raise BadAccreditation(field="industries", reason=f"{code[:20]!r} is no beginning of a GB/T 4754 code such as C30 or D44")
    a = table_of(AccreditationRow).c
    taken = session.execute(sa.select(a.actor).where(a.number == number, sa.or_(a.actor != actor, a.valid_from == valid_from))).first()
    if taken:
        reason = f"{number[:40]!r} is another's" if taken[0] != actor else f"{number[:40]!r} begins on {valid_from} already"
        raise BadAccreditation(field="number", reason=reason)
    given = Accreditation(
        actor=actor, number=number, body=body, industries=wanted, valid_from=valid_from, valid_until=valid_until, given_by=principal.actor,
        given_at=now,
    )  # fmt: skip
    row = msgspec.structs.asdict(given) | {"industries": " ".join(wanted)}
    session.execute(sa.insert(table_of(AccreditationRow)).values(row))
    return given


def accreditations(session: Session, *, actor: str | None = None) -> list[Accreditation]:
    """All that were granted, or those of one, by person, number and day. They are public."""
    query = sa.select(table_of(AccreditationRow)).order_by(
        *(table_of(AccreditationRow).c[name] for name in ("actor", "number", "valid_from"))
    )
    if actor is not None:
        query = query.where(table_of(AccreditationRow).c.actor == actor)
    return [Accreditation(**dict(row) | {"industries": tuple(row["industries"].split())}) for row in session.execute(query).mappings()]


def holding(found: Iterable[Accreditation], *, industry: str | None, day: date) -> Accreditation | None:
    """Of one person's accreditations one that holds: of each number its latest that has begun counts."""
    latest: dict[str, Accreditation] = {}
    for one in sorted(found, key=lambda one: one.valid_from):
        if one.valid_from <= day:
            latest[one.number] = one
    return next((one for one in latest.values() if one.covers(industry, day)), None)


def check_accredited(session: Session, actor: str, *, industry: str | None, day: date) -> Accreditation:
    """The accreditation with which `actor` verifies a firm of that industry on the day; NotAccredited where there is none."""
    found = holding(accreditations(session, actor=actor), industry=industry, day=day)
    if found is None:
        raise NotAccredited(actor=actor, industry=industry, day=day.isoformat())
    return found
