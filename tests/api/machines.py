"""Firms with machines at their doors: an application over an empty book, and clients with keys."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from api.auth.key import make_key
from api.auth.office import Office
from api.auth.user import Binding, add_user, bind
from api.auth.vault import Vault
from api.client import Client
from carbon.holder import add_holder, add_site
from carbon.region.divisions import divisions
from ledger.book import Book
from ledger.principal import LOCAL_ADMIN

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
HOOKS = "hooks.example.org"
HEAD = "activity,quantity,unit,day,site\n"
POWER = HEAD + "electricity.grid,100,kWh,2023-07-01,s01\n"


@dataclass(frozen=True)
class Machine:
    """A firm's machine: its holder, its office, its key."""

    holder: str
    office: Binding
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}", "accept": "application/json"}


def machine(book: Book, *, name: str = "甲", office: Office = Office.FIRM, holder: str | None = None) -> Machine:
    """A firm with one site in Anji, and a machine with a key in an office of it (or of `holder`)."""
    with book.writing() as session:
        if holder is None:
            holder = add_holder(session, LOCAL_ADMIN, name=name, industry="C3011", now=NOW).id
            add_site(
                session, LOCAL_ADMIN, holder=holder, code="s01", name="s01", division="330523", since=date(2020, 1, 1), tree=divisions()
            )
        user = add_user(session, Vault.at(book.home), kind="machine", now=NOW)
        held = bind(session, user, office, holder=holder, by="test", now=NOW)
        _, key = make_key(session, held.id, name="erp", now=datetime.now(UTC))
    return Machine(holder, held, key)


def application(book: Book, **more: Any) -> Litestar:
    """The application over the book; webhooks may call HOOKS."""
    return create_app(book, webhook_hosts=(HOOKS,), **more)


def client(http: TestClient[Any], one: Machine, **more: Any) -> Client:
    """The typed client of a machine, through an application in this process."""
    return Client("http://testserver.local", key=one.key, http=http, sleep=lambda _: None, **more)
