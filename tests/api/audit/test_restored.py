"""A record of access goes with its book into a backup, and back."""

import io
from pathlib import Path

import pytest

from api.cli import main


def run(*arguments: str) -> int:
    try:
        main(list(arguments))
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@pytest.mark.parametrize("into", ["elsewhere", "its own home"])
def test_a_book_with_a_record_of_access_is_restored_with_it_and_every_law_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], into: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("init", "--home", "a") == 0
    for login in ("one@example.org", "two@example.org"):
        monkeypatch.setattr("sys.stdin", io.StringIO("a sentence that nobody guesses 7\n"))
        assert run("user", "add", login, "--role", "auditor", "--password-stdin", "--home", "a") == 0
    assert run("backup", "copy", "--home", "a") == 0
    assert run("holder", "add", "--name", "later", "--home", "a") == 0  # the home's own log goes beyond the backup
    home = "a"
    if into == "elsewhere":
        home = "b"
        assert run("restore", "copy", "--home", "b", "--key", "a/secrets/checkpoint.key") == 0
    else:
        for file in Path("a").glob("book.db*"):
            file.unlink()
        assert run("restore", "copy", "--home", "a") == 0
        assert len(list(Path("a/checkpoints").glob("*.access.before-*.log"))) == 1, "what went beyond the backup is kept aside"
    assert run("verify", "--home", home) == 0
    capsys.readouterr()
    assert run("access", "list", "--home", home, "--json") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert run("holder", "add", "--name", "new", "--home", home) == 0
    assert run("access", "verify", "--home", home) == 0
