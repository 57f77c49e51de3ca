"""Calls to other machines: to hosts that were named, at public addresses, over https, in five seconds, following nothing."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from api.outgoing import BODY_MAX, OutgoingFailed, OutgoingRefused, Reach, call, is_open

HOME = Reach(frozenset({"127.0.0.1", "localhost", "::1"}), private=True)


@contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[tuple[str, list[str]]]:
    """A small server on the loopback: its address, and the paths that were asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            answer(self)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def says(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def named(*found: str) -> Callable[[str, int], list[str]]:
    """A resolver that says what the name of an intruder would stand for."""
    return lambda host, port: list(found)


PRIVATE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0",
    "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "2002:7f00:1::", "2002:a9fe:a9fe::",
    "64:ff9b::7f00:1", "2001:db8::1", "2001:0:7f00:1::80ff:fffe", "nonsense", "",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_closed(address: str) -> None:
    assert not is_open(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "2002:808:808::"])
def test_a_public_address_is_open(address: str) -> None:
    assert is_open(address)


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "224.0.0.1", "0.0.0.0", "::", "240.0.0.1"])
def test_who_opens_the_private_network_does_not_open_where_clouds_keep_secrets(address: str) -> None:
    assert not is_open(address, private=True)
    assert is_open("10.1.2.3", private=True)
    assert is_open("::1", private=True)
    assert is_open("fd12:3456::1", private=True)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "https://127.0.0.1/", "https://[::1]/", "https://localhost/", "https://169.254.169.254/latest/meta-data/",
     "https://2130706433/", "https://0x7f000001/", "https://127.1/", "https://[::ffff:127.0.0.1]/", "https://[fc00::1]/"],
)  # fmt: skip
def test_a_host_written_as_a_private_address_is_not_called_even_when_it_was_named(url: str) -> None:
    host = url.split("//")[1].split("/")[0].strip("[]")
    with pytest.raises((OutgoingRefused, OutgoingFailed)) as caught:
        call(Reach(frozenset({host})), "GET", url)
    assert isinstance(caught.value, OutgoingRefused), caught.value


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "fc00::1", "::ffff:192.168.0.1"])
def test_a_name_that_stands_for_a_private_address_is_not_called(address: str) -> None:
    reach = Reach(frozenset({"friend.example"}), resolve=named("93.184.216.34", address))
    with pytest.raises(OutgoingRefused, match="private network"):
        call(reach, "GET", "https://friend.example/")


@pytest.mark.parametrize(
    "url",
    ["https://other.example/", "https://friend.example.other.example/", "https://friend.example@other.example/", "https://me:secret@friend.example/",
     "http://friend.example/", "ftp://friend.example/", "file:///etc/passwd", "gopher://friend.example/", "//friend.example/", "friend.example",
     "https:///", "https://friend.example\\@other.example/", "https://friend.example:99999/", "https://", "\x00"],
)  # fmt: skip
def test_only_a_named_host_over_https_is_called(url: str) -> None:
    def never(host: str, port: int) -> list[str]:
        raise AssertionError(f"{host} was resolved")

    with pytest.raises(OutgoingRefused) as caught:
        call(Reach(frozenset({"friend.example"}), resolve=never), "GET", url)
    assert "secret" not in str(caught.value)


def test_the_name_is_resolved_once_and_the_address_that_was_checked_is_called() -> None:
    turns: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        turns.append(host)
        return ["127.0.0.1"] if len(turns) == 1 else ["169.254.169.254"]

    with serving(lambda one: says(one, 200, b"here")) as (url, asked):
        reach = Reach(frozenset({"localhost"}), private=True, resolve=rebinding)
        assert call(reach, "GET", url.replace("127.0.0.1", "localhost") + "/a").text == "here"
    assert (turns, asked) == (["localhost"], ["/a"])


def test_a_redirect_is_told_and_not_followed() -> None:
    with serving(lambda one: says(one, 302, Location="/secret")) as (url, asked):
        answer = call(HOME, "GET", url + "/start")
    assert (answer.status_code, answer.headers["location"], asked) == (302, "/secret", ["/start"])


def test_what_is_sent_arrives() -> None:
    got: list[tuple[bytes, str | None]] = []

    def take(one: BaseHTTPRequestHandler) -> None:
        got.append((one.rfile.read(int(one.headers["content-length"])), one.headers["x-kind"]))
        says(one, 204)

    with serving(take) as (url, _):
        assert call(HOME, "POST", url, headers={"X-Kind": "test"}, content=b"{}").status_code == 204
    assert got == [(b"{}", "test")]


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda one: says(one, 200, b"direct")) as (url, _), serving(lambda one: says(one, 200, b"proxy")) as (proxy, _):
        monkeypatch.setenv("HTTP_PROXY", proxy)
        monkeypatch.setenv("ALL_PROXY", proxy)
        assert call(HOME, "GET", url).text == "direct"


def drip(one: BaseHTTPRequestHandler) -> None:
    """An answer a byte at a time, each in time, for ever."""
    one.send_response(200)
    one.end_headers()
    try:
        while True:
            one.wfile.write(b".")
            time.sleep(0.05)
    except OSError:
        return


@pytest.mark.parametrize("answer", [drip, lambda one: time.sleep(2)], ids=["drips", "says nothing"])
def test_a_call_ends_in_time_however_slowly_it_is_answered(answer: Callable[[BaseHTTPRequestHandler], None]) -> None:
    with serving(answer) as (url, _):
        begun = time.monotonic()
        with pytest.raises(OutgoingFailed, match="in time"):
            call(Reach(HOME.hosts, private=True, patience_s=0.4), "GET", url)
        assert time.monotonic() - begun < 1.5


def test_a_slow_resolver_does_not_hold_the_call() -> None:
    def slow(host: str, port: int) -> list[str]:
        time.sleep(1.5)
        return ["1.1.1.1"]

    begun = time.monotonic()
    with pytest.raises(OutgoingFailed, match="not found"):
        call(Reach(frozenset({"friend.example"}), resolve=slow, patience_s=0.3), "GET", "https://friend.example/")
    assert time.monotonic() - begun < 1.2


def test_an_endless_answer_is_not_taken_in() -> None:
    with serving(lambda one: says(one, 200, b"x" * (BODY_MAX + 1))) as (url, _), pytest.raises(OutgoingFailed, match="longer than"):
        call(HOME, "GET", url)


def test_a_packed_answer_is_not_unpacked() -> None:
    with (
        serving(lambda one: says(one, 200, b"\x1f\x8b", Content_Encoding="gzip")) as (url, _),
        pytest.raises(OutgoingFailed, match="packed"),
    ):
        call(HOME, "GET", url)


def test_a_machine_that_is_not_there_is_said() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(OutgoingFailed, match="connection failed"):
        call(HOME, "GET", f"http://127.0.0.1:{port}/")


def test_a_certificate_that_nobody_vouches_for_is_refused() -> None:
    with serving(lambda one: says(one, 200)) as (url, asked), pytest.raises(OutgoingFailed):
        call(HOME, "GET", url.replace("http:", "https:"))
    assert asked == []
