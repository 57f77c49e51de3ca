"""Standard coal (tce) of an energy carrier, by a sourced coefficient that every figure names: 当量值 or 等价值, and of which year.

当量值 (calorific) is the heat in the carrier; 等价值 (equivalent) the primary energy that was spent on it, which for electricity changes
every year (GB/T 2589-2020, 3.2 and 3.3). One tce is 29.307 GJ of either. Coefficients are `data/energy.csv`, of its appendices A and B.
"""

import csv
from enum import StrEnum
from fractions import Fraction
from functools import cache
from importlib.resources import files

import msgspec

from factors.errors import FactorError, UnitMismatch
from factors.units import find_unit, ratio


class Kind(StrEnum):
    """What a coefficient counts: the heat in the carrier, or the primary energy spent on it."""

    CALORIFIC = "calorific"
    EQUIVALENT = "equivalent"

    @property
    def name_zh(self) -> str:
        return {"calorific": "当量值", "equivalent": "等价值"}[self.value]


KINDS = {kind.value: kind for kind in Kind} | {kind.name_zh: kind for kind in Kind}
"""Every way to write a kind."""


class NoCoefficient(FactorError):
    """No coefficient of that kind and year that may be used unasked, and why."""

    code = "energy.no-coefficient"


class Coefficient(msgspec.Struct, frozen=True, kw_only=True):
    """Standard coal per unit of a carrier as one document gives it; `unit` such as kgce/kg.

    `value` is blank where the document gives a range alone. A row with a `doubt` is used only when it is asked for by its id.
    `year_from` is the first year of the edition, blank where a number of a year came without its year.
    """

    id: str
    name_zh: str
    name_en: str
    activities: tuple[str, ...]
    kind: Kind
    year_from: int | None
    year_to: int | None
    value: str
    lower: str
    upper: str
    unit: str
    source: str
    locator: str
    evidence: str
    doubt: str
    notes: str

    @property
    def said(self) -> str:
        """The coefficient with its kind and source, as a tce figure has to name it."""
        return f"{self.name_zh} {self.name_en}: {self.value} {self.unit}, {self.kind.name_zh} ({self.kind}), {self.source} {self.locator}"


class StandardCoal(msgspec.Struct, frozen=True, kw_only=True):
    """An amount of standard coal in tce, exactly, and the coefficient that made it."""

    tce: Fraction
    coefficient: Coefficient


@cache
def coefficients() -> tuple[Coefficient, ...]:
    """Every coefficient, in the order of `data/energy.csv`."""
    rows = csv.DictReader(files("factors").joinpath("data", "energy.csv").read_text(encoding="utf-8").splitlines())
    return tuple(
        Coefficient(
            **{name: row[name] for name in ("id", "name_zh", "name_en", "value", "lower", "upper", "unit", "source", "locator")},
            **{name: row[name] for name in ("evidence", "doubt", "notes")},
            activities=tuple(row["activities"].split("|")),
            kind=Kind(row["kind"]),
            year_from=int(row["year_from"]) if row["year_from"] else None,
            year_to=int(row["year_to"]) if row["year_to"] else None,
        )
        for row in rows
    )


def standard_coal(
    amount: Fraction, unit: str, activity: str, *, kind: Kind, year: int | None = None, coefficient: str | None = None
) -> StandardCoal:
    """The standard coal of `amount` units of what the activity uses, by the coefficient of that kind and year.

    An equivalent value needs its year; a calorific one without a year is the current edition's. `coefficient` is the id of one that is
    doubted and wanted all the same. Raises NoCoefficient with the reason, UnitMismatch where the coefficient is per something else.
    """
    chosen = _named(coefficient, activity, kind) if coefficient else _choose(activity, kind, year)
    top, _, bottom = chosen.unit.partition("/")
    if find_unit(unit).dimension != find_unit(bottom).dimension:
        raise UnitMismatch(source=unit, target=bottom, hint=f"The coefficient of {activity} is {chosen.value} {chosen.unit}")
    return StandardCoal(tce=amount * ratio(unit, bottom) * Fraction(chosen.value) * ratio(top, "tce"), coefficient=chosen)


def _of(activity: str, kind: Kind) -> list[Coefficient]:
    return [one for one in coefficients() if activity in one.activities and one.kind == kind]


def _named(wanted: str, activity: str, kind: Kind) -> Coefficient:
    """The coefficient of that id, if it is one of the activity and the kind and states a value."""
    here = _of(activity, kind)
    found = next((one for one in here if one.id == wanted), None)
    if found is None:
        raise NoCoefficient(f"{activity} has no {kind} coefficient {wanted!r} ({kind.name_zh}): one of {_ids(here)}")
    if not found.value:
        raise NoCoefficient(f"{found.id} cannot be used: {found.doubt}. Convert with the fuel's own calorific value: --fuel without --as")
    return found


def _choose(activity: str, kind: Kind, year: int | None) -> Coefficient:
    """The latest edition that holds in the year, of what nobody doubts."""
    here = _of(activity, kind)
    if not here:
        other = next(k for k in Kind if k != kind)
        hint = f"; the {other} one ({other.name_zh}) is held" if _of(activity, other) else ""
        raise NoCoefficient(f"no sourced {kind} coefficient ({kind.name_zh}) is held for {activity}{hint}")
    if kind == Kind.EQUIVALENT and year is None:
        raise NoCoefficient(f"an equivalent value (等价值) of {activity} belongs to a year: add --year")
    sure = [one for one in here if not one.doubt and one.evidence != "unverified"]
    held = [one for one in sure if year is None or ((one.year_from or 0) <= year <= (one.year_to or 9999))]
    if held:
        return max(held, key=lambda one: one.year_from or 0)
    when = f" for {year}" if year is not None else ""
    reasons = "; ".join(f"{one.id}: {one.doubt}" for one in here if one.doubt)
    known = f"no document for another year is held ({_ids(sure)})" if sure else reasons
    ask = " Ask for one by its id with --coefficient if you want it all the same" if reasons else ""
    raise NoCoefficient(f"no sourced {kind} coefficient ({kind.name_zh}) of {activity}{when}: {known}.{ask}")


def _ids(some: list[Coefficient]) -> str:
    return ", ".join(f"{one.id} {one.value or f'{one.lower}–{one.upper}'} {one.unit}" for one in some) or "none"
