"""The record is read by the auditor alone: a page with filters, its twins, the API, and the commands."""

import csv
import io
import json
from collections.abc import Iterator

import pytest

from api.auth.office import Action, Office
from api.cli import main
from api.pages.words import ACTIONS
from tests.api.audit.conftest import settled
from tests.api.audit.test_check import meddle
from tests.api.auth.town import Browser, Town


@pytest.fixture
def auditor(town: Town) -> Iterator[Browser]:
    """An auditor, after a firm was there."""
    firm = town.person(Office.FIRM)
    with town.browser() as browser:
        browser.enter(firm)
        for _ in range(60):
            browser.get(f"/en/holders/{town.firm}")
        browser.get("/en/access")
        browser.client.cookies.clear()
        browser.enter(town.person(Office.AUDITOR, enrolled=True))
        settled(browser)
        yield browser


def test_the_auditor_pages_through_the_record_and_filters_it(town: Town, auditor: Browser) -> None:
    firm = town.people[0].id
    first = auditor.get("/en/access")
    assert first.status_code == 200
    assert firm in first.text
    assert "示例建材" not in first.text
    before = first.text.split("before=")[1].split('"')[0]
    second = auditor.get(f"/en/access?before={before}")
    assert second.status_code == 200
    assert second.text != first.text
    refused = auditor.get(f"/en/access?since=&until=&user={firm}&object=&action=&refused=true")
    assert refused.status_code == 200
    assert refused.text.count("/<wbr>en/<wbr>access</code>") == 1
    assert "No record is like this" in auditor.get("/en/access?user=u0000000000").text
    assert "没有符合条件的记录" in auditor.get("/zh/access?until=2020-01-01").text
    assert auditor.get("/en/access?since=2026-02-31").status_code == 400
    assert auditor.get("/en/access?before=-1").status_code == 400


def test_what_was_done_is_told_in_the_readers_language_with_its_code_beside(auditor: Browser) -> None:
    assert set(Action) <= set(ACTIONS)
    for language, word in (("zh", "查阅访问记录"), ("en", "reading this record")):
        text = auditor.get(f"/{language}/access").text
        assert f'<span title="audit">{word}</span>' in text
        assert f'<option value="audit">{word}</option>' in text
    settled(auditor)
    assert auditor.get("/en/access?action=audit").text.count('<span title="audit">') >= 2


def test_the_twins_hold_what_the_filters_say(town: Town, auditor: Browser) -> None:
    firm = town.people[0].id
    sheet = list(
        csv.DictReader(io.StringIO(auditor.get(f"/en/access/access.csv?user={firm}&object={town.firm}").content.decode("utf-8-sig")))
    )
    rows = auditor.get(f"/en/access/access.json?user={firm}&object={town.firm}").json()
    assert len(sheet) == len(rows) == 60
    assert {row["route"] for row in rows} == {"/en/holders/{holder_id}"}
    settled(auditor)
    exports = auditor.get("/en/access/access.json?action=export").json()
    assert [row["user"] for row in exports] == [town.people[1].id] * 2, "who reads the record stands in it as well"


def test_machines_read_it_page_by_page(town: Town, auditor: Browser) -> None:
    seen: list[int] = []
    before = None
    while True:
        answer = auditor.get(
            f"/api/v1/access?limit=25{'' if before is None else f'&before={before}'}", headers={"accept": "application/json"}
        )
        assert answer.status_code == 200, answer.text
        told = answer.json()
        seen += [one["id"] for one in told["items"]]
        before = told["next"]
        if before is None:
            break
    assert seen == list(range(seen[0], -1, -1))
    assert told["size"] >= len(seen)


@pytest.mark.parametrize("office", [Office.FIRM, Office.REGULATOR, Office.ADMINISTRATOR, Office.SECURITY, Office.RESIDENT])
@pytest.mark.parametrize("make_book", ["sqlite"], indirect=True)
def test_nobody_else_reads_it(town: Town, office: Office) -> None:
    with town.browser() as browser:
        browser.enter(town.person(office, enrolled=office not in {Office.FIRM, Office.RESIDENT}))
        for path in ("/en/access", "/en/access/access.csv", "/api/v1/access"):
            assert browser.get(path).status_code == 403


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


def test_the_commands_list_and_verify_it_and_are_recorded_themselves(
    town: Town, auditor: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    url = ["--database", town.book.url, "--home", str(town.book.home)]
    assert run("holder", "add", "--name", "王小明的作坊", *url) == 0
    capsys.readouterr()
    assert run("access", "list", "--user", "local-admin", "--json", *url) == 0
    (one,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (one["action"], one["route"], one["result"]) == ("command", "holder.add", "done")
    assert "王小明" not in json.dumps(one, ensure_ascii=False)
    assert run("access", "list", "--since", "2020-01-01", "--refused", *url) == 0
    assert "/en/access" in capsys.readouterr().out
    assert run("access", "verify", *url) == 0
    assert run("verify", *url) == 0
    assert run("access", "expire", *url) == 0
    capsys.readouterr()
    meddle(town.book, "UPDATE access SET status = 299 WHERE id = 2")
    for command in (["access", "verify"], ["verify"]):
        assert run(*command, *url) == 3
        assert "access 2" in capsys.readouterr().err
