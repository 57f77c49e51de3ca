"""Statements to a programme kept by version: made from a verified filing, booked as an obligation, made anew with each surrender."""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec
import sqlalchemy as sa
from sqlmodel import Session

from carbon import reach
from carbon.enterprise.authority import posting_for
from carbon.enterprise.errors import NotVerified, StatementNotFound
from carbon.enterprise.filing.state import State
from carbon.enterprise.obligation.allocation import Unit
from carbon.enterprise.obligation.banking import Banked, banked
from carbon.enterprise.obligation.bridge import Bridge
from carbon.enterprise.obligation.rules import Programme, Rule, programme, rule
from carbon.enterprise.obligation.statement import Statement, settled, state
from carbon.enterprise.obligation.surrender import Surrendered, given, owe, stock, surrender
from carbon.enterprise.obligation.units import Range
from carbon.enterprise.tables import ComplianceRow, FilingRow
from carbon.holder import find_holder
from carbon.turn import take_turn
from ledger.errors import NotAllowed
from ledger.principal import Principal, Role
from ledger.types import table_of

VERIFIED = (State.VERIFIED.value, State.ACCEPTED.value, State.BOOKED.value)
"""The states of a filing whose figure is a verified one."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A statement as it was made, with its version, who made it and when."""

    version: int
    statement: Statement
    actor: str
    stated_at: datetime


def declare(
    session: Session, principal: Principal, *, holder: str, programme_id: str, sector: str, year: int, filing: str, verified_g: int,
    units: Sequence[Unit], now: datetime, today: date, bridge: Bridge | None = None,
) -> Kept:  # fmt: skip
    """The authority makes the statement of a year from its verified filing, books its obligation (or what it changed by) and keeps it.

    `verified_g` is the programme's own figure, as the verifier signed it; `units` are what it is made of.
    Raises HolderNotFound, NotAllowed, NoRule, NotVerified, BadAllotment.
    """
    scheme, ruled = programme(programme_id), rule(programme_id, sector=sector, year=year)
    find_holder(session, principal, holder)
    poster = posting_for(principal, holder, action="state an obligation")
    take_turn(session, f"units/{holder}")
    _verified(session, filing, holder=holder, year=year)
    made = state(
        scheme, ruled, holder=holder, year=year, filing=filing, verified_g=verified_g, units=units, bridge=bridge, day=today,
        held=[told for told, _ in stock(session, scheme, ruled, holder=holder, year=year, day=today)],
        surrendered=given(session, scheme, holder=holder, year=year), banked=_banked(session, scheme, ruled, holder=holder, year=year),
    )  # fmt: skip
    owe(
        session, poster, programme=scheme, rule=ruled, holder=holder, year=year, obligation_t=made.obligation_t, now=now, day=today,
    )  # fmt: skip
    return _keep(session, principal, made, now=now)


def surrender_units(
    session: Session, principal: Principal, *, holder: str, programme_id: str, year: int, now: datetime, day: date, allowances: int = 0,
    offsets: int = 0, ranges: Sequence[Range] = (), beneficiary: str | None = None,
) -> tuple[Surrendered, Kept]:  # fmt: skip
    """Surrender for a year and keep the statement anew. `beneficiary` is a holder's id (without one the holder's own).

    Raises StatementNotFound where no obligation of the year was stated, and what `surrender` raises.
    """
    find_holder(session, principal, holder)
    if principal.role not in {Role.ADMIN, Role.WRITER}:
        raise NotAllowed(actor=principal.actor, action="surrender units")
    take_turn(session, f"units/{holder}")
    before = statement(session, principal, holder=holder, programme_id=programme_id, year=year).statement
    if beneficiary is not None:
        find_holder(session, Principal(actor=principal.actor, role=principal.role), beneficiary)
    scheme, ruled = _ruled(before)
    done = surrender(
        session, principal, programme=scheme, rule=ruled, holder=holder, year=year, limit_t=before.offset_limit_t, allowances=allowances,
        offsets=offsets, ranges=ranges, now=now, day=day, beneficiary=beneficiary,
    )  # fmt: skip
    return done, _keep(session, principal, _today(session, before, scheme, ruled, day), now=now)


def statement(
    session: Session, principal: Principal, *, holder: str, programme_id: str, year: int, version: int | None = None
) -> Kept:  # fmt: skip
    """The statement as it was made, the latest or that version. Raises StatementNotFound."""
    found = statements(session, principal, holder=holder, programme_id=programme_id, year=year)
    wanted = [one for one in found if version is None or one.version == version]
    if not wanted:
        raise StatementNotFound(programme=programme_id, year=year)
    return wanted[-1]


def statements(
    session: Session, principal: Principal, *, holder: str | None = None, programme_id: str | None = None, year: int | None = None
) -> list[Kept]:
    """Every statement that the principal may see, by holder, programme, year and version."""
    row = table_of(ComplianceRow).c
    query = sa.select(table_of(ComplianceRow)).order_by(row.holder_id, row.programme, row.year, row.version)
    for column, value in ((row.holder_id, holder), (row.programme, programme_id), (row.year, year)):
        if value is not None:
            query = query.where(column == value)
    rows = session.execute(reach.scoped(query, principal, holder=row.holder_id)).mappings()
    return [
        Kept(
            version=one["version"], statement=msgspec.json.decode(one["content"], type=Statement), actor=one["actor"],
            stated_at=one["stated_at"],
        )
        for one in rows
    ]  # fmt: skip


def standing(session: Session, principal: Principal, *, holder: str, programme_id: str, year: int, today: date) -> Statement:
    """The latest statement with what is held and surrendered as of today; nothing is kept. Raises StatementNotFound."""
    before = statement(session, principal, holder=holder, programme_id=programme_id, year=year).statement
    return _today(session, before, *_ruled(before), today)


def _ruled(made: Statement) -> tuple[Programme, Rule]:
    return programme(made.programme), rule(made.programme, sector=made.sector, year=made.year)


def _today(session: Session, before: Statement, scheme: Programme, ruled: Rule, day: date) -> Statement:
    held = [told for told, _ in stock(session, scheme, ruled, holder=before.holder, year=before.year, day=day)]
    return settled(
        before, ruled, held=held, surrendered=given(session, scheme, holder=before.holder, year=before.year), day=day,
        banked=_banked(session, scheme, ruled, holder=before.holder, year=before.year),
    )  # fmt: skip


def _banked(session: Session, scheme: Programme, ruled: Rule, *, holder: str, year: int) -> Banked | None:
    return None if ruled.banking is None else banked(session, scheme, ruled.banking, holder=holder, year=year)


def _verified(session: Session, filing: str, *, holder: str, year: int) -> None:
    f = table_of(FilingRow).c
    found = session.execute(sa.select(f.state, f.year, f.start_month).where(f.id == filing, f.holder_id == holder)).one_or_none()
    if found is None:
        raise NotVerified(filing=filing, reason="is no filing of this holder")
    if found.year != year:
        raise NotVerified(filing=filing, reason=f"is of {found.year}, not of {year}")
    if found.start_month != 1:
        raise NotVerified(filing=filing, reason=f"is of a year that begins in month {found.start_month}; programmes count calendar years")
    if found.state not in VERIFIED:
        raise NotVerified(filing=filing, reason=f"is {found.state}")
    after = session.execute(sa.select(f.id).where(f.restates == filing, f.state == State.BOOKED.value)).scalar()
    if after is not None:
        raise NotVerified(filing=filing, reason=f"was restated by {after}")


def _keep(session: Session, principal: Principal, made: Statement, *, now: datetime) -> Kept:
    row = table_of(ComplianceRow).c
    same = (row.holder_id == made.holder, row.programme == made.programme, row.year == made.year)
    version = 1 + int(session.execute(sa.select(sa.func.coalesce(sa.func.max(row.version), 0)).where(*same)).scalar_one())
    said = {
        "holder_id": made.holder, "programme": made.programme, "year": made.year, "version": version,
        "content": msgspec.json.encode(made).decode(), "actor": principal.actor, "stated_at": now,
    }  # fmt: skip
    session.execute(sa.insert(table_of(ComplianceRow)).values(said))
    return Kept(version=version, statement=made, actor=principal.actor, stated_at=now)
