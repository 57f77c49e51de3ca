"""Laws of what is owed, claimed and judged: a kWh feeds one mechanism, the book holds what a statement leaves, a pack makes its tags.

Beside `ledger.audit`, which holds lots, floors and retirements to the log.
"""

from collections.abc import Iterator

import msgspec
import sqlalchemy as sa
from sqlmodel import Session

from carbon import chart
from carbon.enterprise.efficiency.grade import Tag, judge
from carbon.enterprise.efficiency.pack import packs
from carbon.enterprise.obligation.claim import DISCHARGED, GENERATED
from carbon.enterprise.obligation.rules import certificate, programme
from carbon.enterprise.obligation.statement import Statement
from carbon.enterprise.obligation.surrender import owed
from carbon.enterprise.tables import ComplianceRow, EfficiencyRow, GenerationRow
from ledger.retrace import Violation
from ledger.tables import LotRow
from ledger.types import table_of


def judged_hold(session: Session) -> list[Violation]:
    """The first breach of each law."""
    found = (next(law(session), None) for law in (_claims_fit, _certificates_are_lots, _statements_are_booked, _tags_are_made))
    return [one for one in found if one is not None]


def _claims_fit(session: Session) -> Iterator[Violation]:
    """What mechanisms took of a plant's month is no more than it generated."""
    g = table_of(GenerationRow).c
    made = sa.func.sum(sa.case((g.mechanism == GENERATED, g.kwh), else_=0))
    taken = sa.func.sum(sa.case((g.mechanism.in_([GENERATED, DISCHARGED]), 0), else_=g.kwh))
    query = sa.select(g.plant, g.month, made, taken).group_by(g.plant, g.month).having(taken > made).order_by(g.plant, g.month)
    for plant, month, generated, claimed in session.execute(query):
        yield Violation("claims", f"plant {plant} {month}", f"{claimed} kWh are claimed, {generated} were generated")


def _certificates_are_lots(session: Session) -> Iterator[Violation]:
    """The kWh that certificates took are those of the lot that was issued for them."""
    g, one, rule = table_of(GenerationRow).c, table_of(LotRow).c, certificate()
    query = (
        sa.select(g.plant, g.month, g.no, g.kwh, one.first, one.last)
        .select_from(table_of(GenerationRow).outerjoin(table_of(LotRow), one.entry_id == g.entry_id))
        .where(g.mechanism == rule.unit, g.entry_id.is_not(None))
        .order_by(g.plant, g.month, g.no)
    )
    for plant, month, no, kwh, first, last in session.execute(query):
        if first is None or (last - first + 1) * rule.kwh != kwh:
            yield Violation("claims", f"row {no} of plant {plant} {month}", f"{kwh} kWh are not the certificates that were issued for them")


def _statements_are_booked(session: Session) -> Iterator[Violation]:
    """What the latest statement of a year leaves to be surrendered is what the firm's obligation account holds."""
    row = table_of(ComplianceRow).c
    query = sa.select(row.holder_id, row.programme, row.year, row.version, row.content)
    latest: dict[tuple[str, str, int], tuple[int, str]] = {}
    for holder, name, year, version, content in session.execute(query.order_by(row.holder_id, row.programme, row.year, row.version)):
        latest[holder, name, year] = version, content
    for (holder, name, year), (version, content) in latest.items():
        where = f"version {version} of {holder} to {name} for {year}"
        try:
            said = msgspec.json.decode(content, type=Statement)
        except msgspec.MsgspecError as error:
            yield Violation("statements", where, f"it cannot be read: {error}")
            continue
        left = owed(session, programme(name), holder=holder, year=year)
        if (said.holder, said.programme, said.year) != (holder, name, year) or said.left_t != left:
            account = chart.obligation(holder, year)
            yield Violation("statements", where, f"it leaves {said.left_t} t of {said.holder} for {said.year}, {account} holds {left}")


def _tags_are_made(session: Session) -> Iterator[Violation]:
    """A tag is what its pack makes of the facts and the mean that stand in it."""
    row = table_of(EfficiencyRow).c
    query = sa.select(row.holder_id, row.year, row.no, row.rule, row.content).where(row.kind == "tag")
    for holder, year, no, rule, content in session.execute(query.order_by(row.holder_id, row.year, row.no)):
        where = f"tag {no} of {holder} for {year}"
        try:
            said = msgspec.json.decode(content, type=Tag)
        except msgspec.MsgspecError as error:
            yield Violation("tags", where, f"it cannot be read: {error}")
            continue
        known = packs().get(rule)
        if (said.facts.holder, said.facts.year, said.pack) != (holder, year, rule):
            yield Violation("tags", where, f"it is of {said.facts.holder} for {said.facts.year} by {said.pack}")
        elif known is not None and judge(known, said.facts, said.mean) != said:
            yield Violation("tags", where, f"{rule} makes another of its facts")
