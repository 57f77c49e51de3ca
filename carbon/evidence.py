"""From a number back to its proof: entry → line of activity data → file and row → factors → source. A walk over what was kept."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from carbon import chart
from carbon.bookkeeping import SELLER
from carbon.reach import is_bounded, seen_lines, sees_account
from carbon.tables import ActivityLineRow, ImportRow, ResolutionRow, SiteRow
from ledger.balances import EntryView, entry
from ledger.errors import EntryNotFound
from ledger.principal import Principal
from ledger.tables import AccountRow, CommodityRow, PostingRow, ReversalRow
from ledger.types import table_of

PAGE = 50


@dataclass(frozen=True, slots=True)
class FiledLine:
    """A line of activity data as it was filed, and where it stands: file and row, holder and site, cell and entry."""

    entry_id: int | None
    reversed_by: int | None
    import_id: str
    file: str
    sha256: bytes
    imported_at: datetime
    row: int
    holder: str
    site: str
    division: str
    cell: str
    activity: str
    quantity: str
    unit: str
    start: date
    end: date
    month: int | None
    source: str | None
    reference: str | None
    method: str | None
    tier: str | None
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Explanation:
    """An entry and all that led to it. `line` and `resolution` are None where no line of a file stands behind it.

    `resolution` is what `carbon.answer.describe` said when the line was booked: factors with day shares, parameters, exact coefficients,
    steps, gases not estimated. For a reversal `line` is that of the entry which it takes back.
    """

    entry: EntryView
    line: FiledLine | None
    resolution: dict[str, Any] | None


_LINE = [column for column in table_of(ActivityLineRow).columns if column.name not in {"holder_id", "site_id", "resolution_id", "details"}]


def _query() -> sa.Select[Any]:
    a, f, s, r = (table_of(row).c for row in (ActivityLineRow, ImportRow, SiteRow, ReversalRow))
    return sa.select(
        *_LINE, a.holder_id.label("holder"), s.code.label("site"), a.details, a.resolution_id, f.name.label("file"), f.sha256,
        f.imported_at,
        r.by_id.label("reversed_by"),
    ).select_from(
        table_of(ActivityLineRow)
        .join(table_of(ImportRow), f.id == a.import_id)
        .join(table_of(SiteRow), s.id == a.site_id)
        .outerjoin(table_of(ReversalRow), r.entry_id == a.entry_id)
    )  # fmt: skip


def _filed(row: sa.RowMapping) -> FiledLine:
    said = dict(row)
    said.pop("resolution_id")
    return FiledLine(**said | {"details": json.loads(row["details"] or "{}"), "sha256": bytes(row["sha256"])})


def explain_entry(session: Session, principal: Principal, entry_id: int) -> Explanation:
    """The entry with its line, file, factors and steps; EntryNotFound where there is none or it is not the principal's to see: neither its
    line is, nor any holder's account in it."""
    view = entry(session, entry_id)
    a = table_of(ActivityLineRow).c
    behind = entry_id if view.reverses is None else view.reverses
    row = session.execute(seen_lines(_query().where(a.entry_id == behind), principal)).mappings().one_or_none()
    if row is None:
        if is_bounded(principal) and not sees_account(session, principal, (leg.account for leg in view.legs)):
            raise EntryNotFound(entry_id)
        return Explanation(view, None, None)
    c = table_of(ResolutionRow).c
    content = session.execute(sa.select(c.content).where(c.id == row["resolution_id"])).scalar_one()
    return Explanation(view, _filed(row), json.loads(content))


def lines(
    session: Session, principal: Principal, *, holder: str | None = None, site: str | None = None, division: str | None = None,
    cells: Sequence[str] | None = None, import_id: str | None = None, since: date | None = None, until: date | None = None,
    standing: bool = True, after: int = -1, limit: int = PAGE,
) -> list[FiledLine]:  # fmt: skip
    """Lines that became entries, in the order of the log, those after entry `after`; `standing` leaves out what was reversed.

    `since` and `until` bound the last day of the period, which is the entry's day.
    """
    a, s, r = table_of(ActivityLineRow).c, table_of(SiteRow).c, table_of(ReversalRow).c
    query = _query().where(a.entry_id > after).order_by(a.entry_id).limit(limit)
    if since is not None:
        query = query.where(a.end >= since)
    if until is not None:
        query = query.where(a.end <= until)
    for given, column in ((holder, a.holder_id), (site, s.code), (division, a.division), (import_id, a.import_id)):
        if given is not None:
            query = query.where(column == given)
    if cells is not None:
        query = query.where(a.cell.in_(list(cells)))
    if standing:
        query = query.where(r.entry_id.is_(None))
    return [_filed(row) for row in session.execute(seen_lines(query, principal)).mappings()]


MASSES: dict[str, pl.DataType | type[pl.DataType]] = {"entry_id": pl.Int64, "cell": pl.String, "commodity": pl.String, "amount": pl.Int64}


def masses(session: Session, found: Sequence[FiledLine]) -> pl.DataFrame:
    """What lines put on their holders' accounts: `entry_id`, `cell`, `commodity`, `amount` in the gas's smallest unit (schema MASSES)."""
    p, a, c = (table_of(row).c for row in (PostingRow, AccountRow, CommodityRow))
    by_id = {line.entry_id: line for line in found if line.entry_id is not None}
    sold_by = {number: chart.Seller.parse(line.details[SELLER]) for number, line in by_id.items() if SELLER in line.details}
    rows: list[tuple[int, str | None, str, int]] = []
    ids = list(by_id)
    for start in range(0, len(ids), 5_000):
        query = (
            sa.select(p.entry_id, a.name, a.book, c.code, p.amount)
            .join_from(table_of(PostingRow), table_of(AccountRow), a.id == p.account_id)
            .join(table_of(CommodityRow), c.id == a.commodity_id)
            .where(p.entry_id.in_(ids[start : start + 5_000]), a.name >= "holder/", a.name < "holder0")
        )  # fmt: skip
        for entry_id, name, book, code, amount in session.execute(query):
            cell = chart.cell_of(name, book=book, division=by_id[entry_id].division, seller=sold_by.get(entry_id))
            rows.append((entry_id, cell, code, amount))
    return pl.DataFrame(rows, schema=MASSES, orient="row").sort("entry_id", "commodity")


def not_monthly(session: Session, principal: Principal, *, cells: Sequence[str], year: int) -> pl.DataFrame:
    """What stands in `cells` for periods that are not of one month, by `cell`, `period` (month of the last day), `commodity`: `amount`.

    The sums of cells count such lines in the month of their last day; a monthly view takes these off and shows them as not monthly.
    """
    a, r = table_of(ActivityLineRow).c, table_of(ReversalRow).c
    query = (
        _query()
        .where(a.cell.in_(list(cells)), a.month.is_(None), a.end.between(date(year, 1, 1), date(year, 12, 31)))
        .where(a.entry_id.is_not(None), r.entry_id.is_(None))
    )
    found = [_filed(row) for row in session.execute(seen_lines(query, principal)).mappings()]
    periods = {line.entry_id: line.end.year * 100 + line.end.month for line in found}
    amounts = masses(session, found).filter(pl.col("cell").is_in(list(cells)))
    period = pl.col("entry_id").replace_strict(periods, return_dtype=pl.Int64) if periods else pl.lit(None, dtype=pl.Int64)
    return (
        amounts.with_columns(period=period)
        .group_by("cell", "period", "commodity")
        .agg(pl.col("amount").sum())
        .sort("cell", "period", "commodity")
    )
