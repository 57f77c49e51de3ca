"""Geometry of what the server draws: curves, sparklines, stacked years, treemaps, and the steps of a colour scale. Pixels only."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle in percent of its frame."""

    left: float
    top: float
    width: float
    height: float


class Curve(NamedTuple):
    """A drawn curve: polylines (broken at gaps), dots, axis ticks as (place, label), and marked points as (x, y, text, anchor).

    `sparse` is a series of single years: dots, joined by a dashed line that says only which comes after which.
    """

    width: int
    height: int
    left: int
    right: int
    base: float
    lines: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    across: tuple[tuple[float, str], ...]
    along: tuple[tuple[float, str], ...]
    marks: tuple[tuple[float, float, str, str], ...]
    sparse: bool


class Stack(NamedTuple):
    """Stacked columns: rectangles as (x, y, width, height, series index), and the axes."""

    width: int
    height: int
    left: int
    right: int
    base: float
    boxes: tuple[tuple[float, float, float, float, int], ...]
    across: tuple[tuple[float, str], ...]
    along: tuple[tuple[float, str], ...]


def nice_step(largest: float, parts: int, *, leads: Sequence[float] = (1, 2, 2.5, 5, 10)) -> float:
    """The smallest of `leads` × 10ⁿ of which `parts` cover `largest`."""
    if largest <= 0:
        return 1.0
    power = 10.0
    rough = largest / parts
    exponent = 0
    while rough * power**-exponent >= 10:
        exponent += 1
    while rough * power**-exponent < 1:
        exponent -= 1
    lead = rough * power**-exponent
    return next(step for step in leads if lead <= step + 1e-9) * power**exponent


def tick_text(value: float) -> str:
    """A tick with no more digits than it needs."""
    return f"{value:,.10f}".rstrip("0").rstrip(".").replace("-", "\u2212")


def year_ticks(years: Sequence[int], most: int) -> list[int]:
    """Years to label: first and last always, between them every n-th, never so near the last that they touch."""
    if len(years) <= most:
        return list(years)
    step = next(step for step in (2, 5, 10, 20, 50) if len(years) / step <= most)
    between = [year for year in range(years[0], years[-1], step) if years[-1] - year >= step * 0.6]
    return [*between, years[-1]]


def _frame(largest: float, *, width: int, height: int) -> tuple[int, int, float, float, float]:
    step = nice_step(largest, 4)
    top = step * max(1, -(-largest // step))
    left = max(8 + 7 * max(len(tick_text(step * k)) for k in range(round(top / step) + 1)), 28)
    return left, width - 14, height - 24.0, step, top


def curve(points: Sequence[tuple[int, float | None]], *, width: int, height: int, labels: Sequence[tuple[int, str]] = ()) -> Curve:
    """A curve over years from zero up; `labels` are the years to mark and what to write there. A None breaks the line."""
    years = [year for year, _ in points]
    largest = max((value for _, value in points if value is not None), default=0.0)
    left, right, base, step, top = _frame(largest, width=width, height=height)
    span = max(years[-1] - years[0], 1)

    def at(year: int, value: float) -> tuple[float, float]:
        across = (left + right) / 2 if len(years) == 1 else left + (right - left) * (year - years[0]) / span
        return round(across, 1), round(base - (base - 22) * value / top, 1)

    runs: list[list[tuple[float, float]]] = [[]]
    for year, value in points:
        if value is None:
            runs.append([])
        else:
            runs[-1].append(at(year, value))
    sparse = is_sparse([value for _, value in points])
    if sparse:
        runs = [[place for run in runs for place in run]]
    values = dict(points)
    marks = []
    for year, text in labels:
        value = values.get(year)
        if value is None:
            continue
        x, y = at(year, value)
        anchor = "end" if x > right - (right - left) / 3 else "start" if x < left + 60 else "middle"
        marks.append((x, y, text, anchor))
    return Curve(
        width, height, left, right, base,
        lines=tuple(" ".join(f"{x},{y}" for x, y in run) for run in runs if len(run) > 1),
        dots=tuple(runs[0]) if sparse else tuple(run[0] for run in runs if len(run) == 1),
        across=tuple((round(base - (base - 22) * step * k / top, 1), tick_text(step * k)) for k in range(round(top / step) + 1)),
        along=tuple((at(year, 0)[0], str(year)) for year in year_ticks(years, 5 if width < 500 else 8)),
        marks=tuple(marks),
        sparse=sparse,
    )  # fmt: skip


def is_sparse(values: Sequence[float | None]) -> bool:
    """Whether most years between the first and the last have no value."""
    return sum(value is None for value in values) > len(values) / 2


def stack(years: Sequence[int], series: Sequence[Sequence[float]], *, width: int, height: int) -> Stack:
    """One column a year, the series on top of each other in their order; negative parts are not drawn (the table has them)."""
    totals = [sum(max(values[k], 0) for values in series) for k in range(len(years))]
    left, right, base, step, top = _frame(max(totals, default=0), width=width, height=height)
    slot = (right - left) / max(len(years), 1)
    bar = min(slot * 0.62, 46)
    boxes = []
    for k in range(len(years)):
        level = base
        for index, values in enumerate(series):
            tall = (base - 22) * max(values[k], 0) / top
            if tall > 0:
                boxes.append((round(left + slot * (k + 0.5) - bar / 2, 1), round(level - tall, 1), round(bar, 1), round(tall, 1), index))
            level -= tall
    labelled = set(year_ticks(years, 5 if width < 500 else 10))
    return Stack(
        width, height, left, right, base, tuple(boxes),
        across=tuple((round(base - (base - 22) * step * k / top, 1), tick_text(step * k)) for k in range(round(top / step) + 1)),
        along=tuple((round(left + slot * (k + 0.5), 1), str(year)) for k, year in enumerate(years) if year in labelled),
    )  # fmt: skip


def sparkline(values: Sequence[int | None], *, width: int = 88, height: int = 18) -> tuple[str, tuple[float, float] | None]:
    """The points of a small line on its own scale from zero, and its last point."""
    known = [(k, value) for k, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return "", None
    top = max((value for _, value in known), default=0) or 1
    reach = max(len(values) - 1, 1)
    points = [(round(1 + (width - 5) * k / reach, 1), round(height - 2 - (height - 4) * max(value, 0) / top, 1)) for k, value in known]
    return " ".join(f"{x},{y}" for x, y in points), points[-1]


def breaks(largest: float, steps: int = 7) -> list[float]:
    """The upper bounds of all but the last step of one colour scale, evenly and nicely spaced."""
    step = nice_step(largest, steps, leads=(1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10))
    return [round(step * k, 10) for k in range(1, steps)]


def step_of(value: float, bounds: Sequence[float]) -> int:
    """Which step (1 …) of the scale a value falls in."""
    return 1 + sum(value >= bound for bound in bounds)


def treemap(values: Sequence[float], *, aspect: float = 1.25) -> list[Box]:
    """Squarified boxes for values in descending order (Bruls et al. 2000), in percent of a frame `aspect` times as wide as high."""
    total = sum(values)
    boxes: list[Box] = []
    left, top, width, height = 0.0, 0.0, 100.0 * aspect, 100.0
    scale = width * height / total if total else 0.0
    rest = [value * scale for value in values]
    while rest:
        side = min(width, height)
        count = 1
        while count < len(rest) and _worst(rest[: count + 1], side) <= _worst(rest[:count], side):
            count += 1
        row, rest = rest[:count], rest[count:]
        whole = sum(row)
        depth = min(whole / side, max(width, height)) if side else 0.0  # what rounding left too much would stand outside the frame
        offset = 0.0
        for area in row:
            length = side * area / whole if whole else 0.0
            box = (left, top + offset, depth, length) if width >= height else (left + offset, top, length, depth)
            boxes.append(Box(box[0] / aspect, box[1], box[2] / aspect, box[3]))
            offset += length
        if width >= height:
            left, width = left + depth, width - depth
        else:
            top, height = top + depth, height - depth
    return boxes


def _worst(row: Sequence[float], side: float) -> float:
    area = sum(row)
    if not area or not side:
        return float("inf")
    return max(max(side**2 * one / area**2, area**2 / (side**2 * one)) if one else float("inf") for one in row)


class Fall(NamedTuple):
    """A bridge: bars as (x, y, width, height, kind of ``end``, ``up`` or ``down``), the level lines between them as (x, x, y), what is
    written over and under each bar as (x, y, text). `cut` says that the axis does not begin at zero."""

    width: int
    height: int
    base: float
    bars: tuple[tuple[float, float, float, float, str], ...]
    levels: tuple[tuple[float, float, float], ...]
    says: tuple[tuple[float, float, str], ...]
    names: tuple[tuple[float, str], ...]
    cut: bool


def waterfall(first: float, steps: Sequence[float], last: float, *, words: Sequence[tuple[str, str]], width: int, height: int) -> Fall:
    """From `first` over the steps to `last`; `words` are name and figure of each bar. The axis is cut where the steps would not be seen."""
    heights = [first]
    for step in steps:
        heights.append(heights[-1] + step)
    top, low = max(*heights, last, 0.0), min(*heights, last)
    cut = low > 0 and (top - low) < top * 0.4
    floor = max(low - (top - low or top * 0.2) * 1.2, 0.0) if cut else min(low, 0.0)
    base, ceiling, slot = height - 28.0, 26.0, (width - 12) / (len(steps) + 2)
    bar = min(slot * 0.64, 64.0)

    def at(value: float) -> float:
        return base - (base - ceiling) * (value - floor) / ((top - floor) or 1.0)

    spans = [(floor, first, "end")]
    spans += [(before, after, "up" if after >= before else "down") for before, after in pairwise(heights)]
    spans += [(floor, last, "end")]
    bars, says, names, levels = [], [], [], []
    for k, ((start, end, kind), (name, text)) in enumerate(zip(spans, words, strict=True)):
        left, high, deep = 6 + slot * (k + 0.5) - bar / 2, at(max(start, end)), at(min(start, end))
        bars.append((round(left, 1), round(high, 1), round(bar, 1), round(max(deep - high, 1.0), 1), kind))
        says.append((round(left + bar / 2, 1), round(high - 7, 1), text))
        names.append((round(left + bar / 2, 1), name))
        if k + 1 < len(spans):
            levels.append((round(left + bar, 1), round(left + slot, 1), round(at(end if k <= len(steps) else last), 1)))
    return Fall(width, height, base, tuple(bars), tuple(levels), tuple(says), tuple(names), cut)
