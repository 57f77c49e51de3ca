"""Make the shipped data of this package from the founders' fact sheets: run by hand, the same input gives the same bytes.

Usage: ``python -m factors.data.build_packs FACTS_FOLDER``. Every row keeps its source, locator and evidence; what is left out is listed with
the reason in ``gaps.csv``. A pack is one publication: ``packs/<name>/<publisher's version>_e<our edition>/{pack.toml,factors.csv}``.
"""

import sys
from pathlib import Path

from factors.data import build_cn, build_intl, build_ipcc
from factors.data.facts import HERE, gas_of, leave, left_out, read, read_links, suspect, write_csv


def gwp(facts: Path) -> None:
    gases = read(facts / "gas_map.csv")
    spelling = {row["spelling"]: gas_of(row["canonical"]) for row in gases}
    kyoto = {row["spelling"]: row["kyoto_basket"] for row in gases}
    rows = []
    for fact in read(facts / "gwp.csv"):
        if suspect(fact["id"]) or fact["gas"] == "blend":
            blend = (
                "a blend is booked by its components" if fact["gas"] == "blend" else "in doubt (suspects.csv): the errata have to be read"
            )
            leave("gwp.csv", fact, blend)
            continue
        named = {"set": f"{fact['report']}.{fact['horizon']}", "gas": spelling[fact["gas"]], "locator": fact["source_locator"]}
        rows.append({**fact, **named, "kyoto": "yes" if kyoto[fact["gas"]] == "yes" else "no"})
    columns = ["set", "gas", "value", "kyoto", "source", "locator", "evidence", "notes"]
    write_csv(HERE / "gwp.csv", columns, sorted(rows, key=lambda row: (row["set"], row["gas"])))


MORE_ALIASES = {
    "travel.air.short_haul": ("短途航班", "短程航班"), "travel.air.long_haul": ("长途航班", "远程航班", "洲际航班"),
    "travel.air.domestic": ("国内飞机",), "electricity.grid": ("电网", "电网电力"),
}  # fmt: skip
"""What people write and the fact sheet lacks; an alias of the sheet is never taken away."""


def activities(facts: Path) -> None:
    rows = read(facts / "activities.csv")
    taken = {alias for row in rows for alias in row["aliases_zh"].split("|")}
    for row in rows:
        more = [alias for alias in MORE_ALIASES.get(row["id"], ()) if alias not in taken]
        row["aliases_zh"] = "|".join(filter(None, [row["aliases_zh"], *more]))
    write_csv(HERE / "activities.csv", rows[0], rows)
    for row in rows:
        if row["factor_status"] == "gap":
            leave("activities.csv", row, "no fact names a factor for it yet")


def main(facts: Path) -> None:
    left_out.clear()
    links = read_links(facts)
    build_cn.grid(facts, links)
    build_cn.fuels(facts, links)
    build_cn.process(facts, links)
    build_cn.materials(facts, links)
    build_cn.instruments()
    build_ipcc.sectors(facts, links)
    build_ipcc.fuels(facts, links)
    build_ipcc.industry_and_waste(facts, links)
    build_ipcc.gases(facts)
    build_intl.international(facts, links)
    gwp(facts)
    activities(facts)
    gaps = [{"file": file, "row": row, "reason": reason} for file, row, reason in sorted(set(left_out))]
    write_csv(HERE / "gaps.csv", ["file", "row", "reason"], gaps)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
