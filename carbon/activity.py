"""Activity data: what people burnt, bought, drove and threw away, line by line, with every bad line told at once."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from carbon.activity_columns import COLUMNS, read_header
from carbon.activity_formulas import judge_formulas
from carbon.activity_places import Sites, judge_divisions, judge_places
from carbon.activity_text import FAULTS_MAX, FILE_BYTES_MAX, TextTable, read_text_table, refused
from carbon.activity_values import Sieve, extra_texts, judge_activities, judge_options, judge_periods, judge_quantities, judge_units
from carbon.errors import Fault, FaultyFile

if TYPE_CHECKING:
    import pandas as pd

    from carbon.region.divisions import DivisionTree

ACTIVITY_SCHEMA = pl.Schema(
    {
        "line": pl.Int32,  # the row in the file, its first row being 1
        "activity": pl.String,  # canonical code
        "quantity": pl.String,  # a plain decimal
        "unit": pl.String,  # canonical token
        "start": pl.Date,
        "end": pl.Date,  # inclusive
        "division": pl.String,
        "site": pl.String,
        "source": pl.String,
        "reference": pl.String,
        "scope": pl.String,
        "category": pl.String,
        "method": pl.String,
        "tier": pl.String,
        "factor": pl.String,
        "ncv": pl.String,
        "carbon_content": pl.String,
        "oxidation": pl.String,
        "density": pl.String,
        "biogenic_share": pl.String,
        "counterparty": pl.String,
        "instrument": pl.String,
        "uncertainty_pct": pl.String,
        "note": pl.String,
        "formula": pl.String,  # an item of an accounting guide, such as cement.clinker_oxide.clinker
        "variables": pl.String,  # JSON of its variables by name, decimals as text in the unit of the guide
        "extra": pl.String,  # JSON of the columns x_…
    }
)


@dataclass(frozen=True, slots=True)
class ActivityFrame:
    """Lines of activity data that passed every check: `frame` has ACTIVITY_SCHEMA, in the order of the file.

    `parameter_units` holds the unit of each parameter's header; `read` says which cells of a workbook were read leniently, and how.
    """

    frame: pl.DataFrame
    file: str
    sha256: bytes
    parameter_units: Mapping[str, str]
    read: tuple[str, ...] = ()


Further = Callable[[ActivityFrame], object]
"""What lines go through next, such as `carbon.estimate.estimate`: it raises FaultyFile where it refuses some."""


def read_activities(
    path: Path, *, tree: "DivisionTree | None", today: date, sites: Sites | None = None, further: Further | None = None
) -> ActivityFrame:
    """The lines of a .csv (UTF-8) or .xlsx file, or FaultyFile with every fault of the file.

    `sites` are those of the holder who files; without them each line names its division. Without `tree` divisions are not looked up.
    Where some lines are at fault, the others go through `further`, so that what it refuses is told with them, all at once.
    """
    return parse_activities(load(path), file=path.name, tree=tree, today=today, sites=sites, further=further)


def load(path: Path) -> bytes:
    """The bytes of a file, or FaultyFile where there is none to read."""
    try:
        size = path.stat().st_size
        if not path.is_file() or size > FILE_BYTES_MAX:
            reason = f"at most {FILE_BYTES_MAX:,} bytes are read: split it" if path.is_file() else "this is no file"
            raise refused(path.name, "file.hostile", reason)
        return path.read_bytes()
    except OSError as error:
        raise refused(path.name, "file.type", f"the file cannot be read: {error.strerror or error}") from error


def parse_activities(
    data: bytes, *, file: str, tree: "DivisionTree | None", today: date, sites: Sites | None = None, further: Further | None = None
) -> ActivityFrame:
    """As `read_activities`, from bytes; the ending of `file` says which kind they are."""
    ending = Path(file).suffix.lower()
    if ending == ".xlsx":
        from carbon.workbook import read_workbook_table

        table = read_workbook_table(data, file=file)
    elif ending == ".csv":
        table = read_text_table(data, file=file)
    else:
        raise refused(file, "file.type", f"files end in .csv or .xlsx, this one in {ending or 'nothing'}: save it as one of the two")
    return _checked(table, tree=tree, today=today, sites=sites, further=further)


def from_pandas(
    frame: "pd.DataFrame", *, tree: "DivisionTree | None", today: date, sites: Sites | None = None, name: str = "dataframe"
) -> ActivityFrame:
    """The lines of a pandas frame, its first row being line 2, as if it had a header. Numbers keep 15 significant digits."""
    from carbon.workbook_cells import plain

    def text(value: Any) -> str | None:
        if value is None or value != value or str(value) in {"", "NaT", "<NA>"}:
            return None
        if isinstance(value, float):
            return plain(value)
        return value.date().isoformat() if hasattr(value, "to_pydatetime") else str(value).strip() or None

    names = [str(column) for column in frame.columns]
    columns = {str(place): [text(value) for value in frame.iloc[:, place].tolist()] for place in range(len(names))}
    header, faults = read_header(names, file=name)
    lines = pl.int_range(2, len(frame) + 2, dtype=pl.Int32, eager=True).alias("line")
    texts = pl.DataFrame([lines, *(pl.Series(place, cells, dtype=pl.String) for place, cells in columns.items())])
    told = hashlib.sha256("\n".join([repr(names), *(repr(row) for row in texts.iter_rows())]).encode())
    return _checked(TextTable(name, told.digest(), header, texts, faults), tree=tree, today=today, sites=sites)


def _checked(
    table: TextTable, *, tree: "DivisionTree | None", today: date, sites: Sites | None, further: Further | None = None
) -> ActivityFrame:
    """The table's lines, or FaultyFile: each column is judged, whatever was wrong with another."""
    header = table.header
    cells = [
        pl.col(str(header.places[name])).alias(name) if name in header.places else pl.lit(None, dtype=pl.String).alias(name)
        for name in COLUMNS
    ]
    if header.quantity_unit is not None and "unit" not in header.places:
        cells[COLUMNS.index("unit")] = pl.lit(header.quantity_unit).alias("unit")
    sieve = Sieve(table.frame.select("line", *cells), file=table.file)
    sieve.faults += table.faults
    missing = {fault.column for fault in table.faults if fault.code == "column.missing"}
    if missing:
        # without its columns a table has as many faults as cells: the missing names say all
        raise FaultyFile([fault for fault in sieve.faults if fault.code.startswith(("column.", "file.", "row."))])
    activities = judge_activities(sieve)
    judge_quantities(sieve)
    units = judge_units(sieve, activities)
    variables = judge_formulas(sieve, table.frame, header, activities, units)
    starts, ends = judge_periods(sieve, today=today)
    judge_options(sieve, parameter_units=header.parameter_units, header_row=header.row)
    at_sites, divisions = judge_places(sieve, ends, sites=sites)
    if tree is not None:
        divisions = judge_divisions(sieve, divisions, starts, ends, tree=tree)
    wrong = [fault.row for fault in sieve.faults]
    if wrong and (further is None or header.row in wrong or None in wrong):
        raise FaultyFile(_told(sieve, table))
    frame = sieve.frame.with_columns(
        activity=activities,
        unit=units,
        start=starts,
        end=ends,
        site=at_sites,
        division=divisions,
        variables=variables,
        extra=extra_texts(table.frame, header.extra),
    )
    units_of = {"oxidation": "1"} | dict(header.parameter_units) if sieve.has("oxidation") else dict(header.parameter_units)
    right = frame.filter(~pl.col("line").is_in(wrong)).select(ACTIVITY_SCHEMA.names()).cast(ACTIVITY_SCHEMA)
    lines = ActivityFrame(right, table.file, table.sha256, units_of, table.read)
    if not wrong:
        return lines
    try:
        if further is not None and right.height:
            further(lines)
    except FaultyFile as error:
        sieve.faults += error.faults
    raise FaultyFile(_told(sieve, table))


def _told(sieve: Sieve, table: TextTable) -> list[Fault]:
    """The faults, a cut-off end named as what it is, and no more of them than anybody reads."""
    faults = sieve.faults
    if (
        table.cut is not None
        and any(fault.row == table.cut for fault in faults)
        and not any(fault.code == "file.truncated" for fault in faults)
    ):
        reason = "the last line is faulty and has no line end: the file seems cut off; send it whole"
        faults = [*faults, Fault(file=table.file, row=table.cut, code="file.truncated", reason=reason)]
    if len(faults) > FAULTS_MAX:
        more = f"and {len(faults) - FAULTS_MAX:,} faults more"
        faults = [*faults[:FAULTS_MAX], Fault(file=table.file, code="file.faulty", reason=more)]
    return faults
