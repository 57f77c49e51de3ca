"""Enthalpy of steam, as the tables of the accounting guides give it: what the items of heat take as H, in kJ/kg.

444 points of two public copies of the guides' tables (`data/steam_enthalpy.csv`): saturated steam after the copy coded for
GB/T 32151.34-2024 (E5), since the other is wrong above about 1.4 MPa; superheated steam, where both agree. Likely typing errors of their
common source are said to be doubted and are not mended.
"""

import csv
from fractions import Fraction
from functools import cache
from importlib.resources import files

import msgspec

from factors.errors import FactorNotFound
from factors.units import number


class Enthalpy(msgspec.Struct, frozen=True, kw_only=True):
    """Enthalpy in kJ/kg at a pressure in MPa: saturated, or superheated at a temperature in °C. `doubt` says why a point may be wrong."""

    pressure: str
    temperature: str | None
    enthalpy: str
    mark: str
    evidence: str
    doubt: str = ""


@cache
def table() -> dict[tuple[Fraction, Fraction | None], Enthalpy]:
    """Every point of both tables, by pressure and temperature (None: saturated)."""
    text = files("factors").joinpath("data", "steam_enthalpy.csv").read_text(encoding="utf-8")
    found = {}
    for row in csv.DictReader(text.splitlines()):
        temperature = row["temperature_c"] or None
        key = Fraction(row["pressure_mpa"]), None if temperature is None else Fraction(temperature)
        found[key] = Enthalpy(
            pressure=row["pressure_mpa"], temperature=temperature, enthalpy=row["enthalpy_kj_kg"], mark=row["mark"],
            evidence=row["evidence"], doubt=row["doubt"],
        )  # fmt: skip
    return found


def enthalpy(pressure: str, temperature: str | None = None) -> Enthalpy:
    """The enthalpy at a pressure (MPa, absolute) and a temperature (°C; None for saturated steam).

    Between two points along one line of the table it is interpolated linearly to a tenth, which is this project's doing (mark D).
    Raises NotANumber, and FactorNotFound outside the tables.
    """
    p, t = Fraction(number(pressure)), None if temperature is None else Fraction(number(temperature))
    if (p, t) in table():
        return table()[p, t]
    if t is None:
        line = sorted((at, one) for (at, of), one in table().items() if of is None)
        return _between(line, p, pressure=pressure, temperature=None)
    for line, at in (
        (sorted((of, one) for (by, of), one in table().items() if of is not None and by == p), t),
        (sorted((by, one) for (by, of), one in table().items() if of == t), p),
    ):
        if line:
            return _between(line, at, pressure=pressure, temperature=temperature)
    raise FactorNotFound(
        f"the tables have neither {pressure} MPa nor {temperature} °C for superheated steam: take the nearest point, or measure it",
        column="v_H", code="steam.none",
    )  # fmt: skip


def _between(line: list[tuple[Fraction, Enthalpy]], at: Fraction, *, pressure: str, temperature: str | None) -> Enthalpy:
    below = [pair for pair in line if pair[0] < at]
    above = [pair for pair in line if pair[0] > at]
    if not below or not above:
        reason = f"the table goes from {line[0][0]} to {line[-1][0]}: {pressure} MPa {temperature or ''} lies outside"
        raise FactorNotFound(reason, column="v_H", code="steam.none")
    (low, first), (high, last) = below[-1], above[0]
    exact = Fraction(first.enthalpy) + (Fraction(last.enthalpy) - Fraction(first.enthalpy)) * (at - low) / (high - low)
    tenths = round(exact * 10)
    return Enthalpy(
        pressure=pressure, temperature=temperature, enthalpy=f"{tenths // 10}.{tenths % 10}", mark="D",
        evidence=f"between {first.enthalpy} and {last.enthalpy} ({first.evidence}; {last.evidence})",
        doubt="; ".join(filter(None, (first.doubt, last.doubt))),
    )  # fmt: skip
