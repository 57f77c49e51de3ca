"""County → city → province → nation: sums of what holders filed, exact, with what is booked on a division itself as its own row.

Pure: cells in, frames out. A cell names the division of the site on its day; it counts for all that this one lay in when last valid.
"""

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


def rollup(cells: pl.DataFrame, tree: DivisionTree, *, code: str) -> pl.DataFrame:
    """What lies in `code`, by the child it came from, book, scope, category and commodity; schema `ROLLED`.

    `cells` is what `ledger.balances.cells` gives, of any months: they are added up. Rows whose `child` is `code` are its unallocated part.
    """
    keys = cells.select(pl.col("cell").unique().sort())
    parsed = [(key, *_place(key, tree, code)) for key in keys["cell"]]
    schema = dict.fromkeys(("cell", "child", "book", "scope", "category"), pl.String)
    places = pl.DataFrame(parsed, schema=schema, orient="row").drop_nulls("child")
    return (
        cells.join(places, on="cell")
        .group_by("child", "book", "scope", "category", "commodity")
        .agg(pl.col("amount").sum(), pl.col("count").sum())
        .with_columns(division=pl.lit(code))
        .select(ROLLED.keys())
        .cast(pl.Schema(ROLLED))
        .sort("child", "book", "scope", "category", "commodity")
    )


def _place(key: str, tree: DivisionTree, code: str) -> tuple[str | None, str, str, str]:
    """Through which child of `code` a cell's division lies in it (itself where it is `code`), or None where it lies elsewhere."""
    cell = parse_cell(key)
    return child_within(cell.division, tree, code), cell.book, cell.scope, cell.category


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
