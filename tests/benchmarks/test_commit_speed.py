"""Single entries of 16 clients of one process share their fsyncs; a balance takes no longer in a book ten times as large."""

import os
import statistics
import threading
import time
from collections.abc import Callable
from datetime import date

from ledger.balances import balances
from ledger.book import Book
from ledger.committer import Committer
from ledger.entry import new_key, one_entry
from ledger.principal import LOCAL_ADMIN
from tests.benchmarks.test_post_speed import NOW
from tests.benchmarks.test_verify_speed import filled

CLIENTS, EACH = 16, 100
SMALL = int(os.environ.get("TANZHANG_BENCH_SMALL", "50000"))


def test_sixteen_clients_share_their_fsyncs(book: Book, benchmark) -> None:  # type: ignore[no-untyped-def]
    def client(number: int) -> None:
        for at in range(EACH):
            legs = [(f"holder/h{number:02}/s01/scope1/1A2", "CO2", at + 1), ("atmosphere/330106/1A2", "CO2", -at - 1)]
            entry = one_entry(key=new_key(), book="physical", kind="emission", day=date(2023, 7, 1), legs=legs, units={"CO2": "g"})
            committer.post(entry, LOCAL_ADMIN, now=NOW)

    committer = Committer(book)
    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.perf_counter() - start
    committer.close()
    benchmark.pedantic(lambda: None, rounds=1)
    each = CLIENTS * EACH / committer.commits
    print(f"\n{book.dialect}: {CLIENTS} clients post {CLIENTS * EACH / taken:,.0f} single entries/s, {each:.1f} a commit (one fsync)")
    assert each >= 10


def test_a_balance_takes_as_long_in_a_book_ten_times_as_large(make_book: Callable[[], Book], benchmark) -> None:  # type: ignore[no-untyped-def]
    """The balance that the book keeps, which is what pages and floors read. `TANZHANG_BENCH_SMALL=1000000` is the size that README tells."""
    small, large = filled(make_book(), SMALL), filled(make_book(), 10 * SMALL)

    def read(book: Book) -> float:
        taken = []
        for number in range(50):
            start = time.perf_counter()
            with book.reading() as session:
                balances(session, accounts=[f"holder/h{number:05}/s01/scope1/1A2"])
            taken.append(time.perf_counter() - start)
        return statistics.median(taken)

    read(small), read(large)
    times = {"small": read(small), "large": read(large)}
    benchmark.pedantic(lambda: None, rounds=1)
    ratio = times["large"] / times["small"]
    print(
        f"\n{small.dialect}: a balance of {SMALL:,} entries {times['small'] * 1000:.2f} ms, of {10 * SMALL:,} {times['large'] * 1000:.2f} ms ({ratio:.2f}×)"
    )
