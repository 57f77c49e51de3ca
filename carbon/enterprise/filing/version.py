"""A version of a filing, read and calculated: what is submitted, weighed against a finding, and booked rests on this one reading of it."""

import hashlib
import json
from dataclasses import dataclass
from dataclasses import replace as replaced
from datetime import date

import msgspec
import polars as pl

from carbon.activity import ACTIVITY_SCHEMA, ActivityFrame, parse_activities
from carbon.counterparty import sellers
from carbon.enterprise.calculate import Calculated, calculate, declared_g
from carbon.enterprise.errors import BadFinding, FilingChanged
from carbon.enterprise.filing.filing import Filing, content, filing
from carbon.enterprise.filing.finding import Verified
from carbon.enterprise.filing.restate import outcome
from carbon.enterprise.market import contracts
from carbon.errors import Fault, FaultyFile
from carbon.holder import Site, find_holder, places, sites
from carbon.region.divisions import DivisionTree, chain_of
from factors.errors import NotANumber
from factors.gwp import GwpSet
from factors.item import VARIABLE
from factors.library import FactorLibrary
from factors.units import number
from ledger.book import Book
from ledger.principal import Principal

NUMBERS = ("quantity", "ncv", "carbon_content", "oxidation", "density", "biogenic_share", "uncertainty_pct")


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What a version declares: scope 1 + 2 by location in g CO2e, by a GWP set. Made by `declare`, so that it was calculated; `outcome` is
    all that it comes to (`restate.outcome`)."""

    version: int
    sha256: str
    total_g: int
    gwp: str
    lines: int
    outcome: str


@dataclass(frozen=True, slots=True)
class Version:
    """A version, its lines and what they emit; `sites` are the holder's as it was read."""

    filing: Filing
    number: int
    sha256: str
    industry: str | None
    sites: list[Site]
    lines: ActivityFrame
    calculated: Calculated


def read_version(
    book: Book, principal: Principal, id: str, *, library: FactorLibrary, tree: DivisionTree, today: date,  # noqa: A002
    version: int | None = None,
) -> Version:  # fmt: skip
    """Read and calculate a version of a filing, or the one that stands; every line lies in the filing's year.

    The contracts of energy are those that the verifiers signed for, before that all that the holder has.
    Raises FilingNotFound, FaultyFile with every fault, and FilingChanged where the bytes are not those of the hash that was kept.
    """
    with book.reading(principal) as session:
        found = filing(session, principal, id)
        name, data = content(session, principal, id, version)
        holder = find_holder(session, principal, found.holder)
        standing = sites(session, principal, holder=found.holder)
        held = [one for one in contracts(session, principal, holder=found.holder) if found.stand.counts_contract(one.id)]
    chosen = found.version if version is None else version
    sha256 = hashlib.sha256(data).hexdigest()
    if chosen == found.stand.version and sha256 != found.stand.sha256:
        raise FilingChanged(id)
    lines = parse_activities(
        data, file=name, tree=tree, today=today, sites=places(standing),
        further=lambda right: calculate(right, industry=holder.industry, library=library, chain=chain_of, contracts=held),
    )  # fmt: skip
    _check_year(lines, found)
    bought_of = sellers(book, lines, buyer=found.holder)
    calculated = calculate(lines, industry=holder.industry, library=library, chain=chain_of, contracts=held, sellers=bought_of)
    return Version(found, chosen, sha256, holder.industry, standing, lines, calculated)


def _check_year(lines: ActivityFrame, found: Filing) -> None:
    """A line belongs to the reporting year of its last day, which is that of its entry."""
    since, until = found.stand.period
    other = lines.frame.filter(~pl.col("end").is_between(since, until)).select("line", "end")
    reason = f"this is a filing of {found.year}" + ("" if found.start_month == 1 else f", {since} to {until}")
    if other.height:
        raise FaultyFile([
            Fault(file=lines.file, row=line, column="day", value=end.isoformat(), code="filing.year", reason=reason)
            for line, end in other.iter_rows()
        ])  # fmt: skip


def declare(read: Version, prices: GwpSet) -> Declared:
    """What the version declares, for `submit`."""
    made = read.calculated.lines(holder=read.filing.holder)
    return Declared(
        version=read.number, sha256=read.sha256, total_g=declared_g(made, prices), gwp=prices.name, lines=read.lines.frame.height,
        outcome=outcome(made),
    )  # fmt: skip


def weigh(
    read: Version, *, line: int, field: str, value: str, library: FactorLibrary, prices: GwpSet, conservative: bool = False
) -> Verified:
    """What another value of a field would make of a line: the declared value and the other, and what each emits in g CO2e of the total that
    is declared. `field` is a column of the file, or a variable of its formula (``v_CaO``), whose value is in the unit of its guide.

    Raises BadFinding where there is no such line or field or the value is no number, FaultyFile where the line then finds no factor.
    """
    row = read.lines.frame.filter(pl.col("line") == line)
    if not row.height:
        raise BadFinding(line=line, field=field, reason=f"version {read.number} has no such line")
    stands, changed = with_value(row, field, value)
    before, after = (_grams(read, frame, library, prices) for frame in (row, changed))
    return Verified(
        version=read.number, line=line, field=field, declared=stands, value=value, declared_g=before, verified_g=after,
        conservative=conservative,
    )  # fmt: skip


def with_value(row: pl.DataFrame, field: str, value: str) -> tuple[str | None, pl.DataFrame]:
    """The one row of ACTIVITY_SCHEMA with another value in a field, and what stood there. Raises BadFinding."""
    said = row.row(0, named=True)
    if field.startswith(VARIABLE):
        variables = json.loads(said["variables"] or "{}")
        name = field.removeprefix(VARIABLE)
        if name not in variables:
            raise BadFinding(
                line=said["line"], field=field, reason=f"the line has no such variable; it has {', '.join(variables) or 'none'}"
            )
        _check_number(said["line"], field, value)
        before, variables[name] = variables[name], value
        return before, row.with_columns(variables=pl.lit(json.dumps(variables, ensure_ascii=False, sort_keys=True)))
    if field not in ACTIVITY_SCHEMA.names() or field in {"line", "start", "end", "extra", "variables"}:
        raise BadFinding(line=said["line"], field=field, reason="name a column of the file that has a value, or a variable such as v_CaO")
    if field in NUMBERS:
        _check_number(said["line"], field, value)
    return said[field], row.with_columns(pl.lit(value).alias(field))


def _grams(read: Version, frame: pl.DataFrame, library: FactorLibrary, prices: GwpSet) -> int:
    lines = replaced(read.lines, frame=frame)
    done = calculate(lines, industry=read.industry, library=library, chain=chain_of)
    return declared_g(done.lines(holder=read.filing.holder), prices)


def _check_number(line: int, field: str, value: str) -> None:
    try:
        number(value)
    except NotANumber as error:
        raise BadFinding(line=line, field=field, reason=str(error)) from error
