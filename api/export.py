"""Tables as CSV, XLSX and JSON, exactly what the page shows. A cell that a spreadsheet would run as a formula is made text."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import xlsxwriter
from litestar.exceptions import ClientException, NotFoundException
from litestar.response import Response

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
DIGITS_MAX, CELL_CHARACTERS_MAX = 15, 32_767
"""How many digits of a number and characters of a text a spreadsheet keeps (Excel specifications and limits)."""
SHEET_ROWS_MAX = 1_048_576


def safe_cell(value: object) -> str:
    """A cell as text; numbers pass, words that begin like a formula get an apostrophe before them."""
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, str) and text.startswith(DANGEROUS):
        return "'" + text
    return text


def csv_bytes(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """UTF-8 with BOM, as WPS and Excel read it."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(head)
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


def xlsx_bytes(stem: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A workbook of one sheet. Every word is a text cell, so that nothing in it is a formula or a link; an integer that a spreadsheet keeps
    exactly is a number, a longer one its digits as text."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        for column, name in enumerate(head):
            sheet.write_string(0, column, name, bold)
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(rows, 1):
            if number >= SHEET_ROWS_MAX:
                raise ClientException(detail=f"{stem}.xlsx holds {SHEET_ROWS_MAX:,} rows at most: ask for .csv")
            for column, cell in enumerate(row):
                if isinstance(cell, int) and not isinstance(cell, bool) and abs(cell) < 10**DIGITS_MAX:
                    sheet.write_number(number, column, cell)
                elif cell is not None:
                    sheet.write_string(number, column, str(cell)[:CELL_CHARACTERS_MAX])
    return buffer.getvalue()


def table_response(file: str, *, stem: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response[bytes]:
    """The table as the file name asks: ``….csv``, ``….xlsx`` or ``….json`` (a list of objects; large amounts as text, since readers use
    floats)."""
    kind = file.rpartition(".")[2]
    if kind not in TYPES:
        raise NotFoundException(detail=f"no such file {file}: ask for .csv, .xlsx or .json")
    if kind == "csv":
        content = csv_bytes(head, rows)
    elif kind == "xlsx":
        content = xlsx_bytes(stem, head, rows)
    else:
        content = msgspec.json.encode([dict(zip(head, map(_json_cell, row), strict=True)) for row in rows])
    headers = {"Content-Disposition": f'attachment; filename="{stem}.{kind}"'} if kind != "json" else {}
    return Response(content, media_type=TYPES[kind], headers=headers)


def _json_cell(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 9999 else value
