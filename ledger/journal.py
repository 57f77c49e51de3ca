"""The journal: the only writer of the books.

`post` takes a batch and does, in the caller's transaction and in this order: lock the head, look the keys up, open accounts, give out
contiguous ids, hash the payloads, write entries, keys and postings, add to balances and cells (in key order), move the head. All of it
stands after the commit, or none. Lock order is the head, then balances by account id, everywhere.
"""

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from ledger.bulk import add_up, insert, select_in
from ledger.entry import INT64_MAX, EntryBatch, reverse
from ledger.errors import (
    AccountMisused,
    AlreadyReversed,
    AmountTooLarge,
    EntryNotFound,
    KeyReused,
    MalformedEntry,
    NotAllowed,
    PartlyPosted,
)
from ledger.payload import NO_LEGS, bodies, legs_text, payloads, read_payload
from ledger.principal import Principal, Role
from ledger.proof import append, leaf_hash, peaks_of, root_of
from ledger.types import microseconds


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch: the log position of each entry, by its `no`, and how many are new or were there before."""

    ids: tuple[int, ...]
    created: int
    repeated: int

    @property
    def first_id(self) -> int | None:
        """The lowest position, or None of an empty batch."""
        return min(self.ids, default=None)

    @property
    def last_id(self) -> int | None:
        """The highest position, or None of an empty batch."""
        return max(self.ids, default=None)


def post(session: Session, batch: EntryBatch, principal: Principal, *, now: datetime) -> Receipt:
    """Post all of `batch`; the same keys with the same bodies give the same ids for ever and write nothing.

    Raises KeyReused (same key, other body), PartlyPosted, AccountMisused, AmountTooLarge, AlreadyReversed, EntryNotFound (of what is to be
    reversed), MalformedEntry (a new commodity without its unit), NotAllowed; roll the transaction back then, as `Book.writing` does.
    """
    if principal.role not in {Role.ADMIN, Role.WRITER}:
        raise NotAllowed(actor=principal.actor, action="post entries")
    posted_at_us = microseconds(now)
    connection = session.connection()
    size, peaks = _lock_head(connection)
    commodities = _commodities(connection, batch)
    postings = batch.postings.join(commodities, on="commodity", maintain_order="left")
    legs = batch.entries.select("no").join(legs_text(postings), on="no", how="left", maintain_order="left")["legs"].fill_null(NO_LEGS)
    texts = bodies(batch.entries, legs, actor=principal.actor)
    hashes = [hashlib.sha256(text).digest() for text in texts.cast(pl.Binary).to_list()]
    entries = batch.entries.with_columns(body=texts, body_hash=pl.Series(hashes, dtype=pl.Binary))
    entries = entries.join(_known_keys(connection, entries), on="key", how="left", maintain_order="left")
    fresh = entries.filter(pl.col("known").is_null())
    fresh = fresh.with_columns(id=pl.int_range(size, size + fresh.height, dtype=pl.Int64))
    if fresh.height:
        if fresh.height < len(batch):
            _check_apart(entries, batch)
            postings = postings.join(fresh.select("no"), on="no", how="semi", maintain_order="left")
        raw = payloads(fresh["body"], fresh["id"], posted_at_us=posted_at_us).cast(pl.Binary)
        fresh = fresh.with_columns(payload=raw, posted_at=pl.lit(now).dt.cast_time_unit("us"), period=_month())
        _write(connection, fresh, postings, batch.cells, commodities)
        _move_head(connection, *append(peaks, size, [leaf_hash(payload) for payload in raw.to_list()]))
    ids = entries.join(fresh.select("no", "id"), on="no", how="left", maintain_order="left").select(pl.coalesce("known", "id")).to_series()
    return Receipt(tuple(ids), created=fresh.height, repeated=len(batch) - fresh.height)


def reverse_entries(
    session: Session, ids: Sequence[int], principal: Principal, *, now: datetime, reason: str, cells: pl.DataFrame | None = None
) -> Receipt:
    """Post for each entry its opposite, on the same day; an entry is reversed at most once, a reversal never.

    `cells` takes back the sums that were kept for these entries, if any: only their maker knows them.
    Raises EntryNotFound, AlreadyReversed.
    """
    return post(session, reversal_batch(session, ids, reason=reason, cells=cells), principal, now=now)


def reversal_batch(session: Session, ids: Sequence[int], *, reason: str, cells: pl.DataFrame | None = None) -> EntryBatch:
    """The batch that reverses the entries `ids`, in the order of the log. Raises EntryNotFound, AlreadyReversed."""
    connection = session.connection()
    wanted = pl.Series(sorted(set(ids)), dtype=pl.Int64)
    rows = sorted(tuple(row) for row in select_in(connection, "SELECT id, payload FROM entry WHERE id IN {values}", wanted))
    absent = set(wanted) - {row[0] for row in rows}
    if absent:
        raise EntryNotFound(min(absent))
    _check_not_reversed(connection, wanted)
    said = [read_payload(bytes(payload)) for _, payload in rows]
    for payload in said:
        if payload.reverses is not None:
            raise AlreadyReversed(entry_id=payload.reverses, by=payload.id)
    return reverse(said, reason=reason, cells=cells)


def _month() -> pl.Expr:
    return pl.col("day").dt.year().cast(pl.Int64) * 100 + pl.col("day").dt.month()


def _lock_head(connection: sa.Connection) -> tuple[int, list[bytes]]:
    lock = " FOR UPDATE" if connection.dialect.name == "postgresql" else ""
    size, peaks = connection.exec_driver_sql(f"SELECT size, peaks FROM head WHERE id = 1{lock}").one()
    return size, peaks_of(bytes(peaks))


def _move_head(connection: sa.Connection, peaks: list[bytes], size: int) -> None:
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    sql = f"UPDATE head SET size = {mark}, root = {mark}, peaks = {mark} WHERE id = 1"
    connection.exec_driver_sql(sql, (size, root_of(peaks), b"".join(peaks)))


def _commodities(connection: sa.Connection, batch: EntryBatch) -> pl.DataFrame:
    """The batch's commodities (commodity, unit, commodity_id), opened where they are new."""
    stand = {code: (number, unit) for number, code, unit in connection.exec_driver_sql("SELECT id, code, unit FROM commodity")}
    wanted = sorted({*batch.postings["commodity"].unique(), *batch.cells["commodity"].unique()})
    start = 1 + max((number for number, _ in stand.values()), default=0)
    fresh: list[tuple[int, str, str]] = []
    for code in wanted:
        unit = batch.units.get(code)
        if code not in stand:
            if unit is None:
                raise MalformedEntry(
                    no=None, reason=f"commodity {code} is new to this book: give its smallest unit (units={{{code!r}: …}})"
                )
            stand[code] = (start + len(fresh), unit)
            fresh.append((stand[code][0], code, unit))
        elif unit not in {None, stand[code][1]}:
            raise AccountMisused(name=code, stands=stand[code][1], wanted=str(unit))
    insert(connection, "commodity", pl.DataFrame(fresh, schema={"id": pl.Int64, "code": pl.String, "unit": pl.String}, orient="row"))
    rows = [(code, stand[code][1], stand[code][0]) for code in wanted]
    return pl.DataFrame(rows, schema={"commodity": pl.String, "unit": pl.String, "commodity_id": pl.Int64}, orient="row")


def _known_keys(connection: sa.Connection, entries: pl.DataFrame) -> pl.DataFrame:
    """Keys that stand already with the entry they stand for (key, known); KeyReused where one stands for another body."""
    rows = select_in(connection, "SELECT key, entry_id, body_hash FROM idem WHERE key IN {values}", entries["key"])
    schema = {"key": pl.Binary, "known": pl.Int64, "stands": pl.Binary}
    known = pl.DataFrame([(bytes(key), entry_id, bytes(body)) for key, entry_id, body in rows], schema=schema, orient="row")
    other = entries.join(known, on="key", maintain_order="left").filter(pl.col("body_hash") != pl.col("stands"))
    if other.height:
        raise KeyReused(key=other["key"][0], entry_id=other["known"][0])
    return known.select("key", "known")


def _check_apart(entries: pl.DataFrame, batch: EntryBatch) -> None:
    """A batch of which some entries stand already may not bring cells: nobody can tell which part of a sum is new."""
    if batch.cells.height:
        stands = entries.filter(pl.col("known").is_not_null())
        raise PartlyPosted(no=stands["no"][0], entry_id=stands["known"][0])


def _write(
    connection: sa.Connection, entries: pl.DataFrame, postings: pl.DataFrame, cells: pl.DataFrame, commodities: pl.DataFrame
) -> None:
    """Write what is new of a batch: `entries` with id and payload, `postings` with commodity_id, and the sums of both."""
    accounts = _open_accounts(connection, entries, postings)
    insert(connection, "entry", entries.select("id", "posted_at", "day", "period", "book", "kind", "payload"))
    insert(connection, "idem", entries.select("key", entry_id="id", body_hash="body_hash").sort("key"))
    _insert_reversals(connection, entries)
    legs = (
        postings.with_columns(leg=pl.int_range(pl.len(), dtype=pl.Int64).over("no"))
        .join(entries.select("no", "period", entry_id="id"), on="no", maintain_order="left")
        .join(accounts, on=["account", "commodity_id"], maintain_order="left")
        .select("account_id", "entry_id", "leg", "amount", "period")
        .sort("account_id", "entry_id", "leg")
    )
    insert(connection, "posting", legs)
    _add_balances(connection, legs, accounts)
    _add_cells(connection, cells.join(commodities, on="commodity"), first=entries["id"][0])


def _open_accounts(connection: sa.Connection, entries: pl.DataFrame, postings: pl.DataFrame) -> pl.DataFrame:
    """The accounts that the postings name (account, commodity_id, account_id), opened where they are new."""
    named = postings.join(entries.select("no", "book"), on="no").select("account", "commodity_id", "book").unique()
    named = named.sort("account", "commodity_id", "book")
    rows = select_in(
        connection, "SELECT name, commodity_id, id, book FROM account WHERE name IN {values}", named["account"].unique(maintain_order=True)
    )
    schema = {"account": pl.String, "commodity_id": pl.Int64, "account_id": pl.Int64, "stands": pl.String}
    stand = pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")
    # a name lies in one book whatever the commodity
    books = pl.concat([named.select("account", "book"), stand.select("account", book="stands")]).unique()
    twice = books.filter(pl.col("account").is_duplicated()).sort("account", "book")
    if twice.height:
        account = twice["account"][0]
        wanted = named.filter(pl.col("account") == account)["book"]
        stands = stand.filter(pl.col("account") == account)["stands"]
        book = stands[0] if len(stands) else wanted[0]
        raise AccountMisused(name=account, stands=book, wanted=wanted.filter(wanted != book)[0])
    named = named.join(stand, on=["account", "commodity_id"], how="left", maintain_order="left")
    fresh = named.filter(pl.col("account_id").is_null())
    start = 1 + (connection.exec_driver_sql("SELECT max(id) FROM account").scalar() or 0)
    fresh = fresh.with_columns(account_id=pl.int_range(start, start + fresh.height, dtype=pl.Int64))
    insert(connection, "account", fresh.select("book", "commodity_id", id="account_id", name="account"))
    return pl.concat([part.select("account", "commodity_id", "account_id") for part in (named.drop_nulls("account_id"), fresh)])


def _check_not_reversed(connection: sa.Connection, ids: pl.Series) -> None:
    for entry_id, by in select_in(connection, "SELECT entry_id, by_id FROM reversal WHERE entry_id IN {values}", ids):
        raise AlreadyReversed(entry_id=entry_id, by=by)


def _insert_reversals(connection: sa.Connection, entries: pl.DataFrame) -> None:
    taken_back = entries.drop_nulls("reverses").select(entry_id="reverses", by_id="id").sort("entry_id")
    if not taken_back.height:
        return
    twice = taken_back.filter(pl.col("entry_id").is_duplicated())
    if twice.height:
        raise AlreadyReversed(entry_id=twice["entry_id"][0], by=twice["by_id"].min())  # type: ignore[arg-type]
    _check_not_reversed(connection, taken_back["entry_id"])
    stand = {row[0] for row in select_in(connection, "SELECT id FROM entry WHERE id IN {values}", taken_back["entry_id"])}
    absent = set(taken_back["entry_id"]) - stand
    if absent:
        raise EntryNotFound(min(absent))
    insert(connection, "reversal", taken_back)


def _add_balances(connection: sa.Connection, legs: pl.DataFrame, accounts: pl.DataFrame) -> None:
    sums = legs.group_by("account_id").agg(pl.col("amount").cast(pl.Int128).sum(), count=pl.len().cast(pl.Int64)).sort("account_id")
    rows = select_in(connection, "SELECT account_id, amount FROM balance WHERE account_id IN {values}", sums["account_id"])
    stand = pl.DataFrame([tuple(row) for row in rows], schema={"account_id": pl.Int64, "stands": pl.Int64}, orient="row")
    total = pl.col("amount") + pl.col("stands").fill_null(0)
    large = sums.join(stand, on="account_id", how="left").filter(
        (total > INT64_MAX) | (total < -INT64_MAX) | (pl.col("amount").abs() > INT64_MAX)
    )
    for name in large.join(accounts, on="account_id")["account"].sort().head(1):
        raise AmountTooLarge(what=f"the balance of {name}")
    add_up(connection, "balance", key=("account_id",), sums=sums.cast({"amount": pl.Int64}))


def _add_cells(connection: sa.Connection, cells: pl.DataFrame, *, first: int) -> None:
    """Keep what the batch adds to each cell, and add it."""
    if not cells.height:
        return
    key = ["cell", "period", "commodity_id"]
    sums = cells.group_by(key).agg(pl.col("amount").cast(pl.Int128).sum(), pl.col("count").sum()).sort(key)
    large = sums.filter(pl.col("amount").abs() > INT64_MAX)
    if large.height:
        raise AmountTooLarge(what=f"cell {large['cell'][0]}")
    sums = sums.cast({"amount": pl.Int64, "period": pl.Int64})
    insert(connection, "cell_share", sums.with_columns(entry_id=pl.lit(first, pl.Int64)))
    try:
        add_up(connection, "cell", key=key, sums=sums)
    except (sa.exc.DataError, sqlite3.IntegrityError) as error:  # SQLite makes a real number of it, which STRICT refuses
        raise AmountTooLarge(what="a cell") from error
