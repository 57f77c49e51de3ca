"""README's commands are run, in a folder of nobody's, the way a reader would type them."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
TANZHANG = shutil.which("tanzhang") or str(Path(sys.executable).with_name("tanzhang"))


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith("TANZHANG")}
    return subprocess.run([TANZHANG, *words], cwd=folder, env=env, capture_output=True, text=True, check=False)


def good(folder: Path, *words: str) -> str:
    done = run(folder, *words)
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


def test_every_command_that_readme_names_exists() -> None:
    named = re.findall(r"^tanzhang ([a-z-]+(?: [a-z-]+)?)", README, re.MULTILINE)
    assert len(named) >= 12
    for words in {tuple(name.split()) for name in named}:
        command = (
            words
            if words[0] in {"factors", "holder", "site", "region", "units", "account", "month", "proof", "user", "access"}
            else words[:1]
        )
        assert "Usage: tanzhang " + " ".join(command) in good(ROOT, *command, "--help")


def test_the_way_through_the_commands_works_as_written(tmp_path: Path) -> None:
    good(tmp_path, "init")
    assert "electricity.grid" in good(tmp_path, "factors", "activities")
    command = re.search(r"\$ (printf .*)", README)
    assert command
    subprocess.run(command[1], shell=True, cwd=tmp_path, check=True)
    answer = json.loads(good(tmp_path, "calc", "power.csv", "--json"))
    assert answer["gases"] == {"CO2": "49740"}
    assert "49,740" in good(tmp_path, "calc", "power.csv")
    holder = json.loads(good(tmp_path, *shlex.split("holder add --name 示例建材有限公司 --kind firm --industry C3011 --json")))["id"]
    good(tmp_path, *shlex.split(f"site add --holder {holder} --code s01 --division 330522 --from 2020-01-01"))
    workbook = str(ROOT / "carbon" / "data" / "example_2023.xlsx")
    first = json.loads(good(tmp_path, "record", workbook, "--holder", holder, "--json"))
    again = json.loads(good(tmp_path, "record", workbook, "--holder", holder, "--json"))
    assert first["import_id"] == again["import_id"]
    series = tmp_path / "series.csv"
    series.write_text("division,year,mass\n330522,2017,5.785\n", encoding="utf-8")
    good(tmp_path, "region", "import", str(series), "--source", "S", "--unit", "Mt")
    shown = json.loads(good(tmp_path, *shlex.split("region show 330000 --year 2017 --source S --json")))
    assert (shown["mass_g"], shown["children"][0]["division"], shown["unallocated_g"]) == ("5785000000000", "330500", "0")
    turned = good(tmp_path, *shlex.split(f"balance holder/{holder}/ --from 2023-01-01 --until 2023-12-31 --json"))
    sides = good(tmp_path, *shlex.split("balance atmosphere/ --from 2023-01-01 --until 2023-12-31 --json"))
    assert sum(int(row["amount"]) for row in map(json.loads, turned.splitlines()) if row["book"] == "physical") == -sum(
        int(row["amount"]) for row in map(json.loads, sides.splitlines())
    )
    good(tmp_path, "verify")


def test_a_file_with_faults_leaves_standard_output_empty_and_exits_three(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("activity,quantity,unit,day,division\nfoo,NaN,kWh,2023-07-01,330106\n", encoding="utf-8")
    done = run(tmp_path, "calc", "bad.csv", "--json")
    assert (done.returncode, done.stdout) == (3, "")
    faults = [json.loads(line) for line in done.stderr.splitlines()]
    assert [set(fault) for fault in faults] == [{"file", "row", "column", "value", "code", "reason"}] * 2
    assert [fault["code"] for fault in faults] == ["activity.unknown", "number.not-plain"]


@pytest.mark.parametrize(
    "words", [["calc", "no-such-file.csv"], ["frobnicate"], ["balance"], ["serve", "--home", "nowhere", "--port", "x"]]
)
def test_a_mistake_at_the_prompt_is_a_sentence_and_no_traceback(tmp_path: Path, words: list[str]) -> None:
    done = run(tmp_path, *words)
    assert done.returncode in {1, 2, 3}
    assert done.stderr
    assert "Traceback" not in done.stderr
