"""What the log says of a request, and what it never says."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar, Request, get, post
from litestar.params import FromPath
from litestar.testing import TestClient

from api.app import answer, create_app
from api.doors import PUBLIC
from api.operations import log, watch
from api.operations.log import Lines
from api.operations.watch import Watch, to_log
from ledger.book import Book
from ledger.principal import LOCAL_READER


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The log of this process, as a server writes it."""
    told, root = io.StringIO(), logging.getLogger()
    handler, before = logging.StreamHandler(told), root.level
    handler.setFormatter(Lines())
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield told
    root.removeHandler(handler)
    root.setLevel(before)


def read(told: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in told.getvalue().splitlines()]


def test_a_request_is_told_by_its_route_and_never_by_its_address(shown: Book, lines: io.StringIO) -> None:
    with TestClient(create_app(shown, local=LOCAL_READER, tell=(to_log,))) as reader:
        answered = reader.get("/zh/accounts/statement?account=holder/secret-one&commodity=CO2", headers={"cookie": "x=secret-two"})
    (line,) = [line for line in read(lines) if line["logger"] == "tanzhang.request"]
    assert line["request"] == answered.headers["x-request-id"]
    assert (line["method"], line["status"], line["user"], line["level"]) == ("GET", answered.status_code, "local-reader", "info")
    assert line["route"].startswith("/zh/")
    assert line["ms"] > 0
    ours = [line for line in read(lines) if line["logger"] != "httpx"]  # which is the caller here
    assert "secret" not in json.dumps(ours)


def test_a_problem_and_an_error_page_name_the_request(shown: Book) -> None:
    with TestClient(create_app(shown, local=LOCAL_READER)) as reader:
        problem = reader.get("/api/v1/entries/999999")
        page = reader.get("/en/entries/999999", headers={"accept": "text/html"})
    assert problem.json()["instance"] == f"urn:tanzhang:request:{problem.headers['x-request-id']}"
    assert page.headers["x-request-id"] in page.text
    assert problem.headers["x-request-id"] != page.headers["x-request-id"]


def test_what_nobody_foresaw_is_told_with_the_number_of_its_request(lines: io.StringIO) -> None:
    @get("/broken/{name:str}", opt=PUBLIC, sync_to_thread=True)
    def broken(name: FromPath[str]) -> str:
        raise RuntimeError("the cause")

    app = Litestar([broken], exception_handlers={Exception: answer}, logging_config=None, openapi_config=None)
    app.asgi_handler = Watch(app.asgi_handler)
    with TestClient(app) as reader:
        answered = reader.get("/broken/secret?q=secret")
    assert answered.status_code == 500
    (line,) = [line for line in read(lines) if line["level"] == "error"]
    assert line["request"] == answered.headers["x-request-id"]
    assert "the cause" in line["exception"]
    assert "secret" not in line["message"]


def test_a_database_that_complains_tells_no_values(book: Book) -> None:
    with pytest.raises(Exception, match="no_such_table") as complaint, book.reading() as session:
        session.connection().exec_driver_sql("SELECT * FROM no_such_table WHERE x = 7654321", ())
    assert "parameters" not in str(complaint.value)


def test_a_body_that_keeps_no_pace_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    monkeypatch.setattr(watch, "PATIENCE_S", 0.2)

    async def never() -> Any:
        await asyncio.sleep(60)

    async def drip() -> Any:
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def asked(receive: Any) -> int:
        paced, taken = watch._paced(receive), 0
        try:
            while taken < 100:
                await paced()
                taken += 1
        except watch.SlowBody:
            return taken
        return -1

    assert asyncio.run(asked(never)) == 0
    assert 1 <= asyncio.run(asked(drip)) <= 4


def test_a_body_that_keeps_pace_arrives_whole() -> None:
    @post("/size", opt=PUBLIC, status_code=200)
    async def size(request: Request[Any, Any, Any]) -> int:
        return len(await request.body())

    app = Litestar([size], logging_config=None, openapi_config=None)
    app.asgi_handler = Watch(app.asgi_handler)
    with TestClient(app) as reader:
        assert reader.post("/size", content=b"x" * 300_000).json() == 300_000


def test_the_level_is_a_setting(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        log.configure("warning")
        log.REQUESTS.info("unheard")
        logging.getLogger("tanzhang").warning("heard")
    finally:
        root.handlers[:], root.level = handlers, level
    assert [json.loads(line)["message"] for line in capsys.readouterr().err.splitlines()] == ["heard"]
