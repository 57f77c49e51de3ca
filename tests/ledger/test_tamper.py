"""Whatever is changed, taken, moved or rolled back is found and its row named, on both engines.

About one harm a column here; TANZHANG_SOAK raises the counts to those of the hazards' table, half of them on each engine.
"""

import os
import random
import sqlite3
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ledger.audit import Violation, verify
from ledger.book import Book, open_book
from ledger.errors import LedgerError
from tests.conftest import admin, maker, url_text
from tests.ledger.books import burning, put
from tests.ledger.tampering import (
    COLUMNS,
    TABLES,
    Intruder,
    Row,
    act_at_random,
    everything,
    flipped,
    intruding,
    is_named,
    is_told_by_the_log,
)
from tests.ledger.test_audit import found

SOAK = bool(os.environ.get("TANZHANG_SOAK"))
Count = Callable[[str, object], None]


class Trial:
    """Harm is done, asked for and put back, again and again; `missed` holds what was not found or not named."""

    def __init__(self, book: Book, intruder: Intruder) -> None:
        self.book, self.intruder = book, intruder
        self.accounts = intruder.rows("account")
        self.size = len(intruder.rows("entry"))
        self.tried: Counter[str] = Counter()
        self.missed: list[str] = []

    def harm(self, what: str, table: str, gone: list[Row], new: list[Row]) -> bool:
        """Exchange rows and ask; False where the ledger cannot know, or the database has no place for the new rows."""
        if not is_told_by_the_log(table, gone, new, self.size):
            return False
        try:
            self.intruder.exchange(table, gone, new)
        except sa.exc.DBAPIError:
            return False
        self.ask(what, table, [*gone, *new])
        self.intruder.exchange(table, new, gone)
        return True

    def ask(self, what: str, table: str, rows: list[Row]) -> None:
        """Whether one of the rows is named."""
        self.tried[table] += 1
        try:
            told: list[Violation] = found(self.book)
        except Exception as error:  # a finding that is not told is a miss like any other
            self.missed.append(f"{what}: verify failed with {error!r:.300}")
            return
        if not any(is_named(table, row, told, self.accounts) for row in rows):
            self.missed.append(f"{what}: {[str(violation) for violation in told]}")

    def ends(self, record_property: Count) -> None:
        record_property("count", self.tried.total())
        record_property("result", f"{self.tried.total() - len(self.missed):,} found and named, {len(self.missed)} missed")
        assert not self.missed, "\n".join(self.missed)
        assert found(self.book) == [], "all of it was put back"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def full_book(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Book, Intruder]]:
    """A book with something of everything and somebody inside, who puts back whatever he changed."""
    with maker(request, tmp_path_factory.mktemp("tamper"), request.param) as make:
        book = make()
        everything(book)
        with intruding(book) as intruder:
            yield book, intruder


@pytest.fixture
def trial(full_book: tuple[Book, Intruder]) -> Trial:
    assert found(full_book[0]) == [], "all harm before this test was put back"
    return Trial(*full_book)


def fewer(trial: Trial, cases: Sequence[Any]) -> Sequence[Any]:
    """All of them, but on PostgreSQL each fifth where time is short: it takes four times as long over one."""
    return cases if SOAK or trial.book.dialect == "sqlite" else cases[::5]


def some(rows: list[Row], draw: random.Random) -> Row:
    """Any row, or one of the first, which are of every kind: the many behind them are alike."""
    return draw.choice(rows if draw.random() < 0.5 else rows[:25])


def test_a_flipped_bit_in_any_column_of_any_table_is_found_and_its_row_named(trial: Trial, record_property: Count) -> None:
    draw = random.Random(20261125)
    for table, column in fewer(trial, COLUMNS * (6 if SOAK else 1)):
        rows = [row for row in trial.intruder.rows(table) if row[column] not in {None, ""}]
        assert rows, f"the book of these tests says nothing in {table}.{column}: let `everything` say something there"
        for _ in range(200):
            row = some(rows, draw)
            value = flipped(row[column], draw)
            if value is not None and trial.harm(f"{table}.{column} {row[column]!r} → {value!s}", table, [row], [{**row, column: value}]):
                break
        else:
            pytest.fail(f"no bit of {table}.{column} could be flipped")
    trial.ends(record_property)


def test_a_row_that_is_deleted_is_found_and_named(trial: Trial, record_property: Count) -> None:
    draw = random.Random(20261126)
    for table in fewer(trial, list(TABLES)):
        rows = trial.intruder.rows(table)
        for row in [rows[-1], *(some(rows, draw) for _ in range(10 if SOAK else 0))]:
            assert trial.harm(f"{table} without {row}", table, [row], [])
    trial.ends(record_property)


def test_rows_that_changed_places_are_found_and_named(trial: Trial, record_property: Count) -> None:
    """Two rows of a table exchange what one column says: two payloads, two amounts, two keys …"""
    draw = random.Random(20261127)
    used = {row["account_id"] for row in trial.intruder.rows("posting")}
    for table, column in [("entry", "payload"), *fewer(trial, COLUMNS if SOAK else COLUMNS[1::2])]:
        rows = trial.intruder.rows(table)
        key = {one.name for one in TABLES[table].primary_key.columns}
        if len({row[column] for row in rows}) < 2 or (key == {column}):
            continue  # nothing to exchange; or the rows exchange all they say, which is said column by column
        done = 0
        for _ in range(100):
            one, other = some(rows, draw), some(rows, draw)
            if table == "account" and not {one["id"], other["id"]} & used:
                continue  # two accounts that one entry opened alike and nobody used: only their numbers change places
            new = [{**one, column: other[column]}, {**other, column: one[column]}]
            if not all(row in (one, other) for row in new) and trial.harm(
                f"{table}.{column} of {one} and {other}", table, [one, other], new
            ):
                done += 1
            if done == (4 if SOAK else 1):
                break
    assert trial.tried["entry"]
    trial.ends(record_property)


def test_two_entries_that_changed_places_with_all_their_rows_are_found_and_named(trial: Trial) -> None:
    for one, other in ((0, 2), (30, 31), (255, 256), (0, trial.size - 1)):
        for _ in ("there", "and back"):
            for table, column in (("entry", "id"), ("posting", "entry_id"), ("idem", "entry_id"), ("cell_share", "entry_id")):
                gone = [row for row in trial.intruder.rows(table) if row[column] in {one, other}]
                trial.intruder.exchange(table, gone, [{**row, column: one + other - row[column]} for row in gone])
            if _ == "there":
                trial.ask(f"entries {one} and {other}", "entry", [{"id": one}, {"id": other}])
    assert trial.missed == []
    assert found(trial.book) == []


def twin(accounts: list[Row], account_id: int) -> int:
    """The account of the same name in another commodity."""
    (name,) = (one["name"] for one in accounts if one["id"] == account_id)
    return next(int(one["id"]) for one in accounts if one["name"] == name and one["id"] != account_id)


Change = Callable[[Row, list[Row]], Any]
ALIKE: dict[str, tuple[str, str, Callable[[Row], bool], Change]] = {
    "a hold on the purse of that name in another commodity": ("hold", "account_id", lambda row: True, lambda row, a: twin(a, row["account_id"])),
    "what is held there, likewise": ("hold", "held_id", lambda row: True, lambda row, a: twin(a, row["held_id"])),
    "serials from an account of that name": ("lot_move", "from_id", lambda row: True, lambda row, a: twin(a, row["from_id"])),
    "serials to an account of that name": ("lot_move", "to_id", lambda row: True, lambda row, a: twin(a, row["to_id"])),
    "where serials lie, likewise": ("lot_place", "account_id", lambda row: True, lambda row, a: twin(a, row["account_id"])),
    "an account without a posting in another book": ("account", "book", lambda row: row["id"] == 16, lambda row, a: "physical"),
    "a leg on an account of another commodity": ("posting", "account_id", lambda row: row["entry_id"] == 30, lambda row, a: 4),
    "an entry before the log": ("entry", "id", lambda row: row["id"] == 3, lambda row, a: -3),
    "a ruling that is torn": ("entry", "payload", lambda row: row["kind"] == "ruling", lambda row, a: row["payload"][:-3]),
    "a ruling that is no JSON": (
        "entry", "payload", lambda row: row["kind"] == "ruling", lambda row, a: row["payload"].replace(b'{"', b"{#"),
    ),
    "a length that is no text": (
        "entry", "payload", lambda row: True, lambda row, a: row["payload"].replace(b"11:local-admin", b"\xb11:local-admin"),
    ),
    "a day of the year 369,000": ("entry", "day", lambda row: True, lambda row, a: sa.literal_column("DATE '2000-01-01' + 134227288")),
    "a day before Christ": ("entry", "day", lambda row: True, lambda row, a: sa.literal_column(f"DATE '{row['day']} BC'")),
    "a day beyond the year 10,000": ("lot", "expires_on", lambda row: row["expires_on"], lambda row, a: sa.literal_column("DATE '20000-01-01'")),
    "a day that never comes": ("lot", "expires_on", lambda row: not row["expires_on"], lambda row, a: sa.literal_column("DATE 'infinity'")),
    "a moment that never comes": ("entry", "posted_at", lambda row: True, lambda row, a: sa.literal_column("TIMESTAMPTZ 'infinity'")),
    "a book that is made in the year 20,000": ("book_info", "created_at", lambda row: True, lambda row, a: sa.literal_column("TIMESTAMPTZ '20000-01-01'")),
}  # fmt: skip


def test_what_reads_alike_is_told_apart(trial: Trial) -> None:
    for what, (table, column, which, change) in ALIKE.items():
        row = next(row for row in trial.intruder.rows(table) if which(row))
        value = change(row, trial.accounts)
        if trial.book.dialect == "postgresql" or not isinstance(value, sa.ColumnElement):  # SQLite has no days and moments of its own
            assert trial.harm(what, table, [row], [{**row, column: value}])
    assert not trial.missed, "\n".join(trial.missed)


def test_rows_that_lie_in_another_order_on_the_disk_are_no_harm(trial: Trial) -> None:
    for table in TABLES:
        rows = trial.intruder.rows(table)
        trial.intruder.exchange(table, rows, rows[::-1])
    assert found(trial.book) == []


def test_an_honest_book_is_never_accused(book: Book, record_property: Count) -> None:
    """Whatever is posted, sent again, reversed, held, issued, closed or refused: verify is content after each of them."""
    draw, runs, alarms = random.Random(20261129), 500 if SOAK else 10, 0
    everything(book)
    for number in range(runs):
        with suppress(LedgerError):
            act_at_random(book, number, draw)
        alarms += verify(book) != []
    record_property("count", runs)
    record_property("result", f"{alarms} false alarms")
    assert alarms == 0


@contextmanager
def copied(book: Book, server: Callable[[], sa.URL], folder: Path) -> Iterator[Book]:
    """The book's database as it is now, with the book's home: what stands there when it is put back later."""
    name = f"tanzhang_{uuid.uuid4().hex[:12]}"
    book.engine.dispose()
    if book.dialect == "sqlite":
        url = f"sqlite:///{folder}/{name}.db"
        with closing(sqlite3.connect(book.url.removeprefix("sqlite:///"))) as live, closing(sqlite3.connect(folder / f"{name}.db")) as copy:
            live.backup(copy)
    else:
        url = url_text(sa.make_url(book.url).set(database=name))
        with admin(server()) as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {sa.make_url(book.url).database} OWNER tanzhang_owner")
    copy_of = open_book(url, home=book.home)
    yield copy_of
    copy_of.engine.dispose()
    if book.dialect == "postgresql":
        with admin(server()) as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_database_rolled_back_to_any_earlier_copy_is_told_from_an_honest_one(
    book: Book, request: pytest.FixtureRequest, tmp_path: Path, record_property: Count
) -> None:
    draw, told, size = random.Random(3), 0, 0
    copies = 25 if SOAK else 1
    for _ in range(copies):
        for _ in range(draw.randint(1, 3)):
            put(book, burning(str(size), 1 + size))
            size += 1
        held = size
        with copied(book, lambda: request.getfixturevalue("postgres"), tmp_path) as earlier:
            assert verify(earlier) == [], "it is no earlier one yet"
            for _ in range(draw.randint(1, 3)):
                put(book, burning(str(size), 1 + size))
                size += 1
            (violation,) = verify(earlier)
            told += violation.law == "rolled-back"
            assert f"over {size} entries, the database holds {held}: it was rolled back" in violation.reason
            log = book.checkpoint_file.read_bytes()
            for n in range(size - held + 1):
                put(earlier, burning(f"other {n}", 7 + n))
            assert [one.law for one in verify(earlier)] == ["checkpoint"], "posting on does not make it honest"
            book.checkpoint_file.write_bytes(log)
    record_property("count", copies)
    record_property("result", f"{told} told")
    assert told == copies
    assert verify(book) == []


def rows_in(file: Path) -> dict[str, list[tuple[Any, ...]]] | None:
    """Every row of the book's tables, text as bytes; None where SQLite cannot read them."""
    with closing(sqlite3.connect(file)) as connection:
        connection.text_factory = bytes
        try:
            return {name: connection.execute(f"SELECT * FROM {name} NOT INDEXED").fetchall() for name in TABLES}
        except (sqlite3.DatabaseError, UnicodeDecodeError):  # the latter of what SQLite says of a damaged schema
            return None


def told_of(book: Book) -> str:
    """What verify says of the file as it is now: "found", "unreadable", or "" where it is content."""
    try:
        opened = open_book(book.url, home=book.home)
    except (LedgerError, sa.exc.DatabaseError, UnicodeDecodeError):
        return "unreadable"
    try:
        return "found" if verify(opened) else ""
    except (LedgerError, sa.exc.DatabaseError, sqlite3.DatabaseError):
        return "unreadable"
    finally:
        opened.engine.dispose()


def test_a_flipped_bit_anywhere_in_the_file_is_never_passed_over(
    request: pytest.FixtureRequest, tmp_path: Path, record_property: Count
) -> None:
    """The rows that SQLite still reads are the old ones, or verify says that they are not."""
    draw = random.Random(20261128)
    outcomes: Counter[str] = Counter()
    with maker(request, tmp_path, "sqlite") as make:
        book = make()
        everything(book)
        with book.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        book.engine.dispose()
        file = Path(book.url.removeprefix("sqlite:///"))
        whole, said = file.read_bytes(), rows_in(file)
        used = [at for at, byte in enumerate(whole) if byte]  # most of the rest is empty room
        for _ in range(1000 if SOAK else 20):
            at, bit = draw.choice(used), draw.randrange(8)
            file.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
            told, now = told_of(book), rows_in(file)
            outcomes[told or ("nothing changed" if now == said else "missed")] += 1
            assert told or now == said, f"bit {bit} of byte {at}"
            for end in ("-wal", "-shm"):
                Path(f"{file}{end}").unlink(missing_ok=True)
    record_property("engine", "sqlite")
    record_property("count", outcomes.total())
    record_property("result", ", ".join(f"{count} {what}" for what, count in outcomes.most_common()) + ", 0 missed")
