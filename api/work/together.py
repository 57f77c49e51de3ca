"""Several writings, and the answer to them, as one transaction.

A function of the storeys below opens and commits its own writing. Given a `Together` in place of the book it writes into one transaction,
which stays open until `commit`: so the answer to a call, the message about it or the end of a job are kept with the effect or not at all.
An exception inside any writing takes all of it back.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass

from sqlmodel import Session

from ledger.book import PATIENCE_S, Book
from ledger.principal import Principal

Hook = Callable[[Session], None]


@dataclass(slots=True)
class _Open:
    """The transaction, once there is one. `before` looks before anything is read, `first` is asked when the transaction begins."""

    before: Hook | None = None
    first: Hook | None = None
    context: AbstractContextManager[Session] | None = None
    session: Session | None = None


class Together(Book):
    """A book whose writings become one."""

    __slots__ = ("open",)

    def __init__(self, book: Book, *, before: Hook | None = None, first: Hook | None = None) -> None:
        super().__init__(url=book.url, engine=book.engine, home=book.home, id=book.id)
        self.open = _Open(before, first)

    @contextmanager
    def reading(self, principal: Principal | None = None) -> Iterator[Session]:
        """What stands; once something was written, what this transaction wrote as well, the wall of the database left behind."""
        if self.open.session is not None:
            yield self.open.session
            return
        if self.open.before is not None:
            before, self.open.before = self.open.before, None
            with super().reading(principal) as session:
                before(session)
        with super().reading(principal) as session:
            yield session

    @contextmanager
    def writing(self, *, patience: float = PATIENCE_S) -> Iterator[Session]:
        """The one transaction, begun where there is none."""
        try:
            yield self._session(patience)
        except BaseException as error:
            self.undo(error)
            raise

    def _session(self, patience: float) -> Session:
        if self.open.session is None:
            self.open.context = super().writing(patience=patience)
            self.open.session = self.open.context.__enter__()
            if self.open.first is not None:
                self.open.first(self.open.session)
        return self.open.session

    @property
    def wrote(self) -> bool:
        """Whether a transaction is open."""
        return self.open.session is not None

    def commit(self) -> None:
        """Keep what was written."""
        context, self.open.context, self.open.session = self.open.context, None, None
        if context is not None:
            context.__exit__(None, None, None)

    def undo(self, error: BaseException | None = None) -> None:
        """Take back what was written."""
        context, self.open.context, self.open.session = self.open.context, None, None
        if context is None:
            return
        if error is None:
            with suppress(_Undone):
                context.__exit__(_Undone, _Undone(), None)
        else:
            context.__exit__(type(error), error, error.__traceback__)


class _Undone(Exception):
    """Leaves a transaction that is not wanted."""
