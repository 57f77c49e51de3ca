"""Holds: an amount set aside on the account beside, then settled in part or whole, released, or expired.

A hold is an entry like any other: it moves the amount from an account to its held account, ``<account>/held``. What the account itself
holds is available; with the held account it is booked. So the floor of an account keeps holds from promising the same twice.
"""

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from ledger.detail import Detail, Hold, HoldEnd
from ledger.entry import new_key, one_entry
from ledger.errors import HoldNotOpen
from ledger.journal import Receipt, post
from ledger.principal import Principal

HELD = "held"


def held_account(account: str) -> str:
    """The account that keeps what is set aside of `account`."""
    return f"{account}/{HELD}"


@dataclass(frozen=True, slots=True)
class OpenHold:
    """A hold with what it still holds; `id` is its entry."""

    id: int
    book: str
    account: str
    commodity: str
    amount: int
    left: int
    expires_on: date | None


def place_hold(
    session: Session, *, book: str, account: str, commodity: str, amount: int, principal: Principal, now: datetime, day: date,
    expires_on: date | None = None, reference: str | None = None, key: bytes | None = None,
) -> Receipt:  # fmt: skip
    """Set `amount` (signed as the account's balance is) aside. Raises Overdraft where the account's floor does not let it."""
    held = held_account(account)
    said = Detail(hold=Hold(account=account, held=held, commodity=commodity, amount=abs(amount), expires_on=expires_on))
    legs = [(held, commodity, amount), (account, commodity, -amount)]
    batch = one_entry(key=key or new_key(), book=book, kind="hold", day=day, legs=legs, reference=reference, detail=said.text())
    return post(session, batch, principal, now=now)


def settle(
    session: Session, hold_id: int, *, to: str, principal: Principal, now: datetime, day: date, amount: int | None = None,
    reference: str | None = None, key: bytes | None = None,
) -> Receipt:  # fmt: skip
    """Move what is held, or `amount` of it, to the account `to`. Raises HoldNotOpen where less is held, or the hold has expired."""
    return _end(session, hold_id, "settle", to=to, principal=principal, now=now, day=day, amount=amount, reference=reference, key=key)


def release(
    session: Session, hold_id: int, *, principal: Principal, now: datetime, day: date, amount: int | None = None,
    reference: str | None = None, key: bytes | None = None,
) -> Receipt:  # fmt: skip
    """Give back what is held, or `amount` of it. Raises HoldNotOpen."""
    return _end(session, hold_id, "release", to=None, principal=principal, now=now, day=day, amount=amount, reference=reference, key=key)


def expire_holds(session: Session, *, principal: Principal, now: datetime, day: date) -> list[Receipt]:
    """Give back what is left of every hold whose last day lies before `day`, each by an entry of its own."""
    late = [hold for hold in open_holds(session) if hold.expires_on is not None and hold.expires_on < day]
    return [_end(session, hold.id, "expire", to=None, principal=principal, now=now, day=day) for hold in late]


def open_holds(session: Session, *, account: str | None = None) -> list[OpenHold]:
    """The holds of an account, or of all, that still hold something, the oldest first."""
    where = "WHERE a.name = :account" if account else ""
    rows = session.execute(
        sa.text(
            "SELECT h.entry_id, a.book, a.name, c.code, h.amount, h.amount - coalesce(sum(e.amount), 0), h.expires_on FROM hold h "
            "JOIN account a ON a.id = h.account_id JOIN commodity c ON c.id = a.commodity_id "
            "LEFT JOIN hold_end e ON e.hold_id = h.entry_id "
            f"{where} GROUP BY h.entry_id, a.book, a.name, c.code, h.amount, h.expires_on ORDER BY h.entry_id"
        ),
        {"account": account} if account else {},
    )
    return [
        OpenHold(id_, book, name, code, int(amount), int(left), _day(expires))
        for id_, book, name, code, amount, left, expires in rows
        if left
    ]


def _end(
    session: Session, hold_id: int, kind: str, *, to: str | None, principal: Principal, now: datetime, day: date,
    amount: int | None = None, reference: str | None = None, key: bytes | None = None,
) -> Receipt:  # fmt: skip
    found = session.execute(
        sa.text(
            "SELECT a.book, a.name, c.code, p.amount, h.amount - "
            "(SELECT coalesce(sum(amount), 0) FROM hold_end WHERE hold_id = h.entry_id) FROM hold h "
            "JOIN account a ON a.id = h.account_id JOIN commodity c ON c.id = a.commodity_id "
            "JOIN posting p ON p.account_id = h.held_id AND p.entry_id = h.entry_id WHERE h.entry_id = :id"
        ),
        {"id": hold_id},
    ).one_or_none()
    if found is None:
        raise HoldNotOpen(hold=hold_id, reason="there is no such hold in this book")
    book, account, commodity, signed, left = found
    part = int(left) if amount is None else amount
    if part <= 0:
        raise HoldNotOpen(
            hold=hold_id, reason="nothing is held any more" if amount is None else "an amount to settle or release is positive"
        )
    moved = part if signed > 0 else -part
    said = Detail(end=HoldEnd(hold=hold_id, kind=kind, amount=part))
    legs = [(to or account, commodity, moved), (held_account(account), commodity, -moved)]
    batch = one_entry(key=key or new_key(), book=book, kind=kind, day=day, legs=legs, reference=reference, detail=said.text())
    return post(session, batch, principal, now=now)


def _day(value: object) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value if isinstance(value, date) else None
