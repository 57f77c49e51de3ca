"""A town on each engine in turn."""

from collections.abc import Iterator

import pytest

from ledger.book import Book
from tests.api.auth.town import Browser, Town, build


@pytest.fixture
def town(book: Book) -> Town:
    """A book with a firm; its users are made as they are wanted."""
    return build(book)


@pytest.fixture
def browser(town: Town) -> Iterator[Browser]:
    """A browser that has been nowhere yet."""
    with town.browser() as one:
        yield one
