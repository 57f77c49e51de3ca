"""The ± of a hundred thousand lines beside a Monte-Carlo that treats each factor once. Times in one run."""

import time

import numpy as np

from factors.uncertainty import Interval, Spread, analytic, monte_carlo

LINES, FACTORS = 100_000, 500


def test_the_uncertainty_of_a_hundred_thousand_lines(benchmark) -> None:  # type: ignore[no-untyped-def]
    draw = np.random.default_rng(1)
    amount = draw.lognormal(10, 2, LINES)
    case = Spread(
        amount=amount,
        line=np.arange(LINES),
        factor=draw.integers(0, FACTORS, LINES),
        half_width=np.where(draw.random(LINES) < 0.5, draw.random(LINES) / 5, np.nan),
        meter=draw.integers(0, LINES // 2, LINES),
        names=[f"f{n}" for n in range(FACTORS)],
        intervals=[Interval(-0.7, 2.0, "") if n % 3 == 0 else Interval(-0.05, 0.05, "") for n in range(FACTORS)],
    )
    total = round(float(amount.sum()))
    found = benchmark.pedantic(analytic, args=(case,), kwargs={"total": total}, rounds=20, warmup_rounds=3)
    start = time.perf_counter()
    drawn = monte_carlo(case, total=total, seed=1)
    monte_s = time.perf_counter() - start
    mine = benchmark.stats.stats.min
    print(f"\n{LINES:,} lines × {FACTORS} factors: analytic {mine * 1000:.2f} ms, Monte-Carlo of 10,000 draws {monte_s:.2f} s")
    assert mine < 0.005
    assert abs(drawn.upper_pct / found.upper_pct - 1) < 0.1
