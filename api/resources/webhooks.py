"""Webhooks of an office, and what was sent to them."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.bounds import office_of
from api.doors import SELF
from api.paging import After, Limit, page_of
from api.work.outbox import deliveries
from api.work.told import Delivery, Endpoint, Registered
from api.work.webhook import enable, find_webhook, register, remove, webhooks
from ledger.book import Book


class NewWebhook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to tell, and of which events: file.booked, job.done, job.failed, and filing.submitted to filing.booked."""

    url: Annotated[str, msgspec.Meta(max_length=1000)]
    events: Annotated[list[Annotated[str, msgspec.Meta(max_length=60)]], msgspec.Meta(min_length=1, max_length=20)]


@post("/webhooks", opt=SELF, sync_to_thread=True, tags=["webhooks"])
def add_webhook(request: Request[Any, Any, Any], data: JSONBody[NewWebhook], book: NamedDependency[Book]) -> Response[Registered]:
    """Tell an address of yours what happens to the holders of your office, signed by Standard Webhooks. Its host must be one that the
    platform's administrator named."""
    state = request.app.state
    with book.writing() as session:
        made, secret = register(
            session, state.vault, office_of(request), url=data.url, events=data.events, hosts=state.webhook_hosts, now=datetime.now(UTC)
        )
    headers = {"Location": f"/api/v1/webhooks/{made.id}", "Cache-Control": "no-store"}
    return Response(Registered(webhook=made, secret=secret), headers=headers)


@get("/webhooks", opt=SELF, sync_to_thread=True, tags=["webhooks"])
def list_webhooks(
    request: Request[Any, Any, Any], book: NamedDependency[Book], after: After = "", limit: Limit = 100
) -> Response[list[Endpoint]]:
    """The webhooks of your office, by their id."""
    with book.reading(office_of(request).principal()) as session:
        found = webhooks(session, office_of(request), after=after, limit=limit + 1)
    return page_of(request, found, limit=limit, key=lambda one: one.id)


@get("/webhooks/{webhook:str}", opt=SELF, sync_to_thread=True, tags=["webhooks"])
def one_webhook(request: Request[Any, Any, Any], webhook: FromPath[str], book: NamedDependency[Book]) -> Endpoint:
    """A webhook of your office: how often it failed in a row, and when it was disabled."""
    with book.reading(office_of(request).principal()) as session:
        return find_webhook(session, office_of(request), webhook)


@post("/webhooks/{webhook:str}/enable", opt=SELF, status_code=200, sync_to_thread=True, tags=["webhooks"])
def enable_webhook(request: Request[Any, Any, Any], webhook: FromPath[str], book: NamedDependency[Book]) -> Endpoint:
    """Tell a webhook again that was disabled; what was due meanwhile is sent."""
    with book.writing() as session:
        return enable(session, office_of(request), webhook)


@delete("/webhooks/{webhook:str}", opt=SELF, sync_to_thread=True, tags=["webhooks"])
def remove_webhook(request: Request[Any, Any, Any], webhook: FromPath[str], book: NamedDependency[Book]) -> None:
    """Tell a webhook nothing any more."""
    with book.writing() as session:
        remove(session, office_of(request), webhook, now=datetime.now(UTC))


@get("/webhooks/{webhook:str}/deliveries", opt=SELF, sync_to_thread=True, tags=["webhooks"])
def list_deliveries(
    request: Request[Any, Any, Any], webhook: FromPath[str], book: NamedDependency[Book], after: After = "", limit: Limit = 100
) -> Response[list[Delivery]]:
    """What was sent to a webhook within 30 days, and what became of it, by id."""
    with book.reading(office_of(request).principal()) as session:
        found = deliveries(session, find_webhook(session, office_of(request), webhook).id, after=after, limit=limit + 1)
    return page_of(request, found, limit=limit, key=lambda one: one.id)
