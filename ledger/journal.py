"""The journal: the only writer of the books.

`post` takes a batch and does, in the caller's transaction and in this order: lock the head, look the keys up, open accounts, give out
contiguous ids, hash the payloads, write entries, keys and postings, add to balances and cells (in key order), move the head. All of it
stands after the commit, or none. Lock order is the head, then balances by account id, everywhere.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from ledger.bulk import Inserts, add_up, epoch_us, insert, select_in
from ledger.detail import KINDS, Detail, read_detail
from ledger.enact import Enactment
from ledger.entry import INT64_MAX, EntryBatch, reverse
from ledger.errors import (
    AccountMisused,
    AlreadyReversed,
    AmountTooLarge,
    EntryNotFound,
    KeyReused,
    LedgerError,
    MalformedEntry,
    NotAllowed,
    PartlyPosted,
    RulingNotReversed,
)
from ledger.judge import Case, judge
from ledger.payload import payloads, read_payload
from ledger.principal import Principal, Role
from ledger.proof import peaks_of, root_of
from ledger.tile import Growth, grow, leaf_hashes
from ledger.types import microseconds

PART = 50_000
"""Entries whose texts are made at a time."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An entry of a batch that was not posted, and why."""

    no: int
    reference: str | None
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch: the log position of each entry, by its `no`, and how many are new or were there before.

    Where partial acceptance was asked for, `refused` names what was not posted, and `ids` has None in its place.
    """

    ids: tuple[int | None, ...]
    created: int
    repeated: int
    refused: tuple[Refusal, ...] = ()

    @property
    def first_id(self) -> int | None:
        """The lowest position, or None of an empty batch."""
        return min((at for at in self.ids if at is not None), default=None)

    @property
    def last_id(self) -> int | None:
        """The highest position, or None of an empty batch."""
        return max((at for at in self.ids if at is not None), default=None)


def post(
    session: Session, batch: EntryBatch, principal: Principal, *, now: datetime, open_accounts: bool = True, partial: bool = False
) -> Receipt:
    """Post all of `batch`; the same keys with the same bodies give the same ids for ever and write nothing.

    `open_accounts` opens the accounts that are new, as debit accounts without a floor; without it they are refused. With `partial` the
    entries that the book refuses are named in the receipt and the others are posted; otherwise the first refusal is raised. A batch with
    cells is never posted in part: nobody can tell which part of a sum is new.

    Raises UnknownAccount, AccountClosed, PeriodClosed, Overdraft, HoldNotOpen, LotMisused, PeriodMisruled, KeyReused (same key, other
    body), PartlyPosted, AccountMisused, AmountTooLarge, AlreadyReversed, EntryNotFound (of what is to be reversed), MalformedEntry (a new
    commodity without its unit), NotAllowed; roll the transaction back then, as `Book.writing` does.
    """
    if principal.role not in {Role.ADMIN, Role.WRITER}:
        raise NotAllowed(actor=principal.actor, action="post entries")
    connection = session.connection()
    size, peaks = _lock_head(connection)
    details = _details(batch.entries)
    commodities = _commodities(connection, batch, details)
    postings = batch.postings.join(commodities, on="commodity", maintain_order="left")
    entries, refused = _with_keys(connection, batch, postings, principal.actor)
    fresh = entries.filter(pl.col("known").is_null() & ~pl.col("no").is_in(list(refused)))
    partial = partial and not batch.cells.height
    if fresh.height and fresh.height + len(refused) < len(batch):
        _check_apart(entries, batch)
    postings = postings.join(fresh.select("no"), on="no", how="semi", maintain_order="left") if fresh.height < len(batch) else postings
    named = _accounts(connection, fresh, postings, details, commodities)
    legs = postings.join(named.select("account", "commodity_id", "account_id"), on=["account", "commodity_id"], maintain_order="left")
    new = {no: detail for no, detail in details.items() if no in set(fresh["no"])} if details else {}
    case = Case(fresh, legs, new, principal.actor, open_accounts, refused)
    _judge_reversals(connection, case)
    if refused and not partial:
        raise refused[min(refused)]
    enactment = judge(connection, case, partial=partial)
    fresh = fresh.filter(~pl.col("no").is_in(list(refused))) if refused else fresh
    fresh = fresh.with_columns(id=pl.int_range(size, size + fresh.height, dtype=pl.Int64))
    if fresh.height:
        postings = postings.join(fresh.select("no"), on="no", how="semi", maintain_order="left") if refused else postings
        fresh = fresh.with_columns(posted_at=pl.lit(now).dt.cast_time_unit("us"))
        tree = grow(connection, size, peaks, fresh.height)
        parts = _texts(fresh, postings, actor=principal.actor, now=now)
        _write(connection, fresh, parts, postings, batch.cells, commodities, _named(named, fresh, postings, new), enactment, tree)
        _move_head(connection, tree.peaks, tree.size)
    ids = entries.join(fresh.select("no", "id"), on="no", how="left", maintain_order="left").select(pl.coalesce("known", "id")).to_series()
    told = tuple(
        Refusal(no, case.reference(no) or entries["reference"][no], error.code, str(error)) for no, error in sorted(refused.items())
    )
    return Receipt(tuple(ids), created=fresh.height, repeated=len(batch) - fresh.height - len(told), refused=told)


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
    for entry_id, by in select_in(connection, "SELECT entry_id, by_id FROM reversal WHERE entry_id IN {values}", wanted):
        raise AlreadyReversed(entry_id=entry_id, by=by)
    said = [read_payload(bytes(payload)) for _, payload in rows]
    for payload in said:
        if payload.detail is not None:
            raise RulingNotReversed(payload.id)
        if payload.reverses is not None:
            raise AlreadyReversed(entry_id=payload.reverses, by=payload.id)
    return reverse(said, reason=reason, cells=cells)


def _details(entries: pl.DataFrame) -> dict[int, Detail]:
    """What entries say beyond their legs, by `no`; MalformedEntry where a kind may not, for `verify` reads those kinds alone."""
    said = entries.drop_nulls("detail")
    for row in said.filter(~pl.col("kind").is_in(KINDS)).head(1).iter_rows(named=True):
        reason = f"an entry of kind {row['kind']} has legs and nothing beyond them"
        raise MalformedEntry(no=row["no"], reference=row["reference"], reason=reason)
    return {no: read_detail(text) for no, text in said.select("no", "detail").iter_rows()}


def _with_keys(
    connection: sa.Connection, batch: EntryBatch, postings: pl.DataFrame, actor: str
) -> tuple[pl.DataFrame, dict[int, LedgerError]]:
    """The entries with month and the id that their key stands for already; refused are keys that stand for another body."""
    month = pl.col("day").dt.year().cast(pl.Int64) * 100 + pl.col("day").dt.month()
    entries = batch.entries.with_columns(period=month)
    stand = _standing(connection, entries["key"])
    entries = entries.join(stand, on="key", how="left", maintain_order="left")
    again = entries.filter(pl.col("known").is_not_null())
    leaves = leaf_hashes(payloads(again.with_columns(id="known"), postings, actor=actor).to_list())
    other = again.filter(pl.Series(leaves, dtype=pl.Binary).ne_missing(again["leaf"]))
    refused: dict[int, LedgerError] = {row["no"]: KeyReused(key=row["key"], entry_id=row["known"]) for row in other.iter_rows(named=True)}
    other_body = pl.col("no").is_in(list(refused))
    entries = entries.with_columns(known=pl.when(other_body).then(None).otherwise(pl.col("known")))
    return entries.drop("posted_us", "leaf"), refused


def _standing(connection: sa.Connection, keys: pl.Series) -> pl.DataFrame:
    """Of the keys those that stand, with their entry: key, known (its id), posted_us, leaf. Keys of our own grow with time, so that those
    of a new batch lie beyond all that stand and need no look at each."""
    highest = connection.exec_driver_sql("SELECT key FROM idem ORDER BY key DESC LIMIT 1").scalar()
    within = keys.clear() if highest is None else keys.to_frame().filter(pl.col("key") <= pl.lit(bytes(highest)))["key"]
    sql = (
        f"SELECT key, entry_id, {epoch_us(connection, 'posted_at')}, leaf FROM idem LEFT JOIN entry ON entry.id = entry_id "
        "WHERE key IN {values}"
    )
    schema = {"key": pl.Binary, "known": pl.Int64, "posted_us": pl.Int64, "leaf": pl.Binary}
    rows = [(bytes(key), known, us, leaf and bytes(leaf)) for key, known, us, leaf in select_in(connection, sql, within)]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _texts(entries: pl.DataFrame, postings: pl.DataFrame, *, actor: str, now: datetime) -> Iterator[pl.DataFrame]:
    """The entries with payload and leaf, `PART` at a time: the first are on their way while the next are written."""
    for part in entries.with_columns(posted_us=pl.lit(microseconds(now))).iter_slices(PART):
        payload = payloads(part, postings, actor=actor)
        leaf = pl.Series(leaf_hashes(payload.to_list()), dtype=pl.Binary)
        yield part.with_columns(payload=payload, leaf=leaf)


def _judge_reversals(connection: sa.Connection, case: Case) -> None:
    """Each entry is reversed once, by one that is new here, and only if it is there."""
    wanted = case.entries.drop_nulls("reverses").select("no", "reverses")
    if not wanted.height:
        return
    stand = {row[0] for row in select_in(connection, "SELECT id FROM entry WHERE id IN {values}", wanted["reverses"])}
    gone = dict(map(tuple, select_in(connection, "SELECT entry_id, by_id FROM reversal WHERE entry_id IN {values}", wanted["reverses"])))
    seen: dict[int, int] = {}
    for no, entry_id in wanted.iter_rows():
        if entry_id not in stand:
            case.refuse(no, EntryNotFound(entry_id))
        elif entry_id in gone or entry_id in seen:
            case.refuse(no, AlreadyReversed(entry_id=entry_id, by=gone.get(entry_id, seen.get(entry_id, no))))
        else:
            seen[entry_id] = no


def _lock_head(connection: sa.Connection) -> tuple[int, list[bytes]]:
    lock = " FOR UPDATE" if connection.dialect.name == "postgresql" else ""
    size, peaks = connection.exec_driver_sql(f"SELECT size, peaks FROM head WHERE id = 1{lock}").one()
    return size, peaks_of(bytes(peaks))


def _move_head(connection: sa.Connection, peaks: list[bytes], size: int) -> None:
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    sql = f"UPDATE head SET size = {mark}, root = {mark}, peaks = {mark} WHERE id = 1"
    connection.exec_driver_sql(sql, (size, root_of(peaks), b"".join(peaks)))


def _commodities(connection: sa.Connection, batch: EntryBatch, details: Mapping[int, Detail]) -> pl.DataFrame:
    """The batch's commodities (commodity, unit, commodity_id), opened where they are new."""
    stand = {code: (number, unit) for number, code, unit in connection.exec_driver_sql("SELECT id, code, unit FROM commodity")}
    ruled = {rule.commodity for detail in details.values() for rule in detail.accounts}
    wanted = sorted({*batch.postings["commodity"].unique(), *batch.cells["commodity"].unique(), *ruled})
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


def _check_apart(entries: pl.DataFrame, batch: EntryBatch) -> None:
    """A batch of which some entries stand already may not bring cells: nobody can tell which part of a sum is new."""
    if batch.cells.height:
        stands = entries.filter(pl.col("known").is_not_null())
        raise PartlyPosted(no=stands["no"][0], entry_id=stands["known"][0])


def _write(
    connection: sa.Connection, entries: pl.DataFrame, parts: Iterable[pl.DataFrame], postings: pl.DataFrame, cells: pl.DataFrame,
    commodities: pl.DataFrame, named: pl.DataFrame, enactment: Enactment, tree: Growth,
) -> None:  # fmt: skip
    """Write what is new of a batch: `entries` with id, in `parts` with their texts, `postings` with commodity_id, the sums of both, what
    they rule. While the database takes in one part, the next is written and hashed, and the legs are put in the order of their table.
    """
    accounts = _open_accounts(connection, named)
    ordering = (
        postings.lazy()
        .with_columns(leg=pl.int_range(pl.len(), dtype=pl.Int64).over("no"))
        .join(entries.lazy().select("no", "period", entry_id="id"), on="no", maintain_order="left")
        .join(accounts.lazy(), on=["account", "commodity_id"], maintain_order="left")
        .select("account_id", "entry_id", "leg", "amount", "period")
        .sort("account_id", "entry_id", "leg")
        .collect(background=True)
    )
    with Inserts(connection) as inserts:
        inserts.add("idem", entries.select("key", entry_id="id").sort("key"))
        legs = ordering.fetch_blocking()
        inserts.add("posting", legs)
        inserts.add("reversal", entries.drop_nulls("reverses").select(entry_id="reverses", by_id="id").sort("entry_id"))
        for part in parts:
            inserts.add("entry", part.select("id", "posted_at", "day", "period", "book", "kind", "payload", "leaf"))
            tree.add(b"".join(part["leaf"].to_list()))
        inserts.add("tile", tree.rows())
    _add_balances(connection, legs, accounts, enactment.floors)
    if cells.height:
        _add_cells(connection, cells.join(commodities, on="commodity"), first=entries["id"][0])
    if enactment.said:
        codes = dict(commodities.select("commodity", "commodity_id").iter_rows())
        at = {(name, number): account for name, number, account in accounts.iter_rows()}
        ids = dict(entries.select("no", "id").iter_rows())
        enactment.write(ids, lambda name, code: at[name, codes[code]], codes)


def _accounts(
    connection: sa.Connection, entries: pl.DataFrame, postings: pl.DataFrame, details: Mapping[int, Detail], commodities: pl.DataFrame
) -> pl.DataFrame:
    """The accounts that the entries name (account, commodity_id, book, and account_id where it is open already)."""
    named = postings.join(entries.select("no", "book"), on="no").select("account", "commodity_id", "book").unique()
    ruled = [(rule.account, rule.commodity, rule.book) for detail in details.values() for rule in detail.accounts]
    if ruled:
        said = pl.DataFrame(ruled, schema={"account": pl.String, "commodity": pl.String, "book": pl.String}, orient="row")
        said = said.join(commodities, on="commodity").select("account", "commodity_id", "book")
        named = pl.concat([named, said]).unique()
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
    return named.join(stand.drop("stands"), on=["account", "commodity_id"], how="left", maintain_order="left")


def _named(named: pl.DataFrame, entries: pl.DataFrame, postings: pl.DataFrame, details: Mapping[int, Detail]) -> pl.DataFrame:
    """Of the accounts those that what is written names: a refused entry opens none."""
    used = postings.select("account", "commodity_id").unique()
    kept = set(entries["no"])
    ruled = {rule.account for no, detail in details.items() if no in kept for rule in detail.accounts}
    wanted = named.join(used.with_columns(used=True), on=["account", "commodity_id"], how="left", maintain_order="left")
    return wanted.filter(pl.col("used").fill_null(value=False) | pl.col("account").is_in(list(ruled))).drop("used")


def _open_accounts(connection: sa.Connection, named: pl.DataFrame) -> pl.DataFrame:
    """The accounts (account, commodity_id, account_id), opened where they are new."""
    fresh = named.filter(pl.col("account_id").is_null())
    start = 1 + (connection.exec_driver_sql("SELECT max(id) FROM account").scalar() or 0)
    fresh = fresh.with_columns(account_id=pl.int_range(start, start + fresh.height, dtype=pl.Int64))
    insert(connection, "account", fresh.select("book", "commodity_id", id="account_id", name="account"))
    return pl.concat([part.select("account", "commodity_id", "account_id") for part in (named.drop_nulls("account_id"), fresh)])


def _add_balances(connection: sa.Connection, legs: pl.DataFrame, accounts: pl.DataFrame, floors: Mapping[int, tuple[int, int]]) -> None:
    sums = legs.group_by("account_id").agg(pl.col("amount").cast(pl.Int128).sum(), count=pl.len().cast(pl.Int64)).sort("account_id")
    rows = select_in(connection, "SELECT account_id, amount FROM balance WHERE account_id IN {values}", sums["account_id"])
    stand = pl.DataFrame([tuple(row) for row in rows], schema={"account_id": pl.Int64, "stands": pl.Int64}, orient="row")
    total = pl.col("amount") + pl.col("stands").fill_null(0)
    large = sums.join(stand, on="account_id", how="left").filter(
        (total > INT64_MAX) | (total < -INT64_MAX) | (pl.col("amount").abs() > INT64_MAX)
    )
    for name in large.join(accounts, on="account_id")["account"].sort().head(1):
        raise AmountTooLarge(what=f"the balance of {name}")
    bound = pl.col("account_id").is_in(list(floors))
    add_up(connection, "balance", key=("account_id",), sums=sums.filter(~bound).cast({"amount": pl.Int64}))
    for account_id, change, count in sums.filter(bound).select("account_id", "amount", "count").iter_rows():
        _add_above_floor(connection, account_id, int(change), count, *floors[account_id])


def _add_above_floor(connection: sa.Connection, account_id: int, change: int, count: int, side: int, floor: int) -> None:
    """Add to the balance of an account that has a floor, by an update that finds no row where the floor would not hold.

    The judge has read the same under the lock; this is the wall behind it, in the database's own words.
    """
    told = {"id": account_id, "change": change, "count": count, "side": side, "floor": floor}
    connection.execute(
        sa.text("INSERT INTO balance (account_id, amount, count) VALUES (:id, 0, 0) ON CONFLICT DO NOTHING"), {"id": account_id}
    )
    done = connection.execute(
        sa.text(
            "UPDATE balance SET amount = amount + :change, count = count + :count WHERE account_id = :id "
            "AND (:side * (amount + :change) >= :floor OR :side * :change >= 0)"
        ),
        told,
    )
    if done.rowcount != 1:
        raise AmountTooLarge(what=f"account {account_id} below its floor of {floor}")


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
