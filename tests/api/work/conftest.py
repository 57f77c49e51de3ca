"""A firm's machine at an application over an empty book, on each engine in turn."""

from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient

from api.client import Client
from ledger.book import Book
from tests.api.machines import Machine, application, client, machine


@pytest.fixture
def firm(book: Book) -> Machine:
    return machine(book)


@pytest.fixture
def http(book: Book) -> Iterator[TestClient[Any]]:
    with TestClient(application(book)) as one:
        yield one


@pytest.fixture
def one(http: TestClient[Any], firm: Machine) -> Client:
    return client(http, firm)
