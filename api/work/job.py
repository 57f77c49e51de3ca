"""Jobs: what is done later, each a row that says how far it has come.

A job is written in the transaction of what asked for it. A worker takes it under a lease, so that one is done by one worker at a time and
by another where the first died; work must bear to be begun again. What fails for a reason of its own (a faulty file) has failed; what
fails for another reason is tried again, later each time.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session
from uuid6 import uuid7

from api.work.errors import JobNotFound, LeaseLost
from api.work.told import DONE, ENDED, FAILED, JobView
from carbon.holder import new_id
from carbon.tables import JobRow
from ledger.book import Book
from ledger.types import table_of

QUEUED, RUNNING = "queued", "running"
LEASE = timedelta(seconds=60)
KEPT_FOR = timedelta(days=30)
ATTEMPTS_MAX = 6
BACKOFF_S = 5


@dataclass(frozen=True, kw_only=True)
class Job(JobView):
    """A job with what its user is not told: whose it is, what it works on, under which lease."""

    user: str
    binding: str
    content: dict[str, Any]
    lease: str | None


def enqueue(
    session: Session, kind: str, content: Mapping[str, Any], *, user: str, binding: str, now: datetime, data: bytes | None = None
) -> Job:
    """Write a job to be done, in the caller's transaction."""
    values = {
        "id": f"j{uuid7().hex}", "kind": kind, "user_id": user, "binding_id": binding, "content": json.dumps(content), "data": data,
        "status": QUEUED, "permille": 0, "step": "waits for a worker", "version": 0, "attempts": 0, "due_at": now, "created_at": now,
        "changed_at": now,
    }  # fmt: skip
    session.execute(sa.insert(table_of(JobRow)).values(values))
    return find_job(session, str(values["id"]), user=user, binding=binding)


def find_job(session: Session, job: str, *, user: str, binding: str | None) -> Job:
    """The job of a user in an office. Raises JobNotFound, also where it is another's."""
    row = table_of(JobRow).c
    found = session.execute(_query().where(row.id == job, row.user_id == user, row.binding_id == binding)).mappings().one_or_none()
    if found is None:
        raise JobNotFound(job)
    return _job(found)


def jobs(session: Session, *, user: str, binding: str | None, after: str, limit: int) -> list[Job]:
    """Jobs of a user in an office by id, those after `after`."""
    row = table_of(JobRow).c
    query = _query().where(row.user_id == user, row.binding_id == binding, row.id > after).order_by(row.id).limit(limit)
    return [_job(found) for found in session.execute(query).mappings()]


def is_due(session: Session, *, now: datetime) -> bool:
    """Whether there is a job to take, seen without a lock."""
    return session.execute(sa.select(table_of(JobRow).c.id).where(_due(now)).limit(1)).first() is not None


def _due(now: datetime) -> sa.ColumnElement[bool]:
    row = table_of(JobRow).c
    return sa.or_(sa.and_(row.status == QUEUED, row.due_at <= now), sa.and_(row.status == RUNNING, row.lease_until <= now))


def take(session: Session, *, now: datetime) -> Job | None:
    """Take the job that is due first, or whose worker died, under a new lease; None where there is none."""
    table = table_of(JobRow)
    row = table.c
    query = sa.select(row.id).where(_due(now)).order_by(row.due_at, row.id).limit(1).with_for_update(skip_locked=True)
    found = session.execute(query).scalar_one_or_none()
    if found is None:
        return None
    values = {"status": RUNNING, "step": "begun", "lease": new_id("l"), "lease_until": now + LEASE, "attempts": row.attempts + 1}
    session.execute(sa.update(table).where(row.id == found).values(values | {"version": row.version + 1, "changed_at": now}))
    return _job(session.execute(_query().where(row.id == found)).mappings().one())


def data_of(session: Session, job: Job) -> bytes:
    """The bytes that the job works on."""
    return bytes(session.execute(sa.select(table_of(JobRow).c.data).where(table_of(JobRow).c.id == job.id)).scalar_one() or b"")


def say(session: Session, job: Job, *, permille: int, step: str, now: datetime) -> None:
    """How far the job has come; prolongs the lease. Raises LeaseLost."""
    _change(session, job, {"permille": permille, "step": step[:200], "lease_until": now + LEASE}, now=now)


def prolong(session: Session, job: Job, *, now: datetime) -> None:
    """Go on holding the lease. Raises LeaseLost."""
    row = table_of(JobRow)
    _one(session.execute(sa.update(row).where(row.c.id == job.id, row.c.lease == job.lease).values(lease_until=now + LEASE)), job)


def finish(session: Session, job: Job, result: Mapping[str, Any], *, now: datetime) -> None:
    """The job is done, in the transaction of its effect. Raises LeaseLost, and with it the effect is taken back."""
    _change(session, job, _ENDED | {"status": DONE, "permille": 1000, "step": "done", "result": json.dumps(result)}, now=now)


def fail(session: Session, job: Job, problem: Mapping[str, Any], *, now: datetime) -> None:
    """The job has failed for good. Raises LeaseLost."""
    _change(session, job, _ENDED | {"status": FAILED, "step": "failed", "problem": json.dumps(problem)}, now=now)


def put_off(session: Session, job: Job, *, reason: str, now: datetime) -> None:
    """Try again later: 5 s, 10 s, 20 s … after the first failures. Raises LeaseLost."""
    due = now + timedelta(seconds=BACKOFF_S * 2 ** (job.attempts - 1))
    _change(session, job, {"status": QUEUED, "step": reason[:200], "due_at": due, "lease": None, "lease_until": None}, now=now)


def clear_away(book: Book, *, now: datetime) -> int:
    """Delete the jobs that ended 30 days ago; gives how many."""
    row = table_of(JobRow)
    with book.writing() as session:
        done = session.execute(sa.delete(row).where(row.c.status.in_(sorted(ENDED)), row.c.changed_at < now - KEPT_FOR))
    return int(done.rowcount)  # type: ignore[attr-defined]


_ENDED = {"lease": None, "lease_until": None, "data": None}


def _change(session: Session, job: Job, values: Mapping[str, Any], *, now: datetime) -> None:
    row = table_of(JobRow)
    told = dict(values) | {"version": row.c.version + 1, "changed_at": now}
    _one(session.execute(sa.update(row).where(row.c.id == job.id, row.c.lease == job.lease).values(told)), job)


def _one(done: Any, job: Job) -> None:
    if done.rowcount != 1:
        raise LeaseLost(job.id)


def _query() -> sa.Select[Any]:
    return sa.select(*(column for column in table_of(JobRow).columns if column.name != "data"))


def _job(row: sa.RowMapping) -> Job:
    told = {name: json.loads(row[name]) if row[name] else None for name in ("content", "result", "problem")}
    known = {**row, **told, "user": row["user_id"], "binding": row["binding_id"]}
    return Job(**{name: known[name] for name in Job.__dataclass_fields__})
