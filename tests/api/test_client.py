"""The typed client, as a program of somebody else's would use it."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from litestar.testing import TestClient

from api.client import Client, Draft, Problem, Unreachable
from ledger.book import Book
from tests.api.machines import POWER, application, client, machine

Answer = Callable[[httpx.Request], httpx.Response]


def scripted(*answers: Answer, tries: int = 5) -> tuple[Client, list[httpx.Request], list[float]]:
    """A client to whom the network answers as the script says; what it sent, and how long it waited."""
    sent: list[httpx.Request] = []
    waits: list[float] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return answers[min(len(sent), len(answers)) - 1](request)

    one = Client("https://carbon.example.org", key="tzk_a_b", transport=httpx.MockTransport(handle), sleep=waits.append, tries=tries)
    return one, sent, waits


def breaks(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("the line broke", request=request)


def says(status: int, told: Any = None, **headers: str) -> Answer:
    return lambda _: httpx.Response(status, json=told, headers={name.replace("_", "-"): value for name, value in headers.items()})


DRAFT = says(201, {"lines": []}, etag='"d1"')


def test_a_call_whose_answer_was_lost_is_sent_again_under_the_same_key() -> None:
    one, sent, waits = scripted(breaks, breaks, DRAFT)
    assert one.put_draft("h1", "a/b c", []) == Draft(lines=[], etag='"d1"')
    assert len({request.headers["idempotency-key"] for request in sent}) == 1
    assert waits == [0.5, 1.0]
    assert sent[0].url.raw_path == b"/api/v1/holders/h1/drafts/a%2Fb%20c"
    one.put_draft("h1", "x", [])
    assert sent[-1].headers["idempotency-key"] != sent[0].headers["idempotency-key"], "another call, another key"


def test_it_waits_as_long_as_the_platform_says() -> None:
    busy = says(409, {"code": "idempotency.in-flight"}, retry_after="5")
    one, _, waits = scripted(says(429, {"code": "limit.exceeded"}, retry_after="7"), busy, says(503), DRAFT)
    one.put_draft("h1", "x", [])
    assert waits == [7.0, 5.0, 2.0]


def test_what_is_refused_is_not_sent_again() -> None:
    told = {"code": "file.faulty", "detail": "1 fault", "errors": [{"row": 2, "column": "quantity"}]}
    one, sent, _ = scripted(says(422, told))
    with pytest.raises(Problem) as refused:
        one.file("h1", b"x")
    assert (refused.value.status, refused.value.code, refused.value.errors[0]["row"], len(sent)) == (422, "file.faulty", 2, 1)
    gone, sent, _ = scripted(says(409, {"code": "holder.taken"}))
    with pytest.raises(Problem):
        gone.add_webhook("https://x.org", ["file.booked"])
    assert len(sent) == 1


def test_it_gives_up_at_last_and_says_so() -> None:
    one, sent, _ = scripted(breaks, tries=3)
    with pytest.raises(Unreachable, match="the line broke"):
        one.health()
    assert len(sent) == 3
    proxy, _, _ = scripted(lambda _: httpx.Response(502, text="<html>bad gateway"), tries=2)
    with pytest.raises(Problem, match="bad gateway"):
        proxy.health()


def test_its_key_goes_to_no_other_machine() -> None:
    one, sent, _ = scripted(says(200, [], link='<https://evil.example.org/api/v1/jobs?after=j>; rel="next"'))
    with pytest.raises(Unreachable, match="evil"):
        list(one.jobs())
    assert len(sent) == 1


def test_lists_are_read_to_their_end(book: Book) -> None:
    firm = machine(book)
    with TestClient(application(book)) as http:
        one = client(http, firm)
        for month in range(1, 8):
            one.file(firm.holder, POWER.replace("2023-07", f"2023-{month:02}").encode())
        assert len(list(one.files(firm.holder, limit=2))) == 7
        account = f"holder/{firm.holder}/s01/scope2-location/electricity"
        statement = list(one.statement(account, "CO2", limit=3))
        assert len(statement) == 7
        assert statement[-1].balance == sum(posting.amount for posting in statement)
        assert [(row.commodity, row.amount) for row in one.balances(account)] == [("CO2", statement[-1].balance)]


def test_it_calculates_as_the_announcement_says(book: Book) -> None:
    with TestClient(application(book)) as http:
        one = client(http, machine(book))
        told = one.calculate("activity,quantity,unit,day,division\nelectricity.grid,100,kWh,2023-07-01,330106\n")
        assert told[0]["gases"] == {"CO2": "49740"}
        assert one.health()["status"] == "ok"
        assert any(activity["id"] == "electricity.grid" for activity in one.activities("electricity.grid"))


def test_it_needs_nothing_of_the_platform() -> None:
    code = "import sys, api.client; print(sorted(m for m in sys.modules if m.split('.')[0] in {'litestar','polars','sqlalchemy','carbon','ledger','pandas'}))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
