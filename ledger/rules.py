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


def month_rules(connection: sa.Connection, periods: Iterable[int], *, names: Iterable[str] | None = None) -> dict[int, list[MonthRule]]:
    """The rules of each of the months that were ever ruled on, the latest first; those alone that may fit accounts of `names`, so that the
    closings of thousands of others are not read."""
    if connection.exec_driver_sql("SELECT 1 FROM period_state LIMIT 1").scalar() is None:
        return {}
    wanted = pl.Series(sorted(set(periods)), dtype=pl.Int64)
    if names is None:
        rows = select_in(connection, "SELECT entry_id, period, scope, closed FROM period_state WHERE period IN {values}", wanted)
    else:
        among = ", ".join(str(period) for period in wanted) or "0"
        sql = f"SELECT entry_id, period, scope, closed FROM period_state WHERE period IN ({among}) AND scope IN {{values}}"
        rows = select_in(connection, sql, pl.Series(sorted(_scopes_over(names)), dtype=pl.String))
    found: dict[int, list[MonthRule]] = {}
    for row in sorted((tuple(row) for row in rows), reverse=True):
        found.setdefault(row[1], []).append(MonthRule(row[0], row[1], row[2], bool(row[3])))
    return found


def _scopes_over(names: Iterable[str]) -> set[str]:
    """Every scope that one of the names can lie within: itself and what it lies below, with and without the last stroke."""
    scopes = {""}
    for name in names:
        parts = name.rstrip("/").split("/")
        for depth in range(1, len(parts) + 1):
            above = "/".join(parts[:depth])
            scopes |= {above, f"{above}/"}
    return scopes


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
