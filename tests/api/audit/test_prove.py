"""A single record is proved to be in what was signed, without any other, and whoever changes a sign of it is found out."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from api.audit.prove import check_record, prove_record
from api.audit.sign import sign_log
from api.cli import main
from ledger.book import Book
from ledger.errors import BadProof
from ledger.proof_file import check
from ledger.prove import own_key
from tests.api.audit.test_check import filled, meddle
from tests.api.audit.test_expire import aged, take_out
from tests.ledger.books import burning, put


@pytest.mark.parametrize("count", [1, 2, 7, 8, 21])
def test_each_record_is_proved_under_the_keepers_key(book: Book, count: int) -> None:
    filled(book, count)
    sign_log(book)
    sign_key = own_key(book)
    for number in range(count):
        shown = check_record(prove_record(book, number).text().encode(), key=sign_key)
        assert (shown.number, shown.record.object, shown.checkpoint.size, shown.trusted) == (number, str(number), count, True)


def test_what_was_taken_out_is_proved_from_its_archive_and_the_rest_without(book: Book) -> None:
    aged(book)
    first, second = take_out(book, days=2500), take_out(book)
    for number in range(41):
        assert check_record(prove_record(book, number).text().encode()).number == number
    for made in (first, second):
        (book.home / made.file).unlink()
    for number in range(second.size, 41):
        assert check_record(prove_record(book, number).text().encode()).number == number
    with pytest.raises(BadProof, match=f"{second.file} that held it is gone"):
        prove_record(book, second.size - 1)


def test_whoever_changes_a_record_proves_nothing(book: Book) -> None:
    filled(book)
    meddle(book, "UPDATE access SET leaf = (SELECT leaf FROM access WHERE id = 5) WHERE id = 4")
    for number in (5, 0):
        with pytest.raises(BadProof, match="no longer the one that was signed"):
            prove_record(book, number)
    with pytest.raises(BadProof, match="covers records 0 to 8"):
        prove_record(book, 9)


def test_a_changed_proof_and_a_proof_of_something_else_are_refused(book: Book, make_book: Callable[[], Book]) -> None:
    filled(book)
    data = prove_record(book, 3).text().encode()
    for at in range(0, len(data), 7):
        torn = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises(BadProof):
            check_record(torn, key=own_key(book))
    other = filled(make_book())
    with pytest.raises(BadProof, match="key: "):
        check_record(data, key=own_key(other))
    with pytest.raises(BadProof, match="payload"):
        check(data)
    put(book, burning("1"))
    from ledger.prove import prove_entry

    with pytest.raises(BadProof, match="proves no record of access"):
        check_record(prove_entry(book, 0).text().encode())


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


def test_the_commands_prove_a_record_and_check_it_without_the_book(book: Book, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(book)
    url = ["--database", book.url, "--home", str(book.home)]
    file, key = tmp_path / "record.tlog-proof", tmp_path / "keeper.vkey"
    key.write_text(own_key(book))
    assert run("access", "prove", "4", "--output", str(file), *url) == 0
    assert f"tanzhang access check {file}" in capsys.readouterr().err
    assert run("access", "check", str(file), "--key", str(key), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["record"]["id"], told["record"]["user"], told["record"]["result"], told["key_given"]) == (4, "u7k2m9x4p1q", "done", True)
    assert run("access", "check", str(file)) == 0
    assert "record 4 is in the signed record of access of 9, unchanged" in capsys.readouterr().out
    file.write_text(file.read_text().replace("index 4", "index 5"))
    assert run("access", "check", str(file)) == 3
    assert "the check of its path failed" in capsys.readouterr().err
    assert run("access", "prove", "40", *url) != 0
