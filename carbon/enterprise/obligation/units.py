"""Allowances, credits and certificates as lots of the book `units`: issued, passed on, cancelled, claimed, expired.

Units are whole and each serial lies in one place. Which serials go is told by name, or the earliest expiry and the oldest vintage go first
(`ledger.lot`).
"""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec
import sqlalchemy as sa
from sqlmodel import Session

from carbon import chart
from carbon.enterprise.authority import posting_for
from carbon.enterprise.errors import BadUnit, SerialUsed, UnitsMissing
from carbon.holder import find_holder
from carbon.turn import take_turn
from ledger import lot
from ledger.errors import NotAllowed
from ledger.journal import Receipt
from ledger.principal import Principal, Role
from ledger.tables import AccountRow, CommodityRow
from ledger.types import table_of

BOOK = "units"
SIZES = {"CEA": "t", "CCER": "t", "GEC": "certificate"}
"""The unit in which each mechanism's units are counted: whole tonnes, and certificates of 1 MWh."""
SERIAL_MAX = 10**15
"""More units than any registry will number: no sum of them leaves 64 bits."""


class Range(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Serials `first` to `last` of a series of a commodity."""

    unit: str
    series: str
    first: int
    last: int


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Serials that lie together on the account asked about, with their lot."""

    unit: str
    lot: int
    first: int
    last: int

    @property
    def count(self) -> int:
        return self.last - self.first + 1


def mechanism(unit: str) -> str:
    """The mechanism of a commodity: ``CEA`` of ``CEA.2024``. Raises BadUnit for what is none of SIZES."""
    name = unit.partition(".")[0]
    if name not in SIZES:
        raise BadUnit(unit=unit, reason=f"units are of {', '.join(SIZES)}")
    return name


def issue(
    session: Session, principal: Principal, *, holder: str, unit: str, series: str, first: int, last: int, vintage: int, now: datetime,
    day: date, project: str = "", expires_on: date | None = None, reference: str | None = None,
) -> Receipt:  # fmt: skip
    """Issue units to a holder, as the authority's registry does. Allowances are ``CEA.<vintage>``.

    Raises HolderNotFound, NotAllowed, BadUnit, SerialUsed where a serial was issued before.
    """
    poster = posting_for(principal, holder, action="issue units")
    find_holder(session, principal, holder)
    name = mechanism(unit)
    if name == "CEA" and unit != f"CEA.{vintage}":
        raise BadUnit(unit=unit, reason=f"allowances of {vintage} are CEA.{vintage}")
    asked = Range(unit=unit, series=series, first=first, last=last)
    _check(asked)
    take_turn(session, f"issue/{unit}")
    taken = _placed(session, asked)
    if taken:
        again = (max(first, taken[0].first), min(last, taken[0].last))
        raise SerialUsed(unit=unit, series=series, first=again[0], last=again[1], reason="it was issued before")
    return lot.issue(
        session, book=BOOK, commodity=unit, series=series, first=first, last=last, vintage=vintage, account=chart.units(holder),
        registry=chart.issued(name), principal=poster, now=now, day=day, project=project, expires_on=expires_on,
        unit=SIZES[name], reference=reference,
    )  # fmt: skip


def transfer(
    session: Session, principal: Principal, *, holder: str, to: str, unit: str, now: datetime, day: date, count: int | None = None,
    ranges: Sequence[Range] = (), reference: str | None = None,
) -> Receipt:  # fmt: skip
    """Pass units on to another holder. Raises HolderNotFound, UnitsMissing, SerialUsed, LotMisused (expired)."""
    serials = _leaving(session, principal, holder=holder, unit=unit, count=count, ranges=ranges, day=day)
    _known(session, principal, to)
    if to == holder:
        raise BadUnit(unit=unit, reason="they lie with this holder: name another")
    return lot.transfer(
        session, book=BOOK, commodity=unit, source=chart.units(holder), target=chart.units(to), serials=serials, principal=principal,
        now=now, day=day, reference=reference,
    )  # fmt: skip


def cancel(
    session: Session, principal: Principal, *, holder: str, unit: str, now: datetime, day: date, count: int | None = None,
    ranges: Sequence[Range] = (), beneficiary: str | None = None, reference: str | None = None,
) -> Receipt:  # fmt: skip
    """Cancel units of one's own will, for ever, for a beneficiary (a holder's id; without one the holder). Raises as `transfer`."""
    return _retire(
        session, principal, "cancel", holder=holder, unit=unit, now=now, day=day, count=count, ranges=ranges, beneficiary=beneficiary,
        reference=reference,
    )  # fmt: skip


def claim(
    session: Session, principal: Principal, *, holder: str, year: int, now: datetime, day: date, count: int | None = None,
    ranges: Sequence[Range] = (), unit: str = "GEC", beneficiary: str | None = None, reference: str | None = None,
) -> Receipt:  # fmt: skip
    """Claim certificates for the power used in a year, for ever: the purpose is ``claim-<year>``. Raises as `transfer`."""
    return _retire(
        session, principal, f"claim-{year}", holder=holder, unit=unit, now=now, day=day, count=count, ranges=ranges,
        beneficiary=beneficiary, reference=reference,
    )  # fmt: skip


def expire(session: Session, principal: Principal, *, holder: str, now: datetime, day: date) -> list[Receipt]:
    """Retire what has expired of a holder's units by `day`, one entry for each commodity. Raises HolderNotFound, NotAllowed."""
    _writer(session, principal, holder)
    account = chart.units(holder)
    receipts = []
    for unit in commodities(session, account):
        here = lot.holdings(session, account=account, commodity=unit)
        late = [one for one in here if one.expires_on is not None and one.expires_on < day]
        if late:
            receipts.append(
                lot.retire(
                    session, book=BOOK, commodity=unit, source=account, target=chart.retired(mechanism(unit), "expire"), purpose="expire",
                    beneficiary=holder, serials=[(one.lot, one.first, one.last) for one in late], principal=principal, now=now, day=day,
                )
            )  # fmt: skip
    return receipts


def held(session: Session, principal: Principal, *, holder: str) -> list[tuple[str, lot.Holding]]:
    """What lies on a holder's account, by commodity, in the order in which it goes. Raises HolderNotFound."""
    find_holder(session, principal, holder)
    account = chart.units(holder)
    return [(unit, one) for unit in commodities(session, account) for one in lot.holdings(session, account=account, commodity=unit)]


def claimed(session: Session, principal: Principal, *, holder: str, year: int) -> list[Range]:
    """The certificates that are retired for the power a holder used in a year, whoever held them before. Raises HolderNotFound."""
    find_holder(session, principal, holder)
    rows = session.execute(
        sa.text(
            "SELECT c.code, l.series, r.first, r.last FROM retirement r JOIN lot l ON l.entry_id = r.lot_id "
            "JOIN commodity c ON c.id = l.commodity_id WHERE r.purpose = :purpose AND r.beneficiary = :holder "
            "ORDER BY c.code, l.series, r.first"
        ),
        {"purpose": f"claim-{year}", "holder": holder},
    )
    return [Range(unit=unit, series=series, first=first, last=last) for unit, series, first, last in rows]


def commodities(session: Session, account: str) -> list[str]:
    """The commodities in which an account is kept, by name."""
    a, c = table_of(AccountRow).c, table_of(CommodityRow).c
    query = sa.select(c.code).join_from(table_of(AccountRow), table_of(CommodityRow), c.id == a.commodity_id).where(a.name == account)
    return sorted(session.execute(query).scalars())


def named(session: Session, *, account: str, ranges: Sequence[Range]) -> list[Found]:
    """The serials that were named, if all of them lie on the account. Raises SerialUsed with the first that does not, and why."""
    found: list[Found] = []
    for asked in ranges:
        _check(asked)
        at = asked.first
        for one in _placed(session, asked):
            first, last = max(asked.first, one.first), min(asked.last, one.last)
            if first > at:
                break
            reason = _elsewhere(one, account) or ("it is named twice" if _overlap(found, asked.unit, one.lot, first, last) else "")
            if reason:
                raise SerialUsed(unit=asked.unit, series=asked.series, first=first, last=last, reason=reason)
            found.append(Found(unit=asked.unit, lot=one.lot, first=first, last=last))
            at = last + 1
        if at <= asked.last:
            raise SerialUsed(unit=asked.unit, series=asked.series, first=at, last=asked.last, reason="it was never issued")
    return found


def _check(asked: Range) -> None:
    if not asked.series.strip():
        raise BadUnit(unit=asked.unit, reason="units have a series")
    if not 0 < asked.first <= asked.last <= SERIAL_MAX:
        raise BadUnit(unit=asked.unit, reason=f"serials run from 1 up to {SERIAL_MAX}, the first before the last")


def _overlap(found: Sequence[Found], unit: str, at: int, first: int, last: int) -> bool:
    return any(one.unit == unit and one.lot == at and one.first <= last and one.last >= first for one in found)


def _elsewhere(one: "_Place", account: str) -> str:
    if one.purpose is not None:
        return f"it was retired for {one.purpose} by entry {one.entry}, once and for ever"
    return "" if one.account == account else "it lies with another holder"


class _Place(msgspec.Struct, frozen=True):
    lot: int
    first: int
    last: int
    account: str
    purpose: str | None
    entry: int | None


def _placed(session: Session, asked: Range) -> list[_Place]:
    """Where the serials of a range lie, in their order."""
    rows = session.execute(
        sa.text(
            "SELECT p.lot_id, p.first, p.last, a.name, r.purpose, r.entry_id FROM lot_place p JOIN lot l ON l.entry_id = p.lot_id "
            "JOIN commodity c ON c.id = l.commodity_id JOIN account a ON a.id = p.account_id "
            "LEFT JOIN retirement r ON r.lot_id = p.lot_id AND r.first <= p.last AND r.last >= p.first "
            "WHERE c.code = :unit AND l.series = :series AND p.first <= :last AND p.last >= :first ORDER BY p.first"
        ),
        {"unit": asked.unit, "series": asked.series, "first": asked.first, "last": asked.last},
    )
    return [_Place(*row) for row in rows]


def _leaving(
    session: Session, principal: Principal, *, holder: str, unit: str, count: int | None, ranges: Sequence[Range], day: date
) -> list[lot.Serials]:
    """The serials that leave a holder's account."""
    _writer(session, principal, holder)
    account = chart.units(holder)
    if ranges:
        if any(one.unit != unit for one in ranges):
            raise BadUnit(unit=unit, reason="serials of one commodity are named at a time")
        return [(one.lot, one.first, one.last) for one in named(session, account=account, ranges=ranges)]
    here = [one for one in lot.holdings(session, account=account, commodity=unit) if not one.retired]
    has = sum(one.count for one in here if one.expires_on is None or one.expires_on >= day)
    if count is None or count < 1 or count > has:
        raise UnitsMissing(unit=unit, has=has, asked=count or 0, unusable=sum(one.count for one in here) - has)
    return list(lot.pick(session, account=account, commodity=unit, count=count, day=day))


def _retire(
    session: Session, principal: Principal, purpose: str, *, holder: str, unit: str, now: datetime, day: date, count: int | None,
    ranges: Sequence[Range], beneficiary: str | None, reference: str | None,
) -> Receipt:  # fmt: skip
    serials = _leaving(session, principal, holder=holder, unit=unit, count=count, ranges=ranges, day=day)
    if beneficiary is not None:
        _known(session, principal, beneficiary)
    return lot.retire(
        session, book=BOOK, commodity=unit, source=chart.units(holder), target=chart.retired(mechanism(unit), purpose), purpose=purpose,
        beneficiary=beneficiary or holder, serials=serials, principal=principal, now=now, day=day, reference=reference,
    )  # fmt: skip


def _writer(session: Session, principal: Principal, holder: str) -> None:
    """The principal may move the holder's units, and does so alone."""
    find_holder(session, principal, holder)
    if principal.role not in {Role.ADMIN, Role.WRITER}:
        raise NotAllowed(actor=principal.actor, action="move units")
    take_turn(session, f"units/{holder}")


def _known(session: Session, principal: Principal, holder: str) -> None:
    """There is such a holder, within the principal's reach or not: who passes units on has to know the id."""
    find_holder(session, Principal(actor=principal.actor, role=principal.role), holder)
