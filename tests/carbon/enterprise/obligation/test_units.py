"""Units lie in one place each, never below zero; what is cancelled, claimed or expired is so for ever; on both engines."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from carbon.audit import verify
from carbon.enterprise.errors import BadUnit, SerialUsed, UnitsMissing
from carbon.enterprise.obligation import units
from carbon.enterprise.obligation.units import Range
from carbon.errors import BadHolder, HolderNotFound
from carbon.holder import add_site
from carbon.region.divisions import divisions
from ledger.balances import entry
from ledger.errors import LotMisused, NotAllowed
from ledger.principal import LOCAL_ADMIN, Principal, Role
from tests.carbon.enterprise.obligation.conftest import NOW, TODAY, Owing


def passes(firm: Owing, to: str, count: int, unit: str = "CEA.2024", **more: object) -> None:
    with firm.book.writing() as session:
        units.transfer(session, firm.own, holder=firm.id, to=to, unit=unit, count=count, now=NOW, day=TODAY, **more)  # type: ignore[arg-type]


def test_only_the_authority_issues(firm: Owing) -> None:
    told = {"holder": firm.id, "unit": "CEA.2024", "series": "s", "first": 1, "last": 5, "vintage": 2024, "now": NOW, "day": TODAY}
    for principal in (firm.own, Principal("w", Role.WRITER), Principal("v", Role.READER, holders=frozenset({firm.id}))):
        with firm.book.writing() as session, pytest.raises(NotAllowed):
            units.issue(session, principal, **told)
    assert firm.has() == {}


@pytest.mark.parametrize(
    ("unit", "vintage", "first", "last"),
    [("CEA.2024", 2023, 1, 2), ("POINT", 2024, 1, 2), ("CO2", 2024, 1, 2), ("CEA.2024", 2024, 0, 2), ("CEA.2024", 2024, 3, 2)],
)
def test_what_no_registry_issues_is_refused(firm: Owing, unit: str, vintage: int, first: int, last: int) -> None:
    with firm.book.writing() as session, pytest.raises(BadUnit):
        units.issue(
            session, LOCAL_ADMIN, holder=firm.id, unit=unit, series="s", first=first, last=last, vintage=vintage, now=NOW, day=TODAY
        )


def test_a_serial_is_issued_once(firm: Owing) -> None:
    firm.gets("CCER", 10, vintage=2020, series="P-1")
    with pytest.raises(SerialUsed, match="CCER P-1 1–10: it was issued before"):
        firm.gets("CCER", 20, vintage=2020, series="P-1")
    assert firm.has() == {"CCER": 10}


def test_units_pass_on_the_oldest_first_and_lie_in_one_place(firm: Owing, make_owing: Callable[[], Owing]) -> None:
    other = make_owing()
    firm.gets("CCER", 10, vintage=2021, series="new")
    firm.gets("CCER", 10, vintage=2019, series="old")
    passes(firm, other.id, 15, "CCER")
    assert [(one.series, one.first, one.last) for one in other.holdings("CCER")] == [("old", 1, 10), ("new", 1, 5)]
    assert [(one.series, one.first, one.last) for one in firm.holdings("CCER")] == [("new", 6, 10)]
    assert verify(firm.book) == []


def test_nobody_passes_on_more_than_they_have_or_what_lies_elsewhere(firm: Owing, make_owing: Callable[[], Owing]) -> None:
    other = make_owing()
    series = firm.gets("CEA.2024", 10)
    with pytest.raises(UnitsMissing):
        passes(firm, other.id, 11)
    passes(firm, other.id, 4)
    with pytest.raises(SerialUsed, match="it lies with another holder"):
        passes(firm, other.id, 0, ranges=[Range(unit="CEA.2024", series=series, first=4, last=5)])
    with pytest.raises(BadUnit):
        passes(firm, firm.id, 1)
    with pytest.raises(HolderNotFound):
        passes(firm, "hnobody", 1)
    with firm.book.writing() as session, pytest.raises(HolderNotFound):
        units.transfer(session, firm.own, holder=other.id, to=firm.id, unit="CEA.2024", count=1, now=NOW, day=TODAY)
    assert (firm.has(), other.has()) == ({"CEA.2024": 6}, {"CEA.2024": 4})


def test_a_claimed_certificate_is_named_when_it_is_claimed_again(firm: Owing) -> None:
    series = firm.gets("GEC", 10, vintage=202409, expires_on=date(2026, 9, 30))
    asked = [Range(unit="GEC", series=series, first=3, last=3)]
    with firm.book.writing() as session:
        receipt = units.claim(session, firm.own, holder=firm.id, year=2024, ranges=asked, now=NOW, day=TODAY)
    for again in (units.cancel, units.claim):
        more = {"year": 2024} if again is units.claim else {"unit": "GEC"}
        with (
            firm.book.writing() as session,
            pytest.raises(SerialUsed, match=f"GEC {series} 3: it was retired for claim-2024 by entry {receipt.first_id}"),
        ):
            again(session, firm.own, holder=firm.id, ranges=asked, now=NOW, day=TODAY, **more)  # type: ignore[operator]
    assert firm.has() == {"GEC": 9}
    with firm.book.reading() as session:
        assert receipt.first_id is not None
        assert {leg.account for leg in entry(session, receipt.first_id).legs} == {f"holder/{firm.id}/units", "retired/GEC/claim-2024"}


def test_what_is_claimed_for_a_holder_and_year_is_told_by_its_serials(firm: Owing, make_owing: Callable[[], Owing]) -> None:
    other = make_owing()
    firm.gets("GEC", 10, vintage=202409, series="pv-1-202409", expires_on=date(2026, 9, 30))
    for year, count, whose in ((2024, 2, firm), (2025, 3, firm), (2024, 4, other)):
        with firm.book.writing() as session:
            units.claim(session, firm.own, holder=firm.id, year=year, count=count, beneficiary=whose.id, now=NOW, day=TODAY)
    told = {}
    for whose in (firm, other):
        with firm.book.reading(whose.own) as session:
            told[whose.id] = units.claimed(session, whose.own, holder=whose.id, year=2024)
            with pytest.raises(HolderNotFound):
                units.claimed(session, whose.own, holder="hnobody", year=2024)
    assert told[firm.id] == [Range(unit="GEC", series="pv-1-202409", first=1, last=2)]
    assert told[other.id] == [Range(unit="GEC", series="pv-1-202409", first=6, last=9)]


def test_units_are_cancelled_for_a_beneficiary_that_is_known(firm: Owing, make_owing: Callable[[], Owing]) -> None:
    other = make_owing()
    firm.gets("CCER", 10, vintage=2020)
    with firm.book.writing() as session:
        receipt = units.cancel(
            session, firm.own, holder=firm.id, unit="CCER", count=4, beneficiary=other.id, now=NOW, day=TODAY
        )  # fmt: skip
    with firm.book.writing() as session, pytest.raises(HolderNotFound):
        units.cancel(session, firm.own, holder=firm.id, unit="CCER", count=1, beneficiary="hnobody", now=NOW, day=TODAY)
    with firm.book.reading() as session:
        assert receipt.first_id is not None
        assert f'"beneficiary":"{other.id}"' in (entry(session, receipt.first_id).detail or "")
    assert firm.has() == {"CCER": 6}


def test_what_has_expired_only_expires(firm: Owing, make_owing: Callable[[], Owing]) -> None:
    series = firm.gets("GEC", 10, vintage=202301, expires_on=date(2025, 1, 31))
    firm.gets("GEC", 5, vintage=202406, expires_on=date(2026, 6, 30))
    with firm.book.writing() as session, pytest.raises(UnitsMissing) as refused:
        units.claim(session, firm.own, holder=firm.id, year=2024, count=6, now=NOW, day=TODAY)
    assert (refused.value.has, refused.value.unusable) == (5, 10)
    with pytest.raises(LotMisused, match="expired on 2025-01-31"):
        passes(firm, make_owing().id, 0, "GEC", ranges=[Range(unit="GEC", series=series, first=1, last=1)])
    with firm.book.writing() as session:
        assert len(units.expire(session, firm.own, holder=firm.id, now=NOW, day=TODAY)) == 1
        assert units.expire(session, firm.own, holder=firm.id, now=NOW, day=TODAY) == []
    assert firm.has() == {"GEC": 5}
    assert verify(firm.book) == []


@pytest.mark.parametrize("code", ["units", "obligation"])
def test_no_site_is_called_as_these_accounts_are(firm: Owing, code: str) -> None:
    with firm.book.writing() as session, pytest.raises(BadHolder, match="choose another"):
        add_site(session, LOCAL_ADMIN, holder=firm.id, code=code, name=code, division="330522", since=TODAY, tree=divisions())


def test_many_at_once_pass_on_no_more_than_there_is(firm: Owing, make_owing: Callable[[], Owing]) -> None:
    other = make_owing()
    firm.gets("CEA.2024", 100)

    def send(_: int) -> int:
        try:
            passes(firm, other.id, 15)
        except UnitsMissing:
            return 0
        return 15

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(send, range(8))) == 90
    assert (firm.has(), other.has()) == ({"CEA.2024": 10}, {"CEA.2024": 90})
    assert verify(firm.book) == []


def test_whatever_is_done_each_serial_lies_in_one_place_and_none_is_made_or_lost(make_owing: Callable[[], Owing]) -> None:
    class Units(RuleBasedStateMachine):
        @initialize()
        def start(self) -> None:
            self.firms = [make_owing(), make_owing()]
            self.issued = self.gone = 0

        @rule(whose=st.integers(0, 1), count=st.integers(1, 20))
        def issue(self, whose: int, count: int) -> None:
            self.firms[whose].gets("CCER", count, vintage=2020)
            self.issued += count

        @rule(whose=st.integers(0, 1), count=st.integers(1, 30))
        def move(self, whose: int, count: int) -> None:
            source, target = self.firms[whose], self.firms[1 - whose]
            if count > source.has().get("CCER", 0):
                with pytest.raises(UnitsMissing):
                    passes(source, target.id, count, "CCER")
            else:
                passes(source, target.id, count, "CCER")

        @rule(whose=st.integers(0, 1), count=st.integers(1, 10))
        def cancel(self, whose: int, count: int) -> None:
            firm = self.firms[whose]
            if count > firm.has().get("CCER", 0):
                return
            with firm.book.writing() as session:
                units.cancel(session, firm.own, holder=firm.id, unit="CCER", count=count, now=NOW, day=TODAY)
            self.gone += count

        @invariant()
        def add_up(self) -> None:
            seen = [
                (one.lot, serial) for firm in self.firms for one in firm.holdings("CCER") for serial in range(one.first, one.last + 1)
            ]  # fmt: skip
            assert len(seen) == len(set(seen)) == self.issued - self.gone

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Units, settings=settings(max_examples=4, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck))
    )
