"""Laws of what entries rule: every row of a rule, a month, a hold or a lot is what an entry says, and no saying is without its row.

The log is the only witness: `detail` lies in the hashed payload, so the tables beside it can be made again from it, and are.
"""

from collections.abc import Iterator, Mapping

import msgspec
import polars as pl
import sqlalchemy as sa

from ledger.bulk import read
from ledger.detail import KINDS, Detail, read_detail
from ledger.errors import MalformedEntry
from ledger.payload import read_payload
from ledger.retrace import Violation
from ledger.types import iso_day

Rows = dict[str, list[tuple[object, ...]]]
TABLES = {
    "account_rule": ("account", "commodity", "entry_id", "side", "floor", "closed"),
    "period_state": ("entry_id", "period", "scope", "closed", "reason", "actor", "second", "size", "sealed"),
    "hold": ("entry_id", "account", "commodity", "held", "held_commodity", "amount", "expires_on"),
    "hold_end": ("entry_id", "hold_id", "kind", "amount"),
    "lot": ("entry_id", "commodity", "series", "first", "last", "vintage", "project", "expires_on"),
    "lot_move": ("entry_id", "lot_id", "first", "last", "source", "commodity", "target", "target_commodity"),
    "retirement": ("lot_id", "first", "last", "entry_id", "purpose", "beneficiary"),
}
QUERIES = {
    "account_rule": "SELECT a.name, c.code, r.entry_id, r.side, r.floor, r.closed FROM account_rule r "
    "JOIN account a ON a.id = r.account_id JOIN commodity c ON c.id = a.commodity_id",
    "period_state": "SELECT entry_id, period, scope, closed, reason, actor, second, size, sealed FROM period_state",
    "hold": "SELECT h.entry_id, a.name, ac.code, b.name, bc.code, h.amount, CAST(h.expires_on AS text) FROM hold h "
    "JOIN account a ON a.id = h.account_id JOIN commodity ac ON ac.id = a.commodity_id "
    "JOIN account b ON b.id = h.held_id JOIN commodity bc ON bc.id = b.commodity_id",
    "hold_end": "SELECT entry_id, hold_id, kind, amount FROM hold_end",
    "lot": "SELECT l.entry_id, c.code, l.series, l.first, l.last, l.vintage, l.project, CAST(l.expires_on AS text) FROM lot l "
    "JOIN commodity c ON c.id = l.commodity_id",
    "lot_move": "SELECT m.entry_id, m.lot_id, m.first, m.last, a.name, ac.code, b.name, bc.code FROM lot_move m "
    "JOIN account a ON a.id = m.from_id JOIN commodity ac ON ac.id = a.commodity_id "
    "JOIN account b ON b.id = m.to_id JOIN commodity bc ON bc.id = b.commodity_id",
    "retirement": "SELECT lot_id, first, last, entry_id, purpose, beneficiary FROM retirement",
}


def rulings_hold(connection: sa.Connection) -> list[Violation]:
    """Every broken law about rules, months, holds and lots, the first of each table."""
    said: Rows = {table: [] for table in TABLES}
    places: dict[int, list[list[object]]] = {}
    codes: dict[int, str] = {}  # of each lot, its commodity
    books: dict[tuple[str, str], str] = {}
    try:
        for entry_id, actor, detail in _sayings(connection):
            codes |= {entry_id: detail.issue.commodity} if detail.issue else {}
            books |= {(rule.account, rule.commodity): rule.book for rule in detail.accounts}
            _rows(entry_id, actor, detail, said, codes)
            _follow(entry_id, detail, places)
    except Unreadable as error:
        return [Violation("rulings", f"entry {error.entry_id}", f"nobody can read what it rules: {error}")]
    found = [violation for table in TABLES for violation in _compare(connection, table, said[table])]
    found += [*_books_hold(connection, books), *_places_hold(connection, places, codes)]
    return [*found, *_floors_hold(connection), *_lots_add_up(connection)]


class Unreadable(Exception):
    """A payload that says nothing."""

    def __init__(self, entry_id: int, reason: Exception) -> None:
        self.entry_id = entry_id
        super().__init__(str(reason))


def _sayings(connection: sa.Connection) -> Iterator[tuple[int, str, Detail]]:
    schema = pl.Schema({"id": pl.Int64, "payload": pl.Binary})
    for entry_id, payload in read(connection, f"SELECT id, payload FROM entry WHERE kind IN {KINDS!r} ORDER BY id", schema).iter_rows():
        try:
            said = read_payload(payload)
            detail = None if said.detail is None else read_detail(said.detail)
        except (MalformedEntry, msgspec.MsgspecError, ValueError) as error:
            raise Unreadable(entry_id, error) from error
        if detail is not None:
            yield entry_id, said.actor, detail


def _rows(entry: int, actor: str, detail: Detail, said: Rows, codes: Mapping[int, str]) -> None:
    """The rows that an entry should have made, by table; `codes` are the commodities of the lots so far."""
    said["account_rule"] += [(r.account, r.commodity, entry, r.side, r.floor, int(r.closed)) for r in detail.accounts]
    if detail.period:
        rule = detail.period
        sealed = bytes.fromhex(rule.sealed) if rule.sealed else None
        said["period_state"].append((entry, rule.period, rule.scope, int(rule.closed), rule.reason, actor, rule.second, rule.size, sealed))
    if detail.hold:
        hold = detail.hold
        accounts = (hold.account, hold.commodity, hold.held, hold.commodity)
        said["hold"].append((entry, *accounts, hold.amount, iso_day(hold.expires_on)))
    if detail.end:
        said["hold_end"].append((entry, detail.end.hold, detail.end.kind, detail.end.amount))
    if detail.issue:
        lot = detail.issue
        said["lot"].append((entry, lot.commodity, lot.series, lot.first, lot.last, lot.vintage, lot.project, iso_day(lot.expires_on)))
    for move in detail.moves:
        code = codes.get(move.lot)
        said["lot_move"].append((entry, move.lot, move.first, move.last, move.source, code, move.target, code))
        if detail.retires:
            said["retirement"].append((move.lot, move.first, move.last, entry, detail.retires.purpose, detail.retires.beneficiary))


def _follow(entry: int, detail: Detail, places: dict[int, list[list[object]]]) -> None:
    """Where serials lie after the entry."""
    if detail.issue:
        places[entry] = [[detail.issue.first, detail.issue.last, detail.issue.account]]
    for move in detail.moves:
        kept: list[list[object]] = []
        for first, last, account in places.get(move.lot, []):
            assert isinstance(first, int)
            assert isinstance(last, int)
            if last < move.first or first > move.last:
                kept.append([first, last, account])
                continue
            kept += [[first, move.first - 1, account]] if first < move.first else []
            kept += [[move.last + 1, last, account]] if last > move.last else []
        places[move.lot] = [*kept, [move.first, move.last, move.target]]


def _compare(connection: sa.Connection, table: str, said: list[tuple[object, ...]]) -> Iterator[Violation]:
    stand = {tuple(_plain(value) for value in row) for row in connection.exec_driver_sql(QUERIES[table])}
    at = TABLES[table].index("entry_id")
    wanted = set(said)
    count = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
    for row in sorted(stand - wanted, key=str)[:1]:
        yield Violation("rulings", f"{table} of entry {row[at]}", "it is not what the entry says")
    for row in sorted(wanted - stand, key=str)[:1]:
        yield Violation("rulings", f"{table} of entry {row[at]}", "what the entry says is missing from it, or was changed")
    if count != len(stand) and stand == wanted:
        yield Violation("rulings", table, "it has rows of accounts or commodities that do not exist, or rows twice")


def _plain(value: object) -> object:
    if isinstance(value, memoryview):
        return bytes(value)
    return iso_day(value) if hasattr(value, "isoformat") else value


def _books_hold(connection: sa.Connection, books: Mapping[tuple[str, str], str]) -> Iterator[Violation]:
    """An account that something was ruled for lies in the book that the ruling names."""
    sql = "SELECT a.id, a.name, c.code, a.book FROM account a JOIN commodity c ON c.id = a.commodity_id ORDER BY a.id"
    for account_id, name, code, book in connection.exec_driver_sql(sql):
        if books.get((name, code), book) != book:
            yield Violation(
                "rulings", f"account {account_id}", f"it lies in book {book!r}, {name} {code} was ruled in {books[name, code]!r}"
            )
            return


def _places_hold(connection: sa.Connection, places: dict[int, list[list[object]]], codes: Mapping[int, str]) -> Iterator[Violation]:
    sql = (
        "SELECT p.lot_id, p.first, p.last, a.name, c.code FROM lot_place p JOIN account a ON a.id = p.account_id "
        "JOIN commodity c ON c.id = a.commodity_id"
    )
    stand: dict[int, list[list[object]]] = {}
    for lot, first, last, account, code in connection.exec_driver_sql(sql):
        stand.setdefault(lot, []).append([first, last, (account, code)])
    for lot in sorted({*stand, *places}):
        wanted = [[first, last, (account, codes.get(lot))] for first, last, account in places.get(lot, [])]
        if _merged(stand.get(lot, [])) != _merged(wanted):
            yield Violation("lots", f"lot_place of lot {lot}", "its serials do not lie where the entries put them")
            return


def _merged(places: list[list[object]]) -> list[list[object]]:
    """Neighbours on one account as one range: how often a range was cut says nothing."""
    merged: list[list[object]] = []
    for first, last, account in sorted(places, key=lambda place: int(str(place[0]))):
        if merged and merged[-1][2] == account and int(str(merged[-1][1])) + 1 == first:
            merged[-1][1] = last
        else:
            merged.append([first, last, account])
    return merged


def _floors_hold(connection: sa.Connection) -> Iterator[Violation]:
    """No balance lies below the floor that its account has had since its last posting."""
    sql = (
        "SELECT a.name, c.code, b.amount, r.side, r.floor FROM account_rule r JOIN account a ON a.id = r.account_id "
        "JOIN commodity c ON c.id = a.commodity_id JOIN balance b ON b.account_id = a.id "
        "WHERE r.floor IS NOT NULL AND r.side * b.amount < r.floor "
        "AND r.entry_id = (SELECT max(entry_id) FROM account_rule WHERE account_id = r.account_id) "
        "AND r.entry_id < (SELECT max(entry_id) FROM posting p WHERE p.account_id = r.account_id AND p.amount * r.side < 0) ORDER BY a.name"
    )
    for name, code, amount, side, floor in connection.exec_driver_sql(sql):
        yield Violation("floors", f"account {name} {code}", f"its balance {side * amount} lies below its floor {floor}")
        return


def _lots_add_up(connection: sa.Connection) -> Iterator[Violation]:
    """Of a commodity whose units have serials, each account's balance is how many lie on it; the registry's is what it gave out."""
    sql = (
        "SELECT a.name, b.amount, coalesce(sum(p.last - p.first + 1), 0) FROM balance b JOIN account a ON a.id = b.account_id "
        "LEFT JOIN lot_place p ON p.account_id = a.id WHERE a.commodity_id IN (SELECT commodity_id FROM lot) AND b.amount > 0 "
        "GROUP BY a.name, b.amount ORDER BY a.name"
    )
    for name, amount, lie in connection.exec_driver_sql(sql):
        if amount != lie:
            yield Violation("lots", f"account {name}", f"its balance is {amount}, {lie} serials lie on it")
            return
