"""All that is wrong or odd in a filing's lines, and the lines that are right: what a preview is made of while others are mended."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from carbon.activity import ActivityFrame, parse_activities
from carbon.activity_places import Sites
from carbon.bookkeeping import place_lines
from carbon.enterprise.certificates import Registry
from carbon.enterprise.intake.certified import certified, uses
from carbon.enterprise.intake.checks import LAST_YEAR, Known, check
from carbon.enterprise.intake.problem import Problem, Weight, in_order, must
from carbon.enterprise.inventory.lines import span
from carbon.enterprise.market import Contract
from carbon.errors import Fault, FaultyFile
from carbon.estimate import estimate
from carbon.filed import overlapping_book, twice_in_file
from carbon.holder import Site, find_holder, places, sites
from carbon.reach import seen_lines
from carbon.region.divisions import DivisionTree, chain_of
from carbon.tables import ActivityLineRow, SiteRow
from factors.library import FactorLibrary
from ledger.principal import Principal
from ledger.tables import ReversalRow
from ledger.types import table_of


@dataclass(frozen=True, slots=True)
class Review:
    """The lines without a problem that stops (None where there is none), every problem, by row, and the contracts that
    count: none whose certificates do not prove what it says."""

    lines: ActivityFrame | None
    problems: tuple[Problem, ...]
    contracts: tuple[Contract, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether nothing stops a submission."""
        return not any(one.weight == "must" for one in self.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What stands around a filing's lines: the holder's industry and sites, the year, what the book knows, which lines it holds already,
    the contracts of the holder's energy, and what is known of certificates (`carbon.enterprise.certificates.look_up`)."""

    industry: str | None
    sites: Sequence[Site]
    year: int
    known: Known
    overlaps: "Overlaps"
    contracts: Sequence[Contract] = ()
    registry: Registry = field(default_factory=Registry)
    start_month: int = 1


class Overlaps:
    """Which lines the book holds already; asked with the lines, since the book is large."""

    def __init__(self, session: Session, sites_: Sequence[Site], *, but: str | None) -> None:
        self._session, self._sites, self._but = session, sites_, but

    def __call__(self, lines: ActivityFrame) -> list[Fault]:
        return overlapping_book(self._session, lines, self._sites, but=self._but)


def review(data: bytes, *, file: str, around: Around, today: date, tree: DivisionTree, library: FactorLibrary) -> Review:
    """Judge the canonical text of a filing. Raises FaultyFile where it has no line at all."""
    faults, right = _parse(data, file, around.sites, today, tree)
    if right is None:
        return Review(None, in_order(must(faults)))
    faults += _of_year(right, around.year, around.start_month) + twice_in_file(right) + around.overlaps(right)
    right, refused = _estimable(right, around.industry, library)
    faults += refused
    if right is None:
        return Review(None, in_order(must(faults)))
    asked = check(right, around.known)
    proofs = certified(right.file, uses(right, around.contracts), around.registry)
    unproved = [use for use, one in proofs if one.weight is Weight.MUST]
    wrong = {fault.row for fault in faults} | {one.row for one in asked if one.weight is Weight.MUST}
    right = _without(right, wrong | {use.row for use in unproved if not use.contract})
    counting = tuple(one for one in around.contracts if one.id not in {use.contract for use in unproved})
    return Review(right if right.frame.height else None, in_order([*must(faults), *asked, *(one for _, one in proofs)]), counting)


def _parse(
    data: bytes, file: str, known_sites: Sequence[Site], today: date, tree: DivisionTree
) -> tuple[list[Fault], ActivityFrame | None]:
    """The faults of the text, and its lines that have none."""
    right: list[ActivityFrame] = []
    where: Sites = places(list(known_sites))
    try:
        lines = parse_activities(data, file=_as_csv(file), tree=tree, today=today, sites=where, further=right.append)
    except FaultyFile as error:
        return [_own(fault, file) for fault in error.faults], replace(right[0], file=file) if right else None
    return [], replace(lines, file=file)


def _as_csv(file: str) -> str:
    """The name under which the canonical text is parsed: it is CSV, whatever the firm sent."""
    return file.rpartition(".")[0] + ".csv" if "." in file else file + ".csv"


def _own(fault: Fault, file: str) -> Fault:
    """The fault as one of the firm's own file."""
    return Fault(file=file, row=fault.row, column=fault.column, value=fault.value, code=fault.code, reason=fault.reason)


def _of_year(lines: ActivityFrame, year: int, start_month: int) -> list[Fault]:
    since, until = span(year, start_month)
    outside = lines.frame.filter((pl.col("start") < since) | (pl.col("end") > until))
    of = f"{year}" if start_month == 1 else f"{year}, {since} to {until}"
    return [
        Fault(
            file=lines.file, row=row, column="day", value=f"{start}/{end}", code="day.not-of-year",
            reason=f"the filing is of {of}: file this line with its own year, or divide it at the year's end",
        )
        for row, start, end in outside.select("line", "start", "end").iter_rows()
    ]  # fmt: skip


def _without(lines: ActivityFrame, rows: set[int | None]) -> ActivityFrame:
    return replace(lines, frame=lines.frame.filter(~pl.col("line").is_in([row for row in rows if row is not None])))


def _estimable(lines: ActivityFrame, industry: str | None, library: FactorLibrary) -> tuple[ActivityFrame | None, list[Fault]]:
    """The lines that have a place in the books and a factor, and the faults of the others."""
    faults: list[Fault] = []
    try:
        placed = place_lines(lines, industry=industry)
    except FaultyFile as error:
        faults += error.faults
        lines = _without(lines, {fault.row for fault in error.faults})
        if not lines.frame.height:
            return None, faults
        placed = place_lines(lines, industry=industry)
    refused = estimate(placed.lines, library, chain=chain_of, quarantine=True).quarantine
    faults += [Fault(file=lines.file, **row) for row in refused.rename({"line": "row"}).iter_rows(named=True)]
    return _without(lines, {fault.row for fault in faults}), faults


def around(
    session: Session, principal: Principal, *, holder: str, year: int, library: FactorLibrary, but: str | None = None,
    contracts: Sequence[Contract] = (), registry: Registry | None = None, start_month: int = 1,
) -> Around:  # fmt: skip
    """What stands around a filing of the holder in the book; `but` is the import whose place it takes. Raises HolderNotFound."""
    found = find_holder(session, principal, holder)
    standing = sites(session, principal, holder=holder)
    known = Known(
        last_year=_last_year(session, principal, holder, span(year - 1, start_month)),
        sites={site.code: (site.divisions[0][0], None) for site in standing},
        last_years=_last_years(library),
    )
    return Around(
        industry=found.industry, sites=standing, year=year, known=known, overlaps=Overlaps(session, standing, but=but),
        contracts=contracts, registry=registry or Registry(), start_month=start_month,
    )  # fmt: skip


def _last_years(library: FactorLibrary) -> dict[str, int]:
    """The last year of each supplier's factor that states one."""
    return {
        factor.id: factor.used_to or factor.year_to or 9999
        for factor in library.factors()
        if library.manifest(factor).rank == "supplier" and (factor.used_to or factor.year_to)
    }


def _last_year(session: Session, principal: Principal, holder: str, days: tuple[date, date]) -> pl.DataFrame:
    """The standing lines of the year before, whose first and last day are given."""
    a, s, r = (table_of(row).c for row in (ActivityLineRow, SiteRow, ReversalRow))
    query = (
        sa.select(s.code, a.source, a.activity, a.month, a.quantity, a.unit)
        .select_from(
            table_of(ActivityLineRow)
            .join(table_of(SiteRow), s.id == a.site_id)
            .outerjoin(table_of(ReversalRow), r.entry_id == a.entry_id)
        )
        .where(a.holder_id == holder, a.end.between(*days), r.entry_id.is_(None))
    )  # fmt: skip
    rows = session.execute(seen_lines(query, principal)).all()
    frame = pl.DataFrame([tuple(row) for row in rows], schema=LAST_YEAR, orient="row")
    return frame.with_columns(month=pl.col("month") % 100)
