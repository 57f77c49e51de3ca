"""Entries before they are posted: balanced per commodity by construction, and their canonical bytes.

The payload is UTF-8 text made of netstrings (``<length in bytes>:<bytes>,``), in the fixed order of `PAYLOAD_FIELDS`, then the number of
legs and for each leg account, commodity and amount. Lengths make it unambiguous, text lets a person read what was hashed. The first
field is the format's version, so that a later format cannot be mistaken for this one.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl
from uuid6 import uuid7

from ledger.account import NAME_BYTES_MAX, NAME_PATTERN
from ledger.commodity import check_commodity
from ledger.errors import AmountTooLarge, KeyReused, MalformedEntry, UnbalancedEntry

FORMAT = "tanzhang.entry.1"
HEAD_FIELDS = ("format", "id", "posted_at")
BODY_FIELDS = ("book", "kind", "day", "actor", "key", "reference", "evidence", "reverses")
PAYLOAD_FIELDS = (*HEAD_FIELDS, *BODY_FIELDS)

ENTRIES = pl.Schema(
    {
        "no": pl.Int64,  # 0, 1, 2 … within the batch
        "key": pl.Binary,  # 16 bytes, unique over all time
        "book": pl.String,
        "kind": pl.String,
        "day": pl.Date,  # when it happened
        "reference": pl.String,  # business reference, or null
        "evidence": pl.Binary,  # SHA-256 of what proves it, or null
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
    entries: pl.DataFrame, postings: pl.DataFrame, cells: pl.DataFrame | None = None, *, units: Mapping[str, str]
) -> EntryBatch:
    """A batch whose every entry has legs and sums to zero in each commodity, or an error that names the first that does not.

    `entries`, `postings`, `cells` have the schemas `ENTRIES`, `POSTINGS`, `CELLS`; `units` gives the smallest unit of each commodity.
    """
    entries = entries.select(ENTRIES.names()).cast(ENTRIES).sort("no")
    postings = postings.select(POSTINGS.names()).cast(POSTINGS).sort("no", maintain_order=True)
    cells = (CELLS.to_frame() if cells is None else cells.select(CELLS.names())).cast(CELLS)
    for code in postings["commodity"].unique().sort():
        if code not in units:
            raise MalformedEntry(no=None, reason=f"commodity {code}: its unit is not given")
        check_commodity(code, units[code])
    _check_entries(entries)
    _check_postings(entries, postings)
    return EntryBatch(entries, postings, cells, dict(units))


def _check_entries(entries: pl.DataFrame) -> None:
    if not entries["no"].equals(pl.int_range(entries.height, eager=True).alias("no")):
        raise MalformedEntry(no=None, reason="entries must be numbered 0, 1, 2 … without a gap")
    twice = entries.filter(pl.col("key").is_duplicated())
    if twice.height:
        raise KeyReused(key=twice["key"][0], entry_id=None)
    wrong = entries.filter(
        (pl.col("key").bin.size() != 16)
        | (pl.col("evidence").is_not_null() & (pl.col("evidence").bin.size() != 32))
        | ~pl.col("book").str.contains(r"^[a-z][a-z0-9\-]{0,31}$")
        | ~pl.col("kind").str.contains(r"^[a-z][a-z0-9\-]{0,31}$")
        | (pl.col("reference") == "")
        | pl.any_horizontal(pl.col("key", "book", "kind", "day").is_null())
    )
    if wrong.height:
        raise MalformedEntry(
            no=wrong["no"][0],
            reason="key is 16 bytes, evidence 32 or none, book and kind are lower-case words, reference is never empty text",
        )


def _check_postings(entries: pl.DataFrame, postings: pl.DataFrame) -> None:
    legless = entries.join(postings, on="no", how="anti")
    if legless.height:
        raise MalformedEntry(no=legless["no"][0], reason="it has no legs")
    stray = postings.join(entries, on="no", how="anti")
    if stray.height:
        raise MalformedEntry(no=stray["no"][0], reason="legs without an entry")
    zero = postings.filter(pl.col("amount").is_null() | (pl.col("amount") == 0) | (pl.col("amount") == -(2**63)))
    if zero.height:
        raise MalformedEntry(no=zero["no"][0], reason=f"the amount on {zero['account'][0]} is zero or missing")
    names = postings.select(pl.col("account").unique())
    bad = names.filter(
        pl.col("account").is_null() | ~pl.col("account").str.contains(NAME_PATTERN) | (pl.col("account").str.len_bytes() > NAME_BYTES_MAX)
    )
    if bad.height:
        raise MalformedEntry(no=None, reason=f"{bad['account'][0]!r} is no account name")
    sums = postings.group_by("no", "commodity").agg(pl.col("amount").cast(pl.Int128).sum()).filter(pl.col("amount") != 0)
    if sums.height:
        first = sums.sort("no", "commodity").row(0, named=True)
        raise UnbalancedEntry(no=first["no"], commodity=first["commodity"], difference=int(first["amount"]))


def one_entry(
    *, key: bytes, book: str, kind: str, day: date, legs: list[tuple[str, str, int]], units: Mapping[str, str],
    reference: str | None = None, evidence: bytes | None = None, reverses: int | None = None,
    cells: pl.DataFrame | None = None,
) -> EntryBatch:  # fmt: skip
    """A batch of a single entry from its legs (account, commodity, amount)."""
    entry = {
        "no": 0, "key": key, "book": book, "kind": kind, "day": day,
        "reference": reference, "evidence": evidence, "reverses": reverses,
    }  # fmt: skip
    rows = [{"no": 0, "account": account, "commodity": commodity, "amount": amount} for account, commodity, amount in legs]
    if any(abs(amount) >= 2**63 for _, _, amount in legs):
        raise AmountTooLarge(what="a leg of the entry")
    return entry_batch(pl.DataFrame([entry], schema=ENTRIES), pl.DataFrame(rows, schema=POSTINGS), cells, units=units)


def netstring(text: pl.Expr) -> pl.Expr:
    """`text` as ``<length in bytes>:<text>,``; null counts as empty."""
    filled = text.fill_null("")
    return pl.concat_str(filled.str.len_bytes().cast(pl.String), pl.lit(":"), filled, pl.lit(","))


def bodies(batch: EntryBatch, *, actor: str) -> pl.Series:
    """The canonical text of each entry but for its place and time: what an idempotency key stands for. Ordered by `no`."""
    legs = (
        batch.postings.with_columns(
            leg=pl.concat_str(netstring(pl.col("account")), netstring(pl.col("commodity")), netstring(pl.col("amount").cast(pl.String)))
        )
        .group_by("no", maintain_order=True)
        .agg(pl.col("leg").str.join(""), count=pl.len().cast(pl.String))
        .sort("no")
    )
    fields = {
        "book": pl.col("book"), "kind": pl.col("kind"), "day": pl.col("day").dt.to_string("iso"), "actor": pl.lit(actor),
        "key": pl.col("key").bin.encode("hex"), "reference": pl.col("reference"),
        "evidence": pl.col("evidence").bin.encode("hex"), "reverses": pl.col("reverses").cast(pl.String),
    }  # fmt: skip
    head = [netstring(fields[name]) for name in BODY_FIELDS]
    return (
        batch.entries.hstack(legs.select("leg", "count"))
        .select(body=pl.concat_str(*head, netstring(pl.col("count")), pl.col("leg")))
        .to_series()
    )


def payloads(bodies_: pl.Series, ids: pl.Series, *, posted_at_us: int) -> pl.Series:
    """The canonical text of each entry: format, place in the log, moment of posting, body."""
    frame = pl.DataFrame({"body": bodies_, "id": ids})
    head = (pl.lit(FORMAT), pl.col("id").cast(pl.String), pl.lit(str(posted_at_us)))
    return frame.select(pl.concat_str(*(netstring(field) for field in head), pl.col("body"))).to_series()


@dataclass(frozen=True, slots=True)
class Payload:
    """What a canonical payload says."""

    id: int
    posted_at_us: int
    book: str
    kind: str
    day: date
    actor: str
    key: bytes
    reference: str | None
    evidence: bytes | None
    reverses: int | None
    legs: tuple[tuple[str, str, int], ...]


def read_payload(payload: bytes) -> Payload:
    """What the bytes of a canonical payload say; MalformedEntry where they are not one."""
    try:
        parts = _netstrings(payload)
        said = dict(zip(PAYLOAD_FIELDS, parts, strict=False))
        legs = parts[len(PAYLOAD_FIELDS) + 1 :]
        if said["format"] != FORMAT or len(legs) != 3 * int(parts[len(PAYLOAD_FIELDS)]):
            raise ValueError("not this format")
        return Payload(
            id=int(said["id"]),
            posted_at_us=int(said["posted_at"]),
            book=said["book"],
            kind=said["kind"],
            day=date.fromisoformat(said["day"]),
            actor=said["actor"],
            key=bytes.fromhex(said["key"]),
            reference=said["reference"] or None,
            evidence=bytes.fromhex(said["evidence"]) or None,
            reverses=int(said["reverses"]) if said["reverses"] else None,
            legs=tuple((legs[i], legs[i + 1], int(legs[i + 2])) for i in range(0, len(legs), 3)),
        )
    except (ValueError, IndexError, KeyError) as error:
        raise MalformedEntry(no=None, reason=f"the payload is not of format {FORMAT}: {error}") from error


def _netstrings(payload: bytes) -> list[str]:
    parts: list[str] = []
    at = 0
    while at < len(payload):
        colon = payload.index(b":", at, at + 10)
        end = colon + 1 + int(payload[at:colon])
        if payload[end : end + 1] != b",":
            raise ValueError("a field has no end")
        parts.append(payload[colon + 1 : end].decode())
        at = end + 1
    return parts


def client_key(scope: str, key: str) -> bytes:
    """The 16 bytes that stand for a client's own key within a scope: the front of SHA-256 over both, length-prefixed."""
    parts = b"".join(len(part).to_bytes(8, "big") + part for part in (scope.encode(), key.encode()))
    return hashlib.sha256(parts).digest()[:16]


def new_key() -> bytes:
    """A key of our own: a UUID version 7, which sorts by time."""
    return uuid7().bytes
