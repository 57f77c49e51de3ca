"""Holders are known by random ids; names and codes are aliases; nobody sees more than their scope."""

from datetime import date

import pytest

from carbon.errors import AlreadyTaken, BadHolder, HolderNotFound, SiteNotFound
from carbon.holder import add_holder, add_site, check_credit_code, find_holder, holders, move_site, places, sites
from carbon.region.divisions import divisions
from ledger.book import Book
from ledger.errors import NotAllowed
from ledger.principal import LOCAL_ADMIN, LOCAL_READER, Principal, Role
from tests.carbon.conftest import NOW

CODE = "91330500MA2B5CTG1K"


def credit_code() -> str:
    for sign in "0123456789ABCDEFGHJKLMNPQRTUWXY":
        try:
            check_credit_code(CODE[:17] + sign)
        except BadHolder:
            continue
        return CODE[:17] + sign
    raise AssertionError("one of the signs checks")


def test_a_holder_has_a_random_id_that_says_nothing_of_it(book: Book) -> None:
    with book.writing() as session:
        one = add_holder(session, LOCAL_ADMIN, name="甲", credit_code=credit_code(), industry="C3011", now=NOW)
        two = add_holder(session, LOCAL_ADMIN, name="甲", now=NOW)
    assert one.id != two.id
    assert len(one.id) == 11
    with book.reading() as session:
        assert holders(session, LOCAL_ADMIN) == sorted([one, two], key=lambda holder: holder.id)
        assert find_holder(session, LOCAL_READER, one.id) == one


def test_a_credit_code_is_borne_once_and_checks_itself(book: Book) -> None:
    with book.writing() as session:
        add_holder(session, LOCAL_ADMIN, name="甲", credit_code=credit_code(), now=NOW)
    with book.writing() as session, pytest.raises(AlreadyTaken):
        add_holder(session, LOCAL_ADMIN, name="乙", credit_code=credit_code(), now=NOW)
    good = credit_code()
    with pytest.raises(BadHolder):
        check_credit_code(good[:5] + ("0" if good[5] != "0" else "1") + good[6:])


@pytest.mark.parametrize("bad", [{"name": " "}, {"name": "a\nb"}, {"kind": "cat"}, {"industry": "steel"}, {"credit_code": "123"}])
def test_what_a_holder_cannot_be_is_refused(book: Book, bad: dict[str, str]) -> None:
    with book.writing() as session, pytest.raises(BadHolder):
        add_holder(session, LOCAL_ADMIN, now=NOW, **{"name": "甲"} | bad)  # type: ignore[arg-type]


def test_a_site_lies_in_a_division_from_a_day_on(book: Book) -> None:
    tree = divisions()
    with book.writing() as session:
        holder = add_holder(session, LOCAL_ADMIN, name="甲", now=NOW).id
        add_site(session, LOCAL_ADMIN, holder=holder, code="s01", name="一厂", division="330106", since=date(2020, 1, 1), tree=tree)
        move_site(session, LOCAL_ADMIN, holder=holder, code="s01", division="330110", since=date(2023, 1, 1), tree=tree)
    with book.reading() as session:
        found = places(sites(session, LOCAL_ADMIN, holder=holder))
    assert found == {"s01": ((date(2020, 1, 1), "330106"), (date(2023, 1, 1), "330110"))}


@pytest.mark.parametrize(
    ("code", "division"), [("a/b", "330106"), ("a b", "330106"), ("", "330106"), ("s", "999999"), ("s", "330183"), ("330110", "330106")]
)
def test_a_site_that_could_not_be_named_or_found_is_refused(book: Book, code: str, division: str) -> None:
    with book.writing() as session:
        holder = add_holder(session, LOCAL_ADMIN, name="甲", now=NOW).id
        with pytest.raises(BadHolder):
            add_site(session, LOCAL_ADMIN, holder=holder, code=code, name="x", division=division, since=date(2020, 1, 1), tree=divisions())


def test_a_site_is_there_once_and_only_forwards(book: Book) -> None:
    tree, since = divisions(), date(2020, 1, 1)
    with book.writing() as session:
        holder = add_holder(session, LOCAL_ADMIN, name="甲", now=NOW).id
        add_site(session, LOCAL_ADMIN, holder=holder, code="s01", name="", division="330106", since=since, tree=tree)
        with pytest.raises(AlreadyTaken):
            add_site(session, LOCAL_ADMIN, holder=holder, code="s01", name="", division="330106", since=since, tree=tree)
        with pytest.raises(BadHolder):
            move_site(session, LOCAL_ADMIN, holder=holder, code="s01", division="330110", since=since, tree=tree)
        with pytest.raises(SiteNotFound):
            move_site(session, LOCAL_ADMIN, holder=holder, code="s02", division="330110", since=since, tree=tree)


def test_nobody_sees_or_changes_more_than_their_scope(book: Book) -> None:
    tree = divisions()
    with book.writing() as session:
        one, two = (add_holder(session, LOCAL_ADMIN, name=name, now=NOW).id for name in "甲乙")
        for holder, division in ((one, "330106"), (two, "330522")):
            add_site(session, LOCAL_ADMIN, holder=holder, code="s01", name="", division=division, since=date(2020, 1, 1), tree=tree)
    own = Principal(actor="w", role=Role.WRITER, holders=frozenset({one}))
    county = Principal(actor="c", role=Role.READER, divisions=frozenset({"330522"}))
    nothing = Principal(actor="n", role=Role.READER, holders=frozenset())
    with book.reading() as session:
        assert [[holder.id for holder in holders(session, who)] for who in (own, county, nothing)] == [[one], [two], []]
        assert [site.holder for site in sites(session, own)] == [one]
        with pytest.raises(HolderNotFound):
            find_holder(session, own, two)
    with book.writing() as session:
        with pytest.raises(NotAllowed):
            add_holder(session, LOCAL_READER, name="丙", now=NOW)
        with pytest.raises(HolderNotFound):
            add_site(session, own, holder=two, code="s02", name="", division="330106", since=date(2020, 1, 1), tree=tree)
