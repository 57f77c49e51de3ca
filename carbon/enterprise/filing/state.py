"""The state of a filing is a fold of its events. Pure: which event may follow which state, and by whom, is written here and nowhere else.

    draft ─submit→ submitted ─take up→ verifying ─sign→ verified ─accept→ accepted ─book→ booked
      ↑                └──────────────── reject ──────┴─────┘
      └── save ── rejected

What is submitted is one version, by its hash. While it is verified a version may only be written in answer to an open finding; what is
signed, accepted and booked names the version that stands, by number and hash. Whoever wrote, submitted or answered for the firm neither
verifies nor accepts; whoever verified does neither of the others' parts.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from carbon.enterprise.errors import PreparerVerifies, StateRefused
from carbon.enterprise.filing.finding import Finding, Settled, Weight, Word, misstatement_g, threshold_g
from carbon.enterprise.filing.said import (
    ACCEPTABLE,
    Accepted,
    Assurance,
    Attached,
    Booked,
    Closed,
    Event,
    Found,
    Kind,
    Opened,
    Opinion,
    Party,
    Rejected,
    Replied,
    Saved,
    Signed,
    Submitted,
    TakenUp,
    kind_of,
)
from carbon.enterprise.inventory.lines import span


class State(StrEnum):
    """Where a filing stands. `NONE` is before it was opened."""

    NONE = "none"
    DRAFT = "draft"
    SUBMITTED = "submitted"
    VERIFYING = "verifying"
    VERIFIED = "verified"
    ACCEPTED = "accepted"
    BOOKED = "booked"
    REJECTED = "rejected"


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """What was submitted: a version, its hash and its total in g CO2e by a GWP set."""

    version: int
    sha256: str
    total_g: int
    gwp: str
    confirmed: tuple[str, ...]
    actor: str
    at: datetime


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Something decided: its kind, who did, and why or how."""

    kind: str
    actor: str
    at: datetime
    text: str = ""
    second: str | None = None


class FilingState(msgspec.Struct, frozen=True, kw_only=True):
    """All that a filing's events come to."""

    state: State = State.NONE
    year: int = 0
    start_month: int = 1
    guide: str = ""
    restates: str | None = None
    version: int = 0
    sha256: str = ""
    lines: int = 0
    preparers: tuple[str, ...] = ()
    verifiers: tuple[str, ...] = ()
    declared: Declaration | None = None
    assurance: Assurance | None = None
    materiality_permille: int | None = None
    findings: tuple[Finding, ...] = ()
    documents: tuple[str, ...] = ()
    opinion: Opinion | None = None
    contracts: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    booked: Booked | None = None

    @property
    def period(self) -> tuple[date, date]:
        """The first and the last day of the reporting year."""
        return span(self.year, self.start_month)

    @property
    def import_id(self) -> str | None:
        """What it was booked as."""
        return self.booked.import_id if self.booked else None

    @property
    def verifier(self) -> str | None:
        """Who leads the verification."""
        return self.verifiers[0] if self.verifiers else None

    @property
    def open_findings(self) -> tuple[Finding, ...]:
        """Findings that are not closed."""
        return tuple(finding for finding in self.findings if not finding.settled)

    @property
    def misstatement_g(self) -> int:
        """What is off in sum, each finding by its absolute effect, in g CO2e."""
        return misstatement_g(self.findings)

    @property
    def threshold_g(self) -> int | None:
        """What is material, in g CO2e; None before the verifier said so."""
        if self.declared is None or self.materiality_permille is None:
            return None
        return threshold_g(self.declared.total_g, permille=self.materiality_permille)

    @property
    def is_material(self) -> bool:
        """Whether what is still off reaches the threshold."""
        threshold = self.threshold_g
        return threshold is not None and self.misstatement_g > 0 and self.misstatement_g >= threshold

    def counts_contract(self, contract: str) -> bool:
        """Whether a contract of energy counts: before it is signed each does, afterwards those that were signed for."""
        return self.opinion is None or contract in self.contracts

    def decided(self, kind: Kind) -> Decision | None:
        """The latest decision of a kind."""
        return next((one for one in reversed(self.decisions) if one.kind == kind.value), None)


class Rule(NamedTuple):
    """From which states a kind of event may happen, and in whose part."""

    states: tuple[State, ...]
    parties: tuple[Party, ...]


_FIRM, _VERIFIER, _AUTHORITY = (Party.FIRM,), (Party.VERIFIER,), (Party.AUTHORITY,)
RULES: dict[Kind, Rule] = {
    Kind.OPENED: Rule((State.NONE,), _FIRM),
    Kind.SAVED: Rule((State.DRAFT, State.VERIFYING, State.REJECTED), _FIRM),
    Kind.ATTACHED: Rule((State.DRAFT, State.SUBMITTED, State.VERIFYING, State.REJECTED), _FIRM),
    Kind.SUBMITTED: Rule((State.DRAFT,), _FIRM),
    Kind.TAKEN_UP: Rule((State.SUBMITTED,), _VERIFIER),
    Kind.FOUND: Rule((State.VERIFYING,), _VERIFIER),
    Kind.REPLIED: Rule((State.VERIFYING,), (Party.FIRM, Party.VERIFIER)),
    Kind.CLOSED: Rule((State.VERIFYING,), _VERIFIER),
    Kind.SIGNED: Rule((State.VERIFYING,), _VERIFIER),
    Kind.REJECTED: Rule((State.SUBMITTED, State.VERIFYING, State.VERIFIED), (Party.VERIFIER, Party.AUTHORITY)),
    Kind.ACCEPTED: Rule((State.VERIFIED,), _AUTHORITY),
    Kind.BOOKED: Rule((State.ACCEPTED,), (Party.FIRM, Party.AUTHORITY)),
}
"""Which event may follow which state, and in whose part. The authority is never the firm; booking only carries out what was accepted."""


def fold(events: Iterable[Event]) -> FilingState:
    """The state that events lead to. Raises StateRefused and PreparerVerifies where one could not have happened."""
    state = FilingState()
    for event in events:
        state = apply(state, event)
    return state


def apply(state: FilingState, event: Event) -> FilingState:
    """The state after one event more; StateRefused or PreparerVerifies where it cannot happen."""
    kind = kind_of(event.what)
    rule = RULES[kind]
    if state.state not in rule.states:
        raise _refused(kind, state, f"this happens while it is {' or '.join(rule.states)}")
    if event.party not in rule.parties:
        raise _refused(kind, state, f"this is done by {' or '.join(rule.parties)}, not by {event.party}")
    _keep_apart(state, event, kind)
    return _APPLY[type(event.what)](state, event, event.what)


def _refused(kind: Kind, state: FilingState, reason: str) -> StateRefused:
    return StateRefused(kind=kind.value, state=state.state.value, reason=reason)


def _keep_apart(state: FilingState, event: Event, kind: Kind) -> None:
    """Nobody has two parts in one filing; who carries out an acceptance by booking it takes no part of its own."""
    if kind is Kind.BOOKED:
        return
    actors = {event.actor} | ({event.what.second} if isinstance(event.what, Signed) else set())
    others = {
        Party.FIRM: {*state.verifiers},
        Party.VERIFIER: {*state.preparers},
        Party.AUTHORITY: {*state.preparers, *state.verifiers},
    }[event.party]
    for actor in sorted(actors & others):
        raise PreparerVerifies(actor=actor, kind=kind.value)


def _with(names: tuple[str, ...], *more: str) -> tuple[str, ...]:
    return (*names, *(name for name in dict.fromkeys(more) if name not in names))


def _decision(event: Event, *, text: str = "", second: str | None = None) -> Decision:
    return Decision(kind=kind_of(event.what).value, actor=event.actor, at=event.at, text=text, second=second)


def _opened(state: FilingState, event: Event, what: Opened) -> FilingState:
    return replace(
        state, state=State.DRAFT, year=what.year, start_month=what.start_month, guide=what.guide, restates=what.restates,
        preparers=_with(state.preparers, event.actor),
    )  # fmt: skip


def _saved(state: FilingState, event: Event, what: Saved) -> FilingState:
    if what.version != state.version + 1:
        raise _refused(Kind.SAVED, state, f"the next version is {state.version + 1}")
    findings = state.findings
    if state.state is State.VERIFYING:
        if what.answers is None:
            raise _refused(Kind.SAVED, state, "a version is written in answer to an open finding alone: name it")
        word = Word(actor=event.actor, party=Party.FIRM.value, at=event.at, version=what.version)
        findings = _with_word(state, Kind.SAVED, what.answers, word)
    elif what.answers is not None:
        raise _refused(Kind.SAVED, state, "nothing is verified yet that it could answer")
    return replace(
        state, state=State.VERIFYING if state.state is State.VERIFYING else State.DRAFT, version=what.version, sha256=what.sha256,
        lines=what.lines, findings=findings, preparers=_with(state.preparers, event.actor),
    )  # fmt: skip


def _attached(state: FilingState, event: Event, what: Attached) -> FilingState:
    return replace(state, documents=_with(state.documents, what.sha256), preparers=_with(state.preparers, event.actor))


def _submitted(state: FilingState, event: Event, what: Submitted) -> FilingState:
    _is_the_version(state, Kind.SUBMITTED, what.version, what.sha256)
    declared = Declaration(
        version=what.version,
        sha256=what.sha256,
        total_g=what.total_g,
        gwp=what.gwp,
        confirmed=what.confirmed,
        actor=event.actor,
        at=event.at,
    )
    return replace(state, state=State.SUBMITTED, declared=declared, opinion=None, preparers=_with(state.preparers, event.actor))


def _taken_up(state: FilingState, event: Event, what: TakenUp) -> FilingState:
    if not 1 <= what.materiality_permille <= 1000:
        raise _refused(Kind.TAKEN_UP, state, "materiality is 1 to 1000 thousandths of the declared total")
    verifiers = (event.actor, *(one for one in state.verifiers if one != event.actor))  # who takes it up leads
    return replace(
        state, state=State.VERIFYING, assurance=what.assurance, materiality_permille=what.materiality_permille, verifiers=verifiers,
        decisions=(*state.decisions, _decision(event, text=what.assurance.value)),
    )  # fmt: skip


def _found(state: FilingState, event: Event, what: Found) -> FilingState:
    if what.finding != len(state.findings) + 1:
        raise _refused(Kind.FOUND, state, f"the next finding is {len(state.findings) + 1}")
    if not what.text.strip():
        raise _refused(Kind.FOUND, state, "a finding says what was found")
    if what.verified:
        _can_be_held(state, Kind.FOUND, what.verified.version, lowers=what.verified.lowers_conservatively)
    finding = Finding(
        no=what.finding, actor=event.actor, at=event.at, text=what.text, weight=what.weight, line=what.line, field=what.field,
        verified=what.verified,
    )  # fmt: skip
    return replace(state, findings=(*state.findings, finding), verifiers=_with(state.verifiers, event.actor))


def _replied(state: FilingState, event: Event, what: Replied) -> FilingState:
    if not what.text.strip() and not what.documents:
        raise _refused(Kind.REPLIED, state, "a reply has words or documents")
    word = Word(actor=event.actor, party=event.party.value, at=event.at, text=what.text, documents=what.documents)
    findings = _with_word(state, Kind.REPLIED, what.finding, word)
    documents = _with(state.documents, *what.documents)
    if event.party is Party.VERIFIER:
        return replace(state, findings=findings, documents=documents, verifiers=_with(state.verifiers, event.actor))
    return replace(state, findings=findings, documents=documents, preparers=_with(state.preparers, event.actor))


def _closed(state: FilingState, event: Event, what: Closed) -> FilingState:
    finding = _open(state, Kind.CLOSED, what.finding)
    if what.accepted:
        _can_be_held(state, Kind.CLOSED, what.accepted.version, lowers=what.accepted.lowers_conservatively)
    elif finding.verified:
        raise _refused(Kind.CLOSED, state, "a finding that named a value is closed with the value that holds, weighed against the lines")
    if finding.weight is Weight.MAJOR and not finding.answered:
        raise _refused(Kind.CLOSED, state, "a major finding is closed once the firm has answered it")
    settled = Settled(actor=event.actor, at=event.at, text=what.text, version=state.version, accepted=what.accepted)
    return replace(
        state, findings=_put(state, replace(finding, settled=settled)), verifiers=_with(state.verifiers, event.actor)
    )  # fmt: skip


def _signed(state: FilingState, event: Event, what: Signed) -> FilingState:
    _is_the_version(state, Kind.SIGNED, what.version, what.sha256)
    if what.second == event.actor or not what.second:
        raise _refused(Kind.SIGNED, state, "two verifiers sign: name the second")
    if state.open_findings:
        open_ = ", ".join(f"F-{finding.no:02d}" for finding in state.open_findings)
        raise _refused(Kind.SIGNED, state, f"findings are open: {open_}")
    if what.opinion is Opinion.UNQUALIFIED and state.is_material:
        reason = f"{state.misstatement_g} g are still off, {state.threshold_g} g are material: the opinion cannot be unqualified"
        raise _refused(Kind.SIGNED, state, reason)
    return replace(
        state, state=State.VERIFIED, opinion=what.opinion, contracts=what.contracts,
        verifiers=_with(state.verifiers, event.actor, what.second),
        decisions=(*state.decisions, _decision(event, text=what.text or what.opinion.value, second=what.second)),
    )  # fmt: skip


def _rejected(state: FilingState, event: Event, what: Rejected) -> FilingState:
    if not what.reason.strip():
        raise _refused(Kind.REJECTED, state, "a rejection says why")
    verifiers = _with(state.verifiers, event.actor) if event.party is Party.VERIFIER else state.verifiers
    return replace(
        state, state=State.REJECTED, opinion=None, verifiers=verifiers, decisions=(*state.decisions, _decision(event, text=what.reason))
    )


def _accepted(state: FilingState, event: Event, what: Accepted) -> FilingState:
    _is_the_version(state, Kind.ACCEPTED, what.version, what.sha256)
    if state.opinion not in ACCEPTABLE:
        raise _refused(Kind.ACCEPTED, state, f"the verifier's opinion is {state.opinion}: reject it with the reason")
    return replace(state, state=State.ACCEPTED, decisions=(*state.decisions, _decision(event)))


def _booked(state: FilingState, event: Event, what: Booked) -> FilingState:
    _is_the_version(state, Kind.BOOKED, what.version, what.sha256)
    decisions = (*state.decisions, _decision(event, text=what.import_id, second=what.second))
    return replace(state, state=State.BOOKED, booked=what, decisions=decisions)


def _is_the_version(state: FilingState, kind: Kind, version: int, sha256: str) -> None:
    """What is submitted, signed, accepted and booked is the version that stands, by its hash."""
    if not state.version:
        raise _refused(kind, state, "it has no lines yet: save them first")
    if (version, sha256) != (state.version, state.sha256):
        raise _refused(kind, state, f"the version that stands is {state.version}, of hash {state.sha256[:12]}…")


def _can_be_held(state: FilingState, kind: Kind, version: int, *, lowers: bool) -> None:
    if version != state.version:
        raise _refused(kind, state, f"the value was weighed against version {version}, version {state.version} stands: weigh it again")
    if lowers:
        raise _refused(kind, state, "a value that stands in for missing data never makes the emission smaller than it was declared")


def _open(state: FilingState, kind: Kind, number: int) -> Finding:
    finding = next((one for one in state.findings if one.no == number), None)
    if finding is None:
        raise _refused(kind, state, f"it has no finding {number}")
    if finding.settled:
        raise _refused(kind, state, f"finding {number} is closed")
    return finding


def _put(state: FilingState, finding: Finding) -> tuple[Finding, ...]:
    return tuple(finding if one.no == finding.no else one for one in state.findings)


def _with_word(state: FilingState, kind: Kind, number: int, word: Word) -> tuple[Finding, ...]:
    finding = _open(state, kind, number)
    return _put(state, replace(finding, words=(*finding.words, word)))


_APPLY: dict[type, Callable[..., FilingState]] = {
    Opened: _opened, Saved: _saved, Attached: _attached, Submitted: _submitted, TakenUp: _taken_up, Found: _found, Replied: _replied,
    Closed: _closed, Signed: _signed, Rejected: _rejected, Accepted: _accepted, Booked: _booked,
}  # fmt: skip
