"""Open and close accounts by rule: the normal side, a floor, no more postings. Each rule is an entry of the log."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

import msgspec
import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from ledger.account import check_account
from ledger.commodity import check_commodity
from ledger.detail import AccountRule, Detail
from ledger.entry import CELLS, ENTRIES, POSTINGS, EntryBatch, new_key
from ledger.errors import AccountNotFound, AmountTooLarge
from ledger.journal import Receipt, post
from ledger.principal import Principal

Side = Literal["debit", "credit"]
SIDES: dict[Side, int] = {"debit": 1, "credit": -1}
RULING = "ruling"
"""The kind of an entry that has no legs and rules something."""


class AccountOpening(msgspec.Struct, frozen=True, kw_only=True):
    """An account to be opened: `floor` is the least that its balance on its `side` may come to, None for no floor."""

    book: str
    name: str
    commodity: str
    unit: str | None = None
    side: Side = "debit"
    floor: int | None = None


def ruling(detail: Detail, *, book: str, day: date, key: bytes | None = None, units: dict[str, str] | None = None) -> EntryBatch:
    """A batch of one entry without legs that rules `detail`."""
    return several([detail], book=book, day=day, keys=[key or new_key()], units=units)


def several(details: Sequence[Detail], *, book: str, day: date, keys: Sequence[bytes], units: dict[str, str] | None = None) -> EntryBatch:
    """A batch of entries without legs, each of which rules something."""
    entries = [
        {
            "no": no, "key": key, "book": book, "kind": RULING, "day": day, "reference": None, "evidence": None,
            "detail": detail.text(), "reverses": None,
        }
        for no, (detail, key) in enumerate(zip(details, keys, strict=True))
    ]  # fmt: skip
    return EntryBatch(pl.DataFrame(entries, schema=ENTRIES), POSTINGS.to_frame(), CELLS.to_frame(), units or {})


def open_accounts(
    session: Session, openings: Sequence[AccountOpening], principal: Principal, *, now: datetime, day: date, key: bytes | None = None
) -> Receipt:
    """Open accounts, or rule anew on those that are open, in one entry. Raises MalformedEntry, AccountMisused, AmountTooLarge."""
    for one in openings:
        check_account(one.name)
        check_commodity(one.commodity, one.unit)
        if one.floor is not None and abs(one.floor) >= 2**63:
            raise AmountTooLarge(what=f"the floor of {one.name}")
    rules = tuple(
        AccountRule(book=one.book, account=one.name, commodity=one.commodity, side=SIDES[one.side], floor=one.floor) for one in openings
    )
    units = {one.commodity: one.unit for one in openings if one.unit is not None}
    return post(session, ruling(Detail(accounts=rules), book=openings[0].book, day=day, key=key, units=units), principal, now=now)


def close_account(
    session: Session, name: str, commodity: str, principal: Principal, *, now: datetime, day: date, reopen: bool = False
) -> Receipt:
    """Close an account: every later posting to it is refused, until it is opened again (`reopen`). Raises AccountNotFound."""
    stands = session.execute(
        sa.text(
            "SELECT a.book, r.side, r.floor FROM account a JOIN commodity c ON c.id = a.commodity_id "
            "LEFT JOIN account_rule r ON r.account_id = a.id WHERE a.name = :name AND c.code = :code ORDER BY r.entry_id DESC"
        ),
        {"name": name, "code": commodity},
    ).first()
    if stands is None:
        raise AccountNotFound(name)
    rule = AccountRule(
        book=stands[0], account=name, commodity=commodity, side=stands[1] or 1, floor=stands[2], closed=not reopen,
    )  # fmt: skip
    return post(session, ruling(Detail(accounts=(rule,)), book=stands[0], day=day), principal, now=now)
