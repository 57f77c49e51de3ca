"""Tables as CSV and JSON, exactly what the page shows. A cell that a spreadsheet would run as a formula is made text."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from litestar.exceptions import NotFoundException
from litestar.response import Response

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


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


def table_response(file: str, *, stem: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response[bytes]:
    """The table as the file name asks: ``….csv`` or ``….json`` (a list of objects; amounts as text, since JSON readers use floats)."""
    kind = file.rpartition(".")[2]
    if kind not in TYPES:
        raise NotFoundException(detail=f"no such file {file}: ask for .csv or .json")
    if kind == "csv":
        content = csv_bytes(head, rows)
    else:
        content = msgspec.json.encode([dict(zip(head, map(_json_cell, row), strict=True)) for row in rows])
    headers = {"Content-Disposition": f'attachment; filename="{stem}.{kind}"'} if kind == "csv" else {}
    return Response(content, media_type=TYPES[kind], headers=headers)


def _json_cell(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 9999 else value
