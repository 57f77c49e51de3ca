"""When it happened: a day, a month or a year as people file it, and the period that it means."""

import re
from calendar import monthrange
from datetime import date

YEAR_MIN, YEAR_MAX = 1900, 2199
_DAY = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


def read_period(text: str) -> tuple[date, date]:
    """First and last day (inclusive) of ``2023-07-01``, ``2023-07`` or ``2023``; a ValueError says what is wrong."""
    match = _DAY.fullmatch(text)
    if not match:
        raise ValueError(f"{text[:40]!r} is no day: write 2023-07-01, a month as 2023-07 or a year as 2023")
    year = int(match[1])
    if not YEAR_MIN <= year <= YEAR_MAX:
        raise ValueError(f"{text} lies outside the years {YEAR_MIN} to {YEAR_MAX}")
    try:
        if match[3]:
            day = date(year, int(match[2]), int(match[3]))
            return day, day
        if match[2]:
            month = int(match[2])
            return date(year, month, 1), date(year, month, monthrange(year, month)[1])
    except ValueError as error:
        raise ValueError(f"{text} is not in the calendar") from error
    return date(year, 1, 1), date(year, 12, 31)
