"""Two firms in a book, a registry that issues, a verified filing, and short ways to owe, hold and surrender."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

import pytest

from carbon.enterprise.obligation import units
from carbon.enterprise.obligation.allocation import GRAMS, Unit
from carbon.enterprise.obligation.declare import Kept, declare, statement, surrender_units
from carbon.enterprise.obligation.surrender import Surrendered
from ledger import lot
from ledger.book import Book
from ledger.principal import LOCAL_ADMIN, Principal, Role
from tests.carbon.conftest import Firm
from tests.carbon.enterprise.filing.conftest import Desk, accredited

NOW = datetime(2025, 11, 25, 3, 0, 0, 123456, tzinfo=UTC)
TODAY = date(2025, 11, 25)
CETS: dict[str, Any] = {"programme_id": "cn-ets", "year": 2024}


STEPS = ("draft", "submitted", "verifying", "verified", "accepted", "booked")


@dataclass
class Owing:
    """A firm that owes to the national ETS for 2024. `filings` are its real filings by year, as far as they were taken."""

    firm: Firm
    filings: dict[int, str] = field(default_factory=dict)

    @property
    def book(self) -> Book:
        return self.firm.book

    @property
    def id(self) -> str:
        return self.firm.id

    @property
    def own(self) -> Principal:
        return Principal(actor="u-firm", role=Role.WRITER, holders=frozenset({self.id}))

    @cached_property
    def desk(self) -> Desk:
        own = frozenset({self.id})
        verifiers = [f"{self.id}-v1", f"{self.id}-v2"]
        accredited(self.book, *verifiers)
        lead, second = (Principal(actor, Role.READER, holders=own) for actor in verifiers)
        regulator = Principal("r1", Role.AUTHORITY, divisions=frozenset({"330522"}))
        return Desk(self.firm, Principal("p1", Role.WRITER, holders=own), lead, second, regulator)

    def filing(self, *, state: str = "verified", year: int = 2024) -> str:
        """The id of the firm's filing of a year, taken on to that state from where it stands."""
        if year not in self.filings:
            self.filings[year] = self.desk.draft(f"electricity.grid,100,kWh,{year}-07,s01,meter 1", year=year).id
        name = self.filings[year]
        steps = (self.desk.submit, self.desk.take_up, self.desk.sign, self.desk.accept, self.desk.record)
        for step in steps[STEPS.index(self.desk.filing(name).state.value) : STEPS.index(state)]:
            step(name)
        return name

    def owes(self, tonnes: int, *, principal: Principal = LOCAL_ADMIN, filing: str | None = None, **more: Any) -> Kept:
        filing = filing or self.filing()
        made = [Unit(name="line 1", verified_g=tonnes * GRAMS)]
        with self.book.writing() as session:
            return declare(
                session, principal, holder=self.id, filing=filing, verified_g=tonnes * GRAMS,
                **{"sector": "cement", "now": NOW, "today": TODAY, "units": made} | CETS | more,
            )  # fmt: skip

    def gets(self, unit: str, count: int, *, vintage: int = 2024, series: str | None = None, **more: Any) -> str:
        series = series or uuid.uuid4().hex[:8]
        with self.book.writing() as session:
            units.issue(
                session, LOCAL_ADMIN, holder=self.id, unit=unit, series=series, first=1, last=count, vintage=vintage, now=NOW, day=TODAY,
                **more,
            )  # fmt: skip
        return series

    def surrenders(self, *, day: date = TODAY, **more: Any) -> Surrendered:
        with self.book.writing() as session:
            done, _ = surrender_units(session, self.own, holder=self.id, now=NOW, day=day, **CETS | more)
        return done

    def has(self) -> dict[str, int]:
        with self.book.reading() as session:
            sums: dict[str, int] = {}
            for unit, one in units.held(session, LOCAL_ADMIN, holder=self.id):
                sums[unit] = sums.get(unit, 0) + one.count
        return sums

    def holdings(self, unit: str) -> list[lot.Holding]:
        with self.book.reading() as session:
            return [one for name, one in units.held(session, self.own, holder=self.id) if name == unit]

    def said(self, **more: Any) -> Kept:
        with self.book.reading(self.own) as session:
            return statement(session, self.own, holder=self.id, **CETS | more)


@pytest.fixture
def make_owing(make_firm: Callable[..., Firm]) -> Callable[[], Owing]:
    return lambda: Owing(make_firm())


@pytest.fixture
def firm(make_owing: Callable[[], Owing]) -> Owing:
    return make_owing()
