"""What an examination finds."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from carbon.settings import Settings


class Finding(NamedTuple):
    """A check: whether it is well (None: it could be better), what was found, and how to mend it."""

    check: str
    ok: bool | None
    found: str
    mend: str = ""


Check = Callable[[Settings], Iterator[Finding]]
