"""Drafts of activity data, under an ETag that each change replaces."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, JSONBody

from api.doors import FILER
from api.paging import After, Limit, page_of
from api.work.draft import Draft, DraftContent, delete_draft, drafts, read_draft, write_draft
from ledger.book import Book
from ledger.principal import Principal

IfMatch = Annotated[str | None, HeaderParameter(name="If-Match", description="The ETag that was read.")]
IfNone = Annotated[str | None, HeaderParameter(name="If-None-Match", description="`*` for a draft that is new.")]


NEW = ResponseSpec(data_container=DraftContent, description="The draft is new")


class DraftName(msgspec.Struct, frozen=True, kw_only=True):
    """A draft without its lines."""

    name: str
    etag: str
    changed_at: datetime


@get("/holders/{holder:str}/drafts", opt=FILER, sync_to_thread=True, tags=["drafts"])
def list_drafts(
    request: Request[Any, Any, Any], holder: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal],
    after: After = "", limit: Limit = 100,
) -> Response[list[DraftName]]:  # fmt: skip
    """The drafts of a holder, by their names."""
    with book.reading(principal) as session:
        found = drafts(session, principal, holder=holder, after=after, limit=limit + 1)
    told = [DraftName(name=name, etag=f'"{tag}"', changed_at=changed) for name, tag, changed in found]
    return page_of(request, told, limit=limit, key=lambda one: one.name)


@get("/holders/{holder:str}/drafts/{name:str}", opt=FILER, sync_to_thread=True, tags=["drafts"])
def one_draft(
    holder: FromPath[str], name: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[DraftContent]:
    """A draft, with the ETag that a change of it must name."""
    with book.reading(principal) as session:
        return told(read_draft(session, principal, holder=holder, name=name))


@put("/holders/{holder:str}/drafts/{name:str}", opt=FILER, sync_to_thread=True, tags=["drafts"], responses={201: NEW})
def put_draft(
    holder: FromPath[str], name: FromPath[str], data: JSONBody[DraftContent], book: NamedDependency[Book],
    principal: NamedDependency[Principal], if_match: IfMatch = None, if_none_match: IfNone = None,
) -> Response[DraftContent]:  # fmt: skip
    """Write a draft: with If-Match over the one that was read, with If-None-Match: * a new one (428 without, 412 when it changed)."""
    with book.writing() as session:
        draft, fresh = write_draft(
            session, principal, holder=holder, name=name, content=data, if_match=if_match, if_none=if_none_match, now=datetime.now(UTC)
        )
    return told(draft, status=201 if fresh else 200)


@delete("/holders/{holder:str}/drafts/{name:str}", opt=FILER, sync_to_thread=True, tags=["drafts"])
def remove_draft(
    holder: FromPath[str], name: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal],
    if_match: IfMatch = None,
) -> None:  # fmt: skip
    """Throw a draft away; If-Match as when it is changed."""
    with book.writing() as session:
        delete_draft(session, principal, holder=holder, name=name, if_match=if_match)


def told(draft: Draft, *, status: int = 200) -> Response[DraftContent]:
    """A draft as it is sent."""
    content = msgspec.json.decode(draft.content, type=DraftContent)
    return Response(content, status_code=status, headers={"ETag": f'"{draft.tag}"', "Cache-Control": "private, no-cache"})
