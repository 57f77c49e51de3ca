"""Which errors an estimate's lines share: the factor behind each mass, and the meter behind each line's activity data."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import polars as pl

from carbon.activity import ActivityFrame
from carbon.answer import co2e
from carbon.estimate import EmissionFrame
from factors.factor import Parameter
from factors.gwp import GwpSet
from factors.resolution import Resolution
from factors.uncertainty import Interval, Spread, Uncertainty, analytic, interval_of

Maker = tuple[str, str, Interval | None, float]
"""A gas, the name of a factor that makes it, how far that may err, and the part of the mass that is its."""


def spread_of(lines: ActivityFrame, emissions: EmissionFrame, *, gwp: GwpSet) -> Spread:
    """The estimate in CO2e of one GWP set as cells by line and factor, for `analytic` and `monte_carlo`.

    Two lines share a meter where they name the same site and source; a line without a source is its own. Over two factor years the mass is
    put down to each factor by its days. The GWP is taken as given: its own uncertainty belongs to no line.
    """
    names: dict[str, int] = {}
    intervals: dict[str, Interval | None] = {}
    rows: list[tuple[int, str, int, float]] = []
    for at, resolution in enumerate(emissions.resolutions):
        for gas, factor, interval, share in makers(resolution):
            rows.append((at, gas, names.setdefault(factor, len(names)), share))
            intervals[factor] = shared(intervals, factor, interval)
    shape: Mapping[str, pl.DataType | type[pl.DataType]] = {
        "resolution": pl.UInt32, "gas": pl.String, "factor": pl.Int64, "share": pl.Float64,
    }  # fmt: skip
    made = pl.DataFrame(rows, schema=shape, orient="row")
    prices = {gas: 0.0 if gwp.apart(gas) else float(gwp.per_unit(gas)) for gas in emissions.gases}
    tall = emissions.lines.with_row_index("at").unpivot(
        emissions.gases, index=["at", "resolution"], variable_name="gas", value_name="amount"
    )
    price = pl.col("gas").replace_strict(prices, return_dtype=pl.Float64)
    priced = tall.filter(pl.col("amount").is_not_null()).with_columns(amount=pl.col("amount").cast(pl.Float64) * price)
    cells = priced.filter(pl.col("amount") != 0).join(made, on=["resolution", "gas"], how="inner", maintain_order="left")
    pct = lines.frame["uncertainty_pct"].cast(pl.Float64).fill_null(np.nan)
    return Spread(
        amount=(cells["amount"] * cells["share"]).to_numpy(),
        line=cells["at"].cast(pl.Int64).to_numpy(),
        factor=cells["factor"].to_numpy(),
        half_width=(pct / 100).to_numpy(),
        meter=_meters(lines.frame),
        names=tuple(names),
        intervals=tuple(intervals[name] for name in names),
    )


def total_uncertainty(lines: ActivityFrame, emissions: EmissionFrame, *, gwp: GwpSet) -> Uncertainty:
    """The exact total of the lines' CO2e, as the answers give it line by line, with its analytic ±."""
    total = emissions.lines.select(co2e(emissions.gases, gwp).sum()).item() or 0
    return analytic(spread_of(lines, emissions, gwp=gwp), total=int(total))


def makers(resolution: Resolution) -> Iterator[Maker]:
    """What makes each gas of a resolution."""
    shares = {part.factor.id: float(part.share) for part in resolution.parts}
    yield from makers_of(resolution.coefficients, resolution.activity, resolution.factor_ids, resolution.parameters, shares)


def makers_of(
    gases: Iterable[str], activity: str, ids: str, parameters: Sequence[Parameter], shares: Mapping[str, float]
) -> Iterator[Maker]:
    """What makes each gas: the factors `ids` of which each has its share of the days, and the parameters used, measured ones among them."""
    for gas in gases:
        for factor, used, share in _behind(gas.split(".")[0], activity, ids, parameters, shares):
            yield gas, f"{factor} {gas.split('.')[0]}", interval_of(used, activity), share


def shared(known: Mapping[str, Interval | None], factor: str, interval: Interval | None) -> Interval | None:
    """The interval of a factor met again: measured in one line and default in another, nobody states the one they share."""
    return None if interval is None else known.get(factor, interval)


def _behind(
    base: str, activity: str, ids: str, parameters: Sequence[Parameter], shares: Mapping[str, float]
) -> list[tuple[str, list[Parameter], float]]:
    """The factors that make one gas: id, the parameters used, and the part of the mass that is theirs.

    A guide's formula has no factors, and its variables make every gas."""
    by_factor: dict[str, list[Parameter]] = {}
    for one in parameters:
        if one.gas.split(".")[0] == base or (not shares and not one.gas):
            by_factor.setdefault(one.factor, []).append(one)
    measured = by_factor.pop("", [])  # a measured parameter belongs to the fuel whose default it replaced
    if not by_factor:
        return [(ids, measured, 1.0)]
    ours = {factor: shares.get(factor, 1.0) for factor in by_factor}
    whole = sum(ours.values())
    suffix = f" measured in {activity}" if measured else ""
    return [(factor + suffix, [*used, *measured], ours[factor] / whole) for factor, used in by_factor.items()]


def _meters(frame: pl.DataFrame) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """A number a line, the same for lines of one site and source."""
    own = pl.int_range(pl.len(), dtype=pl.Int64)
    key = pl.struct("site", "source").rank("dense").cast(pl.Int64) + pl.len()
    return frame.select(pl.when(pl.col("source").is_null()).then(own).otherwise(key)).to_series().rank("dense").cast(pl.Int64).to_numpy()
