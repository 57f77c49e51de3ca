"""What can be wrong with carbon data: where it is, and what to do about it."""

from collections.abc import Sequence

import msgspec


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One wrong cell: `row` counts from 1 at the file's first line, `column` is the header's name."""

    file: str
    row: int | None = None
    column: str | None = None
    value: str | None = None
    code: str
    reason: str

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.row, self.column) if part is not None)
        return f"{place}: {self.reason}"


class CarbonError(Exception):
    """Root of every error of this package; `code` is stable, the sentence is for people."""

    code = "carbon"


class FaultyFile(CarbonError):
    """A file with faults: all of them at once, ordered by row. Nothing of the file was booked."""

    code = "file.faulty"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: (fault.row or 0, fault.column or "")))
        super().__init__("\n".join(map(str, self.faults)))
