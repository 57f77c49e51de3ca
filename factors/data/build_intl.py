"""Packs of publications outside China: UK DESNZ, US EPA hub and eGRID, USEEIO, national grids.

Each row of intl.csv is in a pack or, with the reason, in ``gaps_intl.csv``; nothing under a share-alike licence is in a pack.
"""

import re
from collections import defaultdict
from pathlib import Path

from factors.data import build_desnz, build_epa, build_grids
from factors.data.build_words import name_zh
from factors.data.facts import HERE, UNSTATED, Links, Row, base_row, hung, ratio_unit, read, suspect, write_csv

FILE = "intl.csv"
AR5 = "CO2e.AR5.100"
SHARE_ALIKE = re.compile(r"\bSA\b|ODbL|share-alike", re.IGNORECASE)
GROUPS = (
    ("intl.desnz2025.", "desnz/2025"), ("intl.desnz2026.", "desnz/2026"), ("intl.epa2024.egrid.", "egrid/2022"),
    ("intl.egrid2023.", "egrid/2023"), ("intl.epa2024.", "epa-hub/2024"), ("intl.epa2025.", "epa-hub/2025"),
    ("intl.useeio12.", "useeio/1.2"), ("intl.grid.owid.", "owid-grid/2023"), ("intl.grid.chile_sen.", "cl-grid/2025"),
)  # fmt: skip
"""Which ids of the fact sheet one publication holds; the first that fits."""


def international(facts: Path, links: Links) -> None:
    """Write every pack and the list of what no pack has."""
    made: dict[str, list[Row]] = defaultdict(list)
    gaps: list[Row] = []
    for fact in read(facts / FILE):
        found = [link for link in links[fact["id"]] if link["role"] in {"factor", "parameter"}]
        why = _left_out(fact, found)
        if why:
            gaps.append({"file": FILE, "row_id": fact["id"], "reason": why})
            continue
        group = next(group for prefix, group in GROUPS if fact["id"].startswith(prefix))
        made[group].append(_row(fact, found))
    build_desnz.write(made)
    build_epa.write(made)
    build_grids.write(made)
    write_csv(HERE / "gaps_intl.csv", ["file", "row_id", "reason"], sorted(gaps, key=lambda gap: gap["row_id"]))


def _left_out(fact: Row, found: list[Row]) -> str:
    """Why no pack has the fact; empty where one has it."""
    if SHARE_ALIKE.search(fact["licence"]):
        return "its licence is share-alike (CC BY-SA 4.0 per the package that carries it): no shipped pack takes it"
    if "SUSPECT" in fact["notes"] or suspect(fact["id"]):
        return "in doubt (suspects.csv, factors.md 4.16): its document has to be read first"
    if not found:
        return "no activity stands for it (crosswalk: unmatched)"
    if "copy of the grid factor" in found[0]["note"]:
        return "the grid factor printed again for scope 3: the one of scope 2 is shipped"
    return build_epa.left_out(fact)


def _row(fact: Row, found: list[Row]) -> Row:
    """The row of a pack: unit and gas in our tokens, the variant without what the region says already, a name in both languages."""
    link = found[0]
    fact = fact | {"notes": "; ".join(filter(None, (fact["notes"].strip("; "), link["note"])))}
    more = {"activities": hung(found), "variant": link["variant"], "basis": ""}
    if link["role"] == "parameter":
        more |= {"parameter": link["parameter"], "unit": fact["unit"].replace("mmBtu/", "mmBtu_HHV/").replace("/gallon", "/US_gal")}
    else:
        more |= {"parameter": "ef", "unit": ratio_unit(fact["unit"])}
    if link["activity"] == "electricity.grid":
        more["basis"] = {"location-average": "average", "life-cycle": "life-cycle"}[link["basis"]]
    ar5 = "AR5" in fact["notes"] or "DESNZ" in fact["source"]
    row = base_row(fact, co2e=AR5 if ar5 else UNSTATED, **more)
    if link["role"] == "parameter":
        row["gas"] = ""
    for shape in (build_desnz.shape, build_epa.shape, build_grids.shape):
        row = shape(fact, row)
    return row | {"name_zh": row["name_zh"] or name_zh(row)}
