"""Two languages from one source: English is written in the templates, and the catalogue of each other language is its .po file.

The .po files are read at start-up by Babel, so there is no compiled copy that could be stale or missing from a clone.
"""

import gettext
import io
from functools import cache
from importlib.resources import files
from typing import Literal

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
HTML_LANG = {"zh": "zh-Hans", "en": "en"}
COOKIE = "tanzhang_language"


@cache
def catalogue(language: Language) -> gettext.NullTranslations:
    """The messages of a language; those of English are the source itself."""
    if language == "en":
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with files("api").joinpath("locale", language, "LC_MESSAGES", "messages.po").open("rb") as po:
        write_mo(compiled, read_po(po, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def preferred(*, cookie: str | None, accept: str | None) -> Language:
    """The language a reader chose, else the first of ours that the browser accepts, else Chinese."""
    if cookie in LANGUAGES:
        return cookie
    items = [item.strip().partition(";q=") for item in (accept or "").split(",")]
    weighted = [(_weight(quality), own) for tag, _, quality in items for own in LANGUAGES if tag.split("-")[0].lower() == own]
    return max(weighted, key=lambda pair: pair[0])[1] if weighted else "zh"


def _weight(quality: str) -> float:
    try:
        return float(quality) if quality else 1.0
    except ValueError:
        return 0.0
