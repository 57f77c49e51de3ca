"""The canonical bytes of an entry: what is hashed, for ever.

UTF-8 text made of netstrings (``<length in bytes>:<bytes>,``) in the fixed order of `FIELDS`, then the number of legs and for each leg
account, commodity, unit and amount. Lengths make it unambiguous, text lets a person read what was hashed. The first field is the format's
version, so that a later format cannot be mistaken for this one; the unit stands in each leg, so that no table beside it can turn grams
into tonnes.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
import pyarrow as pa

from ledger.errors import MalformedEntry

FORMAT = "tanzhang.entry.2"
NO_LEGS = "1:0,"
"""The legs of an entry that has none: it says something of accounts, periods, holds or lots in its `detail`."""

PLACE_FIELDS = ("format", "id", "posted_at")  # given by the journal; the rest, the body, is the caller's
FIELDS = (*PLACE_FIELDS, "book", "kind", "day", "actor", "key", "reference", "evidence", "detail", "reverses")
LEG_FIELDS = ("account", "commodity", "unit", "amount")


def netstring(text: pl.Expr) -> pl.Expr:
    """`text` as ``<length in bytes>:<text>,``; null counts as empty."""
    filled = text.fill_null("")
    return pl.concat_str(filled.str.len_bytes().cast(pl.String), pl.lit(":"), filled, pl.lit(","))


def legs_text(postings: pl.DataFrame) -> pl.DataFrame:
    """The canonical text of the legs of each entry with their number before it: `postings` has no, account, commodity, unit, amount, the
    legs of an entry in their order; gives (no, legs), ordered by `no`.

    The texts of legs lie one after the other in memory: those of an entry are one stretch of it, and nothing is joined.
    """
    postings = postings if postings["no"].is_sorted() else postings.sort("no", maintain_order=True)
    one = pl.concat_str(*(netstring(pl.col(name).cast(pl.String)) for name in LEG_FIELDS))
    runs = postings.select(pl.col("no").rle().struct.unnest())
    ends = np.concatenate([[0], runs["len"].cast(pl.Int64).cum_sum().to_numpy()])
    legs = postings.select(one).to_series().rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    assert pa.types.is_large_string(legs.type)
    offsets = np.frombuffer(legs.buffers()[1], np.int64)[legs.offset :][ends]
    whole = pa.Array.from_buffers(pa.large_string(), runs.height, [None, pa.py_buffer(offsets), legs.buffers()[2]])
    joined = pl.DataFrame({"no": runs["value"], "count": runs["len"].cast(pl.String), "leg": pl.Series(whole, dtype=pl.String)})
    return joined.select("no", legs=pl.concat_str(netstring(pl.col("count")), pl.col("leg")))


def payloads(entries: pl.DataFrame, postings: pl.DataFrame, *, actor: str) -> pl.Series:
    """The canonical payload of each entry: `entries` has no, id, posted_us (microseconds since 1970) and the body's fields, in the order of
    `no`; `postings` has the legs of these and maybe of others, with their unit."""
    if not entries.height:
        return pl.Series(dtype=pl.Binary)
    theirs = postings.filter(pl.col("no").is_between(entries["no"][0], entries["no"][-1]))
    fields = {
        "format": pl.lit(FORMAT), "id": pl.col("id").cast(pl.String), "posted_at": pl.col("posted_us").cast(pl.String),
        "book": pl.col("book"), "kind": pl.col("kind"), "day": pl.col("day").dt.to_string("iso"), "actor": pl.lit(actor),
        "key": pl.col("key").bin.encode("hex"), "reference": pl.col("reference"),
        "evidence": pl.col("evidence").bin.encode("hex"), "detail": pl.col("detail"), "reverses": pl.col("reverses").cast(pl.String),
    }  # fmt: skip
    head = [netstring(fields[name]) for name in FIELDS]
    whole = entries.join(legs_text(theirs), on="no", how="left", maintain_order="left")
    return whole.select(pl.concat_str(*head, pl.col("legs").fill_null(NO_LEGS)).cast(pl.Binary)).to_series()


@dataclass(frozen=True, slots=True)
class PayloadLeg:
    """One leg as it was hashed."""

    account: str
    commodity: str
    unit: str
    amount: int


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
    detail: str | None
    reverses: int | None
    legs: tuple[PayloadLeg, ...]


def read_payload(payload: bytes) -> Payload:
    """What the bytes of a canonical payload say; MalformedEntry where they are not one."""
    try:
        parts, _ = netstrings(payload)
        said = dict(zip(FIELDS, parts, strict=False))
        legs = parts[len(FIELDS) + 1 :]
        if said["format"] != FORMAT or len(legs) != len(LEG_FIELDS) * int(parts[len(FIELDS)]):
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
            detail=said["detail"] or None,
            reverses=int(said["reverses"]) if said["reverses"] else None,
            legs=tuple(PayloadLeg(legs[at], legs[at + 1], legs[at + 2], int(legs[at + 3])) for at in range(0, len(legs), 4)),
        )
    except (ValueError, IndexError, KeyError) as error:
        raise MalformedEntry(no=None, reason=f"the payload is not of format {FORMAT}: {error}") from error


def netstrings(data: bytes, *, count: int | None = None) -> tuple[list[str], int]:
    """The fields at the front of `data`, `count` of them or all, and where they end; ValueError where there is no such field."""
    parts: list[str] = []
    at = 0
    while at < len(data) if count is None else len(parts) < count:
        colon = data.index(b":", at, at + 10)
        end = colon + 1 + int(data[at:colon])
        if data[end : end + 1] != b",":
            raise ValueError("a field has no end")
        parts.append(data[colon + 1 : end].decode())
        at = end + 1
    return parts, at
