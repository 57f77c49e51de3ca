"""The hazards' table against the ledger: kill −9, torn write-ahead log, failing calls, floods of redemptions and transfers, twins.

Counts are small here; TANZHANG_SOAK raises them to those of the table (`make soak-ledger`).
"""

import multiprocessing
import os
import random
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ledger.book
import ledger.bulk
import ledger.journal
from ledger.audit import verify
from ledger.balances import balances, log_size
from ledger.book import Book, open_book
from ledger.committer import Committer
from ledger.entry import ENTRIES, POSTINGS, EntryBatch, client_key, entry_batch, one_entry
from ledger.errors import LedgerError
from ledger.journal import Receipt, post
from ledger.opening import AccountOpening, open_accounts
from ledger.principal import LOCAL_ADMIN
from tests.ledger.books import NOW, amount_of, burning, put

SOAK = bool(os.environ.get("TANZHANG_SOAK"))
Count = Callable[[str, object], None]
DAY = date(2026, 3, 5)


def moved(key: str, source: str, target: str, amount: int) -> EntryBatch:
    legs = [(target, "POINT", amount), (source, "POINT", -amount)]
    return one_entry(key=client_key("h", key), book="points", kind="move", day=DAY, legs=legs, units={"POINT": "point"})


def funded(book: Book, accounts: dict[str, int], *, floor: int | None = 0) -> None:
    with book.writing() as session:
        openings = [AccountOpening(book="points", name=name, commodity="POINT", unit="point", floor=floor) for name in accounts]
        open_accounts(session, openings, LOCAL_ADMIN, now=NOW, day=DAY)
        for name, amount in accounts.items():
            post(session, moved(f"fund {name}", "sponsor", name, amount), LOCAL_ADMIN, now=NOW)


def test_of_a_flood_of_redemptions_exactly_those_that_the_balance_covers_succeed(book: Book, record_property: Count) -> None:
    count = 10_000 if SOAK else 300
    funded(book, {"purse": 1000})

    def redeem(n: int) -> str:
        try:
            committer.post(moved(f"redeem {n}", "purse", "shop", 10), LOCAL_ADMIN, now=NOW)
        except LedgerError as error:
            return error.code
        return "redeemed"

    with closing(Committer(book)) as committer, ThreadPoolExecutor(32) as pool:
        outcomes = list(pool.map(redeem, range(count)))
    record_property("count", count)
    record_property("result", f"{outcomes.count('redeemed')} succeeded")
    assert outcomes.count("redeemed") == 100
    assert set(outcomes) == {"redeemed", "account.overdraft"}
    assert (amount_of(book, "purse", "POINT"), amount_of(book, "shop", "POINT")) == (0, 1000)
    assert verify(book) == []


def test_every_snapshot_of_a_bank_sums_to_what_it_began_with_and_no_deadlock_surfaces(book: Book, record_property: Count) -> None:
    transfers = 20_000 if SOAK else 120
    accounts = {f"bank/{n:02d}": 1000 for n in range(20)}
    funded(book, accounts)
    stop, sums = threading.Event(), []

    def watch() -> None:
        while not stop.is_set():
            with book.reading() as session:
                sums.append(int(balances(session, accounts="bank/")["amount"].sum()))
            time.sleep(0.05 if SOAK else 0.01)  # or the watcher takes more of the machine than the transfers

    def send(n: int) -> str:
        draw = random.Random(n)
        source, target = draw.sample(sorted(accounts), 2)
        try:
            if n % (16 if SOAK else 4):
                committer.post(moved(f"t{n}", source, target, draw.randint(1, 400)), LOCAL_ADMIN, now=NOW)
            else:
                put(book, moved(f"t{n}", source, target, draw.randint(1, 400)))
        except LedgerError as error:
            return error.code
        return ""

    watcher = threading.Thread(target=watch)
    watcher.start()
    with closing(Committer(book)) as committer, ThreadPoolExecutor(32 if SOAK else 8) as pool:
        outcomes = set(pool.map(send, range(transfers)))
    stop.set()
    watcher.join()
    record_property("count", transfers)
    record_property(
        "result", f"{len(sums):,} snapshots, {sum(one != 20_000 for one in sums)} off; refused for {outcomes - {''} or 'nothing'}"
    )
    assert outcomes <= {"", "account.overdraft"}
    assert sums
    assert set(sums) == {20_000}
    assert verify(book) == []


@pytest.mark.parametrize("through", ["journal", "committer"])
def test_fifty_twins_have_one_effect_and_fifty_equal_answers(book: Book, through: str, record_property: Count) -> None:
    def ask(_: int) -> int | None:
        if through == "journal":
            return put(book, burning("twin")).first_id
        return committer.post(burning("twin"), LOCAL_ADMIN, now=NOW).first_id

    with closing(Committer(book)) as committer, ThreadPoolExecutor(50) as pool:
        assert set(pool.map(ask, range(50))) == {0}
    record_property("count", 50)
    record_property("result", f"one effect through the {through}")
    with book.reading() as session:
        assert log_size(session) == 1


def keep_posting(url: str, home: Path, turn: int, pipe: Connection) -> None:
    """Post without end, in a process of its own, and say each key and id after its commit."""
    with closing(Committer(open_book(url, home=home))) as committer, ThreadPoolExecutor(8) as pool:

        def go(thread: int) -> None:
            for n in range(thread, 1_000_000, 8):
                receipt = committer.post(burning(f"{turn}-{n}", 1 + n), LOCAL_ADMIN, now=NOW)
                os.write(pipe.fileno(), f"{turn}-{n} {receipt.first_id}\n".encode())  # one write of a line is whole, or not there

        list(pool.map(go, range(8)))


def test_kill_9_under_load_loses_nothing_that_was_acknowledged_and_doubles_nothing(book: Book, record_property: Count) -> None:
    acknowledged: dict[str, int] = {}
    draw = random.Random(9)
    forks = multiprocessing.get_context("forkserver")  # each poster is a fresh process without a second of imports
    forks.set_forkserver_preload([__name__])
    kills = 500 if SOAK else 25
    for turn in range(kills):
        hears, says = forks.Pipe(duplex=False)
        poster = forks.Process(target=keep_posting, args=(book.url, book.home, turn, says))
        poster.start()
        says.close()
        with os.fdopen(os.dup(hears.fileno())) as lines:
            first = lines.readline()  # the first is acknowledged: it is at work
            assert first.endswith("\n"), "the poster died by itself"
            time.sleep(draw.uniform(0.0, 0.4 if SOAK else 0.1))
            poster.kill()
            for line in [first, *lines]:
                key, entry_id = line.split()
                acknowledged[key] = int(entry_id)
        poster.join()
        hears.close()
        for key in list(acknowledged)[-3:]:  # again, as a client would that never had its answer
            assert put(book, burning(key, 1 + int(key.split("-")[1]))).ids == (acknowledged[key],)
    with book.reading() as session:
        keys = [row[0] for row in session.connection().exec_driver_sql("SELECT entry_id FROM idem")]
        size = log_size(session)
    lost, doubled = set(acknowledged.values()) - set(keys), len(keys) - len(set(keys))
    violations = [one for one in verify(book) if one.law != "checkpoint"]
    record_property("count", kills)
    record_property("result", f"{len(acknowledged):,} acknowledged, {len(lost)} lost, {doubled} doubled, {len(violations)} laws broken")
    assert not lost
    assert len(keys) == len(set(keys)) == size
    assert violations == []


def test_a_torn_log_leaves_a_balanced_beginning_and_the_checkpoint_outside_tells_what_is_lost(
    make_book_on_sqlite: Callable[[], Book], tmp_path: Path, record_property: Count
) -> None:
    """Truncated, bit-flipped, zeroed: the database opens with a prefix, or says that it is damaged; never with a half."""
    book = make_book_on_sqlite()
    path = Path(book.url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as keeper:  # keeps the write-ahead log from being folded into the file
        keeper.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        keeper.execute("BEGIN")
        keeper.execute("SELECT size FROM head").fetchall()
        for n in range(60):
            put(book, burning(str(n), n + 1))
        files = path.read_bytes(), Path(f"{path}-wal").read_bytes()
    book.engine.dispose()
    draw, told, tried = random.Random(4), 0, 500 if SOAK else 12
    for mode in ("truncate", "flip", "zero"):
        for turn in range(tried):
            home = tmp_path / f"{mode}{turn}"
            shutil.copytree(book.home, home, ignore=shutil.ignore_patterns("*.db*"))
            wal, at = bytearray(files[1]), draw.randrange(len(files[1]))
            if mode == "truncate":
                wal = wal[:at]
            elif mode == "flip":
                wal[at] ^= 1 << draw.randrange(8)
            else:
                wal[at:] = bytes(len(wal) - at)
            (home / "book.db").write_bytes(files[0])
            (home / "book.db-wal").write_bytes(wal)
            lost = _lost(home)
            told += lost
            shutil.rmtree(home)
    record_property("engine", "sqlite")
    record_property("count", 3 * tried)
    record_property("result", f"a balanced prefix each time, {told:,} losses, each told")
    assert told >= tried, "most of the damage loses something, or nothing was tried"


def _lost(home: Path) -> bool:
    """Whether entries are gone; then verify says so, and what is left is whole."""
    with closing(open_book(f"sqlite:///{home}/book.db", home=home).engine.connect()) as connection:
        size = connection.exec_driver_sql("SELECT size FROM head").scalar_one()
    book = open_book(f"sqlite:///{home}/book.db", home=home)
    laws = {one.law for one in verify(book)}
    book.engine.dispose()
    assert laws == ({"rolled-back"} if size < 60 else set())
    return bool(size < 60)


@pytest.fixture
def make_book_on_sqlite(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    from tests.conftest import maker

    (tmp_path / "torn").mkdir()
    with maker(request, tmp_path / "torn", "sqlite") as make:
        yield make


def batch_of(name: str) -> EntryBatch:
    heads = [(no, client_key("h", f"{name} {no}"), "points", "move", DAY, None, None, None, None) for no in range(20)]
    legs = [(no, f"{name}/{end}", "POINT", sign * (1 + no)) for no in range(20) for end, sign in (("a", 1), ("b", -1))]
    return entry_batch(
        pl.DataFrame(heads, schema=ENTRIES, orient="row"), pl.DataFrame(legs, schema=POSTINGS, orient="row"), units={"POINT": "point"}
    )


def test_a_posting_that_fails_at_any_of_its_calls_leaves_all_or_nothing(
    book: Book, monkeypatch: pytest.MonkeyPatch, record_property: Count
) -> None:
    """The n-th call of each function that reads, writes or signs fails, for every n there is, and then the posting goes through."""
    failures = 0
    monkeypatch.setattr(ledger.bulk, "BEHIND", 1)  # on PostgreSQL rows go in behind the journal's back, as those of a great batch do
    steps = ("insert", "add_up", "select_in", "grow", "_texts", "_write", "_add_balances", "_move_head", "_lock_head")
    modules = [(ledger.book, "append_note"), (ledger.bulk, "insert"), *((ledger.journal, name) for name in steps)]
    for size, (module, name) in enumerate(modules):
        whole = getattr(module, name)
        for fails_at in range(1, 100):
            calls = [0]

            def failing(*arguments: Any, _whole: Any = whole, _calls: list[int] = calls, _at: int = fails_at, **named: Any) -> Any:
                _calls[0] += 1
                if _calls[0] == _at:
                    raise OSError("the disk is gone")
                return _whole(*arguments, **named)

            receipt: Receipt | None = None
            with monkeypatch.context() as patch, suppress(OSError):
                patch.setattr(module, name, failing)
                receipt = put(book, batch_of(f"{module.__name__}.{name}"))
            with book.reading() as session:
                assert log_size(session) == 20 * (size + 1 if receipt or name == "append_note" else size)
            if receipt:
                break
            failures += 1
        assert receipt is not None
        assert receipt.created + receipt.repeated == 20
        assert fails_at > 1, f"{name} was never called"
    record_property("count", failures)
    record_property("result", "all or nothing each time")
    assert verify(book) == []
