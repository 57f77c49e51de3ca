"""What can be wrong with carbon data: where it is, and what to do about it."""

from collections.abc import Sequence
from typing import Any

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

    def __reduce__(self) -> tuple[Any, ...]:
        """So that it comes whole out of another process, whatever its own arguments are called."""
        return _again, (type(self), self.args, self.__dict__)


def _again(kind: type[CarbonError], said: tuple[Any, ...], facts: dict[str, Any]) -> CarbonError:
    error = kind.__new__(kind)
    error.args = said
    error.__dict__.update(facts)
    return error


class FaultyFile(CarbonError):
    """A file with faults: all of them at once, ordered by row. Nothing of the file was booked."""

    code = "file.faulty"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: (fault.row or 0, fault.column or "")))
        super().__init__("\n".join(map(str, self.faults)))


class HolderNotFound(CarbonError):
    """No holder of that id, or none that the principal may see: the two are told alike."""

    code = "holder.not-found"

    def __init__(self, holder: str) -> None:
        self.holder = holder
        super().__init__(f"there is no holder {holder[:60]!r}: `tanzhang holder list` names those that you may see")


class SiteNotFound(CarbonError):
    """The holder has no site of that code."""

    code = "site.not-found"

    def __init__(self, *, holder: str, site: str) -> None:
        self.holder, self.site = holder, site
        super().__init__(f"holder {holder} has no site {site[:60]!r}: add it with `tanzhang site add`")


class BadHolder(CarbonError):
    """Something said of a holder or site that cannot be: which field, and what it may be."""

    code = "holder.bad"

    def __init__(self, *, field: str, value: str, reason: str) -> None:
        self.field, self.value, self.reason = field, value[:60], reason
        super().__init__(f"{field} {value[:60]!r}: {reason}")


class AlreadyTaken(CarbonError):
    """A credit code or site code that somebody bears already."""

    code = "holder.taken"

    def __init__(self, *, field: str, value: str, by: str) -> None:
        self.field, self.value, self.by = field, value, by
        super().__init__(f"{field} {value!r} is already borne by {by}: use that one, or write another")


class ImportNotFound(CarbonError):
    """No file of that id was booked for the holder."""

    code = "import.not-found"

    def __init__(self, import_id: str) -> None:
        self.import_id = import_id
        super().__init__(f"there is no import {import_id[:60]!r} of this holder: a receipt of `tanzhang record` names it")


class ImportReplaced(CarbonError):
    """A file, or what it was filed as, that another file took the place of."""

    code = "import.replaced"

    def __init__(self, *, import_id: str, by: str) -> None:
        self.import_id, self.by = import_id, by
        super().__init__(f"import {import_id} was replaced by {by} and its entries are reversed: replace {by}, with a file that differs")


class SitesMoved(CarbonError):
    """The holder's sites changed while a file was read."""

    code = "site.moved"

    def __init__(self, holder: str) -> None:
        self.holder = holder
        super().__init__(f"the sites of holder {holder} changed while the file was read: record it again")


class BadSetting(CarbonError):
    """A setting that cannot be: its name, where it stands, and what it may be."""

    code = "setting.bad"

    def __init__(self, *, name: str, where: str, value: str, reason: str) -> None:
        self.name, self.where, self.value = name, where, value
        super().__init__(f"{name} = {value[:60]!r} ({where}): {reason}")


class DivisionNotFound(CarbonError):
    """A code that never was a division."""

    code = "division.not-found"

    def __init__(self, division: str) -> None:
        self.division = division
        super().__init__(f"{division!r} never was a division of GB/T 2260: six digits such as 330000")
