"""Estimate a file of any size into a Parquet file, stretch by stretch; lines without an answer go to a file of their own.

Two passes: the first asks every kind of line once, so that the columns are known before the first row is written; the second multiplies.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from factors.dense import QUARANTINE_SCHEMA
from factors.engine import Engine, Estimate
from factors.errors import FactorError
from factors.gwp import smallest_unit
from factors.resolution import Resolution

FAST = {
    "compression": "zstd",
    "compression_level": 1,
    "use_dictionary": ["factors", "source", "not_estimated"],
    "column_encoding": {"line": "DELTA_BINARY_PACKED"},
}
"""Numbers are written as they are: a dictionary of masses, seldom twice the same, costs more than it saves."""
Told = Callable[[int], None]
"""Hears, after each stretch of either pass, how many of its lines are done."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file: its lines, those in quarantine by code, the resolutions used, the total of each gas in its smallest unit."""

    lines: int
    quarantined: dict[str, int]
    resolutions: int
    totals: dict[str, int]

    @property
    def answered(self) -> int:
        return self.lines - sum(self.quarantined.values())


def estimate_file(engine: Engine, source: Path, output: Path, quarantine: Path, *, told: Told = lambda _: None) -> Outcome:
    """Write `line`, `factors`, `source`, `not_estimated` and a column a gas for each answered line, the others to `quarantine`.

    Lines are numbered from 0 in the order of the file. Both files are Parquet and appear whole or not at all: FactorError where one is
    there already, ColumnMissing where the source lacks a column, OSError where the disk is full.
    """
    if taken := [path for path in (output, quarantine) if path.exists()]:
        raise FactorError(f"{taken[0]} is there already: name a file that is not, or remove it")
    if output == quarantine:
        raise FactorError(f"{output} is named for the answers and for the quarantine: name two files")
    asked = 0
    for lines in engine.survey(source):
        asked += lines
        told(asked)
    table = _Shared(engine.resolutions, engine.table.gases())
    parts = [path.with_name(path.name + ".part") for path in (output, quarantine)]
    try:
        with pq.ParquetWriter(parts[0], table.schema, **FAST) as answers, \
             pq.ParquetWriter(parts[1], pl.DataFrame(schema=QUARANTINE_SCHEMA).to_arrow().schema, compression="zstd") as held:  # fmt: skip
            outcome = _written(engine, source, table, answers, held, told)
        for part, path in zip(parts, (output, quarantine), strict=True):
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            part.rename(path)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
    return outcome


def _written(engine: Engine, source: Path, table: "_Shared", answers: Any, held: Any, told: Told) -> Outcome:
    lines, used = 0, np.zeros(len(table.factors), np.bool_)
    refused, totals = Counter[str](), Counter[str]()
    for estimate, columns in engine.run(source):
        answers.write_table(table.rows(estimate))
        missing = estimate.quarantine(columns)
        if missing.height:
            held.write_table(missing.to_arrow())
            refused.update(missing["code"].to_list())
        used[estimate.resolution[estimate.resolution >= 0]] = True
        totals.update({gas: total(values) for gas, (values, _) in estimate.amounts.items()})
        lines += len(estimate.resolution)
        told(lines)
    return Outcome(lines, dict(sorted(refused.items())), int(used.sum()), dict(sorted(totals.items())))


class _Shared:
    """What lines of one resolution have in common, as the dictionaries of the columns."""

    def __init__(self, resolutions: Sequence[Resolution], gases: tuple[str, ...]) -> None:
        self.gases = gases
        self.factors = pa.array([one.factor_ids for one in resolutions], pa.string())
        self.sources = pa.array([one.cited for one in resolutions], pa.string())
        self.missing = pa.array([", ".join(one.not_estimated) for one in resolutions], pa.string())
        words = pa.dictionary(pa.int32(), pa.string())
        masses = [pa.field(gas, pa.int64(), metadata={"unit": smallest_unit(gas)}) for gas in gases]
        self.schema = pa.schema([("line", pa.int64()), ("factors", words), ("source", words), ("not_estimated", words), *masses])

    def rows(self, estimate: Estimate) -> pa.Table:
        """The answered lines of a stretch."""
        answered = estimate.resolution >= 0
        every = bool(answered.all())
        at = pa.array(estimate.resolution if every else estimate.resolution[answered])
        numbers = np.arange(estimate.first, estimate.first + len(answered), dtype=np.int64)
        columns = [pa.array(numbers if every else numbers[answered])]
        columns += [pa.DictionaryArray.from_arrays(at, words) for words in (self.factors, self.sources, self.missing)]
        for gas in self.gases:
            values, known = estimate.amounts.get(gas, (None, None))
            if values is None:
                columns.append(pa.nulls(len(at), pa.int64()))
                continue
            mask = None if known is None else ~known
            columns.append(
                pa.array(values, mask=mask) if every else pa.array(values[answered], mask=None if mask is None else mask[answered])
            )
        return pa.table(columns, schema=self.schema)


def total(values: npt.NDArray[np.int64]) -> int:
    """The sum beyond 64 bits: high and low halves apart."""
    return (int((values >> 32).sum()) << 32) + int((values & 0xFFFFFFFF).sum())
