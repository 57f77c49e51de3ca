"""Energy beside an inventory: carriers used and sold, in their own units and in tce, each by a sourced coefficient (factors.energy)."""

from fractions import Fraction

import msgspec
import polars as pl

from carbon.answer import decimal_text
from factors.energy import Kind, NoCoefficient, standard_coal
from factors.errors import UnitMismatch
from factors.units import find_unit, ratio

FAMILIES = ("combustion", "electricity", "heat", "cooling")
"""The families of activities that use up or sell energy; vehicles are filed by distance, which is none."""
_QUANTITY = pl.Decimal(38, 18)


class EnergyRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An energy carrier used (sold: below zero). `tce` is a decimal, "" where `coefficient` says why there is none."""

    carrier: str
    quantity: str
    unit: str
    tce: str
    coefficient: str


def energy_rows(lines: pl.DataFrame, *, year: int, kind: Kind = Kind.CALORIFIC) -> tuple[tuple[EnergyRow, ...], str]:
    """The energy of LINES by activity and unit, and its sum in tce: 当量值 unless `kind` asks for 等价值, of the year.

    Fuel of scope 1 and energy bought by location count, less what was sold or what a guide takes off (a fuel made and sold). The market
    book tells the same energy again and is left out.
    Each line counts once, whatever gases it has. Sums are exact to 18 places.
    """
    below = pl.col("quantity").str.starts_with("-")
    out = pl.when(pl.col("amount") == 0).then(pl.col("scope") == "passed-on").otherwise((pl.col("amount") < 0) != below)
    used = (
        lines.lazy()
        .filter(
            pl.col("book").is_in(["physical", "location"])
            & pl.col("scope").is_in(["1", "2", "passed-on"])
            & pl.col("quantity").is_not_null(),
            pl.any_horizontal(pl.col("activity").str.starts_with(family + ".") for family in FAMILIES),
        )
        .group_by("holder", "entry", "line", "scope")
        .agg(
            pl.col("activity", "unit", "quantity").min(),
            amount=pl.when(pl.col("amount").min() < 0).then(pl.col("amount").min()).otherwise(pl.col("amount").max()),
        )
        .group_by("activity", "unit", out=out)
        .agg(amount=pl.col("quantity").cast(_QUANTITY).sum())
        .sort("out", "activity", "unit")
        .collect()
    )
    rows, total = [], Fraction(0)
    for activity, unit, gone, amount in used.select("activity", "unit", "out", "amount").iter_rows():
        quantity = Fraction(amount) * (-1 if gone else 1)
        tce, said = _coal(quantity, unit, activity, kind=kind, year=year)
        total += tce or 0
        text = "" if tce is None else decimal_text(tce)
        rows.append(EnergyRow(carrier=activity, quantity=decimal_text(quantity, digits=18), unit=unit, tce=text, coefficient=said))
    return tuple(rows), decimal_text(total)


def _coal(quantity: Fraction, unit: str, activity: str, *, kind: Kind, year: int) -> tuple[Fraction | None, str]:
    """Standard coal and by which coefficient, or None and why not. Heat needs none: a tce is 29.307 GJ (GB/T 2589-2020, 3.2)."""
    try:
        coal = standard_coal(quantity, unit, activity, kind=kind, year=year if kind is Kind.EQUIVALENT else None)
    except (NoCoefficient, UnitMismatch) as error:
        if kind is Kind.CALORIFIC and find_unit(unit).dimension == find_unit("tce").dimension:
            return quantity * ratio(unit, "tce"), f"1 tce = 29.307 GJ, {kind.name_zh} ({kind}), GB/T 2589-2020 3.2"
        return None, str(error)
    return coal.tce, coal.coefficient.said
