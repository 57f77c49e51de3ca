"""Packs of IPCC publications (2006 Guidelines and 2019 Refinement) and of gases by mass, which are factors by definition."""

import re
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

from factors.data.build_cn import MOBILE
from factors.data.facts import Links, Row, base_row, factor_rows, hung, leave, ratio_unit, read, suspect, write_pack

LICENCE = "IPCC copyright on text and tables; single facts cited"
BURNT = "IPCC 2006 Guidelines Vol.2 (Energy): CO2 factors of Table 1.4 are carbon content × 44/12, so all carbon counts as oxidised"
SECOND_LABELS = {"isw_wood"}
"""Fuels by which the source package names a row of IPCC a second time: wood is shipped as wood/wood waste (suspects.csv)."""
CARBON_BLACK = "ippu.chemical.ef_co2_i_k.carbon_black."


def _not_used(fact: Row) -> str:
    second = suspect(fact["id"]) or fact["id"].rpartition(".")[2] in SECOND_LABELS
    return "a second label of a row that is shipped (suspects.csv)" if second else "no activity burns this fuel"


def sectors(facts: Path, links: Links) -> None:
    """CH4 and N2O of combustion by sector: companions of a fuel's CO2."""
    rows = []
    for fact in read(facts / "ipcc_2006.csv"):
        found = [link for link in links[fact["id"]] if link["role"] == "factor"]
        if fact["gas"] not in {"CH4", "N2O"}:
            continue
        if not found or suspect(fact["id"]):
            leave("ipcc_2006.csv", fact, _not_used(fact))
            continue
        row_id = re.sub(r"^ipcc\.(\w+)\.(ch4|n2o)\.", r"\1.", fact["id"])
        more = {"id": row_id, "parameter": "ef", "unit": ratio_unit(fact["unit"]), "variant": found[0]["variant"]}
        rows.append(base_row(fact, **more, activities=hung(found), set_id="ipcc2006_sector"))
    title = ("IPCC 2006 燃烧 CH4、N2O 缺省因子", "IPCC 2006 default CH4 and N2O of combustion")
    write_pack("ipcc-2006", "2006", rows, title=title, publisher="IPCC", licence=LICENCE, published="2006", rule="constant")


def fuels(facts: Path, links: Links) -> None:
    """Fuels as one set: calorific value and carbon content with their bounds, oxidation 1."""
    made: dict[str, list[Row]] = defaultdict(list)
    for fact in read(facts / "ipcc_2006.csv"):
        name = re.fullmatch(r"ipcc\.(ncv|cc)\.(\w+)", fact["id"])
        if fact["gas"] in {"CH4", "N2O"}:
            continue
        found = [link for link in links[fact["id"]] if link["role"] == "parameter"]
        if name is None:
            leave("ipcc_2006.csv", fact, "a product of carbon content and 44/12, which the set gives exactly")
        elif suspect(fact["id"]) or name[2] in SECOND_LABELS or not found:
            leave("ipcc_2006.csv", fact, _not_used(fact))
        else:
            unit = "tC/TJ" if name[1] == "cc" else "GJ/t"
            more = {"id": name[2], "parameter": name[1], "unit": unit, "set_id": "ipcc2006", "activities": with_mobile(hung(found))}
            made[name[2]].append(base_row(fact, **more) | {"gas": "CO2"})
    rows = []
    for fuel, some in made.items():
        if {row["parameter"] for row in some} != {"ncv", "cc"}:
            for row in some:
                leave(
                    "ipcc_2006.csv", {"id": f"ipcc.{row['parameter']}.{fuel}"}, "the other of calorific value and carbon content is missing"
                )
            continue
        activities = "|".join(dict.fromkeys(one for row in some for one in row["activities"].split("|")))
        burnt = some[0] | {
            "parameter": "of", "value": "1", "unit": "1", "source": BURNT, "locator": "Table 1.4", "lower": "", "upper": "",
            "evidence": "transcribed-source-inferred", "name_zh": "", "name_en": "",
        }  # fmt: skip
        rows += [row | {"activities": activities} for row in (*some, burnt)]
    title = ("IPCC 2006 燃料缺省参数", "IPCC 2006 default parameters of fuels")
    write_pack("ipcc-fuels", "2006", rows, title=title, publisher="IPCC", licence=LICENCE, published="2006", rule="constant")


def with_mobile(activities: str) -> str:
    """The activities, and the engines that burn the same fuel."""
    mobile = [
        f"combustion.mobile.{tail}"
        for one in activities.split("|")
        for fuel, tails in MOBILE.items()
        if one == f"combustion.stationary.{fuel}"
        for tail in tails
    ]
    return "|".join(dict.fromkeys([*activities.split("|"), *mobile]))


def industry_and_waste(facts: Path, links: Links) -> None:
    every = read(facts / "ipcc_ippu_waste.csv")
    black = [fact for fact in every if fact["id"].startswith(CARBON_BLACK)]
    for fact in black:
        why = "in doubt (suspects.csv): primary and secondary feedstock look swapped, and the total, which alone may ship, is not held"
        leave("ipcc_ippu_waste.csv", fact, why)
    rows = factor_rows("ipcc_ippu_waste.csv", (fact for fact in every if fact not in black), links, prefix="ippu.")
    title = ("IPCC 工业过程与废弃物缺省值", "IPCC defaults of industry and waste")
    write_pack("ipcc-industry", "2019", rows, title=title, publisher="IPCC", licence=LICENCE, published="2019", rule="constant")


SELF = "by definition: what escapes is the gas itself, 1 kg per kg"
PROPANES = {"propane", "propylene", "butane", "isobutane", "isopentane"}
COMPONENTS = {"PFC-116": "C2F6", "PFC-218": "C3F8"}


def gases(facts: Path) -> None:
    """Refrigerants and other gases by mass: 1 kg is 1 kg; a blend is its components, by the composition that EPA's list prints."""
    rows = []
    for activity in read(facts / "activities.csv"):
        if activity["factor_status"] == "gwp" and "|" not in activity["gases"] and " " not in activity["gases"]:
            rows.append(_gas_row(activity, activity["gases"], "1"))
        elif activity["id"] in {"deduction.co2.recovered", "deduction.ch4.recovered"}:
            rows.append(_gas_row(activity, activity["id"].split(".")[1].upper(), "1"))
    named = {f"R-{one['id'].rpartition('.r')[2].upper()}": one for one in read(facts / "activities.csv") if "|HFC" in one["gases"]}
    other = next(one for one in read(facts / "activities.csv") if one["id"] == "fugitive.refrigerant.blend_other")
    for blend in read(facts / "gwp.csv"):
        if blend["gas"] != "blend" or blend["report"] != "AR5":
            continue
        name = blend["id"].rpartition(".")[2]
        shares = re.findall(r"([\d.]+)% ([\w-]+)", blend["notes"])
        for hung_on, variant in ((named.get(name), ""), (other, f"blend={name}")):
            for share, gas in shares if hung_on else []:
                if gas in PROPANES:
                    continue  # hydrocarbons: no GWP in the sets, and no commodity of the books
                row = _gas_row(hung_on or other, COMPONENTS.get(gas, gas), format(Decimal(share) / 100, "f"), variant=variant)
                rows.append(row | {
                    "id": name if not variant else f"other.{name}", "name_zh": f"混合制冷剂 {name}", "name_en": f"Refrigerant blend {name}",
                    "source": blend["source"], "locator": blend["source_locator"], "evidence": blend["evidence"], "notes": blend["notes"],
                })  # fmt: skip
    title = ("按质量计的气体（制冷剂、灭火剂等）", "Gases by mass: refrigerants, extinguishers and others")
    licence = "definition; compositions of blends: US federal work (public domain)"
    write_pack("gases", "1", rows, title=title, publisher="碳账 Tanzhang", licence=licence, published="2024", rule="constant")


def _gas_row(activity: Row, gas: str, share: str, *, variant: str = "") -> Row:
    return {
        "id": activity["id"].removeprefix("fugitive."), "activities": activity["id"], "region": "WORLD", "parameter": "ef", "gas": gas,
        "value": share.rstrip("0").rstrip(".") if "." in share else share, "unit": "kg/kg", "variant": variant, "year_from": "2006",
        "source": SELF, "evidence": "definition", "name_zh": activity["name_zh"], "name_en": activity["name_en"],
    }  # fmt: skip
