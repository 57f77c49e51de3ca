"""What places are called: divisions and grids of China by our tables, countries by CLDR."""

from collections.abc import Iterator

from babel import Locale

from api.language import LANGUAGES, Language
from carbon.region.divisions import divisions

GRIDS = {
    "CN-GRID-NE": ("东北电网", "Northeast grid"), "CN-GRID-NC": ("华北电网", "North grid"), "CN-GRID-EC": ("华东电网", "East grid"),
    "CN-GRID-CC": ("华中电网", "Central grid"), "CN-GRID-NW": ("西北电网", "Northwest grid"), "CN-GRID-CS": ("南方电网", "Southern grid"),
    "CN-GRID-SW": ("西南电网", "Southwest grid"), "WORLD": ("全球", "World"),
}  # fmt: skip


def place_name(code: str, language: Language) -> str:
    """What a region of the factor packs is called; its code where nobody has a name for it."""
    if code in GRIDS:
        return GRIDS[code][0 if language == "zh" else 1]
    division = divisions().ever("100000" if code == "CN" else code)
    if division:
        return division.name(language)
    country, _, part = code.partition("-")
    known = Locale(language).territories.get(country, country)
    return f"{known} {part}".strip()


def place_names(code: str) -> Iterator[str]:
    """Its names in every language, for the search."""
    for language in LANGUAGES:
        yield place_name(code, language)
