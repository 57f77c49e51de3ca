"""What the journal holds to, on both engines."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime

import polars as pl
import pytest

from ledger.audit import verify
from ledger.balances import cells, entry, log_size
from ledger.book import Book
from ledger.entry import ENTRIES, POSTINGS, EntryBatch, client_key, entry_batch, new_key, one_entry
from ledger.errors import (
    AccountMisused,
    AlreadyReversed,
    AmountTooLarge,
    EntryNotFound,
    KeyReused,
    MalformedEntry,
    NotAllowed,
    PartlyPosted,
)
from ledger.journal import Receipt, post, reverse_entries
from ledger.principal import LOCAL_ADMIN, LOCAL_READER
from tests.ledger.books import NOW, UNITS, amount_of, burning, put


def both(first: EntryBatch, second: EntryBatch, *, with_cells: bool = True) -> EntryBatch:
    """One batch of two single entries."""
    one = pl.lit(1, pl.Int64)
    return entry_batch(
        pl.concat([first.entries, second.entries.with_columns(no=one)]),
        pl.concat([first.postings, second.postings.with_columns(no=one)]),
        pl.concat([first.cells, second.cells]) if with_cells else None,
        units=UNITS,
    )


def test_posting_moves_balances_and_reads_back_to_the_gram(book: Book) -> None:
    assert put(book, burning("1")) == Receipt((0,), created=1, repeated=0)
    assert amount_of(book, "holder/h7k2m9/s01/scope1/1A2") == 2_167_437_703
    assert amount_of(book, "atmosphere/") == -2_167_437_703
    assert amount_of(book, "atmosphere/", "CH4") == -242_785_420
    with book.reading() as session:
        view = entry(session, 0)
        assert [(leg.amount, leg.unit) for leg in view.legs][:3] == [(2_167_437_703, "g"), (-2_167_437_703, "g"), (242_785_420, "mg")]
        assert (view.day, view.posted_at, view.reference, view.actor) == (date(2024, 3, 31), NOW, "入炉煤月报 2024-03", "local-admin")
        assert view.log_size == 1
        assert view.leaf == view.log_root
        assert cells(session, prefix="physical|3305").row(0) == ("physical|330522|1|1A2", 202403, "CO2", 2_167_437_703, 1)
    assert verify(book) == []


def test_the_same_key_with_the_same_body_gives_the_same_answer_for_ever(book: Book) -> None:
    first = put(book, burning("1"))
    put(book, burning("2"))
    again = put(book, burning("1"), now=datetime.fromisoformat("2030-01-01T00:00Z"))
    assert again.ids == first.ids
    assert (again.created, again.repeated) == (0, 1)
    assert amount_of(book, "atmosphere/") == -2 * 2_167_437_703
    with book.reading() as session:
        assert cells(session)["amount"].sum() == 2 * 2_167_437_703


@pytest.mark.parametrize("other", [burning("1", 5), burning("1", day=date(2024, 3, 30)), burning("1", book="market")])
def test_the_same_key_with_another_body_is_refused(book: Book, other: EntryBatch) -> None:
    put(book, burning("1"))
    with pytest.raises(KeyReused, match="already stands for entry 0"):
        put(book, other)
    assert amount_of(book, "atmosphere/") == -2_167_437_703


def test_a_batch_in_which_two_entries_share_a_key_is_refused() -> None:
    with pytest.raises(KeyReused):
        both(burning("1"), burning("1"))


def test_a_batch_is_posted_whole_or_not_at_all(book: Book) -> None:
    put(book, burning("1"))

    def two_posts_in_one_transaction() -> None:
        with book.writing() as session:
            post(session, burning("2"), LOCAL_ADMIN, now=NOW)
            post(session, burning("3", book="market"), LOCAL_ADMIN, now=NOW)

    with pytest.raises(AccountMisused, match="kept in 'physical'"):
        two_posts_in_one_transaction()
    with pytest.raises(AccountMisused):
        put(book, both(burning("2"), burning("3", book="market")))
    with book.reading() as session:
        assert log_size(session) == 1
        assert session.connection().exec_driver_sql("SELECT count(*) FROM idem").scalar_one() == 1
    assert put(book, burning("4")).ids == (1,), "a refused batch leaves no gap in the log"
    assert verify(book) == []


def test_a_batch_of_old_and_new_entries_posts_the_new_ones_and_gives_all_ids(book: Book) -> None:
    put(book, both(burning("0"), burning("1")))
    receipt = put(book, both(burning("2"), burning("1"), with_cells=False))
    assert receipt == Receipt((2, 1), created=1, repeated=1)
    assert (receipt.first_id, receipt.last_id) == (1, 2)
    assert amount_of(book, "atmosphere/") == -3 * 2_167_437_703
    assert verify(book) == []


def test_a_batch_of_old_and_new_entries_with_sums_over_both_is_refused(book: Book) -> None:
    put(book, burning("1"))
    with pytest.raises(PartlyPosted, match="entry 1 of the batch stands already, as entry 0"):
        put(book, both(burning("2"), burning("1")))
    with book.reading() as session:
        assert log_size(session) == 1


def test_an_empty_batch_is_nothing(book: Book) -> None:
    receipt = put(book, entry_batch(ENTRIES.to_frame(), POSTINGS.to_frame()))
    assert (receipt, receipt.first_id, receipt.last_id) == (Receipt((), created=0, repeated=0), None, None)


def test_a_reader_may_not_post(book: Book) -> None:
    with pytest.raises(NotAllowed, match="local-reader may not post"), book.writing() as session:
        post(session, burning("1"), LOCAL_READER, now=NOW)


def test_a_moment_without_a_zone_is_refused(book: Book) -> None:
    with pytest.raises(TypeError, match="no time zone"):
        put(book, burning("1"), now=NOW.replace(tzinfo=None))


def test_an_amount_beyond_64_bits_is_refused_and_nothing_is_lost(book: Book) -> None:
    put(book, burning("1", 2**62))
    with pytest.raises(AmountTooLarge, match="the balance of "):
        put(book, burning("2", 2**62))
    assert amount_of(book, "atmosphere/") == -(2**62)
    assert verify(book) == []


def test_a_cell_beyond_64_bits_is_refused(book: Book) -> None:
    cell = pl.DataFrame({"cell": ["x"], "period": [202403], "commodity": ["CO2"], "amount": [2**62], "count": [1]})
    legs = [("a", "CO2", 1), ("b", "CO2", -1)]

    def batch() -> EntryBatch:
        return one_entry(key=new_key(), book="physical", kind="emission", day=date(2024, 3, 1), legs=legs, units=UNITS, cells=cell)

    put(book, batch())
    with pytest.raises(AmountTooLarge, match="a cell"):
        put(book, batch())
    assert verify(book) == []


def test_a_commodity_needs_its_unit_once_and_keeps_it_for_good(book: Book) -> None:
    def batch(units: dict[str, str] | None) -> EntryBatch:
        legs = [("a", "CO2", 1), ("b", "CO2", -1)]
        return one_entry(key=new_key(), book="physical", kind="emission", day=date(2024, 3, 1), legs=legs, units=units)

    with pytest.raises(MalformedEntry, match="CO2 is new to this book"):
        put(book, batch(None))
    put(book, batch({"CO2": "g"}))
    put(book, batch(None))
    with pytest.raises(AccountMisused, match="kept in 'g' and cannot be used in 't'"):
        put(book, batch({"CO2": "t"}))
    assert amount_of(book, "a") == 2


def test_an_entry_is_reversed_once_and_says_by_which(book: Book) -> None:
    put(book, burning("1"))
    with book.writing() as session:
        receipt = reverse_entries(session, [0], LOCAL_ADMIN, now=NOW, reason="wrong scale")
    assert amount_of(book, "atmosphere/") == 0
    with book.reading() as session:
        assert entry(session, 0).reversed_by == receipt.ids[0]
        reversal = entry(session, 1)
        assert (reversal.reverses, reversal.reference, reversal.day) == (0, "wrong scale", date(2024, 3, 31))
    for entry_id in (0, 1):
        with pytest.raises(AlreadyReversed, match="entry 0 was already reversed, by entry 1"), book.writing() as session:
            reverse_entries(session, [entry_id], LOCAL_ADMIN, now=NOW, reason="again")
    with pytest.raises(EntryNotFound, match="no entry 7"), book.writing() as session:
        reverse_entries(session, [7], LOCAL_ADMIN, now=NOW, reason="nothing")
    assert verify(book) == []


def test_what_was_never_posted_cannot_be_reversed_by_hand(book: Book) -> None:
    batch = one_entry(
        key=new_key(),
        book="physical",
        kind="reversal",
        day=date(2024, 3, 1),
        legs=[("a", "CO2", 1), ("b", "CO2", -1)],
        units=UNITS,
        reverses=3,
    )
    with pytest.raises(EntryNotFound):
        put(book, batch)


def test_many_posters_at_once_lose_nothing_and_leave_no_gap(book: Book) -> None:
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda number: put(book, burning(str(number % 20), 10)), range(40)))
    assert sorted({receipt.ids[0] for receipt in receipts}) == list(range(20))
    assert sum(receipt.created for receipt in receipts) == 20
    assert amount_of(book, "atmosphere/") == -200
    assert verify(book) == []


def test_two_reversals_at_once_make_one(book: Book) -> None:
    put(book, burning("1"))

    def reverse(_: int) -> bool:
        try:
            with book.writing() as session:
                return reverse_entries(session, [0], LOCAL_ADMIN, now=NOW, reason="wrong").created == 1
        except AlreadyReversed:
            return False

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(reverse, range(8))) == 1
    assert amount_of(book, "atmosphere/") == 0


def test_a_clients_key_depends_on_where_scope_and_key_part() -> None:
    assert client_key("ab", "c") != client_key("a", "bc")
    assert len(client_key("a", "b")) == len(new_key()) == 16
    assert new_key() < new_key()
