"""Months: closed, they take no more postings; reopened with a reason and by a second person, for all accounts or for those below a name.

A closing is an entry of the log. It seals what the month held, account by account: the opening balances of the next month cannot drift. A
restatement reopens a month for one holder's accounts, posts the reversal and the new entries on the original day, and closes it again; what
was published stays readable as known on its day.
"""

import hashlib
from collections.abc import Iterator, Sequence
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
from ledger.opening import several
from ledger.payload import netstring
from ledger.principal import Principal
from ledger.rules import is_closed, month_rules
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
    keys = [key] if key else None
    return close_months(session, [period], principal, now=now, day=day, book=book, scope=scope, reason=reason, keys=keys)


def close_months(
    session: Session, periods: Sequence[int], principal: Principal, *, now: datetime, day: date, book: str = "ledger", scope: str = "",
    reason: str = "closed", keys: Sequence[bytes] | None = None,
) -> Receipt:  # fmt: skip
    """Close months in one step: all or none. Raises PeriodMisruled where one is closed already."""
    connection = session.connection()
    lock = " FOR UPDATE" if connection.dialect.name == "postgresql" else ""  # nobody posts between the hash and the closing
    size = int(connection.exec_driver_sql(f"SELECT size FROM head WHERE id = 1{lock}").scalar_one())
    sealed = _seals(session, periods, scope)
    rules = [
        PeriodRule(period=period, closed=True, reason=reason, scope=scope, size=size, sealed=sealed[period].hex()) for period in periods
    ]
    return _rule(session, rules, principal, now=now, day=day, book=book, keys=keys)


def reopen_month(
    session: Session, period: int, principal: Principal, *, now: datetime, day: date, reason: str, second: str, book: str = "ledger",
    scope: str = "", key: bytes | None = None,
) -> Receipt:  # fmt: skip
    """Open a closed month again. `second` is another person than the principal. Raises PeriodMisruled."""
    keys = [key] if key else None
    return reopen_months(session, [period], principal, now=now, day=day, reason=reason, second=second, book=book, scope=scope, keys=keys)


def reopen_months(
    session: Session, periods: Sequence[int], principal: Principal, *, now: datetime, day: date, reason: str, second: str,
    book: str = "ledger", scope: str = "", keys: Sequence[bytes] | None = None,
) -> Receipt:  # fmt: skip
    """Open closed months again in one step: all or none, as `reopen_month` opens each."""
    rules = [PeriodRule(period=period, closed=False, reason=reason, scope=scope, second=second) for period in periods]
    return _rule(session, rules, principal, now=now, day=day, book=book, keys=keys)


def _rule(
    session: Session, rules: Sequence[PeriodRule], principal: Principal, *, now: datetime, day: date, book: str,
    keys: Sequence[bytes] | None,
) -> Receipt:  # fmt: skip
    for rule in rules:
        if not 1_01 <= rule.period <= 9999_12 or not 1 <= rule.period % 100 <= 12:
            raise PeriodMisruled(period=rule.period, reason="a month is written yyyymm")
    details = [Detail(period=rule) for rule in rules]
    return post(session, several(details, book=book, day=day, keys=keys or [new_key() for _ in rules]), principal, now=now)


def closed_months(session: Session, periods: Sequence[int], *, scope: str) -> tuple[int, ...]:
    """Of the months those that are closed for the accounts within `scope`."""
    ruled = month_rules(session.connection(), periods, names=[scope])
    return tuple(period for period in periods if is_closed(ruled.get(period, ()), scope))


def _seals(session: Session, periods: Sequence[int], scope: str) -> dict[int, bytes]:
    """The hash of what each month holds: of all accounts, unless it is closed for some while it is open for others; then of those within
    `scope`, so that whoever closes one holder's month need not read everybody's. Only a month closed for all is sealed to a file."""
    ruled = month_rules(session.connection(), periods, names=[""])
    partly = [period for period in periods if scope and not is_closed(ruled.get(period, ()), "")]
    of_scope = _turnovers(session, partly, scope=scope)
    wholes = {period: turnover(session, period) for period in periods if period not in partly}
    return {period: seal_of(wholes[period] if period in wholes else of_scope[period]) for period in periods}


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


def turnover(session: Session, period: int, *, before: int | None = None, scope: str = "") -> pl.DataFrame:
    """What a month holds, account by account (account, commodity, amount, count), in the order of names; `before` an entry of the log, and
    of the accounts within `scope`."""
    return _turnovers(session, [period], before=before, scope=scope)[period]


def _turnovers(session: Session, periods: Sequence[int], *, before: int | None = None, scope: str = "") -> dict[int, pl.DataFrame]:
    name = scope.rstrip("/")
    bounds = {"before": before} if before is not None else {}
    bounded = "AND p.entry_id < :before" if bounds else ""
    names = {"name": name, "low": f"{name}/", "high": f"{name}0"} if name else {}
    within = "AND (a.name = :name OR (a.name >= :low AND a.name < :high))" if names else ""
    among = ", ".join(str(int(period)) for period in periods) or "0"
    rows = session.execute(
        sa.text(
            "SELECT p.period, a.name, c.code, sum(p.amount), count(*) FROM posting p JOIN account a ON a.id = p.account_id "
            f"JOIN commodity c ON c.id = a.commodity_id WHERE p.period IN ({among}) {bounded} {within} "
            "GROUP BY p.period, a.name, c.code ORDER BY p.period, a.name, c.code"
        ),
        bounds | names,
    )
    found: dict[int, list[tuple[str, str, int, int]]] = {period: [] for period in periods}
    for period, account, code, amount, count in rows:
        found[period].append((account, code, int(amount), count))
    schema = {"account": pl.String, "commodity": pl.String, "amount": pl.Int64, "count": pl.Int64}
    return {period: pl.DataFrame(lines, schema=schema, orient="row") for period, lines in found.items()}


def seal_of(month: pl.DataFrame) -> bytes:
    """The hash of what a month holds: SHA-256 over its rows as netstrings, in the order of names."""
    text = month.select(pl.concat_str(*(netstring(pl.col(name).cast(pl.String)) for name in month.columns))).to_series()
    return hashlib.sha256("".join(text.to_list()).encode()).digest()
