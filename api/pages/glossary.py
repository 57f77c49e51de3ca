"""Hard words, explained: one glossary in both languages (`glossary.toml`)."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from api.language import Language


@dataclass(frozen=True, slots=True)
class Term:
    """A word and its explanation in one language; `source` is where it is laid down, if anywhere."""

    key: str
    word: str
    text: str
    source: str


@cache
def glossary(language: Language) -> dict[str, Term]:
    """The terms in one language by their key, in the order of the file."""
    found = tomllib.loads(files("api").joinpath("pages", "glossary.toml").read_text(encoding="utf-8"))
    return {
        key: Term(key, said[f"word_{language}"], said[f"text_{language}"], said.get(f"source_{language}", said.get("source", "")))
        for key, said in found.items()
    }
