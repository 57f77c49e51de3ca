"""Where and when to look for a factor: the places from near to far, and which of several years answers for one.

County → city → province → regional grid → country → wherever a pack says that its numbers stand in → world.
"""

import csv
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files

from factors.factor import EmissionFactor
from factors.programme import Programme
from factors.resolution import Region

WORLD = Region("WORLD", "world")
MAINLAND = "CN"
NOT_MAINLAND = ("71", "81", "82")
DEPTHS = ("country", "province", "division")
"""How much of a mainland division may matter to the factors of an activity."""
Span = tuple[int, int]
ChainOf = Callable[[str, date], Sequence[Region]]
"""The places of a division on a day, from the smallest to the country."""


@cache
def grids() -> tuple[tuple[str, str, int, int], ...]:
    """Provinces with the regional grid that they belong to and the years of that: Sichuan and Chongqing changed theirs with 2021."""
    text = files("factors").joinpath("data", "grids.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple((row["province"], row["grid"], int(row["year_from"] or 0), int(row["year_to"] or 9999)) for row in rows)


def place_key(division: str, depth: str) -> str:
    """The part of a division that can part two searches, of one `DEPTHS`: outside the mainland always all of it."""
    if len(division) != 6 or not division.isdigit() or division[:2] in NOT_MAINLAND or depth == "division":
        return division
    return MAINLAND if depth == "country" else division[:2]


def own_places(regions: Sequence[Region]) -> tuple[Region, ...]:
    """The places of a chain whose factors hold there: of Taiwan, Hong Kong and Macao not the mainland, whose factors are others'."""
    apart = bool(regions) and regions[0].code[:2] in NOT_MAINLAND
    return tuple(region for region in regions if not apart or region.code != MAINLAND)


def with_grid(regions: Sequence[Region], year: int) -> list[Region]:
    """The places with the regional grid of that year put between province and country."""
    chain = list(regions)
    province = next((region.code for region in regions if region.level == "province"), None)
    for code, grid, first, last in grids():
        if code == province and first <= year <= last:
            chain.insert(len(chain) - 1, Region(grid, "grid"))
    return chain


def places(regions: Sequence[Region], year: int, rule: Programme, fallback: Mapping[str, str]) -> list[Region]:
    """The places to search, in order: those of the chain that the programme's rule admits, what stands in for them, the world."""
    chain = [region for region in with_grid(regions, year) if region.level in rule.places]
    codes = {region.code for region in chain}
    for region in list(chain):
        at = region.code
        while (at := fallback.get(at, "")) and at not in codes:
            codes.add(at)
            chain.append(Region(at, "world" if at == WORLD.code else "country"))
    return chain if WORLD.code in codes else [*chain, WORLD]


def span(factor: EmissionFactor, rule: str) -> Span:
    """The years that a factor answers for, first and last, by its pack's rule."""
    if rule == "constant":
        return 0, 9999
    if rule == "use-year":
        return factor.used_from or factor.year_from or 0, factor.used_to or factor.year_to or 9999
    return factor.year_from or 0, factor.year_to or 9999


def may_be_used(factor: EmissionFactor, year: int) -> bool:
    """Whether its publisher lets the factor be used for the year."""
    return (factor.used_from or 0) <= year <= (factor.used_to or 9999)


def distance(factor: EmissionFactor, year: int, rule: str) -> int:
    """Years between the activity and the last year that the data describe; a constant does not age."""
    last = factor.year_to or (factor.year_from if rule == "use-year" else None)
    return 0 if rule == "constant" or last is None else max(0, year - last)


def best_year(factors: Sequence[EmissionFactor], year: int, spans: Mapping[str, Span]) -> list[EmissionFactor]:
    """Those whose years cover the year (of several the latest to begin), else those of the latest years before it; never a later one."""
    covering = [factor for factor in factors if spans[factor.id][0] <= year <= spans[factor.id][1]]
    if covering:
        newest = max(spans[factor.id][0] for factor in covering)
        return [factor for factor in covering if spans[factor.id][0] == newest]
    earlier = [factor for factor in factors if spans[factor.id][1] < year]
    latest = max((spans[factor.id][1] for factor in earlier), default=0)
    return [factor for factor in earlier if spans[factor.id][1] == latest]
