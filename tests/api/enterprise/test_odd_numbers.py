"""Odd numbers in the paths, queries, bodies and forms of a firm's routes: each alone, beside what is right, and never a broken server."""

from collections.abc import Iterator
from datetime import date
from typing import Any, get_args
from uuid import uuid4

import pytest
from litestar.handlers import HTTPRouteHandler
from litestar.testing import TestClient

from api.auth.office import Office
from tests.api.enterprise.conftest import Shop, Visit
from tests.api.enterprise.furnished import HUZHOU

ODD = ("-1", "0", "1", "9999", "10000", "2147483648", "9223372036854775808", "9" * 40, "9" * 5_000)
ODD_DAYS = ("0001-01-01", "9999-12-31")
TYPED = (*ODD, "²", "①", "１", "1e3", "0x1", "", "\u0000")


@pytest.fixture
def broken(shop: Shop) -> Iterator[TestClient[Any]]:
    """The client, which is told of a broken server by its answer."""
    shop.client.follow_redirects = False
    transport = shop.client._transport
    told, transport.raise_server_exceptions = transport.raise_server_exceptions, False  # type: ignore[attr-defined]
    yield shop.client
    transport.raise_server_exceptions = told  # type: ignore[attr-defined]


def numbers(handler: HTTPRouteHandler) -> dict[str, tuple[str, ...]]:
    """The parameters of a handler that are numbers or days, by the names that are sent, and what is odd for each."""
    found = {}
    for name, parameter in handler.parsed_fn_signature.parameters.items():
        kinds = {parameter.annotation, *get_args(parameter.annotation)}
        alias = next((one.name for one in parameter.metadata if getattr(one, "name", None)), name)
        if int in kinds or date in kinds:
            found[alias] = ODD if int in kinds else ODD_DAYS
    return found


def test_no_odd_number_breaks_a_read(shop: Shop, regulator: Visit, broken: TestClient[Any]) -> None:
    known = {
        "holder": shop.holder, "holder_id": shop.holder, "filing": shop.filing, "year": "2024", "programme": "cn-ets", "no": "1",
        "entry_id": "1", "file": "tags.csv", "code": "330500", "account": f"holder/{shop.holder}/", "commodity": "CO2",
        "guide": "cement", "against": "2023", "activity": "electricity.grid", "day": "2024-01-01",
    }  # fmt: skip
    sent, broken_by, regulator_headers = 0, [], regulator._enter()
    for route in shop.client.app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if "GET" not in handler.http_methods or route.path.startswith(("/schema", "/en/")) or "events" in route.path:
                continue
            path = route.path.replace(":str", "").replace(":int", "")
            for name, odd in numbers(handler).items():
                for one in odd:
                    filled = known | {name: one}
                    if any(part.strip("{}") not in filled for part in path.split("/") if part.startswith("{")):
                        continue
                    address = path.format_map(filled)
                    asked = {key: filled[key] for key in ("account", "commodity", "guide", "against", "activity", "day", "holder")}
                    answer = broken.get(address, params=asked | ({} if f"{{{name}}}" in path else {name: one}), headers=regulator_headers)
                    if answer.status_code >= 500:
                        broken_by.append((path, name, one[:30]))
                    sent += 1
    assert broken_by == []
    assert sent > 300, "the routes were found, and asked"


def bodies(shop: Shop) -> list[tuple[Office, str, dict[str, Any]]]:
    at, filing, owed = shop.api, f"/filings/{shop.filing}", f"{shop.api}/compliance/cn-ets/2024"
    kwh = {"plant": "PV-1", "month": 202607}
    ranges = [{"unit": "CEA.2024", "series": "A1", "first": 1, "last": 2}]
    firm, regulator, verifier = Office.FIRM, Office.REGULATOR, Office.VERIFIER
    return [
        (firm, f"{at}/filings", {"year": 2024, "guide": "cement"}),
        (verifier, f"{filing}/take-up", {"assurance": "limited", "materiality_permille": 50}),
        (verifier, f"{filing}/findings", {"text": "x", "weight": "minor", "line": 1, "field": "quantity", "value": "1"}),
        (firm, f"{filing}/documents", {"sha256": "0" * 64, "line": 1}),
        (firm, f"{at}/packets", {"month": 202601, "readings": []}),
        (firm, f"{at}/facts", {"kind": "base-year", "fact": {"year": 2023, "threshold_permille": 1}, "valid_from": "2023-01-01", "reason": "x"}),
        (firm, f"{at}/facts", {"kind": "boundary", "fact": {"approach": "equity", "start_month": 1}, "valid_from": "2023-01-01", "reason": "x"}),
        (firm, f"{at}/facts", {"kind": "economy", "fact": {"year": 2023, "value_added_fen": 1}, "valid_from": "2023-01-01", "reason": "x"}),
        (firm, f"{at}/facts", {
            "kind": "exclusion", "fact": {"source": "x", "scope": "1", "reason": "x", "share_permille": 1}, "valid_from": "2023-01-01", "reason": "x",
        }),
        (regulator, owed, {
            "sector": "cement", "filing": shop.filing, "verified_g": 1_000_000, "units": [{"name": "a", "verified_g": 1_000_000, "stated_t": 1}],
        }),
        (firm, f"{owed}/surrenders", {"allowances": 1, "offsets": 1}), (firm, f"{owed}/surrenders", {"ranges": ranges}),
        (regulator, f"{at}/units", {"unit": "CEA.2024", "series": "A", "first": 1, "last": 1, "vintage": 2024}),
        (firm, f"{at}/units/transfers", {"to": shop.holder, "unit": "CEA.2024", "count": 1}),
        (firm, f"{at}/units/cancellations", {"unit": "CEA.2024", "count": 1}),
        (firm, f"{at}/units/cancellations", {"unit": "CEA.2024", "ranges": ranges}),
        (firm, f"{at}/units/claims", {"year": 2026, "count": 1}),
        (firm, f"{at}/generation", kwh | {"kwh": 1}), (firm, f"{at}/generation/claims", kwh | {"kwh": 1, "mechanism": "GEC"}),
        (regulator, f"{at}/generation/certificates", kwh | {"count": 1}),
        (regulator, "/efficiency", {"pack": HUZHOU, "year": 2024, "firms": [{"holder": shop.holder, "deducted": {"x": 1}}]}),
        (firm, f"{at}/efficiency/2024/appeals", {"of": 1, "reason": "x"}),
        (regulator, f"{at}/efficiency/2024/decisions", {"of": 1, "upheld": False, "reason": "x"}),
    ]  # fmt: skip


def with_odd(content: Any) -> Iterator[Any]:
    """The content again and again, each of its numbers in turn an odd one."""
    if isinstance(content, dict):
        for name, value in content.items():
            yield from (content | {name: one} for one in with_odd(value))
    elif isinstance(content, list):
        for at, value in enumerate(content):
            yield from ([*content[:at], one, *content[at + 1 :]] for one in with_odd(value))
    elif type(content) is int:
        yield from (int(one) for one in ODD[:-1])
    elif content == "2023-01-01":
        yield from ODD_DAYS


def test_no_odd_number_in_a_body_breaks_a_write(shop: Shop, broken: TestClient[Any]) -> None:
    visits = {office: shop.visit(office) for office in (Office.FIRM, Office.REGULATOR, Office.VERIFIER)}
    broken_by, refused = [], 0
    for office, path, content in bodies(shop):
        for one in with_odd(content):
            headers = {"idempotency-key": uuid4().hex, "if-match": '"t0"'} | visits[office]._enter()
            answer = broken.post(f"/api/v1{path}", json=one, headers=headers)
            refused += 400 <= answer.status_code < 500
            if answer.status_code >= 500:
                broken_by.append((path, str(one)[:300]))
    assert broken_by == []
    assert refused > 100, "what is odd is refused by name"
