"""Numbers as they are printed: thousands separators and a true minus, the digits untouched."""

MINUS = "\u2212"


def integer(value: int) -> str:
    """The full integer with thousands separators."""
    return f"{value:,}".replace("-", MINUS)


def grouped(text: str) -> str:
    """A plain decimal as filed, with thousands separators and a true minus; its digits are not touched, and what is none stays as it is."""
    whole, point, rest = text.partition(".")
    sign, digits = (MINUS, whole[1:]) if whole.startswith("-") else ("", whole)
    return f"{sign}{int(digits):,}{point}{rest}" if digits.isdecimal() else text
