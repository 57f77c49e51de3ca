"""A file of any size becomes a Parquet file of masses, whole or not at all, and no line is lost between it and the quarantine."""

import resource
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.region.divisions import chain_of
from factors.columns import ColumnMissing, FormulasElsewhere
from factors.engine import Engine
from factors.errors import FactorError
from factors.library import load_library
from factors.stream import estimate_file, total

LIBRARY = load_library()
KINDS = [
    ("electricity.grid", "kWh", ""),
    ("combustion.stationary.bituminous", "t", "1A2"),
    ("no.such", "t", ""),
    ("electricity.grid", "florin", ""),
]


def lines(count: int) -> pl.DataFrame:
    return pl.DataFrame({
        "activity": [KINDS[n % 4][0] for n in range(count)], "unit": [KINDS[n % 4][1] for n in range(count)],
        "category": [KINDS[n % 4][2] for n in range(count)], "quantity": [n * 0.125 for n in range(count)],
        "day": [date(2022 + n % 2, 1 + n % 12, 3) for n in range(count)], "division": ["330106"] * count,
    })  # fmt: skip


def engine() -> Engine:
    return Engine(LIBRARY, chain_of)


def test_each_line_is_answered_or_in_quarantine_and_the_totals_are_those_of_the_rows(tmp_path: Path) -> None:
    source, output, held = tmp_path / "lines.parquet", tmp_path / "out.parquet", tmp_path / "held.parquet"
    lines(1_000).write_parquet(source, row_group_size=170)
    heard: list[int] = []
    outcome = estimate_file(engine(), source, output, held, told=heard.append)
    answers, refused = pl.read_parquet(output), pl.read_parquet(held)
    assert sorted([*answers["line"], *refused["line"]]) == list(range(1_000))
    assert (outcome.lines, outcome.answered) == (1_000, answers.height) == (1_000, 500)
    assert outcome.quarantined == dict(refused["code"].value_counts().sort("code").iter_rows())
    assert outcome.totals == {gas: answers[gas].sum() for gas in ("CH4.fossil", "CO2", "N2O")}
    assert heard[-1] == 1_000
    estimate, _ = next(iter(engine().run(lines(1_000))))
    assert answers["CO2"].to_list() == estimate.frame["CO2"].to_list()


def test_an_answer_names_its_factors_with_pack_and_edition_its_source_and_what_is_missing(tmp_path: Path) -> None:
    lines(4).write_csv(tmp_path / "lines.csv")
    estimate_file(engine(), tmp_path / "lines.csv", tmp_path / "out.parquet", tmp_path / "held.parquet")
    row = pl.read_parquet(tmp_path / "out.parquet").row(0, named=True)
    assert row["factors"].startswith("cn-grid/")
    assert "_e001#" in row["factors"]
    assert row["source"]
    assert row["CH4.fossil"] is None


def test_a_file_that_is_there_is_never_written_over_and_a_fault_leaves_no_part(tmp_path: Path) -> None:
    source, output, held = tmp_path / "lines.parquet", tmp_path / "out.parquet", tmp_path / "held.parquet"
    lines(10).write_parquet(source)
    output.write_text("mine")
    with pytest.raises(FactorError, match=r"out\.parquet is there already"):
        estimate_file(engine(), source, output, held)
    assert output.read_text() == "mine"
    with pytest.raises(FactorError, match="two files"):
        estimate_file(engine(), source, held, held)
    lines(10).drop("day").write_parquet(source)
    with pytest.raises(ColumnMissing, match="day"):
        estimate_file(engine(), source, tmp_path / "other.parquet", held)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lines.parquet", "out.parquet"]


def test_lines_that_name_formulas_are_not_estimated_as_if_they_did_not(tmp_path: Path) -> None:
    source = tmp_path / "lines.parquet"
    lines(10).with_columns(formula=pl.lit("cement.clinker.use.portland")).write_parquet(source)
    with pytest.raises(FormulasElsewhere, match="tanzhang calc"):
        estimate_file(engine(), source, tmp_path / "out.parquet", tmp_path / "held.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["lines.parquet"]


def test_a_full_disk_leaves_nothing_under_the_final_names(tmp_path: Path) -> None:
    source, output, held = tmp_path / "lines.parquet", tmp_path / "out.parquet", tmp_path / "held.parquet"
    lines(50_000).write_parquet(source)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            estimate_file(engine(), source, output, held)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in tmp_path.iterdir()] == ["lines.parquet"]


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=50))
def test_totals_do_not_overflow(values: list[int]) -> None:
    assert total(np.array(values, np.int64)) == sum(values)
