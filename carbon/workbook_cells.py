"""The cells of a workbook, read in a process of its own that may use 1 GiB and 20 s: a reader that fails takes nobody along.

Run as ``python -m carbon.workbook_cells``: the workbook comes on standard input, JSON goes to standard output, one object for all sheets
``{sheet: [[cell …] …]}``. A cell is null, or its kind and its text: ``["s", text]``, ``["n", plain decimal of 15 digits]``,
``["d", ISO day or moment]``, ``["b", …]``, ``["x", …]`` for anything else. Nothing heavy is imported here.
"""

import io
import json
import math
import sys
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

MEMORY_BYTES = 2**30
SECONDS = 20
OUTPUT_BYTES_MAX = 200 * 2**20
DIGITS = 15
"""As many significant digits as Excel keeps; the binary number behind them has noise after the fifteenth."""


def plain(value: float) -> str:
    """A binary number as the plain decimal that a spreadsheet shows for it: 15 significant digits, no exponent."""
    if isinstance(value, int) or not math.isfinite(value):
        return str(value)
    return format(Decimal(f"{value:.{DIGITS}g}"), "f")


def cell(value: Any) -> list[str] | None:
    """A cell as its kind and text."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return ["b", "TRUE" if value else "FALSE"]
    if isinstance(value, int | float):
        return ["n", plain(float(value))]
    if isinstance(value, datetime):
        return ["d", value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")]
    if isinstance(value, date):
        return ["d", value.isoformat()]
    if isinstance(value, time | timedelta):
        return ["x", str(value)]
    return ["s", str(value)]


def _limit() -> None:
    import resource

    for kind, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, SECONDS)):
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):  # a system that keeps no such limit, as macOS does with memory
            continue


def main() -> None:
    """Read the workbook on standard input, write its cells to standard output."""
    _limit()
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
    visible = [sheet.name for sheet in book.sheets_metadata if str(sheet.visible).endswith("Visible")]
    found = {
        name: [[cell(value) for value in row] for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)] for name in visible
    }
    text = json.dumps(found, ensure_ascii=True, separators=(",", ":"))
    if len(text) > OUTPUT_BYTES_MAX:
        sys.exit(f"its cells hold more than {OUTPUT_BYTES_MAX >> 20} MB")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
