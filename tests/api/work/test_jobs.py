"""Jobs: asked for once, done once, told as they go."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

from api.auth.office import Office
from api.auth.user import end_binding
from api.auth.vault import Vault
from api.client import Client, JobFailed, Problem
from api.outgoing import Reach
from api.work import job as jobs
from api.work.errors import LeaseLost
from api.work.told import JobView
from api.work.worker import Worker
from carbon.tables import ActivityLineRow, ImportRow, JobRow
from ledger.book import Book
from ledger.types import table_of
from tests.api.machines import HEAD, POWER, Machine, client, machine


def worker(book: Book, **more: Any) -> Worker:
    return Worker(book, Vault.at(book.home), UTC, Reach(hosts=frozenset()), **more)


def count(book: Book, model: Any) -> int:
    with book.reading() as session:
        return int(session.execute(sa.select(sa.func.count()).select_from(table_of(model))).scalar_one())


def asked(one: Client, firm: Machine, text: str = POWER, **more: Any) -> JobView:
    job = one.file(firm.holder, text.encode(), name="july.csv", later=True, **more)
    assert isinstance(job, JobView)
    return job


def test_a_file_for_later_is_booked_by_a_worker(one: Client, book: Book, firm: Machine) -> None:
    job = asked(one, firm)
    assert (one.job(job.id).status, count(book, ImportRow)) == ("queued", 0)
    assert worker(book).step()
    done = one.wait(job)
    assert done.result is not None
    assert (done.permille, done.result["lines"], done.result["holder"]) == (1000, 1, firm.holder)
    assert [file.id for file in one.files(firm.holder)] == [done.result["import_id"]]
    assert not worker(book).step(), "nothing is done twice"
    with book.reading() as session:
        assert session.execute(sa.select(table_of(JobRow).c.data)).scalar_one() is None


def test_a_large_file_is_booked_later_without_being_asked(http: TestClient[Any], book: Book, firm: Machine) -> None:
    lines = "".join(f"electricity.grid,{number},kWh,2023-07-01,s01,{'x' * 300}\n" for number in range(1, 4000))
    big = HEAD.replace("\n", ",note\n") + lines
    answer = http.post(
        f"/api/v1/holders/{firm.holder}/files", content=big, headers=firm.headers | {"content-type": "text/csv", "idempotency-key": "k"}
    )
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert answer.headers["location"] == f"/api/v1/jobs/{answer.json()['id']}"


def test_the_same_key_asks_for_one_job(one: Client, book: Book, firm: Machine) -> None:
    assert asked(one, firm, key="k").id == asked(one, firm, key="k").id
    assert count(book, JobRow) == 1


def test_a_faulty_file_fails_for_good_and_says_where(one: Client, book: Book, firm: Machine) -> None:
    job = asked(one, firm, POWER.replace("100", "1e2"))
    assert worker(book).step()
    with pytest.raises(JobFailed) as failed:
        one.wait(job)
    assert (failed.value.problem.code, failed.value.problem.errors[0]["row"]) == ("file.faulty", 2)
    assert not worker(book).step()


def test_jobs_are_their_users_alone(one: Client, http: TestClient[Any], book: Book, firm: Machine) -> None:
    job = asked(one, firm)
    for other in (machine(book, name="乙"), machine(book, holder=firm.holder, office=Office.PARK)):
        with pytest.raises(Problem) as refused:
            client(http, other).job(job.id)
        assert (refused.value.status, refused.value.code) == (404, "job.not-found")
        assert list(client(http, other).jobs()) == []
        assert http.get(f"/api/v1/jobs/{job.id}/events", headers=other.headers).status_code == 404
    assert [job.id for job in one.jobs()] == [job.id]
    with pytest.raises(Problem, match=r"holder\.not-found"):
        client(http, machine(book, name="丙")).file(firm.holder, POWER.encode(), later=True)


def test_an_office_that_ended_books_nothing_any_more(one: Client, book: Book, firm: Machine) -> None:
    asked(one, firm)
    with book.writing() as session:
        end_binding(session, firm.office.id, now=datetime.now(UTC))
    assert worker(book).step()
    with book.reading() as session:
        row = session.execute(sa.select(table_of(JobRow))).one()
    assert (row.status, count(book, ImportRow)) == ("failed", 0)
    assert "auth.forbidden" in row.problem


def test_what_breaks_on_the_way_is_tried_again_later_each_time(
    one: Client, book: Book, firm: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.work import worker as module

    def breaks(*_: object, **__: object) -> None:
        raise OSError("no network")

    job = asked(one, firm)
    moment = [datetime.now(UTC)]
    busy = worker(book, now=lambda: moment[0])
    monkeypatch.setattr(module, "book_file", breaks)
    waits = []
    for _ in range(jobs.ATTEMPTS_MAX - 1):
        assert busy.step()
        assert not busy.step(), "not before its time"
        with book.reading() as session:
            due = session.execute(sa.select(table_of(JobRow).c.due_at)).scalar_one()
        waits.append((due - moment[0]).total_seconds())
        moment[0] = due
    assert waits == [5, 10, 20, 40, 80]
    assert one.job(job.id).status == "queued"
    assert busy.step()
    assert one.job(job.id).status == "failed"
    assert "no network" not in str(one.job(job.id).problem), "what broke is in the log, not in the answer"


def test_a_job_whose_worker_died_is_taken_over_and_the_dead_one_can_no_longer_end_it(one: Client, book: Book, firm: Machine) -> None:
    job = asked(one, firm)
    begun = datetime.now(UTC)
    with book.writing() as session:
        dead = jobs.take(session, now=begun)
        assert dead is not None
        assert jobs.take(session, now=begun + timedelta(seconds=59)) is None
    assert worker(book, now=lambda: begun + timedelta(seconds=61)).step()
    assert one.job(job.id).status == "done"
    with pytest.raises(LeaseLost), book.writing() as session:
        jobs.finish(session, dead, {}, now=begun)
    assert one.job(job.id).attempts == 2


def test_many_workers_do_each_job_once(one: Client, book: Book, firm: Machine) -> None:
    for day in range(1, 13):
        asked(one, firm, HEAD + f"electricity.grid,{day},kWh,2023-07-{day:02},s01\n")

    def work(_: int) -> None:
        busy = worker(book)
        while busy.step():
            pass

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    done = list(one.jobs())
    assert {(job.status, job.attempts) for job in done} == {("done", 1)}
    assert (count(book, ImportRow), count(book, ActivityLineRow)) == (12, 12)


def test_a_job_is_told_as_it_goes_and_the_stream_ends_with_it(one: Client, http: TestClient[Any], book: Book, firm: Machine) -> None:
    job = asked(one, firm)

    def later() -> None:
        time.sleep(1)
        worker(book).step()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(later)
        answer = http.get(f"/api/v1/jobs/{job.id}/events", headers=firm.headers | {"accept": "text/event-stream"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    names = [line.removeprefix("event: ") for line in answer.text.splitlines() if line.startswith("event: ")]
    assert (names[0], names[-1]) == ("progress", "done")
    ids = [int(line.removeprefix("id: ")) for line in answer.text.splitlines() if line.startswith("id: ")]
    assert ids == sorted(set(ids))
    seen = http.get(f"/api/v1/jobs/{job.id}/events", headers=firm.headers | {"last-event-id": str(ids[-1])})
    assert "event:" not in seen.text, "what was seen is not told again"


def test_a_job_that_ended_long_ago_is_deleted(one: Client, book: Book, firm: Machine) -> None:
    asked(one, firm)
    assert worker(book).step()
    assert jobs.clear_away(book, now=datetime.now(UTC) + timedelta(days=29)) == 0
    assert jobs.clear_away(book, now=datetime.now(UTC) + timedelta(days=31)) == 1


def test_the_worker_ends_the_work_in_hand_when_told_to_stop(one: Client, book: Book, firm: Machine) -> None:
    job = asked(one, firm)
    environment = os.environ | {"TANZHANG_HOME": str(book.home), "TANZHANG_DATABASE_URL": book.url}
    process = subprocess.Popen([sys.executable, "-m", "api.cli", "worker"], env=environment, stderr=subprocess.PIPE)
    try:
        wait_for(lambda: one.job(job.id).ended)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.communicate()
    assert one.job(job.id).status == "done"


def wait_for(what: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not what():
        assert time.monotonic() < until
        time.sleep(0.2)


def test_a_job_that_kills_every_worker_has_failed_in_the_end(one: Client, book: Book, firm: Machine) -> None:
    job, at = asked(one, firm), datetime.now(UTC)
    for _ in range(jobs.ATTEMPTS_MAX):
        with book.writing() as session:
            assert jobs.take(session, now=at) is not None  # and its worker dies
        at += timedelta(seconds=61)
    assert worker(book, now=lambda: at).step()
    assert one.job(job.id).status == "failed"
    assert not worker(book, now=lambda: at + timedelta(days=1)).step()


def test_a_worker_clears_away_while_it_goes_on(one: Client, book: Book, firm: Machine) -> None:
    job, later = asked(one, firm), datetime.now(UTC) + jobs.KEPT_FOR + timedelta(days=1)
    assert worker(book).step()
    stop = threading.Event()
    thread = threading.Thread(target=worker(book, now=lambda: later).run, args=(stop,))
    thread.start()
    for _ in range(100):
        if job.id not in [told.id for told in one.jobs()]:
            break
        time.sleep(0.1)
    stop.set()
    thread.join(10)
    assert job.id not in [told.id for told in one.jobs()]
