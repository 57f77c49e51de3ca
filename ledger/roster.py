"""The accounts that stand: their rules and what they hold. A reader."""

import polars as pl
from sqlmodel import Session

from ledger.bulk import read

ROSTER = pl.Schema(
    {
        "account_id": pl.Int64,
        "book": pl.String,
        "account": pl.String,
        "commodity": pl.String,
        "unit": pl.String,
        "side": pl.String,  # debit or credit: the normal side
        "floor": pl.Int64,  # the least that the balance on that side may come to, or null
        "closed": pl.Boolean,
        "amount": pl.Int64,  # the balance: debits positive
        "count": pl.Int64,  # postings
    }
)
_ROWS = pl.Schema(
    [
        ("account_id", pl.Int64()), ("book", pl.String()), ("account", pl.String()), ("commodity", pl.String()), ("unit", pl.String()),
        ("side", pl.Int64()), ("floor", pl.Int64()), ("closed", pl.Int64()), ("amount", pl.Int64()), ("count", pl.Int64()),
    ]
)  # fmt: skip
_SQL = """
SELECT a.id, a.book, a.name, c.code, c.unit, coalesce(r.side, 1), r.floor, coalesce(r.closed, 0),
    coalesce(b.amount, 0), coalesce(b.count, 0)
FROM account a JOIN commodity c ON c.id = a.commodity_id LEFT JOIN balance b ON b.account_id = a.id
LEFT JOIN (SELECT account_id, max(entry_id) AS entry_id FROM account_rule GROUP BY account_id) latest ON latest.account_id = a.id
LEFT JOIN account_rule r ON r.account_id = latest.account_id AND r.entry_id = latest.entry_id
ORDER BY a.name, c.code
"""


def roster(session: Session, *, book: str | None = None) -> pl.DataFrame:
    """Every account, or those of one book, with the rule in force and the balance; schema `ROSTER`, in the order of names."""
    rows = read(session.connection(), _SQL, _ROWS)
    found = rows.with_columns(
        side=pl.when(pl.col("side") == 1).then(pl.lit("debit")).otherwise(pl.lit("credit")), closed=pl.col("closed") != 0
    )
    return found.filter(pl.col("book") == book) if book is not None else found
