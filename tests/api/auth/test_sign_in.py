"""Signing in: one sentence for every failure, a new token at each step, no way out to another site, cookies that stay here."""

import secrets
import statistics
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa

from api.auth import attempts
from api.auth.attempts import Sources, network
from api.auth.errors import SignInNeeded, TooManyAttempts, WrongCredentials
from api.auth.office import Office
from api.auth.session import IDLE, WHOLE, digest, renew, sign_in, sign_out_everywhere, signed
from api.auth.tables import AttemptRow, SessionRow
from api.auth.user import disable, end_binding
from ledger.types import table_of
from tests.api.auth.town import PASSWORD, Browser, Person, Town, hidden, now


def test_a_token_set_before_sign_in_is_worth_nothing_after(town: Town, browser: Browser) -> None:
    planted = secrets.token_urlsafe(32)
    browser.token = planted
    assert browser.sign_in(town.person(Office.FIRM)).status_code == 303
    assert browser.token != planted
    assert browser.is_in()
    assert browser.twin(planted).status_code == 303


def test_a_session_of_another_ends_when_somebody_else_signs_in_over_it(town: Town, browser: Browser) -> None:
    mallory, alice = town.person(Office.FIRM), town.person(Office.FIRM)
    planted = browser.enter(mallory).token
    assert browser.sign_in(alice).status_code == 303
    assert browser.twin(planted).status_code == 303
    assert town.sessions(mallory) == 0


def test_the_old_token_is_dead_after_a_change_of_office(town: Town, browser: Browser) -> None:
    person = town.person(Office.FIRM)
    other = town.also(person, Office.RESIDENT)
    old = browser.enter(person).token
    assert browser.post("/en/me/office", binding=other).headers["location"] == "/en/me"
    assert browser.token != old
    assert browser.is_in()
    assert browser.twin(old).status_code == 303


def test_nobody_changes_into_an_office_of_another(town: Town, browser: Browser) -> None:
    person, other = town.person(Office.FIRM), town.person(Office.FIRM)
    browser.enter(person)
    assert browser.post("/en/me/office", binding=other.binding).status_code == 404
    assert browser.is_in()


def test_who_signs_out_is_out(town: Town, browser: Browser) -> None:
    old = browser.enter(town.person(Office.FIRM)).token
    assert browser.post("/en/sign-out").status_code == 303
    assert not browser.is_in()
    assert browser.twin(old).status_code == 303


def test_a_disabled_user_is_out_at_once(town: Town, browser: Browser) -> None:
    person = town.person(Office.FIRM)
    browser.enter(person)
    with town.book.writing() as session:
        disable(session, person.id, now=now())
    assert not browser.is_in()
    assert browser.sign_in(person).status_code == 401


def test_an_ended_office_is_dead_at_once(town: Town, browser: Browser) -> None:
    person = town.person(Office.FIRM)
    browser.enter(person)
    assert browser.get("/en/holders").status_code == 200
    with town.book.writing() as session:
        end_binding(session, person.binding, now=now())
    assert browser.get("/en/holders").status_code in {303, 403}


@pytest.mark.parametrize(("column", "age"), [("seen_at", IDLE), ("expires_at", timedelta(0)), ("opened_at", None)])
def test_a_session_ends_when_nobody_used_it_and_when_it_is_old(town: Town, browser: Browser, column: str, age: timedelta | None) -> None:
    person = town.person(Office.FIRM)
    token = browser.enter(person).token
    row = table_of(SessionRow)
    if age is not None:
        with town.book.writing() as session:
            session.execute(sa.update(row).values({column: now() - age}))
        assert not browser.is_in()
        return
    with town.book.reading() as session:  # the hours themselves: half an hour idle, twelve in all
        found = session.execute(sa.select(row)).one()
        assert (found.expires_at - found.opened_at, IDLE, WHOLE) == (WHOLE, timedelta(minutes=30), timedelta(hours=12))
        signed(session, token, now=found.seen_at + IDLE - timedelta(seconds=1))


def test_use_keeps_a_session_but_not_beyond_its_hours(town: Town, browser: Browser) -> None:
    browser.enter(town.person(Office.FIRM))
    row = table_of(SessionRow)
    with town.book.writing() as session:
        session.execute(sa.update(row).values(seen_at=now() - timedelta(minutes=20)))
    assert browser.is_in()
    with town.book.reading() as session:
        found = session.execute(sa.select(row)).one()
    assert now() - found.seen_at < timedelta(minutes=1)
    assert found.expires_at <= found.opened_at + WHOLE


def test_a_renewed_session_ends_when_it_would_have_ended(town: Town, browser: Browser) -> None:
    person = town.person(Office.FIRM)
    other = town.also(person, Office.RESIDENT)
    browser.enter(person)
    row = table_of(SessionRow)
    soon = now() + timedelta(minutes=3)
    with town.book.writing() as session:
        session.execute(sa.update(row).values(expires_at=soon))
    browser.post("/en/me/office", binding=other)
    with town.book.reading() as session:
        assert session.execute(sa.select(row.c.expires_at)).scalar_one() == soon


def test_a_session_that_has_ended_meanwhile_is_not_renewed(town: Town, browser: Browser) -> None:
    person = town.person(Office.FIRM)
    token = browser.enter(person).token
    with town.book.writing() as session:
        who, _ = signed(session, token, now=now())
        sign_out_everywhere(session, person.id)
    with town.book.writing() as session, pytest.raises(SignInNeeded):
        renew(session, who, now=now())
    assert town.sessions(person) == 0


def test_the_database_keeps_no_token(town: Town, browser: Browser) -> None:
    token = browser.enter(town.person(Office.FIRM)).token
    with town.book.reading() as session:
        kept = bytes(session.execute(sa.select(table_of(SessionRow).c.digest)).scalar_one())
    assert kept == digest(token)
    assert token.encode() not in kept


def test_a_wrong_login_and_a_wrong_password_look_the_same(town: Town, browser: Browser) -> None:
    person = town.person(Office.FIRM)
    nobody = Person("", "nobody@example.org", "")
    answers = [browser.sign_in(person, password="not the right sentence"), browser.sign_in(nobody)]
    with town.book.writing() as session:
        disable(session, person.id, now=now())
    answers.append(browser.sign_in(person))
    said = {(one.status_code, one.text.replace(person.login, "").replace(nobody.login, "")) for one in answers}
    assert len(said) == 1
    assert [one.status_code for one in answers] == [401, 401, 401]


def test_a_wrong_login_takes_as_long_as_a_wrong_password(town: Town) -> None:
    person = town.person(Office.FIRM)

    def seconds(login: str) -> float:
        taken = []
        for _ in range(9):
            begun = time.perf_counter()
            with pytest.raises(WrongCredentials):
                sign_in(town.book, town.vault, login=login, given="not the right sentence", now=now())
            taken.append(time.perf_counter() - begun)
            with town.book.writing() as session:
                session.execute(sa.delete(table_of(AttemptRow)))
        return statistics.median(taken)

    known, unknown = seconds(person.login), seconds("nobody@example.org")
    assert 0.5 < known / unknown < 2


@pytest.mark.parametrize("exists", [True, False])
def test_five_failures_make_a_wait_for_a_login_that_is_there_and_one_that_is_not(town: Town, browser: Browser, exists: bool) -> None:
    person = town.person(Office.FIRM) if exists else Person("", "nobody@example.org", "")
    statuses = [browser.sign_in(person, password="not the right sentence").status_code for _ in range(5)]
    refused = browser.sign_in(person)  # with the right one, where there is one
    assert (statuses, refused.status_code) == ([401] * 5, 429)
    assert 0 < int(refused.headers["retry-after"]) <= 901


def test_after_the_wait_counting_begins_anew(town: Town) -> None:
    key = town.vault.digest("login", "somebody")
    moment = now()
    late = moment + attempts.PENANCE
    with town.book.writing() as session:
        for _ in range(5):
            attempts.note(session, key, now=moment)
        with pytest.raises(TooManyAttempts):
            attempts.check(session, key, now=moment)
        attempts.check(session, key, now=late)
        attempts.note(session, key, now=late)
        attempts.check(session, key, now=late)


def test_success_forgets_the_failures(town: Town, browser: Browser) -> None:
    person = town.person(Office.FIRM)
    for _ in range(2):
        for _ in range(4):
            browser.sign_in(person, password="not the right sentence")
        assert browser.sign_in(person).status_code == 303
        browser.post("/en/sign-out")


def test_an_address_that_tries_many_logins_waits() -> None:
    sources, moment = Sources(most=3, kept=10), now()
    for _ in range(3):
        sources.check("203.0.113.7", now=moment)
        sources.note("203.0.113.7", now=moment)
    with pytest.raises(TooManyAttempts):
        sources.check("203.0.113.7", now=moment)
    with pytest.raises(TooManyAttempts):
        sources.check("::ffff:203.0.113.7", now=moment)
    sources.check("203.0.113.8", now=moment)
    sources.check("203.0.113.7", now=moment + attempts.PENANCE)
    for number in range(100):
        sources.note(f"198.51.100.{number}", now=moment)
    assert len(sources._failed) == 10


def test_a_customers_whole_network_is_one_address_and_the_loopback_none() -> None:
    assert network("2001:db8:1:2:3::4") == network("2001:db8:1:2:ffff::1") != network("2001:db8:1:3::1")
    assert (network("127.0.0.1"), network("::1"), network("testclient")) == ("", "", "testclient")


def test_the_form_tells_an_address_to_wait(town: Town) -> None:
    person = town.person(Office.FIRM)
    with town.browser() as browser:
        browser.client.app.state.sources = Sources(most=1)
        assert browser.sign_in(person, password="not the right sentence").status_code == 401
        refused = browser.sign_in(person)
    assert refused.status_code == 429
    assert "Retry-After" in refused.headers


ELSEWHERE = [
    "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "http:evil.example", "javascript:alert(1)", "evil.example",
    "/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example", "/ok\r\nLocation: https://evil.example", "///evil.example",
    "/en\\..\\..\\\\evil.example", "data:text/html,x", "//evil.example/%2e%2e", "/\u2028/evil",
]  # fmt: skip


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_signing_in_leads_to_no_other_site(town: Town, wanted: str) -> None:
    if town.book.dialect != "sqlite":
        pytest.skip("no word of this depends on the database")
    with town.browser() as browser:
        there = browser.sign_in(town.person(Office.FIRM), wanted=wanted).headers
    assert there["location"] == "/en/me"
    assert "evil" not in str(there)


def test_an_encoded_line_break_stays_encoded(town: Town, browser: Browser) -> None:
    answer = browser.sign_in(town.person(Office.FIRM), wanted="/en/%0d%0aSet-Cookie:x=y")
    assert answer.headers["location"].startswith("/en/%")
    assert "x" not in answer.cookies


@pytest.mark.parametrize("wanted", ["/en/factors", "/zh/regions/330522?year=2017&source=a%20b"])
def test_signing_in_leads_to_the_page_that_was_wanted(town: Town, browser: Browser, wanted: str) -> None:
    assert browser.sign_in(town.person(Office.FIRM), wanted=wanted).headers["location"] == wanted


def test_a_page_that_is_not_public_leads_to_the_form_and_back(town: Town, browser: Browser) -> None:
    there = browser.get("/en/holders?q=a&b=c").headers["location"]
    assert there.startswith("/en/sign-in?next=")
    assert hidden(browser.get(there).text, "next") == "/en/holders?q=a&b=c"


@pytest.mark.parametrize("secure", [True, False])
def test_the_cookie_stays_at_this_host_and_no_script_reads_it(town: Town, secure: bool) -> None:
    person = town.person(Office.FIRM)
    with town.browser(secure=secure) as browser:
        cookie = browser.sign_in(person).headers["set-cookie"]
    name, *flags = [part.strip().lower() for part in cookie.split(";")]
    assert name.startswith("__host-tanzhang=" if secure else "tanzhang=")
    assert {"httponly", "samesite=lax", "path=/"} <= set(flags)
    assert ("secure" in flags) == secure
    assert not any(flag.startswith("domain") for flag in flags)


def test_a_form_without_the_sessions_token_is_refused(town: Town, browser: Browser) -> None:
    person, other = town.person(Office.FIRM), town.person(Office.FIRM)
    foreign = browser.enter(other).form_token
    browser.post("/en/sign-out")
    browser.enter(person)
    for token in ("", "0" * 64, foreign):
        assert browser.post("/en/me/sign-out-everywhere", token=token).status_code == 403
    assert browser.is_in()


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"origin": "https://evil.example"}, 403), ({"origin": "null"}, 403), ({"sec-fetch-site": "cross-site"}, 403),
     ({"sec-fetch-site": "same-site"}, 403), ({"origin": "http://testserver.local.evil.example"}, 403), ({"origin": "http://testserver.local"}, 303),
     ({"sec-fetch-site": "same-origin"}, 303), ({}, 303)],
)  # fmt: skip
def test_a_form_of_another_site_is_refused(town: Town, browser: Browser, headers: dict[str, str], status: int) -> None:
    browser.enter(town.person(Office.FIRM))
    assert browser.post("/en/sign-out", headers=headers).status_code == status


def test_nobody_is_signed_in_by_another_site(town: Town, browser: Browser) -> None:
    person = town.person(Office.FIRM)
    sent = {"login": person.login, "password": PASSWORD}
    answer = browser.client.post("/en/sign-in", data=sent, headers={"origin": "https://evil.example"})
    assert (answer.status_code, browser.token) == (403, "")


def test_what_a_session_saw_is_kept_by_no_cache(town: Town, browser: Browser) -> None:
    answer = browser.sign_in(town.person(Office.FIRM))
    assert answer.headers["cache-control"] == "no-store"
    assert "private" in browser.get("/en/me").headers["cache-control"]


def test_a_read_waits_for_no_writer_though_its_session_was_not_seen_for_long(town: Town, browser: Browser) -> None:
    browser.sign_in(town.person(Office.FIRM))
    row = table_of(SessionRow)
    with town.book.writing() as session:
        session.execute(sa.update(row).values(seen_at=now() - timedelta(minutes=20)))
    with town.book.writing() as other:
        other.execute(sa.update(row).values(second=0))  # holds the writer's lock, and on PostgreSQL the session's row
        begun = time.monotonic()
        assert browser.get("/en/me").status_code == 200
        assert time.monotonic() - begun < 5


def test_failures_of_yesterday_are_kept_of_nobody(town: Town) -> None:
    keys = [bytes([number]) * 32 for number in range(3)]
    for number, key in enumerate(keys):
        with town.book.writing() as session:
            attempts.note(session, key, now=now() + number * timedelta(minutes=10))
    with town.book.reading() as session:
        assert set(session.execute(sa.select(table_of(AttemptRow).c.login)).scalars()) == set(keys[1:])
