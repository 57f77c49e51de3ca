"""What an entry holds as evidence of its line: one hash over the file's hash and all that the line says, so that no word of it can change.

SHA-256 over netstrings (`ledger.payload`), in the order of `SEALED`; null counts as empty. `carbon.audit` makes it again from the rows.
"""

import hashlib

import polars as pl

from ledger.payload import netstring

SEALED = (
    "name", "sha256", "row", "activity", "quantity", "unit", "start", "end", "division", "source", "reference", "method", "tier", "details",
    "resolution",
)  # fmt: skip
"""File name, the file's SHA-256 in hex, row, the columns of `activity_line` so named, and the id of its resolution in hex."""


def seals(lines: pl.DataFrame) -> pl.Series:
    """The evidence of each line (32 bytes); `lines` has the columns `SEALED`, days as days."""
    text = lines.select(
        pl.concat_str(
            netstring(pl.col(name).dt.to_string("iso") if name in {"start", "end"} else pl.col(name).cast(pl.String)) for name in SEALED
        )
    ).to_series()
    return pl.Series("evidence", [hashlib.sha256(line.encode()).digest() for line in text], dtype=pl.Binary)
