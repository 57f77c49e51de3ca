"""The firm's own workbook again, every faulty cell marked with what is wrong, and a first sheet that lists all problems.

Values are written as they were read, never as formulas. A CSV comes back as a workbook too, so that there is something to mark.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import xlsxwriter

from carbon.activity_columns import COLUMNS
from carbon.activity_text import Rename
from carbon.enterprise.intake.headings import renaming
from carbon.enterprise.intake.problem import Problem, Weight
from carbon.workbook import HEADER_ROWS_MAX, open_workbook

Rows = Sequence[Sequence[tuple[str, str] | None]]
LISTED = "问题 problems"
HEAD = ("row", "column", "cell", "value", "weight", "code", "reason")
COMMENTS_MAX = 2_000
"""Excel grows slow with more comments than anybody reads; the list has them all."""


def annotated(data: bytes, *, file: str, problems: Sequence[Problem], mapping: Mapping[str, str]) -> bytes:
    """The workbook with its problems. `mapping` is how the headings were called when the problems were found."""
    sheets = _cells(data, file)
    rename = renaming(mapping)
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    marks = {Weight.MUST: book.add_format({"bg_color": "#f6d5c3", "border": 1, "border_color": "#d55e00"}),
             Weight.ASK: book.add_format({"bg_color": "#fbeecb", "border": 1, "border_color": "#b58900"})}  # fmt: skip
    listed = book.add_worksheet(LISTED)
    main = next((name for name, rows in sheets.items() if _header(rows, rename) is not None), next(iter(sheets), "data"))
    places = _places(sheets.get(main, ()), rename)
    by_row: dict[int, list[Problem]] = {}
    for problem in problems:
        by_row.setdefault(problem.row or 0, []).append(problem)
    for name, rows in sheets.items():
        _copy(book.add_worksheet(name[:31]), rows, by_row if name == main else {}, places, marks)
    _list(book, listed, problems, places, main)
    book.close()
    return out.getvalue()


def _cells(data: bytes, file: str) -> dict[str, Rows]:
    if Path(file).suffix.lower() != ".xlsx":
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")
        return {"data": [[("s", cell) if cell else None for cell in row] for row in csv.reader(io.StringIO(text, newline=""))]}
    return dict(open_workbook(data, file=file).sheets)


def _header(rows: Rows, rename: Rename) -> Sequence[str | None] | None:
    for row in rows[:HEADER_ROWS_MAX]:
        called = rename([cell[1] if cell else None for cell in row])
        names = {(text or "").partition(" [")[0].strip() for text in called}
        if {"activity", "quantity"} <= names:
            return list(called)
    return None


def _places(rows: Rows, rename: Rename) -> dict[str, int]:
    """In which column each of ours stands."""
    header = _header(rows, rename) or []
    names = [(text or "").partition(" [")[0].strip() for text in header]
    return {name: place for place, name in enumerate(names) if name in COLUMNS or name.startswith(("v_", "x_"))}


def _copy(
    sheet: "xlsxwriter.worksheet.Worksheet", rows: Rows, by_row: Mapping[int, Sequence[Problem]], places: Mapping[str, int],
    marks: Mapping[Weight, "xlsxwriter.format.Format"],
) -> None:  # fmt: skip
    said = 0
    for number, row in enumerate(rows, start=1):
        wrong: dict[int, list[Problem]] = {}
        for problem in by_row.get(number, ()):
            wrong.setdefault(places.get(problem.column or "", 0), []).append(problem)
        for place in range(max(len(row), *(at + 1 for at in wrong), 0)):
            cell = row[place] if place < len(row) else None
            here = wrong.get(place)
            mark = marks[min((one.weight for one in here), key=list(Weight).index)] if here else None
            if cell is not None and cell[0] == "n":
                sheet.write_number(number - 1, place, float(cell[1]), mark)
            elif cell is not None:
                sheet.write_string(number - 1, place, cell[1], mark)
            elif here:
                sheet.write_blank(number - 1, place, None, mark)
            if here and said < COMMENTS_MAX:
                sheet.write_comment(number - 1, place, "\n".join(one.reason for one in here)[:2_000], {"x_scale": 2})
                said += 1


def _list(
    book: xlsxwriter.Workbook, sheet: "xlsxwriter.worksheet.Worksheet", problems: Sequence[Problem], places: Mapping[str, int], main: str
) -> None:
    bold = book.add_format({"bold": True, "bottom": 1})
    link = book.add_format({"font_color": "#0b5d78", "underline": 1})
    sheet.write_row(0, 0, HEAD, bold)
    for line, one in enumerate(problems, start=1):
        sheet.write_row(line, 0, [one.row or "", one.column or ""])
        if one.row:
            cell = f"{letter(places.get(one.column or '', 0))}{one.row}"
            sheet.write_url(line, 2, f"internal:'{main[:31]}'!{cell}", link, string=cell)
        for place, text in enumerate((one.value or "", one.weight.value, one.code, one.reason), start=3):
            sheet.write_string(line, place, text)
    sheet.freeze_panes(1, 0)
    for place, width in enumerate((7, 14, 8, 24, 8, 22, 100)):
        sheet.set_column(place, place, width)


def letter(place: int) -> str:
    """The name of a column of a sheet: A of 0, AA of 26."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
