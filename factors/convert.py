"""Turn an amount into another unit, exactly, and say by which definition or cited value; or refuse, and say what is missing.

Units of one dimension convert by definition. Mass, volume and energy meet only through the calorific value or density of one factor (one
parameter set), which the answer cites. Carbon becomes CO2 by 44/12, a ratio of molar masses that is never rounded (GB/T 32150-2015, 5.2).
"""

import re
from collections.abc import Sequence
from fractions import Fraction

import msgspec

from factors.activities import Activity
from factors.energy import Coefficient, Kind, standard_coal
from factors.errors import FactorError, FactorNotFound, NotANumber, UnitMismatch, UnknownUnit
from factors.factor import CARBON_TO_CO2, EmissionFactor, Parameter
from factors.library import DEFAULT_SETS, FactorLibrary
from factors.units import Unit, find_unit, number, ratio

WORDS_MAX = 12
LENGTH_MAX = 200
DIGITS = 15
"""Significant digits of a decimal that does not end, as shown beside its fraction."""
BRIDGES = ("ncv", "hhv", "density")
MATTER = {"mass", "volume_liquid", "volume_gas_normal"}
HEAT = {"energy", "energy_hhv"}
GASES = {"co2", "ch4", "n2o", "sf6", "nf3"}
COAL = {"kgce", "tce", "wan_tce", "yi_tce"}


class NoQuestion(FactorError):
    """Words that are no number, unit and unit wanted."""

    code = "unit.no-question"

    def __init__(self, text: str, readings: Sequence[str] = ()) -> None:
        self.text = text[:60]
        told = f"; it may be read as {' or '.join(readings)}" if readings else ""
        super().__init__(f"{self.text!r} is no question: write a number, its unit and the unit wanted, such as `1 tce GJ`{told}")


class Conversion(msgspec.Struct, frozen=True, kw_only=True):
    """An amount in another unit. `result` is the exact decimal where it ends (`ends`), else rounded to 15 digits; `exact` is the fraction.

    `by` names each definition, coefficient or cited value used, in the order of use.
    """

    value: str
    unit: str
    to: str
    result: str
    exact: str
    ends: bool
    by: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """As a person would say it."""
        shown = self.result if self.ends else f"{self.exact} ≈ {self.result}"
        return f"{self.value} {self.unit} = {shown} {self.to}"


def read_question(words: Sequence[str]) -> tuple[str, Unit, Unit]:
    """The number, the unit and the unit wanted of `1 tce GJ`, `1tce GJ`, `1 万 kWh GJ` or `100 short ton kg`.

    Raises NotANumber, UnknownUnit, AmbiguousUnit, and NoQuestion where a word is missing or the words could be read in two ways.
    """
    text = " ".join(words)
    if len(text) > LENGTH_MAX:
        raise NotANumber(text)
    parts = text.split()
    first = parts[0] if parts else ""
    joined = re.match(r"-?[0-9]+(?:\.[0-9]+)?(?=[^0-9.,eE_'\s])", first)
    if joined and _known(first[joined.end() :] + "".join(f" {part}" for part in parts[1:])):
        parts[:1] = [joined[0], first[joined.end() :]]
    value, rest = parts[0] if parts else "", parts[1 : WORDS_MAX + 1]
    number(value)
    if len(rest) < 2:
        raise NoQuestion(text)
    found = [pair for at in range(1, len(rest)) if (pair := _pair(rest[:at], rest[at:]))]
    if len(set(found)) > 1:
        raise NoQuestion(text, [f"{source.token} → {target.token}" for source, target in found])
    return (value, *found[0]) if found else (value, find_unit(" ".join(rest[:-1])), find_unit(rest[-1]))


def _known(text: str) -> bool:
    parts = text.split()
    return any(_pair(parts[:at], parts[at:]) for at in range(1, len(parts))) or bool(len(parts) == 2 and _unit(parts[:1]))


def _unit(parts: Sequence[str]) -> Unit | None:
    for mark in ("", " "):
        try:
            return find_unit(mark.join(parts))
        except UnknownUnit:
            continue
    return None


def _pair(left: Sequence[str], right: Sequence[str]) -> tuple[Unit, Unit] | None:
    source, target = _unit(left), _unit(right)
    return (source, target) if source and target else None


def convert(value: str, unit: str, to: str, *, factor: EmissionFactor | None = None) -> Conversion:
    """`value` units in another unit, exactly; `factor` lends its calorific values and density.

    Raises NotANumber, UnknownUnit, AmbiguousUnit, and UnitMismatch with what would be needed.
    """
    source, target = find_unit(unit), find_unit(to)
    amount = Fraction(number(value))
    by = [f"{one.token}: {one.source}" for one in (source, target)]
    if source.dimension == target.dimension:
        rate = ratio(source.token, target.token)
    elif (source.dimension, target.dimension) == ("carbon", "co2"):
        rate = ratio(source.token, "kgC") * CARBON_TO_CO2 * ratio("kgCO2", target.token)
        by.insert(1, "CO2 per carbon: 44/12, the ratio of their molar masses (GB/T 32150-2015, 5.2)")
    elif factor is not None:
        rate, used = through(source, target, factor.parameters)
        by = [by[0], *(f"{one.name} {one.value} {one.unit}: {factor.cited} ({factor.id})" for one in used), by[1]]
    else:
        raise UnitMismatch(source=source.token, target=target.token, hint=_missing(source, target))
    if (source.pint_name in COAL) != (target.pint_name in COAL):
        by.append("当量值 (calorific), by the definition of standard coal: not the 等价值 (equivalent), which needs a year")
    return _told(value, source, target, amount * rate, by)


def to_standard_coal(
    value: str, unit: str, to: str, *, activity: str, kind: Kind, year: int | None = None, coefficient: str | None = None
) -> tuple[Conversion, Coefficient]:
    """`value` units of a carrier in standard coal (`to`) by a sourced coefficient of that kind, which comes with the answer."""
    source, target = find_unit(unit), find_unit(to)
    if source.pint_name in COAL:
        raise UnitMismatch(source=source.token, target=target.token, hint=f"{source.token} is standard coal already: leave out --as")
    if target.pint_name not in COAL:
        raise UnitMismatch(
            source=source.token, target=target.token, hint=f"{kind.name_zh} ({kind}) is of standard coal: ask for tce or kgce"
        )
    found = standard_coal(Fraction(number(value)), source.token, activity, kind=kind, year=year, coefficient=coefficient)
    by = [found.coefficient.said, f"{target.token}: {target.source}"]
    if coefficient and found.coefficient.doubt:
        by.append(f"doubted, and used because it was asked for: {found.coefficient.doubt}")
    return _told(value, source, target, found.tce * ratio("tce", target.token), by), found.coefficient


def through(source: Unit, target: Unit, parameters: Sequence[Parameter]) -> tuple[Fraction, tuple[Parameter, ...]]:
    """How many `target` one `source` is, by the shortest way through calorific values and density of one factor, and those used."""
    edges = [one for one in parameters if one.name in BRIDGES]
    reached: dict[str, tuple[Fraction, str, tuple[Parameter, ...]]] = {source.dimension: (Fraction(1), source.token, ())}
    waiting = [source.dimension]
    while waiting and target.dimension not in reached:
        here = waiting.pop(0)
        amount, unit, used = reached[here]
        for edge in edges:
            top, _, bottom = edge.unit.partition("/")
            value = Fraction(edge.value)
            for have, get, rate in ((bottom, top, value), (top, bottom, 1 / value)):
                there = find_unit(get).dimension
                if find_unit(have).dimension == here and there not in reached:
                    reached[there] = (amount * ratio(unit, have) * rate, get, (*used, edge))
                    waiting.append(there)
    if target.dimension not in reached:
        held = ", ".join(f"{one.name} {one.value} {one.unit}" for one in edges)
        raise UnitMismatch(
            source=source.token, target=target.token, hint=f"The fuel's set gives {held or 'neither'}, which does not join them"
        )
    amount, unit, used = reached[target.dimension]
    return amount * ratio(unit, target.token), used


def fuel_factor(library: FactorLibrary, activity: Activity, choice: str | None = None) -> EmissionFactor:
    """The one factor of the activity that lends its calorific value or density: of the set asked for, else of a default set."""
    names = {activity.id, activity.same_factor_as}
    own = [one for one in library.factors() if names & set(one.activities) and any(p.name in BRIDGES for p in one.parameters)]
    for wanted in (choice,) if choice else DEFAULT_SETS:
        found = [one for one in own if wanted in {one.id, one.set_id, one.variant} and (choice or one.evidence != "unverified")]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(one.id for one in found[:12])
            raise FactorNotFound(f"{wanted} has {len(found)} factors for {activity.id}: name one with --set: {ids}", column="factor")
    sets = ", ".join(sorted({one.set_id or one.id for one in own})) or "none"
    asked = f"set {choice!r}" if choice else "default set"
    raise FactorNotFound(f"no {asked} gives a calorific value or density of {activity.id}: --set takes one of {sets}", column="factor")


def _missing(source: Unit, target: Unit) -> str:
    """What would join two dimensions, or nothing where nothing would."""
    both = {source.dimension, target.dimension}
    if both == HEAT:
        return "Net and gross calorific value differ with the fuel: name it with --fuel, if its set gives both"
    if both == {"volume_liquid", "volume_gas_normal"}:
        return "A volume of gas needs its state: Nm3 (0 °C), m3(20C) or m3(15C); m3 is of a liquid or solid"
    if both <= MATTER | HEAT:
        return "A cited density or calorific value joins them: name the fuel with --fuel, and its parameter set with --set"
    if both & GASES:
        if both == {"carbon", "co2"}:
            return "44/12 makes CO2 of carbon, as asked: tC to tCO2"
        return "A gas is made of an activity by a factor, and compared with another by a GWP set: `tanzhang calc`"
    return ""


def _told(value: str, source: Unit, target: Unit, exact: Fraction, by: Sequence[str]) -> Conversion:
    ended = _decimal(exact)
    return Conversion(
        value=value, unit=source.token, to=target.token, result=ended or _rounded(exact), exact=str(exact), ends=ended is not None,
        by=tuple(dict.fromkeys(by)),
    )  # fmt: skip


def _decimal(exact: Fraction) -> str | None:
    """The decimal that the fraction is, or None where it does not end."""
    rest, twos, fives = exact.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return None
    return _plain(exact.numerator * 10 ** max(twos, fives) // exact.denominator, max(twos, fives))


def _rounded(exact: Fraction) -> str:
    """Half-even to 15 significant digits, without an exponent."""
    places = DIGITS - 1
    size = abs(exact)
    while size >= 10:
        size, places = size / 10, places - 1
    while size < 1:
        size, places = size * 10, places + 1
    scaled = round(exact * Fraction(10) ** places)
    return _plain(scaled, places) if places > 0 else str(scaled * 10**-places)


def _plain(digits: int, places: int) -> str:
    text = f"{abs(digits):0{places + 1}d}"
    whole, part = (text[:-places], text[-places:].rstrip("0")) if places else (text, "")
    return ("-" if digits < 0 else "") + whole + ("." + part if part else "")
