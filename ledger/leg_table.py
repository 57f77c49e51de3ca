"""A file of entries as a table of text, one row a leg, each under the number that it has in the file. CSV in UTF-8, or Parquet.

Nothing is guessed: a header of other names, a row of other length, bytes that are no UTF-8 are told, with the row and what to do.
"""

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from ledger.errors import LedgerError

REQUIRED = ("entry", "day", "account", "commodity", "amount")
OPTIONAL = ("reference", "kind", "memo", "unit", "book", "key", "evidence", "detail")
NOT_READ = ("leg", "posted_at", "actor", "reverses")
"""Columns of `tanzhang export --format parquet` that a posting gives itself; they may stand in a file and are not read."""
FILE_BYTES_MAX = 2**31
ROWS_MAX = 50_000_000
ROW_BYTES_MAX = 2**24
HEADER_BYTES_MAX = 10_000
FAULTS_MAX = 10_000
"""As many faults are told one by one; a file with more is wrong in a way that nobody reads line by line."""


class EntryFault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing wrong: `row` counts from 1 at the file's first line (of Parquet, its first row); `entry` is the file's name for it."""

    file: str
    row: int | None = None
    column: str | None = None
    entry: str | None = None
    reference: str | None = None
    code: str
    reason: str

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.row, self.column) if part is not None)
        named = f" (reference {self.reference!r})" if self.reference else ""
        return f"{place}: " + (f"entry {self.entry!r}{named}: " if self.entry is not None else "") + self.reason


class FaultyEntries(LedgerError):
    """A file with faults: all of them at once, ordered by row. Nothing of the file was posted."""

    code = "entries.faulty"

    def __init__(self, faults: Sequence[EntryFault]) -> None:
        told = sorted(faults, key=lambda fault: (fault.row or 0, fault.column or ""))
        if len(told) > FAULTS_MAX:
            more = EntryFault(file=told[0].file, code="entries.faulty", reason=f"and {len(told) - FAULTS_MAX:,} faults more")
            told = [*told[:FAULTS_MAX], more]
        self.faults = tuple(told)
        super().__init__("\n".join(map(str, self.faults)))


@dataclass(frozen=True, slots=True)
class LegTable:
    """`frame` has `row` (Int64) and every column of REQUIRED and OPTIONAL as String, null where nothing stands."""

    file: str
    sha256: bytes
    frame: pl.DataFrame
    columns: frozenset[str]
    faults: Sequence[EntryFault] = ()


def read_leg_table(path: Path) -> LegTable:
    """The table in a .csv or .parquet file. Raises FaultyEntries where it cannot be read at all; ragged rows are faults of the table."""
    try:
        if not path.is_file() or path.stat().st_size > FILE_BYTES_MAX:
            reason = f"at most {FILE_BYTES_MAX:,} bytes are read: split it" if path.is_file() else "there is no such file"
            raise refused(path.name, "file.unreadable", reason)
        data = path.read_bytes()
    except OSError as error:
        raise refused(path.name, "file.unreadable", f"the file cannot be read: {error.strerror or error}") from error
    return parse_leg_table(data, file=path.name)


def parse_leg_table(data: bytes, *, file: str) -> LegTable:
    """As `read_leg_table`, from bytes; the ending of `file` says which kind they are."""
    ending = Path(file).suffix.lower()
    if ending not in {".csv", ".parquet"}:
        raise refused(file, "file.type", f"files end in .csv or .parquet, this one in {ending or 'nothing'}: save it as one of the two")
    frame, faults = _csv(data, file) if ending == ".csv" else (_parquet(data, file), [])
    columns = frozenset(frame.columns) - {"row"}
    absent = [pl.lit(None, pl.String).alias(name) for name in (*REQUIRED, *OPTIONAL) if name not in columns]
    table = frame.with_columns(absent).select("row", *REQUIRED, *OPTIONAL)
    if not table.height and not faults:
        raise refused(file, "file.empty", "the file names its columns and holds no entry below them")
    return LegTable(file, hashlib.sha256(data).digest(), table, columns, faults)


def refused(file: str, code: str, reason: str, *, row: int | None = None, column: str | None = None) -> FaultyEntries:
    """The error for a file that cannot be read at all."""
    return FaultyEntries([EntryFault(file=file, row=row, column=column, code=code, reason=reason)])


def _check_header(names: Sequence[str], file: str) -> None:
    allowed = (*REQUIRED, *OPTIONAL, *NOT_READ)
    faults = [
        EntryFault(file=file, row=1, column=name, code="column.unknown", reason=f"no such column is read; these are: {', '.join(allowed)}")
        for name in names
        if name not in allowed
    ]
    faults += [
        EntryFault(file=file, row=1, column=name, code="column.twice", reason="the header names this column twice")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    faults += [
        EntryFault(file=file, row=1, column=name, code="column.missing", reason=f"the header must name {', '.join(REQUIRED)}")
        for name in REQUIRED
        if name not in names
    ]
    if faults:
        raise FaultyEntries(faults)


def _csv(data: bytes, file: str) -> tuple[pl.DataFrame, list[EntryFault]]:
    body = data.removeprefix(b"\xef\xbb\xbf")
    if not body.strip():
        raise refused(file, "file.empty", "the file is empty: it needs a header and at least one leg")
    if b"\0" in body:
        row = body[: body.index(b"\0")].count(b"\n") + 1
        raise refused(file, "file.type", "a NUL byte stands here: this is no CSV text; save it as CSV UTF-8", row=row)
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        row = body[: error.start].count(b"\n") + 1
        reason = "the text is not UTF-8 from here on (GBK, or cut off?): save it as CSV UTF-8 and send it whole"
        raise refused(file, "file.encoding", reason, row=row) from error
    if body.count(b'"') % 2:
        raise refused(file, "file.truncated", 'a quote " is opened and never closed: the file seems cut off, or has a quote too many')
    names = next(csv.reader(io.StringIO(body[:HEADER_BYTES_MAX].decode("utf-8", errors="ignore"))), [])
    _check_header(names, file)
    frame, ragged = _rows(body, names, file)
    blank = pl.all_horizontal(pl.col(name) == "" for name in names)
    kept = frame.slice(1).filter(~blank)
    filled = [pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in names]
    faults = [
        EntryFault(
            file=file, row=row, code="row.fields",
            reason=f"the row has {found} cells, the header {len(names)}: a comma too many or too few (put text with commas in quotes)",
        )
        for row, found in ragged
    ]  # fmt: skip
    return kept.with_columns(filled), faults


def _rows(body: bytes, names: list[str], file: str) -> tuple[pl.DataFrame, list[tuple[int, int]]]:
    """All rows of as many cells as the header has, the header among them, and the others as (row, cells)."""
    import pyarrow as pa
    import pyarrow.csv as pc

    ragged: list[tuple[int, int]] = []

    def note(row: Any) -> str:
        ragged.append((row.number, row.actual_columns))
        return "skip"

    def read(*, threads: bool) -> Any:
        return pc.read_csv(
            pa.BufferReader(body),
            read_options=pc.ReadOptions(use_threads=threads, block_size=ROW_BYTES_MAX, column_names=names),
            parse_options=pc.ParseOptions(
                newlines_in_values=b'"' in body, ignore_empty_lines=False, invalid_row_handler=None if threads else note
            ),
            convert_options=pc.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )

    try:
        table = read(threads=True)
    except pa.ArrowInvalid:  # only a reader in one thread says in which rows
        try:
            table = read(threads=False)
        except pa.ArrowInvalid as error:
            raise refused(file, "file.type", f"a row is longer than {ROW_BYTES_MAX:,} bytes, or no CSV: {str(error)[:120]}") from error
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    rows = pl.int_range(1, frame.height + len(ragged) + 1, eager=True, dtype=pl.Int64)
    if ragged:
        rows = rows.filter(~rows.is_in([row for row, _ in ragged]))
    return frame.insert_column(0, rows.alias("row")), ragged


def _parquet(data: bytes, file: str) -> pl.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        opened = pq.ParquetFile(pa.BufferReader(data))
        _check_header(list(opened.schema_arrow.names), file)
        if opened.metadata.num_rows > ROWS_MAX:
            raise refused(file, "file.unreadable", f"at most {ROWS_MAX:,} rows are read: split it")
        wanted = [name for name in opened.schema_arrow.names if name not in NOT_READ]
        for name in wanted:
            kind = opened.schema_arrow.field(name).type
            if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind) or pa.types.is_date(kind)
                    or pa.types.is_dictionary(kind) or pa.types.is_string_view(kind) or pa.types.is_null(kind)):  # fmt: skip
                reason = f"the column is {kind}: text, whole numbers and days are read; cast it"
                raise refused(file, "column.type", reason, column=name)
        frame = pl.from_arrow(opened.read(columns=wanted))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise refused(file, "file.type", f"this is no Parquet that can be read: {str(error)[:120]}") from error
    assert isinstance(frame, pl.DataFrame)
    texts = [pl.col(name).cast(pl.String).replace("", None) if name != "row" else pl.col(name) for name in frame.columns]
    return frame.select(texts).with_row_index("row", offset=1).cast({"row": pl.Int64})
