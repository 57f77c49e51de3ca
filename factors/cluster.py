"""Estimate lines where they lie: a frame of polars or pandas, a relation of duckdb or a frame of Spark, by one plan written with narwhals.

Only the kinds of lines (what, where, in which year) come here to be asked; their answers go back as a table of coefficients, and join and
product are the other engine's work. What lies too near to a half for float64 comes here too, once for each kind and quantity, and goes
back as the exact integer: the masses are those of `factors.engine`, to the unit.
"""

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from narwhals.typing import IntoFrame

from factors.calculate import INT64_MAX, products
from factors.columns import KEYS, check, columns
from factors.dense import Rules
from factors.engine import ERROR, NOT_PLAIN, TOO_LARGE, VAST, Engine
from factors.errors import FactorError
from factors.ladder import ChainOf
from factors.library import FactorLibrary
from factors.resolution import Resolution

LINE, YEAR, NUMBER, MASS, EXACT, NEAR = "line__", "year__", "number__", "mass__", "exact__", "near__"


def estimate_where_it_lies(frame: IntoFrame, library: FactorLibrary, chain: ChainOf, rules: Rules | None = None) -> Any:
    """The frame, of its own kind and as lazy as it came, with what its lines emit; lines of a lazy one may come in another order.

    It needs `activity`, `unit`, `quantity` (a number), `day` (a date), and may have `division`, `method`, `factor` and `category`; what
    else it has stays. Added are `factors` (their ids, pack and edition in them), a column a gas in the gas's smallest unit (`CH4_fossil`
    for CH4.fossil, since a dot means a field in SQL; null where the factor does not know it), and `refused`, the reason of a line without
    an answer. ColumnMissing where a needed column is absent.
    """
    given = nw.from_native(frame)
    if isinstance(given, nw.DataFrame):
        numbered = given.to_polars().with_row_index(LINE).lazy()
        made = estimate_where_it_lies(numbered, library, chain, rules).sort(LINE).drop(LINE).collect()
        return nw.from_native(made).lazy().collect(given.implementation).to_native()
    lazy: nw.LazyFrame[Any] = given
    names = lazy.collect_schema().names()
    check(names)
    keys = [name for name in KEYS if name in names]
    lines = lazy.with_columns(
        nw.col(*keys).cast(nw.String).fill_null(""), nw.col("quantity").cast(nw.Float64), nw.col("day").dt.year().cast(nw.Int32).alias(YEAR)
    )
    engine = Engine(library, chain, rules)
    answers, gases = _answers(lines, keys, engine)
    added = ("factors", *map(column, gases), "refused")
    taken = [name for name in added if name in names]
    if taken:
        raise FactorError(f"the frame has a column {', '.join(taken)} already: rename it, the answer is to bear that name")
    joined = lines.join(_beside(lines, answers), on=[*keys, YEAR], how="left")
    told = _rounded(_products(joined, gases), gases, engine.table.resolutions)
    return told.select(*names, *added).to_native()


def column(gas: str) -> str:
    """What the gas's column is called."""
    return gas.replace(".", "_")


def _answers(lines: nw.LazyFrame[Any], keys: list[str], engine: Engine) -> tuple[pl.DataFrame, list[str]]:
    """Each kind of line with the number of its resolution, its factors, its coefficients as floats, or why it has none; and the gases."""
    kinds: pl.DataFrame = lines.group_by(*keys, YEAR).agg(nw.col("day").min()).collect("polars").to_native()
    numbers = engine.numbers(columns(kinds.with_columns(quantity=pl.lit(1.0)).to_arrow(), 0)).tolist()
    found, refusals = engine.table.resolutions, engine.table.refusals
    at = [found[number] if number >= 0 else None for number in numbers]
    gases = sorted({gas for one in found for gas in one.coefficients})
    masses = {gas: [one.coefficients.get(gas) if one else None for one in at] for gas in gases}
    answers = kinds.drop("day").with_columns(
        pl.Series(NUMBER, numbers, pl.Int32),
        pl.Series("factors", [one.factor_ids if one else None for one in at], pl.String),
        pl.Series("refused", [None if number >= 0 else refusals[-2 - number].reason for number in numbers], pl.String),
        *(pl.Series(MASS + column(gas), [None if one is None else float(one) for one in masses[gas]], pl.Float64) for gas in gases),
    )
    return answers, gases


def _products(joined: nw.LazyFrame[Any], gases: Sequence[str]) -> nw.LazyFrame[Any]:
    """The joined lines with their products in float64, and whether one of these is too near to a half or too large to be rounded."""
    plain = nw.col("quantity").is_finite().fill_null(value=False)
    quantity = nw.when(plain).then(nw.col("quantity")).otherwise(nw.lit(0.0))
    reason = nw.when(nw.col("refused").is_null() & ~plain).then(nw.lit(NOT_PLAIN.reason)).otherwise(nw.col("refused"))
    masses = [MASS + column(gas) for gas in gases]
    # Spark's floor is an integer and overflows: what is too large to be rounded in float stands as a half, and is made exactly
    made_of = [nw.col(mass) * quantity for mass in masses]
    kept = [nw.when(one.abs() * ERROR >= 1).then(0.5).otherwise(one).alias(mass) for one, mass in zip(made_of, masses, strict=True)]
    made = joined.with_columns(*kept, reason.alias("refused"))
    near = [_near(nw.col(mass)).fill_null(value=False) for mass in masses]
    return made.with_columns((nw.any_horizontal(*near, ignore_nulls=True) if near else nw.lit(False)).alias(NEAR))


def _near(product: nw.Expr) -> nw.Expr:
    """Whether the exact product may lie on the other side of a half."""
    return (product - product.floor() - 0.5).abs() <= (product.abs() + 1) * ERROR


def _rounded(made: nw.LazyFrame[Any], gases: Sequence[str], resolutions: Sequence[Resolution]) -> nw.LazyFrame[Any]:
    """The products rounded; of those near to a half what exact fractions give, joined by kind and quantity."""
    wanted = made.filter(nw.col(NEAR) & nw.col("refused").is_null()).select(NUMBER, "quantity").unique()
    exact = _exact(wanted.collect("polars").to_native(), gases, resolutions)
    told = made.join(_beside(made, exact), on=[NUMBER, "quantity"], how="left").with_columns(nw.coalesce("refused", EXACT).alias("refused"))
    answered, near = nw.col("refused").is_null(), nw.col(NEAR)
    masses = []
    for name in map(column, gases):
        whole = nw.when(answered & ~near).then((nw.col(MASS + name) + 0.5).floor()).cast(nw.Int64)
        masses.append(nw.when(answered & near).then(nw.col(EXACT + name)).otherwise(whole).alias(name))
    return told.with_columns(*masses, nw.when(answered).then(nw.col("factors")).alias("factors"))


def _exact(close: pl.DataFrame, gases: Sequence[str], resolutions: Sequence[Resolution]) -> pl.DataFrame:
    """The masses of each number and quantity from exact fractions, or why there are none (column EXACT)."""
    numbers, place = np.unique(close[NUMBER].to_numpy(), return_inverse=True)
    quantity = close["quantity"].to_numpy()
    refused = np.zeros(close.height, np.bool_)
    made: dict[str, pl.Series] = {}
    for gas in gases:
        known = [resolutions[number].coefficients.get(gas) for number in numbers.tolist()]
        vast = np.abs(np.array([float(one or 0) for one in known], np.float64).take(place) * quantity) > VAST
        texts = ["0" if too_large else repr(value) for value, too_large in zip(quantity.tolist(), vast.tolist(), strict=True)]
        masses = products(pl.DataFrame({"quantity": pl.Series(texts, dtype=pl.String), "resolution": place.astype(np.uint32)}), known)
        refused |= vast | (masses.abs() > INT64_MAX).fill_null(value=False).to_numpy()
        made[EXACT + column(gas)] = masses.clip(-INT64_MAX, INT64_MAX).cast(pl.Int64)
    reason = pl.when(pl.lit(pl.Series(refused, dtype=pl.Boolean))).then(pl.lit(TOO_LARGE.reason))
    return close.with_columns(pl.Series(name, values) for name, values in made.items()).with_columns(reason.alias(EXACT))


def _beside(lines: nw.LazyFrame[Any], table: pl.DataFrame) -> nw.LazyFrame[Any]:
    """The table as a frame that the lines' own engine can join."""
    native = lines.to_native()
    if lines.implementation is nw.Implementation.DUCKDB:
        arrow = table.to_arrow()  # noqa: F841  read by its name
        native = native.limit(0).query("lines__", "SELECT * FROM arrow")
    elif lines.implementation.is_spark_like():
        native = native.sparkSession.createDataFrame(table.to_arrow())
    elif lines.implementation is nw.Implementation.POLARS:
        native = table.lazy()
    else:
        raise FactorError(f"frames of {lines.implementation} are not read: bring one of polars, pandas, duckdb or Spark")
    beside: nw.LazyFrame[Any] = nw.from_native(native)
    return beside
