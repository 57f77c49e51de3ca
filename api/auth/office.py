"""The offices that a person or a machine may hold, and what each may do: the one table of rights.

An office is held within a bound: a holder (a resident's or a firm's own books), a division (a regulator's area and all below it), or the
platform. Administrator, security and auditor are three offices, and none of them reads the books of holders: who makes users cannot give
rights, who gives rights cannot wipe the record of it, who reads the record can change nothing.
"""

from dataclasses import dataclass
from enum import StrEnum

from ledger.principal import Role


class Office(StrEnum):
    """What somebody is to the platform."""

    RESIDENT = "resident"
    FIRM = "firm"
    PARK = "park"
    VERIFIER = "verifier"
    REGULATOR = "regulator"
    PROVIDER = "provider"
    ADMINISTRATOR = "administrator"
    SECURITY = "security"
    AUDITOR = "auditor"


class Bound(StrEnum):
    """Within what an office is held."""

    HOLDER = "holder"
    DIVISION = "division"
    PLATFORM = "platform"


class Action(StrEnum):
    """What a route does, as far as rights go. `ROSTER` is to see who may come in, `ASK` to ask for what takes a second person and to see
    what was asked, `DECIDE` to be that second person; which matters, says `api.auth.approval`."""

    READ = "read"
    CALCULATE = "calculate"
    FILE = "file"
    VERIFY = "verify"
    ACCEPT = "accept"
    PROVIDE = "provide"
    ADMINISTER = "administer"
    SECURE = "secure"
    AUDIT = "audit"
    ROSTER = "roster"
    ASK = "ask"
    DECIDE = "decide"
    SELF = "self"


@dataclass(frozen=True, slots=True)
class Duty:
    """What an office is bound to, what it may do, whether a second factor is asked, and what its actor is to the ledger."""

    bound: Bound
    actions: frozenset[Action]
    second_factor: bool
    role: Role


def _duty(bound: Bound, *actions: Action, second_factor: bool = False, role: Role = Role.READER) -> Duty:
    return Duty(bound, frozenset(actions) | {Action.CALCULATE, Action.SELF}, second_factor, role)


DUTIES: dict[Office, Duty] = {
    Office.RESIDENT: _duty(Bound.HOLDER, Action.READ),
    Office.FIRM: _duty(Bound.HOLDER, Action.READ, Action.FILE, Action.ASK, role=Role.WRITER),
    Office.PARK: _duty(Bound.HOLDER, Action.READ, Action.FILE, Action.ASK, role=Role.WRITER),
    Office.VERIFIER: _duty(Bound.HOLDER, Action.READ, Action.VERIFY, Action.ASK, Action.DECIDE, second_factor=True),
    Office.REGULATOR: _duty(Bound.DIVISION, Action.READ, Action.ACCEPT, Action.ASK, Action.DECIDE, second_factor=True, role=Role.AUTHORITY),
    Office.PROVIDER: _duty(Bound.PLATFORM, Action.PROVIDE, Action.ASK),
    Office.ADMINISTRATOR: _duty(Bound.PLATFORM, Action.ADMINISTER, Action.ROSTER, second_factor=True),
    Office.SECURITY: _duty(Bound.PLATFORM, Action.SECURE, Action.ROSTER, Action.ASK, Action.DECIDE, second_factor=True),
    Office.AUDITOR: _duty(Bound.PLATFORM, Action.AUDIT, Action.ROSTER, second_factor=True),
}

OFFICERS = frozenset({Office.ADMINISTRATOR, Office.SECURITY, Office.AUDITOR})
"""The three that keep one another in check: nobody holds two of them."""

GRAVE = OFFICERS | {Office.REGULATOR, Office.VERIFIER}
"""Offices that a second security officer grants."""


def offices_that(action: Action) -> frozenset[Office]:
    """The offices whose duty holds `action`."""
    return frozenset(office for office, duty in DUTIES.items() if action in duty.actions)


def bound_named(office: Office, scope: str | None) -> dict[str, str]:
    """The bound of an office, given in one word, as `api.auth.user.bind` takes it, which says whether the two fit."""
    return {} if not scope else {"division" if DUTIES[office].bound is Bound.DIVISION else "holder": scope}
