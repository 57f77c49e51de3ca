"""What others build on changes only where somebody agrees to it: the golden text in contract.txt."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from litestar import Litestar

from api.cli import main
from api.operations.contract import contract
from migrations import models

GOLDEN = Path(__file__).parent / "contract.txt"


@pytest.fixture(scope="module")
def lines() -> list[str]:
    models()
    return list(contract())


def test_the_contract_reads_as_it_was_agreed(lines: list[str]) -> None:
    told = "\n".join(lines) + "\n"
    if os.environ.get("TANZHANG_WRITE_GOLDEN"):
        GOLDEN.write_text(told, encoding="utf-8")
    assert told == GOLDEN.read_text(encoding="utf-8"), "set TANZHANG_WRITE_GOLDEN=1 to agree to the new text"


def test_the_contract_is_the_same_in_every_process(lines: list[str]) -> None:
    command = [sys.executable, "-m", "api.cli", "contract"]
    other = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "4711"},
        cwd=Path(__file__).parent.parent.parent,
    )
    assert other.stdout.splitlines() == "\n".join(lines).splitlines()


def test_every_route_and_every_command_is_in_it(lines: list[str], app: Litestar) -> None:
    text = "\n".join(lines)
    for path in ("/health", "/ready", "/metrics", "/static/{file_path:path}", "/api/v1/entries/{entry_id:int}", "/{language}/sign-in"):
        assert f" {path} | " in text, path
    for route in app.routes:
        bare = "/{language}/" + route.path.split("/", 2)[2] if route.path.startswith(("/zh/", "/en/")) else route.path
        assert f" {bare} | " in text, bare
    for command in ("serve", "doctor", "migrate", "contract", "user add", "backup"):
        assert any(line.startswith(f"tanzhang {command}") for line in lines), command


def test_words_about_a_field_are_no_part_of_it_and_a_field_of_that_name_is(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert '"description": "' not in text
    assert "\n  title" in text  # a problem's


def test_the_command_needs_no_book(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main(["contract"])
    assert left.value.code in {0, None}
    assert "# routes" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
