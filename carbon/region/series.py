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
from factors.gwp import gwp_sets, smallest_unit
from ledger.bulk import insert
from ledger.errors import NotAllowed
from ledger.principal import Principal, Role
from ledger.types import table_of

SOURCE_MAX = 300


class SeriesNotFound(CarbonError):
    """No series of that source, edition or year."""

    code = "series.not-found"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class SeriesReceipt:
    """What an import did: the edition, how many cells, and which codes went to the unallocated row of their city.

    `same_as` is the newest earlier edition that says the very same, None where there is none.
    """

    source: str
    edition: int
    cells: int
    total: int
    unit: str
    to_parent: tuple[str, ...]
    same_as: int | None


def import_series(
    session: Session, path: Path, *, source: str, unit: str, principal: Principal, now: datetime, tree: DivisionTree, gas: str = "CO2",
    unknown_to_parent: bool = False, licence: str | None = None,
) -> SeriesReceipt:  # fmt: skip
    """Read a long (`division,year,mass`) or wide (`adcode` or `division`, years as columns) CSV and keep it as a new edition of `source`.

    Raises FaultyFile with every fault (then nothing is kept), NotAllowed.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise refused(str(path), "file.missing", f"the file cannot be read: {error.strerror}") from error
    return keep_series(
        session, data, file=path.name, source=source, unit=unit, principal=principal, now=now, tree=tree, gas=gas,
        unknown_to_parent=unknown_to_parent, licence=licence,
    )  # fmt: skip


def keep_series(
    session: Session, data: bytes, *, file: str, source: str, unit: str, principal: Principal, now: datetime, tree: DivisionTree,
    gas: str = "CO2", unknown_to_parent: bool = False, licence: str | None = None, only_if_new: bool = False,
) -> SeriesReceipt:  # fmt: skip
    """`import_series` of the bytes of a file. With `only_if_new` an edition that says the very same stands, and no other is made."""
    if principal.role not in {Role.ADMIN, Role.WRITER}:
        raise NotAllowed(actor=principal.actor, action="import a series")
    if not source.strip() or len(source) > SOURCE_MAX or not source.isprintable():
        raise refused(file, "source.bad", f"a source has a name of 1 to {SOURCE_MAX} printable characters", value=source[:60])
    if not _is_gas(gas):
        reason = f"gas {gas[:40]!r} is none that a GWP set prices: CO2, CH4, N2O, CO2e.AR5.100 …"
        raise refused(file, "gas.unknown", reason, value=gas[:60])
    cells, to_parent = read_series(data, file=file, unit=unit, gas=gas, tree=tree, unknown_to_parent=unknown_to_parent)
    sha256 = hashlib.sha256(data).digest()
    s = table_of(SeriesRow)
    editions = session.execute(sa.select(s).where(s.c.source == source).order_by(s.c.edition.desc())).mappings().all()
    said = {"sha256": sha256, "unit": unit, "gas": gas, "cells": len(cells), "licence": licence}
    same_as = next((row["edition"] for row in editions if said == {name: row[name] for name in said}), None)
    edition = editions[0]["edition"] + 1 if editions else 1
    newest = same_as == edition - 1
    receipt = SeriesReceipt(
        source, edition - 1 if only_if_new and newest else edition, len(cells), sum(cells.values()), smallest_unit(gas), to_parent, same_as
    )
    if only_if_new and newest:
        return receipt
    series_id = 1 + (session.execute(sa.select(sa.func.max(s.c.id))).scalar() or 0)
    row = said | {
        "id": series_id, "source": source, "edition": edition, "file": file, "actor": principal.actor, "imported_at": now,
    }  # fmt: skip
    session.execute(sa.insert(s).values(row))
    keyed = sorted((year, code, amount) for (code, year), amount in cells.items())
    schema = {"year": pl.Int64, "division": pl.String, "amount": pl.Int64}
    frame = pl.DataFrame(keyed, schema=schema, orient="row").select(pl.lit(series_id, pl.Int64).alias("series_id"), pl.all())
    insert(session.connection(), "series_cell", frame)
    return receipt


def _is_gas(gas: str) -> bool:
    return gas == "CO2.biogenic" or any(gas in {*prices.values, "CH4", f"CO2e.{name}"} for name, prices in gwp_sets().items())


@dataclass(frozen=True, slots=True)
class Series:
    """An edition of a source, ready to read."""

    id: int
    source: str
    edition: int
    gas: str
    licence: str | None
    file: str
    sha256: bytes
    imported_at: datetime


def find_series(session: Session, source: str, edition: int | None = None) -> Series:
    """The newest edition of a source, or the one named; SeriesNotFound lists the sources there are."""
    s = table_of(SeriesRow)
    query = sa.select(s.c.id, s.c.source, s.c.edition, s.c.gas, s.c.licence, s.c.file, s.c.sha256, s.c.imported_at)
    query = query.where(s.c.source == source).order_by(s.c.edition.desc())
    found = session.execute(query if edition is None else query.where(s.c.edition == edition)).first()
    if found is None:
        known = ", ".join(name for (name,) in session.execute(sa.select(s.c.source).distinct().order_by(s.c.source)))
        raise SeriesNotFound(f"no series {source!r}{f' in edition {edition}' if edition else ''}: there are {known or 'none yet'}")
    return Series(**{**found._mapping, "sha256": bytes(found.sha256)})


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
    """One division in one year: its mass, its children's, and what is not allocated to them; integers as text that add up exactly.

    Keys end in the unit of the gas: `mass_g`, or `mass_mg` of a gas other than CO2 and CO2e.
    """
    series = find_series(session, source, edition)
    if code not in tree:
        raise DivisionNotFound(code)
    sums, own = subtotals(series_cells(session, series, year=year), tree)
    if code not in sums:
        raise SeriesNotFound(f"{source} has no value for {code} in {year}")
    below = sorted(child for child in sums if child != NATION and tree.parent_when_last_valid(child) == code)
    unit = smallest_unit(series.gas)
    names = {child: row.name_zh for child in below if (row := tree.ever(child))}
    return {
        "division": code,
        "year": year,
        "source": source,
        f"mass_{unit}": str(sums[code]),
        "children": [{"division": child, "name": names[child], f"mass_{unit}": str(sums[child])} for child in below],
        f"unallocated_{unit}": str(own.get(code, 0)),
    }


def subtotals(cells: pl.DataFrame, tree: DivisionTree) -> tuple[dict[str, int], dict[str, int]]:
    """Of one year's cells: the sum of each division with all below it, and what stands on the division itself."""
    own = dict(zip(cells["division"].to_list(), cells["amount"].to_list(), strict=True))
    sums = dict(own)
    for code, amount in own.items():
        while code := tree.parent_when_last_valid(code):
            sums[code] = sums.get(code, 0) + amount
    return sums, own
