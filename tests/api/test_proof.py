"""`tanzhang proof` and its address under /api/v1: whoever may read an entry may have a proof of it, and anybody may check that."""

import base64
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from litestar.testing import TestClient

from api.app import create_app
from ledger.book import Book
from ledger.checkpoint import signing_key, verifier_key
from ledger.principal import Principal, Role
from ledger.proof_file import check
from ledger.prove import own_key
from tests.api.test_cli import place, run
from tests.api.test_post import Shown

__all__ = ["place"]

ROWS = "entry,day,account,commodity,amount,reference,memo\n"
FIRST = (
    ROWS + "A,2026-01-05,现金,CNY,100,INV-1,\nA,2026-01-05,sales,CNY,-100,,\nB,2026-01-06,现金,CNY,5,INV-2,\nB,2026-01-06,sales,CNY,-5,,\n"
)
SECOND = ROWS + "C,2026-02-05,现金,CNY,7,7777,\nC,2026-02-05,sales,CNY,-7,,\n"


@pytest.fixture
def kept(place: Path, capsys: Shown) -> Path:
    """Two commits: entries 0 and 1, then entry 2; and the keeper's key."""
    for name, text in (("first.csv", FIRST), ("second.csv", SECOND)):
        (place / name).write_text(text, encoding="utf-8")
    assert (run("init"), run("post", "first.csv", "--open-accounts"), run("post", "second.csv")) == (0, 0, 0)
    capsys.readouterr()
    assert run("proof", "key") == 0
    (place / "keeper.vkey").write_text(capsys.readouterr().out, encoding="utf-8")
    return place


def test_a_proof_is_written_and_tells_the_entry_s_day_kind_legs_and_amounts(
    kept: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("proof", "show", "1", "--output", "one.tlog-proof") == 0
    assert capsys.readouterr() == ("", "written: one.tlog-proof; check it with tanzhang proof verify one.tlog-proof\n")
    monkeypatch.setenv("TANZHANG_HOME", str(kept / "nowhere"))  # offline: no book, no home
    monkeypatch.setenv("TANZHANG_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    assert run("proof", "verify", "one.tlog-proof", "--key", "keeper.vkey") == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[0] == "proved: entry 1 is in the signed log of 3 entries, unchanged"
    assert lines[1].startswith("day     2026-01-06, posted ")
    assert lines[2:6] == ["kind    entry, in the book ledger", "ref     INV-2", "debit   5 unit CNY  现金", "credit  5 unit CNY  sales"]
    assert lines[-1].strip() == "the key that you gave"
    assert run("proof", "verify", "one.tlog-proof") == 0
    assert "came with the proof itself" in capsys.readouterr().out
    assert run("proof", "verify", "one.tlog-proof", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["holds"], told["proves"], told["size"], told["key_given"]) == (True, "entry", 3, False)
    assert told["entry"]["legs"][0] == {"account": "现金", "commodity": "CNY", "unit": "unit", "amount": "5"}
    assert not (kept / "nowhere").exists()


def test_standard_output_and_input_make_a_pipe(kept: Path, capsys: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("proof", "show", "INV-1") == 0
    text = capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
    assert run("proof", "verify", "-") == 0
    assert "entry 0 is in" in capsys.readouterr().out
    assert run("proof", "show", "0", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert sorted(told) == ["checkpoint", "index", "key", "path", "payload"]
    assert base64.b64decode(told["payload"]).startswith(b"16:tanzhang.entry.2,1:0,")


def test_an_entry_is_named_by_number_or_reference(kept: Path, capsys: Shown) -> None:
    texts = []
    for name in ("2", "7777"):  # a number that no entry has may be a reference
        assert run("proof", "show", name) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    for name in ("3", "INV", "INV-22", "9" * 40):
        assert run("proof", "show", name) == 2
        assert "no entry of this book has the number or the reference" in capsys.readouterr().err


def test_a_reference_of_several_entries_is_not_guessed(kept: Path, capsys: Shown) -> None:
    text = FIRST.replace("INV-2", "INV-1")
    (kept / "third.csv").write_text(
        text.replace("entry,day", "entry,key,day").replace("A,20", f"A,{'a' * 32},20").replace("B,20", f"B,{'b' * 32},20"), encoding="utf-8"
    )
    assert run("post", "third.csv") == 0
    capsys.readouterr()
    assert run("proof", "show", "INV-1") == 2
    assert "3 entries bear the reference 'INV-1': name one by its number, 0, 3, 4" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "check"),
    [
        ("index 1\n", "index 0\n", "path"),
        ("index 1\n", "index 01\n", "form"),
        ("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2", "form"),
        ("\n3\n", "\n4\n", "signature"),
        ("extra ", "extra  ", "form"),
        ("\n\n", "\n\n\n", "signature"),
    ],
)
def test_a_changed_proof_exits_3_and_names_the_check(kept: Path, capsys: Shown, old: str, new: str, check: str) -> None:
    assert run("proof", "show", "1", "--output", "one") == 0
    text = (kept / "one").read_text(encoding="utf-8")
    assert old in text
    (kept / "one").write_text(text.replace(old, new, 1), encoding="utf-8")
    capsys.readouterr()
    assert run("proof", "verify", "one") == 3
    out, err = capsys.readouterr()
    assert (out, err.split(" failed: ")[0]) == ("", f"not proved, the check of its {check}")
    assert run("proof", "verify", "one", "--json") == 3
    told = json.loads(capsys.readouterr().out)
    assert (told["holds"], told["check"]) == (False, check)


def test_another_s_key_and_files_that_are_none_are_refused(kept: Path, capsys: Shown) -> None:
    assert run("proof", "show", "1", "--output", "one") == 0
    other = verifier_key("tanzhang/other", signing_key(kept / "other").public_key())
    for key in (other, other.replace("A", "B"), "", "x+y+z"):
        (kept / "other.vkey").write_text(key, encoding="utf-8")
        assert run("proof", "verify", "one", "--key", "other.vkey") == 3
        assert "the check of its key failed" in capsys.readouterr().err
    for data in (b"", b"\xff\xfe", b"\0" * 1_000, FIRST.encode()):
        (kept / "bad").write_bytes(data)
        assert run("proof", "verify", "bad") == 3
        assert "the check of its form failed" in capsys.readouterr().err
    assert run("proof", "verify", "absent") == 2
    assert run("proof", "verify", "one", "--key", "absent") == 2
    assert run("proof", "show", "1", "--output", "no/such/folder") == 2


def test_growth_is_shown_between_signed_sizes(kept: Path, capsys: Shown) -> None:
    assert run("proof", "consistency", "--from", "2", "--output", "grown") == 0
    capsys.readouterr()
    assert run("proof", "verify", "grown", "--key", "keeper.vkey") == 0
    assert capsys.readouterr().out.startswith("proved: the log of 2 entries is the beginning of that of 3, unchanged\n")
    assert run("proof", "consistency", "--from", "2", "--to", "3") == 0
    assert capsys.readouterr().out == (kept / "grown").read_text(encoding="utf-8")
    assert run("proof", "consistency", "--from", "1") == 1
    assert "no checkpoint was signed over 1 entries; the nearest that were: 2" in capsys.readouterr().err
    assert run("proof", "consistency", "--from", "3", "--to", "2") == 1
    assert "the smaller size goes first" in capsys.readouterr().err


def test_a_book_without_entries_says_that_nothing_was_signed(place: Path, capsys: Shown) -> None:
    assert run("init") == 0
    for words in (("key",), ("consistency", "--from", "1")):
        assert run("proof", *words) == 1
        assert "nothing was signed yet" in capsys.readouterr().err


def test_what_a_proof_says_moves_no_cursor(kept: Path, capsys: Shown) -> None:
    (kept / "third.csv").write_text(ROWS + "D,2026-02-05,现金,CNY,1,\x1b[2Jgone,\nD,2026-02-05,sales,CNY,-1,,\n", encoding="utf-8")
    assert run("post", "third.csv") == 0
    assert run("proof", "show", "3", "--output", "three") == 0
    capsys.readouterr()
    assert run("proof", "verify", "three") == 0
    assert "ref     \ufffd[2Jgone" in capsys.readouterr().out


# --- over HTTP -------------------------------------------------------------------------------------------------------------------


def test_the_address_of_an_entry_gives_its_proof_to_keep(machine: TestClient[Any], shown: Book) -> None:
    answer = machine.get("/api/v1/entries/0/proof")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert answer.headers["content-disposition"] == 'attachment; filename="entry-0.tlog-proof"'
    proved = check(answer.content, key=own_key(shown))
    assert proved.entry is not None
    legs = machine.get("/api/v1/entries/0").json()["entry"]["legs"]
    assert [leg.account for leg in proved.entry.legs] == [leg["account"] for leg in legs]


def test_an_entry_that_is_not_there_has_no_proof(machine: TestClient[Any]) -> None:
    for address in ("999999", str(2**63 - 1)):
        assert machine.get(f"/api/v1/entries/{address}/proof").status_code == 404
    assert machine.get("/api/v1/entries/-1/proof").status_code in {400, 404}


def test_who_may_not_read_an_entry_may_not_have_its_proof(shown: Book) -> None:
    stranger = Principal(actor="stranger", role=Role.READER, holders=frozenset())
    with TestClient(create_app(shown, local=stranger)) as reader:
        assert reader.get("/api/v1/entries/0").status_code == 404
        assert reader.get("/api/v1/entries/0/proof").status_code == 404


def test_the_page_of_an_entry_offers_its_proof(client: TestClient[Any]) -> None:
    for language, words in (("zh", "下载证明"), ("en", "Download proof")):
        page = client.get(f"/{language}/entries/0").text
        assert f'<a href="/api/v1/entries/0/proof" download>{words}</a>' in page
