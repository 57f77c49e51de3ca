"""What a spreadsheet's cell means where people write freely: full-width digits, thousands separators, 2024年3月, serial dates.

Only .xlsx is read so, and each reading that is not the cell's own text is told. CSV is made by machines and is refused instead.
"""

import re
from collections.abc import Callable
from datetime import date, timedelta

FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xA0: 0x20}
"""Full-width ASCII and blanks, to their plain forms (Unicode block Halfwidth and Fullwidth Forms)."""
NUMBERS = frozenset({"quantity", "ncv", "carbon_content", "oxidation", "density", "biogenic_share", "uncertainty_pct"})
DAYS = frozenset({"day", "start", "end"})
PLAIN_CODES = frozenset({"division", "scope", "category", "unit", "activity", "method", "tier"})
_THOUSANDS = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
_CHINESE_DAY = re.compile(r"([12][0-9]{3})年(?:([01]?[0-9])月(?:份|([0-3]?[0-9])日)?)?")
_PARTED_DAY = re.compile(r"([12][0-9]{3})[-/.]([01]?[0-9])(?:[-/.]([0-3]?[0-9]))?")
_MOMENT = re.compile(r"([12][0-9]{3}-[0-9]{2}-[0-9]{2}) [0-9:.]+")
SERIAL_MIN, SERIAL_MAX = 20_000, 80_000
"""Serial days that are taken for dates: 1954 to 2119. Smaller numbers are years or mistakes."""
_SERIAL_ZERO = date(1899, 12, 30)

Reading = tuple[str | None, bool]
"""The text that a cell stands for, and whether somebody should be told how it was read."""


def reader(column: str, *, from_1904: bool) -> Callable[[str, str], Reading]:
    """How to read the cells (kind, text) of a column."""
    if column in NUMBERS:
        return _number
    if column in DAYS:
        return lambda kind, text: _day(kind, text, from_1904=from_1904)
    if column in PLAIN_CODES:
        return _code
    return _text


def _text(_: str, text: str) -> Reading:
    return text.strip(" \t\r\n　\xa0") or None, False


def _code(kind: str, text: str) -> Reading:
    own = _text(kind, text)[0]
    if own is None or own.isascii():
        return own, False
    plain = own.translate(FULL_WIDTH)
    # only what is plain letters and digits is set right; names such as 煤（烟煤） keep the signs that the tables know them by
    return (plain, True) if re.fullmatch(r"[0-9A-Za-z.\-]+", plain) and plain != own else (own, False)


def _number(kind: str, text: str) -> Reading:
    if kind == "n":
        return text, False
    own = text.strip()
    plain = own.translate(FULL_WIDTH).replace("，", ",").strip()
    if _THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    return plain or None, plain != own


def _day(kind: str, text: str, *, from_1904: bool) -> Reading:
    if kind == "d":
        moment = _MOMENT.fullmatch(text)
        return (moment[1], True) if moment else (text, False)
    if kind == "n":
        whole = text.isdecimal()
        if whole and not from_1904 and SERIAL_MIN <= int(text) <= SERIAL_MAX:
            return (_SERIAL_ZERO + timedelta(days=int(text))).isoformat(), True
        return text, False
    own = text.strip()
    plain = own.translate(FULL_WIDTH).replace(" ", "")
    match = _CHINESE_DAY.fullmatch(plain) or _PARTED_DAY.fullmatch(plain)
    if match:
        plain = "-".join([match[1], *(part.zfill(2) for part in match.groups()[1:] if part)])
    return plain or None, plain != own
