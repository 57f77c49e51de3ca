"""Jobs: how far what was asked for has come, once or as it happens."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from anyio import to_thread
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import ServerSentEvent, ServerSentEventMessage

from api.auth.user import Binding
from api.bounds import office_of
from api.doors import SELF
from api.paging import After, Limit, page_of
from api.work.errors import JobNotFound
from api.work.job import Job, find_job, jobs
from api.work.told import JobView
from ledger.book import Book

EVERY_S = 0.5
LONGEST_S = 600.0


def view(job: Job) -> JobView:
    """A job as it is sent."""
    return JobView(**{name: getattr(job, name) for name in JobView.__dataclass_fields__})


@get("/jobs", opt=SELF, sync_to_thread=True, tags=["jobs"])
def list_jobs(
    request: Request[Any, Any, Any], book: NamedDependency[Book], after: After = "", limit: Limit = 100
) -> Response[list[JobView]]:
    """The jobs that you asked for in this office, by their id. One that ended is kept for 30 days."""
    office = office_of(request)
    with book.reading(office.principal()) as session:
        found = [view(job) for job in jobs(session, user=office.user, binding=office.id, after=after, limit=limit + 1)]
    return page_of(request, found, limit=limit, key=lambda one: one.id)


@get("/jobs/{job:str}", opt=SELF, sync_to_thread=True, tags=["jobs"])
def one_job(request: Request[Any, Any, Any], job: FromPath[str], book: NamedDependency[Book]) -> Response[JobView]:
    """How far a job of yours has come. Retry-After says when to ask again."""
    told = seen(book, office_of(request), job)
    return Response(view(told), headers={} if told.ended else {"Retry-After": "2"})


def seen(book: Book, office: Binding, job: str) -> Job:
    """The job as it stands. Raises JobNotFound."""
    with book.reading(office.principal()) as session:
        return find_job(session, job, user=office.user, binding=office.id)


@get(
    "/jobs/{job:str}/events", opt=SELF | {"skip_compression": True}, tags=["jobs"], media_type="text/event-stream",
)  # fmt: skip
async def job_events(request: Request[Any, Any, Any], job: FromPath[str], book: NamedDependency[Book]) -> ServerSentEvent:
    """Each change of a job of yours as it happens (server-sent events): `progress`, at last `done` or `failed`, then the stream ends.
    Last-Event-ID goes on after what was seen. A stream lasts ten minutes at most; a browser opens the next by itself."""
    office = office_of(request)
    first = await to_thread.run_sync(seen, book, office, job)
    given = request.headers.get("last-event-id", "")
    after = int(given) if given.isascii() and given.isdigit() and len(given) <= 18 else -1
    return ServerSentEvent(changes(book, office, first, after=after), retry_duration=2000)


async def changes(book: Book, office: Binding, job: Job, *, after: int) -> AsyncIterator[ServerSentEventMessage]:
    """The job's states after version `after`, until it ended or vanished."""
    until = asyncio.get_running_loop().time() + LONGEST_S
    while True:
        if job.version > after:
            after = job.version
            name = job.status if job.ended else "progress"
            yield ServerSentEventMessage(data=msgspec.json.encode(view(job)).decode(), event=name, id=job.version)
        if job.ended or asyncio.get_running_loop().time() > until:
            return
        await asyncio.sleep(EVERY_S)
        try:
            job = await to_thread.run_sync(seen, book, office, job.id)
        except JobNotFound:
            return
