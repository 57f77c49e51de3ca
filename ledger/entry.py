"""Entries before they are posted: balanced per commodity by construction, of any number of legs up to `LEGS_MAX`."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl
from uuid6 import uuid7

from ledger.account import NAME_BYTES_MAX, NAME_PATTERN
from ledger.commodity import check_commodity
from ledger.errors import AmountTooLarge, KeyReused, MalformedEntry, UnbalancedEntry
from ledger.payload import Payload

LEGS_MAX = 10_000
INT64_MAX = 2**63 - 1
_WORD = r"^[a-z][a-z0-9\-]{0,31}$"
_PLAIN_WORD, _PLAIN_NAME = re.compile(_WORD), re.compile(NAME_PATTERN)

ENTRIES = pl.Schema(
    {
        "no": pl.Int64,  # 0, 1, 2 … within the batch
        "key": pl.Binary,  # 16 bytes, unique over all time
        "book": pl.String,
        "kind": pl.String,
        "day": pl.Date,  # when it happened
        "reference": pl.String,  # business reference, or null
        "evidence": pl.Binary,  # SHA-256 of what proves it, or null
        "detail": pl.String,  # what the ledger itself enforces from it (a hold, lots, a rule), as canonical JSON, or null
        "reverses": pl.Int64,  # id of the entry that this one reverses, or null
    }
)
POSTINGS = pl.Schema({"no": pl.Int64, "account": pl.String, "commodity": pl.String, "amount": pl.Int64})
CELLS = pl.Schema({"cell": pl.String, "period": pl.Int32, "commodity": pl.String, "amount": pl.Int64, "count": pl.Int64})


@dataclass(frozen=True, slots=True)
class EntryBatch:
    """Entries that are posted together or not at all. Make one with `entry_batch`, which is what makes it balanced."""

    entries: pl.DataFrame
    postings: pl.DataFrame
    cells: pl.DataFrame
    units: Mapping[str, str]

    def __len__(self) -> int:
        return self.entries.height


def entry_batch(
    entries: pl.DataFrame, postings: pl.DataFrame, cells: pl.DataFrame | None = None, *, units: Mapping[str, str] | None = None
) -> EntryBatch:
    """A batch whose every entry has legs and sums to zero in each commodity, or an error that names the first that does not.

    `entries`, `postings`, `cells` have the schemas `ENTRIES`, `POSTINGS`, `CELLS`; the legs of an entry keep their order. `units` gives the
    smallest unit of each commodity, in which amounts are; the book keeps it from the first entry on, and only then may it be left out.
    Raises UnbalancedEntry, MalformedEntry, AmountTooLarge, KeyReused (one key twice in the batch).
    """
    if "detail" not in entries.columns:
        entries = entries.with_columns(detail=pl.lit(None, pl.String))
    entries = entries.select(ENTRIES.names()).cast(ENTRIES).sort("no")
    postings = postings.select(POSTINGS.names()).cast(POSTINGS).sort("no", maintain_order=True)
    cells = (CELLS.to_frame() if cells is None else cells.select(CELLS.names())).cast(CELLS)
    units = dict(units or {})
    for code in sorted({*postings["commodity"].drop_nulls().unique(), *cells["commodity"].drop_nulls().unique()}):
        check_commodity(code, units.get(code))
    _check_entries(entries)
    _check_postings(entries, postings)
    _check_cells(cells)
    return EntryBatch(entries, postings, cells, units)


def _check_entries(entries: pl.DataFrame) -> None:
    if not entries["no"].equals(pl.int_range(entries.height, eager=True).alias("no")):
        raise MalformedEntry(no=None, reason="entries must be numbered 0, 1, 2 … without a gap")
    wrong = entries.filter(
        pl.any_horizontal(pl.col("key", "book", "kind", "day").is_null())
        | (pl.col("key").bin.size() != 16)
        | (pl.col("evidence").bin.size() != 32).fill_null(value=False)
        | ~pl.col("book").str.contains(_WORD)
        | ~pl.col("kind").str.contains(_WORD)
        | (pl.col("reference") == "").fill_null(value=False)
    )
    if wrong.height:
        raise MalformedEntry(
            no=wrong["no"][0],
            reference=wrong["reference"][0],
            reason="key is 16 bytes, evidence 32 or none, book and kind are lower-case words, a day is given, reference is not empty text",
        )
    twice = entries.filter(pl.col("key").is_duplicated())
    if twice.height:
        raise KeyReused(key=twice["key"][0], entry_id=None)


def _check_postings(entries: pl.DataFrame, postings: pl.DataFrame) -> None:
    legs = postings.group_by("no").agg(legs=pl.len())
    counted = entries.select("no", "reference").join(legs, on="no", how="left", maintain_order="left")
    for row in counted.filter(pl.col("legs").is_null() | (pl.col("legs") > LEGS_MAX)).head(1).iter_rows(named=True):
        reason = "it has no legs" if row["legs"] is None else f"it has {row['legs']} legs, {LEGS_MAX} at most: split it"
        raise MalformedEntry(no=row["no"], reference=row["reference"], reason=reason)
    reference = entries["reference"]
    stray = postings.filter(pl.col("no").is_null() | (pl.col("no") < 0) | (pl.col("no") >= entries.height))
    if stray.height:
        raise MalformedEntry(no=stray["no"][0], reason="legs without an entry")
    # −2⁶³ has no opposite in 64 bits: no reversal could take it back
    zero = postings.filter(pl.col("amount").fill_null(0).is_in([0, -INT64_MAX - 1]))
    for row in zero.head(1).iter_rows(named=True):
        raise MalformedEntry(no=row["no"], reference=reference[row["no"]], reason=f"the amount on {row['account']} is zero or missing")
    _check_names(postings)
    sums = postings.group_by("no", "commodity").agg(pl.col("amount").cast(pl.Int128).sum()).filter(pl.col("amount") != 0)
    if sums.height:
        no, commodity, difference = sums.sort("no", "commodity").row(0)
        raise UnbalancedEntry(no=no, reference=reference[no], commodity=commodity, difference=int(difference))


def _check_names(postings: pl.DataFrame) -> None:
    named = postings.select("account", "commodity").unique()
    account = pl.col("account")
    bad = named.filter(
        named["commodity"].is_null()
        | ~(account.str.contains(NAME_PATTERN) & (account.str.len_bytes() <= NAME_BYTES_MAX)).fill_null(value=False)
    )
    if bad.height:
        name = bad["account"].sort()[0]
        raise MalformedEntry(
            no=None, reason=f"{name!r} is no account name: parts without blanks, parted by /, at most {NAME_BYTES_MAX} bytes"
        )


def _check_cells(cells: pl.DataFrame) -> None:
    month = pl.col("period") % 100
    bad = cells.filter(
        pl.any_horizontal(pl.all().is_null())
        | ~pl.col("cell").str.contains(r"^[^\x00-\x1f\x7f]+$")
        | ~month.is_between(1, 12)
        | ~pl.col("period").is_between(1_01, 9999_12)
    )
    if bad.height:
        raise MalformedEntry(
            no=None, reason=f"cell {bad['cell'][0]!r} {bad['period'][0]}: a cell has a key, a month yyyymm, an amount and a count"
        )


def one_entry(
    *, key: bytes, book: str, kind: str, day: date, legs: list[tuple[str, str, int]], units: Mapping[str, str] | None = None,
    reference: str | None = None, evidence: bytes | None = None, detail: str | None = None, reverses: int | None = None,
    cells: pl.DataFrame | None = None,
) -> EntryBatch:  # fmt: skip
    """A batch of a single entry from its legs (account, commodity, amount). Raises what `entry_batch` raises.

    The checks of `entry_batch` take as long for one entry as for a thousand, so what is plainly good is seen without them; whatever is not
    goes through them and is told as they tell it.
    """
    entry = {
        "no": 0, "key": key, "book": book, "kind": kind, "day": day,
        "reference": reference, "evidence": evidence, "detail": detail, "reverses": reverses,
    }  # fmt: skip
    if any(abs(amount) >= 2**63 for _, _, amount in legs):
        raise AmountTooLarge(what="a leg of the entry")
    entries = pl.DataFrame({name: [value] for name, value in entry.items()}, schema=ENTRIES)
    columns = zip(*((0, *leg) for leg in legs), strict=True) if legs else ((), (), (), ())
    postings = pl.DataFrame(dict(zip(POSTINGS.names(), columns, strict=True)), schema=POSTINGS)
    if cells is None and _is_plainly_good(entry, legs):
        units = dict(units or {})
        for code in sorted({commodity for _, commodity, _ in legs}):
            check_commodity(code, units.get(code))
        return EntryBatch(entries, postings, CELLS.to_frame(), units)
    return entry_batch(entries, postings, cells, units=units)


def _is_plainly_good(entry: Mapping[str, object], legs: list[tuple[str, str, int]]) -> bool:
    """Whether `entry_batch` could find nothing: its own laws, on plain values, and names of ASCII alone."""
    key, evidence, reference = entry["key"], entry["evidence"], entry["reference"]
    words = (entry["book"], entry["kind"])
    if not (type(key) is bytes and len(key) == 16 and type(entry["day"]) is date and 1 <= len(legs) <= LEGS_MAX):
        return False
    if not (evidence is None or (type(evidence) is bytes and len(evidence) == 32)) or reference == "":
        return False
    if not all(type(word) is str and _PLAIN_WORD.fullmatch(word) for word in words):
        return False
    sums: dict[str, int] = {}
    for account, commodity, amount in legs:
        if type(account) is not str or type(commodity) is not str or type(amount) is not int or amount == 0:
            return False
        if not account.isascii() or len(account) > NAME_BYTES_MAX or not _PLAIN_NAME.fullmatch(account):
            return False
        sums[commodity] = sums.get(commodity, 0) + amount
    return not any(sums.values())


def reverse(entries: Sequence[Payload], *, reason: str, cells: pl.DataFrame | None = None) -> EntryBatch:
    """The batch that takes `entries` back: each leg with the other sign, on the same day, referring to `reason`.

    The key is made of what is reversed, so that it can happen once only. Cells are the caller's, who knows what was summed.
    """
    rows = [
        (no, client_key("reversal", str(said.id)), said.book, "reversal", said.day, reason, None, None, said.id)
        for no, said in enumerate(entries)
    ]
    legs = [(no, leg.account, leg.commodity, -leg.amount) for no, said in enumerate(entries) for leg in said.legs]
    return entry_batch(
        pl.DataFrame(rows, schema=ENTRIES, orient="row"),
        pl.DataFrame(legs, schema=POSTINGS, orient="row"),
        cells,
        units={leg.commodity: leg.unit for said in entries for leg in said.legs},
    )


def client_key(scope: str, key: str) -> bytes:
    """The 16 bytes that stand for a client's own key within a scope: the front of SHA-256 over both, length-prefixed."""
    parts = b"".join(len(part).to_bytes(8, "big") + part for part in (scope.encode(), key.encode()))
    return hashlib.sha256(parts).digest()[:16]


def new_key() -> bytes:
    """A key of our own: a UUID version 7, which sorts by time."""
    return uuid7().bytes
