"""A file as the project's own columns, cell by cell as text: what a draft keeps, whatever is still wrong in it.

Each row keeps the number that it has in the firm's file: rows that are not filled in are blank here, and blank rows count. So every problem
that is found in the canonical text names the cell where the firm finds it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import polars as pl

from carbon.activity_columns import looks_like_header
from carbon.activity_text import TextTable, read_text_table, refused
from carbon.enterprise.intake.headings import Match, Way, propose, renaming
from carbon.errors import Fault
from carbon.workbook import HEADER_ROWS_MAX, open_workbook, table_of
from factors.item import VARIABLE

KEPT = 4


@dataclass(frozen=True, slots=True)
class Canonical:
    """`data` is CSV in UTF-8 with the columns of `carbon.activity_columns`; `faults` are of form and stand in the file, not in `data`.

    `read` says which cells of a workbook were read leniently, and how; `matches` how each heading was called.
    """

    data: bytes
    lines: int
    faults: tuple[Fault, ...]
    read: tuple[str, ...]
    matches: tuple[Match, ...]


def canonical(data: bytes, *, file: str, mapping: Mapping[str, str]) -> Canonical:
    """The file in canonical columns; the last few are kept, since who uploads a large one looks at it next.

    `mapping` says how its headings are called; those that it does not name are matched by `propose`.

    Raises FaultyFile where the file cannot be read at all, or no row of it names an activity and a quantity.
    """
    return _canonical(data, file, tuple(sorted(mapping.items())))


@lru_cache(maxsize=KEPT)
def _canonical(data: bytes, file: str, pairs: tuple[tuple[str, str], ...]) -> Canonical:
    mapping = dict(pairs)
    ending = Path(file).suffix.lower()
    if ending == ".xlsx":
        opened = open_workbook(data, file=file)
        rows = [[cell[1] if cell else None for cell in row] for sheet in opened.sheets.values() for row in sheet[:HEADER_ROWS_MAX]]
        header = _header(rows, mapping)
        matches = propose(header, mapping)
        called = renaming({match.heading: match.column for match in matches})
        table = table_of(opened, data, file=file, rename=called, is_header=lambda row: list(row) == header)
    elif ending == ".csv":
        found: list[Match] = []

        def rename(cells: Sequence[str | None]) -> Sequence[str | None]:
            found.extend(propose(cells, mapping))
            return renaming({match.heading: match.column for match in found})(cells)

        table, matches = read_text_table(data, file=file, rename=rename), tuple(found)
    else:
        raise refused(file, "file.type", f"files end in .xlsx or .csv, this one in {ending or 'nothing'}: save it as one of the two")
    return Canonical(as_csv(table), table.frame.height, tuple(table.faults), table.read, matches)


def _header(rows: Sequence[list[str | None]], mapping: Mapping[str, str]) -> list[str | None]:
    """The row that has our own keys, else the first in which an activity and a quantity are recognised, else that in which most is."""
    own = next((row for row in rows if looks_like_header(row)), None)
    if own is not None:
        return own
    known = [(row, propose(row, mapping)) for row in rows]
    said = next((row for row, matches in known if looks_like_header([match.column for match in matches])), None)
    return said or max(known, key=lambda pair: sum(match.way is not Way.KEPT for match in pair[1]), default=([], ()))[0]


def as_csv(table: TextTable) -> bytes:
    """The table as CSV, every row under its own number, columns of ours under their own names."""
    header = table.header
    variables = {VARIABLE + name: place for name, place in header.variables.items()}
    places = dict(header.places) | variables | dict(header.extra)
    units = dict(header.parameter_units) | {VARIABLE + name: unit for name, unit in header.variable_units.items()}
    frame = table.frame.select("line", *(pl.col(str(place)).alias(_heading(name, units)) for name, place in places.items()))
    if header.quantity_unit is not None and "unit" not in places:
        frame = frame.with_columns(unit=pl.lit(header.quantity_unit))
    last = int(str(frame["line"].max() or 1))
    whole = pl.DataFrame({"line": pl.int_range(2, last + 1, dtype=pl.Int32, eager=True)})
    return whole.join(frame, on="line", how="left", maintain_order="left").drop("line").write_csv().encode()


def _heading(name: str, units: Mapping[str, str]) -> str:
    return f"{name} [{units[name]}]" if name in units else name
