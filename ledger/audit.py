"""One law per function: does the database still say what was posted? `verify` re-reads every row and names the first wrong one.

It needs nothing but the book and the checkpoint log outside it; it changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from ledger import guard
from ledger.book import Book
from ledger.entry import read_payload
from ledger.errors import BadProof, MalformedEntry
from ledger.proof import EMPTY_ROOT, append, leaf_hash, read_log, root_of, signing_key
from ledger.types import microseconds, period_of

CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class Violation:
    """A law that is broken: which, where (table and row), and how it shows."""

    law: str
    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.law}: {self.where}: {self.reason}"


def verify(book: Book) -> list[Violation]:
    """Every broken law, each with the first row that breaks it; an empty list is a good book."""
    with book.reading() as session:
        connection = session.connection()
        found = [Violation("schema", "database", fault) for fault in guard.missing(connection)]
        roots, legs, keys, broken = _read_log(session, checkpoints=_checkpoints(book, found))
        found += broken
        found += _postings_match(connection, legs)
        found += _balances_match(connection)
        found += _keys_match(connection, keys)
        found += _head_matches(connection, roots)
        found += _cells_have_postings(connection)
    return found


def _checkpoints(book: Book, found: list[Violation]) -> dict[int, bytes]:
    try:
        log = read_log(book.checkpoint_file, signing_key(book.home / "secrets").public_key())
    except BadProof as error:
        found.append(Violation("checkpoint", book.checkpoint_file.name, str(error)))
        return {}
    return {checkpoint.size: checkpoint.root for checkpoint in log}


@dataclass(slots=True)
class _Roots:
    size: int
    root: bytes
    last_checkpoint: int


def _rows(connection: sa.Connection) -> Iterator[Any]:
    result = connection.execution_options(yield_per=CHUNK).exec_driver_sql(
        "SELECT id, posted_at, day, period, book, kind, payload FROM entry ORDER BY id"
    )
    yield from result


def _read_log(session: Session, *, checkpoints: dict[int, bytes]) -> tuple[_Roots, pl.DataFrame, pl.DataFrame, list[Violation]]:
    """Walk the log once: positions, columns against payload, the tree and each checkpoint. Gives the legs that it says there are."""
    connection = session.connection()
    sqlite = connection.dialect.name == "sqlite"
    found: list[Violation] = []
    peaks: list[bytes] = []
    size = 0
    legs: list[tuple[int, int, str, str, str, int]] = []
    keys: list[tuple[int, bytes, int | None]] = []
    for entry_id, posted_at, day, period, name, kind, raw in _rows(connection):
        payload = bytes(raw)
        where = f"entry {entry_id}"
        if entry_id != size:
            found.append(Violation("contiguous", where, f"entry {size} is missing from the log"))
            break
        peaks, size = append(peaks, size, [leaf_hash(payload)])
        if size in checkpoints and root_of(peaks) != checkpoints[size]:
            found.append(Violation("checkpoint", where, f"the log up to here differs from the signed checkpoint of size {size}"))
            checkpoints = {}
        try:
            said = read_payload(payload)
        except MalformedEntry as error:
            found.append(Violation("payload", where, str(error)))
            continue
        stands = (posted_at if sqlite else microseconds(posted_at), day if sqlite else day.isoformat(), period, name, kind)
        if said.id != entry_id or stands != (said.posted_at_us, said.day.isoformat(), period_of(said.day), said.book, said.kind):
            found.append(Violation("payload", where, "its columns are not what its payload says"))
        legs += [(entry_id, leg, said.book, account, commodity, amount) for leg, (account, commodity, amount) in enumerate(said.legs)]
        keys.append((entry_id, said.key, said.reverses))
    frame = pl.DataFrame(legs, schema=["entry_id", "leg", "book", "account", "commodity", "amount"], orient="row")
    key_frame = pl.DataFrame(keys, schema={"entry_id": pl.Int64, "key": pl.Binary, "reverses": pl.Int64}, orient="row")
    roots = _Roots(size, root_of(peaks) if peaks else EMPTY_ROOT, max(checkpoints, default=0))
    return roots, frame, key_frame, _first_of_each(found)


def _first_of_each(found: list[Violation]) -> list[Violation]:
    first: dict[str, Violation] = {}
    for violation in found:
        first.setdefault(violation.law, violation)
    return list(first.values())


def _frame(connection: sa.Connection, sql: str, columns: list[str]) -> pl.DataFrame:
    rows = [tuple(row) for row in connection.exec_driver_sql(sql)]
    return pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None)


def _postings_match(connection: sa.Connection, legs: pl.DataFrame) -> list[Violation]:
    """The postings are the legs of the payloads, no more and no fewer, and balance."""
    postings = _frame(
        connection,
        "SELECT p.entry_id, p.leg, a.book, a.name, c.code, p.amount, p.period, e.period FROM posting p "
        "LEFT JOIN account a ON a.id = p.account_id LEFT JOIN commodity c ON c.id = a.commodity_id LEFT JOIN entry e ON e.id = p.entry_id",
        ["entry_id", "leg", "book", "account", "commodity", "amount", "period", "entry_period"],
    )
    if not legs.height and not postings.height:
        return []
    if not postings.height or not legs.height:
        return [Violation("postings", "posting", f"the log has {legs.height} legs, the table {postings.height} rows")]
    on = ["entry_id", "leg", "book", "account", "commodity", "amount"]
    found = []
    for frame, other, reason in (
        (legs, postings, "its payload names a leg that the table does not hold so"),
        (postings, legs, "the table holds a leg that its payload does not name"),
    ):
        lost = frame.join(other, on=on, how="anti").sort("entry_id", "leg")
        if lost.height:
            found.append(Violation("postings", f"posting of entry {lost['entry_id'][0]}, leg {lost['leg'][0]}", reason))
    off = postings.filter(pl.col("period").ne_missing(pl.col("entry_period"))).sort("entry_id")
    if off.height:
        found.append(Violation("postings", f"posting of entry {off['entry_id'][0]}, leg {off['leg'][0]}", "its period is not the entry's"))
    sums = legs.group_by("entry_id", "commodity").agg(pl.col("amount").cast(pl.Int128).sum()).filter(pl.col("amount") != 0)
    if sums.height:
        found.append(Violation("balanced", f"entry {sums.sort('entry_id')['entry_id'][0]}", "its legs do not sum to zero"))
    return found


def _balances_match(connection: sa.Connection) -> list[Violation]:
    """Each balance is the sum of its postings."""
    kept = _frame(connection, "SELECT account_id, amount, count FROM balance", ["account_id", "kept", "kept_count"])
    summed = _frame(
        connection,
        "SELECT account_id, CAST(sum(amount) AS BIGINT), count(*) FROM posting GROUP BY account_id",
        ["account_id", "summed", "count"],
    )
    if not kept.height and not summed.height:
        return []
    off = kept.cast(pl.Int64).join(summed.cast(pl.Int64), on="account_id", how="full", coalesce=True)
    off = off.filter(pl.col("kept").ne_missing(pl.col("summed")) | pl.col("kept_count").ne_missing(pl.col("count"))).sort("account_id")
    return [
        Violation("balances", f"balance of account {account}", f"kept {kept_} over {n} postings, they add up to {sum_} over {m}")
        for account, kept_, n, sum_, m in off.head(1).iter_rows()
    ]


def _keys_match(connection: sa.Connection, keys: pl.DataFrame) -> list[Violation]:
    """Every entry has its key and reversal, and there is no other."""
    found = []
    idem = _frame(connection, "SELECT entry_id, key FROM idem", ["entry_id", "key"])
    reversals = _frame(connection, "SELECT by_id, entry_id FROM reversal", ["entry_id", "reverses"])
    wanted = keys.select("entry_id", "key").rows()
    lost = set(wanted) ^ {(entry_id, bytes(key)) for entry_id, key in idem.iter_rows()}
    if lost:
        found.append(Violation("keys", f"idem of entry {min(lost)[0]}", "the key is not the one of the payload"))
    lost_reversals = set(keys.drop_nulls("reverses").select("entry_id", "reverses").rows()) ^ set(reversals.iter_rows())
    if lost_reversals:
        found.append(Violation("keys", f"reversal by entry {min(lost_reversals)[0]}", "is not the one of the payload"))
    return found


def _head_matches(connection: sa.Connection, roots: _Roots) -> list[Violation]:
    """The head is the tree over all entries, and the log did not get shorter than its last checkpoint."""
    size, root = connection.exec_driver_sql("SELECT size, root FROM head WHERE id = 1").one()
    found = []
    if size != roots.size or bytes(root) != roots.root:
        found.append(Violation("head", "head", f"says {size} entries; the log holds {roots.size} with root {roots.root.hex()[:16]}…"))
    if roots.last_checkpoint > roots.size:
        reason = (
            f"a checkpoint outside was signed over {roots.last_checkpoint} entries, the database holds {roots.size}: it was rolled back"
        )
        found.append(Violation("checkpoint", "database", reason))
    return found


def _cells_have_postings(connection: sa.Connection) -> list[Violation]:
    """No cell speaks of a month in which nothing was posted. What a cell means, its maker recomputes (`carbon.bookkeeping`)."""
    rows = connection.exec_driver_sql(
        "SELECT cell, period FROM cell WHERE period NOT IN (SELECT DISTINCT period FROM entry) ORDER BY 1, 2 LIMIT 1"
    ).all()
    return [Violation("cells", f"cell {cell} {period}", "no entry lies in that month") for cell, period in rows]
