"""The rows of an inventory as ISO 14064-1:2018 and GB/T 32150-2015 class them: sums of the same parts, so that all views agree.

Categories and subcategories of ISO 14064-1 are `data/iso_categories.csv`, each with the mark of how sure its wording and place are (A read
in a secondary copy, B general knowledge). GB/T 32150 knows fuel, process, energy bought and energy sold; the value chain lies outside it.
"""

import csv
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import msgspec

from carbon.enterprise.inventory.sections import Row
from carbon.enterprise.inventory.sources import within

GBT = {
    "fuel": ("化石燃料燃烧", "Fuel combustion"),
    "process": ("过程排放", "Process emissions"),
    "power": ("购入电力", "Purchased electricity"),
    "heat": ("购入热力", "Purchased heat"),
    "power-sold": ("输出电力 (扣减)", "Exported electricity (subtracted)"),
    "heat-sold": ("输出热力 (扣减)", "Exported heat (subtracted)"),
}
"""The classes of GB/T 32150-2015 that activity data fill; exports subtract there and do not in the GHG Protocol (mark B)."""


class IsoPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A subcategory of ISO 14064-1; `mark` says how sure its wording and place are. `apart_g` as in `sections.Row`."""

    id: str
    name_zh: str
    name_en: str
    co2e_g: int
    apart_g: int
    mark: str


class IsoRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A category 1 to 6 of ISO 14064-1:2018."""

    category: int
    name_zh: str
    name_en: str
    co2e_g: int
    apart_g: int
    subcategories: tuple[IsoPart, ...]


class GbtRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A class of GB/T 32150. What is sold stands below zero."""

    id: str
    name_zh: str
    name_en: str
    co2e_g: int


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `data/iso_categories.csv`: what it takes by scope and group, narrowed to `families` where there are any."""

    category: str
    name_zh: str
    name_en: str
    part: str
    part_zh: str
    part_en: str
    scope: str
    groups: tuple[str, ...]
    families: tuple[str, ...]
    mark: str
    note: str


@cache
def iso_places() -> tuple[Place, ...]:
    """Every subcategory, in the order of the file; the last takes what none before it does."""
    text = files("carbon.enterprise.inventory").joinpath("data", "iso_categories.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple(
        msgspec.convert(
            {name: tuple(filter(None, value.split("|"))) if name in {"groups", "families"} else value for name, value in row.items()}, Place
        )
        for row in rows
    )


def iso_place(row: Row) -> Place:
    """Where a row of scope 1, 2 or 3 stands in ISO 14064-1."""
    for place in iso_places():
        fits = place.scope == row.scope and (not place.groups or row.group in place.groups)
        if fits and (not place.families or within(row.activity, dict.fromkeys(place.families, "")) is not None):
            return place
    return iso_places()[-1]


def iso_rows(rows: Sequence[Row]) -> tuple[IsoRow, ...]:
    """The six categories, each with those subcategories that have rows; scope 2 by the book of the rows given."""
    sums: dict[str, tuple[int, int]] = {}
    for row in rows:
        part = iso_place(row).part
        grams, beside = sums.get(part, (0, 0))
        sums[part] = grams + row.co2e_g, beside + row.apart_g
    found = []
    for category in dict.fromkeys(place.category for place in iso_places()):
        places = sorted((place for place in iso_places() if place.category == category), key=lambda place: place.part)
        parts = tuple(
            IsoPart(id=one.part, name_zh=one.part_zh, name_en=one.part_en, co2e_g=grams, apart_g=beside, mark=one.mark)
            for one in places
            if one.part in sums
            for grams, beside in [sums[one.part]]
        )
        grams, beside = sum(part.co2e_g for part in parts), sum(part.apart_g for part in parts)
        zh, en = places[0].name_zh, places[0].name_en
        found.append(IsoRow(category=int(category), name_zh=zh, name_en=en, co2e_g=grams, apart_g=beside, subcategories=parts))
    return tuple(found)


def gbt_class(row: Row) -> str | None:
    """The class of GB/T 32150 that a row falls in; None for the value chain and for other books than physical and location."""
    if row.book == "physical" and row.scope == "1":
        return "fuel" if row.group in {"stationary", "mobile"} else "process"
    if row.book != "location" or row.scope not in {"2", "passed-on"}:
        return None
    carrier = "power" if row.category in {"electricity", "losses"} else "heat"
    return carrier if row.scope == "2" else f"{carrier}-sold"


def gbt_rows(rows: Sequence[Row]) -> tuple[GbtRow, ...]:
    """The classes of GB/T 32150, each the sum of its rows."""
    sums = dict.fromkeys(GBT, 0)
    for row in rows:
        found = gbt_class(row)
        if found is not None:
            sums[found] += row.co2e_g
    return tuple(GbtRow(id=name, name_zh=zh, name_en=en, co2e_g=sums[name]) for name, (zh, en) in GBT.items())
