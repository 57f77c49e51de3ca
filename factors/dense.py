"""The dense table of answers: for what is done (activity, unit, choices), where and in which year, the number of its resolution.

Each cell is asked once, by whoever meets it first, and kept; what has no answer keeps its reason. So a frame of any size costs as many
searches as it has kinds of lines, and each line one look into an array. Years are whole numbers; of places only what matters to the
activity's factors parts the cells: the country where no factor is nearer, the province where none is nearer than that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from threading import RLock
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from factors.activities import find_activity
from factors.errors import FactorError, FactorNotFound
from factors.ladder import DEPTHS, ChainOf, place_key
from factors.library import FactorLibrary
from factors.resolution import Region, Resolution
from factors.units import find_unit

YEAR_FIRST, YEARS = 1990, 64
UNASKED = -1
NOWHERE = -(2**30)
PLACES_MAX = 100_000
SAMPLES = tuple(date(year, 7, 1) for year in (2023, 2010, 2025, 2018, 2005, 2000, 1995))
"""Days on which a division is looked for that may not have been there on the day of a line."""
CHOICES = ("method", "factor", "category")
Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


QUARANTINE_SCHEMA = pl.Schema({"line": pl.Int64, "column": pl.String, "value": pl.String, "code": pl.String, "reason": pl.String})
"""A line without an answer: the column at fault, what stood there, a stable code, a sentence."""


class What(NamedTuple):
    """What a line does: its activity and unit as the frame writes them, and the choices that it names."""

    activity: str
    unit: str
    method: str = ""
    factor: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why lines have no answer: the column at fault, a stable code, a sentence."""

    column: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for every line of a run, as `FactorLibrary.resolve` takes it."""

    allow_unverified: bool = False
    known: date | None = None
    programme: str = "inventory"


class DenseTable:
    """Cells in one array. Each `What` has a block of it, `YEARS` cells for each place that its depth tells apart.

    A cell holds the number of a resolution, `UNASKED`, or −2 − the number of a refusal. Who adds holds the lock; readers take `index`,
    which stays true of the array that it came with. The first cell belongs to nobody: all that is not known yet points before it.
    """

    def __init__(self, library: FactorLibrary, chain: ChainOf, rules: Rules | None = None) -> None:
        self._library, self._chain, self._rules = library, chain, rules or Rules()
        self._lock = RLock()
        self._offsets: dict[What, int] = {}
        self._depths: dict[What, int] = {}
        self._slots: tuple[dict[str, int], ...] = ({}, {}, {})
        self._places: dict[str, tuple[int, ...]] = {}
        self._room = [8, 64, 512]
        self.cells: Ints = np.full(YEARS, UNASKED, np.int32)
        self.resolutions: list[Resolution] = []
        self.refusals: list[Refusal] = []
        self._coefficients: dict[str, tuple[Floats, npt.NDArray[np.bool_]]] = {}

    def index(self, whats: Sequence[What], divisions: Sequence[str]) -> tuple[Ints, Ints, Ints, Ints]:
        """The cells; the block and depth of each what; and the place in a block of each depth (down) and division (across)."""
        with self._lock:
            placed = [self._places.get(division) or self._place(division) for division in divisions]
            blocks = np.array([self._offsets.get(what, NOWHERE) for what in whats], np.int32)
            depths = np.array([self._depths.get(what, 0) for what in whats], np.int32)
            return self.cells, blocks, depths, np.array(placed, np.int32).reshape(len(divisions), len(DEPTHS)).T.copy()

    def _place(self, division: str) -> tuple[int, ...]:
        """Where the cells of a division begin in a block of each depth."""
        there = self._is_division(division)
        found = []
        for depth, known in enumerate(self._slots):
            # one that never was a division has cells of its own, so that it spoils nobody's
            key = place_key(division, DEPTHS[depth]) if there else f"?{division}"
            found.append(known.setdefault(key, len(known)) * YEARS)
            if len(known) > PLACES_MAX:
                raise FactorNotFound(f"more than {PLACES_MAX:,} different divisions: is that column a division?", column="division")
            if len(known) > self._room[depth]:
                self._widen(depth)
        self._places[division] = tuple(found)
        return self._places[division]

    def ask(self, what: What, division: str, first: date, last: date) -> None:
        """Fill the cell of what, place and year; of a division that was not there on the `first` day the `last` is tried."""
        with self._lock:
            depth = self._depths[what]
            at = self._offsets[what] + self._places[division][depth] + first.year - YEAR_FIRST
            if self.cells[at] != UNASKED:
                return
            try:
                self.resolutions.append(self._resolve(what, division, first, last))
                self.cells[at] = len(self.resolutions) - 1
            except FactorError as error:
                column = getattr(error, "column", "activity" if error.code.startswith("activity") else "unit")
                self.cells[at] = self.refuse(Refusal(column, error.code, str(error)))

    def refuse(self, refusal: Refusal) -> int:
        """The number that stands for this refusal in place of a resolution."""
        with self._lock:
            if refusal not in self.refusals:
                self.refusals.append(refusal)
            return -2 - self.refusals.index(refusal)

    def gases(self) -> tuple[str, ...]:
        """Every gas of any resolution so far."""
        return tuple(sorted({gas for resolution in list(self.resolutions) for gas in resolution.coefficients}))

    def coefficients(self, gas: str, count: int) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Smallest units of the gas per unit of each of the first `count` resolutions, and whether the resolution covers it."""
        have = self._coefficients.get(gas)
        if have is None or len(have[0]) < count:
            found = [resolution.coefficients.get(gas) for resolution in self.resolutions[:count]]
            have = np.array([float(one or 0) for one in found]), np.array([one is not None for one in found])
            self._coefficients[gas] = have
        return have[0][:count], have[1][:count]  # another thread may have asked for more

    def add(self, whats: Sequence[What]) -> None:
        """Give each a block of its own."""
        with self._lock:
            for what in whats:
                if what in self._depths:
                    continue
                try:
                    depth = DEPTHS.index(self._library.place_depth(find_activity(what.activity).id))
                except FactorError:  # its cell will say so
                    depth = 0
                self._depths[what] = depth
                self._offsets[what] = self._block(self._room[depth])

    def _block(self, places: int) -> int:
        """Where a new block for so many places begins."""
        start = len(self.cells)
        self.cells = np.concatenate([self.cells, np.full(places * YEARS, UNASKED, np.int32)])
        return start

    def _widen(self, depth: int) -> None:
        """Twice the room for the places of a depth: its blocks are copied to the end."""
        before = self._room[depth]
        self._room[depth] = before * 2
        for what in [what for what, at in self._depths.items() if at == depth]:
            old = self.cells[self._offsets[what] : self._offsets[what] + before * YEARS]
            self._offsets[what] = self._block(self._room[depth])
            self.cells[self._offsets[what] : self._offsets[what] + before * YEARS] = old

    def _resolve(self, what: What, division: str, first: date, last: date) -> Resolution:
        return self._library.resolve(
            find_activity(what.activity).id, regions=self._regions(division, first, last), start=first, end=first,
            unit=find_unit(what.unit).token, method=what.method or None, factor=what.factor or None, category=what.category or None,
            allow_unverified=self._rules.allow_unverified, known=self._rules.known, programme_name=self._rules.programme,
        )  # fmt: skip

    def _regions(self, division: str, first: date, last: date) -> Sequence[Region]:
        """The chain of the division; of one that was not there in those days that of another year: its cell may be shared with others."""
        if not division:
            return ()
        for day in (first, last, *SAMPLES):
            try:
                chain = self._chain(division, day)
            except Exception:  # whatever the caller's own tree of divisions raises  # noqa: S112
                continue
            if chain and chain[0].code == division:
                return chain
        raise FactorNotFound(f"{division!r} never was a division", column="division", code="division.not-found")

    def _is_division(self, division: str) -> bool:
        try:
            self._regions(division, *SAMPLES[:2])
        except FactorNotFound:
            return False
        return True
