"""Whether the service lives, and whether it can do its work."""

from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency

from api.doors import PUBLIC
from api.operations.readiness import readiness
from carbon import __version__
from ledger.balances import log_size
from ledger.book import Book

OK = "ok"


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The version that runs, the database it stands on, how many entries the book holds, and each thing that the work needs."""

    status: str
    version: str
    database: str
    entries: int
    checks: dict[str, str]


@get("/health", opt=PUBLIC, sync_to_thread=False, include_in_schema=False)
def alive() -> dict[str, str]:
    """Answers as long as the process does. It asks no database: a server whose database is away is not mended by starting it again."""
    return {"status": OK, "version": __version__}


@get("/health", opt=PUBLIC, sync_to_thread=True, tags=["service"])
def health(request: Request[Any, Any, Any], book: NamedDependency[Book]) -> Response[Health]:
    """Whether the book can be read and written: 200, or 503 with what is lacking."""
    return _told(request, book)


@get("/ready", opt=PUBLIC, sync_to_thread=True, include_in_schema=False)
def ready(request: Request[Any, Any, Any], book: NamedDependency[Book]) -> Response[Health]:
    """As /api/v1/health, where probes look for it."""
    return _told(request, book)


def _told(request: Request[Any, Any, Any], book: Book) -> Response[Health]:
    checks = readiness(book) | {"access": request.app.state.access.word()}
    entries = 0
    if checks["database"] == OK:
        with book.reading() as session:
            entries = log_size(session)
    well = all(found == OK for found in checks.values())
    told = Health(status=OK if well else "not ready", version=__version__, database=book.dialect, entries=entries, checks=checks)
    return Response(told, status_code=200 if well else 503, headers={"Cache-Control": "no-store"})
