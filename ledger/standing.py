"""What each account holds after the entries of an export: the sums of the postings, beside the payloads that the export is made of."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session

from ledger.roster import roster
from ledger.tables import EntryRow, PostingRow
from ledger.types import period_of, table_of

_HALF = 2**32


@dataclass(frozen=True, slots=True)
class Standing:
    """An account and what the exported entries left on it; of no day span, its balance."""

    book: str
    account: str
    commodity: str
    unit: str
    side: str
    amount: int


def standings(session: Session, *, book: str | None = None, since: date | None = None, until: date | None = None) -> list[Standing]:
    """The accounts of all books, or one, that hold postings between two days (both inclusive), in the order of names."""
    accounts = roster(session, book=book)
    sums = None if since is None and until is None else _turnover(session, since=since, until=until)
    found = []
    for row in accounts.iter_rows(named=True):
        amount = row["amount"] if sums is None else sums.get(row["account_id"])
        if amount is not None and (row["count"] or sums is not None):
            found.append(Standing(row["book"], row["account"], row["commodity"], row["unit"], row["side"], amount))
    return found


def _turnover(session: Session, *, since: date | None, until: date | None) -> dict[int, int]:
    """The sums by account id. Halves of 32 bits are added up apart: no sum on the way leaves the 64 bits of SQLite."""
    p, e = table_of(PostingRow).c, table_of(EntryRow).c
    high: sa.ColumnElement[int] = sa.func.sum(p.amount.op(">>")(sa.literal_column("32")))  # PostgreSQL shifts by an integer, no bigint
    low: sa.ColumnElement[int] = sa.func.sum(p.amount.op("&")(_HALF - 1))
    query = (
        sa.select(p.account_id, high, low).join_from(table_of(PostingRow), table_of(EntryRow), p.entry_id == e.id).group_by(p.account_id)
    )
    if since is not None:
        query = query.where(p.period >= period_of(since), e.day >= since)
    if until is not None:
        query = query.where(p.period <= period_of(until), e.day <= until)
    return {account: int(upper) * _HALF + int(lower) for account, upper, lower in session.execute(query)}
