"""A single entry is held to the same laws as a batch, though most are seen without its checks."""

from datetime import date
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.entry import ENTRIES, POSTINGS, EntryBatch, entry_batch, one_entry
from ledger.errors import LedgerError

NAMES = st.one_of(
    st.sampled_from(
        ["holder/h1/s01/scope1/1A2", "atmosphere/330106/1A2", "a", "a//b", "/a", "a/", "a b/c", "a\u0085b", "a/\x7f", "企业/一", ""]
    ),
    st.text(st.characters(codec="utf-8"), max_size=8),
    st.integers(238, 242).map(lambda size: "n" * size),
)
AMOUNTS = st.one_of(st.integers(-3, 3), st.sampled_from([2**63 - 1, -(2**63) + 1, 10**18]))
LEGS = st.lists(st.tuples(NAMES, st.sampled_from(["CO2", "CH4", "9x", "", "CO2 e"]), AMOUNTS), max_size=4)
WORDS = st.sampled_from(["physical", "emission", "a-1", "", "Physical", "x" * 33, "a b", "a\n"])


def batch(fields: dict[str, Any], legs: list[tuple[str, str, int]]) -> EntryBatch:
    rows = [{"no": 0, "account": account, "commodity": commodity, "amount": amount} for account, commodity, amount in legs]
    return entry_batch(pl.DataFrame([{"no": 0, **fields}], schema=ENTRIES), pl.DataFrame(rows, schema=POSTINGS), units={"CO2": "g"})


def outcome(act: Any) -> tuple[str, str] | EntryBatch:
    try:
        made: EntryBatch = act()
    except LedgerError as error:
        return type(error).__name__, str(error)
    return made


@settings(max_examples=400)
@given(
    legs=LEGS, balanced=st.booleans(), book=WORDS, kind=WORDS, key=st.sampled_from([b"k" * 16, b"k" * 15, b""]),
    evidence=st.sampled_from([None, b"e" * 32, b"e"]), reference=st.sampled_from([None, "r", ""]),
)  # fmt: skip
def test_one_entry_is_taken_or_refused_as_a_batch_of_it_is(
    legs: list[tuple[str, str, int]], balanced: bool, book: str, kind: str, key: bytes, evidence: bytes | None, reference: str | None
) -> None:
    if balanced:
        legs = [*legs, *((account, commodity, -amount) for account, commodity, amount in legs)]
    fields = {"key": key, "book": book, "kind": kind, "day": date(2023, 7, 1), "reference": reference, "evidence": evidence}
    fields |= {"detail": None, "reverses": None}
    alone, together = outcome(lambda: one_entry(legs=legs, units={"CO2": "g"}, **fields)), outcome(lambda: batch(fields, legs))
    if isinstance(together, tuple) or isinstance(alone, tuple):
        assert alone == together
        return
    assert alone.entries.equals(together.entries)
    assert alone.postings.equals(together.postings)
    assert (alone.cells.height, dict(alone.units)) == (0, dict(together.units))
