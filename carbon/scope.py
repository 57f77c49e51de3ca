"""Where an emission belongs: book, scope and category, by the activity, the line's own words and the holder's industry.

Categories: IPCC 2006 source categories for what is emitted on site (Vol. 1, Table 8.2), the carrier for bought energy, the fifteen
categories of the GHG Protocol's Corporate Value Chain Standard (Table 5.3) for the value chain. Where an activity may lie in several IPCC
categories the holder's industry (GB/T 4754-2017) decides: B and C → 1A2, D44 and D45 → 1A1, others → 1A4; unknown → 1A.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from factors.activities import Activity
from factors.guide import Item


class Book(StrEnum):
    """Entries never cross books, and a total names its book."""

    PHYSICAL = "physical"
    LOCATION = "location"
    MARKET = "market"
    PRODUCT = "product"


SCOPES = ("1", "2", "3")
METHODS = ("location", "market")
TIERS = ("measured", "calculated", "default", "estimated")
UNDECIDED = "1A"
CARRIERS = {
    "electricity": "electricity", "heat.steam": "steam", "heat": "heat", "cooling": "cooling", "vehicle.car.electric": "electricity",
}  # fmt: skip
"""Bought energy by the beginning of the activity's code; the longest beginning counts."""
_IPCC = re.compile(r"[1-5][A-H](?:[1-9][0-9]?(?:[a-z](?:i{1,3}|iv|v|vi)?)?)?")
_GHGP = re.compile(r"[1-9]|1[0-5]")
_INDUSTRY = re.compile(r"([A-T]?)([0-9]{2})[0-9]{0,2}")
CAPTURED = {
    "deduction.co2.recovered": "recovered", "deduction.ch4.recovered": "recovered", "deduction.steel.crude_steel": "in-steel",
    "deduction.steel.methanol": "in-methanol",
}  # fmt: skip
"""What a deduction keeps from the air, by kind; a raw material that spared the emission (cement) keeps nothing."""
REMOVED = {"land.forest_sink": "forest"}
"""What takes CO2 from the air itself, by kind: it stands apart from every scope (ISO 14064-1 category 1.5 "or apart", mark B, by the GHG
Protocol's Land Sector guidance)."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a line is booked. `sold` energy is passed on; a `deduction` is taken from scope 1, and was `captured` where a kind is named;
    a `removal` of a kind is in no scope."""

    book: Book
    scope: str
    category: str
    sold: bool = False
    deduction: bool = False
    captured: str | None = None
    removal: str | None = None


class Misplaced(Exception):  # caught where the line is known, and told as its fault
    """Why a line cannot be booked as it says: the column and a stable code."""

    def __init__(self, column: str, code: str, reason: str) -> None:
        self.column, self.code, self.reason = column, code, reason
        super().__init__(reason)


def is_category(text: str) -> bool:
    """Whether `text` is an IPCC 2006 source category such as 1A2 or 2A4, or one of the fifteen of the value chain."""
    return bool(_IPCC.fullmatch(text) or _GHGP.fullmatch(text))


def carrier_of(activity_id: str) -> str | None:
    """What energy is bought or sold, or None for an activity that is not bought energy."""
    fits = [start for start in CARRIERS if activity_id == start or activity_id.startswith(start + ".")]
    return CARRIERS[max(fits, key=len)] if fits else None


def combustion_category(industry: str | None) -> str:
    """The IPCC category of fuel burnt by a firm of that GB/T 4754 industry (``C3011`` or ``3011``)."""
    match = _INDUSTRY.fullmatch(industry or "")
    if not match:
        return UNDECIDED
    division = int(match[2])
    if 6 <= division <= 43:
        return "1A2"
    return "1A1" if division in {44, 45} else "1A4"


def place(
    activity: Activity, *, scope: str | None, category: str | None, method: str | None, industry: str | None, item: Item | None = None
) -> Placement:  # fmt: skip
    """The book, scope and category of a line; Misplaced where the activity cannot lie there.

    `item` is that of an accounting guide where the line follows one: its sign makes a deduction, and its category stands where the line
    names none.
    """
    if item is None:
        return _placed(activity, scope=scope, category=category, method=method, industry=industry)
    found = _placed(activity, scope=scope, category=category or item.category, method=method, industry=industry)
    return replace(found, deduction=item.sign < 0, captured=item.captured if item.sign < 0 else None)


def _placed(activity: Activity, *, scope: str | None, category: str | None, method: str | None, industry: str | None) -> Placement:
    carrier = carrier_of(activity.id)
    number = scope or activity.scope[:1]
    if activity.id.startswith("deduction."):
        if number != "1":
            raise Misplaced("scope", "scope.unknown", f"{activity.id} is a deduction from scope 1")
        return Placement(Book.PHYSICAL, "1", _ipcc(activity, category, industry), deduction=True, captured=CAPTURED.get(activity.id))
    if activity.id in REMOVED:
        if scope is not None:
            raise Misplaced("scope", "scope.unknown", f"{activity.id} is a removal, which is in no scope: leave it empty")
        return Placement(Book.PHYSICAL, "removals", _ipcc(activity, category, industry), removal=REMOVED[activity.id])
    if number not in SCOPES:
        raise Misplaced(
            "activity", "scope.unknown",
            f"{activity.id} lies outside the scopes of an inventory: it can be calculated, not recorded",
        )  # fmt: skip
    if number == "2":
        if carrier is None:
            raise Misplaced(
                "scope", "scope.unknown", f"scope 2 is bought power, heat, steam or cooling; {activity.id} is scope {activity.scope}"
            )
        book = Book.MARKET if method == "market" else Book.LOCATION
        return Placement(book, "2", carrier, sold=activity.id.endswith(".exported"))
    if number == "1":
        if carrier is not None:
            raise Misplaced("scope", "scope.unknown", f"{activity.id} is bought energy: scope 2, or 3 where others use it")
        return Placement(Book.PHYSICAL, "1", _ipcc(activity, category, industry))
    chain = category or (re.match(r"[0-9]+", activity.ghgp_category) or [""])[0]
    if not _GHGP.fullmatch(chain):
        raise Misplaced("category", "category.unknown", f"scope 3 needs a category from 1 to 15 for {activity.id}")
    return Placement(Book.PRODUCT, "3", chain)


def _ipcc(activity: Activity, category: str | None, industry: str | None) -> str:
    if category is not None:
        if not _IPCC.fullmatch(category):
            raise Misplaced("category", "category.unknown", f"{category!r} is no IPCC 2006 source category such as 1A2 or 2A4")
        return category
    known = activity.ipcc_category
    if len(known) == 1:
        return known[0]
    if known and all(code.startswith("1A") for code in known):
        return combustion_category(industry)
    if not known:
        raise Misplaced("category", "category.unknown", f"{activity.id} has no IPCC category of its own: give one, such as 5A")
    return known[0]
