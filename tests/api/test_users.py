"""The three officers of the platform: who makes users gives no rights, who gives rights makes no users, and nobody changes their own."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import permutations

import pytest

from api.auth.approval import Decision, approvals, decide
from api.auth.errors import BadUser, OwnRights, SecondNeeded, UserNotFound, WrongCredentials
from api.auth.first import first_administrator
from api.auth.office import DUTIES, GRAVE, OFFICERS, Action, Bound, Office
from api.auth.password import hashed
from api.auth.rights import give, take
from api.auth.session import open_session, sign_in
from api.auth.user import Binding, add_user, bind, bindings, disable, end_binding, find_by_login, history, set_password, users
from ledger.book import Book
from tests.api.auth.town import PASSWORD, Town, build

NOW = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture
def town(book: Book) -> Town:
    return build(book)


def officer(town: Town, office: Office) -> Binding:
    """A new person who holds the office."""
    made = town.person(office)
    with town.book.reading() as session:
        return bindings(session, made.id)[0]


def newcomer(town: Town) -> str:
    """A user without an office."""
    with town.book.writing() as session:
        return add_user(session, town.vault, login=f"new{len(users(session))}@example.org", password=hashed(PASSWORD), now=NOW)


def bound_of(town: Town, office: Office) -> dict[str, str]:
    return {Bound.HOLDER: {"holder": town.firm}, Bound.DIVISION: {"division": "330522"}, Bound.PLATFORM: {}}[DUTIES[office].bound]


def given(town: Town, who: Binding, user: str, office: Office) -> Binding | str:
    with town.book.writing() as session:
        return give(session, who, user, office, now=NOW, **bound_of(town, office))


def holds(town: Town, user: str) -> list[Office]:
    with town.book.reading() as session:
        return [one.office for one in bindings(session, user)]


# --- rights ---


def test_no_duty_of_the_table_mixes_making_users_giving_rights_and_reading_the_record() -> None:
    for office, duty in DUTIES.items():
        assert len(duty.actions & {Action.ADMINISTER, Action.SECURE, Action.AUDIT}) == (office in OFFICERS), office
        assert not (office in OFFICERS and duty.actions & {Action.READ, Action.FILE, Action.VERIFY, Action.ACCEPT}), office


@pytest.mark.parametrize("office", list(Office))
def test_a_security_officer_who_is_alone_gives_every_office(town: Town, office: Office) -> None:
    who, user = officer(town, Office.SECURITY), newcomer(town)
    assert isinstance(given(town, who, user, office), Binding)
    with town.book.reading() as session:
        assert history(session, user)[0]["given_by"] == who.user


@pytest.mark.parametrize("office", list(Office))
def test_with_a_second_security_officer_a_grave_office_takes_both(town: Town, office: Office) -> None:
    first, second, user = officer(town, Office.SECURITY), officer(town, Office.SECURITY), newcomer(town)
    asked = given(town, first, user, office)
    if office not in GRAVE:
        assert isinstance(asked, Binding)
        return
    assert isinstance(asked, str)
    assert holds(town, user) == []
    with pytest.raises(OwnRights), town.book.writing() as session:
        decide(session, first, asked, Decision.GRANTED, now=NOW, today=TODAY)
    with town.book.writing() as session:
        decide(session, second, asked, Decision.GRANTED, now=NOW, today=TODAY)
    assert holds(town, user) == [office]
    with town.book.reading() as session:
        assert history(session, user)[0]["given_by"] == first.user
        assert approvals(session, first, is_open=False)[0].decided_by == second.user


def test_a_second_one_who_was_shut_out_is_not_waited_for(town: Town) -> None:
    first, second, user = officer(town, Office.SECURITY), officer(town, Office.SECURITY), newcomer(town)
    with town.book.writing() as session:
        disable(session, second.user, now=NOW)
    assert isinstance(given(town, first, user, Office.AUDITOR), Binding)


def test_a_machine_in_the_office_is_no_second_one_to_wait_for(town: Town) -> None:
    first, user = officer(town, Office.SECURITY), newcomer(town)
    town.person(Office.SECURITY, kind="machine")
    assert isinstance(given(town, first, user, Office.AUDITOR), Binding)


def test_a_password_is_never_kept_as_it_was_typed(town: Town) -> None:
    with town.book.writing() as session, pytest.raises(TypeError, match="never as it was typed"):
        add_user(session, town.vault, login="plain@example.org", password=PASSWORD, now=NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize("password", ["password1234", "wangwangwang1", "demo-is-for-everybody", "abcdefghijklm"])
def test_nobody_may_have_a_password_that_somebody_would_guess(password: str) -> None:
    with pytest.raises(BadUser, match="password"):
        hashed(password, login="wang@example.org")


@pytest.mark.parametrize("office", [Office.FIRM, Office.REGULATOR, Office.SECURITY])
def test_nobody_gives_themselves_an_office(town: Town, office: Office) -> None:
    who = officer(town, Office.SECURITY)
    officer(town, Office.SECURITY)
    with pytest.raises(OwnRights):
        given(town, who, who.user, office)
    assert holds(town, who.user) == [Office.SECURITY]


def test_nobody_takes_their_own_office_away(town: Town) -> None:
    who = officer(town, Office.SECURITY)
    with pytest.raises(OwnRights), town.book.writing() as session:
        take(session, who, who.id, now=NOW)


def test_whom_a_request_is_about_does_not_decide_on_it(town: Town) -> None:
    first, subject, third = (officer(town, Office.SECURITY) for _ in range(3))
    asked = given(town, first, subject.user, Office.FIRM)
    assert isinstance(asked, str)
    with pytest.raises(OwnRights), town.book.writing() as session:
        decide(session, subject, asked, Decision.GRANTED, now=NOW, today=TODAY)
    with town.book.writing() as session:
        decide(session, third, asked, Decision.GRANTED, now=NOW, today=TODAY)
    assert set(holds(town, subject.user)) == {Office.SECURITY, Office.FIRM}


def test_of_two_security_officers_neither_changes_what_the_other_holds(town: Town) -> None:
    first, second = officer(town, Office.SECURITY), officer(town, Office.SECURITY)
    with pytest.raises(SecondNeeded):
        given(town, first, second.user, Office.FIRM)
    with pytest.raises(SecondNeeded), town.book.writing() as session:
        take(session, first, second.id, now=NOW)
    assert holds(town, second.user) == [Office.SECURITY]


def test_a_third_one_takes_a_security_officers_office_away_with_the_first(town: Town) -> None:
    first, second, third = (officer(town, Office.SECURITY) for _ in range(3))
    with town.book.writing() as session:
        asked = take(session, first, second.id, now=NOW)
    assert asked is not None
    assert holds(town, second.user) == [Office.SECURITY]
    with town.book.writing() as session:
        decide(session, third, asked, Decision.GRANTED, now=NOW, today=TODAY)
    assert holds(town, second.user) == []


def test_an_office_of_others_is_taken_away_at_once_and_its_sessions_end(town: Town) -> None:
    who, county = officer(town, Office.SECURITY), officer(town, Office.REGULATOR)
    officer(town, Office.SECURITY)
    with town.book.writing() as session:
        open_session(session, county.user, binding=county.id, now=datetime.now(UTC))
        assert take(session, who, county.id, now=NOW) is None
    assert holds(town, county.user) == []
    with town.book.reading() as session:
        assert history(session, county.user)[0]["ended_by"] == who.user


@pytest.mark.parametrize(("one", "other"), list(permutations(sorted(OFFICERS), 2)))
def test_nobody_is_two_of_administrator_security_and_auditor(town: Town, one: Office, other: Office) -> None:
    user = newcomer(town)
    with town.book.writing() as session:
        held = bind(session, user, one, by="test", now=NOW)
    with pytest.raises(BadUser, match="nobody is two of"), town.book.writing() as session:
        bind(session, user, other, by="test", now=NOW)
    with town.book.writing() as session:
        end_binding(session, held.id, by="test", now=NOW)
        bind(session, user, other, by="test", now=NOW)
    assert holds(town, user) == [other]


def test_nobody_is_two_of_them_when_both_are_given_at_once(town: Town) -> None:
    user = newcomer(town)

    def bound(office: Office) -> bool:
        try:
            with town.book.writing() as session:
                bind(session, user, office, by="test", now=NOW)
        except BadUser:
            return False
        return True

    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(bound, sorted(OFFICERS)))
    assert sum(done) == 1
    assert len(holds(town, user)) == 1


def test_what_was_asked_is_judged_again_when_it_is_granted(town: Town) -> None:
    first, second, user = officer(town, Office.SECURITY), officer(town, Office.SECURITY), newcomer(town)
    wanted = [given(town, first, user, office) for office in (Office.AUDITOR, Office.ADMINISTRATOR)]
    assert all(isinstance(one, str) for one in wanted)
    with town.book.writing() as session:
        decide(session, second, str(wanted[0]), Decision.GRANTED, now=NOW, today=TODAY)
    with pytest.raises(BadUser, match="nobody is two of"), town.book.writing() as session:
        decide(session, second, str(wanted[1]), Decision.GRANTED, now=NOW, today=TODAY)
    assert holds(town, user) == [Office.AUDITOR]


def test_who_was_shut_out_is_given_nothing(town: Town) -> None:
    user = newcomer(town)
    with town.book.writing() as session:
        disable(session, user, now=NOW)
    with pytest.raises(BadUser, match="shut out"), town.book.writing() as session:
        bind(session, user, Office.AUDITOR, by="test", now=NOW)


def test_an_office_within_a_bound_is_held_once(town: Town) -> None:
    user = newcomer(town)
    with town.book.writing() as session:
        bind(session, user, Office.FIRM, holder=town.firm, by="test", now=NOW)
    with pytest.raises(BadUser, match="already"), town.book.writing() as session:
        bind(session, user, Office.FIRM, holder=town.firm, by="test", now=NOW)


# --- users ---


def test_the_first_administrator_is_made_in_an_empty_book_only(town: Town) -> None:
    with town.book.writing() as session:
        made = first_administrator(session, town.vault, login="wang@example.org", password=hashed(PASSWORD), now=NOW)
    assert holds(town, made) == [Office.ADMINISTRATOR]
    with pytest.raises(BadUser, match="has users"), town.book.writing() as session:
        first_administrator(session, town.vault, login="li@example.org", password=hashed(PASSWORD), now=NOW)


def test_of_four_who_make_the_first_administrator_at_once_one_does(town: Town) -> None:
    def make(number: int) -> bool:
        try:
            with town.book.writing() as session:
                first_administrator(session, town.vault, login=f"wang{number}@example.org", password=hashed(PASSWORD), now=NOW)
        except BadUser:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(make, range(4))) == 1
    with town.book.reading() as session:
        assert len(users(session)) == 1


def test_a_user_is_found_by_any_spelling_of_the_login_and_the_list_page_by_page(town: Town) -> None:
    made = sorted(newcomer(town) for _ in range(5))
    with town.book.reading() as session:
        assert find_by_login(session, town.vault, " NEW0@example.ORG ") in made
        with pytest.raises(UserNotFound):
            find_by_login(session, town.vault, "nobody@example.org")
        assert [one["id"] for one in users(session, limit=2)] == made[:2]
        assert [one["id"] for one in users(session, after=made[1], limit=9)] == made[2:]


def test_another_password_ends_every_session_and_the_old_one_opens_nothing(town: Town) -> None:
    person = town.person(Office.FIRM)
    sign_in(town.book, town.vault, login=person.login, given=PASSWORD, now=datetime.now(UTC))
    with town.book.writing() as session:
        set_password(session, person.id, hashed("another sentence of the town"), now=NOW)
    assert town.sessions(person) == 0
    with pytest.raises(WrongCredentials):
        sign_in(town.book, town.vault, login=person.login, given=PASSWORD, now=datetime.now(UTC))
    assert sign_in(town.book, town.vault, login=person.login, given="another sentence of the town", now=datetime.now(UTC))
