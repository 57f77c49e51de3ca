"""The file of a statistical series, long or wide, as exact amounts by code and year.

Each cell is the exact decimal × the unit, rounded half-even to the gas's smallest unit; a blank is no value, not zero. A code is accepted
if it ever was a division, whatever the year.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from carbon.activity_text import refused
from carbon.errors import Fault, FaultyFile
from carbon.region.divisions import DivisionTree
from factors.errors import NotANumber
from factors.gwp import smallest_unit
from factors.units import series_number

GRAMS = {unit: Decimal(10) ** power for unit, power in {"g": 0, "kg": 3, "t": 6, "kt": 9, "万t": 10, "Mt": 12, "亿t": 14, "Gt": 15}.items()}
INT64_MAX = 2**63 - 1
YEAR = re.compile(r"(19|20)[0-9]{2}")
Amounts = dict[tuple[str, int], int]


def read_series(
    data: bytes, *, file: str, unit: str, gas: str, tree: DivisionTree, unknown_to_parent: bool
) -> tuple[Amounts, tuple[str, ...]]:
    """Amounts by code and year, and the codes that never were divisions and were counted with their city."""
    if unit not in GRAMS:
        raise refused(file, "unit.unknown", f"unit {unit!r} is no mass of a series: one of {', '.join(GRAMS)}")
    scale = GRAMS[unit] * (1 if smallest_unit(gas) == "g" else 1000)
    rows = _rows(data, file)
    header = [name.strip() for name in rows[0]]
    years = {place: int(name) for place, name in enumerate(header) if YEAR.fullmatch(name)}
    code_at = next((header.index(name) for name in ("adcode", "division") if name in header), None)
    long = {"division", "year", "mass"} <= set(header)
    if code_at is None or not (long or years):
        raise refused(file, "column.missing", "columns are `division,year,mass`, or `adcode` (or `division`) with years as columns", row=1)
    cells: Amounts = {}
    faults: list[Fault] = []
    strays: dict[str, None] = {}
    seen: dict[tuple[str, int], int] = {}
    for number, row in enumerate(rows[1:], start=2):
        code = row[code_at].strip() if len(row) > code_at else ""
        home = _home(code, tree, unknown_to_parent=unknown_to_parent)
        if len(row) != len(header):
            faults += [_ragged(file, number, expected=len(header), actual=len(row))] if any(row) else []
        elif home is None:
            faults.append(_unknown(file, number, header[code_at], code))
        else:
            strays |= {} if home == code else {code: None}
            masses = _masses(row, header, years, long=long, file=file, number=number, faults=faults)
            for year, column, text in masses:
                if home == code and (home, year) in seen:
                    faults.append(_twice(file, number, column, text, code=code, year=year, first=seen[home, year]))
                    continue
                seen.setdefault((home, year), number)
                amount = _amount(text, scale, file=file, number=number, column=column, faults=faults)
                cells[home, year] = total = cells.get((home, year), 0) + amount
                if abs(amount) > INT64_MAX or abs(total) > INT64_MAX:
                    faults.append(_too_large(file, number, column, text))
    if faults:
        raise FaultyFile(faults)
    if not cells:
        raise refused(file, "file.empty", "the file holds no value")
    return cells, tuple(strays)


def _twice(file: str, number: int, column: str, text: str, *, code: str, year: int, first: int) -> Fault:
    reason = f"{code} has a value for {year} already, in row {first}: keep one"
    return Fault(file=file, row=number, column=column, value=text, code="line.twice", reason=reason)


def _rows(data: bytes, file: str) -> list[list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        reason = "the file is not UTF-8 (GBK, perhaps): save it as “CSV UTF-8” and import it again"
        raise refused(file, "file.encoding", reason, row=data[: error.start].count(b"\n") + 1) from error
    if "\0" in text:
        raise refused(file, "file.type", "the file is no text: CSV is read here")
    try:
        rows = list(csv.reader(io.StringIO(text), strict=True))
    except csv.Error as error:
        raise refused(file, "file.truncated", f"the file seems cut off or a quote is not closed ({error})") from error
    if len(rows) < 2:
        raise refused(file, "file.empty", "the file is empty: it needs a header and at least one line")
    return rows


def _home(code: str, tree: DivisionTree, *, unknown_to_parent: bool) -> str | None:
    """Where a code's mass stands: itself if it ever was a division, else on request the city (or province) of its first four digits."""
    if code in tree:
        return code
    if not unknown_to_parent or not re.match(r"[1-8][0-9]{3}", code):
        return None
    return next((parent for parent in (f"{code[:4]}00", f"{code[:2]}0000") if parent in tree), None)


def _masses(
    row: Sequence[str], header: Sequence[str], years: Mapping[int, int], *, long: bool, file: str, number: int, faults: list[Fault]
) -> Iterator[tuple[int, str, str]]:
    """Year, column and text of each value in a row; blanks are none."""
    if not long:
        yield from ((year, header[place], text) for place, year in years.items() if (text := row[place].strip()))
        return
    year, text = row[header.index("year")].strip(), row[header.index("mass")].strip()
    if not YEAR.fullmatch(year):
        reason = f"year {year[:20]!r} is no year: four digits"
        faults.append(Fault(file=file, row=number, column="year", value=year[:60], code="day.unreadable", reason=reason))
    elif text:
        yield int(year), "mass", text


def _amount(text: str, scale: Decimal, *, file: str, number: int, column: str, faults: list[Fault]) -> int:
    try:
        exact = series_number(text) * scale
    except NotANumber as error:
        faults.append(Fault(file=file, row=number, column=column, value=text[:60], code=error.code, reason=str(error)))
        return 0
    return int(exact.to_integral_value(rounding="ROUND_HALF_EVEN"))


def _too_large(file: str, number: int, column: str, text: str) -> Fault:
    reason = "the mass does not fit in 64 bits: is the unit right?"
    return Fault(file=file, row=number, column=column, value=text, code="number.too-large", reason=reason)


def _ragged(file: str, number: int, *, expected: int, actual: int) -> Fault:
    reason = f"{actual} cells where the header has {expected}: is the file cut off, or a comma too many?"
    return Fault(file=file, row=number, code="row.fields", reason=reason)


def _unknown(file: str, number: int, column: str, code: str) -> Fault:
    reason = f"{code!r} never was a division: mend it, or import with --unknown-to-parent to count it with its city"
    return Fault(file=file, row=number, column=column, value=code[:60], code="division.unknown", reason=reason)
