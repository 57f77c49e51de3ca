"""From one inventory to another: what of the difference is activity, factor, GWP, method and boundary. Pure.

Used for a restatement (what was booked against what takes its place) and year on year. Both sides are LINES
(`carbon.enterprise.inventory.lines`), and what counts in them is what a filing declares: scope 1 and scope 2 by location.

Lines meet by source: book, scope, site, source and activity. A source that only one side has is **boundary**, at the GWP of that side.
Where both have it, one thing is substituted after the other, and each is worth what it changes at its place of this order:

1. **activity**: the new quantity at the old emission per unit and the old GWP;
2. **factor**: the new emission per unit, at the old GWP; where the way of finding it differs (method, tier or formula), it is **method**;
3. **gwp**: the new GWP set.

Within a source lines meet by their days of the year where both sides file the same spans; otherwise the sums of the source meet. Where
quantities measure different things (tonnes against kWh) the way differs, and all of it is method. Where the old quantity is zero nothing
says what a unit emitted, and all that is new is activity. The parts are exact fractions, rounded once, together, by largest remainder: so
that old + parts = new in grams, part by part and source by source, and both ends are the totals that `declared_g` gives.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TypeVar

import msgspec
import polars as pl

from carbon.enterprise.calculate import declared, declared_g
from carbon.enterprise.inventory.sections import is_priced, value_of
from factors.errors import UnitMismatch
from factors.gwp import GwpSet
from factors.units import ratio

PARTS = ("activity", "factor", "gwp", "method", "boundary")
"""What a difference is made of, in the order of the bridge."""
SOURCE = ("book", "scope", "site", "source", "activity")
_SHOWN = dict.fromkeys((*SOURCE[:-1], "code"), pl.String) | dict.fromkeys(("old", *PARTS, "new"), pl.Int64)
SOURCES = pl.Schema(_SHOWN)
"""A source as it is shown: where it stands, the `code` of its activity, then `old`, the parts and `new` in g."""
Place = tuple[str | None, ...]


class Bridge(msgspec.Struct, frozen=True, kw_only=True):
    """`old_g` + the parts = `new_g`, in g CO2e by `old_gwp` and `new_gwp`. `apart`: gases without a price in a set, in no part."""

    old_g: int
    activity: int
    factor: int
    gwp: int
    method: int
    boundary: int
    new_g: int
    old_gwp: str
    new_gwp: str
    apart: tuple[str, ...] = ()

    @property
    def parts(self) -> dict[str, int]:
        """The parts by name, in the order of the bridge."""
        return {name: getattr(self, name) for name in PARTS}


@dataclass(frozen=True, slots=True)
class Bridged:
    """A bridge and its sources: one row each (SOURCES), whose columns add up to the bridge's."""

    bridge: Bridge
    sources: pl.DataFrame


def bridge(old: pl.DataFrame, new: pl.DataFrame, *, old_prices: GwpSet, new_prices: GwpSet | None = None) -> Bridged:
    """The way from the LINES `old` to the LINES `new`; `new_prices` is the GWP set of the new side where it is another."""
    prices = new_prices or old_prices
    counted_old, counted_new = _with_spans(declared(old)), _with_spans(declared(new))
    masses_old, masses_new = _masses(counted_old), _masses(counted_new)
    touched = _touched(counted_old, counted_new)
    worth = _worth({*counted_old["gas"], *counted_new["gas"]}, old_prices, prices)
    before, after = (_piles(side.join(touched, on=SOURCE, how="semi", nulls_equal=True), worth) for side in (counted_old, counted_new))
    places = sorted({*masses_old, *masses_new}, key=lambda place: tuple(part or "" for part in place))
    cells: dict[tuple[Place, str], Fraction] = {}
    for place in places:
        if place in before or place in after:
            parts = {part: value / worth.bottom for part, value in _parts(before.get(place), after.get(place)).items()}
        else:  # nothing but the prices can differ
            parts = {"gwp": value_of(masses_new[place], prices) - value_of(masses_old[place], old_prices)} if prices != old_prices else {}
        cells.update({(place, part): value for part, value in parts.items()})
    old_g, new_g = declared_g(old, old_prices), declared_g(new, prices)
    rounded = _rounded(cells, new_g - old_g)
    starts = _rounded({place: value_of(masses, old_prices) for place, masses in masses_old.items()}, old_g)
    rows = []
    for place in places:
        start, steps = starts.get(place, 0), [rounded.get((place, part), 0) for part in PARTS]
        rows.append((*place, start, *steps, start + sum(steps)))
    sources = pl.DataFrame(rows, schema=SOURCES, orient="row")
    apart = tuple(sorted(gas for gas in worth.old if not (is_priced(gas, old_prices) and is_priced(gas, prices))))
    sums = {part: int(sources[part].sum()) for part in PARTS}
    return Bridged(Bridge(old_g=old_g, new_g=new_g, old_gwp=old_prices.name, new_gwp=prices.name, apart=apart, **sums), sources)


SPAN = ("first_month", "first_day", "last_month", "last_day")


def _with_spans(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines with month and day of their first and of their last day, by which the same month meets in other years."""
    days = [getattr(pl.col(column).dt, part)() for column in ("start", "end") for part in ("month", "day")]
    return lines.with_columns(day.cast(pl.Int64).alias(name) for day, name in zip(days, SPAN, strict=True))


def _masses(lines: pl.DataFrame) -> dict[Place, dict[str, int]]:
    """Masses by gas of each source."""
    found: dict[Place, dict[str, int]] = {}
    for *place, gas, amount in lines.group_by(*SOURCE, "gas").agg(pl.col("amount").sum()).sort("gas").iter_rows():
        found.setdefault(tuple(place), {})[gas] = amount
    return found


def _touched(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """The sources of which the two sides do not say the very same: of most nothing changed, and they need no closer look."""
    said = [*SOURCE, *SPAN, "quantity", "unit", "method", "tier", "formula", "resolution", "gas", "amount"]
    one, other = (side.group_by(said).len() for side in (before, after))
    differing = [a.join(b, on=[*said, "len"], how="anti", nulls_equal=True).select(SOURCE) for a, b in ((one, other), (other, one))]
    return pl.concat(differing).unique()


@dataclass(frozen=True, slots=True)
class _Worth:
    """What a unit of each gas is worth by the old set and by the new one, in g / `bottom`: whole numbers, so that sums are quick."""

    old: Mapping[str, int]
    new: Mapping[str, int]
    bottom: int


def _worth(gases: Iterable[str], old_prices: GwpSet, new_prices: GwpSet) -> _Worth:
    known = sorted(gases)
    exact = [{gas: value_of({gas: 1}, prices) for gas in known} for prices in (old_prices, new_prices)]
    bottom = lcm(*(value.denominator for side in exact for value in side.values()))
    old, new = ({gas: int(value * bottom) for gas, value in side.items()} for side in exact)
    return _Worth(old, new, bottom)


@dataclass(slots=True)
class _Pile:
    """What lines of one source and span come to: quantity in a unit, the way it was found, its coefficients (ids of resolutions), and
    what their masses are worth by the old and by the new GWP set (`_Worth`)."""

    quantity: Fraction
    unit: str
    way: frozenset[tuple[str | None, ...]]
    coefficients: frozenset[str | None]
    at_old: int
    at_new: int


Span = tuple[int, int, int, int] | None


def _piles(lines: pl.DataFrame, worth: _Worth) -> dict[Place, dict[Span, _Pile]]:
    """Of each source its piles by span; a line of several gases counts its quantity once."""
    found: dict[Place, dict[Span, _Pile]] = {}
    counted: set[tuple[object, ...]] = set()
    columns = (*SOURCE, *SPAN, "holder", "entry", "line", "quantity", "unit", "method", "tier", "formula", "resolution", "gas", "amount")
    for row in lines.select(columns).iter_rows():
        place, (a, b, c, d), one = row[:5], row[5:9], row[9:12]
        quantity, unit, *way, resolution, gas, amount = row[12:]
        first = one not in counted or one[1:] == (None, None)
        counted.add(one)
        piles = found.setdefault(place, {})
        pile = _Pile(
            Fraction(quantity) if first and quantity is not None else Fraction(0), unit or "", frozenset({tuple(way)}),
            frozenset({resolution}), amount * worth.old[gas], amount * worth.new[gas],
        )  # fmt: skip
        span = (a, b, c, d)
        piles[span] = _merged(piles[span], pile) if span in piles else pile
    return found


def _merged(one: _Pile, other: _Pile) -> _Pile:
    """Both together. Quantities of other dimensions do not add up: then the pile has no unit, and nothing is said per unit of it."""
    per = _ratio(other.unit, one.unit)
    way, coefficients = one.way | other.way, one.coefficients | other.coefficients
    at_old, at_new = one.at_old + other.at_old, one.at_new + other.at_new
    if per is None:
        return _Pile(Fraction(0), "", way, coefficients, at_old, at_new)
    return _Pile(one.quantity + other.quantity * per, one.unit, way, coefficients, at_old, at_new)


def _ratio(source: str, target: str) -> Fraction | None:
    if source == target:
        return Fraction(1)
    try:
        return ratio(source, target) if source and target else None
    except UnitMismatch:
        return None


def _parts(before: Mapping[Span, _Pile] | None, after: Mapping[Span, _Pile] | None) -> dict[str, Fraction]:
    """The exact parts of one source, in the unit of `_Worth`."""
    if before is None or after is None:
        went, came = sum(pile.at_old for pile in (before or {}).values()), sum(pile.at_new for pile in (after or {}).values())
        return {"boundary": Fraction(came - went)}
    if before.keys() != after.keys():
        before, after = {None: _all(before)}, {None: _all(after)}
    parts: dict[str, Fraction] = {}
    for span, old in before.items():
        for part, value in _changes(old, after[span]).items():
            parts[part] = parts.get(part, Fraction(0)) + value
    return parts


def _all(piles: Mapping[Span, _Pile]) -> _Pile:
    first, *rest = piles.values()
    for pile in rest:
        first = _merged(first, pile)
    return first


def _changes(old: _Pile, new: _Pile) -> dict[str, Fraction]:
    """What changed between two piles that meet: their values telescope over quantity, emission per unit and GWP."""
    per = _ratio(new.unit, old.unit) if old.unit else None
    how = "factor" if old.way == new.way and per is not None else "method"
    alike = old.coefficients == new.coefficients and len(old.coefficients) == 1 and None not in old.coefficients
    if per is None:
        moved = Fraction(old.at_old)
    elif old.quantity == 0 or alike:  # nothing says what a unit of it emitted, or it emits the same: all that is new is activity, and no
        moved = Fraction(new.at_old)  # gram that was rounded in a mass looks like a change of its factor
    else:
        moved = old.at_old * new.quantity * per / old.quantity
    return {"activity": moved - old.at_old, how: new.at_old - moved, "gwp": Fraction(new.at_new - new.at_old)}


K = TypeVar("K")


def _rounded(exact: Mapping[K, Fraction], total: int) -> dict[K, int]:
    """Integers that add up to `total` by largest remainder, ties in the order given. Two ends were rounded, so `total` may lie a gram off
    the sum of the fractions on either side: it is taken from those that come nearest to it."""
    down = {key: value.numerator // value.denominator for key, value in exact.items()}
    missing = total - sum(down.values())
    order = sorted(exact, key=lambda key: down[key] - exact[key])  # the sort is stable
    for at in range(abs(missing)):
        key = order[at % len(order)] if missing > 0 else order[-1 - at % len(order)]
        down[key] += 1 if missing > 0 else -1
    return down
