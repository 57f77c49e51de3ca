"""One year against another, and against the base year: by how much, what of it is what, and whether the base year must be calculated anew.

The parts are those of `carbon.enterprise.filing.bridge`. The rule is the firm's own (`firm.BaseYear`), after the GHG Protocol's Corporate
Standard, ch. 5: structure, method and discovered errors call for a recalculation where they exceed a threshold; what a firm makes more or
less of never does. Pure: both sides are LINES.
"""

from collections.abc import Sequence
from fractions import Fraction

import msgspec
import polars as pl

from carbon.enterprise.filing.bridge import Bridge, bridge
from carbon.enterprise.firm import BaseYear
from carbon.enterprise.inventory.sections import value_of
from factors.gwp import GwpSet, half_even

FIGURES = {
    "scope1": (("physical", "1"),),
    "scope2_location": (("location", "2"),),
    "scope2_market": (("market", "2"),),
    "total_location": (("physical", "1"), ("location", "2")),
    "total_market": (("physical", "1"), ("market", "2")),
    "scope3": (("product", "3"),),
}
"""What is compared, by the books and scopes it adds up."""
WHY = {
    "structure": ("来源进入或退出边界", "sources came into or left the boundary"),
    "method": ("核算方法改变", "the method of calculation changed"),
    "error": ("发现错误并更正", "errors were found and corrected"),
}


class Compared(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A figure in both years, in g CO2e; `permille` of the first, half-even, None where that is nothing."""

    figure: str
    before_g: int
    after_g: int
    change_g: int
    permille: int | None


class Effect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one trigger changes, in g CO2e, and whether the firm's rule counts it."""

    trigger: str
    co2e_g: int
    counts: bool
    why_zh: str
    why_en: str


class Recalculation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the base year must be calculated anew. `asked`: seen between two years, where a new source may be growth, which never counts:
    a person decides; else it is between two calculations of the base year itself, and certain."""

    needed: bool
    asked: bool
    effects: tuple[Effect, ...]
    sum_g: int
    threshold_g: int
    reason_zh: str
    reason_en: str


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One year against another in one GWP set. `recalculation` stands where the first is the base year."""

    before_year: int
    after_year: int
    figures: tuple[Compared, ...]
    bridge: Bridge
    recalculation: Recalculation | None


def change(
    before: pl.DataFrame, after: pl.DataFrame, *, before_year: int, after_year: int, prices: GwpSet, rule: BaseYear | None = None
) -> Change:
    """From the LINES of one year to those of another; where `rule` names the first as the base year, whether it must be calculated anew."""
    parts = bridge(before, after, old_prices=prices).bridge
    told = recalculation(rule, parts, same_year=False) if rule and rule.year == before_year else None
    figures = tuple(_compared(name, _worth(before, name, prices), _worth(after, name, prices)) for name in FIGURES)
    return Change(before_year=before_year, after_year=after_year, figures=figures, bridge=parts, recalculation=told)


def recalculation(rule: BaseYear, parts: Bridge, *, same_year: bool = True) -> Recalculation:
    """What the rule says of a bridge from the base year as it stands.

    To the base year calculated anew (`same_year`), boundary is structure, factor, GWP and method are method, and activity is an error that
    was corrected. To another year, activity and that year's factors are no reason; boundary and method may be, and are asked.
    """
    method = parts.method + parts.gwp + (parts.factor if same_year else 0)
    amounts = {"structure": parts.boundary, "method": method, "error": parts.activity if same_year else 0}
    effects = tuple(
        Effect(trigger=name, co2e_g=amount, counts=name in rule.triggers, why_zh=WHY[name][0], why_en=WHY[name][1])
        for name, amount in amounts.items()
        if amount
    )
    counted = [one for one in effects if one.counts]
    total = sum(abs(one.co2e_g) for one in counted)
    needed = total * 1000 > abs(parts.old_g) * rule.threshold_permille
    zh, en = _reason(counted, needed=needed, limit=f"{rule.threshold_permille / 10:g} %")
    return Recalculation(
        needed=needed, asked=needed and not same_year, effects=effects, sum_g=total,
        threshold_g=abs(parts.old_g) * rule.threshold_permille // 1000, reason_zh=zh, reason_en=en,
    )  # fmt: skip


def _reason(counted: Sequence[Effect], *, needed: bool, limit: str) -> tuple[str, str]:
    if not counted:
        return "无触发因素", "nothing calls for it"
    zh, en = "；".join(one.why_zh for one in counted), "; ".join(one.why_en for one in counted)
    zh += f"：合计{'超过' if needed else '未超过'}基准年的 {limit}"
    return zh, f"{en}: together {'more' if needed else 'no more'} than {limit} of the base year"


def _compared(name: str, before: int, after: int) -> Compared:
    moved = after - before
    permille = half_even(Fraction(moved * 1000, abs(before))) if before else None
    return Compared(figure=name, before_g=before, after_g=after, change_g=moved, permille=permille)


def _worth(lines: pl.DataFrame, figure: str, prices: GwpSet) -> int:
    counts = [(pl.col("book") == book) & (pl.col("scope") == scope) for book, scope in FIGURES[figure]]
    masses = lines.filter(pl.any_horizontal(counts)).group_by("gas").agg(pl.col("amount").cast(pl.Int128).sum())
    return half_even(value_of(dict(masses.iter_rows()), prices))
