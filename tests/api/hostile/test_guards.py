"""What every answer carries, of whatever kind, and what no shared cache may keep."""

from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import Any

import pytest
from litestar.testing import TestClient

from api.app import create_app
from api.auth.gate import SECURE_COOKIE
from api.auth.office import Office
from tests.api.hostile.conftest import PASSWORD, Besieged
from tests.api.hostile.routes import ways

GUARDS = {
    "content-security-policy": (
        "default-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "object-src 'none'",
    ),
    "x-content-type-options": ("nosniff",),
    "referrer-policy": ("same-origin",),
    "cross-origin-opener-policy": ("same-origin",),
}
KINDS: dict[str, tuple[str, str, dict[str, str], int]] = {
    "a redirect": ("GET", "/", {}, 302),
    "a page": ("GET", "/en/factors", {"accept": "text/html"}, 200),
    "a sign-in": ("GET", "/en/sign-in", {"accept": "text/html"}, 200),
    "a page behind sign-in": ("GET", "/en/holders", {"accept": "text/html"}, 303),
    "a read behind sign-in": ("GET", "/api/v1/entries/0", {}, 401),
    "a key that nobody has": ("GET", "/api/v1/health", {"authorization": "Bearer x"}, 401),
    "a way in that nobody knows": ("GET", "/api/v1/health", {"authorization": "Basic eDp4"}, 401),
    "nothing there": ("GET", "/nowhere", {"accept": "text/html"}, 404),
    "nothing there for machines": ("GET", "/api/v1/nowhere", {}, 404),
    "another method": ("DELETE", "/api/v1/health", {}, 405),
    "an invented method": ("BREW", "/api/v1/health", {}, 405),
    "the methods": ("OPTIONS", "/api/v1/health", {}, 204),
    "a wrong parameter": ("GET", "/api/v1/factors?limit=x", {}, 400),
    "a forged request": ("POST", "/en/sign-in", {"origin": "https://evil.example"}, 403),
    "a wrong type": ("POST", "/api/v1/calc", {"content-type": "image/png"}, 415),
    "a control sign": ("GET", "/en/holders/%00", {}, 400),
    "the documentation": ("GET", "/schema", {}, 200),
    "its schema": ("GET", "/schema/openapi.json", {}, 200),
    "a style that is not there": ("GET", "/static/nothing.css", {}, 404),
}


def guarded(answer: Any) -> None:
    """The guards stand in the answer, each once."""
    for name, parts in GUARDS.items():
        values = answer.headers.get_list(name)
        assert len(values) == 1, f"{name}: {values}"
        assert all(part in values[0] for part in parts)
    policy = (
        answer.headers["content-security-policy"].partition("style-src-attr")[0]
        + answer.headers["content-security-policy"].partition("script-src")[2]
    )
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_answer_carries_the_guards(nobody: TestClient[Any], kind: str) -> None:
    method, path, headers, status = KINDS[kind]
    answer = nobody.request(method, path, headers={"accept": "application/json"} | headers)
    assert answer.status_code == status
    guarded(answer)
    control = answer.headers.get("cache-control", "")
    assert "no-store" in control or ("private" in control and "no-cache" in control), control


def test_an_unforeseen_error_carries_them_too_and_tells_nothing(
    besieged: Besieged, nobody: TestClient[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.resources.factors.load_library", lambda _home: 1 / 0)
    answer = nobody.get("/api/v1/packs")
    assert answer.status_code == 500
    guarded(answer)
    assert "ZeroDivision" not in answer.text
    assert "no-store" in answer.headers["cache-control"]


def test_bundled_files_are_guarded_and_kept(nobody: TestClient[Any]) -> None:
    from api.bundle import asset

    answer = nobody.get(asset("icon.svg"))
    assert answer.status_code == 200
    guarded(answer)


def test_no_shared_cache_keeps_what_a_person_reads(besieged: Besieged, as_office: Callable[[Office], TestClient[Any]]) -> None:
    read = 0
    for office in (Office.FIRM, Office.REGULATOR, Office.ADMINISTRATOR, Office.SECURITY, Office.AUDITOR):
        client = as_office(office)
        for way in ways(besieged.app, holder=besieged.firm.id, holder_id=besieged.firm.id):
            if way.method != "GET" or way.path.startswith("/static") or way.path.endswith("/events"):
                continue
            answer = client.get(way.path, headers={"accept": "text/html" if way.is_page else "application/json"})
            guarded(answer)
            control, vary = answer.headers["cache-control"], answer.headers.get("vary", "").lower()
            assert "public" not in control, way.path
            assert "no-store" in control or ("private" in control and "no-cache" in control and "cookie" in vary), (
                f"{way.path}: {control} / {vary}"
            )
            read += answer.status_code == 200
            if "etag" in answer.headers:
                again = client.get(way.path, headers={"accept": "text/html", "if-none-match": answer.headers["etag"]})
                if again.status_code == 304:
                    guarded(again)
                    assert control == again.headers["cache-control"]
    assert read > 20


def test_the_tag_of_one_reader_is_no_answer_to_another(besieged: Besieged, as_office: Callable[[Office], TestClient[Any]]) -> None:
    tag = as_office(Office.FIRM).get("/en/me").headers["etag"]
    other = as_office(Office.RESIDENT).get("/en/me", headers={"if-none-match": tag})
    assert other.status_code == 200


def test_no_cookie_goes_without_its_flags(besieged: Besieged, nobody: TestClient[Any]) -> None:
    form = {"login": f"{Office.FIRM}@test", "password": PASSWORD}
    for secure in (False, True):
        with TestClient(create_app(besieged.book, secure=secure), base_url="https://testserver.local") as client:
            client.follow_redirects = False
            answers = [client.get("/en/sign-in"), client.post("/en/sign-in", data=form), client.get("/zh/factors")]
            answers += [client.get("/nowhere", headers={"accept": "text/html"})]
        told = [line for answer in answers for line in answer.headers.get_list("set-cookie")]
        assert len(told) >= 2
        for line in told:
            cookie = SimpleCookie(line)
            for name, flags in cookie.items():
                assert flags["httponly"], line
                assert flags["samesite"].lower() in {"lax", "strict"}, line
                assert flags["path"] == "/", line
                assert not flags["domain"], line
                assert bool(flags["secure"]) == secure, line
                assert not name.startswith("__Host-") or name == SECURE_COOKIE


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/\n/evil.example", "javascript:alert(1)",
     "http:/evil.example", "https:evil.example", " //evil.example", "/%09/evil.example", "///evil.example", "/ /evil.example", "\x00//evil.example",
     "/en/me\r\nSet-Cookie: a=b", "/en/me%0d%0aSet-Cookie:a=b", "@evil.example", "data:text/html,x", "/\u2028/evil.example", "/．．/evil.example",
     "//evil.example/../en/me", "/en/sign-in?next=//evil.example", "/x" * 3000, "/\\/evil.example", "/;//evil.example", "//testserver.local@evil.example"],
)  # fmt: skip
def test_nobody_is_sent_elsewhere_after_signing_in(besieged: Besieged, nobody: TestClient[Any], wanted: str) -> None:
    form = {"login": f"{Office.FIRM}@test", "password": PASSWORD, "next": wanted}
    answer = nobody.post("/en/sign-in", data=form)
    if answer.status_code in {400, 413}:
        return  # a control sign is refused outright
    assert answer.status_code == 303
    there = answer.headers["location"]
    nobody.cookies.clear()
    assert there.startswith("/"), there
    assert not there.replace("\t", "").replace("\n", "").replace("\r", "").startswith(("//", "/\\")), there
    assert "\r" not in there
    assert "\n" not in there
    assert [name for name in answer.headers if name == "set-cookie"] == ["set-cookie"]
    form = nobody.get("/en/sign-in", params={"next": wanted}, headers={"accept": "text/html"})
    assert form.status_code in {200, 400, 414}
