"""Months: closed, they take no more postings; reopened with a reason and by a second person, for all accounts or for those below a name.

A closing is an entry of the log. It seals what the month held, account by account: the opening balances of the next month cannot drift. A
restatement reopens a month for one holder's accounts, posts the reversal and the new entries on the original day, and closes it again; what
was published stays readable as known on its day.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from ledger.detail import Detail, PeriodRule
from ledger.entry import new_key
from ledger.errors import PeriodMisruled
from ledger.journal import Receipt, post
from ledger.opening import ruling
from ledger.payload import netstring
from ledger.principal import Principal
from ledger.types import moment


@dataclass(frozen=True, slots=True)
class MonthRuling:
    """One ruling on a month, as the log has it."""

    entry_id: int
    period: int
    scope: str
    closed: bool
    reason: str
    actor: str
    second: str | None
    size: int
    sealed: bytes | None
    posted_at: datetime


def close_month(
    session: Session, period: int, principal: Principal, *, now: datetime, day: date, book: str = "ledger", scope: str = "",
    reason: str = "closed", key: bytes | None = None,
) -> Receipt:  # fmt: skip
    """Close a month (yyyymm) for all accounts, or for those within `scope`. Raises PeriodMisruled where it is closed already."""
    _check(period)
    connection = session.connection()
    lock = " FOR UPDATE" if connection.dialect.name == "postgresql" else ""  # nobody posts between the hash and the closing
    size = int(connection.exec_driver_sql(f"SELECT size FROM head WHERE id = 1{lock}").scalar_one())
    rule = PeriodRule(period=period, closed=True, reason=reason, scope=scope, size=size, sealed=seal_of(turnover(session, period)).hex())
    return post(session, ruling(Detail(period=rule), book=book, day=day, key=key or new_key()), principal, now=now)


def reopen_month(
    session: Session, period: int, principal: Principal, *, now: datetime, day: date, reason: str, second: str, book: str = "ledger",
    scope: str = "", key: bytes | None = None,
) -> Receipt:  # fmt: skip
    """Open a closed month again. `second` is another person than the principal. Raises PeriodMisruled."""
    _check(period)
    rule = PeriodRule(period=period, closed=False, reason=reason, scope=scope, second=second)
    return post(session, ruling(Detail(period=rule), book=book, day=day, key=key or new_key()), principal, now=now)


@contextmanager
def restating(
    session: Session, period: int, principal: Principal, *, scope: str, now: datetime, day: date, reason: str, second: str,
    book: str = "ledger",
) -> Iterator[None]:  # fmt: skip
    """Within it a closed month takes postings to the accounts within `scope` and no others; afterwards it is closed again."""
    reopen_month(session, period, principal, now=now, day=day, reason=reason, second=second, book=book, scope=scope)
    yield
    close_month(session, period, principal, now=now, day=day, book=book, scope=scope, reason=reason)


def rulings(session: Session, period: int | None = None) -> list[MonthRuling]:
    """The rulings on a month, or on all, in the order of the log."""
    where = "WHERE s.period = :period" if period else ""
    rows = session.execute(
        sa.text(
            "SELECT s.entry_id, s.period, s.scope, s.closed, s.reason, s.actor, s.second, s.size, s.sealed, e.posted_at "
            f"FROM period_state s JOIN entry e ON e.id = s.entry_id {where} ORDER BY s.entry_id"
        ),
        {"period": period} if period else {},
    )
    return [
        MonthRuling(
            entry_id=entry, period=month, scope=scope, closed=bool(closed), reason=reason, actor=actor, second=second, size=size,
            sealed=None if sealed is None else bytes(sealed), posted_at=moment(at) if isinstance(at, int) else at,
        )
        for entry, month, scope, closed, reason, actor, second, size, sealed, at in rows
    ]  # fmt: skip


def turnover(session: Session, period: int, *, before: int | None = None) -> pl.DataFrame:
    """What a month holds, account by account (account, commodity, amount, count), in the order of names; `before` an entry of the log."""
    bound = "AND p.entry_id < :before" if before is not None else ""
    rows = session.execute(
        sa.text(
            "SELECT a.name, c.code, sum(p.amount), count(*) FROM posting p JOIN account a ON a.id = p.account_id "
            f"JOIN commodity c ON c.id = a.commodity_id WHERE p.period = :period {bound} GROUP BY a.name, c.code ORDER BY a.name, c.code"
        ),
        {"period": period} | ({"before": before} if before is not None else {}),
    )
    schema = {"account": pl.String, "commodity": pl.String, "amount": pl.Int64, "count": pl.Int64}
    return pl.DataFrame([(name, code, int(amount), count) for name, code, amount, count in rows], schema=schema, orient="row")


def seal_of(month: pl.DataFrame) -> bytes:
    """The hash of what a month holds: SHA-256 over its rows as netstrings, in the order of names."""
    text = month.select(pl.concat_str(*(netstring(pl.col(name).cast(pl.String)) for name in month.columns))).to_series()
    return hashlib.sha256("".join(text.to_list()).encode()).digest()


def _check(period: int) -> None:
    if not 1_01 <= period <= 9999_12 or not 1 <= period % 100 <= 12:
        raise PeriodMisruled(period=period, reason="a month is written yyyymm")
