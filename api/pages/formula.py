"""One number explained: the formula of a line with its real numbers, gas by gas, and the exact value before the one rounding."""

from fractions import Fraction
from typing import Any, NamedTuple

from carbon.answer import decimal_text
from carbon.digits import grouped
from carbon.evidence import Explanation
from factors.errors import FactorError
from factors.units import find_unit

ORDER = ("density", "ncv", "cc", "of", "ef")


class Term(NamedTuple):
    """A factor of the product: its number and unit as published; `name` is its short name, empty for constants."""

    value: str
    unit: str
    name: str = ""


class Formula(NamedTuple):
    """A gas: products of terms that are added up (one a factor and share of days), the amount booked, its unit, the exact amount."""

    gas: str
    products: tuple[tuple[Term, ...], ...]
    amount: int
    unit: str
    exact: str


def formulas(explained: Explanation) -> list[Formula]:
    """The formulas of an entry's gases; empty where no line of a file stands behind it."""
    line, said = explained.line, explained.resolution
    if line is None or said is None:
        return []
    booked = {leg.commodity: leg for leg in explained.entry.legs if leg.account.startswith("holder/")}
    found = []
    for gas, coefficient in sorted(said["coefficients"].items(), key=lambda pair: (not pair[0].startswith("CO2"), pair[0])):
        leg = booked.get(gas)
        if leg is None:
            continue
        exact = Fraction(coefficient["exact"]) * Fraction(line.quantity)
        if "formula" in said:
            exact = exact if exact * leg.amount >= 0 else -exact
            products = [_of_guide(line.quantity, line.unit, said["formula"], gas, line.details.get("biogenic_share"), below=leg.amount < 0)]
        else:
            products = [_product(line.quantity, line.unit, said, gas, part, line.details.get("biogenic_share")) for part in said["factors"]]
        found.append(
            Formula(gas, tuple(product for product in products if product), leg.amount, leg.unit, grouped(decimal_text(exact, digits=4)))
        )
    return found


def _of_guide(
    quantity: str, unit: str, told: dict[str, Any], gas: str, biogenic: str | None, *, below: bool
) -> tuple[Term, ...]:  # fmt: skip
    """The quantity times an item's formula with its numbers; a row that is taken off is times −1."""
    base = gas if gas in told["filled"] else gas.split(".")[0]
    terms = [Term(grouped(quantity), unit), Term(f"[{told['filled'][base]}]", f"{told['gives']}/{told['unit']}", told["texts"][base])]
    if biogenic and gas in {"CO2", "CO2.biogenic"}:
        terms.append(Term(biogenic if gas == "CO2.biogenic" else f"(1 − {biogenic})", "", "biogenic_share"))
    if told["sign"] < 0 and below and not quantity.startswith("-"):
        terms.append(Term("(−1)", ""))
    return tuple(terms)


def _product(quantity: str, unit: str, said: dict[str, Any], gas: str, part: dict[str, Any], biogenic: str | None) -> tuple[Term, ...]:
    base = gas.split(".")[0]
    several = len(said["factors"]) > 1
    mine = [p for p in said["parameters"] if p["gas"] in {base, gas, ""} or p["name"] in {"ncv", "density"}]
    if several:
        mine = [
            p
            for p in mine
            if p["factor"] in {part["id"], ""} or (p["name"] == "ef" and p["factor"] not in {f["id"] for f in said["factors"]})
        ]
    by_name = {p["name"]: p for p in mine if p["name"] != "ef" or p["gas"].split(".")[0] == base}
    if "cc" in by_name and base == "CO2" and "ef" not in by_name:
        names = [name for name in ("density", "ncv", "cc", "of") if name in by_name]
    elif "ef" in by_name:
        per_energy = _is_energy(by_name["ef"]["unit"].split("/")[-1]) and not _is_energy(unit)
        names = [name for name in ("density", "ncv") if name in by_name and per_energy] + ["ef"]
    else:
        return ()
    terms = [Term(grouped(quantity), unit), *(Term(by_name[name]["value"], _shown(by_name[name]["unit"]), name) for name in names)]
    if "cc" in names:
        terms.append(Term("44/12", ""))
    if biogenic and gas in {"CO2", "CO2.biogenic"}:
        terms.append(Term(biogenic if gas == "CO2.biogenic" else f"(1 − {biogenic})", "", "biogenic_share"))
    if several:
        terms.append(Term(part["share"], "", "days"))
    return tuple(terms)


def _shown(unit: str) -> str:
    return "" if unit == "1" else unit


def _is_energy(token: str) -> bool:
    try:
        return find_unit(token).dimension == "energy"
    except FactorError:
        return False
