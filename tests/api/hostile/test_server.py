"""Hostile bytes against a real server: it answers or hangs up in time, keeps requests apart, and lives on."""

import socket
import time
from collections.abc import Iterator

import pytest

from tests.api.example import example_book
from tests.api.server import Served, ask, serving

LIMIT_S = 12.0  # headers are waited for 10 s
HOST = b"Host: 127.0.0.1\r\n"
GET = b"GET /api/v1/health HTTP/1.1\r\n" + HOST
POST = b"POST /api/v1/calc HTTP/1.1\r\n" + HOST + b"Content-Type: text/csv\r\n"
SECOND = b"GET /api/v1/packs-smuggled HTTP/1.1\r\n" + HOST + b"\r\n"
CLOSE = b"Connection: close\r\n\r\n"
REQUESTS: dict[str, bytes] = {
    "nothing": b"\r\n\r\n", "noise": bytes(range(256)) * 20, "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300), "http 0.9": b"GET /\r\n", "http 2 by force": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "http 9": b"GET / HTTP/9.9\r\n" + HOST + CLOSE, "no host": b"GET / HTTP/1.1\r\n" + CLOSE, "two hosts": GET + b"Host: evil.example\r\n" + CLOSE, "a strange host": b'GET /en/factors HTTP/1.1\r\nHost: "><script>\r\n' + CLOSE,
    "an absolute address": b"GET http://evil.example/api/v1/health HTTP/1.1\r\n" + HOST + CLOSE, "a star": b"OPTIONS * HTTP/1.1\r\n" + HOST + CLOSE, "connect": b"CONNECT evil.example:443 HTTP/1.1\r\n" + HOST + CLOSE,
    "trace": b"TRACE / HTTP/1.1\r\n" + HOST + CLOSE, "a long method": b"A" * 10_000 + b" / HTTP/1.1\r\n" + HOST + CLOSE, "a method of signs": b"G\x00T / HTTP/1.1\r\n" + HOST + CLOSE,
    "a long address": b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n" + HOST + CLOSE, "a raw address": b"GET /\xff\xfe HTTP/1.1\r\n" + HOST + CLOSE, "a NUL": b"GET /static/%00 HTTP/1.1\r\n" + HOST + CLOSE,
    "a fragment": b"GET /#x HTTP/1.1\r\n" + HOST + CLOSE, "a header of 1 MB": GET + b"X: " + b"a" * 1_000_000 + b"\r\n" + CLOSE, "ten thousand headers": GET + b"".join(b"X-%d: y\r\n" % n for n in range(10_000)) + CLOSE,
    "a header without name": GET + b": x\r\n" + CLOSE, "a header with a blank": GET + b"X : y\r\n" + CLOSE, "a folded header": GET + b"X: a\r\n b\r\n" + CLOSE, "a bare line feed": GET.replace(b"\r\n", b"\n") + b"\n",
    "a NUL in a header": GET + b"X: a\x00b\r\n" + CLOSE, "a bare return": GET + b"X: a\rSet-Cookie: b=c\r\n" + CLOSE,
    "length and chunks": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND, "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nG" + SECOND,
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 50\r\n\r\n" + SECOND, "a list of lengths": POST + b"Content-Length: 0, 50\r\n\r\n" + SECOND, "a signed length": POST + b"Content-Length: +4\r\n\r\nabcd",
    "a negative length": POST + b"Content-Length: -1\r\n\r\n", "a hex length": POST + b"Content-Length: 0x4\r\n\r\nabcd", "a huge length": POST + b"Content-Length: 99999999999999999999\r\n\r\n", "more than 256 MB": POST + b"Content-Length: 999999999\r\n\r\nx",
    "chunked in disguise": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SECOND, "chunked twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + SECOND, "chunked by tab": POST + b"Transfer-Encoding:\tchunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n" + SECOND,
    "chunked with a blank": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SECOND, "a bad chunk": POST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nabc\r\n0\r\n\r\n", "a negative chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    "a huge chunk": POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc", "a chunk with an extension": POST + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 100_000 + b"\r\na\r\n0\r\n\r\n", "a forged trailer": POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nHost: evil\r\nX: \x00\r\n\r\n",
    "half a body": POST + b"Content-Length: 100\r\n\r\nhalf", "expects": POST + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\nabcd", "an upgrade": GET + b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AA\r\n\r\n", "a socket": GET + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n",
}  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("served")
    example_book(home).engine.dispose()
    with serving(home) as server:
        yield server


def told(connection: socket.socket) -> bytes:
    """All that the server says until it hangs up or nothing comes any more."""
    got = bytearray()
    try:
        while part := connection.recv(65536):
            got += part
    except OSError:
        pass
    return bytes(got)


@pytest.mark.parametrize("name", REQUESTS)
def test_hostile_bytes_are_answered_or_hung_up_on(served: Served, name: str) -> None:
    start = time.perf_counter()
    with socket.create_connection(("127.0.0.1", served.port), timeout=1.0) as connection:
        try:
            connection.sendall(REQUESTS[name])
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it hung up already
        answer = told(connection)
    assert time.perf_counter() - start < LIMIT_S
    assert not any(line.startswith(b"HTTP/1.1 5") for line in answer.split(b"\r\n")), answer[:300]
    assert b"packs-smuggled" not in answer.partition(b"\r\n\r\n")[0]
    assert b"Traceback" not in answer
    assert b"\nSet-Cookie: b=c" not in answer
    assert served.process.poll() is None
    assert ask(f"{served.address}/api/v1/health")[0] == 200


SMUGGLED = [
    "length and chunks",
    "two lengths",
    "a list of lengths",
    "chunked in disguise",
    "chunked with a blank",
    "chunked by tab",
    "chunks and length",
]


@pytest.mark.parametrize("name", SMUGGLED)
def test_no_request_is_hidden_in_another(served: Served, name: str) -> None:
    """What two readers could part differently is refused, or read by RFC 9112, 6.3 and the connection closed; never answered by a third."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=1.0) as connection:
        connection.sendall(REQUESTS[name])
        answer = told(connection)
    assert answer.count(b"HTTP/1.1 ") <= 2
    if b"Transfer-Encoding: chunked" not in REQUESTS[name]:
        assert answer.count(b"HTTP/1.1 ") <= 1
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4")


def test_ten_slow_clients_do_not_keep_others_out(served: Served) -> None:
    slow = [served.connect(GET + b"X: ") for _ in range(10)] + [served.connect(POST + b"Content-Length: 1000\r\n\r\nx") for _ in range(10)]
    start = time.perf_counter()
    for _ in range(10):
        assert ask(f"{served.address}/api/v1/health")[0] == 200
    assert time.perf_counter() - start < 5
    for one in slow:
        one.close()


def test_a_machine_without_users_does_not_answer_to_another_name(served: Served) -> None:
    assert ask(f"{served.address}/en/holders", Host="evil.example")[0] == 421
    assert ask(f"{served.address}/en/holders", Host=f"127.0.0.1:{served.port}")[0] == 200
