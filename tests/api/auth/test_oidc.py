"""Signing in through an identity provider: only what it signed for this sign-in counts, and only for who linked the account before."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from httpx import Response
from joserfc.jwk import RSAKey

from api.auth.office import Office
from api.auth.oidc import link, provider_of
from api.auth.tables import UserRow
from api.auth.user import disable
from ledger.types import table_of
from tests.api.auth.provider import Identity, identity
from tests.api.auth.town import Browser, Person, Town, now


@pytest.fixture
def there() -> Iterator[Identity]:
    """A provider that runs."""
    with identity() as one:
        yield one


@pytest.fixture
def browser(town: Town, there: Identity) -> Iterator[Browser]:
    """A browser at an application that knows the provider."""
    with town.browser(oidc=there.provider) as one:
        yield one


def linked(town: Town, there: Identity, *, subject: str = "Alice-42", office: Office = Office.FIRM, **more: Any) -> Person:
    """A user who has linked an account."""
    person = town.person(office, **more)
    with town.book.writing() as session:
        link(session, town.vault, there.provider, person.id, subject)
    return person


def local(address: str) -> str:
    """Path and query of an address of ours."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def come(browser: Browser, there: Identity, wanted: str = "") -> Response:
    """The whole way: the page, to the provider, and back with its answer."""
    browser.get("/en/sign-in")
    begun = browser.get("/en/sign-in/oidc" + (f"?next={wanted}" if wanted else ""))
    assert begun.status_code == 303, begun.text
    return browser.get(local(there.authorize(begun.headers["location"])))


def test_who_linked_the_account_comes_in(town: Town, browser: Browser, there: Identity) -> None:
    linked(town, there)
    assert there.provider.host in browser.get("/en/sign-in").text
    answer = come(browser, there, wanted="/en/holders")
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/holders")
    assert browser.is_in()


def test_a_first_sign_in_with_an_unknown_account_makes_no_user(town: Town, browser: Browser, there: Identity) -> None:
    answer = come(browser, there)
    assert (answer.status_code, browser.token) == (403, "")
    assert "not linked" in answer.text
    with town.book.reading() as session:
        assert session.execute(sa.select(sa.func.count()).select_from(table_of(UserRow))).scalar_one() == 0


def test_a_subject_is_told_from_one_in_other_letters(town: Town, browser: Browser, there: Identity) -> None:
    linked(town, there, subject="alice-42")
    assert come(browser, there).status_code == 403
    there.subject = "alice-42"
    assert come(browser, there).status_code == 303


def test_the_provider_does_not_stand_for_the_second_factor(town: Town, browser: Browser, there: Identity) -> None:
    person = linked(town, there, office=Office.REGULATOR, enrolled=True)
    assert come(browser, there).headers["location"].startswith("/en/sign-in/code")
    assert not browser.is_in()
    assert browser.post("/en/sign-in/code", code=person.code()).status_code == 303
    assert browser.is_in()


def test_a_disabled_user_does_not_come_in_by_another_way(town: Town, browser: Browser, there: Identity) -> None:
    person = linked(town, there)
    with town.book.writing() as session:
        disable(session, person.id, now=now())
    assert come(browser, there).status_code == 403


def test_a_signed_in_user_links_an_account_and_takes_the_link_away(town: Town, browser: Browser, there: Identity) -> None:
    person = town.person(Office.FIRM)
    old = browser.enter(person).token
    page = browser.post("/en/me/link").text
    address = re.search(r'href="(http://127[^"]*)"', page)
    assert address, page
    answer = browser.get(local(there.authorize(unescape(address[1]))))
    assert answer.headers["location"] == "/en/me"
    assert browser.token != old
    browser.post("/en/sign-out")
    assert come(browser, there).status_code == 303
    assert browser.is_in()
    assert browser.post("/en/me/unlink").status_code == 303
    browser.post("/en/sign-out")
    assert come(browser, there).status_code == 403


def test_an_account_is_linked_to_one_user(town: Town, browser: Browser, there: Identity) -> None:
    linked(town, there)
    browser.enter(town.person(Office.FIRM))
    address = re.search(r'href="(http://127[^"]*)"', browser.post("/en/me/link").text)
    assert address
    assert browser.get(local(there.authorize(unescape(address[1])))).status_code == 422


def test_a_link_that_one_user_began_is_not_ended_by_another(town: Town, browser: Browser, there: Identity) -> None:
    mallory, alice = town.person(Office.FIRM), town.person(Office.FIRM)
    browser.enter(mallory)
    address = re.search(r'href="(http://127[^"]*)"', browser.post("/en/me/link").text)
    assert address
    back = local(there.authorize(unescape(address[1])))
    browser.post("/en/sign-out")
    browser.enter(alice)
    assert browser.get(back).headers["location"].startswith("/en/sign-in")
    with town.book.reading() as session:
        assert session.execute(sa.select(table_of(UserRow).c.subject).distinct()).scalars().all() == [None]


def test_linking_is_begun_by_a_form_of_this_site_alone(town: Town, browser: Browser) -> None:
    browser.enter(town.person(Office.FIRM))
    assert browser.post("/en/me/link", token="0" * 64).status_code == 403
    assert browser.get("/en/me/link").status_code in {404, 405}


STATES = {"missing": None, "other": "other", "empty": ""}


@pytest.mark.parametrize("state", STATES)
def test_an_answer_with_another_state_is_refused(town: Town, browser: Browser, there: Identity, state: str) -> None:
    linked(town, there)
    back = there.authorize(browser.get("/en/sign-in/oidc").headers["location"])
    given = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()} | {"state": STATES[state]}
    answer = browser.get("/sign-in/oidc", params={name: value for name, value in given.items() if value is not None})
    assert (answer.status_code, browser.token) == (401, "")


def test_an_answer_counts_in_the_browser_that_asked(town: Town, browser: Browser, there: Identity) -> None:
    linked(town, there)
    back = local(there.authorize(browser.get("/en/sign-in/oidc").headers["location"]))
    with town.browser(oidc=there.provider) as victim:
        answer = victim.get(back)
        assert (answer.status_code, victim.token) == (401, "")


def test_an_answer_counts_once(town: Town, browser: Browser, there: Identity) -> None:
    linked(town, there)
    back = local(there.authorize(browser.get("/en/sign-in/oidc").headers["location"]))
    assert browser.get(back).status_code == 303
    browser.post("/en/sign-out")
    assert browser.get(back).status_code == 401
    assert not browser.is_in()


@pytest.mark.parametrize("given", ["error=access_denied", "", "code=", "iss=https%3A%2F%2Fevil.example&code=x"])
def test_an_answer_that_is_none_is_refused(town: Town, browser: Browser, there: Identity, given: str) -> None:
    linked(town, there)
    begun = browser.get("/en/sign-in/oidc").headers["location"]
    state = parse_qs(urlsplit(begun).query)["state"][0]
    assert browser.get(f"/sign-in/oidc?state={state}&{given}").status_code == 401


FORGED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "another issuer": ({"iss": "https://evil.example"}, {}), "another client": ({"aud": "other"}, {}),
    "several clients": ({"aud": ["tanzhang", "other"]}, {}), "for another party": ({"azp": "other"}, {}), "expired": ({"exp": 1000}, {}),
    "no expiry": ({"exp": None}, {}), "another nonce": ({"nonce": "other"}, {}), "no nonce": ({"nonce": None}, {}), "no subject": ({"sub": None}, {}),
    "no issuer": ({"iss": None}, {}), "no client": ({"aud": None}, {}), "a subject that is none": ({"sub": ["Alice-42"]}, {}),
    "an unsigned one": ({}, {"alg": "none"}), "signed with the client's secret": ({}, {"alg": "HS256"}), "an unknown key": ({}, {"kid": "two"}),
}  # fmt: skip


@pytest.mark.parametrize("case", FORGED)
def test_an_id_token_that_does_not_hold_is_refused(town: Town, browser: Browser, there: Identity, case: str) -> None:
    linked(town, there)
    there.claims, there.header = FORGED[case]
    answer = come(browser, there)
    assert (answer.status_code, browser.token) == (401, "")


def test_an_id_token_signed_by_another_key_is_refused(town: Town, browser: Browser, there: Identity) -> None:
    linked(town, there)
    there.signer = RSAKey.generate_key(2048, {"kid": "one"})
    assert come(browser, there).status_code == 401


@pytest.mark.parametrize("path", ["/token", "/keys", "/.well-known/openid-configuration"])
@pytest.mark.parametrize("said", [(500, {}), (200, b"\xff\xfe"), (200, []), (302, {}), (200, b"[" * 100000), (200, {})], ids=str)
def test_a_provider_that_fails_is_said_and_nothing_falls_over(
    town: Town, browser: Browser, there: Identity, path: str, said: tuple[int, Any]
) -> None:
    if town.book.dialect != "sqlite":
        pytest.skip("no word of this depends on the database")
    linked(town, there)
    there.answers[path] = said
    if "well-known" in path:
        answer = browser.get("/en/sign-in/oidc")
        assert answer.status_code == 502
    else:
        answer = come(browser, there)
        assert answer.status_code in {401, 502}
    assert browser.token == ""
    assert "/elsewhere" not in there.asked


def test_endpoints_at_another_host_are_not_called(town: Town, browser: Browser, there: Identity) -> None:
    ends = {
        "authorization_endpoint": there.issuer + "/authorize",
        "token_endpoint": "http://localhost:1/token",
        "jwks_uri": there.issuer + "/keys",
    }
    there.answers["/.well-known/openid-configuration"] = (200, {"issuer": there.issuer} | ends)
    assert browser.get("/en/sign-in/oidc").status_code == 422
    there.answers["/.well-known/openid-configuration"] = (200, {"issuer": "https://evil.example"} | ends)
    assert browser.get("/en/sign-in/oidc").status_code == 502


def test_without_a_provider_there_is_no_such_way(town: Town) -> None:
    with town.browser() as browser:
        assert browser.get("/en/sign-in/oidc").status_code == 404
        assert browser.get("/sign-in/oidc?code=x&state=y").status_code == 404
    assert provider_of("", client_id="", client_secret="") is None


def test_the_secret_of_the_client_is_told_to_nobody(there: Identity) -> None:
    assert there.provider.client_secret not in repr(there.provider)


def test_the_way_back_is_the_public_address(town: Town, there: Identity) -> None:
    with town.browser(oidc=there.provider, public_url="https://carbon.example.org", secure=True) as browser:
        begun = browser.get("/en/sign-in/oidc")
    assert parse_qs(urlsplit(begun.headers["location"]).query)["redirect_uri"] == ["https://carbon.example.org/sign-in/oidc"]
    cookie = begun.headers["set-cookie"].lower()
    assert all(flag in cookie for flag in ("__host-tanzhang_oidc=", "httponly", "secure", "samesite=lax", "path=/"))
