"""The rules in force: normal sides, floors and closings of accounts, months that are closed. Read under the lock of the head."""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from ledger.bulk import select_in


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for an account: side 1 is debit, −1 credit; the floor is that of the balance on its side."""

    side: int
    floor: int | None
    closed: bool


@dataclass(frozen=True, slots=True)
class MonthRule:
    """A month closed or open again for accounts whose names begin with `scope`, by entry `entry_id`."""

    entry_id: int
    period: int
    scope: str
    closed: bool


def account_rules(connection: sa.Connection, account_ids: pl.Series) -> dict[int, Rule]:
    """The latest rule of each of the accounts that have one."""
    if connection.exec_driver_sql("SELECT 1 FROM account_rule LIMIT 1").scalar() is None:
        return {}
    sql = "SELECT entry_id, account_id, side, floor, closed FROM account_rule WHERE account_id IN {values}"
    rows = sorted(tuple(row) for row in select_in(connection, sql, account_ids))
    return {account: Rule(side, floor, bool(closed)) for _, account, side, floor, closed in rows}


def month_rules(connection: sa.Connection, periods: Iterable[int]) -> dict[int, list[MonthRule]]:
    """The rules of each of the months that were ever ruled on, the latest first."""
    if connection.exec_driver_sql("SELECT 1 FROM period_state LIMIT 1").scalar() is None:
        return {}
    wanted = pl.Series(sorted(set(periods)), dtype=pl.Int64)
    rows = select_in(connection, "SELECT entry_id, period, scope, closed FROM period_state WHERE period IN {values}", wanted)
    found: dict[int, list[MonthRule]] = {}
    for row in sorted((tuple(row) for row in rows), reverse=True):
        found.setdefault(row[1], []).append(MonthRule(row[0], row[1], row[2], bool(row[3])))
    return found


def is_closed(rules: Iterable[MonthRule], account: str) -> bool:
    """Whether a month is closed for an account: the latest rule that fits its name decides; `rules` has the latest first."""
    return next((rule.closed for rule in rules if within(account, rule.scope)), False)


def is_reopened(rules: Iterable[MonthRule], account: str) -> bool:
    """Whether a month was reopened for the account by name, and is open still."""
    latest = next((rule for rule in rules if within(account, rule.scope)), None)
    return latest is not None and not latest.closed and bool(latest.scope)


def within(account: str, scope: str) -> bool:
    """Whether an account is `scope` or lies below it; every account lies within the empty scope."""
    return not scope or account == scope or account.startswith(scope.rstrip("/") + "/")


def lot_commodities(connection: sa.Connection) -> frozenset[int]:
    """The commodities whose units have serials: every posting of them says which."""
    return frozenset(row[0] for row in connection.exec_driver_sql("SELECT DISTINCT commodity_id FROM lot"))
