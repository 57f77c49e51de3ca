"""The factors: a list to search, and one factor on a sheet with its value, search path, dates, source and history."""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.params import FromPath
from litestar.response import Response

from api.doors import PUBLIC
from api.explanation import MARKS
from api.export import table_response
from api.figures import gas_name
from api.finding import Scope, Text, search_in
from api.language import Language
from api.pages import words
from api.pages.shell import Asked, language_of, page, translate
from api.places import place_name
from api.sentences import sentence_of
from carbon.digits import grouped
from carbon.region.divisions import factor_places
from factors.activities import Activity, by_id
from factors.errors import FactorError
from factors.factor import EmissionFactor, coefficients
from factors.gwp import smallest_unit
from factors.library import FactorLibrary, load_library
from factors.resolution import Resolution
from factors.search import Found, Wanted
from factors.units import find_unit
from ledger.book import Book

SHOWN = 60
TRIED = 100
PUBLISHER_MAX = 40
KG = {"g": 1000, "mg": 10**6}


class Value(NamedTuple):
    """What one unit of activity emits of a gas, as it is written: digits, and a unit such as kg CO₂/t."""

    digits: str
    unit: str


class SearchPath(NamedTuple):
    """The search for an activity at a place and day: the steps as (region, level, outcome, year, note), and what it led to."""

    division: str
    day: date
    steps: tuple[tuple[str, str, str, int | None, str], ...]
    resolution: Resolution | None
    reason: str


def digits_of(value: Fraction, places: int = 4) -> str:
    """A fraction as a decimal: in full where it ends within eight places, else rounded."""
    scaled = value * 10**8
    text = f"{round(scaled if scaled.denominator == 1 else value * 10**places)}".zfill(9)
    cut = 8 if scaled.denominator == 1 else places
    return f"{text[:-cut]}.{text[-cut:]}".rstrip("0").rstrip(".") if cut else text


def values_of(factor: EmissionFactor) -> list[Value]:
    """The factor per unit of activity: as published, and for a fuel what its three parameters come to."""
    if not any(parameter.name == "ncv" for parameter in factor.parameters):
        ready = sorted(factor.parameters, key=lambda p: (p.gas != "CO2", not p.gas.startswith("CO2e")))  # what weighs most stands first
        return [Value(p.value, f"{p.unit.split('/')[0]} {gas_name(p.gas)}/{p.unit.split('/')[-1]}") for p in ready]
    per = next(parameter.unit for parameter in factor.parameters if parameter.name == "ncv").removeprefix("GJ/")
    amounts, _ = coefficients(factor.parameters, unit=find_unit(per).token, measured={})
    return [Value(grouped(digits_of(amount / KG[smallest_unit(gas)])), f"kg {gas_name(gas)}/{per}") for gas, amount in amounts.items()]


def missing_gases(factor: EmissionFactor, activity: Activity | None) -> list[str]:
    """Gases that the activity is known to emit and the factor does not cover: not estimated, never zero."""
    if activity is None or any(gas.startswith("CO2e") for gas in factor.gases):
        return []
    wanted = ["CO2", "CH4", "N2O"] if activity.id.startswith(("electricity.", "heat.")) else list(activity.gases)
    covered = {gas.split(".")[0] for gas in factor.gases}
    return [gas_name(gas) for gas in wanted if gas.split(".")[0] not in covered and gas != "CO2e"]


def search_path(library: FactorLibrary, factor: EmissionFactor, *, division: str, day: date, unit: str, language: Language) -> SearchPath:
    """How the factor for this activity is found there and then; the factor found may be another one."""
    regions = factor_places(division, day, library)
    basis = factor.basis or None
    choice = factor.set_id or factor.variant or None
    try:
        found = library.resolve(
            factor.activities[0], regions=regions, start=day, end=day, unit=unit, basis=basis, factor=choice,
            allow_unverified=factor.evidence == "unverified",
        )  # fmt: skip
    except FactorError as error:
        return SearchPath(division, day, (), None, sentence_of(error, language) or str(error))
    passed = [(region.code, region.level, "none", None, "") for region in regions[: found.skipped]]
    walked = [(step.region, step.level, step.outcome, step.data_year, step.note) for step in found.steps]
    return SearchPath(division, day, (*passed, *walked), found, "")


def sheet(library: FactorLibrary, factor: EmissionFactor, *, division: str, day: date | None, language: Language) -> dict[str, Any]:
    """All that the sheet shows of one factor."""
    activity = by_id().get(factor.activities[0]) if factor.activities else None
    unit = activity.default_unit if activity else ""
    when = day or date(factor.year_to or factor.year_from or 2023, 7, 1)
    fuel = any(parameter.name == "ncv" for parameter in factor.parameters)
    if fuel:
        unit = find_unit(next(p.unit for p in factor.parameters if p.name == "ncv").removeprefix("GJ/")).token
    place = division or factor.region
    found = search_path(library, factor, division=place, day=when, unit=unit, language=language) if activity else None
    tried = {}
    if found and found.resolution:
        tried = {gas: (round(amount * TRIED), smallest_unit(gas)) for gas, amount in found.resolution.coefficients.items()}
    pack = next(pack for pack in library.packs if factor.id.startswith(pack.manifest.id + "#"))
    return {
        "factor": factor, "activity": activity, "unit": unit, "fuel": fuel, "values": values_of(factor),
        "missing": missing_gases(factor, activity), "found": found, "tried": tried, "tried_quantity": TRIED, "pack": pack.manifest,
        "uncertainty": uncertainty_of(factor), "fit": _fit(found, factor),
        "used_here": bool(found and found.resolution and any(part.factor.id == factor.id for part in found.resolution.parts)),
        "history": [(other, values_of(other)[0]) for other in library.history(factor)],
    }  # fmt: skip


def _fit(path: SearchPath | None, factor: EmissionFactor) -> dict[str, object] | None:
    """The five marks and their mean, where the factor is the one found there and then."""
    parts = path.resolution.parts if path and path.resolution else ()
    quality = next((part.quality for part in parts if part.factor.id == factor.id), None)
    return {"score": quality.score, **msgspec.structs.asdict(quality)} if quality else None


def uncertainty_of(factor: EmissionFactor) -> list[tuple[str, str, str, str]]:
    """The published bounds of its numbers: name, lower, upper, unit."""
    bounded = (p for p in factor.parameters if isinstance(p.lower, str) and isinstance(p.upper, str))
    return [(p.name if p.name != "ef" else gas_name(p.gas), str(p.lower), str(p.upper), p.unit) for p in bounded]


def _show(
    request: Asked, book: Book, wanted: Wanted, *, chosen: EmissionFactor | None, day: date | None, found: Found, opened: bool
) -> Response[str]:  # fmt: skip
    """The page; `opened` says whether the reader chose the factor, so that a small screen shows it and not the list."""
    library = load_library(book.home)
    language = language_of(request)
    listed = found.factors
    context: dict[str, Any] = {
        "q": wanted.words, "division": wanted.region, "day": day, "wanted": wanted, "count": len(listed), "asks": found.asks,
        "exact": found.exact, "opened": opened, "packs": len({pack.manifest.name for pack in library.packs}),
        "total": sum(1 for _ in library.factors()), "chosen": None, "query": query_of(wanted, day),
        "rows": [(one, values_of(one)[0]) for one in listed[:SHOWN]], "shown": SHOWN,
        "publishers": sorted({pack.manifest.publisher for pack in library.packs if len(pack.manifest.publisher) < PUBLISHER_MAX}),
        "place": lambda code: place_name(code, language), "in_steps": language, "marks": MARKS,
    }  # fmt: skip
    if chosen is not None:
        context["chosen"] = sheet(library, chosen, division=wanted.region, day=day, language=language)
    return page(request, "factor.html", here="factors", words=words, say=lambda text: translate(request, text), **context)


def query_of(wanted: Wanted, day: date | None) -> str:
    """The filters as the end of an address, so that a link keeps them."""
    given = {
        "q": wanted.words, "division": wanted.region, "day": day.isoformat() if day else "", "activity": wanted.activity,
        "year": str(wanted.year or ""), "unit": wanted.unit, "source": wanted.source, "scope": wanted.scope,
    }  # fmt: skip
    kept = {name: value for name, value in given.items() if value}
    return f"?{urlencode(kept)}" if kept else ""


def _wanted(*, q: str, division: str, activity: str, year: str, unit: str, source: str, scope: str) -> Wanted:
    """What the form asks; a year that is none counts as not given. Unverified numbers are shown only to who looks for words."""
    asked_year = int(year) if re.fullmatch(r"[0-9]{4}", year) else None
    return Wanted(words=q, region=division, activity=activity, year=asked_year, unit=unit, source=source, scope=scope, unverified=bool(q))


def _day(text: str) -> date | None:
    """The day of the form, which sends it empty where nobody chose one."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ClientException(f"day {text!r} is no day: write it as 2023-07-01", extra=[{"key": "day", "message": str(error)}]) from error


def _find(book: Book, wanted: Wanted) -> Found:
    """The factors within the filters; a division below the packs' places is looked at for its search path, and filters nothing."""
    library = load_library(book.home)
    held = {factor.region for factor in library.factors()}
    filters = msgspec.structs.replace(wanted, region=wanted.region if wanted.region in held or not wanted.region.isdigit() else "")
    return search_in(library).find(filters)


@get("/factors", opt=PUBLIC, sync_to_thread=True)
def factor_list(
    request: Asked, book: NamedDependency[Book], q: Text = "", division: Text = "", day: Text = "", activity: Text = "",
    year: Text = "", unit: Text = "", source: Text = "", of_scope: Scope = "",
) -> Response[str]:  # fmt: skip
    """Search the packs; where the words name one thing, its first factor is opened beside the list."""
    wanted, when = _wanted(q=q, division=division, activity=activity, year=year, unit=unit, source=source, scope=of_scope), _day(day)
    found = _find(book, wanted)
    first = found.factors[0] if (q or activity) and found.factors and not found.asks and found.exact else None
    return _show(request, book, wanted, chosen=first, day=when, found=found, opened=False)


@get("/factors/{pack:str}/{edition:str}/{row:str}", opt=PUBLIC, sync_to_thread=True)
def factor_page(
    request: Asked, book: NamedDependency[Book], pack: FromPath[str], edition: FromPath[str], row: FromPath[str], q: Text = "",
    division: Text = "", day: Text = "", activity: Text = "", year: Text = "", unit: Text = "", source: Text = "",
    of_scope: Scope = "",
) -> Response[str]:  # fmt: skip
    """One factor on its sheet."""
    chosen = load_library(book.home).factor(f"{pack}/{edition}#{row}")
    wanted = _wanted(q=q, division=division, activity=activity, year=year, unit=unit, source=source, scope=of_scope)
    asked = any((q, activity, year, unit, source, of_scope))
    found = _find(book, wanted) if asked else Found(factors=())
    return _show(request, book, wanted, chosen=chosen, day=_day(day), found=found, opened=True)


HEAD = [
    "id", "name_zh", "name_en", "activities", "region", "basis", "set", "gas", "parameter", "value", "unit", "year", "evidence", "source",
]  # fmt: skip


@get("/factors/{pack:str}/{edition:str}/{row:str}/{file:str}", opt=PUBLIC, sync_to_thread=True)
def factor_card_file(
    book: NamedDependency[Book], pack: FromPath[str], edition: FromPath[str], row: FromPath[str], file: FromPath[str]
) -> Response[bytes]:
    """The numbers of one factor as CSV or JSON."""
    chosen = load_library(book.home).factor(f"{pack}/{edition}#{row}")
    return table_response(file, stem="factor", head=HEAD, rows=_rows([chosen]))


@get("/factors/{file:str}", opt=PUBLIC, sync_to_thread=True)
def factor_file(
    book: NamedDependency[Book], file: FromPath[str], q: Text = "", division: Text = "", activity: Text = "", year: Text = "",
    unit: Text = "", source: Text = "", of_scope: Scope = "",
) -> Response[bytes]:  # fmt: skip
    """The list as CSV or JSON."""
    wanted = _wanted(q=q, division=division, activity=activity, year=year, unit=unit, source=source, scope=of_scope)
    return table_response(file, stem="factors", head=HEAD, rows=_rows(_find(book, wanted).factors))


def _rows(found: Iterable[EmissionFactor]) -> Iterator[list[object]]:
    """A row a number of a factor."""
    for f in found:
        first = [f.id, f.name_zh, f.name_en, " ".join(f.activities), f.region, f.basis, f.set_id]
        for p in f.parameters:
            yield [*first, p.gas, p.name, p.value, p.unit, f.year_from, f.evidence, f.cited]
