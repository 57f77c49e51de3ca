"""One law per function: does the database still say what was posted? `verify` re-reads every row and names the first wrong one.

The strongest law rebuilds every payload from the rows beside it and compares the bytes with those that were hashed: a changed account,
commodity, posting, key or reversal cannot hide. It needs nothing but the book and what its home keeps outside it, and changes nothing.
"""

from collections.abc import Callable, Iterator, Sequence

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from ledger import guard
from ledger.audit_rulings import rulings_hold
from ledger.book import Book
from ledger.bulk import epoch_us, read
from ledger.checkpoint import Checkpoint, public_key, read_log
from ledger.errors import BadProof, MalformedEntry
from ledger.payload import FORMAT, NO_LEGS, legs_text, netstring, netstrings
from ledger.proof import HASH_BYTES, peaks_of, root_of
from ledger.retrace import Tables, Violation, first_fault
from ledger.sealed import sealed_months_hold
from ledger.tile import Growth, leaf_hashes, stray_tile, wrong_tile

CHUNK = 50_000  # entries

Law = Callable[[Session], list[Violation]]


def verify(book: Book, *, laws: Sequence[Law] = ()) -> list[Violation]:
    """Every broken law, each with the first row that breaks it; an empty list is a good book. `laws` are those of the storeys above."""
    checkpoints, found = _checkpoints(book)  # before the rows are read: the log only grows, so the rows are never behind an honest one
    with book.reading() as session:
        found += (torn := _storage_holds(session.connection()))
        try:
            return found + _laws_hold(book, session, checkpoints, laws)
        except Exception:
            if not torn:
                raise
            return found  # what is torn cannot be read on


def _storage_holds(connection: sa.Connection) -> list[Violation]:
    """SQLite's pages hold together, and in each column lie values of its type; PostgreSQL sees to that itself, where it checks sums."""
    if connection.dialect.name != "sqlite":
        return []
    odd = "SELECT 'the definition of ' || name || ' is no text' FROM sqlite_master WHERE typeof(sql) NOT IN ('text', 'null')"
    told = [row[0] for sql in ("PRAGMA quick_check(3)", odd) for row in connection.exec_driver_sql(sql)]
    return [Violation("storage", "database", line) for line in told if line != "ok"]


def _laws_hold(book: Book, session: Session, checkpoints: list[Checkpoint], laws: Sequence[Law]) -> list[Violation]:
    connection = session.connection()
    if book.dialect == "postgresql":  # a day as text: of any year, of any era, infinite
        connection.exec_driver_sql("SET LOCAL datestyle TO 'ISO'")
    found = [Violation("schema", "database", fault) for fault in guard.missing(connection)]
    if any("is missing" in violation.reason and violation.reason.startswith(("table", "column")) for violation in found):
        return found  # nothing more can be read
    found += _book_is_itself(connection, book.id)
    tables = _tables(connection)
    found += _log_holds(connection, tables, checkpoints)
    found += _rows_belong(tables)
    found += rulings_hold(connection)
    found += _sums_hold(connection, tables)
    found += sealed_months_hold(book, session)
    for law in laws:
        found += law(session)
    return found


def _checkpoints(book: Book) -> tuple[list[Checkpoint], list[Violation]]:
    public = public_key(book.home / "secrets")
    if public is None:
        return [], []
    try:
        log = read_log(book.checkpoint_file, public)
    except BadProof as error:
        return [], [Violation("checkpoint", book.checkpoint_file.name, str(error))]
    foreign = [Violation("checkpoint", book.checkpoint_file.name, f"it is of {one.origin}") for one in log if one.origin != book.origin]
    return [one for one in log if one.origin == book.origin], foreign[:1]


def _book_is_itself(connection: sa.Connection, opened: str) -> list[Violation]:
    """One row names the book, one is its head; the id holds the moment at which the book was made."""
    rows = connection.exec_driver_sql(f"SELECT id, {epoch_us(connection, 'created_at')} FROM book_info").all()
    heads = [row[0] for row in connection.exec_driver_sql("SELECT id FROM head").all()]
    found = [] if heads == [1] else [Violation("book", "head", f"there is one head, with id 1, not {heads}")]
    if len(rows) != 1:
        return [*found, Violation("book", "book_info", f"one row names the book, not {len(rows)}")]
    book_id, us = rows[0]
    if book_id != opened or not book_id.startswith(f"{us // 1000:012x}") or us % 1000:
        found.append(Violation("book", f"book_info {book_id}", "its id and the moment of its making do not belong together"))
    return found


def _tables(connection: sa.Connection) -> Tables:
    """All rows that stand beside the log, by the entry they belong to."""
    accounts = read(
        connection, "SELECT id, book, name, commodity_id FROM account ORDER BY id",
        pl.Schema({"account_id": pl.Int64, "account_book": pl.String, "account": pl.String, "commodity_id": pl.Int64}),
    )  # fmt: skip
    commodities = read(
        connection, "SELECT id, code, unit FROM commodity ORDER BY id",
        pl.Schema({"commodity_id": pl.Int64, "commodity": pl.String, "unit": pl.String}),
    )  # fmt: skip
    names = ("entry_id", "leg", "account_id", "amount", "period")
    postings = read(connection, f"SELECT {', '.join(names)} FROM posting", pl.Schema(dict.fromkeys(names, pl.Int64)))
    keys = read(connection, "SELECT entry_id, key FROM idem", pl.Schema({"entry_id": pl.Int64, "key": pl.Binary}))
    reversals = read(connection, "SELECT by_id, entry_id FROM reversal", pl.Schema({"by_id": pl.Int64, "reverses": pl.Int64}))
    size = connection.exec_driver_sql("SELECT count(*) FROM entry").scalar_one()
    ruled = [row[0] for row in connection.exec_driver_sql("SELECT DISTINCT account_id FROM account_rule")]
    return Tables(
        size=size,
        ruled=ruled,
        accounts=accounts,
        commodities=commodities,
        postings=postings.sort("entry_id", "leg"),
        keys=keys.sort("entry_id"),
        reversals=reversals.sort("by_id"),
    )


def _entries(connection: sa.Connection) -> Iterator[pl.DataFrame]:
    """The log in order, piece by piece: id, posted_at in microseconds, day as text, period, book, kind, payload, leaf."""
    us = epoch_us(connection, "posted_at")
    schema = pl.Schema(
        {
            "id": pl.Int64,
            "posted_at": pl.Int64,
            "day": pl.String,
            "period": pl.Int64,
            "book": pl.String,
            "kind": pl.String,
            "payload": pl.Binary,
            "leaf": pl.Binary,
        }
    )
    after: int | None = None
    while True:
        where = "" if after is None else f"WHERE id > {after}"
        sql = f"SELECT id, {us}, CAST(day AS text), period, book, kind, payload, leaf FROM entry {where} ORDER BY id LIMIT {CHUNK}"
        frame = read(connection, sql, schema)
        if not frame.height:
            return
        yield frame
        after = int(frame["id"][-1])


def _log_holds(connection: sa.Connection, tables: Tables, checkpoints: list[Checkpoint]) -> list[Violation]:
    """The log has no gap; each payload is what its rows say; tiles, head and every checkpoint are those of the tree over the payloads."""
    found: dict[str, Violation] = {}
    tree = Growth.empty()
    marks = sorted(checkpoints, key=lambda one: one.size)
    behind = 0
    for frame in _entries(connection):
        start = tree.size
        expected = pl.int_range(start, start + frame.height, eager=True, dtype=pl.Int64)
        if not frame["id"].equals(expected.alias("id")):
            at = int((frame["id"] != expected).arg_true()[0])
            gap, stray = int(expected[at]), int(frame["id"][at])
            reason = "it is missing from the log" if stray > gap else "the log has no such place"
            found.setdefault("contiguous", Violation("contiguous", f"entry {min(gap, stray)}", reason))
            break
        for violation in _payloads_match(frame, tables):
            found.setdefault(violation.law, violation)
        hashed = leaf_hashes(frame["payload"].to_list())
        off = (pl.Series(hashed, dtype=pl.Binary) != frame["leaf"]).arg_true()
        if len(off):
            reason = "its leaf is not the hash of its payload: one of the two was changed"
            found.setdefault("leaf", Violation("leaf", f"entry {start + off[0]}", reason))
        leaves = b"".join(hashed)
        while behind < len(marks) and marks[behind].size <= start + frame.height:
            mark = marks[behind]
            tree.add(leaves[(tree.size - start) * HASH_BYTES : (mark.size - start) * HASH_BYTES])
            if root_of(tree.peaks) != mark.root:
                reason = f"the log up to here is not the one that was signed over {mark.size} entries: its past was changed or rolled back"
                found.setdefault("checkpoint", Violation("checkpoint", f"entry {mark.size - 1}", reason))
            behind += 1
        tree.add(leaves[(tree.size - start) * HASH_BYTES :])
        if wrong := wrong_tile(connection, tree.taken()):
            found.setdefault("tiles", Violation("tiles", *wrong))
    else:
        for violation in _outside_agrees(marks, tree.size):
            found.setdefault(violation.law, violation)
        if wrong := stray_tile(connection, tree.size):
            found.setdefault("tiles", Violation("tiles", *wrong))
    size, peaks = tree.size, tree.peaks
    head = connection.exec_driver_sql("SELECT size, root, peaks FROM head ORDER BY id LIMIT 1").one_or_none()
    if head is not None and (head[0], bytes(head[1]), peaks_of(bytes(head[2]))) != (size, root_of(peaks), peaks):
        reason = (
            f"it says {head[0]} entries with root {bytes(head[1]).hex()[:16]}…, the log has {size} with root {root_of(peaks).hex()[:16]}…"
        )
        found["head"] = Violation("head", "head", reason)
    return list(found.values())


def _outside_agrees(marks: list[Checkpoint], size: int) -> Iterator[Violation]:
    if marks and marks[-1].size > size:
        reason = f"a checkpoint was signed over {marks[-1].size} entries, the database holds {size}: it was rolled back"
        yield Violation("rolled-back", "database", reason)
    if size and not marks:
        yield Violation("checkpoint", "database", "no checkpoint of this book lies outside it: nobody can tell whether it was rolled back")


def _payloads_match(frame: pl.DataFrame, tables: Tables) -> Iterator[Violation]:
    """The payload is rebuilt from entry, key, reversal, postings, accounts and commodities, and must be the same bytes."""
    first, last = int(frame["id"][0]), int(frame["id"][-1])
    legs = tables.legs(first, last)
    text = legs_text(legs.rename({"entry_id": "no"}))
    place = (pl.lit(FORMAT), pl.col("id").cast(pl.String), pl.col("posted_at").cast(pl.String))
    rebuilt = (
        frame.join(text, left_on="id", right_on="no", how="left", maintain_order="left")
        .join(tables.keys.unique("entry_id", keep="first"), left_on="id", right_on="entry_id", how="left", maintain_order="left")
        .join(tables.reversals.unique("by_id", keep="first"), left_on="id", right_on="by_id", how="left", maintain_order="left")
        .select(
            "payload",
            front=pl.concat_str(*map(netstring, (*place, *map(pl.col, ("book", "kind", "day"))))).cast(pl.Binary),
            key=netstring(pl.col("key").bin.encode("hex")).cast(pl.Binary),
            end=pl.concat_str(netstring(pl.col("reverses").cast(pl.String)), pl.col("legs").fill_null(NO_LEGS)).cast(pl.Binary),
        )
    )
    month = pl.col("day").str.slice(0, 4).cast(pl.Int64, strict=False) * 100 + pl.col("day").str.slice(5, 2).cast(pl.Int64, strict=False)
    off_month = frame.filter(pl.col("period").ne_missing(month))
    if off_month.height:
        yield Violation("entry", f"entry {off_month['id'][0]}", f"its period {off_month['period'][0]} is not the month of its day")
    try:
        good = _are(rebuilt)
    except pl.exceptions.ComputeError:  # a payload that is no text at all: each is looked at by itself
        good = pl.Series([False] * rebuilt.height)
    for at in (~good).arg_true().to_list():
        parts = rebuilt.row(at)
        if not _is(*parts):
            yield first_fault(parts[0], frame.row(at, named=True), tables)
            break
    yield from _legs_are_sound(legs, frame)


def _are(rebuilt: pl.DataFrame) -> pl.Series:
    """What `_is` says of each row, all at once; false where this way cannot tell. Step by step: one expression would grow eightfold."""
    size = {name: pl.col(name).bin.size() for name in ("front", "key")}
    frame = rebuilt.with_columns(rest=pl.col("payload").bin.slice(size["front"]))
    frame = frame.with_columns(_rest(frame["rest"]).alias("rest"))
    good = pl.col("payload").bin.starts_with(pl.col("front")) & pl.col("rest").bin.starts_with(pl.col("key"))
    frame = frame.with_columns(good=good, rest=pl.col("rest").bin.slice(size["key"]))
    for _ in ("reference", "evidence", "detail"):
        frame = frame.with_columns(_rest(frame["rest"]).alias("rest"))
    return frame.select((pl.col("good") & (pl.col("rest") == pl.col("end"))).fill_null(value=False)).to_series()


def _rest(data: pl.Series) -> pl.Series:
    """What follows the netstring in front, or null where none is there whose length has three digits at most."""
    frame = data.to_frame("data")
    one = pl.col("data").bin
    colon = pl.when(one.slice(1, 1) == b":").then(1).when(one.slice(2, 1) == b":").then(2).when(one.slice(3, 1) == b":").then(3)
    frame = frame.with_columns(colon=colon)
    length = one.head(pl.col("colon")).cast(pl.String, strict=False).cast(pl.Int64, strict=False)
    frame = frame.with_columns(end=pl.col("colon") + 1 + length)
    return frame.select(pl.when(one.slice(pl.col("end"), 1) == b",").then(one.slice(pl.col("end") + 1))).to_series()


def _is(payload: bytes, front: bytes, key: bytes, end: bytes) -> bool:
    """Whether the payload is front, actor, key, reference, evidence, detail, end; the four that no table has are read from it."""
    at = len(front)
    if payload[:at] != front:
        return False
    try:
        _, more = netstrings(payload[at:], count=1)
        at += more
        if payload[at : at + len(key)] != key:
            return False
        at += len(key)
        _, more = netstrings(payload[at:], count=3)
    except (ValueError, MalformedEntry):
        return False
    return payload[at + more :] == end


def _legs_are_sound(legs: pl.DataFrame, frame: pl.DataFrame) -> Iterator[Violation]:
    """Legs are numbered from 0, lie in their entry's month and book, and sum to zero."""
    joined = legs.join(frame.select("id", "book", entry_period="period"), left_on="entry_id", right_on="id")
    wrong = joined.filter(
        (pl.col("leg") != pl.int_range(pl.len()).over("entry_id"))
        | (pl.col("period") != pl.col("entry_period"))
        | pl.col("account_book").ne_missing(pl.col("book"))
    )
    for row in wrong.head(1).iter_rows(named=True):
        where = f"posting {row['account_id']}/{row['entry_id']}/{row['leg']}"
        if row["account_book"] != row["book"]:
            yield Violation(
                "postings", f"account {row['account_id']}", f"it lies in book {row['account_book']!r}, its {where} in {row['book']!r}"
            )
        else:
            yield Violation("postings", where, "its period or its number among the legs is not the one of its entry")
    sums = joined.group_by("entry_id", "commodity").agg(pl.col("amount").cast(pl.Int128).sum()).filter(pl.col("amount") != 0)
    if sums.height:
        yield Violation("balanced", f"entry {sums['entry_id'].sort()[0]}", "its legs do not sum to zero")


def _rows_belong(tables: Tables) -> Iterator[Violation]:
    """No posting, key or reversal without its entry, none twice; no account that nothing was posted to."""
    inside = pl.col("entry_id").is_between(0, tables.size - 1)
    for row in tables.postings.filter(~inside).head(1).iter_rows(named=True):
        yield Violation("postings", f"posting {row['account_id']}/{row['entry_id']}/{row['leg']}", "the log has no such entry")
    for row in tables.keys.filter(~inside | pl.col("entry_id").is_duplicated()).head(1).iter_rows(named=True):
        yield Violation("keys", f"idem {bytes(row['key']).hex()}", f"entry {row['entry_id']} has another key, or does not exist")
    stray = tables.reversals.filter(~pl.col("by_id").is_between(0, tables.size - 1) | pl.col("by_id").is_duplicated())
    for row in stray.head(1).iter_rows(named=True):
        yield Violation("keys", f"reversal of entry {row['reverses']}", "no entry reverses it")
    idle = tables.accounts.join(tables.postings, on="account_id", how="anti").filter(~pl.col("account_id").is_in(tables.ruled))
    idle = idle.sort("account_id")
    for row in idle.head(1).iter_rows(named=True):
        yield Violation("postings", f"account {row['account_id']}", f"{row['account']!r} has no posting")


def _sums_hold(connection: sa.Connection, tables: Tables) -> list[Violation]:
    """Each balance is the sum of its postings, each cell the sum of its shares."""
    numbers = ("amount", "count")
    balances = read(
        connection, "SELECT account_id, amount, count FROM balance", pl.Schema(dict.fromkeys(("account_id", *numbers), pl.Int64))
    )
    found = _off("balances", "balance", ["account_id"], balances, tables.postings.with_columns(count=1))
    key = ["cell", "period", "commodity_id"]
    names = ", ".join((*key, *numbers))
    schema = pl.Schema({"cell": pl.String, **dict.fromkeys((*key[1:], *numbers), pl.Int64)})
    cells = read(connection, f"SELECT {names} FROM cell", schema)
    shares = read(connection, f"SELECT {names}, entry_id FROM cell_share", pl.Schema([*schema.items(), ("entry_id", pl.Int64())]))
    stray = shares.filter(~pl.col("entry_id").is_between(0, tables.size - 1)).sort(key)
    for row in stray.head(1).iter_rows(named=True):
        where = f"cell_share {row['cell']}/{row['period']}/{row['commodity_id']}/{row['entry_id']}"
        found.append(Violation("cells", where, "the log has no such entry"))
    return found + _off("cells", "cell", key, cells, shares)


def _off(law: str, table: str, key: list[str], kept: pl.DataFrame, parts: pl.DataFrame) -> list[Violation]:
    summed = parts.group_by(key).agg(pl.col("amount").cast(pl.Int128).sum().alias("sum"), pl.col("count").sum().cast(pl.Int64).alias("n"))
    both = kept.with_columns(pl.col("amount").cast(pl.Int128)).join(summed, on=key, how="full", coalesce=True).sort(key)
    off = both.filter(pl.col("amount").ne_missing(pl.col("sum")) | pl.col("count").ne_missing(pl.col("n")))
    return [
        Violation(
            law,
            f"{table} " + "/".join(str(row[name]) for name in key),
            f"kept {row['amount']} over {row['count']}, its rows add up to {row['sum']} over {row['n']}",
        )
        for row in off.head(1).iter_rows(named=True)
    ]
