"""Numbers by which the state knows firms and persons, each with a sign that checks the others.

They are aliases and personal data: a holder and a user are known by random ids. No error here repeats a number, or any part of it.
"""

import re
from datetime import date

from carbon.errors import BadHolder
from carbon.region.divisions import DivisionTree

_CREDIT_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_IDENTITY = re.compile(r"[1-9][0-9]{16}[0-9X]")
_PERSONAL = re.compile(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])|(?<![0-9A-Z])[1-9][0-9]{16}[0-9X](?![0-9A-Z])|[^@\s]@[^@\s]")
_IDENTITY_CHECKS = "10X98765432"
PERMITS = frozenset({"810000", "820000", "830000"})
"""What stands for Hong Kong, Macao and Taiwan in the number of a residence permit (State Council, Guobanfa [2018] 81)."""
FIRST_YEAR = 1880


class BadIdentifier(BadHolder):
    """A number that cannot be; which part of it is wrong, but never the number."""

    code = "identifier.bad"

    def __init__(self, *, field: str, reason: str) -> None:
        super().__init__(field=field, value="", reason=reason)
        self.args = (f"{field}: {reason}",)


def check_credit_code(text: str) -> None:
    """A unified social credit code of 18 signs whose last checks the others (GB 32100-2015, 4.6: modulus 31, weights 3^i)."""
    if not _CREDIT.fullmatch(text) or not _checks(text):
        raise BadIdentifier(field="credit code", reason="18 signs of GB 32100, the last of which checks the others: is one wrong?")


def _checks(code: str) -> bool:
    total = sum(_CREDIT_SIGNS.index(sign) * pow(3, place, 31) for place, sign in enumerate(code[:17]))
    return _CREDIT_SIGNS[(31 - total % 31) % 31] == code[17]


def check_identity_number(text: str, *, tree: DivisionTree, today: date) -> None:
    """A resident's identity number of 18 signs (GB 11643-1999): division, day of birth, order, and a check (ISO 7064, MOD 11-2).

    The division is one that ever was, or stands for a residence permit; the day of birth is no later than `today`. Numbers of foreigners
    with permanent residence, which begin with 9, and those of 15 digits (to 1999) are not of this form.
    """
    if not _IDENTITY.fullmatch(text):
        raise _bad("17 digits, then a digit or X: is one missing?")
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(text[:17]))
    if _IDENTITY_CHECKS[total % 11] != text[17]:
        raise _bad("its last sign does not check the others: is one wrong?")
    if text[:6] not in PERMITS and not _is_county(tree, text[:6]):
        raise _bad("its first six digits are no county of GB/T 2260 that ever was: are they right?")
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        raise _bad("its digits 7 to 14 are no day: is one wrong?") from None  # the cause would repeat them
    if born.year < FIRST_YEAR or born > today:
        raise _bad("its digits 7 to 14 are no day on which a person alive can be born: is one wrong?")


def names_somebody(text: str) -> bool:
    """Whether a mobile number, an identity number, a credit code or a mail address stands in a text that becomes part of account names."""
    return bool(_PERSONAL.search(text.upper()) or any(_checks(one) for one in _CREDIT.findall(text.upper())))


def _is_county(tree: DivisionTree, code: str) -> bool:
    """Whether numbers were given out under the code: by counties, and by cities that have none below them."""
    return any(row.level in {"county", "city"} for row in tree.times(code))


def _bad(reason: str) -> BadIdentifier:
    return BadIdentifier(field="identity number", reason=reason)
