"""What the documentation says is true, whole, and the same for every route."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from api.published import METHODS, operations_of
from ledger.book import Book
from tests.api.machines import POWER, application, client, machine

Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture(scope="module")
def schema(app: Litestar) -> dict[str, Any]:
    with TestClient(app) as http:
        told = http.get("/schema/openapi.json").json()
    assert isinstance(told, dict)
    return told


def operations(schema: dict[str, Any]) -> Iterator[Operation]:
    for path, item in schema["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def test_it_is_openapi_31(schema: dict[str, Any]) -> None:
    assert schema["openapi"].startswith("3.1")
    OPENAPI_31_VALIDATOR.validate(schema)


def test_every_route_of_v1_is_in_it(schema: dict[str, Any], app: Litestar) -> None:
    routes = {key for key in operations_of(app) if key[0].startswith("/api/v1/") and key[1] in METHODS}
    assert routes == {(path, method) for path, method, _ in operations(schema) if path.startswith("/api/v1/")}
    assert len(routes) > 30


def test_every_body_and_answer_has_an_example_that_its_schema_allows(schema: dict[str, Any]) -> None:
    checked = 0
    for path, method, operation in operations(schema):
        answers = [schema["components"]["responses"]["Problem"] if "$ref" in one else one for one in operation["responses"].values()]
        for content in [answer.get("content", {}) for answer in answers] + [operation.get("requestBody", {}).get("content", {})]:
            for kind, told in content.items():
                assert "example" in told, f"{method} {path} {kind}"
                if told.get("schema"):
                    whole = told["schema"] | {"components": schema["components"]}
                    error = next(jsonschema_rs.validator_for(whole).iter_errors(told["example"]), None)
                    assert error is None, f"{method} {path} {kind}: {error}"
                checked += 1
    assert checked > 60


def test_every_change_asks_for_a_key_and_every_refusal_is_a_problem(schema: dict[str, Any]) -> None:
    keyed = {
        f"{method} {path}"
        for path, method, one in operations(schema)
        for given in one.get("parameters", [])
        if "IdempotencyKey" in given.get("$ref", "")
    }
    changing = {f"{method} {path}" for path, method, _ in operations(schema) if method != "get" and path.startswith("/api/v1/")}
    assert changing - keyed == {"post /api/v1/calc", "post /api/v1/token"}
    for path, method, one in operations(schema):
        assert "application/json" not in one["responses"].get("400", {}).get("content", {}) or path.endswith("/token"), f"{method} {path}"
        assert one["responses"]["default"] == {"$ref": "#/components/responses/Problem"}


def test_every_operation_says_what_it_does_and_has_a_name_of_its_own(schema: dict[str, Any]) -> None:
    names = [one["operationId"] for _, _, one in operations(schema)]
    assert len(names) == len(set(names))
    assert [path for path, _, one in operations(schema) if not one.get("description")] == []


def test_every_struct_that_is_read_refuses_fields_it_does_not_know(app: Litestar) -> None:
    """A field too many is never taken over into a row: mass assignment has no way in."""
    read = 0
    for (path, method), handler in operations_of(app).items():
        field = handler.parsed_data_field
        if path.startswith("/api/v1/") and field is not None and method in METHODS:
            for struct in structs(field.annotation):
                assert struct.__struct_config__.forbid_unknown_fields, f"{method} {path}: {struct.__name__}"
                read += 1
    assert read >= 4


def structs(kind: Any) -> Iterator[type[msgspec.Struct]]:
    info = msgspec.inspect.type_info(kind)
    waiting = [info]
    while waiting:
        one = waiting.pop()
        if isinstance(one, msgspec.inspect.StructType):
            yield one.cls
            waiting += [field.type for field in one.fields]
        for inner in ("item_type", "value_type"):
            if hasattr(one, inner):
                waiting.append(getattr(one, inner))
        waiting += list(getattr(one, "types", ()))


INSTANT = re.compile(r"\d{4}-\d\d-\d\dT")


def test_no_answer_holds_a_float_or_a_time_that_is_not_utc(machine: TestClient[Any], schema: dict[str, Any], firm: Any) -> None:
    """Walks the answer of every readable route of the example book."""
    given = {"entry_id": "0", "code": "330523", "holder": firm.id, "pack": "cn-grid", "edition": "2025-47_e001", "row": "330000"}
    asked = {
        "account": "atmosphere/330522/1A2", "commodity": "CO2", "activity": "electricity.grid", "day": "2023-07-01", "region": "330100",
    }  # fmt: skip
    walked = []
    for path, method, operation in operations(schema):
        needed = {one["name"] for one in operation.get("parameters", []) if one.get("in") == "path"}
        if method != "get" or not needed <= set(given) or "security" not in operation:
            continue
        query = {
            one["name"]: asked[one["name"]] for one in operation.get("parameters", []) if one.get("in") == "query" and one["name"] in asked
        }
        answer = machine.get(path.format(**given), params=query)
        if answer.status_code == 200 and answer.headers["content-type"].startswith("application/json"):
            walked.append(path)
            for value in leaves(json.loads(answer.content, parse_float=Decimal)):
                assert not isinstance(value, Decimal), f"{path}: {value} travels as a number that readers take for a float"
                if isinstance(value, str) and INSTANT.match(value):
                    assert value.endswith(("Z", "+00:00")), f"{path}: {value}"
    assert len(walked) >= 12, walked


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for one in value.values():
            yield from leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one)
    else:
        yield value


def test_every_list_of_v1_is_read_page_by_page(schema: dict[str, Any]) -> None:
    lists = {
        path for path, method, one in operations(schema)
        if method == "get" and path.startswith("/api/v1/")
        and one["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {}).get("type") == "array"
    }  # fmt: skip
    paged = {
        path for path, method, one in operations(schema)
        if method == "get" and {"after", "limit"} <= {given.get("name") for given in one.get("parameters", [])}
    }  # fmt: skip
    assert lists - paged == set()


def test_the_documented_answers_are_those_that_are_given(book: Book, schema: dict[str, Any]) -> None:
    """The writes too: what the typed client files, drafts and registers answers as the schema says."""
    firm = machine_of(book)
    with TestClient(application(book)) as http:
        one = client(http, firm)
        receipt = one.file(firm.holder, POWER.encode())
        job = one.file(firm.holder, POWER.replace("07-01", "08-01").encode(), later=True)
        one.put_draft(firm.holder, "x", [{"activity": "electricity.grid"}])
        hook = one.add_webhook("https://hooks.example.org/in", ["file.booked"]).webhook
        given = {"holder": firm.holder, "import_id": receipt.import_id, "job": job.id, "name": "x", "webhook": hook.id}  # type: ignore[union-attr]
        walked = 0
        for path, method, operation in operations(schema):
            needed = set(re.findall(r"\{(\w+)\}", path))
            told = operation["responses"].get("200", {}).get("content", {}).get("application/json")
            if method != "get" or not needed or not needed <= set(given) or not told:
                continue
            answer = http.get(path.format(**given), headers=firm.headers)
            assert answer.status_code == 200, path
            jsonschema_rs.validate(told["schema"] | {"components": schema["components"]}, answer.json())
            walked += 1
    assert walked >= 7


def machine_of(book: Book) -> Any:
    return machine(book)


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/api/v1/activities?q=coal", "id"),
        ("/api/v1/packs?", "pack"),
        ("/api/v1/accounts/balance?account=atmosphere/", "account commodity"),
    ],
)
def test_a_list_in_pages_is_the_whole_list_once(machine: TestClient[Any], path: str, key: str) -> None:
    def keys(rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
        return [tuple(row[name] for name in key.split()) for row in rows]

    whole = keys(machine.get(path).json())
    assert len(set(whole)) == len(whole) > 5
    seen: list[tuple[str, ...]] = []
    address: str | None = path + "&limit=3"
    while address:
        answer = machine.get(address)
        seen += keys(answer.json())
        address = answer.links.get("next", {}).get("url")
    assert seen == whole
