"""Which factor holds for an activity, a place and a day, and why."""

import os
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands import asked
from api.commands.factors import factors

if TYPE_CHECKING:
    from factors.library import FactorLibrary
    from factors.resolution import Resolution

Act = Annotated[str, typer.Argument(metavar="ACTIVITY", help="A code, name or alias of an activity.")]
Place = Annotated[str, typer.Option("--region", help="A division (330106), a country (GB) or a region of the packs (CN-GRID-EC).")]
Day = Annotated[str, typer.Option("--day", help="The day of the activity, or a period: 2025-03-15, 2025-01-01/2025-12-31.")]
Unit = Annotated[str | None, typer.Option("--unit", help="Unit of the activity, else its usual one.")]
Method = Annotated[str | None, typer.Option("--method", help="Scope 2 method: location or market.")]
BasisOf = Annotated[str | None, typer.Option("--basis", help="average, contract, residual, fossil, life-cycle, compliance or marginal.")]
Known = Annotated[str | None, typer.Option("--as-known", help="Read the packs as they were known on that day.")]
Rule = Annotated[str, typer.Option("--programme", help="Whose rule picks basis and geography.")]
Choice = Annotated[str | None, typer.Option("--factor", help="A factor's id, a parameter set or a variant.")]
Category = Annotated[str | None, typer.Option("--category", help="IPCC category, which decides the sector of CH4 and N2O.")]
Unverified = Annotated[bool, typer.Option("--allow-unverified", help="Also numbers that nobody read in a document; the answer says so.")]
Language = Annotated[str | None, typer.Option("--language", help="zh or en, else that of the terminal.")]


def resolve(
    activity: Act, region: Place = "CN", day: Day = "", unit: Unit = None, method: Method = None, basis: BasisOf = None,
    known: Known = None, programme: Rule = "inventory", factor: Choice = None, category: Category = None,
    allow_unverified: Unverified = False, home: asked.Home = None, as_json: asked.Json = False,
) -> None:  # fmt: skip
    """tanzhang factors resolve electricity.grid --region 330106 --day 2023-07-01
    tanzhang factors resolve electricity.grid --region 330106 --day 2023-07-01 --method market --json
    tanzhang factors resolve 烟煤 --region 140100 --day 2024-06-30 --category 1A2 --as-known 2024-12-31

    The factor of an activity there and then: its numbers, the steps that found it, how well it fits.
    """
    import msgspec

    from carbon.answer import describe, step_text

    library, found = _found(
        activity, region, day, unit, home, method=method, basis=basis, known=asked.day(known, "--as-known"), programme_name=programme,
        factor=factor, category=category, allow_unverified=allow_unverified,
    )  # fmt: skip
    if as_json:
        asked.print_json({**describe(found), "rejected": msgspec.to_builtins(library.rejected(found))})
        return
    asked.print_table(
        ["factor", "名称", "region", "data", "published", "basis", "evidence", "fit", "source"],
        (
            (
                part.factor.id, part.factor.name_zh or part.factor.name_en, part.factor.region, part.factor.year_from,
                part.factor.published,
                part.factor.basis, part.factor.evidence, part.quality.score, part.factor.cited,
            )
            for part in found.parts
        ),
    )  # fmt: skip
    for gas, amount in describe(found)["coefficients"].items():
        asked.say(f"{gas} {amount['decimal']} {amount['unit']}")
    for step in found.steps:
        asked.say(step_text(step))


def explain(
    activity: Act, region: Place = "CN", day: Day = "", unit: Unit = None, method: Method = None, basis: BasisOf = None,
    known: Known = None, programme: Rule = "inventory", factor: Choice = None, category: Category = None,
    allow_unverified: Unverified = False, home: asked.Home = None, language: Language = None,
) -> None:  # fmt: skip
    """tanzhang factors explain electricity.grid --region 330106 --day 2023-07-01
    tanzhang factors explain 短途航班 --region GB --day 2025-05-01 --language en

    The same as a person would say it: what was chosen, by which steps, how well it fits, what was not taken and why.
    """
    from api.explanation import sentences
    from api.language import LANGUAGES, catalogue
    from api.places import place_name

    spoken = language or ("en" if os.environ.get("LC_ALL", os.environ.get("LANG", "")).startswith("en") else "zh")
    if spoken not in LANGUAGES:
        raise asked.WrongUsage(f"--language {spoken!r} is none: write zh or en")
    library, found = _found(
        activity, region, day, unit, home, method=method, basis=basis, known=asked.day(known, "--as-known"), programme_name=programme,
        factor=factor, category=category, allow_unverified=allow_unverified,
    )  # fmt: skip

    def place(code: str) -> str:
        name = place_name(code, spoken)
        return name if name == code else f"{name} {code}"

    say = catalogue("zh" if spoken == "zh" else "en").gettext
    for sentence in sentences(found, library.rejected(found), library, say=say, place=place, chinese=spoken == "zh"):
        print(sentence)


def _found(activity: str, region: str, day: str, unit: str | None, home: Any, **choices: Any) -> "tuple[FactorLibrary, Resolution]":
    from carbon.region.divisions import factor_places
    from factors.activities import find_activity
    from factors.units import find_unit

    act = find_activity(activity)
    library = asked.library(home)
    start, end = _days(day, home)
    places = factor_places(region, end, library)
    token = find_unit(unit or act.default_unit).token
    return library, library.resolve(act.id, regions=places, start=start, end=end, unit=token, **choices)


def _days(text: str, home: Any) -> tuple[date, date]:
    first, _, last = text.partition("/")
    start = asked.day(first or None, "--day") or asked.today(asked.settings(None, home))
    end = asked.day(last or None, "--day") or start
    if end < start:
        raise asked.WrongUsage(f"--day {text!r} ends before it begins")
    return start, end


asked.add(factors, resolve)
asked.add(factors, explain)
