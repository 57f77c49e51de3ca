"""What is typed into a form, read field by field: all that is wrong is told beside its field, and nothing that was typed is lost."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from api.numbers import FIRST_YEAR, LAST_YEAR
from api.pages.shell import Asked, language_of, translate
from api.problems import N_
from api.reasons import in_words
from factors.errors import NotANumber
from factors.units import number

LONGEST = 500
ROWS_MAX = 200
"""How many rows a form may say that it has."""


class Typed:
    """The fields of a form as they were sent, and by field what is wrong, in the language of the page."""

    def __init__(self, request: Asked, fields: Mapping[str, str]) -> None:
        self.request, self.fields = request, fields
        self.wrong: dict[str, str] = {}

    def refuse(self, field: str, message: str, **said: object) -> None:
        """Say what is wrong with a field, in a message of the catalogue; the first that is said of it stands."""
        self.wrong.setdefault(field, translate(self.request, message, **said))

    def refused_by_books(self, field: str, reason: str) -> None:
        """Say beside a field what the core says of it."""
        self.wrong.setdefault(field, in_words(reason, language_of(self.request)))

    def text(self, field: str, *, needed: bool = False, longest: int = LONGEST) -> str:
        """What stands there, without blanks around it."""
        text = self.fields.get(field, "").strip()
        if needed and not text:
            self.refuse(field, N_("This is needed."))
        if len(text) > longest:
            self.refuse(field, N_("At most {longest} signs."), longest=longest)
        return text

    def day(self, field: str) -> date:
        """A day of the years that the books know."""
        text = self.fields.get(field, "").strip()
        try:
            day = date.fromisoformat(text)
        except ValueError:
            self.refuse(field, N_("A day is written 2025-01-31."))
            return date(FIRST_YEAR, 1, 1)
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.refuse(field, N_("A day of the years {first} to {last}."), first=FIRST_YEAR, last=LAST_YEAR)
        return day

    def year(self, field: str) -> int:
        """A calendar year."""
        text = self.fields.get(field, "").strip()
        if not (text.isascii() and text.isdecimal() and len(text) == 4 and FIRST_YEAR <= int(text) <= LAST_YEAR):
            self.refuse(field, N_("A year from {first} to {last}."), first=FIRST_YEAR, last=LAST_YEAR)
            return LAST_YEAR
        return int(text)

    def decimal(self, field: str, *, empty: str | None = None) -> str:
        """A decimal as it was typed; `empty` is what an empty field stands for, and without it there must be one."""
        text = self.fields.get(field, "").strip()
        if not text and empty is not None:
            return empty
        try:
            number(text)
        except NotANumber:
            self.refuse(field, N_("A number such as 1240.6, without blanks or units."))
            return "0"
        return text

    def whole(self, field: str, *, scale: int = 1, most: int) -> int:
        """A decimal times `scale`, which must be a whole number from 0 to `most`."""
        text = self.decimal(field)
        value = Fraction(number(text)) * scale if field not in self.wrong else Fraction(0)
        if value.denominator != 1:
            self.refuse(field, N_("Too many decimals: it must come to a whole number."))
        if not 0 <= value <= most:
            self.refuse(field, N_("From 0 to {most}."), most=f"{most // scale:,}")
        return int(value)

    def rows(self, field: str, *, least: int) -> int:
        """How many rows the form has."""
        text = self.fields.get(field, "").strip()
        return min(ROWS_MAX, max(least, int(text))) if text.isascii() and text.isdecimal() and len(text) <= 4 else least
