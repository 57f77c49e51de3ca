"""How many calls one may make."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from api.limits import BUCKETS_MAX, Limiter, Limits
from carbon.errors import BadSetting
from carbon.settings import read_settings
from ledger.book import Book
from tests.api.machines import Machine, application, machine


@pytest.fixture
def firm(book: Book) -> Machine:
    return machine(book)


@pytest.fixture
def http(book: Book) -> Iterator[TestClient[Any]]:
    with TestClient(application(book, limits=Limits(signed=5, anonymous=3))) as one:
        yield one


def test_who_calls_too_often_is_told_when_to_come_again(http: TestClient[Any], firm: Machine) -> None:
    answers = [http.get("/api/v1/jobs", headers=firm.headers) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers] == ["r=4", "r=3", "r=2", "r=1", "r=0", "r=0"]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"user";q=5;w=60'}
    assert answers[-1].json()["code"] == "limit.exceeded"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 12
    assert answers[-1].headers["content-type"].startswith("application/problem+json")


def test_one_users_calls_are_not_anothers(http: TestClient[Any], book: Book, firm: Machine) -> None:
    other = machine(book, name="乙")
    for _ in range(6):
        http.get("/api/v1/jobs", headers=firm.headers)
    assert http.get("/api/v1/jobs", headers=other.headers).status_code == 200
    assert http.get("/api/v1/activities?q=coal").status_code == 200


def test_nobody_is_bounded_by_address_and_health_by_nothing(http: TestClient[Any]) -> None:
    assert [http.get("/api/v1/activities?q=coal").status_code for _ in range(4)] == [200, 200, 200, 429]
    for _ in range(10):
        answer = http.get("/api/v1/health")
        assert answer.status_code == 200
        assert "ratelimit" not in answer.headers


def test_a_bucket_fills_again_evenly() -> None:
    now = [0.0]
    limiter = Limiter(clock=lambda: now[0])
    assert [limiter.take("a", 60)[0] for _ in range(61)] == [*range(59, -1, -1), -1]
    now[0] = 2.5
    assert [limiter.take("a", 60)[0] for _ in range(3)] == [1, 0, -1]
    now[0] = 1000.0
    assert limiter.take("a", 60) == (59, 1, 1), "it holds no more than a minute's calls"


def test_buckets_of_who_came_once_do_not_pile_up() -> None:
    limiter = Limiter(clock=lambda: 0.0)
    for number in range(BUCKETS_MAX + 10):
        limiter.take(f"address {number}", 60)
    assert len(limiter.buckets) == BUCKETS_MAX


def test_limits_are_settings(tmp_path: Path) -> None:
    chosen = read_settings(environment={"TANZHANG_RATE_SIGNED": "0", "TANZHANG_RATE_ANONYMOUS": "7"}, flags={"home": str(tmp_path)})
    assert (chosen.rate_signed, chosen.rate_anonymous) == (0, 7)
    for name, value in (("RATE_SIGNED", "-1"), ("RATE_ANONYMOUS", "many"), ("WEBHOOK_HOSTS", "https://x.org"), ("WEBHOOK_HOSTS", "a/b")):
        with pytest.raises(BadSetting):
            read_settings(environment={f"TANZHANG_{name}": value}, flags={"home": str(tmp_path)})
