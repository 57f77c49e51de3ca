"""Units on the command line: the exact answer on standard output, a refusal on standard error, and by what."""

import json
import os
from pathlib import Path

import pytest

from tests.api.test_cli import run


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("TANZHANG_") and "TEST" not in name]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("1 tce GJ", "1 tce = 29.307 GJ"), ("1 万kWh GJ", "1 万kWh = 36 GJ"), ("100 short_ton kg", "100 short_ton = 90718.474 kg"),
        ("1 oil_barrel L", "1 bbl = 158.987294928 L"), ("1 亩 m2", "1 亩 = 2000/3 ≈ 666.666666666667 m2"), ("1 tC tCO2", "1 tC = 11/3 ≈ 3.66666666666667 tCO2"),
        ("1万kWh GJ", "1 万kWh = 36 GJ"), ("-- -2 t kg", "-2 t = -2000 kg"),
    ],
)  # fmt: skip
def test_a_conversion_is_exact_and_says_by_what(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("units", "convert", *words.split()) == 0
    out, err = capsys.readouterr()
    first, *by = out.splitlines()
    assert first == said
    assert by
    assert all(line.startswith("  by ") for line in by)
    assert err == ""


def test_json_holds_the_decimal_the_fraction_and_the_definitions(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("units", "convert", "1", "亩", "m2", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert {name: told[name] for name in ("value", "unit", "to", "result", "exact", "ends")} == {
        "value": "1", "unit": "亩", "to": "m2", "result": "666.666666666667", "exact": "2000/3", "ends": False,
    }  # fmt: skip
    assert "10000/15" in told["by"][0]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("1 ton kg", 1, "short_ton"), ("1 Nm3 kg", 1, "--fuel"), ("1 GJ_HHV GJ", 1, "gross"), ("1e3 kg t", 1, "plain number"), ("1 104Nm3 Nm3", 1, "exponent"),
        ("1 kg", 1, "1 tce GJ"), ("1 kWh tce --as 等价值", 1, "--year"), ("1 kWh tce --as 等价值 --year 2022", 1, "electricity_primary"), ("1 t tce --as 当量值", 2, "--fuel"),
        ("1 kWh tce --as best", 2, "等价值"), ("1 kWh tce --year 2022", 2, "--as"), ("1 t GJ --set prov2025", 2, "--fuel"),
        ("1 t GJ --fuel combustion.stationary.diesel --set nope", 1, "ndrc2013_steel"), ("1 L GJ --fuel combustion.stationary.diesel", 1, "42.652 GJ/t"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_says_what_is_missing(words: str, code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("units", "convert", *words.split()) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "Traceback" not in err


def test_standard_coal_names_its_kind_and_its_coefficient(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("units", "convert", "1", "万kWh", "tce", "--as", "当量值") == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "1 万kWh = 1.229 tce, 当量值 (calorific)"
    assert "0.1229 kgce/kWh" in out
    assert "GB/T 2589-2020" in out
    assert "taken to be electricity" in err
    asked = ("--as", "equivalent", "--year", "2022", "--coefficient", "electricity_primary", "--json")
    assert run("units", "convert", "1", "kWh", "kgce", *asked) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["result"], told["kind"], told["kind_zh"], told["coefficient"]["id"]) == (
        "0.31",
        "equivalent",
        "等价值",
        "electricity_primary",
    )
    assert "doubted" in told["by"][-1]


def test_a_fuel_lends_the_calorific_value_of_one_set_and_is_cited(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("units", "convert", "100", "t", "GJ", "--fuel", "combustion.stationary.diesel", "--set", "ndrc2013_steel") == 0
    out = capsys.readouterr().out
    assert out.startswith("100 t = 4265.2 GJ\n")
    assert "cn-fuels/ndrc2013_steel_e001#diesel" in out


def test_the_list_shows_every_unit_what_defines_it_and_what_is_ambiguous(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("units", "list", "--json") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"tce", "Nm3", "kWh_HHV", "tC"} <= {row["token"] for row in rows}
    assert all(row["defined_by"] for row in rows)
    assert run("units", "list", "energy_hhv") == 0
    assert "therm_HHV" in capsys.readouterr().out
    assert run("units", "list", "ambiguous", "--json") == 0
    asked = {row["spelling"]: row["write_one_of"] for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert asked["ton"] == ["t", "short_ton", "long_ton"]
    assert run("units", "list", "weight") == 2
    assert "energy_hhv" in capsys.readouterr().err
