"""The example book with somebody in every office, and the application behind its doors: what the attacks of this package are aimed at."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from api.auth.gate import COOKIE, FORM_HEADER
from api.auth.office import DUTIES, Bound, Office
from api.auth.password import hashed
from api.auth.session import open_session, signed
from api.auth.user import add_user, bind
from api.auth.vault import Vault
from carbon.holder import Holder, add_holder, holders
from ledger.book import Book
from ledger.principal import LOCAL_ADMIN
from tests.api.example import example_book

SOAK = os.environ.get("TANZHANG_SOAK") == "1"
PASSWORD = "a long sentence, known to few"


def count(fast: int, whole: int) -> int:
    """How often: the whole number where TANZHANG_SOAK=1 asks for it."""
    return whole if SOAK else fast


@dataclass
class Besieged:
    """A book, its application, its firm and a foreign one, and the users by office."""

    book: Book
    app: Litestar
    firm: Holder
    foreign: Holder
    users: dict[Office, str] = field(default_factory=dict)

    def token(self, office: Office) -> str:
        """A fresh session of the office's user, the second factor shown."""
        with self.book.writing() as session:
            return open_session(session, self.users[office], second=True, now=datetime.now(UTC))

    def form_token(self, token: str) -> str:
        """What the forms of that session carry."""
        with self.book.reading() as session:
            return signed(session, token, now=datetime.now(UTC))[0].form_token

    def enter(self, client: TestClient[Any], office: Office | None) -> TestClient[Any]:
        """The client, signed in to the office and able to send forms; nobody where there is none."""
        client.cookies.clear()
        client.headers.pop(FORM_HEADER, None)
        if office is not None:
            token = self.token(office)
            client.cookies.set(COOKIE, token)
            client.headers[FORM_HEADER] = self.form_token(token)
        return client


def besiege(book: Book, *, own: str | None = None, other: str | None = None) -> Besieged:
    """Put somebody into every office of the book, and open its doors. `own` is the holder in whose name they come, `other` a foreign one."""
    now, vault = datetime.now(UTC), Vault.at(book.home)
    with book.writing() as session:
        known = holders(session, LOCAL_ADMIN)
        firm = next((one for one in known if one.id == own or (own is None and one.example)), None)
        firm = firm or add_holder(session, LOCAL_ADMIN, name="示例", now=now)
        foreign = next((one for one in known if one.id == other), None) or add_holder(session, LOCAL_ADMIN, name="别家有限公司", now=now)
        users = {}
        for office in Office:
            bound = DUTIES[office].bound
            users[office] = add_user(session, vault, login=f"{office}@test", password=hashed(PASSWORD), fields={"name": office}, now=now)
            bind(
                session, users[office], office, by="test", now=now,
                holder=firm.id if bound is Bound.HOLDER else None, division="330500" if bound is Bound.DIVISION else None,
            )  # fmt: skip
    return Besieged(book, create_app(book), firm, foreign, users)


@pytest.fixture(scope="session")
def besieged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Besieged]:
    """The example book on SQLite, with its doors."""
    book = example_book(tmp_path_factory.mktemp("besieged"))
    yield besiege(book)
    book.engine.dispose()


@pytest.fixture(scope="session")
def visitor(besieged: Besieged) -> Iterator[TestClient[Any]]:
    """A client that sees the server's own answer, redirections included."""
    with TestClient(besieged.app, raise_server_exceptions=False) as client:
        client.follow_redirects = False
        yield client


@pytest.fixture
def nobody(besieged: Besieged, visitor: TestClient[Any]) -> TestClient[Any]:
    """The client, signed in nowhere."""
    return besieged.enter(visitor, None)


@pytest.fixture
def as_office(besieged: Besieged, visitor: TestClient[Any]) -> Callable[[Office], TestClient[Any]]:
    """The client, signed in to an office."""
    return lambda office: besieged.enter(visitor, office)
