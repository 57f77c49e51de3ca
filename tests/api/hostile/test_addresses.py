"""Hostile paths, parameters, headers and cookies on every read, on both engines: an answer for each, and never a broken server."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient

from api.app import create_app
from api.auth.office import Office
from api.hardening import ADDRESS_MAX, LOOPBACK_NAMES
from ledger.book import Book
from ledger.principal import LOCAL_READER
from tests.api.hostile.conftest import SOAK, Besieged, besiege
from tests.api.hostile.routes import Way, ways

PAYLOADS = {
    "NUL": "%00", "a NUL within": "33%0000", "a line break": "%0d%0aSet-Cookie:%20a=b", "no utf-8": "%ff%fe", "a surrogate": "%ed%a0%80", "overlong": "%c0%ae%c0%ae",
    "a bad percent": "%zz%", "up": "..%2f..%2f..%2fetc%2fpasswd", "up in windows": "..%5c..%5cwin.ini", "twice encoded": "%252e%252e%252f",
    "a huge number": "9" * 40, "beyond 64 bits": "9223372036854775808", "below zero": "-1", "a float": "1e309", "not a number": "NaN", "a quote": "%27%20OR%201=1--",
    "a union": "%27)%20UNION%20SELECT%20password%20FROM%20user_account--", "wildcards": "%25%5f%25", "a template": "%7b%7b7*7%7d%7d", "a format": "%25s%25n%7b0%7d",
    "a script": "%3cscript%3ealert(1)%3c/script%3e", "right to left": "%e2%80%ae", "a wide number": "%ef%bc%91", "long": "x" * 4_000, "too long": "x" * (ADDRESS_MAX + 1),
    "many words": "+".join(["a"] * 1_500), "an emoji": "%f0%9f%92%a3" * 50, "nothing": "%20", "an expression": "(a%2b)%2b%24" * 100, "a date of no month": "2023-13-45",
    "the year zero": "0000-00-00", "the last day": "9999-12-31",
}  # fmt: skip
USUAL = ["NUL", "no utf-8", "a surrogate", "beyond 64 bits", "a quote", "a float", "the last day", "wildcards"]
CLIENT_MAX = 60_000  # what the tests' own client sends at most
NOT_ASKED = {"request", "book", "principal", "body", "data", "session", "connection"}


@pytest.fixture
def besieged_on(book: Book) -> Iterator[tuple[Besieged, TestClient[Any]]]:
    made = besiege(book)
    with TestClient(made.app, raise_server_exceptions=False) as client:
        client.follow_redirects = False
        yield made, client


def asked_of(way: Way) -> list[str]:
    """The names that the handler reads."""
    return sorted({*way.handler.parsed_fn_signature.parameters, "from", "sort"} - NOT_ASKED)


@pytest.mark.parametrize("office", [Office.REGULATOR, Office.SECURITY])
def test_no_parameter_breaks_a_read(besieged_on: tuple[Besieged, TestClient[Any]], office: Office) -> None:
    besieged, client = besieged_on
    besieged.enter(client, office)
    sent = 0
    for payload in PAYLOADS if SOAK else USUAL:
        text = PAYLOADS[payload]
        for way in ways(besieged.app, holder=besieged.firm.id, holder_id=besieged.firm.id):
            if way.method != "GET" or way.path.startswith("/zh/") or way.path.endswith("/events"):
                continue
            query = "&".join(f"{name}={text}" for name in asked_of(way))
            for address in {f"{way.path}?{query}", *(f"{way.path}?{name}={text}" for name in (asked_of(way) if SOAK else []))}:
                if len(address) > CLIENT_MAX:
                    continue
                answer = client.get(address, headers={"accept": "text/html" if way.is_page else "application/json"})
                assert answer.status_code < 500, f"{payload}: {address[:200]}: {answer.text[:300]}"
                assert "Traceback" not in answer.text
                sent += 1
    assert sent > 200


def test_no_path_breaks_the_server(besieged_on: tuple[Besieged, TestClient[Any]]) -> None:
    besieged, client = besieged_on
    besieged.enter(client, Office.REGULATOR)
    for text in PAYLOADS.values():
        for way in every_part(besieged, text):
            answer = client.get(way.path)
            assert answer.status_code < 500, f"{way.path[:200]}: {answer.text[:300]}"
            assert "root:" not in answer.text
            assert answer.headers.get_list("set-cookie") == [] or "a=b" not in answer.headers["set-cookie"]


def every_part(besieged: Besieged, text: str) -> list[Way]:
    """The reads of one language whose path holds the text."""
    names = {name for route in besieged.app.routes for name in re.findall(r"\{([^}:]+)", route.path)}
    found = ways(besieged.app, **{name.lstrip("/"): text for name in names})
    return [way for way in found if way.method == "GET" and text in way.path and not way.path.startswith("/zh/")]


@pytest.mark.parametrize(
    "path",
    ["//", "///etc/passwd", "/static//etc/passwd", "/static/../api/app.py", "/static/%2e%2e/%2e%2e/app.py", "/static/..%2f..%2fapp.py", "/static/.manifest.json/", "/en//me",
     "/en/../api/v1/access", "//evil.example/en/me", "/en/me/", "/en/me;jsessionid=1", "/EN/me", "/en/me%2f", "/.git/config", "/.env", "/api/v1/../../etc/passwd", "/schema/..%2f..%2fx",
     "/api/v1/entries/0%2fproof", "/en/holders/%2e%2e/me"],
)  # fmt: skip
def test_no_detour_leads_past_the_door(nobody: TestClient[Any], path: str) -> None:
    answer = nobody.get(f"http://testserver.local{path}", headers={"accept": "application/json"})
    assert answer.status_code in {301, 302, 303, 307, 400, 401, 404, 405}, f"{path}: {answer.status_code}"
    assert "def create_app" not in answer.text
    there = answer.headers.get("location", "/")
    assert there.startswith("/")
    assert not there.startswith("//")


HEADERS: dict[str, dict[str, bytes]] = {
    "garbage for a tag": {"if-none-match": b'W/"' + b"x" * 5_000}, "any tag": {"if-none-match": b"*"}, "tags in a heap": {"if-none-match": b'"a",' * 2_000}, "no utf-8": {"if-none-match": b"\xff\xfe"},
    "a range": {"range": b"bytes=0-"}, "a backward range": {"range": b"bytes=9-1"}, "many ranges": {"range": b"bytes=" + b"0-1," * 1_000}, "no range": {"range": b"\xff=x"},
    "languages in a heap": {"accept-language": b"en;q=0.1," * 500}, "a broken language": {"accept-language": b"en;q=1e999999, \xff;q=nan"}, "no accept": {"accept": b""}, "a strange accept": {"accept": b"text/html;q=\xff, */*;q=9"},
    "a cookie of nothing": {"cookie": b"="}, "cookies in a heap": {"cookie": b"a=b; " * 1_000}, "a cookie with NUL": {"cookie": b"tanzhang=%00"}, "a cookie in bytes": {"cookie": b"tanzhang=\xff\xfe"},
    "an octal cookie": {"cookie": b'tanzhang="\\377\\000"'}, "two sessions": {"cookie": b"tanzhang=a; tanzhang=b"}, "a wrong language": {"cookie": b"tanzhang_language=../../x"}, "a theme": {"cookie": b"tanzhang_theme=<script>"},
    "a notice": {"cookie": b"tanzhang_notice=" + b"A" * 3_000}, "no key": {"authorization": b""}, "a key alone": {"authorization": b"Bearer"}, "a key in bytes": {"authorization": b"Bearer \xff\xfe"},
    "a key of 50 KB": {"authorization": b"Bearer " + b"x" * 50_000}, "no base64": {"authorization": b"Basic !!!"}, "a strange scheme": {"authorization": b"\x80 x"},
    "forwarded": {"x-forwarded-host": b"evil.example", "x-forwarded-proto": b"javascript", "x-forwarded-for": b"\xff, 999.1.1.1", "forwarded": b"for=\"_x\";host=evil.example"},
    "another way": {"x-original-url": b"/en/users", "x-rewrite-url": b"/en/users", "x-http-method-override": b"DELETE"}, "a trace": {"traceparent": b"00-" + b"z" * 500, "x-request-id": b"\xff"},
    "packed": {"content-encoding": b"gzip", "accept-encoding": b"gzip;q=x, \xff"}, "expects": {"expect": b"\xff"}, "a referer": {"referer": b"http://[::1", "origin": b""},
}  # fmt: skip


@pytest.mark.parametrize("name", HEADERS)
def test_no_header_breaks_the_server(nobody: TestClient[Any], name: str) -> None:
    for path in ("/", "/en/factors", "/api/v1/health", "/en/me", "/en/nowhere", "/schema", "/static/nothing.css"):
        nobody.cookies.clear()
        answer = nobody.get(path, headers=HEADERS[name])  # type: ignore[arg-type]
        assert answer.status_code < 500, f"{path}: {answer.text[:300]}"
        assert "evil.example" not in answer.text
        assert "evil.example" not in answer.headers.get("location", "")


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "",
        "127.0.0.1@evil.example",
        "[::1].evil.example",
        "127.0.0.2",
        "0.0.0.0",
        "localhost:80:80",
    ],
)
def test_who_sits_at_a_machine_without_sign_in_is_served_under_its_loopback_names_alone(shown: Book, host: str) -> None:
    with TestClient(create_app(shown, local=LOCAL_READER, hosts=LOOPBACK_NAMES)) as client:
        assert client.get("/en/holders", headers={"host": host}).status_code == 421
        for name in ("127.0.0.1:8000", "LOCALHOST", "[::1]:1"):
            assert client.get("/en/holders", headers={"host": name}).status_code == 200
