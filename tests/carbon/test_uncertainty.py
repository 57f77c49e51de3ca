"""The errors that lines of a file share: one factor behind many lines, one meter behind many months."""

from datetime import date

import pytest

from carbon.activity import parse_activities
from carbon.estimate import estimate
from carbon.region.divisions import chain_of, divisions
from carbon.uncertainty import spread_of
from factors.gwp import gwp_set
from factors.library import load_library
from factors.uncertainty import Spread, analytic

HEAD = "activity,quantity,unit,day,division,category,source,uncertainty_pct\n"


def spread(text: str) -> tuple[Spread, int]:
    lines = parse_activities((HEAD + text).encode(), file="test.csv", tree=divisions(), today=date(2026, 11, 25))
    found = spread_of(lines, estimate(lines, load_library(), chain=chain_of), gwp=gwp_set("AR5.100"))
    return found, round(found.amount.sum())


def test_months_of_one_factor_are_one_factor() -> None:
    months, total = spread("".join(f"combustion.stationary.diesel,10,t,2024-{month:02d},330522,,,\n" for month in range(1, 7)))
    assert list(months.names) == ["cn-fuels/ndrc2013_steel_e001#diesel CO2"]
    told = analytic(months, total=total)
    assert told.upper_pct == pytest.approx(2.02, abs=0.01)  # 74100 (72600–74800) kg/TJ: the longer half-width
    assert "borrowed" in told.contributions[0].source
    assert told.activity_not_stated == 6


def test_power_states_no_uncertainty_and_the_line_may() -> None:
    power, total = spread("electricity.grid,100,kWh,2023-07-01,330106,,,5\nelectricity.grid,100,kWh,2023-08-01,330106,,,\n")
    told = analytic(power, total=total)
    assert (told.factor_not_stated, told.activity_not_stated) == (2, 1)
    assert told.upper_pct == pytest.approx(2.5)


def test_lines_of_one_meter_share_its_error() -> None:
    rows = "electricity.grid,100,kWh,2023-07-01,330106,,{},4\nelectricity.grid,100,kWh,2023-08-01,330106,,{},4\n"
    (same, total), (other, _) = spread(rows.format("meter-1", "meter-1")), spread(rows.format("meter-1", "meter-2"))
    assert analytic(same, total=total).upper_pct == pytest.approx(4)
    assert analytic(other, total=total).upper_pct == pytest.approx(4 / 2**0.5, abs=1e-3)


def test_every_gas_of_a_fuel_has_the_factor_it_came_from() -> None:
    coal, total = spread("combustion.stationary.bituminous,1,t,2024-03,330522,1A2,,\n")
    assert [name.rpartition(" ")[2] for name in coal.names] == ["CO2", "CH4", "N2O"]
    assert all(coal.intervals)
    assert total == pytest.approx(2184371986 / 1240.6, rel=1e-6)


def test_a_period_over_two_factor_years_is_put_down_to_both() -> None:
    text = "activity,quantity,unit,start,end,division\nelectricity.grid,41000,kWh,2022-12-22,2023-01-31,330106\n"
    lines = parse_activities(text.encode(), file="test.csv", tree=divisions(), today=date(2026, 11, 25))
    found = spread_of(lines, estimate(lines, load_library(), chain=chain_of), gwp=gwp_set("AR5.100"))
    assert [name.split("#")[0] for name in found.names] == ["cn-grid/2024-33_e001", "cn-grid/2025-47_e001"]
    assert found.amount[0] / found.amount.sum() == pytest.approx(10 / 41)
