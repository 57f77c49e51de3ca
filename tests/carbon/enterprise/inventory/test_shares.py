"""Shares: what all owners read is what was booked, to the unit; groups are their members less what these sold each other; change."""

from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.enterprise.errors import BadShares
from carbon.enterprise.firm import BaseYear
from carbon.enterprise.inventory.change import change, recalculation
from carbon.enterprise.inventory.consolidate import consolidate, eliminate
from carbon.enterprise.inventory.lines import LINES
from carbon.enterprise.shares import SHARES, WHOLE, apply_shares
from factors.gwp import gwp_set, gwp_sets

FIRST = date(2023, 1, 1)
Share = tuple[str, str, str, int, int]
Amount = tuple[str, str, str, str, str, int, int]


def lines_of(rows: Sequence[dict[str, object]]) -> pl.DataFrame:
    base = {
        "line": 2, "holder": "ha", "site": "s1", "division": "330522", "book": "physical", "scope": "1", "category": "1A2",
        "activity": "combustion.stationary.coke", "quantity": "10", "unit": "t", "start": FIRST, "end": date(2023, 12, 31),
        "tier": "default", "gas": "CO2", "amount": 1000,
    }  # fmt: skip
    return pl.DataFrame([dict.fromkeys(LINES) | base | row for row in rows], schema=LINES)


def table(*rows: tuple[str, str, str, str, date, int]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SHARES, orient="row")


amounts = st.lists(
    st.fixed_dictionaries(
        {
            "holder": st.sampled_from(["ha", "hb", "hc"]), "site": st.sampled_from(["s1", "s2"]), "gas": st.sampled_from(["CO2", "N2O"]),
            "amount": st.integers(-(2**62), 2**62), "line": st.integers(2, 9),
            "end": st.integers(0, 364).map(lambda days: FIRST + timedelta(days=days)),
        }
    ),
    max_size=12,
)  # fmt: skip
stakes = st.lists(
    st.tuples(
        st.sampled_from(["o1", "o2", "o3"]), st.sampled_from(["ha", "hb"]), st.sampled_from(["", "s1"]), st.just("equity"),
        st.integers(-100, 364).map(lambda days: FIRST + timedelta(days=days)), st.integers(0, WHOLE // 3),
    ),
    max_size=8, unique_by=lambda row: row[:5],
)  # fmt: skip


@given(amounts, stakes)
def test_the_parts_of_all_owners_are_the_whole_to_the_unit(rows: list[dict[str, object]], said: list[tuple[object, ...]]) -> None:
    lines = lines_of(rows)
    parts = apply_shares(lines, table(*said), "equity")  # type: ignore[arg-type]
    by = ["holder", "site", "line", "gas", "end"]
    together = parts.group_by(by).agg(pl.col("amount").cast(pl.Int128).sum()).sort(by)
    assert together.equals(lines.group_by(by).agg(pl.col("amount").cast(pl.Int128).sum()).sort(by))
    owners = parts["owner"].unique().to_list()
    alone = [apply_shares(lines, table(*said), "equity", owner=one) for one in owners]  # type: ignore[arg-type]
    assert sum(one.height for one in alone) == parts.height
    assert all(one.schema == LINES for one in alone)


def test_an_owner_reads_its_part_by_days_and_a_sites_share_goes_before_the_firms() -> None:
    lines = lines_of([{}, {"site": "s2", "amount": 7}, {"holder": "hb", "amount": 5}])
    said = table(
        ("o1", "ha", "", "equity", date(2022, 1, 1), 600_000), ("o1", "ha", "", "equity", date(2023, 7, 2), 0),
        ("o2", "ha", "s2", "equity", date(2022, 1, 1), WHOLE), ("o1", "ha", "", "financial", date(2022, 1, 1), WHOLE),
    )  # fmt: skip
    parts = apply_shares(lines, said, "equity")
    read = {
        (owner, site): (amount, quantity) for owner, site, amount, quantity in parts.select("owner", "site", "amount", "quantity").rows()
    }
    # 60 % of 182 of 365 days is 299.18 of 1000; from 2 July on nobody has a share, and the site is the firm's own: 183 days, 501.37
    assert read["o1", "s1"] == (299, "2.991780821918")
    assert {owner for owner, site in read if site == "s1"} == {"o1", "", "ha", "hb"}
    assert read["o2", "s2"] == (7, "10")
    assert read["hb", "s1"] == (5, "10")
    assert apply_shares(lines, said, "financial", owner="o1")["amount"].to_list() == [1000, 7]


def test_shares_that_pass_the_whole_are_refused_when_read() -> None:
    said = table(("o1", "ha", "", "equity", FIRST, 600_000), ("o2", "ha", "", "equity", date(2023, 6, 1), 600_000))
    with pytest.raises(BadShares) as refusal:
        apply_shares(lines_of([{}]), said, "equity")
    assert (refusal.value.holder, refusal.value.day) == ("ha", "2023-06-01")


sales = st.lists(
    st.tuples(
        st.sampled_from(["ha", "hb", "hc"]), st.sampled_from(["ha", "hb", "hc", None]), st.sampled_from(["location", "market", "product"]),
        st.sampled_from(["CO2", "CH4.fossil", "N2O"]), st.integers(-(10**9), 10**9).filter(bool), st.integers(-(10**9), 10**9),
    ),
    max_size=15,
)  # fmt: skip


def sold(rows: list[tuple[str, str | None, str, str, int, int]], *, whole: bool = True) -> pl.DataFrame:
    """Each row an entry: what a buyer has of a seller in the book, or of the network; and the seller's own stack beside it."""
    made = []
    for entry, (seller, buyer, book, gas, amount, other) in enumerate(rows):
        category = "1" if book == "product" else "electricity"
        place = {"book": book, "category": category, "gas": gas, "entry": entry, "activity": None, "quantity": None, "line": None}
        made.append({"holder": seller, "amount": other, "gas": gas, "entry": 1000 + entry, "line": entry})
        bought = place | {"holder": buyer or seller, "scope": "3" if book == "product" else "2", "amount": amount}
        made.append(bought)
        if buyer:
            made.append(place | {"holder": seller, "scope": "passed-on", "amount": -amount if whole else -amount * 2 // 3})
    return lines_of(made)


def masses(lines: pl.DataFrame, book: str) -> dict[str, int]:
    kept = lines.filter(pl.col("book") == book, pl.col("scope").is_in(["1", "2", "3"]))
    return {gas: amount for gas, amount in kept.group_by("gas").agg(pl.col("amount").sum()).sort("gas").iter_rows() if amount}


@given(sales, st.booleans(), st.sampled_from(sorted(gwp_sets())))
def test_members_are_their_consolidation_and_what_was_eliminated_by_gas(
    rows: list[tuple[str, str | None, str, str, int, int]], whole: bool, name: str
) -> None:
    lines = sold(rows, whole=whole)
    left, pairs = eliminate(lines)
    prices = gwp_set(name)
    found = consolidate(lines, name="group", year=2023, prices=prices)
    for book in ("location", "market", "product"):
        taken = dict(pairs.filter(pl.col("book") == book).group_by("gas").agg(pl.col("amount").sum()).iter_rows())
        rest = masses(left, book)
        together = {gas: rest.get(gas, 0) + taken.get(gas, 0) for gas in sorted({*rest, *taken})}
        assert {gas: amount for gas, amount in together.items() if amount} == masses(lines, book)
        of_book = [one for one in found.eliminated if one.book == book]
        assert sum(one.co2e_g for one in of_book) == found.eliminated_g.get(book, 0)
        printed = {gas: sum(one.gases.get(gas, 0) for one in of_book) for gas in taken}
        assert printed == taken
    assert lines["amount"].sum() == left["amount"].sum(), "what is taken out cancels"
    if whole:
        assert left.filter(pl.col("scope") == "passed-on").is_empty()
    assert masses(left, "physical") == masses(lines, "physical"), "scope 1 stays gross"


def test_a_sale_inside_is_printed_with_both_names_and_one_outside_stays() -> None:
    found = consolidate(
        sold([("ha", "hb", "location", "CO2", 500, 900), ("hb", None, "location", "CO2", 40, 0)]), name="park", year=2023,
        prices=gwp_set("AR5.100"),
    )  # fmt: skip
    (pair,) = found.eliminated
    assert (pair.seller, pair.buyer, pair.co2e_g, pair.entries) == ("ha", "hb", 500, (0,))
    assert found.inventory.scope2_location.co2e_g == 40
    assert found.inventory.total_location_g == found.net_location_g == 940
    assert [(one.holder, one.scope1_g, one.scope2_location_g) for one in found.members] == [("ha", 900, 0), ("hb", 0, 540)]


def year_of(year: int, **more: object) -> dict[str, object]:
    return {"start": date(year, 1, 1), "end": date(year, 12, 31), "source": "kiln"} | more


def test_a_year_is_compared_figure_by_figure_and_its_parts_add_up() -> None:
    before = lines_of([year_of(2022), year_of(2022, book="product", scope="3", category="1", amount=50, line=3, source="x")])
    after = lines_of([year_of(2023, quantity="20", amount=3000), year_of(2023, source="new kiln", amount=70, line=3)])
    found = change(before, after, before_year=2022, after_year=2023, prices=gwp_set("AR5.100"))
    told = {one.figure: (one.before_g, one.after_g, one.change_g, one.permille) for one in found.figures}
    assert told["total_location"] == (1000, 3070, 2070, 2070)
    assert told["scope3"] == (50, 0, -50, -1000)
    assert told["scope2_market"] == (0, 0, 0, None)
    parts = found.bridge
    assert (parts.activity, parts.factor, parts.boundary) == (1000, 1000, 70)
    assert parts.old_g + sum(parts.parts.values()) == parts.new_g
    assert found.recalculation is None, "2022 is nobody's base year"


@pytest.mark.parametrize(("permille", "needed"), [(69, True), (70, False)])
def test_new_sources_past_the_threshold_are_asked_and_growth_is_not(permille: int, needed: bool) -> None:
    before = lines_of([year_of(2022)])
    after = lines_of([year_of(2023, quantity="90", amount=9000), year_of(2023, source="bought plant", amount=70, line=3)])
    rule = BaseYear(year=2022, threshold_permille=permille)
    told = change(before, after, before_year=2022, after_year=2023, prices=gwp_set("AR5.100"), rule=rule).recalculation
    assert told is not None
    assert (told.needed, told.asked, told.sum_g) == (needed, needed, 70)
    assert [one.trigger for one in told.effects] == ["structure"]
    assert ("超过" in told.reason_zh, "more than" in told.reason_en) == (True, True)


def test_the_base_year_calculated_anew_counts_errors_and_only_what_the_rule_names() -> None:
    before, anew = lines_of([year_of(2022)]), lines_of([year_of(2022, quantity="12", amount=1200, tier="measured")])
    parts = change(before, anew, before_year=2022, after_year=2022, prices=gwp_set("AR5.100")).bridge
    told = recalculation(BaseYear(year=2022, threshold_permille=50), parts)
    assert (told.needed, told.asked, {one.trigger: one.co2e_g for one in told.effects}) == (True, False, {"error": 200})
    blind = recalculation(BaseYear(year=2022, threshold_permille=50, triggers=("structure",)), parts)
    assert (blind.needed, blind.reason_en) == (False, "nothing calls for it")
