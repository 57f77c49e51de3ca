"""What a page of a nation, province, city or county needs: statistical series, what holders filed, the difference, and each source.

Statistics and filings are never added to each other; series of gases other than CO2 and CO2e are not shown here. Sums of series are kept in
memory by edition, which never changes, sums of filings by the root of the log; everything else is read anew. Every total names its book:
physical is territorial, location and market are bought power and heat, product is the value chain.
"""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

import msgspec
import polars as pl
from sqlmodel import Session

from carbon.errors import DivisionNotFound
from carbon.reach import is_published, lies_within
from carbon.region.divisions import NATION, Division, DivisionTree
from carbon.region.filings import FiledRow, HolderRef, apart, by_book, by_child, filed_cells, filed_rows, filers, has_examples, stays
from carbon.region.rollup import rollup
from carbon.region.series import Series, all_series
from carbon.region.sources import Rolled, Source, fullest, rolled_series, speaker
from factors.gwp import GwpSet, smallest_unit
from ledger.principal import Principal


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A division as pages name it."""

    code: str
    name_zh: str
    name_en: str
    level: str


class SourceRef(msgspec.Struct, frozen=True, kw_only=True):
    """A series and the years that it has for the place."""

    source: str
    edition: int
    gas: str
    licence: str | None
    years: tuple[int, ...]


class ChildRow(msgspec.Struct, frozen=True, kw_only=True):
    """A division directly below: statistics of the year and the year before, its curve, and what holders there filed (all in g)."""

    place: Place
    mass_g: int | None
    previous_g: int | None
    history: tuple[tuple[int, int], ...]
    filed_g: int | None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A statistical figure of the place or of what it lies in: the nearest year that the source has."""

    place: Place
    source: str
    year: int
    mass_g: int
    licence: str | None


class Dashboard(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page, integers in g unless a name says otherwise; None is "no value", never zero.

    `apart`: masses filed only as CO2e of another GWP set, in no total of CO2e here. `filed_whole`: whether what was filed is shown whole,
    or only what is the reader's to see.
    """

    place: Place
    crumbs: tuple[Place, ...]
    year: int
    years: tuple[int, ...]
    gwp: str
    source: SourceRef | None
    sources: tuple[SourceRef, ...]
    mass_g: int | None
    previous_g: int | None
    mass_source: SourceRef | None
    children: tuple[ChildRow, ...]
    children_g: int | None
    unallocated_g: int | None
    residual_g: int | None
    curve: tuple[tuple[int, int], ...]
    compare: tuple[Comparison, ...]
    filed: tuple[FiledRow, ...]
    filed_g: dict[str, int]
    filed_unallocated_g: int | None
    filed_whole: bool
    apart: dict[str, int]
    holders: tuple[HolderRef, ...]
    example: bool


@lru_cache(maxsize=20_000)
def place_of(code: str, tree: DivisionTree, year: int) -> Place:
    """The division as it was at the end of that year, or as it last was."""
    row: Division | None = tree.at(code, date(year, 12, 31)) or tree.ever(code)
    assert row is not None
    return Place(code=code, name_zh=row.name_zh, name_en=row.name_en, level=row.level)


def dashboard(
    session: Session, code: str, *, principal: Principal, tree: DivisionTree, prices: GwpSet, year: int | None = None,
    source: str | None = None,
) -> Dashboard:  # fmt: skip
    """The dashboard of `code`. Without a year the latest that a source or a filing has; without a source the one that says most below.

    Raises DivisionNotFound where the code never was a division, or is a city or county that is not the principal's: the two are told alike.
    """
    whole = lies_within(principal, code, tree)
    if code not in tree or not (whole or is_published(code, tree)):
        raise DivisionNotFound(code)
    found = [(series, rolled_series(session, series, tree)) for series in all_series(session) if smallest_unit(series.gas) == "g"]
    usable = [(series, rolled) for series, rolled in found if code in rolled.sums]
    chosen = next((pair for pair in usable if pair[0].source == source), None) or fullest(usable, code, tree)
    every_cell = filed_cells(session, principal, tree, code)
    filed_years = sorted({period // 100 for period in every_cell["period"].unique()})
    series_years = sorted(chosen[1].sums[code]) if chosen else []
    years = tuple(sorted({*series_years, *filed_years, *(y for _, rolled in usable for y in rolled.sums[code])}))
    when = year or (series_years or filed_years or [0])[-1]
    own_pair = speaker(usable, chosen, code, when)
    kept = every_cell.filter(pl.col("period") // 100 == when)
    rolled_filed = rollup(kept, tree, code=code)
    filed_below = by_child(rolled_filed, prices)
    children = _children(chosen, code, tree, when, filed_below, also=set(rolled_filed["child"]))
    children_g = _sum(child.mass_g for child in children)
    unallocated = chosen[1].own.get(code, {}).get(when) if chosen else None
    own_mass = own_pair[1].sums[code].get(when) if own_pair else None
    residual = own_mass - (children_g or 0) if own_mass is not None and own_pair is not chosen else None
    own_place = place_of(code, tree, when or date.max.year)
    lying = stays(session, principal, tree, code) if own_place.level in {"city", "county"} else []
    refs = tuple(_ref(series, rolled, code) for series, rolled in usable)
    return Dashboard(
        place=own_place,
        crumbs=tuple(place_of(row.code, tree, when or date.max.year) for row in reversed(tree.chain(code, date(when or 9999, 12, 31)))),
        year=when,
        years=years,
        gwp=prices.name,
        source=_ref(*chosen, code) if chosen else None,
        sources=refs,
        mass_g=own_mass,
        previous_g=own_pair[1].sums[code].get(when - 1) if own_pair else None,
        mass_source=_ref(*own_pair, code) if own_pair else None,
        children=children,
        children_g=children_g,
        unallocated_g=unallocated if own_pair is chosen else None,
        residual_g=residual,
        curve=tuple(sorted(own_pair[1].sums[code].items())) if own_pair else (),
        compare=_compare(found, code, tree, when),
        filed=filed_rows(rolled_filed, prices),
        filed_g=by_book(rolled_filed, prices),
        filed_unallocated_g=filed_below.get(code),
        filed_whole=whole,
        apart=apart(rolled_filed, prices),
        holders=filers(session, lying, when, prices) if when else (),
        example=has_examples(session, principal, tree, code),
    )


def _sum(masses: Iterable[int | None]) -> int | None:
    known = [mass for mass in masses if mass is not None]
    return sum(known) if known else None


def _ref(series: Series, rolled: Rolled, code: str) -> SourceRef:
    years = tuple(sorted(rolled.sums[code]))
    return SourceRef(source=series.source, edition=series.edition, gas=series.gas, licence=series.licence, years=years)


def _children(
    chosen: Source | None, code: str, tree: DivisionTree, year: int, filed: dict[str, int], *, also: set[str]
) -> tuple[ChildRow, ...]:
    """The divisions below in that year, and those in which the series or a filing still counts something; the largest first."""
    codes = {row.code for row in tree.children(code, date(year or 9999, 12, 31))} | also - {code}
    sums = chosen[1].sums if chosen else {}
    codes |= {child for child in sums if child != NATION and tree.parent_when_last_valid(child) == code and year in sums[child]}
    rows = []
    for child in codes:
        masses = sums.get(child, {})
        rows.append(
            ChildRow(
                place=place_of(child, tree, year or date.max.year),
                mass_g=masses.get(year),
                previous_g=masses.get(year - 1),
                history=tuple(sorted(masses.items())),
                filed_g=filed.get(child),
            )
        )
    return tuple(sorted(rows, key=lambda row: (row.mass_g is None, -(row.mass_g or row.filed_g or 0), row.place.code)))


def _compare(found: list[Source], code: str, tree: DivisionTree, year: int) -> tuple[Comparison, ...]:
    """The place and what it lies in, each by the nearest year not after this one that a source has (else its first)."""
    rows = []
    for row in tree.chain(code, date(year or 9999, 12, 31)):
        options = [(series, rolled.sums[row.code]) for series, rolled in found if row.code in rolled.sums]
        if not options:
            continue

        def nearness(option: tuple[Series, dict[int, int]]) -> int:
            return max((y for y in option[1] if y <= (year or 9999)), default=min(option[1]))

        series, masses = max(options, key=nearness)
        nearest = nearness((series, masses))
        place = place_of(row.code, tree, nearest)
        rows.append(Comparison(place=place, source=series.source, year=nearest, mass_g=masses[nearest], licence=series.licence))
    return tuple(rows)
