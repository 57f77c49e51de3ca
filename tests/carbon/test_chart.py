"""Names and places: what the chart of accounts holds to, and where each kind of activity is booked."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbon import chart
from carbon.scope import Book, Misplaced, carrier_of, combustion_category, is_category, place
from factors.activities import activities, by_id
from ledger.account import check_account


@settings(deadline=None, max_examples=60)
@given(st.text(min_size=1, max_size=40))
def test_any_site_code_makes_a_name_that_the_ledger_takes(site: str) -> None:
    name = chart.emission("h0123456789", site.encode("utf-8", errors="ignore").decode(), "1A2")
    check_account(name)
    assert chart.cell_of(name, book="physical", division="330522") == "physical|330522|1|1A2"


def test_a_cell_key_says_what_it_counts() -> None:
    key = chart.cell_key(book="location", division="330522", scope="2", category="electricity")
    assert chart.parse_cell(key) == chart.Cell("location", "330522", "2", "electricity")


@pytest.mark.parametrize(
    ("account", "cell"),
    [
        (chart.bought("location", "h", "s", "electricity"), "location|330522|2|electricity"),
        (chart.bought("market", "h", "s", "heat"), "market|330522|2|heat"),
        (chart.passed_on("location", "h", "s", "electricity"), "location|330522|passed-on|electricity"),
        (chart.value_chain("h", "s", "4"), "product|330522|3|4"),
        (chart.captured("h", "s", "recovered"), "physical|330522|captured|recovered"),
        (chart.atmosphere("330522", "1A2"), None),
        (chart.pool("location", "electricity-330000"), None),
        (chart.store("h", "recovered"), None),
    ],
)
def test_only_holders_accounts_count_in_cells(account: str, cell: str | None) -> None:
    assert chart.cell_of(account, book=cell.split("|")[0] if cell else "physical", division="330522") == cell


def test_every_activity_has_one_place_or_a_reason() -> None:
    reasons = []
    for activity in activities():
        try:
            found = place(activity, scope=None, category=None, method=None, industry="C3011")
        except Misplaced as error:
            reasons.append((activity.id, error.code, error.reason))
            continue
        assert found.category in {"electricity", "heat", "steam", "cooling"} or is_category(found.category)
        assert (found.book is Book.LOCATION) == (activity.scope == "2")
        assert carrier_of(activity.id) or found.book is not Book.LOCATION
    assert all(reason and code in {"scope.unknown", "category.unknown"} for _, code, reason in reasons)
    assert {name.split(".")[0] for name, *_ in reasons} == {"act", "electricity"}


@pytest.mark.parametrize(
    ("industry", "category"),
    [("C3011", "1A2"), ("3011", "1A2"), ("B06", "1A2"), ("D4411", "1A1"), ("45", "1A1"), ("D46", "1A4"), ("H6110", "1A4"), ("A0111", "1A4"), (None, "1A"), ("C1", "1A")],
)  # fmt: skip
def test_the_industry_decides_the_category_of_fuel_burnt(industry: str | None, category: str) -> None:
    assert combustion_category(industry) == category
    assert (
        place(by_id()["combustion.stationary.bituminous"], scope=None, category=None, method=None, industry=industry).category == category
    )


def test_a_line_may_say_its_own_category_and_method() -> None:
    coal, power = by_id()["combustion.stationary.bituminous"], by_id()["electricity.grid"]
    assert place(coal, scope=None, category="1A4a", method=None, industry="C30").category == "1A4a"
    assert place(power, scope=None, category=None, method="market", industry=None).book is Book.MARKET
    assert place(power, scope="3", category="8", method=None, industry=None).book is Book.PRODUCT


@pytest.mark.parametrize(
    ("activity", "scope", "category"),
    [("electricity.grid", "1", None), ("electricity.grid", "3", None), ("combustion.stationary.bituminous", "2", None), ("combustion.stationary.bituminous", "1", "4"), ("land.forest_sink", "1", None)],
)  # fmt: skip
def test_what_cannot_lie_there_is_refused(activity: str, scope: str | None, category: str | None) -> None:
    with pytest.raises(Misplaced):
        place(by_id()[activity], scope=scope, category=category, method=None, industry=None)


def test_a_raw_material_that_spared_an_emission_was_not_captured() -> None:
    spared = place(by_id()["deduction.cement.alternative_material"], scope=None, category=None, method=None, industry=None)
    kept = place(by_id()["deduction.steel.crude_steel"], scope=None, category=None, method=None, industry=None)
    assert (spared.deduction, spared.captured) == (True, None)
    assert (kept.deduction, kept.captured, kept.category) == (True, "in-steel", "2C1")
