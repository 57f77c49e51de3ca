"""The check signs of credit codes and identity numbers, and that no error repeats one."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.errors import BadHolder
from carbon.holder import add_holder, add_site
from carbon.identifier import BadIdentifier, check_credit_code, check_identity_number, names_somebody
from carbon.region.divisions import divisions
from ledger.book import Book
from ledger.principal import LOCAL_ADMIN
from tests.carbon.conftest import NOW

TODAY = date(2026, 11, 28)
CREDIT = "91350100M000100Y43"  # the example of GB 32100-2015
IDENTITY = "11010519491231002X"  # the example of GB 11643-1999
CREDIT_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def identity_of(front: str) -> str:
    """17 digits and the sign that checks them, by the congruence of ISO 7064: the sum of all weighted signs is 1 modulo 11."""
    for sign in "0123456789X":
        signs = [*map(int, front), 10 if sign == "X" else int(sign)]
        if sum(value * 2 ** (17 - place) for place, value in enumerate(signs)) % 11 == 1:
            return front + sign
    raise AssertionError("one of the signs checks")


def check(number: str) -> None:
    check_identity_number(number, tree=divisions(), today=TODAY)


def test_the_examples_of_the_two_standards_hold() -> None:
    check_credit_code(CREDIT)
    check(IDENTITY)
    check(identity_of("33010619910101001"))
    check(identity_of("81000019900101001"))


@given(st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_wrong_sign_of_an_identity_number_is_always_found(place: int, sign: str) -> None:
    changed = IDENTITY[:place] + sign + IDENTITY[place + 1 :]
    if changed == IDENTITY:
        check(changed)
        return
    with pytest.raises(BadIdentifier):
        check(changed)


@given(st.integers(0, 16))
def test_two_neighbours_that_changed_places_are_always_found(place: int) -> None:
    swapped = IDENTITY[:place] + IDENTITY[place + 1] + IDENTITY[place] + IDENTITY[place + 2 :]
    if swapped != IDENTITY:
        with pytest.raises(BadIdentifier):
            check(swapped)


@given(st.integers(0, 17), st.sampled_from(CREDIT_SIGNS))
def test_one_wrong_sign_of_a_credit_code_is_always_found(place: int, sign: str) -> None:
    changed = CREDIT[:place] + sign + CREDIT[place + 1 :]
    if changed != CREDIT:
        with pytest.raises(BadIdentifier):
            check_credit_code(changed)


@pytest.mark.parametrize(
    ("front", "why"),
    [
        ("99010519491231002", "county"),
        ("33000019910101001", "county"),  # a province gives out none
        ("33010619910230001", "no day"),
        ("33010619911301001", "no day"),
        ("33010620270101001", "alive"),
        ("33010617990101001", "alive"),
    ],
)
def test_a_number_that_checks_but_names_no_county_or_no_day_is_refused(front: str, why: str) -> None:
    with pytest.raises(BadIdentifier, match=why):
        check(identity_of(front))


@pytest.mark.parametrize(
    "bad", ["", "1", "110105491231002", IDENTITY.lower(), f" {IDENTITY}", f"{IDENTITY}0", "１１０１０５１９４９１２３１００２X", CREDIT]
)
def test_what_has_another_form_is_refused(bad: str) -> None:
    with pytest.raises(BadIdentifier):
        check(bad)


@given(st.text("0123456789X", min_size=6, max_size=20) | st.text(CREDIT_SIGNS, min_size=6, max_size=20))
def test_no_error_repeats_a_number_or_the_part_that_names_somebody(number: str) -> None:
    for function in (check, check_credit_code):
        try:
            function(number)
        except BadIdentifier as error:
            told = f"{error} {error!r} {vars(error)} {error.args}"
            assert number not in told
            assert number[-6:] not in told


def test_a_credit_code_that_somebody_bears_is_not_repeated(book: Book) -> None:
    with book.writing() as session:
        add_holder(session, LOCAL_ADMIN, name="甲", credit_code=CREDIT, now=NOW)
        with pytest.raises(Exception, match="already borne") as refused:
            add_holder(session, LOCAL_ADMIN, name="乙", credit_code=CREDIT, now=NOW)
    assert CREDIT not in str(refused.value)


@pytest.mark.parametrize("code", ["13800138000", "13800138000号", IDENTITY, f"厂-{CREDIT}", "wang@example.com"])
def test_a_site_whose_code_names_somebody_is_refused_for_it_would_stand_in_account_names(book: Book, code: str) -> None:
    assert names_somebody(code)
    with book.writing() as session:
        holder = add_holder(session, LOCAL_ADMIN, name="甲", now=NOW).id
        with pytest.raises(BadHolder) as refused:
            add_site(
                session, LOCAL_ADMIN, holder=holder, code=code, name="一厂", division="330106", since=date(2020, 1, 1), tree=divisions()
            )
    assert code not in str(refused.value)


@pytest.mark.parametrize("code", ["一厂", "s01", "2号机组", "330106-01", "20231231", "1380013800", "138001380001"])
def test_an_honest_site_code_is_let_be(code: str) -> None:
    assert not names_somebody(code)
