"""Hostile JSON, forms and multipart on every route that takes a body: refused in a sentence, at once, by a server that stands."""

import gzip
import json
import time
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar.exceptions import ClientException
from litestar.testing import TestClient

from api.auth.office import Office
from api.hardening import DEPTH_MAX, FORM_MAX, JSON_MAX, check_json
from tests.api.hostile.conftest import SOAK, Besieged
from tests.api.hostile.routes import Way, standing, unsafe

LIMIT_S = 10.0
JSON: dict[str, bytes] = {
    "brackets": b"[" * 100_000,
    "braces": b'{"a":' * 100_000,
    "closed brackets": b"[" * 100_000 + b"]" * 100_000,
    "33 deep": b"[" * 33 + b"]" * 33,
    "closing alone": b"]" * 100_000,
    "a key twice": b'{"month":"2023-06","month":"x"}',
    "a hundred thousand keys": b"{" + b",".join(b'"k%d":1' % n for n in range(100_000)) + b"}",
    "NaN": b'{"month":NaN}',
    "infinity": b'{"month":-Infinity}',
    "an exponent of a million": b'{"month":1e1000000}',
    "an exponent below": b'{"month":1e-1000000}',
    "a million digits": b'{"month":' + b"9" * 1_000_000 + b"}",
    "a lone surrogate": b'{"month":"\\ud800"}',
    "half a surrogate's pair": b'{"month":"\\udc00\\ud800"}',
    "a surrogate in bytes": b'{"month":"\xed\xa0\x80"}',
    "overlong": b'{"month":"\xc0\x80"}',
    "cut within a sign": '{"month":"碳'.encode()[:-1],
    "a byte order mark": b'\xef\xbb\xbf{"month":"2023-06"}',
    "utf-16": '{"month":"2023-06"}'.encode("utf-16"),
    "utf-32": '{"month":"2023-06"}'.encode("utf-32"),
    "gbk": '{"month":"碳账"}'.encode("gbk"),
    "NUL": b'{"month":"\x00"}',
    "an escaped NUL": b'{"month":"\\u0000"}',
    "an escape before a NUL": b'{"month":"\\\\\\u0000"}',
    "a bad escape": b'{"month":"\\x41"}',
    "a text that never ends": b'{"month":"' + b"x" * 100_000,
    "a text of 10 MB": b'{"month":"' + b"x" * 10_000_000 + b'"}',
    "backslashes": b'"' + b"\\" * 1_000_001,
    "quotes": b'"' * 1_000_000,
    "nothing": b"",
    "blanks": b" " * 100_000,
    "null": b"null",
    "a list": b"[]",
    "a number": b"1",
    "two values": b"{}{}",
    "a comma at the end": b'{"month":"2023-06",}',
    "a comment": b'{/* */"month":1}',
    "python": b"{'month': None}",
    "a prototype": b'{"__proto__":{"role":"administrator"},"constructor":{"prototype":{}}}',
    "xml": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
    "packed": gzip.compress(b"[" * 10_000_000),
    "yaml": b"!!python/object/apply:os.system [id]",
}
JSON_TYPES = [
    "application/json", "application/json; charset=utf-16", "application/json; charset=no-such", "application/problem+json", "text/plain",
    "text/json", "APPLICATION/JSON", "application/json;", "application/json, text/plain", "*/*", "x", "/", "", "application/\x7fjson",
    "application/msgpack", "application/x-msgpack", "application/yaml", "application/xml",
]  # fmt: skip


def part(head: str, body: bytes = b"v", *, mark: str = "b") -> bytes:
    return f"--{mark}\r\n{head}\r\n\r\n".encode("utf-8", "surrogateescape") + body + b"\r\n"


END = b"--b--\r\n"
NAMED = 'Content-Disposition: form-data; name="form_token"'
FORM_DATA = "multipart/form-data; boundary=b"
MULTIPART: dict[str, tuple[str, bytes]] = {
    "no boundary": ("multipart/form-data", part(NAMED) + END),
    "an empty boundary": ("multipart/form-data; boundary=", part(NAMED) + END),
    "a boundary of 10,000 signs": ("multipart/form-data; boundary=" + "b" * 10_000, part(NAMED) + END),
    "another boundary": ("multipart/form-data; boundary=c", part(NAMED) + END),
    "a boundary that is no ascii": ("multipart/form-data; boundary=ü", part(NAMED) + END),
    "a bad filename*": (FORM_DATA, part(NAMED + "; filename*=bad") + END),
    "a filename* in no charset": (FORM_DATA, part(NAMED + "; filename*=no-such''x") + END),
    "a filename* that is broken": (FORM_DATA, part(NAMED + "; filename*=utf-8''%ff%zz%") + END),
    "a filename* that is empty": (FORM_DATA, part(NAMED + "; filename*=''") + END),
    "a filename* in parts": (FORM_DATA, part(NAMED + "; filename*0*=utf-8''a; filename*1=b; filename*99999999999=c") + END),
    "a filename* in utf-7": (FORM_DATA, part(NAMED + "; filename*=utf-7''%2BADw-") + END),
    "a path for a name": (FORM_DATA, part(NAMED + '; filename="../../../../etc/passwd"') + END),
    "a NUL in a name": (FORM_DATA, part(NAMED + '; filename="a\x00b"') + END),
    "a name that never ends": (FORM_DATA, part('Content-Disposition: form-data; name="x') + END),
    "no name": (FORM_DATA, part("Content-Disposition: form-data") + END),
    "no disposition": (FORM_DATA, part("Content-Type: text/plain") + END),
    "no header": (FORM_DATA, b"--b\r\n\r\nv\r\n" + END),
    "a header without colon": (FORM_DATA, part("nonsense") + END),
    "a header of a million signs": (FORM_DATA, part(NAMED + "; x=" + "y" * 1_000_000) + END),
    "ten thousand headers": (FORM_DATA, part(NAMED + "".join(f"\r\nX-{n}: y" for n in range(10_000))) + END),
    "ten thousand parts": (FORM_DATA, part(NAMED) * 10_000 + END),
    "nested": (FORM_DATA, part(NAMED + "\r\nContent-Type: multipart/mixed; boundary=c", part(NAMED, mark="c") * 100 + b"--c--") + END),
    "a charset that is none": (FORM_DATA, part(NAMED + "\r\nContent-Type: text/plain; charset=no-such") + END),
    "a packed part": (FORM_DATA, part(NAMED + "\r\nContent-Encoding: gzip", gzip.compress(b"x" * 10_000_000)) + END),
    "a part in base64": (FORM_DATA, part(NAMED + "\r\nContent-Transfer-Encoding: base64", b"!!!") + END),
    "bytes that are no text": (FORM_DATA, part(NAMED, b"\xff\xfe\x00") + END),
    "a json part": (FORM_DATA, part(NAMED + "\r\nContent-Type: application/json", b"[" * 100_000) + END),
    "no end": (FORM_DATA, part(NAMED)),
    "nothing": (FORM_DATA, b""),
    "line feeds alone": (FORM_DATA, b'--b\nContent-Disposition: form-data; name="x"\n\nv\n--b--\n'),
    "a long preamble": (FORM_DATA, b"x" * 1_000_000 + b"\r\n" + part(NAMED) + END),
    "boundaries alone": (FORM_DATA, b"--b\r\n" * 100_000),
    "a text of 10 MB": (FORM_DATA, part(NAMED, b"x" * 10_000_000) + END),
}
FORMS: dict[str, bytes] = {
    "ampersands": b"&" * 500_000, "equals": b"=" * 500_000, "one field often": b"form_token=1&" * 50_000, "many fields": b"".join(b"k%d=1&" % n for n in range(50_000)),
    "bad percents": b"form_token=%&login=%z&next=%1", "NUL": b"login=%00", "no utf-8": b"login=%ff", "raw bytes": b"\xff\xfe\x00=\x00", "a surrogate": b"login=%ed%a0%80",
    "brackets": b"a[b][c][][]=1" * 1_000, "line breaks": b"next=%0d%0aSet-Cookie:%20a=b", "a field of 500 KB": b"login=" + b"x" * 500_000,
    "a form of 2 MB": b"login=" + b"x" * 2_000_000, "nothing": b"", "json": b'{"login":"x"}', "plus signs": b"login=" + b"+" * 100_000, "semicolons": b"a=1;b=2;" * 1_000,
}  # fmt: skip


@pytest.fixture(scope="module")
def targets(besieged: Besieged) -> Iterator[list[Way]]:
    """One language of the pages, and every route for machines that takes something."""
    every = unsafe(besieged.app, holder=besieged.firm.id, holder_id=besieged.firm.id)
    found = [way for way in every if not way.path.startswith("/zh/") and not way.path.endswith("/sign-out")]
    assert len(found) >= 8
    before = standing(besieged.book)
    yield found
    assert standing(besieged.book) == before, "what was refused had no effect"


def senders(way: Way) -> Iterator[Office | None]:
    """As whom it is sent: nobody, and one who may."""
    if SOAK:
        yield None
    yield next(one for one in reversed([Office.FIRM, *way.offices]) if one)


def survives(besieged: Besieged, client: TestClient[Any], targets: list[Way], body: bytes, kind: str) -> list[tuple[str, int]]:
    """Each route answers for itself within the limit, changes nothing, and tells nothing of its inside; the answers' status by path."""
    told: list[tuple[str, int]] = []
    entered: Office | str | None = "not yet"
    for way in targets:
        for office in senders(way):
            if office != entered:
                besieged.enter(client, office)
                entered = office
            headers = {"content-type": kind.encode(), "idempotency-key": uuid4().hex.encode()}
            start = time.perf_counter()
            answer = client.request(way.method, way.path, content=body, headers=headers)  # type: ignore[arg-type]
            took = time.perf_counter() - start
            assert answer.status_code < 500, f"{way.method} {way.path} as {office}: {answer.text[:300]}"
            assert "Traceback" not in answer.text
            assert 'File "/' not in answer.text
            assert took < LIMIT_S, f"{way.path}: {took:.1f} s"
            assert len(answer.content) < 200_000 + len(body), "an answer holds no more than a page and, at most, what was typed"
            entered = "not yet" if "set-cookie" in answer.headers else entered
            told.append((f"{way.method} {way.path}", answer.status_code))
    return told


def refused(told: list[tuple[str, int]]) -> None:
    """Every answer says that the request was at fault."""
    assert told
    assert [one for one in told if not 400 <= one[1] < 500] == []


@pytest.mark.parametrize("name", JSON)
def test_hostile_json_is_refused_everywhere(besieged: Besieged, visitor: TestClient[Any], targets: list[Way], name: str) -> None:
    machines = [way for way in targets if not way.is_page]
    refused(survives(besieged, visitor, machines, JSON[name], "application/json"))


@pytest.mark.parametrize("kind", JSON_TYPES)
def test_json_under_another_name_is_no_json(besieged: Besieged, visitor: TestClient[Any], targets: list[Way], kind: str) -> None:
    body = b'{"month":"2023-06","reason":"x","role":"administrator"}'
    machines = [way for way in targets if not way.is_page and not way.path.endswith("/documents")]  # a document may be any text
    refused(survives(besieged, visitor, machines, body, kind))
    survives(besieged, visitor, [way for way in targets if way.is_page], body, kind)


@pytest.mark.parametrize("name", MULTIPART)
def test_hostile_multipart_is_refused_everywhere(besieged: Besieged, visitor: TestClient[Any], targets: list[Way], name: str) -> None:
    kind, body = MULTIPART[name]
    pages = [way for way in targets if way.is_page]
    some = targets if SOAK else pages[:2] + [way for way in targets if not way.is_page][:2]
    refused(survives(besieged, visitor, some, body, kind))


@pytest.mark.parametrize("name", FORMS)
def test_hostile_forms_are_refused_everywhere(besieged: Besieged, visitor: TestClient[Any], targets: list[Way], name: str) -> None:
    forms = [way for way in targets if way.is_page or way.path.endswith("/token")]
    refused(survives(besieged, visitor, forms if SOAK else forms[:3] + forms[-1:], FORMS[name], "application/x-www-form-urlencoded"))


@pytest.mark.parametrize("name", ["multipart: " + name for name in MULTIPART])
def test_a_form_token_cannot_be_hidden_in_hostile_multipart(besieged: Besieged, visitor: TestClient[Any], name: str) -> None:
    kind, body = MULTIPART[name.removeprefix("multipart: ")]
    besieged.enter(visitor, Office.FIRM)
    del visitor.headers["x-form-token"]
    answer = visitor.post("/en/me/office", content=body, headers={"content-type": kind.encode()})  # type: ignore[dict-item]
    assert answer.status_code in {400, 403, 413}, answer.text[:300]


@pytest.mark.parametrize(
    "body", [b"[" * JSON_MAX, b'"' * JSON_MAX, b"[]," * (JSON_MAX // 3), b"\\" * JSON_MAX, b"[" * (JSON_MAX // 2) + b"]" * (JSON_MAX // 2)]
)
def test_the_largest_json_is_judged_in_seconds(body: bytes) -> None:
    start = time.perf_counter()
    with pytest.raises(ClientException) if b"[[" in body else nothing():
        check_json(body)
    assert time.perf_counter() - start < LIMIT_S


def nothing() -> Any:
    return nullcontext()


JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.sampled_from('[]{}"\\u0a'), max_size=6), inner, max_size=3),
    max_leaves=20,
)


def deep(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if children is None else 1 + max(map(deep, children), default=0)


@settings(max_examples=300)
@given(JSONISH, st.integers(0, 40), st.booleans())
def test_depth_is_counted_as_a_parser_would(value: Any, wraps: int, ascii_: bool) -> None:
    for _ in range(wraps):
        value = [value]
    body = json.dumps(value, ensure_ascii=ascii_).encode()
    if deep(value) > DEPTH_MAX:
        with pytest.raises(ClientException, match="nests deeper"):
            check_json(body)
    else:
        check_json(body)


def test_too_large_is_413(besieged: Besieged, visitor: TestClient[Any]) -> None:
    besieged.enter(visitor, Office.FIRM)
    headers = {"content-type": "application/json", "idempotency-key": "large"}
    assert visitor.post("/api/v1/approvals/reopenings", content=b" " * (JSON_MAX + 1), headers=headers).status_code == 413
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert visitor.post("/en/sign-in", content=b"a=" + b"x" * FORM_MAX, headers=form).status_code == 413
