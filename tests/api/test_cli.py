"""The command line: data on standard output, messages on standard error, exit codes that mean one thing each."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer
from typer import Context
from typer.core import TyperGroup as Group

from api.cli import app, main

POWER = "activity,quantity,unit,day,division\nelectricity.grid,100,kWh,2023-07-01,330106\n"
GOLDEN = Path(__file__).parent / "help.txt"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("TANZHANG_") and "TEST" not in name]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TANZHANG_HOME", str(tmp_path / "home"))
    (tmp_path / "power.csv").write_text(POWER, encoding="utf-8")
    return tmp_path


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    code = left.value.code
    return code if isinstance(code, int) else 0


def commands(group: Group, *path: str) -> list[tuple[str, ...]]:
    found = [path]
    for name, command in sorted(group.commands.items()):
        found += commands(command, *path, name) if isinstance(command, Group) else [(*path, name)]
    return found


def every_help() -> str:
    root = typer.main.get_command(app)
    assert isinstance(root, Group)
    texts = []
    for path in commands(root):
        command, context = root, Context(root, info_name="tanzhang", terminal_width=100, max_content_width=100)
        for name in path:
            assert isinstance(command, Group)
            found = command.commands[name]
            context = Context(found, info_name=name, parent=context, terminal_width=100, max_content_width=100)
            command = found  # type: ignore[assignment]
        texts.append(command.get_help(context))
    return "\n\n".join(texts) + "\n"


def test_help_reads_as_it_was_agreed() -> None:
    told = every_help()
    if os.environ.get("TANZHANG_WRITE_GOLDEN"):
        GOLDEN.write_text(told, encoding="utf-8")
    assert told == GOLDEN.read_text(encoding="utf-8"), "set TANZHANG_WRITE_GOLDEN=1 to agree to the new text"


def test_every_command_opens_its_help_with_an_example() -> None:
    root = typer.main.get_command(app)
    assert isinstance(root, Group)
    for path in commands(root):
        at = root
        for name in path:
            at = at.commands[name]  # type: ignore[assignment]
        if not isinstance(at, Group):
            assert (at.help or "").lstrip("\b\n ").startswith("tanzhang " + " ".join(path)), path


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from api.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\nprint(sorted({'polars','litestar','pint','sqlalchemy','pandas','rich'} & set(sys.modules)), file=sys.stderr)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stderr.strip() == "[]"
    assert "tanzhang calc" in told.stdout


def test_calc_writes_json_lines(place: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    main_code = run("calc", "power.csv", "--json")
    out, err = capfdbinary.readouterr()
    assert (main_code, err) == (0, b"")
    assert json.loads(out)["gases"] == {"CO2": "49740"}


def test_calc_says_how_far_the_total_may_lie_only_when_asked(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "combustion.stationary.diesel,10,t,2024-03,330106\n"
    (place / "two.csv").write_text(POWER + rows, encoding="utf-8")
    assert run("calc", "two.csv", "--json") == 0
    plain = capsys.readouterr()
    assert plain.err == ""
    assert run("calc", "two.csv", "--json", "--uncertainty") == 0
    asked = capsys.readouterr()
    assert asked.out.startswith(plain.out)
    (last,) = asked.out.removeprefix(plain.out).splitlines()
    told = json.loads(last)["uncertainty"]
    assert told["total"] == sum(int(json.loads(line)["co2e_g"]) for line in plain.out.splitlines())
    assert (told["factor_not_stated"], told["activity_not_stated"]) == (1, 2)
    assert 1.9 < told["upper_pct"] < 2.1
    assert "± 2.0 % (95 %)" in asked.err
    assert "factor uncertainty not stated for 1 of 2 lines" in asked.err


def test_recalc_gives_both_answers_and_a_bridge_that_adds_up(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sets = ("--factor-set", "cn-grid/2024-33_e001", "--against-set", "cn-grid/2025-47_e001")
    assert run("recalc", "power.csv", *sets, "--against", "AR6.100", "--method", "market", "--json") == 0
    line, total = map(json.loads, capsys.readouterr().out.splitlines())
    assert line["line"] == 2
    assert [basis["packs"] for basis in total["bases"]] == [["cn-grid/2024-33_e001"], ["cn-grid/2025-47_e001"]]
    steps = {name: int(total[f"{name}_g"]) for name in ("before", "activity", "factor", "gwp", "method", "after")}
    assert steps["before"] == 51530  # 0.5153 kg/kWh, announcement 2024 no. 33
    assert steps["factor"] == 49740 - 51530  # 0.4974 kg/kWh, announcement 2025 no. 47
    assert steps["after"] == steps["before"] + steps["activity"] + steps["factor"] + steps["gwp"] + steps["method"]
    assert steps["method"] != 0
    assert run("recalc", "power.csv", "--against", "AR6.100") == 0
    assert "49,740 g CO2e → 49,740 g CO2e: activity +0, factor +0, gwp +0, method +0" in capsys.readouterr().err
    assert run("recalc", "power.csv", "--method", "best") == 2
    assert "location or market" in capsys.readouterr().err
    assert run("recalc", "power.csv", "--against-set", "nowhere/1_e001") == 1
    assert "cn-grid/2025-47_e001" in capsys.readouterr().err


def test_faults_go_to_standard_error_all_at_once(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "bad.csv").write_text(POWER + "electricity.grid,1e3,kWh,2023-07-01,330106\nnope,5,kWh,2023-07-01,330106\n", encoding="utf-8")
    assert run("calc", "bad.csv", "--json") == 3
    out, err = capsys.readouterr()
    assert out == ""
    faults = [json.loads(line) for line in err.splitlines()]
    assert [(fault["row"], fault["column"]) for fault in faults] == [(3, "quantity"), (4, "activity")]
    assert list(faults[0]) == ["file", "row", "column", "value", "code", "reason"]
    assert run("calc", "bad.csv") == 3
    assert "bad.csv:3:quantity:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [(["calc", "power.csv", "--gwp", "AR9"], 1, "AR5.100"), (["calc"], 2, "FILE"), (["nonsense"], 2, "nonsense"), (["balance", "x"], 1, "tanzhang init"),
     (["serve", "--host", "0.0.0.0"], 2, "lets other machines in"), (["calc", "missing.csv"], 3, "missing.csv")],
)  # fmt: skip
def test_what_goes_wrong_is_a_sentence_and_a_code(
    place: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    assert run(*arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "Traceback" not in err


def test_debug_shows_where_an_error_came_from(place: Path) -> None:
    from factors.errors import UnknownGwpSet

    with pytest.raises(UnknownGwpSet):
        main(["--debug", "calc", "power.csv", "--gwp", "AR9"])


def test_a_firms_year_on_the_command_line(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("init") == 0
    assert run("init") == 0
    capsys.readouterr()
    assert run("holder", "add", "--name", "示例", "--example") == 0
    holder = capsys.readouterr().out.strip()
    assert run("site", "add", "--holder", holder, "--code", "s01", "--division", "330106", "--from", "2020-01-01") == 0
    assert run("record", "power.csv", "--holder", holder, "--json") == 0
    receipt = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert receipt["lines"] == 1
    assert run("record", "power.csv", "--holder", holder) == 0
    assert "booked before" in capsys.readouterr().out
    assert run("balance", f"holder/{holder}/", "--from", "2023-07-01", "--until", "2023-07-31", "--json") == 0
    assert json.loads(capsys.readouterr().out)["amount"] == "49740"
    assert run("verify") == 0
    assert run("doctor", "--json") in {0, 1}
    checks = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {check["check"] for check in checks} >= {"python", "sqlite", "home", "book", "laws", "front end", "fonts", "port"}
    assert all(check["ok"] is not False or check["mend"] for check in checks)


def test_a_series_on_the_command_line_adds_up(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "s.csv").write_text("division,year,mass\n330502,2017,1.5\n330522,2017,0.5\n330500,2017,0.25\n", encoding="utf-8")
    run("init")
    assert run("region", "import", "s.csv", "--source", "S", "--unit", "Mt") == 0
    capsys.readouterr()
    assert run("region", "show", "330500", "--year", "2017", "--source", "S", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["mass_g"], told["unallocated_g"]) == ("2250000000000", "250000000000")
    assert sum(int(child["mass_g"]) for child in told["children"]) + int(told["unallocated_g"]) == int(told["mass_g"])


def test_the_demo_does_its_job_twice(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start = time.monotonic()
    assert run("demo", "--no-serve") == 0
    first = capsys.readouterr()
    assert "84 lines" in first.err
    assert "every law holds" in first.err
    assert "scope1" in first.out
    assert run("demo", "--no-serve") == 0
    assert "booked before" in capsys.readouterr().err
    assert time.monotonic() - start < 60
