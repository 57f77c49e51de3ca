"""The filing of a firm at its full size: each part beside its limit. Times in one run."""

import time
from datetime import date

from carbon.activity import ActivityFrame, parse_activities
from carbon.bookkeeping import place_lines
from carbon.enterprise.inventory.inventory import inventory
from carbon.enterprise.inventory.lines import preview_lines
from carbon.enterprise.inventory.spread import made_by
from carbon.estimate import estimate
from carbon.region.divisions import chain_of, divisions
from factors.gwp import gwp_set
from factors.library import load_library

LINES = 50_000
USED = (
    ("electricity.grid", "kWh"), ("combustion.stationary.bituminous", "t"), ("combustion.stationary.natural_gas", "Nm3"),
    ("combustion.mobile.road.diesel", "t"), ("heat.purchased", "GJ"), ("fugitive.refrigerant.r410a", "kg"),
    ("process.carbonate.limestone", "t"), ("material.cement", "t"), ("combustion.stationary.diesel", "t"), ("deduction.co2.recovered", "t"),
)  # fmt: skip


def a_year(lines: int = LINES) -> ActivityFrame:
    """A year of twenty sites, five thousand meters and ten activities."""
    rows = ["activity,quantity,unit,day,site,source,uncertainty_pct"]
    for no in range(lines):
        activity, unit = USED[no % 10]
        rows.append(f"{activity},{no % 977}.{no % 10}1,{unit},2023-{no % 12 + 1:02d},s{no % 20:02d},m{no // 10},{'' if no % 3 else 5}")
    sites = {f"s{no:02d}": ((date(2020, 1, 1), "330522"),) for no in range(20)}
    return parse_activities("\n".join(rows).encode(), file="year.csv", tree=divisions(), today=date(2026, 1, 1), sites=sites)


def test_an_inventory_of_fifty_thousand_previewed_lines_in_half_a_second(benchmark) -> None:  # type: ignore[no-untyped-def]
    placed = place_lines(a_year(), industry="C3011")
    emissions = estimate(placed.lines, load_library(), chain=chain_of)
    start = time.perf_counter()
    lines = preview_lines(placed, emissions, holder="ha")
    laid_s = time.perf_counter() - start
    made, prices = made_by(emissions.resolutions), gwp_set("AR5.100")
    found = benchmark.pedantic(
        inventory, args=(lines,), kwargs={"holder": "ha", "year": 2023, "prices": prices, "made": made}, rounds=8, warmup_rounds=1
    )
    best = benchmark.stats.stats.min
    print(f"\n{LINES:,} lines ({lines.height:,} amounts): lines {laid_s * 1000:.0f} ms, inventory with every ± {best * 1000:.0f} ms")
    assert found.total_location_g > 0
    assert best < 0.5
