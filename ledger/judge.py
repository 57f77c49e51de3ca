"""What the book refuses of a batch, entry by entry: accounts unknown or closed, closed months, overdrafts, holds and lots not there.

Everything is read under the lock of the head, so what is judged here is still so when it is written. Entries are judged in their order:
what an earlier one of the batch took is gone for a later one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl
import sqlalchemy as sa

from ledger.bulk import select_in
from ledger.detail import Detail
from ledger.enact import Enactment
from ledger.errors import AccountClosed, LedgerError, LotMisused, Overdraft, PeriodClosed, UnknownAccount
from ledger.rules import Rule, account_rules, is_closed, is_reopened, lot_commodities, month_rules


@dataclass(slots=True)
class Case:
    """What is judged: new `entries` (no, reference, period), their `legs` (no, account, commodity, commodity_id, amount, account_id or null
    where the account is new), and what some of them say beyond their legs."""

    entries: pl.DataFrame
    legs: pl.DataFrame
    details: Mapping[int, Detail]
    actor: str
    open_accounts: bool
    refused: dict[int, LedgerError] = field(default_factory=dict)

    def reference(self, no: int) -> str | None:
        found = self.entries.filter(pl.col("no") == no)["reference"]
        return found[0] if len(found) else None

    def refuse(self, no: int, error: LedgerError) -> None:
        self.refused.setdefault(no, error)


def judge(connection: sa.Connection, case: Case, *, partial: bool) -> Enactment:
    """Fill `case.refused` and give back what the other entries rule; unless `partial`, the first refusal is raised."""
    if not case.open_accounts:
        _unknown(case)
    rules = account_rules(connection, case.legs["account_id"].drop_nulls().unique())
    _closed_accounts(case, rules)
    _closed_months(connection, case)
    _lots_are_named(connection, case)
    if case.refused and not partial:
        raise case.refused[min(case.refused)]
    enactment = Enactment(
        connection, case.actor, floors={at: (rule.side, rule.floor) for at, rule in rules.items() if rule.floor is not None}
    )
    _in_order(connection, case, rules, enactment, partial=partial)
    return enactment


def _unknown(case: Case) -> None:
    for row in case.legs.filter(pl.col("account_id").is_null()).unique("no", keep="first", maintain_order=True).iter_rows(named=True):
        named = {"no": row["no"], "reference": case.reference(row["no"]), "account": row["account"], "commodity": row["commodity"]}
        case.refuse(row["no"], UnknownAccount(**named))


def _closed_accounts(case: Case, rules: Mapping[int, Rule]) -> None:
    closed = [account for account, rule in rules.items() if rule.closed]
    if not closed:
        return
    for row in case.legs.filter(pl.col("account_id").is_in(closed)).unique("no", keep="first", maintain_order=True).iter_rows(named=True):
        named = {"no": row["no"], "reference": case.reference(row["no"]), "account": row["account"], "commodity": row["commodity"]}
        case.refuse(row["no"], AccountClosed(**named))


def _closed_months(connection: sa.Connection, case: Case) -> None:
    """A closed month takes nothing but entries on an account for which it was reopened by name, and their other side with them."""
    ruled = month_rules(connection, case.entries["period"].unique(), names=case.legs["account"].unique())
    if not ruled:
        return
    there = case.legs.join(case.entries.select("no", "period"), on="no").filter(pl.col("period").is_in(list(ruled)))
    pairs = there.select("period", "account").unique()
    shut = [pair for pair in pairs.iter_rows() if is_closed(ruled[pair[0]], pair[1])]
    if not shut:
        return
    let_in = [pair for pair in pairs.iter_rows() if is_reopened(ruled[pair[0]], pair[1])]
    key = ["period", "account"]
    admitted = there.join(pl.DataFrame(let_in, schema=pairs.schema, orient="row"), on=key)["no"]
    wrong = there.join(pl.DataFrame(shut, schema=pairs.schema, orient="row"), on=key).filter(~pl.col("no").is_in(admitted.implode()))
    for row in wrong.sort("no").unique("no", keep="first", maintain_order=True).iter_rows(named=True):
        named = {"no": row["no"], "reference": case.reference(row["no"]), "period": row["period"], "account": row["account"]}
        case.refuse(row["no"], PeriodClosed(**named))


def _lots_are_named(connection: sa.Connection, case: Case) -> None:
    """Whoever moves units that have serials says which: the moves of an entry add up to its legs, account by account."""
    with_serials = lot_commodities(connection)
    touched = case.legs.filter(pl.col("commodity_id").is_in(list(with_serials))) if with_serials else case.legs.clear()
    for (no,), legs in touched.group_by(["no"], maintain_order=True):
        said = case.details.get(int(str(no)))
        moved: dict[str, int] = {}
        for move in said.moves if said else ():
            moved[move.source] = moved.get(move.source, 0) - (move.last - move.first + 1)
            moved[move.target] = moved.get(move.target, 0) + (move.last - move.first + 1)
        if said and said.issue:
            continue
        stated = {account: amount for account, amount in legs.group_by("account").agg(pl.col("amount").sum()).iter_rows() if amount}
        if stated != {account: amount for account, amount in moved.items() if amount}:
            reason = "its units have serials, and the serials it names are not those of its legs"
            case.refuse(int(str(no)), LotMisused(no=int(str(no)), reference=case.reference(int(str(no))), reason=reason))


def _in_order(connection: sa.Connection, case: Case, rules: Mapping[int, Rule], enactment: Enactment, *, partial: bool) -> None:
    """Floors and rulings, one entry after the other."""
    floors = {account: rule for account, rule in rules.items() if rule.floor is not None}
    bound = case.legs.filter(pl.col("account_id").is_in(list(floors))) if floors else case.legs.clear()
    rows = select_in(connection, "SELECT account_id, amount FROM balance WHERE account_id IN {values}", bound["account_id"].unique())
    holds = dict(map(tuple, rows))
    moves: dict[int, list[tuple[int, str, str, int]]] = {}
    for row in bound.select("no", "account_id", "account", "commodity", "amount").iter_rows():
        moves.setdefault(row[0], []).append(row[1:])
    for no in sorted({*moves, *case.details}):
        if no in case.refused:
            continue
        try:
            _within_floors(no, case, moves.get(no, []), floors, holds)
            if no in case.details:
                enactment.rule(no, case.reference(no), case.details[no], case.entries.filter(pl.col("no") == no)["day"][0])
        except LedgerError as error:
            if not partial:
                raise
            case.refuse(no, error)
            continue
        for account, _, _, amount in moves.get(no, []):
            holds[account] = holds.get(account, 0) + amount


def _within_floors(
    no: int, case: Case, moves: list[tuple[int, str, str, int]], floors: Mapping[int, Rule], holds: Mapping[int, int]
) -> None:
    change: dict[int, int] = {}
    for account, _, _, amount in moves:
        change[account] = change.get(account, 0) + amount
    for account, name, commodity, _ in moves:
        rule, has = floors[account], holds.get(account, 0)
        assert rule.floor is not None
        after = rule.side * (has + change[account])
        if after < rule.floor and rule.side * change[account] < 0:
            raise Overdraft(
                no=no, reference=case.reference(no), account=name, commodity=commodity, has=rule.side * has,
                moves=rule.side * change[account], floor=rule.floor,
            )  # fmt: skip
