"""The inventory of a firm's year: every figure a valuation of masses, rounded once, and what a section is made of adds up to it exactly.

Scopes are those of the GHG Protocol's Corporate Standard, scope 2 by location and by market (Scope 2 Guidance). A total is the value of all
its masses, as the ledger has it: a gram beside the sum of its two sections where both end in parts of a gram. Energy, ISO and GB/T classes
are views of the same lines. What is sold, captured, removed or biogenic stands apart and reduces nothing; gases without a GWP in the set,
and those published only as CO2e of another, are told as masses.
"""

from collections.abc import Iterable

import msgspec
import polars as pl
from sqlmodel import Session

from carbon.bookkeeping import PlacedLines
from carbon.enterprise.firm import Boundary, Exclusion, FirmFacts, facts
from carbon.enterprise.inventory.classes import GbtRow as GbtRow
from carbon.enterprise.inventory.classes import IsoPart as IsoPart
from carbon.enterprise.inventory.classes import IsoRow as IsoRow
from carbon.enterprise.inventory.classes import gbt_rows, iso_rows
from carbon.enterprise.inventory.energy import EnergyRow as EnergyRow
from carbon.enterprise.inventory.energy import energy_rows
from carbon.enterprise.inventory.lines import booked_lines, first_month, preview_lines, span
from carbon.enterprise.inventory.sections import ENTRIES_MAX, ROW, Laid, added, is_priced, section, value_of
from carbon.enterprise.inventory.sections import Group as Group
from carbon.enterprise.inventory.sections import Row as Row
from carbon.enterprise.inventory.sections import Section as Section
from carbon.enterprise.inventory.sources import CHAIN
from carbon.enterprise.inventory.spread import Made, made_by, made_in_book, pct, spreads
from carbon.estimate import EmissionFrame
from factors.energy import Kind
from factors.gwp import GwpSet, half_even
from factors.uncertainty import Uncertainty
from ledger.principal import Principal

PASSED_ON = "passed-on"
BIOGENIC = "CO2.biogenic"


class Inventory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A holder's inventory of a reporting year in one GWP set. Amounts are g CO2e, masses by gas in its smallest unit.

    `by_gas` and `tiers` are those of the location total. `biogenic_g` is g of biogenic CO2 by section; `apart` and `unpriced` are masses
    that no total holds: published only as CO2e of another set, or without a GWP in this one. Removals are what was taken from the air, so
    above zero. `scope3_notation` says of each category that has no lines NE (not estimated), NO (does not occur) or IE (elsewhere);
    `scope3_missing` are those that are NE. The uncertainties say what they come from and for how many lines nothing is stated.
    """

    holder: str
    year: int
    gwp: str
    scope1: Section
    captured_g: int
    scope2_location: Section
    scope2_market: Section
    total_location_g: int
    total_location_pct: str | None
    total_market_g: int
    total_market_pct: str | None
    scope3: Section
    scope3_missing: tuple[str, ...]
    scope3_notation: dict[str, str]
    biogenic_g: dict[str, int]
    removals_g: int
    passed_on: tuple[Row, ...]
    by_gas: dict[str, int]
    apart: dict[str, int]
    unpriced: dict[str, int]
    energy: tuple[EnergyRow, ...]
    tce: str
    tiers: dict[str, int]
    iso: tuple[IsoRow, ...]
    gbt: tuple[GbtRow, ...]
    exclusions: tuple[Exclusion, ...]
    boundary: Boundary | None
    uncertainty_location: Uncertainty
    uncertainty_market: Uncertainty


def inventory(
    lines: pl.DataFrame, *, holder: str, year: int, prices: GwpSet, facts: FirmFacts | None = None, made: Made | None = None,
    energy_kind: Kind = Kind.CALORIFIC,
) -> Inventory:  # fmt: skip
    """The inventory that LINES of a year are. Without `made` no factor's uncertainty is known, only that of activity data."""
    laid = _laid(lines, prices, made)
    scope1, scope3 = section(laid.of("physical", "1"), laid, prices), section(laid.of("product", "3"), laid, prices)
    location, market = section(laid.of("location", "2"), laid, prices), section(laid.of("market", "2"), laid, prices)
    sold = [section(laid.of(book, PASSED_ON), laid, prices) for book in ("location", "market", "product")]
    passed_on = tuple(row for one in sold for row in one.rows)
    totals = [half_even(value_of(added([scope1.gases, scope2.gases]), prices)) for scope2 in (location, market)]
    spread = [
        laid.spreads.of(_numbers(laid.of("physical", "1"), laid.of(book, "2")), total)
        for book, total in zip(("location", "market"), totals, strict=True)
    ]
    sections = {"scope1": scope1, "scope2_location": location, "scope2_market": market, "scope3": scope3}
    beside = added(one.gases for one in (scope1, location, scope3))
    notation = _notation(scope3, facts)
    energy, tce = energy_rows(lines, year=year, kind=energy_kind)
    return Inventory(
        holder=holder, year=year, gwp=prices.name, scope1=scope1,
        captured_g=section(laid.rows.filter(pl.col("scope") == "captured"), laid, prices).co2e_g,
        scope2_location=location, scope2_market=market,
        total_location_g=totals[0], total_location_pct=pct(spread[0]), total_market_g=totals[1], total_market_pct=pct(spread[1]),
        scope3=scope3, scope3_missing=tuple(no for no, key in notation.items() if key == "NE"), scope3_notation=notation,
        biogenic_g={name: one.gases[BIOGENIC] for name, one in sections.items() if one.gases.get(BIOGENIC)},
        removals_g=-section(laid.rows.filter(pl.col("scope") == "removals"), laid, prices).co2e_g,
        passed_on=passed_on, by_gas=added([scope1.gases, location.gases]),
        apart={gas: amount for gas, amount in beside.items() if prices.apart(gas)},
        unpriced={gas: amount for gas, amount in beside.items() if not prices.apart(gas) and not is_priced(gas, prices)},
        energy=energy, tce=tce, tiers=added([scope1.tiers, location.tiers]),
        iso=iso_rows((*scope1.rows, *location.rows, *scope3.rows)), gbt=gbt_rows((*scope1.rows, *location.rows, *passed_on)),
        exclusions=facts.exclusions if facts else (), boundary=facts.boundary if facts else None,
        uncertainty_location=spread[0], uncertainty_market=spread[1],
    )  # fmt: skip


def preview_inventory(
    placed: PlacedLines, emissions: EmissionFrame, *, holder: str, year: int, prices: GwpSet, facts: FirmFacts | None = None
) -> Inventory:
    """The inventory that a filing would be, from its placed lines and their estimate."""
    lines = preview_lines(placed, emissions, holder=holder)
    return inventory(lines, holder=holder, year=year, prices=prices, facts=facts, made=made_by(emissions.resolutions))


def booked_inventory(
    session: Session, principal: Principal, *, holder: str, year: int, prices: GwpSet, energy_kind: Kind = Kind.CALORIFIC
) -> Inventory:
    """The inventory that stands in the book for a holder's reporting year, with what the firm says of itself at its end."""
    month = first_month(session, principal, holder=holder, year=year)
    lines = booked_lines(session, principal, holder=holder, year=year, start_month=month)
    said = facts(session, principal, holder, span(year, month)[1])
    made = made_in_book(session, lines)
    return inventory(lines, holder=holder, year=year, prices=prices, facts=said, made=made, energy_kind=energy_kind)


def _laid(lines: pl.DataFrame, prices: GwpSet, made: Made | None) -> Laid:
    """The lines with their rows, summed: all that the sections are made of, whatever order the lines came in."""
    numbered = lines.select(
        "holder", "site", "source", "uncertainty_pct", "resolution", "tier", "gas", "amount", "entry",
        pl.col("activity").fill_null(""), "book", "scope", pl.col("category").fill_null(""),
        of_line=pl.struct("holder", "entry", "line").rank("dense").cast(pl.Int64) - 1,
    ).with_columns(row=pl.struct(ROW).rank("dense").cast(pl.Int64) - 1)  # fmt: skip
    rows = numbered.select(*ROW, "row").unique("row", keep="any")
    sums = numbered.group_by("row", "tier", "gas").agg(pl.col("amount").cast(pl.Int128).sum()).filter(pl.col("amount") != 0)
    behind = numbered.group_by("row").agg(
        lines=pl.col("of_line").n_unique(), entries=pl.col("entry").drop_nulls().unique().bottom_k(ENTRIES_MAX).sort()
    )
    spread = spreads(numbered, prices=prices, made=made)
    return Laid(sums, rows.join(behind, on="row", how="left").sort("row"), spread)


def _numbers(*some: pl.DataFrame) -> Iterable[int]:
    return [number for rows in some for number in rows["row"]]


def _notation(scope3: Section, said: FirmFacts | None) -> dict[str, str]:
    """What stands for each category of scope 3 that has no lines: what the firm says of it as a whole, else NE."""
    reported = {row.category for row in scope3.rows}
    whole = {one.category: one.notation for one in (said.exclusions if said else ()) if one.scope == "3"}
    return {no: whole.get(no, "NE") for no in CHAIN if no not in reported}
