"""What a firm owes to a programme for a year, in the book: the obligation, and units surrendered against it in one entry.

Two floors in the ledger stand behind the refusals here: an obligation never falls below zero, and of offsets no more lie retired for it
than the year's limit. Both hold against whoever posts by another way.
"""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec
import sqlalchemy as sa
from sqlmodel import Session

from carbon import chart
from carbon.enterprise.errors import BadUnit, ObligationExceeded, OffsetLimit, UnitsMissing
from carbon.enterprise.obligation.rules import Programme, Rule
from carbon.enterprise.obligation.statement import Given, Held, holding
from carbon.enterprise.obligation.units import BOOK, Found, Range, commodities, named
from ledger import lot
from ledger.detail import Detail, LotMove, Retirement
from ledger.entry import new_key, one_entry
from ledger.journal import post
from ledger.opening import AccountOpening, open_accounts
from ledger.principal import Principal
from ledger.tables import AccountRow, BalanceRow, CommodityRow
from ledger.types import table_of


class Surrendered(msgspec.Struct, frozen=True, kw_only=True):
    """One surrender: its entry, the units by commodity and vintage, what is still owed, and how many days late it was."""

    entry: int
    units: tuple[Given, ...]
    left_t: int
    late_days: int


def owe(
    session: Session, principal: Principal, *, programme: Programme, rule: Rule, holder: str, year: int, obligation_t: int, now: datetime,
    day: date,
) -> int | None:  # fmt: skip
    """Book the obligation of a year, or what it changed by, and rule both floors. The entry, or None where nothing changed.

    An obligation that turns out smaller than what was surrendered stays at that: what is retired stays retired.
    """
    account, duty = chart.obligation(holder, year), programme.duty
    done = given(session, programme, holder=holder, year=year)
    booked = owed(session, programme, holder=holder, year=year) + sum(one.count for one in done)
    change = max(obligation_t, sum(one.count for one in done)) - booked
    used = sum(one.count for one in done if one.unit == rule.offset.unit)
    to = chart.surrendered(programme.id, year, holder)
    floor = -max(rule.offset.limit(obligation_t), used)
    if change or not booked:
        openings = [
            AccountOpening(book=BOOK, name=account, commodity=duty, unit="t", side="credit", floor=0),
            AccountOpening(book=BOOK, name=to, commodity=rule.offset.unit, unit="t", side="credit", floor=floor),
        ]
        open_accounts(session, openings, principal, now=now, day=day)
    if not change:
        return None
    legs = [(chart.obligations(programme.id, year), duty, change), (account, duty, -change)]
    batch = one_entry(key=new_key(), book=BOOK, kind="obligation", day=day, legs=legs, units={duty: "t"}, reference=rule.id)
    return post(session, batch, principal, now=now).first_id


def surrender(
    session: Session, principal: Principal, *, programme: Programme, rule: Rule, holder: str, year: int, limit_t: int, allowances: int,
    offsets: int, ranges: Sequence[Range], now: datetime, day: date, beneficiary: str | None = None,
) -> Surrendered:  # fmt: skip
    """Surrender so many allowances and offsets, the oldest first, or exactly the serials of `ranges`, in one entry.

    Raises ObligationExceeded, OffsetLimit, UnitsMissing (too few that may be used), BadUnit, SerialUsed. The caller has taken the turn
    ``units/<holder>`` and asked whether the principal may.
    """
    account = chart.units(holder)
    here = stock(session, programme, rule, holder=holder, year=year, day=day)
    if ranges:
        picked = named(session, account=account, ranges=ranges)
        _usable(picked, here)
    else:
        picked = [
            *_first_of(here, programme.allowance, allowances, offset=False, rule=rule),
            *_first_of(here, rule.offset.unit, offsets, offset=True, rule=rule),
        ]  # fmt: skip
    total = sum(one.count for one in picked)
    asked = sum(one.count for one in picked if one.unit == rule.offset.unit)
    used = sum(one.count for one in given(session, programme, holder=holder, year=year) if one.unit == rule.offset.unit)
    left = owed(session, programme, holder=holder, year=year)
    if used + asked > limit_t:
        raise OffsetLimit(unit=rule.offset.unit, year=year, asked=asked, used=used, limit=limit_t)
    if total > left:
        raise ObligationExceeded(year=year, asked=total, left=left)
    if not total:
        raise UnitsMissing(unit=programme.allowance, has=0, asked=0)
    entry = _post(session, principal, programme, picked, holder=holder, year=year, now=now, day=day, beneficiary=beneficiary or holder)
    made = tuple(one for one in given(session, programme, holder=holder, year=year) if one.entry == entry)
    return Surrendered(entry=entry, units=made, left_t=left - total, late_days=max(0, (day - rule.due(year).day).days))


def _post(
    session: Session, principal: Principal, programme: Programme, picked: Sequence[Found], *, holder: str, year: int, now: datetime,
    day: date, beneficiary: str,
) -> int:  # fmt: skip
    """One entry: the units to where they lie for ever, the obligation to what it was of."""
    source, target = chart.units(holder), chart.surrendered(programme.id, year, holder)
    counts: dict[str, int] = {}
    for one in picked:
        counts[one.unit] = counts.get(one.unit, 0) + one.count
    total = sum(counts.values())
    legs = [leg for unit, count in sorted(counts.items()) for leg in ((target, unit, count), (source, unit, -count))]
    legs += [(chart.obligation(holder, year), programme.duty, total), (chart.obligations(programme.id, year), programme.duty, -total)]
    moves = tuple(LotMove(lot=one.lot, first=one.first, last=one.last, source=source, target=target) for one in picked)
    said = Detail(moves=moves, retires=Retirement(purpose="surrender", beneficiary=beneficiary))
    batch = one_entry(
        key=new_key(), book=BOOK, kind="surrender", day=day, legs=legs, detail=said.text(), reference=f"{programme.id}/{year}"
    )
    entry = post(session, batch, principal, now=now).first_id
    assert entry is not None
    return entry


def stock(session: Session, programme: Programme, rule: Rule, *, holder: str, year: int, day: date) -> list[tuple[Held, lot.Holding]]:
    """What lies on a holder's account, with what keeps it from being surrendered for the year on the day; oldest vintages first."""
    account = chart.units(holder)
    found = [
        (
            holding(
                programme, rule, unit=unit, vintage=one.vintage, count=one.count, year=year, day=day,
                expired=one.expires_on is not None and one.expires_on < day,
            ),
            one,
        )
        for unit in commodities(session, account)
        for one in lot.holdings(session, account=account, commodity=unit)
        if not one.retired
    ]  # fmt: skip
    return sorted(found, key=lambda pair: (pair[1].vintage, pair[1].expires_on or date.max, pair[1].lot, pair[1].first))


def given(session: Session, programme: Programme, *, holder: str, year: int) -> list[Given]:
    """What was surrendered for a year, in the order of the log."""
    rows = session.execute(
        sa.text(
            "SELECT m.entry_id, e.day, c.code, l.vintage, sum(m.last - m.first + 1) FROM lot_move m JOIN account a ON a.id = m.to_id "
            "JOIN lot l ON l.entry_id = m.lot_id JOIN commodity c ON c.id = l.commodity_id JOIN entry e ON e.id = m.entry_id "
            "WHERE a.name = :account GROUP BY m.entry_id, e.day, c.code, l.vintage ORDER BY m.entry_id, c.code, l.vintage"
        ),
        {"account": chart.surrendered(programme.id, year, holder)},
    )
    return [
        Given(entry=entry, day=day if isinstance(day, date) else date.fromisoformat(day), unit=unit, vintage=vintage, count=int(count))
        for entry, day, unit, vintage, count in rows
    ]


def _first_of(here: Sequence[tuple[Held, lot.Holding]], name: str, count: int, *, offset: bool, rule: Rule) -> list[Found]:
    """The first `count` units that may be used, of offsets or of allowances."""
    if count < 0:
        raise UnitsMissing(unit=name, has=0, asked=count)
    alike = [(told, one) for told, one in here if (told.unit == rule.offset.unit) == offset and told.unusable != "no unit of the programme"]
    good = [(told, one) for told, one in alike if not told.unusable]
    picked: list[Found] = []
    left = count
    for told, one in good:
        if left:
            taken = min(left, one.count)
            picked.append(Found(unit=told.unit, lot=one.lot, first=one.first, last=one.first + taken - 1))
            left -= taken
    if left:
        has = sum(one.count for _, one in good)
        raise UnitsMissing(unit=name, has=has, asked=count, unusable=sum(one.count for _, one in alike) - has)
    return picked


def _usable(picked: Sequence[Found], here: Sequence[tuple[Held, lot.Holding]]) -> None:
    for one in picked:
        told = next(held for held, at in here if at.lot == one.lot and at.first <= one.first and one.last <= at.last)
        if told.unusable:
            raise BadUnit(unit=one.unit, reason=f"vintage {told.vintage} may not be surrendered for this year: {told.unusable}")


def owed(session: Session, programme: Programme, *, holder: str, year: int) -> int:
    """Tonnes that are still to be surrendered for a year: the balance of the obligation."""
    a, b, c = table_of(AccountRow).c, table_of(BalanceRow).c, table_of(CommodityRow).c
    query = (
        sa.select(b.amount)
        .join_from(table_of(AccountRow), table_of(BalanceRow), b.account_id == a.id)
        .join(table_of(CommodityRow), c.id == a.commodity_id)
        .where(a.name == chart.obligation(holder, year), c.code == programme.duty)
    )
    return -int(session.execute(query).scalar() or 0)
