"""The engine over frames equals the specification line by line: exact fractions, one rounding half-even."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.region.divisions import chain_of
from factors.columns import ColumnMissing
from factors.engine import Engine, reference
from factors.library import load_library

ENGINE = Engine(load_library(), chain_of)
KINDS = [("electricity.grid", "kWh"), ("electricity.grid", "万kWh"), ("combustion.stationary.bituminous", "t"), ("heat.purchased", "GJ")]
LINES = st.tuples(
    st.sampled_from(KINDS), st.floats(0, 1e10).filter(lambda x: x == 0 or x > 1e-9), st.dates(date(2022, 1, 1), date(2024, 12, 31)),
    st.sampled_from(["330106", "110101", "530100", "330000"]),
)  # fmt: skip


def frame(lines: list[Any]) -> pl.DataFrame:
    rows = [(kind[0], kind[1], quantity, day, division) for kind, quantity, day, division in lines]
    return pl.DataFrame(rows, schema=["activity", "unit", "quantity", "day", "division"], orient="row")


@given(st.lists(LINES, min_size=1, max_size=40))
def test_a_frame_gets_what_each_line_gets_by_hand(lines: list[Any]) -> None:
    made = frame(lines)
    for estimate, _ in ENGINE.run(made):
        assert (estimate.resolution >= 0).all()
        for row in estimate.frame.iter_rows(named=True):
            wanted = reference(repr(made["quantity"][row["line"]]), ENGINE.resolutions[row["resolution"]])
            assert {gas: row[gas] for gas in wanted} == wanted


@given(st.integers(0, 10**6))
def test_ties_go_to_the_even_gram(halves: int) -> None:
    """0.5306 kg/kWh: five tenths of a gram come about from whole ten-thousandths; the text decides, not the float."""
    made = frame([(KINDS[0], halves * 0.25, date(2023, 6, 1), "540000")])
    estimate, _ = next(iter(ENGINE.run(made)))
    row = estimate.frame.row(0, named=True)
    wanted = reference(repr(made["quantity"][0]), ENGINE.resolutions[row["resolution"]])
    assert {gas: row[gas] for gas in wanted} == wanted


def test_what_has_no_answer_goes_to_quarantine_and_stops_nobody() -> None:
    day = date(2023, 6, 1)
    made = frame([
        (KINDS[0], 100.0, day, "330106"), (("no.such", "kWh"), 1.0, day, "330106"), (KINDS[0], float("nan"), day, "330106"),
        (("electricity.grid", "florin"), 1.0, day, "330106"), (KINDS[0], 1.0, None, "330106"), (KINDS[0], 1e300, day, "330106"),
        (KINDS[0], 1.0, day, "999999"),
    ])  # fmt: skip
    estimate, columns = next(iter(ENGINE.run(made)))
    assert estimate.frame["line"].to_list() == [0]
    assert estimate.frame["CO2"].to_list() == [49740]
    held = estimate.quarantine(columns)
    assert held["line"].to_list() == [1, 2, 3, 4, 5, 6]
    assert held["column"].to_list() == ["activity", "quantity", "unit", "day", "quantity", "division"]
    assert all(held["reason"].to_list())


def test_files_give_what_their_frame_gives(tmp_path: Path) -> None:
    made = frame([(KINDS[n % 4], 0.125 * n, date(2023, 1 + n % 12, 3), "330106") for n in range(1000)])
    made.write_parquet(tmp_path / "lines.parquet", row_group_size=128)
    made.write_csv(tmp_path / "lines.csv")
    frames = [
        pl.concat([estimate.frame.select("line", "CO2") for estimate, _ in ENGINE.run(source)])
        for source in (made, tmp_path / "lines.parquet", tmp_path / "lines.csv")
    ]
    assert frames[0].equals(frames[1])
    assert frames[0].equals(frames[2])


def test_a_frame_without_a_column_is_told_so() -> None:
    with pytest.raises(ColumnMissing, match="day"):
        next(iter(ENGINE.run(pl.DataFrame({"activity": ["electricity.grid"], "unit": ["kWh"], "quantity": [1.0]}))))


def test_a_division_that_never_was_spoils_no_neighbour() -> None:
    day = date(2023, 6, 1)
    estimate, _ = next(
        iter(Engine(load_library(), chain_of).run(frame([(KINDS[0], 100.0, day, "339999"), (KINDS[0], 100.0, day, "330106")])))
    )
    assert estimate.frame["line"].to_list() == [1]
    assert estimate.frame["CO2"].to_list() == [49740]


def test_threads_that_meet_new_kinds_at_once_answer_as_one_thread_does(tmp_path: Path) -> None:
    """Small row groups, each with kinds that no other has: the threads add to the table while others read it."""
    days = [date(2010 + n % 15, 1 + n % 12, 3) for n in range(4_000)]
    places = ["330106", "110101", "530100", "330000", "440100", "650000", "810000", "999999"]
    made = frame([(KINDS[n // 97 % 4], 0.125 * n, days[n], places[n // 31 % 8]) for n in range(4_000)])
    made.write_parquet(tmp_path / "lines.parquet", row_group_size=50)

    def answers(threads: int) -> pl.DataFrame:
        engine = Engine(load_library(), chain_of, threads=threads)
        found = [estimate.frame.drop("resolution") for estimate, _ in engine.run(tmp_path / "lines.parquet")]
        return pl.concat(found, how="diagonal").select("line", "CO2")

    one = answers(1)
    assert 0 < one.height < 4_000
    for _ in range(5):
        assert answers(8).equals(one)
