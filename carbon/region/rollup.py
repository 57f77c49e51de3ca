"""County → city → province → nation: sums of what holders filed, exact, with what is booked on a division itself as its own row.

Pure: cells in, frames out. A cell names the division of the site on its day; it counts for all that this one lay in when last valid.
"""

from functools import lru_cache

import polars as pl

from carbon.chart import parse_cell
from carbon.region.divisions import NATION, DivisionTree

ROLLED: dict[str, type[pl.DataType]] = {
    "division": pl.String,  # whose sum
    "child": pl.String,  # the division directly below that it came from; the division itself for what is unallocated
    "book": pl.String,
    "scope": pl.String,
    "category": pl.String,
    "commodity": pl.String,
    "amount": pl.Int64,
    "count": pl.Int64,
}
PLACE = ("division", "book", "scope", "category")


def placed(cells: pl.DataFrame) -> pl.DataFrame:
    """Cells as `ledger.balances.cells` gives them, with what their keys say beside them: division, book, scope and category."""
    keys = cells["cell"].unique()
    said = [(key, *(getattr(cell, name) for name in PLACE)) for key in keys if (cell := parse_cell(key))]
    return cells.join(pl.DataFrame(said, schema=dict.fromkeys(("cell", *PLACE), pl.String), orient="row"), on="cell", maintain_order="left")


def rollup(cells: pl.DataFrame, tree: DivisionTree, *, code: str) -> pl.DataFrame:
    """What lies in `code`, by the child it came from, book, scope, category and commodity; schema `ROLLED`.

    `cells` are `placed` cells of any months: they are added up. Rows whose `child` is `code` are its unallocated part.
    """
    lying = [(division, child_within(division, tree, code)) for division in cells["division"].unique()]
    children = pl.DataFrame(lying, schema={"division": pl.String, "child": pl.String}, orient="row").drop_nulls()
    return (
        cells.join(children, on="division")
        .group_by("child", "book", "scope", "category", "commodity")
        .agg(pl.col("amount").sum(), pl.col("count").sum())
        .with_columns(division=pl.lit(code))
        .select(ROLLED.keys())
        .cast(pl.Schema(ROLLED))
        .sort("child", "book", "scope", "category", "commodity")
    )


@lru_cache(maxsize=2**16)
def child_within(division: str, tree: DivisionTree, code: str) -> str | None:
    """The child of `code` that `division` is or lies in; `code` for itself; None where it lies elsewhere."""
    below = division
    if below == code:
        return code
    while below in tree and below != NATION:
        above = tree.parent_when_last_valid(below)
        if above == code:
            return below
        below = above
    return None
