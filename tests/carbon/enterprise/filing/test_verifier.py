"""Who may verify: accredited by the authority, on the day, for the industry."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.enterprise.errors import BadAccreditation, NotAccredited
from carbon.enterprise.filing.verifier import Accreditation, accreditations, check_accredited, grant, holding
from ledger.book import Book
from ledger.errors import NotAllowed
from ledger.principal import Principal, Role
from tests.carbon.enterprise.filing.conftest import NOW, POWER, TODAY, Desk

OFFICER = Principal("officer", Role.AUTHORITY, divisions=frozenset({"330000"}))
FROM, UNTIL = date(2026, 1, 1), date(2026, 12, 31)


def given_to(book: Book, actor: str = "v1", **said: Any) -> Accreditation:
    asked = {"number": "N1", "body": "认可委", "industries": ("C30",), "valid_from": FROM, "valid_until": UNTIL, "now": NOW} | said
    principal = asked.pop("principal", OFFICER)
    with book.writing() as session:
        return grant(session, principal, actor=actor, **asked)


def held(book: Book, day: date, *, actor: str = "v1", industry: str | None = "C3011") -> str | None:
    with book.reading() as session:
        found = holding(accreditations(session, actor=actor), industry=industry, day=day)
    return found.number if found else None


def test_it_holds_from_its_first_to_its_last_day_for_its_industries(book: Book) -> None:
    granted = given_to(book)
    assert granted.given_by == "officer"
    assert [held(book, day) for day in (date(2025, 12, 31), FROM, UNTIL, date(2027, 1, 1))] == [None, "N1", "N1", None]
    assert [held(book, TODAY, industry=code) for code in ("3011", "C30", "C31", "D44", None)] == ["N1", "N1", None, None, None]
    with book.reading() as session, pytest.raises(NotAccredited, match="2027-01-01 for industry C3011"):
        check_accredited(session, "v1", industry="C3011", day=date(2027, 1, 1))


@pytest.mark.parametrize(
    ("industries", "industry", "covers"),
    [
        ((), None, True), ((), "C3011", True), (("C",), "C3011", True), (("C",), "3011", False), (("30", "D44"), "D4411", True),
        (("30",), "C3011", True), (("C3011",), "C30", False), (("D30",), "C3011", False),
    ],
)  # fmt: skip
def test_industries_are_beginnings_of_codes(industries: tuple[str, ...], industry: str | None, covers: bool) -> None:
    one = Accreditation(
        actor="v", number="n", body="b", industries=industries, valid_from=FROM, valid_until=UNTIL, given_by="o", given_at=NOW
    )
    assert one.covers(industry, TODAY) is covers


@given(st.dates(), st.dates(), st.dates())
def test_no_accreditation_holds_outside_its_days(first: date, last: date, day: date) -> None:
    one = Accreditation(actor="v", number="n", body="b", industries=(), valid_from=first, valid_until=last, given_by="o", given_at=NOW)
    assert one.covers("C3011", day) is (first <= day <= last)
    assert (holding([one], industry=None, day=day) is not None) is (first <= day <= last)


def test_a_later_row_of_the_number_takes_its_place_and_can_withdraw_it(book: Book) -> None:
    given_to(book)
    given_to(book, valid_from=date(2026, 6, 1), valid_until=date(2026, 5, 31))
    assert (held(book, date(2026, 5, 31)), held(book, date(2026, 6, 1)), held(book, TODAY)) == ("N1", None, None)
    given_to(book, number="N2", valid_from=date(2026, 7, 1))
    assert held(book, TODAY) == "N2"


def test_the_authority_grants_it_and_nobody_to_themselves(book: Book) -> None:
    for principal in (Principal("p", Role.WRITER, holders=frozenset({"h1"})), Principal("v1", Role.READER, divisions=frozenset())):
        with pytest.raises(NotAllowed):
            given_to(book, principal=principal)


@pytest.mark.parametrize("said", [{"number": " "}, {"body": ""}, {"industries": ("X9",)}, {"industries": ("",)}, {"actor": ""}])
def test_what_cannot_be_granted_is_named(book: Book, said: dict[str, Any]) -> None:
    with pytest.raises(BadAccreditation):
        given_to(book, **said)


def test_a_number_is_one_persons_and_begins_on_a_day_once(book: Book) -> None:
    given_to(book)
    with pytest.raises(BadAccreditation, match="another's"):
        given_to(book, "v2")
    with pytest.raises(BadAccreditation, match="already"):
        given_to(book, valid_until=date(2028, 1, 1))


def test_who_is_not_accredited_that_day_takes_nothing_up(desk: Desk) -> None:
    from carbon.enterprise.filing.said import Assurance
    from carbon.enterprise.filing.verification import take_up

    made = desk.draft(POWER)
    desk.submit(made.id)
    said: dict[str, Any] = {"assurance": Assurance.LIMITED, "materiality_permille": 50}
    with pytest.raises(NotAccredited):
        desk.do(take_up, desk.lead, made.id, today=date(2027, 1, 1), **said)
    with pytest.raises(NotAccredited):
        desk.do(take_up, Principal("v3", Role.READER, holders=frozenset({desk.firm.id})), made.id, today=TODAY, **said)
    assert desk.do(take_up, desk.lead, made.id, today=TODAY, **said).stand.verifier == "v1"
