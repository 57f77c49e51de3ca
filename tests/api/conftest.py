"""One example book and one application for all tests that only read."""

from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from api.bundle import BundleMissing, manifest
from carbon.holder import Holder, holders
from ledger.book import Book
from ledger.principal import LOCAL_ADMIN, LOCAL_READER
from tests.api.example import example_book


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """The example book."""
    book = example_book(tmp_path_factory.mktemp("home"))
    yield book
    book.engine.dispose()


@pytest.fixture(scope="session")
def firm(shown: Book) -> Holder:
    """The example firm."""
    with shown.reading() as session:
        return next(one for one in holders(session, LOCAL_ADMIN) if one.example)


@pytest.fixture(scope="session")
def app(shown: Book) -> Litestar:
    """The application over the example book."""
    try:
        manifest()
    except BundleMissing as missing:
        pytest.fail(str(missing))
    return create_app(shown, local=LOCAL_READER)


@pytest.fixture(scope="session")
def client(app: Litestar) -> Iterator[TestClient[Any]]:
    """A reader who asks for pages."""
    with TestClient(app) as reader:
        reader.headers["accept"] = "text/html"
        yield reader


@pytest.fixture(scope="session")
def machine(app: Litestar) -> Iterator[TestClient[Any]]:
    """A reader who asks for JSON."""
    with TestClient(app) as reader:
        reader.headers["accept"] = "application/json"
        yield reader
