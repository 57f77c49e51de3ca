"""What holders filed in a division: the cells of its sites by book, scope and category, and the sites themselves.

Masses by gas add up exactly. Each value in CO2e is rounded once, so values of parts may miss the value of the whole by a gram.
A book's cells change only when its log grows, so they are kept in memory under the root of the log, apart for each bound by holders.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from threading import Lock

import msgspec
import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from carbon import chart, reach
from carbon.holder import scoped
from carbon.region.divisions import DivisionTree
from carbon.region.rollup import child_within, placed
from carbon.tables import AliasRow, HolderRow, SiteDivisionRow, SiteRow
from factors.gwp import GwpSet, valuation
from ledger.balances import balances, cells
from ledger.errors import AccountNotFound
from ledger.principal import Principal
from ledger.tables import AccountRow, CommodityRow, HeadRow, PostingRow
from ledger.types import table_of

KEPT_MAX = 32
RANGES, NUMBERS = 200, 1_000  # beginnings of names, and ids, in one query
_KEPT: dict[tuple[str, bytes, frozenset[str] | None], pl.DataFrame] = {}
_LOCK = Lock()


class FiledRow(msgspec.Struct, frozen=True, kw_only=True):
    """What holders filed in one book, scope and category: masses by gas in smallest units, their value, and how many legs they sum."""

    book: str
    scope: str
    category: str
    gases: dict[str, int]
    co2e_g: int
    count: int


class HolderRef(msgspec.Struct, frozen=True, kw_only=True):
    """A site in the place and what it filed in the year while it lay there, by book."""

    holder: str
    name: str
    site: str
    site_name: str
    division: str
    example: bool
    co2e_g: dict[str, int]


class Stay(msgspec.Struct, frozen=True, kw_only=True):
    """A site's time in one division; `until` is the last day of it, None while it lasts."""

    holder: str
    name: str
    example: bool
    site: str
    site_name: str
    division: str
    since: date
    until: date | None

    @property
    def accounts(self) -> str:
        """How the names of the site's accounts begin."""
        return f"holder/{self.holder}/{chart.word(self.site)}/"


def filed_cells(session: Session, principal: Principal, tree: DivisionTree, code: str) -> pl.DataFrame:
    """The `placed` cells of the division and all below it, of every month: what the principal may see of them."""
    every = _every_cell(session, principal)
    inside = [
        division
        for division in every["division"].unique()
        if child_within(division, tree, code) is not None and reach.in_bound(principal, division, tree)
    ]
    return every.filter(pl.col("division").is_in(inside))


def _every_cell(session: Session, principal: Principal) -> pl.DataFrame:
    """The sums of all holders, or of the lines of those to whom the principal is bounded; not bounded by divisions yet."""
    head = sa.select(table_of(HeadRow).c.root)
    root = bytes(session.execute(head).scalar_one())
    key = (str(session.connection().engine.url), root, principal.holders)
    if (found := _KEPT.get(key)) is None:
        found = placed(cells(session) if principal.holders is None else reach.own_cells(session, principal.holders))
        if bytes(session.execute(head).scalar_one()) == root:  # nobody posted between the two reads
            with _LOCK:
                while len(_KEPT) >= KEPT_MAX:
                    _KEPT.pop(next(iter(_KEPT)))
                _KEPT[key] = found
    return found


def value_of(rows: pl.DataFrame, prices: GwpSet) -> int | None:
    """Grams of CO2e of rows with `commodity` and `amount`; None where there are none. What the set does not price is left `apart`."""
    if not rows.height:
        return None
    return valuation(prices.priced(dict(rows.group_by("commodity").agg(pl.col("amount").sum()).iter_rows())), prices)


def apart(rolled: pl.DataFrame, prices: GwpSet) -> dict[str, int]:
    """Masses that the set does not price, by gas."""
    sums = rolled.group_by("commodity").agg(pl.col("amount").sum()).sort("commodity")
    return {gas: amount for gas, amount in sums.iter_rows() if prices.apart(gas)}


def by_book(rows: pl.DataFrame, prices: GwpSet) -> dict[str, int]:
    """Grams of CO2e by book, in the order of the books' names."""
    return {book: value_of(rows.filter(pl.col("book") == book), prices) or 0 for book in rows["book"].unique().sort()}


def by_child(rolled: pl.DataFrame, prices: GwpSet) -> dict[str, int]:
    """Grams of CO2e in the physical book by child; the division's own code is what is unallocated."""
    sums = rolled.filter(pl.col("book") == "physical").group_by("child", "commodity").agg(pl.col("amount").sum())
    gases: dict[str, dict[str, int]] = {}
    for child, gas, amount in sums.iter_rows():
        gases.setdefault(child, {})[gas] = amount
    return {child: valuation(prices.priced(amounts), prices) for child, amounts in gases.items()}


def filed_rows(rolled: pl.DataFrame, prices: GwpSet) -> tuple[FiledRow, ...]:
    """One row a book, scope and category: the physical book first, the largest first within a scope."""
    place = ["book", "scope", "category"]
    legs = rolled.group_by(*place, "child").agg(pl.col("count").max()).group_by(place).agg(pl.col("count").sum())
    counts = {(book, scope, category): count for book, scope, category, count in legs.iter_rows()}
    gases: dict[tuple[str, str, str], dict[str, int]] = {}
    for *at, gas, amount in rolled.group_by(*place, "commodity").agg(pl.col("amount").sum()).sort(*place, "commodity").iter_rows():
        gases.setdefault((at[0], at[1], at[2]), {})[gas] = amount
    rows = [
        FiledRow(book=at[0], scope=at[1], category=at[2], gases=amounts, co2e_g=valuation(prices.priced(amounts), prices), count=counts[at])
        for at, amounts in gases.items()
    ]
    return tuple(sorted(rows, key=lambda row: (row.book != "physical", row.book, row.scope, -abs(row.co2e_g), row.category)))


def has_examples(session: Session, principal: Principal, tree: DivisionTree, code: str) -> bool:
    """Whether a holder marked as an example ever had a site in the division: then its page says so."""
    s, lies, h = (table_of(row).c for row in (SiteRow, SiteDivisionRow, HolderRow))
    query = (
        sa.select(sa.literal(1))
        .select_from(table_of(HolderRow).join(table_of(SiteRow), s.holder_id == h.id).join(table_of(SiteDivisionRow), lies.site_id == s.id))
        .where(h.example == 1, _within(lies.division, tree.stem(code)), reach.within(principal, lies.division))
        .limit(1)
    )
    return session.execute(scoped(query, principal, holder=h.id)).first() is not None


def _within(division: sa.ColumnElement[str], stem: str) -> sa.ColumnElement[bool]:
    return sa.and_(division >= (stem or "0"), division < (stem or "9") + "~")  # no name of a country: those are letters


def stays(session: Session, principal: Principal, tree: DivisionTree, code: str) -> list[Stay]:
    """Every time that a site, of those that the principal may see, lay in the division or below it."""
    s, lies, h, a = (table_of(row).c for row in (SiteRow, SiteDivisionRow, HolderRow, AliasRow))
    moves = table_of(SiteDivisionRow).alias()
    until = (
        sa.select(sa.func.min(moves.c.valid_from)).where(moves.c.site_id == s.id, moves.c.valid_from > lies.valid_from).scalar_subquery()
    )
    query = (
        sa.select(h.id, a.value, h.example, s.code, s.name, lies.division, lies.valid_from, until)
        .select_from(
            table_of(SiteDivisionRow)
            .join(table_of(SiteRow), s.id == lies.site_id)
            .join(table_of(HolderRow), h.id == s.holder_id)
            .join(table_of(AliasRow), sa.and_(a.holder_id == h.id, a.kind == "name"))
        )
        .where(_within(lies.division, tree.stem(code)), reach.within(principal, lies.division))
        .order_by(h.id, s.code, lies.valid_from)
    )
    return [
        Stay(holder=row[0], name=row[1], example=bool(row[2]), site=row[3], site_name=row[4], division=row[5], since=row[6],
             until=row[7] - timedelta(days=1) if row[7] else None)
        for row in session.execute(scoped(query, principal, holder=h.id))
    ]  # fmt: skip


def filers(session: Session, lying: Sequence[Stay], year: int, prices: GwpSet) -> tuple[HolderRef, ...]:
    """What each site filed in the year while it lay there; the largest first, those that filed nothing left out."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    there = [stay for stay in lying if stay.since <= last and (stay.until is None or stay.until >= first)]
    whole = {stay for stay in there if stay.since <= first and (stay.until is None or stay.until >= last)}
    turnovers = _turnovers(session, sorted(stay.accounts for stay in whole), year)
    found = []
    for stay in there:
        turnover = turnovers.get(stay.accounts) if stay in whole else _while(session, stay, first=first, last=last)
        if turnover is None or not turnover.height:
            continue
        found.append(
            HolderRef(
                holder=stay.holder,
                name=stay.name,
                site=stay.site,
                site_name=stay.site_name,
                division=stay.division,
                example=stay.example,
                co2e_g=by_book(turnover, prices),
            )
        )
    return tuple(sorted(found, key=lambda item: (-sum(item.co2e_g.values()), item.holder, item.site)))


def _turnovers(session: Session, prefixes: Sequence[str], year: int) -> dict[str, pl.DataFrame]:
    """What the accounts of each site turned over in a year, by how their names begin: few queries for many sites."""
    a, c = table_of(AccountRow).c, table_of(CommodityRow).c
    accounts: dict[int, tuple[str, str, str]] = {}
    for at in range(0, len(prefixes), RANGES):
        below = [sa.and_(a.name >= prefix, a.name < prefix[:-1] + "0") for prefix in prefixes[at : at + RANGES]]  # "0" comes after "/"
        query = sa.select(a.id, a.name, a.book, c.code).join_from(table_of(AccountRow), table_of(CommodityRow), a.commodity_id == c.id)
        accounts |= {row[0]: (row[1], row[2], row[3]) for row in session.execute(query.where(sa.or_(*below)))}
    p = table_of(PostingRow).c
    found: dict[str, list[tuple[str, str, int]]] = {}
    ids = sorted(accounts)
    for at in range(0, len(ids), NUMBERS):
        sums = sa.select(p.account_id, sa.func.sum(p.amount)).where(p.account_id.in_(ids[at : at + NUMBERS])).group_by(p.account_id)
        for account_id, amount in session.execute(sums.where(p.period >= year * 100 + 1, p.period <= year * 100 + 12)):
            name, book, commodity = accounts[account_id]
            found.setdefault("/".join(name.split("/")[:3]) + "/", []).append((chart.counted_in(name, book), commodity, int(amount)))
    schema = {"book": pl.String, "commodity": pl.String, "amount": pl.Int64}
    return {prefix: pl.DataFrame(rows, schema=schema, orient="row") for prefix, rows in found.items()}


def _while(session: Session, stay: Stay, *, first: date, last: date) -> pl.DataFrame | None:
    """What a site turned over while it lay in the division, where it came or went within the year."""
    try:
        found = balances(session, accounts=stay.accounts, since=max(first, stay.since), until=min(last, stay.until or last))
    except AccountNotFound:
        return None
    apart = pl.col("account").str.contains("/removals/", literal=True)
    return found.filter(pl.col("count") > 0).with_columns(book=pl.when(apart).then(pl.lit("removals")).otherwise(pl.col("book")))
