"""Allowances of older vintages carried over into a later year (结转), as far as the rule of that year lets them be.

The rule is data (`rules.Banking`): a base and so much for each tonne that the holder sold more of these vintages than it bought, as the
book holds the trades. What is carried is retired as the old vintage (purpose ``carry-<year>``) and comes into being again, serial by
serial, as the new one; its series says where it came from (``<vintage>/<series>``). What is not carried may not be surrendered for the
later year (`statement.holding`). The registry carries, so the authority does.
"""

from collections.abc import Sequence
from datetime import date, datetime
from fractions import Fraction
from math import floor

import msgspec
import sqlalchemy as sa
from sqlmodel import Session

from carbon import chart
from carbon.enterprise.authority import posting_for
from carbon.enterprise.errors import BadUnit, BankingLimit, UnitsMissing
from carbon.enterprise.obligation import units
from carbon.enterprise.obligation.rules import Banking, Programme, programme, rule
from carbon.enterprise.obligation.units import BOOK, Range
from carbon.holder import find_holder
from carbon.turn import take_turn
from ledger import lot
from ledger.principal import Principal
from ledger.tables import RetirementRow
from ledger.types import table_of


class Banked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of older vintages a holder may carry over into a year: `base_t` + `per_net_sale` × `net_sold_t` is `limit_t`, of which
    `carried_t` are carried. All in whole tonnes, the limit rounded down; `mark` and `source` are the rule's."""

    year: int
    from_vintage: int
    to_vintage: int
    base_t: int
    per_net_sale: str
    net_sold_t: int
    limit_t: int
    carried_t: int
    mark: str
    source: str


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """What was carried over: the entries that retired it, by commodity, and those that brought it into being again."""

    retired: tuple[int, ...]
    issued: tuple[int, ...]
    banked: Banked


def banked(session: Session, scheme: Programme, how: Banking, *, holder: str, year: int) -> Banked:
    """What a holder may carry over into the year and has carried."""
    sold = net_sold(session, scheme, how, holder=holder)
    return Banked(
        year=year, from_vintage=how.from_vintage, to_vintage=how.to_vintage, base_t=how.base_t, per_net_sale=how.per_net_sale,
        net_sold_t=sold, limit_t=limit_t(how, sold), carried_t=_carried(session, holder=holder, year=year), mark=how.mark,
        source=how.source,
    )  # fmt: skip


def limit_t(how: Banking, sold_t: int) -> int:
    """Whole tonnes that may be carried over by who sold so many tonnes net; buying more than selling takes nothing away."""
    return how.base_t + floor(Fraction(how.per_net_sale) * max(0, sold_t))


def net_sold(session: Session, scheme: Programme, how: Banking, *, holder: str) -> int:
    """Tonnes of the rule's vintages that the holder passed on to other holders less what these passed on to it."""
    own = chart.units(holder)
    query = sa.text(
        "SELECT coalesce(sum(CASE WHEN f.name = :own THEN m.last - m.first + 1 ELSE m.first - m.last - 1 END), 0) "
        "FROM lot_move m JOIN account f ON f.id = m.from_id JOIN account t ON t.id = m.to_id JOIN lot l ON l.entry_id = m.lot_id "
        "JOIN commodity c ON c.id = l.commodity_id "
        "WHERE ((f.name = :own AND t.name LIKE :others) OR (t.name = :own AND f.name LIKE :others)) "
        "AND c.code LIKE :allowance AND l.vintage BETWEEN :first AND :last"
    )
    said = {
        "own": own, "others": chart.units("%"), "allowance": f"{scheme.allowance}.%", "first": how.from_vintage, "last": how.to_vintage,
    }  # fmt: skip
    return int(session.execute(query, said).scalar_one())


def carry(
    session: Session, principal: Principal, *, holder: str, programme_id: str, sector: str, year: int, now: datetime, day: date,
    count: int | None = None, ranges: Sequence[Range] = (), reference: str | None = None,
) -> Carried:  # fmt: skip
    """Carry so many allowances over into the year, the oldest vintage first, or exactly the serials of `ranges`.

    Raises HolderNotFound, NotAllowed, NoRule, BadUnit where the rule banks nothing or a vintage is not one it carries, BankingLimit,
    UnitsMissing, SerialUsed.
    """
    scheme, ruled = programme(programme_id), rule(programme_id, sector=sector, year=year)
    find_holder(session, principal, holder)
    poster = posting_for(principal, holder, action="carry allowances over")
    how = ruled.banking
    if how is None:
        raise BadUnit(unit=scheme.allowance, reason=f"{ruled.id} limits no carrying over: older vintages are surrendered as they are")
    take_turn(session, f"units/{holder}")
    picked = _picked(session, scheme, how, holder=holder, day=day, count=count, ranges=ranges)
    asked, stands = sum(one.count for _, one in picked), banked(session, scheme, how, holder=holder, year=year)
    if stands.carried_t + asked > stands.limit_t:
        raise BankingLimit(year=year, asked=asked, carried=stands.carried_t, limit=stands.limit_t, base=how.base_t, sold=stands.net_sold_t)
    retired = [_retire(session, poster, unit, picked, scheme, holder=holder, year=year, now=now, day=day) for unit in _by_unit(picked)]
    issued = [_issue(session, principal, one, scheme, holder=holder, year=year, now=now, day=day, reference=reference) for _, one in picked]
    return Carried(
        retired=tuple(retired), issued=tuple(issued), banked=banked(session, scheme, how, holder=holder, year=year)
    )  # fmt: skip


Picked = tuple[str, lot.Holding]
"""A commodity and serials of it that lie together."""


def _picked(
    session: Session, scheme: Programme, how: Banking, *, holder: str, day: date, count: int | None, ranges: Sequence[Range]
) -> list[Picked]:
    """The serials to carry over, of the vintages that the rule carries, oldest first."""
    account = chart.units(holder)
    here = [
        (unit, one)
        for unit in units.commodities(session, account)
        for one in lot.holdings(session, account=account, commodity=unit)
        if unit.startswith(f"{scheme.allowance}.") and not one.retired and (one.expires_on is None or one.expires_on >= day)
    ]
    good = sorted(
        ((unit, one) for unit, one in here if how.carries(one.vintage)), key=lambda pair: (pair[1].vintage, pair[1].lot, pair[1].first)
    )
    if ranges:
        return [_named(found, good, how) for found in units.named(session, account=account, ranges=ranges)]
    picked, left = [], count or 0
    for unit, one in good:
        if left > 0:
            taken = min(left, one.count)
            picked.append((unit, _part(one, one.first, one.first + taken - 1)))
            left -= taken
    if left > 0 or not picked:
        has = sum(one.count for _, one in good)
        raise UnitsMissing(unit=scheme.allowance, has=has, asked=count or 0, unusable=sum(one.count for _, one in here) - has)
    return picked


def _named(found: units.Found, good: Sequence[Picked], how: Banking) -> Picked:
    for unit, one in good:
        if one.lot == found.lot and one.first <= found.first and found.last <= one.last:
            return unit, _part(one, found.first, found.last)
    raise BadUnit(unit=found.unit, reason=f"vintages {how.from_vintage} to {how.to_vintage} that are still good are carried over")


def _part(one: lot.Holding, first: int, last: int) -> lot.Holding:
    return lot.Holding(one.lot, one.series, first, last, one.vintage, one.project, one.expires_on, one.account, one.retired)


def _by_unit(picked: Sequence[Picked]) -> list[str]:
    return sorted({unit for unit, _ in picked})


def _retire(
    session: Session, poster: Principal, unit: str, picked: Sequence[Picked], scheme: Programme, *, holder: str, year: int, now: datetime,
    day: date,
) -> int:  # fmt: skip
    purpose = f"carry-{year}"
    done = lot.retire(
        session, book=BOOK, commodity=unit, source=chart.units(holder), target=chart.retired(scheme.allowance, purpose), purpose=purpose,
        beneficiary=holder, serials=[(one.lot, one.first, one.last) for of, one in picked if of == unit], principal=poster, now=now,
        day=day, reference=f"{scheme.id}/{year}",
    )  # fmt: skip
    assert done.first_id is not None
    return done.first_id


def _issue(
    session: Session, principal: Principal, one: lot.Holding, scheme: Programme, *, holder: str, year: int, now: datetime, day: date,
    reference: str | None,
) -> int:  # fmt: skip
    done = units.issue(
        session, principal, holder=holder, unit=f"{scheme.allowance}.{year}", series=f"{one.vintage}/{one.series}", first=one.first,
        last=one.last, vintage=year, project=one.project, expires_on=one.expires_on, now=now, day=day,
        reference=reference or f"{scheme.id}/{year}",
    )  # fmt: skip
    assert done.first_id is not None
    return done.first_id


def _carried(session: Session, *, holder: str, year: int) -> int:
    r = table_of(RetirementRow).c
    query = sa.select(sa.func.coalesce(sa.func.sum(r.last - r.first + 1), 0))
    return int(session.execute(query.where(r.purpose == f"carry-{year}", r.beneficiary == holder)).scalar_one())
