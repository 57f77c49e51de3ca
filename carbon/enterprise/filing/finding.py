"""Findings: what the verifier holds against a filing, the words about it, and by how much the filing is off.

A finding may say which value is right. Then it carries what both values make of the line, in g CO2e: the declared value and the verified
one stay readable side by side whatever becomes of the lines. Materiality is judged on the sum of absolute effects, so that misstatements
in both directions do not hide one another.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec


class Weight(StrEnum):
    """How much a finding matters: a major one must be settled by a value or a document, an observation is for next time."""

    MAJOR = "major"
    MINOR = "minor"
    OBSERVATION = "observation"


class Verified(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The value that is right for a field of a line in `version`, against the one that stands there, and what each makes of the line in g.

    `conservative`: the value is not measured but stands in for what is missing, so that the emission is not too low. `line` is None where a
    source was left out altogether: then nothing is declared, and `verified_g` is what it emits.
    """

    version: int
    line: int | None = None
    field: str | None = None
    declared: str | None = None
    value: str | None = None
    declared_g: int
    verified_g: int
    conservative: bool = False

    @property
    def effect_g(self) -> int:
        """By how much the filing is too low, in g CO2e; negative where it is too high."""
        return self.verified_g - self.declared_g

    @property
    def lowers_conservatively(self) -> bool:
        """A value that stands in for what is missing and makes the emission smaller: that is not conservative."""
        return self.conservative and self.effect_g < 0


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """Something said about a finding: by whom, in whose part, with documents; `version` where lines were corrected with it."""

    actor: str
    party: str
    at: datetime
    text: str = ""
    documents: tuple[str, ...] = ()
    version: int | None = None


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """How a finding was closed; `accepted.effect_g` is what is still off in the version that stood then."""

    actor: str
    at: datetime
    text: str
    version: int
    accepted: Verified | None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding as it stands."""

    no: int
    actor: str
    at: datetime
    text: str
    weight: Weight
    line: int | None
    field: str | None
    verified: Verified | None
    words: tuple[Word, ...] = ()
    settled: Settled | None = None

    @property
    def waits_for(self) -> str | None:
        """Whose turn it is: ``firm`` or ``verifier``; None once it is closed."""
        if self.settled:
            return None
        return "verifier" if self.words and self.words[-1].party == "firm" else "firm"

    @property
    def answered(self) -> bool:
        """Whether the firm said a word on it or corrected it."""
        return any(word.party == "firm" for word in self.words)

    @property
    def remaining_g(self) -> int:
        """By how much the filing is still off by this finding, in g CO2e: what it said, or, once it is closed, what the value that was
        accepted makes of the version that stood then."""
        held = self.settled.accepted if self.settled else self.verified
        return held.effect_g if held else 0


def misstatement_g(findings: Iterable[Finding]) -> int:
    """What is off in sum, each finding by its absolute effect (g CO2e)."""
    return sum(abs(finding.remaining_g) for finding in findings)


def threshold_g(total_g: int, *, permille: int) -> int:
    """From which misstatement on it is material: thousandths of the absolute declared total, rounded down (g CO2e)."""
    return abs(total_g) * permille // 1000
