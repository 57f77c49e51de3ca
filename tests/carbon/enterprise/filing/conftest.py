"""A firm, its preparer, two verifiers, the county's regulator, and a filing of 2023 that can be taken from step to step, on each engine."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from carbon.enterprise.filing.booking import book_filing
from carbon.enterprise.filing.filing import Filing, filing, open_filing, save_version
from carbon.enterprise.filing.finding import Verified
from carbon.enterprise.filing.said import Assurance, Opinion
from carbon.enterprise.filing.submission import accept, submit
from carbon.enterprise.filing.verification import sign, take_up
from carbon.enterprise.filing.verifier import grant
from carbon.enterprise.filing.version import Version, declare, read_version, weigh
from carbon.record import RecordReceipt
from carbon.region.divisions import divisions
from factors.gwp import GwpSet, gwp_set
from factors.library import FactorLibrary, load_library
from ledger.book import Book
from ledger.principal import Principal, Role
from tests.carbon.conftest import HEAD, Firm
from tests.conftest import owner_engine

NOW = datetime(2026, 11, 25, 3, 0, 0, 123456, tzinfo=UTC)
TODAY = date(2026, 11, 25)
COUNTY = "330522"
PRICES = gwp_set("AR5.100")
POWER = "electricity.grid,100000,kWh,2023-07,s01,meter 1"
COAL = "combustion.stationary.bituminous,10,t,2023-07,s01,belt 1"


def file_of(*lines: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *lines, ""]).encode()


@dataclass
class Desk:
    """Everybody who has to do with one firm's filings, and what they do."""

    firm: Firm
    preparer: Principal
    lead: Principal
    second: Principal
    regulator: Principal
    library: FactorLibrary = field(default_factory=load_library)
    prices: GwpSet = PRICES

    @property
    def book(self) -> Book:
        return self.firm.book

    def do(self, step: Callable[..., Any], principal: Principal, id: str, **said: Any) -> Any:  # noqa: A002
        """One step in a transaction of its own, with the tag as it is."""
        said.setdefault("if_match", self.filing(id).tag)
        with self.book.writing() as session:
            return step(session, principal, id, now=NOW, **said)

    def filing(self, id: str) -> Filing:  # noqa: A002
        with self.book.reading(self.preparer) as session:
            return filing(session, self.preparer, id)

    def open(self, *, year: int = 2023, restates: str | None = None) -> Filing:
        with self.book.writing() as session:
            return open_filing(session, self.preparer, holder=self.firm.id, year=year, guide="general", now=NOW, restates=restates)

    def draft(self, *lines: str, **said: Any) -> Filing:
        opened = self.open(**said)
        return self.save(opened.id, *lines)

    def save(self, id: str, *lines: str, answers: int | None = None, principal: Principal | None = None) -> Filing:  # noqa: A002
        data = file_of(*lines)
        said = {"name": "lines.csv", "data": data, "lines": len(lines), "answers": answers}
        return self.do(save_version, principal or self.preparer, id, **said)  # type: ignore[no-any-return]

    def read(self, id: str) -> Version:  # noqa: A002
        return read_version(self.book, self.preparer, id, library=self.library, tree=divisions(), today=TODAY)

    def submit(self, id: str) -> Filing:  # noqa: A002
        return self.do(submit, self.preparer, id, declared=declare(self.read(id), self.prices), today=TODAY)  # type: ignore[no-any-return]

    def take_up(self, id: str, *, permille: int = 20) -> Filing:  # noqa: A002
        said = {"assurance": Assurance.REASONABLE, "materiality_permille": permille, "today": TODAY}
        return self.do(take_up, self.lead, id, **said)  # type: ignore[no-any-return]

    def weigh(self, id: str, *, line: int, field: str, value: str, **said: Any) -> Verified:  # noqa: A002
        return weigh(self.read(id), line=line, field=field, value=value, library=self.library, prices=self.prices, **said)

    def sign(self, id: str, *, opinion: Opinion = Opinion.UNQUALIFIED) -> Filing:  # noqa: A002
        return self.do(sign, self.lead, id, opinion=opinion, second=self.second.actor, today=TODAY)  # type: ignore[no-any-return]

    def accept(self, id: str) -> Filing:  # noqa: A002
        return self.do(accept, self.regulator, id)  # type: ignore[no-any-return]

    def agreed(self, id: str) -> RecordReceipt:  # noqa: A002
        """A draft, all the way to booked."""
        self.submit(id)
        self.take_up(id)
        self.sign(id)
        self.accept(id)
        return self.record(id)

    def accepted(self, *lines: str, **said: Any) -> Filing:
        """A filing of these lines, all the way to accepted."""
        made = self.draft(*lines, **said)
        self.submit(made.id)
        self.take_up(made.id)
        self.sign(made.id)
        return self.accept(made.id)

    def record(self, id: str, principal: Principal | None = None) -> RecordReceipt:  # noqa: A002
        by = principal or self.regulator
        return book_filing(self.book, by, id, now=NOW, today=TODAY, library=self.library, tree=divisions())


def accredited(book: Book, *actors: str, industries: tuple[str, ...] = ("C30",)) -> None:
    officer = Principal("officer", Role.AUTHORITY, divisions=frozenset({"330000"}))
    with book.writing() as session:
        for actor in actors:
            grant(
                session, officer, actor=actor, number=f"CNAS {actor}", body="示例认可机构", industries=industries,
                valid_from=date(2026, 1, 1), valid_until=date(2026, 12, 31), now=NOW,
            )  # fmt: skip


def desk_of(firm: Firm) -> Desk:
    own = frozenset({firm.id})
    accredited(firm.book, "v1", "v2")
    return Desk(
        firm, Principal("p1", Role.WRITER, holders=own), Principal("v1", Role.READER, holders=own),
        Principal("v2", Role.READER, holders=own), Principal("r1", Role.AUTHORITY, divisions=frozenset({COUNTY})),
    )  # fmt: skip


@pytest.fixture
def desk(firm: Firm) -> Desk:
    return desk_of(firm)


def tampered(desk: Desk, sql: str, **said: Any) -> None:
    """What an intruder could do who owns the database and took the guards away."""
    engine = owner_engine(desk.book)
    with engine.begin() as connection:
        for table in ("evidence_packet", "document", "filing_version", "filing_event", "filing"):
            if desk.book.dialect == "sqlite":
                names = connection.exec_driver_sql(f"SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '{table}'")
                for (name,) in names.all():
                    connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
            else:
                connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        connection.execute(sa.text(sql), said)
    engine.dispose()
