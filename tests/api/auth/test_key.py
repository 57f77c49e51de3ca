"""Keys and tokens of machines: they open what their office opens, and nothing from the moment that one of its reasons ends."""

import base64
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from httpx import Response
from litestar.testing import TestClient

from api.app import create_app
from api.auth.access import LIFE
from api.auth.errors import BadUser, UserNotFound
from api.auth.key import keys, make_key, revoke_key
from api.auth.office import Office
from api.auth.tables import AccessTokenRow, ApiKeyRow
from api.auth.user import disable, end_binding
from ledger.types import table_of
from tests.api.auth.town import Person, Town, now

OPENS = "/api/v1/accounts/balance?account=holder/none"


@pytest.fixture
def machine(town: Town) -> Iterator[TestClient[Any]]:
    """A program that keeps no cookies."""
    with TestClient(create_app(town.book), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def robot(town: Town) -> Person:
    """A machine of the firm."""
    return town.person(Office.FIRM, kind="machine")


def new_key(town: Town, person: Person, **more: Any) -> tuple[str, str]:
    with town.book.writing() as session:
        return make_key(session, person.binding, name="meter gateway", now=now(), **more)


def ask(machine: TestClient[Any], text: str, path: str = OPENS) -> int:
    """The status for who comes with it: 401 for nobody, 404 for who may ask after an account that is not there."""
    return machine.get(path, headers={"authorization": f"Bearer {text}"}).status_code


def take(machine: TestClient[Any], **fields: str) -> Response:
    return machine.post("/api/v1/token", data={"grant_type": "client_credentials"} | fields)


def test_a_key_opens_what_its_office_opens(town: Town, machine: TestClient[Any], robot: Person) -> None:
    key_id, text = new_key(town, robot)
    assert text.startswith(f"tzk_{key_id}_")
    assert (machine.get(OPENS).status_code, ask(machine, text)) == (401, 404)
    assert ask(machine, text, "/en/users") == 403


def test_a_key_is_no_persons_session(town: Town, machine: TestClient[Any], robot: Person) -> None:
    _, text = new_key(town, robot)
    assert ask(machine, text, "/en/me") == 401
    assert machine.post("/en/sign-out", headers={"authorization": f"Bearer {text}"}).status_code == 401


def test_a_machines_key_needs_no_second_factor(town: Town, machine: TestClient[Any]) -> None:
    _, text = new_key(town, town.person(Office.REGULATOR, kind="machine"))
    assert ask(machine, text) == 404


def test_a_person_has_no_key_around_a_second_factor(town: Town) -> None:
    person = town.person(Office.REGULATOR, enrolled=True)
    with pytest.raises(BadUser, match="second factor"):
        new_key(town, person)
    new_key(town, town.person(Office.FIRM))


@pytest.mark.parametrize(
    "change",
    [lambda text: "", lambda text: text[:-1], lambda text: text + "x", lambda text: text.upper(), lambda text: text.replace("tzk_", "tzt_"),
     lambda text: text[4:], lambda text: "tzk_" + "x" * 10000, lambda text: text.split("_")[2], lambda text: "null", lambda text: f"{text} {text}"],
)  # fmt: skip
def test_what_is_almost_a_key_opens_nothing(town: Town, machine: TestClient[Any], robot: Person, change: Callable[[str], str]) -> None:
    _, text = new_key(town, robot)
    assert ask(machine, change(text)) == 401


@pytest.mark.parametrize("scheme", ["Basic", "Digest", "Token", ""])
def test_another_scheme_opens_nothing_even_on_public_pages(town: Town, machine: TestClient[Any], robot: Person, scheme: str) -> None:
    _, text = new_key(town, robot)
    assert machine.get("/api/v1/packs", headers={"authorization": f"{scheme} {text}".strip()}).status_code == 401


def test_a_refusal_says_how_to_come(machine: TestClient[Any]) -> None:
    answer = machine.get(OPENS)
    assert (answer.status_code, answer.headers["www-authenticate"], answer.json()["code"]) == (401, "Bearer", "auth.sign-in")


ENDINGS: dict[str, Callable[[Any, Person, str], Any]] = {
    "revoked": lambda session, person, key: revoke_key(session, key, now=now()),
    "office ended": lambda session, person, key: end_binding(session, person.binding, now=now()),
    "user disabled": lambda session, person, key: disable(session, person.id, now=now()),
    "expired": lambda session, person, key: session.execute(sa.update(table_of(ApiKeyRow)).values(expires_at=now())),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_key_and_token_are_dead_at_once(town: Town, machine: TestClient[Any], robot: Person, ending: str) -> None:
    key_id, text = new_key(town, robot)
    token = take(machine, client_id=key_id, client_secret=text).json()["access_token"]
    assert (ask(machine, text), ask(machine, token)) == (404, 404)
    with town.book.writing() as session:
        ENDINGS[ending](session, robot, key_id)
    assert (ask(machine, text), ask(machine, token)) == (401, 401)
    refused = take(machine, client_id=key_id, client_secret=text)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


def test_a_key_that_was_revoked_is_not_revoked_again(town: Town, robot: Person) -> None:
    key_id, _ = new_key(town, robot)
    with town.book.writing() as session:
        revoke_key(session, key_id, now=now())
    for unknown in (key_id, "k0000"):
        with town.book.writing() as session, pytest.raises(UserNotFound):
            revoke_key(session, unknown, now=now())


def test_no_key_is_made_for_an_office_that_nobody_holds(town: Town, robot: Person) -> None:
    with town.book.writing() as session:
        end_binding(session, robot.binding, now=now())
    with pytest.raises(UserNotFound):
        new_key(town, robot)
    with pytest.raises(BadUser, match="passed"):
        new_key(town, town.person(Office.FIRM, kind="machine"), expires=now())


def test_the_list_of_keys_tells_no_secret(town: Town, robot: Person) -> None:
    key_id, text = new_key(town, robot, expires=now() + timedelta(days=90))
    new_key(town, town.person(Office.PROVIDER, kind="machine"))
    with town.book.reading() as session:
        found, every = keys(session, robot.id), keys(session)
        kept = bytes(session.execute(sa.select(table_of(ApiKeyRow).c.digest).where(table_of(ApiKeyRow).c.id == key_id)).scalar_one())
    assert [(one.id, one.office, one.name, one.user) for one in found] == [(key_id, Office.FIRM, "meter gateway", robot.id)]
    assert len(every) == 2
    assert text.split("_", 2)[2] not in repr(every)
    assert text.encode() not in kept


@pytest.mark.parametrize("way", ["form", "form with the whole key", "basic"])
def test_a_key_gives_a_token_of_a_quarter_of_an_hour(town: Town, machine: TestClient[Any], robot: Person, way: str) -> None:
    key_id, text = new_key(town, robot)
    secret = text.split("_", 2)[2]
    if way == "basic":
        both = base64.b64encode(f"{key_id}:{secret}".encode()).decode()
        answer = machine.post("/api/v1/token", data={"grant_type": "client_credentials"}, headers={"authorization": f"Basic {both}"})
    else:
        answer = take(machine, client_id=key_id, client_secret=text if "whole" in way else secret)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["token_type"], said["expires_in"], sorted(said)) == ("Bearer", 900, ["access_token", "expires_in", "token_type"])
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert ask(machine, said["access_token"]) == 404
    row = table_of(AccessTokenRow)
    with town.book.writing() as session:
        found = session.execute(sa.select(row)).one()
        assert found.expires_at - found.created_at == LIFE == timedelta(minutes=15)
        assert said["access_token"].encode() not in bytes(found.digest)
        session.execute(sa.update(row).values(expires_at=now()))
    assert ask(machine, said["access_token"]) == 401


@pytest.mark.parametrize(
    ("body", "error"),
    [("", "invalid_request"), ("grant_type=password&username=a&password=b", "unsupported_grant_type"), ("client_id=a&client_secret=b", "invalid_request"),
     ("grant_type=client_credentials&grant_type=client_credentials", "invalid_request"), ("grant_type=client_credentials&scope=admin", "invalid_scope"),
     ("grant_type=client_credentials", "invalid_client"), ("grant_type=client_credentials&client_id=&client_secret=", "invalid_client"),
     ("grant_type=client_credentials&client_id=k1&client_secret=x", "invalid_client"), ("a" * 5000, "invalid_request"),
     ("&".join(f"a{n}=1" for n in range(40)), "invalid_request"), ("{}", "invalid_request")],
)  # fmt: skip
def test_errors_of_the_token_endpoint_are_those_of_rfc_6749(machine: TestClient[Any], body: str, error: str) -> None:
    answer = machine.post("/api/v1/token", content=body, headers={"content-type": "application/x-www-form-urlencoded"})
    wrong_client = error == "invalid_client"
    assert (answer.status_code, answer.json()["error"]) == (401 if wrong_client else 400, error)
    assert answer.headers.get("www-authenticate", "").startswith("Basic ") == wrong_client
    assert answer.headers["cache-control"] == "no-store"


def test_the_token_endpoint_reads_forms_alone(town: Town, machine: TestClient[Any], robot: Person) -> None:
    key_id, text = new_key(town, robot)
    sent = {"grant_type": "client_credentials", "client_id": key_id, "client_secret": text}
    assert machine.post("/api/v1/token", json=sent).json()["error"] == "invalid_request"
    assert machine.get("/api/v1/token", params=sent).status_code == 405


@pytest.mark.parametrize(
    "authorization", ["Basic", "Basic !!!", "Basic " + base64.b64encode(b"no colon").decode(), "Bearer tzk_a_b", "", "Basic /w=="]
)
def test_a_client_that_says_who_it_is_in_no_way_is_refused(machine: TestClient[Any], authorization: str) -> None:
    answer = machine.post("/api/v1/token", data={"grant_type": "client_credentials"}, headers={"authorization": authorization})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_the_secret_of_one_key_gives_no_token_for_another(town: Town, machine: TestClient[Any], robot: Person) -> None:
    first, text = new_key(town, robot)
    second, _ = new_key(town, robot)
    assert take(machine, client_id=second, client_secret=text).status_code == 401
    assert take(machine, client_id=second, client_secret=text.split("_", 2)[2]).status_code == 401
    assert take(machine, client_id=first, client_secret=text).status_code == 200
