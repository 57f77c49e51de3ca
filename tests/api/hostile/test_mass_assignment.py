"""Nobody writes a column by naming it: each body refuses what it does not know, and a form has no effect by what was slipped into it."""

import json
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from litestar.testing import TestClient
from sqlmodel import SQLModel

from api.auth.office import Office
from migrations import models
from tests.api.hostile.conftest import SOAK, Besieged
from tests.api.hostile.routes import Way, body_of, standing, structs_in, unsafe

EXTRA = ("id", "role", "office", "is_admin", "admin", "__class__", "__struct_fields__", "self", "type")
DANGEROUS = {
    *EXTRA,
    "user_id",
    "binding_id",
    "division",
    "holder_id",
    "second",
    "example",
    "disabled_at",
    "password",
    "login",
    "given_by",
    "digest",
    "actor",
}


def columns() -> list[str]:
    """Every column of every table, and what attackers guess."""
    models()
    found = {column.name for table in SQLModel.metadata.tables.values() for column in table.columns}
    assert len(found) > 100
    return [*EXTRA, *sorted(found)]


def office_for(way: Way) -> Office:
    return next(one for one in reversed([Office.FIRM, *way.offices]) if one)


def takes_json(way: Way) -> bool:
    """Whether the route reads a struct out of its body."""
    body = body_of(way.handler)
    return body is not None and bool(structs_in(body))


def test_every_struct_that_is_read_refuses_fields_that_it_does_not_know(besieged: Besieged) -> None:
    read = {struct for way in unsafe(besieged.app) if takes_json(way) for struct in structs_in(body_of(way.handler))}
    assert len(read) >= 4
    assert [struct.__name__ for struct in read if not struct.__struct_config__.forbid_unknown_fields] == []


def test_no_table_is_ever_a_body(besieged: Besieged) -> None:
    for way in unsafe(besieged.app):
        body = body_of(way.handler)
        assert not (isinstance(body, type) and issubclass(body, SQLModel)), way.path


def test_every_column_is_refused_in_every_json_body(besieged: Besieged, visitor: TestClient[Any]) -> None:
    before, refused = standing(besieged.book), 0
    for way in filter(takes_json, unsafe(besieged.app, holder=besieged.firm.id)):
        besieged.enter(visitor, office_for(way))
        known = {name for struct in structs_in(body_of(way.handler)) for name in struct.__struct_fields__}
        for column in columns():
            if column in known:
                continue
            headers = {"content-type": "application/json", "idempotency-key": uuid4().hex, "if-none-match": "*"}
            answer = visitor.request(way.method, way.path, headers=headers, content=json.dumps({column: 1}))
            assert answer.status_code in {400, 422}, f"{way.method} {way.path} {column}: {answer.status_code} {answer.text[:200]}"
            assert "unknown field" in answer.text, f"{way.method} {way.path} {column}: {answer.text[:300]}"
            refused += 1
    assert refused >= 300
    assert standing(besieged.book) == before


SLIPPED = "zq-slipped-in"


def rows_with(besieged: Besieged, text: str) -> list[str]:
    """The tables in which any cell holds the text."""
    found = []
    with besieged.book.reading() as session:
        connection = session.connection()
        found += [
            name
            for name in standing(besieged.book)
            if any(text in str(cell) for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"') for cell in row)
        ]
    return found


def test_no_column_slipped_into_a_form_changes_anything(besieged: Besieged, visitor: TestClient[Any]) -> None:
    """An empty form may have an effect (an administrator opens a machine's user); with columns slipped in it has no other."""
    rights, sent = standing(besieged.book)["binding"], 0
    for way in unsafe(besieged.app, holder=besieged.firm.id, holder_id=besieged.firm.id):
        if not way.is_page or way.path.startswith("/zh/") or way.path.endswith(("/sign-out", "/sign-in")):
            continue
        before = standing(besieged.book)
        besieged.enter(visitor, office_for(way))
        visitor.request(way.method, way.path, data={"nothing": "1"})
        acts = standing(besieged.book) != before
        besieged.enter(visitor, office_for(way))
        for column in [] if acts else columns() if SOAK else sorted(DANGEROUS):
            answer = visitor.request(way.method, way.path, data={column: SLIPPED})
            assert answer.status_code < 500, f"{way.path} {column}: {answer.text[:300]}"
            if "set-cookie" in answer.headers:
                besieged.enter(visitor, office_for(way))
            sent += 1
        slipped = dict.fromkeys(columns(), SLIPPED) if acts else {}
        if slipped:
            assert visitor.request(way.method, way.path, data=slipped).status_code < 500
        else:
            assert standing(besieged.book) == before, way.path
    assert sent >= 100
    assert rows_with(besieged, SLIPPED) == []
    assert standing(besieged.book)["binding"] == rights


def test_the_office_that_a_session_has_is_never_taken_from_a_request(besieged: Besieged, visitor: TestClient[Any]) -> None:
    besieged.enter(visitor, Office.RESIDENT)
    for headers in ({"x-office": "administrator"}, {"x-user": besieged.users[Office.ADMINISTRATOR]}, {"x-forwarded-user": "admin"}, {"x-original-url": "/api/v1/access"}, {"x-http-method-override": "DELETE"}):  # fmt: skip
        assert visitor.get("/api/v1/access?office=auditor&role=auditor", headers=headers).status_code == 403


def test_a_key_given_twice_does_not_count_twice(besieged: Besieged, visitor: TestClient[Any]) -> None:
    besieged.enter(visitor, Office.FIRM)
    twice = b'{"month": "2023-06", "month": "2099-01", "reason": "x", "role": "administrator"}'
    answer = visitor.post(
        "/api/v1/approvals/reopenings", content=twice, headers={"content-type": "application/json", "idempotency-key": "t"}
    )
    assert answer.status_code in {400, 422}


def test_msgspec_names_the_unknown_field() -> None:
    class Strict(msgspec.Struct, forbid_unknown_fields=True):
        x: int = 0

    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.json.decode(b'{"role": 1}', type=Strict)
