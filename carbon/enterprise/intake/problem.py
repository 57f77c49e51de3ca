"""A problem of a filing: where it stands, what is wrong, what to do, and whether it stops the submission or asks to be confirmed."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from carbon.errors import Fault


class Weight(StrEnum):
    """`MUST` stops a submission, `ASK` is confirmed by who prepares it."""

    MUST = "must"
    ASK = "ask"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One problem in one cell; `row` is that of the firm's own file."""

    file: str
    row: int | None
    column: str | None
    value: str | None
    code: str
    weight: Weight
    reason: str

    @property
    def key(self) -> str:
        """What a confirmation refers to: the cell, what it says and what was asked."""
        return "|".join(str(part) for part in (self.code, self.row, self.column, self.value))


def must(faults: Iterable[Fault]) -> list[Problem]:
    """Faults as problems that stop the submission."""
    return [
        Problem(
            file=fault.file, row=fault.row, column=fault.column, value=fault.value, code=fault.code, weight=Weight.MUST, reason=fault.reason
        )
        for fault in faults
    ]  # fmt: skip


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems by row, what stops first within a row."""
    return tuple(sorted(problems, key=lambda one: (one.row or 0, one.weight is Weight.ASK, one.column or "", one.code)))
