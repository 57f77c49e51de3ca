"""`tanzhang estimate`: a file of any size, on the command line."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl


def estimate(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from api.cli import main; main()", "estimate", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env={"PATH": "", "PYTHONPATH": str(Path.cwd())})


def test_a_file_without_a_fault_exits_zero_and_says_its_totals(tmp_path: Path) -> None:
    (tmp_path / "power.csv").write_text(
        "activity,quantity,unit,day,division\nelectricity.grid,100,kWh,2023-07-01,330106\n", encoding="utf-8"
    )
    done = estimate(tmp_path, "power.csv", "--output", "out.parquet", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["totals"] == {"CO2": "49740"}
    assert pl.read_parquet(tmp_path / "out.parquet")["CO2"].to_list() == [49740]


def test_lines_without_an_answer_exit_three_and_are_told_by_reason(tmp_path: Path) -> None:
    text = "activity,quantity,unit,day,division\nelectricity.grid,100,kWh,2023-07-01,330106\n龙卷风,1,kWh,2023-07-01,330106\n"
    (tmp_path / "power.csv").write_text(text, encoding="utf-8")
    done = estimate(tmp_path, "power.csv", "--output", "out.parquet")
    assert done.returncode == 3
    assert "activity.unknown 1" in done.stderr
    assert pl.read_parquet(tmp_path / "out.quarantine.parquet")["value"].to_list() == ["龙卷风"]
    assert "49,740" in done.stdout


def test_a_file_that_is_missing_or_no_parquet_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "bad.parquet").write_text("nothing of the kind")
    for name in ("none.parquet", "bad.parquet"):
        done = estimate(tmp_path, name, "--output", "out.parquet")
        assert done.returncode == 1
        assert name in done.stderr
        assert "Traceback" not in done.stderr
        assert "error of the program" not in done.stderr
