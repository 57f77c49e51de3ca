"""What no batch may hold."""

from datetime import date

import polars as pl
import pytest

from ledger.entry import ENTRIES, POSTINGS, EntryBatch, entry_batch, new_key, one_entry, reverse
from ledger.errors import AmountTooLarge, MalformedEntry, UnbalancedEntry
from ledger.payload import payloads, read_payload
from tests.ledger.books import UNITS, burning

GOOD = [("a", "CO2", 1), ("b", "CO2", -1)]


def made(legs: list[tuple[str, str, int]], **other: object) -> EntryBatch:
    fields: dict[str, object] = {"key": bytes(16), "book": "physical", "kind": "emission", "day": date(2024, 1, 1), "units": UNITS}
    return one_entry(legs=legs, **(fields | other))  # type: ignore[arg-type]


@pytest.mark.parametrize("off", [1, -1, 7, 2**62])
def test_an_entry_that_does_not_balance_in_each_commodity_is_refused_with_the_sum(off: int) -> None:
    legs = [("a/b", "CO2", 5), ("c/d", "CO2", -5), ("a/b", "CH4", off), ("c/d", "CO2", 7), ("e", "CO2", -7)]
    with pytest.raises(UnbalancedEntry, match=rf"\(reference '月报'\) is out of balance by {off} in CH4"):
        made(legs, reference="月报")


def test_a_sum_that_wraps_around_in_64_bits_is_no_balance() -> None:
    with pytest.raises(UnbalancedEntry, match=str(2**64)):
        made([("a", "CO2", 2**62)] * 4)


@pytest.mark.parametrize("name", ["", "a//b", "a b/c", "/a", "a/", "a\n", "a\u3000b", "holder/" + "碳" * 90])
def test_an_account_name_of_another_form_is_refused(name: str) -> None:
    with pytest.raises(MalformedEntry, match="is no account name"):
        made([(name, "CO2", 1), ("b", "CO2", -1)])


@pytest.mark.parametrize(
    ("legs", "reason"),
    [
        ([], "it has no legs"),
        ([("a", "CO2", 0), ("b", "CO2", 0)], "the amount on a is zero"),
        ([("a", "CO2", 1), ("b", "CO2", -1)] * 5_001, "it has 10002 legs"),
        ([("a", "CO 2", 1), ("b", "CO 2", -1)], "no commodity code"),
        ([("a", "CO2", -(2**63)), ("b", "CO2", 2**62), ("b", "CO2", 2**62)], "."),
    ],
)
def test_an_entry_that_no_book_could_hold_is_refused(legs: list[tuple[str, str, int]], reason: str) -> None:
    with pytest.raises((MalformedEntry, AmountTooLarge), match=reason):
        made(legs)


@pytest.mark.parametrize(
    "other",
    [
        {"key": bytes(15)},
        {"evidence": bytes(31)},
        {"book": "Physical"},
        {"kind": ""},
        {"reference": ""},
        {"day": None},
        {"units": {"CO2": "grams per\nunit"}},
    ],
)
def test_a_field_of_another_form_is_refused(other: dict[str, object]) -> None:
    with pytest.raises(MalformedEntry):
        made(GOOD, **other)


@pytest.mark.parametrize(
    ("cell", "period", "amount"), [("", 202401, 1), ("a\n", 202401, 1), ("a", 202413, 1), ("a", 0, 1), ("a", 202401, None)]
)
def test_a_cell_of_another_form_is_refused(cell: str, period: int, amount: int | None) -> None:
    frame = pl.DataFrame({"cell": [cell], "period": [period], "commodity": ["CO2"], "amount": [amount], "count": [1]})
    with pytest.raises(MalformedEntry, match="cell "):
        made(GOOD, cells=frame)


def test_legs_belong_to_entries_of_the_batch_and_entries_are_numbered() -> None:
    good = made(GOOD)
    with pytest.raises(MalformedEntry, match="legs without an entry"):
        entry_batch(good.entries, pl.concat([good.postings, good.postings.with_columns(no=pl.lit(7, pl.Int64))]), units=UNITS)
    with pytest.raises(MalformedEntry, match="without a gap"):
        entry_batch(good.entries.with_columns(no=pl.lit(1, pl.Int64)), good.postings, units=UNITS)
    assert len(entry_batch(ENTRIES.to_frame(), POSTINGS.to_frame())) == 0


def text_of(batch: EntryBatch, *, entry_id: int = 7, posted_at_us: int = 1_795_572_000_123_456) -> str:
    units = pl.DataFrame({"commodity": list(UNITS), "unit": list(UNITS.values())})
    placed = batch.entries.with_columns(id=pl.lit(entry_id), posted_us=pl.lit(posted_at_us))
    return payloads(placed, batch.postings.join(units, on="commodity", maintain_order="left"), actor="local-admin").item().decode()


def test_the_canonical_bytes_of_an_entry_are_these_and_no_others() -> None:
    batch = made(GOOD, key=bytes(range(16)))
    assert text_of(batch) == (
        "16:tanzhang.entry.2,1:7,16:1795572000123456,8:physical,8:emission,10:2024-01-01,11:local-admin,"
        "32:000102030405060708090a0b0c0d0e0f,0:,0:,0:,0:,1:2,1:a,3:CO2,1:g,1:1,1:b,3:CO2,1:g,2:-1,"
    )


def test_lengths_in_the_canonical_bytes_count_bytes_of_utf8() -> None:
    legs = [("holder/碳/s01", "CO2", 2_167_437_703), ("atmosphere/330522", "CO2", -2_167_437_703)]
    batch = made(legs, key=bytes(16), reference="入炉煤月报", evidence=bytes(range(32)), reverses=3)
    assert text_of(batch) == (
        "16:tanzhang.entry.2,1:7,16:1795572000123456,8:physical,8:emission,10:2024-01-01,11:local-admin,"
        "32:00000000000000000000000000000000,15:入炉煤月报,64:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f,"
        "0:,1:3,1:2,14:holder/碳/s01,3:CO2,1:g,10:2167437703,17:atmosphere/330522,3:CO2,1:g,11:-2167437703,"
    )


def test_a_payload_reads_back_as_what_was_said() -> None:
    said = read_payload(text_of(burning("1")).encode())
    assert (said.id, said.book, said.day, said.reference, said.evidence) == (
        7,
        "physical",
        date(2024, 3, 31),
        "入炉煤月报 2024-03",
        bytes(range(32)),
    )
    assert [(leg.account, leg.commodity, leg.unit, leg.amount) for leg in said.legs][3] == (
        "atmosphere/330522/1A2",
        "CH4",
        "mg",
        -242_785_420,
    )


@pytest.mark.parametrize("cut", [1, 5, 40, 100])
def test_a_payload_of_another_form_is_refused(cut: int) -> None:
    payload = text_of(made(GOOD, key=new_key())).encode()
    for broken in (payload[:-cut], payload[cut:], b"", payload.replace(b"entry.2", b"entry.9"), payload + b"1:x,"):
        with pytest.raises(MalformedEntry, match="not of format"):
            read_payload(broken)


def test_a_reversal_turns_each_leg_around_and_keeps_the_day() -> None:
    said = read_payload(text_of(burning("1")).encode())
    batch = reverse([said], reason="wrong scale")
    assert batch.postings["amount"].to_list() == [-leg.amount for leg in said.legs]
    assert batch.entries.select("book", "kind", "day", "reference", "reverses").row(0) == (
        "physical", "reversal", date(2024, 3, 31), "wrong scale", 7,
    )  # fmt: skip
    assert batch.entries["key"].equals(reverse([said], reason="another reason").entries["key"])
