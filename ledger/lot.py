"""Lots: units with a vintage, a project, an expiry and serials. Each serial lies on one account; retired it stays where it is for ever.

Units of a lot are alike, so a transfer names how many, and the serials are picked: the earliest expiry first, then the oldest vintage, lot
and serial (first in, first out), or those that the caller names. A range is split where a part of it moves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from ledger.detail import Detail, LotIssue, LotMove, Retirement
from ledger.entry import new_key, one_entry
from ledger.errors import LotMisused
from ledger.journal import Receipt, post
from ledger.principal import Principal


@dataclass(frozen=True, slots=True)
class Holding:
    """Serials `first` to `last` of lot `lot` on one account."""

    lot: int
    series: str
    first: int
    last: int
    vintage: int
    project: str
    expires_on: date | None
    account: str
    retired: bool

    @property
    def count(self) -> int:
        return self.last - self.first + 1


Serials = tuple[int, int, int]
"""A lot with the first and the last of its serials."""


def issue(
    session: Session, *, book: str, commodity: str, series: str, first: int, last: int, vintage: int, account: str, registry: str,
    principal: Principal, now: datetime, day: date, project: str = "", expires_on: date | None = None, unit: str | None = None,
    reference: str | None = None, key: bytes | None = None,
) -> Receipt:  # fmt: skip
    """Bring serials into being on `account`, against `registry`. Raises LotMisused where one was issued before."""
    if first < 1 or last < first:
        raise LotMisused(no=0, reference=reference, reason=f"serials run from 1 up, not {first}–{last}")
    said = Detail(
        issue=LotIssue(
            commodity=commodity, series=series, first=first, last=last, vintage=vintage, account=account, project=project,
            expires_on=expires_on,
        )
    )  # fmt: skip
    count = last - first + 1
    legs = [(account, commodity, count), (registry, commodity, -count)]
    batch = one_entry(
        key=key or new_key(), book=book, kind="issue", day=day, legs=legs, reference=reference, detail=said.text(),
        units={commodity: unit} if unit else None,
    )  # fmt: skip
    return post(session, batch, principal, now=now)


def transfer(
    session: Session, *, book: str, commodity: str, source: str, target: str, principal: Principal, now: datetime, day: date,
    count: int | None = None, serials: Sequence[Serials] = (), kind: str = "transfer", retires: Retirement | None = None,
    reference: str | None = None, key: bytes | None = None,
) -> Receipt:  # fmt: skip
    """Move `count` units, first in first out, or exactly `serials`, from one account to another; with `retires`, for ever.

    Raises LotMisused where the account has fewer, or other ones, or they expired or are retired.
    """
    picked = tuple(serials) or pick(session, account=source, commodity=commodity, count=count or 0, day=day, expired=_expires(retires))
    moves = tuple(LotMove(lot=lot, first=first, last=last, source=source, target=target) for lot, first, last in picked)
    moved = sum(move.last - move.first + 1 for move in moves)
    if not moves or any(move.last < move.first for move in moves):
        raise LotMisused(no=0, reference=reference, reason="name how many units, or their serials from the first to the last")
    legs = [(target, commodity, moved), (source, commodity, -moved)]
    said = Detail(moves=moves, retires=retires)
    batch = one_entry(key=key or new_key(), book=book, kind=kind, day=day, legs=legs, reference=reference, detail=said.text())
    return post(session, batch, principal, now=now)


def retire(
    session: Session, *, book: str, commodity: str, source: str, target: str, purpose: str, beneficiary: str, principal: Principal,
    now: datetime, day: date, count: int | None = None, serials: Sequence[Serials] = (), reference: str | None = None,
    key: bytes | None = None,
) -> Receipt:  # fmt: skip
    """Retire units to a purpose and a beneficiary, once and for ever; as `transfer`."""
    return transfer(
        session, book=book, commodity=commodity, source=source, target=target, principal=principal, now=now, day=day, count=count,
        serials=serials, kind="retire", retires=Retirement(purpose=purpose, beneficiary=beneficiary), reference=reference, key=key,
    )  # fmt: skip


def holdings(session: Session, *, account: str, commodity: str) -> list[Holding]:
    """What lies on an account, in the order in which it is picked."""
    rows = session.execute(
        sa.text(
            "SELECT p.lot_id, l.series, p.first, p.last, l.vintage, l.project, l.expires_on, a.name, "
            "EXISTS (SELECT 1 FROM retirement r WHERE r.lot_id = p.lot_id AND r.first <= p.last AND r.last >= p.first) "
            "FROM lot_place p JOIN lot l ON l.entry_id = p.lot_id JOIN account a ON a.id = p.account_id "
            "JOIN commodity c ON c.id = l.commodity_id WHERE a.name = :account AND c.code = :code"
        ),
        {"account": account, "code": commodity},
    )
    found = [
        Holding(
            lot=lot, series=series, first=first, last=last, vintage=vintage, project=project, account=name, retired=bool(gone),
            expires_on=date.fromisoformat(expires) if isinstance(expires, str) else expires,
        )
        for lot, series, first, last, vintage, project, expires, name, gone in rows
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.expires_on or date.max, one.vintage, one.lot, one.first))


def pick(session: Session, *, account: str, commodity: str, count: int, day: date, expired: bool = False) -> tuple[Serials, ...]:
    """The serials of `count` units that leave an account first. Raises LotMisused where it has fewer that are good on the day."""
    picked: list[Serials] = []
    left = count
    good = [
        one for one in holdings(session, account=account, commodity=commodity)
        if not one.retired and (expired or one.expires_on is None or day <= one.expires_on)
    ]  # fmt: skip
    for one in good:
        if left <= 0:
            break
        taken = min(left, one.count)
        picked.append((one.lot, one.first, one.first + taken - 1))
        left -= taken
    if left > 0 or count <= 0:
        has = sum(one.count for one in good)
        raise LotMisused(no=0, reference=None, reason=f"{account!r} has {has} {commodity} that are good on {day}, {count} were asked for")
    return tuple(picked)


def _expires(retires: Retirement | None) -> bool:
    return retires is not None and retires.purpose == "expire"
