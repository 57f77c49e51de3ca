"""Webhooks: told what happened, signed, once the effect stands, and as often as it takes."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient
from standardwebhooks import Webhook

from api.auth.office import Office
from api.auth.vault import Vault
from api.client import Client, Problem
from api.outgoing import Reach
from api.work.outbox import clear_messages, is_message_due
from api.work.webhook import FAILURES_MAX
from api.work.worker import Worker
from carbon.tables import DeliveryRow, WebhookRow
from ledger.book import Book
from ledger.types import table_of
from tests.api.machines import HOOKS, POWER, Machine, client, machine

URL = f"https://{HOOKS}/in"


class Ear:
    """A server on the loopback that keeps what it is told and answers `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.heard: list[tuple[dict[str, str], bytes]] = []
        ear = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                ear.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(ear.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/in"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def ear() -> Iterator[Ear]:
    one = Ear()
    yield one
    one.server.shutdown()
    one.server.server_close()


def worker(book: Book, now: Any = None) -> Worker:
    reach = Reach(hosts=frozenset({"127.0.0.1"}), private=True)
    return Worker(book, Vault.at(book.home), UTC, reach, **({"now": now} if now else {}))


def listen(one: Client, book: Book, ear: Ear, *events: str) -> tuple[str, str]:
    """A webhook whose address is then the ear's, as no one could register it over HTTP; its id and secret."""
    made = one.add_webhook(URL, events or ("file.booked",))
    with book.writing() as session:
        session.execute(sa.update(table_of(WebhookRow)).where(table_of(WebhookRow).c.id == made.webhook.id).values(url=ear.url))
    return made.webhook.id, made.secret


def test_what_was_booked_is_told_and_signed(one: Client, book: Book, firm: Machine, ear: Ear) -> None:
    webhook, secret = listen(one, book, ear)
    receipt = one.file(firm.holder, POWER.encode(), name="july.csv")
    assert ear.heard == [], "nothing is sent before a worker does"
    assert worker(book).step()
    headers, body = ear.heard[0]
    told = Webhook(secret).verify(body, headers)
    assert (told["type"], told["data"]["import_id"], told["timestamp"][-1]) == ("file.booked", receipt.import_id, "Z")  # type: ignore[union-attr]
    with pytest.raises(Exception, match="signature"):
        Webhook(secret).verify(body.replace(b"july", b"june"), headers)
    assert [(one_.status, one_.answer) for one_ in one.deliveries(webhook)] == [("delivered", 200)]
    assert not worker(book).step()


def test_what_was_not_booked_is_not_told(one: Client, book: Book, firm: Machine, ear: Ear) -> None:
    listen(one, book, ear)
    with pytest.raises(Problem):
        one.file(firm.holder, POWER.replace("100", "1e2").encode())
    one.file(firm.holder, POWER.encode(), name="july.csv")
    one.file(firm.holder, POWER.encode(), name="july.csv")  # another key, the same file: booked before
    with book.reading() as session:
        assert session.execute(sa.select(sa.func.count()).select_from(table_of(DeliveryRow))).scalar_one() == 1


def test_only_who_may_see_the_holder_is_told(http: TestClient[Any], book: Book, firm: Machine, ear: Ear) -> None:
    heard = {}
    for name, other in (("same", machine(book, holder=firm.holder, office=Office.RESIDENT)), ("other", machine(book, name="乙"))):
        heard[name], _ = listen(client(http, other), book, ear)
    client(http, firm).file(firm.holder, POWER.encode())
    with book.reading() as session:
        assert session.execute(sa.select(table_of(DeliveryRow).c.webhook_id)).scalars().all() == [heard["same"]]


def test_the_end_of_a_job_is_told_to_who_asked(one: Client, http: TestClient[Any], book: Book, firm: Machine, ear: Ear) -> None:
    listen(one, book, ear, "job.done", "job.failed")
    listen(client(http, machine(book, holder=firm.holder)), book, ear, "job.done", "job.failed")
    job = one.file(firm.holder, POWER.encode(), later=True)
    busy = worker(book)
    while busy.step():
        pass
    assert [(b"job.done" in body, job.id.encode() in body) for _, body in ear.heard] == [(True, True)]  # type: ignore[union-attr]


def test_a_message_is_sent_again_with_the_same_id_until_it_arrives(one: Client, book: Book, firm: Machine, ear: Ear) -> None:
    webhook, _ = listen(one, book, ear)
    one.file(firm.holder, POWER.encode())
    moment = [datetime.now(UTC)]
    busy, waits = worker(book, lambda: moment[0]), []
    ear.status = 503
    for _ in range(3):
        assert busy.step()
        assert not busy.step()
        with book.reading() as session:
            due = session.execute(sa.select(table_of(DeliveryRow).c.due_at)).scalar_one()
        waits.append((due - moment[0]).total_seconds())
        moment[0] = due
    assert waits == [5, 300, 1800]
    ear.status = 204
    assert busy.step()
    assert len({headers["webhook-id"] for headers, _ in ear.heard}) == 1
    assert [(told.status, told.attempts) for told in one.deliveries(webhook)] == [("delivered", 4)]
    assert next(one.webhooks()).failures == 0


@pytest.mark.parametrize("status", [410, 500])
def test_a_webhook_that_is_gone_or_fails_again_and_again_is_disabled(one: Client, book: Book, firm: Machine, ear: Ear, status: int) -> None:
    webhook, _ = listen(one, book, ear)
    one.file(firm.holder, POWER.encode())
    ear.status = status
    moment = [datetime.now(UTC)]
    busy = worker(book, lambda: moment[0])
    while next(one.webhooks()).disabled_at is None:
        assert len(ear.heard) < FAILURES_MAX
        assert busy.step()
        moment[0] += timedelta(days=2)
    assert len(ear.heard) == (1 if status == 410 else FAILURES_MAX)
    one.file(firm.holder, POWER.replace("07-01", "08-01").encode())
    moment[0] += timedelta(days=2)
    assert not busy.step(), "nothing more is sent to it"
    assert one.enable_webhook(webhook).disabled_at is None


@pytest.mark.parametrize(
    "url",
    ["http://hooks.example.org/in", "https://evil.example.org/in", "https://127.0.0.1/in", "https://hooks.example.org@evil.example.org/",
     "https://a:b@hooks.example.org/", "https://hooks.example.org.evil.org/", "file:///etc/passwd", "https://hooks.example.org:x/", "", "https://[::1/",
     "https://hooks.example.org\\@evil.org/", "https://hooks.example.org/#x"],
)  # fmt: skip
def test_an_address_that_nobody_named_cannot_be_registered(one: Client, book: Book, url: str) -> None:
    with pytest.raises(Problem) as refused:
        one.add_webhook(url, ["file.booked"])
    assert (refused.value.status, refused.value.code) == (422, "webhook.refused")


def test_a_worker_calls_no_private_address_though_it_be_written_in_the_book(one: Client, book: Book, firm: Machine, ear: Ear) -> None:
    webhook, _ = listen(one, book, ear)
    one.file(firm.holder, POWER.encode())
    strict = Worker(book, Vault.at(book.home), UTC, Reach(hosts=frozenset({"127.0.0.1"})))
    assert strict.step()
    assert ear.heard == []
    assert next(one.deliveries(webhook)).answer is None


def test_webhooks_are_their_offices_alone_and_ten_at_most(one: Client, http: TestClient[Any], book: Book, firm: Machine) -> None:
    made = [one.add_webhook(URL, ["file.booked"]).webhook.id for _ in range(10)]
    with pytest.raises(Problem, match=r"webhook\.refused"):
        one.add_webhook(URL, ["file.booked"])
    other = client(http, machine(book, holder=firm.holder))
    assert list(other.webhooks()) == []
    for call in (lambda: other.remove_webhook(made[0]), lambda: other.enable_webhook(made[0]), lambda: list(other.deliveries(made[0]))):
        with pytest.raises(Problem, match=r"webhook\.not-found"):
            call()
    one.remove_webhook(made[0])
    assert {hook.id for hook in one.webhooks()} == set(made[1:])


def test_no_answer_shows_a_secret_again(one: Client, http: TestClient[Any], firm: Machine) -> None:
    secret = one.add_webhook(URL, ["file.booked"]).secret
    for address in ("/api/v1/webhooks", f"/api/v1/webhooks/{next(one.webhooks()).id}"):
        assert secret.removeprefix("whsec_") not in http.get(address, headers=firm.headers).text


def test_messages_are_kept_for_thirty_days(one: Client, book: Book, firm: Machine, ear: Ear) -> None:
    listen(one, book, ear)
    one.file(firm.holder, POWER.encode())
    assert clear_messages(book, now=datetime.now(UTC) + timedelta(days=29)) == 0
    assert clear_messages(book, now=datetime.now(UTC) + timedelta(days=31)) == 1


def test_a_message_that_cannot_be_signed_keeps_no_job_from_being_done(one: Client, book: Book, firm: Machine, ear: Ear) -> None:
    webhook, _ = listen(one, book, ear)
    one.file(firm.holder, POWER.encode(), name="july.csv")
    with book.writing() as session:  # sealed by another vault, as after a restore without the home's secrets
        session.execute(sa.update(table_of(WebhookRow)).where(table_of(WebhookRow).c.id == webhook).values(secret=bytes(64)))
    job = one.file(firm.holder, POWER.replace("07-01", "08-01").encode(), name="august.csv", later=True)
    assert worker(book).step()
    assert one.job(job.id).status == "done"  # type: ignore[union-attr]
    (told,) = [told for told in one.deliveries(webhook) if told.attempts]
    assert (told.status, told.answer, "another vault" in str(told.reason)) == ("due", None, True)


def test_what_is_due_to_a_webhook_that_is_gone_keeps_no_worker_awake(one: Client, book: Book, firm: Machine, ear: Ear) -> None:
    webhook, _ = listen(one, book, ear)
    one.file(firm.holder, POWER.encode(), name="july.csv")
    with book.reading() as session:
        assert is_message_due(session, now=datetime.now(UTC))
    one.remove_webhook(webhook)
    with book.reading() as session:
        assert not is_message_due(session, now=datetime.now(UTC))
