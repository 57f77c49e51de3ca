"""The founders' fact sheets as rows of packs: reading, spellings, what is suspect, and the list of what was left out and why."""

import csv
import fnmatch
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from factors.errors import FactorError
from factors.pack import COLUMNS, Manifest, manifest_text, table_text
from factors.units import find_unit

HERE = Path(__file__).parent
EDITION = "e001"
RELEASED = "2026-11-25"
Row = dict[str, str]
Links = dict[str, list[Row]]

BASES = {"location-average": "average", "residual-like": "residual", "fossil-only": "fossil"}
KEPT_BASES = {"average", "residual", "fossil", "life-cycle", "compliance", "marginal"}
UNSTATED = "CO2e.unstated.100"
"""CO2e whose publication does not say which GWP set made it: a line of its own in every report."""

IN_DOUBT = "in doubt (suspects.csv): its document has to be read first"
SUSPECT = [
    "fuel.cn.prov2011_gbt2589_2008.cleaned.*", "fuel.cn.prov2011_gbt2589_2008.middlings.*", "fuel.cn.prov2011_gbt2589_2008.coal_slurry.*",
    "fuel.cn.prov2011_gbt2589_2008.petroleum_coke.*", "fuel.cn.prov2011_gbt2589_2008.lignite.*", "grid.cn.prov.*.2020", "proc.carbonate4.*",
    "proc.prov2011.al_c2f6_sw", "gwp.AR6.100.SF6", "gwp.*.blend.*", "grid.cn.baseline.OM.*.2016", "ipcc.*.gas_coke*",
    "ipcc.*.coke_oven_lignite_coke*", "ippu.chemical.ef_co2_i_k.carbon_black.*prim_feedstock*",
    "ippu.chemical.ef_co2_i_k.carbon_black.*sec_feedstock*", "intl.epa2024.scope_3_cat_6_7passenger_car*",
    "intl.epa2024.scope_3_cat_6_7light_duty_truck*",
]  # fmt: skip
_BOTTOMS = {"t clinker": "t", "t HNO3": "t", "tAl": "t", "gallon": "US_gal", "mmBtu": "mmBtu_HHV"}
_GASES = {"CH4-fossil": "CH4.fossil", "CH4-nonfossil": "CH4.biogenic"}
_UNIT = re.compile(r"(mg|g|kg|t|lb)(?:CO2e|CO2|CH4|N2O|C2F6|CF4|SF6|HFC-23)?/(.+)")

left_out: list[tuple[str, str, str]] = []
"""Rows of facts that no pack has: file, id, why."""


def read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def suspect(row_id: str) -> bool:
    return any(fnmatch.fnmatchcase(row_id, pattern) for pattern in SUSPECT)


def leave(file: str, fact: Row, why: str) -> None:
    left_out.append((file, fact["id"], why))


def ratio_unit(unit: str) -> str:
    """The unit of a factor without its gas, in our tokens: kgCO2/kWh → kg/kWh, tCO2/t clinker → t/t; empty where it is none."""
    match = _UNIT.fullmatch(unit)
    if not match:
        return ""
    try:
        return f"{match[1]}/{find_unit(_BOTTOMS.get(match[2], match[2])).token}"
    except FactorError:
        return ""


def gas_of(gas: str, *, co2e: str = UNSTATED) -> str:
    return co2e if gas == "CO2e" else _GASES.get(gas, gas)


def base_row(fact: Row, *, co2e: str = UNSTATED, **more: str) -> Row:
    """What every row keeps of its fact."""
    keep = {
        key: fact.get(key, "") for key in ("region", "value", "year_from", "year_to", "source", "evidence", "name_zh", "name_en", "notes")
    }
    basis = BASES.get(fact.get("basis", ""), fact.get("basis", ""))
    keep |= {
        "gas": gas_of(fact.get("gas", ""), co2e=co2e), "locator": fact["source_locator"], "published": fact.get("published", ""),
        "basis": basis if basis in KEPT_BASES else "", "licence": fact.get("licence", ""),
    }  # fmt: skip
    if len(keep["value"].partition(".")[2]) > 18:  # a float's tail of a file made by a program: 15 digits, as a spreadsheet keeps
        keep["value"] = f"{float(keep['value']):.15g}"
    lower, upper = fact.get("lower95", ""), fact.get("upper95", "")
    if lower and upper and Decimal(lower) <= Decimal(fact["value"]) <= Decimal(upper):
        keep |= {"lower": lower, "upper": upper}
    return {**keep, **more}


def hung(found: list[Row]) -> str:
    """The activities of a fact's links, as a pack names them."""
    return "|".join(dict.fromkeys(link["activity"] for link in found if link["activity"]))


def factor_rows(file: str, facts: Iterable[Row], links: Links, *, prefix: str, co2e: str = UNSTATED, keep_set: bool = True) -> list[Row]:
    """The rows of facts that are ready factors or parameters of a method, each a factor of its own named by its id without `prefix`."""
    rows = []
    for fact in facts:
        found = [link for link in links[fact["id"]] if link["role"] in {"factor", "parameter"}]
        if suspect(fact["id"]):
            leave(file, fact, IN_DOUBT)
            continue
        if not found:
            leave(file, fact, "a constant or a duplicate: no activity uses it as a factor or parameter")
            continue
        link = found[0]
        made = _ready(fact) if link["role"] == "factor" else _parameter(fact, link["parameter"])
        if made is None:
            leave(file, fact, f"its unit {fact['unit']} cannot be used here yet")
            continue
        more = {"id": fact["id"].removeprefix(prefix), "activities": hung(found), "variant": link["variant"]} | made
        rows.append(base_row(fact, co2e=co2e, set_id=link["set_id"] if keep_set else "", **more))
        if link["role"] == "parameter":
            rows[-1]["gas"] = ""
    return rows


def _ready(fact: Row) -> Row | None:
    unit = ratio_unit(fact["unit"])
    return {"parameter": "ef", "unit": unit} if unit else None


def _parameter(fact: Row, name: str) -> Row:
    """A parameter of a method, shares as parts of one."""
    if fact["unit"] == "percent":
        return {"parameter": name, "unit": "1", "value": str(Decimal(fact["value"]) / 100)}
    unit = {"fraction": "1", "kg/kg": "1", "m3/m3": "1", "1/yr": "1/a"}.get(fact["unit"], fact["unit"])
    return {"parameter": name, "unit": unit}


def write_csv(path: Path, columns: Iterable[str], rows: Iterable[Row]) -> bytes:
    content = table_text(columns, rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return content


def write_pack(
    name: str, version: str, rows: list[Row], *, title: tuple[str, str], publisher: str, licence: str, published: str = "",
    rule: str = "data-year", fallback: dict[str, str] | None = None, **more: str,
) -> None:  # fmt: skip
    """One pack; `published` as precisely as the document is dated (empty: not known), `more` what else the manifest says."""
    folder = HERE / "packs" / name / f"{version}_{EDITION}"
    for row in rows:
        row["licence"] = row.get("licence") or licence
    order = sorted(rows, key=lambda row: (row["id"], row["parameter"], row["gas"], row["unit"]))
    content = write_csv(folder / "factors.csv", COLUMNS, order)
    manifest = Manifest(
        name=name, version=version, edition=int(EDITION[1:]), title_zh=title[0], title_en=title[1], publisher=publisher, licence=licence,
        published=published, released=RELEASED, rule=rule, rows=len(rows), sha256=hashlib.sha256(content).hexdigest(),
        fallback=fallback or {}, **more,
    )  # fmt: skip
    (folder / "pack.toml").write_text(manifest_text(manifest), encoding="utf-8")


def read_links(facts: Path) -> Links:
    links: Links = defaultdict(list)
    for link in read(facts / "crosswalk.csv"):
        if link["activity"]:
            links[link["row_id"]].append(link)
    return links
