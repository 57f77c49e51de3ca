"""How far any part of an inventory may lie from what it says: lines that share a factor err together, whichever rows they stand in.

`carbon.uncertainty` says what makes a mass, `factors.uncertainty` adds up (IPCC 2006 vol. 1 ch. 3). Here an inventory's lines are laid out
once, and the ± of each row, group, section and total is that of a part of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl
from sqlmodel import Session

from carbon.answer import kept
from carbon.enterprise.inventory.lines import factors_of, resolutions_of
from carbon.uncertainty import Maker, makers, makers_of, shared
from factors.errors import NoGwp
from factors.factor import Parameter
from factors.gwp import GwpSet
from factors.resolution import Resolution
from factors.uncertainty import Interval, Spread, Uncertainty, analytic

MADE = pl.Schema({"resolution": pl.String, "gas": pl.String, "factor": pl.String, "share": pl.Float64})
UNKNOWN = "not stated"


@dataclass(frozen=True, slots=True)
class Made:
    """What makes the gases of resolutions (`rows`, schema MADE; resolutions by their hex ids), and how far each factor may err."""

    rows: pl.DataFrame
    intervals: Mapping[str, Interval | None]


def made_by(resolutions: Sequence[Resolution]) -> Made:
    """What makes the gases of resolutions that were just found."""
    return _made((kept(one)[0].hex(), makers(one)) for one in resolutions)


def made_in_book(session: Session, lines: pl.DataFrame) -> Made:
    """What made the gases of booked lines, from their resolutions as they were kept."""
    keys = [bytes.fromhex(key) for key in lines["resolution"].drop_nulls().unique()]
    found = []
    for key, said in sorted(resolutions_of(session, keys).items()):
        shares = {one["id"]: float(Fraction(one["share"])) for one in said["factors"]}
        parameters = msgspec.convert(said["parameters"], list[Parameter])
        found.append((key.hex(), makers_of(said["coefficients"], said["activity"], factors_of(said), parameters, shares)))
    return _made(found)


def _made(found: Iterable[tuple[str, Iterable[Maker]]]) -> Made:
    intervals: dict[str, Interval | None] = {}
    rows = []
    for key, made in found:
        for gas, factor, interval, share in made:
            intervals[factor] = shared(intervals, factor, interval)
            rows.append((key, gas, factor, share))
    return Made(pl.DataFrame(rows, schema=MADE, orient="row").unique(["resolution", "gas", "factor"], maintain_order=True), intervals)


@dataclass(frozen=True, slots=True)
class Spreads:
    """An inventory's lines as cells, each in a row of the inventory; `of` gives the ± of any rows together."""

    row: npt.NDArray[np.int64]
    whole: Spread
    rows: int

    def of(self, rows: Iterable[int], total: int) -> Uncertainty:
        """The ± of these rows, whose exact sum in g CO2e is `total`."""
        wanted = np.zeros(self.rows, dtype=bool)
        wanted[list(rows)] = True
        at = np.flatnonzero(wanted[self.row])
        line, lines = _dense(self.whole.line[at], len(self.whole.half_width))
        factor, factors = _dense(self.whole.factor[at], len(self.whole.names))
        part = Spread(
            amount=self.whole.amount[at],
            line=line,
            factor=factor,
            half_width=self.whole.half_width[lines],
            meter=_dense(self.whole.meter[lines], int(self.whole.meter.max(initial=-1)) + 1)[0],
            names=[self.whole.names[no] for no in factors],
            intervals=[self.whole.intervals[no] for no in factors],
        )
        return analytic(part, total=total)


def pct(found: Uncertainty) -> str | None:
    """The longer half-width at 95 % in percent, to one place; None where nothing is stated."""
    if found.lower_pct is None or found.upper_pct is None:
        return None
    return f"{max(-found.lower_pct, found.upper_pct):.1f}"


def _dense(values: npt.NDArray[np.int64], size: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Values numbered anew without gaps, in their order, and which they were."""
    present = np.zeros(size, dtype=bool)
    present[values] = True
    numbers = np.cumsum(present) - 1
    return numbers[values], np.flatnonzero(present)


def spreads(numbered: pl.DataFrame, *, prices: GwpSet, made: Made | None) -> Spreads:
    """The cells of LINES with `row` and `of_line`, the numbers (from 0 without gaps) of the inventory's row and of the line.

    Two lines share a meter where they name the same site and source, as in `carbon.uncertainty.spread_of`.
    """
    meter = pl.when(pl.col("source").is_not_null()).then(pl.struct("holder", "site", "source"))
    lines = (
        numbered.select("of_line", "holder", "site", "source", pl.col("uncertainty_pct").cast(pl.Float64))
        .unique("of_line", keep="any")
        .sort("of_line")
        .with_columns(meter=meter.rank("dense").cast(pl.Int64) + pl.len())
    )
    per_unit = {gas: _price(gas, prices) for gas in ["CO2", *numbered["gas"].unique()]}
    price = pl.col("gas").replace_strict(per_unit, return_dtype=pl.Float64)
    cells = (
        numbered.select("row", "of_line", "resolution", "gas", amount=pl.col("amount") * price)
        .filter(pl.col("amount") != 0)
        .sort("row", "of_line")
    )
    table = MADE.to_frame() if made is None else made.rows
    cells = cells.join(table, on=["resolution", "gas"], how="left", maintain_order="left")
    known = {UNKNOWN: None} | dict(made.intervals if made else {})
    names = list(known)
    factor = pl.col("factor").fill_null(UNKNOWN).replace_strict({name: no for no, name in enumerate(names)}, return_dtype=pl.Int64)
    return Spreads(
        row=cells["row"].cast(pl.Int64).to_numpy(),
        whole=Spread(
            amount=cells.select(pl.col("amount") * pl.col("share").fill_null(1.0)).to_series().to_numpy(),
            line=cells["of_line"].cast(pl.Int64).to_numpy(),
            factor=cells.select(factor).to_series().to_numpy(),
            half_width=lines["uncertainty_pct"].fill_null(np.nan).to_numpy() / 100,
            meter=lines.select(pl.coalesce("meter", pl.int_range(pl.len(), dtype=pl.Int64))).to_series().to_numpy(),
            names=names,
            intervals=[known[name] for name in names],
        ),
        rows=numbered["row"].n_unique(),
    )


def _price(gas: str, prices: GwpSet) -> float:
    """Grams of CO2e per smallest unit; nothing for what is told beside the total."""
    try:
        return 0.0 if prices.apart(gas) else float(prices.per_unit(gas))
    except NoGwp:
        return 0.0
