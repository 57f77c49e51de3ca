"""What a search for a factor finds: places, steps, the factors by share of days, the coefficients per unit and what stays unestimated."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import msgspec

from factors.activities import Activity
from factors.factor import EmissionFactor, Parameter
from factors.guide import Item
from factors.programme import Programme
from factors.quality import Quality


class Region(msgspec.Struct, frozen=True):
    """A place in the search: its code, and what kind of place it is (county, city, province, grid, country)."""

    code: str
    level: str


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of the search: ``none`` or ``used``, with the year of the data and a note such as ``year-after-last``.

    `places` counts the places passed before this one, `years` the years between the activity and the data.
    """

    region: str
    level: str
    outcome: str
    data_year: int | None = None
    note: str = ""
    places: int = 0
    years: int = 0


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for in one year: the activity there, the bases that the rule allows (the preferred first), the choices."""

    activity: Activity
    regions: tuple[Region, ...]
    year: int
    bases: tuple[str, ...]
    rule: Programme
    choice: str | None = None
    allow_unverified: bool = False
    known: date | None = None

    @property
    def place(self) -> str:
        return self.regions[0].code if self.regions else "an unnamed place"


@dataclass(frozen=True, slots=True)
class Part:
    """A factor, the share of the activity's days that it answers for, and how well it fits there."""

    factor: EmissionFactor
    days: int
    share: Fraction
    quality: Quality


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """A variable of a formula as it was used: measured by the firm, or the guide's default with its mark, its source and maybe its fact."""

    name: str
    name_zh: str
    name_en: str
    value: str
    unit: str
    tier: str
    mark: str = ""
    source: str = ""
    fact: str = ""


@dataclass(frozen=True, slots=True)
class Worked:
    """An item of an accounting guide worked out: its inputs, and by gas the formula with the numbers in it."""

    item: Item
    inputs: tuple[Input, ...]
    filled: dict[str, str]


@dataclass(frozen=True, slots=True)
class Resolution:
    """What an activity meets: factors by share of days, the search, the coefficients per unit, and what stays unestimated.

    `skipped` counts the places of the chain passed without any factor for this activity; their codes depend on the line, so whoever prints
    the steps puts them before `steps`. An item of an accounting guide (`worked`) meets its formula instead: no factors, no search.
    """

    activity: str
    unit: str
    parts: tuple[Part, ...]
    steps: tuple[Step, ...]
    skipped: int
    coefficients: dict[str, Fraction]
    parameters: tuple[Parameter, ...]
    not_estimated: tuple[str, ...]
    query: Query | None
    worked: Worked | None = None

    @property
    def factor_ids(self) -> str:
        """The factors, or the item of the guide whose formula stands in their place."""
        return self.worked.item.id if self.worked else " + ".join(part.factor.id for part in self.parts)

    @property
    def cited(self) -> str:
        """Documents and tables, as a person would cite them."""
        return self.worked.item.cited if self.worked else "; ".join(dict.fromkeys(part.factor.cited for part in self.parts))

    @property
    def region(self) -> str:
        """The place that the last of the factors is of; the guides are China's."""
        return "CN" if self.worked else self.parts[-1].factor.region

    @property
    def publisher(self) -> str:
        """The pack of the last of the factors, or the guide."""
        return self.worked.item.guide if self.worked else self.parts[-1].factor.id.partition("/")[0]


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A factor of the activity that was not taken, and the first reason why."""

    factor: str
    reason: str
