"""Packs of Chinese publications: grids, fuels, processes, heat, materials and freight."""

import re
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

from factors.data.facts import (
    HERE,
    IN_DOUBT,
    Links,
    Row,
    base_row,
    factor_rows,
    hung,
    leave,
    ratio_unit,
    read,
    suspect,
    write_csv,
    write_pack,
)

# fuels burn in engines with the same calorific value, carbon and oxidation: the guides' formula is one for stationary and mobile sources
MOBILE = {
    "diesel": ["road.diesel", "rail.diesel", "water.diesel", "offroad.diesel"],
    "gasoline": ["road.gasoline"],
    "lpg": ["road.lpg", "offroad.lpg"],
    "lng": ["road.lng"],
    "natural_gas": ["road.cng"],
    "kerosene": ["road.kerosene"],
    "fuel_oil": ["water.fuel_oil"],
    "jet_kerosene": ["aviation.jet_kerosene"],
}
OFFICIAL = "official document of the People's Republic of China: figures cited"
GRIDS = {  # members by the announcements' notes; Chongqing and Sichuan left Central China with the data of 2021
    "CN-GRID-NC": "110000 120000 130000 140000 370000 150000", "CN-GRID-NE": "210000 220000 230000",
    "CN-GRID-EC": "310000 320000 330000 340000 350000", "CN-GRID-CC": "410000 420000 430000 360000",
    "CN-GRID-NW": "610000 620000 630000 640000 650000", "CN-GRID-CS": "440000 450000 520000 530000 460000",
}  # fmt: skip
USED = {  # for which years of data the reporting notices prescribe a compliance factor: notes of the facts, and guides/ets.md
    "grid.cn.mrv.0.6101": ("2016", "2020"), "grid.cn.mrv.0.5810": ("2021", "2022"), "grid.cn.mrv.0.5703": ("2022", "2022"),
}  # fmt: skip
PUBLISHERS = {
    "GB/T 51366": "住房和城乡建设部", "发改办气候": "国家发展改革委", "发改委": "国家发展改革委", "行业企业温室气体": "国家发展改革委",
    "行业核算指南": "国家发展改革委",
}  # fmt: skip
"""Who issued a document that is cited by its number or title alone."""
KEPT_WITH_A_WARNING = {  # suspects.csv: may be printed so in the guide, so it is shipped, and says what is odd
    "fuel.cn.mee2024_sector.lng": "LNG carbon content 17.20 equals the LPG value; other sets give 15.3",
}


def publisher_of(source: str) -> str:
    """Who issued the document: the name before its title, else by its number or title; since 2018 climate belongs to 生态环境部."""
    named = source.partition("《")[0].removesuffix("应对气候变化司").strip()
    return next((who for mark, who in PUBLISHERS.items() if mark in source), named or "生态环境部")


def grid(facts: Path, links: Links) -> None:
    packs: dict[str, list[Row]] = defaultdict(list)
    titles: dict[str, tuple[str, str]] = {}
    for fact in read(facts / "grid_cn.csv"):
        if suspect(fact["id"]):
            leave("grid_cn.csv", fact, IN_DOUBT)
            continue
        if fact["id"] == "grid.cn.mrv.0.5839":
            leave("grid_cn.csv", fact, "a draft's number, superseded by 0.5810 in the final text (factors.md 4.9)")
            continue
        version, zh, en = grid_version(fact)
        row_id = fact["region"] if fact["basis"] == "location-average" else f"{fact['region']}.{fact['id'].removeprefix('grid.cn.')}"
        used_from, used_to = USED.get(fact["id"], ("", ""))
        more = {"id": row_id, "parameter": "ef", "unit": ratio_unit(fact["unit"]), "activities": hung(links[fact["id"]])}
        packs[version].append(base_row(fact, **more, used_from=used_from, used_to=used_to))
        titles[version] = (zh, en)
    for version, rows in packs.items():
        zh, en = titles[version]
        rule = "use-year" if version == "compliance" else "data-year"
        write_pack("cn-grid", version, rows, title=(zh, en), publisher=publisher_of(rows[0]["source"]), licence=OFFICIAL, rule=rule)
    members = [
        {"province": province, "grid": grid_code, "year_from": "", "year_to": ""}
        for grid_code, codes in GRIDS.items()
        for province in codes.split()
    ]
    for province in ("500000", "510000"):
        members.append({"province": province, "grid": "CN-GRID-CC", "year_from": "", "year_to": "2020"})
        members.append({"province": province, "grid": "CN-GRID-SW", "year_from": "2021", "year_to": ""})
    write_csv(
        HERE / "grids.csv", ["province", "grid", "year_from", "year_to"], sorted(members, key=lambda m: (m["province"], m["year_from"]))
    )


def grid_version(fact: Row) -> tuple[str, str, str]:
    announced = {"2024-04-12": "2024-12", "2024-12-20": "2024-33", "2025-12-31": "2025-47"}.get(fact["published"])
    year = fact["year_from"]
    if announced:
        return announced, f"{year} 年电力二氧化碳排放因子", f"Electricity CO2 factors of {year}"
    kind = {"location-average": "average", "marginal": "baseline", "life-cycle": "footprint"}.get(fact["basis"], "compliance")
    if kind == "compliance":
        return kind, "履约与地方市场口径", "Compliance and local market factors"
    zh = {"average": "电网平均", "baseline": "电网基准线", "footprint": "电力碳足迹"}[kind]
    return f"{kind}-{year}", f"{year} 年{zh}", f"Grid {kind} of {year}"


def fuels(facts: Path, links: Links) -> None:
    packs: dict[str, list[Row]] = defaultdict(list)
    for fact in read(facts / "fuels_cn.csv"):
        parameter = {"ef_tj": "ef"}.get(fact["parameter"], fact["parameter"])
        if suspect(fact["id"]):
            leave("fuels_cn.csv", fact, IN_DOUBT)
        elif parameter == "tce":
            leave("fuels_cn.csv", fact, "a coefficient of standard coal: in data/energy.csv, or named there with the reason why not")
        elif parameter not in {"ncv", "cc", "of", "ef"} or not links[fact["id"]]:
            leave("fuels_cn.csv", fact, "a single parameter without its set: no factor can be made of it")
        else:
            packs[fact["set_id"]].append(fuel_row(fact, parameter, links))
    for set_id, every in packs.items():
        rows = only_whole_sets(every)
        if not rows:
            continue
        name, version, zh, en = "cn-fuels", set_id, f"燃料参数组 {set_id}", f"Fuel parameter set {set_id}"
        if set_id == "other":
            name, version, zh, en = "cn-heat", "2013", "外购热力缺省值", "Purchased heat default"
        published = (re.search(r"〔(\d{4})〕|-(20\d\d)", rows[0]["source"]) or [""])[0].strip("〔〕-")
        who = publisher_of(rows[0]["source"])
        write_pack(name, version, rows, title=(zh, en), publisher=who, licence=OFFICIAL, published=published)


def fuel_row(fact: Row, parameter: str, links: Links) -> Row:
    found = [link for link in links[fact["id"]] if link["role"] in {"parameter", "factor"}]
    mobile = [f"combustion.mobile.{tail}" for tail in MOBILE.get(fact["fuel"], [])]
    row_id = fact["fuel"] or fact["id"].split(".")[0]
    row_id = fact["id"].removeprefix("tce.cn.") if fact["id"].startswith("tce.cn.") else row_id
    unit = {"ncv": fact["unit"].replace("1e4Nm3", "万Nm3"), "cc": "tC/TJ", "of": "1"}.get(parameter) or ratio_unit(fact["unit"])
    activities = "|".join(dict.fromkeys([*hung(found).split("|"), *mobile]))
    odd = KEPT_WITH_A_WARNING.get(fact["id"].rpartition(".")[0], "")
    fact = fact | {"notes": "; ".join(filter(None, (fact["notes"], odd)))}
    return base_row(fact, id=row_id, parameter=parameter, unit=unit, activities=activities, set_id=fact["set_id"], basis="")


def only_whole_sets(rows: list[Row]) -> list[Row]:
    """A fuel of which a set lacks calorific value, carbon or oxidation gives no factor: the three are never taken from two sets.

    Where a set gives the oxidation of solid fuels by equipment, each solid fuel of the set has one variant per equipment.
    """
    have: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        have[row["id"]].add(row["parameter"])
    by_equipment = [row for row in rows if row["id"] == "solid"]
    whole = []
    for row in rows:
        lacking = {"ncv", "cc", "of"} - have[row["id"]]
        if row["parameter"] == "ef" or not lacking:
            whole.append(row)
        elif lacking == {"of"} and by_equipment:
            whole += [fuel_in(row, burnt) for burnt in by_equipment]
        elif row not in by_equipment:
            fact = {"id": f"fuel.cn.{row['set_id']}.{row['id']}.{row['parameter']}"}
            leave("fuels_cn.csv", fact, f"its set lacks {', '.join(sorted(lacking))} of this fuel")
    for fuel in sorted(name for name, some in have.items() if some == {"ncv", "cc"}) if by_equipment else []:
        like = next(row for row in rows if row["id"] == fuel)
        whole += [fuel_in(burnt | {"activities": like["activities"], "id": fuel}, burnt) for burnt in by_equipment]
    return whole


def fuel_in(row: Row, burnt: Row) -> Row:
    """A parameter of a solid fuel as it is burnt in one kind of equipment."""
    equipment = burnt["name_en"].rpartition(", ")[2]
    return row | {"id": f"{row['id']}.{equipment}", "variant": f"equipment={equipment}"}


def process(facts: Path, links: Links) -> None:
    rows = factor_rows("process_cn.csv", map(mass_share, read(facts / "process_cn.csv")), links, prefix="proc.")
    for row in rows:
        if row["parameter"] == "ef":
            row["id"] = re.sub(r"^(.*)\.(cf4|c2f6)$", r"\1.pfc", re.sub(r"\.(CH4|N2O)$", "", row["id"]))
    title = ("工业过程与其他因子", "Industrial process and other factors")
    write_pack("cn-process", "2025-01", rows, title=title, publisher="国家发展改革委、生态环境部", licence=OFFICIAL)


def mass_share(fact: Row) -> Row:
    """A percentage of a mass, such as the share of a gas that escapes where it is used, as mass per mass: 43.56 % are 0.4356 kg/kg."""
    if fact["unit"] != "percent":
        return fact
    return fact | {"unit": "kg/kg", "value": str(Decimal(fact["value"]) / 100)}


def materials(facts: Path, links: Links) -> None:
    every = read(facts / "materials_freight_cn.csv")
    rows = factor_rows("materials_freight_cn.csv", every, links, prefix="", keep_set=False)
    for row in rows:
        row["id"] = row["id"].replace(".cn.gbt51366", "")
    title = ("建材与运输碳排放因子（GB/T 51366-2019）", "Building materials and freight (GB/T 51366-2019)")
    write_pack("cn-materials", "2019", rows, title=title, publisher="住房和城乡建设部", licence=OFFICIAL, published="2019")


def instruments() -> None:
    """Power of no fossil origin by contract, certificate or a line of its own: it emits nothing where it is made, and whoever holds the
    attribute may say so. The rule is the method's, not a measurement."""
    rows = [
        {
            "id": activity.partition(".")[2], "activities": activity, "region": "WORLD", "parameter": "ef", "gas": "CO2", "value": "0",
            "unit": "kg/kWh", "basis": "contract", "variant": "", "year_from": "2010", "evidence": "transcribed-source-inferred",
            "source": "GHG Protocol Scope 2 Guidance (2015)", "locator": "chapter 6 (recalled, not read again)",
            "name_zh": name_zh, "name_en": name_en,
            "notes": "factor 0 for proven non-fossil kWh stands in newer Chinese texts too (one unverified transcription)",
        }
        for activity, name_zh, name_en in (
            ("electricity.green", "绿电（交易或绿证覆盖）", "Contracted green electricity"),
            ("electricity.nonfossil_direct", "直供非化石电力", "Direct-line non-fossil electricity"),
        )
    ]  # fmt: skip
    title = ("非化石电力的合同与证书（按市场）", "Contracts and certificates of non-fossil power (market-based)")
    licence = "a rule of method: cited"
    write_pack("instruments", "1", rows, title=title, publisher="碳账 Tanzhang", licence=licence, published="2015", rule="constant")
