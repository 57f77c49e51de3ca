"""The pages of the three officers: who makes users gives no rights, who gives rights makes no users."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from litestar.testing import TestClient

from api.app import create_app
from api.audit.found import Wanted, find
from api.auth.office import OFFICERS, Office
from api.auth.session import open_session
from api.auth.user import Binding, bind, bindings, end_binding, users
from api.auth.vault import known
from ledger.book import Book
from tests.api.auth.town import PASSWORD, Town, build
from tests.api.test_approvals import Visitor
from tests.api.test_users import holds, newcomer, officer


@pytest.fixture
def town(book: Book) -> Town:
    return build(book)


Come = Callable[[Binding], Visitor]


@pytest.fixture
def come(town: Town) -> Iterator[Come]:
    """Lets a person come with a browser, the second factor shown."""
    app = create_app(town.book)
    with ExitStack() as stack:

        def comes(who: Binding) -> Visitor:
            with town.book.writing() as session:
                token = open_session(session, who.user, binding=who.id, second=True, now=datetime.now(UTC))
            client = stack.enter_context(TestClient(app, raise_server_exceptions=False))
            client.follow_redirects = False
            client.cookies.set("tanzhang", token)
            return Visitor(client)

        yield comes


def test_the_administrator_opens_users_and_gives_no_rights(town: Town, come: Come) -> None:
    visitor = come(officer(town, Office.ADMINISTRATOR))
    made = visitor.form("/en/users", login="wang@example.org", name="Wang Fang", password=PASSWORD)
    assert made.status_code == 303, made.text
    path = made.headers["location"]
    user = path.rpartition("/")[2]
    page = visitor.page(path).text
    assert "Wang Fang" in page
    assert "wang@example.org" in page
    assert f"{path}/offices" not in page
    assert visitor.form(f"{path}/offices", role="auditor").status_code == 403
    assert holds(town, user) == []
    assert visitor.form(f"{path}/disable").status_code == 303
    with town.book.reading() as session:
        assert users(session, only=user)[0]["disabled_at"] is not None


def test_the_security_officer_gives_rights_and_opens_no_users(town: Town, come: Come) -> None:
    who, user = officer(town, Office.SECURITY), newcomer(town)
    visitor = come(who)
    assert visitor.form("/en/users", login="li@example.org", password=PASSWORD).status_code == 403
    assert visitor.form(f"/en/users/{user}/disable").status_code == 403
    assert 'name="login" value' in visitor.page("/en/users").text
    assert "Open a user" not in visitor.page("/en/users").text
    assert visitor.form(f"/en/users/{user}/offices", role="regulator", scope="330522").status_code == 303
    assert "Given by you alone" in visitor.page(f"/en/users/{user}").text
    assert holds(town, user) == [Office.REGULATOR]
    with town.book.reading() as session:
        number = bindings(session, user)[0].id
    assert visitor.form(f"/en/users/{who.user}/offices/{number}/end").status_code == 404
    assert visitor.form(f"/en/users/{user}/offices/{number}/end").status_code == 303
    assert holds(town, user) == []


def test_with_a_second_one_the_page_leads_to_the_request(town: Town, come: Come) -> None:
    first, second, user = officer(town, Office.SECURITY), officer(town, Office.SECURITY), newcomer(town)
    visitor = come(first)
    asked = visitor.form(f"/en/users/{user}/offices", role="auditor")
    assert "/en/approvals/" in asked.headers["location"]
    assert "a second security officer was asked" in visitor.page(asked.headers["location"]).text
    other = come(second)
    assert other.form(f"{asked.headers['location']}/decision", decision="granted").status_code == 303
    page = other.page(f"/en/users/{user}").text
    assert f"granted by {second.user}" not in page  # by name
    assert town.people[1].login in page
    assert holds(town, user) == [Office.AUDITOR]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"role": "king"}, "Office: one of"),
        ({"role": "firm"}, "held within a holder"),
        ({"role": "firm", "scope": "h000"}, "no holder"),
        ({"role": "regulator", "scope": "999999"}, "no division"),
    ],
)
def test_an_office_that_cannot_be_is_told_beside_the_form(town: Town, come: Come, fields: dict[str, str], says: str) -> None:
    user = newcomer(town)
    answer = come(officer(town, Office.SECURITY)).form(f"/en/users/{user}/offices", **fields)
    assert answer.status_code == 422
    assert says in answer.text
    assert holds(town, user) == []


def test_a_weak_password_or_a_taken_login_is_told_beside_the_form(town: Town, come: Come) -> None:
    visitor = come(officer(town, Office.ADMINISTRATOR))
    assert visitor.form("/en/users", login="a@example.org", password="short").status_code == 422
    taken = visitor.form("/en/users", login=town.people[0].login, password=PASSWORD)
    assert taken.status_code == 422
    assert "somebody has it already" in taken.text
    assert PASSWORD not in taken.text


def test_nobody_shuts_themselves_out(town: Town, come: Come) -> None:
    who = officer(town, Office.ADMINISTRATOR)
    visitor = come(who)
    assert f"/en/users/{who.user}/disable" not in visitor.page(f"/en/users/{who.user}").text
    assert visitor.form(f"/en/users/{who.user}/disable").status_code == 403


def test_users_leave_as_tables_with_names_for_who_opens_them_and_without_for_the_auditor(town: Town, come: Come) -> None:
    visitor, auditor = come(officer(town, Office.ADMINISTRATOR)), come(officer(town, Office.AUDITOR))
    made = visitor.form("/en/users", login="wang@example.org", name="=HYPERLINK(1)", password=PASSWORD).headers["location"]
    user = made.rpartition("/")[2]
    told = {one["user"]: one for one in visitor.client.get("/en/users/list/users.json").json()}
    assert (told[user]["name"], told[user]["office"], told[user]["shut_out"]) == ("=HYPERLINK(1)", None, None)
    assert "'=HYPERLINK(1)" in visitor.client.get("/en/users/list/users.csv").text
    assert "HYPERLINK" not in auditor.client.get("/en/users/list/users.csv").text
    assert {one["name"] for one in auditor.client.get("/en/users/list/users.json").json()} == {None}
    with town.book.writing() as session:
        held = bind(session, user, Office.PROVIDER, by="local-admin", now=datetime.now(UTC))
        end_binding(session, held.id, by="local-admin", now=datetime.now(UTC))
    rows = auditor.client.get(f"{made}/offices.json").json()
    assert [(one["office"], one["scope"], one["given_by"], one["ended_by"]) for one in rows] == [
        ("data provider", "platform", "local-admin", "local-admin")
    ]
    assert auditor.client.get("/en/users/u0000000000/offices.csv").status_code == 404
    assert visitor.client.get("/en/users/list/users.xml").status_code == 404


def test_one_s_own_account_leaves_as_a_table_to_oneself(town: Town, come: Come) -> None:
    who = officer(town, Office.ADMINISTRATOR)
    rows = come(who).client.get("/en/me/offices.json").json()
    assert [(one["user"], one["login"], one["in_use"]) for one in rows] == [(who.user, town.people[-1].login, "yes")]
    assert come(who).client.get("/en/me/offices.csv").text.startswith("\ufeffuser,login,name,")


def test_who_was_shut_out_is_let_in_again_by_the_administrator_alone(town: Town, come: Come) -> None:
    who, user = officer(town, Office.ADMINISTRATOR), newcomer(town)
    visitor = come(who)
    assert visitor.form(f"/en/users/{user}/enable").status_code == 422  # is not shut out
    assert visitor.form(f"/en/users/{user}/disable").status_code == 303
    assert f"/en/users/{user}/enable" in visitor.page(f"/en/users/{user}").text
    assert come(officer(town, Office.SECURITY)).form(f"/en/users/{user}/enable").status_code == 403
    assert visitor.form(f"/en/users/{who.user}/enable").status_code == 403
    assert visitor.form(f"/en/users/{user}/enable").status_code == 303
    assert "may come in again" in visitor.page(f"/en/users/{user}").text
    with town.book.reading() as session:
        assert users(session, only=user)[0]["disabled_at"] is None
        told = [(one["user"], one["route"], one["object"]) for one in find(session, Wanted(action="administer"), digest=str, limit=9)[0]
                if one["result"] == "done"]  # fmt: skip
    assert told == [(who.user, "/en/users/{user_id}/enable", user), (who.user, "/en/users/{user_id}/disable", user)]


def test_what_the_administrator_sets_as_a_password_is_to_be_changed(town: Town, come: Come) -> None:
    visitor = come(officer(town, Office.ADMINISTRATOR))
    made = visitor.form("/en/users", login="wang@example.org", name="Wang Fang", password=PASSWORD).headers["location"]
    assert "password to be changed, set" in visitor.page(made).text
    with town.book.reading() as session:
        assert users(session, only=made.rpartition("/")[2])[0]["password_given_at"] is not None


def test_the_auditor_sees_who_holds_what_and_no_names(town: Town, come: Come) -> None:
    visitor, user = come(officer(town, Office.AUDITOR)), newcomer(town)
    page = visitor.page("/en/users").text
    assert user in page
    assert "@example.org" not in page
    assert "@example.org" not in visitor.page(f"/en/users/{user}").text
    assert visitor.form("/en/users", login="x@example.org", password=PASSWORD).status_code == 403
    assert visitor.form(f"/en/users/{user}/offices", role="auditor").status_code == 403


@pytest.mark.parametrize("office", [office for office in Office if office not in OFFICERS])
def test_no_other_office_sees_who_may_come_in(town: Town, come: Come, office: Office) -> None:
    who = officer(town, office)
    visitor = come(who)
    assert visitor.page("/en/users").status_code == 403
    assert visitor.page(f"/en/users/{who.user}").status_code == 403


def test_the_page_finds_a_user_by_login(town: Town, come: Come) -> None:
    visitor, user, other = come(officer(town, Office.ADMINISTRATOR)), newcomer(town), newcomer(town)
    with town.book.reading() as session:
        login = known(session, town.vault, user)["login"]
    page = visitor.page(f"/en/users?login={login}").text
    assert f"/en/users/{user}" in page
    assert f"/en/users/{other}" not in page
    assert "There is no such user" in visitor.page("/en/users?login=nobody").text
