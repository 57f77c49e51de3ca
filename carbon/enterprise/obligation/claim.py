"""One kWh feeds one mechanism: what a plant generated in a month, what of it certificates, CCER or PHCER took, and certificates from it.

Rows of `generation_claim` are only added: ``generated`` and ``discharged`` are what meters say (a correction is a row below zero), the
others are mechanisms. What a storage discharges was generated before and gives rise to nothing.
"""

import calendar
from collections.abc import Mapping
from datetime import date, datetime

import msgspec
import sqlalchemy as sa
from sqlmodel import Session

from carbon import chart, reach
from carbon.enterprise.authority import posting_for
from carbon.enterprise.errors import GenerationRefused, GenerationTaken
from carbon.enterprise.obligation import units
from carbon.enterprise.obligation.rules import Certificate, certificate, mechanisms
from carbon.enterprise.tables import GenerationRow
from carbon.holder import find_holder
from carbon.turn import take_turn
from ledger.errors import NotAllowed
from ledger.principal import Principal, Role
from ledger.types import period_of, table_of

GENERATED, DISCHARGED = "generated", "discharged"
PLANT_LENGTH = 60
KWH_MAX = 10**13
"""More than all plants of the world generate in a month."""


class Month(msgspec.Struct, frozen=True, kw_only=True):
    """A plant's month in kWh: generated, discharged from storage (which feeds nothing), taken by each mechanism, and what is free."""

    plant: str
    month: int
    holder: str
    generated: int
    discharged: int
    taken: dict[str, int]

    @property
    def free(self) -> int:
        return self.generated - sum(self.taken.values())


def meter(
    session: Session, principal: Principal, *, holder: str, plant: str, month: int, kwh: int, now: datetime, storage: bool = False
) -> Month:
    """Write what a plant generated in a month, or discharged from storage; a correction is below zero.

    Raises GenerationRefused (a plant of another, a month that is none), GenerationTaken where less would be left than is taken.
    """
    before = _before(session, principal, holder=holder, plant=plant, month=month, kwh=kwh, today=now.date())
    stands = before.discharged if storage else before.generated
    if stands + kwh < 0:
        raise GenerationRefused(plant=plant, field="kwh", reason=f"{stands} kWh stand in this month: a correction leaves no less than zero")
    if not storage and before.free + kwh < 0:
        raise GenerationTaken(
            plant=plant, month=month, mechanism="a correction", asked=kwh, generated=before.generated, taken=before.taken
        )  # fmt: skip
    return _write(session, principal, before, DISCHARGED if storage else GENERATED, kwh, now=now)


def claim(
    session: Session, principal: Principal, *, holder: str, plant: str, month: int, mechanism: str, kwh: int, now: datetime,
    entry: int | None = None,
) -> Month:  # fmt: skip
    """Take kWh of a month for a mechanism, once and for ever; `entry` is what was made of them.

    Raises GenerationTaken, which names what took the rest, and GenerationRefused.
    """
    if mechanism not in {one.id for one in mechanisms()}:
        reason = f"{mechanism[:20]!r} is none that a kWh may feed: one of {', '.join(one.id for one in mechanisms())}"
        raise GenerationRefused(plant=plant, field="mechanism", reason=reason)
    before = _before(session, principal, holder=holder, plant=plant, month=month, kwh=kwh, today=now.date())
    if kwh <= 0 or (mechanism == certificate().unit and kwh % certificate().kwh):
        reason = f"a claim is above zero and is not taken back; {certificate().unit} are whole, of {certificate().kwh} kWh each"
        raise GenerationRefused(plant=plant, field="kwh", reason=reason)
    if before.discharged and not before.generated:
        raise GenerationRefused(plant=plant, field="plant", reason="what a storage discharges was generated elsewhere: it feeds nothing")
    if kwh > before.free:
        raise GenerationTaken(
            plant=plant, month=month, mechanism=mechanism, asked=kwh, generated=before.generated, taken=before.taken
        )  # fmt: skip
    return _write(session, principal, before, mechanism, kwh, now=now, entry=entry)


def certify(
    session: Session, principal: Principal, *, holder: str, plant: str, month: int, count: int, now: datetime, day: date
) -> int:  # fmt: skip
    """Issue whole certificates of a plant's month and take their kWh, in one entry whose number is given back.

    The series is ``<plant>-<yyyymm>``, the vintage the month of generation, good for as long as the rule says from that month's end.
    Only the authority's registry issues (NotAllowed). Raises GenerationTaken, GenerationRefused.
    """
    rule = certificate()
    if count < 1:
        raise GenerationRefused(plant=plant, field="count", reason="certificates are whole, one at least")
    _check(plant, month, count * rule.kwh, today=now.date())
    if month < rule.from_month:
        raise GenerationRefused(plant=plant, field="month", reason=f"the rule {rule.id} holds from {rule.from_month} on")
    before = _month(session, principal, holder=holder, plant=plant, month=month)
    first = before.taken.get(rule.unit, 0) // rule.kwh + 1
    receipt = units.issue(
        session, principal, holder=holder, unit=rule.unit, series=f"{plant}-{month}", first=first, last=first + count - 1, vintage=month,
        expires_on=last_day(rule, month), project=plant, now=now, day=day, reference=f"{plant}/{month}",
    )  # fmt: skip
    kwh, poster = count * rule.kwh, posting_for(principal, holder, action="issue certificates")
    claim(session, poster, holder=holder, plant=plant, month=month, mechanism=rule.unit, kwh=kwh, now=now, entry=receipt.first_id)
    assert receipt.first_id is not None
    return receipt.first_id


def last_day(rule: Certificate, month: int) -> date:
    """The last day on which a certificate of that month is good."""
    year, at = divmod(month // 100 * 12 + month % 100 - 1 + rule.valid_months, 12)
    return date(year, at + 1, calendar.monthrange(year, at + 1)[1])


def months(session: Session, principal: Principal, *, holder: str) -> list[Month]:
    """Every month of every plant of a holder. Raises HolderNotFound."""
    find_holder(session, principal, holder)
    g = table_of(GenerationRow).c
    query = sa.select(g.plant, g.month, g.holder_id, g.mechanism, sa.func.sum(g.kwh)).where(g.holder_id == holder)
    query = reach.scoped(query.group_by(g.plant, g.month, g.holder_id, g.mechanism), principal, holder=g.holder_id)
    found: dict[tuple[str, int], dict[str, int]] = {}
    for plant, month, _, mechanism, kwh in session.execute(query.order_by(g.plant, g.month)):
        found.setdefault((plant, month), {})[mechanism] = int(kwh)
    return [_told(plant, month, holder, sums) for (plant, month), sums in found.items()]


def _month(session: Session, principal: Principal, *, holder: str, plant: str, month: int) -> Month:
    """The month as it stands; the plant is this holder's, and nobody else writes of it meanwhile."""
    find_holder(session, principal, holder)
    take_turn(session, f"plant/{plant}")
    g = table_of(GenerationRow).c
    owner = session.execute(sa.select(g.holder_id).where(g.plant == plant).limit(1)).scalar()
    if owner not in {None, holder}:
        raise GenerationRefused(plant=plant, field="plant", reason="it is another holder's: write it with the number of your own plant")
    query = sa.select(g.mechanism, sa.func.sum(g.kwh)).where(g.plant == plant, g.month == month).group_by(g.mechanism)
    return _told(plant, month, holder, {mechanism: int(kwh) for mechanism, kwh in session.execute(query)})


def _told(plant: str, month: int, holder: str, sums: Mapping[str, int]) -> Month:
    taken = {name: kwh for name, kwh in sums.items() if name not in {GENERATED, DISCHARGED}}
    return Month(plant=plant, month=month, holder=holder, generated=sums.get(GENERATED, 0), discharged=sums.get(DISCHARGED, 0), taken=taken)


def _before(session: Session, principal: Principal, *, holder: str, plant: str, month: int, kwh: int, today: date) -> Month:
    """The month before it is written of, by one who may, in numbers that a month can have."""
    find_holder(session, principal, holder)
    if principal.role not in {Role.ADMIN, Role.WRITER}:
        raise NotAllowed(actor=principal.actor, action="write of generation")
    _check(plant, month, kwh, today=today)
    return _month(session, principal, holder=holder, plant=plant, month=month)


def _check(plant: str, month: int, kwh: int, *, today: date) -> None:
    if not 1 <= len(plant) <= PLANT_LENGTH or chart.word(plant) != plant or not plant.isprintable():
        raise GenerationRefused(plant=plant, field="plant", reason=f"1 to {PLANT_LENGTH} characters without blanks, / and |")
    if not 1 <= month % 100 <= 12 or not 2000_01 <= month <= period_of(today):
        raise GenerationRefused(plant=plant, field="month", reason="a month is written yyyymm, and has begun")
    if not 0 < abs(kwh) < KWH_MAX:
        raise GenerationRefused(plant=plant, field="kwh", reason="whole kWh, not zero")


def _write(
    session: Session, principal: Principal, before: Month, mechanism: str, kwh: int, *, now: datetime, entry: int | None = None
) -> Month:
    g = table_of(GenerationRow).c
    last = sa.select(sa.func.coalesce(sa.func.max(g.no), 0)).where(g.plant == before.plant, g.month == before.month)
    row = {
        "plant": before.plant, "month": before.month, "no": int(session.execute(last).scalar_one()) + 1, "holder_id": before.holder,
        "mechanism": mechanism, "kwh": kwh, "entry_id": entry, "actor": principal.actor, "said_at": now,
    }  # fmt: skip
    session.execute(sa.insert(table_of(GenerationRow)).values(row))
    sums = {GENERATED: before.generated, DISCHARGED: before.discharged, **before.taken}
    return _told(before.plant, before.month, before.holder, {**sums, mechanism: sums.get(mechanism, 0) + kwh})
