"""Allowances and obligations by rule: what is A stands as it was read, what is not is told; pure."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.enterprise.errors import BadAllotment, NoRule
from carbon.enterprise.obligation.allocation import GRAMS, Unit, allot
from carbon.enterprise.obligation.rules import programme, rule, rules
from carbon.enterprise.obligation.statement import holding, state
from factors.gwp import gwp_set, gwp_sets

POWER = {year: rule("cn-ets", sector="power", year=year) for year in range(2019, 2026)}


def given_to(year: int, **unit: str) -> int:
    (made,) = allot(POWER[year], [Unit(name="1", verified_g=0, **unit)])  # type: ignore[arg-type]
    return made.allowance_t


def test_a_coal_unit_of_2019_2020_is_given_what_the_worked_example_says() -> None:
    """worked.csv W105: 1,000,000 MWh × 0.877 + 500,000 GJ × 0.126."""
    (made,) = allot(POWER[2020], [Unit(name="1", verified_g=950_000 * GRAMS, benchmark="I", power="1000000", heat="500000")])
    assert (made.allowance_t, made.duty_t, made.mark) == (940_000, 950_000, "A")


def test_each_correction_multiplies_the_power_alone() -> None:
    plain = {"benchmark": "I", "power": "1000", "heat": "0"}
    assert given_to(2020, **plain) == 877
    assert given_to(2020, **plain, cooling="air") == round(Fraction("877") * Fraction("1.05"))
    assert given_to(2020, **plain, heat_ratio="0.5") == round(Fraction("877") * Fraction("0.89"))
    assert given_to(2020, **plain, load_correction="1.02") == round(Fraction("877") * Fraction("1.02"))
    assert given_to(2020, benchmark="IV", power="1000", heat_ratio="0.5", cooling="air") == round(Fraction("392") * Fraction("0.7"))


def test_from_2023_on_heat_corrects_nothing_and_only_coal_below_65_percent_is_corrected_for_load() -> None:
    plain = {"benchmark": "I", "power": "1000"}
    assert given_to(2023, **plain, heat_ratio="0.5") == 795
    assert given_to(2023, **plain, load="0.5", load_correction="1.02") == round(Fraction("795") * Fraction("1.02"))
    for wrong in ({"load": "0.65"}, {"load": "0.7"}, {}, {"load": "0.5", "benchmark": "IV"}):
        with pytest.raises(BadAllotment, match="load"):
            given_to(2023, **{**plain, "load_correction": "1.02", **wrong})


def test_a_gas_unit_owes_no_more_than_it_was_given_and_coal_owes_all() -> None:
    gas = Unit(name="gas", verified_g=500 * GRAMS, benchmark="IV", power="1000")
    coal = Unit(name="coal", verified_g=1_000 * GRAMS, benchmark="I", power="1000")
    short, long = allot(POWER[2024], [gas, coal])
    assert (short.allowance_t, short.duty_t) == (329, 329)
    assert (long.allowance_t, long.duty_t) == (791, 1_000)
    (small,) = allot(POWER[2024], [Unit(name="gas", verified_g=300 * GRAMS, benchmark="IV", power="1000")])
    assert small.duty_t == 300


@pytest.mark.parametrize("sector", ["steel", "cement", "aluminium"])
def test_new_sectors_are_given_for_2024_what_they_emitted(sector: str) -> None:
    (made,) = allot(rule("cn-ets", sector=sector, year=2024), [Unit(name="1", verified_g=123_456_700_000)])
    assert (made.allowance_t, made.duty_t, made.mark) == (123_457, 123_457, "A")


@given(emission=st.integers(1, 10**7), output=st.integers(1, 10**7), balance=st.integers(1, 10**4))
def test_for_2025_nobody_is_given_more_than_three_percent_off_what_they_emitted(emission: int, output: int, balance: int) -> None:
    (made,) = allot(
        rule("cn-ets", sector="cement", year=2025),
        [Unit(name="1", verified_g=emission * GRAMS, output=str(output), balance=f"0.{balance:04}1", balance_source="invented")],
    )
    assert abs(made.allowance_t - emission) <= Fraction(emission * 3, 100) + 1
    better = Fraction(emission, output) < Fraction(f"0.{balance:04}1")
    assert made.allowance_t >= emission if better else made.allowance_t <= emission
    assert made.mark == "B"


def test_a_twentieth_better_than_the_balance_is_three_quarters_of_a_percent() -> None:
    unit = Unit(name="1", verified_g=95_000 * GRAMS, output="100000", balance="1", balance_source="invented")
    (made,) = allot(rule("cn-ets", sector="steel", year=2025), [unit])
    assert made.allowance_t == round(Fraction(95_000) * (1 + Fraction("0.15") * Fraction("0.05")))


def test_what_no_plan_was_read_for_is_as_the_authority_decided() -> None:
    with pytest.raises(BadAllotment, match="decision"):
        allot(POWER[2025], [Unit(name="1", verified_g=1)])
    (made,) = allot(POWER[2025], [Unit(name="1", verified_g=9 * GRAMS, stated_t=8)])
    assert (made.allowance_t, made.duty_t) == (8, 9)


@pytest.mark.parametrize(
    "wrong",
    [
        {"benchmark": "V"}, {"benchmark": None}, {"power": "1e3"}, {"power": "-1"}, {"heat": "NaN"}, {"heat_ratio": "1.1"},
        {"cooling": "oil"}, {"load_correction": "0.9"}, {"verified_g": -1}, {"stated_t": -1},
    ],
)  # fmt: skip
def test_a_unit_that_cannot_be_is_named_with_its_field(wrong: dict[str, object]) -> None:
    with pytest.raises(BadAllotment) as refused:
        allot(POWER[2020], [Unit(**{"name": "unit 1", "verified_g": 1, "benchmark": "I", **wrong})])  # type: ignore[arg-type]
    assert refused.value.unit == "unit 1"


def test_units_are_named_once_and_there_is_one_at_least() -> None:
    with pytest.raises(BadAllotment):
        allot(POWER[2020], [])
    with pytest.raises(BadAllotment, match="twice"):
        allot(POWER[2020], [Unit(name="1", verified_g=1, benchmark="I")] * 2)


def test_a_statements_units_add_up_to_what_was_verified() -> None:
    told = {"holder": "h1", "year": 2024, "filing": "f", "held": [], "surrendered": [], "day": date(2025, 6, 1)}
    scheme, cement = programme("cn-ets"), rule("cn-ets", sector="cement", year=2024)
    units = [Unit(name="1", verified_g=600_000), Unit(name="2", verified_g=600_000)]
    with pytest.raises(BadAllotment, match="add up"):
        state(scheme, cement, verified_g=1_200_001, units=units, **told)  # type: ignore[arg-type]
    made = state(scheme, cement, verified_g=1_200_000, units=units, **told)  # type: ignore[arg-type]
    assert (made.obligation_t, made.state) == (2, "open"), "each unit is rounded to whole tonnes"
    assert [one.about for one in made.doubts] == ["boundary"]


@given(
    duty=st.integers(0, 1_000), old=st.integers(0, 1_000), new=st.integers(0, 1_000), ccer=st.integers(0, 100), expired=st.booleans()
)  # fmt: skip
def test_what_is_short_and_what_is_over_add_up(duty: int, old: int, new: int, ccer: int, expired: bool) -> None:
    scheme, cement = programme("cn-ets"), rule("cn-ets", sector="cement", year=2024)
    day = date(2025, 6, 1)
    held = [
        holding(scheme, cement, unit=unit, vintage=vintage, count=count, expired=expired and unit == "CCER", year=2024, day=day)
        for unit, vintage, count in (("CEA.2024", 2024, old), ("CEA.2025", 2025, new), ("CCER", 2020, ccer))
    ]
    made = state(
        scheme, cement, holder="h1", year=2024, filing="f", verified_g=duty * GRAMS, units=[Unit(name="1", verified_g=duty * GRAMS)],
        held=held, surrendered=[], day=day,
    )  # fmt: skip
    offsets = 0 if expired else min(ccer, duty // 20)
    assert made.surplus_t - made.shortfall_t == old + offsets - duty
    assert made.surplus_t == 0 or made.shortfall_t == 0


def test_every_rule_is_whole_and_says_how_sure_it_is() -> None:
    for one in rules("cn-ets"):
        assert one.boundary.gwp in gwp_sets()
        assert all(gwp_set(one.boundary.gwp).value(gas) for gas in one.boundary.gases)
        for year in range(one.from_year, one.to_year + 1):
            assert one.due(year).day > date(year, 12, 31)
        parts = [one.boundary, one.allocation, one.offset, *one.deadline, *one.benchmark]
        assert all(part.mark in {"A", "A2", "B", "D"} and part.source for part in parts)
        assert one.purchased == (one.sector == "power" and one.from_year <= 2022)
        assert bool(one.benchmark) == (one.allocation.kind == "benchmark")


def test_recalled_benchmarks_fall_as_icap_says_they_fell() -> None:
    """ICAP: heat from 2022 to 2023 falls 3.8 to 6.1 %; from 2023 to 2024 every value falls alike (0.995)."""
    bench = {year: {one.kind: one for one in POWER[year].benchmark} for year in (2022, 2023, 2024)}
    falls = {kind: 1 - float(bench[2023][kind].heat) / float(bench[2022][kind].heat) for kind in ("I", "IV")}
    assert round(falls["I"] * 100, 1) == 6.1
    assert round(falls["IV"] * 100, 1) == 3.8
    for kind, one in bench[2024].items():
        assert round(float(one.power) / float(bench[2023][kind].power), 3) == 0.995
        assert round(float(one.heat) / float(bench[2023][kind].heat), 3) in {0.994, 0.995}


def test_what_there_is_no_rule_for_is_told_with_what_there_is() -> None:
    with pytest.raises(NoRule, match="cn-ets/cement/2024"):
        rule("cn-ets", sector="cement", year=2023)
    with pytest.raises(NoRule, match="aluminium"):
        rule("cn-ets", sector="glass", year=2024)
    with pytest.raises(NoRule, match="cn-ets"):
        rule("eu-ets", sector="cement", year=2024)
