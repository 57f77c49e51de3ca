"""The text of a CSV file as a table of cells, each row under the number that it has in the file."""

import csv
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from carbon.activity_columns import Header, read_header
from carbon.errors import Fault, FaultyFile

FILE_BYTES_MAX = 2**30
ROW_BYTES_MAX = 2**24
HEADER_BYTES_MAX = 100_000
CELL_CHARACTERS_MAX = 4_000
FAULTS_MAX = 50_000
"""As many faults are told one by one; a file with more is wrong in a way that nobody reads line by line."""
_LINE_END = re.compile(rb"[\r\n]")


@dataclass(frozen=True, slots=True)
class TextTable:
    """Cells as text: what the columns are, and `frame` with `line` (Int32) and a String column ``"0"``, ``"1"`` … per place."""

    file: str
    sha256: bytes
    header: Header
    frame: pl.DataFrame
    faults: Sequence[Fault] = ()
    read: tuple[str, ...] = ()
    cut: int | None = None
    """The last row, where no line end follows it: a file cut off looks so."""


Rename = Callable[[Sequence[str | None]], Sequence[str | None]]
"""How the headings of a row are called here: as many cells again."""


def as_written(cells: Sequence[str | None]) -> Sequence[str | None]:
    """The headings as the file has them."""
    return cells


def refused(file: str, code: str, reason: str, *, row: int | None = None, value: str | None = None) -> FaultyFile:
    """The error for a file that cannot be read at all."""
    return FaultyFile([Fault(file=file, row=row, value=value, code=code, reason=reason)])


def read_text_table(data: bytes, *, file: str, rename: Rename = as_written) -> TextTable:
    """The table that CSV bytes in UTF-8 hold (with or without a byte order mark). Blank rows are left out, the count goes on.

    Raises FaultyFile: file.empty, file.encoding, file.type, file.hostile, file.truncated. Ragged rows are faults of the table.
    """
    sha256 = hashlib.sha256(data).digest()
    _check_kind(data, file)
    body = data.removeprefix(b"\xef\xbb\xbf")
    if not body.strip():
        raise refused(file, "file.empty", "the file is empty: it needs a header and at least one line")
    _check_encoding(body, file)
    if body.count(b'"') % 2:
        row = _row_of_open_quote(body)
        raise refused(
            file, "file.truncated", 'a quote " is opened and never closed: the file seems cut off, or a quote too many stands here', row=row
        )
    columns = _columns_of(body)
    frame, ragged = _parse(body, columns, file)
    last = max(frame["line"].tail(1).to_list() + [row for row, *_ in ragged[-1:]], default=1)
    cut = None if body.endswith((b"\n", b"\r")) else last
    faults = [_ragged(file, row, expected, actual, text, cut) for row, expected, actual, text in ragged]
    if not frame.height:
        raise FaultyFile(faults) if faults else refused(file, "file.empty", "the file is empty")
    head = frame.row(0)
    first, frame = frame["line"][0], frame.slice(1)
    if first != 1:
        raise refused(file, "column.missing", "the first row is blank: it must name the columns", row=1)
    texts = [pl.col(str(place)) for place in range(columns)]
    frame = frame.filter(~pl.all_horizontal(text == "" for text in texts)).with_columns(
        pl.when(text.str.strip_chars(" \t") != "").then(text.str.strip_chars(" \t")) for text in texts
    )
    if not frame.height and not faults:
        raise refused(file, "file.empty", "the file has a header and no line below it")
    filled = [not frame[str(place)].is_null().all() for place in range(columns)]
    header, wrong = read_header(rename(head[1:]), file=file, filled=filled)
    return TextTable(file, sha256, header, frame, [*wrong, *faults, *_too_long(frame, texts, file)], cut=cut)


def _check_kind(data: bytes, file: str) -> None:
    if len(data) > FILE_BYTES_MAX:
        raise refused(file, "file.hostile", f"the file has {len(data):,} bytes, at most {FILE_BYTES_MAX:,} are read: split it")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise refused(file, "file.encoding", "the file is UTF-16 text: save it as CSV UTF-8 (in Excel: 另存为 → CSV UTF-8（逗号分隔）)")
    if data[:4] == b"PK\x03\x04":
        raise refused(file, "file.type", "the file is a workbook or zip, not CSV text: give it the ending .xlsx if it is a workbook")
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise refused(
            file, "file.type", "the file is an old .xls or a protected workbook: save it as .xlsx without a password, or as CSV UTF-8"
        )
    if b"\0" in data:
        row = data[: data.index(b"\0")].count(b"\n") + 1
        raise refused(file, "file.hostile", "a NUL byte stands here: this is not CSV text; save the sheet as CSV UTF-8", row=row)


def _check_encoding(body: bytes, file: str) -> None:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        row = body[: error.start].count(b"\n") + 1
        if error.end >= len(body) and error.reason == "unexpected end of data":
            raise refused(
                file, "file.truncated", "the file ends within a character: it is cut off; send it again whole", row=row
            ) from error
        line = body.split(b"\n")[row - 1][:200]
        for tail in (b"", line[-1:]):
            try:
                shown = line.removesuffix(tail).decode("gb18030").strip()[:40]
            except UnicodeDecodeError:
                continue
            reason = (
                f"the text is not UTF-8; as GBK it reads {shown!r}. Save it as UTF-8: in Excel 另存为 → CSV UTF-8（逗号分隔）(*.csv), "
                "in WPS 或记事本 另存为 → 编码 UTF-8"
            )
            raise refused(file, "file.encoding", reason, row=row) from error
        raise refused(file, "file.encoding", "the text is not UTF-8: save it as CSV UTF-8", row=row) from error


def _row_of_open_quote(body: bytes) -> int:
    """The physical line of the last quote that opens: the first whose quotes do not pair, seen from the end of what pairs."""
    open_, opened_at = False, 1
    for number, line in enumerate(body.split(b"\n"), 1):
        if line.count(b'"') % 2:
            open_ = not open_
            opened_at = number if open_ else opened_at
    return opened_at


def _columns_of(body: bytes) -> int:
    """How many cells the header has; the rest of the file is held to it."""
    line = _LINE_END.search(body, 0, ROW_BYTES_MAX)
    head = body[: line.start() if line else HEADER_BYTES_MAX].decode("utf-8", errors="ignore")
    if len(head) > HEADER_BYTES_MAX:
        return 1
    try:
        return max(1, len(next(csv.reader([head]), [])))
    except csv.Error:
        return 1


def _parse(body: bytes, columns: int, file: str) -> tuple[pl.DataFrame, list[tuple[int, int, int, str]]]:
    """All rows that have `columns` cells, numbered as in the file, and the others as (row, expected, actual, text)."""
    import pyarrow as pa
    import pyarrow.csv as pc

    names = [str(place) for place in range(columns)]
    ragged: list[tuple[int, int, int, str]] = []

    def note(row: Any) -> str:
        ragged.append((row.number, row.expected_columns, row.actual_columns, row.text))
        return "skip"

    def read(*, threads: bool) -> pl.DataFrame:
        table = pc.read_csv(
            pa.BufferReader(body),
            read_options=pc.ReadOptions(use_threads=threads, block_size=ROW_BYTES_MAX, column_names=names),
            parse_options=pc.ParseOptions(
                newlines_in_values=b'"' in body, ignore_empty_lines=False, invalid_row_handler=None if threads else note
            ),
            convert_options=pc.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
        frame = pl.from_arrow(table)
        assert isinstance(frame, pl.DataFrame)
        return frame

    try:
        frame = read(threads=True)
    except pa.ArrowInvalid:
        try:
            frame = read(threads=False)
        except pa.ArrowInvalid as error:
            raise refused(
                file, "file.hostile", f"a row is longer than {ROW_BYTES_MAX:,} bytes or no CSV at all: {str(error)[:120]}"
            ) from error
    total = frame.height + len(ragged)
    numbers = pl.int_range(1, total + 1, eager=True, dtype=pl.Int32)
    if ragged:
        numbers = numbers.filter(~numbers.is_in([row for row, *_ in ragged]))
    return frame.insert_column(0, numbers.alias("line")), ragged[:FAULTS_MAX]


def _ragged(file: str, row: int, expected: int, actual: int, text: str, cut: int | None) -> Fault:
    if row == cut and actual <= expected:
        code, reason = (
            "file.truncated",
            f"the last line stops after {actual} of {expected} cells and has no line end: the file is cut off; send it whole",
        )
    else:
        code, reason = (
            "row.fields",
            f"the row has {actual} cells, the header {expected}: a comma too many or too few (put text with commas in quotes)",
        )
    return Fault(file=file, row=row, value=text.strip()[:60], code=code, reason=reason)


def _too_long(frame: pl.DataFrame, texts: Sequence[pl.Expr], file: str) -> list[Fault]:
    long = frame.filter(pl.any_horizontal(text.str.len_chars() > CELL_CHARACTERS_MAX for text in texts))
    reason = f"a cell has more than {CELL_CHARACTERS_MAX:,} characters: that is no activity data"
    return [Fault(file=file, row=row, code="file.hostile", reason=reason) for row in long["line"].head(FAULTS_MAX)]
