"""Whether the service answers and its book can be read."""

import msgspec
from litestar import get
from litestar.di import NamedDependency

from api.doors import PUBLIC
from carbon import __version__
from ledger.balances import log_size
from ledger.book import Book


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The version that runs, the database it stands on, and how many entries the book holds."""

    status: str
    version: str
    database: str
    entries: int


@get("/health", opt=PUBLIC, sync_to_thread=True, tags=["service"])
def health(book: NamedDependency[Book]) -> Health:
    """Answers when the book can be read."""
    with book.reading() as session:
        return Health(status="ok", version=__version__, database=book.dialect, entries=log_size(session))
