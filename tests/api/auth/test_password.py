"""Passwords: Argon2id as OWASP says, other sessions end with a change, and a crowd at the door starves nobody who reads."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import pytest
import sqlalchemy as sa

from api.auth import password
from api.auth.errors import BadUser, Crowded
from api.auth.line import Line
from api.auth.office import Office
from api.auth.tables import UserRow
from ledger.types import table_of
from tests.api.auth.town import PASSWORD, Browser, Town

FRESH = "quite another sentence"


def change(browser: Browser, given: str = PASSWORD, wanted: str = FRESH, again: str = "") -> Any:
    return browser.post("/en/me/password", given=given, wanted=wanted, again=again or wanted)


def test_what_is_kept_is_argon2id_by_the_owasp_parameters() -> None:
    assert password.hashed(PASSWORD).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert password.holds(password.hashed(PASSWORD), PASSWORD)
    assert not password.holds(password.hashed(PASSWORD), PASSWORD + " ")
    assert not password.holds(None, "nobody has this password")


@pytest.mark.parametrize("bad", ["", "short", "a" * 40, "ababababababab", "x1" * 600, "\ud800" * 12])
def test_a_password_that_is_none_is_refused(bad: str) -> None:
    with pytest.raises(BadUser):
        password.hashed(bad)


def test_a_changed_password_ends_the_other_sessions_and_renews_this_one(town: Town, browser: Browser) -> None:
    person = town.person(Office.FIRM)
    with town.browser() as elsewhere:
        elsewhere.enter(person)
        old = browser.enter(person).token
        assert change(browser).headers["location"] == "/en/me"
        assert browser.is_in()
        assert browser.token != old
        assert browser.twin(old).status_code == 303
        assert not elsewhere.is_in()
        assert elsewhere.sign_in(person).status_code == 401
        assert elsewhere.sign_in(person, password=FRESH).status_code == 303


@pytest.mark.parametrize(
    ("given", "wanted", "again", "status"),
    [("wrong sentence here", FRESH, FRESH, 401), (PASSWORD, FRESH, FRESH + "!", 422), (PASSWORD, "short", "short", 422), ("", "", "", 422)],
)
def test_a_password_is_changed_by_who_knows_it_and_types_the_new_one_twice(
    town: Town, browser: Browser, given: str, wanted: str, again: str, status: int
) -> None:
    person = town.person(Office.FIRM)
    browser.enter(person)
    assert change(browser, given, wanted, again).status_code == status
    assert browser.is_in()
    assert browser.sign_in(person).status_code == 303


def test_the_present_password_is_not_guessed_in_a_session_that_was_left_open(town: Town, browser: Browser) -> None:
    browser.enter(town.person(Office.FIRM))
    assert [change(browser, "wrong sentence here").status_code for _ in range(5)] == [401] * 5
    assert change(browser).status_code == 429


def test_signing_out_everywhere_ends_every_session(town: Town, browser: Browser) -> None:
    person, other = town.person(Office.FIRM), town.person(Office.FIRM)
    with town.browser() as elsewhere, town.browser() as third:
        elsewhere.enter(person)
        third.enter(other)
        browser.enter(person)
        assert browser.post("/en/me/sign-out-everywhere").status_code == 303
        assert (browser.is_in(), elsewhere.is_in(), third.is_in()) == (False, False, True)
        assert town.sessions(person) == 0


def test_a_full_line_sends_away_at_once_and_opens_again() -> None:
    line, gone = Line(at_once=1, waiting=1, wait_s=3), threading.Event()

    def stand() -> None:
        with line.place(), line.turn():
            gone.wait(10)

    standing = [threading.Thread(target=stand) for _ in range(2)]
    for one in standing:
        one.start()
    time.sleep(0.1)
    begun = time.monotonic()
    with pytest.raises(Crowded) as caught, line.place():
        pass
    assert (time.monotonic() - begun < 0.5, caught.value.headers) == (True, {"Retry-After": "3"})
    gone.set()
    for one in standing:
        one.join()
    with line.place(), line.turn():
        pass


def test_two_hundred_who_sign_in_at_once_neither_fall_over_nor_starve_who_reads(town: Town) -> None:
    person = town.person(Office.FIRM)
    login = {"login": person.login, "password": PASSWORD}
    with town.browser() as crowd, ThreadPoolExecutor(200) as people:
        client = crowd.client
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # each comes as somebody new
        done = threading.Event()
        reads: list[tuple[int, float]] = []

        def read() -> None:
            while not done.is_set():
                begun = time.perf_counter()
                status = client.get("/api/v1/health").status_code
                reads.append((status, time.perf_counter() - begun))

        reader = threading.Thread(target=read)
        reader.start()
        time.sleep(0.3)
        calm = len(reads)
        begun = time.perf_counter()
        answers = list(people.map(lambda _: client.post("/en/sign-in", data=login), range(200)))
        took = time.perf_counter() - begun
        during = reads[calm:]
        done.set()
        reader.join()
    statuses = {one.status_code for one in answers}
    print(f"200 sign-ins: {took:.2f} s, in {sum(one.status_code == 303 for one in answers)}, reads meanwhile {len(during)}, "
          f"slowest {max(seconds for _, seconds in during):.3f} s")  # fmt: skip
    assert statuses <= {303, 429}
    assert 303 in statuses
    assert all(one.headers["retry-after"] == "2" for one in answers if one.status_code == 429)
    assert {status for status, _ in reads} == {200}
    assert len(during) > 0
    assert max(seconds for _, seconds in during) < 5  # behind the whole crowd it would be ten and more


def test_a_password_is_not_set_over_one_that_was_set_meanwhile(town: Town, browser: Browser) -> None:
    person = town.person(Office.FIRM)
    browser.enter(person)
    row = table_of(UserRow)
    other = password.hashed("set by an administrator")
    with town.book.writing() as session:
        session.execute(sa.update(row).values(password=other))
    assert change(browser).status_code == 401
    with town.book.reading() as session:
        assert session.execute(sa.select(row.c.password)).scalar_one() == other
