"""A waiting line of bounded length: who finds it full is sent away at once, so that a crowd at one door cannot hold every thread there is.

A worker answers with 40 threads. What takes long (a password's hash, a call to another machine) lets a few in at a time and a few more
wait; all the others keep free for reading.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from api.auth.errors import Crowded


class Line:
    """At most `at_once` are let in, at most `waiting` more stand in line."""

    def __init__(self, *, at_once: int, waiting: int, wait_s: int) -> None:
        self.wait_s = wait_s
        self._places = threading.BoundedSemaphore(at_once + waiting)
        self._turns = threading.BoundedSemaphore(at_once)

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place in the line, or Crowded. It is held until the end, and the turn is taken within it."""
        if not self._places.acquire(blocking=False):
            raise Crowded(wait_s=self.wait_s)
        try:
            yield
        finally:
            self._places.release()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One's turn; waits for it."""
        with self._turns:
            yield
