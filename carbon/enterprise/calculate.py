"""The one calculation of an enterprise: lines of activity data, in their books, with their masses. Pure.

What is previewed, verified, accepted and booked is this answer; nothing else is ever calculated of a filing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from carbon.activity import ActivityFrame
from carbon.bookkeeping import PlacedLines, Sellers, place_lines
from carbon.enterprise.inventory.lines import preview_lines
from carbon.enterprise.inventory.sections import value_of
from carbon.enterprise.market import Contract, with_market
from carbon.estimate import EmissionFrame, estimate
from factors.gwp import GwpSet, half_even
from factors.ladder import ChainOf
from factors.library import FactorLibrary

DECLARED = (("physical", "1"), ("location", "2"))
"""The books and scopes whose sum a filing declares: scope 1 and scope 2 by location."""


@dataclass(frozen=True, slots=True)
class Calculated:
    """Lines in their books and the gases of each."""

    placed: PlacedLines
    emissions: EmissionFrame

    def lines(self, *, holder: str) -> pl.DataFrame:
        """What would stand on the holder's accounts (`carbon.enterprise.inventory.lines.LINES`)."""
        return preview_lines(self.placed, self.emissions, holder=holder)


def calculate(
    lines: ActivityFrame, *, industry: str | None, library: FactorLibrary, chain: ChainOf, contracts: Sequence[Contract] = (),
    sellers: Sellers | None = None,
) -> Calculated:  # fmt: skip
    """The lines placed and estimated, and beside those of bought energy what the market makes of them (`with_market`). `industry` is the
    holder's (GB/T 4754), `contracts` those of its energy, `sellers` the firms of the book that it buys of (`carbon.counterparty`).

    Raises FaultyFile with every line that fits in no book or finds no factor.
    """
    placed = place_lines(with_market(lines, contracts), industry=industry, sellers=sellers)
    return Calculated(placed, estimate(placed.lines, library, chain=chain))


def declared(lines: pl.DataFrame) -> pl.DataFrame:
    """Of LINES those that count in what a filing declares (`DECLARED`)."""
    counts = [(pl.col("book") == book) & (pl.col("scope") == scope) for book, scope in DECLARED]
    return lines.filter(pl.any_horizontal(counts))


def declared_g(lines: pl.DataFrame, prices: GwpSet) -> int:
    """Scope 1 and scope 2 by location of LINES in g CO2e: masses added up, priced and rounded once. What has no price in the set is not in
    it, and stands apart in the inventory."""
    masses = declared(lines).group_by("gas").agg(pl.col("amount").sum())
    return half_even(value_of(dict(masses.iter_rows()), prices))
