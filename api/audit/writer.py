"""What was read or refused is recorded by a thread of each worker, in groups, within a second; and the log of records is signed outside the
database about as often, whoever lengthened it.

The queue is bounded. What the database does not take (no room, a writer that holds it) waits and is tried again; what no longer fits is
lost, which the log of the server, `/health` and, once there is room, a record of its own say.
"""

import logging
import threading
from collections import deque
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from api.audit.record import Record, append
from api.audit.sign import sign_log
from ledger.book import Book
from ledger.errors import LedgerError

LOG = logging.getLogger("tanzhang.access")
WAIT_S = 0.5
"""How long the first of a group waits for others."""
CAPACITY, GROUP_MAX = 50_000, 5_000
PATIENCE_S = 5.0
LOST = "lost"
"""The action of the record that says how many are missing."""


class Writer:
    """The thread that keeps the records of one worker; it begins with the first of them. `close` keeps what waits and ends it."""

    def __init__(self, book: Book, *, capacity: int = CAPACITY, patience: float = PATIENCE_S) -> None:
        self.book, self.capacity, self.patience = book, capacity, patience
        self.kept = self.lost = 0
        self.trouble = ""
        self._unsaid = 0  # of the lost
        self._queue: deque[Record] = deque()
        self._wake = threading.Condition()
        self._open, self._unsigned, self._hurry = True, False, False
        self._thread: threading.Thread | None = None
        self._idle = threading.Event()
        self._idle.set()

    def put(self, record: Record) -> None:
        """Keep a record within a second; where too many wait already it is lost, and counted."""
        with self._wake:
            if len(self._queue) >= self.capacity or not self._open:
                self.lost += 1
                self._unsaid += 1
                return
            self._queue.append(record)
            self._begin()

    def sign(self) -> None:
        """Somebody else lengthened the log: sign it within a second."""
        with self._wake:
            if not self._unsigned:
                self._unsigned = True
                self._begin()

    def state(self) -> dict[str, Any]:
        """How many were kept by this worker, wait, and were lost, and what stands in the way; for `/health` and metrics."""
        return {"kept": self.kept, "waiting": len(self._queue), "lost": self.lost, "trouble": self.trouble}

    def word(self) -> str:
        """``ok``, or how many records wait for a database that takes none, and how many were lost."""
        return f"{len(self._queue)} records of access wait, {self.lost} were lost" if self.trouble else "ok"

    def flush(self, seconds: float = 10.0) -> bool:
        """Keep now what waits; whether that was done in time."""
        with self._wake:
            self._hurry = True
            self._wake.notify()
        return self._idle.wait(seconds)

    def close(self) -> None:
        """Keep what waits, then stop."""
        with self._wake:
            self._open = False
            self._wake.notify()
            thread = self._thread
        if thread is not None:
            thread.join(self.patience + 5)

    def _begin(self) -> None:
        self._idle.clear()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="access-writer", daemon=True)
            self._thread.start()
        if len(self._queue) <= 1:
            self._wake.notify()

    def _run(self) -> None:
        while True:
            with self._wake:
                while self._open and not self._queue and not self._unsigned:
                    self._hurry = False
                    self._idle.set()
                    self._wake.wait()
                until = monotonic() + WAIT_S
                while self._open and not self._hurry and len(self._queue) < GROUP_MAX and (left := until - monotonic()) > 0:
                    self._wake.wait(left)
                group = [self._queue[at] for at in range(min(len(self._queue), GROUP_MAX))]
                self._unsigned = False
            done = self._keep(group)
            with self._wake:
                if not self._open and (not done or not self._queue):
                    self._idle.set()
                    return

    def _keep(self, group: list[Record]) -> bool:
        """Append a group and sign the log; whether that was possible. What was not kept stays in the queue."""
        try:
            gap = [_gap(self._unsaid)] if self._unsaid else []
            if group or gap:
                with self.book.writing(patience=self.patience) as session:
                    append(session, [*gap, *group])
            with self._wake:
                for _ in group:
                    self._queue.popleft()
                self._unsaid -= int(gap[0].object) if gap else 0
            self.kept += len(group)
            sign_log(self.book)
        except (LedgerError, SQLAlchemyError, OSError) as error:
            self._say(error)
            return False
        self.trouble = ""
        return True

    def _say(self, error: Exception) -> None:
        """Once for each kind of trouble, and for each thousand that were lost; then take a breath."""
        trouble = str(error).split("\n")[0][:300]
        if trouble != self.trouble or self._unsaid >= 1000:
            LOG.error(
                "%d records of access could not be kept and wait, %d were lost so far: %s", len(self._queue), self.lost, trouble,
            )  # fmt: skip
        self.trouble = trouble
        with self._wake:
            self._unsigned = True
            if self._open:
                self._hurry = False
                self._wake.wait(WAIT_S)


def _gap(count: int) -> Record:
    """The record of records that could not be kept."""
    return Record(at=datetime.now(UTC), action=LOST, method="", route="", status=507, object=str(count))
