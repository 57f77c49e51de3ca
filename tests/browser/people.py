"""Who comes to the doors in the browser tests: one user an office, some with a login, one with an authenticator; and where they go."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import BrowserContext

from api.auth.office import DUTIES, Bound, Office
from api.auth.password import hashed
from api.auth.session import open_session
from api.auth.user import add_user, bind
from api.auth.vault import Vault
from carbon.holder import add_holder, holders
from ledger.book import Book, open_book
from ledger.principal import LOCAL_ADMIN
from tests.api.example import example_book

PASSWORD = "a sentence that nobody guesses 7"
FIRM_LOGIN, REGULATOR_LOGIN = "li@example.com", "wang@example.com"
DIVISION = "330500"
NAMES = {"zh": "李小明", "en": "Li Xiaoming"}


@dataclass(frozen=True, slots=True)
class Doors:
    """A server with users: its address, a token of a session in each office, the example firm and the one that nobody of these may see."""

    address: str
    tokens: dict[Office, str]
    firm: str
    other: str

    def enter(self, context: BrowserContext, office: Office | None) -> None:
        """Be somebody of that office in this browser; None is a stranger."""
        if office is not None:
            context.add_cookies([{"name": "tanzhang", "value": self.tokens[office], "url": self.address}])

    def path(self, path: str) -> str:
        """A path with the firm's id in its place."""
        return path.replace("FIRM", self.firm).replace("OTHER", self.other)


def populated(home: Path) -> tuple[dict[Office, str], str, str]:
    """The example book with a user an office; the tokens of their sessions, the firm, another firm."""
    book = example_book(home)
    try:
        return _people(book, Vault.at(home))
    finally:
        book.engine.dispose()


def _people(book: Book, vault: Vault) -> tuple[dict[Office, str], str, str]:
    now, tokens = datetime.now(UTC), {}
    with book.writing() as session:
        firm = next(one.id for one in holders(session, LOCAL_ADMIN) if one.example)
        other = add_holder(session, LOCAL_ADMIN, name="别处化工有限公司", now=now).id
        for office in Office:
            login = {Office.FIRM: FIRM_LOGIN, Office.REGULATOR: REGULATOR_LOGIN}.get(office)
            user = add_user(
                session, vault, login=login, password=hashed(PASSWORD) if login else None, fields={"name": NAMES["zh"]}, now=now
            )
            tokens[office] = _office(session, user, office, firm, now)
    return tokens, firm, other


def _office(session: object, user: str, office: Office, firm: str, now: datetime) -> str:
    bound = DUTIES[office].bound
    held = bind(
        session, user, office, holder=firm if bound is Bound.HOLDER else None,  # type: ignore[arg-type]
        division=DIVISION if bound is Bound.DIVISION else None, by="test", now=now,
    )  # fmt: skip
    return open_session(session, user, binding=held.id, second=True, now=now)  # type: ignore[arg-type]


def opened(home: Path) -> Book:
    """The book of a server that runs, opened beside it."""
    return open_book(f"sqlite:///{home}/book.db", home=home)


R = Office.REGULATOR
SOAK = os.environ.get("TANZHANG_SOAK") == "1"
USUAL = [("en", "desk"), ("zh", "phone")]
"""The readers of `make test`; TANZHANG_SOAK=1 asks for each language at each width."""

PLACES: list[tuple[str, Office | None, str]] = [
    ("sign-in", None, "/sign-in"), ("stranger-nation", None, "/regions/100000?year=2017"), ("stranger-factors", None, "/factors"),
    ("help", None, "/help"), ("nation", R, "/regions/100000?year=2017"), ("province", R, "/regions/330000?year=2017"),
    ("city", R, "/regions/330500?year=2023"), ("county", R, "/regions/330522?year=2023"), ("no-data", R, "/regions/330502?year=2023"),
    ("series", R, "/regions/330500/series?year=2017"), ("areas", R, "/regions"), ("areas-none", R, "/regions?q=nowhere-at-all"),
    ("entries", R, "/entries?division=330522&year=2023"), ("entry", R, "/entries/0"), ("accounts", R, "/accounts"),
    ("statement", R, "/accounts/statement?account=holder/FIRM/s01/scope1/1A2&commodity=CO2"), ("holders", R, "/holders"),
    ("holder", R, "/holders/FIRM"), ("factors", R, "/factors?q=electricity+330000"), ("factors-none", R, "/factors?q=no-such-factor"),
    ("factor", R, "/factors/cn-grid/2025-47_e001/330000?division=330106&day=2023-07-01"), ("search", R, "/search?q=330522"),
    ("search-none", R, "/search?q=nowhere-at-all"), ("search-empty", R, "/search"), ("me", R, "/me"),
    ("me-firm", Office.FIRM, "/me"), ("me-auditor", Office.AUDITOR, "/me"), ("password", Office.FIRM, "/me/password"),
    ("second-factor", Office.REGULATOR, "/me/second-factor"), ("users", Office.ADMINISTRATOR, "/users"),
    ("users-security", Office.SECURITY, "/users"), ("approvals", Office.SECURITY, "/approvals"), ("approvals-firm", Office.FIRM, "/approvals"),
    ("access", Office.AUDITOR, "/access"), ("not-found", R, "/entries/999999"), ("forbidden", Office.FIRM, "/users"),
    ("foreign", Office.FIRM, "/holders/OTHER"), ("firm-holder", Office.FIRM, "/holders/FIRM"),
]  # fmt: skip
"""Every page, as who opens it: a name, an office (None: a stranger), an address."""
