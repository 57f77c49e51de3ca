"""The vectorised engine: exact decimals × exact fractions, rounded half-even once to whole smallest units, a column at a time.

Amounts are mantissa × numerator ÷ denominator in 128-bit integers; what would not fit goes through exact fractions. No float is near.
"""

from collections.abc import Sequence
from fractions import Fraction

import polars as pl

from factors.gwp import half_even

INT64_MAX = 2**63 - 1


def products(framed: pl.DataFrame, coefficients: Sequence[Fraction | None]) -> pl.Series:
    """quantity × coefficient for each line, rounded half-even to an integer; null where the line's factor does not know the gas."""
    fits = [c if c is not None and abs(c.numerator) < 2**62 and c.denominator < 2**60 else None for c in coefficients]
    table = pl.DataFrame(
        {
            "resolution": pl.Series(range(len(fits)), dtype=pl.UInt32),
            "top": pl.Series([None if c is None else c.numerator for c in fits], dtype=pl.Int128),
            "bottom": pl.Series([None if c is None else c.denominator for c in fits], dtype=pl.Int128),
        }
    )
    text = pl.col("quantity")
    decimals = (text.str.len_bytes().cast(pl.Int64) - text.str.find(".", literal=True).cast(pl.Int64) - 1).fill_null(0)
    powers = pl.Series([10**n for n in range(19)], dtype=pl.Int128)
    mantissa = pl.when(decimals <= 18).then(text.str.replace(".", "", literal=True).cast(pl.Int64, strict=False).cast(pl.Int128))
    work = framed.join(table, on="resolution", how="left", maintain_order="left").select(
        "quantity",
        "resolution",
        product=mantissa * pl.col("top"),
        bottom=pl.col("bottom") * pl.lit(powers).gather(decimals.clip(0, 18).cast(pl.UInt32)),
    )
    rounded = work.select(half_even_quotient(pl.col("product"), pl.col("bottom"))).to_series()
    known = {at: coefficient for at, coefficient in enumerate(coefficients) if coefficient is not None}
    slow = work.with_row_index("at").filter(pl.col("product").is_null() & pl.col("resolution").is_in(list(known)))
    exact = {
        at: half_even(Fraction(quantity) * known[resolution])
        for at, quantity, resolution in slow.select("at", "quantity", "resolution").iter_rows()
    }
    if exact:
        rounded = rounded.scatter(list(exact), pl.Series(list(exact.values()), dtype=pl.Int128))
    return rounded


def half_even_quotient(product: pl.Expr, bottom: pl.Expr) -> pl.Expr:
    """product ÷ bottom as the nearest 128-bit integer, ties to the even one; `bottom` is positive."""
    floor = product // bottom
    twice = (product - floor * bottom) * 2
    up = (twice > bottom) | ((twice == bottom) & (floor % 2 != 0))
    return floor + up.cast(pl.Int128)
