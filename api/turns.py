"""One call after the other by Idempotency-Key: within a process on the event loop, between the processes of a machine at a byte of a file.

The file is for a book on SQLite, where a writer waits for whoever writes: there it could not be told a twin, whose end is soon known, from
a stranger with a long import. PostgreSQL has locks by key, across machines (`api.idempotency`).
"""

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio import Lock

FILE = "turns"
"""In the book's home: empty, and holds nothing but locks."""
EVERY_S = 0.05


class Turns:
    """Those of this process. The file stays open: to close it would give up every lock that the process has on it (POSIX.1, fcntl)."""

    def __init__(self) -> None:
        self._locks: dict[bytes, tuple[Lock, int]] = {}
        self._files: dict[Path, int] = {}

    @asynccontextmanager
    async def of(self, key: bytes, *, patience: float, home: Path | None) -> AsyncIterator[bool]:
        """The turn of a key, until the end of the `with`; False where it did not come within `patience` seconds. `home` is that of a book
        whose other processes have turns too."""
        lock, waiting = self._locks.get(key, (Lock(), 0))
        self._locks[key] = lock, waiting + 1
        place = int.from_bytes(key[:7])
        come, file = False, self._file(home) if home is not None else None
        try:
            with anyio.move_on_after(patience):
                await lock.acquire()
                while file is not None and not _taken(file, place):
                    await anyio.sleep(EVERY_S)
                come = True
            try:
                yield come
            finally:
                if come and file is not None:
                    fcntl.lockf(file, fcntl.LOCK_UN, 1, place)
        finally:
            if lock.locked() and lock.statistics().owner == anyio.get_current_task():
                lock.release()
            lock, waiting = self._locks.pop(key)
            if waiting > 1:
                self._locks[key] = lock, waiting - 1

    def _file(self, home: Path) -> int:
        if home not in self._files:
            self._files[home] = os.open(home / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._files[home]


def _taken(file: int, place: int) -> bool:
    """Take the lock on a byte, where no other process has it."""
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
    except BlockingIOError:
        return False
    return True
