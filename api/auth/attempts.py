"""Failed attempts: of one login or one user's codes, in the database for all workers; of one source address, in this worker's memory.

After five failures in a row of a login (or of a user's codes) there is a quarter of an hour's wait; logins that nobody has are counted
as well, so that the wait tells nothing. An address may fail fifty times in a quarter of an hour, whatever the logins (password spraying);
each worker counts for itself, so that W workers allow W times as much at worst. The loopback is not counted: there sits a proxy, or the
machine's own owner.
"""

import ipaddress
import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from api.auth.errors import TooManyAttempts
from api.auth.tables import AttemptRow
from ledger.types import table_of

FAILURES_MAX, PENANCE = 5, timedelta(minutes=15)
SOURCE_FAILURES_MAX, SOURCES_MAX = 50, 10_000


def check(session: Session, key: bytes, *, now: datetime) -> None:
    """Raises TooManyAttempts during the wait."""
    row = table_of(AttemptRow).c
    found = session.execute(sa.select(row.failures, row.since).where(row.login == key)).one_or_none()
    if found and found.failures >= FAILURES_MAX and found.since + PENANCE > now:
        raise TooManyAttempts(wait_s=int((found.since + PENANCE - now).total_seconds()) + 1)


def note(session: Session, key: bytes, *, now: datetime) -> int:
    """One failure more, in one statement, so that none is lost where many fail at once; how many there are. The moment is that of the
    latest. What lies before the wait is forgotten, whosesoever it was."""
    table = table_of(AttemptRow)
    session.execute(sa.delete(table).where(table.c.since <= now - PENANCE))
    count = table.c.failures + 1
    more = _insert(session, table).values(login=key, failures=1, since=now)
    more = more.on_conflict_do_update(index_elements=["login"], set_={"failures": count, "since": now})
    return int(session.execute(more.returning(table.c.failures)).scalar_one())


def claim(session: Session, key: bytes, *, now: datetime) -> None:
    """Count one attempt as failed before it is looked at: of a crowd, no more than five get so far. Raises TooManyAttempts, and the caller
    writes nothing."""
    check(session, key, now=now)
    if note(session, key, now=now) > FAILURES_MAX:  # others came between
        raise TooManyAttempts(wait_s=int(PENANCE.total_seconds()))


def clear(session: Session, key: bytes) -> None:
    """Forget the failures: one succeeded."""
    row = table_of(AttemptRow)
    session.execute(sa.delete(row).where(row.c.login == key))


def _insert(session: Session, table: sa.Table) -> Any:
    dialect = session.get_bind().dialect.name
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


class Sources:
    """The failures of source addresses, each within a window that begins with its first; the oldest are forgotten where there are many."""

    def __init__(self, *, most: int = SOURCE_FAILURES_MAX, window: timedelta = PENANCE, kept: int = SOURCES_MAX) -> None:
        self.most, self.window, self.kept = most, window, kept
        self._lock = threading.Lock()
        self._failed: OrderedDict[str, tuple[int, datetime]] = OrderedDict()

    def check(self, source: str, *, now: datetime) -> None:
        """Raises TooManyAttempts where the address has failed too often of late."""
        key = network(source)
        with self._lock:
            count, since = self._failed.get(key, (0, now))
        if count >= self.most and since + self.window > now:
            raise TooManyAttempts(wait_s=int((since + self.window - now).total_seconds()) + 1)

    def note(self, source: str, *, now: datetime) -> None:
        """One failure more of an address."""
        key = network(source)
        if not key:
            return
        with self._lock:
            count, since = self._failed.pop(key, (0, now))
            self._failed[key] = (count + 1, since) if since + self.window > now else (1, now)
            while len(self._failed) > self.kept:
                self._failed.popitem(last=False)


def network(source: str) -> str:
    """What counts as one address: an IPv4 address, the /64 of an IPv6 one (what a single customer gets); nothing for the loopback."""
    try:
        address = ipaddress.ip_address(source.partition("%")[0])
    except ValueError:
        return source
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if address.is_loopback:
        return ""
    return str(address) if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))
