"""`tanzhang post` and `tanzhang account`: the bare ledger on the command line."""

import json
from pathlib import Path

import pytest

from tests.api.test_cli import place, run

__all__ = ["place"]
GOOD = "entry,day,account,commodity,amount\nE1,2026-01-05,cash/till,CNY,100\nE1,2026-01-05,sales,CNY,-100\n"
Shown = pytest.CaptureFixture[str]


@pytest.fixture
def book(place: Path, capsys: Shown) -> Path:
    assert run("init") == 0
    capsys.readouterr()
    return place


def written(folder: Path, text: str, name: str = "entries.csv") -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return name


def listed(capsys: Shown) -> dict[str, dict[str, object]]:
    capsys.readouterr()
    assert run("account", "list", "--json") == 0
    return {row["account"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}


def test_a_file_posts_once(book: Path, capsys: Shown) -> None:
    file = written(book, GOOD)
    assert run("post", file, "--open-accounts", "--json") == 0
    first = json.loads(capsys.readouterr().out)
    assert (first["entries"], first["created"], first["repeated"], first["refused"]) == (1, 1, 0, [])
    assert run("post", file, "--json") == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["created"], again["repeated"], again["first_entry"]) == (0, 1, first["first_entry"])
    assert run("post", file) == 0
    assert "0 entries posted, 1 posted before" in capsys.readouterr().out
    assert run("balance", "cash/till", "--json") == 0
    assert json.loads(capsys.readouterr().out)["amount"] == "100"
    assert run("verify") == 0


def test_an_unbalanced_file_exits_3_says_the_sums_and_posts_nothing(book: Path, capsys: Shown) -> None:
    file = written(
        book,
        GOOD.replace("amount\n", "amount,reference\n").replace("100\n", "100,R-1\n").replace("-100,R-1", "-99,")
        + "E2,2026-01-05,a,CNY,1,\nE2,2026-01-05,b,CNY,-1,\n",
    )
    assert run("post", file, "--open-accounts") == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert (
        err
        == "entries.csv:2: entry 'E1' (reference 'R-1'): debits 100 and credits 99 CNY are out of balance by 1: its legs must sum to 0\n"
    )
    assert run("post", file, "--open-accounts", "--json") == 3
    fault = json.loads(capsys.readouterr().err)
    assert (fault["row"], fault["reference"], fault["code"]) == (2, "R-1", "entry.unbalanced")
    assert listed(capsys) == {}
    assert run("post", file, "--open-accounts", "--partial") == 3
    out, err = capsys.readouterr()
    assert "1 entries posted, 0 posted before, 1 faults" in out
    assert "out of balance by 1" in err
    assert set(listed(capsys)) == {"a", "b"}


def test_accounts_are_opened_before_they_are_posted_to(book: Path, capsys: Shown) -> None:
    file = written(book, GOOD)
    assert run("post", file) == 3
    assert "nobody opened 'cash/till' in CNY" in capsys.readouterr().err
    assert run("account", "open", "cash/till", "CNY", "--unit", "fen", "--floor", "0") == 0
    assert run("account", "open", "sales", "CNY", "--side", "credit") == 0
    assert run("post", file) == 0
    accounts = listed(capsys)
    assert {name: (row["amount"], row["unit"], row["side"], row["floor"], row["closed"]) for name, row in accounts.items()} == {
        "cash/till": ("100", "fen", "debit", "0", False), "sales": ("-100", "fen", "credit", None, False),
    }  # fmt: skip
    back = written(book, GOOD.replace("-100", "x").replace("100", "-101").replace("x", "101"), "back.csv")
    assert run("post", back) == 3
    assert "may not fall below 0" in capsys.readouterr().err
    assert run("account", "close", "sales", "CNY") == 0
    assert run("post", written(book, GOOD.replace("E1", "E9"), "late.csv")) == 3
    assert "is closed" in capsys.readouterr().err
    assert run("account", "list") == 0
    table = capsys.readouterr().out
    assert "closed" in table.splitlines()[2]
    assert run("account", "open", "sales", "CNY", "--side", "credit") == 0
    assert run("post", "late.csv") == 0
    assert run("verify") == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [(["post", "none.csv"], 3, "there is no such file"), (["post", "entries.xlsx"], 3, ".csv or .parquet"), (["post", "entries.csv", "--book", "Ü"], 2, "--book"),
     (["account", "open", "a b", "CNY"], 1, "no account name"), (["account", "open", "a", "C Y"], 1, "no commodity code"), (["account", "open", "a", "CNY", "--side", "left"], 2, "debit or credit"),
     (["account", "close", "never", "CNY"], 1, "never"), (["account", "open", "a", "CNY", "--floor", str(2**63)], 1, "64 bits")],
)  # fmt: skip
def test_what_cannot_be_is_a_sentence_and_a_code(book: Path, capsys: Shown, arguments: list[str], code: int, said: str) -> None:
    written(book, GOOD)
    written(book, "x", "entries.xlsx")
    assert run(*arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "error of the program" not in err


def test_a_new_commodity_without_a_unit_and_a_memo_are_told(book: Path, capsys: Shown) -> None:
    file = written(book, GOOD.replace("amount\n", "amount,memo\n").replace("100\n", "100,进货\n"))
    assert run("post", file, "--open-accounts") == 0
    err = capsys.readouterr().err
    assert "CNY is new and was given no unit" in err
    assert "memos stay in the file" in err
