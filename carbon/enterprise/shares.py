"""Shares in firms and sites, dated, applied when an inventory is read: everything is booked at 100 %, and an owner reads its part.

The three approaches are those of the GHG Protocol's Corporate Standard, ch. 3: equity share, financial and operational control. A share
is a part in millionths. Where nobody has one, a firm's sites are its own; where somebody has, what is left over belongs to owners outside
the book. The parts of each amount over all owners are whole units and add up to it exactly: largest remainder, ties in the order of owners.
"""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from itertools import pairwise

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from carbon.answer import decimal_text
from carbon.enterprise.errors import BadShares
from carbon.enterprise.inventory.lines import LINES
from carbon.enterprise.tables import ShareRow
from carbon.reach import scoped
from carbon.tables import HolderRow
from ledger.principal import Principal
from ledger.types import table_of

WHOLE = 1_000_000
OUTSIDE = ""
"""The owner of what nobody in the book owns."""
SHARES = pl.Schema(
    {"owner": pl.String, "holder": pl.String, "site": pl.String, "approach": pl.String, "valid_from": pl.Date, "ppm": pl.Int64}
)
"""Shares from a day on, until the owner's next of the same; `site` is "" for the whole holder, and one of a site goes before it."""
Stake = tuple[str, date, int]


def shares(session: Session, principal: Principal, *, holders: Sequence[str] | None = None) -> pl.DataFrame:
    """SHARES that the principal may see: owner or owned is within its reach; in these holders where asked."""
    s = table_of(ShareRow).c
    query = sa.select(s.owner_id, s.holder_id, s.site, s.approach, s.valid_from, s.ppm).where(seen_shares(principal))
    if holders is not None:
        query = query.where(s.holder_id.in_(sorted(set(holders))))
    query = query.order_by(s.holder_id, s.site, s.owner_id, s.valid_from)
    return pl.DataFrame([tuple(row) for row in session.execute(query)], schema=SHARES, orient="row")


def seen_shares(principal: Principal) -> sa.ColumnElement[bool]:
    """SQL: the owner or the owned is one that the principal may see, so that a firm knows who owns it."""
    s = table_of(ShareRow).c
    seen = table_of(HolderRow).c.id
    return sa.or_(*(side.in_(scoped(sa.select(seen), principal, holder=seen)) for side in (s.owner_id, s.holder_id)))


def apply_shares(lines: pl.DataFrame, shares: pl.DataFrame, approach: str, *, owner: str | None = None) -> pl.DataFrame:
    """LINES with a column `owner`, one row for each owner's part of an amount; or LINES of one `owner` alone. BadShares past the whole.

    A line's shares are those of its days: where they change within its period each counts by its days. Amounts are whole units; quantities
    are the owner's part to twelve digits, since a third of a tonne has no end.
    """
    spans = lines.select("holder", "site", "start", "end").unique(maintain_order=True)
    stakes = _stakes(shares, approach)
    rows = []
    for holder, site, start, end in spans.iter_rows():
        of_site = stakes.get((holder, site)) or stakes.get((holder, ""))
        for who, weight in _weights(holder, of_site, start, end).items():
            rows.append((holder, site, start, end, who, weight, ((end - start).days + 1) * WHOLE))
    by = ["holder", "site", "start", "end"]
    counted = {"owner": pl.String(), "weight": pl.Int64(), "of": pl.Int64()}
    weights = pl.DataFrame(rows, schema={name: LINES[name] for name in by} | counted, orient="row")
    parts = lines.with_row_index("at").join(weights, on=by, nulls_equal=True, maintain_order="left")
    product = pl.col("amount").cast(pl.Int128) * pl.col("weight")
    parts = parts.with_columns(low=product // pl.col("of"), rest=product % pl.col("of"))
    left = (pl.col("amount").first().over("at") - pl.col("low").sum().over("at")).cast(pl.Int64)
    place = pl.struct(pl.col("of") - pl.col("rest").cast(pl.Int64), "owner").rank("ordinal").over("at").cast(pl.Int64)
    parts = parts.with_columns(amount=(pl.col("low") + (place <= left)).cast(pl.Int64))
    parts = parts if owner is None else parts.filter(pl.col("owner") == owner)
    parts = parts.with_columns(quantity=_quantities(parts))
    return parts.select(*LINES.names(), *(["owner"] if owner is None else []))


def _stakes(shares: pl.DataFrame, approach: str) -> dict[tuple[str, str], list[Stake]]:
    found: dict[tuple[str, str], list[Stake]] = {}
    columns = ("holder", "site", "owner", "valid_from", "ppm")
    for holder, site, owner, since, ppm in shares.filter(pl.col("approach") == approach).select(columns).iter_rows():
        found.setdefault((holder, site), []).append((owner, since, ppm))
    for (holder, _), stakes in found.items():
        check_whole(holder, stakes)
    return found


def check_whole(holder: str, stakes: Sequence[Stake]) -> None:
    """On no day do the shares pass the whole. Raises BadShares."""
    for day in sorted({since for _, since, _ in stakes}):
        together = sum(_held(stakes, day).values())
        if together > WHOLE:
            raise BadShares(holder=holder, day=day.isoformat(), reason=f"all shares together are {together:,} millionths")


def _held(stakes: Sequence[Stake], day: date) -> dict[str, int]:
    """Each owner's share on a day."""
    return {owner: ppm for owner, since, ppm in sorted(stakes, key=lambda stake: stake[1]) if since <= day}


def _weights(holder: str, stakes: Sequence[Stake] | None, start: date, end: date) -> dict[str, int]:
    """Each owner's millionths, added up over the days of a period; all of them are the days × WHOLE."""
    changes = sorted({start, *(since for _, since, _ in stakes or () if start < since <= end), date.fromordinal(end.toordinal() + 1)})
    found: dict[str, int] = {}
    for since, until in pairwise(changes):
        held = {owner: ppm for owner, ppm in _held(stakes or (), since).items() if ppm} or {holder: WHOLE}
        for owner, ppm in (held | {OUTSIDE: WHOLE - sum(held.values())}).items():
            found[owner] = found.get(owner, 0) + ppm * (until - since).days
    return {owner: weight for owner, weight in found.items() if weight}


def _quantities(parts: pl.DataFrame) -> pl.Series:
    """The owner's part of each quantity, as text; untouched where it is all of it."""
    texts = []
    for quantity, weight, whole in parts.select("quantity", "weight", "of").iter_rows():
        same = quantity is None or weight == whole
        texts.append(quantity if same else decimal_text(Fraction(quantity) * weight / whole))
    return pl.Series("quantity", texts, dtype=pl.String)
