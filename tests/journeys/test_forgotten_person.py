"""A person who is forgotten: twenty things that were known of them stand nowhere, before or after, and everything still verifies."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.audit.check import law_of
from api.auth import vault as person
from api.auth.office import Office
from api.auth.password import hashed
from api.auth.user import add_user, bind
from api.auth.vault import Vault
from api.cli import main
from carbon.audit import verify
from ledger.book import Book
from ledger.entry import client_key, one_entry
from ledger.journal import post
from ledger.principal import LOCAL_ADMIN
from ledger.prove import prove_entry
from tests.api.auth.town import PASSWORD, Browser, Town, build, hidden, now
from tests.conftest import admin
from tests.ledger.backups import taken

CANARIES = {
    "name": "欧阳夏雨", "former_name": "欧阳小禾", "name_pinyin": "Ouyang Xiayu", "phone": "13987654321", "phone_home": "0572-8765432",
    "mail": "xiayu.ouyang@example.net", "mail_work": "oy@firma-kanari.example", "identity": "330522199203154329", "passport": "E98765431",
    "address": "湖滨路七十七号金丝雀公寓", "postcode_place": "长兴县金丝雀村", "bank": "6222021234567890128", "plate": "浙E·8KA77",
    "birthday": "1992-03-15 辰时", "employer": "金丝雀羽绒加工坊", "wechat": "canary_oy_1992", "qq": "3141592653", "meter": "户号9900112233",
    "note": "左手戴金表", "subject": "oidc|canary|77aa88bb",
}  # fmt: skip
LOGIN = "ouyang.canary@example.net"
EVERY = [*CANARIES.values(), LOGIN]


@pytest.fixture
def town(book: Book) -> Town:
    return build(book)


def hits(data: bytes, wanted: list[str] = EVERY) -> list[str]:
    """The canaries that stand in bytes, as UTF-8, UTF-16, hex, or escaped as JSON and logs write them."""
    low = data.lower()
    forms: list[Callable[[str], bytes]] = [
        str.encode, lambda text: text.encode("utf-16-le"), lambda text: text.encode().hex().encode(),
        lambda text: text.encode("unicode_escape"),
    ]  # fmt: skip
    return sorted({canary for canary in wanted for form in forms if form(canary).lower() in low})


def files_of(book: Book, postgres: Callable[[], sa.URL]) -> Iterator[Path]:
    """Every file that the engine keeps of the book, its write-ahead log included, and the home's but for its secrets."""
    yield from (path for path in book.home.rglob("*") if path.is_file() and "secrets" not in path.parts)
    if book.dialect == "sqlite":
        return
    with admin(postgres()) as connection:
        connection.exec_driver_sql("CHECKPOINT")
        folder = Path(connection.exec_driver_sql("SHOW data_directory").scalar_one())
        oid = connection.exec_driver_sql(
            "SELECT oid FROM pg_database WHERE datname = %s", (sa.make_url(book.url).database,)
        ).scalar_one()  # fmt: skip
    if not folder.is_dir():
        pytest.skip("the server's files do not lie on this machine")
    yield from (path for path in [*(folder / "base" / str(oid)).iterdir(), *(folder / "pg_wal").rglob("*")] if path.is_file())


def found_in(paths: Iterator[Path], wanted: list[str] = EVERY) -> dict[str, list[str]]:
    found, size = {}, 0
    for path in paths:
        data = path.read_bytes()
        size += len(data)
        if stand := hits(data, wanted):
            found[str(path)] = stand
    assert size > 10_000, "something was looked at"
    return found


def test_the_search_finds_what_stands_in_the_clear(town: Town, request: pytest.FixtureRequest) -> None:
    plain = "对照之名其一"  # none of the canaries: the server's write-ahead log is one for all tests
    with town.book.writing() as session:
        given = {"holder": town.firm, "value": plain}
        session.execute(sa.text("INSERT INTO alias (holder_id, kind, value) VALUES (:holder, 'note', :value)"), given)
    found = found_in(files_of(town.book, lambda: request.getfixturevalue("postgres")), [plain])
    assert found, "else a search that finds nothing says nothing"


def run(*arguments: str) -> int:
    """A command; its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


def live(town: Town, browser: Browser, user: str, password: str) -> None:
    """What the person did: signed in, failed to, read, asked for what is not theirs, exported; and an entry was posted for them."""
    token = hidden(browser.get("/en/sign-in").text, "form_token")
    browser.post("/en/sign-in", token=token, login=LOGIN, password="not what it was")
    token = hidden(browser.get("/en/sign-in").text, "form_token")
    assert browser.post("/en/sign-in", token=token, login=LOGIN, password=password).status_code == 303
    browser.get("/en/me")
    for canary in EVERY:
        browser.get(f"/en/holders?after={canary}")
        browser.get(f"/en/holders/{canary}")
    browser.get("/en/holders/list/holders.csv")
    with town.book.writing() as session:
        legs = [(f"holder/{town.firm}/s01/scope1/1A2", "CO2", 7), ("atmosphere/330522/1A2", "CO2", -7)]
        batch = one_entry(
            key=client_key("test", user), book="physical", kind="emission", day=now().date(), legs=legs, units={"CO2": "g"}, reference=user
        )  # fmt: skip
        post(session, batch, LOCAL_ADMIN, now=now())


def test_a_forgotten_person_stands_nowhere_and_the_books_still_verify(
    town: Town, tmp_path: Path, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    book = town.book
    caplog.set_level(logging.DEBUG)
    with book.writing() as session:
        user = add_user(session, town.vault, login=LOGIN, password=hashed(PASSWORD), fields=CANARIES, now=now())
        bind(session, user, Office.FIRM, holder=town.firm, by="test", now=now())
    with town.browser() as browser:
        live(town, browser, user, PASSWORD)
    with book.reading() as session:
        assert {name: value for name, value in person.known(session, town.vault, user).items() if name != "login"} == CANARIES
    taken(book, tmp_path / "before")
    assert found_in(files_of(book, lambda: request.getfixturevalue("postgres"))) == {}, "only what is sealed was ever stored"

    url = ["--database", book.url, "--home", str(book.home)]
    assert run("user", "forget", user, "--yes", *url) == 0

    with book.reading() as session:
        assert person.known(session, Vault.at(book.home), user) == {}
    taken(book, tmp_path / "after")
    assert run("access", "list", "--json", *url) == 0
    for form in ("beancount", "hledger", "parquet"):
        assert run("export", "--format", form, "--output", str(tmp_path / f"book.{form}"), *url) == 0
    said = capfd.readouterr()
    assert found_in(files_of(book, lambda: request.getfixturevalue("postgres"))) == {}
    assert found_in(path for path in tmp_path.rglob("*") if path.is_file() and "secrets" not in path.parts) == {}
    assert hits(f"{said.out}{said.err}".encode()) == []
    ours = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore")))
    assert hits(ours.encode()) == []
    assert verify(book, laws=[law_of(book)]) == []
    assert prove_entry(book, 0).index == 0
