"""Activity data become masses of gases: exact fractions, one rounding half-even, vectorised over lines that are alike.

Lines meet their factor by a small key (activity, unit, place as far as it matters, year, method, choices); the search runs once per key and
never per line. `factors.calculate` multiplies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

import polars as pl

from carbon.activity import ActivityFrame
from carbon.activity_formulas import variables_of
from carbon.errors import Fault, FaultyFile
from factors.calculate import INT64_MAX, products
from factors.dense import QUARANTINE_SCHEMA, Rules
from factors.errors import FactorNotFound, UnitMismatch
from factors.item import find_item, resolve_item
from factors.ladder import ChainOf, place_key
from factors.library import FactorLibrary
from factors.resolution import Resolution

MEASURED = ("ncv", "carbon_content", "oxidation", "density")
CHOICES = ("method", "factor", "category", *MEASURED, "biogenic_share")
FORMULA = ("formula", "variables")
"""An item of an accounting guide and its variables: such a line meets a formula in the place of a factor."""
KEY = ("activity", "unit", "place", "depth", "year", "span_start", "span_end", *CHOICES, *FORMULA)


@dataclass(frozen=True, slots=True)
class EmissionFrame:
    """Masses by line. `lines` has one row a line: `line`, `resolution` (its place in `resolutions`), and an Int64 column a gas.

    `quarantine` (QUARANTINE_SCHEMA) holds the lines without an answer and why; it is empty unless `estimate` was asked for it.
    """

    lines: pl.DataFrame
    resolutions: tuple[Resolution, ...]
    gases: tuple[str, ...]
    quarantine: pl.DataFrame = field(default_factory=QUARANTINE_SCHEMA.to_frame)

    def answered(self, lines: ActivityFrame) -> ActivityFrame:
        """The lines of `lines` that have an answer here, in the same order: what goes with this frame into `json_lines`."""
        if self.quarantine.is_empty():
            return lines
        return replace(lines, frame=lines.frame.join(self.quarantine, on="line", how="anti", maintain_order="left"))

    def long(self) -> pl.DataFrame:
        """One row a line and gas: `line`, `resolution`, `gas`, `amount` (in the gas's smallest unit); zero amounts are left out."""
        tall = self.lines.unpivot(self.gases, index=["line", "resolution"], variable_name="gas", value_name="amount")
        return tall.filter(pl.col("amount").is_not_null() & (pl.col("amount") != 0)).sort("line", maintain_order=True)


def estimate(
    lines: ActivityFrame, library: FactorLibrary, *, chain: ChainOf, allow_unverified: bool = False, quarantine: bool = False,
    known: date | None = None, programme: str = "inventory",
) -> EmissionFrame:  # fmt: skip
    """The gases that each line emits; every line that cannot be estimated is named in one FaultyFile.

    With `quarantine` those lines stand in the frame's `quarantine` instead, and the others are estimated as if they were alone.
    `known` is the day as of which the packs are read, `programme` whose rule says which basis and geography is wanted.
    Deductions and exports come out positive: on which side they are booked is the chart's business.
    """
    rules = Rules(allow_unverified, known, programme)
    keyed = _keyed(lines.frame, library, chain)
    keys = keyed.unique("key", keep="first", maintain_order=True)
    resolutions: dict[int, Resolution] = {}
    refused: dict[int, tuple[str, str, str]] = {}
    for row in keys.iter_rows(named=True):
        try:
            resolutions[row["key"]] = _resolve(row, library, chain, lines.parameter_units, rules)
        except FactorNotFound as error:
            refused[row["key"]] = (error.column, error.code, error.reason)
        except UnitMismatch as error:
            refused[row["key"]] = ("unit", error.code, str(error))
    held = _faults(keyed.filter(pl.col("key").is_in(list(refused))), refused, lines.file)
    if held and not quarantine:
        raise FaultyFile(held)
    keyed = keyed.filter(pl.col("key").is_in(list(resolutions))) if held else keyed
    places = {key: place for place, key in enumerate(resolutions)}
    found = tuple(resolutions.values())
    gases = tuple(sorted({gas for resolution in found for gas in resolution.coefficients}))
    framed = keyed.select("line", "quantity", resolution=pl.col("key").replace_strict(places, return_dtype=pl.UInt32))
    amounts = [products(framed, [resolution.coefficients.get(gas) for resolution in found]).alias(gas) for gas in gases]
    result = framed.select("line", "resolution").with_columns(amounts)
    large = _too_large(result, framed, gases, lines.file)
    if large and not quarantine:
        raise FaultyFile(large)
    result = result.filter(~pl.col("line").is_in([fault.row for fault in large])) if large else result
    emissions = EmissionFrame(result.cast(dict.fromkeys(gases, pl.Int64)), found, gases)
    return replace(emissions, quarantine=_quarantine([*held, *large])) if held or large else emissions


def _quarantine(faults: Sequence[Fault]) -> pl.DataFrame:
    rows = [(fault.row, fault.column, fault.value, fault.code, fault.reason) for fault in faults]
    return pl.DataFrame(rows, schema=QUARANTINE_SCHEMA, orient="row").sort("line")


def _keyed(frame: pl.DataFrame, library: FactorLibrary, chain: ChainOf) -> pl.DataFrame:
    """The lines with `key`, the number of their group of alike lines, and the columns that make it.

    `depth`, the length of a line's chain, is one of them: a county under its city and one under its province pass a different number of
    places on the way to the same factor, and each line names its own.
    """
    depths = {activity: library.place_depth(activity) for activity in frame["activity"].unique()}
    parts = frame.select("activity", "division").unique()
    keys = [place_key(division, depths[activity]) if division else division for activity, division in parts.iter_rows()]
    parts = parts.with_columns(place=pl.Series(keys, dtype=pl.String))
    crosses = pl.col("start").dt.year() != pl.col("end").dt.year()
    placed = frame.join(parts, on=["activity", "division"], how="left", nulls_equal=True, maintain_order="left").with_columns(
        year=pl.col("end").dt.year(),
        span_start=pl.when(crosses).then(pl.col("start")),
        span_end=pl.when(crosses).then(pl.col("end")),
    )
    placed = placed.join(_depths(placed, chain), on=["division", "year"], how="left", maintain_order="left")
    if placed["formula"].null_count() < placed.height:  # neither place nor time matters to a formula
        searched = ("place", "depth", "year", "span_start", "span_end", "method", "category")
        placed = placed.with_columns(pl.when(pl.col("formula").is_null()).then(pl.col(name)).alias(name) for name in searched)
    # columns that say nothing cannot part lines; what is left is numbered once and joined back
    telling = [name for name in KEY if placed[name].null_count() < placed.height]
    numbered = placed.select(telling).unique().with_row_index("key")
    return placed.join(numbered, on=telling, how="left", nulls_equal=True, maintain_order="left")


def _depths(placed: pl.DataFrame, chain: ChainOf) -> pl.DataFrame:
    """How many places the chain of each division has, by `division` and `year`: at the end of the year, as the steps are told."""
    places = placed.select("division", "year").drop_nulls().unique()
    depths = [len(chain(division, date(year, 12, 31))) for division, year in places.iter_rows()]
    return places.with_columns(depth=pl.Series(depths, dtype=pl.UInt8))


def _resolve(row: Mapping[str, object], library: FactorLibrary, chain: ChainOf, units: Mapping[str, str], rules: Rules) -> Resolution:
    if row["formula"] is not None:
        worked = resolve_item(find_item(str(row["formula"])), variables_of(_text(row["variables"])), unit=str(row["unit"]))
        return worked if row["biogenic_share"] is None else _with_biogenic(worked, Fraction(str(row["biogenic_share"])))
    measured = {name: (str(row[name]), units[name]) for name in MEASURED if row[name] is not None}
    start, end = row["start"], row["end"]
    assert isinstance(start, date)
    assert isinstance(end, date)
    division = row["division"]
    resolution = library.resolve(
        str(row["activity"]),
        regions=chain(str(division), end) if division else (),
        start=start,
        end=end,
        unit=str(row["unit"]),
        method=_text(row["method"]),
        factor=_text(row["factor"]),
        category=_text(row["category"]),
        measured=measured,
        allow_unverified=rules.allow_unverified,
        known=rules.known,
        programme_name=rules.programme,
    )
    share = row["biogenic_share"]
    return resolution if share is None else _with_biogenic(resolution, Fraction(str(share)))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _with_biogenic(resolution: Resolution, share: Fraction) -> Resolution:
    """The resolution with that part of CO2 and CH4 moved to their biogenic kinds (a mixed fuel: GB/T 32150-2015, 5.2)."""
    if not 0 <= share <= 1:
        reason = f"biogenic_share of {float(share):g} lies outside 0–1: write a part of one, not a percentage"
        raise FactorNotFound(reason, column="biogenic_share", code="parameter.out-of-range")
    split: dict[str, Fraction] = {}
    for gas, amount in resolution.coefficients.items():
        other = {"CO2": "CO2.biogenic", "CH4.fossil": "CH4.biogenic"}.get(gas)
        split[gas] = split.get(gas, Fraction(0)) + (amount * (1 - share) if other else amount)
        if other and share:
            split[other] = split.get(other, Fraction(0)) + amount * share
    return replace(resolution, coefficients=split)


def _faults(lines: pl.DataFrame, refused: Mapping[int, tuple[str, str, str]], file: str) -> list[Fault]:
    faults = []
    for row in lines.iter_rows(named=True):
        column, code, reason = refused[row["key"]]
        faults.append(Fault(file=file, row=row["line"], column=column, value=_text(row.get(column)), code=code, reason=reason))
    return faults


def _too_large(result: pl.DataFrame, framed: pl.DataFrame, gases: Sequence[str], file: str) -> list[Fault]:
    if not gases:
        return []
    big = result.with_columns(framed["quantity"]).filter(pl.any_horizontal(pl.col(gas).abs() > INT64_MAX for gas in gases))
    reason = "the mass does not fit in 64 bits (9.2 × 10¹² t of CO2): was another unit meant?"
    return [
        Fault(file=file, row=line, column="quantity", value=quantity, code="number.too-large", reason=reason)
        for line, quantity in big.select("line", "quantity").iter_rows()
    ]
