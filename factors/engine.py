"""Estimate frames of any size: one look into the dense table a line, one multiplication a gas, exactly rounded integers.

A quantity is the decimal that was written: of a text its digits, of a float the shortest decimal that stands for it. Products are made in
float64 and rounded; each lies within 4 × 2⁻⁵³ of the exact one (three roundings: of the quantity, of the coefficient, of the product), so
that only products that near to a half can round wrongly. Those are made again from exact fractions, half-even, by `factors.calculate`.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import islice
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from factors.calculate import INT64_MAX, products
from factors.columns import Columns, Loader, Source, columns_of
from factors.dense import QUARANTINE_SCHEMA, UNASKED, YEAR_FIRST, YEARS, DenseTable, Floats, Ints, Refusal, Rules, What
from factors.gwp import half_even
from factors.ladder import ChainOf
from factors.library import FactorLibrary
from factors.resolution import Resolution

BLOCK = 1 << 17
"""Lines at a time: few enough to stay in the cache of a core, enough that threads seldom wait for each other between blocks."""
ERROR = 4 * 2.0**-53
VAST = 2.0**64
"""Far beyond 64 bits, and beyond what exact fractions should be troubled with."""
T = TypeVar("T")
EPOCH = date(1970, 1, 1)
NOT_PLAIN = Refusal("quantity", "number.not-plain", "the quantity is missing, not finite or no plain number: write one such as 1240.6")
TOO_LARGE = Refusal("quantity", "number.too-large", "the mass does not fit in 64 bits: was another unit meant?")
NO_DAY = Refusal("day", "day.unknown", f"the day is missing or outside {YEAR_FIRST}–{YEAR_FIRST + YEARS - 1}: write it as 2023-07-01")


@dataclass(frozen=True, slots=True)
class Estimate:
    """The answers of one stretch of lines, numbered from `first`.

    `resolution` is the number of each line's resolution, or −2 − that of its refusal. `amounts` holds for each gas the masses in its
    smallest unit and, where some line's factor does not know the gas, which lines it knows (0 stands for the others).
    """

    first: int
    resolution: Ints
    amounts: dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_] | None]]
    table: DenseTable

    @property
    def frame(self) -> pl.DataFrame:
        """One row a line with an answer: `line`, `resolution`, a column a gas, null where the factor does not know it."""
        columns = {"line": np.arange(self.first, self.first + len(self.resolution)), "resolution": self.resolution}
        made = pl.DataFrame(columns | {gas: amounts for gas, (amounts, _) in self.amounts.items()})
        known = {gas: pl.Series(gas, mask) for gas, (_, mask) in self.amounts.items() if mask is not None}
        made = made.with_columns(pl.when(mask).then(pl.col(gas)).alias(gas) for gas, mask in known.items())
        return made if int(self.resolution.min(initial=0)) >= 0 else made.filter(pl.col("resolution") >= 0)

    def quarantine(self, columns: Columns) -> pl.DataFrame:
        """The lines without an answer, with the cell at fault and why."""
        rows = []
        for at in np.flatnonzero(self.resolution < 0).tolist():
            refusal = self.table.refusals[-2 - int(self.resolution[at])]
            rows.append((self.first + at, refusal.column, columns.text(refusal.column, at), refusal.code, refusal.reason))
        return pl.DataFrame(rows, schema=QUARANTINE_SCHEMA, orient="row")


class Engine:
    """A library read through one dense table; as many threads as are asked for share it."""

    def __init__(self, library: FactorLibrary, chain: ChainOf, rules: Rules | None = None, *, threads: int = 2) -> None:
        self.table = DenseTable(library, chain, rules)
        self._threads = threads
        self._days = _days_to_years()

    @property
    def resolutions(self) -> Sequence[Resolution]:
        """The resolutions that the answers name by number."""
        return self.table.resolutions

    def run(self, source: Source) -> Iterator[tuple[Estimate, Columns]]:
        """The answers in the order of the lines, stretch by stretch, each with the columns that it was read from.

        A frame needs `activity`, `unit`, `quantity` and `day`, and may have `division`, `method`, `factor` and `category`. ColumnMissing
        where one is not there. No line stops the others: what has no answer carries its refusal.
        """
        return self._ahead(source, lambda columns: (self.estimate(columns), columns))

    def survey(self, source: Source) -> Iterator[int]:
        """Ask every cell that the source needs, so that resolutions and gases are all known; how many lines each stretch has."""
        return self._ahead(source, lambda columns: len(self.numbers(columns)))

    def _ahead(self, source: Source, work: Callable[[Columns], T]) -> Iterator[T]:
        """The work on each stretch in their order, as many threads at it as the engine has."""
        stretches = columns_of(source)

        def load(one: Loader) -> T:
            return work(one())

        with ThreadPoolExecutor(self._threads) as pool:
            ahead = [pool.submit(load, one) for one in islice(stretches, self._threads + 1)]
            while ahead:
                yield ahead.pop(0).result()
                ahead += [pool.submit(load, one) for one in islice(stretches, 1)]

    def estimate(self, columns: Columns) -> Estimate:
        """The answers of one stretch."""
        numbers = self.numbers(columns)
        quantity = columns.quantity
        bad = ~np.isfinite(quantity)
        if bad.any():
            numbers[bad & (numbers >= 0)] = self.table.refuse(NOT_PLAIN)
            quantity = np.where(bad, 0.0, quantity)
        count = len(self.table.resolutions)
        seen = np.zeros(count + 1, np.bool_)
        seen[np.maximum(numbers, -1)] = True  # of a refused line the place at the end
        seen = seen[:count]
        known = {gas: self.table.coefficients(gas, count) for gas in self.table.gases()}
        amounts = self._amounts({gas: found for gas, found in known.items() if found[1][seen].any()}, seen, quantity, numbers, columns)
        refused = numbers < 0
        if refused.any():
            for values, mask in amounts.values():
                values[refused] = 0
                if mask is not None:
                    mask[refused] = False
        return Estimate(columns.first, numbers, amounts, self.table)

    def numbers(self, columns: Columns) -> Ints:
        """The resolution of each line; cells that nobody asked yet are asked."""
        days = columns.day
        at = np.clip(days.astype(np.int64) + self._days[0], 0, len(self._days[1]) - 1)
        years = self._days[1][at]
        whats, codes = columns.whats()
        while True:
            cells, blocks, depths, places = self.table.index(whats, columns.divisions)
            numbers = _look(cells, blocks, depths, places, codes, columns.division, years)
            lines = np.flatnonzero((numbers == UNASKED) & (years >= 0))
            if not len(lines):
                break
            new = [whats[code] for code in np.unique(codes[lines]).tolist() if blocks[code] < 0]
            if new:
                self.table.add(new)
                continue
            at = places[depths[codes[lines]], columns.division[lines]] + blocks[codes[lines]] + years[lines]
            self._ask(columns, whats, codes, lines, at)
        if (years < 0).any():
            numbers[years < 0] = self.table.refuse(NO_DAY)
        return numbers

    def _ask(
        self, columns: Columns, whats: Sequence[What], codes: Ints, lines: npt.NDArray[np.int64], cells: npt.NDArray[np.int64]
    ) -> None:
        """Ask the cells of these lines, each once, for the first and the last day that they name."""
        order = np.argsort(cells, kind="stable")
        starts = np.flatnonzero(np.diff(cells[order], prepend=-1))
        days = columns.day[lines][order]
        firsts, lasts = np.minimum.reduceat(days, starts), np.maximum.reduceat(days, starts)
        for line, first, last in zip(lines[order[starts]].tolist(), firsts.tolist(), lasts.tolist(), strict=True):
            place = columns.divisions[columns.division[line]]
            self.table.ask(whats[codes[line]], place, EPOCH + timedelta(first), EPOCH + timedelta(last))

    def _amounts(
        self, gases: dict[str, tuple[Floats, npt.NDArray[np.bool_]]], seen: npt.NDArray[np.bool_], quantity: Floats, numbers: Ints,
        columns: Columns,
    ) -> dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_] | None]]:  # fmt: skip
        """The masses of each gas, exactly rounded, and which lines it is known of."""
        size = len(quantity)
        partly = {gas for gas, (_, covers) in gases.items() if not covers[seen].all()}
        amounts = {gas: (np.empty(size, np.int64), np.empty(size, np.bool_) if gas in partly else None) for gas in gases}
        near: dict[str, list[npt.NDArray[np.int64]]] = {gas: [] for gas in gases}
        at = np.empty(BLOCK, np.intp)
        for start in range(0, size, BLOCK):
            part = slice(start, min(start + BLOCK, size))
            places = at[: part.stop - start]
            np.maximum(numbers[part], 0, out=places)
            for gas, (coefficients, covers) in gases.items():
                values, mask = amounts[gas]
                if mask is not None:
                    covers.take(places, out=mask[part], mode="clip")
                close = _rounded(coefficients, places, quantity[part], values[part])
                if len(close):
                    near[gas].append(close + start)
        self._exactly({gas: np.concatenate(lines) for gas, lines in near.items() if lines}, numbers, amounts, columns)
        return amounts

    def _exactly(
        self, near: dict[str, npt.NDArray[np.int64]], numbers: Ints,
        amounts: dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_] | None]], columns: Columns,
    ) -> None:  # fmt: skip
        """Make the masses of each gas's lines again from exact fractions; what does not fit into 64 bits is refused."""
        parts: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.uint32]]] = []
        asked: list[Fraction | None] = []
        for gas, close in near.items():
            values, mask = amounts[gas]
            lines = close[numbers[close] >= 0]
            if mask is not None:
                lines = lines[mask[lines]]
            with np.errstate(over="ignore"):
                about = np.abs(columns.quantity[lines] * self.table.coefficients(gas, int(numbers.max()) + 1)[0].take(numbers[lines]))
            vast = about > VAST
            if vast.any():
                numbers[lines[vast]] = self.table.refuse(TOO_LARGE)
                lines = lines[~vast]
            used, place = np.unique(numbers[lines], return_inverse=True)
            parts.append((values, lines, (place + len(asked)).astype(np.uint32)))
            asked += [self.table.resolutions[number].coefficients.get(gas) for number in used.tolist()]
        if not asked:
            return
        all_lines = np.concatenate([lines for _, lines, _ in parts])
        framed = pl.DataFrame({"quantity": columns.decimals(all_lines), "resolution": np.concatenate([place for *_, place in parts])})
        exact = products(framed, asked)
        fits = (exact.abs() <= INT64_MAX).to_numpy()
        whole = exact.clip(-INT64_MAX, INT64_MAX).cast(pl.Int64).to_numpy()
        start = 0
        for values, lines, _ in parts:
            values[lines] = whole[start : start + len(lines)]
            start += len(lines)
        if not fits.all():
            numbers[all_lines[~fits]] = self.table.refuse(TOO_LARGE)


def reference(quantity: str, resolution: Resolution) -> dict[str, int]:
    """One line by hand, the specification: each gas is quantity × coefficient, rounded half-even once."""
    return {gas: half_even(Fraction(quantity) * amount) for gas, amount in resolution.coefficients.items()}


def _rounded(coefficients: Floats, places: npt.NDArray[np.intp], quantity: Floats, amounts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Fill the amounts with rounded products; the lines whose product lies so near to a half that float64 cannot tell the side."""
    product = coefficients.take(places, mode="clip")
    product *= quantity
    whole = np.rint(product)
    with np.errstate(invalid="ignore"):  # what is too large to be an integer lies near to a half by its error, and is made again
        amounts[:] = whole
        product -= whole
    np.abs(product, out=product)
    largest = max(float(whole.max()), -float(whole.min()))
    clear = product < 0.5 - (largest + 1) * ERROR
    if clear.all():
        return np.empty(0, np.int64)
    close = np.flatnonzero(~clear)
    own = 0.5 - (np.abs(whole[close]) + 1) * ERROR  # the bound of the largest of a block is not that of its small ones
    return close[~(product[close] < own)]


def _look(cells: Ints, blocks: Ints, depths: Ints, places: Ints, codes: Ints, division: Ints, years: Ints) -> Ints:
    """The cell of each line."""
    numbers = np.empty(len(codes), np.int32)
    across = places.shape[1]
    flat, rows = places.ravel(), depths * across
    deep = bool(depths.any()) and len(set(depths.tolist())) > 1
    only = flat if deep or not len(depths) else places[depths[0]]
    for start in range(0, len(codes), BLOCK):
        part = slice(start, start + BLOCK)
        code = codes[part]
        at = division[part] + rows.take(code, mode="clip") if deep else division[part]
        cell = only.take(at, mode="clip")
        cell += blocks.take(code, mode="clip")
        cell += years[part]
        cells.take(cell, out=numbers[part], mode="clip")
    return numbers


def _days_to_years() -> tuple[int, Ints]:
    """Days since 1970 plus the first number are places in the array of years; −1 stands on both sides of it for any other day."""
    first = date(YEAR_FIRST, 1, 1)
    years = [-1]
    for year in range(YEARS):
        days = (date(YEAR_FIRST + year + 1, 1, 1) - date(YEAR_FIRST + year, 1, 1)).days
        years += [year] * days
    return 1 - (first - EPOCH).days, np.array([*years, -1], np.int32)
