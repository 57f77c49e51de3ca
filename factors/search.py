"""Find factors by words in Chinese or English, and by filters; a name that several activities bear asks which.

Every word must be found. Text is compared in Unicode NFKC and lower case, so full width and capitals do not matter. Chinese knows
no spaces: where a run of it is found nowhere as a whole (浙江电网排放因子) it is cut into the longest names that the library knows.
Where nothing holds all the words, the nearest come back and the answer says that it is not exact.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

import msgspec
from rapidfuzz import fuzz, process

from factors.activities import Activity, activities, activity_table, by_id
from factors.factor import EmissionFactor
from factors.ladder import NOT_MAINLAND
from factors.library import DEFAULT_SETS, FactorLibrary
from factors.programme import BASES
from factors.sector import SECTORAL
from factors.units import find_unit

PlaceNames = Callable[[str], Iterable[str]]
"""What a region code is called, in any language."""

IDLE = {"排放因子", "因子", "系数", "排放", "的", "碳排放", "factor", "factors", "emission", "emissions", "of", "for", "the", "in"}
"""Words that every factor answers to."""
CHINESE = re.compile(r"[㐀-鿿]+")
NEAR = 60
NEAREST = 20


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for: words, and filters that each must hold.

    `region` holds a place and all that lies in it (`CN`, `330000`, `GB`); `year` what may answer for that year; `unit` what a quantity in
    that unit can be multiplied with; `source` a part of the citation, publisher or pack; `scope` the GHG Protocol scope of the activity.
    """

    words: str = ""
    activity: str = ""
    region: str = ""
    year: int | None = None
    unit: str = ""
    source: str = ""
    scope: str = ""
    unverified: bool = True


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The factors, the best first; the activities among which the words do not decide; whether every word was found."""

    factors: tuple[EmissionFactor, ...]
    asks: tuple[Activity, ...] = ()
    exact: bool = True


def plain(text: str) -> str:
    """Text as it is compared: NFKC, lower case."""
    return unicodedata.normalize("NFKC", text).lower().strip()


class Search:
    """The index over one library; building it takes some ten milliseconds, a search one or two."""

    def __init__(self, library: FactorLibrary, place_names: PlaceNames = lambda _: ()) -> None:
        self._library = library
        self._place_names = place_names

    @cached_property
    def _rows(self) -> list[tuple[EmissionFactor, str]]:
        """Each factor with all the text that it answers to."""
        hung = {activity.id: plain("\n".join(_names(activity))) for activity in activities()}
        places: dict[str, str] = {}
        rows = []
        for factor in self._library.factors():
            if factor.region not in places:
                places[factor.region] = "\n".join((factor.region, *self._place_names(factor.region)))
            manifest = self._library.manifest(factor)
            years = f"{factor.year_from or ''}\n{factor.year_to or ''}"
            own = (
                factor.id, factor.name_zh, factor.name_en, places[factor.region], factor.set_id, factor.variant, factor.basis,
                factor.cited, manifest.publisher, years,
            )  # fmt: skip
            rows.append((factor, "\n".join((plain("\n".join(own)), *(hung[code] for code in factor.activities)))))
        return rows

    @cached_property
    def _vocabulary(self) -> set[str]:
        """Every name by which something can be meant: of activities, of places, of factors."""
        known = {plain(name) for name in activity_table()} | IDLE
        for factor, _ in self._rows:
            known |= {plain(name) for name in (factor.name_zh, *self._place_names(factor.region))}
        return known | {name.rstrip("省市区县") for name in known if len(name) > 2}

    def find(self, wanted: Wanted) -> Found:
        """The factors for these words and filters; UnknownUnit for a unit that nobody knows."""
        kept = [row for row in self._rows if self._passes(row[0], wanted)]
        words = [word for word in plain(wanted.words).split() if word not in IDLE]
        whole = plain(wanted.words)
        found = [factor for factor, text in kept if all(word in text for word in words)]
        if not found and any(CHINESE.search(word) for word in words):
            pieces = [piece for word in words for piece in self._cut(word) if piece not in IDLE]
            found = [factor for factor, text in kept if pieces and all(piece in text for piece in pieces)]
        asks = () if wanted.activity else _meanings(whole, words, found)
        order = _Order(self._library, whole, words)
        if found or not words:
            return Found(factors=tuple(sorted(found, key=order)), asks=asks)
        return Found(factors=self._nearest(whole, kept, order), exact=False)

    def _cut(self, word: str) -> list[str]:
        """A run of Chinese as the longest known names, from the left; what is no part of any stays as it is."""
        pieces, at, loose = [], 0, ""
        while at < len(word):
            size = next((n for n in range(min(12, len(word) - at), 1, -1) if word[at : at + n] in self._vocabulary), 0)
            if size:
                pieces += [loose] if loose else []
                pieces.append(word[at : at + size])
                loose = ""
            else:
                loose += word[at]
            at += size or 1
        return pieces + ([loose] if loose and loose not in IDLE else [])

    def _nearest(self, whole: str, kept: Sequence[tuple[EmissionFactor, str]], order: "_Order") -> tuple[EmissionFactor, ...]:
        """Factors of the activities whose names are spelled most like the words."""
        names = {plain(name): codes for name, codes in activity_table().items()}
        like = process.extract(whole, names.keys(), scorer=fuzz.WRatio, limit=5, score_cutoff=NEAR)
        place = {code: at for at, (name, _, _) in reversed(list(enumerate(like))) for code in names[name]}
        some = [factor for factor, _ in kept if place.keys() & set(factor.activities)]
        some.sort(key=lambda factor: (min(place[code] for code in factor.activities if code in place), order(factor)))
        return tuple(some[:NEAREST])

    def _passes(self, factor: EmissionFactor, wanted: Wanted) -> bool:
        acts = [by_id()[code] for code in factor.activities]
        if wanted.activity and not any(wanted.activity in {act.id, act.same_factor_as} for act in acts):
            shared = by_id().get(wanted.activity)
            if shared is None or shared.same_factor_as not in factor.activities:
                return False
        if wanted.scope and not any(act.scope == wanted.scope for act in acts):
            return False
        if wanted.region and not _within(factor.region, wanted.region):
            return False
        if wanted.year and not self._answers(factor, wanted.year):
            return False
        if wanted.unit and find_unit(wanted.unit).dimension not in _dimensions(factor):
            return False
        if wanted.source:
            manifest = self._library.manifest(factor)
            if plain(wanted.source) not in plain(
                f"{factor.cited} {manifest.id} {manifest.publisher} {manifest.title_zh} {manifest.title_en}"
            ):
                return False
        return wanted.unverified or factor.evidence != "unverified"

    def _answers(self, factor: EmissionFactor, year: int) -> bool:
        """Whether its data are of that year, it was issued for it, or it does not age."""
        if factor.used_from or factor.used_to:
            return (factor.used_from or 0) <= year <= (factor.used_to or 9999)
        if self._library.manifest(factor).rule == "constant":
            return (factor.year_from or 0) <= year
        return (factor.year_from or 0) <= year <= (factor.year_to or factor.year_from or 9999)


class _Order:
    """Sorts what is found: what the words name exactly, then what an inventory would use first."""

    def __init__(self, library: FactorLibrary, whole: str, words: Sequence[str]) -> None:
        self._library, self._sought = library, {whole, *words}
        self._named: dict[str, int] = {}

    def __call__(self, factor: EmissionFactor) -> tuple[object, ...]:
        sets = [*DEFAULT_SETS, factor.set_id]
        return (
            min(self._distance(code) for code in factor.activities), factor.set_id == SECTORAL, not factor.is_ready,
            factor.evidence == "unverified", _nearness(factor.region), sets.index(factor.set_id) if factor.set_id else 0,
            bool(factor.variant), ("", *BASES).index(factor.basis), -(factor.year_to or factor.year_from or 0),
        )  # fmt: skip

    def _distance(self, code: str) -> int:
        if code not in self._named:
            names = {plain(name) for name in _names(by_id()[code])}
            self._named[code] = 0 if names & self._sought else 1 if any(s in name for s in self._sought for name in names) else 2
        return self._named[code]


def _names(activity: Activity) -> tuple[str, ...]:
    return (activity.id, activity.name_zh, activity.name_en, *activity.aliases_zh, *activity.aliases_en)


def _meanings(whole: str, words: Sequence[str], found: Sequence[EmissionFactor]) -> tuple[Activity, ...]:
    """The activities that bear one of the words as their name, where there are several with a factor: the words do not say which."""
    table = activity_table()
    hung = {code for factor in found for code in factor.activities}
    for word in dict.fromkeys((whole, *words)):
        codes = table.get(word, ())
        if len(codes) > 1:
            held = [by_id()[code] for code in codes if code in hung or by_id()[code].same_factor_as in hung]
            return tuple(held) if len(held) > 1 else ()
    return ()


def _within(region: str, wanted: str) -> bool:
    """Whether a region is the one wanted or lies in it."""
    wanted = wanted.upper()
    if region == wanted or wanted == "WORLD":
        return region == wanted
    if wanted == "CN":
        return region.startswith("CN-") or (region.isdigit() and region[:2] not in NOT_MAINLAND)
    if wanted.isdigit():
        return region.startswith(wanted[:2] if wanted.endswith("0000") else wanted[:4] if wanted.endswith("00") else wanted)
    return region.startswith(wanted + "-")


def _nearness(region: str) -> int:
    """China first, its divisions, the world, other countries."""
    return 0 if region == "CN" else 1 if region.startswith("CN-") or region.isdigit() else 2 if region == "WORLD" else 3


def _dimensions(factor: EmissionFactor) -> set[str]:
    """What a quantity may be measured in: what the numbers are per, and heat for a fuel by its carbon content."""
    names = {parameter.name for parameter in factor.parameters}
    per = {p.unit.partition("/")[2] for p in factor.parameters if p.name in {"ef", "ncv"}}
    return {find_unit(unit).dimension for unit in per if unit} | ({"energy"} if "cc" in names else set())
