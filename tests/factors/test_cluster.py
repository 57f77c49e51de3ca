"""One function, whatever holds the lines: polars, pandas, duckdb and a cluster of Spark give the engine's masses, to the unit."""

import importlib.util
import math
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from carbon.region.divisions import chain_of
from factors.cluster import column, estimate_where_it_lies
from factors.columns import ColumnMissing
from factors.dense import Rules
from factors.engine import Engine
from factors.errors import FactorError
from factors.library import load_library

LIBRARY = load_library()
KINDS = [
    ("electricity.grid", "kWh", ""), ("electricity.grid", "万kWh", ""), ("heat.purchased", "MJ", ""),
    ("combustion.stationary.bituminous", "t", "1A1"), ("combustion.stationary.bituminous", "kg", "1A2"), ("no.such", "t", ""),
]  # fmt: skip
PLACES = ["330106", "110101", "530100", "330000", "999999", None]
QUANTITIES = [0.0, 1.0, 0.25, 1e-3, 123456.789, 0.0005, 2.5, -17.35, math.nan, math.inf, None, 1e300, 9.3e12, 1e17]


def frame(lines: int = 3_000) -> pl.DataFrame:
    """Every kind in every place with ties, vast and missing quantities among plain ones; `id` is a column of the user's own."""
    return pl.DataFrame({
        "id": range(lines),
        "activity": [KINDS[n % 6][0] for n in range(lines)], "unit": [KINDS[n % 6][1] for n in range(lines)],
        "category": [KINDS[n % 6][2] for n in range(lines)],
        "quantity": pl.Series([QUANTITIES[n // 7 % 14] if n % 5 else n * 0.125 for n in range(lines)], dtype=pl.Float64),
        "day": [date(2021 + n // 11 % 4, 1 + n % 12, 3) for n in range(lines)],
        "division": pl.Series([PLACES[n // 13 % 6] for n in range(lines)], dtype=pl.String),
    })  # fmt: skip


def through_duckdb(lines: pl.DataFrame) -> pl.DataFrame:
    connection = duckdb.connect()
    connection.register("lines", lines.to_arrow())
    answer = estimate_where_it_lies(connection.sql("SELECT * FROM lines"), LIBRARY, chain_of)
    assert isinstance(answer, duckdb.DuckDBPyRelation)
    return answer.pl()


def through_pandas(lines: pl.DataFrame) -> pl.DataFrame:
    answer = estimate_where_it_lies(lines.to_pandas(), LIBRARY, chain_of)
    counts = [name for name in answer.columns if name.startswith(("CO2", "CH4", "N2O"))]
    return pl.DataFrame(
        {name: [None if value != value else value for value in answer[name]] for name in ("id", "factors", *counts, "refused")}
    )


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """Two workers of one core each, in processes of their own."""
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("pyspark is not installed: make cluster installs it and runs this")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("Java is missing: Spark needs Java 17 or newer on PATH or in JAVA_HOME")
    from pyspark.sql import SparkSession

    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    quiet = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "4", "spark.log.level": "OFF"}
    session = SparkSession.builder.master("local-cluster[2,1,1024]").config(map=quiet).getOrCreate()
    yield session
    session.stop()


def by_the_engine(lines: pl.DataFrame) -> pl.DataFrame:
    engine = Engine(LIBRARY, chain_of)
    estimate, columns = next(iter(engine.run(lines)))
    answered = estimate.frame.rename({"line": "id"}).with_columns(
        factors=pl.col("resolution").map_elements(lambda n: engine.resolutions[n].factor_ids, return_dtype=pl.String)
    )
    held = estimate.quarantine(columns).select(id="line", refused="reason")
    masses = {gas: column(gas) for gas in estimate.amounts}
    told = lines.select(pl.col("id").cast(pl.Int64)).join(answered.drop("resolution"), on="id", how="left").join(held, on="id", how="left")
    return told.rename(masses).sort("id")


def check(answer: pl.DataFrame, lines: pl.DataFrame) -> None:
    wanted = by_the_engine(lines)
    found = answer.with_columns(pl.col("id").cast(pl.Int64)).sort("id").select(wanted.columns)
    assert_frame_equal(found, wanted, check_dtypes=False)
    assert wanted["refused"].null_count() not in {0, lines.height}


@pytest.mark.parametrize("through", [
    pytest.param(lambda lines: estimate_where_it_lies(lines, LIBRARY, chain_of), id="polars"),
    pytest.param(lambda lines: estimate_where_it_lies(lines.lazy(), LIBRARY, chain_of).collect(), id="polars-lazy"),
    pytest.param(through_pandas, id="pandas"),
    pytest.param(through_duckdb, id="duckdb"),
])  # fmt: skip
def test_whoever_holds_the_lines_gets_the_engines_masses(through: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    lines = frame()
    check(through(lines), lines)


def test_a_cluster_of_spark_gets_the_engines_masses(spark: Any) -> None:
    lines = frame()
    answer = estimate_where_it_lies(spark.createDataFrame(lines.to_arrow()).repartition(4), LIBRARY, chain_of)
    check(pl.from_arrow(answer.toArrow()), lines)


def test_an_eager_frame_keeps_its_order_and_its_own_columns() -> None:
    lines = frame(500)
    answer = estimate_where_it_lies(lines, LIBRARY, chain_of)
    assert isinstance(answer, pl.DataFrame)
    assert answer["id"].to_list() == lines["id"].to_list()
    assert answer.columns[: lines.width] == lines.columns


def test_the_rules_of_a_run_hold_here_too() -> None:
    lines = pl.DataFrame(
        {"activity": ["electricity.grid"], "unit": ["kWh"], "quantity": [1000.0], "day": [date(2022, 5, 1)], "division": ["330106"]}
    )
    own, national = (estimate_where_it_lies(lines, LIBRARY, chain_of, Rules(programme=name))["factors"][0] for name in ("regional", "ets"))
    assert own != national


def test_lines_without_any_answer_come_back_with_their_reasons() -> None:
    answer = estimate_where_it_lies(frame(30).with_columns(activity=pl.lit("no.such")), LIBRARY, chain_of)
    assert answer["refused"].null_count() == 0
    assert answer["factors"].null_count() == 30


def test_a_frame_with_our_column_or_without_a_needed_one_is_told_so() -> None:
    lines = frame(10)
    with pytest.raises(FactorError, match="CO2"):
        estimate_where_it_lies(lines.with_columns(CO2=pl.lit(1)), LIBRARY, chain_of)
    with pytest.raises(ColumnMissing, match="day"):
        estimate_where_it_lies(lines.drop("day"), LIBRARY, chain_of)
