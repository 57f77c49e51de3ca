"""What a firm buys of another firm in the book: the responsibility moves with the product, by one entry that both sides show.

A line names its counterparty as the holder's id, its credit code, or either with a site (``91330000…/s01``). A firm of several sites must
name one, since what it passed on lies there. A name that the book does not know is somebody outside, as before.
"""

from collections.abc import Sequence
from datetime import date

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from carbon.activity import ActivityFrame
from carbon.activity_places import division_on
from carbon.bookkeeping import Sellers
from carbon.chart import Seller
from carbon.errors import Fault, FaultyFile
from carbon.holder import places, sites
from carbon.tables import AliasRow, HolderRow
from ledger.book import Book
from ledger.principal import LOCAL_READER
from ledger.types import table_of


def sellers(book: Book, lines: ActivityFrame, *, buyer: str) -> Sellers:
    """The sellers that the lines' counterparties are, by counterparty and last day.

    Read without the buyer's bounds: that a firm has a credit code is public, and nothing else is told. Raises FaultyFile where a firm in
    the book is named without one of its sites, or the buyer names itself.
    """
    named = lines.frame.filter(pl.col("counterparty").is_not_null()).select("line", "counterparty", "end")
    if named.is_empty():
        return {}
    with book.reading(LOCAL_READER) as session:
        return _found(session, named, file=lines.file, buyer=buyer)


def _found(session: Session, named: pl.DataFrame, *, file: str, buyer: str) -> Sellers:
    found: dict[tuple[str, date], Seller] = {}
    faults: list[Fault] = []
    rows = named.group_by("counterparty").agg(pl.col("line").min(), pl.col("end").unique())
    for text, line, days in rows.sort("line").iter_rows():
        told = _seller(session, text, days, buyer)
        if isinstance(told, str):
            faults.append(Fault(file=file, row=line, column="counterparty", value=text[:60], code="counterparty.site", reason=told))
        else:
            found |= told
    if faults:
        raise FaultyFile(faults)
    return found


def _seller(session: Session, text: str, days: Sequence[date], buyer: str) -> dict[tuple[str, date], Seller] | str:
    """The sellers by day, none for somebody outside, or what is wrong."""
    name, _, site = text.partition("/")
    holder = _holder(session, name)
    if holder is None:
        return {}
    if holder == buyer:
        return "a firm buys nothing of itself: leave the counterparty out, or name the seller"
    known = places(sites(session, LOCAL_READER, holder=holder))
    if site not in known and (site or len(known) != 1):
        which = ", ".join(f"{name}/{code}" for code in sorted(known)) or "it has none"
        return f"this firm is in the book: name the site that sold it ({which})"
    code = site or next(iter(known))
    return {(text, day): Seller(holder, code, division_on(known, code, day) or "") for day in days}


def _holder(session: Session, name: str) -> str | None:
    """The firm of that id or credit code."""
    row, alias = table_of(HolderRow).c, table_of(AliasRow).c
    own = session.execute(sa.select(row.id).where(row.id == name, row.kind != "resident")).scalar_one_or_none()
    if own is not None:
        return str(own)
    query = sa.select(alias.holder_id).where(alias.kind == "credit-code", alias.value == name)
    found: str | None = session.execute(query).scalar_one_or_none()
    return found
