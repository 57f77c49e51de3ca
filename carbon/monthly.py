"""A year month by month: what was filed for single months, and beside it what was filed for longer and is spread over none.

The sums of cells count a longer period in the month of its last day; here it is taken off that month and shown as not monthly.
"""

from collections.abc import Sequence

import msgspec
import polars as pl
from sqlmodel import Session

from carbon.evidence import not_monthly
from carbon.reach import own_cells
from factors.gwp import GwpSet, valuation
from ledger.balances import cells as kept_cells
from ledger.principal import Principal


class MonthRow(msgspec.Struct, frozen=True, kw_only=True):
    """A month (yyyymm), or None for what is not monthly: masses by gas in smallest units, and their value in g."""

    month: int | None
    gases: dict[str, int]
    co2e_g: int


def months(session: Session, principal: Principal, *, cells: Sequence[str], year: int, prices: GwpSet) -> tuple[MonthRow, ...]:
    """The months of a year in which something was filed in `cells`, and at the end what is not monthly, if anything is.

    The cells are whole, or the principal is bounded by holders: then it is what these filed. Whoever asks has seen to it that the
    divisions of the cells are the principal's (`carbon.reach.in_bound`).
    The masses of all rows add up to the year's, gas by gas.
    """
    if not cells:
        return ()
    if principal.holders is None:
        kept = kept_cells(session, keys=list(cells), since=year * 100 + 1, until=year * 100 + 12)
    else:
        mine = pl.col("cell").is_in(list(cells)) & (pl.col("period") // 100 == year)
        kept = own_cells(session, principal.holders).filter(mine)
    longer = not_monthly(session, principal, cells=cells, year=year)
    whole = kept.group_by("period", "commodity").agg(pl.col("amount").sum())
    off = longer.group_by("period", "commodity").agg(off=pl.col("amount").sum())
    by_month = whole.join(off, on=["period", "commodity"], how="left").with_columns(amount=pl.col("amount") - pl.col("off").fill_null(0))
    rows = [
        _row(int(str(period)), part, prices)
        for (period,), part in by_month.sort("period", "commodity").group_by(["period"], maintain_order=True)
    ]
    rest = longer.group_by("commodity").agg(pl.col("amount").sum()).sort("commodity")
    named = [row for row in rows if row.gases]
    return (*named, _row(None, rest, prices)) if rest.height else tuple(named)


def _row(month: int | None, part: pl.DataFrame, prices: GwpSet) -> MonthRow:
    gases = {gas: amount for gas, amount in part.select("commodity", "amount").iter_rows() if amount}
    return MonthRow(month=month, gases=gases, co2e_g=valuation(prices.priced(gases), prices))
