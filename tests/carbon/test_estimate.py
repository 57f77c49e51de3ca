"""Estimates: exact per line, the same by vector as by hand, every fault at once, and JSON that says where each number stands."""

import json
from datetime import date
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbon.activity import parse_activities
from carbon.answer import components, json_lines
from carbon.errors import FaultyFile
from carbon.estimate import EmissionFrame, estimate
from carbon.region.divisions import chain_of, divisions
from factors.calculate import half_even_quotient
from factors.gwp import gwp_set, valuation
from factors.library import load_library

LIBRARY = load_library()
TODAY = date(2026, 11, 25)


def estimated(text: str) -> EmissionFrame:
    lines = parse_activities(text.encode(), file="test.csv", tree=divisions(), today=TODAY)
    return estimate(lines, LIBRARY, chain=chain_of)


def answers(text: str, gwp: str = "AR5.100") -> list[dict]:  # type: ignore[type-arg]
    lines = parse_activities(text.encode(), file="test.csv", tree=divisions(), today=TODAY)
    chunks = json_lines(lines, estimate(lines, LIBRARY, chain=chain_of), gwp=gwp_set(gwp), chain=chain_of)
    return [json.loads(line) for line in b"".join(chunks).splitlines()]


HEAD = "activity,quantity,unit,day,division\n"


def test_a_hundred_kilowatt_hours_in_hangzhou_name_the_announcement() -> None:
    (answer,) = answers(HEAD + "electricity.grid,100,kWh,2023-07-01,330106\n")
    assert answer == {
        "line": 2,
        "factor": "cn-grid/2025-47_e001#330000",
        "components": {"CO2": {"ef": "0.4974 kg/kWh"}},
        "steps": ["330106 county: none", "330100 city: none", "330000 province: used, data of 2023"],
        "period": "2023-07-01/2023-07-01",
        "gases": {"CO2": "49740"},
        "not_estimated": ["CH4", "N2O"],
        "co2e_g": "49740",
        "source": "生态环境部、国家统计局《关于发布2023年电力二氧化碳排放因子的公告》公告2025年第47号 表3",
    }


def test_each_line_names_the_places_that_it_passed_itself() -> None:
    """Lines of one province share a factor, and yet a county lies under a city, under the province, or is the province."""
    power = "electricity.grid,100,kWh,2023-07-01,"
    found = answers(HEAD + "".join(f"{power}{code}\n" for code in ("420000", "429004", "420106", "420100")))
    passed = [[step.split(":")[0] for step in answer["steps"]] for answer in found]
    assert passed == [
        ["420000 province"], ["429004 county", "420000 province"], ["420106 county", "420100 city", "420000 province"],
        ["420100 city", "420000 province"],
    ]  # fmt: skip
    nation = answers(HEAD + "".join(f"heat.purchased,1,GJ,2023-07-01,{code}\n" for code in ("330000", "330106")))
    assert [len(answer["steps"]) for answer in nation] == [2, 4]


def test_gases_stay_apart_and_only_the_valuation_adds_them() -> None:
    text = "activity,quantity,unit,day,division,category\ncombustion.stationary.bituminous,1240.6,t,2024-03,330522,1A2\n"
    (five,) = answers(text)
    assert five["gases"] == {"CO2": "2167437703", "CH4.fossil": "242785420", "N2O": "36417813"}
    assert five["co2e_g"] == str(valuation({gas: int(mass) for gas, mass in five["gases"].items()}, gwp_set("AR5.100"))) == "2184371986"
    (six,) = answers(text, "AR6.100")
    assert six["gases"] == five["gases"]
    assert six["co2e_g"] != five["co2e_g"]


def test_a_period_over_two_factor_years_is_one_rational_and_one_rounding() -> None:
    text = "activity,quantity,unit,start,end,division\nelectricity.grid,1000.5,kWh,2022-12-22,2023-01-31,330106\n"
    (answer,) = answers(text)
    exact = Fraction("1000.5") * (Fraction(10, 41) * Fraction("515.3") + Fraction(31, 41) * Fraction("497.4"))
    assert answer["gases"]["CO2"] == str(round(exact))
    assert "period-split-by-days" in answer["steps"][-1]
    assert answer["factor"] == "cn-grid/2024-33_e001#330000 + cn-grid/2025-47_e001#330000"


def test_a_biogenic_share_moves_that_part_out_of_fossil_co2() -> None:
    text = "activity,quantity,unit,day,division,biogenic_share\ncombustion.stationary.diesel,100,t,2024-03,330522,0.25\n"
    (answer,) = answers(text)
    assert int(answer["gases"]["CO2"]) == 3 * int(answer["gases"]["CO2.biogenic"])
    assert answer["co2e_g"] == answer["gases"]["CO2"]


def test_every_line_that_has_no_factor_is_named_at_once() -> None:
    text = HEAD + (
        "combustion.stationary.lubricant,1,t,2023,330106\n"
        "electricity.grid,1,kWh,2023,330106\n"
        "combustion.mobile.road.diesel,1,L,2023,330106\n"
        "electricity.grid,1,kWh,2009,330106\n"
    )
    with pytest.raises(FaultyFile) as refusal:
        estimated(text)
    assert [(fault.row, fault.code) for fault in refusal.value.faults][-1] == (5, "factor.none") or len(refusal.value.faults) == 1


def test_a_mass_beyond_64_bits_is_refused_by_its_row() -> None:
    with pytest.raises(FaultyFile) as refusal:
        estimated(HEAD + "electricity.grid,1,kWh,2023,330106\nelectricity.grid,999999999999999,亿kWh,2023,330106\n")
    assert [(fault.row, fault.code) for fault in refusal.value.faults] == [(3, "number.too-large")]


SOME = [
    ("electricity.grid", ["kWh", "万kWh", "GJ", "tce"]), ("heat.purchased", ["GJ", "MJ"]), ("combustion.stationary.bituminous", ["t", "kg", "tce"]),
    ("combustion.stationary.natural_gas", ["Nm3", "m3(20C)", "万Nm3", "scf"]), ("process.carbonate.limestone", ["t", "lb"]),
]  # fmt: skip
LINE = st.sampled_from(SOME).flatmap(
    lambda pair: st.tuples(
        st.just(pair[0]),
        st.decimals(0, 10**9, places=6, allow_nan=False).map(lambda value: f"{value:f}") | st.integers(0, 10**11).map(str),
        st.sampled_from(pair[1]),
        st.dates(date(2021, 1, 1), date(2024, 6, 30)),
        st.integers(0, 500),
        st.sampled_from(["330106", "110105", "429004", "540102", "500103", "441900"]),
        st.sampled_from(["", "1A2"]),
    )
)


@settings(max_examples=60, deadline=None)
@given(st.lists(LINE, min_size=1, max_size=12))
def test_by_vector_is_the_same_as_by_hand(rows: list[tuple[str, str, str, date, int, str, str]]) -> None:
    days = [(start, min(date.fromordinal(start.toordinal() + length), TODAY)) for _, _, _, start, length, _, _ in rows]
    text = "activity,quantity,unit,start,end,division,category\n" + "".join(
        f"{activity},{quantity},{unit},{start},{end},{division},{category if activity.startswith('comb') else ''}\n"
        for (activity, quantity, unit, _, _, division, category), (start, end) in zip(rows, days, strict=True)
    )
    try:
        found = estimated(text)
    except FaultyFile as error:
        if {fault.code for fault in error.faults} != {"number.too-large"}:
            raise
        return
    for index, ((activity, quantity, unit, _, _, division, category), (start, end)) in enumerate(zip(rows, days, strict=True)):
        category_ = category or None if activity.startswith("comb") else None
        by_hand = LIBRARY.resolve(activity, regions=chain_of(division, end), start=start, end=end, unit=unit, category=category_)
        row = found.lines.row(index, named=True)
        for gas in found.gases:
            coefficient = by_hand.coefficients.get(gas)
            assert row[gas] == (None if coefficient is None else round(Fraction(quantity) * coefficient))


@settings(deadline=None)
@given(st.integers(-(2**100), 2**100), st.integers(1, 2**60))
def test_the_quotient_is_rounded_half_even(product: int, bottom: int) -> None:
    frame = pl.DataFrame({"p": pl.Series([product], dtype=pl.Int128), "b": pl.Series([bottom], dtype=pl.Int128)})
    assert frame.select(half_even_quotient(pl.col("p"), pl.col("b"))).item() == round(Fraction(product, bottom))


MIXED = [
    "electricity.grid,100,kWh,2023-07-01,330106", "electricity.grid,1,kWh,2009-07-01,330106", "combustion.mobile.road.diesel,1,L,2023-07-01,330106",
    "combustion.stationary.diesel,3.5,t,2023-07-01,330106", "electricity.grid,999999999999999,亿kWh,2023-07-01,330106", "heat.purchased,7,GJ,2023-07-01,540102",
]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(MIXED), min_size=1, max_size=12))
def test_quarantine_parts_the_lines_and_changes_none_of_the_answers(rows: list[str]) -> None:
    lines = parse_activities((HEAD + "".join(f"{row}\n" for row in rows)).encode(), file="test.csv", tree=divisions(), today=TODAY)
    parted = estimate(lines, LIBRARY, chain=chain_of, quarantine=True)
    good, bad = parted.lines["line"].to_list(), parted.quarantine["line"].to_list()
    assert sorted(good + bad) == list(range(2, len(rows) + 2))
    assert parted.quarantine["reason"].null_count() == 0
    assert parted.answered(lines).frame["line"].to_list() == good
    if bad:
        with pytest.raises(FaultyFile) as refusal:
            estimate(lines, LIBRARY, chain=chain_of)
        assert {(fault.row, fault.code) for fault in refusal.value.faults} <= set(parted.quarantine.select("line", "code").iter_rows())
    else:
        assert estimate(lines, LIBRARY, chain=chain_of).lines.equals(parted.lines)
    for line, row in zip(range(2, len(rows) + 2), rows, strict=True):
        if line in good:
            alone = estimated(HEAD + row + "\n").long().select("gas", "amount").rows()
            assert parted.long().filter(pl.col("line") == line).select("gas", "amount").rows() == alone
        else:
            with pytest.raises(FaultyFile) as refused:
                estimated(HEAD + row + "\n")
            fault = refused.value.faults[0]
            assert (fault.code, fault.column) == parted.quarantine.filter(pl.col("line") == line).select("code", "column").row(0)
    if good:
        chunks = json_lines(parted.answered(lines), parted, gwp=gwp_set("AR5.100"), chain=chain_of)
        assert [json.loads(text)["line"] for text in b"".join(chunks).splitlines()] == good


def test_a_file_of_nothing_but_bad_lines_is_all_quarantine() -> None:
    lines = parse_activities((HEAD + MIXED[1] + "\n").encode(), file="test.csv", tree=divisions(), today=TODAY)
    parted = estimate(lines, LIBRARY, chain=chain_of, quarantine=True)
    assert parted.lines.is_empty()
    assert parted.quarantine.select("line", "column", "code").rows() == [(2, "activity", "factor.none")]


def test_a_period_over_two_factor_years_names_the_number_of_each() -> None:
    text = "activity,quantity,unit,start,end,division\nelectricity.grid,100,kWh,2022-12-01,2023-01-31,330106\n"
    assert components(estimated(text).resolutions[0]) == {"CO2": {"ef": "0.5153 kg/kWh; 0.4974 kg/kWh"}}
