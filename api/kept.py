"""What was computed once for a state of the book is kept while the book stays as it is, and computed by one request at a time.

A value is kept for what was asked and within which bounds, never for whom: what a page says of its visitor is put in when it is drawn.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar

from sqlmodel import Session

from ledger.book import Book
from ledger.principal import Principal
from ledger.state import state_seen

T = TypeVar("T")
MOST, TURNS = 128, 32


class Kept:
    """The values of the most recent questions, each with the state that it is of."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._found: OrderedDict[Hashable, tuple[bytes, object]] = OrderedDict()
        self._lock = threading.Lock()
        self._turns = [threading.Lock() for _ in range(TURNS)]

    def value(self, book: Book, session: Session, principal: Principal, asked: Hashable, make: Callable[[], T]) -> T:
        """The value of what is asked in this state of the book: kept, or made now. Nothing may have been read in the session before."""
        return self.of_state(state_seen(book, session), (book.url, principal.holders, principal.divisions, asked), make)

    def of_state(self, state: bytes | None, key: Hashable, make: Callable[[], T]) -> T:
        """The value of a key in a state that was found before; made, and not kept, where none was found."""
        if state is None:
            return make()
        with self._turns[hash(key) % TURNS]:
            found = self.get(key, state)
            if found is None:
                made = make()
                self._put(key, state, made)
                return made
        return found  # type: ignore[return-value]

    def get(self, key: Hashable, state: bytes | None) -> object | None:
        """What is kept of a key in that state, if anything is."""
        with self._lock:
            found = self._found.get(key)
            if found is None or found[0] != state:
                return None
            self._found.move_to_end(key)
            return found[1]

    def _put(self, key: Hashable, state: bytes, made: object) -> None:
        with self._lock:
            self._found[key] = (state, made)
            self._found.move_to_end(key)
            while len(self._found) > self.most:
                self._found.popitem(last=False)


KEPT = Kept()
"""Those of this worker."""
