"""Metrics are for programs of this machine, and name no address; readiness says what is lacking."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from api.operations import readiness
from api.operations.marks import mark, marked
from api.operations.metrics import count
from api.work.job import enqueue
from ledger.book import Book
from ledger.principal import LOCAL_READER
from tests.api.server import ask, serving
from tests.ledger.books import burning, put

HERE = {"host": "127.0.0.1"}


def reader(app: Litestar, *, client: str = "127.0.0.1") -> TestClient[Any]:
    async def from_there(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scope["client"] = (client, 1)
        await app(scope, receive, send)

    return TestClient(from_there)


def test_metrics_name_routes_and_never_addresses(book: Book) -> None:
    put(book, burning("1"))
    with book.writing() as session:
        enqueue(session, "file", {}, user="u", binding="b", now=datetime.now(UTC))
    mark(book.home, "verified", now=datetime.now(UTC))
    with reader(create_app(book, local=LOCAL_READER, tell=(count,))) as machine:
        machine.get("/api/v1/entries/0?gwp=AR5.100", headers=HERE)
        machine.get("/api/v1/no/such/thing-4711", headers=HERE)
        told = machine.get("/metrics", headers=HERE)
    assert told.headers["content-type"].startswith("text/plain")
    assert 'tanzhang_requests_total{method="GET",route="/api/v1/entries/{entry_id}",status="200"}' in told.text
    assert 'route="-",status="404"' in told.text
    assert "4711" not in told.text
    figures = dict(line.rsplit(" ", 1) for line in told.text.splitlines() if not line.startswith("#"))
    assert float(figures["tanzhang_entries"]) == 1
    assert float(figures['tanzhang_jobs{status="queued"}']) == 1
    assert float(figures["tanzhang_checkpoint_lag_entries"]) == 0
    assert 0 <= float(figures["tanzhang_verify_age_seconds"]) < 60


@pytest.mark.parametrize(
    ("client", "headers"),
    [("203.0.113.7", HERE), ("127.0.0.1", HERE | {"x-forwarded-for": "203.0.113.7"}), ("127.0.0.1", HERE | {"via": "1.1 proxy"})],
)
def test_metrics_are_not_there_for_other_machines(app: Litestar, client: str, headers: dict[str, str]) -> None:
    with reader(app, client=client) as stranger:
        assert stranger.get("/metrics", headers=headers).status_code == 404


def test_workers_count_together(tmp_path: Path) -> None:
    from tests.api.test_serve import empty_book

    empty_book(tmp_path)
    with serving(tmp_path, "--workers", "2") as server:
        for _ in range(40):
            assert ask(f"{server.address}/ready")[0] == 200
        told = ask(f"{server.address}/metrics")[2].decode()
    assert 'tanzhang_requests_total{method="GET",route="/ready",status="200"} 40.0' in told


def test_a_server_lives_without_its_database_and_is_not_ready(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    with TestClient(create_app(book, local=LOCAL_READER)) as probe:
        assert probe.get("/ready").json()["checks"] == {"database": "ok", "checkpoints": "ok", "room": "ok", "access": "ok"}
        monkeypatch.setattr(readiness, "room", lambda folder: 1000)
        told = probe.get("/ready")
        assert (told.status_code, told.json()["status"]) == (503, "not ready")
        assert told.json()["checks"]["room"] == "the disk is nearly full"
        if book.dialect == "sqlite":
            book.engine.dispose()
            Path(str(book.engine.url.database)).unlink()
            told = probe.get("/api/v1/health")
            assert (told.status_code, told.json()["checks"]["database"]) == (503, "cannot be read")
        assert probe.get("/health").status_code == 200


def test_readiness_tells_no_paths(book: Book) -> None:
    with TestClient(create_app(book, local=LOCAL_READER)) as probe:
        assert str(book.home) not in probe.get("/ready").text
        assert os.environ.get("USER", "nobody-at-all") not in probe.get("/ready").text


def test_a_deed_that_cannot_be_noted_stays_unnoted(tmp_path: Path) -> None:
    assert marked(tmp_path, "verified") is None
    mark(tmp_path / "not there", "verified", now=datetime.now(UTC))
    assert marked(tmp_path / "not there", "verified") is None
    mark(tmp_path, "backed-up", now=datetime(2026, 11, 28, tzinfo=UTC))
    assert marked(tmp_path, "backed-up") == datetime(2026, 11, 28, tzinfo=UTC)
