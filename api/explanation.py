"""How a factor was found, as a person would say it: what was chosen, by which steps, how well it fits, what was not taken and why."""

from collections import Counter
from collections.abc import Callable, Sequence

from api.figures import gas_name
from api.problems import N_
from carbon.answer import decimal_text
from factors.gwp import smallest_unit
from factors.library import FactorLibrary
from factors.resolution import Part, Rejected, Resolution, Step

Say = Callable[[str], str]
Named = Callable[[str], str]

LEVELS = {
    "county": N_("county"), "city": N_("city"), "province": N_("province"), "grid": N_("regional grid"), "country": N_("country"),
    "world": N_("world"), "chosen": N_("chosen by name"), "sector": N_("sector"),
}  # fmt: skip
BASES = {
    "average": N_("average of the area"), "contract": N_("the contract's own factor"), "residual": N_("residual mix"),
    "fossil": N_("fossil power alone"), "life-cycle": N_("life cycle"), "compliance": N_("compliance"), "marginal": N_("marginal"),
}  # fmt: skip
EVIDENCE = {
    "definition": N_("true by definition"), "transcribed": N_("read in a copy of the document"),
    "corroborated": N_("two independent texts agree; the document was not read"),
    "transcribed-source-inferred": N_("the figure was read; which document it stands in was assigned by us"),
    "unverified": N_("from memory, never read in a document"),
}  # fmt: skip
REASONS = {
    "parameters": N_("a parameter of a method, no factor"),
    "basis": N_("of another basis"), "set": N_("of another set (sets are never mixed)"), "unverified": N_("never read in a document"),
    "not-yet-published": N_("not published by then"), "superseded": N_("replaced by another edition"), "place": N_("of another place"),
    "wider-place": N_("a nearer place has one"), "later-data": N_("describe a later year"), "older-data": N_("describe an earlier year"),
    "outranked": N_("a number nearer to the act was found"), "companion": N_("CH₄ and N₂O of another sector"),
}  # fmt: skip
MARKS = {
    "evidence": N_("evidence"), "place": N_("place"), "time": N_("time"), "technology": N_("technology"),
    "completeness": N_("completeness"),
}  # fmt: skip
NOTES = {
    "year-after-last": N_("the last data before that year"),
    "no-residual-mix": N_("no residual mix exists there, so the average stands in"),
    "unverified": N_("never read in a document"), "period-split-by-days": N_("the period is split by days between two years"),
    "chosen": N_("named by the caller"),
}  # fmt: skip


def sentences(
    resolution: Resolution, rejected: Sequence[Rejected], library: FactorLibrary, *, say: Say, place: Named, chinese: bool
) -> list[str]:
    """The explanation, a sentence or a list item a line."""
    told: list[str] = []
    for part in resolution.parts:
        told += _chosen(part, library, say=say, place=place, chinese=chinese)
    told.append(say("One %(unit)s emits:") % {"unit": resolution.unit})
    for gas, amount in resolution.coefficients.items():
        told.append(f"  {gas_name(gas)} {decimal_text(amount)} {smallest_unit(gas)}")
    measured = [parameter for parameter in resolution.parameters if parameter.tier == "measured"]
    for parameter in measured:
        told.append(say("Measured, in place of the default: %(name)s %(value)s %(unit)s.") % {
            "name": parameter.name, "value": parameter.value, "unit": parameter.unit,
        })  # fmt: skip
    if resolution.not_estimated:
        told.append(say("Not estimated (never zero): %(gases)s.") % {"gases": ", ".join(map(gas_name, resolution.not_estimated))})
    query = resolution.query
    assert query is not None, "a factor was searched for"
    told.append(say("Searched by the rule %(rule)s:") % {"rule": query.rule.id})
    passed = (Step(region=region.code, level=region.level, outcome="none") for region in query.regions[: resolution.skipped])
    told += [f"  {_step(step, say=say, place=place)}" for step in (*passed, *resolution.steps)]
    if rejected:
        told.append(say("Not taken: %(count)s.") % {"count": len(rejected)})
        for reason, count in Counter(one.reason for one in rejected).most_common():
            examples = [one.factor for one in rejected if one.reason == reason][:2]
            told.append(f"  {count} × {say(REASONS[reason])}: {', '.join(examples)}{' …' if count > 2 else ''}")
    return told


def _chosen(part: Part, library: FactorLibrary, *, say: Say, place: Named, chinese: bool) -> list[str]:
    factor = part.factor
    name = (factor.name_zh or factor.name_en) if chinese else (factor.name_en or factor.name_zh)
    told = [f"{name}（{factor.id}）" if chinese else f"{name} ({factor.id})"]
    if part.share != 1:
        told.append("  " + say("for %(days)s days of the period") % {"days": part.days})
    years = str(factor.year_from or "") + (f"–{factor.year_to}" if factor.year_to and factor.year_to != factor.year_from else "")
    dates = say("data of %(years)s") % {"years": years} if years else ""
    if factor.published:
        dates += (", " if dates else "") + say("published %(day)s") % {"day": factor.published}
    if factor.used_from or factor.used_to:
        used = f"{factor.used_from or ''}–{factor.used_to or ''}"
        dates += (", " if dates else "") + say("for use in %(years)s") % {"years": used}
    about = [place(factor.region), say(BASES[factor.basis]) if factor.basis in BASES else "", dates]
    told.append("  " + "; ".join(filter(None, about)))
    told.append("  " + say("Source: %(source)s") % {"source": factor.cited})
    told.append("  " + say("Evidence: %(evidence)s.") % {"evidence": say(EVIDENCE[factor.evidence])})
    marks = ", ".join(f"{say(word)} {getattr(part.quality, mark)}" for mark, word in MARKS.items())
    told.append("  " + say("Fit %(score)s (1 best, 5 worst): %(marks)s.") % {"score": part.quality.score, "marks": marks})
    attribution = library.manifest(factor).attribution
    return [*told, f"  {attribution}"] if attribution else told


def _step(step: Step, *, say: Say, place: Named) -> str:
    where = f"{place(step.region)} ({say(LEVELS.get(step.level, step.level))})"
    if step.outcome != "used":
        nothing = say("none")
        return f"{where}: {step.note or nothing}"
    told = say("used, data of %(year)s") % {"year": step.data_year} if step.data_year else say("used")
    if step.places:
        told += ", " + say("%(count)s places further") % {"count": step.places}
    if step.years:
        told += ", " + say("%(count)s years apart") % {"count": step.years}
    notes = [say(NOTES[word]) for word in step.note.split() if word in NOTES]
    return f"{where}: {told}" + (f" ({'; '.join(notes)})" if notes else "")
