"""Emission factors: frozen records of what one unit of activity emits, by gas, with where each number stands.

The coefficient of a fuel is NCV × carbon content × oxidation × 44/12 (GB/T 32150-2015, 5.2; IPCC 2006 vol. 2, ch. 2), all three of one set.
A measured value may replace a default; the factor then says which.
"""

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from fractions import Fraction

import msgspec

from factors.errors import FactorNotFound
from factors.gwp import smallest_unit
from factors.units import find_unit, ratio

CARBON_TO_CO2 = Fraction(44, 12)
_PER_GRAM = {"g": Fraction(1), "mg": Fraction(1000)}
_MASS_G = {"mg": Fraction(1, 1000), "g": Fraction(1), "kg": Fraction(1000), "t": Fraction(10**6), "lb": Fraction("453.59237")}

# what a header may say of a measured parameter → its value in the canonical unit named in the key
PARAMETER_UNITS: dict[str, dict[str, tuple[str, Fraction]]] = {
    "ncv": {
        "GJ/t": ("GJ/t", Fraction(1)), "MJ/kg": ("GJ/t", Fraction(1)), "kJ/kg": ("GJ/t", Fraction(1, 1000)),
        "kJ/g": ("GJ/t", Fraction(1)), "GJ/万Nm3": ("GJ/万Nm3", Fraction(1)), "MJ/Nm3": ("GJ/万Nm3", Fraction(10)),
        "kJ/Nm3": ("GJ/万Nm3", Fraction(1, 100)),
    },
    "carbon_content": {
        "tC/TJ": ("tC/TJ", Fraction(1)), "kgC/GJ": ("tC/TJ", Fraction(1)), "tC/GJ": ("tC/TJ", Fraction(1000)),
        "tC/t": ("tC/t", Fraction(1)), "kgC/kg": ("tC/t", Fraction(1)), "tC/万Nm3": ("tC/万Nm3", Fraction(1)),
    },
    "oxidation": {"1": ("1", Fraction(1)), "%": ("1", Fraction(1, 100))},
    "density": {
        "kg/L": ("t/m3", Fraction(1)), "t/m3": ("t/m3", Fraction(1)), "kg/m3": ("t/m3", Fraction(1, 1000)), "g/cm3": ("t/m3", Fraction(1)),
    },
}  # fmt: skip
# what can be true of matter; outside it somebody mistook a unit (98 for 0.98, TJ for GJ)
PARAMETER_RANGES = {
    "GJ/t": (Fraction(1), Fraction(150)), "GJ/万Nm3": (Fraction(10), Fraction(1500)), "tC/TJ": (Fraction(5), Fraction(120)),
    "tC/t": (Fraction(1, 100), Fraction(1)), "tC/万Nm3": (Fraction(1, 10), Fraction(50)), "1": (Fraction(1, 2), Fraction(1)),
    "t/m3": (Fraction(3, 10), Fraction(2)),
}  # fmt: skip


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One number of a factor: a ready factor (`ef`) of a gas, or a fuel's ncv, cc or of. `value` is the decimal as published.

    `lower` and `upper` are the published bounds of its 95 % interval in the same unit; unset where the publication states none.
    """

    name: str
    gas: str
    value: str
    unit: str
    factor: str = ""
    tier: str = "default"
    lower: str | msgspec.UnsetType = msgspec.UNSET
    upper: str | msgspec.UnsetType = msgspec.UNSET


class EmissionFactor(msgspec.Struct, frozen=True, kw_only=True):
    """A factor as one publication gives it. `id` is pack/version_edition#row.

    Three dates: `year_from`–`year_to` are the years that the data describe, `published` the day it came out,
    `used_from`–`used_to` the years for which its publisher lets it be used (unset: the pack's rule decides).
    """

    id: str
    name_zh: str
    name_en: str
    activities: tuple[str, ...]
    region: str
    basis: str
    set_id: str
    variant: str
    year_from: int | None
    year_to: int | None
    published: str
    used_from: int | None = None
    used_to: int | None = None
    source: str
    locator: str
    licence: str
    evidence: str
    notes: str
    parameters: tuple[Parameter, ...]

    @property
    def is_ready(self) -> bool:
        """Whether emissions follow from it: a ready number of a gas, or a fuel's carbon and oxidation; else it is a method's parameter."""
        names = {parameter.name for parameter in self.parameters}
        return "ef" in names or {"cc", "of"} <= names

    @property
    def published_on(self) -> date:
        """The last day of what `published` says: a number dated 2013 was known by the end of 2013.

        Where no day is stated the number counts as known at the end of the year after its data.
        """
        return published_day(self.published) or date((self.year_to or self.year_from or 9997) + 1, 12, 31)

    @property
    def cited(self) -> str:
        """Document and table, as a person would cite it."""
        return f"{self.source} {self.locator}".strip()

    @property
    def gases(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(parameter.gas for parameter in self.parameters))


def published_day(text: str) -> date | None:
    """The last day of a day, month or year such as 2025-12-31, 2025-12 or 2025; None for anything else."""
    try:
        match [int(part) for part in text.split("-")] if re.fullmatch(r"[0-9]{4}(-[0-9]{2}){0,2}", text) else []:
            case [year]:
                return date(year, 12, 31)
            case [year, month]:
                return date(year, month, monthrange(year, month)[1])
            case [year, month, day]:
                return date(year, month, day)
    except ValueError:
        pass
    return None


Measured = Mapping[str, tuple[str, str]]
"""Measured parameters by name: the decimal as filed and the unit of its header."""


def parameter_value(name: str, value: str, unit: str) -> tuple[Fraction, str]:
    """A measured parameter in its canonical unit; FactorNotFound where unit or size cannot be."""
    known = PARAMETER_UNITS[name]
    if unit not in known:
        raise FactorNotFound(f"{name} in {unit!r}: write the header as one of {', '.join(f'{name} [{u}]' for u in known)}", column=name)
    canonical, scale = known[unit]
    exact = Fraction(value) * scale
    low, high = PARAMETER_RANGES[canonical]
    if not low <= exact <= high:
        reason = f"{name} of {value} {unit} lies outside {float(low):g}–{float(high):g} {canonical}: was another unit meant?"
        raise FactorNotFound(reason, column=name, code="parameter.out-of-range")
    return exact, canonical


def coefficients(parameters: tuple[Parameter, ...], *, unit: str, measured: Measured) -> tuple[dict[str, Fraction], tuple[Parameter, ...]]:
    """Smallest units of each gas per one `unit` of activity, and the parameters used, measured ones in their place.

    Raises FactorNotFound: code ``factor.parameters`` where the rows are parameters of a method and no factor; column ``unit`` where only a
    density or calorific value that nobody gave would make the unit fit.
    """
    own = {parameter.name: parameter for parameter in parameters if parameter.name != "ef"}
    ready = [parameter for parameter in parameters if parameter.name == "ef"]
    burns = {"cc", "of"} <= set(own) and not any(parameter.gas.startswith("CO2") for parameter in ready)
    if not ready and not burns:
        named = ", ".join(f"{parameter.name} {parameter.value} {parameter.unit}" for parameter in own.values())
        reason = f"the packs hold parameters of a method ({named}) and no ready factor: measure what the method asks for, or name a factor"
        raise FactorNotFound(reason, column="factor", code="factor.parameters")
    used: list[Parameter] = []
    result: dict[str, Fraction] = {}
    if burns:
        amount, more = _fuel_co2(own, unit=unit, measured=measured)
        result["CO2"] = amount
        used += more
    for parameter in _fitting(ready, unit):
        top, _, bottom = parameter.unit.partition("/")
        per, more = _per(unit, bottom, own=own, measured=measured)
        gas_unit = smallest_unit(parameter.gas)
        amount = Fraction(parameter.value) * per * _MASS_G[top] * _PER_GRAM[gas_unit]
        result[parameter.gas] = result.get(parameter.gas, Fraction(0)) + amount
        used += [*(one for one in more if one not in used), parameter]
    return result, tuple(used)


def _fitting(ready: list[Parameter], unit: str) -> list[Parameter]:
    """One number of each gas: where a publication prints it per litre, per tonne and per kWh, the one per what `unit` measures."""
    have = find_unit(unit).dimension
    chosen: dict[str, Parameter] = {}
    for parameter in ready:
        fits = find_unit(parameter.unit.partition("/")[2]).dimension == have
        if fits or parameter.gas not in chosen:
            chosen[parameter.gas] = parameter
    return list(chosen.values())


def _fuel_co2(fuel: Mapping[str, Parameter], *, unit: str, measured: Measured) -> tuple[Fraction, list[Parameter]]:
    """Grams of CO2 per unit of a fuel, and the numbers that made it."""
    oxidation, of_used = _choose(fuel["of"], "oxidation", measured)
    carbon, cc_used = _choose(fuel["cc"], "carbon_content", measured)
    if cc_used.unit in {"tC/t", "tC/万Nm3"}:  # carbon by mass or volume needs no calorific value
        quantity, used = _quantity(unit, cc_used.unit.removeprefix("tC/"), own=fuel, measured=measured)
        return quantity * carbon * oxidation * CARBON_TO_CO2 * 10**6, [*used, cc_used, of_used]
    if find_unit(unit).dimension == "energy":
        return ratio(unit, "TJ") * carbon * oxidation * CARBON_TO_CO2 * 10**6, [cc_used, of_used]
    heat, ncv_used = _choose(fuel["ncv"], "ncv", measured)
    quantity, used = _quantity(unit, ncv_used.unit.removeprefix("GJ/"), own=fuel, measured=measured)
    return quantity * heat / 1000 * carbon * oxidation * CARBON_TO_CO2 * 10**6, [*used, ncv_used, cc_used, of_used]


def _choose(default: Parameter, name: str, measured: Measured) -> tuple[Fraction, Parameter]:
    if name not in measured:
        return Fraction(default.value), default
    value, unit = measured[name]
    exact, canonical = parameter_value(name, value, unit)
    shown = value if PARAMETER_UNITS[name][unit][1] == 1 else str(float(exact))
    return exact, Parameter(name=default.name, gas=default.gas, value=shown, unit=canonical, factor="", tier="measured")


def _quantity(unit: str, target: str, *, own: Mapping[str, Parameter], measured: Measured) -> tuple[Fraction, list[Parameter]]:
    """How many `target` one `unit` is: through a density only where the caller measured one or the factor's own pack cites one."""
    have, want = find_unit(unit).dimension, find_unit(target).dimension
    if have == want:
        return ratio(unit, target), []
    if {have, want} == {"volume_liquid", "mass"}:
        exact, used = _density(own, measured, unit)  # t/m3
        if have == "volume_liquid":
            return ratio(unit, "m3") * exact * ratio("t", target), [used]
        return ratio(unit, "t") / exact * ratio("m3", target), [used]
    raise FactorNotFound(
        f"{unit} does not fit: the calorific value of this fuel is per {target}. Give the quantity in {target}, or in GJ",
        column="unit",
        code="unit.dimension",
    )


def _density(own: Mapping[str, Parameter], measured: Measured, unit: str) -> tuple[Fraction, Parameter]:
    """Tonnes per cubic metre, and the number it came from."""
    if "density" in measured:
        value, density_unit = measured["density"]
        exact, canonical = parameter_value("density", value, density_unit)
        return exact, Parameter(
            name="density", gas="", value=value, unit=canonical if canonical != "t/m3" else "kg/L", factor="", tier="measured"
        )
    if "density" in own:
        cited = own["density"]
        return parameter_value("density", cited.value, cited.unit)[0], cited
    reason = f"{unit} of a fuel needs its density: add a column `density [kg/L]`, or give the mass"
    raise FactorNotFound(reason, column="unit", code="unit.dimension")


def _per(unit: str, bottom: str, *, own: Mapping[str, Parameter], measured: Measured) -> tuple[Fraction, list[Parameter]]:
    """How many `bottom` one `unit` is; what differs in kind meets only through the factor's own calorific value or density."""
    have, want = find_unit(unit).dimension, find_unit(bottom).dimension
    if have == want:
        return ratio(unit, bottom), []
    for name in ("ncv", "hhv"):
        if name not in own:
            continue
        heat, used = _choose(own[name], name, measured)
        energy, _, matter = used.unit.partition("/")
        dimension = find_unit(energy).dimension
        if dimension == want:
            quantity, more = _quantity(unit, matter, own=own, measured=measured)
            return quantity * heat * ratio(energy, bottom), [*more, used]
        if dimension == have:
            quantity, more = _quantity(matter, bottom, own=own, measured=measured)
            return ratio(unit, energy) / heat * quantity, [*more, used]
    if {have, want} == {"volume_liquid", "mass"} and ("density" in own or "density" in measured):
        return _quantity(unit, bottom, own=own, measured=measured)
    raise FactorNotFound(f"{unit} does not fit a factor per {bottom}", column="unit", code="unit.dimension")
