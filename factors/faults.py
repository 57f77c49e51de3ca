"""What can be wrong with the rows of a pack: every fault of every row, none stops at the first."""

import re
from collections.abc import Iterator, Sequence

from factors.activities import by_id
from factors.errors import NotANumber, UnknownUnit
from factors.factor import published_day
from factors.programme import BASES
from factors.units import find_unit, series_number

EVIDENCE = ("definition", "transcribed", "corroborated", "transcribed-source-inferred", "unverified")
"""From the best to the worst: see README of the facts. `unverified` is never chosen unless somebody asks for it."""

FUEL = {"ncv", "cc", "of", "hhv", "density"}
SHARE = (0.0, 1.0)
RANGES = {
    "of": (0.5, 1.0), "ncv": (0.5, 1000.0), "cc": (5.0, 120.0), "hhv": (0.00001, 1000.0), "density": (0.3, 2.0),
    "doc": SHARE, "docf": SHARE, "mcf": SHARE, "f": SHARE, "b0": SHARE, "k": (0.0, 2.0), "ccw": SHARE, "fcf": SHARE, "ce": SHARE,
    "clinker_fraction": SHARE, "cao": SHARE, "carbonate_content": SHARE, "abatement": SHARE, "sulfur": SHARE, "ash": SHARE,
    "ckd": (1.0, 2.0), "anode_net_consumption": SHARE, "slope": SHARE,
}  # fmt: skip
"""What can be true of each parameter in the unit of its rows; outside it somebody mistook a unit (98 for 0.98, TJ for GJ)."""

COLUMNS = {"id", "activities", "region", "parameter", "value", "unit", "source", "evidence"}
MASSES = {"mg", "g", "kg", "t", "lb"}
REGION = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,12}){0,3}|[0-9]{6}|WORLD")
GAS = re.compile(r"[A-Z][A-Za-z0-9.\-]{1,40}")


def all_faults(rows: Sequence[dict[str, str]], *, numbers: Sequence[int] | None = None) -> list[str]:
    """The faults of all rows, each with its row number in the file (the header is row 1, unless `numbers` says otherwise)."""
    numbered = list(zip(numbers or range(2, len(rows) + 2), rows, strict=True))
    found = [f"row {number}: {fault}" for number, row in numbered for fault in row_faults(row)]
    first: dict[tuple[str | None, ...], int] = {}
    for number, row in numbered:
        key = tuple(row.get(name) for name in ("id", "parameter", "gas", "unit"))
        if key in first:
            found.append(f"row {number}: {row.get('id')} has {row.get('parameter')} {row.get('gas')} in row {first[key]} already")
        first.setdefault(key, number)
    return found


def row_faults(row: dict[str, str]) -> Iterator[str]:
    lacking = sorted(name for name in COLUMNS if not row.get(name))
    if lacking:
        blank = ": a blank is not zero, write 0 where the source says 0" if "value" in lacking else ""
        yield f"{', '.join(lacking)} is empty{blank}"
        return
    try:
        value = float(series_number(row["value"]))
    except NotANumber as error:
        yield str(error)
        return
    if row["parameter"] != "ef" and row["parameter"] not in RANGES:
        yield f"parameter {row['parameter']!r} is not known: ef, or one of {', '.join(RANGES)}"
    low, high = RANGES.get(row["parameter"], (0.0, 1e9))
    if not low <= value <= high:
        meant = f"write {value / 100:g} for {row['value']} %" if high == 1 and 1 < value <= 100 else "was another unit meant?"
        yield f"{row['parameter']} of {row['value']} {row['unit']} lies outside {low:g}–{high:g}: {meant}"
    yield from _bound_faults(row, value)
    if row["evidence"] not in EVIDENCE:
        yield f"evidence {row['evidence']!r} is not one of {', '.join(EVIDENCE)}"
    if not REGION.fullmatch(row["region"]):
        yield f"region {row['region']!r} is no code: CN, 330000, CN-EC, GB, US-EGRID-CAMX, WORLD …"
    if row.get("basis") and row["basis"] not in BASES:
        yield f"basis {row['basis']!r} is not one of {', '.join(BASES)}"
    yield from _date_faults(row)
    for code in row["activities"].split("|"):
        if code not in by_id():
            yield f"activity {code!r} is not known"
    if row["parameter"] == "ef":
        yield from _factor_faults(row)


def _factor_faults(row: dict[str, str]) -> Iterator[str]:
    """A ready factor is a mass of a gas per unit of something."""
    top, _, bottom = row["unit"].partition("/")
    try:
        find_unit(bottom)
    except UnknownUnit as error:
        yield str(error)
    if top not in MASSES:
        yield f"unit {row['unit']!r} does not begin with a mass"
    if not GAS.fullmatch(row.get("gas") or ""):
        yield f"gas {row.get('gas')!r} is no gas: CO2, CH4.fossil, HFC-32, CO2e.AR5.100 …"


def _bound_faults(row: dict[str, str], value: float) -> Iterator[str]:
    """Bounds are decimals, both or none, with the value between them."""
    lower, upper = row.get("lower"), row.get("upper")
    if not lower and not upper:
        return
    if not lower or not upper:
        yield "lower and upper are stated together or not at all"
        return
    try:
        low, high = float(series_number(lower)), float(series_number(upper))
    except NotANumber as error:
        yield str(error)
        return
    if not low <= value <= high:
        yield f"{row['value']} does not lie between its bounds {lower} and {upper}"


def _date_faults(row: dict[str, str]) -> Iterator[str]:
    """Years are years, from before to; the day of publication is a day, a month or a year."""
    for first, last in (("year_from", "year_to"), ("used_from", "used_to")):
        years = [row.get(name) or "" for name in (first, last)]
        if not all(re.fullmatch(r"(1[89]|20)[0-9]{2}|", year) for year in years):
            yield f"{first}, {last}: {' – '.join(years)} are no years"
        elif all(years) and years[0] > years[1]:
            yield f"{first} {years[0]} lies after {last} {years[1]}"
    if row.get("published") and published_day(row["published"]) is None:
        yield f"published {row['published']!r} is no day, month or year: 2025-12-31, 2025-12 or 2025"
