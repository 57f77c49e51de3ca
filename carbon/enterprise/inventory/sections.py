"""A section of an inventory: masses valued once, and rows, groups and tiers that add up to that value to the gram.

The smallest parts (a row's tier) are valued exactly, rounded down, and what is left over goes to the largest remainders, ties in the order
of the parts. Everything printed is a sum of such parts, so every way to add them up gives the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

import msgspec
import polars as pl

from carbon.enterprise.inventory.sources import group_names, group_of, group_order, row_names
from carbon.enterprise.inventory.spread import Spreads, pct
from factors.errors import NoGwp
from factors.gwp import GwpSet, half_even

ENTRIES_MAX = 50
ROW = ("book", "scope", "category", "activity")
"""What makes a row."""


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One activity in one category of one scope. `tiers` is g CO2e by method tier, `entries` at most fifty of those behind it.

    `group` is a source of scope 1 (`sources.SOURCES`), a carrier, or a category of scope 3. `apart_g` is what was published only as CO2e of
    another GWP set, or of none that is stated: in no total, and a sum with it is mixed.
    """

    scope: str
    book: str
    category: str
    activity: str
    label_zh: str
    label_en: str
    co2e_g: int
    gases: dict[str, int]
    uncertainty_pct: str | None
    tiers: dict[str, int]
    entries: tuple[int, ...]
    lines: int
    group: str
    apart_g: int


class Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a section: a source of scope 1, a carrier of scope 2, a category of scope 3."""

    id: str
    label_zh: str
    label_en: str
    co2e_g: int
    uncertainty_pct: str | None
    lines: int
    apart_g: int


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A scope: `gases` valued and rounded once are `co2e_g`; rows, groups and tiers each add up to it."""

    rows: tuple[Row, ...]
    co2e_g: int
    uncertainty_pct: str | None
    tiers: dict[str, int]
    gases: dict[str, int]
    groups: tuple[Group, ...]
    apart_g: int


@dataclass(frozen=True, slots=True)
class Laid:
    """LINES laid out for an inventory: `sums` by row, tier and gas; `rows` (ROW, `row`, `lines`, `entries`) in order; how they spread."""

    sums: pl.DataFrame
    rows: pl.DataFrame
    spreads: Spreads

    def of(self, book: str, scope: str) -> pl.DataFrame:
        """The rows of one scope in one book."""
        return self.rows.filter(pl.col("book") == book, pl.col("scope") == scope)


def parts_of(values: Sequence[Fraction], total: int) -> list[int]:
    """Integers that add up to `total`, each its value rounded down or up: the largest remainders up, ties in the order given.

    `total` is the sum of the values rounded either way.
    """
    low = [floor(value) for value in values]
    order = sorted(range(len(values)), key=lambda at: (low[at] - values[at], at))
    for at in order[: total - sum(low)]:
        low[at] += 1
    return low


def value_of(gases: Mapping[str, int], prices: GwpSet) -> Fraction:
    """Exact g CO2e of masses, without those published only as CO2e of another set and those without a GWP in this one."""
    return sum((amount * prices.per_unit(gas) for gas, amount in gases.items() if is_priced(gas, prices)), Fraction(0))


def apart(gases: Mapping[str, int], prices: GwpSet) -> int:
    """Grams of CO2e that were published only so, of another set than this or of none that is stated."""
    return sum(amount for gas, amount in gases.items() if prices.apart(gas))


def is_priced(gas: str, prices: GwpSet) -> bool:
    """Whether a mass counts in totals of this set."""
    try:
        prices.value(gas)
    except NoGwp:
        return False
    return True


def section(rows: pl.DataFrame, laid: Laid, prices: GwpSet) -> Section:
    """The section of these rows of `laid`."""
    numbers = rows["row"].to_list()
    sums = laid.sums.filter(pl.col("row").is_in(numbers))
    parts: dict[tuple[int, str], dict[str, int]] = {}
    for row, tier, gas, amount in sums.select("row", "tier", "gas", "amount").sort("row", "tier", "gas").iter_rows():
        parts.setdefault((row, tier), {})[gas] = amount
    gases = added(parts.values())
    total = half_even(value_of(gases, prices))
    grams = dict(zip(parts, parts_of([value_of(one, prices) for one in parts.values()], total), strict=True))
    told = sorted(rows.iter_rows(named=True), key=lambda said: group_order(group_of(said["scope"], said["category"], said["activity"])))
    made = [_row(said, laid, prices, parts, grams) for said in told]
    return Section(
        rows=tuple(made),
        co2e_g=total,
        uncertainty_pct=pct(laid.spreads.of(numbers, total)),
        tiers=added(row.tiers for row in made),
        gases=gases,
        groups=_groups(made, [said["row"] for said in told], laid),
        apart_g=apart(gases, prices),
    )


def _row(
    said: dict[str, object], laid: Laid, prices: GwpSet, parts: Mapping[tuple[int, str], dict[str, int]],
    grams: Mapping[tuple[int, str], int],
) -> Row:  # fmt: skip
    number, scope, category, activity = said["row"], str(said["scope"]), str(said["category"]), str(said["activity"])
    assert isinstance(number, int)
    tiers = {tier: gram for (row, tier), gram in grams.items() if row == number}
    total = sum(tiers.values())
    zh, en = row_names(activity, category)
    entries, lines = said["entries"], said["lines"]
    assert isinstance(entries, list)
    assert isinstance(lines, int)
    gases = added(one for (row, _), one in parts.items() if row == number)
    return Row(
        scope=scope, book=str(said["book"]), category=category, activity=activity, label_zh=zh, label_en=en, co2e_g=total, gases=gases,
        uncertainty_pct=pct(laid.spreads.of([number], total)), tiers=tiers, entries=tuple(entries), lines=lines,
        group=group_of(scope, category, activity), apart_g=apart(gases, prices),
    )  # fmt: skip


def _groups(made: Sequence[Row], numbers: Sequence[int], laid: Laid) -> tuple[Group, ...]:
    found: dict[str, list[int]] = {}
    for at, row in enumerate(made):
        found.setdefault(row.group, []).append(at)
    groups = []
    for name, places in found.items():
        total = sum(made[at].co2e_g for at in places)
        zh, en = group_names(name)
        spread = laid.spreads.of([numbers[at] for at in places], total)
        lines, beside = sum(made[at].lines for at in places), sum(made[at].apart_g for at in places)
        group = Group(id=name, label_zh=zh, label_en=en, co2e_g=total, uncertainty_pct=pct(spread), lines=lines, apart_g=beside)
        groups.append(group)
    return tuple(groups)


def added(some: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Amounts by name, added up, in the order of names."""
    total: dict[str, int] = {}
    for one in some:
        for name, amount in one.items():
            total[name] = total.get(name, 0) + amount
    return dict(sorted(total.items()))
