"""Carbon efficiency: exact, monotone in K, grey wherever a colour would say too much; pure."""

from datetime import date
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.disclosure import MEMBERS_MIN, groups
from carbon.enterprise.efficiency.grade import GREY, REASONS, Facts, Mean, Tag, energy_co2, intensity, judge, means, process_co2
from carbon.enterprise.efficiency.pack import Pack, pack, packs, parse_pack
from carbon.enterprise.errors import NoRule
from carbon.enterprise.inventory.lines import LINES

HUZHOU, QUZHOU, FOUR = pack("zj-huzhou/2022"), pack("zj-quzhou/2021"), pack("four-colour/2026")
GIVEN = Mean(industry="3011", exact="1", source="invented")
TONNE, WAN = 1_000_000, 1_000_000
"""Grams of a tonne, and fen of 10⁴ CNY."""


def facts(**more: Any) -> Facts:
    return Facts(
        **{"holder": "h1", "industry": "C3011", "year": 2024, "energy_g": 50 * TONNE, "value_added_fen": 100 * WAN, "coverage": "1"}
        | {"verified": True} | more
    )  # fmt: skip


def coloured(rules: Pack, k: str) -> Tag:
    """The tag of a firm whose K is exactly that."""
    share = Fraction(k)
    return judge(rules, facts(energy_g=share.numerator, value_added_fen=share.denominator), GIVEN)


def test_l_is_tonnes_per_ten_thousand_yuan_and_k_is_against_the_mean() -> None:
    made = judge(HUZHOU, facts(), Mean(industry="3011", exact="5/4", source="yearbook, invented"))
    assert (made.l, made.l_exact, made.k, made.k_exact, made.level, made.grade) == ("0.5", "1/2", "0.4", "2/5", "low", "1")


@pytest.mark.parametrize(
    ("k", "grade"),
    [("0", "1"), ("0.6", "1"), ("0.6000001", "2"), ("0.8", "2"), ("0.8000001", "3"), ("1.2", "3"), ("1.2000001", "4"), ("2", "4"), ("2.1", "5")],
)  # fmt: skip
def test_huzhou_cuts_k_where_it_was_read(k: str, grade: str) -> None:
    assert coloured(HUZHOU, k).grade == grade


@pytest.mark.parametrize(("l_", "level"), [("0.6", "low"), ("0.61", "medium"), ("2.0", "medium"), ("2.01", "high")])
def test_huzhou_cuts_l_where_it_was_read(l_: str, level: str) -> None:
    assert coloured(HUZHOU, l_).level == level


@pytest.mark.parametrize(
    ("k", "colour"), [("0.6", "deep-green"), ("0.61", "light-green"), ("1", "light-green"), ("1.5", "yellow"), ("1.51", "red")]
)
def test_four_colours_are_cut_as_suggested(k: str, colour: str) -> None:
    for rules in (FOUR, QUZHOU):
        assert (coloured(rules, k).grade, coloured(rules, k).colour) == (colour, colour)


@given(st.fractions(0, 5), st.fractions(0, 5), st.sampled_from([HUZHOU, QUZHOU, FOUR]))
def test_a_higher_k_never_has_a_better_grade(one: Fraction, other: Fraction, rules: Pack) -> None:
    order = [grade.id for grade in rules.grade]
    low, high = (order.index(coloured(rules, str(k)).grade) for k in sorted((one, other)))
    assert low <= high


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"energy_g": None}, "data-missing"), ({"value_added_fen": None}, "data-missing"), ({"missing": ("2024-07 power",)}, "data-missing"),
        ({"verified": False}, "not-verified"), ({"value_added_fen": 0}, "value-added"), ({"value_added_fen": -1}, "value-added"),
        ({"coverage": None}, "coverage"), ({"coverage": "0.949999"}, "coverage"), ({"year": 2012}, "not-in-force"),
    ],
)  # fmt: skip
def test_a_firm_is_grey_with_its_reason(more: dict[str, Any], reason: str) -> None:
    for rules in packs().values():
        made = judge(rules, facts(**more), GIVEN)
        assert (made.grade, made.colour, made.reason, made.k, made.level) == (GREY, GREY, reason, "", "")
    assert judge(HUZHOU, facts(coverage="0.95"), GIVEN).grade != GREY


def test_without_a_mean_above_zero_a_firm_is_grey() -> None:
    assert judge(HUZHOU, facts(), None).reason == "no-mean"
    assert judge(HUZHOU, facts(), Mean(industry="3011", exact="0", source="invented")).reason == "no-mean"


@given(
    st.one_of(st.none(), st.integers(-(10**12), 10**12)), st.one_of(st.none(), st.integers(-(10**12), 10**12)),
    st.one_of(st.none(), st.integers(0, 100).map(lambda n: f"{n / 100:.2f}")), st.booleans(), st.sampled_from(list(packs().values())),
)  # fmt: skip
def test_no_firm_has_a_colour_that_lacks_anything(energy: Any, added: Any, coverage: Any, verified: bool, rules: Pack) -> None:
    made = judge(rules, facts(energy_g=energy, value_added_fen=added, coverage=coverage, verified=verified), GIVEN)
    whole = energy is not None and added is not None and added > 0 and verified and coverage is not None and float(coverage) >= 0.95
    assert (made.grade != GREY) == whole
    assert (made.reason in REASONS) == (not whole)


def test_each_pack_names_its_own_numerator() -> None:
    made = facts(process_g=30 * TONNE, deducted={"own-zero-carbon": 5 * TONNE, "sinks": 15 * TONNE})
    assert {rules.id: str(intensity(rules, made)) for rules in packs().values()} == {
        "zj-huzhou/2022": "3/10", "zj-quzhou/2021": "4/5", "four-colour/2026": "1/2",
    }  # fmt: skip
    assert judge(HUZHOU, made, GIVEN).neutral == "0.4"
    assert judge(FOUR, made, GIVEN).neutral == ""


def peers(count: int, industry: str, *, energy: int = 100 * TONNE, name: str = "") -> list[Facts]:
    return [facts(holder=f"{name or industry}-{n:02}", industry=industry, energy_g=energy + n) for n in range(count)]


def test_a_mean_is_the_sum_of_co2_over_the_sum_of_value_added_of_ten_firms_or_more() -> None:
    ten = peers(10, "C3011")
    found = means(HUZHOU, ten)
    assert {one.exact for one in found.values()} == {str(Fraction(10 * 100 * TONNE + 45, 10 * 100 * WAN))}
    assert {(one.firms, one.industry) for one in found.values()} == {(10, "3011")}
    assert means(HUZHOU, ten[:9]) == {}
    assert means(HUZHOU, [*ten[:9], facts(holder="grey", verified=False)]) == {}, "who is grey is in no mean"


def test_few_firms_of_a_class_stand_with_what_is_left_of_the_group_above() -> None:
    found = means(HUZHOU, [*peers(12, "3011"), *peers(4, "3012"), *peers(6, "3021"), *peers(3, "2511")])
    assert (found["3011-00"].industry, found["3011-00"].firms) == ("3011", 12)
    assert (found["3012-00"].industry, found["3012-00"].firms, found["3012-00"].without) == ("30", 10, ("3011",))
    assert found["3021-00"] == found["3012-00"]
    assert "2511-00" not in found


@given(
    st.dictionaries(st.integers(0, 10**6).map(str), st.sampled_from(["C3011", "3012", "C301", "30", "C3021", "2511", None]), max_size=80)
)
def test_no_two_groups_share_a_firm_and_none_is_small(industries: dict[str, str | None]) -> None:
    found = groups(industries)
    distinct = {group.code: group for group in found.values()}
    members = [member for group in distinct.values() for member in group.members]
    assert sorted(members) == sorted(found)
    assert all(len(group.members) >= MEMBERS_MIN for group in distinct.values())
    assert all((industries[member] or "").lstrip("C").startswith(group.code) for member, group in found.items())


def test_energy_and_process_are_parted_and_biogenic_co2_is_in_neither() -> None:
    told = [
        ("physical", "1", "1A2", "CO2", 7), ("physical", "1", "1A3b", "CO2", 5), ("physical", "1", "2A1", "CO2", 100),
        ("physical", "1", "1A2", "CO2.biogenic", 1_000), ("physical", "1", "1A2", "CH4.fossil", 1_000), ("location", "2", "electricity", "CO2", 3),
        ("market", "2", "electricity", "CO2", 50), ("product", "3", "1", "CO2", 900), ("location", "passed-on", "electricity", "CO2", -2),
        ("physical", "captured", "stored", "CO2", 40),
    ]  # fmt: skip
    rows = [
        dict.fromkeys(LINES.names()) | {"book": book, "scope": scope, "category": category, "gas": gas, "amount": amount}
        | {"start": date(2024, 1, 1), "end": date(2024, 12, 31)}
        for book, scope, category, gas, amount in told
    ]  # fmt: skip
    lines = pl.DataFrame(rows, schema=LINES)
    assert (energy_co2(lines), process_co2(lines)) == (15, 100)


def test_a_pack_that_cannot_be_is_refused() -> None:
    from importlib.resources import files

    text = files("carbon.enterprise.efficiency").joinpath("data", "four-colour.toml").read_text(encoding="utf-8")
    assert parse_pack(text) == FOUR
    for broken in (
        text.replace('"1.0"', '"0.5"'),
        text.replace('kind = "weighted"', 'kind = "median"'),
        text + "x",
        text.replace("id", "ix"),
    ):
        with pytest.raises(NoRule):
            parse_pack(broken)
    with pytest.raises(NoRule, match="zj-huzhou/2022"):
        pack("gd/2024")


def test_every_pack_says_how_sure_it_is() -> None:
    for one in packs().values():
        assert one.mark in {"A", "A2", "B", "D"}
        assert one.source
        assert one.numerator.source
        assert one.mean.source
    assert (HUZHOU.mark, QUZHOU.mark, FOUR.mark) == ("A", "B", "D")
