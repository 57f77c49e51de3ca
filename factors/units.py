"""Units: one pint registry of this field's own definitions, a number gate, and an allow-list of what people write.

User text never reaches pint: a number passes the gate, a unit is a token of the allow-list. Ratios are exact fractions. (pint 0.25 hangs on
``9**9**9`` and reads ``1,5 kg`` as 15 kg; contexts leak between threads and are not used.)
"""

import csv
import difflib
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib.resources import files

import pint

from factors.errors import NotANumber, UnitMismatch, UnknownUnit

NUMBER_PATTERN = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,18})?$"
NUMBER_LENGTH_MAX = 40
_NUMBER = re.compile(NUMBER_PATTERN.removesuffix("$") + r"\Z")
_SERIES_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,18})?(?:[eE][+-]?(?:0?[0-9]|1[0-5]))?\Z")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit that may be written: its canonical token, what it measures, and what else people write for it."""

    token: str
    dimension: str
    aliases: tuple[str, ...]
    pint_name: str


def number(text: str) -> Decimal:
    """The plain decimal that `text` is: ASCII, at most 15 digits before the point and 18 after; NotANumber for anything else."""
    if len(text) > NUMBER_LENGTH_MAX or not _NUMBER.match(text):
        raise NotANumber(text)
    return Decimal(text)


def series_number(text: str) -> Decimal:
    """As `number`, and an exponent from e-15 to e+15, which statistical series write."""
    if len(text) > NUMBER_LENGTH_MAX or not _SERIES_NUMBER.match(text):
        raise NotANumber(text)
    return Decimal(text)


@cache
def registry() -> "pint.UnitRegistry[Fraction]":
    """The one registry: `data/units.txt` and nothing else, in exact fractions."""
    path = files("factors").joinpath("data", "units.txt")
    return pint.UnitRegistry(str(path), non_int_type=Fraction, cache_folder=None)


@cache
def units() -> tuple[Unit, ...]:
    """Every unit that may be written, in the order of `data/units.csv`."""
    text = files("factors").joinpath("data", "units.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple(Unit(r["token"], r["dimension"], tuple(filter(None, r["aliases"].split("|"))), r["unit"]) for r in rows)


@cache
def unit_table() -> dict[str, Unit]:
    """Each token and alias with its unit; a spelling stands for one unit only."""
    table: dict[str, Unit] = {}
    for unit in units():
        for spelling in (unit.token, *unit.aliases):
            if spelling in table:
                raise UnknownUnit(f"{spelling} (twice in data/units.csv)")
            table[spelling] = unit
    return table


def find_unit(token: str) -> Unit:
    """The unit of that token or alias, as written in the table; UnknownUnit with the nearest spellings otherwise."""
    unit = unit_table().get(token.strip())
    if unit is None:
        raise UnknownUnit(token[:40], difflib.get_close_matches(token[:40], list(unit_table()), n=3, cutoff=0.5))
    return unit


@cache
def ratio(source: str, target: str) -> Fraction:
    """How many `target` one `source` is, exactly; both are canonical tokens. UnitMismatch where they measure different things."""
    a, b = find_unit(source), find_unit(target)
    if a.dimension != b.dimension:
        raise UnitMismatch(source=source, target=target)
    ureg = registry()
    return Fraction(ureg.Quantity(Fraction(1), a.pint_name).to(b.pint_name).magnitude)
