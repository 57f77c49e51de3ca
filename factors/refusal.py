"""Why a factor was not taken, or why none was: in words that say what to do."""

from collections.abc import Sequence

from factors.activities import Activity
from factors.errors import FactorNotFound
from factors.factor import EmissionFactor


def refuse_several(best: Sequence[EmissionFactor], activity: Activity) -> EmissionFactor:
    """The one factor; of several the one without a variant; FactorNotFound that names them where nothing says which."""
    plain = [factor for factor in best if not factor.variant] if len(best) > 1 else best
    if len(plain) == 1:
        return plain[0]
    options = ", ".join(f"{factor.variant if not plain and factor.variant else factor.id}" for factor in (plain or best)[:10])
    more = " …" if len(plain or best) > 10 else ""
    reason = f"{activity.id} has {len(best)} factors and none is the default: write one into the column `factor`: {options}{more}"
    raise FactorNotFound(reason, column="factor", code="factor.several")


def refuse_parameters(activity: Activity, hung: Sequence[EmissionFactor]) -> None:
    """FactorNotFound where the packs hold parameters of a method for the activity, and no factor at all."""
    if not hung or any(factor.is_ready for factor in hung):
        return
    told = [f"{p.name} {p.value} {p.unit}{f' ({factor.variant})' if factor.variant else ''}" for factor in hung for p in factor.parameters]
    shown = ", ".join(told[:6]) + (" …" if len(told) > 6 else "")
    reason = f"the packs hold parameters of a method for {activity.id} and no ready factor ({shown}): "
    raise FactorNotFound(f"{reason}work its factor out by the method, or name one", column="factor", code="factor.parameters")


def none_for(
    activity: Activity, place: str, year: int, wanted: str, *, every: Sequence[EmissionFactor], near: Sequence[EmissionFactor],
    default: str, choice: str | None, apart: Sequence[str] = (),
) -> str:  # fmt: skip
    """Why nothing answers: `every` is the activity's factors of the basis, `near` those of the places searched (with unverified ones).

    `apart` names the bases that the place does have, and that the programme's rule does not take by itself.
    """
    sought = f"{activity.id} in {place}, {year}"
    if not every:
        return f"no pack holds a factor for {sought} ({wanted}): name one in the column `factor`, or add a pack"
    if not near:
        held = sorted({factor.region for factor in every})
        shown = ", ".join(held[:6]) + (" …" if len(held) > 6 else "")
        others = f" ({place} has {' and '.join(apart)} ones: ask for that basis)" if apart else ""
        return f"no pack holds a factor for {sought}{others}; there are some for {shown}: name one in the column `factor`, or add a pack"
    usable = [factor for factor in near if factor.evidence != "unverified"]
    sets = sorted({factor.set_id for factor in near} - {"", default})
    if sets and not choice and not any(factor.set_id in {"", default} for factor in usable):
        return f"the default set {default} has none for {sought}; write one of {', '.join(sets)} into the column `factor`"
    if not usable:
        return f"the only factors for {sought} were never read in a document (unverified): allow them by name in the column `factor`"
    first = min(factor.year_from or 0 for factor in usable)
    doubtful = {f.year_from: f.id for f in reversed(near) if f.evidence == "unverified" and f.year_from and f.year_from <= year}
    named = ", ".join(f"{year_from} ({doubtful[year_from]})" for year_from in sorted(doubtful))
    hint = f"; unverified ones exist for {named}: write such an id into the column `factor` to use it" if doubtful else ""
    chosen = f" in {choice}" if choice else ""
    last = max((factor.used_to or factor.year_to or 9999) for factor in usable)
    if last < year:
        return (
            f"no factor{chosen} for {sought}: their publisher lets the last be used for {last} at most{hint}; name one, or add a newer pack"
        )
    return f"no factor{chosen} for {sought}: the first that was read in a document is of {first}{hint}"
