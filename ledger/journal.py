"""The journal: the only writer of the books.

`post` takes a batch and does, in the caller's transaction and in this order: lock the head, look the keys up, open accounts, give out
contiguous ids, hash the payloads, write entries, keys and postings, add to balances and cells (in key order), move the head. All of it
stands after the commit, or none. Lock order is the head, then balances by account id, everywhere.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from ledger.bulk import add_up, insert, select_in
from ledger.entry import ENTRIES, POSTINGS, EntryBatch, bodies, client_key, entry_batch, payloads, read_payload
from ledger.errors import AccountMisused, AlreadyReversed, AmountTooLarge, EntryNotFound, KeyReused, NotAllowed
from ledger.principal import Principal, Role
from ledger.proof import append, leaf_hash, root_of
from ledger.types import microseconds, period_of

HASH_BYTES = 32
INT64_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch: the log position of each entry, by its `no`, and how many are new or were there before."""

    ids: tuple[int, ...]
    created: int
    repeated: int


def post(session: Session, batch: EntryBatch, principal: Principal, *, now: datetime) -> Receipt:
    """Post all of `batch`; the same keys with the same bodies give the same ids for ever and write nothing.

    Raises KeyReused (same key, other body), AccountMisused, AmountTooLarge, AlreadyReversed, NotAllowed; then nothing was written.
    """
    if principal.role not in {Role.ADMIN, Role.WRITER}:
        raise NotAllowed(actor=principal.actor, action="post entries")
    connection = session.connection()
    size, peaks = _lock_head(connection)
    texts = bodies(batch, actor=principal.actor)
    hashes = [hashlib.sha256(text.encode()).digest() for text in texts]
    known = _known_keys(connection, batch.entries["key"].to_list(), hashes)
    fresh = [no for no, key in enumerate(batch.entries["key"]) if key not in known]
    ids = {no: size + place for place, no in enumerate(fresh)}
    if fresh:
        _write(connection, batch, texts, hashes, ids=ids, size=size, peaks=peaks, now=now, whole=len(fresh) == len(batch))
    found = [known[key] if key in known else ids[no] for no, key in enumerate(batch.entries["key"])]
    return Receipt(tuple(found), created=len(fresh), repeated=len(found) - len(fresh))


def reverse_entries(session: Session, ids: Sequence[int], principal: Principal, *, now: datetime, reason: str) -> Receipt:
    """Post for each entry its opposite, on the same day; an entry is reversed at most once, a reversal never.

    Cells are the caller's: who had sums kept for these entries takes them back in a batch of its own (`reversal_batch`).
    """
    batch = reversal_batch(session, ids, reason=reason)
    return post(session, batch, principal, now=now)


def reversal_batch(session: Session, ids: Sequence[int], *, reason: str, cells: pl.DataFrame | None = None) -> EntryBatch:
    """The batch that reverses `ids`: each leg with the other sign, keyed by what it reverses, so that it can happen once only."""
    connection = session.connection()
    rows = select_in(connection, "SELECT id, payload FROM entry WHERE id IN {values} ORDER BY id", sorted(set(ids)))
    absent = set(ids) - {row[0] for row in rows}
    if absent:
        raise EntryNotFound(min(absent))
    for row in select_in(connection, "SELECT entry_id, by_id FROM reversal WHERE entry_id IN {values}", sorted(set(ids))):
        raise AlreadyReversed(entry_id=row[0], by=row[1])
    entries, legs = [], []
    for no, (entry_id, payload) in enumerate(rows):
        said = read_payload(bytes(payload))
        if said.reverses is not None:
            raise AlreadyReversed(entry_id=entry_id, by=entry_id)
        key = client_key("reversal", str(entry_id))
        entries.append((no, key, said.book, "reversal", said.day, reason, None, entry_id))
        legs += [(no, account, commodity, -amount) for account, commodity, amount in said.legs]
    units = dict(tuple(row) for row in connection.exec_driver_sql("SELECT code, unit FROM commodity"))
    frame = pl.DataFrame(entries, schema=ENTRIES, orient="row")
    postings = pl.DataFrame(legs, schema=POSTINGS, orient="row")
    return entry_batch(frame, postings, cells, units=units)


def _lock_head(connection: sa.Connection) -> tuple[int, list[bytes]]:
    lock = " FOR UPDATE" if connection.dialect.name == "postgresql" else ""
    size, peaks = connection.exec_driver_sql(f"SELECT size, peaks FROM head WHERE id = 1{lock}").one()
    raw = bytes(peaks)
    return size, [raw[at : at + HASH_BYTES] for at in range(0, len(raw), HASH_BYTES)]


def _known_keys(connection: sa.Connection, keys: list[bytes], hashes: list[bytes]) -> dict[bytes, int]:
    """Entry ids of those keys that stand already; KeyReused where one stands for another body."""
    body_of = dict(zip(keys, hashes, strict=True))
    known: dict[bytes, int] = {}
    for key, entry_id, body_hash in select_in(connection, "SELECT key, entry_id, body_hash FROM idem WHERE key IN {values}", keys):
        if bytes(body_hash) != body_of[bytes(key)]:
            raise KeyReused(key=bytes(key), entry_id=entry_id)
        known[bytes(key)] = entry_id
    return known


def _write(
    connection: sa.Connection, batch: EntryBatch, texts: pl.Series, hashes: list[bytes], *,
    ids: dict[int, int], size: int, peaks: list[bytes], now: datetime, whole: bool,
) -> None:  # fmt: skip
    entries, postings, cells = batch.entries, batch.postings, batch.cells
    if not whole:
        # a partly known batch brings sums for entries that stand already: they cannot be told apart, so nothing is guessed
        if cells.height:
            raise KeyReused(key=entries.filter(~pl.col("no").is_in(list(ids)))["key"][0], entry_id=None)
        keep = pl.col("no").is_in(list(ids))
        entries, postings = entries.filter(keep), postings.filter(keep)
    numbers = pl.DataFrame({"no": list(ids), "id": list(ids.values())}, schema={"no": pl.Int64, "id": pl.Int64})
    entries = entries.join(numbers, on="no", maintain_order="left")
    lines = payloads(texts.gather(entries["no"]), entries["id"], posted_at_us=microseconds(now))
    raw = [line.encode() for line in lines]
    grown, total = append(peaks, size, (leaf_hash(payload) for payload in raw))
    commodities = _open_commodities(connection, batch)
    accounts = _open_accounts(connection, entries, postings, commodities)
    _insert_entries(connection, entries, raw, hashes, now=now)
    _insert_postings(connection, entries, postings, accounts)
    _add_cells(connection, cells, commodities)
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    connection.exec_driver_sql(
        f"UPDATE head SET size = {mark}, root = {mark}, peaks = {mark} WHERE id = 1", (total, root_of(grown), b"".join(grown))
    )


def _open_commodities(connection: sa.Connection, batch: EntryBatch) -> dict[str, int]:
    stand = {row[0]: (row[1], row[2]) for row in connection.exec_driver_sql("SELECT code, id, unit FROM commodity")}
    wanted = sorted({*batch.postings["commodity"].unique(), *batch.cells["commodity"].unique()})
    for code in wanted:
        unit = batch.units[code]
        if code in stand and stand[code][1] != unit:
            raise AccountMisused(name=code, stands=stand[code][1], wanted=unit)
    fresh = [code for code in wanted if code not in stand]
    start = 1 + max((number for number, _ in stand.values()), default=0)
    rows = [(start + place, code, batch.units[code]) for place, code in enumerate(fresh)]
    insert(connection, "commodity", ("id", "code", "unit"), rows)
    return {code: number for code, (number, _) in stand.items()} | {code: number for number, code, _ in rows}


def _open_accounts(connection: sa.Connection, entries: pl.DataFrame, postings: pl.DataFrame, commodities: dict[str, int]) -> pl.DataFrame:
    """Ids of the accounts that the postings name (account, commodity → account_id), opened where they are new."""
    named = (
        postings.join(entries.select("no", "book"), on="no")
        .select("account", "commodity", "book")
        .unique()
        .sort("account", "commodity", "book")
        .with_columns(commodity_id=pl.col("commodity").replace_strict(commodities, return_dtype=pl.Int64))
    )
    twice = named.filter(pl.struct("account", "commodity").is_duplicated())
    if twice.height:
        raise AccountMisused(name=twice["account"][0], stands=twice["book"][0], wanted=twice["book"][1])
    stand = pl.DataFrame(
        select_in(
            connection,
            "SELECT name, commodity_id, id, book FROM account WHERE name IN {values}",
            named["account"].unique(maintain_order=True).to_list(),
        ),
        schema={"account": pl.String, "commodity_id": pl.Int64, "account_id": pl.Int64, "stands": pl.String},
        orient="row",
    )
    named = named.join(stand, on=["account", "commodity_id"], how="left", maintain_order="left")
    wrong = named.filter(pl.col("stands").is_not_null() & (pl.col("stands") != pl.col("book")))
    if wrong.height:
        raise AccountMisused(name=wrong["account"][0], stands=wrong["stands"][0], wanted=wrong["book"][0])
    fresh = named.filter(pl.col("account_id").is_null())
    start = 1 + (connection.exec_driver_sql("SELECT max(id) FROM account").scalar() or 0)
    fresh = fresh.with_columns(account_id=pl.int_range(start, start + fresh.height, dtype=pl.Int64))
    insert(
        connection, "account", ("id", "book", "name", "commodity_id"),
        fresh.select("account_id", "book", "account", "commodity_id").iter_rows(),
    )  # fmt: skip
    both = [part.select("account", "commodity", "account_id") for part in (named.drop_nulls("account_id"), fresh)]
    return pl.concat(both)


def _insert_entries(connection: sa.Connection, entries: pl.DataFrame, raw: list[bytes], hashes: list[bytes], *, now: datetime) -> None:
    sqlite = connection.dialect.name == "sqlite"
    days = entries["day"].to_list()
    posted = microseconds(now) if sqlite else now
    rows = zip(
        entries["id"], (posted for _ in raw), (day.isoformat() for day in days) if sqlite else days,
        map(period_of, days), entries["book"], entries["kind"], raw, strict=True,
    )  # fmt: skip
    insert(connection, "entry", ("id", "posted_at", "day", "period", "book", "kind", "payload"), rows)
    keys = zip(entries["key"], entries["id"], (hashes[no] for no in entries["no"]), strict=True)
    insert(connection, "idem", ("key", "entry_id", "body_hash"), sorted(keys))
    taken_back = entries.filter(pl.col("reverses").is_not_null())
    if taken_back.height:
        ids = taken_back["reverses"].to_list()
        stand = select_in(connection, "SELECT entry_id, by_id FROM reversal WHERE entry_id IN {values}", ids)
        if stand:
            raise AlreadyReversed(entry_id=stand[0][0], by=stand[0][1])
        insert(connection, "reversal", ("entry_id", "by_id"), taken_back.select("reverses", "id").iter_rows())


def _insert_postings(connection: sa.Connection, entries: pl.DataFrame, postings: pl.DataFrame, accounts: pl.DataFrame) -> None:
    period = pl.col("day").dt.year() * 100 + pl.col("day").dt.month().cast(pl.Int32)
    rows = (
        postings.with_columns(leg=pl.int_range(pl.len()).over("no"))
        .join(entries.select("no", entry_id="id", period=period), on="no")
        .join(accounts, on=["account", "commodity"])
        .select("account_id", "entry_id", "leg", "amount", "period")
        .sort("account_id", "entry_id", "leg")
    )
    insert(connection, "posting", rows.columns, rows.iter_rows())
    sums = rows.group_by("account_id").agg(pl.col("amount").cast(pl.Int128).sum(), count=pl.len().cast(pl.Int64)).sort("account_id")
    _check_sums(connection, sums)
    add_up(connection, "balance", key=("account_id",), rows=[(a, int(s), n) for a, s, n in sums.iter_rows()])


def _check_sums(connection: sa.Connection, sums: pl.DataFrame) -> None:
    ids = sums["account_id"].to_list()
    rows = select_in(connection, "SELECT account_id, amount FROM balance WHERE account_id IN {values}", ids)
    stand = dict(tuple(row) for row in rows)
    for account_id, amount, _ in sums.iter_rows():
        if abs(stand.get(account_id, 0) + int(amount)) > INT64_MAX:
            raise AmountTooLarge(what=f"the balance of account {account_id}")


def _add_cells(connection: sa.Connection, cells: pl.DataFrame, commodities: dict[str, int]) -> None:
    if not cells.height:
        return
    sums = (
        cells.with_columns(commodity_id=pl.col("commodity").replace_strict(commodities, return_dtype=pl.Int64))
        .group_by("cell", "period", "commodity_id")
        .agg(pl.col("amount").cast(pl.Int128).sum(), pl.col("count").sum())
        .sort("cell", "period", "commodity_id")
    )
    if sums.filter(pl.col("amount").abs() > INT64_MAX).height:
        raise AmountTooLarge(what="a cell")
    rows = [(cell, period, commodity, int(amount), count) for cell, period, commodity, amount, count in sums.iter_rows()]
    add_up(connection, "cell", key=("cell", "period", "commodity_id"), rows=rows)
