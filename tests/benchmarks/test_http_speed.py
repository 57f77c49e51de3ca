"""What HTTP carries over a filled book, on both engines: `make bench-http`. Figures are printed beside their targets.

The server is a real `tanzhang serve` with a worker a processor and no rate limit, the load comes from a process of its own. "A core" counts the processor time of the
workers alone, so that the load and a neighbour's job on the same machine do not count against it; PostgreSQL's own processes are not in it.
`TANZHANG_BENCH_SECONDS` (5) is how long each load lasts, `TANZHANG_BENCH_ENTRIES` (50,000) how many entries the book holds.
"""

import base64
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from api.auth.office import Office
from api.auth.password import hashed
from api.auth.session import open_session
from api.auth.user import add_user, bind
from api.auth.vault import Vault
from carbon.holder import add_holder, add_site
from carbon.record import record
from carbon.region.divisions import divisions
from carbon.region.shipped import import_shipped
from factors.library import load_library
from ledger.book import Book
from ledger.committer import Committer
from ledger.entry import new_key, one_entry
from ledger.principal import LOCAL_ADMIN
from tests.api.server import Served, ask, serving
from tests.benchmarks.test_verify_speed import filled

SECONDS = float(os.environ.get("TANZHANG_BENCH_SECONDS", "5"))
ENTRIES = int(os.environ.get("TANZHANG_BENCH_ENTRIES", "50000"))
WORKERS = os.cpu_count() or 2
COUNTY, PROVINCE, LOGIN, PASSWORD = "330522", "330000", "crowd@example.com", "a long enough password"
ROOT = Path(__file__).parent.parent.parent


@dataclass
class Loaded:
    """A server over a filled book, and who reads: a firm (its holder, its session) and a regulator (a session)."""

    book: Book
    served: Served
    holder: str
    firm: str
    regulator: str


@pytest.fixture
def loaded(book: Book) -> Iterator[Loaded]:
    now, tree = datetime.now(UTC), divisions()
    filled(book, ENTRIES)
    with book.writing() as session:
        import_shipped(session, principal=LOCAL_ADMIN, now=now, tree=tree)
        holder = add_holder(session, LOCAL_ADMIN, name="示例建材有限公司", industry="C3011", example=True, now=now).id
        add_site(session, LOCAL_ADMIN, holder=holder, code="s01", name="一厂", division=COUNTY, since=date(2020, 1, 1), tree=tree)
    workbook = Path(str(files("carbon").joinpath("data", "example_2023.xlsx")))
    record(book, workbook, holder=holder, principal=LOCAL_ADMIN, now=now, today=now.date(), library=load_library(), tree=tree)
    vault = Vault.at(book.home)
    with book.writing() as session:
        firm, regulator = (
            add_user(session, vault, login=name, password=hashed(PASSWORD), now=now) for name in (LOGIN, "regulator@example.com")
        )
        bind(session, firm, Office.FIRM, holder=holder, by="local-admin", now=now)
        bind(session, regulator, Office.REGULATOR, division=PROVINCE, by="local-admin", now=now)
        tokens = [open_session(session, user, second=True, now=now) for user in (firm, regulator)]
    with serving(book.home, "--workers", str(WORKERS), url=book.url, TANZHANG_RATE_SIGNED="0", TANZHANG_RATE_ANONYMOUS="0") as served:
        yield Loaded(book, served, holder, *tokens)


def get(served: Served, path: str, token: str, **headers: str) -> bytes:
    """A request as it goes over the wire."""
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nCookie: tanzhang={token}; tanzhang_language=zh\r\n{more}\r\n".encode()


def load(served: Served, requests: list[bytes], *, clients: int, seconds: float = SECONDS, once: bool = False) -> dict[str, Any]:
    """Run the load in a process of its own; its result with the worker's processor time."""
    asked = {"port": served.port, "clients": clients, "seconds": seconds, "once": once, "pause": 1}
    asked["requests"] = [base64.b64encode(one).decode() for one in requests]
    before, start = processor_s(served), time.monotonic()
    run = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.http_load"], input=json.dumps(asked), capture_output=True, text=True, cwd=ROOT, check=True
    )
    result: dict[str, Any] = json.loads(run.stdout)
    share = seconds / (seconds + asked["pause"]) if not once else 1
    result["cpu_s"] = (processor_s(served) - before) * share
    result["rate"] = result["answers"] / (seconds if not once else time.monotonic() - start)
    result["rate_core"] = result["answers"] / result["cpu_s"] if result["cpu_s"] > 0 else 0.0
    return result


def processor_s(served: Served) -> float:
    """The processor time that the server's workers have used."""
    tick, total = os.sysconf("SC_CLK_TCK"), 0.0
    for pid in _below(served.process.pid):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += (int(fields[11]) + int(fields[12])) / tick
    return total


def _below(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from _below(int(child))


def told(what: str, result: dict[str, Any], target: str, reached: bool) -> None:
    ms = result["ms"]
    print(
        f"  {what:58} {result['rate']:7.0f}/s  {result['rate_core']:7.0f} a core·s   p50 {ms['p50']:6.1f}  p99 {ms['p99']:7.1f} ms   "
        f"{target}: {'reached' if reached else 'MISSED'}   {result['statuses']}"
    )


def test_reads_of_balances_and_dashboards(loaded: Loaded, benchmark: Any) -> None:
    benchmark.pedantic(lambda: None, rounds=1)
    served = loaded.served
    print(f"\n{loaded.book.dialect}: {WORKERS} workers, {ENTRIES:,} entries, {SECONDS:.0f} s each")
    below = f"{served.address}/api/v1/accounts/balance?account=holder/{loaded.holder}/"
    names = sorted({row["account"] for row in json.loads(ask(below, Cookie=f"tanzhang={loaded.firm}")[2])})
    accounts = [get(served, f"/api/v1/accounts/balance?account={name}", loaded.firm) for name in names]
    balance = load(served, accounts, clients=8)
    told(f"a balance as JSON, {len(names)} accounts, 8 clients", balance, "≥ 1,000 a second and core", balance["rate_core"] >= 1000)
    page = f"/zh/regions/{COUNTY}?year=2023"
    status, headers, body = ask(f"{served.address}{page}", Cookie=f"tanzhang={loaded.regulator}; tanzhang_language=zh")
    assert status == 200, body[:500]
    plain = load(served, [get(served, page, loaded.regulator)], clients=8)
    told("a county's dashboard, 8 clients", plain, "p99 < 150 ms", plain["ms"]["p99"] < 150)
    fresh = load(served, [get(served, page, loaded.regulator, **{"If-None-Match": headers["etag"]})], clients=32)
    told("the same with a fresh ETag, 32 clients", fresh, "p99 < 150 ms", fresh["ms"]["p99"] < 150)
    cached = load(served, [get(served, page, loaded.regulator)], clients=32)
    told("the same without an ETag, 32 clients", cached, "p99 < 150 ms", cached["ms"]["p99"] < 150)
    for result, good in ((balance, {"200"}), (plain, {"200"}), (fresh, {"304"}), (cached, {"200"})):
        assert set(result["statuses"]) == good
        assert result["broken"] == 0


def test_two_hundred_sign_ins_at_once_starve_no_reader(loaded: Loaded, benchmark: Any) -> None:
    benchmark.pedantic(lambda: None, rounds=1)
    served = loaded.served
    body = f"login={LOGIN.replace('@', '%40')}&password={PASSWORD.replace(' ', '+')}&next="
    sign_in = (
        f"POST /zh/sign-in HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nContent-Type: application/x-www-form-urlencoded\r\nAccept: text/html\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
    account = f"/api/v1/accounts/balance?account=holder/{loaded.holder}/"
    calm = load(served, [get(served, account, loaded.firm)], clients=8)
    crowd: dict[str, Any] = {}
    thread = threading.Thread(target=lambda: crowd.update(load(served, [sign_in], clients=200, seconds=60, once=True)))
    beside = threading.Thread(target=lambda: crowd.update(beside=load(served, [get(served, account, loaded.firm)], clients=8)))
    beside.start()
    time.sleep(2)
    thread.start()
    thread.join()
    beside.join()
    print(f"\n{loaded.book.dialect}: 200 sign-ins at once beside 8 readers")
    told("readers alone", calm, "beside it", True)
    told("readers beside the crowd", crowd["beside"], "p99 < 1 s", crowd["beside"]["ms"]["p99"] < 1000)
    told("the crowd", crowd, "answered, each", crowd["answers"] == 200)
    assert (crowd["answers"], crowd["broken"]) == (200, 0)
    assert set(crowd["statuses"]) <= {"303", "503", "429"}
    assert crowd["statuses"].get("303", 0) > 0
    assert set(crowd["beside"]["statuses"]) == {"200"}


def test_single_entries_through_the_group_committer(book: Book, benchmark: Any) -> None:
    """No route posts single entries, so this is the committer itself, with 64 callers, as so many requests of a worker would be."""
    benchmark.pedantic(lambda: None, rounds=1)
    callers, each = 64, 40
    filled(book, ENTRIES)

    def caller(number: int) -> None:
        for at in range(each):
            legs = [(f"holder/h{number:02}/s01/scope1/1A2", "CO2", at + 1), ("atmosphere/330106/1A2", "CO2", -at - 1)]
            entry = one_entry(key=new_key(), book="physical", kind="emission", day=date(2023, 7, 1), legs=legs, units={"CO2": "g"})
            committer.post(entry, LOCAL_ADMIN, now=datetime.now(UTC))

    committer = Committer(book)
    rate = callers * each / _together(caller, callers)
    committer.close()
    reached = "reached" if rate >= 600 else "MISSED"
    print(
        f"\n{book.dialect}: {callers} callers post {rate:,.0f} entries/s, {callers * each / committer.commits:.1f} a commit (≥ 600 on PostgreSQL: {reached})"
    )


def _together(caller: Callable[[int], None], callers: int) -> float:
    threads = [threading.Thread(target=caller, args=(number,)) for number in range(callers)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start
