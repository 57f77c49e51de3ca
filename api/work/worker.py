"""The worker: takes jobs and messages that are due, one after the other, until it is told to stop.

As many workers may run as one likes: on PostgreSQL each takes what no other holds (FOR UPDATE SKIP LOCKED), on SQLite the one writer's lock
keeps them apart. Told to stop it ends what it does and takes nothing more.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

import msgspec
from sqlmodel import Session

from api.auth.errors import AuthError, Forbidden
from api.auth.office import Action
from api.auth.user import Binding, bindings, find_user
from api.auth.vault import Vault
from api.outgoing import Reach
from api.problems import problem_of
from api.work import job as jobs
from api.work.errors import LeaseLost
from api.work.filing import FILE, Filing, book_file, told
from api.work.job import Job
from api.work.lines import LINES, take_lines
from api.work.outbox import clear_messages, is_message_due, note, publish, send, take_message
from api.work.together import Together
from carbon.errors import CarbonError
from factors.errors import FactorError
from ledger.book import Book
from ledger.errors import Busy, DiskFull, LedgerError
from ledger.principal import Principal

LOG = logging.getLogger("tanzhang.worker")
PAUSE_S = 1.0
BEAT_S = 20.0
CLEAR_EVERY = timedelta(hours=1)
FINAL = (CarbonError, FactorError, LedgerError, AuthError)
PASSING = (Busy, DiskFull)
Now = Callable[[], datetime]


class Work(NamedTuple):
    """What is done of a kind of job: how it is told while it goes on, and what gives its result."""

    step: str
    do: Callable[[Together, dict[str, Any], bytes, Principal, datetime, date], dict[str, Any]]


def _book(book: Together, content: dict[str, Any], data: bytes, principal: Principal, now: datetime, today: date) -> dict[str, Any]:
    return told(book_file(book, Filing(**content), data, principal=principal, now=now, today=today))


WORK = {FILE: Work("reads and books the file", _book), LINES: Work("reads the file", take_lines)}
"""What jobs may ask for."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker on a book. `timezone` says which day it is, `reach` whom webhooks may call."""

    book: Book
    vault: Vault
    timezone: tzinfo
    reach: Reach
    now: Now = _utc_now

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; then the work in hand is ended first. What breaks the database is logged and tried again."""
        due = self.now()
        while not stop.is_set():
            try:
                if self.now() >= due:
                    self.clear_away()
                    due = self.now() + CLEAR_EVERY
                busy = self.step()
            except Exception:
                LOG.exception("the worker stumbled and goes on")
                busy = False
            if not busy:
                stop.wait(PAUSE_S)

    def step(self) -> bool:
        """Do one job and send one message; whether there was any."""
        with self.book.reading() as session:
            if not jobs.is_due(session, now=self.now()) and not is_message_due(session, now=self.now()):
                return False
        return any([self._send_one(), self._do_one()])  # a list: the one does not stand in for the other

    def _send_one(self) -> bool:
        with self.book.writing() as session:
            due = take_message(session, now=self.now())
        if due is None:
            return False
        answer, reason = send(due, vault=self.vault, reach=self.reach, now=self.now())
        with self.book.writing() as session:
            note(session, due, answer=answer, reason=reason, now=self.now())
        return True

    def _do_one(self) -> bool:
        with self.book.writing() as session:
            job = jobs.take(session, now=self.now())
        if job is None:
            return False
        self.do(job)
        return True

    def do(self, job: Job) -> None:
        """Do a job: done, failed for good, or put off. One whose workers died again and again has failed."""
        if job.attempts > jobs.ATTEMPTS_MAX:
            self._end_badly(job, RuntimeError(f"job {job.id}: its worker died {jobs.ATTEMPTS_MAX} times"), passing=False)
            return
        together = Together(self.book)
        try:
            with self._beating(job):
                self._file(together, job)
            together.commit()
        except LeaseLost:
            LOG.warning("job %s was taken over by another worker", job.id)
        except FINAL as error:
            together.undo()
            self._end_badly(job, error, passing=isinstance(error, PASSING))
        except Exception as error:
            together.undo()
            LOG.exception("job %s", job.id)
            self._end_badly(job, error, passing=True)

    def _file(self, book: Together, job: Job) -> None:
        """Do what a job asks of its file, as who asked for it, if the office still allows it."""
        work = WORK.get(job.kind)
        if work is None:
            raise Forbidden(office="no office", action=job.kind)
        with self.book.writing() as session:
            office = _office(session, job)
            jobs.say(session, job, permille=100, step=work.step, now=self.now())
            data = jobs.data_of(session, job)
        now = self.now()
        result = work.do(book, job.content, data, office.principal(), now, now.astimezone(self.timezone).date())
        with book.writing() as session:
            jobs.finish(session, job, result, now=now)
            holder = str(job.content["holder"])
            publish(session, "job.done", {"job": job.id, "kind": job.kind}, holder=holder, now=now, binding=job.binding)

    def _end_badly(self, job: Job, error: Exception, *, passing: bool) -> None:
        """Write that the job failed, or that it is tried again."""
        with self.book.writing() as session:
            try:
                if passing and job.attempts < jobs.ATTEMPTS_MAX:
                    jobs.put_off(session, job, reason="failed, is tried again", now=self.now())
                    return
                jobs.fail(session, job, msgspec.to_builtins(problem_of(error)), now=self.now())
                holder = str(job.content.get("holder"))
                publish(session, "job.failed", {"job": job.id, "kind": job.kind}, holder=holder, now=self.now(), binding=job.binding)
            except LeaseLost:
                LOG.warning("job %s was taken over by another worker", job.id)

    @contextmanager
    def _beating(self, job: Job) -> Iterator[None]:
        """Hold the lease while the work goes on. SQLite has one writer: while the work itself writes, nobody else takes the job either."""
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(BEAT_S):
                try:
                    with self.book.writing(patience=1) as session:
                        jobs.prolong(session, job, now=self.now())
                except (LeaseLost, LedgerError):
                    LOG.warning("the lease of job %s was not prolonged", job.id)

        thread = threading.Thread(target=beat, daemon=True, name=f"lease-{job.id}")
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def clear_away(self) -> None:
        """Delete what ended long ago."""
        jobs.clear_away(self.book, now=self.now())
        clear_messages(self.book, now=self.now())


def _office(session: Session, job: Job) -> Binding:
    """The office in which the job was asked for. Raises Forbidden where it has ended or never allowed it, or its user is shut out."""
    held = {one.id: one for one in bindings(session, job.user)}
    office = held.get(job.binding)
    if office is None or Action.FILE not in office.duty.actions or find_user(session, job.user)["disabled_at"] is not None:
        raise Forbidden(office="no office" if office is None else office.office, action=Action.FILE)
    return office
