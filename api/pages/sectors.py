"""What holders filed in a division by sector: the rows of one year, and the columns of all years."""

from typing import NamedTuple

import polars as pl
from sqlmodel import Session

from api.pages import words
from carbon.region.dashboard import Dashboard
from carbon.region.divisions import divisions
from carbon.region.filings import filed_cells, value_of
from carbon.region.rollup import rollup
from factors.gwp import gwp_set
from ledger.principal import Principal

SERIES_MAX = 7


class Sectors(NamedTuple):
    """Direct emissions by sector over years, in g CO2e: the largest sectors, the rest together under an empty code."""

    years: tuple[int, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]


def sector_of(category: str) -> str:
    """The sector that a source category counts in: fuel burnt by its use, everything else by its first two signs."""
    return category[:3] if category.startswith("1A") else category[:2]


def sectors_by_year(session: Session, principal: Principal, code: str, gwp: str) -> Sectors:
    """Every year that has filings which the principal may see; empty where there are none."""
    tree, prices = divisions(), gwp_set(gwp)
    every = filed_cells(session, principal, tree, code)
    years = sorted({period // 100 for period in every["period"].unique()})
    sums: dict[str, dict[int, int]] = {}
    for year in years:
        rolled = rollup(every.filter(pl.col("period") // 100 == year), tree, code=code).filter(pl.col("book") == "physical")
        sector = pl.col("category").map_elements(sector_of, return_dtype=pl.String)
        for (name,), part in rolled.with_columns(sector=sector).partition_by("sector", as_dict=True).items():
            sums.setdefault(str(name), {})[year] = value_of(part, prices) or 0
    ordered = sorted(sums, key=lambda name: -sum(sums[name].values()))
    shown, rest = ordered[:SERIES_MAX], ordered[SERIES_MAX:]
    rows = [(name, tuple(sums[name].get(year, 0) for year in years)) for name in shown]
    if rest:
        rows.append(("", tuple(sum(sums[name].get(year, 0) for name in rest) for year in years)))
    return Sectors(tuple(years), tuple(rows))


def sector_table(session: Session, principal: Principal, shown: Dashboard, gwp: str) -> tuple[list[str], list[list[object]]]:
    """All years by sector as a table: the columns of the chart, in full grams."""
    found = sectors_by_year(session, principal, shown.place.code, gwp)
    head = ["division", "sector", "name", "year", "co2e_g", "gwp"]
    return head, [
        [shown.place.code, name, words.category(name, str) if name else "other", year, amount, gwp]
        for name, amounts in found.rows
        for year, amount in zip(found.years, amounts, strict=True)
    ]
