"""Webhooks: where an office wishes to be told what happened (Standard Webhooks 1.0.0).

A webhook belongs to one office and hears only of holders within its bound. Its secret is shown once, and kept under the vault's seal. One
that fails again and again, or answers 410 Gone, is disabled; nothing is sent to it any more.
"""

import base64
import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import httpx
import sqlalchemy as sa
from sqlmodel import Session

from api.auth.user import Binding
from api.auth.vault import Vault
from api.outgoing import OutgoingRefused, Reach
from api.work.errors import WebhookNotFound, WebhookRefused
from api.work.told import Endpoint
from carbon.enterprise.filing.said import event_names
from carbon.holder import new_id
from carbon.tables import WebhookRow
from ledger.types import table_of

EVENTS = ("file.booked", "job.done", "job.failed", *event_names())
OF_ONE_OFFICE_MAX = 10
SECRET_BYTES, PREFIX = 32, "whsec_"
FAILURES_MAX = 10


def register(
    session: Session, vault: Vault, office: Binding, *, url: str, events: Sequence[str], hosts: frozenset[str], now: datetime
) -> tuple[Endpoint, str]:
    """Write a webhook of an office; and its secret, which nobody is shown again. Raises WebhookRefused.

    `hosts` are those that the platform's administrator named as ones to call.
    """
    _check(url, events, hosts)
    if len(webhooks(session, office, after="", limit=OF_ONE_OFFICE_MAX)) >= OF_ONE_OFFICE_MAX:
        raise WebhookRefused(field="url", reason=f"an office has at most {OF_ONE_OFFICE_MAX} webhooks: remove one")
    number, secret = new_id("w"), os.urandom(SECRET_BYTES)
    values = {
        "id": number, "user_id": office.user, "binding_id": office.id, "url": url, "events": " ".join(sorted(set(events))),
        "secret": vault.seal(secret, about=f"webhook/{number}"), "failures": 0, "created_at": now,
    }  # fmt: skip
    session.execute(sa.insert(table_of(WebhookRow)).values(values))
    return find_webhook(session, office, number), PREFIX + base64.b64encode(secret).decode()


def _check(url: str, events: Sequence[str], hosts: frozenset[str]) -> None:
    unknown = sorted(set(events) - set(EVENTS))
    if unknown or not events:
        raise WebhookRefused(field="events", reason=f"one or more of {', '.join(EVENTS)}")
    host = ""
    try:  # read as it will be read when it is called
        target = httpx.URL(url)
        host = target.raw_host.decode("ascii").lower()
        Reach(frozenset({host})).checked(target)
        good = not target.fragment
    except (OutgoingRefused, httpx.InvalidURL, UnicodeError):
        good = False
    if not good or not url.isascii() or not url.isprintable() or " " in url:
        raise WebhookRefused(field="url", reason="an https address without a name, password or #, such as https://example.org/hook")
    if host not in hosts:
        raise WebhookRefused(field="url", reason=f"{host} is no host that the platform's administrator named in webhook_hosts")


def webhooks(session: Session, office: Binding, *, after: str, limit: int) -> list[Endpoint]:
    """The webhooks of an office by id, those after `after`."""
    row = table_of(WebhookRow).c
    query = _query().where(row.binding_id == office.id, row.removed_at.is_(None), row.id > after).order_by(row.id).limit(limit)
    return [_endpoint(found) for found in session.execute(query).mappings()]


def find_webhook(session: Session, office: Binding, webhook: str) -> Endpoint:
    """The webhook of an office. Raises WebhookNotFound, also where it is another's."""
    row = table_of(WebhookRow).c
    query = _query().where(row.binding_id == office.id, row.removed_at.is_(None), row.id == webhook)
    found = session.execute(query).mappings().one_or_none()
    if found is None:
        raise WebhookNotFound(webhook)
    return _endpoint(found)


def remove(session: Session, office: Binding, webhook: str, *, now: datetime) -> None:
    """Tell a webhook nothing any more; what was sent stays listed for nobody. Raises WebhookNotFound."""
    find_webhook(session, office, webhook)
    row = table_of(WebhookRow)
    session.execute(sa.update(row).where(row.c.id == webhook).values(removed_at=now))


def enable(session: Session, office: Binding, webhook: str) -> Endpoint:
    """Tell a webhook again that was disabled. Raises WebhookNotFound."""
    find_webhook(session, office, webhook)
    row = table_of(WebhookRow)
    session.execute(sa.update(row).where(row.c.id == webhook).values(disabled_at=None, failures=0))
    return find_webhook(session, office, webhook)


def _query() -> sa.Select[Any]:
    row = table_of(WebhookRow).c
    return sa.select(row.id, row.url, row.events, row.failures, row.created_at, row.disabled_at)


def _endpoint(row: sa.RowMapping) -> Endpoint:
    return Endpoint(**dict(row) | {"events": tuple(row["events"].split())})
