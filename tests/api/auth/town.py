"""A book with a firm, users of every office, and browsers that they come with."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pyotp
import sqlalchemy as sa
from httpx import Response
from litestar.testing import TestClient

from api.app import create_app
from api.auth import totp
from api.auth.office import DUTIES, Bound, Office
from api.auth.password import hashed
from api.auth.tables import SessionRow, UserRow
from api.auth.user import add_user, bind
from api.auth.vault import Vault
from carbon.holder import add_holder
from ledger.book import Book
from ledger.principal import LOCAL_ADMIN
from ledger.types import table_of

PASSWORD = "a long sentence of the town"
COOKIE = "tanzhang"
PLACE = "330522"


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Person:
    """A user of the town."""

    id: str
    login: str
    binding: str
    secret: str = ""

    def code(self, *, steps: int = 0) -> str:
        """What the authenticator shows, so many steps from now."""
        return pyotp.HOTP(self.secret).at(totp.step_of(now()) + steps)


@dataclass
class Town:
    """The book, and who comes to it."""

    book: Book
    vault: Vault
    firm: str
    people: list[Person] = field(default_factory=list)

    def person(self, office: Office, *, enrolled: bool = False, kind: str = "person") -> Person:
        """A new user who holds the office; `enrolled` with an authenticator, whose last step was long ago."""
        login = f"{office}{len(self.people)}@example.org"
        scope = {Bound.HOLDER: {"holder": self.firm}, Bound.DIVISION: {"division": PLACE}, Bound.PLATFORM: {}}[DUTIES[office].bound]
        secret = pyotp.random_base32() if enrolled else ""
        with self.book.writing() as session:
            way = {"login": login, "password": hashed(PASSWORD)} if kind == "person" else {}
            user = add_user(session, self.vault, kind=kind, now=now(), **way)
            held = bind(session, user, office, by="test", now=now(), **scope)
            if enrolled:
                row = table_of(UserRow)
                sealed = self.vault.seal(secret.encode(), about=f"{user}/totp")
                session.execute(sa.update(row).where(row.c.id == user).values(totp=sealed))
        self.people.append(Person(user, login, held.id, secret))
        return self.people[-1]

    def also(self, person: Person, office: Office) -> str:
        """Another office for a user; its binding."""
        with self.book.writing() as session:
            return bind(session, person.id, office, holder=self.firm, by="test", now=now()).id

    def sessions(self, person: Person) -> int:
        """How many sessions of a user stand."""
        row = table_of(SessionRow).c
        with self.book.reading() as session:
            return int(session.execute(sa.select(sa.func.count()).where(row.user_id == person.id)).scalar_one())

    @contextmanager
    def browser(self, **settings: Any) -> Iterator["Browser"]:
        """A browser that has been nowhere yet, at an application of its own."""
        with TestClient(create_app(self.book, **settings), raise_server_exceptions=False) as client:
            yield Browser(client)


class Browser:
    """What a person does with a browser: opens pages, sends the forms that stand on them."""

    def __init__(self, client: TestClient[Any]) -> None:
        self.client = client
        client.follow_redirects = False
        client.headers["accept"] = "text/html"

    def get(self, path: str, **more: Any) -> Response:
        return self.client.get(path, **more)

    def post(self, path: str, *, token: str | None = None, headers: dict[str, str] | None = None, **fields: str) -> Response:
        """Send a form with the form token of this session, or another one."""
        data = fields | ({"form_token": self.form_token if token is None else token} if token != "" else {})
        return self.client.post(path, data=data, headers=headers)

    @property
    def token(self) -> str:
        """The session's token, as the cookie has it."""
        return next((str(one.value) for one in self.client.cookies.jar if one.name == COOKIE), "")

    @token.setter
    def token(self, value: str) -> None:
        self.client.cookies.clear()
        self.client.cookies.set(COOKIE, value, domain="testserver.local")

    @property
    def form_token(self) -> str:
        """What the forms of this session carry, read from a page."""
        return hidden(self.get("/en/factors").text, "form_token")

    def sign_in(self, person: Person, *, wanted: str = "", password: str = PASSWORD) -> Response:
        """Send the form of the sign-in page."""
        token = hidden(self.get("/en/sign-in").text, "form_token")
        return self.post("/en/sign-in", token=token, login=person.login, password=password, next=wanted)

    def enter(self, person: Person) -> "Browser":
        """Sign in, with the code where one is asked."""
        there = self.sign_in(person).headers["location"]
        if "/code" in there:
            assert self.post("/en/sign-in/code", code=person.code()).status_code == 303
        return self

    def is_in(self) -> bool:
        """Whether this browser's session opens one's own page."""
        answer = self.get("/en/me")
        assert answer.status_code in {200, 303}, answer.text
        return answer.status_code == 200

    def twin(self, token: str) -> Response:
        """What one's own page answers to another token."""
        kept, self.token = self.token, token
        answer = self.get("/en/me")
        self.token = kept
        return answer


def hidden(text: str, name: str) -> str:
    """The value of a hidden field of a page, of what stands in its middle first; empty where there is none."""
    main = text[text.find("<main") :]
    found = re.search(rf'name="{name}" value="([^"]*)"', main) or re.search(rf'name="{name}" value="([^"]*)"', text)
    return unescape(found[1]) if found else ""


def build(book: Book) -> Town:
    """A town in an empty book."""
    with book.writing() as session:
        firm = add_holder(session, LOCAL_ADMIN, name="示例建材有限公司", industry="C3011", example=True, now=now())
    return Town(book, Vault.at(book.home), firm.id)
