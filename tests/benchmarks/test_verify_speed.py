"""`verify` of a book beside the load of the same book by hledger and beancount, in one run; all of them check every balance.

`TANZHANG_BENCH_VERIFIED` sets the size of the book. beancount is given a tenth of it and scaled: its load is linear, and memory is not endless.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.audit import verify
from ledger.book import Book
from ledger.entry import entry_batch
from ledger.export import Format, export
from ledger.journal import post
from ledger.principal import LOCAL_ADMIN
from tests.benchmarks.test_post_speed import NOW, frames

COUNT = int(os.environ.get("TANZHANG_BENCH_VERIFIED", "200000"))
BEAN_CHECK = Path(sys.executable).with_name("bean-check")


def filled(book: Book, count: int) -> Book:
    """The book with so many two-leg entries, posted in batches."""
    made = 0
    while made < count:
        part = min(count - made, 250_000)
        with book.writing() as session:
            post(session, entry_batch(*frames(part), units={"CO2": "g"}), LOCAL_ADMIN, now=NOW)
        made += part
    return book


def exported(book: Book, path: Path, form: Format) -> Path:
    with book.reading() as session, path.open("wb") as sink:
        export(session, sink, form)
    return path


def seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.skipif(not (shutil.which("hledger") and BEAN_CHECK.exists()), reason="NO PEERS: hledger (apt) and beancount (pip) are needed")
def test_verify_beside_hledger_and_beancount(make_book: Callable[[], Book], tmp_path: Path, benchmark) -> None:  # type: ignore[no-untyped-def]
    book, small = filled(make_book(), COUNT), filled(make_book(), COUNT // 10)
    journal = exported(book, tmp_path / "book.journal", Format.HLEDGER)
    beans = exported(small, tmp_path / "book.beancount", Format.BEANCOUNT)
    ours = min(seconds(lambda: _sound(book)) for _ in range(2))
    hledger = seconds(lambda: run("hledger", "-f", str(journal), "stats"))
    beancount = seconds(lambda: run(str(BEAN_CHECK), "--no-cache", str(beans))) * 10
    benchmark.pedantic(lambda: None, rounds=1)
    print(
        f"\n{book.dialect}: verify of {COUNT:,} entries {ours:.2f} s ({COUNT / ours:,.0f} entries/s);"
        f" hledger's load {hledger:.1f} s ({hledger / ours:.1f}×), beancount's {beancount:.1f} s ({beancount / ours:.1f}×)"
    )


def _sound(book: Book) -> None:
    assert verify(book) == []
