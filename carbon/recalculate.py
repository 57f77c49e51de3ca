"""The same activity data answered twice, and the way from one answer to the other: activity, factor, GWP, method.

The bridge changes one thing after the other, in that order, and books each line's difference to what was changed last. Its steps are
differences of integers in grams of CO2e, so that before + activity + factor + gwp + method = after holds exactly, line by line and in sum.
What a change is worth depends on what was changed before it: the order is fixed and part of the answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from carbon.activity import ActivityFrame
from carbon.answer import co2e
from carbon.errors import CarbonError
from carbon.estimate import EmissionFrame, estimate
from factors.activities import activities
from factors.gwp import GwpSet
from factors.ladder import ChainOf
from factors.library import FactorLibrary

STEPS = ("activity", "factor", "gwp", "method")
"""What is changed, in the order of the bridge."""
METHODS = ("location", "market")
CARRIERS = ("electricity.", "heat.", "cooling.")
"""Of scope 2, what a method applies to: the carriers that are bought and sold."""


class NoSuchFactorSet(CarbonError):
    """No pack and no parameter set has that name."""

    code = "factor.set"

    def __init__(self, name: str, library: FactorLibrary) -> None:
        self.name = name
        packs = ", ".join(pack.manifest.id for pack in library.packs)
        sets = ", ".join(sorted({factor.set_id for factor in library.factors()} - {"", "other"}))
        super().__init__(f"{name[:60]!r} is neither a parameter set ({sets}) nor an edition of a pack ({packs})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What an answer rests on beside its activity data. None is what the file and the library say by themselves.

    `factor_set` is a parameter set such as ``mee2024_sector``, used for the lines that it has factors for and that name none of their own;
    or a pack in one edition such as ``cn-grid/2024-33_e001``, the only one of its name that then counts. `method` is the scope 2 method of
    all lines of power, heat and cooling, `known` the day as of which the packs are read, `programme` whose rule picks basis and geography.
    """

    gwp: GwpSet
    factor_set: str | None = None
    method: str | None = None
    known: date | None = None
    programme: str = "inventory"

    @property
    def factors(self) -> tuple[object, ...]:
        """What decides the factors: where two bases agree in it, nothing of their difference lies in the factors."""
        return self.factor_set, self.known, self.programme


@dataclass(frozen=True, slots=True)
class Recalculation:
    """Both answers and the bridge: `lines` has `line`, `before`, STEPS and `after` in g CO2e (Int64), one row a line of either file."""

    before: EmissionFrame
    after: EmissionFrame
    lines: pl.DataFrame

    @property
    def total(self) -> Mapping[str, int]:
        """The sums of the bridge's columns: before + the steps = after."""
        return {name: int(self.lines[name].sum()) for name in ("before", *STEPS, "after")}


def recalculate(
    lines: ActivityFrame, library: FactorLibrary, *, chain: ChainOf, before: Basis, after: Basis, revised: ActivityFrame | None = None
) -> Recalculation:
    """Both answers for `lines` and the bridge between them; `revised` is the activity data of the second, matched by row of the file.

    Raises FaultyFile where a line has no answer on either side or on the way, NoSuchFactorSet, and NoGwp where a set lacks a gas.
    """
    now = revised or lines
    first = _answer(lines, library, chain, before, method=before.method)
    changed = _answer(now, library, chain, before, method=before.method) if revised else first
    factored = changed if after.factors == before.factors else _answer(now, library, chain, after, method=before.method)
    last = factored if after.method == before.method else _answer(now, library, chain, after, method=after.method)
    stages = {
        "before": _grams(first, before.gwp), "activity": _grams(changed, before.gwp), "factor": _grams(factored, before.gwp),
        "gwp": _grams(factored, after.gwp), "method": _grams(last, after.gwp),
    }  # fmt: skip
    rows = pl.concat([stage.select("line") for stage in stages.values()]).unique().sort("line")
    for name, stage in stages.items():
        rows = rows.join(stage.rename({"grams": f"at_{name}"}), on="line", how="left", maintain_order="left")
    rows = rows.fill_null(0)  # a line that one of the files does not have emits nothing there
    passed = ["before", *STEPS]
    steps = [(pl.col(f"at_{name}") - pl.col(f"at_{passed[at]}")).alias(name) for at, name in enumerate(STEPS)]
    return Recalculation(first, last, rows.select("line", pl.col("at_before").alias("before"), *steps, after=pl.col("at_method")))


def _answer(lines: ActivityFrame, library: FactorLibrary, chain: ChainOf, basis: Basis, *, method: str | None) -> EmissionFrame:
    chosen, frame = library, lines.frame
    if basis.factor_set:
        chosen, frame = _with_set(library, frame, basis.factor_set)
    if method:
        applies = pl.col("activity").is_in([one.id for one in activities() if one.scope == "2" and one.id.startswith(CARRIERS)])
        frame = frame.with_columns(method=pl.when(applies).then(pl.lit(method)).otherwise(pl.col("method")))
    return estimate(replace(lines, frame=frame), chosen, chain=chain, known=basis.known, programme=basis.programme)


def _with_set(library: FactorLibrary, frame: pl.DataFrame, name: str) -> tuple[FactorLibrary, pl.DataFrame]:
    """The library with one edition of a pack, or the lines with a parameter set where they name none."""
    pack = next((pack for pack in library.packs if pack.manifest.id == name), None)
    if pack:
        return FactorLibrary(one for one in library.packs if one is pack or one.manifest.name != pack.manifest.name), frame
    held = {activity for factor in library.factors() if factor.set_id == name for activity in factor.activities}
    if not held or name == "other":
        raise NoSuchFactorSet(name, library)
    free = pl.col("factor").is_null() & pl.col("activity").is_in(list(held))
    return library, frame.with_columns(factor=pl.when(free).then(pl.lit(name)).otherwise(pl.col("factor")))


def _grams(emissions: EmissionFrame, gwp: GwpSet) -> pl.DataFrame:
    return emissions.lines.select("line", grams=co2e(emissions.gases, gwp).cast(pl.Int64))
