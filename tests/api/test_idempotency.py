"""One key, one effect, one answer."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

from api import turns
from api.auth.office import Office
from api.idempotency import key_of
from api.work.errors import WebhookRefused
from carbon.tables import AnswerRow, DraftRow, ImportRow, WebhookRow
from ledger.book import Book, open_book
from ledger.types import table_of
from migrations import upgrade
from tests.api.machines import HEAD, HOOKS, POWER, Machine, application, machine
from tests.api.server import Served, serving

CSV = {"content-type": "text/csv"}
HOOK = {"url": f"https://{HOOKS}/in", "events": ["file.booked"]}


@pytest.fixture
def firm(book: Book) -> Machine:
    return machine(book)


@pytest.fixture
def http(book: Book, firm: Machine) -> Iterator[TestClient[Any]]:
    with TestClient(application(book)) as one:
        one.headers.update(firm.headers)
        yield one


def count(book: Book, model: Any) -> int:
    with book.reading() as session:
        return int(session.execute(sa.select(sa.func.count()).select_from(table_of(model))).scalar_one())


def test_a_write_without_a_key_is_refused_and_changes_nothing(http: TestClient[Any], book: Book, firm: Machine) -> None:
    for key in ({}, {"idempotency-key": ""}, {"idempotency-key": "x" * 256}, {"idempotency-key": "ключ".encode()}):
        answer = http.post(f"/api/v1/holders/{firm.holder}/files", content=POWER, headers=CSV | key)
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency.key-missing")
    assert count(book, ImportRow) == 0


def test_who_may_not_come_in_is_told_so_before_the_key_is_asked(http: TestClient[Any], firm: Machine) -> None:
    address = f"/api/v1/holders/{firm.holder}/files"
    assert http.post(address, content=POWER, headers=CSV | {"authorization": "Bearer tzk_no_no"}).status_code == 401


def test_the_same_key_gives_the_same_answer_for_ever(http: TestClient[Any], book: Book, firm: Machine) -> None:
    address = f"/api/v1/holders/{firm.holder}/files?name=july.csv"
    first = http.post(address, content=POWER, headers=CSV | {"idempotency-key": "july"})
    assert first.status_code == 201, first.text
    other = HEAD + "electricity.grid,7,kWh,2023-08-01,s01\n"
    assert http.post(address, content=other, headers=CSV | {"idempotency-key": "august"}).status_code == 201
    again = http.post(address, content=POWER, headers=CSV | {"idempotency-key": '"july"'})
    assert (again.status_code, again.content, again.headers["location"]) == (201, first.content, first.headers["location"])
    assert again.json()["repeated"] is False, "the first answer, not that of a second try"
    assert count(book, ImportRow) == 2


@pytest.mark.parametrize("change", ["body", "query", "path"])
def test_the_same_key_for_another_call_is_refused(http: TestClient[Any], book: Book, firm: Machine, change: str) -> None:
    address = f"/api/v1/holders/{firm.holder}/files"
    assert http.post(address, content=POWER, headers=CSV | {"idempotency-key": "k"}).status_code == 201
    body = HEAD + "electricity.grid,8,kWh,2023-08-01,s01\n" if change == "body" else POWER
    if change == "path":
        other = http.post("/api/v1/webhooks", json=HOOK, headers={"idempotency-key": "k"})
    else:
        other = http.post(address + ("?name=b.csv" if change == "query" else ""), content=body, headers=CSV | {"idempotency-key": "k"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.other-content")
    assert (count(book, ImportRow), count(book, WebhookRow)) == (1, 0)


def test_what_was_refused_may_be_mended_under_the_same_key(http: TestClient[Any], book: Book, firm: Machine) -> None:
    address = f"/api/v1/holders/{firm.holder}/files"
    bad = http.post(address, content=POWER.replace("100", "1e2"), headers=CSV | {"idempotency-key": "k"})
    assert (bad.status_code, count(book, AnswerRow)) == (422, 0)
    assert http.post(address, content=POWER, headers=CSV | {"idempotency-key": "k"}).status_code == 201


def test_a_key_belongs_to_an_effect_and_not_to_an_attempt(http: TestClient[Any], book: Book, firm: Machine) -> None:
    address, sent = f"/api/v1/holders/{firm.holder}/files", CSV | {"idempotency-key": "k"}
    bad = POWER.replace("100", "1e2")
    assert [http.post(address, content=bad, headers=sent).status_code for _ in range(2)] == [422, 422]
    assert http.post(address, content=POWER, headers=sent).status_code == 201
    late = http.post(address, content=bad, headers=sent)
    assert (late.status_code, late.json()["code"]) == (422, "idempotency.other-content"), "not what is wrong with the line"
    assert (count(book, ImportRow), count(book, AnswerRow)) == (1, 1)


@pytest.mark.parametrize("error", [WebhookRefused(field="url", reason="changed its mind"), RuntimeError("broke")])
def test_a_call_that_is_refused_after_it_wrote_leaves_neither_effect_nor_answer(
    http: TestClient[Any], book: Book, firm: Machine, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    from api.resources import webhooks

    def breaks(**_: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(webhooks, "Registered", breaks)
        answer = http.post("/api/v1/webhooks", json=HOOK, headers={"idempotency-key": "k"})
    assert answer.status_code == (500 if isinstance(error, RuntimeError) else 422)
    assert (count(book, WebhookRow), count(book, AnswerRow)) == (0, 0)
    assert http.post("/api/v1/webhooks", json=HOOK, headers={"idempotency-key": "k"}).status_code == 201
    assert (count(book, WebhookRow), count(book, AnswerRow)) == (1, 1)


def test_two_users_may_use_the_same_word(http: TestClient[Any], book: Book, firm: Machine) -> None:
    other = machine(book, name="乙")
    for one in (firm, other):
        answer = http.post(f"/api/v1/holders/{one.holder}/files", content=POWER, headers=CSV | one.headers | {"idempotency-key": "k"})
        assert (answer.status_code, answer.json()["holder"]) == (201, one.holder)


def test_an_office_that_lost_its_right_is_not_told_the_old_answer(http: TestClient[Any], book: Book, firm: Machine) -> None:
    from datetime import UTC, datetime

    from api.auth.user import end_binding

    address, sent = f"/api/v1/holders/{firm.holder}/files", CSV | {"idempotency-key": "k"}
    assert http.post(address, content=POWER, headers=sent).status_code == 201
    with book.writing() as session:
        end_binding(session, firm.office.id, now=datetime.now(UTC))
    assert http.post(address, content=POWER, headers=sent).status_code in {401, 403}


def test_effect_and_answer_stand_or_fall_together(
    http: TestClient[Any], book: Book, firm: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.idempotency import Call

    def breaks(*_: object) -> None:
        raise OSError("the machine dies here")

    address, sent = f"/api/v1/holders/{firm.holder}/drafts/x", {"idempotency-key": "k", "if-none-match": "*"}
    with monkeypatch.context() as patched:
        patched.setattr(Call, "end", breaks)
        assert http.put(address, json={"lines": []}, headers=sent).status_code == 500
    assert (count(book, DraftRow), count(book, AnswerRow)) == (0, 0)
    assert http.put(address, json={"lines": []}, headers=sent).status_code == 201
    assert (count(book, DraftRow), count(book, AnswerRow)) == (1, 1)


def test_a_secret_that_is_shown_once_is_not_readable_in_what_is_kept(http: TestClient[Any], book: Book, firm: Machine) -> None:
    answer = http.post("/api/v1/webhooks", json=HOOK, headers={"idempotency-key": "k"})
    assert answer.status_code == 201, answer.text
    with book.reading() as session:
        kept = session.execute(sa.select(table_of(AnswerRow)).where(table_of(AnswerRow).c.id == key_of(firm.office.user, "k"))).one()
    assert answer.json()["secret"].encode() not in bytes(kept.body)
    assert http.post("/api/v1/webhooks", json=HOOK, headers={"idempotency-key": "k"}).json() == answer.json()


def test_one_key_fifty_times_at_once_is_one_effect_and_fifty_equal_answers(book: Book) -> None:
    """Two applications stand for two worker processes, which share nothing but the database."""
    firm = machine(book, office=Office.FIRM)
    with TestClient(application(book)) as left, TestClient(application(book)) as right:
        for one in (left, right):
            one.headers.update(firm.headers)

        def send(turn: int) -> tuple[int, bytes]:
            answer = (left, right)[turn % 2].post(
                f"/api/v1/holders/{firm.holder}/files", content=POWER, headers=CSV | {"idempotency-key": "k"}
            )
            return answer.status_code, answer.content

        with ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(send, range(50)))
    assert len(set(answers)) == 1
    assert answers[0][0] == 201
    assert (count(book, ImportRow), count(book, AnswerRow)) == (1, 1)


def test_a_twin_waits_and_is_then_told_when_to_come_again(
    http: TestClient[Any], book: Book, firm: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    from api import idempotency
    from api.resources import files

    monkeypatch.setattr(idempotency, "WAIT_S", 0.2)
    begun, may_end, real = threading.Event(), threading.Event(), files.book_file

    def slow(*given: Any, **named: Any) -> Any:
        begun.set()
        assert may_end.wait(10)
        return real(*given, **named)

    monkeypatch.setattr(files, "book_file", slow)
    address, sent = f"/api/v1/holders/{firm.holder}/files", CSV | {"idempotency-key": "k"}
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(http.post, address, content=POWER, headers=sent)
        assert begun.wait(10)
        twin = http.post(address, content=POWER, headers=sent)
        may_end.set()
        assert first.result().status_code == 201
    assert (twin.status_code, twin.json()["code"], twin.headers["retry-after"]) == (409, "idempotency.in-flight", "5")
    assert http.post(address, content=POWER, headers=sent).content == first.result().content


def test_a_twin_in_another_process_is_told_the_same_however_long_a_stranger_writes(tmp_path: Path) -> None:
    """On SQLite one writer waits for any other: the first call waits for a long import here, and its twin must not take it for that."""
    upgrade(f"sqlite:///{tmp_path}/book.db", home=tmp_path)
    book = open_book(f"sqlite:///{tmp_path}/book.db", home=tmp_path)
    firm = machine(book)
    path, sent = f"/api/v1/holders/{firm.holder}/files", firm.headers | CSV | {"idempotency-key": "k"}

    def post(server: Served) -> httpx.Response:
        return httpx.post(server.address + path, content=POWER, headers=sent, timeout=60)

    with serving(tmp_path) as left, serving(tmp_path) as right, ThreadPoolExecutor(1) as pool:
        with book.writing():
            first = pool.submit(post, left)
            until = time.monotonic() + 20
            while not (tmp_path / turns.FILE).exists() and time.monotonic() < until:
                time.sleep(0.05)
            begun = time.monotonic()
            twin = post(right)
            waited = time.monotonic() - begun
        assert (twin.status_code, twin.json()["code"], twin.headers["retry-after"]) == (409, "idempotency.in-flight", "5")
        assert 4 < waited < 9
        assert first.result().status_code == 201
        again = post(right)
        assert (again.status_code, again.content) == (201, first.result().content)
    assert (count(book, ImportRow), count(book, AnswerRow)) == (1, 1)
    book.engine.dispose()
