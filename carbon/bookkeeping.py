"""Lines of activity data and their masses become balanced entries: one entry a line, every gas in it, dated on its last day.

Pure: who posts the batch, and when, is `carbon.record`'s business. A deduction is taken from scope 1 again, and debited to what was
captured where something was; a quantity below zero turns every sign and is a correction. A line that emits nothing makes no entry.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from carbon import chart
from carbon.activity import ActivityFrame
from carbon.errors import Fault, FaultyFile
from carbon.estimate import EmissionFrame
from carbon.scope import UNDECIDED, Book, Misplaced, Placement, place
from factors.activities import by_id
from factors.gwp import smallest_unit
from factors.item import find_item
from factors.resolution import Resolution
from ledger.entry import CELLS, ENTRIES, POSTINGS, EntryBatch, client_key, entry_batch
from ledger.errors import AmountTooLarge

Leg = tuple[str, int]
"""An account and the sign with which it takes a line's masses."""

Sellers = Mapping[tuple[str, date], chart.Seller]
"""What the book knows a counterparty as, on a line's last day."""

_PLACED_BY = ("activity", "scope", "category", "method", "formula")
_LEGS_BY = ("place", "site", "division", "resolution", "seller")
INT64_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class PlacedLines:
    """Lines whose book, scope and category are decided: `lines` for the estimate, and `place`, for each line its place in `placements`.

    `seller` is, for each line, the `chart.Seller` that the book knows its counterparty as; None where no line has one.
    """

    lines: ActivityFrame
    place: pl.Series
    placements: tuple[Placement, ...]
    seller: pl.Series | None = None

    def sellers(self) -> pl.Series:
        """The seller of each line, as text."""
        return pl.Series("seller", [None] * self.place.len(), dtype=pl.String) if self.seller is None else self.seller.alias("seller")


@dataclass(frozen=True, slots=True)
class Booking:
    """What is to be posted, and for each line (in the order of the file) its entry in the batch (null: none) and its cell."""

    batch: EntryBatch
    lines: pl.DataFrame


def place_lines(lines: ActivityFrame, *, industry: str | None, sellers: Sellers | None = None) -> PlacedLines:
    """The lines in their books; the category of fuel burnt follows the holder's industry. FaultyFile where a line fits nowhere."""
    # what no line says cannot part lines: a file without formulas is placed as fast as before there were any
    by = [name for name in _PLACED_BY if name == "activity" or lines.frame[name].null_count() < lines.frame.height]
    keys = lines.frame.select(by).unique(maintain_order=True)
    placements: list[Placement] = []
    places: list[int | None] = []
    refused: list[tuple[int, Misplaced]] = []
    for number, row in enumerate(keys.iter_rows(named=True)):
        said = {name: row.get(name) for name in ("scope", "category", "method")}
        item = find_item(row["formula"]) if row.get("formula") else None
        try:
            placements.append(place(by_id()[row["activity"]], **said, industry=industry, item=item))
            places.append(len(placements) - 1)
        except Misplaced as error:
            refused.append((number, error))
            places.append(None)
    numbered = keys.with_columns(place=pl.Series(places, dtype=pl.UInt32), key=pl.int_range(keys.height, dtype=pl.Int64))
    joined = lines.frame.join(numbered, on=by, how="left", nulls_equal=True, maintain_order="left")
    if refused:
        why = dict(refused)
        raise FaultyFile(
            [_misplaced(lines.file, row, why[row["key"]]) for row in joined.filter(pl.col("place").is_null()).iter_rows(named=True)]
        )
    decided = [p.category if p.book is Book.PHYSICAL and p.category != UNDECIDED else None for p in placements]
    category = pl.coalesce("category", pl.lit(pl.Series(decided, dtype=pl.String)).gather(pl.col("place"))).alias("category")
    frame = joined.with_columns(category).select(lines.frame.columns)
    return PlacedLines(replace(lines, frame=frame), joined["place"], tuple(placements), _sellers(joined, placements, sellers or {}))


def _sellers(joined: pl.DataFrame, placements: Sequence[Placement], sellers: Sellers) -> pl.Series | None:
    """Of whom each line buys, where the book knows the other side: energy that is bought, and the value chain."""
    if not sellers:
        return None
    buys = [p.book is not Book.PHYSICAL and not p.sold and not p.deduction for p in placements]
    rows = [(text, day, seller.text()) for (text, day), seller in sellers.items()]
    known = pl.DataFrame(rows, schema={"counterparty": pl.String, "end": pl.Date, "seller": pl.String}, orient="row")
    found = joined.select("counterparty", "end", buys=pl.lit(pl.Series(buys)).gather(pl.col("place")))
    found = found.join(known, on=["counterparty", "end"], how="left", maintain_order="left")
    return found.select(pl.when("buys").then("seller").alias("seller")).to_series()


def _misplaced(file: str, row: dict[str, object], error: Misplaced) -> Fault:
    value = row[error.column]
    line = row["line"]
    assert isinstance(line, int)
    return Fault(
        file=file, row=line, column=error.column, value=None if value is None else str(value), code=error.code, reason=error.reason
    )


def emission_entries(
    placed: PlacedLines, emissions: EmissionFrame, *, holder: str, scope_of_keys: str, by_reference: bool, evidence: pl.Series | None = None
) -> Booking:
    """The batch of a file's entries. Keys are made within `scope_of_keys`: of a line's reference where `by_reference` and it is one line's
    alone, else of the file's hash and the row. `evidence` is the seal of each line (`carbon.seal`), else the file's hash.
    """
    lines = placed.lines
    seal = pl.lit(lines.sha256) if evidence is None else evidence
    resolved = emissions.lines["resolution"]
    frame = lines.frame.with_columns(place=placed.place, resolution=resolved, evidence=seal, seller=placed.sellers())
    legs, cells_of_line = _legs(frame, placed.placements, emissions.resolutions, holder)
    amounts = emissions.long().select("line", "gas", "amount")
    live = frame.join(amounts.select("line").unique(), on="line", how="semi", maintain_order="left")
    entries = live.with_columns(
        no=pl.int_range(live.height, dtype=pl.Int64),
        key=_keys(live, lines.sha256, scope_of_keys, by_reference=by_reference),
        book=pl.lit(pl.Series([p.book.value for p in placed.placements], dtype=pl.String)).gather(pl.col("place")),
        kind=_kind(placed.placements),
        day=pl.col("end"),
        detail=pl.lit(None, dtype=pl.String),
        reverses=pl.lit(None, dtype=pl.Int64),
    )
    booked = (
        entries.select("no", "line", "day", *_LEGS_BY)
        .join(legs, on=_LEGS_BY, how="left", nulls_equal=True, maintain_order="left")
        .join(amounts, on="line", maintain_order="left")
        .select("no", "day", "account", "cell", commodity="gas", amount=pl.col("amount") * pl.col("sign"))
    )
    gases = booked["commodity"].unique().sort().to_list()
    units = {gas: smallest_unit(gas) for gas in gases}
    batch = entry_batch(entries.select(ENTRIES.names()), booked.select(POSTINGS.names()), cell_sums(booked), units=units)
    numbers = frame.select("line").join(entries.select("line", "no"), on="line", how="left", maintain_order="left")
    return Booking(batch, numbers.with_columns(cell=cells_of_line))


def cell_sums(booked: pl.DataFrame) -> pl.DataFrame:
    """The sums to keep (CELLS) of postings with `day`, `cell` (null where none is kept), `commodity`, `amount`."""
    period = pl.col("day").dt.year() * 100 + pl.col("day").dt.month().cast(pl.Int32)
    sums = (
        booked.drop_nulls("cell")
        .group_by("cell", period.alias("period"), "commodity")
        .agg(pl.col("amount").cast(pl.Int128).sum(), count=pl.len().cast(pl.Int64))
        .sort("cell", "period", "commodity")
    )
    large = sums.filter(pl.col("amount").abs() > INT64_MAX)
    if large.height:
        raise AmountTooLarge(what=f"cell {large['cell'][0]} in {large['period'][0]}")
    return sums.select(CELLS.names()).cast(CELLS)


SELLER = "seller"
"""The key of a line's details that names the seller of what it buys (`chart.Seller`)."""


def seller_of(details: str | None) -> str | None:
    """The seller that the kept details of a line name, as text."""
    if details is None or f'"{SELLER}"' not in details:
        return None
    said: str | None = json.loads(details).get(SELLER)
    return said


def with_cells(legs: pl.DataFrame) -> pl.DataFrame:
    """Legs with `account`, `book`, `division` and `seller` of their line (text, or null) get the `cell` in which each counts."""
    names = legs.select("account", "book", "division", "seller").unique()
    cells = [
        chart.cell_of(name, book=book, division=at, seller=chart.Seller.parse(seller) if seller else None)
        for name, book, at, seller in names.iter_rows()
    ]
    known = names.with_columns(cell=pl.Series(cells, dtype=pl.String))
    return legs.join(known, on=["account", "book", "division", "seller"], how="left", nulls_equal=True, maintain_order="left")


def _legs(
    frame: pl.DataFrame, placements: Sequence[Placement], resolutions: Sequence[Resolution], holder: str
) -> tuple[pl.DataFrame, pl.Series]:
    """The legs of each kind of line (`_LEGS_BY` → account, sign, cell), and for each line the cell of its first leg."""
    kinds = frame.select(_LEGS_BY).unique(maintain_order=True)
    rows = []
    for number, site, division, resolution, sold_by in kinds.iter_rows():
        placement, seller = placements[number], chart.Seller.parse(sold_by) if sold_by else None
        for account, sign in legs_of(placement, resolutions[resolution], holder=holder, site=site, division=division, seller=seller):
            cell = chart.cell_of(account, book=placement.book, division=division, seller=seller)
            rows.append((number, site, division, resolution, sold_by, account, sign, cell))
    schema = pl.Schema([*frame.select(_LEGS_BY).schema.items(), ("account", pl.String()), ("sign", pl.Int64()), ("cell", pl.String())])
    legs = pl.DataFrame(rows, schema=schema, orient="row")
    first = legs.drop_nulls("cell").unique(list(_LEGS_BY), keep="first").select(*_LEGS_BY, "cell")
    cells = frame.select(_LEGS_BY).join(first, on=_LEGS_BY, how="left", nulls_equal=True, maintain_order="left")["cell"]
    return legs, cells


def legs_of(
    placement: Placement, resolution: Resolution, *, holder: str, site: str, division: str, seller: chart.Seller | None = None
) -> tuple[Leg, ...]:
    """The accounts that a line's masses go to, the holder's first (chart of accounts: physical, location, market, product).

    What was bought of another holder of the book is taken from what that one passed on, not from outside or a network.
    """
    book, category = placement.book, placement.category
    if book is Book.PHYSICAL:
        scope1, air = chart.emission(holder, site, category), chart.atmosphere(division, category)
        if placement.removal is not None:
            return (chart.removals(holder, site, placement.removal), -1), (air, 1)
        if not placement.deduction:
            return (scope1, 1), (air, -1)
        if placement.captured is None:
            return (scope1, -1), (air, 1)
        kept = chart.captured(holder, site, placement.captured), chart.store(holder, placement.captured)
        return (scope1, -1), (air, 1), (kept[0], 1), (kept[1], -1)
    if seller is not None:
        mine = chart.value_chain(holder, site, category) if book is Book.PRODUCT else chart.bought(book, holder, site, category)
        return (mine, 1), (chart.passed_on(book, seller.holder, seller.site, category), -1)
    if book is Book.PRODUCT:
        return (chart.value_chain(holder, site, category), 1), (chart.outside(resolution.publisher), -1)
    net = chart.pool(book, chart.network(category, resolution.region or "WORLD"))
    if placement.deduction:  # what a guide takes from bought energy, such as the power that a grid firm sold
        return (chart.bought(book, holder, site, category), -1), (net, 1)
    if placement.sold:
        return (chart.passed_on(book, holder, site, category), -1), (net, 1)
    return (chart.bought(book, holder, site, category), 1), (net, -1)


def _kind(placements: Sequence[Placement]) -> pl.Expr:
    kinds = pl.Series(["deduction" if p.deduction else "removal" if p.removal else "emission" for p in placements], dtype=pl.String)
    return pl.when(pl.col("quantity").str.starts_with("-")).then(pl.lit("correction")).otherwise(pl.lit(kinds).gather(pl.col("place")))


def _keys(live: pl.DataFrame, sha256: bytes, scope: str, *, by_reference: bool) -> pl.Series:
    """16 bytes a line: of reference, site, source, activity and period where these are one line's alone, else of file and row."""
    named = pl.struct("reference", "site", "source", "activity", "start", "end")
    alone = pl.lit(by_reference) & pl.col("reference").is_not_null() & ~pl.col("quantity").str.starts_with("-") & ~named.is_duplicated()
    parts = [pl.col(name).cast(pl.String).fill_null("") for name in ("reference", "site", "source", "activity", "start", "end")]
    texts = live.select(
        pl.when(alone)
        .then(pl.concat_str(pl.lit("reference"), *parts, separator="\n"))
        .otherwise(pl.concat_str(pl.lit(f"row\n{sha256.hex()}"), pl.col("line").cast(pl.String), separator="\n"))
    ).to_series()
    return pl.Series("key", [client_key(scope, text) for text in texts], dtype=pl.Binary)
