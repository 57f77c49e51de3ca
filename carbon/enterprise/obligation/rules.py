"""Rules of obligations as data: by programme, sector and year. What is not marked A is configuration, and its mark is shown.

Marks: ``A`` read in an official copy or in two independent ones, ``A2`` in one unverified copy, ``B`` recalled, ``D`` our own choice.
"""

import tomllib
from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib.resources import files

import msgspec

from carbon.enterprise.errors import NoRule

SURE = "A"


class Marked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that a rule says, how sure it is, and where it is said."""

    mark: str
    source: str


class Boundary(Marked, frozen=True, kw_only=True):
    """What an obligation counts: a description, the gases, the GWP set, and IPCC categories by their beginnings (scope 1)."""

    zh: str
    en: str
    gases: tuple[str, ...]
    gwp: str
    categories: tuple[str, ...]


class Allocation(Marked, frozen=True, kw_only=True):
    """How allowances are given: ``benchmark`` (power), ``verified`` (what was emitted), ``intensity`` (2025), ``stated`` (by decision)."""

    kind: str
    output_zh: str = ""
    output_en: str = ""
    cooling: dict[str, str] = {}
    heat: dict[str, str] = {}
    load_below: str | None = None
    load_fuel: str | None = None
    slope: str | None = None
    cap: str | None = None


class Benchmark(Marked, frozen=True, kw_only=True, rename={"kind": "class"}):
    """A class of units: t CO2 per MWh of power and per GJ of heat. Without `shortfall` it owes no more than it was given."""

    kind: str
    name_zh: str
    name_en: str
    fuel: str
    power: str
    heat: str
    shortfall: bool = True


class Offset(Marked, frozen=True, kw_only=True):
    """Which credits may be surrendered beside allowances, to how many permille of the year's obligation; from a day on of a vintage on."""

    unit: str
    permille: int
    vintage_from: int | None = None
    vintage_from_day: date | None = None

    def limit(self, obligation_t: int) -> int:
        """Whole tonnes, rounded down."""
        return obligation_t * self.permille // 1000

    def usable(self, vintage: int, day: date) -> bool:
        """Whether a credit of that vintage (a year, or yyyymm) may be surrendered on the day."""
        if self.vintage_from is None or (self.vintage_from_day is not None and day < self.vintage_from_day):
            return True
        return (vintage if vintage < 10_000 else vintage // 100) >= self.vintage_from


class Deadline(Marked, frozen=True, kw_only=True):
    """The last day to surrender for a year."""

    year: int
    day: date


class Banking(Marked, frozen=True, kw_only=True):
    """How much of older vintages may be carried over into the rule's years: `base_t` and `per_net_sale` for each tonne sold net. `ends`
    says that what is not carried may not be surrendered any more, and how sure that is."""

    from_vintage: int
    to_vintage: int
    base_t: int
    per_net_sale: str
    ends: Marked

    def carries(self, vintage: int) -> bool:
        """Whether units of that vintage have to be carried over."""
        return self.from_vintage <= vintage <= self.to_vintage


class Preallocation(Marked, frozen=True, kw_only=True):
    """What is given before the year is verified: `permille` of what the words name. A figure of the rule; nothing is booked of it."""

    permille: int
    of_zh: str
    of_en: str


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sector in one edition. `purchased`: whether purchased power and heat count; `borrowing`: whether later vintages may be used."""

    id: str
    sector: str
    name_zh: str
    name_en: str
    from_year: int
    to_year: int
    boundary: Boundary
    allocation: Allocation
    offset: Offset
    deadline: tuple[Deadline, ...]
    benchmark: tuple[Benchmark, ...] = ()
    purchased: bool = False
    borrowing: bool = False
    banking: Banking | None = None
    preallocation: Preallocation | None = None

    def due(self, year: int) -> Deadline:
        """The deadline of a year that the rule holds for."""
        return next(one for one in self.deadline if one.year == year)

    def doubts(self) -> Iterator[tuple[str, Marked]]:
        """What the rule says that is not sure, by what it is about."""
        said: list[tuple[str, Marked]] = [("boundary", self.boundary), ("allocation", self.allocation), ("offset", self.offset)]
        said += [(f"benchmark {one.kind}", one) for one in self.benchmark] + [(f"deadline {one.year}", one) for one in self.deadline]
        if self.banking is not None:
            said += [("banking", self.banking), ("banking: what ends", self.banking.ends)]
        if self.preallocation is not None:
            said.append(("pre-allocation", self.preallocation))
        return ((name, one) for name, one in said if one.mark != SURE)


class Programme(Marked, frozen=True, kw_only=True):
    """A programme: its allowances are the commodity ``<allowance>.<vintage>``."""

    id: str
    name_zh: str
    name_en: str
    allowance: str

    @property
    def duty(self) -> str:
        """The commodity in which its obligations are booked, in tonnes."""
        return f"OBLIGATION.{self.id}"


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    programme: Programme
    rule: tuple[Rule, ...]


class Mechanism(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a kWh may feed, one kWh one of them."""

    id: str
    name_zh: str
    name_en: str


class Certificate(Marked, frozen=True, kw_only=True):
    """Certificates of generation: kWh in each, and how many months from the end of the month of generation each is good for."""

    id: str
    unit: str
    kwh: int
    from_month: int
    valid_months: int


class _Certificates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    certificate: Certificate
    mechanism: tuple[Mechanism, ...]


@cache
def _read(name: str) -> str:
    return files("carbon.enterprise.obligation").joinpath("data", name).read_text(encoding="utf-8")


@cache
def _programmes() -> dict[str, _File]:
    found = [msgspec.convert(tomllib.loads(_read(name)), _File) for name in ("cn-ets.toml",)]
    return {one.programme.id: one for one in found}


def programmes() -> tuple[str, ...]:
    """The ids of the programmes whose rules ship."""
    return tuple(_programmes())


def programme(name: str) -> Programme:
    """The programme of that id. Raises NoRule."""
    if name not in _programmes():
        raise NoRule(f"there is no programme {name[:40]!r}: one of {', '.join(_programmes())}")
    return _programmes()[name].programme


def rule(name: str, *, sector: str, year: int) -> Rule:
    """The rule of a programme for a sector and a year. Raises NoRule, which names what there is."""
    programme(name)
    rules = _programmes()[name].rule
    found = [one for one in rules if one.sector == sector and one.from_year <= year <= one.to_year]
    if not found:
        here = [one.id for one in rules if one.sector == sector] or sorted({one.sector for one in rules})
        raise NoRule(f"{name} has no rule of sector {sector[:40]!r} for {year}: there are {', '.join(here)}")
    return found[0]


def rules(name: str) -> tuple[Rule, ...]:
    """Every rule of a programme. Raises NoRule."""
    programme(name)
    return _programmes()[name].rule


@cache
def _certificates() -> _Certificates:
    return msgspec.convert(tomllib.loads(_read("gec.toml")), _Certificates)


def certificate() -> Certificate:
    """The rule of green electricity certificates."""
    return _certificates().certificate


def mechanisms() -> tuple[Mechanism, ...]:
    """What a kWh may feed."""
    return _certificates().mechanism
