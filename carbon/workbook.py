"""The table of activity data in an .xlsx workbook: checked, read in a process of its own, and read leniently, saying how."""

import hashlib
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import msgspec
import polars as pl

from carbon import workbook_cells
from carbon.activity_columns import looks_like_header, read_header
from carbon.activity_text import CELL_CHARACTERS_MAX, Rename, TextTable, as_written, refused
from carbon.errors import Fault
from carbon.workbook_check import Checked, UnsafeWorkbook, check_workbook
from carbon.workbook_lenient import reader

Cell = tuple[str, str] | None
IsHeader = Callable[[Sequence[str | None]], bool]
HEADER_ROWS_MAX = 20
"""Within as many rows from the top the names of the columns are looked for: titles and merged cells may stand above."""
NOTES_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Opened:
    """The cells of all visible sheets of a workbook that was found safe to open."""

    sheets: Mapping[str, list[list[Cell]]]
    checked: Checked


def open_workbook(data: bytes, *, file: str) -> Opened:
    """The cells of a workbook, read by a child process while the streaming check goes on here: whoever is refused, the child is stopped.

    Raises FaultyFile: file.type, file.truncated, file.hostile, file.empty.
    """
    check_kind(data, file)
    # files and no pipes: nobody here has to hand the bytes over while the check is busy
    with TemporaryFile() as given, TemporaryFile() as taken, TemporaryFile() as said:
        given.write(data)
        given.seek(0)
        with _start(given, taken, said) as child:
            try:
                checked = check_workbook(data)
            except UnsafeWorkbook as error:
                child.kill()
                raise refused(file, error.code, error.reason) from error
            return Opened(_cells(child, taken, said, file), checked)


def read_workbook_table(data: bytes, *, file: str) -> TextTable:
    """The one sheet that names `activity` and `quantity` in its first rows, as a table of text; rows are numbered as in the sheet.

    Raises FaultyFile: file.type, file.truncated, file.hostile, file.empty, column.missing.
    """
    return table_of(open_workbook(data, file=file), data, file=file)


def table_of(opened: Opened, data: bytes, *, file: str, rename: Rename = as_written, is_header: IsHeader = looks_like_header) -> TextTable:
    """As `read_workbook_table`, of a workbook that was opened. `is_header` knows the row of headings as the file has it."""
    name, rows, header_row = _choose(opened.sheets, file, is_header)
    skipped = [other for other, cells in opened.sheets.items() if other != name and any(any(row) for row in cells)]
    notes = [f"{file}: read the sheet {name!r}, not {', '.join(map(repr, skipped))}"] if skipped else []
    return _table(data, file, rows, header_row=header_row, from_1904=opened.checked.from_1904, notes=notes, rename=rename)


def check_kind(data: bytes, file: str) -> None:
    if not data:
        raise refused(file, "file.empty", "the file is empty")
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise refused(file, "file.type", "the workbook is protected by a password or an old .xls: save it as .xlsx without a password")
    if data[:4] != b"PK\x03\x04":
        raise refused(
            file, "file.type", "the file ends in .xlsx but is no workbook: save the table as .xlsx, or give CSV text the ending .csv"
        )


def _start(given: IO[bytes], taken: IO[bytes], said: IO[bytes]) -> "subprocess.Popen[bytes]":
    # -I: the child imports the standard library and the reader, nothing from the place where it is started
    command = [sys.executable, "-I", str(Path(workbook_cells.__file__))]
    return subprocess.Popen(command, stdin=given, stdout=taken, stderr=said)  # noqa: S603


def _cells(child: "subprocess.Popen[bytes]", taken: IO[bytes], said: IO[bytes], file: str) -> dict[str, list[list[Cell]]]:
    """All cells of all visible sheets, as the child wrote them."""
    try:
        failed = child.wait(timeout=workbook_cells.SECONDS)
    except subprocess.TimeoutExpired as error:
        child.kill()
        raise refused(
            file, "file.hostile", f"reading the workbook took longer than {workbook_cells.SECONDS} s: file the table as CSV"
        ) from error
    if failed:
        said.seek(0)
        last = said.read(100_000).decode(errors="replace").strip().rpartition("\n")[2][:160]
        reason = f"the workbook cannot be read ({last or 'its reader stopped'}): open and save it again in Excel, or file the table as CSV"
        raise refused(file, "file.hostile", reason)
    taken.seek(0)
    return msgspec.json.decode(taken.read(), type=dict[str, list[list[Cell]]])


def _texts(row: Sequence[Cell]) -> list[str | None]:
    return [cell[1] if cell else None for cell in row]


def _choose(sheets: Mapping[str, list[list[Cell]]], file: str, is_header: IsHeader) -> tuple[str, list[list[Cell]], int]:
    """The sheet that holds activity lines, its rows, and the place of the row that names the columns."""
    found = [
        (name, rows, place)
        for name, rows in sheets.items()
        for place in [next((n for n, row in enumerate(rows[:HEADER_ROWS_MAX]) if is_header(_texts(row))), None)]
        if place is not None
    ]
    if len(found) > 1:
        names = ", ".join(repr(name) for name, *_ in found)
        raise refused(
            file, "file.type", f"several sheets hold activity lines ({names}): keep one sheet a file, so that a row has one number"
        )
    if found:
        return found[0]
    for name, rows in sheets.items():
        place = next((n for n, row in enumerate(rows) if any(row)), None)
        if place is not None:
            return name, rows, place
    raise refused(file, "file.empty", "the workbook has no cell: it needs a row that names the columns and at least one line")


def _table(
    data: bytes, file: str, rows: list[list[Cell]], *, header_row: int, from_1904: bool, notes: list[str], rename: Rename
) -> TextTable:
    """The rows under the header as text, each cell read by what its column means."""
    head = list(rename(_texts(rows[header_row])))
    body = [(number, row) for number, row in enumerate(rows[header_row + 1 :], header_row + 2) if any(row)]
    width = max([len(head), *(len(row) for _, row in body)], default=0)
    filled = [any(len(row) > place and row[place] for _, row in body) for place in range(width)]
    width = max([place + 1 for place in range(width) if filled[place] or (place < len(head) and head[place])], default=0)
    head = [*head, *[None] * width][:width]
    known, faults = read_header(head, file=file, row=header_row + 1, filled=filled)
    if not body and not faults:
        raise refused(file, "file.empty", "the sheet names its columns and has no line below them")
    names = {place: name for name, place in known.places.items()}
    columns: dict[str, list[str | None]] = {}
    for place in range(width):
        name = names.get(place, head[place] or "")
        read = reader(name, from_1904=from_1904)
        texts: list[str | None] = []
        for number, row in body:
            cell = row[place] if place < len(row) else None
            text, told = read(*cell) if cell else (None, False)
            if told and cell and text:
                notes.append(f"{file}:{number}:{name}: {cell[1]!r} was read as {text}")
            if text and len(text) > CELL_CHARACTERS_MAX:
                faults.append(_long(file, number, name))
                text = None
            texts.append(text)
        columns[str(place)] = texts
    lines = pl.Series("line", [number for number, _ in body], dtype=pl.Int32)
    frame = pl.DataFrame([lines, *(pl.Series(name, texts, dtype=pl.String) for name, texts in columns.items())])
    if len(notes) > NOTES_MAX:
        notes = [*notes[:NOTES_MAX], f"{file}: and {len(notes) - NOTES_MAX:,} more cells were read so"]
    return TextTable(file, hashlib.sha256(data).digest(), known, frame, faults, tuple(notes))


def _long(file: str, number: int, name: str) -> Fault:
    return Fault(
        file=file, row=number, column=name or None, code="file.hostile",
        reason=f"the cell has more than {CELL_CHARACTERS_MAX:,} characters: that is no activity data",
    )  # fmt: skip
