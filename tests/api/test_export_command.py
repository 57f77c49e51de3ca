"""`tanzhang export`: to standard output or a file, whole or not at all, and back in by `tanzhang post`."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.api.test_cli import place, run
from tests.api.test_post import GOOD, Shown, book, listed, written

__all__ = ["book", "place"]


@pytest.fixture
def kept(book: Path, capsys: Shown) -> Path:
    assert run("post", written(book, GOOD), "--open-accounts") == 0
    capsys.readouterr()
    return book


@pytest.mark.parametrize("form", ["beancount", "hledger", "parquet"])
def test_a_file_and_standard_output_hold_the_same(place: Path, capfdbinary: pytest.CaptureFixture[bytes], form: str) -> None:
    assert (run("init"), run("post", written(place, GOOD), "--open-accounts")) == (0, 0)
    capfdbinary.readouterr()
    assert run("export", "--format", form, "--output", f"book.{form}") == 0
    out, err = capfdbinary.readouterr()
    assert (out, err) == (b"", b"1 entries, 2 legs\n")
    assert run("export", "--format", form) == 0
    out, _ = capfdbinary.readouterr()
    assert out == (place / f"book.{form}").read_bytes()
    assert not list(place.glob("*.part"))


def test_days_and_book_bound_what_is_exported(kept: Path, capsys: Shown) -> None:
    for arguments, count in (
        (["--since", "2026-01-06"], 0),
        (["--until", "2026-01-05"], 1),
        (["--book", "other"], 0),
        (["--book", "ledger"], 1),
    ):
        assert run("export", "--format", "hledger", *arguments) == 0
        out, err = capsys.readouterr()
        assert out.count("(0) entry") == count
        assert err == f"{count} entries, {2 * count} legs\n"


def test_what_cannot_be_written_is_said_and_leaves_the_old_file(kept: Path, capsys: Shown) -> None:
    assert run("export", "--format", "gnucash") == 2
    assert "beancount, hledger, parquet" in capsys.readouterr().err
    assert run("export", "--format", "hledger", "--output", "no/such/folder.hledger") == 2
    assert "cannot be written" in capsys.readouterr().err
    assert run("export", "--format", "hledger", "--since", "1.1.2026") == 2


def test_parquet_goes_into_an_empty_book_with_equal_balances(kept: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("account", "close", "sales", "CNY") == 0
    assert run("export", "--format", "parquet", "--output", "book.parquet") == 0
    before = {name: row["amount"] for name, row in listed(capsys).items()}
    monkeypatch.setenv("TANZHANG_HOME", str(kept / "other"))
    assert run("init") == 0
    capsys.readouterr()
    assert run("post", "book.parquet", "--open-accounts", "--json") == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert (told["created"], told["rulings"]) == (1, 1)
    assert "left out: 1 rulings" in err
    assert {name: row["amount"] for name, row in listed(capsys).items()} == before
    assert run("verify") == 0


@pytest.mark.skipif(shutil.which("hledger") is None, reason="NO HLEDGER: the real tool was not asked; install the package hledger")
def test_the_help_s_pipe_into_hledger_holds(kept: Path, capsys: Shown) -> None:
    assert run("export", "--format", "hledger", "--since", "2026-01-01", "--until", "2026-12-31") == 0
    journal = capsys.readouterr().out
    told = subprocess.run(
        ["hledger", "-f", "-", "check", "--strict"],
        input=journal,
        text=True,
        capture_output=True,
        check=False,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin"},
    )
    assert (told.returncode, told.stderr) == (0, "")
