"""Older allowances are carried over up to 10,000 t and one and a half times what was sold net, and the rest ends; on both engines."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.audit import verify
from carbon.enterprise.errors import BadUnit, BankingLimit, SerialUsed, UnitsMissing
from carbon.enterprise.obligation import units
from carbon.enterprise.obligation.allocation import GRAMS, Unit
from carbon.enterprise.obligation.banking import Carried, banked, carry, limit_t
from carbon.enterprise.obligation.declare import standing
from carbon.enterprise.obligation.rules import programme, rule
from carbon.enterprise.obligation.units import Range
from carbon.errors import HolderNotFound
from ledger.balances import entry
from ledger.errors import NotAllowed
from ledger.principal import LOCAL_ADMIN, Principal, Role
from tests.carbon.enterprise.obligation.conftest import NOW, TODAY, Owing

RULE = rule("cn-ets", sector="power", year=2025)
HOW = RULE.banking
assert HOW is not None
SCHEME = programme("cn-ets")
INTO: dict[str, Any] = {"programme_id": "cn-ets", "year": 2025}
LATER = date(2026, 11, 25)


def carries(firm: Owing, count: int | None = None, *, principal: Principal = LOCAL_ADMIN, sector: str = "power", **more: Any) -> Carried:
    with firm.book.writing() as session:
        return carry(session, principal, holder=firm.id, sector=sector, count=count, now=NOW, day=LATER, **INTO | more)


def sells(seller: Owing, buyer: Owing, count: int, unit: str = "CEA.2023") -> None:
    with seller.book.writing() as session:
        units.transfer(session, seller.own, holder=seller.id, to=buyer.id, unit=unit, count=count, now=NOW, day=TODAY)


def owes(firm: Owing, tonnes: int) -> Any:
    made = [Unit(name="unit 1", verified_g=tonnes * GRAMS, stated_t=tonnes)]
    return firm.owes(tonnes, sector="power", year=2025, filing=firm.filing(year=2025), units=made, today=LATER).statement


def stands(firm: Owing) -> Any:
    with firm.book.reading(firm.own) as session:
        return standing(session, firm.own, holder=firm.id, today=LATER, **INTO)


def test_the_rule_has_its_figures_with_source_and_mark_and_says_what_is_not_sure() -> None:
    assert HOW is not None
    assert (HOW.from_vintage, HOW.to_vintage, HOW.base_t, HOW.per_net_sale, HOW.mark, HOW.ends.mark) == (
        2019,
        2024,
        10_000,
        "1.5",
        "A",
        "B",
    )
    assert "10,000 t + 1.5" in HOW.source
    assert "banking: what ends" in {name for name, _ in RULE.doubts()}
    assert "banking" not in {name for name, _ in RULE.doubts()}


@pytest.mark.parametrize(("sold", "limit"), [(-5, 10_000), (0, 10_000), (1, 10_001), (3, 10_004), (1_000, 11_500)])
def test_what_may_be_carried_is_the_base_and_one_and_a_half_times_the_net_sale(sold: int, limit: int) -> None:
    assert HOW is not None
    assert limit_t(HOW, sold) == limit


@given(st.integers(-(10**9), 10**9))
def test_a_limit_is_whole_tonnes_and_rounded_down(sold: int) -> None:
    assert HOW is not None
    exact = 10_000 + Fraction("1.5") * max(0, sold)
    assert limit_t(HOW, sold) <= exact < limit_t(HOW, sold) + 1


def test_what_is_carried_is_retired_and_comes_into_being_as_the_new_vintage(firm: Owing) -> None:
    firm.gets("CEA.2022", 300, vintage=2022, series="A1")
    firm.gets("CEA.2023", 12_000, vintage=2023, series="B1", project="unit 1")
    done = carries(firm, 500)
    assert firm.has() == {"CEA.2023": 11_800, "CEA.2025": 500}
    new = [(one.series, one.first, one.last, one.vintage, one.project) for one in firm.holdings("CEA.2025")]
    assert sorted(new) == [("2022/A1", 1, 300, 2025, ""), ("2023/B1", 1, 200, 2025, "unit 1")]
    assert (done.banked.carried_t, done.banked.limit_t, done.banked.net_sold_t) == (500, 10_000, 0)
    with firm.book.reading() as session:
        kinds = [entry(session, at).kind for at in (*done.retired, *done.issued)]
    assert kinds == ["retire", "retire", "issue", "issue"]
    assert verify(firm.book) == []


def test_more_is_refused_with_the_figure_and_nothing_is_booked(firm: Owing) -> None:
    firm.gets("CEA.2023", 12_000, vintage=2023)
    with pytest.raises(BankingLimit, match="10000 t may be carried over") as refused:
        carries(firm, 10_001)
    told = refused.value
    assert (told.asked, told.carried, told.limit, told.base, told.sold) == (10_001, 0, 10_000, 10_000, 0)
    carries(firm, 9_999)
    with pytest.raises(BankingLimit, match="9999 t are"):
        carries(firm, 2)
    carries(firm, 1)
    assert firm.has() == {"CEA.2023": 2_000, "CEA.2025": 10_000}
    assert verify(firm.book) == []


def test_who_sold_net_carries_more_and_who_bought_no_less(firm: Owing, make_owing: Callable[[], Owing]) -> None:
    other = make_owing()
    firm.gets("CEA.2023", 20_000, vintage=2023)
    firm.gets("CEA.2025", 50, vintage=2025)
    sells(firm, other, 3_000)
    sells(other, firm, 1_000)
    sells(firm, other, 50, "CEA.2025")
    with firm.book.reading(firm.own) as session:
        assert HOW is not None
        mine = banked(session, SCHEME, HOW, holder=firm.id, year=2025)
    with firm.book.reading(other.own) as session:
        theirs = banked(session, SCHEME, HOW, holder=other.id, year=2025)
    assert (mine.net_sold_t, mine.limit_t) == (2_000, 13_000), "what is sold of other vintages does not count"
    assert (theirs.net_sold_t, theirs.limit_t) == (-2_000, 10_000)
    with pytest.raises(BankingLimit):
        carries(firm, 13_001)
    assert carries(firm, 13_000).banked.carried_t == 13_000


def test_what_was_not_carried_is_not_usable_for_the_later_year(firm: Owing) -> None:
    firm.gets("CEA.2023", 12_000, vintage=2023)
    made = owes(firm, 11_000)
    assert [(one.unit, one.count, one.unusable) for one in made.held] == [("CEA.2023", 12_000, "not carried over")]
    assert (made.shortfall_t, made.surplus_t, made.banked.limit_t, made.banked.carried_t) == (11_000, 0, 10_000, 0)
    with pytest.raises(UnitsMissing) as refused:
        firm.surrenders(allowances=1, **INTO)
    assert (refused.value.has, refused.value.unusable) == (0, 12_000)
    with pytest.raises(BadUnit, match="not carried over"):
        firm.surrenders(ranges=[Range(unit="CEA.2023", series=firm.holdings("CEA.2023")[0].series, first=1, last=5)], **INTO)
    carries(firm, 10_000)
    said = stands(firm)
    assert (said.shortfall_t, said.banked.carried_t) == (1_000, 10_000)
    assert firm.surrenders(allowances=10_000, day=LATER, **INTO).left_t == 1_000
    assert stands(firm).state == "open"
    assert verify(firm.book) == []


def test_for_an_earlier_year_older_vintages_stay_usable_and_what_was_carried_is_not(firm: Owing) -> None:
    firm.gets("CEA.2023", 100, vintage=2023)
    carries(firm, 40)
    firm.owes(100)
    assert {(one.unit, one.unusable) for one in firm.said().statement.held} == {("CEA.2023", ""), ("CEA.2025", "vintage after 2024")}
    assert firm.surrenders(allowances=60).left_t == 40


def test_serials_may_be_named_and_are_carried_once(firm: Owing) -> None:
    series = firm.gets("CEA.2024", 100)
    named = [Range(unit="CEA.2024", series=series, first=11, last=20)]
    carries(firm, ranges=named)
    assert [(one.series, one.first, one.last) for one in firm.holdings("CEA.2025")] == [(f"2024/{series}", 11, 20)]
    with pytest.raises(SerialUsed, match="carry-2025"):
        carries(firm, ranges=named)
    with pytest.raises(BadUnit, match="vintages 2019 to 2024"):
        carries(firm, ranges=[Range(unit="CEA.2025", series=f"2024/{series}", first=11, last=12)])


def test_what_cannot_be_carried_is_refused(firm: Owing) -> None:
    firm.gets("CEA.2023", 10, vintage=2023)
    firm.gets("CCER", 10, vintage=2022)
    for count in (11, 0, None, -1):
        with pytest.raises(UnitsMissing):
            carries(firm, count)
    with pytest.raises(BadUnit, match="limits no carrying over"):
        carries(firm, 1, sector="cement")
    for principal in (firm.own, Principal("w", Role.WRITER)):
        with pytest.raises(NotAllowed):
            carries(firm, 1, principal=principal)
    with pytest.raises(HolderNotFound):
        carries(firm, 1, principal=Principal("r2", Role.AUTHORITY, divisions=frozenset({"110000"})))
    assert firm.has() == {"CEA.2023": 10, "CCER": 10}


def test_what_is_given_beforehand_is_a_figure_of_the_rule_that_the_statement_shows(firm: Owing) -> None:
    first = rule("cn-ets", sector="power", year=2019).preallocation
    assert first is not None
    assert (first.permille, first.mark) == (700, "A")
    draft = rule("cn-ets", sector="cement", year=2025)
    assert draft.preallocation is not None
    assert (draft.preallocation.permille, draft.preallocation.mark) == (700, "A2")
    assert "pre-allocation" in {name for name, _ in draft.doubts()}
    made = Unit(name="line 1", verified_g=100 * GRAMS, stated_t=100)
    said = firm.owes(100, year=2025, filing=firm.filing(year=2025), units=[made], today=LATER).statement
    assert (said.preallocation, said.banked) == (draft.preallocation, None)
    assert firm.owes(100).statement.preallocation is None
