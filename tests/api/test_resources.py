"""What machines read under /api/v1."""

from typing import Any

import pytest
from litestar.testing import TestClient

POWER = "activity,quantity,unit,day,division\nelectricity.grid,100,kWh,2023-07-01,330106\n"


def test_a_division_is_told_in_grams_as_text(machine: TestClient[Any]) -> None:
    told = machine.get("/api/v1/regions/330522?year=2017&source=counties, example").json()
    assert (told["place"]["code"], told["mass_g"], told["previous_g"]) == ("330522", "5785000000000", "5900000000000")
    assert told["curve"][-1] == [2017, "5785000000000"]
    nation = machine.get("/api/v1/regions/100000?year=2017").json()
    assert nation["mass_g"] == "10011107000000000", "more than a float can hold to the gram"
    assert int(nation["children_g"]) + int(nation["residual_g"]) == int(nation["mass_g"])


def test_an_entry_and_its_line_are_told_whole(machine: TestClient[Any]) -> None:
    told = machine.get("/api/v1/entries/0").json()
    assert told["co2e_g"] == "2088939968"
    assert {leg["amount"] for leg in told["entry"]["legs"]} >= {"2072745519", "-2072745519"}
    assert len(told["entry"]["leaf"]) == 64
    assert told["entry"]["payload"].startswith("16:tanzhang.entry.2,")
    assert told["resolution"]["coefficients"]["CO2"]["exact"] == "873544133/500"
    line = machine.get("/api/v1/lines/0").json()
    assert (line["file"], line["row"], line["activity"]) == ("example_2023.xlsx", 2, "combustion.stationary.bituminous")
    assert machine.get("/api/v1/entries/0?gwp=AR6.100").json()["co2e_g"] != told["co2e_g"]


def test_balances_and_turnovers(machine: TestClient[Any]) -> None:
    year = machine.get("/api/v1/accounts/balance?account=atmosphere/330522/1A2").json()
    month = machine.get("/api/v1/accounts/balance?account=atmosphere/330522/1A2&from=2023-01-01&until=2023-01-31").json()
    carbon = {row["commodity"]: int(row["amount"]) for row in year}
    first = {row["commodity"]: int(row["amount"]) for row in month}
    assert carbon["CO2"] < first["CO2"] < 0
    assert machine.get("/api/v1/accounts/balance?account=no/such").status_code == 404


def test_a_statement_is_read_page_by_page_without_gap(machine: TestClient[Any]) -> None:
    address: str | None = "/api/v1/accounts/statement?account=atmosphere/330522/1A2&commodity=CO2&limit=7"
    seen: list[int] = []
    while address:
        answer = machine.get(address)
        seen += [row["entry_id"] for row in answer.json()]
        link = answer.headers.get("link")
        address = link.split(">")[0].removeprefix("<") if link else None
    assert seen == list(range(24))


def test_calc_gives_what_the_announcement_says(machine: TestClient[Any]) -> None:
    answer = machine.post("/api/v1/calc", content=POWER, headers={"content-type": "text/csv"})
    assert answer.status_code == 200
    told = answer.json()
    assert (told["line"], told["gases"], told["factor"]) == (2, {"CO2": "49740"}, "cn-grid/2025-47_e001#330000")
    assert "2025年第47号" in told["source"]
    line = '{"activity":"electricity.grid","quantity":"100","unit":"kWh","day":"2023-07-01","division":"330106"}\n'
    same = machine.post("/api/v1/calc", content=line, headers={"content-type": "application/jsonl"})
    assert same.content == answer.content


def test_calc_names_every_fault_by_row_and_column(machine: TestClient[Any]) -> None:
    bad = POWER + "electricity.grid,1e3,kWh,2023-07-01,330106\nelectricity.grid,5,kWx,2023-07-01,330106\n"
    answer = machine.post("/api/v1/calc", content=bad, headers={"content-type": "text/csv; charset=utf-8"})
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    told = answer.json()
    assert told["type"] == "urn:tanzhang:problem:file.faulty"
    assert [(fault["row"], fault["column"], fault["code"]) for fault in told["errors"]] == [
        (3, "quantity", "number.not-plain"),
        (4, "unit", "unit.unknown"),
    ]


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [("application/json", "{}", 415), ("", POWER, 415), ("text/plain", POWER, 415), ("text/csv", "", 422), ("text/csv", "\x00\x01", 422),
     ("text/csv", "活动,数量\n".encode("gbk"), 422), ("application/jsonl", "[" * 100_000, 400), ("application/jsonl", '{"quantity":100}', 400),
     ("application/jsonl", "{" * 100_000, 400), ("application/jsonl", "", 422)],
)  # fmt: skip
def test_hostile_bodies_are_refused_and_break_nothing(machine: TestClient[Any], kind: str, body: str | bytes, status: int) -> None:
    answer = machine.post("/api/v1/calc", content=body, headers={"content-type": kind})
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_activities_and_factors_are_found(machine: TestClient[Any]) -> None:
    assert len(machine.get("/api/v1/activities").json()) >= 426
    assert machine.get("/api/v1/activities?q=electricity.grid").json()[0]["name_zh"]
    found = machine.get("/api/v1/factors?q=electricity 330000 2023").json()
    assert found["count"] >= 1
    one = machine.get("/api/v1/factors/cn-grid/2025-47_e001/330000").json()
    assert one["parameters"][0]["value"] == "0.4974"
    assert machine.get("/api/v1/health").json()["entries"] == 84


def test_factors_are_read_to_their_end_page_by_page(machine: TestClient[Any]) -> None:
    question = "/api/v1/factors?q=electricity&region=CN"
    whole = [one["id"] for one in machine.get(f"{question}&limit=1000").json()["factors"]]
    at, seen = f"{question}&limit=7", []
    while at:
        answer = machine.get(at)
        assert answer.json()["count"] == len(whole)
        seen += [one["id"] for one in answer.json()["factors"]]
        at = answer.headers.get("link", "").partition(">")[0].removeprefix("<")
    assert len(whole) > 14
    assert seen == whole
    assert machine.get(f"{question}&after=cn-grid/none%230").status_code == 400


@pytest.mark.parametrize("path", ["/api/v1/nowhere", "/api/v1/entries/84", "/api/v1/factors/a/b/c", "/api/v1/regions/999999"])
def test_a_problem_is_sent_as_one(machine: TestClient[Any], path: str) -> None:
    answer = machine.get(path)
    assert answer.status_code == 404
    told = answer.json()
    assert set(told) >= {"type", "title", "status", "code", "detail"}
    assert "Traceback" not in answer.text
