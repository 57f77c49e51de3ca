"""`tanzhang user` and `tanzhang init`: nothing is asked without a terminal, wrong usage is exit 2, secrets that everybody knows are refused."""

import io
import json
from pathlib import Path

import pytest

from api.auth.errors import BadUser
from api.auth.example import PASSWORD as DEMO_PASSWORD
from api.auth.session import sign_in
from api.auth.strength import check_database, check_secrets, check_strength
from api.auth.vault import Vault
from api.commands import asked
from carbon.errors import BadSetting
from ledger.book import open_book
from tests.api.test_cli import place, run

__all__ = ["place"]
SENTENCE = "quiet mulberry trees by the lake"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> object:
    """Puts a line on standard input, which is no terminal."""

    def type_in(line: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(line + "\n"))

    type_in("")
    return type_in


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]):
    """What the last commands wrote on standard output."""

    def last() -> str:
        return capsys.readouterr().out.strip()

    return last


def opens(place: Path, login: str, password: str) -> bool:
    """Whether somebody may sign in so."""
    from api.auth.errors import WrongCredentials

    book = open_book(f"sqlite:///{place}/home/book.db", home=place / "home")
    try:
        sign_in(book, Vault.at(book.home), login=login, given=password, now=asked.now())
    except WrongCredentials:
        return False
    finally:
        book.engine.dispose()
    return True


def test_init_without_a_terminal_asks_nothing_and_says_how_to_go_on(place: Path, typed, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("init") == 0
    assert run("init") == 0
    said = capsys.readouterr().err
    assert said.count("no user yet") == 2
    assert "already there" in said


def test_init_makes_the_first_administrator_once(place: Path, typed, told) -> None:
    typed(SENTENCE)
    assert run("init", "--admin", "wang@example.org", "--password-stdin") == 0
    typed("another sentence that is not read")
    assert run("init", "--admin", "Wang@Example.org", "--password-stdin") == 0
    assert run("init", "--admin", "li@example.org", "--password-stdin") == 2
    assert run("init") == 0
    told()
    assert run("user", "list", "--json") == 0
    found = [json.loads(line) for line in told().splitlines()]
    assert [[one["office"] for one in user["offices"]] for user in found] == [["administrator"]]
    assert opens(place, "wang@example.org", SENTENCE)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--admin", "wang@example.org"), ""),
        (("--password-stdin",), SENTENCE),
        (("--admin", "wang@example.org", "--password-stdin"), "short"),
        (("--admin", "wang@example.org", "--password-stdin"), "passwordpassword"),
        (("--admin", "wang@example.org", "--password-stdin"), DEMO_PASSWORD),
    ],
)
def test_a_first_administrator_without_a_good_password_is_wrong_usage(place: Path, typed, told, words: tuple[str, ...], line: str) -> None:
    typed(line)
    assert run("init", *words) == 2
    assert run("init") == 0
    told()
    assert run("user", "list", "--json") == 0
    assert told() == ""


@pytest.mark.parametrize(
    "password",
    [
        "password1234", "Password!!!!", "passwordpassword", "123456789012", "abcdefghijklmnop", "987654321098", "administrator1",
        "wangfang2026!", "Wangfang-1234", "qwertyuiop123", "changeme-2026", "Ｐａｓｓｗｏｒｄ１２３４", DEMO_PASSWORD, DEMO_PASSWORD.upper(),
    ],
)  # fmt: skip
def test_a_password_that_is_tried_first_is_refused(password: str) -> None:
    with pytest.raises(BadUser, match="password"):
        check_strength(password, login="wangfang@example.org")


@pytest.mark.parametrize(
    "password", [SENTENCE, "湖州的桑树在湖边很安静啊啊", "my password is a long sentence", "wangfang walks by the lake at dusk"]
)
def test_a_sentence_of_ones_own_is_taken(password: str) -> None:
    check_strength(password, login="wangfang@example.org")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://app:postgres@db/t",
        "postgresql+psycopg://tz:changeme@db/t",
        "postgresql://app:app@db/t",
        "postgresql://a:Password@db/t",
    ],
)
def test_a_database_whose_password_comes_with_a_manual_is_refused_without_telling_it(url: str) -> None:
    with pytest.raises(BadSetting) as refused:
        check_database("database_url", url)
    assert ":***@" in str(refused.value)


@pytest.mark.parametrize("url", ["sqlite:////tmp/x.db", "postgresql://app@db/t", "postgresql://app:9f2c-long-and-random@db/t"])
def test_a_database_with_a_password_of_its_own_or_none_is_taken(url: str) -> None:
    check_database("database_url", url)


def test_init_refuses_a_default_password_of_the_database_but_in_a_demo(
    place: Path, typed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "postgresql://app:postgres@127.0.0.1:9/t?connect_timeout=1"
    for environment in (None, "production"):
        if environment:
            monkeypatch.setenv("TANZHANG_ENVIRONMENT", environment)
        assert run("init", "--database", url) == 1
        assert "its password is a default" in capsys.readouterr().err
    monkeypatch.setenv("TANZHANG_ENVIRONMENT", "demo")
    run("init", "--database", url)
    assert "its password is a default" not in capsys.readouterr().err


def test_keys_that_others_may_read_are_refused(place: Path, typed, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("init") == 0
    check_secrets(place / "home")
    key = place / "home" / "secrets" / "vault.key"
    assert key.exists()
    key.chmod(0o644)
    assert run("init") == 1
    assert f"chmod 600 {key}" in capsys.readouterr().err
    key.chmod(0o600)
    assert run("init") == 0


def test_an_environment_that_nobody_knows_is_told(place: Path, typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANZHANG_ENVIRONMENT", "staging")
    assert run("init") == 1


def test_a_user_goes_its_way_on_the_command_line(place: Path, typed, told) -> None:
    run("init")
    told()
    typed(SENTENCE)
    assert run("user", "add", "wang@example.org", "--name", "Wang Fang", "--password-stdin") == 0
    user = told()
    assert run("user", "bind", "wang@example.org", "--role", "regulator", "--scope", "330500", "--json") == 0
    office = json.loads(told())
    assert (office["user"], office["scope"]) == (user, "330500")
    typed("another sentence by the lake")
    assert run("user", "password", user, "--password-stdin") == 0
    assert opens(place, "wang@example.org", "another sentence by the lake")
    assert not opens(place, "wang@example.org", SENTENCE)
    assert run("user", "unbind", office["id"]) == 0
    assert run("user", "unbind", office["id"]) == 1
    told()
    assert run("user", "list", "--json") == 0
    line = told()
    assert json.loads(line)["offices"] == []
    assert "Wang" not in line
    assert run("user", "disable", "wang@example.org") == 0
    assert not opens(place, "wang@example.org", "another sentence by the lake")
    assert run("user", "enable", "wang@example.org") == 0
    assert run("user", "enable", "wang@example.org") == 2
    assert opens(place, "wang@example.org", "another sentence by the lake")
    told()
    assert run("access", "list", "--json") == 0
    kept = [json.loads(one) for one in told().splitlines()]
    assert [(one["user"], one["route"]) for one in kept if one["object"] == user] == [
        ("local-admin", f"user.{deed}") for deed in ("enable", "disable", "password", "bind")
    ]


@pytest.mark.parametrize("command", [("add",), ("password", "wang@example.org")])
def test_a_password_that_another_sets_at_the_machine_is_to_be_changed(place: Path, typed, told, command: tuple[str, ...]) -> None:
    typed(SENTENCE)
    assert run("init", "--admin", "li@example.org", "--password-stdin") == 0
    typed(SENTENCE)
    assert run("user", "add", "wang@example.org", "--password-stdin") == 0
    if command[0] != "add":
        typed("another sentence by the lake")
        assert run("user", *command, "--password-stdin") == 0
    told()
    assert run("user", "list", "--json") == 0
    marks = sorted(json.loads(one)["password_given_at"] is not None for one in told().splitlines())
    assert marks == [False, True], "the first administrator chose it, the other one did not"


def test_a_key_is_shown_once_listed_and_revoked(place: Path, typed, told) -> None:
    run("init")
    told()
    assert run("user", "add", "--machine", "--role", "provider", "--json") == 0
    machine = json.loads(told())["id"]
    assert run("user", "list", "--json") == 0
    office = json.loads(told())["offices"][0]["id"]
    assert run("user", "key", "add", office, "--name", "gateway", "--days", "30", "--json") == 0
    made = json.loads(told())
    assert run("user", "key", "list", machine, "--json") == 0
    line = told()
    assert json.loads(line)["id"] == made["id"]
    assert made["key"] not in line
    assert run("user", "key", "list") == 0
    assert made["key"] not in told()
    assert run("user", "key", "revoke", made["id"]) == 0
    assert run("user", "key", "revoke", made["id"]) == 1
    assert run("user", "key", "add", "b000", "--name", "gateway") == 1


@pytest.mark.parametrize(
    "words",
    [
        ("user", "add", "wang@example.org"),
        ("user", "add"),
        ("user", "add", "wang@example.org", "--machine"),
        ("user", "add", "--machine", "--password-stdin"),
        ("user", "add", "--machine", "--role", "king"),
        ("user", "add", "--machine", "--role", "regulator"),
        ("user", "add", "--machine", "--role", "auditor", "--scope", "330500"),
        ("user", "add", "--machine", "--role", "regulator", "--scope", "999999"),
        ("user", "add", "--machine", "--scope", "330500"),
        ("user", "bind", "u0", "--role", "king"),
        ("user", "add", "--machine", "--role", "firm"),
        ("user", "bind", "u0"),
        ("user", "password", "u0"),
        ("user", "key", "add", "b0"),
        ("user", "key", "add", "b0", "--name", "x", "--days", "0"),
    ],
)
def test_what_cannot_be_is_wrong_usage_and_leaves_nothing(place: Path, typed, told, words: tuple[str, ...]) -> None:
    run("init")
    told()
    assert run(*words) == 2
    assert told() == ""
    assert run("user", "list", "--json") == 0
    assert told() == ""


def test_a_taken_login_is_wrong_usage(place: Path, typed) -> None:
    run("init")
    typed(SENTENCE)
    assert run("user", "add", "wang@example.org", "--password-stdin") == 0
    typed(SENTENCE)
    assert run("user", "add", "WANG@example.org", "--password-stdin") == 2


def test_duties_stay_apart_on_the_command_line_too(place: Path, typed, told) -> None:
    run("init")
    told()
    run("user", "add", "--machine", "--role", "administrator")
    user = told()
    assert run("user", "bind", user, "--role", "security") == 2
    assert run("user", "bind", user, "--role", "provider") == 0


def test_a_demo_keeps_out_of_a_production_home_and_of_a_book_with_users(
    place: Path, typed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TANZHANG_ENVIRONMENT", "production")
    assert run("demo", "--no-serve") == 1
    assert "not a demo's" in capsys.readouterr().err
    assert not (place / "home" / "book.db").exists()
    monkeypatch.delenv("TANZHANG_ENVIRONMENT")
    run("init")
    run("user", "add", "--machine", "--role", "provider")
    assert run("demo", "--no-serve") == 2
    capsys.readouterr()
    assert run("holder", "list", "--json") == 0
    assert capsys.readouterr().out == ""


def test_a_book_of_a_demo_is_neither_served_nor_taken_as_another(
    place: Path, typed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("demo", "--no-serve") == 0
    shown = capsys.readouterr().out
    assert DEMO_PASSWORD in shown
    assert all(word in shown for word in ("resident", "330522", "330500", "330000", "auditor"))
    assert run("init") == 0
    monkeypatch.setenv("TANZHANG_ENVIRONMENT", "production")
    assert run("init") == 2
    assert run("serve", "--port", "1") == 2
    assert "users of a demo" in capsys.readouterr().err
