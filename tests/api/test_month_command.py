"""`tanzhang month`: a month is closed, reopened and sealed at the prompt, and anybody checks what was sealed without a book."""

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.book import Book
from ledger.checkpoint import verifier_key
from ledger.sealed_file import ENTRIES, FILES, SEAL, SIGNATURE
from tests.api.test_cli import place, run
from tests.api.test_post import Shown
from tests.ledger.backups import on_sqlite, public
from tests.ledger.books import burning, put
from tests.ledger.test_backup import no_file_above

__all__ = ["place"]

Month = Callable[..., int]
WHY = ("--reason", "all bills are in")


@pytest.fixture
def month(book: Book, place: Path, monkeypatch: pytest.MonkeyPatch) -> Month:
    """`tanzhang month` on a book with an entry in March and one in April 2024; keeper.vkey is its key."""
    monkeypatch.setenv("TANZHANG_HOME", str(book.home))
    monkeypatch.setenv("TANZHANG_DATABASE_URL", book.url)
    put(book, burning("march"))
    put(book, burning("april", day=date(2024, 4, 2)))
    (place / "keeper.vkey").write_text(verifier_key(book.origin, public(book).public) + "\n")
    return lambda *words: run("month", *words)


def told(capsys: Shown) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_month_is_closed_sealed_restated_and_checked_without_the_book(
    book: Book, month: Month, capsys: Shown, monkeypatch: pytest.MonkeyPatch, place: Path
) -> None:
    assert month("close", "2024-03", *WHY) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("closed: 2024-03, by entry 2 over a log of 2 entries\nsealed: ")
    assert "sealed/2024-03 (1 entries, 4 postings, 4 turnover)" in err
    assert sorted(path.name for path in (book.home / "sealed" / "2024-03").iterdir()) == sorted([*FILES, SEAL, SIGNATURE])
    assert month("close", "2024-03", *WHY) == 3
    assert capsys.readouterr().err == "tanzhang: refused: 2024-03: it is closed already\n"

    assert month("reopen", "2024-03", "--reason", "wrong scale", "--second", "auditor-7", "--scope", "holder/h7k2m9/", "--json") == 0
    (ruled,) = told(capsys)
    assert (ruled["period"], ruled["closed"], ruled["second"], ruled["scope"], ruled["entry_id"]) == (
        "2024-03",
        False,
        "auditor-7",
        "holder/h7k2m9/",
        3,
    )
    assert month("seal", "2024-03") == 3
    assert "entry 3 reopened it within holder/h7k2m9/; a month is sealed once it is closed for every account" in capsys.readouterr().err
    assert month("close", "2024-03", "--scope", "holder/h7k2m9/", "--reason", "wrong scale", "--json") == 0
    (ruled,) = told(capsys)
    assert (ruled["closed"], ruled["size"], ruled["folder"]) == (True, 4, str(book.home / "sealed" / "2024-03.4"))
    assert run("verify") in {0, 3}  # whose carbon laws want lines behind these cells
    assert "sealed" not in capsys.readouterr().err

    assert month("seal", "2024-03", "--entry", "2", "--output", "out", "--json") == 0
    (sealed,) = told(capsys)
    assert (sealed["folder"], sealed["repeated"], sealed["seal"]["closing"]) == ("out/2024-03", False, 2)
    assert month("seal", "2024-03", "--entry", "2", "--output", "out") == 0
    assert capsys.readouterr().err.startswith("sealed before: out/2024-03")

    monkeypatch.setenv("TANZHANG_HOME", str(place / "nowhere"))  # offline: no book, no home
    monkeypatch.setenv("TANZHANG_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    assert month("check", "out/2024-03", "--key", "keeper.vkey") == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[0].startswith(f"holds: 2024-03 of book {book.id}, as entry 2 closed it at ")
    assert (lines[1].split(", ")[0], lines[3]) == (
        "log    2 entries",
        "rows   1 in entries.parquet, 4 in postings.parquet, 4 in turnover.parquet",
    )
    assert month("check", "out/2024-03", "--key", "keeper.vkey", "--json") == 0
    assert told(capsys) == [sealed["seal"]]
    assert not (place / "nowhere").exists()


def test_the_list_tells_who_ruled_what_and_where_it_lies_sealed(book: Book, month: Month, capsys: Shown) -> None:
    assert month("list") == 0
    assert capsys.readouterr().out.split()[:2] == ["month", "ruled"]
    assert (month("close", "2024-03", *WHY), month("close", "2024-04", "--no-seal", *WHY)) == (0, 0)
    assert month("reopen", "2024-03", "--reason", "late", "--second", "auditor-7") == 0
    capsys.readouterr()
    assert month("list", "--json") == 0
    rows = told(capsys)
    assert [(row["period"], row["closed"], row["reason"], row["second"]) for row in rows] == [
        ("2024-03", True, "all bills are in", None), ("2024-04", True, "all bills are in", None), ("2024-03", False, "late", "auditor-7"),
    ]  # fmt: skip
    assert [row["folder"] for row in rows] == [str(book.home / "sealed" / "2024-03"), None, None]
    assert month("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert "auditor-7" in lines[3]


@on_sqlite
def test_a_month_closed_in_part_is_not_sealed_and_says_so(book: Book, month: Month, capsys: Shown) -> None:
    assert month("close", "2024-03", "--scope", "holder/h7k2m9/", *WHY, "--json") == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["folder"] is None
    assert "closed: 2024-03 within holder/h7k2m9/, by entry 2" in err
    assert "not sealed: other accounts of 2024-03 are open still" in err
    assert not (book.home / "sealed").exists()


def test_a_disk_that_fills_up_after_the_closing_is_told_with_what_to_do(book: Book, month: Month, capsys: Shown) -> None:
    (book.home / "sealed").write_text("in the way")
    assert month("close", "2024-03", *WHY) == 1
    err = capsys.readouterr().err
    assert "tanzhang: the closing stands, and is not sealed: no month was sealed" in err
    assert err.endswith("Seal it later: tanzhang month seal 2024-03\n")
    (book.home / "sealed").unlink()
    with no_file_above(1_000):
        assert month("seal", "2024-03") == 1
    assert "File too large; is there room on its disk?" in capsys.readouterr().err
    assert list((book.home / "sealed").iterdir()) == []
    assert month("seal", "2024-03") == 0
    assert month("check", str(book.home / "sealed" / "2024-03"), "--key", "keeper.vkey") == 0


@on_sqlite
def test_a_checkpoint_that_cannot_be_written_leaves_the_closing_and_says_so(book: Book, month: Month, capsys: Shown) -> None:
    kept = book.checkpoint_file.rename(book.checkpoint_file.with_name("apart"))
    book.checkpoint_file.mkdir()
    assert month("close", "2024-03", *WHY) == 1
    err = capsys.readouterr().err
    assert "2024-03 is closed, its checkpoint and its sealed month were not written: " in err
    assert err.endswith("seal it: tanzhang month seal 2024-03\n")
    book.checkpoint_file.rmdir()
    kept.rename(book.checkpoint_file)
    assert month("seal", "2024-03") == 0


@on_sqlite
def test_what_does_not_hold_is_exit_three_with_every_fault_named(book: Book, month: Month, capsys: Shown, place: Path) -> None:
    assert (month("close", "2024-03", *WHY), month("seal", "2024-03", "--output", "out")) == (0, 0)
    folder = place / "out" / "2024-03"
    (folder / ENTRIES).unlink()
    (folder / "more\x1b[2J.txt").write_text("x")
    capsys.readouterr()
    assert month("check", str(folder), "--key", "keeper.vkey") == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "does not hold: files: entries.parquet: it is missing",
        "does not hold: files: more\ufffd[2J.txt: the seal does not name it",
    ]
    assert month("check", str(folder), "--key", "keeper.vkey", "--json") == 3
    assert [(fault["law"], fault["where"]) for fault in told(capsys)] == [("files", ENTRIES), ("files", "more\x1b[2J.txt")]
    assert month("seal", "2024-03", "--output", "out") == 2
    assert "nothing is written over it" in capsys.readouterr().err
    shutil.rmtree(book.home / "sealed" / "2024-03")
    (book.home / "secrets" / "checkpoint.key").rename(place / "apart.key")
    assert month("seal", "2024-03") == 3
    assert "put it back first" in capsys.readouterr().err
    assert not (book.home / "secrets" / "checkpoint.key").exists()


MISTAKES = [
    (["close", "2024-3", *WHY], "write it as 2023-06"),
    (["seal", "202403"], "write it as 2023-06"),
    (["close", "2024-13", *WHY], "write it as 2023-06"),
    (["close", "2024-03"], "--reason"),
    (["reopen", "2024-03", "--reason", "late"], "--second"),
    (["check", "out", "--key", "no-such.vkey"], "no-such.vkey"),
    (["check", "out", "--key", "power.csv"], "power.csv"),
]


@on_sqlite
def test_what_cannot_be_asked_is_wrong_usage(month: Month, capsys: Shown) -> None:
    for words, says in MISTAKES:
        assert month(*words) == 2, words
        assert says in capsys.readouterr().err


@on_sqlite
def test_a_month_is_reopened_by_a_second_person_alone(month: Month, capsys: Shown) -> None:
    assert month("close", "2024-03", "--no-seal", *WHY) == 0
    assert month("reopen", "2024-03", "--reason", "late", "--second", "local-admin") == 3
    assert "by a second person" in capsys.readouterr().err
