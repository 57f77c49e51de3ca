"""The reach of a principal: which divisions, lines, accounts and sums are theirs. Pages, files, API and lists ask here and nowhere else.

Bounded by holders, one sees these holders' own rows. Bounded by divisions, one sees what was filed for these divisions and what ever lay
below them: sites while they lie there, and accounts of sites that never lay elsewhere, since an account's sum cannot be parted. Without a
bound one sees everything. On PostgreSQL `ledger.wall` shows no more than this, whatever is asked.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from carbon import chart
from carbon.region.divisions import DivisionTree
from carbon.region.tables import DivisionBelowRow
from carbon.tables import ActivityLineRow, ImportRow, SiteDivisionRow, SiteReachRow, SiteRow
from ledger.balances import CELL_SUMS
from ledger.principal import Principal
from ledger.tables import AccountRow, CommodityRow, PostingRow, ReversalRow
from ledger.types import table_of

PUBLISHED = ("nation", "province")
"""The levels whose statistics anybody may read."""
AFTER = chr(ord("/") + 1)  # the sign after the stroke: names below `x/` lie between `x/` and `x0`


def is_bounded(principal: Principal) -> bool:
    """Whether there is anything that the principal does not see."""
    return principal.holders is not None or principal.divisions is not None


def lies_within(principal: Principal, code: str, tree: DivisionTree) -> bool:
    """Whether all that was filed in the division is the principal's to see."""
    return principal.holders is None and in_bound(principal, code, tree)


def in_bound(principal: Principal, code: str, tree: DivisionTree) -> bool:
    """Whether the division is one of the principal's, or ever lay in one."""
    return principal.divisions is None or any(code in tree.below(one) for one in principal.divisions)


def is_published(code: str, tree: DivisionTree) -> bool:
    """Whether the division is one whose statistics anybody may read."""
    row = tree.ever(code)
    return row is not None and row.level in PUBLISHED


def within(principal: Principal, division: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """SQL: the division is one of the principal's, or ever lay in one."""
    if principal.divisions is None:
        return sa.true()
    bound, below = sorted(principal.divisions), table_of(DivisionBelowRow).c
    return sa.or_(division.in_(bound), division.in_(sa.select(below.division).where(below.ancestor.in_(bound))))


def own(principal: Principal, holder: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """SQL: the holder is one of the principal's."""
    return sa.true() if principal.holders is None else holder.in_(sorted(principal.holders))


def scoped(query: sa.Select[Any], principal: Principal, *, holder: sa.ColumnElement[str]) -> sa.Select[Any]:
    """The query over holders, bounded to those that the principal may see. `holder` is the column of their ids."""
    query = query.where(own(principal, holder))
    if principal.divisions is not None:
        lies = table_of(SiteReachRow).c
        query = query.where(holder.in_(sa.select(lies.holder_id).where(within(principal, lies.division))))
    return query


def seen_lines(query: sa.Select[Any], principal: Principal) -> sa.Select[Any]:
    """The query over lines of activity data, bounded to those that the principal may see."""
    line = table_of(ActivityLineRow).c
    return query.where(own(principal, line.holder_id), within(principal, line.division))


def seen_imports(query: sa.Select[Any], principal: Principal) -> sa.Select[Any]:
    """The query over imported files, bounded to those of the principal's holders that hold a line which the principal may see."""
    file, line = table_of(ImportRow).c, table_of(ActivityLineRow).c
    query = query.where(own(principal, file.holder_id))
    if principal.divisions is not None:
        query = query.where(sa.exists().where(line.import_id == file.id, within(principal, line.division)))
    return query


@lru_cache(maxsize=1024)
def seen_accounts(principal: Principal) -> sa.Select[Any] | None:
    """The ids of the accounts that the principal may see; None where that is all of them. Built once for each: it holds no state."""
    if not is_bounded(principal):
        return None
    a = table_of(AccountRow).c
    ids = sa.select(a.id)
    if principal.holders is not None:
        ids = ids.where(sa.or_(sa.false(), *(_below(a.name, sa.literal(f"holder/{holder}")) for holder in sorted(principal.holders))))
    if principal.divisions is None:
        return ids
    below = sa.union_all(*_bound_codes(principal)).subquery().c
    air = sa.select(a.id).join_from(table_of(AccountRow), below.code.table, _below(a.name, sa.literal("atmosphere/") + below.code))
    return ids.where(sa.or_(a.id.in_(air), a.id.in_(_of_sites(principal))))


def _bound_codes(principal: Principal) -> Iterable[sa.Select[Any]]:
    row = table_of(DivisionBelowRow).c
    bound = sorted(principal.divisions or ())
    yield sa.select(row.division.label("code")).where(row.ancestor.in_(bound))
    yield from (sa.select(sa.literal(code).label("code")) for code in bound)


def _of_sites(principal: Principal) -> sa.Select[Any]:
    """The accounts of sites that lie in the principal's divisions and never lay elsewhere."""
    a, s, lies, moves = table_of(AccountRow).c, table_of(SiteRow).c, table_of(SiteReachRow).c, table_of(SiteDivisionRow).c
    here = sa.select(lies.site_id).where(within(principal, lies.division))
    # the wall shows every move of a site that is seen at all, but of `site_reach` the principal's own rows alone
    elsewhere = sa.select(moves.site_id).where(sa.not_(within(principal, moves.division)))
    prefix = sa.literal("holder/") + s.holder_id + "/" + s.code
    sites = table_of(SiteRow)
    return sa.select(a.id).join_from(sites, table_of(AccountRow), _below(a.name, prefix)).where(s.id.in_(here), s.id.not_in(elsewhere))


def _below(name: sa.ColumnElement[str], stem: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return sa.and_(name >= stem + "/", name < stem + AFTER)


def sees_account(session: Session, principal: Principal, names: Iterable[str]) -> bool:
    """Whether one of the accounts so named is a holder's own and the principal's to see."""
    ids, a = seen_accounts(principal), table_of(AccountRow).c
    holders = sorted({name for name in names if name.startswith("holder/")})
    if ids is None:
        return True
    return session.execute(sa.select(a.id).where(a.name.in_(holders), a.id.in_(ids)).limit(1)).first() is not None


def own_cells(session: Session, holders: frozenset[str]) -> pl.DataFrame:
    """The sums of cells as `ledger.balances.cells` gives them, of these holders' lines alone: what their entries and the reversals of
    these put on their own accounts."""
    p, a, c, line, r = (table_of(row).c for row in (PostingRow, AccountRow, CommodityRow, ActivityLineRow, ReversalRow))
    taken_back = table_of(ActivityLineRow).join(table_of(ReversalRow), r.entry_id == line.entry_id)
    booked = sa.union_all(
        sa.select(line.entry_id, line.division).where(line.holder_id.in_(sorted(holders)), line.entry_id.is_not(None)),
        sa.select(r.by_id, line.division).select_from(taken_back).where(line.holder_id.in_(sorted(holders))),
    ).subquery().c  # fmt: skip
    query = (
        sa.select(a.name, a.book, booked.division, p.period, c.code, sa.func.sum(p.amount), sa.func.count())
        .select_from(
            booked.division.table.join(table_of(PostingRow), p.entry_id == booked.entry_id)
            .join(table_of(AccountRow), a.id == p.account_id)
            .join(table_of(CommodityRow), c.id == a.commodity_id)
        )
        .where(sa.or_(sa.false(), *(_below(a.name, sa.literal(f"holder/{holder}")) for holder in sorted(holders))))
        .group_by(a.name, a.book, booked.division, p.period, c.code)
    )
    rows = [
        (chart.cell_of(name, book=book, division=division), period, code, int(amount), int(count))
        for name, book, division, period, code, amount, count in session.execute(query)
    ]
    frame = pl.DataFrame(rows, schema=CELL_SUMS, orient="row")
    return frame.group_by("cell", "period", "commodity").agg(pl.col("amount", "count").sum()).sort("cell", "period", "commodity")
