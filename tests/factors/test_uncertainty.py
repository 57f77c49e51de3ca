"""Uncertainty: what shares a factor errs together, what does not adds in quadrature, and what nobody states is said and not zero."""

from math import hypot, log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factors.factor import Parameter
from factors.library import load_library
from factors.uncertainty import TWO_SIDED, Interval, Spread, analytic, interval_of, monte_carlo, sentence

TEN = Interval(-0.10, 0.10, "stated")
TRIPLE = Interval(-0.70, 2.0, "IPCC 2006 vol. 2 table 2.2, CH4 of coal: 1 (0.3–3) kg/TJ")


def spread(
    amounts: list[float],
    factors: list[int],
    intervals: list[Interval | None],
    *,
    half: list[float] | None = None,
    meters: list[int] | None = None,
) -> Spread:
    lines = len(amounts)
    return Spread(
        amount=np.array(amounts, dtype=np.float64),
        line=np.arange(lines),
        factor=np.array(factors),
        half_width=np.array(half or [np.nan] * lines),
        meter=np.array(meters or range(lines)),
        names=[f"f{n}" for n in range(len(intervals))],
        intervals=intervals,
    )


def test_lines_that_share_a_factor_are_as_uncertain_as_the_factor() -> None:
    shared = analytic(spread([100.0] * 50, [0] * 50, [TEN]), total=5000)
    assert shared.upper_pct == pytest.approx(10)
    assert shared.lower_pct == pytest.approx(-10)


def test_lines_of_fifty_factors_are_seven_times_less_uncertain() -> None:
    apart = analytic(spread([100.0] * 50, list(range(50)), [TEN] * 50), total=5000)
    assert apart.upper_pct == pytest.approx(10 / sqrt(50), abs=1e-4)


def test_a_product_adds_in_quadrature_as_equation_3_1_says() -> None:
    one = analytic(spread([1000.0], [0], [TEN], half=[0.05]), total=1000)
    assert one.upper_pct == pytest.approx(hypot(10, 5), abs=1e-4)


def test_lines_of_one_meter_err_together_and_others_do_not() -> None:
    together = analytic(spread([50.0, 50.0], [0, 1], [None, None], half=[0.04, 0.04], meters=[7, 7]), total=100)
    apart = analytic(spread([50.0, 50.0], [0, 1], [None, None], half=[0.04, 0.04]), total=100)
    assert together.upper_pct == pytest.approx(4)
    assert apart.upper_pct == pytest.approx(4 / sqrt(2), abs=1e-4)


def test_what_is_not_stated_is_said_and_never_zero() -> None:
    nothing = analytic(spread([10.0, 20.0], [0, 1], [None, None]), total=30)
    assert (nothing.lower_pct, nothing.upper_pct) == (None, None)
    assert (nothing.factor_not_stated, nothing.activity_not_stated) == (2, 2)
    told = sentence(nothing, "g CO2e")
    assert "± not stated" in told
    assert "not stated for 2 of 2 lines" in told
    half = analytic(spread([10.0, 20.0], [0, 1], [TEN, None]), total=30)
    assert half.factor_not_stated == 1
    assert "the ± covers only what is stated" in sentence(half, "g CO2e")


def test_skewed_bounds_are_lognormal_and_monte_carlo_agrees() -> None:
    case = spread([1000.0], [0], [TRIPLE])
    by_rule, by_draw = analytic(case, total=1000), monte_carlo(case, total=1000, seed=7, draws=200_000)
    assert by_rule.upper_pct is not None
    assert by_rule.lower_pct is not None
    assert by_rule.upper_pct > -by_rule.lower_pct
    assert by_draw.upper_pct == pytest.approx(by_rule.upper_pct, rel=0.02)
    assert by_draw.lower_pct == pytest.approx(by_rule.lower_pct, rel=0.02)
    assert TRIPLE.sigma == pytest.approx(log(3 / 0.3) / (2 * TWO_SIDED))


def test_monte_carlo_with_a_seed_is_the_same_twice_and_near_the_analytic() -> None:
    case = spread([500.0, 300.0, 200.0], [0, 1, 0], [TEN, Interval(-0.05, 0.05, "")], half=[0.03, 0.03, 0.08], meters=[1, 1, 2])
    first, second = (monte_carlo(case, total=1000, seed=3, draws=100_000) for _ in range(2))
    assert first == second
    assert (first.draws, first.seed) == (100_000, 3)
    assert first.upper_pct == pytest.approx(analytic(case, total=1000).upper_pct, rel=0.02)


def test_bounds_come_from_the_pack_and_only_where_it_has_them() -> None:
    coal = load_library().factor("ipcc-2006/2006_e001#ef.anthracite.energy_industries")
    methane = next(one for one in coal.parameters if one.gas == "CH4")
    found = interval_of([methane], "combustion.stationary.anthracite")
    assert found is not None
    assert found.lower == pytest.approx(-0.7)  # table 2.2: 1 (0.3–3) kg/TJ
    assert found.upper == pytest.approx(2.0)
    grid = load_library().factor("cn-grid/2025-47_e001#330000")
    assert interval_of(grid.parameters, "electricity.grid") is None


def test_a_measured_value_does_not_borrow_the_interval_of_a_default() -> None:
    fuel = [Parameter(name=name, gas="CO2", value="1", unit="1") for name in ("ncv", "cc", "of")]
    assert interval_of(fuel, "combustion.stationary.diesel") is not None
    assert interval_of(fuel, "combustion.stationary.coal_tar") is None
    assert (
        interval_of([*fuel[:2], Parameter(name="of", gas="CO2", value="1", unit="1", tier="measured")], "combustion.stationary.diesel")
        is None
    )


AMOUNT = st.floats(0.1, 1e9)


@settings(deadline=None)
@given(st.lists(st.tuples(AMOUNT, st.integers(0, 4), st.floats(0, 0.5), st.integers(0, 3)), min_size=1, max_size=30))
def test_the_analytic_part_is_the_covariance_written_out(rows: list[tuple[float, int, float, int]]) -> None:
    intervals = [TEN, Interval(-0.3, 0.3, ""), TEN, Interval(-0.01, 0.01, ""), Interval(-0.2, 0.2, "")]
    amounts = [row[0] for row in rows]
    case = spread(amounts, [r[1] for r in rows], [*intervals], half=[r[2] for r in rows], meters=[r[3] for r in rows])
    total = max(1, round(sum(amounts)))
    variance = sum(
        a[0] * b[0] * ((a[1] == b[1]) * intervals[a[1]].deviation ** 2 + (a[3] == b[3]) * a[2] * b[2] / TWO_SIDED**2)
        for a in rows
        for b in rows
    )
    assert analytic(case, total=total).upper_pct == pytest.approx(TWO_SIDED * sqrt(variance) / total * 100, rel=1e-3, abs=1e-3)
