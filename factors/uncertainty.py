"""How far a total may lie from what it says: lines that share a factor err together, activity data only where they share a meter.

IPCC 2006 Guidelines vol. 1 ch. 3: relative half-widths of 95 % of a product add in quadrature (equation 3.1), those of a sum as absolute
half-widths in quadrature (equation 3.2). Both hold for what is independent, so what shares a factor is added up before they are applied
(section 3.2.3.1). Skewed bounds are lognormal, and the total's bounds then follow from its half-width U by equations 3.5, 3.6 and 3.7.
A spread is no amount: it is float, and the total it belongs to stays the exact integer.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import exp, log, sqrt

import msgspec
import numpy as np
import numpy.typing as npt

from factors.factor import Parameter

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TWO_SIDED = 1.959963984540054
"""Standard deviations on each side that hold 95 % of a normal distribution."""
SKEWED = 0.01
"""An upper half-width longer than the lower by more than this part of it is taken as lognormal."""


@dataclass(frozen=True, slots=True)
class Interval:
    """95 % bounds relative to the value (-0.05 and 0.08 are −5 % and +8 %), and who says so."""

    lower: float
    upper: float
    source: str

    @property
    def skewed(self) -> bool:
        """Whether it reaches further up than down, so that a lognormal describes it."""
        return self.upper > -self.lower * (1 + SKEWED)

    @property
    def sigma(self) -> float:
        """Logarithm of the geometric standard deviation of a skewed interval; from equation 3.6 where the lower bound is nothing."""
        if self.lower > -1:
            return log((1 + self.upper) / (1 + self.lower)) / (2 * TWO_SIDED)
        return sqrt(log(1 + (self.upper / 2) ** 2))

    @property
    def deviation(self) -> float:
        """Standard deviation relative to the value; a normal takes the longer half-width."""
        return sqrt(exp(self.sigma**2) - 1) if self.skewed else max(-self.lower, self.upper) / TWO_SIDED


class Contribution(msgspec.Struct, frozen=True, kw_only=True):
    """What one factor, or all activity data, adds: its own ± on the total in percent, and its share of the variance."""

    name: str
    pct: float
    share: float
    source: str = ""


class Uncertainty(msgspec.Struct, frozen=True, kw_only=True):
    """± of a total at 95 %, in percent of it. None where nothing is stated; unstated lines are counted, never taken as exact."""

    total: int
    lower_pct: float | None
    upper_pct: float | None
    method: str
    lines: int
    factor_not_stated: int
    activity_not_stated: int
    contributions: tuple[Contribution, ...]
    draws: int = 0
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """Amounts as cells (a line's part made by one factor) and what is known of each factor's and each line's error.

    `amount`, `line` and `factor` have one element a cell; `half_width` (relative, 95 %, NaN where not stated) and `meter` one a line.
    Lines of one meter err together. `names` and `intervals` have one element a factor.
    """

    amount: Floats
    line: Ints
    factor: Ints
    half_width: Floats
    meter: Ints
    names: Sequence[str]
    intervals: Sequence[Interval | None]


def interval_of(parameters: Sequence[Parameter], activity: str) -> Interval | None:
    """The stated interval of the parameters that make one gas of one factor; None where nobody states one."""
    bounded = [one for one in parameters if isinstance(one.lower, str) and isinstance(one.upper, str) and float(one.value) > 0]
    if len(parameters) == 1 and bounded:
        (one,) = bounded
        value, lower, upper = float(one.value), float(str(one.lower)), float(str(one.upper))
        return Interval(lower / value - 1, upper / value - 1, "bounds published with the factor")
    fuel = activity.rpartition(".")[2] if activity.startswith("combustion.") else ""
    if {one.gas for one in parameters} <= {"CO2", ""} and all(one.tier == "default" for one in parameters):
        return fuel_intervals().get(fuel)
    return None


@cache
def fuel_intervals() -> dict[str, Interval]:
    """The 95 % interval that IPCC states of its own CO2 default of a fuel, for sets that state none of theirs."""
    text = files("factors").joinpath("data", "fuel_intervals.csv").read_text(encoding="utf-8")
    found = {}
    for row in csv.DictReader(text.splitlines()):
        value, lower, upper = (float(row[name]) for name in ("value", "lower", "upper"))
        source = f"{row['source']}: 95 % interval of its own default for this fuel, borrowed: the factor's set states none"
        found[row["fuel"]] = Interval(lower / value - 1, upper / value - 1, source)
    return found


def analytic(spread: Spread, *, total: int, most: int = 5) -> Uncertainty:
    """The ± of a total by equations 3.1 and 3.2, after adding up what shares a factor or a meter; the `most` largest contributions.

    The total is called lognormal where more than half of its variance comes from skewed factors, else symmetric.
    """
    sums, deviations = _by_factor(spread)
    stated = ~np.isnan(deviations)
    factor_variance = np.where(stated, (sums * np.nan_to_num(deviations)) ** 2, 0.0)
    meters = _by_meter(spread)
    activity_variance = float(meters @ meters)
    variance = float(factor_variance.sum()) + activity_variance
    contributions = []
    for at in np.argsort(-factor_variance, kind="stable")[:most]:
        interval = spread.intervals[at]
        if interval and factor_variance[at] > 0:
            contributions.append(_contribution(spread.names[at], float(factor_variance[at]), variance, total, interval.source))
    if activity_variance > 0:
        contributions.append(_contribution("activity data", activity_variance, variance, total, "uncertainty_pct of the lines"))
    leaning = sum(float(factor_variance[at]) for at, interval in enumerate(spread.intervals) if interval and interval.skewed)
    lower, upper = _bounds(sqrt(variance) / abs(total) if total else 0.0, skewed=total > 0 and 2 * leaning > variance)
    return _told(spread, total, (lower, upper), "analytic", sorted(contributions, key=lambda one: -one.share)[:most])


def monte_carlo(spread: Spread, *, total: int, seed: int, draws: int = 10_000, most: int = 5) -> Uncertainty:
    """The ± of a total by `draws` drawn with `seed` (approach 2, section 3.2.3.2): one draw a factor, never one a line.

    Errors of activity data are normal; those of lines that share meters or factors are drawn together from their exact covariance.
    """
    sums, deviations = _by_factor(spread)
    draw = np.random.default_rng(seed)
    found = np.zeros(draws)
    activity = _activity_draws(spread, draw, draws)
    for at, interval in enumerate(spread.intervals):
        error = draw.standard_normal(draws)
        if interval is None:
            scale = np.ones(draws)
        elif interval.skewed:  # of mean 1, so that the value is the mean, as equation 3.5 has it
            scale = np.exp(interval.sigma * error - interval.sigma**2 / 2)
        else:
            scale = 1 + deviations[at] * error
        found += (sums[at] + activity.get(at, 0.0)) * scale
    base = analytic(spread, total=total, most=most)
    if not total:
        return base
    shift = total - float(sums.sum())  # cells are floats, the total is not
    lower, upper = np.quantile(found + shift, [0.025, 0.975]) / total - 1
    bounds = (-abs(float(lower)), float(upper)) if total > 0 else (-abs(float(upper)), float(lower))
    told = _told(spread, total, bounds, "monte-carlo", base.contributions)
    return msgspec.structs.replace(told, draws=draws, seed=seed)


def sentence(found: Uncertainty, unit: str) -> str:
    """The total with its ±, what most of it comes from, and for how many lines nothing is stated."""
    lower, upper = found.lower_pct, found.upper_pct
    if lower is None or upper is None:
        spread = "± not stated"
    elif abs(upper + lower) < 0.05:
        spread = f"± {upper:.1f} % (95 %)"
    else:
        spread = f"{lower:+.1f} % … {upper:+.1f} % (95 %)".replace("-", "−")
    parts = [f"{found.total:,} {unit} {spread}"]
    if lower is not None and found.contributions:
        parts.append("most from " + ", ".join(f"{one.name} ({one.share:.0%})" for one in found.contributions[:3]))
    for what, missing in (("factor", found.factor_not_stated), ("activity data", found.activity_not_stated)):
        if missing:
            parts.append(f"{what} uncertainty not stated for {missing:,} of {found.lines:,} lines")
    if lower is not None and (found.factor_not_stated or found.activity_not_stated):
        parts.append("the ± covers only what is stated")
    return "; ".join(parts)


def _by_factor(spread: Spread) -> tuple[Floats, Floats]:
    """Signed sums by factor, in which shared errors add up; relative deviations, NaN where not stated."""
    sums: Floats = np.bincount(spread.factor, weights=spread.amount, minlength=len(spread.names)).astype(np.float64)
    return sums, np.array([np.nan if interval is None else interval.deviation for interval in spread.intervals], dtype=np.float64)


def _deviation(spread: Spread) -> Floats:
    """One relative standard deviation of each line's activity data; 0 where the line states none."""
    return np.where(np.isnan(spread.half_width), 0.0, spread.half_width) * (1 / TWO_SIDED)


def _by_meter(spread: Spread) -> Floats:
    """One standard deviation of each meter, signed: cells are added up by line first, which share its activity data."""
    lines = np.bincount(spread.line, weights=spread.amount, minlength=len(spread.half_width))
    summed: Floats = np.bincount(spread.meter, weights=lines * _deviation(spread)).astype(np.float64)
    return summed


def _activity_draws(spread: Spread, draw: np.random.Generator, draws: int) -> dict[int, Floats]:
    """Draws of the errors of activity data summed by factor, from their covariance Σ over meters of s sᵀ."""
    errors = spread.amount * _deviation(spread)[spread.line]
    touched = np.unique(spread.factor[errors != 0])
    if not len(touched):
        return {}
    meter = spread.meter[spread.line]
    width = len(spread.names)
    keys, places = np.unique(meter * width + spread.factor, return_inverse=True)
    cells = np.bincount(places, weights=errors)
    owner, column = np.divmod(keys, width)
    covariance = np.zeros((width, width))
    starts = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    sizes = np.diff(np.r_[starts, len(owner)])
    for step in range(int(sizes.max())):  # each cell with the one `step` places on in its meter
        first = np.arange(len(owner) - step)
        first = first[owner[first] == owner[first + step]]
        np.add.at(covariance, (column[first], column[first + step]), cells[first] * cells[first + step])
    covariance = np.triu(covariance) + np.triu(covariance, 1).T
    values, vectors = np.linalg.eigh(covariance[np.ix_(touched, touched)])
    drawn = (vectors * np.sqrt(np.clip(values, 0, None))) @ draw.standard_normal((len(touched), draws))
    return {int(at): drawn[place] for place, at in enumerate(touched)}


def _bounds(deviation: float, *, skewed: bool) -> tuple[float, float]:
    """Relative bounds at 95 %: symmetric, or of a lognormal of mean 1 (equations 3.5 to 3.7 with U/200 the deviation)."""
    if not skewed:
        return -TWO_SIDED * deviation, TWO_SIDED * deviation
    spread = sqrt(log(1 + deviation**2))
    middle = -(spread**2) / 2
    return exp(middle - TWO_SIDED * spread) - 1, exp(middle + TWO_SIDED * spread) - 1


def _contribution(name: str, part: float, variance: float, total: int, source: str) -> Contribution:
    pct = TWO_SIDED * sqrt(part) / abs(total) * 100 if total else 0.0
    return Contribution(name=name, pct=round(pct, 4), share=round(part / variance, 6), source=source)


def _told(spread: Spread, total: int, bounds: tuple[float, float], method: str, contributions: Sequence[Contribution]) -> Uncertainty:
    silent = np.array([interval is None for interval in spread.intervals], dtype=bool)
    lacking = np.zeros(len(spread.half_width), dtype=bool)
    if silent.any():
        lacking[spread.line[silent[spread.factor]]] = True
    factor_missing, activity_missing = int(lacking.sum()), int(np.isnan(spread.half_width).sum())
    known = bool(contributions) and total != 0
    return Uncertainty(
        total=total,
        lower_pct=round(bounds[0] * 100, 4) if known else None,
        upper_pct=round(bounds[1] * 100, 4) if known else None,
        method=method,
        lines=len(spread.half_width),
        factor_not_stated=factor_missing,
        activity_not_stated=activity_missing,
        contributions=tuple(contributions),
    )
