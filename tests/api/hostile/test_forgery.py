"""Requests that other sites forge, and sessions that others have chosen: refused on every route that there is, without any effect."""

from collections.abc import Callable
from typing import Any

import pytest
from litestar.testing import TestClient

from api.auth.gate import COOKIE, FORM_FIELD, FORM_HEADER, TOKEN_PATH
from api.auth.office import Office
from api.auth.user import bindings
from tests.api.hostile.conftest import PASSWORD, Besieged
from tests.api.hostile.routes import standing, unsafe, ways

FORM = {"content-type": "application/x-www-form-urlencoded"}
HERE = "http://testserver.local"
FOREIGN: dict[str, dict[str, str]] = {
    "another site": {"origin": "https://evil.example"},
    "another port": {"origin": "http://testserver.local:8080"},
    "a site that begins like ours": {"origin": "http://testserver.local.evil.example"},
    "a sandbox": {"origin": "null"},
    "a browser that says so": {"sec-fetch-site": "cross-site"},
    "a sister domain": {"sec-fetch-site": "same-site"},
    "a browser that says nonsense": {"sec-fetch-site": "\x21"},
}


def offices_of(role: Any) -> list[Office | None]:
    """One of those who may come in, since who may not is refused anyway; nobody and a firm where anybody may."""
    return [None, Office.FIRM] if role == "anyone" else [min(role)]


@pytest.mark.parametrize("name", FOREIGN)
def test_a_request_from_elsewhere_is_refused_on_every_route(besieged: Besieged, visitor: TestClient[Any], name: str) -> None:
    before, sent = standing(besieged.book), 0
    for way in unsafe(besieged.app, holder=besieged.firm.id, holder_id=besieged.firm.id):
        for office in offices_of(way.handler.opt["role"]):
            besieged.enter(visitor, office)
            answer = visitor.request(way.method, way.path, headers=FOREIGN[name])
            assert answer.status_code == 403, f"{way.method} {way.path} as {office}: {answer.status_code}"
            sent += 1
    assert sent >= 5
    assert standing(besieged.book) == before


@pytest.mark.parametrize("given", ["", "0" * 64, "ü", "the token of another session"])
def test_a_form_without_the_sessions_own_token_is_refused_on_every_route(besieged: Besieged, visitor: TestClient[Any], given: str) -> None:
    before = standing(besieged.book)
    wrong = besieged.form_token(besieged.token(Office.AUDITOR)) if "another" in given else given
    for way in unsafe(besieged.app, holder=besieged.firm.id, holder_id=besieged.firm.id):
        office = next(one for one in reversed(offices_of(way.handler.opt["role"])) if one)
        if way.path == TOKEN_PATH:
            continue  # a machine says who it is in the body; no cookie is looked at
        besieged.enter(visitor, office)
        del visitor.headers[FORM_HEADER]
        for origin in ({}, {"origin": HERE}):
            answer = visitor.request(way.method, way.path, headers=FORM | origin, content=f"{FORM_FIELD}={wrong}".encode())
            assert answer.status_code == 403, f"{way.method} {way.path} as {office}: {answer.status_code}"
        sent = visitor.request(way.method, way.path, headers={FORM_HEADER: wrong.encode("utf-8")})  # type: ignore[dict-item]
        assert sent.status_code == 403, f"{way.method} {way.path}: {sent.status_code}"
    visitor.headers.pop(FORM_HEADER, None)
    assert standing(besieged.book) == before


def test_no_get_changes_anything(besieged: Besieged, visitor: TestClient[Any]) -> None:
    before = standing(besieged.book)
    for way in ways(besieged.app, holder=besieged.firm.id, holder_id=besieged.firm.id):
        if way.method == "GET" and not way.path.endswith("/events"):
            office = next(one for one in reversed(offices_of(way.handler.opt["role"])) if one)
            answer = besieged.enter(visitor, office).get(way.path)
            assert answer.status_code < 500, f"{way.path} as {office}: {answer.text[:300]}"
    assert standing(besieged.book) == before


@pytest.mark.parametrize("chosen", ["chosen-by-somebody", "0" * 43, "a" * 4000, "ü", '"quoted"', "a=b", "tanzhang=1"])
def test_a_session_that_somebody_else_chose_is_never_used(besieged: Besieged, nobody: TestClient[Any], chosen: str) -> None:
    cookie = {"cookie": f"{COOKIE}={chosen}".encode()}
    form = {"login": f"{Office.FIRM}@test", "password": PASSWORD}
    answer = nobody.post("/en/sign-in", data=form, headers=cookie)  # type: ignore[arg-type]
    assert answer.status_code == 303
    given = answer.cookies[COOKIE]
    assert chosen not in given
    assert len(given) >= 43
    nobody.cookies.clear()
    assert nobody.get("/en/me", headers=cookie).status_code in {303, 401}  # type: ignore[arg-type]


def test_signing_in_over_a_session_makes_a_new_one(besieged: Besieged, nobody: TestClient[Any]) -> None:
    old = besieged.token(Office.RESIDENT)
    form = {"login": f"{Office.FIRM}@test", "password": PASSWORD, FORM_FIELD: besieged.form_token(old)}
    answer = nobody.post("/en/sign-in", data=form, headers={"cookie": f"{COOKIE}={old}"})
    assert answer.status_code == 303
    assert answer.cookies[COOKIE] != old


def test_what_was_signed_out_opens_nothing(besieged: Besieged, as_office: Callable[[Office], TestClient[Any]]) -> None:
    client = as_office(Office.FIRM)
    token = client.cookies[COOKIE]
    assert client.get("/en/me").status_code == 200
    assert client.post("/en/sign-out").status_code == 303
    client.cookies.clear()
    assert client.get("/en/me", headers={"cookie": f"{COOKIE}={token}", "accept": "application/json"}).status_code == 401


def test_another_offices_session_is_worth_nothing_after_the_change(
    besieged: Besieged, as_office: Callable[[Office], TestClient[Any]]
) -> None:
    client = as_office(Office.FIRM)
    token = client.cookies[COOKIE]
    with besieged.book.reading() as session:
        held = bindings(session, besieged.users[Office.FIRM])[0].id
    answer = client.post("/en/me/office", data={"binding": held})
    assert answer.status_code == 303
    client.cookies.clear()
    assert client.get("/en/me", headers={"cookie": f"{COOKIE}={token}", "accept": "application/json"}).status_code == 401
