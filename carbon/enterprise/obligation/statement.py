"""A firm's yearly statement to a programme: verified emission, allowances given, obligation, what it holds, what is short. Pure.

The obligation is the programme's own figure and stands beside the inventory, bridged to it; nothing here is an emission.
"""

from collections.abc import Sequence
from datetime import date

import msgspec

from carbon.enterprise.errors import BadAllotment
from carbon.enterprise.obligation.allocation import Allotment, Unit, allot
from carbon.enterprise.obligation.banking import Banked
from carbon.enterprise.obligation.bridge import Bridge
from carbon.enterprise.obligation.rules import Preallocation, Programme, Rule

NOT_CARRIED = "not carried over"
"""Why an older vintage may not be surrendered for a year into which the rule has it carried over."""


class Held(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units of one commodity and vintage on the holder's account; why they may not be surrendered for the year, or "" if they may."""

    unit: str
    vintage: int
    count: int
    unusable: str = ""


class Given(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units that were surrendered for the year, by entry, commodity and vintage."""

    entry: int
    day: date
    unit: str
    vintage: int
    count: int


class Doubt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something in the rule that is configuration: its mark and where it comes from."""

    about: str
    mark: str
    source: str


class Statement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All in whole tonnes but `verified_g` and the bridge. `offset_limit_t` is of the year's obligation, rounded down.

    `left_t` is still to be surrendered; `shortfall_t` of it is not covered by what the holder has and may use, offsets up to the limit
    first; `surplus_t` are allowances that remain after it. `banked` is what the holder may carry over into the year, where the rule limits
    it, `preallocation` the rule's figure of what is given beforehand. `state`: ``met``, ``late`` (met after the deadline), ``open``,
    ``overdue``.
    """

    holder: str
    programme: str
    sector: str
    year: int
    rule: str
    filing: str
    verified_g: int
    allotments: tuple[Allotment, ...]
    allowance_t: int
    obligation_t: int
    offset_limit_t: int
    offset_used_t: int
    held: tuple[Held, ...]
    surrendered: tuple[Given, ...]
    surrendered_t: int
    left_t: int
    shortfall_t: int
    surplus_t: int
    deadline: date
    stated_on: date
    state: str
    late_days: int
    bridge: Bridge | None
    doubts: tuple[Doubt, ...]
    banked: Banked | None = None
    preallocation: Preallocation | None = None


def holding(programme: Programme, rule: Rule, *, unit: str, vintage: int, count: int, expired: bool, year: int, day: date) -> Held:
    """Units with what keeps them from being surrendered for `year` on `day`."""
    reason = "expired" if expired else ""
    if unit == rule.offset.unit:
        if not rule.offset.usable(vintage, day):
            reason = reason or f"vintage before {rule.offset.vintage_from}"
    elif not unit.startswith(f"{programme.allowance}."):
        reason = "no unit of the programme"
    elif vintage > year and not rule.borrowing:
        reason = reason or f"vintage after {year}"
    elif rule.banking is not None and rule.banking.carries(vintage):
        reason = reason or NOT_CARRIED
    return Held(unit=unit, vintage=vintage, count=count, unusable=reason)


def state(
    programme: Programme, rule: Rule, *, holder: str, year: int, filing: str, verified_g: int, units: Sequence[Unit],
    held: Sequence[Held], surrendered: Sequence[Given], day: date, bridge: Bridge | None = None, banked: Banked | None = None,
) -> Statement:  # fmt: skip
    """The statement as of `day`. Raises BadAllotment where the units' emissions do not add up to the verified one."""
    total = sum(unit.verified_g for unit in units)
    if total != verified_g:
        reason = f"they add up to {total} g, {verified_g} g are verified"
        raise BadAllotment(unit=", ".join(unit.name for unit in units), field="verified_g", reason=reason)
    if bridge is not None and bridge.verified_g != verified_g:
        raise BadAllotment(unit="", field="bridge", reason=f"it leads to {bridge.verified_g} g, {verified_g} g are verified")
    allotments = allot(rule, units)
    duty, given = sum(one.duty_t for one in allotments), sum(one.allowance_t for one in allotments)
    bare = Statement(
        holder=holder, programme=programme.id, sector=rule.sector, year=year, rule=rule.id, filing=filing, verified_g=verified_g,
        allotments=allotments, allowance_t=given, obligation_t=duty, offset_limit_t=rule.offset.limit(duty), offset_used_t=0, held=(),
        surrendered=(), surrendered_t=0, left_t=duty, shortfall_t=duty, surplus_t=0, deadline=rule.due(year).day, stated_on=day,
        state="open", late_days=0, bridge=bridge, preallocation=rule.preallocation,
        doubts=tuple(Doubt(about=name, mark=one.mark, source=one.source) for name, one in rule.doubts()),
    )  # fmt: skip
    return settled(bare, rule, held=held, surrendered=surrendered, banked=banked, day=day)


def settled(
    statement: Statement, rule: Rule, *, held: Sequence[Held], surrendered: Sequence[Given], day: date, banked: Banked | None = None
) -> Statement:
    """The same statement with what is held, carried over and surrendered as of `day`."""
    done = sum(one.count for one in surrendered)
    used = sum(one.count for one in surrendered if one.unit == rule.offset.unit)
    left = max(0, statement.obligation_t - done)
    good = [one for one in held if not one.unusable]
    offsets = min(left, max(0, statement.offset_limit_t - used), sum(one.count for one in good if one.unit == rule.offset.unit))
    allowances = sum(one.count for one in good if one.unit != rule.offset.unit)
    told, late = _standing(left, statement.deadline, [one.day for one in surrendered], day)
    return msgspec.structs.replace(
        statement, offset_used_t=used, held=tuple(held), surrendered=tuple(surrendered), surrendered_t=done, left_t=left,
        shortfall_t=max(0, left - offsets - allowances), surplus_t=max(0, allowances - (left - offsets)), stated_on=day, state=told,
        late_days=late, banked=banked,
    )  # fmt: skip


def _standing(left: int, due: date, days: Sequence[date], today: date) -> tuple[str, int]:
    """Whether the obligation is met, and how many days late."""
    if left:
        late = max(0, (today - due).days)
        return ("overdue" if late else "open"), late
    late = max((max(0, (day - due).days) for day in days), default=0)
    return ("late" if late else "met"), late
