"""Packs of the US EPA: the emission factors hub, eGRID by subregion, supply chain factors by spend."""

import re

from factors.data.facts import Row, write_pack

LICENCE = "US federal work (public domain)"
GRID = "US-EGRID-"
PARTS = (("scope_3_cat_6_7", "travel."), ("scope_3_cat_4_9", "freight."), ("stat.", "stationary."), ("mob.", "mobile."))
TRUCK = "medium_and_heavy_duty_truck"
BIOGENIC = {"intl.epa2025.mob.biodiesel_100_gallon", "intl.epa2025.mob.ethanol_100_gallon"}
CO2_ALONE = {"intl.epa2025.mob.compressed_natural_gas_cng_scf", "intl.epa2025.mob.liquefied_natural_gas_lng_gallon"}


def left_out(fact: Row) -> str:
    """Why a number of the hub would mislead; empty where it does not."""
    if fact["id"].startswith("intl.epa2024.stat.municipal_solid_waste."):
        return "fossil and biogenic CO2 in one number: booked as fossil it would be too much, and nothing here splits it"
    if fact["id"] in BIOGENIC:
        return "biogenic CO2 inside one number of CO2e: the hub of 2024 gives the CO2 apart, and it is booked as biogenic"
    if fact["id"] in CO2_ALONE:
        return "labelled CO2e, yet the CO2 of the hub of 2024 to the last digit: that row is shipped, and says that CH4 and N2O are missing"
    return ""


def shape(fact: Row, row: Row) -> Row:
    """Ids without a gas, subregions as regions, a hub in use from its year until the next one."""
    _, publication, tail = fact["id"].split(".", 2)
    if publication not in {"epa2024", "epa2025", "egrid2023", "useeio12"}:
        return row
    row |= {"name_en": _name(fact["name_en"])}
    if "subregion=" in row["variant"]:
        place = row["variant"].removeprefix("subregion=")
        place = "US" if place == "US_AVERAGE" else place
        named = f"外购电力（网电）·美国{'平均' if place == 'US' else f' eGRID 分区 {place}'}"
        return row | {"id": place, "variant": "", "region": place if place == "US" else GRID + place, "name_zh": named}
    if publication == "useeio12":
        return row | {"id": tail}
    if row["activities"] == "heat.steam":
        row["unit"] = "kg/mmBtu"  # heat delivered to the customer has no gross value
    edition = publication.removeprefix("epa")
    return row | {"id": _id(tail, fact["unit"]), "used_from": edition, "used_to": "", "year_to": ""}


def _id(tail: str, unit: str) -> str:
    """`stationary.natural_gas`, `mobile.diesel_fuel`, `travel.bus`: words that the transcription ran together are parted."""
    tail = re.sub(r"\.(co2|ch4|n2o|hhv)$", "", tail)
    for mark, part in PARTS:
        if tail.startswith(mark):
            tail = part + tail.removeprefix(mark)
    if tail.startswith(f"freight.{TRUCK}"):  # two ids differed by a footnote's letter (suspects.csv)
        return f"freight.{TRUCK}.{unit.partition('/')[2]}"
    tail = re.sub(r"_?(gallon|scf|vehicle_mile)$", "", tail)
    return re.sub(r"^(mobile\.(?:business_travel|employee_commuting|upstream_t_d))", r"\1.", tail).rstrip("_")


def _name(text: str) -> str:
    text = re.sub(r" heat content \(HHV\)$", " stationary combustion", text).replace("TruckC ", "Truck ")
    return re.sub(r"( mobile| total output)? (CO2|CH4|N2O)$", r"", text.replace("US Average US Average", "US Average"))


def write(made: dict[str, list[Row]]) -> None:
    for year in ("2024", "2025"):
        title = (f"美国 EPA 温室气体排放因子集 {year}", f"US EPA emission factors hub {year}")
        write_pack(
            "epa-hub", year, made[f"epa-hub/{year}"], title=title, publisher="US EPA", licence=LICENCE, published=year, rule="use-year"
        )
    for year, published in (("2022", "2024"), ("2023", "2025")):  # the years of the hubs that print them
        rows = made[f"egrid/{year}"]
        title = (f"美国 eGRID {year} 分区电力因子", f"US eGRID {year} subregions")
        wider = {row["region"]: "US" for row in rows if row["region"] != "US"}
        write_pack("egrid", year, rows, title=title, publisher="US EPA", licence=LICENCE, published=published, fallback=wider)
    title = (
        "美国 EPA 供应链支出因子 1.2（2021 年美元，购买者价格）",
        "US EPA supply chain factors 1.2 by spend (USD of 2021, purchaser price)",
    )
    write_pack("useeio", "1.2", made["useeio/1.2"], title=title, publisher="US EPA", licence=LICENCE, published="2023")
