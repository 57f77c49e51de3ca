"""How much of a firm's energy its lines cover: standard coal of the lines over that of the whole firm, as it told. Pure.

A firm whose lines cover less than a pack's minimum of its energy is not coloured (95 %, mark D).
The standard coal of a line is that of `carbon.enterprise.inventory.energy`, each carrier by a coefficient of GB/T 2589-2020, calorific or
equivalent as the firm counted its own figure. A carrier without a coefficient is not in the sum and named: the share is then too small,
never too large.
"""

from fractions import Fraction
from math import floor

import msgspec
import polars as pl

from carbon.answer import decimal_text
from carbon.enterprise.firm import Economy
from carbon.enterprise.inventory.energy import energy_rows
from factors.energy import Kind
from factors.units import number

STATED, COMPUTED = "stated", "computed"
"""How a coverage came about."""
DIGITS = 4


class Covered(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a coverage is computed from: `lines_tce` of `firm_tce`, by `kind` of coefficient; `untold` are carriers that have none.

    `share` is rounded down to four places, so that nothing just below a minimum reaches it. It is None where the lines have more energy
    than the whole firm told, beyond the rounding of its figure: one of the two is wrong.
    """

    lines_tce: str
    firm_tce: str
    kind: Kind
    share: str | None
    untold: tuple[str, ...] = ()


def covered(lines: pl.DataFrame, economy: Economy | None) -> Covered | None:
    """The coverage of a year's LINES; None where the firm did not tell the energy that it used."""
    if economy is None or not economy.energy_tce:
        return None
    rows, total = energy_rows(lines, year=economy.year, kind=economy.energy_kind)
    whole, some = Fraction(number(economy.energy_tce)), Fraction(total)
    untold = tuple(sorted({row.carrier for row in rows if not row.tce}))
    return Covered(
        lines_tce=total, firm_tce=economy.energy_tce, kind=economy.energy_kind, share=_share(some, whole, economy), untold=untold
    )


def _share(some: Fraction, whole: Fraction, economy: Economy) -> str | None:
    if some > whole + _half_a_place(economy.energy_tce):
        return None
    share = max(Fraction(0), min(Fraction(1), some / whole))
    return decimal_text(Fraction(floor(share * 10**DIGITS), 10**DIGITS), digits=DIGITS)


def _half_a_place(text: str) -> Fraction:
    """By how much a rounded figure may lie below what it was rounded from."""
    return Fraction(1, 2 * 10 ** len(text.partition(".")[2]))
