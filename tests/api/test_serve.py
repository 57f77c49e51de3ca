"""The server as a deployment runs it: whom it lets in, how it stops, and what slow callers cost the others."""

import signal
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.auth.office import Office
from api.auth.password import hashed
from api.auth.user import add_user, bind
from api.auth.vault import Vault
from api.cli import main
from ledger.book import make_engine, open_book
from migrations import upgrade
from tests.api.server import Served, ask, serving

CSV = b"activity,quantity,unit,day,division\nelectricity.grid,100,kWh,2023-07-01,330106\n"
CALC = b"POST /api/v1/calc HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: %d\r\n\r\n" % len(CSV)
LOGIN, PASSWORD = "wang@example.com", "a long enough password"


def empty_book(home: Path) -> str:
    url = f"sqlite:///{home}/book.db"
    upgrade(url, home=home)
    return url


def with_a_user(home: Path) -> None:
    book = open_book(empty_book(home), home=home)
    with book.writing() as session:
        user = add_user(session, Vault.at(home), login=LOGIN, password=hashed(PASSWORD), now=datetime.now(UTC))
        bind(session, user, Office.REGULATOR, division="330000", by="local-admin", now=datetime.now(UTC))
    book.engine.dispose()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Two workers over an empty book."""
    home = tmp_path_factory.mktemp("served")
    empty_book(home)
    with serving(home, "--workers", "2") as served:
        yield served


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as left:
        main(["serve", *arguments])
    return int(str(left.value.code)), capsys.readouterr().err


def test_an_address_that_others_reach_needs_a_public_one_and_users(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty_book(tmp_path)
    home, public = ("--home", str(tmp_path)), ("--public-url", "https://carbon.example.org")
    code, said = refused(capsys, "--host", "0.0.0.0", *home)
    assert (code, "TANZHANG_PUBLIC_URL=https://" in said) == (2, True)
    code, said = refused(capsys, "--host", "0.0.0.0", *home, *public)
    assert (code, "tanzhang user add LOGIN --role administrator" in said) == (2, True)
    code, said = refused(capsys, *home, *public)
    assert (code, "no user" in said) == (2, True)
    code, said = refused(capsys, *home, "--public-url", "http://carbon.example.org")
    assert (code, "an https address" in said) == (1, True)


def test_a_book_of_another_version_is_not_served_and_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = empty_book(tmp_path)
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    engine.dispose()
    code, said = refused(capsys, "--home", str(tmp_path))
    assert (code, "run `tanzhang migrate`" in said) == (1, True)


def test_from_the_first_user_on_everybody_signs_in_without_a_restart(tmp_path: Path) -> None:
    url = empty_book(tmp_path)
    with serving(tmp_path, "--workers", "2") as served:
        assert ask(f"{served.address}/api/v1/jobs")[0] == 403, "who sits at this machine reads, and has no jobs"
        book = open_book(url, home=tmp_path)
        with book.writing() as session:
            add_user(session, Vault.at(tmp_path), login=LOGIN, password=hashed(PASSWORD), now=datetime.now(UTC))
        book.engine.dispose()
        assert {ask(f"{served.address}/api/v1/jobs")[0] for _ in range(8)} == {401}
        assert ask(f"{served.address}/en/sign-in")[0] == 200


def test_a_host_of_another_name_is_refused(server: Served) -> None:
    assert ask(f"{server.address}/zh/regions", Host="evil.example")[0] == 421
    assert ask(f"{server.address}/zh/regions", Host="localhost:1")[0] == 200


def test_ten_slow_callers_do_not_keep_others_from_being_served(server: Served) -> None:
    slow = [server.connect(b"GET /zh/regions HTTP/1.1\r\nHost: localhost\r\nX-Slow: ") for _ in range(10)]
    slow += [server.connect(CALC + CSV[:10]) for _ in range(10)]
    taken = []
    for number in range(20):
        for one in slow:
            one.sendall(b"a" if number % 2 else b"b") if one in slow[:10] else None
        start = time.monotonic()
        assert ask(f"{server.address}/api/v1/health")[0] == 200
        taken.append(time.monotonic() - start)
    assert sorted(taken)[len(taken) // 2] < 1
    for one in slow[:10]:  # who never ends the headers is hung up on
        assert _ended(one, within=25)
    for one in slow[10:]:  # who never ends the body hears why
        assert b"408" in _answer(one, within=40)


def _ended(connection: socket.socket, *, within: float) -> bool:
    connection.settimeout(within)
    try:
        while connection.recv(4096):
            pass
    except ConnectionResetError:
        return True
    return True


def _answer(connection: socket.socket, *, within: float) -> bytes:
    connection.settimeout(within)
    return connection.recv(4096).split(b"\r\n")[0]


def test_what_has_begun_is_answered_before_the_server_stops(tmp_path: Path) -> None:
    empty_book(tmp_path)
    with serving(tmp_path) as server:
        begun = server.connect(CALC + CSV[:10])
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        with pytest.raises(ConnectionRefusedError):
            server.connect()
        begun.sendall(CSV[10:])
        assert b" 200 " in _answer(begun, within=20)
        assert server.process.wait(timeout=12) == 0


def test_what_never_ends_does_not_keep_the_server_from_stopping(tmp_path: Path) -> None:
    empty_book(tmp_path)
    with serving(tmp_path) as server:
        server.connect(CALC + CSV[:10])
        time.sleep(0.5)
        start = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(timeout=20)
        assert time.monotonic() - start < 14


def test_behind_a_proxy_cookies_are_for_https_alone_and_only_a_named_proxy_says_for_whom(tmp_path: Path) -> None:
    with_a_user(tmp_path)
    options = ("--public-url", "https://carbon.example.org", "--trusted-proxies", "127.0.0.1")
    with serving(tmp_path, *options) as server:
        status, headers, _ = ask(f"{server.address}/en/sign-in", Host="carbon.example.org")
        assert (status, headers["strict-transport-security"]) == (200, "max-age=31536000")
        assert ask(f"{server.address}/en/sign-in", Host="elsewhere.example")[0] == 421
        assert ask(f"{server.address}/metrics")[0] == 200
        assert ask(f"{server.address}/metrics", **{"X-Forwarded-For": "203.0.113.7"})[0] == 404
        body = f"login={LOGIN.replace('@', '%40')}&password={PASSWORD.replace(' ', '+')}&next=%2Fen%2Fme".encode()
        head = (
            "POST /en/sign-in HTTP/1.1\r\nHost: carbon.example.org\r\nOrigin: https://carbon.example.org\r\nX-Forwarded-Proto: https\r\n"
            f"X-Forwarded-For: 203.0.113.7\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        answered = server.connect(head.encode() + body)
        answered.settimeout(30)
        told = answered.recv(8192).decode().lower()
        assert "__host-tanzhang=" in told
        assert "secure" in told.split("__host-tanzhang=")[1].split("\r\n")[0]
        assert "203.0.113.7" not in server.errors.read_text()
