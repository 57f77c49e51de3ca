"""Estimating a million lines beside what people would use instead: a pandas merge, and pint line by line. Ratios in one run."""

import random
import time
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pint
import pytest

from carbon.activity import read_activities
from carbon.answer import json_lines
from carbon.estimate import estimate
from carbon.region.divisions import chain_of, divisions
from factors.gwp import gwp_set
from factors.library import load_library

LINES = 1_000_000
PINT_LINES = 2_000
TODAY = date(2026, 11, 25)
ACTIVITIES = [
    ("electricity.grid", ["kWh", "万kWh"]), ("electricity.exported", ["kWh", "MWh"]), ("heat.purchased", ["GJ", "MJ"]),
    ("process.carbonate.limestone", ["t", "kg"]), ("process.carbonate.dolomite", ["t", "kg"]),
    ("combustion.mobile.road.diesel", ["t", "kg"]), ("combustion.mobile.road.gasoline", ["t", "kg"]),
    *((f"combustion.stationary.{fuel}", ["t", "kg"]) for fuel in
      ("bituminous", "anthracite", "lignite", "coke", "crude_oil", "fuel_oil", "diesel", "gasoline", "kerosene", "lpg")),
    *((f"combustion.stationary.{gas}", ["Nm3", "万Nm3"]) for gas in ("natural_gas", "coke_oven_gas", "blast_furnace_gas")),
]  # fmt: skip


@pytest.fixture(scope="module")
def million(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty activities in two units each, every county of today, days of two years."""
    rng = random.Random(1)
    tree = divisions()
    first = date(2023, 1, 1)
    lineage = tree.lineage()
    codes = [c for c, level in lineage.select("code", "level").iter_rows() if level == "county" and tree.at(c, first) and tree.at(c, TODAY)]
    path = tmp_path_factory.mktemp("million") / "lines.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("activity,quantity,unit,day,division\n")
        for _ in range(LINES):
            activity, units = rng.choice(ACTIVITIES)
            quantity = round(rng.lognormvariate(5, 2), rng.randint(0, 4))
            file.write(f"{activity},{quantity},{rng.choice(units)},{first + timedelta(days=rng.randrange(730))},{rng.choice(codes)}\n")
    return path


def ours(path: Path) -> int:
    lines = read_activities(path, tree=divisions(), today=TODAY)
    emissions = estimate(lines, load_library(), chain=chain_of)
    return sum(len(chunk) for chunk in json_lines(lines, emissions, gwp=gwp_set("AR5.100"), chain=chain_of))


def by_pandas(path: Path) -> int:
    """The same file through a merge on province and year, floats, one gas, and `to_json`: less than ours gives, by the usual tool."""
    frame = pd.read_csv(path, dtype={"division": str})
    frame["year"] = frame["day"].str[:4].astype(int).clip(upper=2023)
    library = load_library()
    rows = []
    for activity, units in ACTIVITIES:
        for unit in units:
            for province in frame["division"].str[:2].unique():
                chain = chain_of(province + "0000", date(2023, 12, 31))
                found = library.resolve(activity, regions=chain, start=date(2023, 7, 1), end=date(2023, 7, 1), unit=unit)
                rows.append((activity, unit, province, float(found.coefficients["CO2"]), found.factor_ids, found.cited))
    table = pd.DataFrame(rows, columns=["activity", "unit", "province", "coefficient", "factor", "source"])
    frame["province"] = frame["division"].str[:2]
    merged = frame.merge(table, on=["activity", "unit", "province"], how="left")
    merged["CO2"] = merged["quantity"] * merged["coefficient"]
    text = merged[["activity", "factor", "day", "CO2", "source"]].to_json(orient="records", lines=True, force_ascii=False)
    return len(text or "")


def by_pint(path: Path) -> float:
    """The first lines of the file, each quantity through a pint registry of its own units."""
    ureg: pint.UnitRegistry[float] = pint.UnitRegistry()
    ureg.define("tce = 29.307 * gigajoule")
    total = 0.0
    with path.open(encoding="utf-8") as file:
        next(file)
        for _, line in zip(range(PINT_LINES), file, strict=False):
            _, quantity, unit, _, _ = line.split(",")
            scale, name = (10_000, unit[1:]) if unit.startswith("万") else (1, unit)
            target = {"kWh": "kWh", "MWh": "kWh", "GJ": "GJ", "MJ": "GJ", "t": "metric_ton", "kg": "metric_ton", "Nm3": "meter ** 3"}[name]
            source = {"t": "metric_ton", "Nm3": "meter ** 3"}.get(name, name)
            total += ureg.Quantity(float(quantity) * scale, source).to(target).magnitude
    return total


def test_a_million_lines_from_csv_to_json(million: Path, benchmark) -> None:  # type: ignore[no-untyped-def]
    written = benchmark.pedantic(ours, args=(million,), rounds=3, warmup_rounds=1)
    assert written > 100 * LINES
    mine = benchmark.stats.stats.min
    start = time.perf_counter()
    by_pandas(million)
    pandas_s = time.perf_counter() - start
    start = time.perf_counter()
    by_pint(million)
    pint_s = (time.perf_counter() - start) * LINES / PINT_LINES
    print(f"\ncalc: {LINES / mine:,.0f} lines/s; pandas merge takes {pandas_s / mine:.1f}× as long, pint line by line {pint_s / mine:.0f}×")
