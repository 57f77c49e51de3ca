"""Statistical series: import an edition, read it back, add it up along the tree.

A series is a source of its own, never postings; the same source again is a new edition. A code counts under the parent it had when last
valid, whatever the year; the mass of a code that has children is what is not allocated to them.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from carbon.activity_text import refused
from carbon.errors import CarbonError, DivisionNotFound
from carbon.region.divisions import NATION, DivisionTree
from carbon.region.series_file import read_series
from carbon.region.tables import SeriesCellRow, SeriesRow
from factors.gwp import smallest_unit
from ledger.bulk import insert
from ledger.errors import NotAllowed
from ledger.principal import Principal, Role
from ledger.types import table_of


class SeriesNotFound(CarbonError):
    """No series of that source, edition or year."""

    code = "series.not-found"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class SeriesReceipt:
    """What an import did: the edition, how many cells, and which codes went to the unallocated row of their city."""

    source: str
    edition: int
    cells: int
    total: int
    unit: str
    to_parent: tuple[str, ...]
    repeated: bool


def import_series(
    session: Session, path: Path, *, source: str, unit: str, principal: Principal, now: datetime, tree: DivisionTree, gas: str = "CO2",
    unknown_to_parent: bool = False, licence: str | None = None,
) -> SeriesReceipt:  # fmt: skip
    """Read a long (`division,year,mass`) or wide (`adcode` or `division`, years as columns) CSV and keep it as a new edition of `source`.

    The same file again is the edition that stands. Raises FaultyFile with every fault; then nothing is kept.
    """
    if principal.role not in {Role.ADMIN, Role.WRITER}:
        raise NotAllowed(actor=principal.actor, action="import a series")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise refused(str(path), "file.missing", f"the file cannot be read: {error.strerror}") from error
    cells, to_parent = read_series(data, file=path.name, unit=unit, gas=gas, tree=tree, unknown_to_parent=unknown_to_parent)
    sha256 = hashlib.sha256(data).digest()
    s = table_of(SeriesRow)
    editions = session.execute(
        sa.select(s.c.id, s.c.edition, s.c.sha256, s.c.cells).where(s.c.source == source).order_by(s.c.edition)
    ).all()
    total = sum(cells.values())
    if editions and bytes(editions[-1].sha256) == sha256 and editions[-1].cells == len(cells):
        return SeriesReceipt(source, editions[-1].edition, len(cells), total, smallest_unit(gas), to_parent, repeated=True)
    series_id = 1 + (session.execute(sa.select(sa.func.max(s.c.id))).scalar() or 0)
    edition = editions[-1].edition + 1 if editions else 1
    row = {
        "id": series_id, "source": source, "edition": edition, "gas": gas, "unit": unit, "file": path.name, "sha256": sha256,
        "cells": len(cells), "licence": licence, "actor": principal.actor, "imported_at": now,
    }  # fmt: skip
    session.execute(sa.insert(s).values(row))
    keyed = sorted((year, code, amount) for (code, year), amount in cells.items())
    schema = {"year": pl.Int64, "division": pl.String, "amount": pl.Int64}
    frame = pl.DataFrame(keyed, schema=schema, orient="row").select(pl.lit(series_id, pl.Int64).alias("series_id"), pl.all())
    insert(session.connection(), "series_cell", frame)
    return SeriesReceipt(source, edition, len(cells), total, smallest_unit(gas), to_parent, repeated=False)


@dataclass(frozen=True, slots=True)
class Series:
    """An edition of a source, ready to read."""

    id: int
    source: str
    edition: int
    gas: str
    licence: str | None
    file: str
    imported_at: datetime


def find_series(session: Session, source: str, edition: int | None = None) -> Series:
    """The newest edition of a source, or the one named; SeriesNotFound lists the sources there are."""
    s = table_of(SeriesRow)
    query = sa.select(s.c.id, s.c.source, s.c.edition, s.c.gas, s.c.licence, s.c.file, s.c.imported_at)
    query = query.where(s.c.source == source).order_by(s.c.edition.desc())
    found = session.execute(query if edition is None else query.where(s.c.edition == edition)).first()
    if found is None:
        known = ", ".join(name for (name,) in session.execute(sa.select(s.c.source).distinct().order_by(s.c.source)))
        raise SeriesNotFound(f"no series {source!r}{f' in edition {edition}' if edition else ''}: there are {known or 'none yet'}")
    return Series(*found)


def all_series(session: Session) -> list[Series]:
    """The newest edition of every source, by name."""
    s = table_of(SeriesRow)
    names = session.execute(sa.select(s.c.source).distinct().order_by(s.c.source)).scalars()
    return [find_series(session, name) for name in names]


def series_cells(session: Session, series: Series, *, year: int | None = None) -> pl.DataFrame:
    """The cells of an edition: `division`, `year`, `amount`."""
    c = table_of(SeriesCellRow).c
    query = sa.select(c.division, c.year, c.amount).where(c.series_id == series.id)
    rows = session.execute(query if year is None else query.where(c.year == year)).all()
    return pl.DataFrame([tuple(row) for row in rows], schema={"division": pl.String, "year": pl.Int64, "amount": pl.Int64}, orient="row")


def show_series(session: Session, code: str, *, year: int, source: str, tree: DivisionTree, edition: int | None = None) -> dict[str, Any]:
    """One division in one year: its mass, its children's, and what is not allocated to them; integer grams as text that add up exactly."""
    series = find_series(session, source, edition)
    if code not in tree:
        raise DivisionNotFound(code)
    sums, own = subtotals(series_cells(session, series, year=year), tree)
    if code not in sums:
        raise SeriesNotFound(f"{source} has no value for {code} in {year}")
    below = sorted(child for child in sums if child != NATION and tree.parent_when_last_valid(child) == code)
    names = {child: row.name_zh for child in below if (row := tree.ever(child))}
    return {
        "division": code,
        "year": year,
        "source": source,
        "edition": series.edition,
        "mass_g": str(sums[code]),
        "children": [{"division": child, "name": names[child], "mass_g": str(sums[child])} for child in below],
        "unallocated_g": str(own.get(code, 0)),
    }


def subtotals(cells: pl.DataFrame, tree: DivisionTree) -> tuple[dict[str, int], dict[str, int]]:
    """Of one year's cells: the sum of each division with all below it, and what stands on the division itself."""
    own = dict(zip(cells["division"].to_list(), cells["amount"].to_list(), strict=True))
    sums = dict(own)
    for code, amount in own.items():
        while code := tree.parent_when_last_valid(code):
            sums[code] = sums.get(code, 0) + amount
    return sums, own
