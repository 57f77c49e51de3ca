"""How amounts are written: one unit a column, 万 and 亿 in Chinese, k, M and G in English, a true minus, full integers as evidence."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from api.language import Language
from carbon.digits import MINUS

THIN = "\u2009"
TONNE_G = 10**6
SCALES: dict[Language, tuple[tuple[str, int], ...]] = {
    "zh": (("亿 t", 10**8 * TONNE_G), ("万 t", 10**4 * TONNE_G), ("t", TONNE_G), ("kg", 1000), ("g", 1)),
    "en": (("Gt", 10**9 * TONNE_G), ("Mt", 10**6 * TONNE_G), ("kt", 1000 * TONNE_G), ("t", TONNE_G), ("kg", 1000), ("g", 1)),
}
HUNDREDTHS = {"亿 t", "Gt"}
GASES = {
    "CO2": "CO₂", "CH4": "CH₄", "N2O": "N₂O", "SF6": "SF₆", "NF3": "NF₃", "CO2e": "CO₂e",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scale:
    """A unit of mass for a column: its name, how many grams it is, and how many decimals are shown."""

    unit: str
    grams: int
    digits: int

    def text(self, mass_g: int) -> str:
        """The mass in this unit; what is not zero never reads as zero."""
        shown = decimal_text(Decimal(mass_g) / self.grams, self.digits)
        if mass_g and not any(digit in "123456789" for digit in shown):
            return f"{MINUS if mass_g < 0 else ''}<{THIN}{Decimal(1).scaleb(-self.digits)}"
        return shown

    def number(self, mass_g: int) -> float:
        """The mass in this unit for drawing, where a pixel is coarser than a float."""
        return mass_g / self.grams


def scale_for(masses_g: Iterable[int | None], language: Language) -> Scale:
    """The scale in which the largest of some masses reads well."""
    largest = max((abs(mass) for mass in masses_g if mass is not None), default=0)
    for unit, grams in SCALES[language]:
        if largest >= grams:
            ratio = largest / grams
            return Scale(unit, grams, 0 if unit == "g" else 2 if ratio < 10 or unit in HUNDREDTHS else 1)
    return Scale("t", TONNE_G, 0)


def decimal_text(value: Decimal, digits: int) -> str:
    """A decimal with thousands separators and a true minus; minus zero is zero."""
    rounded = value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)
    text = f"{abs(rounded):,f}"
    return MINUS + text if rounded < 0 else text


def percent(part: int, whole: int, digits: int = 1) -> str | None:
    """A share in percent without its sign, or None of nothing."""
    return decimal_text(Decimal(part) * 100 / whole, digits) if whole else None


def change(now: int | None, before: int | None) -> str | None:
    """The signed change in percent, or None where there is nothing to compare."""
    if now is None or not before:
        return None
    return signed(decimal_text(Decimal(now - before) * 100 / before, 1))


def signed(text: str) -> str:
    """A figure with its sign written; zero has none."""
    return text if text.startswith(MINUS) or not text.strip("0.,") else "+" + text


def gas_name(gas: str, origins: Mapping[str, str] | None = None) -> str:
    """A gas as chemists write it, its origin after it (in the words of `origins`); its set stays beside a CO₂e."""
    if gas.startswith("CO2e."):
        return "CO₂e " + gas.removeprefix("CO2e.")
    name, _, origin = gas.partition(".")
    return GASES.get(name, name) + (f" ({(origins or {}).get(origin, origin)})" if origin else "")
