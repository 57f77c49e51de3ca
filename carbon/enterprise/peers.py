"""A firm beside those of its industry: scope 1 and 2 by location, told under the project's one disclosure policy (`carbon.disclosure`)."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

import msgspec
import sqlalchemy as sa
from sqlmodel import Session

from carbon.disclosure import groups
from carbon.enterprise.firm import facts_on, first_months, versions
from carbon.enterprise.inventory.lines import span
from carbon.enterprise.inventory.sections import value_of
from carbon.reach import seen_lines
from carbon.tables import ActivityLineRow, HolderRow
from factors.gwp import GwpSet, half_even
from ledger.principal import Principal
from ledger.types import table_of

COUNTED = ("scope1", "scope2-location")


class Peers(msgspec.Struct, frozen=True, kw_only=True):
    """The mean of a group of firms in g CO2e, how many they are, and this one's own; `permille` of the mean, None where that is nothing.

    `industry` is a code of GB/T 4754 whose firms these are but those of the industries `without`, which are groups of their own.
    """

    industry: str
    without: tuple[str, ...]
    members: int
    mean_g: int
    own_g: int
    permille: int | None


def peers_of(holder: str, own: Mapping[str, dict[str, int]], industries: Mapping[str, str | None], prices: GwpSet) -> Peers | None:
    """A holder beside its group, from masses by holder and gas; None where it is in no group. Pure."""
    group = groups({one: industries.get(one) for one in own}).get(holder)
    if group is None:
        return None
    worth = {member: value_of(own[member], prices) for member in group.members}
    mean = half_even(sum(worth.values(), Fraction(0)) / len(worth))
    mine = half_even(worth[holder])
    return Peers(
        industry=group.code, without=group.without, members=len(worth), mean_g=mean, own_g=mine,
        permille=half_even(Fraction(mine * 1000, mean)) if mean else None,
    )  # fmt: skip


def peers(session: Session, *, holder: str, year: int, prices: GwpSet) -> Peers | None:
    """A holder beside its industry in a year, each firm in its own reporting year of that name. The session is bounded to nobody: what
    leaves here is of groups alone."""
    h = table_of(HolderRow).c
    industries: dict[str, str | None] = {row[0]: row[1] for row in session.execute(sa.select(h.id, h.industry).where(h.kind == "firm"))}
    masses = {one: gases for one, gases in _masses(session, year).items() if one in industries}
    return peers_of(holder, masses, industries, prices)


def _masses(session: Session, year: int) -> dict[str, dict[str, int]]:
    """Masses by holder and gas of what stands in each one's year on accounts of scope 1 and of scope 2 by location."""
    begins = first_months(session, date(year, 12, 31))
    found: dict[str, dict[str, int]] = {}
    for month in sorted({1, *begins.values()}):
        since, until = span(year, month)
        found |= {one: gases for one, gases in _standing(session, since, until).items() if begins.get(one, 1) == month}
    return found


def _standing(session: Session, since: date, until: date) -> dict[str, dict[str, int]]:
    """The masses of a span of whole months."""
    rows = session.execute(
        sa.text(
            "SELECT a.name, c.code, SUM(p.amount) FROM posting p JOIN account a ON a.id = p.account_id "
            "JOIN commodity c ON c.id = a.commodity_id LEFT JOIN reversal r ON r.entry_id = p.entry_id "
            "LEFT JOIN reversal b ON b.by_id = p.entry_id WHERE r.entry_id IS NULL AND b.by_id IS NULL "
            "AND p.period BETWEEN :since AND :until AND a.name >= 'holder/' AND a.name < 'holder0' GROUP BY a.name, c.code"
        ),
        {"since": since.year * 100 + since.month, "until": until.year * 100 + until.month},
    )
    found: dict[str, dict[str, int]] = {}
    for name, gas, amount in rows:
        parts = name.split("/")
        if len(parts) == 5 and parts[3] in COUNTED:
            gases = found.setdefault(parts[1], {})
            gases[gas] = gases.get(gas, 0) + int(amount)
    return found


def filed_years(session: Session, principal: Principal, holder: str) -> tuple[int, ...]:
    """The reporting years in which lines of a holder end that the principal may see, the latest first."""
    a = table_of(ActivityLineRow).c
    days = session.execute(seen_lines(sa.select(a.end).where(a.holder_id == holder).distinct(), principal)).scalars()
    ends = [day if isinstance(day, date) else date.fromisoformat(str(day)) for day in days]
    said = versions(session, principal, holder, kind="boundary")
    spans: dict[int, tuple[date, date]] = {}
    for year in {one for day in ends for one in (day.year - 1, day.year)}:
        told = facts_on(said, date(year, 12, 31)).boundary
        spans[year] = span(year, told.start_month if told else 1)
    return tuple(sorted((year for year, (since, until) in spans.items() if any(since <= day <= until for day in ends)), reverse=True))
