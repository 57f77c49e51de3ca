"""The keys of persons, each in a slot of one file beside the database: destroying one is to write zeros over it, in its place.

The file lies in ``home/secrets/persons.keys`` and in no database, write-ahead log, dump or backup, so that none of those keeps what was
destroyed here. A slot is 64 bytes: the person's key as the vault sealed it (nonce, ciphertext, tag: 60 bytes), then zeros. What a disk
or a file system keeps of overwritten blocks (snapshots, flash) is beyond its reach, which is why the key is sealed under the vault's too.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SLOT_BYTES, SEALED_BYTES = 64, 60
FILE = "persons.keys"


@dataclass(frozen=True, slots=True)
class Keyring:
    """The file of slots."""

    file: Path

    def put(self, sealed: bytes) -> int:
        """Keep a sealed key; the number of its slot. It is on the disk when this returns, before any row says so."""
        if len(sealed) != SEALED_BYTES:
            raise ValueError(f"a sealed key has {SEALED_BYTES} bytes, not {len(sealed)}")
        self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._open() as handle:
            end = os.lseek(handle, 0, os.SEEK_END)
            slot = -(-end // SLOT_BYTES)  # what a crash left half written is skipped
            _write(handle, slot, sealed.ljust(SLOT_BYTES, b"\0"))
        return slot

    def get(self, slot: int) -> bytes | None:
        """The sealed key in a slot; None where it was destroyed, or the file is another."""
        try:
            with self.file.open("rb") as file:
                file.seek(slot * SLOT_BYTES)
                found = file.read(SLOT_BYTES)
        except FileNotFoundError:
            return None
        return found[:SEALED_BYTES] if len(found) == SLOT_BYTES and any(found) else None

    def destroy(self, slot: int) -> None:
        """Write zeros over a key, and force them to disk. There is no way back."""
        if self.get(slot) is None:
            return
        with self._open() as handle:
            _write(handle, slot, bytes(SLOT_BYTES))

    @contextmanager
    def _open(self) -> Iterator[int]:
        """The file, for one writer at a time."""
        handle = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield handle
        finally:
            os.close(handle)


def _write(handle: int, slot: int, data: bytes) -> None:
    os.pwrite(handle, data, slot * SLOT_BYTES)
    os.fsync(handle)
