"""The pages and the API of a furnished firm, to whoever comes, on each engine."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from litestar.testing import TestClient

from api.app import create_app
from api.auth.gate import FORM_HEADER
from api.auth.office import DUTIES, Bound, Office
from api.auth.session import Signed, open_session
from api.auth.user import Binding, add_user, bind
from carbon.holder import add_holder, add_site
from carbon.region.divisions import divisions
from ledger.book import Book
from ledger.principal import LOCAL_ADMIN
from tests.api.enterprise.furnished import NOW, furnish, lines_of
from tests.carbon.conftest import Firm
from tests.conftest import maker

COUNTY = "330522"


@dataclass
class Visit:
    """Somebody in an office, with a browser that is a machine too."""

    client: TestClient[Any]
    user: str
    binding: Binding
    book: Book

    def _enter(self) -> dict[str, str]:
        """A session of its own for each request."""
        with self.book.writing() as session:
            token = open_session(session, self.user, binding=self.binding.id, second=True, now=datetime.now(UTC))
        self.client.cookies.clear()
        self.client.cookies.set("tanzhang", token)
        return {FORM_HEADER: Signed(self.user, self.binding, True, token).form_token}

    def page(self, path: str) -> httpx.Response:
        self._enter()
        return self.client.get(path, headers={"accept": "text/html"}, follow_redirects=False)

    def form(self, path: str, **fields: str) -> httpx.Response:
        return self.client.post(path, data=fields, headers={"accept": "text/html"} | self._enter(), follow_redirects=False)

    def get(self, path: str, **params: Any) -> Any:
        self._enter()
        answer = self.client.get(f"/api/v1{path}", params=params, headers={"accept": "application/json"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, content: dict[str, Any]) -> httpx.Response:
        headers = {"accept": "application/json", "idempotency-key": uuid4().hex} | self._enter()
        return self.client.post(f"/api/v1{path}", json=content, headers=headers)


@dataclass
class Shop:
    """A book with a furnished firm, its filing of 2024, and who comes."""

    book: Book
    holder: str
    filing: str
    client: TestClient[Any]

    @property
    def at(self) -> str:
        return f"/zh/holders/{self.holder}"

    @property
    def api(self) -> str:
        return f"/holders/{self.holder}"

    def visit(self, office: Office, *, division: str = COUNTY) -> Visit:
        bound = DUTIES[office].bound
        with self.book.writing() as session:
            user = add_user(session, self.client.app.state.vault, now=datetime.now(UTC))
            binding = bind(
                session, user, office, holder=self.holder if bound is Bound.HOLDER else None,
                division=division if bound is Bound.DIVISION else None, by="test", now=datetime.now(UTC),
            )  # fmt: skip
        return Visit(self.client, user, binding, self.book)


def open_shop(book: Book, folder: Path) -> tuple[str, str]:
    """A furnished firm in an empty book: its id, and its filing of 2024."""
    with book.writing() as session:
        holder = add_holder(session, LOCAL_ADMIN, name="示例水泥二厂", industry="C3011", example=True, now=NOW).id
        add_site(
            session, LOCAL_ADMIN, holder=holder, code="s01", name="二厂", division=COUNTY, since=date(2020, 1, 1), tree=divisions()
        )  # fmt: skip
    Firm(book, holder, folder).file(*lines_of(2023, 2_500_000), name="2023.csv")
    return holder, furnish(book, holder, folder)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    with maker(request, folder, request.param) as make:
        book = make()
        holder, filing = open_shop(book, folder)
        with TestClient(create_app(book)) as client:
            yield Shop(book, holder, filing, client)


@pytest.fixture
def firm(shop: Shop) -> Visit:
    return shop.visit(Office.FIRM)


@pytest.fixture
def regulator(shop: Shop) -> Visit:
    return shop.visit(Office.REGULATOR)
