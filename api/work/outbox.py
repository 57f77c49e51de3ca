"""The outbox: what is told to webhooks is written in the transaction of what it tells, and sent by a worker afterwards.

Standard Webhooks 1.0.0: the headers webhook-id, webhook-timestamp and webhook-signature (HMAC-SHA256 over id, time and body). A message is
sent at least once; its id tells a repetition. It is tried again after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from sqlmodel import Session
from standardwebhooks import Webhook
from uuid6 import uuid7

from api.auth.office import Action, Office
from api.auth.tables import BindingRow, UserRow
from api.auth.user import Binding
from api.auth.vault import Vault
from api.outgoing import OutgoingFailed, OutgoingRefused, Reach, call
from api.work.told import Delivery
from api.work.webhook import FAILURES_MAX
from carbon.errors import HolderNotFound
from carbon.holder import find_holder
from carbon.tables import DeliveryRow, WebhookRow
from ledger.book import Book
from ledger.types import table_of

DUE, DELIVERED, DEAD = "due", "delivered", "dead"
AGAIN_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
GONE = 410
HELD = timedelta(seconds=60)
KEPT_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Due:
    """A message to be sent now."""

    id: str
    webhook: str
    url: str
    secret: bytes
    body: str
    attempts: int


def publish(session: Session, event: str, data: Mapping[str, Any], *, holder: str, now: datetime, binding: str | None = None) -> int:
    """Write to each webhook what happened to a holder, in the caller's transaction: of the office `binding` alone, or of every one within
    whose bound the holder is. Gives how many."""
    body = json.dumps({"type": event, "timestamp": now.isoformat().replace("+00:00", "Z"), "data": dict(data)}, ensure_ascii=False)
    row = {"event": event, "body": body, "status": DUE, "attempts": 0, "due_at": now, "created_at": now}
    rows = [
        {"id": f"m{uuid7().hex}", "webhook_id": webhook} | row
        for webhook, office in _listening(session, event, holder=holder, binding=binding)
        if _sees(session, office, holder)
    ]  # fmt: skip
    if rows:
        session.execute(sa.insert(table_of(DeliveryRow)), rows)
    return len(rows)


def _listening(session: Session, event: str, *, holder: str, binding: str | None) -> list[tuple[str, Binding]]:
    """The webhooks that wish to hear of it, with the offices that hold them still; none of another holder's."""
    w, b, u = (table_of(row).c for row in (WebhookRow, BindingRow, UserRow))
    query = (
        sa.select(w.id, w.events, b.id, b.user_id, b.office, b.holder_id, b.division)
        .select_from(table_of(WebhookRow).join(table_of(BindingRow), b.id == w.binding_id).join(table_of(UserRow), u.id == b.user_id))
        .where(w.removed_at.is_(None), w.disabled_at.is_(None), b.ended_at.is_(None), u.disabled_at.is_(None))
        .where(sa.or_(b.holder_id == holder, b.holder_id.is_(None)))
        .order_by(w.id)
    )
    if binding is not None:
        query = query.where(b.id == binding)
    return [
        (webhook, Binding(held, user, Office(office), own, at))
        for webhook, events, held, user, office, own, at in session.execute(query)
        if event in events.split()
    ]


def _sees(session: Session, office: Binding, holder: str) -> bool:
    if Action.READ not in office.duty.actions:
        return False
    try:
        find_holder(session, office.principal(), holder)
    except HolderNotFound:
        return False
    return True


def deliveries(session: Session, webhook: str, *, after: str, limit: int) -> list[Delivery]:
    """The messages to a webhook by id, those after `after`. Whose webhook it is was asked before."""
    row = table_of(DeliveryRow).c
    columns = (row.id, row.event, row.status, row.attempts, row.answer, row.reason, row.created_at, row.ended_at)
    query = sa.select(*columns).where(row.webhook_id == webhook, row.id > after).order_by(row.id).limit(limit)
    return [Delivery(*found) for found in session.execute(query)]


def is_message_due(session: Session, *, now: datetime) -> bool:
    """Whether there is a message to send, seen without a lock."""
    return session.execute(_sendable(now, table_of(DeliveryRow).c.id).limit(1)).first() is not None


def _sendable(now: datetime, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Messages that are due, to webhooks that are told anything."""
    d, w = table_of(DeliveryRow), table_of(WebhookRow).c
    query = sa.select(*columns).select_from(d.join(table_of(WebhookRow), w.id == d.c.webhook_id))
    return query.where(d.c.status == DUE, d.c.due_at <= now, w.removed_at.is_(None), w.disabled_at.is_(None))


def take_message(session: Session, *, now: datetime) -> Due | None:
    """Take the message that is due first; if the worker dies it is due again a minute later. None where there is none."""
    d, w = table_of(DeliveryRow), table_of(WebhookRow).c
    query = _sendable(now, d.c.id, w.id, w.url, w.secret, d.c.body, d.c.attempts).order_by(d.c.due_at, d.c.id).limit(1)
    found = session.execute(query.with_for_update(skip_locked=True, of=d)).one_or_none()
    if found is None:
        return None
    session.execute(sa.update(d).where(d.c.id == found[0]).values(due_at=now + HELD, attempts=d.c.attempts + 1))
    return Due(found[0], found[1], found[2], bytes(found[3]), found[4], found[5] + 1)


def send(due: Due, *, vault: Vault, reach: Reach, now: datetime) -> tuple[int | None, str]:
    """Send a message; the status of the answer, or None with the reason why there was none."""
    try:
        secret = vault.unseal(due.secret, about=f"webhook/{due.webhook}")
    except InvalidTag:
        return None, "its secret was sealed by another vault: register the webhook anew"
    headers = {
        "content-type": "application/json", "user-agent": "tanzhang", "webhook-id": due.id,
        "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": Webhook(secret).sign(due.id, now, due.body),
    }  # fmt: skip
    try:
        return call(reach, "POST", due.url, headers=headers, content=due.body.encode()).status_code, ""
    except (OutgoingFailed, OutgoingRefused) as error:
        return None, str(error)


def note(session: Session, due: Due, *, answer: int | None, reason: str, now: datetime) -> None:
    """Write what became of a message: delivered, to be sent again, or dead; and disable a webhook that fails again and again."""
    d, w = table_of(DeliveryRow), table_of(WebhookRow)
    good = answer is not None and 200 <= answer < 300
    values: dict[str, Any] = {"answer": answer, "reason": None if good else (reason or f"it answered {answer}")[:300]}
    if good:
        values |= {"status": DELIVERED, "ended_at": now}
    elif answer == GONE or due.attempts > len(AGAIN_S):
        values |= {"status": DEAD, "ended_at": now}
    else:
        values["due_at"] = now + timedelta(seconds=AGAIN_S[due.attempts - 1])
    session.execute(sa.update(d).where(d.c.id == due.id).values(values))
    if good:
        session.execute(sa.update(w).where(w.c.id == due.webhook).values(failures=0))
        return
    session.execute(sa.update(w).where(w.c.id == due.webhook).values(failures=w.c.failures + 1))
    tired = (w.c.id == due.webhook) & w.c.disabled_at.is_(None) & (sa.true() if answer == GONE else w.c.failures >= FAILURES_MAX)
    session.execute(sa.update(w).where(tired).values(disabled_at=now))


def clear_messages(book: Book, *, now: datetime) -> int:
    """Delete the messages that were written 30 days ago; gives how many."""
    row = table_of(DeliveryRow)
    with book.writing() as session:
        done = session.execute(sa.delete(row).where(row.c.created_at < now - KEPT_FOR))
    return int(done.rowcount)  # type: ignore[attr-defined]
