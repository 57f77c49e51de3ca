"""What the journal holds to, on both engines."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import polars as pl
import pytest
from sqlalchemy.exc import DBAPIError

from ledger.audit import verify
from ledger.balances import balances, cells, entry, statement
from ledger.book import Book
from ledger.entry import EntryBatch, client_key, entry_batch, one_entry
from ledger.errors import AccountMisused, AlreadyReversed, AmountTooLarge, KeyReused, MalformedEntry, NotAllowed, UnbalancedEntry
from ledger.journal import Receipt, post, reverse_entries
from ledger.principal import LOCAL_ADMIN, LOCAL_READER

NOW = datetime(2026, 11, 25, 2, 0, 0, 123456, tzinfo=UTC)
UNITS = {"CO2": "g", "CH4": "mg"}


def burning(key: str, amount: int = 2_167_437_703, *, day: date = date(2024, 3, 31), book: str = "physical") -> EntryBatch:
    legs = [
        ("holder/h7k2m9/s01/scope1/1A2", "CO2", amount),
        ("atmosphere/330522/1A2", "CO2", -amount),
        ("holder/h7k2m9/s01/scope1/1A2", "CH4", 242_785_420),
        ("atmosphere/330522/1A2", "CH4", -242_785_420),
    ]
    cell = pl.DataFrame({"cell": ["physical|330522|1|1A2"], "period": [202403], "commodity": ["CO2"], "amount": [amount], "count": [1]})
    return one_entry(
        key=client_key("test", key), book=book, kind="emission", day=day, legs=legs, units=UNITS, reference="入炉煤月报 2024-03", cells=cell
    )


def put(book: Book, batch: EntryBatch) -> Receipt:
    with book.writing() as session:
        return post(session, batch, LOCAL_ADMIN, now=NOW)


def amount_of(book: Book, account: str, commodity: str = "CO2", **span: object) -> int:
    with book.reading() as session:
        frame = balances(session, accounts=account, **span)  # type: ignore[arg-type]
    return int(frame.filter(pl.col("commodity") == commodity)["amount"].sum())


def test_an_entry_that_does_not_balance_in_each_commodity_is_refused() -> None:
    legs = [("a/b", "CO2", 5), ("c/d", "CO2", -5), ("a/b", "CH4", 7), ("c/d", "CO2", 7), ("e", "CO2", -7)]
    with pytest.raises(UnbalancedEntry, match="out of balance by 7 in CH4"):
        one_entry(key=bytes(16), book="physical", kind="emission", day=date(2024, 1, 1), legs=legs, units=UNITS)


@pytest.mark.parametrize("name", ["", "a//b", "a b/c", "/a", "a/", "a\n", "holder/" + "碳" * 90])
def test_an_account_name_of_another_form_is_refused(name: str) -> None:
    with pytest.raises(MalformedEntry):
        one_entry(key=bytes(16), book="x", kind="y", day=date(2024, 1, 1), legs=[(name, "CO2", 1), ("b", "CO2", -1)], units=UNITS)


def test_posting_moves_balances_and_reads_back_to_the_gram(book: Book) -> None:
    assert put(book, burning("1")) == Receipt((0,), created=1, repeated=0)
    assert amount_of(book, "holder/h7k2m9/s01/scope1/1A2") == 2_167_437_703
    assert amount_of(book, "atmosphere/") == -2_167_437_703
    assert amount_of(book, "atmosphere/", "CH4") == -242_785_420
    with book.reading() as session:
        view = entry(session, 0)
        assert [leg.amount for leg in view.legs][:2] == [2_167_437_703, -2_167_437_703]
        assert (view.day, view.posted_at, view.reference, view.actor) == (date(2024, 3, 31), NOW, "入炉煤月报 2024-03", "local-admin")
        assert view.log_size == 1
        assert view.leaf == view.log_root
        assert cells(session, prefix="physical|3305").row(0) == ("physical|330522|1|1A2", 202403, "CO2", 2_167_437_703, 1)
    assert verify(book) == []


def test_the_same_key_with_the_same_body_gives_the_same_answer_for_ever(book: Book) -> None:
    first = put(book, burning("1"))
    put(book, burning("2"))
    again = put(book, burning("1"))
    assert again.ids == first.ids
    assert (again.created, again.repeated) == (0, 1)
    assert amount_of(book, "atmosphere/") == -2 * 2_167_437_703
    with book.reading() as session:
        assert cells(session)["amount"].sum() == 2 * 2_167_437_703


def test_the_same_key_with_another_body_is_refused(book: Book) -> None:
    put(book, burning("1"))
    with pytest.raises(KeyReused, match="already stands for entry 0"):
        put(book, burning("1", 5))
    assert amount_of(book, "atmosphere/") == -2_167_437_703


def test_a_batch_is_posted_whole_or_not_at_all(book: Book) -> None:
    put(book, burning("1"))
    with pytest.raises(AccountMisused), book.writing() as session:
        post(session, burning("2"), LOCAL_ADMIN, now=NOW)
        post(session, burning("3", book="market"), LOCAL_ADMIN, now=NOW)
    with book.reading() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM entry").scalar_one() == 1
    assert verify(book) == []


def test_a_reader_may_not_post(book: Book) -> None:
    with pytest.raises(NotAllowed), book.writing() as session:
        post(session, burning("1"), LOCAL_READER, now=NOW)


def test_a_reading_session_cannot_write_on_postgresql(book: Book) -> None:
    if book.dialect == "sqlite":
        pytest.skip("SQLite has no roles; the file's rights are the wall")
    with pytest.raises(DBAPIError), book.reading() as session:
        post(session, burning("1"), LOCAL_ADMIN, now=NOW)


def test_an_amount_beyond_64_bits_is_refused_and_nothing_is_lost(book: Book) -> None:
    put(book, burning("1", 2**62))
    with pytest.raises(AmountTooLarge):
        put(book, burning("2", 2**62))
    assert amount_of(book, "atmosphere/") == -(2**62)
    with pytest.raises(AmountTooLarge):
        burning("3", 2**63)


def test_an_entry_is_reversed_once_and_says_by_which(book: Book) -> None:
    put(book, burning("1"))
    with book.writing() as session:
        receipt = reverse_entries(session, [0], LOCAL_ADMIN, now=NOW, reason="wrong scale")
    assert amount_of(book, "atmosphere/") == 0
    with book.reading() as session:
        assert entry(session, 0).reversed_by == receipt.ids[0]
        assert entry(session, 1).reverses == 0
    for entry_id in (0, 1):
        with pytest.raises(AlreadyReversed), book.writing() as session:
            reverse_entries(session, [entry_id], LOCAL_ADMIN, now=NOW, reason="again")


def test_turnover_lies_between_two_days_and_is_as_known_on_a_day(book: Book) -> None:
    put(book, burning("1", 10, day=date(2024, 1, 31)))
    put(book, burning("2", 20, day=date(2024, 2, 29)))
    assert amount_of(book, "holder/", since=date(2024, 2, 1)) == 20
    assert amount_of(book, "holder/", until=date(2024, 1, 31)) == 10
    assert amount_of(book, "holder/", since=date(2024, 3, 1)) == 0
    assert amount_of(book, "holder/", known=datetime(2026, 1, 1, tzinfo=UTC)) == 0


def test_a_statement_pages_without_a_gap_while_others_write(book: Book) -> None:
    for number in range(5):
        put(book, burning(str(number), 10 + number))
    account = "atmosphere/330522/1A2"
    with book.reading() as session:
        page = statement(session, account, "CO2", limit=2)
    put(book, burning("late", 99))
    seen = page["amount"].to_list()
    after = page["entry_id"][-1]
    while page.height:
        with book.reading() as session:
            page = statement(session, account, "CO2", after=after, limit=2)
        seen += page["amount"].to_list()
        after = page["entry_id"][-1] if page.height else after
    assert seen == [-10, -11, -12, -13, -14, -99]


COLUMN = {"posting": "leg", "idem": "entry_id", "activity_line": "row", "series_cell": "year"}


@pytest.mark.parametrize("table", ["entry", "posting", "idem", "account", "commodity", "book_info", "activity_line", "series_cell"])
def test_rows_of_the_books_cannot_be_changed_or_deleted(book: Book, table: str) -> None:
    put(book, burning("1"))
    from tests.conftest import owner_engine

    if table in {"activity_line", "series_cell"} and book.dialect == "sqlite":
        pytest.skip("empty here: SQLite's row triggers need a row")
    engine = owner_engine(book)
    statements = [f"DELETE FROM {table}", f"UPDATE {table} SET {COLUMN.get(table, 'id')} = {COLUMN.get(table, 'id')}"]
    if book.dialect == "postgresql":
        statements.append(f"TRUNCATE {table} CASCADE")
    for statement_ in statements:
        with pytest.raises(DBAPIError, match="append-only"), engine.connect() as connection:
            connection.exec_driver_sql(statement_)
    engine.dispose()
    assert verify(book) == []


def test_insert_or_replace_does_not_walk_past_the_triggers(book: Book) -> None:
    if book.dialect != "sqlite":
        pytest.skip("only SQLite has INSERT OR REPLACE")
    put(book, burning("1"))
    with pytest.raises(DBAPIError, match="append-only"), book.engine.connect() as connection:
        connection.exec_driver_sql("INSERT OR REPLACE INTO entry SELECT id, posted_at, day, period, book, kind, x'00' FROM entry")


def test_many_posters_at_once_lose_nothing_and_leave_no_gap(book: Book) -> None:
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda number: put(book, burning(str(number % 20), 10)), range(40)))
    assert sorted({receipt.ids[0] for receipt in receipts}) == list(range(20))
    assert sum(receipt.created for receipt in receipts) == 20
    assert amount_of(book, "atmosphere/") == -200
    assert verify(book) == []


def test_a_batch_in_which_two_entries_share_a_key_is_refused() -> None:
    one = burning("1")
    entries = pl.concat([one.entries, one.entries.with_columns(no=pl.lit(1, pl.Int64))])
    postings = pl.concat([one.postings, one.postings.with_columns(no=pl.lit(1, pl.Int64))])
    with pytest.raises(KeyReused):
        entry_batch(entries, postings, units=UNITS)
