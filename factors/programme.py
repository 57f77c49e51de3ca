"""Which basis and which geography a programme wants: a versioned rule of the programme, never of the search.

The scope 2 method (location, market) is not the basis of a factor: the rule turns the one into the other. Where a programme wants the
national factor, a provincial one is not "better": it is another number.
"""

import tomllib
from functools import cache
from importlib.resources import files

import msgspec

from factors.errors import FactorNotFound

BASES = ("average", "contract", "residual", "fossil", "life-cycle", "compliance", "marginal")
"""A grid's average; a contract's own factor; the residual mix; fossil plants only; the footprint; a scheme's decree; a margin."""
LEVELS = ("county", "city", "province", "grid", "country")


class Programme(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule in one version: for each scope 2 method the bases in order of preference, and the kinds of place to search."""

    id: str
    title_zh: str
    title_en: str
    from_year: int
    to_year: int | None = None
    location: tuple[str, ...]
    market: tuple[str, ...] = ()
    places: tuple[str, ...] = LEVELS
    source: str

    @property
    def name(self) -> str:
        return self.id.partition("/")[0]

    def bases(self, method: str | None) -> tuple[str, ...]:
        """The bases that the rule allows for a method, the preferred first; FactorNotFound where it knows no such method."""
        if method != "market":
            return self.location
        if not self.market:
            raise FactorNotFound(f"{self.id} knows no market method: leave the method out, or choose another programme", column="method")
        return self.market


@cache
def programmes() -> dict[str, Programme]:
    """Every rule, by its id."""
    text = files("factors").joinpath("data", "programmes.toml").read_text(encoding="utf-8")
    rules = msgspec.convert(tomllib.loads(text)["programme"], list[Programme])
    return {rule.id: rule for rule in rules}


def programme(name: str, year: int) -> Programme:
    """The rule of that id, or of that programme in force for the year; FactorNotFound names those there are."""
    rules = programmes()
    if name in rules:
        return rules[name]
    named = [rule for rule in rules.values() if rule.name == name]
    found = [rule for rule in named if rule.from_year <= year <= (rule.to_year or 9999)]
    if not found:
        which = ", ".join(rule.id for rule in named) or ", ".join(rules)
        raise FactorNotFound(f"no rule of programme {name!r} holds for {year}: one of {which}", column="programme", code="programme.none")
    return max(found, key=lambda rule: rule.from_year)
