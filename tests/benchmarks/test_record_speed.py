"""How long it takes to read a million lines and to record a hundred thousand (`make bench`)."""

import random
from datetime import date, timedelta

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from carbon.activity import parse_activities
from carbon.region.divisions import divisions
from tests.carbon.conftest import TODAY, Firm, firm, make_firm  # noqa: F401 — the fixtures

KINDS = [
    ("electricity.grid", ("kWh", "万kWh")),
    ("combustion.stationary.bituminous", ("t", "kg")),
    ("combustion.stationary.natural_gas", ("Nm3", "万Nm3")),
    ("combustion.mobile.road.diesel", ("t", "kg")),
    ("heat.purchased", ("GJ", "MJ")),
]


def counties() -> list[str]:
    tree, first, last = divisions(), date(2022, 1, 1), date(2023, 12, 31)
    codes = (row["code"] for row in tree.lineage().iter_rows(named=True) if row["level"] == "county")
    return [code for code in codes if code[:2] < "70" and tree.at(code, first) is not None and tree.at(code, first) is tree.at(code, last)]


def text(count: int, places: list[str]) -> bytes:
    dice = random.Random(7)
    start = date(2022, 1, 1)
    rows = ["activity,quantity,unit,day,division,source"]
    for number in range(count):
        activity, units = dice.choice(KINDS)
        day = start + timedelta(days=dice.randrange(730))
        rows.append(f"{activity},{dice.randrange(1, 10**7) / 1000},{dice.choice(units)},{day},{dice.choice(places)},M{number}")
    return ("\n".join(rows) + "\n").encode()


def test_reading_a_million_lines(benchmark: BenchmarkFixture) -> None:
    data = text(1_000_000, counties())
    lines = benchmark.pedantic(parse_activities, args=(data,), kwargs={"file": "x.csv", "tree": divisions(), "today": TODAY}, rounds=3)
    assert lines.frame.height == 1_000_000


@pytest.mark.parametrize("places", [1, 2_800])
def test_recording_a_hundred_thousand_lines(benchmark: BenchmarkFixture, firm: Firm, places: int) -> None:  # noqa: F811
    data = text(100_000, counties()[:places])
    receipt = benchmark.pedantic(firm.bytes, args=(data,), kwargs={"name": "large.csv"}, rounds=1)
    assert receipt.lines == 100_000
