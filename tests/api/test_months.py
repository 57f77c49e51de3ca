"""A county's months: each figure opens to entries that add up to it, and what is not monthly has its own row."""

import csv
import io
import re
from typing import Any

from litestar.testing import TestClient


def test_the_months_of_a_county_add_up_to_its_year_and_each_opens_to_entries_with_that_total(client: TestClient[Any]) -> None:
    rows = list(csv.DictReader(io.StringIO(client.get("/zh/regions/330522/months.csv?year=2023").text.removeprefix("\ufeff"))))
    direct = {row["month"]: int(row["co2e_g"]) for row in rows if row["book"] == "physical"}
    assert list(direct) == [f"2023{month:02d}" for month in range(1, 13)]
    sectors = client.get("/api/v1/regions/330522?year=2023").json()
    assert abs(sum(direct.values()) - int(sectors["filed_g"]["physical"])) <= 12
    page = client.get("/zh/entries?division=330522&year=2023&book=physical&month=202303").text
    assert f"{direct['202303']:,}" in page
    assert "2023-04-30" not in page


def test_a_county_page_shows_its_months_and_a_larger_place_does_not(client: TestClient[Any]) -> None:
    assert re.search(r"<h2>填报，分月</h2>", client.get("/zh/regions/330522?year=2023").text)
    assert "Filed, by month" in client.get("/en/regions/330522?year=2023").text
    assert "填报，分月" not in client.get("/zh/regions/330500?year=2023").text


def test_nothing_but_a_month_may_be_asked_for(client: TestClient[Any]) -> None:
    assert client.get("/zh/entries?division=330522&year=2023&month=March").status_code == 400
    assert client.get("/zh/entries?division=330522&year=2023&book=physical&month=none").status_code == 200
