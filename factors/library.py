"""Find exactly one factor for an activity, a place and a time, and say by which steps; or say why there is none.

A programme's rule names the bases and the kinds of place; the stated order of packs (supplier, official, secondary) comes first, then the
nearest place, then the year. Rows never read in a document (`unverified`) are taken only on request. With `known` the search sees what was
published by that day and the editions released by it: last year's answer stays reproducible.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path

from factors.activities import Activity, by_id
from factors.errors import FactorNotFound
from factors.factor import EmissionFactor, Measured, Parameter, coefficients, published_day
from factors.ladder import NOT_MAINLAND, Span, best_year, distance, may_be_used, own_places, places, span, with_grid
from factors.pack import RANKS, Manifest, Pack, read_pack, shipped
from factors.programme import programme
from factors.quality import judge
from factors.refusal import none_for, refuse_parameters, refuse_several
from factors.resolution import Part, Query, Region, Rejected, Resolution, Step
from factors.sector import SECTORAL, supplements

DEFAULT_SETS = ("ndrc2013_steel", "ipcc2006", "ipcc2019")
"""The default sets: 22 fuels complete, and the process factors of the same guide, from 2013 on
(发改办气候〔2013〕2526号); where a country has no set of its own, IPCC 2006 and its refinement of 2019."""

NATURES = ("fossil", "life-cycle", "marginal")
"""Bases that may be the nature of an activity: fossil power, a footprint, displaced electricity."""


class FactorLibrary:
    """Packs, and the search in them."""

    def __init__(self, packs: Iterable[Pack]) -> None:
        self.packs = tuple(packs)
        self._manifest = {factor.id: pack.manifest for pack in self.packs for factor in pack.factors}
        self._by_id = {factor.id: factor for pack in self.packs for factor in pack.factors}
        self._span: dict[str, Span] = {id_: span(self._by_id[id_], manifest.rule) for id_, manifest in self._manifest.items()}
        self._fallback = {place: wider for pack in self.packs for place, wider in pack.manifest.fallback.items()}
        self._by_activity: dict[str, list[EmissionFactor]] = {}
        for factor in self._by_id.values():
            for activity in factor.activities:
                self._by_activity.setdefault(activity, []).append(factor)
        self._shelves: dict[tuple[object, ...], dict[tuple[str, str], list[EmissionFactor]]] = {}
        self._superseded: dict[date | None, frozenset[str]] = {}

    def factor(self, factor_id: str) -> EmissionFactor:
        """The factor of that id; FactorNotFound otherwise."""
        if factor_id not in self._by_id:
            raise FactorNotFound(f"no pack holds a factor {factor_id!r}: `tanzhang factors search` lists them", column="factor")
        return self._by_id[factor_id]

    def manifest(self, factor: EmissionFactor) -> Manifest:
        """What the factor's pack says of itself."""
        return self._manifest[factor.id]

    def factors(self) -> Iterator[EmissionFactor]:
        """Every factor of every pack."""
        yield from self._by_id.values()

    def history(self, factor: EmissionFactor) -> list[EmissionFactor]:
        """The same quantity over the years: same activities, region, basis, set and variant, the oldest first."""
        key = (factor.activities, factor.region, factor.basis, factor.set_id, factor.variant, factor.gases)
        alike = [f for f in self._by_id.values() if (f.activities, f.region, f.basis, f.set_id, f.variant, f.gases) == key]
        return sorted((f for f in alike if f.evidence != "unverified"), key=lambda f: (f.year_from or 0, f.id))

    def place_depth(self, activity: str) -> str:
        """How much of a mainland division matters to the factors of an activity: one of `ladder.DEPTHS`."""
        held = {factor.region for factor in self._hung(by_id()[activity])}
        inside = {region for region in held if region.isdigit() or region.startswith("CN-")}
        if not inside:
            return "country"
        return "province" if all(region.endswith("0000") for region in inside if region.isdigit()) else "division"

    def chain(self, regions: Sequence[Region], year: int) -> list[Region]:
        """The places to search, with the regional grid of that year put between province and country."""
        return with_grid(regions, year)

    def resolve(
        self, activity: str, *, regions: Sequence[Region], start: date, end: date, unit: str, basis: str | None = None,
        method: str | None = None, factor: str | None = None, category: str | None = None, measured: Measured | None = None,
        allow_unverified: bool = False, known: date | None = None, programme_name: str = "inventory",
    ) -> Resolution:  # fmt: skip
        """The factors for `activity` from `start` to `end` (inclusive), per one `unit`.

        `regions` is the chain from the smallest place to the country; `factor` an id, a parameter set or a variant; `category` decides the
        sector for CH4 and N2O of combustion; `measured` replaces defaults; `known` is the day as of which packs are read; the programme's
        rule gives the bases unless `basis` does. Raises FactorNotFound, which names the column and says what to do.
        """
        rule = programme(programme_name, end.year)
        act = by_id()[activity]
        bases = (basis,) if basis else rule.bases(method)
        found: list[tuple[EmissionFactor, int, int]] = []
        steps: list[Step] = []
        skipped = 0
        for year in range(start.year, end.year + 1):
            days = (min(end, date(year, 12, 31)) - max(start, date(year, 1, 1))).days + 1
            query = Query(act, own_places(regions), year, bases, rule, factor, allow_unverified, known)
            chosen, walked, skipped = self._find(query)
            if found and found[-1][0].id == chosen.id:
                found[-1] = (chosen, found[-1][1] + days, found[-1][2])
            else:
                found.append((chosen, days, walked[-1].years))
                steps += walked if not steps else [_split_step(walked[-1])]
        return self._resolution(query, unit, found, tuple(steps), skipped, category, measured or {})

    def rejected(self, resolution: Resolution) -> list[Rejected]:
        """Every other factor of the activity and the first reason why it was not taken; in the order of the library."""
        query = resolution.query
        if query is None:  # a formula of a guide searched for nothing
            return []
        used = {part.factor.id for part in resolution.parts} | {parameter.factor for parameter in resolution.parameters}
        ranks = [self._rank(part.factor) for part in resolution.parts]
        here = {region.code: at for at, region in enumerate(places(query.regions, query.year, query.rule, self._fallback))}
        nearest = min((here.get(part.factor.region, len(here)) for part in resolution.parts), default=len(here))
        found = []
        for factor in self._hung(query.activity, companions=True):
            if factor.id in used:
                continue
            reason = self._refusal(factor, query, query.bases[0])
            if reason is None and factor.region not in here:
                reason = "place"
            if reason is None:
                reason = "later-data" if self._span[factor.id][0] > query.year else "older-data"
                reason = "wider-place" if here[factor.region] > nearest else reason
                reason = "outranked" if self._rank(factor) > min(ranks) else reason
            found.append(Rejected(factor=factor.id, reason=reason))
        return found

    def _find(self, query: Query) -> tuple[EmissionFactor, list[Step], int]:
        """The factor of one year, the steps from the first place that has any, and how many places before had none."""
        if query.choice and query.choice in self._by_id:
            return self._by_choice(query, self._by_id[query.choice])
        for basis in query.bases:
            if basis == "average" and query.bases[0] != basis and self._has_residual(query):
                continue
            for rank in range(len(RANKS)):
                walked = self._walk(query, basis, rank)
                if walked:
                    return walked
        refuse_parameters(query.activity, self._hung(query.activity))
        wanted = [b for b in query.bases if b != "average" or b == query.bases[0]] or list(query.bases)
        every = [factor for basis in wanted for factor in self._of_basis(query.activity, basis)]
        codes = {region.code for region in places(query.regions, query.year, query.rule, self._fallback)}
        near = [factor for factor in every if factor.region in codes and not (query.choice and _other_set(factor, query.choice))]
        if query.choice and every and all(_other_set(factor, query.choice) for factor in every):
            sets = ", ".join(sorted({factor.set_id or factor.variant for factor in every} - {""})[:12])
            raise FactorNotFound(f"{query.activity.id} has no factor or set {query.choice!r}: one of {sets or 'none'}", column="factor")
        words = none_for(
            query.activity, query.place, query.year, " or ".join(wanted), every=every, near=near, default=DEFAULT_SETS[0],
            choice=query.choice, apart=sorted({one.basis for one in self._hung(query.activity) if one.region in codes} - {*wanted, ""}),
        )  # fmt: skip
        if query.regions and query.regions[0].code[:2] in NOT_MAINLAND:
            reason = f"{query.place}: the mainland's factors do not hold for Taiwan, Hong Kong and Macao, and of their own there is none"
            raise FactorNotFound(f"{reason}: {words}", column="division")
        raise FactorNotFound(words)

    def _walk(self, query: Query, basis: str, rank: int) -> tuple[EmissionFactor, list[Step], int] | None:
        """The first place with a factor of that basis and rank, nearest first, and the steps there; None where no place has one."""
        shelf = self._shelf(query, basis)
        somewhere = {region for at, region in shelf if at == RANKS[rank]}
        if not somewhere:
            return None
        steps: list[Step] = []
        skipped = 0
        for passed, region in enumerate(places(query.regions, query.year, query.rule, self._fallback)):
            if region.code not in somewhere and region.level not in {"country", "world"} and not steps:
                skipped += region.level != "grid"
                continue
            usable = [factor for factor in shelf.get((RANKS[rank], region.code), ()) if may_be_used(factor, query.year)]
            best = best_year(_of_default_set(usable, query, region), query.year, self._span)
            if best:
                one = refuse_several(best, query.activity)
                steps.append(self._used(one, region, query, passed, basis))
                return one, steps, skipped
            steps.append(Step(region=region.code, level=region.level, outcome="none"))
        return None

    def _used(self, factor: EmissionFactor, region: Region, query: Query, passed: int, basis: str) -> Step:
        last = self._span[factor.id][1]
        notes = ["year-after-last"] if query.year > last else []
        notes += ["no-residual-mix"] if basis == "average" and query.bases[0] != basis else []
        notes += ["unverified"] if factor.evidence == "unverified" else []
        years = distance(factor, query.year, self._manifest[factor.id].rule)
        data_year = factor.year_to or factor.year_from
        return Step(
            region=region.code, level=region.level, outcome="used", data_year=data_year, note=" ".join(notes), places=passed, years=years
        )

    def _by_choice(self, query: Query, chosen: EmissionFactor) -> tuple[EmissionFactor, list[Step], int]:
        """The factor named by its id, if it is one of the activity and its basis may be used there."""
        if chosen not in self._hung(query.activity, companions=True):
            raise FactorNotFound(f"{chosen.id} is no factor of {query.activity.id}", column="factor")
        apart = {
            "life-cycle": "a life-cycle CO2e footprint, which is never added to CO2",
            "marginal": "a margin for project baselines only",
        }
        if chosen.basis in apart and chosen.basis not in query.bases and len(self._bases(query.activity)) > 1:
            reason = f"{chosen.id} is {apart[chosen.basis]}: {query.rule.id} wants {' or '.join(query.bases)}; ask for it with its basis"
            raise FactorNotFound(reason, column="factor", code="factor.basis")
        if query.known and chosen.published_on > query.known:
            reason = f"{chosen.id} was published on {chosen.published}, after {query.known}"
            raise FactorNotFound(reason, column="factor", code="factor.not-known")
        years = distance(chosen, query.year, self._manifest[chosen.id].rule)
        note = "chosen unverified" if chosen.evidence == "unverified" else "chosen"
        return chosen, [Step(region=chosen.region, level="chosen", outcome="used", data_year=chosen.year_from, note=note, years=years)], 0

    def _shelf(self, query: Query, basis: str) -> dict[tuple[str, str], list[EmissionFactor]]:
        """What may be taken for the activity, by rank and place; kept, since lines ask the same again and again."""
        key = (query.activity.id, basis, query.choice, query.allow_unverified, query.known)
        if key not in self._shelves:
            shelf: dict[tuple[str, str], list[EmissionFactor]] = {}
            for factor in self._hung(query.activity):
                if self._refusal(factor, query, basis) is None:
                    shelf.setdefault((self._manifest[factor.id].rank, factor.region), []).append(factor)
            self._shelves[key] = shelf
        return self._shelves[key]

    def _refusal(self, factor: EmissionFactor, query: Query, basis: str) -> str | None:
        """The first thing about the factor alone that keeps it out, or None."""
        if set(factor.gases) <= {"CH4", "N2O"} and factor.set_id == SECTORAL:
            return "companion"
        if not factor.is_ready:
            return "parameters"
        if not self._fits(factor, basis, query.activity):
            return "basis"
        if self._manifest[factor.id].id in self._hidden(query.known):
            return "superseded"
        if query.known and factor.published_on > query.known:
            return "not-yet-published"
        if query.choice and query.choice not in self._by_id and _other_set(factor, query.choice):
            return "set"
        if factor.evidence == "unverified" and not query.allow_unverified:
            return "unverified"
        return None

    def _hidden(self, known: date | None) -> frozenset[str]:
        """The packs in whose place another edition stands, as released by that day."""
        if known not in self._superseded:
            out = [
                p.manifest
                for p in self.packs
                if not known or p.manifest.edition == 1 or (published_day(p.manifest.released) or known) <= known
            ]
            hidden = {manifest.replaces for manifest in out if manifest.replaces}
            newest: dict[tuple[str, str], int] = {}
            for manifest in out:
                key = (manifest.name, manifest.version)
                newest[key] = max(newest.get(key, 0), manifest.edition)
            hidden |= {p.manifest.id for p in self.packs if newest.get((p.manifest.name, p.manifest.version)) != p.manifest.edition}
            self._superseded[known] = frozenset(hidden)
        return self._superseded[known]

    def _hung(self, activity: Activity, *, companions: bool = False) -> list[EmissionFactor]:
        """Factors hung on the activity, and those of the one whose factors it shares wherever it has none of its own."""
        own = self._by_activity.get(activity.id, [])
        kept = own if companions else [factor for factor in own if factor.set_id != SECTORAL]
        shared = self._by_activity.get(activity.same_factor_as, [])
        if not kept or not shared:
            return kept or shared
        held = {factor.region for factor in kept}
        return kept + [factor for factor in shared if factor.region not in held]

    def _bases(self, activity: Activity) -> set[str]:
        return {factor.basis for factor in self._hung(activity)}

    def _fits(self, factor: EmissionFactor, basis: str, activity: Activity) -> bool:
        """Whether a factor is of the basis; what has one basis by its nature, such as `electricity.fossil`, is so for an inventory too."""
        if factor.basis in {basis, ""}:
            return True
        return basis == "average" and factor.basis in NATURES and self._bases(activity) == {factor.basis}

    def _of_basis(self, activity: Activity, basis: str) -> list[EmissionFactor]:
        return [factor for factor in self._hung(activity) if self._fits(factor, basis, activity)]

    def _has_residual(self, query: Query) -> bool:
        codes = {region.code for region in query.regions}
        return any(factor.basis == "residual" and factor.region in codes for factor in self._hung(query.activity))

    def _rank(self, factor: EmissionFactor) -> int:
        return RANKS.index(self._manifest[factor.id].rank)

    def _resolution(
        self, query: Query, unit: str, found: list[tuple[EmissionFactor, int, int]], steps: tuple[Step, ...], skipped: int,
        category: str | None, measured: Measured,
    ) -> Resolution:  # fmt: skip
        activity = query.activity
        total: dict[str, Fraction] = {}
        used: dict[Parameter, None] = {}
        whole = sum(days for _, days, _ in found)
        extra, notes = supplements(self._by_activity.get(activity.id, []), activity, category, allow_unverified=query.allow_unverified)
        for factor, days, _ in found:
            fuel = any(parameter.name == "ncv" for parameter in factor.parameters)
            per_unit, parameters = coefficients(factor.parameters + (extra if fuel else ()), unit=unit, measured=measured)
            for gas, amount in per_unit.items():
                total[gas] = total.get(gas, Fraction(0)) + amount * Fraction(days, whole)
            used |= dict.fromkeys(parameters)
        named, wanted = _named(activity, total)
        covered = {gas.split(".")[0] for gas in named}
        lacking = () if "CO2e" in covered else tuple(sorted(gas for gas in wanted if gas not in covered and gas != "CO2e"))
        more = tuple(Step(region="WORLD", level="sector", outcome="none", note=note) for note in notes if lacking)
        level = next((step.level for step in steps if step.outcome == "used"), "world")
        asked = query.regions[0].level if query.regions else "country"
        parts = tuple(
            Part(factor, days, Fraction(days, whole), judge(
                evidence=factor.evidence, asked=asked, found=asked if level == "chosen" else level, years=years,
                borrowed=activity.id not in factor.activities, variant=bool(factor.variant), lacking=len(lacking), gases=len(wanted),
            ))
            for factor, days, years in found
        )  # fmt: skip
        return Resolution(activity.id, unit, parts, steps + more, skipped, named, tuple(used), lacking, query)


def _named(activity: Activity, total: dict[str, Fraction]) -> tuple[dict[str, Fraction], set[str]]:
    """The masses under the names of the books (CH4 by origin, biogenic CO2 apart), and the gases that the activity may emit.

    What land takes up or gives off is CO2: there the stock change itself is counted (IPCC 2006, Vol. 4), which is why the CO2 of burnt
    biomass is not.
    """
    wanted = {"CO2", "CH4", "N2O"} if activity.id.startswith(("electricity.", "heat.")) else set(activity.gases)
    origin = "biogenic" if activity.biogenic else "fossil"
    named = {f"CH4.{origin}" if gas == "CH4" and activity.id.startswith("combustion.") else gas: value for gas, value in total.items()}
    if activity.biogenic and not activity.id.startswith("land.") and "CO2" in named:
        named["CO2.biogenic"] = named.pop("CO2")
    return named, wanted


def _other_set(factor: EmissionFactor, choice: str) -> bool:
    return choice not in {factor.set_id, factor.variant}


def _of_default_set(here: list[EmissionFactor], query: Query, region: Region) -> list[EmissionFactor]:
    """Of the factors of a place those of a default set, or else those of no set; where only other sets have one, nobody chooses."""
    if query.choice or not here:
        return here
    for name in DEFAULT_SETS:
        default = [factor for factor in here if factor.set_id == name]
        if default:
            return default
    free = [factor for factor in here if factor.set_id in {"", "other"}]
    if free:
        return free
    sets = ", ".join(sorted({factor.set_id for factor in here}))
    reason = f"the default set {DEFAULT_SETS[0]} has none for {query.activity.id} in {region.code}, {query.year}"
    raise FactorNotFound(f"{reason}; write one of {sets} into the column `factor`", column="factor")


def _split_step(step: Step) -> Step:
    note = (step.note + " " if step.note else "") + "period-split-by-days"
    return Step(
        region=step.region,
        level=step.level,
        outcome=step.outcome,
        data_year=step.data_year,
        note=note,
        places=step.places,
        years=step.years,
    )


def load_library(home: Path | None = None) -> FactorLibrary:
    """The shipped packs, and those that `tanzhang factors add` stored under `home`; read anew only where these changed."""
    own = sorted(home.joinpath("packs").glob("[!.]*/*/pack.toml")) if home else []
    return _loaded(tuple((file.parent, file.stat().st_mtime_ns) for file in own))


@cache
def _loaded(own: tuple[tuple[Path, int], ...]) -> FactorLibrary:
    return FactorLibrary(read_pack(folder) for folder in (*shipped(), *(folder for folder, _ in own)))
