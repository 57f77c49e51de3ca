"""The lines of an inventory: one row a line and gas as it lies on a holder's accounts, alike from a preview and from the book."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from carbon import chart
from carbon.answer import kept
from carbon.bookkeeping import PlacedLines, legs_of
from carbon.enterprise.firm import facts
from carbon.estimate import EmissionFrame
from carbon.holder import find_holder, sites
from carbon.reach import seen_accounts, seen_lines
from carbon.tables import ActivityLineRow, ImportRow, SiteRow
from factors.resolution import Resolution
from ledger.bulk import select_in
from ledger.principal import Principal
from ledger.tables import AccountRow, CommodityRow, ReversalRow
from ledger.types import table_of

LINES = pl.Schema(
    {
        "line": pl.Int32,  # the row in its file; null where no line of the holder stands behind an amount
        "entry": pl.Int64,  # null in a preview, and for a line that emits nothing
        "holder": pl.String,
        "site": pl.String,
        "division": pl.String,
        "book": pl.String,  # physical, location, market, product
        "scope": pl.String,  # 1, 2, 3, captured, removals, passed-on
        "category": pl.String,  # IPCC code, carrier, 1 to 15, or what was captured
        "activity": pl.String,  # null where no line of the holder stands behind an amount
        "source": pl.String,
        "quantity": pl.String,
        "unit": pl.String,
        "start": pl.Date,
        "end": pl.Date,
        "tier": pl.String,  # measured, calculated, default, estimated
        "uncertainty_pct": pl.String,
        "factor": pl.String,  # ids of factors, joined by " + "; of a guide's line what its resolution names
        "formula": pl.String,
        "method": pl.String,
        "counterparty": pl.String,
        "instrument": pl.String,
        "resolution": pl.String,  # hex
        "gas": pl.String,
        "amount": pl.Int64,  # signed as on the holder's account, in the gas's smallest unit
    }
)
ORDER = ("holder", "entry", "line", "book", "scope", "category", "gas")
NOTHING = "CO2"
"""The gas of the one row, of amount 0, that a line has which emits nothing: its energy and its category still count."""


def tier_of(said: str | None, inputs: Iterable[str]) -> str:
    """The tier that a line says, else ``measured`` where one of the tiers of its numbers is, else ``default``."""
    return said or ("measured" if "measured" in set(inputs) else "default")


def factors_of(kept_as: Mapping[str, Any]) -> str:
    """The factors that a kept resolution names, or the item of a guide in their place: `Resolution.factor_ids` of what was kept."""
    item = kept_as.get("formula")
    return str(item["id"]) if item else " + ".join(one["id"] for one in kept_as["factors"])


def preview_lines(placed: PlacedLines, emissions: EmissionFrame, *, holder: str) -> pl.DataFrame:
    """LINES of what would be booked: placed lines, their masses, and the accounts of `carbon.bookkeeping.legs_of`.

    Legs of other holders are left out, as they are in that holder's own book. Rows are in the order of ORDER.
    """
    own = placed.lines.frame
    frame = own.with_columns(
        place=placed.place,
        at=emissions.lines["resolution"],
        formula=pl.col("formula") if "formula" in own.columns else pl.lit(None, dtype=pl.String),
        entry=pl.lit(None, dtype=pl.Int64),
    )
    legs = _legs(frame, placed, emissions.resolutions, holder)
    told = _resolutions(
        (kept(one)[0].hex(), one.factor_ids, tier_of(None, (number.tier for number in one.parameters))) for one in emissions.resolutions
    )
    masses = emissions.long().select("line", "gas", "amount")
    silent = own.select("line").join(masses, on="line", how="anti").with_columns(gas=pl.lit(NOTHING), amount=pl.lit(0, dtype=pl.Int64))
    at = pl.col("at")
    return _in_order(
        frame.join(legs, on=["place", "at"])
        .join(pl.concat([masses, silent]), on="line")
        .with_columns(
            scope=pl.col("scope_of"),
            category=pl.col("category_of"),
            amount=pl.col("amount") * pl.col("sign"),
            resolution=pl.lit(told["key"]).gather(at),
            factor=pl.lit(told["factor"]).gather(at),
            tier=pl.coalesce("tier", pl.lit(told["tier"]).gather(at)),
        )
    )


def _resolutions(rows: Iterable[tuple[str, str, str]]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=dict.fromkeys(("key", "factor", "tier"), pl.String), orient="row")


def _legs(frame: pl.DataFrame, placed: PlacedLines, resolutions: Sequence[Resolution], holder: str) -> pl.DataFrame:
    """What each kind of line puts on the holder's accounts, by place and resolution: holder, book, scope, category, sign."""
    rows = []
    for number, at in frame.select("place", "at").unique().iter_rows():
        placement = placed.placements[number]
        for account, sign in legs_of(placement, resolutions[at], holder=holder, site="-", division="-"):
            kind, owner, *rest = account.split("/")
            if kind == "holder" and owner == holder:
                rows.append((number, at, sign, owner, placement.book.value, chart.SCOPES[rest[1]], rest[2]))
    texts = dict.fromkeys(("holder", "book", "scope_of", "category_of"), pl.String)
    return pl.DataFrame(rows, schema={"place": pl.UInt32, "at": pl.UInt32, "sign": pl.Int64, **texts}, orient="row")


def _in_order(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(LINES.names()).cast(LINES).sort(ORDER, nulls_last=True, maintain_order=True)


def span(year: int, start_month: int = 1) -> tuple[date, date]:
    """The first and the last day of a reporting year, named for the year in which it begins."""
    last = date(year + 1, start_month, 1).toordinal() - 1
    return date(year, start_month, 1), date.fromordinal(last)


def first_month(session: Session, principal: Principal, *, holder: str, year: int) -> int:
    """The month with which a holder's reporting year begins: of the boundary that it told, as it holds at the end of the calendar year of
    that name, else January. HolderNotFound."""
    boundary = facts(session, principal, holder, date(year, 12, 31)).boundary
    return boundary.start_month if boundary else 1


def booked_lines(
    session: Session, principal: Principal, *, holder: str, year: int, holders: Sequence[str] | None = None, start_month: int | None = None
) -> pl.DataFrame:
    """LINES of what stands in the book on the accounts of `holder`, or of `holders` where these are given, for a reporting year.

    It begins with `start_month`, without one with the holder's own `first_month`; of several holders with January, since theirs may differ.

    Everything on a holder's accounts counts, also what another's line put there (a seller's passed-on): of that the line is null, since it
    is not the holder's to read. What was reversed, and the reversal, are left out. Bounded by divisions one reads the lines filed
    there, and accounts of sites that never lay elsewhere. HolderNotFound where a holder is beyond the principal's reach.
    """
    if start_month is None:
        start_month = first_month(session, principal, holder=holder, year=year) if holders is None else 1
    since, until = span(year, start_month)
    parts = [_of_holder(session, principal, one, since, until) for one in ([holder] if holders is None else sorted(set(holders)))]
    return _in_order(pl.concat(parts)) if parts else LINES.to_frame()


def _of_holder(session: Session, principal: Principal, holder: str, since: date, until: date) -> pl.DataFrame:
    find_holder(session, principal, holder)
    accounts = _accounts(session, principal, holder)
    amounts = _postings(session, accounts, since, until)
    filed = _filed(session, principal, holder, since, until)
    behind = amounts.join(filed, on="entry", how="left").filter(pl.col("line").is_not_null() | pl.col("seen"))
    quiet = filed.filter(pl.col("entry").is_null()).with_columns(
        pl.col("cell").str.split("|").list.to_struct(fields=["book", "division_", "scope", "category"]).struct.unnest(),
        gas=pl.lit(NOTHING), amount=pl.lit(0, dtype=pl.Int64),
    )  # fmt: skip
    found = pl.concat([behind, quiet], how="diagonal_relaxed").with_columns(
        holder=pl.lit(holder),
        site=pl.coalesce("site", "at_site"),
        start=pl.coalesce("start", "day"),
        end=pl.coalesce("end", "day"),
        tier=pl.coalesce("tier", pl.lit("default")),
    )
    return (
        (_with_divisions(session, principal, holder, found) if found["division"].null_count() else found).select(LINES.names()).cast(LINES)
    )


def _accounts(session: Session, principal: Principal, holder: str) -> pl.DataFrame:
    """The holder's emission accounts: what each says, its gas, and whether it is the principal's to see whatever line lies behind."""
    a, c = table_of(AccountRow).c, table_of(CommodityRow).c
    query = (
        sa.select(a.id, a.name, a.book, c.code)
        .join_from(table_of(AccountRow), table_of(CommodityRow), a.commodity_id == c.id)
        .where(a.name >= f"holder/{holder}/", a.name < f"holder/{holder}0")
    )
    among = seen_accounts(principal)
    all_ids = None if among is None else {row[0] for row in session.execute(query.where(a.id.in_(among)))}
    rows = []
    for number, name, book, gas in session.execute(query):
        parts = name.split("/")
        if len(parts) == 5 and parts[3] in chart.SCOPES:
            rows.append((number, book, parts[2], chart.SCOPES[parts[3]], parts[4], gas, all_ids is None or number in all_ids))
    names = ("book", "at_site", "scope", "category", "gas")
    schema = {"account_id": pl.Int64} | dict.fromkeys(names, pl.String)
    return pl.DataFrame(rows, schema={**schema, "seen": pl.Boolean}, orient="row")


def _postings(session: Session, accounts: pl.DataFrame, since: date, until: date) -> pl.DataFrame:
    """What stands on the accounts in the months from `since` to `until`: `entry`, `day`, `amount`, and what the account says."""
    sql = (
        "SELECT p.account_id, p.entry_id, CAST(e.day AS TEXT), p.amount FROM posting p JOIN entry e ON e.id = p.entry_id "
        "LEFT JOIN reversal r ON r.entry_id = p.entry_id LEFT JOIN reversal b ON b.by_id = p.entry_id "
        f"WHERE r.entry_id IS NULL AND b.by_id IS NULL AND p.period BETWEEN {since.year * 100 + since.month} AND "
        f"{until.year * 100 + until.month} AND p.account_id IN {{values}}"
    )
    rows = [tuple(row) for row in select_in(session.connection(), sql, accounts["account_id"])]
    schema = {"account_id": pl.Int64, "entry": pl.Int64, "day": pl.String, "amount": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.col("day").str.to_date()).join(accounts, on="account_id")


def _filed(session: Session, principal: Principal, holder: str, since: date, until: date) -> pl.DataFrame:
    """The holder's standing lines whose last day lies in the span, by entry, with what their resolution and details say."""
    a, s, r, f = (table_of(row).c for row in (ActivityLineRow, SiteRow, ReversalRow, ImportRow))
    replaced = sa.select(f.replaces).where(f.replaces.is_not(None))
    columns = (a.row, a.entry_id, s.code, a.division, a.activity, a.source, a.quantity, a.unit)
    days = (sa.cast(a.start, sa.Text), sa.cast(a.end, sa.Text))  # text, which is read a column at a time
    query = (
        sa.select(*columns, *days, a.tier, a.method, a.cell, a.details, a.resolution_id)
        .join_from(table_of(ActivityLineRow), table_of(SiteRow), s.id == a.site_id)
        .outerjoin(table_of(ReversalRow), r.entry_id == a.entry_id)
        .where(a.holder_id == holder, a.end.between(since, until), r.entry_id.is_(None))
        .where(sa.or_(a.entry_id.is_not(None), a.import_id.not_in(replaced)))
    )
    rows = [tuple(row) for row in session.execute(seen_lines(query, principal))]
    names = ("line", "entry", "site", "division", "activity", "source", "quantity", "unit", "start", "end", "tier", "method")
    read = {name: LINES[name] for name in names} | dict.fromkeys(("start", "end", "cell", "details"), pl.String()) | {"key": pl.Binary()}
    frame = pl.DataFrame(rows, schema=read, orient="row").with_columns(pl.col("start", "end").str.to_date())
    return (
        frame.join(_details(frame["details"]), on="details", how="left", nulls_equal=True)
        .join(_kept(session, frame["key"].unique()), on="key", how="left")
        .with_columns(tier=pl.coalesce("tier", "tier_of"), resolution=pl.col("key").bin.encode("hex"))
        .drop("details", "key", "tier_of")
    )


def _details(texts: pl.Series) -> pl.DataFrame:
    """What the JSON of `details` says, once each."""
    names = ("counterparty", "instrument", "uncertainty_pct", "formula")
    rows = [(text, *(said.get(name) for name in names)) for text in texts.drop_nulls().unique() for said in [json.loads(text)]]
    return pl.DataFrame(rows, schema=dict.fromkeys(("details", *names), pl.String), orient="row")


def _kept(session: Session, keys: pl.Series) -> pl.DataFrame:
    """Factors and tier of kept resolutions, by id."""
    contents = resolutions_of(session, [bytes(key) for key in keys])
    rows = []
    for key, said in contents.items():
        rows.append((key, factors_of(said), tier_of(None, (one.get("tier", "default") for one in said["parameters"]))))
    return pl.DataFrame(rows, schema={"key": pl.Binary, "factor": pl.String, "tier_of": pl.String}, orient="row")


def resolutions_of(session: Session, keys: Sequence[bytes]) -> dict[bytes, dict[str, Any]]:
    """What `carbon.answer.describe` said of resolutions when they were booked, by their ids."""
    rows = select_in(session.connection(), "SELECT id, content FROM resolution WHERE id IN {values}", pl.Series(keys, dtype=pl.Binary))
    return {bytes(key): json.loads(content) for key, content in rows}


def _with_divisions(session: Session, principal: Principal, holder: str, found: pl.DataFrame) -> pl.DataFrame:
    """The division of the site on the last day, where no line of the holder says it."""
    lies: Mapping[str, Sequence[tuple[date, str]]] = {site.code: site.divisions for site in sites(session, principal, holder=holder)}
    keys = found.filter(pl.col("division").is_null()).select("site", "end").unique()
    rows = [
        (site, end, max(((since, at) for since, at in lies.get(site, ()) if since <= end), default=(end, None))[1])
        for site, end in keys.iter_rows()
    ]
    at = pl.DataFrame(rows, schema={"site": pl.String, "end": pl.Date, "lies_in": pl.String}, orient="row")
    return found.join(at, on=["site", "end"], how="left").with_columns(division=pl.coalesce("division", "lies_in"))
