"""What is counted: a code and the smallest unit in which its amounts are kept, fixed for good."""

import re

from ledger.errors import MalformedEntry

CODE = re.compile(r"[A-Za-z][A-Za-z0-9.\-_]{0,47}")
UNIT = re.compile(r"[^\W\d_][\w.]{0,15}")


def check_commodity(code: str, unit: str | None) -> None:
    """A commodity's code is 1–48 of ``A–Z a–z 0–9 . - _`` and begins with a letter; its unit, where given, is a short word: ``g``."""
    if not CODE.fullmatch(code):
        raise MalformedEntry(no=None, reason=f"{code!r} is no commodity code: letters, digits, . - _, at most 48, a letter first")
    if unit is not None and not UNIT.fullmatch(unit):
        raise MalformedEntry(no=None, reason=f"commodity {code}: {unit!r} is no unit: one word of at most 16 letters")
