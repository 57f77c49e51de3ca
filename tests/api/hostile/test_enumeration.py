"""Guessing ids tells nothing: what belongs to another and what does not exist are answered alike, and in the same time."""

import re
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from api.auth.office import Office
from ledger.book import Book
from tests.api.hostile.conftest import PASSWORD, Besieged, besiege, count
from tests.world import build

TIMES = count(9, 41)
PASSING = {"content-length", "set-cookie"}  # the reader's language is remembered at the first page
ABSENT_HOLDER, ABSENT_ENTRY = "h" + "0" * 10, "8888888"


@pytest.fixture
def watched(book: Book, tmp_path: Path) -> Iterator[tuple[Besieged, TestClient[Any], list[tuple[str, str]]]]:
    """A firm at the door, and pairs of addresses: a foreign object, and one that is not there."""
    world = build(book, tmp_path)
    made = besiege(book, own=world.holders["own"], other=world.holders["other"])
    foreign = str(world.entries["x01"][0])
    holders = [
        "/en/holders/{}",
        "/api/v1/holders/{}/files",
        "/api/v1/holders/{}/drafts",
        "/api/v1/holders/{}/drafts/x",
        "/api/v1/holders/{}/files/x",
    ]
    entries = ["/en/entries/{}", "/api/v1/entries/{}", "/api/v1/entries/{}/proof", "/api/v1/lines/{}", "/en/entries/{}/entry.csv"]
    pairs = [(one.format(made.foreign.id), one.format(ABSENT_HOLDER)) for one in holders]
    pairs += [(one.format(foreign), one.format(ABSENT_ENTRY)) for one in entries]
    with TestClient(made.app, raise_server_exceptions=False) as client:
        client.follow_redirects = False
        yield made, made.enter(client, Office.FIRM), pairs


def plain(text: str, address: str) -> str:
    """The body without the number of the request and the id that was asked for, however often."""
    text = re.sub(r"[0-9a-f]{16}", "#", text)
    for part in address.split("/"):
        if (part.startswith("h") and len(part) > 8) or part.isdigit():
            shown = f"{int(part):,}" if part.isdigit() else part
            text = re.sub(rf"(?<![\w,])(?:{re.escape(part)}|{re.escape(shown)})(?![\w,])", "ID", text)
    return text


def test_a_foreign_object_is_answered_like_one_that_is_not_there(watched: tuple[Besieged, TestClient[Any], list[tuple[str, str]]]) -> None:
    _, client, pairs = watched
    for foreign, absent in pairs:
        for accept in ("application/json", "text/html"):
            one, other = (client.get(address, headers={"accept": accept}) for address in (foreign, absent))
            assert one.status_code == other.status_code == 404, f"{foreign}: {one.status_code}, {other.status_code}"
            if accept == "application/json":
                assert plain(one.text, foreign) == plain(other.text, absent)
            assert set(one.headers) - PASSING == set(other.headers) - PASSING


def test_it_takes_as_long(watched: tuple[Besieged, TestClient[Any], list[tuple[str, str]]]) -> None:
    _, client, pairs = watched
    for foreign, absent in pairs:
        taken: dict[str, list[float]] = {foreign: [], absent: []}
        for _ in range(TIMES):
            for address, times in taken.items():
                start = time.perf_counter()
                client.get(address, headers={"accept": "application/json"})
                times.append(time.perf_counter() - start)
        one, other = (statistics.median(times) for times in taken.values())
        assert max(one, other) < 2 * min(one, other) + 0.003, f"{foreign}: {one * 1000:.1f} ms, {absent}: {other * 1000:.1f} ms"


def test_a_login_that_nobody_has_is_answered_like_a_wrong_password(besieged: Besieged, nobody: TestClient[Any]) -> None:
    taken: dict[str, list[float]] = {f"{Office.PARK}@test": [], "nobody@test": []}
    bodies = set()
    for _ in range(4):
        for login, times in taken.items():
            start = time.perf_counter()
            answer = nobody.post("/en/sign-in", data={"login": login, "password": PASSWORD + "!"})
            times.append(time.perf_counter() - start)
            assert answer.status_code == 401
            bodies.add(answer.text.replace(login, "LOGIN").partition("<footer")[0])
    assert len(bodies) == 1
    one, other = (statistics.median(times) for times in taken.values())
    assert max(one, other) < 2 * min(one, other)
