"""Tags of carbon efficiency kept in the order in which they were given, with the version of their rule, appeals and their decisions.

The authority gives tags and decides; the firm appeals. Nothing is taken back: a tag given anew stands after the first.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction

import msgspec
import sqlalchemy as sa
from sqlmodel import Session

from carbon import reach
from carbon.enterprise.authority import posting_for
from carbon.enterprise.efficiency.coverage import COMPUTED, STATED, covered
from carbon.enterprise.efficiency.grade import Facts, Mean, Tag, energy_co2, judge, means, process_co2
from carbon.enterprise.efficiency.pack import DEDUCTIONS, Pack
from carbon.enterprise.errors import TagRefused
from carbon.enterprise.firm import facts as firm_facts
from carbon.enterprise.inventory.lines import booked_lines
from carbon.enterprise.obligation.allocation import MASS_MAX
from carbon.enterprise.obligation.declare import VERIFIED
from carbon.enterprise.tables import EfficiencyRow, FilingRow
from carbon.holder import find_holder
from carbon.turn import take_turn
from factors.errors import NotANumber
from factors.units import number
from ledger.errors import NotAllowed
from ledger.principal import Principal, Role
from ledger.types import table_of


class Appeal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="appeal"):
    """A firm's appeal against the tag `of`, with the hashes of what it attached."""

    of: int
    reason: str
    documents: tuple[str, ...] = ()


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="decision"):
    """What became of the appeal `of`; where it is upheld a new tag follows."""

    of: int
    upheld: bool
    reason: str


_MEAN = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20}|/[1-9][0-9]{0,19})?")
KINDS: dict[str, type[Tag | Appeal | Decision]] = {"tag": Tag, "appeal": Appeal, "decision": Decision}


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One row: the `no`-th of a holder's year, of a `kind` of KINDS, under the pack `rule`."""

    holder: str
    year: int
    no: int
    kind: str
    rule: str
    content: Tag | Appeal | Decision
    actor: str
    said_at: datetime


def gather(
    session: Session, principal: Principal, *, holder: str, year: int, coverage: str | None, deducted: Mapping[str, int], today: date
) -> Facts:
    """A firm's facts of a year from the book: standing lines, the economy that it told, whether its filing was verified.

    `coverage` is the share of its energy that these lines cover, where whoever gives the tag states it; without one it is computed if the
    firm told the energy that it used. Raises HolderNotFound.
    """
    known = find_holder(session, principal, holder)
    lines = booked_lines(session, principal, holder=holder, year=year)
    economy = firm_facts(session, principal, holder, today).economy_of(year)
    counted = covered(lines, economy)
    share = counted.share if coverage is None and counted is not None else coverage
    f = table_of(FilingRow).c
    verified = sa.select(f.id).where(f.holder_id == holder, f.year == year, f.state.in_(VERIFIED))
    return Facts(
        holder=holder, industry=known.industry, year=year, coverage=share, deducted=dict(deducted), covered=counted,
        coverage_how=STATED if coverage is not None else COMPUTED if share is not None else "",
        energy_g=energy_co2(lines) if lines.height else None, process_g=process_co2(lines),
        value_added_fen=economy.value_added_fen if economy else None,
        verified=session.execute(verified.limit(1)).first() is not None,
    )  # fmt: skip


def give(
    session: Session, principal: Principal, pack: Pack, firms: Sequence[Facts], *, now: datetime, given: Mapping[str, Mean] | None = None
) -> list[Said]:
    """Judge firms of one year by a pack and keep their tags. Industry means are those `given`, by holder, else of these very firms.

    Raises HolderNotFound, NotAllowed, TagRefused (firms of several years, one twice, a coverage that is no share).
    """
    for one in firms:
        posting_for(principal, one.holder, action="give tags of carbon efficiency")
        find_holder(session, principal, one.holder)
    made = []
    for one, tag in zip(sorted(firms, key=lambda firm: firm.holder), judged(pack, firms, given=given), strict=True):
        take_turn(session, f"tag/{one.holder}")
        made.append(_keep(session, principal, one.holder, one.year, kind="tag", rule=pack.id, content=tag, now=now))
    return made


def judged(pack: Pack, firms: Sequence[Facts], *, given: Mapping[str, Mean] | None = None) -> list[Tag]:
    """What `give` would give, in the order of the holders; nothing is kept. Raises TagRefused."""
    years = {one.year for one in firms}
    if len(years) > 1 or len({one.holder for one in firms}) != len(firms):
        raise TagRefused(field="firms", reason="tags are given to firms of one year, each named once")
    for one in firms:
        _check(one)
    for mean in (given or {}).values():
        if not _MEAN.fullmatch(mean.exact) or Fraction(mean.exact) <= 0:
            raise TagRefused(field="mean", reason=f"{mean.exact[:40]!r} is no mean: a decimal or fraction above zero, 0.5 or 1/2")
    found = means(pack, firms) | dict(given or {})
    return [judge(pack, one, found.get(one.holder)) for one in sorted(firms, key=lambda firm: firm.holder)]


def appeal(
    session: Session, principal: Principal, *, holder: str, year: int, of: int, reason: str, now: datetime, documents: Sequence[str] = ()
) -> Said:
    """A firm appeals against its latest tag under a pack. Raises HolderNotFound, NotAllowed, TagRefused."""
    find_holder(session, principal, holder)
    if principal.role not in {Role.ADMIN, Role.WRITER}:
        raise NotAllowed(actor=principal.actor, action="appeal against a tag")
    take_turn(session, f"tag/{holder}")
    stand = tags(session, principal, holder=holder, year=year)
    tag = _one(stand, of, "tag")
    if not reason.strip():
        raise TagRefused(field="reason", reason="an appeal says why")
    if any(one.kind == "tag" and one.rule == tag.rule and one.no > of for one in stand):
        raise TagRefused(field="of", reason=f"tag {of} was given anew since: appeal against the latest")
    if any(one.kind == "appeal" and one.content.of == of for one in stand):  # type: ignore[union-attr]
        raise TagRefused(field="of", reason=f"there is an appeal against tag {of} already")
    said = Appeal(of=of, reason=reason.strip(), documents=tuple(documents))
    return _keep(session, principal, holder, year, kind="appeal", rule=tag.rule, content=said, now=now)


def decide(
    session: Session, principal: Principal, *, holder: str, year: int, of: int, upheld: bool, reason: str, now: datetime
) -> Said:  # fmt: skip
    """Decide an appeal, once, by another than who appealed. Where it is upheld the tag is to be given anew. Raises as `appeal`."""
    posting_for(principal, holder, action="decide an appeal")
    find_holder(session, principal, holder)
    take_turn(session, f"tag/{holder}")
    stand = tags(session, principal, holder=holder, year=year)
    appealed = _one(stand, of, "appeal")
    if not reason.strip():
        raise TagRefused(field="reason", reason="a decision says why")
    if appealed.actor == principal.actor:
        raise TagRefused(field="of", reason="nobody decides their own appeal: another person must")
    if any(one.kind == "decision" and one.content.of == of for one in stand):  # type: ignore[union-attr]
        raise TagRefused(field="of", reason=f"appeal {of} was decided already")
    said = Decision(of=of, upheld=upheld, reason=reason.strip())
    return _keep(session, principal, holder, year, kind="decision", rule=appealed.rule, content=said, now=now)


def tags(session: Session, principal: Principal, *, holder: str | None = None, year: int | None = None) -> list[Said]:
    """Tags, appeals and decisions that the principal may see, by holder, year and number."""
    row = table_of(EfficiencyRow).c
    query = sa.select(table_of(EfficiencyRow)).order_by(row.holder_id, row.year, row.no)
    for column, value in ((row.holder_id, holder), (row.year, year)):
        if value is not None:
            query = query.where(column == value)
    return [
        Said(
            holder=one["holder_id"], year=one["year"], no=one["no"], kind=one["kind"], rule=one["rule"], actor=one["actor"],
            content=msgspec.json.decode(one["content"], type=KINDS[one["kind"]]), said_at=one["said_at"],
        )
        for one in session.execute(reach.scoped(query, principal, holder=row.holder_id)).mappings()
    ]  # fmt: skip


def _one(stand: Sequence[Said], no: int, kind: str) -> Said:
    found = next((one for one in stand if one.no == no and one.kind == kind), None)
    if found is None:
        raise TagRefused(field="of", reason=f"there is no {kind} {no} of this firm and year")
    return found


def _check(facts: Facts) -> None:
    for name, mass in facts.deducted.items():
        if name not in DEDUCTIONS or not 0 <= mass <= MASS_MAX:
            raise TagRefused(field="deducted", reason=f"grams from 0 up of {' or '.join(DEDUCTIONS)}, not {mass} of {name[:40]!r}")
    if facts.coverage is None:
        return
    try:
        share = number(facts.coverage)
    except NotANumber as error:
        raise TagRefused(field="coverage", reason=str(error)) from error
    if not 0 <= share <= 1:
        raise TagRefused(field="coverage", reason=f"{facts.coverage} is no share: a decimal from 0 to 1, 0.97 for 97 %")


def _keep(
    session: Session, principal: Principal, holder: str, year: int, *, kind: str, rule: str, content: Tag | Appeal | Decision, now: datetime
) -> Said:
    row = table_of(EfficiencyRow).c
    last = sa.select(sa.func.coalesce(sa.func.max(row.no), 0)).where(row.holder_id == holder, row.year == year)
    said = Said(
        holder=holder, year=year, no=int(session.execute(last).scalar_one()) + 1, kind=kind, rule=rule, content=content,
        actor=principal.actor, said_at=now,
    )  # fmt: skip
    told = {"holder_id": holder, "content": msgspec.json.encode(content).decode()}
    told |= {name: getattr(said, name) for name in ("year", "no", "kind", "rule", "actor", "said_at")}
    session.execute(sa.insert(table_of(EfficiencyRow)).values(told))
    return said
