"""Schemathesis over the application's own OpenAPI, as each office and as nobody: whatever is sent, the server answers for itself, and what
is not public is not answered to nobody."""

import warnings
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from litestar.testing import TestClient

from api.auth.office import Office
from api.resources.files import XLSX
from tests.api.hostile.conftest import Besieged, count

EXAMPLES = count(3, 100)
BYTES = (XLSX, "application/pdf", "image/png", "image/jpeg", "application/octet-stream")


@schemathesis.serializer(*BYTES)
def as_bytes(_context: Any, value: Any) -> bytes:
    """Files travel as they are."""
    data = getattr(value, "data", value)
    return data if isinstance(data, bytes) else str(data).encode("utf-8", errors="surrogatepass")


def operations(besieged: Besieged) -> Iterator[Any]:
    """Every operation of the schema that the application publishes."""
    schema = schemathesis.openapi.from_dict(besieged.app.openapi_schema.to_schema())
    return (result.ok() for result in schema.get_all_operations())


def send(client: TestClient[Any], case: Any) -> Any:
    """The case as it would travel; a fresh key, since writes ask for one."""
    told = case.as_transport_kwargs(base_url="http://testserver.local")
    wanted = ("method", "url", "headers", "params", "data", "json", "files")
    ready = requests.Request(**{name: value for name, value in told.items() if name in wanted}).prepare()
    headers = {name: value for name, value in ready.headers.items() if name.lower() not in {"cookie", "authorization"}}
    headers |= {"idempotency-key": uuid4().hex} if ready.method != "GET" else {}
    return client.request(str(ready.method), str(ready.url), headers=headers, content=ready.body)


def attack(client: TestClient[Any], operation: Any, judge: Callable[[Any, Any], None]) -> int:
    """Cases of one operation, the same in every run; how many were sent."""
    sent = 0

    @seed(7)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    @given(case=operation.as_strategy())
    def one(case: Any) -> None:
        nonlocal sent
        sent += 1
        answer = send(client, case)
        assert answer.status_code < 500, f"{case.method} {case.path}: {answer.text[:300]}"
        judge(operation, answer)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one()
    return sent


def storm(besieged: Besieged, client: TestClient[Any], judge: Callable[[Any, Any], None]) -> int:
    """Cases of every operation; how many were sent."""
    return sum(attack(client, operation, judge) for operation in operations(besieged))


@pytest.mark.parametrize("office", Office)
def test_no_office_makes_the_server_break(besieged: Besieged, as_office: Callable[[Office], TestClient[Any]], office: Office) -> None:
    def plain(_operation: Any, answer: Any) -> None:
        assert "Traceback" not in answer.text

    assert storm(besieged, as_office(office), plain) >= 20


def test_nobody_is_let_in_where_it_is_not_public(besieged: Besieged, nobody: TestClient[Any]) -> None:
    public = {
        (method.lower(), route.path)
        for route in besieged.app.routes
        for handler in getattr(route, "route_handlers", [])
        if handler.opt.get("role") == "anyone"
        for method in handler.http_methods
    }
    templates = {(method, route_path.replace(":str", "").replace(":int", "")) for method, route_path in public}

    def refused(operation: Any, answer: Any) -> None:
        if (operation.method.lower(), operation.path) not in templates:
            assert answer.status_code in {401, 403, 400, 404, 413, 414}, f"{operation.method} {operation.path}: {answer.status_code}"

    storm(besieged, nobody, refused)
