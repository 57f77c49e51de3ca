"""What no address, header or body may hold, refused before anything reads it.

- An address is UTF-8 without control signs: PostgreSQL keeps no NUL in a text, the file system none in a name, and a line break in an
  address has no business but to forge a header or a line of a log.
- JSON nests at most `DEPTH_MAX` deep, is UTF-8 and holds no NUL, nor does a form: a parser that recurses answers 100,000 brackets with a
  crash, and one that meets a broken sign with a UnicodeDecodeError.
- A machine that lets in whoever sits at it (no sign-in) answers to its loopback names alone. A page of another site whose name suddenly
  means 127.0.0.1 (DNS rebinding) would read the books otherwise.
"""

import re
from collections.abc import Callable, Collection
from typing import cast
from urllib.parse import unquote_to_bytes

from litestar.enums import ScopeType
from litestar.exceptions import ClientException, HTTPException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send

DEPTH_MAX = 32
ADDRESS_MAX = 8192
PART_MAX = 255  # what a file system takes for a name
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
LINED = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""In a query a text of several lines may stand; its line breaks go nowhere but into a text."""
BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
JSON_MAX, FORM_MAX = 8 * 2**20, 2**20
TEXT = re.compile(rb'"[^"]*"?')
ONE_BRACKET = bytes.maketrans(b"{}", b"[]")
Check = Callable[[bytes], None]
NO_BRACKETS = bytes(set(range(256)) - set(b'"[]{}'))


class WrongHost(HTTPException):
    """The request is for a machine of another name (RFC 9110, 15.5.20: misdirected)."""

    status_code = 421


class TooLong(HTTPException):
    """RFC 9110, 15.5.14."""

    status_code = 413


class AddressTooLong(HTTPException):
    """RFC 9110, 15.5.15."""

    status_code = 414


class Hardening(ASGIMiddleware):
    """Stands before all else. `hosts` are the names that are answered to, every one where nothing is said."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, *, hosts: Collection[str] | None = None) -> None:
        self.hosts = hosts

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        headers = dict(scope["headers"])
        check_host(headers.get(b"host", b""), self.hosts)
        check_address(scope)
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        check = next((check for names, check in CHECKS.items() if kind.endswith(names)), None)
        reads = scope["type"] == ScopeType.HTTP and scope["method"] in BODILESS
        await next_app(scope, receive if reads else _checked(receive, check), send)


def check_host(host: bytes, hosts: Collection[str] | None) -> None:
    """Refuse a Host that is none of `hosts`, whatever its port. Raises WrongHost."""
    name = re.sub(rb":\d*$", b"", host).decode("latin-1").lower()
    if hosts is not None and name not in hosts:
        raise WrongHost(detail=f"this machine answers to {', '.join(sorted(hosts))} alone: open it under that name")


def check_address(scope: Scope) -> None:
    """Refuse a path or query that is no plain UTF-8, or too long. Raises ClientException, AddressTooLong."""
    query = scope.get("query_string", b"")
    raw = scope.get("raw_path", b"").partition(b"?")[0] or scope["path"].encode("utf-8", "surrogatepass")
    if len(raw) + len(query) > ADDRESS_MAX:
        raise AddressTooLong(detail=f"an address has at most {ADDRESS_MAX} bytes: send less in the query")
    if max(map(len, unquote_to_bytes(raw).split(b"/"))) > PART_MAX:
        raise AddressTooLong(detail=f"between two strokes of a path stand at most {PART_MAX} bytes")
    for part, told, forbidden in (("path", unquote_to_bytes(raw), CONTROL), ("query", unquote_to_bytes(query), LINED)):
        if forbidden.search(told) or not _is_utf8(told):
            raise ClientException(detail=f"the {part} of this address holds a control sign, or is no UTF-8")
    if CONTROL.search(scope["path"].encode("utf-8", "surrogatepass")):
        raise ClientException(detail="the path of this address holds a control sign")


def check_json(body: bytes) -> None:
    """Refuse JSON that nests deeper than DEPTH_MAX, holds a NUL or is no UTF-8. What else is wrong is refused by who reads it."""
    if not _is_utf8(body):
        raise ClientException(detail="the JSON is no UTF-8 (RFC 8259, 8.1)")
    bare = body.replace(rb"\\", b"")
    if b"\0" in bare or rb"\u0000" in bare:
        raise ClientException(detail="a text holds U+0000, which no text here may")
    brackets = TEXT.sub(b"", bare.replace(rb"\"", b"").translate(ONE_BRACKET, NO_BRACKETS))
    bomb = b"[" * (DEPTH_MAX + 1) in brackets  # seen at once
    for _ in range(0 if bomb else DEPTH_MAX):
        brackets = brackets.replace(b"[]", b"")  # the innermost of each go
    if bomb or b"[" in brackets:
        raise ClientException(detail=f"the JSON nests deeper than {DEPTH_MAX}, or a bracket of it is never closed")


def check_form(body: bytes) -> None:
    """Refuse a form that holds a NUL or is no UTF-8."""
    told = unquote_to_bytes(body)
    if b"\0" in told or not _is_utf8(told):
        raise ClientException(detail="a field of this form holds U+0000, or is no UTF-8")


CHECKS: dict[tuple[bytes, ...], tuple[Check, int]] = {
    (b"/json", b"+json"): (check_json, JSON_MAX),
    (b"application/x-www-form-urlencoded",): (check_form, FORM_MAX),
}


def _checked(receive: Receive, check: tuple[Check, int] | None) -> Receive:
    """The body as it arrives. What is checked is given on to its end only once the whole of it was looked at; what never arrives whole,
    because the sender hung up or cannot count, is the sender's error."""
    body, whole = bytearray(), False

    async def received() -> HTTPReceiveMessage:
        nonlocal whole
        message = cast("HTTPReceiveMessage", await receive())
        if message["type"] == "http.disconnect" and not whole:
            raise ClientException(detail="the body did not arrive whole")
        if message["type"] == "http.request":
            whole = not message.get("more_body")
            if check is not None:
                body.extend(message.get("body", b""))
                if len(body) > check[1]:
                    raise TooLong(detail=f"JSON or a form has here at most {check[1]} bytes: send a file")
                if whole:
                    check[0](bytes(body))
        return message

    return received


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
