"""The columns of a frame as the engine takes them, stretch by stretch: keys as numbers into short lists, quantities as floats.

Parquet is read by row groups with its keys left as the dictionaries that they are stored as; CSV by blocks; frames of polars, pandas and
anything that speaks Arrow without a copy.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from factors.dense import CHOICES, Floats, Ints, What
from factors.errors import FactorError
from factors.units import NUMBER_PATTERN

REQUIRED = ("activity", "unit", "quantity", "day")
KEYS = ("activity", "unit", "division", *CHOICES)
STRETCH = 1 << 20
KINDS_MAX = 1_000_000
NO_DAY = np.iinfo(np.int32).min
Source = Path | str | pl.DataFrame | pl.LazyFrame | Any
Loader = Callable[[], "Columns"]


class Unreadable(FactorError):
    """A file that is not there, or not what its name says."""

    code = "file.unreadable"


class ColumnMissing(FactorError):
    """A frame without a column that every line needs."""

    code = "column.missing"

    def __init__(self, missing: Sequence[str], there: Sequence[str]) -> None:
        shown = ", ".join(list(there)[:12]) + (" …" if len(there) > 12 else "")
        super().__init__(f"the frame has no column {', '.join(missing)}: it needs {', '.join(REQUIRED)}, and has {shown}")


class FormulasElsewhere(FactorError):
    """A frame whose lines follow accounting guides: estimated by factor alone they would come out as other numbers."""

    code = "frame.formula"

    def __init__(self) -> None:
        super().__init__(
            "the frame has a column 'formula', which this engine does not follow: `tanzhang calc` and `record` do; or leave it out"
        )


@dataclass(frozen=True, slots=True)
class Columns:
    """A stretch of lines, the first of them number `first`. `keys` gives for each key its number by line and the texts of the numbers."""

    first: int
    keys: dict[str, tuple[Ints, list[str]]]
    day: Ints
    quantity: Floats
    written: pa.Array | pa.ChunkedArray | None

    @property
    def division(self) -> Ints:
        return self.keys["division"][0] if "division" in self.keys else np.zeros(len(self.day), np.int32)

    @property
    def divisions(self) -> list[str]:
        return self.keys["division"][1] if "division" in self.keys else [""]

    def whats(self) -> tuple[list[What], Ints]:
        """Each kind of line that the keys can make, and the number of each line's."""
        names = [name for name in ("activity", "unit", *CHOICES) if name in self.keys]
        codes = self.keys[names[0]][0]
        kinds: list[tuple[str, ...]] = [(text,) for text in self.keys[names[0]][1]]
        for name in names[1:]:
            numbers, texts = self.keys[name]
            if len(kinds) * len(texts) > KINDS_MAX:
                raise FactorError(f"more than {KINDS_MAX:,} kinds of lines by {', '.join(names)}: is one of them no key?")
            codes = codes * np.int32(len(texts)) + numbers
            kinds = [(*kind, text) for kind in kinds for text in texts]
        given = [names.index(name) if name in names else None for name in What._fields]
        return [What._make("" if at is None else kind[at] for at in given) for kind in kinds], codes

    def decimals(self, lines: npt.NDArray[np.int64]) -> pl.Series:
        """The quantities of these lines as the decimals that were written."""
        if self.written is not None:
            taken = pl.from_arrow(self.written.take(pa.array(lines)))
            assert isinstance(taken, pl.Series)
            return taken
        return pl.Series([repr(value) for value in self.quantity[lines].tolist()], dtype=pl.String)

    def text(self, column: str, line: int) -> str | None:
        """The cell of a line as it was written."""
        if column in self.keys:
            numbers, texts = self.keys[column]
            return texts[numbers[line]] or None
        if column == "quantity":
            return str(self.written[line].as_py()) if self.written is not None else repr(float(self.quantity[line]))
        return None


def columns_of(source: Source) -> Iterator[Loader]:
    """What loads each stretch of a source, in the order of its lines: a .parquet or .csv file, or a frame."""
    if isinstance(source, str | Path):
        path = Path(source)
        if not path.is_file():
            raise Unreadable(f"{path} is no file: name a .parquet or .csv file")
        kind = "Parquet" if path.suffix.lower() == ".parquet" else "CSV in UTF-8"
        try:
            yield from _of_parquet(path) if kind == "Parquet" else _of_csv(path)
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            raise Unreadable(f"{path} cannot be read as {kind}: {error}") from error
        return
    if isinstance(source, pl.LazyFrame):
        source = source.collect(engine="streaming")
    table = (
        source.to_arrow()
        if isinstance(source, pl.DataFrame)
        else pa.table(source)
        if not hasattr(source, "dtypes")
        else pa.Table.from_pandas(source)
    )
    check(table.schema.names)
    kept = table.select([name for name in table.schema.names if name in {*KEYS, "quantity", "day"}])
    for first in range(0, max(kept.num_rows, 1), STRETCH):
        yield partial(columns, kept.slice(first, STRETCH), first)


def check(names: Sequence[str]) -> None:
    """ColumnMissing where a needed column is not among the names, FormulasElsewhere where lines name formulas."""
    if "formula" in names:
        raise FormulasElsewhere
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise ColumnMissing(missing, names)


def _of_parquet(path: Path) -> Iterator[Loader]:
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        check(names)
        sizes = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
    kept = [name for name in names if name in {*KEYS, "quantity", "day"}]
    texts = [name for name in kept if name in KEYS]
    first = 0
    for at, size in enumerate(sizes):
        if size <= 2 * STRETCH:
            yield partial(_row_group, path, at, kept, texts, first)
            first += size
            continue
        with pq.ParquetFile(path, read_dictionary=texts) as file:  # one thread reads what is too large to be read at once
            for batch in file.iter_batches(STRETCH, row_groups=[at], columns=kept):
                yield partial(columns, pa.Table.from_batches([batch]), first)
                first += batch.num_rows


def _row_group(path: Path, at: int, kept: list[str], texts: list[str], first: int) -> Columns:
    with pq.ParquetFile(path, read_dictionary=texts) as file:
        return columns(file.read_row_group(at, columns=kept, use_threads=False), first)


def _of_csv(path: Path) -> Iterator[Loader]:
    with path.open("rb") as head:
        names = head.readline().decode("utf-8-sig").strip().split(",")
    check(names)
    text = {name: pa.dictionary(pa.int32(), pa.string()) if name in {*KEYS, "day"} else pa.string() for name in names}
    options = pacsv.ConvertOptions(column_types=text, include_columns=[name for name in names if name in {*KEYS, "quantity", "day"}])
    first = 0
    with pacsv.open_csv(path, convert_options=options, read_options=pacsv.ReadOptions(block_size=1 << 24)) as reader:
        for batch in reader:
            yield partial(columns, pa.Table.from_batches([batch]), first)
            first += batch.num_rows


def columns(table: pa.Table, first: int) -> Columns:
    """A table of Arrow as a stretch of lines."""
    keys = {name: _key(table.column(name)) for name in KEYS if name in table.schema.names}
    quantity, written = _quantity(table.column("quantity"))
    return Columns(first, keys, _day(table.column("day")), quantity, written)


def _key(column: pa.ChunkedArray) -> tuple[Ints, list[str]]:
    """Numbers and the texts that they stand for; what is missing is the empty text."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    one = column.unify_dictionaries().combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if isinstance(one, pa.ChunkedArray):
        one = one.chunk(0) if one.num_chunks else pa.array([], pa.dictionary(pa.int32(), pa.string()))
    texts = [("" if text is None else f"{text:06d}" if isinstance(text, int) else str(text)) for text in one.dictionary.to_pylist()]
    numbers = one.indices
    if numbers.null_count:
        numbers = pc.fill_null(numbers, len(texts))
        texts.append("")
    return numbers.to_numpy(zero_copy_only=False).astype(np.int32, copy=False), texts or [""]


def _quantity(column: pa.ChunkedArray) -> tuple[Floats, pa.Array | None]:
    """Floats, NaN for what is no plain number, and the texts where these were given."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        texts = pl.from_arrow(column)
        assert isinstance(texts, pl.Series)
        plain = pl.select(
            pl.when(pl.lit(texts).str.contains(NUMBER_PATTERN)).then(pl.lit(texts).cast(pl.Float64, strict=False))
        ).to_series()
        return plain.fill_null(float("nan")).to_numpy(), column.combine_chunks()
    if pa.types.is_integer(column.type) or pa.types.is_decimal(column.type):
        return _quantity(column.cast(pa.string()))
    floats = column.cast(pa.float64())
    one = floats.chunk(0) if floats.num_chunks == 1 else floats.combine_chunks()
    if one.null_count:
        one = pc.fill_null(one, float("nan"))
    return one.to_numpy(zero_copy_only=False), None


def _day(column: pa.ChunkedArray) -> Ints:
    """Days since 1970; the smallest number where there is none."""
    if pa.types.is_dictionary(column.type) or pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        numbers, texts = _key(column)
        days = np.array([_day_of(text) for text in texts], np.int32)
        by_line: Ints = days.take(numbers)
        return by_line
    days32 = column.cast(pa.date32()).cast(pa.int32())
    one = days32.chunk(0) if days32.num_chunks == 1 else days32.combine_chunks()
    if one.null_count:
        one = pc.fill_null(one, NO_DAY)
    found: Ints = one.to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
    return found


def _day_of(text: str) -> int:
    parsed = pl.Series([text]).str.to_date("%Y-%m-%d", strict=False, exact=True).to_physical()[0] if text else None
    return NO_DAY if parsed is None else int(parsed)
