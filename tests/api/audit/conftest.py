"""A town on each engine in turn, and what its record of access says."""

from collections.abc import Iterator
from typing import Any

import pytest

from api.audit.found import Wanted, find
from api.audit.recorder import object_digest
from api.audit.visit import CURRENT
from api.auth.vault import Vault
from ledger.book import Book
from tests.api.auth.town import Browser, Town, build


@pytest.fixture(autouse=True)
def nobodys() -> Iterator[None]:
    """What a command that ran in this process left behind is no visit of the next test's."""
    yield
    CURRENT.set(None)


@pytest.fixture
def town(book: Book) -> Town:
    """A book with a firm; its users are made as they are wanted."""
    return build(book)


def told(book: Book, **wanted: Any) -> list[dict[str, Any]]:
    """The records, the oldest first."""
    with book.reading() as session:
        found, _ = find(session, Wanted(**wanted), digest=object_digest(Vault.at(book.home)), limit=10_000)
    return found[::-1]


def settled(browser: Browser) -> None:
    """Wait until what was read is recorded."""
    assert browser.client.app.state.access.flush()
