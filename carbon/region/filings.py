"""What holders filed in a division: the cells of its sites by book, scope and category, and the sites themselves."""

from datetime import date

import msgspec
import polars as pl
from sqlmodel import Session

from carbon.chart import parse_cell
from carbon.holder import Site, holders, sites
from carbon.region.divisions import DivisionTree
from carbon.region.rollup import child_within
from factors.gwp import GwpSet, valuation
from ledger.balances import balances, cells
from ledger.errors import AccountNotFound
from ledger.principal import Principal


class FiledRow(msgspec.Struct, frozen=True, kw_only=True):
    """What holders filed in one book, scope and category: masses by gas in smallest units, their value, entries, and the cells behind."""

    book: str
    scope: str
    category: str
    gases: dict[str, int]
    co2e_g: int
    count: int
    cells: tuple[str, ...]


class HolderRow(msgspec.Struct, frozen=True, kw_only=True):
    """A site in the place and what it filed in the year, by book."""

    holder: str
    name: str
    site: str
    site_name: str
    division: str
    example: bool
    co2e_g: dict[str, int]
    accounts: tuple[str, ...]


def filed_cells(session: Session, tree: DivisionTree, code: str) -> pl.DataFrame:
    """The cells of the division and all below it, of every month."""
    every = cells(session)
    keys = every["cell"].unique()
    inside = [key for key in keys if child_within(parse_cell(key).division, tree, code) is not None]
    return every.filter(pl.col("cell").is_in(inside))


def value_of(rows: pl.DataFrame, prices: GwpSet) -> int | None:
    """Grams of CO2e of some rolled rows; None where there are none."""
    if not rows.height:
        return None
    return valuation({gas: int(amount) for gas, amount in rows.group_by("commodity").agg(pl.col("amount").sum()).iter_rows()}, prices)


def by_book(rolled: pl.DataFrame, prices: GwpSet) -> dict[str, int]:
    return {str(book): value_of(part, prices) or 0 for (book,), part in rolled.group_by(["book"], maintain_order=True)}


def filed_rows(rolled: pl.DataFrame, kept: pl.DataFrame, prices: GwpSet) -> tuple[FiledRow, ...]:
    by_place: dict[tuple[str, str, str], list[str]] = {}
    for key in kept["cell"].unique().sort():
        cell = parse_cell(key)
        by_place.setdefault((cell.book, cell.scope, cell.category), []).append(key)
    rows = []
    for (book, scope, category), part in rolled.group_by(["book", "scope", "category"], maintain_order=True):
        gases = {gas: int(amount) for gas, amount in part.group_by("commodity").agg(pl.col("amount").sum()).sort("commodity").iter_rows()}
        place = (str(book), str(scope), str(category))
        rows.append(
            FiledRow(
                book=place[0],
                scope=place[1],
                category=place[2],
                gases=gases,
                co2e_g=valuation(gases, prices),
                count=int(part.group_by("child").agg(pl.col("count").max())["count"].sum()),
                cells=tuple(by_place[place]),
            )
        )
    return tuple(sorted(rows, key=lambda row: (row.book != "physical", row.book, row.scope, -abs(row.co2e_g), row.category)))


def filers(session: Session, principal: Principal, tree: DivisionTree, code: str, year: int, prices: GwpSet) -> tuple[HolderRow, ...]:
    """The sites that lie in a county or city (or below it) at the end of the year, with what each filed; the largest first."""
    row = tree.ever(code)
    if row is None or row.level not in {"county", "city"} or not year:
        return ()
    named = {holder.id: holder for holder in holders(session, principal)}
    found = []
    for site in sites(session, principal):
        division = lies_in(site, date(year, 12, 31))
        if division is None or site.holder not in named or child_within(division, tree, code) is None:
            continue
        turnover = _turnover(session, site, year)
        if not turnover.height:
            continue
        holder = named[site.holder]
        found.append(
            HolderRow(
                holder=holder.id,
                name=holder.name,
                site=site.code,
                site_name=site.name,
                division=division,
                example=holder.example,
                co2e_g=by_book(turnover, prices),
                accounts=tuple(turnover["account"].unique().sort()),
            )
        )
    return tuple(sorted(found, key=lambda item: -sum(item.co2e_g.values())))


def lies_in(site: Site, day: date) -> str | None:
    """The division of a site on a day."""
    return next((division for since, division in reversed(site.divisions) if since <= day), None)


def _turnover(session: Session, site: Site, year: int) -> pl.DataFrame:
    """What a site's accounts turned over in a year, those that did."""
    prefix = f"holder/{site.holder}/{site.code}/"
    try:
        found = balances(session, accounts=prefix, since=date(year, 1, 1), until=date(year, 12, 31))
    except AccountNotFound:
        return pl.DataFrame()
    return found.filter(pl.col("count") > 0)


def has_examples(session: Session, principal: Principal, tree: DivisionTree, code: str) -> bool:
    """Whether an example holder has a site in the division: then the page says so."""
    examples = {holder.id for holder in holders(session, principal) if holder.example}
    lying = (division for site in sites(session, principal) if site.holder in examples for _, division in site.divisions)
    return any(child_within(division, tree, code) is not None for division in lying)
