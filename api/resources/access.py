"""The record of access, for the auditor's machines."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.audit.found import LIMIT_MAX, Wanted, find, size
from api.audit.recorder import object_digest
from api.doors import AUDITOR
from api.pages.access import WANTED, Before
from api.paging import onward
from ledger.book import Book


class AccessRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What one request or command did. `user` and `binding` are random ids, `origin` and `login` keyed digests, `object` an id or a digest;
    `status` is that of HTTP, 0 for a command."""

    id: int
    at: datetime
    user: str
    office: str
    binding: str
    action: str
    method: str
    route: str
    object: str
    result: str
    status: int
    origin: str
    login: str
    request: str


class AccessPage(msgspec.Struct, frozen=True, kw_only=True):
    """Records, the newest first; `next` is the `before` of the next page, `size` how many there were ever."""

    items: list[AccessRecord]
    next: int | None
    size: int


@get("/access", opt=AUDITOR, sync_to_thread=True, dependencies=WANTED, tags=["access"])
def list_access(
    request: Request[Any, Any, Any], book: NamedDependency[Book], wanted: NamedDependency[Wanted], before: Before = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 100,
) -> Response[AccessPage]:  # fmt: skip
    """Who did what, when, with what result; `Link` leads to the next page."""
    with book.reading() as session:
        found, more = find(session, wanted, digest=object_digest(request.app.state.vault), before=before, limit=limit)
        told = AccessPage(items=[AccessRecord(**one) for one in found], next=more, size=size(session))
    return Response(told, headers=onward(request, before=more, limit=limit) if more is not None else {})
