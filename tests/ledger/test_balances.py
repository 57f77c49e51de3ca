"""What the books say about days, about what was known, and page by page."""

from datetime import UTC, date, datetime

import pytest

from ledger.balances import balances, cells, entries, entry, log_size, statement
from ledger.book import Book
from ledger.entry import new_key, one_entry
from ledger.errors import AccountNotFound, EntryNotFound
from ledger.journal import post, reverse_entries
from ledger.principal import LOCAL_ADMIN
from tests.ledger.books import NOW, UNITS, amount_of, burning, put

ACCOUNT = "atmosphere/330522/1A2"


def test_turnover_lies_between_two_days_and_is_as_known_on_a_day(book: Book) -> None:
    put(book, burning("1", 10, day=date(2024, 1, 31)), now=datetime(2026, 1, 1, tzinfo=UTC))
    put(book, burning("2", 20, day=date(2024, 2, 29)), now=datetime(2026, 2, 1, tzinfo=UTC))
    put(book, burning("3", 40, day=date(2024, 2, 15)), now=datetime(2026, 3, 1, tzinfo=UTC))
    assert amount_of(book, "holder/") == 70
    assert amount_of(book, "holder/", since=date(2024, 2, 1)) == 60
    assert amount_of(book, "holder/", since=date(2024, 2, 16)) == 20
    assert amount_of(book, "holder/", since=date(2024, 2, 29), until=date(2024, 2, 29)) == 20
    assert amount_of(book, "holder/", until=date(2024, 1, 31)) == 10
    assert amount_of(book, "holder/", until=date(2024, 1, 30)) == 0
    assert amount_of(book, "holder/", since=date(2024, 3, 1)) == 0
    assert amount_of(book, "holder/", known=datetime(2026, 2, 28, tzinfo=UTC)) == 30
    assert amount_of(book, "holder/", known=datetime(2026, 2, 1, tzinfo=UTC), since=date(2024, 2, 1)) == 20


def test_what_was_reversed_later_is_still_read_as_known_before(book: Book) -> None:
    put(book, burning("1", 10), now=datetime(2026, 1, 1, tzinfo=UTC))
    with book.writing() as session:
        back = cells(session).with_columns(amount=-10, count=-1)
        reverse_entries(session, [0], LOCAL_ADMIN, now=datetime(2026, 2, 1, tzinfo=UTC), reason="wrong", cells=back)
    assert amount_of(book, "holder/") == 0
    assert amount_of(book, "holder/", known=datetime(2026, 1, 31, tzinfo=UTC)) == 10
    with book.reading() as session:
        assert cells(session).row(0)[3:] == (0, 0)
        assert cells(session, known=datetime(2026, 1, 31, tzinfo=UTC)).row(0)[3:] == (10, 1)
        assert cells(session, known=datetime(2025, 1, 1, tzinfo=UTC)).height == 0


def test_a_beginning_that_ends_in_a_stroke_names_what_lies_below_and_nothing_beside(book: Book) -> None:
    names = ["a", "a/b", "a/b/c", "a0", "a-", "ab", "a/碳", "a/\U0001f332"]
    legs = [(name, "CO2", 2**number) for number, name in enumerate(names)]
    legs.append(("z", "CO2", -sum(amount for _, _, amount in legs)))
    put(book, one_entry(key=new_key(), book="physical", kind="x", day=date(2024, 1, 1), legs=legs, units=UNITS))
    with book.reading() as session:
        assert balances(session, accounts="a/")["account"].to_list() == ["a/b", "a/b/c", "a/碳", "a/\U0001f332"]
        assert balances(session, accounts=["a", "a/b/"])["amount"].to_list() == [1, 4]
        for absent in ("a/x", "b/", ["a", "nobody"]):
            with pytest.raises(AccountNotFound, match="no entry ever named"):
                balances(session, accounts=absent)


def test_an_account_that_did_not_move_in_the_span_reads_nought(book: Book) -> None:
    put(book, burning("1", 10))
    with book.reading() as session:
        frame = balances(session, accounts=ACCOUNT, since=date(2030, 1, 1))
    assert frame.select("account", "book", "commodity", "unit", "amount", "count").rows() == [
        (ACCOUNT, "physical", "CH4", "mg", 0, 0),
        (ACCOUNT, "physical", "CO2", "g", 0, 0),
    ]


def test_a_statement_pages_without_a_gap_while_others_write(book: Book) -> None:
    for number in range(5):
        put(book, burning(str(number), 10 + number))
    with book.reading() as session:
        page = statement(session, ACCOUNT, "CO2", limit=2)
    put(book, burning("late", 99))
    seen = page
    while page.height:
        with book.reading() as session:
            page = statement(session, ACCOUNT, "CO2", after=page["entry_id"][-1], limit=2)
        seen = seen.vstack(page)
    assert seen["amount"].to_list() == [-10, -11, -12, -13, -14, -99]
    assert seen["balance"].to_list() == seen["amount"].cum_sum().to_list()
    assert seen["entry_id"].to_list() == list(range(6))
    with book.reading() as session, pytest.raises(AccountNotFound):
        statement(session, ACCOUNT, "N2O")


def test_a_page_never_ends_within_an_entry(book: Book) -> None:
    legs = [("a", "CO2", 1), ("a", "CO2", 2), ("a", "CO2", 3), ("z", "CO2", -6)]
    for _ in range(2):
        put(book, one_entry(key=new_key(), book="physical", kind="x", day=date(2024, 1, 1), legs=legs, units=UNITS))
    with book.reading() as session:
        first = statement(session, "a", "CO2", limit=2)
        second = statement(session, "a", "CO2", after=0, limit=2)
    assert first["amount"].to_list() == second["amount"].to_list() == [1, 2, 3]
    assert second["balance"].to_list() == [7, 9, 12]


def test_cells_are_read_by_key_by_beginning_and_by_month(book: Book) -> None:
    put(book, burning("1", 10))
    put(book, burning("2", 20, day=date(2024, 4, 1)))
    key = "physical|330522|1|1A2"
    with book.reading() as session:
        assert cells(session, prefix="physical|3305")["amount"].to_list() == [10, 20]
        assert cells(session, keys=[key], since=202404)["amount"].to_list() == [20]
        assert cells(session, keys=[key], until=202403)["amount"].to_list() == [10]
        assert cells(session, keys=["physical|330522"]).height == 0
        assert cells(session, prefix="physical|3306").height == 0


def test_entries_are_given_in_the_order_asked_for(book: Book) -> None:
    with book.writing() as session:
        for number in range(3):
            post(session, burning(str(number), number + 1), LOCAL_ADMIN, now=NOW)
    with book.reading() as session:
        assert [view.legs[0].amount for view in entries(session, [2, 0, 2])] == [3, 1, 3]
        assert log_size(session) == 3
        assert entry(session, 2).evidence == bytes(range(32))
        with pytest.raises(EntryNotFound):
            entry(session, 3)
