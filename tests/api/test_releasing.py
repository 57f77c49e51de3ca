"""A pack of factors changes numbers: one person sends it, a regulator of the nation releases it, and until then it answers nothing."""

import io
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import xlsxwriter
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from api.auth.approval import Decision, approvals, decide, find_approval
from api.auth.errors import BadUser, Forbidden, OwnRights, UserNotFound
from api.auth.office import DUTIES, Bound, Office
from api.auth.releasing import ASKED, OPEN_MAX, RELEASE, FaultyPack, ask_release, judged
from api.auth.session import open_session, signed
from api.auth.tables import ApprovalRow
from api.auth.user import Binding, bind
from carbon.own_pack import add_pack
from factors.library import load_library
from factors.pack import COLUMNS
from factors.resolution import Region
from ledger.book import Book
from ledger.types import table_of
from tests.api.auth.town import Town, build
from tests.carbon.test_own_pack import CEMENT, SAID, folder

NOW, TODAY = datetime(2026, 11, 28, 3, 0, tzinfo=UTC), date(2026, 11, 28)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OURS = "acme-supplier/2025_e001#cement"


def workbook(rows: list[dict[str, str]], said: dict[str, Any] | None = None) -> bytes:
    """A filled template."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    about, table = book.add_worksheet("pack"), book.add_worksheet("factors")
    for line, (name, value) in enumerate((said or SAID).items()):
        about.write_string(line, 0, name)
        about.write_string(line, 1, str(value))
    for at, name in enumerate(COLUMNS):
        table.write_string(0, at, name)
        for line, row in enumerate(rows, 1):
            table.write_string(line, at, row.get(name, ""))
    book.close()
    return buffer.getvalue()


@pytest.fixture
def town(book: Book) -> Town:
    return build(book)


def office(town: Town, of: Office, *, division: str = "100000", kind: str = "person") -> Binding:
    """A new person's office, of the nation where it is a regulator's."""
    from api.auth.user import add_user

    bound = DUTIES[of].bound
    with town.book.writing() as session:
        user = add_user(session, town.vault, kind=kind, now=NOW) if kind == "machine" else add_user(session, town.vault, now=NOW)
        within = {Bound.HOLDER: {"holder": town.firm}, Bound.DIVISION: {"division": division}, Bound.PLATFORM: {}}[bound]
        return bind(session, user, of, by="test", now=NOW, **within)


def sent(town: Town, who: Binding, data: bytes | None = None) -> str:
    pack, content = judged(town.book.home, data or workbook([CEMENT]), file="pack.xlsx")
    with town.book.writing() as session:
        return ask_release(session, who, pack, content, now=NOW)


def decided(town: Town, who: Binding, number: str, decision: Decision = Decision.GRANTED) -> None:
    with town.book.writing() as session:
        decide(session, who, number, decision, now=NOW, today=TODAY)


def answers(home: Path) -> str:
    """Which factor a tonne of cement is multiplied with."""
    day = date(2025, 3, 1)
    found = load_library(home).resolve("material.cement", regions=(Region("CN", "country"),), start=day, end=day, unit="t")
    return found.parts[0].factor.id


def test_what_one_sends_answers_once_a_regulator_of_the_nation_released_it(town: Town) -> None:
    provider, nation = office(town, Office.PROVIDER), office(town, Office.REGULATOR)
    number = sent(town, provider)
    assert answers(town.book.home) != OURS, "until it is released it answers nothing"
    decided(town, nation, number)
    assert answers(town.book.home) == OURS
    kept = json.loads(town.book.home.joinpath("packs/acme-supplier/2025_e001/release.json").read_text())
    assert (kept["by"], kept["second"], kept["request"]) == (provider.user, nation.user, number)


def test_what_is_refused_answers_nothing(town: Town) -> None:
    number = sent(town, office(town, Office.PROVIDER))
    decided(town, office(town, Office.REGULATOR), number, Decision.REFUSED)
    assert answers(town.book.home) != OURS


def test_who_sent_it_does_not_release_it(town: Town) -> None:
    nation = office(town, Office.REGULATOR)
    number = sent(town, nation)
    with pytest.raises(OwnRights):
        decided(town, nation, number)
    machine = office(town, Office.REGULATOR, kind="machine")
    with pytest.raises(Forbidden):
        decided(town, machine, number)
    assert answers(town.book.home) != OURS
    decided(town, office(town, Office.REGULATOR), number)
    assert answers(town.book.home) == OURS


@pytest.mark.parametrize("division", ["330000", "330522"])
def test_a_regulator_of_less_than_the_nation_neither_asks_nor_sees_nor_decides(town: Town, division: str) -> None:
    below, number = office(town, Office.REGULATOR, division=division), sent(town, office(town, Office.PROVIDER))
    with pytest.raises(UserNotFound):
        decided(town, below, number)
    with pytest.raises(UserNotFound):
        sent(town, below)
    with town.book.reading() as session:
        assert approvals(session, below) == []


def test_another_provider_sees_nothing_of_it(town: Town) -> None:
    one, other = office(town, Office.PROVIDER), office(town, Office.PROVIDER)
    number = sent(town, one)
    with town.book.reading() as session:
        assert [told.id for told in approvals(session, one)] == [number]
        assert approvals(session, other) == []
        with pytest.raises(UserNotFound):
            find_approval(session, other, number)


@pytest.mark.parametrize("of", [Office.FIRM, Office.VERIFIER, Office.SECURITY])
def test_no_other_office_sends_a_pack(town: Town, of: Office) -> None:
    with pytest.raises(Forbidden):
        sent(town, office(town, of))


def test_a_pack_with_faults_is_not_asked_for_and_every_fault_is_told(town: Town) -> None:
    with pytest.raises(FaultyPack) as caught:
        sent(town, office(town, Office.PROVIDER), workbook([CEMENT | {"value": ""}, CEMENT | {"id": "two", "unit": "kg/florin"}]))
    assert len(caught.value.faults) == 2
    assert not list(town.book.home.rglob("pack.toml"))


def test_what_was_changed_on_the_disk_since_it_was_asked_is_not_released(town: Town) -> None:
    number = sent(town, office(town, Office.PROVIDER))
    file = town.book.home / "packs" / ASKED / number / "factors.csv"
    pinned = file.with_name("pack.toml")
    other = file.read_text().replace("512.3", "5.123")
    file.write_text(other)
    pinned.write_text("\n".join(line for line in pinned.read_text().splitlines() if not line.startswith(("sha256", "rows"))))
    nation = office(town, Office.REGULATOR)
    with pytest.raises(FaultyPack, match="changed since"):
        decided(town, nation, number)
    assert answers(town.book.home) != OURS
    with town.book.reading() as session:
        assert find_approval(session, nation, number).decided_at is None


def test_of_two_packs_of_one_edition_the_second_is_not_released(town: Town) -> None:
    provider, nation = office(town, Office.PROVIDER), office(town, Office.REGULATOR)
    first, second = sent(town, provider), sent(town, provider, workbook([CEMENT | {"value": "9"}]))
    decided(town, nation, first)
    with pytest.raises(FaultyPack, match="the next edition"):
        decided(town, nation, second)
    decided(town, nation, second, Decision.REFUSED)
    with pytest.raises(BadUser, match="released already"):
        sent(town, provider)


def test_granting_again_after_the_database_lost_the_decision_changes_nothing_but_that(town: Town) -> None:
    provider, nation = office(town, Office.PROVIDER), office(town, Office.REGULATOR)
    number = sent(town, provider)
    with suppress(RuntimeError), town.book.writing() as session:
        decide(session, nation, number, Decision.GRANTED, now=NOW, today=TODAY)
        raise RuntimeError("no room")
    with town.book.reading() as session:
        assert find_approval(session, nation, number).decided_at is None
    decided(town, nation, number)
    assert answers(town.book.home) == OURS


def test_nobody_fills_the_disk_with_packs_that_wait(town: Town) -> None:
    provider = office(town, Office.PROVIDER)
    row = table_of(ApprovalRow)
    with town.book.writing() as session:
        waiting = [
            {"id": f"{n:032x}", "action": RELEASE, "subject": "x", "content": '{"provider":"x"}', "asked_by": provider.user,
             "asked_as": provider.id, "asked_at": NOW}
            for n in range(OPEN_MAX)
        ]  # fmt: skip
        session.execute(sa.insert(row), waiting)
    with pytest.raises(BadUser, match="wait for a decision"):
        sent(town, provider)
    with pytest.raises(BadUser, match="at most"):
        judged(town.book.home, b"x" * (8 * 2**20 + 1), file="pack.xlsx")


# --- over HTTP, and at the machine ---


@pytest.fixture
def app(town: Town) -> Litestar:
    return create_app(town.book)


@pytest.fixture
def comes(town: Town, app: Litestar) -> Iterator[Any]:
    from contextlib import ExitStack

    with ExitStack() as stack:

        def come(who: Binding) -> TestClient[Any]:
            with town.book.writing() as session:
                token = open_session(session, who.user, binding=who.id, second=True, now=datetime.now(UTC))
                form = signed(session, token, now=datetime.now(UTC))[0].form_token
            client = stack.enter_context(TestClient(app, raise_server_exceptions=False))
            client.follow_redirects = False
            client.cookies.set("tanzhang", token)
            client.headers["x-form-token"] = form
            return client

        yield come


def post(client: TestClient[Any], data: bytes, *, kind: str = XLSX, key: str = "k1") -> Any:
    return client.post("/api/v1/approvals/releases", content=data, headers={"content-type": kind, "idempotency-key": key})


def test_a_provider_sends_a_workbook_and_a_regulator_releases_it_on_the_page(town: Town, comes: Any) -> None:
    provider, nation = comes(office(town, Office.PROVIDER)), comes(office(town, Office.REGULATOR))
    data = workbook([CEMENT])
    asked = post(provider, data)
    assert asked.status_code == 201, asked.text
    told = asked.json()
    assert (told["action"], told["content"]["rows"], told["may_decide"]) == (RELEASE, 1, False)
    page = nation.get(f"/en/approvals/{told['id']}").text
    assert "Release the factor pack acme-supplier/2025_e001: Supplier factors of Acme" in page
    assert told["content"]["sha256"][:16] in page
    assert post(provider, data).json()["id"] == told["id"], "one key, one request"
    done = nation.post(f"/en/approvals/{told['id']}/decision", data={"decision": "granted"})
    assert done.status_code == 303
    shown = provider.get("/api/v1/factors/acme-supplier/2025_e001/cement")
    assert shown.json()["parameters"][0]["value"] == "512.3"


def test_faults_come_as_a_problem_and_other_content_is_not_read(town: Town, comes: Any) -> None:
    provider = comes(office(town, Office.PROVIDER))
    faulty = post(provider, workbook([CEMENT | {"value": ""}]))
    assert (faulty.status_code, faulty.json()["code"], len(faulty.json()["errors"])) == (422, "pack.faulty", 1)
    assert post(provider, b"PK no workbook", key="k2").status_code == 422
    assert post(provider, b"{}", kind="application/json", key="k3").status_code == 415
    assert post(comes(office(town, Office.FIRM)), workbook([CEMENT])).status_code == 403


def test_at_the_machine_a_second_person_is_named_once_there_are_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.api.test_cli import run

    for name in ("TANZHANG_DATABASE_URL", "TANZHANG_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    home, made = tmp_path / "home", folder(tmp_path, [CEMENT])
    assert run("factors", "add", str(made), "--home", str(tmp_path / "bare")) == 0, "without a book nobody else is there"
    assert run("init", "--home", str(home)) == 0
    assert run("user", "add", "--machine", "--role", "provider", "--home", str(home)) == 0
    assert run("factors", "add", str(made), "--home", str(home)) == 2
    assert "--second" in capsys.readouterr().err
    assert not home.joinpath("packs").exists()
    assert run("factors", "add", str(made), "--home", str(home), "--second", "auditor-7") == 0
    kept = json.loads(home.joinpath("packs/acme-supplier/2025_e001/release.json").read_text())
    assert (kept["by"], kept["second"]) == ("local-admin", "auditor-7")
    assert add_pack(made, home, load_library(home))[1] is False
