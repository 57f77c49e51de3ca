"""Find exactly one factor for an activity, a place and a time, and say by which steps; or say why there is none.

The search goes county → city → province → regional grid → country. At the first place that has any factor of the wanted basis it takes the
year of the activity, or the latest earlier year and says so. Rows never read in a document (`unverified`) are taken only on request.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from importlib.resources import files

import msgspec

from factors.activities import Activity, by_id
from factors.errors import FactorNotFound
from factors.factor import EmissionFactor, Measured, Parameter, coefficients
from factors.pack import Pack, read_pack, shipped
from factors.sector import supplements

DEFAULT_SET = "ndrc2013_steel"
"""The one default set: 22 fuels complete, and the process factors of the same guide, from 2013 on (发改办气候〔2013〕2526号)."""

LOCATION, RESIDUAL = "location-average", "residual-like"
MAINLAND = "CN"
NOT_MAINLAND = ("71", "81", "82")


class Region(msgspec.Struct, frozen=True):
    """A place in the search: its code, and what kind of place it is (county, city, province, grid, country)."""

    code: str
    level: str


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of the search: ``none`` or ``used``, with the year of the data and a note such as ``year-after-last``."""

    region: str
    level: str
    outcome: str
    data_year: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A factor and the share of the activity's days that it answers for."""

    factor: EmissionFactor
    days: int
    share: Fraction


@dataclass(frozen=True, slots=True)
class Resolution:
    """What an activity meets: factors by share of days, the search, the coefficients per unit, and what stays unestimated.

    `skipped` counts the places of the chain passed without any factor for this activity; their codes depend on the line, so whoever prints
    the steps puts them before `steps`.
    """

    activity: str
    unit: str
    parts: tuple[Part, ...]
    steps: tuple[Step, ...]
    skipped: int
    coefficients: dict[str, Fraction]
    parameters: tuple[Parameter, ...]
    not_estimated: tuple[str, ...]

    @property
    def factor_ids(self) -> str:
        return " + ".join(part.factor.id for part in self.parts)

    @property
    def cited(self) -> str:
        return "; ".join(dict.fromkeys(part.factor.cited for part in self.parts))


class FactorLibrary:
    """Packs, and the search in them."""

    def __init__(self, packs: Iterable[Pack]) -> None:
        self.packs = tuple(packs)
        self._by_id = {factor.id: factor for pack in self.packs for factor in pack.factors}
        self._by_activity: dict[str, list[EmissionFactor]] = {}
        for factor in self._by_id.values():
            for activity in factor.activities:
                self._by_activity.setdefault(activity, []).append(factor)
        self._grids = _grid_members()

    def factor(self, factor_id: str) -> EmissionFactor:
        """The factor of that id; FactorNotFound otherwise."""
        if factor_id not in self._by_id:
            raise FactorNotFound(f"no pack holds a factor {factor_id!r}: `tanzhang factors search` lists them", column="factor")
        return self._by_id[factor_id]

    def factors(self) -> Iterator[EmissionFactor]:
        """Every factor of every pack."""
        yield from self._by_id.values()

    def search(self, text: str) -> list[EmissionFactor]:
        """Factors whose names, ids, activities, region or source hold each word of `text`, newest data first."""
        words = text.lower().split()
        found = [factor for factor in self._by_id.values() if all(word in _haystack(factor) for word in words)]
        return sorted(found, key=lambda factor: (factor.evidence == "unverified", -(factor.year_from or 0), factor.id))

    def history(self, factor: EmissionFactor) -> list[EmissionFactor]:
        """The same quantity over the years: same activities, region, basis, set and variant, the oldest first."""
        key = (factor.activities, factor.region, factor.basis, factor.set_id, factor.variant, factor.gases)
        alike = [f for f in self._by_id.values() if (f.activities, f.region, f.basis, f.set_id, f.variant, f.gases) == key]
        return sorted((f for f in alike if f.evidence != "unverified"), key=lambda f: (f.year_from or 0, f.id))

    def regions_with_factors(self, activity: str, basis: str) -> frozenset[str]:
        """Where any factor for this activity and basis exists: what else a line's division is cannot matter."""
        return frozenset(factor.region for factor in self._candidates(by_id()[activity], basis))

    def chain(self, regions: Sequence[Region], year: int) -> list[Region]:
        """The places to search, with the regional grid of that year put between province and country."""
        chain = list(regions)
        province = next((region.code for region in regions if region.level == "province"), None)
        for code, grid, first, last in self._grids:
            if code == province and first <= year <= last:
                chain.insert(len(chain) - 1, Region(grid, "grid"))
        return chain

    def resolve(
        self, activity: str, *, regions: Sequence[Region], start: date, end: date, unit: str, basis: str | None = None,
        method: str | None = None, factor: str | None = None, category: str | None = None, measured: Measured | None = None,
        allow_unverified: bool = False,
    ) -> Resolution:  # fmt: skip
        """The factors for `activity` from `start` to `end` (inclusive), per one `unit`.

        `regions` is the chain from the smallest place to the country; `factor` an id or a parameter set; `category` decides the sector for
        CH4 and N2O of combustion; `measured` replaces defaults. Raises FactorNotFound, which names the column and says what to do.
        """
        act = by_id()[activity]
        wanted = basis or (RESIDUAL if method == "market" else LOCATION)
        parts: list[Part] = []
        steps: list[Step] = []
        skipped = 0
        total = (end - start).days + 1
        for year in range(start.year, end.year + 1):
            days = (min(end, date(year, 12, 31)) - max(start, date(year, 1, 1))).days + 1
            found, walked, skipped = self._find(act, regions, year, wanted, factor, allow_unverified)
            if parts and parts[-1].factor.id == found.id:
                parts[-1] = Part(found, parts[-1].days + days, Fraction(parts[-1].days + days, total))
            else:
                parts.append(Part(found, days, Fraction(days, total)))
                steps += walked if not steps else [_split_step(walked[-1])]
        return _resolution(self, act, unit, parts, tuple(steps), skipped, category, measured or {}, allow_unverified)

    def _find(
        self, activity: Activity, regions: Sequence[Region], year: int, basis: str, choice: str | None, allow_unverified: bool
    ) -> tuple[EmissionFactor, list[Step], int]:
        """The factor of one year, the steps from the first place that has any, and how many places before had none."""
        every = self._candidates(activity, basis)
        if choice and choice in self._by_id:
            chosen = self._by_id[choice]
            if chosen not in self._candidates(activity, ""):
                raise FactorNotFound(f"{choice} is no factor of {activity.id}", column="factor")
            return (
                chosen,
                [Step(region=chosen.region, level="chosen", outcome="used", data_year=chosen.year_from, note=_doubt(chosen, "chosen"))],
                0,
            )
        candidates = _of_set(every, choice, activity)
        usable = [factor for factor in candidates if allow_unverified or factor.evidence != "unverified"]
        steps: list[Step] = []
        skipped = 0
        if regions and regions[0].code[:2] in NOT_MAINLAND:
            raise FactorNotFound(
                f"{regions[0].code}: the mainland's factors do not hold for Taiwan, Hong Kong and Macao, and no pack here has their own: "
                "name a factor in the column `factor`",
                column="division",
            )
        somewhere = {factor.region for factor in every}
        places = self.chain(regions, year)
        for region in places:
            if region.code not in somewhere and region.level != "country" and not steps:
                skipped += region.level != "grid"
                continue
            here = [factor for factor in usable if factor.region in {region.code, "WORLD" if region.level == "country" else region.code}]
            best = _best_year(here, year)
            if best:
                note = _doubt(best[0], "" if _covers(best[0], year) else "year-after-last")
                _refuse_several(best, activity)
                steps.append(
                    Step(region=region.code, level=region.level, outcome="used", data_year=best[0].year_to or best[0].year_from, note=note)
                )
                return best[0], steps, skipped
            steps.append(Step(region=region.code, level=region.level, outcome="none"))
        codes = dict.fromkeys([*(region.code for region in places), "WORLD"])
        near = [[factor for code in codes for factor in some if factor.region == code] for some in (candidates, usable)]
        raise FactorNotFound(_why_not(activity, regions, year, basis, every, near[0], near[1], choice))

    def _candidates(self, activity: Activity, basis: str) -> list[EmissionFactor]:
        """Factors hung on the activity (or on the one whose factors it shares) whose basis fits; those without a basis always do."""
        found = self._by_activity.get(activity.id, []) or self._by_activity.get(activity.same_factor_as, [])
        found = [factor for factor in found if factor.set_id != "ipcc2006"]
        if not basis:
            return found
        bases = {factor.basis for factor in found}
        if basis not in bases and "" not in bases and len(bases) == 1:
            return found  # such as electricity.fossil, whose one basis is its nature
        return [factor for factor in found if factor.basis in {basis, ""}]


def _haystack(factor: EmissionFactor) -> str:
    fields = (
        factor.id,
        factor.name_zh,
        factor.name_en,
        *factor.activities,
        factor.region,
        factor.source,
        factor.set_id,
        str(factor.year_from),
    )
    return " ".join(fields).lower()


def _grid_members() -> list[tuple[str, str, int, int]]:
    text = files("factors").joinpath("data", "grids.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return [(row["province"], row["grid"], int(row["year_from"] or 0), int(row["year_to"] or 9999)) for row in rows]


def _doubt(factor: EmissionFactor, note: str) -> str:
    """The note of a step, and that the factor was never read in a document where that is so."""
    return f"{note} unverified".strip() if factor.evidence == "unverified" else note


def _covers(factor: EmissionFactor, year: int) -> bool:
    return (factor.year_from or 0) <= year <= (factor.year_to or 9999)


def _best_year(factors: list[EmissionFactor], year: int) -> list[EmissionFactor]:
    """Those that cover the year, else those of the latest year before it."""
    covering = [factor for factor in factors if _covers(factor, year)]
    if covering:
        newest = max(factor.year_from or 0 for factor in covering)
        return [factor for factor in covering if (factor.year_from or 0) == newest]
    earlier = [factor for factor in factors if (factor.year_to or 9999) < year]
    if not earlier:
        return []
    latest = max(factor.year_to or 0 for factor in earlier)
    return [factor for factor in earlier if factor.year_to == latest]


def _of_set(candidates: list[EmissionFactor], choice: str | None, activity: Activity) -> list[EmissionFactor]:
    """The candidates of the chosen set; without a choice of the default set, or else those that belong to no set."""
    if choice:
        chosen = [factor for factor in candidates if choice in {factor.set_id, factor.variant}]
        if not chosen:
            sets = sorted({factor.set_id or factor.variant for factor in candidates} - {""})
            raise FactorNotFound(f"{activity.id} has no factor or set {choice!r}: one of {', '.join(sets) or 'none'}", column="factor")
        return chosen
    default = [factor for factor in candidates if factor.set_id == DEFAULT_SET]
    return default or [factor for factor in candidates if factor.set_id in {"", "other"}]


def _refuse_several(best: list[EmissionFactor], activity: Activity) -> None:
    if len(best) > 1:
        options = ", ".join(f"{factor.variant or factor.id}" for factor in best[:10])
        raise FactorNotFound(
            f"{activity.id} has {len(best)} factors and none is the default: write one into the column `factor`: {options}", column="factor"
        )


def _why_not(
    activity: Activity, regions: Sequence[Region], year: int, basis: str, every: list[EmissionFactor], candidates: list[EmissionFactor],
    usable: list[EmissionFactor], choice: str | None,
) -> str:  # fmt: skip
    place = regions[0].code if regions else "an unnamed place"
    sought = f"{activity.id} in {place}, {year}"
    if not every:
        return f"no pack holds a factor for {sought} ({basis}): name one in the column `factor`, or add a pack"
    if not candidates and not any(factor.set_id for factor in every):
        held = sorted({factor.region for factor in every})
        shown = ", ".join(held[:6]) + (" …" if len(held) > 6 else "")
        return f"no pack holds a factor for {sought}; there are some for {shown}: name one in the column `factor`, or add a pack"
    if not candidates:
        sets = sorted({factor.set_id for factor in every} - {""})
        return f"the default set {DEFAULT_SET} has none for {sought}; write one of {', '.join(sets)} into the column `factor`"
    if not usable:
        return f"the only factors for {sought} were never read in a document (unverified): allow them by name in the column `factor`"
    first = min(factor.year_from or 0 for factor in usable)
    doubtful = {f.year_from: f.id for f in reversed(candidates) if f.evidence == "unverified" and f.year_from and f.year_from <= year}
    named = ", ".join(f"{year_from} ({doubtful[year_from]})" for year_from in sorted(doubtful))
    hint = f"; unverified ones exist for {named}: write such an id into the column `factor` to use it" if doubtful else ""
    chosen = f" in {choice}" if choice else ""
    return f"no factor{chosen} for {sought}: the first that was read in a document is of {first}{hint}"


def _split_step(step: Step) -> Step:
    return msgspec.structs.replace(step, note=(step.note + " " if step.note else "") + "period-split-by-days")


def _resolution(
    library: FactorLibrary, activity: Activity, unit: str, parts: list[Part], steps: tuple[Step, ...], skipped: int,
    category: str | None, measured: Measured, allow_unverified: bool,
) -> Resolution:  # fmt: skip
    total: dict[str, Fraction] = {}
    used: dict[Parameter, None] = {}
    extra, notes = supplements(library._by_activity.get(activity.id, []), activity, category, allow_unverified=allow_unverified)
    for part in parts:
        fuel = any(parameter.name == "ncv" for parameter in part.factor.parameters)
        per_unit, parameters = coefficients(part.factor.parameters + (extra if fuel else ()), unit=unit, measured=measured)
        for gas, amount in per_unit.items():
            total[gas] = total.get(gas, Fraction(0)) + amount * part.share
        used |= dict.fromkeys(parameters)
    wanted = {"CO2", "CH4", "N2O"} if activity.id.startswith(("electricity.", "heat.")) else set(activity.gases)
    origin = "biogenic" if activity.biogenic else "fossil"
    named = {f"CH4.{origin}" if gas == "CH4" and activity.id.startswith("combustion.") else gas: value for gas, value in total.items()}
    if activity.biogenic and "CO2" in named:
        named["CO2.biogenic"] = named.pop("CO2")
    covered = {gas.split(".")[0] for gas in named}
    lacking = tuple(sorted(gas for gas in wanted if gas not in covered and gas != "CO2e"))
    more = tuple(Step(region="WORLD", level="sector", outcome="none", note=note) for note in notes if lacking)
    return Resolution(activity.id, unit, tuple(parts), steps + more, skipped, named, tuple(used), lacking)


@cache
def load_library() -> FactorLibrary:
    """The shipped packs."""
    return FactorLibrary(read_pack(folder) for folder in shipped())
