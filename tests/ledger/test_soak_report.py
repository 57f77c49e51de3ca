"""The table of `make soak-ledger` names tests that are there, and hides none that failed or was not run."""

import ast
import json
from pathlib import Path

import pytest

from tests.ledger.soak_report import TARGETS, main


def test_every_row_of_the_table_is_a_test_of_the_ledger() -> None:
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in Path(__file__).parent.glob("test_*.py")]
    assert set(TARGETS) <= {node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_what_failed_or_was_not_run_is_said_and_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = {"engine": "sqlite", "count": 1000, "result": "0 missed", "why": "", "passed": True, "seconds": 61.4}
    lines = [{"test": test, **line} for test in TARGETS]
    report = tmp_path / "report.jsonl"

    def told(lines: list[dict[str, object]]) -> tuple[int, str]:
        report.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        return main(report), capsys.readouterr().out

    code, table = told(lines)
    assert (code, table.count("| SQLite | 1,000 | 0 missed | 61 s |")) == (0, len(TARGETS))
    code, table = told(lines[1:])
    assert (code, table.count("not run")) == (1, 1)
    code, table = told([*lines, lines[0] | {"passed": False, "result": "failed", "engine": "postgresql"}])
    assert (code, table.count("| PostgreSQL | 1,000 | failed | 61 s |")) == (1, 1)
