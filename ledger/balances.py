"""What the books say: turnover, balances and statements of accounts, sums of cells, and entries with what proves them. Readers only.

Where nothing is asked about days, the sums that the journal keeps are read; otherwise the postings are added up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from ledger.ask import ask
from ledger.book import Book
from ledger.bulk import select_in
from ledger.errors import AccountNotFound, AmountTooLarge, EntryNotFound
from ledger.payload import PayloadLeg, read_payload
from ledger.principal import Principal
from ledger.proof import leaf_hash
from ledger.tables import AccountRow, BalanceRow, CellRow, CellShareRow, CommodityRow, EntryRow, HeadRow, PostingRow
from ledger.types import moment, period_of, table_of

BALANCES = pl.Schema(
    {
        "account": pl.String,
        "book": pl.String,
        "commodity": pl.String,
        "unit": pl.String,
        "amount": pl.Int64,
        "count": pl.Int64,
    }
)
Balance = tuple[str, str, str, str, int, int]
"""A row of `BALANCES`."""
STATEMENT = pl.Schema(
    [
        ("entry_id", pl.Int64()),
        ("day", pl.Date()),
        ("kind", pl.String()),
        ("leg", pl.Int64()),
        ("amount", pl.Int64()),
        ("balance", pl.Int64()),  # after this posting, in the order of the log
        ("posted_at", pl.Datetime("us", "UTC")),
    ]
)
CELL_SUMS = pl.Schema({"cell": pl.String, "period": pl.Int64, "commodity": pl.String, "amount": pl.Int64, "count": pl.Int64})
START = -1  # before the first entry of the log
LAST = "\U0010ffff"  # no name goes on with a sign beyond
FEW = 4  # names for which a query is kept


def _below(column: sa.ColumnElement[str], prefix: str) -> sa.ColumnElement[bool]:
    # a range and not LIKE: it reads the index, and text is kept in the order of its bytes on both engines
    return sa.and_(column >= prefix, column < prefix + LAST)


def _named(column: sa.ColumnElement[str], names: Sequence[str]) -> sa.ColumnElement[bool]:
    exact = [name for name in names if not name.endswith("/")]
    return sa.or_(column.in_(exact), *(_below(column, name) for name in names if name.endswith("/")))


def balances(
    session: Session, *, accounts: str | Sequence[str], since: date | None = None, until: date | None = None, known: datetime | None = None,
    among: sa.Select[Any] | None = None,
) -> pl.DataFrame:  # fmt: skip
    """Turnover of the accounts between two days (both inclusive); without `since`, the balance on the day `until`.

    `accounts` are names, or beginnings that end in ``/``. `known` leaves out what was posted after that moment. One row an account and
    commodity, schema `BALANCES`, in the order of names; AccountNotFound where a name was never used. `among` selects the ids of the
    accounts that may be seen: the others are told as if they were not there.
    """
    names = [accounts] if isinstance(accounts, str) else list(accounts)
    asked: dict[str, str] = {}
    if since is None and until is None and known is None and len(names) <= FEW:
        exact, beginnings = [name for name in names if not name.endswith("/")], [name for name in names if name.endswith("/")]
        query = _kept_of(len(exact), len(beginnings), among)
        asked = {f"exact_{no}": name for no, name in enumerate(exact)}
        for no, name in enumerate(beginnings):
            asked |= {f"from_{no}": name, f"to_{no}": name + LAST}
    else:
        sums = _kept() if since is None and until is None and known is None else _turnover(names, since=since, until=until, known=known)
        query = _summed(sums, _named(table_of(AccountRow).c.name, names), among)
    try:
        rows = session.execute(query, asked).all()
    except sa.exc.OperationalError as error:
        if "integer overflow" not in str(error):
            raise
        raise AmountTooLarge(what=f"the turnover of {', '.join(names)}") from error
    return pl.DataFrame(_checked(rows, names), schema=BALANCES, orient="row")


def balances_now(book: Book, principal: Principal, account: str, *, among: sa.Select[Any] | None = None) -> list[Balance]:
    """The rows of `balances` for a name or a beginning of names over the whole log, read for `principal`: for those who come a thousand
    times a second. `among` is a kept query."""
    below = account.endswith("/")
    asked = {"from_0": account, "to_0": account + LAST} if below else {"exact_0": account}
    return _checked(ask(book, _kept_of(int(not below), int(below), among), asked, principal), [account])


def _checked(rows: Sequence[Sequence[Any]], names: Sequence[str]) -> list[Balance]:
    """What was found as rows of `BALANCES`. Raises AccountNotFound where nothing was for one of the names, AmountTooLarge."""
    found = [row[0] for row in rows]
    for name in names:
        if not any(other.startswith(name) if name.endswith("/") else other == name for other in found):
            raise AccountNotFound(name)
    if any(abs(row[4] or 0) >= 2**63 for row in rows):
        raise AmountTooLarge(what=f"the turnover of {', '.join(names)}")
    return [(name, kind, commodity, unit, int(amount or 0), count or 0) for name, kind, commodity, unit, amount, count in rows]


@lru_cache(maxsize=1024)
def _kept_of(exact: int, beginnings: int, among: sa.Select[Any] | None) -> sa.Select[Any]:
    """The query of the sums kept for so many names and beginnings. It is built once: to build it takes longer than to run it."""
    name = table_of(AccountRow).c.name
    named = [name == sa.bindparam(f"exact_{no}", type_=name.type) for no in range(exact)]
    named += [
        sa.and_(name >= sa.bindparam(f"from_{no}", type_=name.type), name < sa.bindparam(f"to_{no}", type_=name.type))
        for no in range(beginnings)
    ]
    return _summed(_kept(), sa.or_(sa.false(), *named), among)


def _summed(sums: sa.Subquery, named: sa.ColumnElement[bool], among: sa.Select[Any] | None) -> sa.Select[Any]:
    """Names, units and sums of the accounts that are named, and may be seen."""
    a, c = table_of(AccountRow).c, table_of(CommodityRow).c
    joined = table_of(AccountRow).join(table_of(CommodityRow), a.commodity_id == c.id).outerjoin(sums, sums.c.account_id == a.id)
    query = sa.select(a.name, a.book, c.code, c.unit, sums.c.amount, sums.c.count).select_from(joined).where(named)
    return (query if among is None else query.where(a.id.in_(among))).order_by(a.name, c.code)


def _kept() -> sa.Subquery:
    b = table_of(BalanceRow).c
    return sa.select(b.account_id, b.amount, b.count).subquery()


def _turnover(names: Sequence[str], *, since: date | None, until: date | None, known: datetime | None) -> sa.Subquery:
    a, p, e = (table_of(row).c for row in (AccountRow, PostingRow, EntryRow))
    query = (
        sa.select(p.account_id, sa.func.sum(p.amount).label("amount"), sa.func.count().label("count"))
        .join_from(table_of(PostingRow), table_of(EntryRow), p.entry_id == e.id)
        .where(p.account_id.in_(sa.select(a.id).where(_named(a.name, names))))
        .group_by(p.account_id)
    )
    if since is not None:  # the month lies beside the amount: most postings are left out without a look at their entry
        query = query.where(p.period >= period_of(since), e.day >= since)
    if until is not None:
        query = query.where(p.period <= period_of(until), e.day <= until)
    if known is not None:
        query = query.where(e.posted_at <= known)
    return query.subquery()


def statement(
    session: Session, account: str, commodity: str, *, after: int = START, limit: int = 50, among: sa.Select[Any] | None = None
) -> pl.DataFrame:
    """The postings of one account in the order of the log, those after entry `after`, with the running balance; schema `STATEMENT`.

    Ask on with the last `entry_id`: nothing is skipped while others write. A page has `limit` rows, or a few more, since it never ends
    within an entry. AccountNotFound where no entry named the account in that commodity, or it is not `among` those that may be seen.
    """
    a, c, p, e = (table_of(row).c for row in (AccountRow, CommodityRow, PostingRow, EntryRow))
    named = sa.select(a.id).join_from(table_of(AccountRow), table_of(CommodityRow), a.commodity_id == c.id)
    named = named.where(a.name == account, c.code == commodity)
    account_id = session.execute(named if among is None else named.where(a.id.in_(among))).scalar_one_or_none()
    if account_id is None:
        raise AccountNotFound(account)
    mine = sa.and_(p.account_id == account_id, p.entry_id > after)
    page = sa.select(p.entry_id).where(mine).order_by(p.entry_id, p.leg).limit(limit).subquery()
    last = session.execute(sa.select(sa.func.max(page.c.entry_id))).scalar_one()
    if last is None:
        return STATEMENT.to_frame()
    rows = session.execute(
        sa.select(p.entry_id, e.day, e.kind, p.leg, p.amount, e.posted_at)
        .join_from(table_of(PostingRow), table_of(EntryRow), p.entry_id == e.id)
        .where(mine, p.entry_id <= last)
        .order_by(p.entry_id, p.leg)
    ).all()
    balance = int(
        session.execute(sa.select(sa.func.sum(p.amount)).where(p.account_id == account_id, p.entry_id <= after)).scalar_one() or 0
    )
    lines = []
    for *front, amount, posted_at in rows:
        balance += amount
        lines.append((*front, amount, balance, posted_at))
    return pl.DataFrame(lines, schema=STATEMENT, orient="row")


def cells(
    session: Session,
    *,
    prefix: str = "",
    keys: Sequence[str] | None = None,
    since: int = 1_01,
    until: int = 9999_12,
    known: datetime | None = None,
) -> pl.DataFrame:
    """The sums kept by cell, month and commodity; schema `CELL_SUMS`, in the order of keys.

    `keys` names the cells, or `prefix` the beginning of their keys; months are yyyymm, both inclusive. With `known`, the sums as they stood
    at that moment.
    """
    t = table_of(CellRow if known is None else CellShareRow)
    c, e = table_of(CommodityRow).c, table_of(EntryRow).c
    amount, count = (t.c.amount, t.c.count) if known is None else (sa.func.sum(t.c.amount), sa.func.sum(t.c.count))
    query = (
        sa.select(t.c.cell, t.c.period, c.code, amount, count)
        .join_from(t, table_of(CommodityRow), t.c.commodity_id == c.id)
        .where(t.c.period >= since, t.c.period <= until)
        .order_by(t.c.cell, t.c.period, c.code)
    )
    if keys is not None:
        query = query.where(t.c.cell.in_(list(keys)))
    elif prefix:
        query = query.where(_below(t.c.cell, prefix))
    if known is not None:
        query = query.join(table_of(EntryRow), t.c.entry_id == e.id).where(e.posted_at <= known).group_by(t.c.cell, t.c.period, c.code)
    rows = [(cell, period, code, int(total), int(n)) for cell, period, code, total, n in session.execute(query)]
    return pl.DataFrame(rows, schema=CELL_SUMS, orient="row")


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry at its position of the log. `leaf` is its hash there, `log_root` the root over the `log_size` entries of today."""

    id: int
    posted_at: datetime
    day: date
    book: str
    kind: str
    actor: str
    reference: str | None
    evidence: bytes | None
    detail: str | None
    reverses: int | None
    reversed_by: int | None
    legs: tuple[PayloadLeg, ...]
    payload: bytes
    leaf: bytes
    log_size: int
    log_root: bytes


def entry(session: Session, entry_id: int) -> EntryView:
    """The entry at that position of the log; EntryNotFound where there is none."""
    return entries(session, [entry_id])[0]


def entries(session: Session, ids: Sequence[int]) -> list[EntryView]:
    """The entries at these positions, in the order asked for; EntryNotFound at the first that is not there."""
    connection = session.connection()
    wanted = pl.Series(sorted(set(ids)), dtype=pl.Int64)
    payloads = {row[0]: bytes(row[1]) for row in select_in(connection, "SELECT id, payload FROM entry WHERE id IN {values}", wanted)}
    reversed_by = {
        row[0]: row[1] for row in select_in(connection, "SELECT entry_id, by_id FROM reversal WHERE entry_id IN {values}", wanted)
    }
    h = table_of(HeadRow).c
    size, root = session.execute(sa.select(h.size, h.root)).one()
    views = []
    for entry_id in ids:
        if entry_id not in payloads:
            raise EntryNotFound(entry_id)
        payload = payloads[entry_id]
        said = read_payload(payload)
        views.append(
            EntryView(
                id=entry_id,
                posted_at=moment(said.posted_at_us),
                day=said.day,
                book=said.book,
                kind=said.kind,
                actor=said.actor,
                reference=said.reference,
                evidence=said.evidence,
                detail=said.detail,
                reverses=said.reverses,
                reversed_by=reversed_by.get(entry_id),
                legs=said.legs,
                payload=payload,
                leaf=leaf_hash(payload),
                log_size=size,
                log_root=bytes(root),
            )
        )
    return views


def log_size(session: Session) -> int:
    """How many entries the book holds."""
    return int(session.execute(sa.select(table_of(HeadRow).c.size)).scalar_one())


def log_root(session: Session) -> bytes:
    """The root of the log over all its entries."""
    return bytes(session.execute(sa.select(table_of(HeadRow).c.root)).scalar_one())
