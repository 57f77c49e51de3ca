"""Make the shipped data of this package from the founders' fact sheets: run by hand, the same input gives the same bytes.

Usage: ``python -m factors.data.build_packs FACTS_FOLDER``. Rows that `suspects.csv` names are left out; every other row keeps its source,
locator and evidence. A pack is one publication: ``packs/<name>/<publisher's version>_e<our edition>/{pack.toml,factors.csv}``.
"""

import csv
import fnmatch
import hashlib
import io
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).parent
EDITION = "e001"
RELEASED = "2026-11-25"
BASES = {"location-average": "average", "residual-like": "residual", "fossil-only": "fossil", "NCV": ""}  # the units say NCV or HHV
COLUMNS = [
    "id", "activities", "region", "parameter", "gas", "value", "unit", "basis", "set_id", "variant", "year_from", "year_to", "published",
    "used_from", "used_to", "source", "locator", "licence", "evidence", "lower", "upper", "name_zh", "name_en", "notes",
]  # fmt: skip
Row = dict[str, str]
Links = dict[str, list[Row]]

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
SUSPECT = [
    "fuel.cn.prov2011_gbt2589_2008.cleaned.*", "fuel.cn.prov2011_gbt2589_2008.middlings.*", "fuel.cn.prov2011_gbt2589_2008.coal_slurry.*",
    "fuel.cn.prov2011_gbt2589_2008.petroleum_coke.*", "fuel.cn.prov2011_gbt2589_2008.lignite.*", "grid.cn.prov.*.2020", "proc.carbonate4.*",
    "proc.prov2011.al_c2f6_sw", "gwp.AR6.100.SF6", "gwp.*.blend.*", "grid.cn.baseline.OM.*.2016", "ipcc.*.gas_coke*",
    "ipcc.*.coke_oven_lignite_coke*",
]  # fmt: skip
GRIDS = {  # members by the announcements' notes; Chongqing and Sichuan left Central China with the data of 2021
    "CN-GRID-NC": "110000 120000 130000 140000 370000 150000", "CN-GRID-NE": "210000 220000 230000",
    "CN-GRID-EC": "310000 320000 330000 340000 350000", "CN-GRID-CC": "410000 420000 430000 360000",
    "CN-GRID-NW": "610000 620000 630000 640000 650000", "CN-GRID-CS": "440000 450000 520000 530000 460000",
}  # fmt: skip


def read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def suspect(row_id: str) -> bool:
    return any(fnmatch.fnmatchcase(row_id, pattern) for pattern in SUSPECT)


def write_csv(path: Path, columns: Iterable[str], rows: Iterable[Row]) -> bytes:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(columns), lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue().encode())
    return path.read_bytes()


def write_pack(
    name: str, version: str, rows: list[Row], *, title_zh: str, title_en: str, publisher: str, licence: str, published: str = "",
    rule: str = "data-year", **more: str,
) -> None:  # fmt: skip
    """One pack; `published` as precisely as the document is dated (empty: not known), `more` what else the manifest says."""
    folder = HERE / "packs" / name / f"{version}_{EDITION}"
    for row in rows:
        row.setdefault("licence", licence)
    content = write_csv(folder / "factors.csv", COLUMNS, sorted(rows, key=lambda row: (row["id"], row["parameter"], row["gas"])))
    manifest = {
        "name": name, "version": version, "edition": int(EDITION[1:]), "title_zh": title_zh, "title_en": title_en,
        "publisher": publisher, "licence": licence, "published": published, "released": RELEASED, "rule": rule, **more, "rows": len(rows), "sha256": hashlib.sha256(content).hexdigest(),
    }  # fmt: skip
    lines = [f"{key} = {value if isinstance(value, int) else quoted(value)}" for key, value in manifest.items()]
    (folder / "pack.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def quoted(text: object) -> str:
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def ratio_unit(unit: str) -> str:
    """The unit of a factor without its gas: kgCO2/kWh → kg/kWh, tCO2/t clinker → t/t, tN2O/t HNO3 → t/t."""
    match = re.fullmatch(r"(mg|g|kg|t)(?:CO2e|CO2|CH4|N2O|C2F6|CF4|SF6)?/(kWh|MWh|GJ|TJ|tAl|t|km|short_ton)(?: .*)?", unit)
    if not match:
        return ""
    return f"{match[1]}/{match[2].replace('tAl', 't')}"


def base_row(fact: Row, **more: str) -> Row:
    keep = {
        key: fact.get(key, "") for key in ("region", "value", "gas", "year_from", "year_to", "source", "evidence", "name_zh", "name_en")
    }
    keep |= {
        "locator": fact["source_locator"],
        "published": fact.get("published", ""),
        "notes": fact.get("notes", ""),
        "basis": BASES.get(fact.get("basis", ""), fact.get("basis", "")),
    }
    return {**keep, **more}


def grid(facts: Path, links: Links) -> None:
    packs: dict[str, list[Row]] = defaultdict(list)
    titles: dict[str, tuple[str, str]] = {}
    for fact in read(facts / "grid_cn.csv"):
        if suspect(fact["id"]) or not ratio_unit(fact["unit"]):
            continue
        version, zh, en = grid_version(fact)
        row_id = fact["region"] if fact["basis"] == "location-average" else f"{fact['region']}.{fact['id'].removeprefix('grid.cn.')}"
        activities = "|".join(dict.fromkeys(link["activity"] for link in links[fact["id"]]))
        packs[version].append(base_row(fact, id=row_id, parameter="ef", unit=ratio_unit(fact["unit"]), activities=activities))
        titles[version] = (zh, en)
    for version, rows in packs.items():
        zh, en = titles[version]
        write_pack("cn-grid", version, rows, title_zh=zh, title_en=en, publisher=rows[0]["source"][:40], licence=OFFICIAL)
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
        parameter = fact["parameter"]
        wanted = parameter in {"ncv", "cc", "of"} or (parameter == "ef" and ratio_unit(fact["unit"]))
        if suspect(fact["id"]) or not wanted or not links[fact["id"]]:
            continue
        activities_ = list(dict.fromkeys(link["activity"] for link in links[fact["id"]] if link["role"] in {"parameter", "factor"}))
        mobile = [f"combustion.mobile.{tail}" for tail in MOBILE.get(fact["fuel"], [])]
        row_id = fact["fuel"] or fact["id"].split(".")[0]
        unit = {"ncv": fact["unit"].replace("1e4Nm3", "万Nm3"), "cc": "tC/TJ", "of": "1"}.get(parameter) or ratio_unit(fact["unit"])
        hung = "|".join(dict.fromkeys([*activities_, *mobile]))
        more = {"id": row_id, "parameter": parameter, "unit": unit, "activities": hung, "set_id": fact["set_id"]}
        packs[fact["set_id"]].append(base_row(fact, **more))
    for set_id, every in packs.items():
        rows = only_whole_sets(every)
        if not rows:
            continue
        heat = set_id == "other"
        zh, en = ("外购热力缺省值", "Purchased heat default") if heat else (f"燃料参数组 {set_id}", f"Fuel parameter set {set_id}")
        name, version = ("cn-heat", "2013") if heat else ("cn-fuels", set_id)
        write_pack(name, version, rows, title_zh=zh, title_en=en, publisher=rows[0]["source"][:40], licence=OFFICIAL)


def only_whole_sets(rows: list[Row]) -> list[Row]:
    """A fuel of which a set lacks calorific value, carbon or oxidation gives no factor: the three are never taken from two sets."""
    have: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        have[row["id"]].add(row["parameter"])
    return [row for row in rows if row["parameter"] == "ef" or {"ncv", "cc", "of"} <= have[row["id"]]]


def process(facts: Path, links: Links) -> None:
    rows = []
    for fact in read(facts / "process_cn.csv"):
        link = next((link for link in links[fact["id"]] if link["role"] == "factor"), None)
        if link is None or suspect(fact["id"]) or not ratio_unit(fact["unit"]):
            continue
        row_id = re.sub(r"\.(CH4|N2O)$", "", fact["id"].removeprefix("proc."))
        row_id = re.sub(r"^(.*)\.(cf4|c2f6)$", r"\1.pfc", row_id)
        more = {"id": row_id, "parameter": "ef", "unit": ratio_unit(fact["unit"]), "activities": link["activity"]}
        rows.append(base_row(fact, **more, set_id=link["set_id"], variant=link["variant"]))
    titles = {"title_zh": "工业过程与其他因子", "title_en": "Industrial process and other factors"}
    write_pack("cn-process", "2025-01", rows, **titles, publisher="国家发展改革委、生态环境部", licence=OFFICIAL)


def ipcc(facts: Path, links: Links) -> None:
    rows = []
    for fact in read(facts / "ipcc_2006.csv"):
        found = [link for link in links[fact["id"]] if link["role"] == "factor"]
        if fact["gas"] not in {"CH4", "N2O"} or not found or suspect(fact["id"]) or not ratio_unit(fact["unit"]):
            continue
        row_id = re.sub(r"^ipcc\.(\w+)\.(ch4|n2o)\.", r"\1.", fact["id"])
        more = {"id": row_id, "parameter": "ef", "unit": ratio_unit(fact["unit"]), "lower": fact["lower95"], "upper": fact["upper95"]}
        hung = "|".join(dict.fromkeys(link["activity"] for link in found))
        rows.append(base_row(fact, **more, activities=hung, variant=found[0]["variant"], set_id="ipcc2006_sector"))
    titles = {"title_zh": "IPCC 2006 燃烧 CH4、N2O 缺省因子", "title_en": "IPCC 2006 default CH4 and N2O of combustion"}
    write_pack(
        "ipcc-2006",
        "2006",
        rows,
        **titles,
        publisher="IPCC",
        licence="IPCC copyright on text and tables; single facts cited",
        published="2006",
        rule="constant",
    )


def gwp(facts: Path) -> None:
    origin = {"CH4-fossil": "CH4.fossil", "CH4-nonfossil": "CH4.biogenic"}
    gases = read(facts / "gas_map.csv")
    spelling = {row["spelling"]: origin.get(row["canonical"], row["canonical"]) for row in gases}
    kyoto = {row["spelling"]: row["kyoto_basket"] for row in gases}
    rows = []
    for fact in read(facts / "gwp.csv"):
        if suspect(fact["id"]) or fact["gas"] == "blend":
            continue
        named = {"set": f"{fact['report']}.{fact['horizon']}", "gas": spelling[fact["gas"]], "locator": fact["source_locator"]}
        rows.append({**fact, **named, "kyoto": "yes" if kyoto[fact["gas"]] == "yes" else "no"})
    columns = ["set", "gas", "value", "kyoto", "source", "locator", "evidence", "notes"]
    write_csv(HERE / "gwp.csv", columns, sorted(rows, key=lambda row: (row["set"], row["gas"])))


def activities(facts: Path) -> None:
    rows = read(facts / "activities.csv")
    write_csv(HERE / "activities.csv", rows[0], rows)


def main(facts: Path) -> None:
    links: dict[str, list[Row]] = defaultdict(list)
    for link in read(facts / "crosswalk.csv"):
        if link["activity"]:
            links[link["row_id"]].append(link)
    grid(facts, links)
    fuels(facts, links)
    process(facts, links)
    ipcc(facts, links)
    gwp(facts)
    activities(facts)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
