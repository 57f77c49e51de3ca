"""The users of a demo: one press signs in as each office, and nowhere else does it."""

from datetime import UTC, datetime

import pytest
from litestar.testing import TestClient

from api.app import create_app
from api.auth.errors import BadUser, UserNotFound
from api.auth.example import EXAMPLES, make_examples, play
from api.auth.example import PASSWORD as DEMO_PASSWORD
from api.auth.office import DUTIES, Action, Office
from api.auth.user import find_by_login, users
from carbon.holder import add_holder
from ledger.book import Book
from ledger.principal import LOCAL_ADMIN
from tests.api.auth.town import Town, build

NOW = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)


@pytest.fixture
def town(book: Book) -> Town:
    return build(book)


def demo_town(town: Town) -> Town:
    with town.book.writing() as session:
        park = add_holder(session, LOCAL_ADMIN, name="示例园区", kind="park", example=True, now=NOW).id
        within = {Office.FIRM: town.firm, Office.VERIFIER: town.firm, Office.RESIDENT: town.firm, Office.PARK: park}
        assert make_examples(session, town.vault, within, now=NOW) == len(EXAMPLES)
        assert make_examples(session, town.vault, within, now=NOW) == 0
    return town


def test_a_demo_has_a_user_for_each_office_and_a_regulator_for_each_level() -> None:
    assert {one.office for one in EXAMPLES} == set(Office)
    assert {one.division for one in EXAMPLES if one.office is Office.REGULATOR} == {"330522", "330500", "330000"}


def test_one_press_signs_in_as_each_office_of_a_demo(town: Town) -> None:
    demo_town(town)
    with TestClient(create_app(town.book, demo=True)) as client:
        client.follow_redirects = False
        client.headers["accept"] = "text/html"
        with town.book.reading() as session:
            ids = {find_by_login(session, town.vault, one.login): one for one in EXAMPLES}
        page = client.get("/zh/sign-in").text
        assert DEMO_PASSWORD in page
        assert "示例" in page
        for user, one in ids.items():
            assert f'name="user" value="{user}"' in page
            client.cookies.clear()
            assert client.post("/en/sign-in/demo", data={"user": user}).status_code == 303
            assert one.name in client.get("/en/me").text
            expected = 200 if Action.ROSTER in DUTIES[one.office].actions else 403
            assert client.get("/en/users").status_code == expected


def test_elsewhere_nobody_is_played(town: Town) -> None:
    demo_town(town)
    with town.book.reading() as session:
        user = find_by_login(session, town.vault, "administrator")
    with TestClient(create_app(town.book)) as client:
        client.headers["accept"] = "text/html"
        assert DEMO_PASSWORD not in client.get("/en/sign-in").text
        assert client.post("/en/sign-in/demo", data={"user": user}, follow_redirects=False).status_code == 404
        assert not client.cookies.get("tanzhang")


def test_in_a_demo_only_its_examples_are_played(town: Town) -> None:
    own = town.person(Office.ADMINISTRATOR)
    with pytest.raises(UserNotFound), town.book.writing() as session:
        play(session, own.id, now=NOW)
    with TestClient(create_app(town.book, demo=True)) as client:
        assert client.post("/en/sign-in/demo", data={"user": own.id}, follow_redirects=False).status_code == 404


def test_an_example_is_asked_for_its_code_like_anybody_at_the_form(town: Town) -> None:
    demo_town(town)
    with TestClient(create_app(town.book, demo=True)) as client:
        answer = client.post("/en/sign-in", data={"login": "security", "password": DEMO_PASSWORD}, follow_redirects=False)
        assert "/sign-in/code" in answer.headers["location"]


def test_a_book_with_users_of_its_own_gets_no_examples(town: Town) -> None:
    town.person(Office.FIRM)
    with pytest.raises(BadUser, match="users of its own"), town.book.writing() as session:
        make_examples(session, town.vault, {}, now=NOW)
    with town.book.reading() as session:
        assert not any(one["example"] for one in users(session))
