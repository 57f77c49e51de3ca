"""Packs of the UK DESNZ greenhouse gas conversion factors: CO2e with AR5 values, each edition for the year that it is named after."""

import re

from factors.data.facts import Row, write_pack

LICENCE = "OGL v3.0"
ATTRIBUTION = (
    "Contains public sector information licensed under the Open Government Licence v3.0 "
    "(UK DESNZ, Greenhouse gas reporting: conversion factors): https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
)
PUBLISHED = {"2025": "2025", "2026": "2026-07"}
"""2026: its files were corrected in July 2026 (factors.md 5.9), so they were out by the end of that month."""
WHOLE = "part=Homeworking (office equipment + heating)"


def shape(fact: Row, row: Row) -> Row:
    """What the flat file says in its own way: gas at 15 °C, the country of a hotel, a taxi's two units, homework's total and its parts."""
    if "DESNZ" not in fact["source"]:
        return row
    variant = re.sub(r";unit=[\w-]+$", "", row["variant"])  # one thing in two units is one factor
    if variant == WHOLE:
        variant = ""  # the total is what somebody means who names no part
    if variant.startswith("country="):
        variant = "area=London" if "London" in variant else ""  # the region says the country
    unit = row["unit"]
    if row["activities"] == "combustion.stationary.natural_gas" and unit == "kg/m3":
        unit = "kg/m3(15C)"  # the crosswalk: per volume (15 C)
    edition = fact["id"].split(".")[1].removeprefix("desnz")
    named = row["activities"].split("|")[0] + (f".{variant}" if variant else "") + ("" if row["region"] == "GB" else f".{row['region']}")
    return row | {
        "id": re.sub(r"[^\w.=&+-]+", "_", named), "variant": variant, "unit": unit, "used_from": edition, "used_to": edition,
    }  # fmt: skip


def write(made: dict[str, list[Row]]) -> None:
    for year in PUBLISHED:
        title = (f"英国 DESNZ 温室气体换算因子 {year}", f"UK DESNZ greenhouse gas conversion factors {year}")
        write_pack(
            "desnz", year, made[f"desnz/{year}"], title=title, publisher="UK DESNZ", licence=LICENCE, published=PUBLISHED[year],
            rule="use-year", attribution=ATTRIBUTION,
        )  # fmt: skip
