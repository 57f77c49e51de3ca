"""What an export says is what the book holds: names come back, the real tools agree, Parquet fills an empty book with the same balances."""

import csv
import io
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import beancount, hledger
from ledger.audit import verify
from ledger.book import Book
from ledger.commodity import CODE
from ledger.entry import client_key, one_entry
from ledger.export import LEGS, Exported, Format, Span, export
from ledger.intake import post_entries, read_entries
from ledger.journal import post, reverse_entries
from ledger.opening import AccountOpening, open_accounts
from ledger.principal import LOCAL_ADMIN
from ledger.roster import roster
from tests.ledger.books import NOW

DAY = date(2026, 3, 5)
ALL = Span()
BEAN_CHECK = Path(sys.executable).with_name("bean-check")
NAMES = st.lists(
    st.text(st.one_of(st.sampled_from("xXzZaA09-_.%:;()'\"é碳账中"), st.characters(exclude_categories=["Cs", "Cc", "Z"])), min_size=1, max_size=8)
    .filter(lambda part: not any(char.isspace() or char == "/" for char in part)),
    min_size=1, max_size=3,
).map("/".join)  # fmt: skip
CODES = st.one_of(
    st.from_regex(CODE, fullmatch=True), st.sampled_from(["TRUE", "true", "C", "c", "X", "x", "CO2e.AR5.100", "CH4.fossil", "a-", "A_"])
)

needs_beancount = pytest.mark.skipif(
    not BEAN_CHECK.exists(), reason="NO BEANCOUNT: the real tool was not asked; `pip install beancount` brings it"
)
needs_hledger = pytest.mark.skipif(
    shutil.which("hledger") is None, reason="NO HLEDGER: the real tool was not asked; install the package hledger"
)


def full(book: Book) -> None:
    """Entries of every kind that names and amounts can make hard for another tool."""
    moves: list[tuple[str, str, date, list[tuple[str, str, int]], str | None]] = [
        ("1", "ledger", DAY, [("现金/库存", "CNY", 2**63 - 1), ("sales", "CNY", 1 - 2**63)], "入炉煤, \"月报\" \\ 100% ; x:y\nz"),
        ("2", "ledger", date(2024, 2, 29), [("a", "CO2e.AR5.100", 5), ("a/b", "CO2e.AR5.100", 7), ("a/b/c", "CO2e.AR5.100", -12)], None),
        ("3", "ledger", date(1, 1, 1), [("x", "CH4.fossil", 1), ("X", "CH4.fossil", 2), ("xX", "CH4.fossil", -3)], "R3"),
        ("4", "points", date(2026, 12, 31), [("holder/a-b_c/p%:;(x)", "TRUE", 10), ("sponsor/-/1A2", "TRUE", -10)], None),
        ("5", "points", DAY, [("holder/a-b_c/p%:;(x)", "C", 1), ("sponsor/-/1A2", "C", -1)], None),
    ]  # fmt: skip
    with book.writing() as session:
        opening = AccountOpening(book="ledger", name="sales", commodity="CNY", unit="fen", side="credit")
        open_accounts(session, [opening], LOCAL_ADMIN, now=NOW, day=DAY)
        for key, into, day, legs, reference in moves:
            units = {code: "fen" if code == "CNY" else "g" for _, code, _ in legs}
            batch = one_entry(key=client_key("t", key), book=into, kind="move", day=day, legs=legs, units=units, reference=reference)
            post(session, batch, LOCAL_ADMIN, now=NOW)
        reverse_entries(session, [2], LOCAL_ADMIN, now=NOW, reason="by mistake")


def written(book: Book, form: Format, target: Path, span: Span = ALL) -> Exported:
    with book.reading() as session, target.open("wb") as sink:
        return export(session, sink, form, span)


def held(book: Book) -> dict[tuple[str, str], int]:
    with book.reading() as session:
        return {(row["account"], row["commodity"]): row["amount"] for row in roster(session).iter_rows(named=True) if row["count"]}


def by_beancount(path: Path) -> dict[tuple[str, str], int]:
    """What beancount itself adds up, under the book's own names."""
    from beancount import loader
    from beancount.core import data

    entries: Any
    entries, errors, _ = loader.load_file(str(path))
    assert errors == []
    sums: dict[tuple[str, str], int] = {}
    for entry in entries:
        legs: Any = entry.postings if isinstance(entry, data.Transaction) else ()
        for leg in legs:
            at = beancount.original_account(leg.account), beancount.original_code(leg.units.currency)
            sums[at] = sums.get(at, 0) + int(leg.units.number)
    return sums


def by_hledger(path: Path) -> dict[tuple[str, str], int]:
    """What hledger itself adds up, under the book's own names."""
    told = hledger_run(path, "balance", "--flat", "-N", "-E", "-O", "csv", "--layout", "bare").stdout
    rows = csv.DictReader(io.StringIO(told))
    return {
        (hledger.original_account(row["account"]), row["commodity"]): int(row["balance"])
        for row in rows
        if row["balance"] != "0" or row["commodity"]
    }


def hledger_run(path: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["hledger", "-f", str(path), *arguments],
        capture_output=True,
        text=True,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin"},
        check=False,
    )


def without_zeros(sums: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    return {at: amount for at, amount in sums.items() if amount}


@given(NAMES, st.sampled_from(["debit", "credit"]))
def test_an_account_comes_back_from_either_tools_name(name: str, side: str) -> None:
    assert beancount.original_account(beancount.account_name(name, side)) == name
    assert hledger.original_account(hledger.account_name(name)) == name


@given(NAMES, NAMES)
def test_two_accounts_never_share_a_name(one: str, other: str) -> None:
    assert (beancount.account_name(one) == beancount.account_name(other)) == (one == other)
    assert (hledger.account_name(one) == hledger.account_name(other)) == (one == other)


@given(CODES)
def test_a_commodity_comes_back_from_its_currency(code: str) -> None:
    assert beancount.original_code(beancount.currency(code)) == code


@needs_beancount
@given(NAMES, CODES)
def test_every_name_is_one_of_beancounts(name: str, code: str) -> None:
    from beancount.core import account, amount
    from beancount.parser import parser

    made, currency = beancount.account_name(name), beancount.currency(code)
    assert account.is_valid(made), made
    assert re.fullmatch(amount.CURRENCY_RE, currency), currency
    entries: Any
    entries, errors, _ = parser.parse_string(f"2024-01-01 open {made} {currency}\n")
    assert (errors, entries[0].account, entries[0].currencies) == ([], made, [currency])


@needs_beancount
def test_beancount_accepts_the_book_and_agrees_on_every_balance(book: Book, tmp_path: Path) -> None:
    full(book)
    target = tmp_path / "book.beancount"
    assert written(book, Format.BEANCOUNT, target) == Exported(7, 15)
    told = subprocess.run([BEAN_CHECK, target], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout + told.stderr) == (0, "")
    assert without_zeros(by_beancount(target)) == without_zeros(held(book))
    text = target.read_text(encoding="utf-8")
    target.write_text(text.replace(" 10 TRUE'0", " 11 TRUE'0", 1).replace(" -10 TRUE'0", " -11 TRUE'0", 1), encoding="utf-8")
    assert subprocess.run([BEAN_CHECK, target], capture_output=True, check=False).returncode != 0, "a changed leg is found by the tool"


@needs_hledger
def test_hledger_accepts_the_book_and_agrees_on_every_balance(book: Book, tmp_path: Path) -> None:
    full(book)
    target = tmp_path / "book.hledger"
    assert written(book, Format.HLEDGER, target) == Exported(7, 15)
    told = hledger_run(target, "check", "--strict")
    assert (told.returncode, told.stderr) == (0, "")
    assert without_zeros(by_hledger(target)) == without_zeros(held(book))
    text = target.read_text(encoding="utf-8")
    target.write_text(text.replace(' 10 "TRUE"', ' 11 "TRUE"', 1).replace(' -10 "TRUE"', ' -11 "TRUE"', 1), encoding="utf-8")
    assert hledger_run(target, "check").returncode != 0, "a changed leg is found by the tool"


@needs_hledger
@given(names=st.lists(NAMES, min_size=2, max_size=6, unique=True))
@settings(max_examples=15)
def test_every_name_is_one_of_hledgers(names: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    target = tmp_path_factory.mktemp("names") / "n.hledger"
    made = [hledger.account_name(name) for name in names]
    legs = "".join(f'    {name}    {number + 1} "CO2"\n' for number, name in enumerate(made))
    target.write_text("2024-01-01 x\n" + legs + f'    rest-of-all    {-sum(range(1, len(made) + 1))} "CO2"\n', encoding="utf-8")
    told = without_zeros(by_hledger(target))
    expected: dict[tuple[str, str], int] = {("rest-of-all", "CO2"): -sum(range(1, len(made) + 1))}
    for number, name in enumerate(names):
        expected[name, "CO2"] = expected.get((name, "CO2"), 0) + number + 1
    assert told == without_zeros(expected)


def test_every_entry_carries_its_place_key_and_reference(book: Book, tmp_path: Path) -> None:
    full(book)
    key = client_key("t", "3").hex()
    for form in (Format.BEANCOUNT, Format.HLEDGER):
        target = tmp_path / form.value
        written(book, form, target)
        lines = [line.strip(" ;") for line in target.read_text(encoding="utf-8").splitlines()]
        quote = '"' if form is Format.BEANCOUNT else ""
        assert [line for line in lines if line.startswith("id: ")] == [f"id: {quote}{place}{quote}" for place in range(7)]
        assert {f"key: {quote}{key}{quote}", f"reference: {quote}R3{quote}", f"reverses: {quote}2{quote}"} <= set(lines)


@needs_beancount
@needs_hledger
def test_a_span_of_days_or_one_book_is_asserted_as_its_turnover(book: Book, tmp_path: Path) -> None:
    full(book)
    spans = [
        Span(since=date(2024, 1, 1), until=DAY),
        Span(book="points"),
        Span(until=date(2024, 12, 31)),
        Span(since=DAY, book="ledger"),
        Span(book="none"),
    ]
    for span in spans:
        written(book, Format.PARQUET, tmp_path / "p.parquet", span)
        legs = pl.read_parquet(tmp_path / "p.parquet").drop_nulls("account").group_by("account", "commodity").agg(pl.col("amount").sum())
        sums = without_zeros({(account, code): amount for account, code, amount in legs.iter_rows()})
        written(book, Format.BEANCOUNT, tmp_path / "b.beancount", span)
        written(book, Format.HLEDGER, tmp_path / "h.hledger", span)
        assert without_zeros(by_beancount(tmp_path / "b.beancount")) == sums
        assert hledger_run(tmp_path / "h.hledger", "check").returncode == 0
        assert without_zeros(by_hledger(tmp_path / "h.hledger")) == sums


def test_parquet_has_the_columns_it_says_and_fills_an_empty_book_with_the_same_balances(
    make_book: Callable[[], Book], tmp_path: Path
) -> None:
    book, empty = make_book(), make_book()
    full(book)
    target = tmp_path / "book.parquet"
    assert written(book, Format.PARQUET, target) == Exported(7, 15)
    assert pl.read_parquet_schema(target) == dict(LEGS)
    with empty.writing() as session:
        done = post_entries(session, read_entries(target), LOCAL_ADMIN, now=NOW, open_accounts=True)
    assert (done.created, done.rulings, done.refused) == (6, 1, ())
    assert held(empty) == held(book)
    assert verify(empty) == []
    with empty.writing() as session:
        again = post_entries(session, read_entries(target), LOCAL_ADMIN, now=NOW)
    assert (again.created, again.repeated) == (0, 6)


@given(
    amounts=st.lists(st.integers(1 - 2**40, 2**40).filter(bool), min_size=1, max_size=6),
    name=NAMES,
    reference=st.none() | st.text(min_size=1, max_size=9),
)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_exported_posts_to_the_same_balances(
    book_on_both: tuple[Book, Book], tmp_path: Path, amounts: list[int], name: str, reference: str | None
) -> None:
    """From SQLite to PostgreSQL: both books grow example by example, and stay alike."""
    one, other = book_on_both
    with one.writing() as session:
        for amount in amounts:
            legs = [(f"n/{name}", "CO2", amount), ("rest", "CO2", -amount)]
            number = session.connection().exec_driver_sql("SELECT size FROM head").scalar_one()
            batch = one_entry(
                key=client_key("h", str(number)), book="ledger", kind="move", day=DAY, legs=legs, units={"CO2": "g"}, reference=reference
            )
            post(session, batch, LOCAL_ADMIN, now=NOW)
    written(one, Format.PARQUET, tmp_path / "all.parquet")
    with other.writing() as session:
        assert post_entries(session, read_entries(tmp_path / "all.parquet"), LOCAL_ADMIN, now=NOW, open_accounts=True).created == len(
            amounts
        )
    assert held(other) == held(one)
