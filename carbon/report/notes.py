"""The notes of a report: behind every figure the number of entries, their ids in the log, and the whole amount in its smallest unit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal

from carbon.digits import MINUS, grouped, integer

GRAMS_A_TONNE = 1_000_000
SHOWN = 12
"""As many ids of entries are printed one by one; the others are reached by the page of the figure."""


def tonnes(mass_g: int, digits: int = 1) -> str:
    """Grams in tonnes with thousands separators, rounded half-even for showing; what is not nothing never reads as nothing."""
    value = (Decimal(mass_g) / GRAMS_A_TONNE).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)
    if mass_g and not value:
        return f"{MINUS if mass_g < 0 else ''}<\u2009{Decimal(1).scaleb(-digits)}"
    return grouped(f"{value:f}")


@dataclass
class Notes:
    """Notes in the order in which figures refer to them, numbered from 1."""

    unit: str = "g CO2e"
    texts: list[dict[str, str]] = field(default_factory=list)

    def of(self, label: str, amount: int, entries: Sequence[int] = (), lines: int = 0) -> int:
        """The number of the note that says what the figure is made of."""
        ids = ", ".join(map(str, entries[:SHOWN])) + (" …" if len(entries) > SHOWN or lines > len(entries) > 0 else "")
        self.texts.append({"label": label, "amount": f"{integer(amount)} {self.unit}", "entries": ids, "lines": str(lines or len(entries))})
        return len(self.texts)
