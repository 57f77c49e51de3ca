"""A password that an administrator set is changed first of all: until then its person does nothing else."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from litestar import Litestar
from litestar.routes import HTTPRoute
from litestar.testing import TestClient

from api.app import create_app
from api.auth.errors import SignInNeeded
from api.auth.example import PASSWORD as SHOWN
from api.auth.example import make_examples
from api.auth.first import first_administrator
from api.auth.office import DUTIES, Bound, Office
from api.auth.password import hashed
from api.auth.session import open_session, signed
from api.auth.tables import UserRow
from api.auth.user import find_by_login, find_user, set_password
from api.doors import ANYONE
from ledger.book import Book
from ledger.types import table_of
from tests.api.auth.town import PASSWORD, Browser, Person, Town, build

FRESH = "quite another sentence"
STILL_OPEN = {"/me/password": {"GET", "POST"}, "/sign-out": {"POST"}, "/me/sign-out-everywhere": {"POST"}}
"""What is done while the password is another's: it is changed, or one leaves."""


def given(town: Town, person: Person, password: str = PASSWORD) -> Person:
    """The person, whose password an administrator has just set."""
    kept = hashed(password)
    with town.book.writing() as session:
        set_password(session, person.id, kept, now=datetime.now(UTC))
    return person


def marked(book: Book, user: str) -> bool:
    with book.reading() as session:
        return find_user(session, user)["password_given_at"] is not None


def test_signing_in_leads_to_the_change_and_from_there_to_the_page_that_was_wanted(town: Town, browser: Browser) -> None:
    person = given(town, town.person(Office.FIRM))
    there = browser.sign_in(person, wanted="/en/holders").headers["location"]
    assert there == "/en/me/password?next=/en/holders"
    page = browser.get(there)
    assert page.status_code == 200
    assert "An administrator set your password" in page.text
    done = browser.post("/en/me/password", given=PASSWORD, wanted=FRESH, again=FRESH, next="/en/holders")
    assert (done.status_code, done.headers["location"]) == (303, "/en/holders")
    assert browser.get("/en/holders").status_code == 200
    assert not marked(town.book, person.id)
    assert browser.sign_in(person, password=FRESH, wanted="/en/holders").headers["location"] == "/en/holders"


def test_the_password_that_was_given_is_not_chosen_again(town: Town, browser: Browser) -> None:
    person = given(town, town.person(Office.FIRM))
    browser.sign_in(person)
    again = browser.post("/en/me/password", given=PASSWORD, wanted=PASSWORD, again=PASSWORD)
    assert again.status_code == 422
    assert "The new password is the present one" in again.text
    assert marked(town.book, person.id)


def test_the_code_is_shown_before_the_password_is_changed(town: Town, browser: Browser) -> None:
    person = given(town, town.person(Office.REGULATOR, enrolled=True))
    assert browser.sign_in(person, wanted="/en/approvals").headers["location"] == "/en/sign-in/code?next=/en/approvals"
    assert browser.get("/en/me/password").headers["location"].startswith("/en/sign-in/code")
    shown = browser.post("/en/sign-in/code", code=person.code(), next="/en/approvals")
    assert shown.headers["location"] == "/en/me/password?next=/en/approvals"
    assert browser.post("/en/me/password", given=PASSWORD, wanted=FRESH, again=FRESH).status_code == 303
    assert browser.is_in()


def test_a_session_that_was_open_before_ends_when_a_password_is_given(town: Town, browser: Browser) -> None:
    person = town.person(Office.FIRM)
    old = browser.enter(person).token
    given(town, person)
    with town.book.reading() as session, pytest.raises(SignInNeeded):
        signed(session, old, now=datetime.now(UTC))


def test_a_page_for_everybody_shows_what_a_stranger_sees(town: Town, browser: Browser) -> None:
    browser.sign_in(given(town, town.person(Office.FIRM)))
    page = browser.get("/en/regions/100000")
    assert page.status_code == 200
    assert 'href="/en/holders"' not in page.text
    assert browser.get("/en/regions/330522").headers["location"].startswith("/en/me/password")


@pytest.fixture
def half_way(town: Town) -> Iterator[tuple[Litestar, TestClient[Any]]]:
    """An application, and who has signed in to it in an office of security with a password that another set, the code shown."""
    person = given(town, town.person(Office.SECURITY, enrolled=True))
    with town.book.writing() as session:
        token = open_session(session, person.id, second=True, now=datetime.now(UTC))
        form = signed(session, token, now=datetime.now(UTC))[0].form_token
    app = create_app(town.book)
    with TestClient(app, raise_server_exceptions=False) as client:
        client.follow_redirects = False
        client.cookies.set("tanzhang", token, domain="testserver.local")
        client.headers["x-form-token"] = form
        yield app, client


def test_no_route_but_the_change_and_the_way_out_is_open(half_way: tuple[Litestar, TestClient[Any]]) -> None:
    app, client = half_way
    asked, opened = 0, []
    for route in app.routes:
        if not isinstance(route, HTTPRoute) or route.path_format.startswith("/zh"):
            continue
        address = re.sub(r"\{\w+\}", "0", route.path_format)
        for handler in route.route_handlers:
            for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"}):
                if handler.opt.get("role", ANYONE) == ANYONE or method in STILL_OPEN.get(address.removeprefix("/en"), ()):
                    continue
                answer = client.request(method, address, headers={"accept": "application/json"})
                asked += 1
                if answer.status_code != 403 or answer.json()["code"] not in {"auth.password-change", "auth.forbidden"}:
                    opened.append((method, address, answer.status_code))
    assert opened == []
    assert asked > 60


@pytest.mark.parametrize("way", ["/en/me", "/en/users", "/en/sign-in/code", "/en/me/second-factor"])
def test_every_page_of_the_office_leads_to_the_change(half_way: tuple[Litestar, TestClient[Any]], way: str) -> None:
    answer = half_way[1].get(way, headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/en/me/password?next={way}")


def test_the_api_says_so_in_a_problem_with_a_stable_type(half_way: tuple[Litestar, TestClient[Any]]) -> None:
    answer = half_way[1].get("/api/v1/approvals")
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:tanzhang:problem:auth.password-change"


def test_an_example_user_keeps_the_password_that_is_shown_to_everybody(book: Book) -> None:
    town = build(book)
    with book.writing() as session:
        holders = {office: town.firm for office, duty in DUTIES.items() if duty.bound is Bound.HOLDER}
        make_examples(session, town.vault, holders, now=datetime.now(UTC))
        example = find_by_login(session, town.vault, "firm")
        set_password(session, example, hashed(SHOWN, guessable=True), now=datetime.now(UTC))
    with book.reading() as session:
        row = table_of(UserRow).c
        assert session.execute(sa.select(sa.func.count()).where(row.password_given_at.is_not(None))).scalar_one() == 0


def test_who_opens_an_empty_book_at_its_machine_chose_the_password(book: Book) -> None:
    town = build(book)
    with book.writing() as session:
        made = first_administrator(session, town.vault, login="wang@example.org", password=hashed(PASSWORD), now=datetime.now(UTC))
    assert not marked(book, made)
