"""Is a line filed already? The same site, source and activity have one line for each day, in a file and in the book.

Where lines follow an item of an accounting guide, the item is part of what they file: a carbon balance has rows in and rows out.
A line with a quantity below zero corrects another and stands beside it. Lines without a `source` are told apart by their rows within a
file (several receipts of one fuel), unless they are alike in everything; against other files they count as one unnamed source.
"""

import json
from collections.abc import Sequence

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from carbon.activity import ActivityFrame
from carbon.activity_text import FAULTS_MAX
from carbon.errors import Fault
from carbon.holder import Site
from carbon.tables import ActivityLineRow, ImportRow
from ledger.tables import ReversalRow
from ledger.types import table_of

KEY = ("site", "source", "activity", "formula")
REMEDY = "Correct it, name different sources, or record with --allow-duplicates"


def twice_in_file(lines: ActivityFrame) -> list[Fault]:
    """A fault for each line whose period meets that of a line above with the same site, source and activity."""
    frame = _counting(lines.frame)
    end = pl.col("end")
    sourced = frame.drop_nulls("source").sort(*KEY, "start", "line")
    # the line that reaches farthest so far: whatever begins before it ends meets it
    reach = pl.when(end == end.cum_max()).then("line").forward_fill().shift().over(KEY)
    met = sourced.with_columns(other=reach, until=end.cum_max().shift().over(KEY)).filter(pl.col("start") <= pl.col("until"))
    alike = frame.filter(pl.col("source").is_null()).with_columns(
        other=pl.col("line").first().over([c for c in frame.columns if c != "line"])
    )
    alike = alike.filter(pl.col("other") != pl.col("line"))
    pairs = pl.concat([part.select("line", "other", "activity") for part in (met, alike)])
    return [
        Fault(
            file=lines.file, row=max(line, other), column="activity", value=activity, code="line.twice",
            reason=f"rows {min(line, other)} and {max(line, other)} file the same site, source and activity for the same days. {REMEDY}",
        )
        for line, other, activity in pairs.head(FAULTS_MAX).iter_rows()
    ]  # fmt: skip


def overlapping_book(session: Session, lines: ActivityFrame, sites: Sequence[Site], *, but: str | None) -> list[Fault]:
    """A fault for each line whose period meets that of a line in the book that stands, not counting those of the import `but`."""
    frame = _counting(lines.frame)
    if not frame.height:
        return []
    book = _standing(session, frame, sites, but=but)
    if not book.height:
        return []
    new = frame.select(*KEY, "start", "end", "line", at=pl.lit(None, dtype=pl.Int64))
    old = book.select(*KEY, "start", "end", line=pl.lit(None, dtype=pl.Int32), at=pl.int_range(book.height, dtype=pl.Int64))
    both = pl.concat([old, new]).sort(*KEY, "start", "at", nulls_last=True)
    reach = pl.when(pl.col("at").is_not_null()).then("end").cum_max()
    met = both.with_columns(
        before=pl.when(pl.col("at").is_not_null() & (pl.col("end") == reach)).then("at").forward_fill().over(KEY),
        until=reach.forward_fill().over(KEY),
        after=pl.col("at").backward_fill().over(KEY),
        since=pl.when(pl.col("at").is_not_null()).then("start").backward_fill().over(KEY),
    ).filter(pl.col("line").is_not_null())
    met = met.with_columns(
        other=pl.when(pl.col("until") >= pl.col("start")).then("before").when(pl.col("since") <= pl.col("end")).then("after")
    ).drop_nulls("other")
    faults = []
    filed = book.select("file", "row", "import_id").rows()
    for line, activity, place in met.sort("line").select("line", "activity", "other").head(FAULTS_MAX).iter_rows():
        name, row, import_id = filed[place]
        reason = (
            f"row {line} files what row {row} of {name} (import {import_id}) filed already: same site, source, activity and days. "
            f"Record with --replace {import_id} to take that file's place, or with --allow-duplicates"
        )
        faults.append(Fault(file=lines.file, row=line, column="activity", value=activity, code="line.overlap", reason=reason))
    return faults


def correcting_nothing(session: Session, lines: ActivityFrame, *, holder: str) -> list[Fault]:
    """A fault for each negative line whose reference is that of no line of the same activity, in the file or filed by the holder before."""
    below = lines.frame.filter(pl.col("quantity").str.starts_with("-")).select("line", "activity", "reference")
    if not below.height:
        return []
    a = table_of(ActivityLineRow).c
    query = sa.select(a.activity, a.reference).where(a.holder_id == holder, a.reference.is_not(None)).distinct()
    known = {(row[0], row[1]) for row in session.execute(query.where(a.activity.in_(below["activity"].unique().to_list())))}
    above = lines.frame.filter(~pl.col("quantity").str.starts_with("-")).select("activity", "reference")
    known |= set(above.drop_nulls().unique().iter_rows())
    return [
        Fault(
            file=lines.file, row=line, column="reference", value=reference, code="negative.corrects-nothing",
            reason=f"no line of {activity} bears the reference {reference!r}: a negative quantity corrects a line that was filed",
        )
        for line, activity, reference in below.iter_rows() if (activity, reference) not in known
    ]  # fmt: skip


def _counting(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(~pl.col("quantity").str.starts_with("-"))


_STANDING = {
    "site": pl.String, "source": pl.String, "activity": pl.String, "formula": pl.String, "start": pl.Date, "end": pl.Date,
    "row": pl.Int64, "file": pl.String, "import_id": pl.String,
}  # fmt: skip


def _standing(session: Session, frame: pl.DataFrame, sites: Sequence[Site], *, but: str | None) -> pl.DataFrame:
    """The lines of those sites in the span of `frame` that neither a reversal nor another file took back."""
    codes = {site.id: site.code for site in sites if site.code in set(frame["site"].unique())}
    if not codes:
        return pl.DataFrame(schema=_STANDING)
    a, f, r = (table_of(row).c for row in (ActivityLineRow, ImportRow, ReversalRow))
    later = table_of(ImportRow).alias()
    query = (
        sa.select(a.site_id, a.source, a.activity, sa.case((a.details.like('%"formula"%'), a.details)), a.start, a.end, a.row, f.name, f.id)
        .select_from(
            table_of(ActivityLineRow)
            .join(table_of(ImportRow), f.id == a.import_id)
            .outerjoin(table_of(ReversalRow), r.entry_id == a.entry_id)
            .outerjoin(later, later.c.replaces == f.id)
        )
        .where(
            a.site_id.in_(sorted(codes)), a.activity.in_(sorted(frame["activity"].unique())), a.start <= frame["end"].max(),
            a.end >= frame["start"].min(), r.entry_id.is_(None), later.c.id.is_(None), a.quantity.not_like("-%"),
        )
    )  # fmt: skip
    if but is not None:
        query = query.where(f.id != but)
    rows = [(codes[row[0]], *row[1:3], json.loads(row[3] or "{}").get("formula"), *row[4:]) for row in session.execute(query)]
    return pl.DataFrame(rows, schema=_STANDING, orient="row")
