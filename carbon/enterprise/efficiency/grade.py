"""A firm's carbon efficiency of a year: L, its industry's mean, K, and the grade, or grey and why. Pure, in exact fractions.

L = CO2 ÷ value added, in t per 10⁴ CNY, which is g per fen; K = L ÷ mean L of the industry in the same period. Nothing is rounded but what
is shown.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

import msgspec
import polars as pl

from carbon.answer import decimal_text
from carbon.disclosure import Group, groups
from carbon.enterprise.efficiency.coverage import STATED, Covered
from carbon.enterprise.efficiency.pack import Pack, graded
from factors.units import number

GREY = "grey"
SHOWN = 4
"""Decimals of L and K as they are shown."""
REASONS = ("not-in-force", "data-missing", "not-verified", "value-added", "coverage", "no-mean")
"""Why a firm is grey, the first that applies."""


class Facts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a firm's year. CO2 in g: of energy, of processes, and what may be `deducted` by name (`pack.DEDUCTIONS`).

    `energy_g` is gross: what own zero-carbon power would have emitted is in it where it is in `deducted`. `value_added_fen` may be below
    zero; `coverage` is the share of the firm's energy that its lines cover, as a decimal, and `coverage_how` says whether it was ``stated``
    by who gives the tag or ``computed`` ("" where there is none, and in tags from before it was told); `covered` is what there is to
    compute it from, beside a stated one too. `missing` names what has not been filed.
    """

    holder: str
    industry: str | None
    year: int
    energy_g: int | None
    value_added_fen: int | None
    coverage: str | None
    verified: bool
    process_g: int = 0
    deducted: dict[str, int] = {}
    missing: tuple[str, ...] = ()
    coverage_how: str = ""
    covered: Covered | None = None


def stated(facts: Facts, share: str | None) -> Facts:
    """The facts with the coverage that whoever gives the tag states, marked so; without one they are as they were."""
    return facts if share is None else msgspec.structs.replace(facts, coverage=share, coverage_how=STATED)


class Mean(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The mean L of an industry: an exact fraction, how many firms it is of (None: given as data), and where it comes from."""

    industry: str
    exact: str
    source: str
    firms: int | None = None
    without: tuple[str, ...] = ()


class Tag(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="tag"):
    """What a pack makes of a firm's year. `grade` and `colour` are ``grey`` with a `reason` of REASONS, or the pack's; the exact L and K
    stand beside what is shown of them. `neutral` is the carbon-neutral rate where the pack has one."""

    pack: str
    mark: str
    facts: Facts
    net_g: int | None = None
    l: str = ""  # noqa: E741
    l_exact: str = ""
    level: str = ""
    mean: Mean | None = None
    k: str = ""
    k_exact: str = ""
    neutral: str = ""
    grade: str
    colour: str
    reason: str = ""


def judge(pack: Pack, facts: Facts, mean: Mean | None) -> Tag:
    """The tag of a firm's year, grey where it may have no colour."""
    reason = unfit(pack, facts)
    own = intensity(pack, facts)
    average = Fraction(mean.exact) if mean is not None else Fraction(0)
    if not reason and average <= 0:
        reason = "no-mean"
    tag = Tag(pack=pack.id, mark=pack.mark, facts=facts, net_g=net(pack, facts), mean=mean, grade=GREY, colour=GREY, reason=reason)
    if own is not None:
        level = graded(pack.level, own).id if pack.level and not unfit(pack, facts) else ""
        tag = msgspec.structs.replace(tag, l=decimal_text(own, digits=SHOWN), l_exact=str(own), level=level, neutral=_neutral(pack, facts))
    if reason or own is None:
        return tag
    ratio = own / average
    found = graded(pack.grade, ratio)
    return msgspec.structs.replace(
        tag, k=decimal_text(ratio, digits=SHOWN), k_exact=str(ratio), grade=found.id, colour=found.colour
    )  # fmt: skip


def unfit(pack: Pack, facts: Facts) -> str:
    """Why a firm may have no colour whatever its industry does, or ""."""
    if not pack.holds(facts.year):
        return "not-in-force"
    if facts.energy_g is None or facts.missing or facts.value_added_fen is None:
        return "data-missing"
    if not facts.verified:
        return "not-verified"
    if facts.value_added_fen <= 0:
        return "value-added"
    if facts.coverage is None or Fraction(number(facts.coverage)) < Fraction(pack.coverage_min):
        return "coverage"
    return ""


def net(pack: Pack, facts: Facts) -> int | None:
    """The pack's own numerator in g CO2, or None where it is not known."""
    if facts.energy_g is None:
        return None
    gross = facts.energy_g + (facts.process_g if pack.numerator.process else 0)
    return gross - sum(facts.deducted.get(name, 0) for name in pack.numerator.nets)


def intensity(pack: Pack, facts: Facts) -> Fraction | None:
    """L in t per 10⁴ CNY: g per fen. None where it cannot be made."""
    emitted = net(pack, facts)
    if emitted is None or facts.value_added_fen is None or facts.value_added_fen <= 0:
        return None
    return Fraction(emitted, facts.value_added_fen)


def means(pack: Pack, firms: Sequence[Facts]) -> dict[str, Mean]:
    """The mean of each firm's industry of one year, by holder, from the firms that are fit, under the one disclosure policy."""
    fit = {one.holder: one for one in firms if not unfit(pack, one)}
    found: dict[str, Mean] = {}
    for holder, group in groups({holder: one.industry for holder, one in fit.items()}).items():
        if holder not in found:
            found |= dict.fromkeys(group.members, _mean(pack, group, [fit[member] for member in group.members]))
    return found


def _mean(pack: Pack, group: Group, firms: Sequence[Facts]) -> Mean:
    if pack.mean.kind == "weighted":
        exact = Fraction(sum(net(pack, one) or 0 for one in firms), sum(one.value_added_fen or 0 for one in firms))
    else:
        exact = sum((intensity(pack, one) or Fraction(0) for one in firms), Fraction(0)) / len(firms)
    return Mean(
        industry=group.code, exact=str(exact), source=f"firms in the book, {pack.mean.kind}", firms=len(firms), without=group.without
    )


def energy_co2(lines: pl.DataFrame) -> int:
    """Grams of CO2 of all energy of LINES: fuel burnt (categories 1A) and power, heat and cooling bought, by location.

    Own zero-carbon power is in none of them, so nothing of it is to be deducted again; biogenic CO2 is not counted.
    """
    return _grams(lines, ((pl.col("book") == "physical") & pl.col("category").str.starts_with("1A")) | (pl.col("book") == "location"))


def process_co2(lines: pl.DataFrame) -> int:
    """Grams of CO2 of processes: scope 1 but for fuel burnt."""
    return _grams(lines, (pl.col("book") == "physical") & ~pl.col("category").str.starts_with("1A"))


def _grams(lines: pl.DataFrame, what: pl.Expr) -> int:
    found = lines.filter(what, pl.col("gas") == "CO2", pl.col("scope").is_in(["1", "2"]))
    return int(found["amount"].cast(pl.Int128).sum())


def _neutral(pack: Pack, facts: Facts) -> str:
    """The carbon-neutral rate: what is deducted over the gross emission."""
    gross = facts.energy_g
    if not pack.neutral or not gross or gross < 0:
        return ""
    off: Mapping[str, int] = facts.deducted
    return decimal_text(Fraction(sum(off.get(name, 0) for name in pack.numerator.nets), gross), digits=SHOWN)
