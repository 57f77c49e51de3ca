"""The lines behind a figure: which cells it sums, the entries in them, what each put there, and the total, which is the figure again."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from urllib.parse import urlencode

import polars as pl
from litestar.exceptions import NotFoundException
from sqlmodel import Session

from carbon.chart import parse_cell
from carbon.evidence import FiledLine, lines, masses
from carbon.holder import holders
from carbon.region.divisions import divisions
from carbon.region.filings import filed_cells, value_of
from factors.gwp import gwp_set, valuation
from ledger.principal import Principal

PAGE = 50
HEAD = [
    "entry", "day", "start", "end", "holder", "site", "division", "book", "scope", "category", "activity", "quantity", "unit", "file",
    "row", "reference", "gases", "co2e_g", "gwp",
]  # fmt: skip
WHOLE = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What a figure sums: a division and all below it, a year, a book, a scope, a category, a holder, a site, an activity; empty is any.

    `month` is a month of the year as yyyymm, or ``none`` for what was filed for longer than one.
    """

    division: str
    year: int | None
    book: str
    scope: str
    category: str
    holder: str
    site: str
    gwp: str
    month: str = ""
    activity: str = ""

    @property
    def narrow(self) -> bool:
        """Whether not every line of a cell is asked for."""
        return bool(self.month or self.activity)

    def holds(self, line: FiledLine) -> bool:
        """Whether a line is of the month and the activity that are asked for."""
        return self.month in {"", str(line.month or "none")} and self.activity in {"", line.activity}

    def query(self) -> str:
        """The query of the address that asks this."""
        return urlencode({name: value for name, value in asdict(self).items() if value})


@dataclass(frozen=True, slots=True)
class Found:
    """A page of lines, each with what it put on its holder's accounts; the total of all pages where it is known; whether there are more."""

    rows: list[tuple[FiledLine, str, dict[str, int], int]]
    total_g: int | None
    more: int | None
    example: bool
    gwp: str

    def table(self) -> Iterator[list[object]]:
        """The rows as they are exported."""
        for line, _, gases, co2e in self.rows:
            cell = parse_cell(line.cell)
            yield [
                line.entry_id, line.end.isoformat(), line.start.isoformat(), line.end.isoformat(), line.holder, line.site, line.division,
                cell.book, cell.scope, cell.category, line.activity, line.quantity, line.unit, line.file, line.row, line.reference,
                " ".join(f"{gas}={amount}" for gas, amount in gases.items()), co2e, self.gwp,
            ]  # fmt: skip


def found_lines(session: Session, principal: Principal, asking: Asking, *, after: int, whole: bool) -> Found:
    """The lines of one page, or all of them for a file. The total counts reversals, so it stays the figure that led here."""
    tree, prices = divisions(), gwp_set(asking.gwp)
    if asking.division not in tree:
        raise NotFoundException(detail=f"{asking.division} never was a division of GB/T 2260")
    every = filed_cells(session, principal, tree, asking.division)
    if asking.year is not None:
        every = every.filter(pl.col("period") // 100 == asking.year)
    wanted = {"book": asking.book, "scope": asking.scope, "category": asking.category}
    keys = [
        key for key in every["cell"].unique().sort() if all(value in {"", getattr(parse_cell(key), name)} for name, value in wanted.items())
    ]
    since, until = (date(asking.year, 1, 1), date(asking.year, 12, 31)) if asking.year else (None, None)
    limit = WHOLE if whole or asking.narrow else PAGE + 1
    listed = lines(
        session, principal, cells=keys, holder=asking.holder or None, site=asking.site or None, standing=False, after=after, limit=limit,
        since=since, until=until,
    )  # fmt: skip
    listed = [line for line in listed if asking.holds(line)]
    standing = [line for line in listed if line.reversed_by is None]
    more = standing[PAGE - 1].entry_id if not whole and len(standing) > PAGE else None
    shown = standing if whole else standing[:PAGE]
    named = {holder.id: holder for holder in holders(session, principal, limit=WHOLE)}
    put = _by_entry(masses(session, shown), set(keys))
    rows = []
    for line in shown:
        gases = {} if line.entry_id is None else put.get(line.entry_id, {})
        rows.append((line, named[line.holder].name, gases, valuation(prices.priced(gases), prices)))
    if asking.holder or asking.narrow:
        every_line = listed if whole else lines(
            session, principal, cells=keys, holder=asking.holder or None, site=asking.site or None, limit=WHOLE, since=since, until=until
        )  # fmt: skip
        put_there = masses(session, [line for line in every_line if asking.holds(line)])
        total: int | None = value_of(put_there.filter(pl.col("cell").is_in(keys)), prices) or 0
    else:
        total = value_of(every.filter(pl.col("cell").is_in(keys)), prices)
    return Found(rows, total, more, any(named[line.holder].example for line in shown), asking.gwp)


def _by_entry(amounts: pl.DataFrame, keys: set[str]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    for entry_id, cell, gas, amount in amounts.select("entry_id", "cell", "commodity", "amount").iter_rows():
        if cell in keys:
            gases = found.setdefault(entry_id, {})
            gases[gas] = gases.get(gas, 0) + amount
    return found
