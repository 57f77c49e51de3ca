"""What a line that can be read and estimated may still have wrong: sites outside their days, odd units and amounts, old factors.

Pure: what the book knows (last year's lines, the days of sites) is handed over. Each answer names row and column. Certificates are
`carbon.enterprise.intake.certified`'s.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from carbon.activity import ActivityFrame
from carbon.enterprise.intake.problem import Problem, Weight
from factors.units import find_unit, ratio, units

ODD_TIMES = 100
"""A quantity as many times that of the year before, or as small a part of it, is asked about (issue: "asks, does not refuse")."""
PEER = ("site", "source", "activity")
LAST_YEAR = pl.Schema(
    {"site": pl.String, "source": pl.String, "activity": pl.String, "month": pl.Int64, "quantity": pl.String, "unit": pl.String}
)
"""Lines of the year before; `month` is 1 to 12, or null where a line is of no single month."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the book knows: last year's lines (LAST_YEAR), the days of each site (the last is None while it stands), and the last year of
    each supplier's factor that has one."""

    last_year: pl.DataFrame = field(default_factory=LAST_YEAR.to_frame)
    sites: Mapping[str, tuple[date, date | None]] = field(default_factory=dict)
    last_years: Mapping[str, int] = field(default_factory=dict)


def check(lines: ActivityFrame, known: Known) -> list[Problem]:
    """The problems of lines that passed every check of form."""
    return [*_sites(lines, known), *_units(lines), *_amounts(lines, known), *_factors(lines, known)]


def _problem(lines: ActivityFrame, row: int, column: str, value: str | None, code: str, weight: Weight, reason: str) -> Problem:
    return Problem(file=lines.file, row=row, column=column, value=value, code=code, weight=weight, reason=reason)


def _sites(lines: ActivityFrame, known: Known) -> Iterator[Problem]:
    """Lines of days on which their site was not yet, or no longer, the firm's."""
    for row, site, start, end in lines.frame.select("line", "site", "start", "end").iter_rows():
        since, until = known.sites.get(site, (None, None))
        if since is not None and start < since:
            reason = f"the site {site} is the firm's from {since}: begin the period there, or file the days before under another site"
            yield _problem(lines, row, "site", site, "site.not-on-day", Weight.MUST, reason)
        elif until is not None and end > until:
            reason = f"the site {site} was the firm's until {until}: end the period there, or correct the site"
            yield _problem(lines, row, "site", site, "site.not-on-day", Weight.MUST, reason)


def _base(frame: pl.DataFrame) -> pl.DataFrame:
    """`amount`, a float for comparing only, in one unit for each dimension, and that dimension."""
    tokens = frame["unit"].unique().drop_nulls().to_list()
    kinds = {token: find_unit(token).dimension for token in tokens}
    heads = {kind: next(unit.token for unit in units() if unit.dimension == kind) for kind in set(kinds.values())}
    scales = {token: float(ratio(token, heads[kinds[token]])) for token in tokens}
    if not tokens:
        return frame.with_columns(amount=pl.lit(None, dtype=pl.Float64), kind=pl.lit(None, dtype=pl.String))
    scale = pl.col("unit").replace_strict(scales, return_dtype=pl.Float64)
    return frame.with_columns(
        amount=pl.col("quantity").cast(pl.Float64) * scale, kind=pl.col("unit").replace_strict(kinds, return_dtype=pl.String)
    )


def _units(lines: ActivityFrame) -> Iterator[Problem]:
    """A line in another unit than its source's others, whose amount in that unit is a hundredth of theirs or a hundred times as much."""
    frame = _base(lines.frame.drop_nulls("source").select("line", *PEER, "quantity", "unit")).filter(pl.col("amount") > 0)
    usual = frame.group_by(*PEER, "kind").agg(
        typical=pl.col("amount").median(), common=pl.col("unit").mode().sort().first(), several=pl.col("unit").n_unique(), count=pl.len()
    )
    odd = frame.join(usual, on=[*PEER, "kind"], maintain_order="left").filter(
        (pl.col("several") > 1) & (pl.col("count") > 2) & (pl.col("unit") != pl.col("common")) & _far(pl.col("amount"), pl.col("typical"))
    )
    for row, unit, common, times in odd.select("line", "unit", "common", pl.col("amount") / pl.col("typical")).iter_rows():
        reason = f"the source's other lines are in {common}; in {unit} this one is {_times(times)} of them: correct the unit, or confirm it"
        yield _problem(lines, row, "unit", unit, "unit.odd", Weight.ASK, reason)


def _far(amount: pl.Expr, other: pl.Expr) -> pl.Expr:
    return (other > 0) & ((amount >= ODD_TIMES * other) | (amount * ODD_TIMES <= other))


def _times(times: float) -> str:
    return f"{times:,.0f} times" if times >= 1 else f"one {1 / times:,.0f}th" if times > 0 else "nothing"


def _amounts(lines: ActivityFrame, known: Known) -> Iterator[Problem]:
    """A line a hundred times as much as that of the same source and month of the year before, or a hundredth."""
    if known.last_year.is_empty():
        return
    month = pl.when(pl.col("start").dt.month() == pl.col("end").dt.month()).then(pl.col("end").dt.month().cast(pl.Int64))
    now = _base(lines.frame.select("line", *PEER, "quantity", "unit", month=month)).filter(pl.col("amount") > 0)
    before = (
        _base(known.last_year.select(*PEER, "quantity", "unit", "month"))
        .filter(pl.col("amount") > 0)
        .group_by(*PEER, "month", "kind")
        .agg(last=pl.col("amount").sum())
    )
    odd = now.join(before, on=[*PEER, "month", "kind"], nulls_equal=True, maintain_order="left").filter(
        _far(pl.col("amount"), pl.col("last"))
    )
    for row, quantity, unit, times in odd.select("line", "quantity", "unit", pl.col("amount") / pl.col("last")).iter_rows():
        reason = (
            f"this is {_times(times)} of what the source had in this month of the year before: confirm it, or look for a misplaced point"
        )
        yield _problem(lines, row, "quantity", f"{quantity} {unit}", "quantity.odd", Weight.ASK, reason)


def _factors(lines: ActivityFrame, known: Known) -> Iterator[Problem]:
    """Lines that name a supplier's factor of a year for which it no longer stands."""
    named = lines.frame.filter(pl.col("factor").is_in(list(known.last_years))).select("line", "factor", pl.col("end").dt.year())
    for row, factor, year in named.iter_rows():
        if year > known.last_years[factor]:
            reason = f"the supplier's factor {factor} holds to {known.last_years[factor]}: file a newer one, or take the default"
            yield _problem(lines, row, "factor", factor, "factor.past", Weight.ASK, reason)
