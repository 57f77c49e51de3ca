"""A file of entries is read as it stands or refused, with every fault at once: row, entry, reference, sums."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.audit import verify
from ledger.book import Book
from ledger.entry import INT64_MAX, LEGS_MAX
from ledger.intake import Intake, post_entries, read_entries
from ledger.leg_table import FAULTS_MAX, EntryFault, FaultyEntries, parse_leg_table
from ledger.opening import AccountOpening, close_account, open_accounts
from ledger.period import close_month
from ledger.principal import LOCAL_ADMIN
from ledger.reading import EntryFile, entries_of
from tests.ledger.books import NOW, amount_of

DAY = date(2026, 3, 5)
HEAD = "entry,day,account,commodity,amount"


def said(*lines: str, head: str = HEAD, book: str | None = None) -> EntryFile:
    return entries_of(parse_leg_table("\n".join([head, *lines, ""]).encode(), file="e.csv"), book=book)


def faults(*lines: str, head: str = HEAD) -> list[tuple[int | None, str | None, str]]:
    return [(one.row, one.entry, one.code) for one in sorted(said(*lines, head=head).faults, key=lambda one: one.row or 0)]


def move(
    entry: str, amount: object = 5, *, day: str = "2026-03-05", debit: str = "cash", credit: str = "sales", more: str = ""
) -> tuple[str, str]:
    """Two legs of CNY that balance; `more` are further cells."""
    text = str(amount)
    return f"{entry},{day},{debit},CNY,{text}{more}", f"{entry},{day},{credit},CNY,{text[1:] if text.startswith('-') else '-' + text}{more}"


def put(book: Book, file: EntryFile, *, open_all: bool = True, partial: bool = False) -> Intake:
    with book.writing() as session:
        return post_entries(session, file, LOCAL_ADMIN, now=NOW, open_accounts=open_all, partial=partial)


def refused(book: Book, file: EntryFile, *, open_all: bool = True) -> list[EntryFault]:
    """What the book says, having posted nothing."""
    before = log_size(book)
    with pytest.raises(FaultyEntries) as told:
        put(book, file, open_all=open_all)
    assert log_size(book) == before
    return list(told.value.faults)


def log_size(book: Book) -> int:
    with book.reading() as session:
        return int(session.connection().exec_driver_sql("SELECT size FROM head").scalar_one())


def test_legs_of_one_entry_need_not_stand_together() -> None:
    file = said("a,2026-03-05,cash,CNY,5", "b,2026-03-06,cash,CNY,7", "", "a,2026-03-05,sales,CNY,-5", "b,2026-03-06,sales,CNY,-7")
    assert file.faults == []
    assert file.entries.select("label", "row", "day").rows() == [("a", 2, date(2026, 3, 5)), ("b", 3, date(2026, 3, 6))]
    assert file.postings.select("row", "no", "amount").rows() == [(2, 0, 5), (3, 1, 7), (5, 0, -5), (6, 1, -7)]


def test_every_fault_is_told_at_once_with_its_row_and_entry() -> None:
    lines = [
        "u,2026-03-05,cash,CNY,100",
        "u,2026-03-05,sales,CNY,-99",
        "d,2026-02-30,a b,C O2,1.5",
        "n,2026-03-05,,,",
        ",2026-03-05,a,CNY,1",
        "s,2026-03-05,a",
    ]
    assert faults(*lines) == [
        (2, "u", "entry.unbalanced"), (4, "d", "day.malformed"), (4, "d", "account.malformed"), (4, "d", "commodity.malformed"),
        (4, "d", "amount.malformed"), (5, "n", "entry.malformed"), (6, None, "cell.missing"), (7, None, "row.fields"),
    ]  # fmt: skip


def test_an_entry_out_by_one_unit_is_told_with_its_reference_and_sums() -> None:
    head = HEAD + ",reference"
    told = said(
        "u,2026-03-05,cash,CNY,100,R-7", "u,2026-03-05,sales,CNY,-99,", "u,2026-03-05,x,CO2,3,", "u,2026-03-05,y,CO2,-5,", head=head
    ).faults
    assert [one.code for one in told] == ["entry.unbalanced"]
    assert str(told[0]) == (
        "e.csv:2: entry 'u' (reference 'R-7'): debits 100 and credits 99 CNY are out of balance by 1; "
        "debits 3 and credits 5 CO2 are out of balance by -2: its legs must sum to 0"
    )


@pytest.mark.parametrize(
    ("amount", "code", "why"),
    [("1.5", "amount.malformed", "whole numbers"), ("1e3", "amount.malformed", "whole numbers"), ("1,000", "row.fields", "comma"),
     ('"1,000"', "amount.malformed", "separators"), ("1 000", "amount.malformed", "separators"), ("+5", "amount.malformed", "ASCII"),
     ("05", "amount.malformed", "leading zero"), ("５", "amount.malformed", "ASCII"), ("NaN", "amount.malformed", "ASCII"), ("-", "amount.malformed", "ASCII"),
     ("0x10", "amount.malformed", "ASCII"), ("0", "entry.malformed", "0 says nothing"), (str(INT64_MAX + 1), "amount.too-large", "64 bits"),
     (str(-INT64_MAX - 1), "amount.too-large", "64 bits"), ("9" * 5_000, "amount.too-large", "64 bits")],
)  # fmt: skip
def test_an_amount_is_a_whole_number_of_64_bits_or_refused(amount: str, code: str, why: str) -> None:
    (told,) = said(f"a,2026-03-05,cash,CNY,{amount}").faults
    assert (told.row, told.code) == (2, code)
    assert why in told.reason
    assert len(told.reason) < 300


@given(st.integers(1, INT64_MAX))
def test_an_amount_is_read_exactly(amount: int) -> None:
    file = said(*move("a", amount))
    assert file.faults == []
    assert file.postings["amount"].to_list() == [amount, -amount]


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters='"\0\n\r,'), max_size=30),
    st.sampled_from(["account", "amount", "day", "commodity", "entry"]),
)
def test_a_hostile_cell_is_a_fault_or_read_as_it_stands(text: str, column: str) -> None:
    cells = {"entry": "a", "day": "2026-03-05", "account": "cash", "commodity": "CNY", "amount": "5"} | {column: text}
    file = said(",".join(cells.values()), *([] if column == "entry" else move("b")))
    if not any(fault.row == 2 and fault.column == column for fault in file.faults):
        row = file.postings.filter(pl.col("row") == 2).join(file.entries.select("no", "label", "day"), on="no").row(0, named=True)
        assert str(row["label" if column == "entry" else column]) == text


def test_ten_thousand_legs_are_an_entry_and_one_more_is_none() -> None:
    def lines(count: int) -> list[str]:
        return [f"a,2026-03-05,x{n},CNY,1" for n in range(count - 1)] + [f"a,2026-03-05,y,CNY,-{count - 1}"]

    assert said(*lines(LEGS_MAX)).faults == []
    (told,) = said(*lines(LEGS_MAX + 1)).faults
    assert (told.row, told.code) == (2, "entry.malformed")
    assert "10,001 legs" in told.reason


def test_what_belongs_to_an_entry_is_the_same_on_all_its_rows() -> None:
    head = HEAD + ",reference,kind"
    assert faults("a,2026-03-05,cash,CNY,5,R,sale", "a,2026-03-05,sales,CNY,-5,,", head=head) == []
    assert faults("a,2026-03-05,cash,CNY,5,R,sale", "a,2026-03-06,sales,CNY,-5,S,", head=head) == [(2, "a", "entry.malformed")] * 2
    assert faults("a,2026-03-05,cash,CNY,5,R,SALE", "a,2026-03-05,sales,CNY,-5,,", head=head) == [(2, "a", "kind.malformed")]


def test_a_reference_is_one_entrys() -> None:
    head = HEAD + ",reference"
    assert faults(*move("a", more=",R"), *move("b", more=",R"), *move("c", more=","), *move("d", more=","), head=head) == [
        (2, "a", "key.reused"),
        (4, "b", "key.reused"),
    ]


def test_a_commodity_has_one_unit() -> None:
    head = HEAD + ",unit"
    file = said(*move("a", more=",fen"), *move("b", more=",yuan"), head=head)
    assert [(one.row, one.code) for one in file.faults] == [(4, "account.misused")]
    assert [(one.row, one.code) for one in said(*move("a", more=",1g"), head=head).faults] == [(2, "unit.malformed"), (3, "unit.malformed")]


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "file.empty"), (b"\xef\xbb\xbf \n", "file.empty"), (HEAD.encode(), "file.empty"), ("借方".encode("gbk"), "file.encoding"), (b"a\0b", "file.type"),
     (b"entry,day,account,amount\n", "column.missing"), ((HEAD + ",amount\n").encode(), "column.twice"), ((HEAD + ",colour\n").encode(), "column.unknown"),
     ((HEAD + '\n"a,b\n').encode(), "file.truncated")],
)  # fmt: skip
def test_a_file_that_is_no_table_of_legs_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(FaultyEntries) as told:
        parse_leg_table(data, file="e.csv")
    assert [one.code for one in told.value.faults] == [code]


def test_a_byte_order_mark_and_windows_line_ends_are_no_fault() -> None:
    file = entries_of(parse_leg_table(b"\xef\xbb\xbf" + "\r\n".join([HEAD, *move("a"), ""]).encode(), file="e.csv"))
    assert (file.faults, file.entries.height) == ([], 1)


def test_no_more_faults_are_told_than_anybody_reads() -> None:
    file = said(*(f"e{n},2026-03-05,a,CNY,x" for n in range(FAULTS_MAX + 500)))
    told = FaultyEntries(file.faults).faults
    assert len(told) == FAULTS_MAX + 1
    assert "faults more" in told[-1].reason


def test_parquet_reads_as_csv_does(tmp_path: Path) -> None:
    rows = {
        "entry": [7, 7],
        "day": [DAY, DAY],
        "account": ["cash", "sales"],
        "commodity": ["CNY", "CNY"],
        "amount": [INT64_MAX, -INT64_MAX],
    }
    pl.DataFrame(rows).write_parquet(tmp_path / "e.parquet")
    file = read_entries(tmp_path / "e.parquet")
    assert file.faults == []
    assert file.postings["amount"].to_list() == [INT64_MAX, -INT64_MAX]
    assert file.entries.select("label", "day").rows() == [("7", DAY)]


@pytest.mark.parametrize("amounts", [[1.5, -1.5], [[1], [2]], [b"1", b"2"], [True, False]])
def test_parquet_of_other_types_is_refused(tmp_path: Path, amounts: list[object]) -> None:
    pl.DataFrame(
        {"entry": ["a", "a"], "day": [DAY, DAY], "account": ["x", "y"], "commodity": ["CNY", "CNY"], "amount": amounts}
    ).write_parquet(tmp_path / "e.parquet")
    with pytest.raises(FaultyEntries, match="amount: the column is"):
        read_entries(tmp_path / "e.parquet")


@given(st.binary(max_size=300))
def test_bytes_that_are_no_parquet_are_refused(data: bytes) -> None:
    with pytest.raises(FaultyEntries):
        parse_leg_table(b"PAR1" + data + b"PAR1", file="e.parquet")


def test_the_same_file_posts_once_and_so_does_a_reference_in_another_file(book: Book) -> None:
    head = HEAD + ",reference"
    one = said(*move("a", more=",R1"), *move("b", more=","), head=head)
    assert (put(book, one).created, put(book, one).repeated) == (2, 2)
    longer = put(book, said(*move("x", more=",R1"), *move("y", more=",R2"), head=head))
    assert (longer.created, longer.repeated) == (1, 1)
    assert amount_of(book, "cash", "CNY") == 15
    (told,) = refused(book, said(*move("a", 6, more=",R1"), head=head))
    assert (told.row, told.entry, told.reference, told.code) == (2, "a", "R1", "key.reused")
    assert verify(book) == []


def test_an_unknown_account_is_refused_unless_accounts_are_opened(book: Book) -> None:
    told = refused(book, said(*move("a"), *move("b")), open_all=False)
    assert [(one.row, one.entry, one.code) for one in told] == [(2, "a", "account.unknown"), (4, "b", "account.unknown")]
    assert "--open-accounts" in told[0].reason
    with book.writing() as session:
        openings = [AccountOpening(book="ledger", name=name, commodity="CNY", unit="fen") for name in ("cash", "sales")]
        open_accounts(session, openings, LOCAL_ADMIN, now=NOW, day=DAY)
    assert put(book, said(*move("a")), open_all=False).named == ()
    wrong = said("a,2026-03-05,cash,CO2,5", "a,2026-03-05,sales,CO2,-5")
    assert [one.code for one in refused(book, wrong, open_all=False)] == ["account.unknown"], "the wrong commodity"
    other = said(*move("z", more=",yuan"), head=HEAD + ",unit")
    assert [(one.row, one.column) for one in refused(book, other)] == [(2, "unit")]


def test_what_the_book_refuses_is_told_together_with_what_is_wrong_in_the_file(book: Book) -> None:
    put(book, said(*move("open"), *move("shut", debit="old")))
    with book.writing() as session:
        close_account(session, "old", "CNY", LOCAL_ADMIN, now=NOW, day=DAY)
        close_month(session, 2026_01, LOCAL_ADMIN, now=NOW, day=DAY)
        open_accounts(session, [AccountOpening(book="ledger", name="purse", commodity="CNY", floor=0)], LOCAL_ADMIN, now=NOW, day=DAY)
    lines = [*move("a", "1.5"), *move("b", debit="old"), *move("c", day="2026-01-31"), *move("d", -5, debit="purse"), *move("good")]
    told = refused(book, said(*lines))
    assert [(one.row, one.entry, one.code) for one in told] == [
        (2, "a", "amount.malformed"), (3, "a", "amount.malformed"), (4, "b", "account.closed"), (6, "c", "period.closed"), (8, "d", "account.overdraft"),
    ]  # fmt: skip
    assert "of the batch" not in str(told[2])
    done = put(book, said(*lines), partial=True)
    assert (done.created, [one.entry for one in done.refused]) == (1, ["a", "a", "b", "c", "d"])
    assert verify(book) == []


def test_a_row_of_no_entry_stops_a_file_that_is_posted_in_part(book: Book) -> None:
    with pytest.raises(FaultyEntries):
        put(book, said(",2026-03-05,cash,CNY,5", *move("b")), partial=True)
    assert log_size(book) == 0


def test_a_balance_that_would_not_fit_names_the_leg_that_takes_it_there(book: Book) -> None:
    put(book, said(*move("a", INT64_MAX - 5)))
    assert put(book, said(*move("b", 5, day="2026-03-06"))).created == 1
    told = refused(book, said(*move("c", -1), *move("d", 1), *move("e", 1)))
    assert [(one.row, one.entry, one.code) for one in told] == [(6, "e", "amount.too-large"), (7, "e", "amount.too-large")]
    assert f"'cash' holds {INT64_MAX:,} CNY, and +1 more" in told[0].reason


def test_an_account_of_another_book_is_told_by_row(book: Book) -> None:
    put(book, said(*move("a")))
    (told,) = refused(book, said(*move("n", debit="new", credit="newer"), *move("b"), book="points"))
    assert (told.row, told.entry, told.code) == (4, "b", "account.misused")


def test_many_legs_are_read_alike_in_any_order() -> None:
    number = pl.int_range(50_000, eager=True)
    debits = pl.DataFrame({"entry": number, "account": "a/" + (number % 97).cast(pl.String), "amount": number + 1})
    legs = pl.concat([debits, debits.with_columns(account=pl.lit("b"), amount=-pl.col("amount"))]).with_columns(
        day=pl.lit("2026-03-05"), commodity=pl.lit("CO2")
    )
    read = [
        entries_of(parse_leg_table(part.write_csv().encode(), file="e.csv"))
        for part in (legs, legs.sample(fraction=1, shuffle=True, seed=1))
    ]
    assert [one.faults for one in read] == [[], []]
    sums = [one.postings.group_by("account").agg(pl.col("amount").sum()).sort("account") for one in read]
    assert sums[0].equals(sums[1])
    assert [one.entries.height for one in read] == [50_000, 50_000]
