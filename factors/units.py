"""Units: one pint registry of this field's own definitions, a number gate, and an allow-list of what people write.

User text never reaches pint: a number passes the gate, a unit is a token of the allow-list. Ratios are exact fractions. (pint 0.25 hangs on
``9**9**9`` and reads ``1,5 kg`` as 15 kg; contexts leak between threads and are not used.) What is read in full width or another case is in
the table too: a spelling off the table is refused, and one with several meanings asks.
"""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from factors.errors import AmbiguousUnit, NotANumber, UnitMismatch, UnknownUnit

if TYPE_CHECKING:
    import pint

NUMBER_PATTERN = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,18})?$"
NUMBER_LENGTH_MAX = 40
_NUMBER = re.compile(NUMBER_PATTERN.removesuffix("$") + r"\Z")
_SERIES_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,18})?(?:[eE][+-]?(?:0?[0-9]|1[0-5]))?\Z")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit that may be written: its canonical token, what it measures, what else people write for it, and what defines it."""

    token: str
    dimension: str
    aliases: tuple[str, ...]
    pint_name: str
    source: str


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
    import pint  # half a second: only what converts waits for it

    path = files("factors").joinpath("data", "units.txt")
    return pint.UnitRegistry(str(path), non_int_type=Fraction, cache_folder=None)


def _rows(name: str) -> "csv.DictReader[str]":
    return csv.DictReader(files("factors").joinpath("data", name).read_text(encoding="utf-8").splitlines())


@cache
def units() -> tuple[Unit, ...]:
    """Every unit that may be written, in the order of `data/units.csv`."""
    return tuple(
        Unit(r["token"], r["dimension"], tuple(filter(None, r["aliases"].split("|"))), r["unit"], r["source"]) for r in _rows("units.csv")
    )


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


@cache
def full_width() -> dict[str, str]:
    """Each spelling as a Chinese keyboard may write it, every character of ASCII in full width, with the plain one."""
    wide = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}
    return {spelling.translate(wide): spelling for spelling in (*unit_table(), *ambiguous())}


@cache
def ambiguous() -> dict[str, tuple[tuple[str, ...], str]]:
    """Spellings that nobody may guess, with the tokens each may mean and why; of `data/ambiguous_units.csv`."""
    return {
        spelling: (tuple(row["candidates"].split("|")), row["why"])
        for row in _rows("ambiguous_units.csv")
        for spelling in row["spellings"].split("|")
    }


def find_unit(token: str) -> Unit:
    """The unit of that token or alias, as written in the table; AmbiguousUnit for one of several meanings, UnknownUnit otherwise."""
    text = token.strip()
    table = unit_table()
    if text in table:
        return table[text]
    text = full_width().get(text, text)
    if text in ambiguous():
        raise AmbiguousUnit(text, *ambiguous()[text])
    if text in table:
        return table[text]
    raise UnknownUnit(token[:40], nearest(token[:40], table))


def nearest(text: str, names: Iterable[str]) -> list[str]:
    """At most three of the names that are more like the text than not, the nearest first."""
    from rapidfuzz import fuzz, process

    return [name for name, _, _ in process.extract(text, tuple(names), scorer=fuzz.ratio, limit=3, score_cutoff=50)]


@cache
def ratio(source: str, target: str) -> Fraction:
    """How many `target` one `source` is, exactly; both are canonical tokens. UnitMismatch where they measure different things."""
    a, b = find_unit(source), find_unit(target)
    if a.dimension != b.dimension:
        raise UnitMismatch(source=source, target=target)
    ureg = registry()
    return Fraction(ureg.Quantity(Fraction(1), a.pint_name).to(b.pint_name).magnitude)
