"""Firms or sites added up to a group, a park or a county: what one member sold another is taken out on both sides, and printed.

A sale within the book is one entry: the buyer's scope 2 or 3 is debited and the seller's passed-on credited (house.md, "The chart of
accounts"), so both sides are known by the entry and equal by gas. Where owners have different parts of the two (equity share), the smaller
side is what cancels. Sales through a network's pool name nobody: they stay in scope 2 and in passed-on, and only `net_location_g`, scope 1
+ scope 2 by location + passed-on, nets them.
"""

from collections.abc import Collection, Iterable, Sequence

import msgspec
import polars as pl
from sqlmodel import Session

from carbon.enterprise.firm import FirmFacts
from carbon.enterprise.inventory.inventory import PASSED_ON, Inventory, inventory
from carbon.enterprise.inventory.lines import booked_lines
from carbon.enterprise.inventory.sections import ENTRIES_MAX, parts_of, value_of
from carbon.enterprise.inventory.spread import Made, made_in_book
from carbon.enterprise.shares import apply_shares, shares
from factors.gwp import GwpSet, half_even
from ledger.principal import Principal

PAIR = ("seller", "buyer", "book", "scope", "category")


class Member(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A member before anything is taken out: its own scope 1, scope 2 by location and by market, and scope 3, in g CO2e."""

    holder: str
    scope1_g: int
    scope2_location_g: int
    scope2_market_g: int
    scope3_g: int


class Eliminated(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one member bought of another: the buyer's scope and category, masses by gas, their g CO2e, and at most fifty of the entries."""

    seller: str
    buyer: str
    book: str
    scope: str
    category: str
    gases: dict[str, int]
    co2e_g: int
    entries: tuple[int, ...]


class Consolidation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The inventory of all members as one. By gas and book, members' scopes 2 and 3 are `inventory`'s and `eliminated` together, exactly.

    `eliminated_g` is g CO2e by book: what the members' masses are worth together less what is left; the pairs of a book add up to it.
    """

    inventory: Inventory
    members: tuple[Member, ...]
    eliminated: tuple[Eliminated, ...]
    eliminated_g: dict[str, int]
    net_location_g: int


def consolidate(
    lines: pl.DataFrame, *, name: str, year: int, prices: GwpSet, facts: FirmFacts | None = None, made: Made | None = None
) -> Consolidation:
    """The consolidated inventory of all the lines in LINES, under a name: of whole firms, of sites, or of an owner's parts of them."""
    left, pairs = eliminate(lines)
    found = inventory(left, holder=name, year=year, prices=prices, facts=facts, made=made)
    net = lines.filter(
        (pl.col("book") == "physical") & (pl.col("scope") == "1") | (pl.col("book") == "location") & pl.col("scope").is_in(["2", PASSED_ON])
    )
    members = tuple(_member(one, lines.filter(pl.col("holder") == one), prices) for one in lines["holder"].unique().sort())
    worth = {book: _worth(_bought(lines, book), prices) - _worth(_bought(left, book), prices) for book in pairs["book"].unique().sort()}
    return Consolidation(
        inventory=found, members=members, eliminated=tuple(_told(pairs, worth, prices)), eliminated_g=worth,
        net_location_g=_worth(net, prices),
    )  # fmt: skip


def booked_group(
    session: Session, principal: Principal, *, name: str, holders: Sequence[str], year: int, prices: GwpSet, owner: str | None = None,
    approach: str = "equity", sites: Collection[tuple[str, str]] | None = None,
) -> Consolidation:  # fmt: skip
    """The consolidation of what stands in the book for holders in a calendar year: for an `owner` its parts of them by an approach, for a
    park the `sites` inside its fence, each a holder and its site. HolderNotFound, BadShares."""
    lines = booked_lines(session, principal, holder=name, year=year, holders=holders)
    if sites is not None:
        inside = pl.DataFrame(sorted(set(sites)), schema={"holder": pl.String, "site": pl.String}, orient="row")
        lines = lines.join(inside, on=["holder", "site"], how="semi", maintain_order="left")
    if owner is not None:
        lines = apply_shares(lines, shares(session, principal, holders=holders), approach, owner=owner)
    return consolidate(lines, name=name, year=year, prices=prices, made=made_in_book(session, lines))


def eliminate(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """LINES without what members sold one another, and those sales: PAIR, `entry`, `gas`, `amount` as on the buyer's account."""
    numbered = lines.with_row_index("at")
    key = ["entry", "book", "gas"]
    bought = numbered.filter(pl.col("scope").is_in(["2", "3"]), pl.col("entry").is_not_null())
    sold = numbered.filter(pl.col("scope") == PASSED_ON, pl.col("entry").is_not_null())
    met = bought.join(sold.select(*key, "at", "holder", "amount"), on=key, suffix="_sold", validate="1:1").filter(
        pl.col("amount").sign() == -pl.col("amount_sold").sign(), pl.col("amount") != 0
    )
    met = met.with_columns(cancels=pl.min_horizontal(pl.col("amount").abs(), pl.col("amount_sold").abs()) * pl.col("amount").sign())
    taken = pl.concat([met.select("at", less="cancels"), met.select(at="at_sold", less=-pl.col("cancels"))])
    left = (
        numbered.join(taken, on="at", how="left", maintain_order="left")
        .with_columns(pl.col("amount") - pl.col("less").fill_null(0))
        .filter(pl.col("less").is_null() | (pl.col("amount") != 0))
        .drop("at", "less")
    )
    pairs = met.select("book", "scope", "category", "entry", "gas", seller="holder_sold", buyer="holder", amount="cancels")
    return left, pairs


def _told(pairs: pl.DataFrame, worth: dict[str, int], prices: GwpSet) -> Iterable[Eliminated]:
    for book, total in worth.items():
        of_book = pairs.filter(pl.col("book") == book)
        keys = of_book.select(PAIR).unique().sort(PAIR).rows(named=True)
        parts = [of_book.join(pl.DataFrame([key], schema=of_book.select(PAIR).schema), on=PAIR) for key in keys]
        gases = [_masses(part) for part in parts]
        grams = parts_of([value_of(one, prices) for one in gases], total)
        for key, part, masses, gram in zip(keys, parts, gases, grams, strict=True):
            entries = part["entry"].unique().sort().head(ENTRIES_MAX).to_list()
            yield Eliminated(**key, gases=masses, co2e_g=gram, entries=tuple(entries))


def _member(holder: str, lines: pl.DataFrame, prices: GwpSet) -> Member:
    scope1 = lines.filter(pl.col("book") == "physical", pl.col("scope") == "1")
    rest = [_worth(_bought(lines, book), prices) for book in ("location", "market", "product")]
    return Member(holder=holder, scope1_g=_worth(scope1, prices), scope2_location_g=rest[0], scope2_market_g=rest[1], scope3_g=rest[2])


def _bought(lines: pl.DataFrame, book: str) -> pl.DataFrame:
    """Scope 2 of its book, or scope 3."""
    return lines.filter(pl.col("book") == book, pl.col("scope").is_in(["2", "3"]))


def _masses(lines: pl.DataFrame) -> dict[str, int]:
    sums = lines.group_by("gas").agg(pl.col("amount").cast(pl.Int128).sum()).sort("gas")
    return dict(sums.iter_rows())


def _worth(lines: pl.DataFrame, prices: GwpSet) -> int:
    return half_even(value_of(_masses(lines), prices))
