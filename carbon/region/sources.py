"""Editions of series summed along the tree, and which of them speaks for a division. An edition never changes, so its sums are kept."""

from datetime import date
from threading import Lock

import msgspec
from sqlmodel import Session

from carbon.region.divisions import NATION, DivisionTree
from carbon.region.series import Series, series_cells, subtotals

CACHE_MAX = 32
Sums = dict[str, dict[int, int]]
"""Masses by division and year."""


class Rolled(msgspec.Struct, frozen=True):
    """Of one edition: each division with all below it, and what stands on the division itself."""

    sums: Sums
    own: Sums


_CACHE: dict[tuple[str, Series], Rolled] = {}
_LOCK = Lock()
Source = tuple[Series, Rolled]


def rolled_series(session: Session, series: Series, tree: DivisionTree) -> Rolled:
    """Sums and own masses of every division and year of an edition; kept, since an edition never changes."""
    key = (str(session.connection().engine.url), series)
    if (rolled := _CACHE.get(key)) is not None:
        return rolled
    sums: Sums = {}
    own: Sums = {}
    for (year,), part in series_cells(session, series).partition_by("year", as_dict=True).items():
        total, stands = subtotals(part, tree)
        for code, mass in total.items():
            sums.setdefault(code, {})[int(str(year))] = mass
        for code, mass in stands.items():
            own.setdefault(code, {})[int(str(year))] = mass
    rolled = Rolled(sums, own)
    with _LOCK:
        while len(_CACHE) >= CACHE_MAX:
            _CACHE.pop(next(iter(_CACHE)))
        _CACHE[key] = rolled
    return rolled


def fullest(usable: list[Source], code: str, tree: DivisionTree) -> Source | None:
    """The source that says something of the most divisions directly below, or else the one with the most years."""

    def says(pair: Source) -> tuple[int, int]:
        below = sum(1 for child in tree.children(code, date.max) if child.code in pair[1].sums)
        return below, len(pair[1].sums[code])

    return max(usable, key=says, default=None)


def speaker(usable: list[Source], chosen: Source | None, code: str, year: int) -> Source | None:
    """Whose figure stands for the division as a whole: a source of its own for the nation where there is one, else the chosen source."""
    if code == NATION:
        alone = [pair for pair in usable if year in pair[1].own.get(code, {}) and pair is not chosen]
        if alone:
            return alone[0]
    return chosen
