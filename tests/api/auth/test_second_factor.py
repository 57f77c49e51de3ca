"""The second factor: a code is used once, by its own user, in its own minute, and without it nothing else opens."""

import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape

import pyotp
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from api.auth import totp
from api.auth.errors import TooManyAttempts, WrongCredentials
from api.auth.office import DUTIES, Office
from api.auth.session import signed
from api.auth.tables import RecoveryRow, UserRow
from api.cli import app
from ledger.types import table_of
from tests.api.auth.town import Browser, Person, Town, hidden, now

RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.mark.parametrize(("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")])
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    from datetime import UTC, datetime

    assert totp.matching(RFC_SECRET, code, now=datetime.fromtimestamp(seconds, UTC)) == seconds // 30


def test_a_code_holds_one_step_before_and_after_and_no_further() -> None:
    moment = now()
    current = totp.step_of(moment)
    codes = {drift: pyotp.HOTP(RFC_SECRET).at(current + drift) for drift in range(-2, 3)}
    found = {drift: totp.matching(RFC_SECRET, code, now=moment) for drift, code in codes.items()}
    assert found == {-2: None, -1: current - 1, 0: current, 1: current + 1, 2: None}


@pytest.mark.parametrize("written", ["287 082", " 287082 ", "287-082", "２８７０８２"])
def test_a_code_is_read_as_people_type_it(written: str) -> None:
    from datetime import UTC, datetime

    assert totp.matching(RFC_SECRET, written, now=datetime.fromtimestamp(59, UTC)) == 1


@pytest.mark.parametrize("code", ["", "0", "28708", "2870821", "abcdef", "٢٨٧٠٨٢", "\x00", "9" * 10000, "NaN", "-287082.0"])
def test_what_is_no_code_does_not_hold(code: str) -> None:
    from datetime import UTC, datetime

    assert totp.matching(RFC_SECRET, code, now=datetime.fromtimestamp(59, UTC)) is None


def test_the_code_opens_the_door_under_a_new_session(town: Town, browser: Browser) -> None:
    person = town.person(Office.REGULATOR, enrolled=True)
    there = browser.sign_in(person, wanted="/en/holders").headers["location"]
    half = browser.token
    assert there == "/en/sign-in/code?next=/en/holders"
    assert hidden(browser.get(there).text, "next") == "/en/holders"
    answer = browser.post("/en/sign-in/code", code=person.code(), next="/en/holders")
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/holders")
    assert browser.token != half
    assert browser.get("/en/holders").status_code == 200
    assert browser.twin(half).status_code == 303


def test_a_used_code_is_refused(town: Town, browser: Browser) -> None:
    person = town.person(Office.REGULATOR, enrolled=True)
    code = person.code()
    browser.sign_in(person)
    assert browser.post("/en/sign-in/code", code=code).status_code == 303
    browser.post("/en/sign-out")
    browser.sign_in(person)
    assert browser.post("/en/sign-in/code", code=code).status_code == 401
    assert browser.post("/en/sign-in/code", code=person.code(steps=-1)).status_code == 401
    assert browser.post("/en/sign-in/code", code=person.code(steps=1)).status_code == 303


def test_the_code_of_another_user_is_refused(town: Town, browser: Browser) -> None:
    person, other = town.person(Office.REGULATOR, enrolled=True), town.person(Office.REGULATOR, enrolled=True)
    browser.sign_in(person)
    assert browser.post("/en/sign-in/code", code=other.code()).status_code == 401
    assert browser.get("/en/holders").headers["location"].startswith("/en/sign-in/code")


def test_of_many_who_send_one_code_together_one_comes_in(town: Town) -> None:
    person = town.person(Office.REGULATOR, enrolled=True)
    code = person.code()

    def once(_: int) -> bool:
        try:
            totp.show(town.book, town.vault, person.id, code, now=now())
        except (WrongCredentials, TooManyAttempts):
            return False
        return True

    with ThreadPoolExecutor(8) as crowd:
        assert sum(crowd.map(once, range(16))) == 1


def test_of_a_crowd_of_guesses_five_are_looked_at(town: Town) -> None:
    person = town.person(Office.REGULATOR, enrolled=True)
    right = {person.code(steps=drift) for drift in range(-2, 3)}
    guesses = [code for code in map("{:06}".format, range(100)) if code not in right][:24]

    def guess(code: str) -> type[Exception]:
        with pytest.raises((WrongCredentials, TooManyAttempts)) as caught:
            totp.show(town.book, town.vault, person.id, code, now=now())
        return caught.type

    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(guess, guesses))
    assert answers.count(WrongCredentials) == 5
    with pytest.raises(TooManyAttempts):
        totp.show(town.book, town.vault, person.id, person.code(), now=now())


def test_after_five_wrong_codes_the_page_tells_to_wait(town: Town, browser: Browser) -> None:
    person = town.person(Office.REGULATOR, enrolled=True)
    browser.sign_in(person)
    wrong = "000000" if person.code() != "000000" else "111111"
    answers = [browser.post("/en/sign-in/code", code=wrong) for _ in range(6)]
    assert [one.status_code for one in answers] == [401] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) > 800


def enrol(browser: Browser, *, code: str | None = None) -> tuple[list[str], str]:
    """Enrol as the page says: the recovery codes, and the secret."""
    text = browser.get("/en/me/second-factor").text
    spelled = re.search(r"<code style[^>]*>([A-Z2-7 ]+)</code>", text)
    assert spelled, text
    secret = spelled[1].replace(" ", "")
    assert "<svg" in text
    assert f"secret={secret}" in unescape(text)
    given = code or pyotp.TOTP(secret).now()
    answer = browser.post("/en/me/second-factor", token=hidden(text, "form_token"), secret=hidden(text, "secret"), code=given)
    return re.findall(r"<li><code>([a-z0-9-]+)</code></li>", answer.text), secret


@pytest.mark.parametrize("office", [office for office, duty in DUTIES.items() if duty.second_factor])
def test_an_office_that_asks_for_a_second_factor_opens_nothing_before_one_is_enrolled(town: Town, browser: Browser, office: Office) -> None:
    if town.book.dialect == "sqlite" and office is not Office.REGULATOR:
        pytest.skip("one office on SQLite is enough, all on PostgreSQL")
    browser.sign_in(town.person(office))
    for path in ("/en/me", "/en/holders", "/en/me/password", "/en/users", "/en/access"):
        answer = browser.get(path)
        forbidden = path in {"/en/holders", "/en/users", "/en/access"} and answer.status_code == 403
        assert forbidden or answer.headers["location"].startswith("/en/sign-in/code"), path
    assert browser.get("/en/sign-in/code").headers["location"].startswith("/en/me/second-factor")
    answer = browser.client.get("/api/v1/entries/1", headers={"accept": "application/json"})
    assert answer.json()["code"] in {"auth.second-factor", "auth.forbidden"}
    assert browser.post("/en/me/password", given="x", wanted="y", again="y").headers["location"].startswith("/en/sign-in/code")
    half = browser.token
    assert len(enrol(browser)[0]) == totp.RECOVERY_CODES
    assert browser.is_in()
    assert browser.twin(half).status_code == 303


def test_who_enrols_shows_a_code_of_that_very_secret(town: Town, browser: Browser) -> None:
    person = town.person(Office.REGULATOR)
    browser.sign_in(person)
    assert enrol(browser, code=pyotp.TOTP(RFC_SECRET).now())[0] == []
    with town.book.reading() as session:
        assert not totp.is_enrolled(session, person.id)


def test_a_secret_that_was_offered_to_another_session_is_not_taken(town: Town, browser: Browser) -> None:
    sealed = totp.offer(town.vault, town.person(Office.REGULATOR).id, RFC_SECRET, mark="another session")
    browser.sign_in(town.person(Office.REGULATOR))
    for given in (sealed, "", "00", "zz", sealed[:-2]):
        assert browser.post("/en/me/second-factor", secret=given, code=pyotp.TOTP(RFC_SECRET).now()).status_code == 422


def test_a_second_factor_that_stands_is_not_written_over_by_who_has_the_password_alone(town: Town, browser: Browser) -> None:
    person = town.person(Office.REGULATOR, enrolled=True)
    browser.sign_in(person)
    assert browser.get("/en/me/second-factor").headers["location"].startswith("/en/sign-in/code")
    with town.book.reading() as session:
        who, _ = signed(session, browser.token, now=now())
    sealed = totp.offer(town.vault, person.id, RFC_SECRET, mark=who.form_token)
    answer = browser.post("/en/me/second-factor", secret=sealed, code=pyotp.TOTP(RFC_SECRET).now())
    assert answer.status_code == 422
    for path in ("/en/me/second-factor/remove", "/en/me/second-factor/codes"):
        assert browser.post(path, code=person.code()).headers["location"].startswith("/en/sign-in/code")
    with town.book.reading() as session:
        kept = bytes(session.execute(sa.select(table_of(UserRow).c.totp).where(table_of(UserRow).c.id == person.id)).scalar_one())
    assert town.vault.unseal(kept, about=f"{person.id}/totp").decode() == person.secret


def test_who_has_a_second_factor_is_asked_in_every_office(town: Town, browser: Browser) -> None:
    person = town.person(Office.FIRM, enrolled=True)
    assert browser.sign_in(person).headers["location"].startswith("/en/sign-in/code")
    assert browser.get("/en/holders").headers["location"].startswith("/en/sign-in/code")
    browser.post("/en/sign-in/code", code=person.code())
    assert browser.get("/en/holders").status_code == 200


def test_enrolling_ends_the_users_other_sessions(town: Town, browser: Browser) -> None:
    person = town.person(Office.FIRM)
    with town.browser() as elsewhere:
        elsewhere.enter(person)
        browser.enter(person)
        enrol(browser)
        assert not elsewhere.is_in()
        assert browser.is_in()


def test_a_recovery_code_opens_once(town: Town, browser: Browser) -> None:
    person = town.person(Office.REGULATOR)
    browser.sign_in(person)
    codes, secret = enrol(browser)
    person = Person(person.id, person.login, person.binding, secret)
    for code, status in ((codes[0], 303), (codes[0], 401), (codes[1].upper().replace("-", " "), 303)):
        browser.post("/en/sign-out")
        browser.sign_in(person)
        assert browser.post("/en/sign-in/code", code=code).status_code == status
    with town.book.reading() as session:
        assert totp.recovery_codes_left(session, person.id) == totp.RECOVERY_CODES - 2


def test_a_recovery_code_of_another_user_is_refused(town: Town, browser: Browser) -> None:
    first = town.person(Office.REGULATOR)
    browser.sign_in(first)
    codes, _ = enrol(browser)
    browser.post("/en/sign-out")
    browser.sign_in(town.person(Office.REGULATOR, enrolled=True))
    assert browser.post("/en/sign-in/code", code=codes[0]).status_code == 401
    with town.book.reading() as session:
        assert totp.recovery_codes_left(session, first.id) == totp.RECOVERY_CODES


def test_new_recovery_codes_end_the_old_ones(town: Town, browser: Browser) -> None:
    person = town.person(Office.REGULATOR)
    browser.sign_in(person)
    codes, _ = enrol(browser)
    answer = browser.post("/en/me/second-factor/codes", code=codes[0])
    fresh = re.findall(r"<li><code>([a-z0-9-]+)</code></li>", answer.text)
    assert len(fresh) == totp.RECOVERY_CODES
    assert not set(fresh) & set(codes)
    assert browser.post("/en/me/second-factor/codes", code=codes[1]).status_code == 401


def test_the_second_factor_is_removed_by_a_code_and_other_sessions_end(town: Town, browser: Browser) -> None:
    person = town.person(Office.FIRM, enrolled=True)
    with town.browser() as elsewhere:
        elsewhere.enter(person)
        browser.sign_in(person)
        browser.post("/en/sign-in/code", code=person.code(steps=1))
        assert browser.post("/en/me/second-factor/remove", code="000000").status_code == 401
        with town.book.writing() as session:  # as if half a minute had passed
            session.execute(sa.update(table_of(UserRow)).values(totp_step=0))
        assert browser.post("/en/me/second-factor/remove", code=person.code()).status_code == 303
        assert not elsewhere.is_in()
    with town.book.reading() as session:
        assert not totp.is_enrolled(session, person.id)


def test_the_database_keeps_neither_secret_nor_recovery_code(town: Town, browser: Browser) -> None:
    person = town.person(Office.REGULATOR)
    browser.sign_in(person)
    codes, secret = enrol(browser)
    with town.book.reading() as session:
        sealed = bytes(session.execute(sa.select(table_of(UserRow).c.totp)).scalar_one())
        digests = [bytes(one) for one in session.execute(sa.select(table_of(RecoveryRow).c.digest)).scalars()]
    kept = b"".join([sealed, *digests])
    assert not any(text.encode() in kept for text in (secret, *codes, *(code.replace("-", "") for code in codes)))


def test_who_lost_the_authenticator_enrols_another_after_the_command(town: Town, browser: Browser) -> None:
    if town.book.dialect != "sqlite":
        pytest.skip("no word of this depends on the database")
    person = town.person(Office.REGULATOR, enrolled=True)
    browser.enter(person)
    where = ["--home", str(town.book.home), "--database", town.book.url]
    assert CliRunner().invoke(app, ["user", "drop-second-factor", person.login, *where]).exit_code == 0
    assert town.sessions(person) == 0
    browser.sign_in(person)
    assert browser.get("/en/sign-in/code").headers["location"].startswith("/en/me/second-factor")
