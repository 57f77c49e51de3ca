"""GWP sets as data, applied by a pure function: CO2e is a valuation of masses, and only ever that.

A set is named ``<report>.<horizon>``, such as ``AR5.100`` (IPCC AR5 WG1, Table 8.A.1). Rows never read in a document are not used. Where a
set gives methane no value by origin, its one value for CH4 holds for all methane. CO2.biogenic is priced 0; CO2 is 1 by definition.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib.resources import files

from factors.errors import NoGwp, UnknownGwpSet

DEFAULT_SET = "AR5.100"
GRAM_GASES = ("CO2", "CO2.biogenic")


def smallest_unit(gas: str) -> str:
    """The unit in which a gas is booked: g for CO2 and for CO2e, mg for every other gas. Fixed for good."""
    return "g" if gas in GRAM_GASES or gas.startswith("CO2e") else "mg"


@dataclass(frozen=True, slots=True)
class GwpSet:
    """One set: values by gas, mass of CO2e per mass of gas."""

    name: str
    values: Mapping[str, Fraction]
    sources: Mapping[str, str]

    def value(self, gas: str) -> Fraction:
        """What one unit of mass of `gas` counts; NoGwp where the set gives none."""
        if gas == "CO2.biogenic":
            return Fraction(0)
        if gas in {"CO2", f"CO2e.{self.name}"}:  # by definition, also where a table of a set leaves it out
            return Fraction(1)
        found = self.values.get(gas)
        if found is None and gas.startswith("CH4."):
            found = self.values.get("CH4")
        if found is None:
            raise NoGwp(gas=gas, gwp_set=self.name)
        return found

    def apart(self, gas: str) -> bool:
        """Whether a mass was published only as CO2e of another set, or of none that is stated: told beside a total, never in it."""
        return gas.startswith("CO2e.") and gas != f"CO2e.{self.name}"

    def priced(self, amounts: Mapping[str, int]) -> dict[str, int]:
        """The masses without those that stay apart."""
        return {gas: amount for gas, amount in amounts.items() if not self.apart(gas)}

    def per_unit(self, gas: str) -> Fraction:
        """Grams of CO2e per smallest unit of `gas`."""
        return self.value(gas) / (1 if smallest_unit(gas) == "g" else 1000)


@cache
def gwp_sets() -> Mapping[str, GwpSet]:
    """All sets by name."""
    text = files("factors").joinpath("data", "gwp.csv").read_text(encoding="utf-8")
    values: dict[str, dict[str, Fraction]] = {}
    sources: dict[str, dict[str, str]] = {}
    for row in csv.DictReader(text.splitlines()):
        if row["evidence"] == "unverified":
            continue
        values.setdefault(row["set"], {})[row["gas"]] = Fraction(Decimal(row["value"]))
        sources.setdefault(row["set"], {})[row["gas"]] = f"{row['source']}; {row['locator']}"
    return {name: GwpSet(name, values[name], sources[name]) for name in sorted(values)}


def gwp_set(name: str) -> GwpSet:
    """The set of that name; UnknownGwpSet lists those there are."""
    sets = gwp_sets()
    if name not in sets:
        raise UnknownGwpSet(name, list(sets))
    return sets[name]


def half_even(value: Fraction) -> int:
    """The nearest integer, ties to the even one: the one rounding of every amount."""
    return round(value)


def valuation(amounts: Mapping[str, int], prices: GwpSet) -> int:
    """Grams of CO2e of masses by gas in their smallest units, summed exactly and rounded once.

    A mass published only as ``CO2e.<other set>`` is refused (NoGwp): it is reported as a line of its own, never added silently.
    """
    return half_even(sum((amount * prices.per_unit(gas) for gas, amount in amounts.items()), Fraction(0)))
