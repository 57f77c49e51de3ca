"""What people do that emits: the activity codes, their names, aliases and units. A name that several codes bear is never guessed."""

import csv
from functools import cache
from importlib.resources import files

import msgspec

from factors.errors import AmbiguousAlias, UnknownActivity
from factors.units import find_unit, nearest


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """An activity code: the physical act and the thing it acts on. `gases` is what it may emit, `needs` what else it takes to know."""

    id: str
    name_zh: str
    name_en: str
    aliases_zh: tuple[str, ...]
    aliases_en: tuple[str, ...]
    units: tuple[str, ...]
    default_unit: str
    scope: str
    ghgp_category: str
    ipcc_category: tuple[str, ...]
    gases: tuple[str, ...]
    biogenic: bool
    same_factor_as: str
    needs: tuple[str, ...]
    notes: str


def _split(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split("|")))


CONDITIONAL = {"CNY(with exchange rate and deflator)"}
"""Spellings of the fact sheet that name a condition and no unit: yuan become dollars of 2021 only through a rate and a deflator that the
filer states, and no release reads these yet."""


def _units(text: str) -> tuple[str, ...]:
    """The canonical tokens of the units that the fact sheet accepts; UnknownUnit for any other, so that none is lost in silence."""
    tokens = dict.fromkeys(find_unit(spelling).token for spelling in _split(text) if spelling not in CONDITIONAL)
    if "volume_gas" not in text and {"kWh", "MWh"} <= set(tokens):
        tokens |= dict.fromkeys(("GWh", "亿kWh"))
    if "t" in tokens and "万t" not in tokens:
        tokens["万t"] = None
    if "Nm3" in tokens:
        tokens["亿Nm3"] = None
    if "GJ" in tokens:
        tokens |= dict.fromkeys(("MJ", "TJ"))
        if {"t", "Nm3"} & set(tokens):  # a fuel may be bought by its gross heat; a factor per net heat then refuses it
            tokens |= dict.fromkeys(("GJ_HHV", "kWh_HHV", "mmBtu_HHV"))
    return tuple(tokens)


@cache
def activities() -> tuple[Activity, ...]:
    """All activity codes, in the order of `data/activities.csv`, and after them those that only items of accounting guides need."""
    texts = [files("factors").joinpath("data", name).read_text(encoding="utf-8") for name in ("activities.csv", "activities_guides.csv")]
    return tuple(
        Activity(
            id=row["id"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            aliases_zh=_split(row["aliases_zh"]),
            aliases_en=_split(row["aliases_en"]),
            units=_units(row["accepted_units"]),
            default_unit=row["default_unit"],
            scope=row["scope"].split(" ")[0],
            ghgp_category=row["ghgp_category"],
            ipcc_category=_split(row["ipcc_category"]),
            gases=_split(row["gases"]),
            biogenic=row["biogenic"] == "yes",
            same_factor_as=row["same_factor_as"],
            needs=_split(row["needs"]),
            notes=row["notes"],
        )
        for text in texts
        for row in csv.DictReader(text.splitlines())
    )


@cache
def activity_table() -> dict[str, tuple[str, ...]]:
    """Each code, name and alias, as written and in lower case, with the codes that bear it. A code stands for itself alone."""
    table: dict[str, list[str]] = {}
    for activity in activities():
        for name in (activity.name_zh, activity.name_en, *activity.aliases_zh, *activity.aliases_en):
            for spelling in {name, name.lower()}:
                codes = table.setdefault(spelling, [])
                if activity.id not in codes:
                    codes.append(activity.id)
    return {spelling: tuple(codes) for spelling, codes in table.items()} | {activity.id: (activity.id,) for activity in activities()}


@cache
def by_id() -> dict[str, Activity]:
    """Activities by their code."""
    return {activity.id: activity for activity in activities()}


def find_activity(text: str) -> Activity:
    """The one activity of that code, name or alias; AmbiguousAlias where several bear it, UnknownActivity with the nearest otherwise."""
    table = activity_table()
    codes = table.get(text.strip()) or table.get(text.strip().lower())
    if not codes:
        raise UnknownActivity(text[:60], nearest(text[:60], table))
    if len(codes) > 1:
        raise AmbiguousAlias(text, codes)
    return by_id()[codes[0]]
