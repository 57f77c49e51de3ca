"""Rule packs of carbon efficiency: what counts, against what, cut where, in which colours; by place and version, with source and mark.

Marks are those of `carbon.enterprise.obligation.rules`: what is not A is configuration, and its mark is shown with every tag.
"""

import tomllib
from fractions import Fraction
from functools import cache
from importlib.resources import files
from itertools import pairwise

import msgspec

from carbon.enterprise.errors import NoRule
from carbon.enterprise.obligation.rules import Marked
from factors.units import number

SHIPPED = ("zj-huzhou", "zj-quzhou", "four-colour")
DEDUCTIONS = ("own-zero-carbon", "sinks")
"""What a numerator may be net of: own zero-carbon power, and sinks with storage."""


class Numerator(Marked, frozen=True, kw_only=True):
    """Which emission is divided by value added: CO2 of energy, with `process` that of processes too, less what `nets` names."""

    zh: str
    en: str
    process: bool = False
    nets: tuple[str, ...] = ()


class MeanRule(Marked, frozen=True, kw_only=True):
    """How an industry's mean is made of its firms: ``weighted``, the sum of CO2 over the sum of value added, or ``plain``, of their L."""

    kind: str


class Grade(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What lies up to a cut, the cut included, and above the one before; the last has no cut."""

    id: str
    name_zh: str
    name_en: str
    up_to: str | None = None
    colour: str = ""


class Pack(Marked, frozen=True, kw_only=True):
    """One pack in one version. `grade` cuts K, `level` cuts L; a firm is coloured only where `coverage_min` of its energy is covered."""

    id: str
    division: str
    name_zh: str
    name_en: str
    from_year: int
    numerator: Numerator
    mean: MeanRule
    grade: tuple[Grade, ...]
    coverage_min: str
    coverage_mark: str
    to_year: int | None = None
    level: tuple[Grade, ...] = ()
    neutral: bool = False

    def holds(self, year: int) -> bool:
        """Whether the pack is for figures of that year."""
        return self.from_year <= year <= (self.to_year or 9999)


def parse_pack(text: str) -> Pack:
    """The pack that a TOML text is. Raises NoRule where it is none, or its cuts do not rise."""
    try:
        pack = msgspec.convert(tomllib.loads(text), Pack)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise NoRule(f"this is no rule pack of carbon efficiency: {error}") from error
    _check_cuts(pack.id, pack.grade)
    if pack.level:
        _check_cuts(pack.id, pack.level)
    strange = sorted(set(pack.numerator.nets) - set(DEDUCTIONS))
    if strange or pack.mean.kind not in {"weighted", "plain"}:
        raise NoRule(f"pack {pack.id}: a numerator is net of {', '.join(DEDUCTIONS)}, a mean is weighted or plain")
    return pack


def _check_cuts(pack: str, grades: tuple[Grade, ...]) -> None:
    cuts = [Fraction(number(one.up_to)) for one in grades if one.up_to is not None]
    last = bool(grades) and grades[-1].up_to is None
    if not last or len(cuts) != len(grades) - 1 or any(a >= b for a, b in pairwise(cuts)):
        raise NoRule(f"pack {pack}: cuts rise from grade to grade, and the last grade has none")


def graded(grades: tuple[Grade, ...], value: Fraction) -> Grade:
    """The grade that a value lies in."""
    return next(one for one in grades if one.up_to is None or value <= Fraction(one.up_to))


@cache
def packs() -> dict[str, Pack]:
    """The packs that ship, by id."""
    folder = files("carbon.enterprise.efficiency").joinpath("data")
    found = [parse_pack(folder.joinpath(f"{name}.toml").read_text(encoding="utf-8")) for name in SHIPPED]
    return {one.id: one for one in found}


def pack(name: str) -> Pack:
    """The pack of that id. Raises NoRule, which names those there are."""
    if name not in packs():
        raise NoRule(f"there is no rule pack {name[:40]!r} of carbon efficiency: one of {', '.join(packs())}")
    return packs()[name]
