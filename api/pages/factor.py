"""The factors: a list to search, and one factor on a sheet with its value, search path, dates, source and history."""

from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from litestar import get
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from api.doors import PUBLIC
from api.export import table_response
from api.figures import gas_name, grouped
from api.language import Language
from api.pages import words
from api.pages.shell import Asked, language_of, page, translate
from carbon.region.divisions import chain_of, divisions
from factors.activities import Activity, by_id
from factors.errors import FactorError
from factors.factor import EmissionFactor, coefficients
from factors.gwp import smallest_unit
from factors.library import FactorLibrary, load_library
from factors.resolution import Region, Resolution
from factors.units import find_unit

SHOWN = 60
TRIED = 100
KG = {"g": 1000, "mg": 10**6}


class Value(NamedTuple):
    """What one unit of activity emits of a gas, as it is written: digits, and a unit such as kg CO₂/t."""

    digits: str
    unit: str


class Found(NamedTuple):
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
        return [Value(p.value, f"{p.unit.split('/')[0]} {gas_name(p.gas)}/{p.unit.split('/')[-1]}") for p in factor.parameters]
    per = next(parameter.unit for parameter in factor.parameters if parameter.name == "ncv").removeprefix("GJ/")
    amounts, _ = coefficients(factor.parameters, unit=find_unit(per).token, measured={})
    return [Value(grouped(digits_of(amount / KG[smallest_unit(gas)])), f"kg {gas_name(gas)}/{per}") for gas, amount in amounts.items()]


def missing_gases(factor: EmissionFactor, activity: Activity | None) -> list[str]:
    """Gases that the activity is known to emit and the factor does not cover: not estimated, never zero."""
    if activity is None:
        return []
    wanted = ["CO2", "CH4", "N2O"] if activity.id.startswith(("electricity.", "heat.")) else list(activity.gases)
    covered = {gas.split(".")[0] for gas in factor.gases}
    return [gas_name(gas) for gas in wanted if gas.split(".")[0] not in covered and gas != "CO2e"]


def search_path(library: FactorLibrary, factor: EmissionFactor, *, division: str, day: date, unit: str) -> Found:
    """How the factor for this activity is found there and then; the factor found may be another one."""
    regions = (Region("CN", "country"),) if division in {"CN", "WORLD"} else chain_of(division, day)
    basis = factor.basis if factor.basis not in {"", "NCV"} else None
    choice = factor.set_id or None
    try:
        found = library.resolve(
            factor.activities[0], regions=regions, start=day, end=day, unit=unit, basis=basis, factor=choice,
            allow_unverified=factor.evidence == "unverified",
        )  # fmt: skip
    except FactorError as error:
        return Found(division, day, (), None, str(error))
    passed = [(region.code, region.level, "none", None, "") for region in regions[: found.skipped]]
    walked = [(step.region, step.level, step.outcome, step.data_year, step.note) for step in found.steps]
    return Found(division, day, (*passed, *walked), found, "")


def place_name(code: str, language: Language) -> str:
    """What a region of the factor packs is called: a division, a grid, China, the world."""
    division = divisions().ever(code)
    return division.name(language) if division else code


def sheet(library: FactorLibrary, factor: EmissionFactor, *, division: str, day: date | None) -> dict[str, Any]:
    """All that the sheet shows of one factor."""
    activity = by_id().get(factor.activities[0]) if factor.activities else None
    unit = activity.default_unit if activity else ""
    when = day or date(factor.year_to or factor.year_from or 2023, 7, 1)
    fuel = any(parameter.name == "ncv" for parameter in factor.parameters)
    if fuel:
        unit = find_unit(next(p.unit for p in factor.parameters if p.name == "ncv").removeprefix("GJ/")).token
    found = search_path(library, factor, division=division or factor.region, day=when, unit=unit) if activity else None
    tried = {}
    if found and found.resolution:
        tried = {gas: round(amount * TRIED) for gas, amount in found.resolution.coefficients.items()}
    pack = next(pack for pack in library.packs if factor.id.startswith(pack.manifest.id + "#"))
    return {
        "factor": factor, "activity": activity, "unit": unit, "fuel": fuel, "values": values_of(factor),
        "missing": missing_gases(factor, activity), "found": found, "tried": tried, "tried_quantity": TRIED, "pack": pack.manifest,
        "used_here": bool(found and found.resolution and any(part.factor.id == factor.id for part in found.resolution.parts)),
        "history": [(other, values_of(other)[0]) for other in library.history(factor)],
    }  # fmt: skip


def _listed(library: FactorLibrary, q: str) -> list[EmissionFactor]:
    return library.search(q) if q else [factor for factor in library.search("") if factor.evidence != "unverified"]


def _show(request: Asked, *, chosen: EmissionFactor | None, q: str, division: str, day: date | None) -> Response[str]:
    library = load_library()
    listed = _listed(library, q) if q or chosen is None else []
    language = language_of(request)
    context: dict[str, Any] = {
        "q": q, "division": division, "day": day, "count": len(listed), "packs": len({pack.manifest.name for pack in library.packs}),
        "total": sum(1 for _ in library.factors()), "chosen": None,
        "rows": [(one, values_of(one)[0]) for one in listed[:SHOWN]], "shown": SHOWN,
        "place": lambda code: place_name(code, language), "in_steps": language,
    }  # fmt: skip
    if chosen is not None:
        context["chosen"] = sheet(library, chosen, division=division, day=day)
    return page(request, "factor.html", here="factors", words=words, say=lambda text: translate(request, text), **context)


@get("/factors", opt=PUBLIC, sync_to_thread=True)
def factor_list(request: Asked, q: FromQuery[str] = "", division: FromQuery[str] = "", day: FromQuery[date | None] = None) -> Response[str]:
    """Search the packs."""
    first = load_library().search(q)[:1] if q else []
    return _show(request, chosen=first[0] if first else None, q=q, division=division, day=day)


@get("/factors/{pack:str}/{edition:str}/{row:str}", opt=PUBLIC, sync_to_thread=True)
def factor_page(
    request: Asked, pack: FromPath[str], edition: FromPath[str], row: FromPath[str],
    q: FromQuery[str] = "", division: FromQuery[str] = "", day: FromQuery[date | None] = None,
) -> Response[str]:  # fmt: skip
    """One factor on its sheet."""
    chosen = load_library().factor(f"{pack}/{edition}#{row}")
    return _show(request, chosen=chosen, q=q, division=division, day=day)


@get("/factors/{file:str}", opt=PUBLIC, sync_to_thread=True)
def factor_file(file: FromPath[str], q: FromQuery[str] = "") -> Response[bytes]:
    """The list as CSV or JSON."""
    head = [
        "id",
        "name_zh",
        "name_en",
        "activities",
        "region",
        "basis",
        "set",
        "gas",
        "parameter",
        "value",
        "unit",
        "year",
        "evidence",
        "source",
    ]
    rows = (
        [
            f.id,
            f.name_zh,
            f.name_en,
            " ".join(f.activities),
            f.region,
            f.basis,
            f.set_id,
            p.gas,
            p.name,
            p.value,
            p.unit,
            f.year_from,
            f.evidence,
            f.cited,
        ]
        for f in _listed(load_library(), q)
        for p in f.parameters
    )
    return table_response(file, stem="factors", head=head, rows=rows)
