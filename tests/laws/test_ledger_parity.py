"""Whatever is posted, both engines say the same, and what twenty lines of Python say that only add up."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ledger.audit import verify
from ledger.balances import balances, cells, entry, log_size, statement
from ledger.book import Book
from ledger.entry import CELLS, ENTRIES, POSTINGS, EntryBatch, entry_batch, new_key
from ledger.errors import AmountTooLarge
from ledger.journal import post
from ledger.principal import LOCAL_ADMIN

START = date(2023, 11, 1)
UNITS = {"CO2": "g", "N2O": "mg"}
ACCOUNTS = ["holder/a/s1/scope1/1A2", "holder/a/s1/scope1/1A1", "holder/碳/s1", "holder/b", "atmosphere/330522/1A2"]

amounts = st.integers(-(2**61), 2**61).filter(bool) | st.integers(1, 10)
leg = st.tuples(st.sampled_from(ACCOUNTS[:-1]), st.sampled_from(sorted(UNITS)), amounts)
one_entry = st.tuples(st.integers(0, 90), st.lists(leg, min_size=1, max_size=4), st.none() | st.sampled_from(["月报", "a'b\"c\\", "\n"]))


def batch_of(drawn: list[tuple[int, list[tuple[str, str, int]], str | None]]) -> EntryBatch:
    """Each leg against the atmosphere, and a cell for each leg."""
    entries, legs, sums = [], [], []
    for no, (offset, sides, reference) in enumerate(drawn):
        day = START + timedelta(days=offset)
        entries.append((no, new_key(), "physical", "emission", day, reference, None, None, None))
        for account, commodity, amount in sides:
            legs += [(no, account, commodity, amount), (no, ACCOUNTS[-1], commodity, -amount)]
            sums.append((f"physical|{account}", day.year * 100 + day.month, commodity, amount, 1))
    frames = ((entries, ENTRIES), (legs, POSTINGS), (sums, CELLS))
    return entry_batch(*(pl.DataFrame(rows, schema=schema, orient="row") for rows, schema in frames), units=UNITS)


def said(book: Book) -> dict[str, pl.DataFrame]:
    """Everything that the readers say."""
    month = date(2023, 12, 1)
    with book.reading() as session:
        if not log_size(session):
            return {}
        found = {
            "balances": balances(session, accounts=["holder/", "atmosphere/"]),
            "cells": cells(session),
            "known": cells(session, known=datetime(2024, 1, 3, tzinfo=UTC)),
        }
        for row in found["balances"].iter_rows(named=True):
            found[f"statement {row['account']} {row['commodity']}"] = statement(session, row["account"], row["commodity"], limit=1_000)
        try:
            found["turnover"] = balances(session, accounts="holder/", since=month, until=month + timedelta(days=30))
        except AmountTooLarge:
            found["turnover"] = pl.DataFrame({"too": ["large"]})
        last = entry(session, log_size(session) - 1)
        return found | {"last": pl.DataFrame({"payload": [last.payload], "root": [last.log_root]})}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.lists(one_entry, min_size=1, max_size=4))
def test_both_engines_and_plain_addition_agree(
    book_on_both: tuple[Book, Book], drawn: list[tuple[int, list[tuple[str, str, int]], str | None]]
) -> None:
    batch = batch_of(drawn)
    outcomes = []
    for book in book_on_both:
        try:
            with book.writing() as session:
                outcomes.append(post(session, batch, LOCAL_ADMIN, now=datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=log_size(session))))
        except AmountTooLarge as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]
    sqlite, postgresql = (said(book) for book in book_on_both)
    assert sqlite.keys() == postgresql.keys()
    for name, frame in sqlite.items():
        assert_frame_equal(frame, postgresql[name])
    if sqlite:
        model: dict[tuple[str, str], int] = defaultdict(int)
        for name in sqlite:
            if name.startswith("statement "):
                _, account, commodity = name.split(" ")
                model[account, commodity] += sum(sqlite[name]["amount"])
        kept = {(row["account"], row["commodity"]): row["amount"] for row in sqlite["balances"].iter_rows(named=True)}
        assert kept == model
        assert sqlite["balances"]["amount"].cast(pl.Int128).sum() == 0


def test_a_book_that_both_engines_filled_alike_passes_its_audit(book_on_both: tuple[Book, Book]) -> None:
    batch = batch_of([(number, [(ACCOUNTS[number % 4], "CO2", 10**number)], None) for number in range(12)])
    roots = set()
    for book in book_on_both:
        with book.writing() as session:
            post(session, batch, LOCAL_ADMIN, now=datetime(2024, 1, 1, tzinfo=UTC))
        with book.reading() as session:
            roots.add(entry(session, 0).log_root)
        assert verify(book) == []
    assert len(roots) == 1
