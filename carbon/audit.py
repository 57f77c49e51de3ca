"""One law per function: do lines, cells and entries still say the same? Beside `ledger.audit`, which knows nothing of lines."""

import hashlib
import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import polars as pl
from sqlmodel import Session

import carbon.enterprise.tables
import carbon.region.tables
import carbon.tables  # noqa: F401  so that the guard checks these tables as well
from carbon import chart
from carbon.bookkeeping import SELLER, cell_sums, seller_of, with_cells
from carbon.enterprise.audit import judged_hold
from carbon.enterprise.filing.audit import filings_hold
from carbon.region.closure import closure_holds, reach_holds
from carbon.seal import seals
from factors.calculate import products
from ledger import audit
from ledger.book import Book
from ledger.bulk import read
from ledger.errors import AmountTooLarge, MalformedEntry
from ledger.payload import read_payload
from ledger.retrace import Violation

BOOKS = ("physical", "location", "market", "product", "removals")


def verify(book: Book, *, laws: Sequence[audit.Law] = ()) -> list[Violation]:
    """Every broken law of the ledger and of the lines behind it, each with the first row that breaks it; `laws` are the storey's above."""
    found = audit.verify(book, laws=laws)
    with book.reading() as session:
        lines = [
            *closure_holds(session),
            *reach_holds(session),
            *_lines_have_entries(session),
            *_lines_are_sealed(session),
            *_lines_make_amounts(session),
            *filings_hold(session),
            *judged_hold(session),
        ]
        try:
            return [*found, *lines, *_cells_add_up(session)]
        except AmountTooLarge as error:
            return [*found, *lines, Violation("cells", error.what, "the amounts of its lines do not fit in 64 bits")]


def _frame(session: Session, sql: str, schema: dict[str, Any]) -> pl.DataFrame:
    return read(session.connection(), sql, pl.Schema(schema))


def _lines_have_entries(session: Session) -> list[Violation]:
    """Each line's entry is there, on the line's last day, and holds the hash of the line's file."""
    off = _frame(
        session,
        'SELECT l.import_id, l."row", l.entry_id FROM activity_line l LEFT JOIN entry e ON e.id = l.entry_id '
        'WHERE l.entry_id IS NOT NULL AND (e.id IS NULL OR e.day <> l."end") ORDER BY l.entry_id LIMIT 1',
        {"import_id": pl.String, "row": pl.Int64, "entry_id": pl.Int64},
    )
    return [
        Violation("lines", f"row {row} of import {import_id}", f"entry {entry_id} is missing or of another day")
        for import_id, row, entry_id in off.iter_rows()
    ]


def _lines_are_sealed(session: Session) -> list[Violation]:
    """Each entry's evidence is the seal of its line and file: no word of a line that became an entry can have changed."""
    texts = ("activity", "quantity", "unit", "start", "end", "division", "source", "reference", "method", "tier", "details")
    lines = _frame(
        session,
        'SELECT l.entry_id, l.import_id, f.name, f.sha256, l."row", '
        'l.activity, l.quantity, l.unit, CAST(l.start AS TEXT), CAST(l."end" AS TEXT), l.division, l.source, l.reference, l.method, '
        "l.tier, l.details, "
        "l.resolution_id AS resolution, e.payload "
        "FROM activity_line l JOIN import_file f ON f.id = l.import_id JOIN entry e ON e.id = l.entry_id ORDER BY l.entry_id",
        {"entry_id": pl.Int64, "import_id": pl.String, "name": pl.String, "sha256": pl.Binary, "row": pl.Int64}
        | dict.fromkeys(texts, pl.String)
        | {"resolution": pl.Binary, "payload": pl.Binary},
    )
    made = seals(lines.with_columns(pl.col("sha256", "resolution").bin.encode("hex"), pl.col("start", "end").str.to_date()))
    for row, seal in zip(lines.select("import_id", "row", "payload").iter_rows(named=True), made, strict=True):
        try:
            held = read_payload(row["payload"]).evidence
        except MalformedEntry:
            continue  # the ledger's own laws name it
        if held != seal:
            return [_line(row, "the line or its file is not what its entry was sealed over")]
    return []


def _lines_make_amounts(session: Session) -> list[Violation]:
    """Each resolution is what its id was made of, and each line's quantity times its coefficients is what its entry holds."""
    told = _frame(session, "SELECT id, content FROM resolution ORDER BY id", {"id": pl.Binary, "content": pl.String})
    for key, content in told.iter_rows():
        if hashlib.sha256(content.encode()).digest()[:16] != key:
            return [Violation("resolutions", f"resolution {key.hex()}", "its content is not the one that its id was made of")]
    contents = [json.loads(content) for content in told["content"]]
    lines = _frame(
        session,
        'SELECT entry_id, import_id, "row", activity, quantity, unit, resolution_id AS id FROM activity_line '
        "WHERE entry_id IS NOT NULL ORDER BY entry_id",
        {"entry_id": pl.Int64, "import_id": pl.String, "row": pl.Int64, "activity": pl.String, "quantity": pl.String, "unit": pl.String}
        | {"id": pl.Binary},
    )
    known = pl.DataFrame(
        {
            "id": told["id"],
            "resolution": pl.Series(range(told.height), dtype=pl.UInt32),
            "of": pl.Series([content["activity"] for content in contents], dtype=pl.String),
            "per": pl.Series([content["unit"] for content in contents], dtype=pl.String),
        }
    )
    framed = lines.join(known, on="id", how="left", maintain_order="left")
    alien = framed.filter(pl.col("activity").ne_missing(pl.col("of")) | pl.col("unit").ne_missing(pl.col("per"))).head(1)
    for row in alien.iter_rows(named=True):
        return [_line(row, f"{row['activity']} in {row['unit']} is not what its factor was found for")]
    legs = _frame(
        session,
        "SELECT p.entry_id, c.code, p.amount FROM posting p "
        "JOIN account a ON a.id = p.account_id JOIN commodity c ON c.id = a.commodity_id WHERE a.name >= 'holder/' AND a.name < 'holder0'",
        {"entry_id": pl.Int64, "code": pl.String, "amount": pl.Int64},
    )
    for gas in sorted({gas for content in contents for gas in content["coefficients"]}):
        exact = [content["coefficients"].get(gas) for content in contents]
        made = products(framed, [Fraction(one["exact"]) if one else None for one in exact])
        both = framed.with_columns(made=made.abs()).join(legs.filter(pl.col("code") == gas), on="entry_id", how="left")
        off = both.filter(pl.col("made").fill_null(0) != pl.col("amount").cast(pl.Int128).abs().fill_null(0)).head(1)
        for row in off.iter_rows(named=True):
            return [
                _line(row, f"{row['quantity']} {row['unit']} make {row['made']} {gas}, its entry {row['entry_id']} holds {row['amount']}")
            ]
    return []


def _line(row: dict[str, Any], reason: str) -> Violation:
    return Violation("lines", f"row {row['row']} of import {row['import_id']}", reason)


def _cells_add_up(session: Session) -> list[Violation]:
    """Each cell is the sum of the holders' legs of lines in it, reversals included."""
    legs = _frame(
        session,
        "SELECT a.name, a.book, l.division, p.period, c.code, p.amount, "
        f"CASE WHEN l.details LIKE '%\"{SELLER}\"%' THEN l.details END FROM posting p "
        "JOIN account a ON a.id = p.account_id JOIN commodity c ON c.id = a.commodity_id "
        "LEFT JOIN reversal r ON r.by_id = p.entry_id JOIN activity_line l ON l.entry_id = COALESCE(r.entry_id, p.entry_id) "
        "WHERE a.name >= 'holder/' AND a.name < 'holder0'",
        {"account": pl.String, "book": pl.String, "division": pl.String, "period": pl.Int64, "commodity": pl.String, "amount": pl.Int64}
        | {"details": pl.String},
    )
    alien = [name for name in legs["account"].unique().sort() if not chart.is_holders(name)]
    if alien:
        return [Violation("cells", f"account {alien[0]}", "no account of a holder is named so")]
    texts = legs.select("details").unique()
    sellers = texts.with_columns(seller=pl.Series([seller_of(text) for text in texts["details"]], dtype=pl.String))
    booked = with_cells(legs.join(sellers, on="details", how="left", nulls_equal=True)).with_columns(
        day=pl.date(pl.col("period") // 100, pl.col("period") % 100, 1)
    )
    summed = cell_sums(booked).with_columns(pl.col("period").cast(pl.Int64))
    kept = _frame(
        session,
        "SELECT t.cell, t.period, c.code, t.amount, t.count FROM cell t JOIN commodity c ON c.id = t.commodity_id",
        {"cell": pl.String, "period": pl.Int64, "commodity": pl.String, "amount": pl.Int64, "count": pl.Int64},
    ).filter(pl.col("cell").str.split("|").list.first().is_in(list(BOOKS)))
    on = ["cell", "period", "commodity"]
    both = kept.join(summed, on=on, how="full", coalesce=True, suffix="_summed").sort(on)
    off = both.filter(pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_summed")) for name in ("amount", "count")))
    return [
        Violation(
            "cells",
            f"cell {row['cell']} {row['period']} {row['commodity']}",
            f"kept {row['amount']}, lines add up to {row['amount_summed']}",
        )
        for row in off.head(1).iter_rows(named=True)
    ]
