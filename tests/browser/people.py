"""Who comes to the doors in the browser tests: one user an office, some with a login, one with an authenticator; and where they go."""

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa
from playwright.sync_api import BrowserContext
from sqlmodel import Session

from api.auth.approval import ask
from api.auth.office import DUTIES, Bound, Office
from api.auth.password import hashed
from api.auth.reopening import REOPEN
from api.auth.rights import GIVE
from api.auth.session import open_session
from api.auth.tables import UserRow
from api.auth.user import Binding, add_user, bind, end_binding
from api.auth.vault import Vault
from api.work.desk import Desk
from carbon.enterprise.filing.finding import Weight
from carbon.enterprise.filing.said import Assurance
from carbon.enterprise.filing.verifier import grant
from carbon.enterprise.owners import Part, tell_owners
from carbon.holder import add_holder, holders
from ledger.book import Book, open_book
from ledger.principal import LOCAL_ADMIN, Principal, Role
from ledger.types import table_of
from tests.api.enterprise.conftest import open_shop
from tests.api.example import example_book

PASSWORD = "a sentence that nobody guesses 7"
FIRM_LOGIN, REGULATOR_LOGIN = "li@example.com", "wang@example.com"
DIVISION = "330500"
NAMES = {"zh": "李小明", "en": "Li Xiaoming"}


class Half(StrEnum):
    """Who has not signed in to the end: the code is still to be shown, or a password to be changed that another set."""

    CODE = "code"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Doors:
    """A server with users: its address, a token of a session in each office and half way in, and the ids of what pages are asked for, by the
    word that stands for them: the example firm, another that nobody of these may see, a user, a request."""

    address: str
    tokens: dict[Office | Half, str]
    ids: dict[str, str]

    @property
    def firm(self) -> str:
        """The example firm."""
        return self.ids["FIRM"]

    @property
    def other(self) -> str:
        """The other firm."""
        return self.ids["OTHER"]

    def enter(self, context: BrowserContext, who: Office | Half | None) -> None:
        """Be somebody of that office in this browser, or somebody half way in; None is a stranger."""
        if who is not None:
            context.add_cookies([{"name": "tanzhang", "value": self.tokens[who], "url": self.address}])

    def path(self, path: str) -> str:
        """A path with the ids in their places."""
        for word, number in self.ids.items():
            path = path.replace(word, number)
        return path


def populated(home: Path) -> tuple[dict[Office | Half, str], dict[str, str]]:
    """The example book with a user an office and two who are half way in; the tokens of their sessions, and what there is to be seen."""
    book = example_book(home)
    try:
        return _people(book, Vault.at(home))
    finally:
        book.engine.dispose()


def _people(book: Book, vault: Vault) -> tuple[dict[Office | Half, str], dict[str, str]]:
    now = datetime.now(UTC)
    tokens: dict[Office | Half, str] = {}
    ids: dict[str, str] = {}
    with book.writing() as session:
        firm = next(one.id for one in holders(session, LOCAL_ADMIN) if one.example)
        other = add_holder(session, LOCAL_ADMIN, name="别处化工有限公司", now=now).id
        for office in Office:
            login = {Office.FIRM: FIRM_LOGIN, Office.REGULATOR: REGULATOR_LOGIN}.get(office)
            user = add_user(
                session, vault, login=login, password=hashed(PASSWORD) if login else None, fields={"name": NAMES["zh"]}, now=now
            )
            held = _office(session, user, office, firm, now)
            tokens[office] = open_session(session, user, binding=held.id, second=True, now=now)
            if office is Office.FIRM:
                content = {"period": 202303, "scope": f"holder/{firm}/", "reason": "一张电费单漏填 (one bill was missing)"}
                ids |= {"USER": user, "REQUEST": ask(session, held, REOPEN, subject="2023-03", content=content, now=now)}
        _past(session, ids["USER"], now)
        tokens |= _half_way(session, vault, firm, now)
    return tokens, ids | {"FIRM": firm, "OTHER": other, "WORKS": _works(book, firm)} | _filings(book, firm)


def _works(book: Book, firm: str) -> str:
    """A second example firm with all that a firm's pages show, of which the first has had a part, and has a larger one since July."""
    with TemporaryDirectory() as folder:
        works = open_shop(book, Path(folder))[0]
    for day, ppm, reason in ((date(2020, 1, 1), 400_000, "设立时出资"), (date(2024, 7, 1), 512_500, "增资扩股")):
        with book.writing() as session:
            tell_owners(
                session, LOCAL_ADMIN, holder=works, approach="equity", parts=[Part(owner=firm, ppm=ppm)], valid_from=day, reason=reason,
                now=datetime.now(UTC),
            )  # fmt: skip
    return works


LINES = """activity,quantity,unit,day,site,source,计量员
combustion.stationary.bituminous,1240.6,t,{year}-07,s01,belt scale,甲班
electricity.grid,4126000,kWh,{year}-07,s01,meter 1101,甲班
"""
WRONG = "combustion.stationary.bituminous,-86,t,{year}-08,s01,belt scale,甲班\nheat.purchased,120,GJ,{year},x9,heat meter,乙班\n"


def _filings(book: Book, firm: str) -> dict[str, str]:
    """A draft with problems, and a filing that is being verified, with a finding and a word on it."""
    own, now, today = frozenset({firm}), datetime.now(UTC), datetime.now(UTC).date()
    preparer, verifier = Principal("p1", Role.WRITER, holders=own), Principal("v1", Role.READER, holders=own)
    officer = Principal("officer", Role.AUTHORITY, divisions=frozenset({"330000"}))
    desks = {who.actor: Desk(book, who, now, today) for who in (preparer, verifier)}
    draft = desks["p1"].open(holder=firm, year=2024, guide="cement")
    desks["p1"].take_in(draft.id, data=(LINES + WRONG).format(year=2024).encode(), name="2024.csv", if_match=draft.tag)
    found = desks["p1"].open(holder=firm, year=2025, guide="cement")
    found = desks["p1"].take_in(found.id, data=LINES.format(year=2025).encode(), name="2025.csv", if_match=found.tag)
    found = desks["p1"].submit(found.id, confirmed=[one.key for one in desks["p1"].judged(found.id).ask], if_match=found.tag)
    with book.writing() as session:
        grant(
            session, officer, actor="v1", number="CNAS L0001", body="示例认可机构", valid_from=date(2020, 1, 1), valid_until=date(2099, 1, 1),
            now=now,
        )  # fmt: skip
    found = desks["v1"].take_up(found.id, assurance=Assurance.REASONABLE, materiality_permille=20, if_match=found.tag)
    found = desks["v1"].find(
        found.id,
        text="缺 7 月含碳量化验",
        weight=Weight.MAJOR,
        line=2,
        field="quantity",
        value="1290",
        conservative=True,
        if_match=found.tag,
    )
    desks["p1"].reply(found.id, finding=1, text="化验室停机，同意。", if_match=found.tag)
    return {"DRAFT": draft.id, "FILING": found.id}


def _office(session: Session, user: str, office: Office, firm: str, now: datetime) -> Binding:
    bound = DUTIES[office].bound
    return bind(
        session, user, office, holder=firm if bound is Bound.HOLDER else None, division=DIVISION if bound is Bound.DIVISION else None,
        by="test", now=now,
    )  # fmt: skip


def _past(session: Session, user: str, now: datetime) -> None:
    """An office that the user held once, and a request about the user, so that its page has all it can have."""
    once = bind(session, user, Office.PROVIDER, by="local-admin", now=now)
    end_binding(session, once.id, by="local-admin", now=now)
    officer = bind(session, add_user(session, Vault.at(session.info["book"].home), now=now), Office.SECURITY, by="test", now=now)
    content = {"user": user, "office": "verifier", "holder": once.holder, "division": None}
    ask(session, officer, GIVE, subject=user, content=content, now=now)


def _half_way(session: Session, vault: Vault, firm: str, now: datetime) -> dict[Office | Half, str]:
    """Sessions of who has an authenticator and has not shown its code, and of who has a password that another set."""
    found: dict[Office | Half, str] = {}
    for half in Half:
        user = add_user(
            session, vault, login=f"{half}@example.com", password=hashed(PASSWORD), given=half is Half.CHANGE, fields={"name": NAMES["zh"]},
            now=now,
        )  # fmt: skip
        held = _office(session, user, Office.FIRM, firm, now)
        if half is Half.CODE:
            sealed = vault.seal(b"TANZHANGTEST2345", about=f"{user}/totp")
            session.execute(sa.update(table_of(UserRow)).where(table_of(UserRow).c.id == user).values(totp=sealed))
        found[half] = open_session(session, user, binding=held.id, now=now)
    return found


def opened(home: Path) -> Book:
    """The book of a server that runs, opened beside it."""
    return open_book(f"sqlite:///{home}/book.db", home=home)


R = Office.REGULATOR
SOAK = os.environ.get("TANZHANG_SOAK") == "1"
USUAL = [("en", "desk"), ("zh", "phone")]
"""The readers of `make test`; TANZHANG_SOAK=1 asks for each language at each width."""

PLACES: list[tuple[str, Office | Half | None, str]] = [
    ("sign-in", None, "/sign-in"), ("stranger-nation", None, "/regions/100000?year=2017"), ("stranger-factors", None, "/factors"),
    ("help", None, "/help"), ("nation", R, "/regions/100000?year=2017"), ("province", R, "/regions/330000?year=2017"),
    ("city", R, "/regions/330500?year=2023"), ("county", R, "/regions/330522?year=2023"), ("no-data", R, "/regions/330502?year=2023"),
    ("series", R, "/regions/330500/series?year=2017"), ("areas", R, "/regions"), ("areas-none", R, "/regions?q=nowhere-at-all"),
    ("entries", R, "/entries?division=330522&year=2023"), ("entry", R, "/entries/0"), ("accounts", R, "/accounts"),
    ("statement", R, "/accounts/statement?account=holder/FIRM/s01/scope1/1A2&commodity=CO2"), ("holders", R, "/holders"),
    ("holder", R, "/holders/FIRM"), ("factors", R, "/factors?q=electricity+330000"), ("factors-none", R, "/factors?q=no-such-factor"),
    ("factor", R, "/factors/cn-grid/2025-47_e001/330000?division=330106&day=2023-07-01"), ("search", R, "/search?q=330522"),
    ("guides", None, "/guides"), ("guide", None, "/guides/cement"),
    ("search-none", R, "/search?q=nowhere-at-all"), ("search-empty", R, "/search"), ("me", R, "/me"),
    ("me-firm", Office.FIRM, "/me"), ("me-auditor", Office.AUDITOR, "/me"), ("password", Office.FIRM, "/me/password"),
    ("second-factor", Office.REGULATOR, "/me/second-factor"), ("users", Office.ADMINISTRATOR, "/users"),
    ("users-security", Office.SECURITY, "/users"), ("approvals", Office.SECURITY, "/approvals"), ("approvals-firm", Office.FIRM, "/approvals"),
    ("access", Office.AUDITOR, "/access"), ("not-found", R, "/entries/999999"), ("forbidden", Office.FIRM, "/users"),
    ("foreign", Office.FIRM, "/holders/OTHER"), ("firm-holder", Office.FIRM, "/holders/FIRM"),
    ("user", Office.ADMINISTRATOR, "/users/USER"), ("user-security", Office.SECURITY, "/users/USER"),
    ("user-auditor", Office.AUDITOR, "/users/USER"), ("approval", R, "/approvals/REQUEST"), ("approval-own", Office.FIRM, "/approvals/REQUEST"),
    ("filings", R, "/filings"), ("filings-firm", Office.FIRM, "/filings"), ("filing-draft", Office.FIRM, "/filings/DRAFT"),
    ("filing-verifying", Office.FIRM, "/filings/FILING"), ("verification", Office.VERIFIER, "/filings/FILING/verification"),
    ("verification-firm", Office.FIRM, "/filings/FILING/verification"), ("filing-draft-regulator", R, "/filings/DRAFT"),
    ("profile", Office.FIRM, "/holders/FIRM/profile"), ("profile-works", R, "/holders/WORKS/profile"),
    ("inventory-latest", R, "/holders/WORKS/inventory"), ("inventory", R, "/holders/WORKS/inventory/2024"),
    ("inventory-firm", Office.FIRM, "/holders/FIRM/inventory/2023"),
    ("inventory-gas", R, "/holders/WORKS/inventory/2024?view=gas"), ("inventory-iso", R, "/holders/WORKS/inventory/2024?view=iso"),
    ("inventory-gbt", R, "/holders/WORKS/inventory/2024?view=gbt"), ("inventory-none", R, "/holders/WORKS/inventory/2001"),
    ("consolidation", R, "/consolidation?holder=WORKS&holder=FIRM&year=2024"), ("compliance-list", R, "/holders/WORKS/compliance"),
    ("compliance", R, "/holders/WORKS/compliance/cn-ets/2024"), ("compliance-none", Office.FIRM, "/holders/FIRM/compliance"),
    ("units", R, "/holders/WORKS/units"), ("units-firm", Office.FIRM, "/holders/FIRM/units"), ("efficiency", R, "/efficiency"),
    ("efficiency-firm", R, "/holders/WORKS/efficiency"), ("packets", R, "/holders/WORKS/packets"),
    ("packets-firm", Office.FIRM, "/holders/FIRM/packets"),
    ("shares", R, "/holders/WORKS/shares"), ("shares-firm", Office.FIRM, "/holders/FIRM/shares"),
    ("consolidation-shares", R, "/consolidation?holder=WORKS&holder=FIRM&owner=FIRM&year=2024"),
    ("giving", R, "/efficiency/give?pack=zj-huzhou/2022&year=2024"), ("giving-first", R, "/efficiency/give"),
    ("obligation", R, "/holders/WORKS/compliance?programme=cn-ets&year=2024"), ("accreditations", R, "/accreditations"),
    ("accreditations-verifier", Office.VERIFIER, "/accreditations"),
    ("code", Half.CODE, "/sign-in/code"), ("first-password", Half.CHANGE, "/me/password"),
]  # fmt: skip
"""Every page, as who opens it: a name, an office or half way in (None: a stranger), an address."""
