"""GB/T 2260 divisions through time: what a code meant on a day, what it lay in, and what became of it.

The table (`data/divisions.csv`) knows changes to the year: in the year of a change the old and the new code are both good. What a province
runs itself at county level (Jiyuan, Xiantao, the corps' cities, a municipality's districts) is its child; no city is made up.
What became of a code is told for those gone since 1997; before 2009 only where its name went on under another code, else nothing is told.
Codes of any other form are ISO 3166 (`GB`, `US-CA`): a country's own divisions are not in the table.
"""

import csv
import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

import polars as pl

from carbon.errors import DivisionNotFound
from factors.ladder import MAINLAND, WORLD
from factors.library import FactorLibrary
from factors.resolution import Region

NATION = "100000"
LEVELS = ("nation", "province", "city", "county")
_ISO = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Division:
    """What a code meant from `valid_from` to `valid_to` (both inclusive; None: before the table, still today)."""

    code: str
    name_zh: str
    name_en: str
    level: str
    parent: str
    valid_from: date | None
    valid_to: date | None
    successors: tuple[str, ...]

    def on(self, day: date) -> bool:
        """Whether the code meant this on that day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)

    def name(self, language: str) -> str:
        return self.name_en if language == "en" else self.name_zh


class DivisionTree:
    """All divisions that ever were, each with its times."""

    def __init__(self, rows: list[Division]) -> None:
        self._times: dict[str, list[Division]] = {}
        for row in rows:
            self._times.setdefault(row.code, []).append(row)
        self._below: dict[str, frozenset[str]] = {}
        self._predecessors: dict[str, list[Division]] = {}
        for row in rows:
            for successor in row.successors:
                self._predecessors.setdefault(successor, []).append(row)
        self._children: dict[str, list[Division]] = {}
        for row in rows:
            self._children.setdefault(row.parent, []).append(row)

    def __contains__(self, code: str) -> bool:
        return code in self._times

    def codes(self) -> tuple[str, ...]:
        """Every code that ever was."""
        return tuple(self._times)

    def at(self, code: str, day: date) -> Division | None:
        """What the code meant on that day, or None where there was no such division; the newer meaning in the year of a change."""
        return next((row for row in reversed(self._times.get(code, ())) if row.on(day)), None) or _abroad(code)

    def ever(self, code: str) -> Division | None:
        """What the code last meant, whatever the year, or None where it never was a division."""
        times = self._times.get(code)
        return times[-1] if times else _abroad(code)

    def times(self, code: str) -> tuple[Division, ...]:
        """All that the code ever meant, the oldest first."""
        return tuple(self._times.get(code, ()))

    def parent_when_last_valid(self, code: str) -> str:
        """The division that the code lay in when it was last valid; empty for the nation."""
        return self._times[code][-1].parent

    def chain(self, code: str, day: date) -> tuple[Division, ...]:
        """The division and all that it lay in on that day, the nation last; each as it last was where it was not valid then."""
        found: list[Division] = []
        while code:
            row = self.at(code, day) or self.ever(code)
            if row is None:
                break
            found.append(row)
            code = row.parent
        return tuple(found)

    def predecessors(self, code: str) -> tuple[Division, ...]:
        """The divisions out of which this one grew."""
        return tuple(self._predecessors.get(code, ()))

    def children(self, code: str, day: date) -> tuple[Division, ...]:
        """The divisions directly below on that day, by code."""
        return tuple(sorted((row for row in self._children.get(code, ()) if row.on(day)), key=lambda row: row.code))

    def below(self, code: str) -> frozenset[str]:
        """The code and every code that ever lay in it, however deep, whatever the year."""
        if code not in self._below:
            self._below[code] = self._all_below(code)
        return self._below[code]

    def _all_below(self, code: str) -> frozenset[str]:
        found, ahead = {code}, [code]
        while ahead:
            fresh = {row.code for row in self._children.get(ahead.pop(), ())} - found
            found |= fresh
            ahead += fresh
        return frozenset(found)

    def stem(self, code: str) -> str:
        """The digits with which every code in the division begins: none for the nation, then two, four, six."""
        row = self.ever(code)
        return code[: {"nation": 0, "province": 2, "city": 4}.get(row.level if row else "", len(code))]

    def lineage(self) -> pl.DataFrame:
        """One row a code, as it last was: `code`, `level`, `city`, `province` (null where it lies in none)."""
        rows = []
        for code in self._times:
            above = {row.level: row.code for row in self.chain(code, date.max)}
            rows.append((code, self._times[code][-1].level, above.get("city"), above.get("province")))
        return pl.DataFrame(rows, schema=dict.fromkeys(("code", "level", "city", "province"), pl.String), orient="row")

    def search(self, text: str, *, limit: int = 20) -> list[Division]:
        """Divisions of today whose code or name begins with, or holds, `text`."""
        wanted = text.strip().lower()
        today = [times[-1] for times in self._times.values() if times[-1].valid_to is None]
        hits = [row for row in today if wanted in row.name_zh or wanted in row.name_en.lower() or row.code.startswith(wanted)]
        rank = {level: place for place, level in enumerate(LEVELS)}
        return sorted(hits, key=lambda row: (not row.name_zh.startswith(wanted), rank[row.level], row.code))[:limit]


@cache
def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


@cache
def divisions() -> DivisionTree:
    """The shipped table."""
    text = files("carbon.region").joinpath("data", "divisions.csv").read_text(encoding="utf-8")
    reader = csv.reader(text.splitlines())
    next(reader)
    return DivisionTree(
        [
            Division(code, zh, en, level, parent, _day(since), _day(until), tuple(filter(None, successors.split(";"))))
            for code, zh, en, level, parent, since, until, successors in reader
        ]
    )


def is_iso(code: str) -> bool:
    """Whether a code is one of ISO 3166: a country that is, or a part of one."""
    return _abroad(code) is not None


@cache
def _abroad(code: str) -> Division | None:
    """An ISO 3166 code as a division, named by CLDR; None where there is no such country."""
    if not _ISO.fullmatch(code):
        return None
    from babel import Locale

    zh, en = (Locale(language).territories.get(code[:2]) for language in ("zh", "en"))
    if zh is None or en is None or code[:2] in {"ZZ", "XA", "XB", "EU", "EZ", "UN", "QO"}:
        return None
    part = code[2:]
    return Division(code, zh + part, en + part, "country", code[:2] if part else "", None, None, ())


def chain_of(code: str, day: date) -> tuple[Region, ...]:
    """The places in which a factor may be sought for a division on that day, the smallest first and the country last."""
    if is_iso(code):
        country = code[:2]
        own = (Region(code, "province"),) if code != country else ()
        return (*own, Region(country, "country"))
    places = [Region(row.code, row.level) for row in divisions().chain(code, day) if row.level != "nation"]
    return (*places, Region(MAINLAND, "country"))


def factor_places(code: str, day: date, library: FactorLibrary) -> tuple[Region, ...]:
    """The places for a search by hand: a division's chain, a country, or a region that only the packs know, such as a grid."""
    if divisions().ever(code) or is_iso(code):
        return chain_of(code, day)
    if code in {factor.region for factor in library.factors()}:
        if code == WORLD.code:
            return (WORLD,)
        country = MAINLAND if code.startswith("CN-") else code[:2]
        return (Region(code, "grid"), Region(country, "country")) if code != country else (Region(country, "country"),)
    raise DivisionNotFound(code)
