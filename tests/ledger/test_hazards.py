"""The hazards' table against the ledger: kill −9, torn write-ahead log, failing calls, floods of redemptions and transfers, twins.

Counts are small here; TANZHANG_SOAK raises them to those of the table (`make soak-ledger`).
"""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

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


def test_of_a_flood_of_redemptions_exactly_those_that_the_balance_covers_succeed(book: Book) -> None:
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
    assert outcomes.count("redeemed") == 100
    assert set(outcomes) == {"redeemed", "account.overdraft"}
    assert (amount_of(book, "purse", "POINT"), amount_of(book, "shop", "POINT")) == (0, 1000)
    assert verify(book) == []


def test_every_snapshot_of_a_bank_sums_to_what_it_began_with_and_no_deadlock_surfaces(book: Book) -> None:
    transfers = 20_000 if SOAK else 120
    accounts = {f"bank/{n:02d}": 1000 for n in range(20)}
    funded(book, accounts)
    stop, sums = threading.Event(), []

    def watch() -> None:
        while not stop.is_set():
            with book.reading() as session:
                sums.append(int(balances(session, accounts="bank/")["amount"].sum()))
            time.sleep(0.002)

    def send(n: int) -> str:
        draw = random.Random(n)
        source, target = draw.sample(sorted(accounts), 2)
        try:
            if n % 4:
                committer.post(moved(f"t{n}", source, target, draw.randint(1, 400)), LOCAL_ADMIN, now=NOW)
            else:
                put(book, moved(f"t{n}", source, target, draw.randint(1, 400)))
        except LedgerError as error:
            return error.code
        return ""

    watcher = threading.Thread(target=watch)
    watcher.start()
    with closing(Committer(book)) as committer, ThreadPoolExecutor(8) as pool:
        outcomes = set(pool.map(send, range(transfers)))
    stop.set()
    watcher.join()
    assert outcomes <= {"", "account.overdraft"}
    assert sums
    assert set(sums) == {20_000}
    assert verify(book) == []


@pytest.mark.parametrize("through", ["journal", "committer"])
def test_fifty_twins_have_one_effect_and_fifty_equal_answers(book: Book, through: str) -> None:
    def ask(_: int) -> int | None:
        if through == "journal":
            return put(book, burning("twin")).first_id
        return committer.post(burning("twin"), LOCAL_ADMIN, now=NOW).first_id

    with closing(Committer(book)) as committer, ThreadPoolExecutor(50) as pool:
        assert set(pool.map(ask, range(50))) == {0}
    with book.reading() as session:
        assert log_size(session) == 1


POSTER = """
import sys
from datetime import date
from pathlib import Path
from ledger.book import open_book
from ledger.committer import Committer
from ledger.principal import LOCAL_ADMIN
from concurrent.futures import ThreadPoolExecutor
from tests.ledger.books import NOW, burning
book = open_book(sys.argv[1], home=Path(sys.argv[2]))
committer = Committer(book)
def go(n):
    receipt = committer.post(burning(f"{sys.argv[3]}-{n}", 1 + n), LOCAL_ADMIN, now=NOW)
    sys.stdout.write(f"{sys.argv[3]}-{n} {receipt.first_id}\\n")
    sys.stdout.flush()
print("ready", flush=True)
with ThreadPoolExecutor(8) as pool:
    list(pool.map(go, range(100000)))
"""


def test_kill_9_under_load_loses_nothing_that_was_acknowledged_and_doubles_nothing(book: Book) -> None:
    acknowledged: dict[str, int] = {}
    draw = random.Random(9)
    for turn in range(500 if SOAK else 2):
        command = [sys.executable, "-c", POSTER, book.url, str(book.home), str(turn)]
        poster = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
        assert poster.stdout is not None
        assert poster.stdout.readline() == "ready\n"
        said = poster.stdout.readline()  # the first is acknowledged: it is at work
        time.sleep(draw.uniform(0.0, 0.4))
        poster.send_signal(signal.SIGKILL)
        said += poster.communicate()[0]
        for line in said.splitlines():
            if line.count(" ") == 1 and not line.endswith(" "):
                key, entry_id = line.split(" ")
                acknowledged[key] = int(entry_id)
        for key in list(acknowledged)[-3:]:  # again, as a client would that never had its answer
            assert put(book, burning(key, 1 + int(key.split("-")[1]))).ids == (acknowledged[key],)
    assert acknowledged
    with book.reading() as session:
        keys = session.connection().exec_driver_sql("SELECT entry_id FROM idem").all()
        assert {row[0] for row in keys} >= set(acknowledged.values())
        assert len(keys) == len({row[0] for row in keys}) == log_size(session)
    violations = [one for one in verify(book) if one.law != "checkpoint"]
    assert violations == []


def test_a_torn_log_leaves_a_balanced_beginning_and_the_checkpoint_outside_tells_what_is_lost(
    make_book_on_sqlite: Callable[[], Book], tmp_path: Path
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


def test_a_posting_that_fails_at_any_of_its_calls_leaves_all_or_nothing(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    heads = [(no, client_key("h", str(no)), "points", "move", DAY, None, None, None, None) for no in range(20)]
    legs = [(no, name, "POINT", amount) for no in range(20) for name, amount in (("a", 1 + no), ("b", -1 - no))]
    batch = entry_batch(
        pl.DataFrame(heads, schema=ENTRIES, orient="row"), pl.DataFrame(legs, schema=POSTINGS, orient="row"), units={"POINT": "point"}
    )
    for name in ("insert", "add_up", "select_in", "_move_head", "_lock_head"):
        whole = getattr(ledger.journal, name)
        for fails_at in range(1, 12):
            calls = [0]

            def failing(*arguments: Any, _whole: Any = whole, _calls: list[int] = calls, _at: int = fails_at, **named: Any) -> Any:
                _calls[0] += 1
                if _calls[0] == _at:
                    raise OSError("the disk is gone")
                return _whole(*arguments, **named)

            monkeypatch.setattr(ledger.journal, name, failing)
            try:
                receipt: Receipt | None = put(book, batch)
            except OSError:
                receipt = None
            monkeypatch.setattr(ledger.journal, name, whole)
            with book.reading() as session:
                assert log_size(session) in ({20} if receipt else {0, 20})
            if receipt:
                break
    assert put(book, batch).created + put(book, batch).repeated >= 20
    assert verify(book) == []
