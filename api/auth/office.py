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
    """What a route does, as far as rights go."""

    READ = "read"
    CALCULATE = "calculate"
    FILE = "file"
    VERIFY = "verify"
    ACCEPT = "accept"
    PROVIDE = "provide"
    ADMINISTER = "administer"
    SECURE = "secure"
    AUDIT = "audit"
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
    Office.FIRM: _duty(Bound.HOLDER, Action.READ, Action.FILE, role=Role.WRITER),
    Office.PARK: _duty(Bound.HOLDER, Action.READ, Action.FILE, role=Role.WRITER),
    Office.VERIFIER: _duty(Bound.HOLDER, Action.READ, Action.VERIFY, second_factor=True),
    Office.REGULATOR: _duty(Bound.DIVISION, Action.READ, Action.ACCEPT, second_factor=True),
    Office.PROVIDER: _duty(Bound.PLATFORM, Action.PROVIDE),
    Office.ADMINISTRATOR: _duty(Bound.PLATFORM, Action.ADMINISTER, second_factor=True),
    Office.SECURITY: _duty(Bound.PLATFORM, Action.SECURE, second_factor=True),
    Office.AUDITOR: _duty(Bound.PLATFORM, Action.AUDIT, second_factor=True),
}


def offices_that(action: Action) -> frozenset[Office]:
    """The offices whose duty holds `action`."""
    return frozenset(office for office, duty in DUTIES.items() if action in duty.actions)
