"""What the books say: turnover, balances and statements of accounts, sums of cells, and single entries. Readers only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from ledger.entry import read_payload
from ledger.errors import AccountNotFound, EntryNotFound
from ledger.proof import leaf_hash
from ledger.tables import AccountRow, CellRow, CommodityRow, EntryRow, HeadRow, PostingRow, ReversalRow
from ledger.types import moment, table_of

FrameSchema = dict[str, pl.DataType | type[pl.DataType]]

BALANCES: FrameSchema = {
    "account": pl.String,
    "book": pl.String,
    "commodity": pl.String,
    "unit": pl.String,
    "amount": pl.Int64,
    "count": pl.Int64,
}
STATEMENT: FrameSchema = {
    "entry_id": pl.Int64,
    "day": pl.Date,
    "kind": pl.String,
    "leg": pl.Int64,
    "amount": pl.Int64,
    "posted_at": pl.Datetime("us", "UTC"),
}
CELL_SUMS: FrameSchema = {
    "cell": pl.String,
    "period": pl.Int64,
    "commodity": pl.String,
    "amount": pl.Int64,
    "count": pl.Int64,
}


def _account(name: str) -> sa.ColumnElement[bool]:
    column: sa.ColumnElement[str] = table_of(AccountRow).c.name
    if name.endswith("/"):
        # a range and not LIKE: it reads the index, and no name holds a sign above the last
        return sa.and_(column >= name, column < name[:-1] + "0")
    return column == name


def balances(
    session: Session, *, accounts: str | Sequence[str], since: date | None = None, until: date | None = None,
    known: datetime | None = None,
) -> pl.DataFrame:  # fmt: skip
    """Turnover of the accounts between two days (both inclusive); without `since`, the balance on the day `until`.

    `accounts` are names, or beginnings that end in ``/``. `known` leaves out what was posted after that moment. One row an account and
    commodity, schema `BALANCES`; AccountNotFound where a name was never used.
    """
    names = [accounts] if isinstance(accounts, str) else list(accounts)
    a, c, p, e = (table_of(row).c for row in (AccountRow, CommodityRow, PostingRow, EntryRow))
    where = sa.or_(*(_account(name) for name in names))
    joined = table_of(AccountRow).join(table_of(CommodityRow), a.commodity_id == c.id)
    inner = sa.select(p.account_id, sa.func.sum(p.amount).label("amount"), sa.func.count().label("n"))
    if since or until or known:
        inner = inner.join_from(table_of(PostingRow), table_of(EntryRow), p.entry_id == e.id)
        if since:
            inner = inner.where(e.day >= since)
        if until:
            inner = inner.where(e.day <= until)
        if known:
            inner = inner.where(e.posted_at <= known)
    inner = inner.where(p.account_id.in_(sa.select(a.id).where(where))).group_by(p.account_id)
    sums = inner.subquery()
    rows = session.execute(
        sa.select(a.name, a.book, c.code, c.unit, sums.c.amount, sums.c.n)
        .select_from(joined.outerjoin(sums, sums.c.account_id == a.id))
        .where(where)
        .order_by(a.name, c.code)
    ).all()
    found = {row[0] for row in rows}
    for name in names:
        if not any(other.startswith(name) if name.endswith("/") else other == name for other in found):
            raise AccountNotFound(name)
    return pl.DataFrame([(*row[:4], int(row[4] or 0), row[5] or 0) for row in rows], schema=BALANCES, orient="row")


def statement(session: Session, *, account: str, commodity: str, after: int = -1, limit: int = 50) -> pl.DataFrame:
    """The postings of one account in the order of the log, those after entry `after`: a page that skips nothing while others write."""
    a, c, p, e = (table_of(row).c for row in (AccountRow, CommodityRow, PostingRow, EntryRow))
    account_id = session.execute(
        sa.select(a.id).join_from(table_of(AccountRow), table_of(CommodityRow), a.commodity_id == c.id)
        .where(a.name == account, c.code == commodity)
    ).scalar_one_or_none()  # fmt: skip
    if account_id is None:
        raise AccountNotFound(account)
    rows = session.execute(
        sa.select(p.entry_id, e.day, e.kind, p.leg, p.amount, e.posted_at)
        .join_from(table_of(PostingRow), table_of(EntryRow), p.entry_id == e.id)
        .where(p.account_id == account_id, p.entry_id > after)
        .order_by(p.entry_id, p.leg)
        .limit(limit)
    ).all()
    return pl.DataFrame([tuple(row) for row in rows], schema=STATEMENT, orient="row")


def cells(session: Session, *, prefix: str = "", since: int = 0, until: int = 999912) -> pl.DataFrame:
    """Sums kept by cell and month for keys that begin with `prefix`, months as yyyymm, both inclusive; schema `CELL_SUMS`."""
    t, c = table_of(CellRow).c, table_of(CommodityRow).c
    query = (
        sa.select(t.cell, t.period, c.code, t.amount, t.count)
        .join_from(table_of(CellRow), table_of(CommodityRow), t.commodity_id == c.id)
        .where(t.period >= since, t.period <= until)
        .order_by(t.cell, t.period, c.code)
    )
    if prefix:
        query = query.where(t.cell >= prefix, t.cell < prefix + "\U0010ffff")
    return pl.DataFrame([tuple(row) for row in session.execute(query)], schema=CELL_SUMS, orient="row")


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg of an entry as it reads: positive is a debit, negative a credit."""

    account: str
    commodity: str
    unit: str
    amount: int


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry as it was posted, with what proves it."""

    id: int
    posted_at: datetime
    day: date
    book: str
    kind: str
    actor: str
    reference: str | None
    evidence: bytes | None
    reverses: int | None
    reversed_by: int | None
    legs: tuple[Leg, ...]
    payload: bytes
    leaf: bytes
    log_size: int
    log_root: bytes


def entry(session: Session, entry_id: int) -> EntryView:
    """The entry at that position of the log; EntryNotFound where there is none."""
    e, r, h = (table_of(row).c for row in (EntryRow, ReversalRow, HeadRow))
    row = session.execute(sa.select(e.payload).where(e.id == entry_id)).scalar_one_or_none()
    if row is None:
        raise EntryNotFound(entry_id)
    payload = bytes(row)
    said = read_payload(payload)
    by = session.execute(sa.select(r.by_id).where(r.entry_id == entry_id)).scalar_one_or_none()
    size, root = session.execute(sa.select(h.size, h.root)).one()
    c = table_of(CommodityRow).c
    units: dict[str, str] = {row[0]: row[1] for row in session.execute(sa.select(c.code, c.unit))}
    return EntryView(
        id=entry_id,
        posted_at=moment(said.posted_at_us),
        day=said.day,
        book=said.book,
        kind=said.kind,
        actor=said.actor,
        reference=said.reference,
        evidence=said.evidence,
        reverses=said.reverses,
        reversed_by=by,
        legs=tuple(Leg(account, commodity, units[commodity], amount) for account, commodity, amount in said.legs),
        payload=payload,
        leaf=leaf_hash(payload),
        log_size=size,
        log_root=bytes(root),
    )


def log_size(session: Session) -> int:
    """How many entries the book holds."""
    return int(session.execute(sa.select(table_of(HeadRow).c.size)).scalar_one())
