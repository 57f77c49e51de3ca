"""What a firm is given and what it owes, unit by unit, by the rule of its sector and year. Pure, in exact fractions.

Allowances and obligations are whole tonnes, rounded half to even once for each unit (our own choice: no text of it was read).
"""

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from carbon.enterprise.errors import BadAllotment
from carbon.enterprise.obligation.rules import Allocation, Benchmark, Rule
from factors.errors import NotANumber
from factors.gwp import half_even
from factors.units import number

GRAMS = 1_000_000
"""Grams of a tonne."""
MASS_MAX = 10**18
"""More grams than the world emits in ten years: no firm has more, and no sum of them leaves 64 bits."""


class Unit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A generating unit, clinker line, process or works: its verified emission in g and what its allowance is made of, as decimals.

    Power: `benchmark` (class ``I`` to ``IV``), `power` in MWh, `heat` in GJ, `heat_ratio` (share of heat in what it supplies), `cooling`
    (``water``, ``air``), `load_correction` (Ff) with `load` where the rule asks for it. Intensity of 2025: `output` and `balance`, the
    industry's emission per unit of output, with `balance_source`. `stated_t`: what the authority decided, which then counts.
    """

    name: str
    verified_g: int
    benchmark: str | None = None
    power: str = "0"
    heat: str = "0"
    heat_ratio: str = "0"
    cooling: str = "water"
    load: str | None = None
    load_correction: str = "1"
    output: str | None = None
    balance: str | None = None
    balance_source: str = ""
    stated_t: int | None = None


class Allotment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a unit is given and owes, in whole tonnes, `said` in one formula; `mark` and `source` are those of what it rests on."""

    unit: str
    verified_t: int
    allowance_t: int
    duty_t: int
    said: str
    mark: str
    source: str


def allot(rule: Rule, units: Sequence[Unit]) -> tuple[Allotment, ...]:
    """Each unit's allowance and surrender obligation. Raises BadAllotment where a unit lacks what the rule asks for."""
    if not units:
        raise BadAllotment(unit="", field="units", reason="name the units or lines that the obligation is made of")
    names = [unit.name for unit in units]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadAllotment(unit=twice, field="name", reason="it is named twice")
    return tuple(_allot(rule, unit) for unit in units)


def _allot(rule: Rule, unit: Unit) -> Allotment:
    if not 0 <= unit.verified_g <= MASS_MAX:
        raise BadAllotment(unit=unit.name, field="verified_g", reason=f"a verified emission is 0 to {MASS_MAX} g")
    verified_t = half_even(Fraction(unit.verified_g, GRAMS))
    bench = _bench(rule, unit) if rule.benchmark else None
    if unit.stated_t is not None:
        if not 0 <= unit.stated_t <= MASS_MAX // GRAMS:
            raise BadAllotment(unit=unit.name, field="stated_t", reason=f"an allowance is 0 to {MASS_MAX // GRAMS} t")
        given, said, mark, source = unit.stated_t, "as the authority decided", "A", "decision on this unit"
    else:
        given, said, mark, source = _formula(rule.allocation, unit, bench)
    duty = verified_t if bench is None or bench.shortfall else min(verified_t, given)
    return Allotment(
        unit=unit.name, verified_t=verified_t, allowance_t=given, duty_t=duty, said=said, mark=mark, source=source,
    )  # fmt: skip


def _bench(rule: Rule, unit: Unit) -> Benchmark:
    found = next((one for one in rule.benchmark if one.kind == unit.benchmark), None)
    if found is None:
        classes = ", ".join(f"{one.kind} ({one.name_en})" for one in rule.benchmark)
        raise BadAllotment(unit=unit.name, field="benchmark", reason=f"{unit.benchmark!r} is no class of {rule.id}: one of {classes}")
    return found


def _formula(how: Allocation, unit: Unit, bench: Benchmark | None) -> tuple[int, str, str, str]:
    if how.kind == "benchmark" and bench is not None:
        return _by_benchmark(how, unit, bench)
    if how.kind == "verified":
        given = half_even(Fraction(unit.verified_g, GRAMS))
        return given, "A = E (verified direct emission)", how.mark, how.source
    if how.kind == "intensity":
        return _by_intensity(how, unit)
    raise BadAllotment(unit=unit.name, field="stated_t", reason=f"the rule has no formula: {how.source}")


def _by_benchmark(how: Allocation, unit: Unit, bench: Benchmark) -> tuple[int, str, str, str]:
    """A = Qe·Be·Fl·Fr·Ff + Qh·Bh."""
    power, heat, ratio = (_decimal(unit, name) for name in ("power", "heat", "heat_ratio"))
    if min(power, heat) < 0 or not 0 <= ratio <= 1:
        raise BadAllotment(unit=unit.name, field="power", reason="power and heat are not below zero, the heat ratio lies between 0 and 1")
    if unit.cooling not in how.cooling:
        raise BadAllotment(unit=unit.name, field="cooling", reason=f"one of {', '.join(how.cooling)}")
    cooling = Fraction(how.cooling[unit.cooling]) if bench.fuel == "coal" else Fraction(1)
    heated = 1 - Fraction(how.heat.get(bench.fuel, "0")) * ratio
    load = _load(how, unit, bench)
    given = half_even(power * Fraction(bench.power) * cooling * heated * load + heat * Fraction(bench.heat))
    said = f"A = {unit.power} MWh × {bench.power} × {_text(cooling)} × {_text(heated)} × {_text(load)} + {unit.heat} GJ × {bench.heat}"
    plain = cooling == heated == load == 1 and bench.mark == "A"
    return given, said, "A" if plain else _least(bench.mark, how.mark), f"{bench.source}; {how.source}"


def _load(how: Allocation, unit: Unit, bench: Benchmark) -> Fraction:
    """The load factor that was stated; other than 1 only where the rule grants one."""
    stated = _decimal(unit, "load_correction")
    if stated < 1:
        raise BadAllotment(unit=unit.name, field="load_correction", reason="a load correction is 1 or more")
    if stated != 1 and how.load_below is not None:
        load = _decimal(unit, "load") if unit.load is not None else None
        if bench.fuel != how.load_fuel or load is None or not 0 <= load < Fraction(how.load_below):
            reason = f"only units of {how.load_fuel} below a load of {how.load_below} have one: state the load"
            raise BadAllotment(unit=unit.name, field="load_correction", reason=reason)
    return stated


def _by_intensity(how: Allocation, unit: Unit) -> tuple[int, str, str, str]:
    """A = E·(1 + s), s = slope·(b − e)/b within ±cap, e = E/output."""
    if unit.output is None or unit.balance is None or not unit.balance_source:
        reason = "state output, and the industry's balance value in t CO2 per unit of it with its source"
        raise BadAllotment(unit=unit.name, field="balance", reason=reason)
    output, balance = _decimal(unit, "output"), _decimal(unit, "balance")
    if output <= 0 or balance <= 0:
        raise BadAllotment(unit=unit.name, field="output", reason="output and balance value are above zero")
    emission = Fraction(unit.verified_g, GRAMS)
    cap = Fraction(str(how.cap))
    share = max(-cap, min(cap, Fraction(str(how.slope)) * (balance - emission / output) / balance))
    said = f"A = E × (1 + {how.slope} × (b − e)/b), within ±{how.cap}; b = {unit.balance}, e = E/{unit.output}"
    return half_even(emission * (1 + share)), said, how.mark, f"{how.source}; balance value: {unit.balance_source}"


def _decimal(unit: Unit, field: str) -> Fraction:
    text = getattr(unit, field)
    try:
        return Fraction(number(text))
    except NotANumber as error:
        raise BadAllotment(unit=unit.name, field=field, reason=str(error)) from error


def _least(*marks: str) -> str:
    """The least sure of marks."""
    return max(marks, key=("A", "D", "A2", "B").index)


def _text(value: Fraction) -> str:
    """A short decimal of a factor, for showing only."""
    return f"{float(value):.6g}"
