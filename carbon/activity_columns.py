"""The columns of activity data: which exist, which must, and how a header names them."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from carbon.errors import Fault
from factors.guide import named_variables
from factors.item import VARIABLE
from factors.units import nearest

REQUIRED = ("activity", "quantity", "unit")
PERIOD = ("day", "start", "end")
PARAMETERS = ("ncv", "carbon_content", "oxidation", "density")
"""What a line may say of its own fuel; the unit stands in the header, such as ``ncv [GJ/t]``."""
OPTIONAL = (
    "division", "site", "source", "reference", "scope", "category", "method", "tier", "factor", *PARAMETERS, "biogenic_share",
    "counterparty", "instrument", "uncertainty_pct", "note", "formula",
)  # fmt: skip
COLUMNS = (*REQUIRED, *PERIOD, *OPTIONAL)
EXTRA = "x_"
LEFT_OUT = "-"
"""The heading of a column that nobody reads."""
COLUMNS_MAX = 200
_WITH_UNIT = re.compile(r"(?P<name>\S+?)\s*[\[［](?P<unit>[^\]］]+)[\]］]")


@dataclass(frozen=True, slots=True)
class Header:
    """What each column of a file is: its place by name, the unit of each parameter, and where the columns of one's own lie.

    `variables` are the columns ``v_…`` of formulas by the variable's name, `variable_units` the units that their headings state.
    `quantity_unit` is that of a heading ``quantity [kWh]``, which stands in for a column `unit`.
    """

    row: int
    places: Mapping[str, int]
    parameter_units: Mapping[str, str]
    extra: Mapping[str, int]
    quantity_unit: str | None = None
    variables: Mapping[str, int] = field(default_factory=dict)
    variable_units: Mapping[str, str] = field(default_factory=dict)


def read_header(
    cells: Sequence[str | None], *, file: str, row: int = 1, filled: Sequence[bool] | None = None
) -> tuple[Header, list[Fault]]:
    """The header that `cells` are, and what is wrong with it. `filled` says which columns hold anything below it."""
    faults: list[Fault] = []
    found: dict[str, int] = {}
    units: dict[str, str] = {}

    def refuse(code: str, reason: str, value: str | None = None) -> None:
        faults.append(Fault(file=file, row=row, column=value, value=value, code=code, reason=reason))

    for place, cell in enumerate(cells):
        text = (cell or "").strip()
        if not text:
            if filled is None or filled[place]:
                refuse("column.unknown", f"column {place + 1} has no heading: name it, or begin its name with {EXTRA}")
            continue
        if text == LEFT_OUT:
            continue
        name, unit = _split(text)
        own = text.startswith(EXTRA)
        why = _refusal(text, name, unit, found)
        if why is not None:
            refuse(*why, text[:60])
            continue
        found[text if own else name] = place
        if unit is not None and not own:
            units[name] = unit
    extra = {name: place for name, place in found.items() if name.startswith(EXTRA)}
    variables = {name.removeprefix(VARIABLE): place for name, place in found.items() if name.startswith(VARIABLE)}
    places = {name: place for name, place in found.items() if not name.startswith((EXTRA, VARIABLE))}
    variable_units = {name: units.pop(VARIABLE + name) for name in variables if VARIABLE + name in units}
    quantity_unit = units.pop("quantity", None)
    for name, reason in _missing(places, quantity_unit):
        refuse("column.missing", reason, name)
    if quantity_unit is not None and "unit" in places:
        refuse("column.twice", f"the unit stands in the heading of 'quantity' ({quantity_unit}) and in a column 'unit': keep one", "unit")
    return Header(row, places, units, extra, quantity_unit, variables, variable_units), faults


def _refusal(text: str, name: str, unit: str | None, found: Mapping[str, int]) -> tuple[str, str] | None:
    """Why a heading is none: a stable code and a sentence."""
    if name in found or text in found:
        return "column.twice", f"the column {name!r} is there twice: keep one"
    if text.startswith(EXTRA):
        return None
    if name.startswith(VARIABLE):
        variable = name.removeprefix(VARIABLE)
        return None if variable in named_variables() else ("variable.unknown", _unknown_variable(variable))
    if name not in COLUMNS or (unit is not None and name not in (*PARAMETERS, "quantity")):
        return "column.unknown", _unknown(text)
    return None


def _missing(places: Mapping[str, int], quantity_unit: str | None) -> Iterator[tuple[str, str]]:
    """The columns that every file has and this one has not, and why they must be there."""
    for name in REQUIRED:
        if name not in places and not (name == "unit" and quantity_unit is not None):
            yield name, f"the column {name!r} is missing: every line needs {', '.join(REQUIRED)} and a day"
    if "day" not in places and not {"start", "end"} <= places.keys():
        yield "day", "a column 'day' (a day, a month 2023-07 or a year 2023) is missing, or the two columns 'start' and 'end'"


def _split(text: str) -> tuple[str, str | None]:
    match = _WITH_UNIT.fullmatch(text)
    return (match["name"], match["unit"].strip()) if match else (text, None)


def _unknown(text: str) -> str:
    near = difflib.get_close_matches(_split(text)[0].lower(), COLUMNS, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"the column {text[:60]!r} is not known: {hint}a column of your own begins with {EXTRA}; the others are {', '.join(COLUMNS)}"


def _unknown_variable(name: str) -> str:
    near = ", ".join(VARIABLE + one for one in nearest(name[:40], named_variables()))
    hint = f"; nearest: {near}" if near else ""
    return f"no formula of an accounting guide has a variable {name[:40]!r}{hint}. `tanzhang guides show` lists them"


def looks_like_header(cells: Sequence[str | None]) -> bool:
    """Whether a row of a sheet is the one that names the columns: it has `activity` and `quantity`."""
    return {"activity", "quantity"} <= {_split((cell or "").strip())[0] for cell in cells}
