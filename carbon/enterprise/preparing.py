"""A firm prepares its filing: a file is taken in, judged, previewed, and handed in. Nothing of it is booked.

What the firm sent is kept as it is, by its hash; what the filing holds is its canonical text, in which every row keeps its number. So a
problem names the cell in which the firm finds it, and the marked workbook that goes back is its own.
"""

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePath

import polars as pl
from sqlmodel import Session

from carbon.activity import ActivityFrame
from carbon.enterprise.calculate import Calculated, calculate
from carbon.enterprise.certificates import Registry, look_up, numbers_in
from carbon.enterprise.errors import QuestionsOpen
from carbon.enterprise.filing.document import attach, document
from carbon.enterprise.filing.filing import Filing, attach_to, content, filing, history, save_version
from carbon.enterprise.filing.said import Attached, Saved
from carbon.enterprise.filing.state import State
from carbon.enterprise.filing.submission import submit
from carbon.enterprise.filing.version import declare, read_version
from carbon.enterprise.firm import FirmFacts, facts
from carbon.enterprise.intake.annotate import annotated, letter
from carbon.enterprise.intake.canonical import Canonical, canonical
from carbon.enterprise.intake.certified import certified, uses
from carbon.enterprise.intake.headings import Match, remembered
from carbon.enterprise.intake.problem import Problem, Weight, in_order, must
from carbon.enterprise.intake.review import Around, Review, around, review
from carbon.enterprise.inventory.inventory import Inventory, booked_inventory, preview_inventory
from carbon.enterprise.market import Contract, contracts
from carbon.errors import Fault, FaultyFile
from carbon.holder import find_holder
from carbon.region.divisions import DivisionTree, chain_of
from carbon.turn import take_turn
from factors.gwp import GwpSet
from factors.library import FactorLibrary
from ledger.book import Book
from ledger.principal import LOCAL_READER, Principal

OWN_NAME = "lines.csv"
"""The name of a version whose lines were written in the page."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A version of a filing: its lines without those that stop a submission (None where there is none), what they come to, every problem,
    how its headings were called, and what the firm says of itself."""

    filing: Filing
    lines: ActivityFrame | None
    calculated: Calculated | None
    problems: tuple[Problem, ...]
    matches: tuple[Match, ...]
    read: tuple[str, ...]
    source: str | None
    facts: FirmFacts

    @property
    def must(self) -> tuple[Problem, ...]:
        """What stops a submission."""
        return tuple(one for one in self.problems if one.weight is Weight.MUST)

    @property
    def ask(self) -> tuple[Problem, ...]:
        """What is asked of whoever hands it in."""
        return tuple(one for one in self.problems if one.weight is Weight.ASK)

    def cell(self, problem: Problem) -> str | None:
        """The cell of the firm's own file, such as D17; None where the lines were written in the page, or the whole row is meant."""
        place = next((one.place for one in self.matches if one.column.partition(" [")[0] == problem.column), None)
        return None if place is None or not problem.row else f"{letter(place)}{problem.row}"

    def laid(self) -> pl.DataFrame | None:
        """What would stand on the holder's accounts (LINES)."""
        return None if self.calculated is None else self.calculated.lines(holder=self.filing.holder)

    def inventory(self, prices: GwpSet) -> Inventory | None:
        """The inventory that the lines would be."""
        if self.calculated is None:
            return None
        return preview_inventory(
            self.calculated.placed, self.calculated.emissions, holder=self.filing.holder, year=self.filing.year, prices=prices,
            facts=self.facts,
        )  # fmt: skip


def take_in(
    book: Book, principal: Principal, id: str, *, data: bytes, name: str, if_match: str, now: datetime, today: date,  # noqa: A002
    library: FactorLibrary, tree: DivisionTree, answers: int | None = None,
) -> Filing:  # fmt: skip
    """Take a file of the firm as the filing's lines; the file itself is kept by its hash. While it is verified the lines answer a finding,
    and what would stop a submission is refused.

    Raises FaultyFile where the file cannot be read, DocumentRefused, and what `save_version` does.
    """
    with book.reading(principal) as session:
        found = filing(session, principal, id)
        known = remembered(session, principal, holder=found.holder)
    made = canonical(data, file=name, mapping=known)
    if answers is not None:
        _check_right(book, principal, found, made, file=name, today=today, library=library, tree=tree)
    with book.writing() as session:
        kept = attach(session, principal, holder=found.holder, name=name, data=data, now=now)
        saved = save_version(
            session, principal, id, name=PurePath(kept.name).stem + ".csv", data=made.data, lines=made.lines, if_match=if_match, now=now,
            answers=answers,
        )  # fmt: skip
        if saved.tag == if_match:
            return saved
        return attach_to(session, principal, id, sha256=kept.sha256, if_match=saved.tag, now=now)


def write_lines(
    book: Book, principal: Principal, id: str, *, rows: Sequence[Mapping[str, str]], if_match: str, now: datetime, today: date,  # noqa: A002
    library: FactorLibrary, tree: DivisionTree, answers: int | None = None,
) -> Filing:  # fmt: skip
    """Take rows that were written in the page, by column, as the filing's lines. Raises as `take_in`."""
    filled = [row for row in rows if any(value.strip() for value in row.values())]
    columns = list(dict.fromkeys(column for row in filled for column in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="")
    writer.writeheader()
    writer.writerows(filled)
    data = out.getvalue().encode()
    with book.reading(principal) as session:
        found = filing(session, principal, id)
    if answers is not None:
        made = Canonical(data, len(filled), (), (), ())
        _check_right(book, principal, found, made, file=OWN_NAME, today=today, library=library, tree=tree)
    with book.writing() as session:
        return save_version(
            session, principal, id, name=OWN_NAME, data=data, lines=len(filled), if_match=if_match, now=now, answers=answers
        )  # fmt: skip


def _check_right(
    book: Book, principal: Principal, found: Filing, made: Canonical, *, file: str, today: date, library: FactorLibrary, tree: DivisionTree
) -> None:
    """FaultyFile where something in lines that correct a filing under verification would stop a submission."""
    _, seen = _reviewed(book, principal, found, made.data, file=file, today=today, library=library, tree=tree)
    faults = [*made.faults, *faults_of(seen.problems)]
    if faults:
        raise FaultyFile(faults)


def faults_of(problems: Collection[Problem]) -> list[Fault]:
    """What stops a submission, as faults."""
    return [
        Fault(file=one.file, row=one.row, column=one.column, value=one.value, code=one.code, reason=one.reason)
        for one in problems
        if one.weight is Weight.MUST
    ]


def source_of(session: Session, principal: Principal, found: Filing) -> tuple[str, bytes] | None:
    """The file of the firm that the version which stands was read from, where it was one: attached at the instant in which it was saved."""
    events = history(session, principal, found.id)
    saved = next((event for event in reversed(events) if isinstance(event.what, Saved)), None)
    for event in events[saved.no + 1 :] if saved else ():
        if isinstance(event.what, Attached) and saved and event.at == saved.at:
            kept, data = document(session, principal, holder=found.holder, sha256=event.what.sha256)
            return kept.name, data
    return None


def _replaced(session: Session, principal: Principal, found: Filing) -> str | None:
    """The import whose place the filing takes, or has taken itself."""
    return found.import_id or (filing(session, principal, found.restates).import_id if found.restates else None)


def _contracts(session: Session, principal: Principal, found: Filing) -> list[Contract]:
    """The contracts of energy that count in the filing."""
    return [one for one in contracts(session, principal, holder=found.holder) if found.stand.counts_contract(one.id)]


def _named(data: bytes, held: Sequence[Contract]) -> list[str]:
    """The certificates that a version and the contracts name."""
    contracted = [number for one in held for number in one.instrument.certificates]
    told = numbers_in(data, file=OWN_NAME)
    return [*told.named, *told.referred, *contracted]


def _registry(book: Book, found: Filing, numbers: Sequence[str], *, but: str | None) -> Registry:
    """What the book knows of certificates. Read without the firm's bounds: of others no more is told than that they use a number."""
    if not numbers:
        return Registry()
    with book.reading(LOCAL_READER) as session:
        return look_up(session, numbers, holder=found.holder, year=found.year, filing=found.id, but=but)


def judge(
    book: Book, principal: Principal, id: str, *, library: FactorLibrary, tree: DivisionTree, today: date  # noqa: A002
) -> Judged:  # fmt: skip
    """The version that stands, judged and calculated. Of what was booked nothing is asked any more. Raises FilingNotFound."""
    with book.reading(principal) as session:
        found = filing(session, principal, id)
        said = facts(session, principal, found.holder, found.stand.period[1])
        if not found.version:
            return Judged(found, None, None, (), (), (), None, said)
        source = source_of(session, principal, found)
        name, data = content(session, principal, id)
        known = remembered(session, principal, holder=found.holder)
    form = canonical(source[1], file=source[0], mapping=known) if source else Canonical(b"", 0, (), (), ())
    shown = source[0] if source else name
    if found.state is State.BOOKED:
        read = read_version(book, principal, id, library=library, tree=tree, today=today)
        return Judged(found, read.lines, read.calculated, (), form.matches, form.read, shown, said)
    try:
        there, seen = _reviewed(book, principal, found, data, file=shown, today=today, library=library, tree=tree)
    except FaultyFile as error:
        return Judged(found, None, None, in_order([*must(form.faults), *must(error.faults)]), form.matches, form.read, shown, said)
    lines, problems = seen.lines, in_order([*must(form.faults), *seen.problems])
    if lines is None:
        return Judged(found, None, None, problems, form.matches, form.read, shown, said)
    done = calculate(lines, industry=there.industry, library=library, chain=chain_of, contracts=list(seen.contracts))
    return Judged(found, lines, done, problems, form.matches, form.read, shown, said)


def _reviewed(
    book: Book, principal: Principal, found: Filing, data: bytes, *, file: str, today: date, library: FactorLibrary, tree: DivisionTree
) -> tuple[Around, Review]:
    """What stands around the filing, and its lines judged by that. Raises FaultyFile where there is no line at all."""
    with book.reading(principal) as session:
        held, but = _contracts(session, principal, found), _replaced(session, principal, found)
    registry = _registry(book, found, _named(data, held), but=but)
    with book.reading(principal) as session:
        there = around(
            session, principal, holder=found.holder, year=found.year, library=library, but=but, contracts=held, registry=registry,
            start_month=found.start_month,
        )  # fmt: skip
        return there, review(data, file=file, around=there, today=today, tree=tree, library=library)


def marked(book: Book, principal: Principal, judged: Judged) -> tuple[str, bytes]:
    """The firm's own workbook with every problem in its cell, and its name."""
    with book.reading(principal) as session:
        source = source_of(session, principal, judged.filing)
        name, data = source or content(session, principal, judged.filing.id)
    mapping = {match.heading: match.column for match in judged.matches}
    return PurePath(name).stem + ".xlsx", annotated(data, file=name, problems=judged.problems, mapping=mapping)


def inventory_of(book: Book, principal: Principal, judged: Judged, prices: GwpSet) -> Inventory | None:
    """The inventory of a filing: what stands in the book once it is booked and nothing took its place, else what its lines would be."""
    found, own = judged.filing, judged.filing.stand.booked
    if own is None or own.first_entry is None or own.last_entry is None:
        return judged.inventory(prices)
    with book.reading(principal) as session:
        standing = booked_inventory(session, principal, holder=found.holder, year=found.year, prices=prices)
    behind = (entry for part in (standing.scope1, standing.scope2_location, standing.scope3) for row in part.rows for entry in row.entries)
    return standing if any(own.first_entry <= entry <= own.last_entry for entry in behind) else judged.inventory(prices)


def hand_in(
    book: Book, principal: Principal, id: str, *, confirmed: Collection[str], if_match: str, now: datetime, today: date,  # noqa: A002
    library: FactorLibrary, tree: DivisionTree, prices: GwpSet,
) -> Filing:  # fmt: skip
    """Submit the version that stands; `confirmed` are the keys of the questions that were answered with yes.

    Raises FaultyFile where something stops it (a certificate too that another handed in meanwhile), QuestionsOpen where a question has no
    answer, and what `submit` does.
    """
    judged = judge(book, principal, id, library=library, tree=tree, today=today)
    faults = faults_of(judged.problems)
    if faults:
        raise FaultyFile(faults)
    missing = [one for one in judged.ask if one.key not in confirmed]
    if missing:
        raise QuestionsOpen(filing=id, questions=[one.key for one in missing])
    read = read_version(book, principal, id, library=library, tree=tree, today=today)
    with book.writing() as session:
        find_holder(session, principal, judged.filing.holder)
        _check_certificates(session, principal, judged)
        return submit(
            session, principal, id, declared=declare(read, prices), if_match=if_match, now=now, today=today,
            confirmed=tuple(one.key for one in judged.ask),
        )  # fmt: skip


def _check_certificates(session: Session, principal: Principal, judged: Judged) -> None:
    """FaultyFile where a certificate was used since the lines were judged. Whoever hands certificates in does so alone."""
    found, lines = judged.filing, judged.lines
    assert lines is not None
    some = uses(lines, _contracts(session, principal, found))
    numbers = [number for use in some for number in (*use.numbers, *use.referred)]
    if numbers:
        take_turn(session, "certificates")
        but = _replaced(session, principal, found)
        registry = look_up(session, numbers, holder=found.holder, year=found.year, filing=found.id, but=but)
        faults = faults_of([problem for _, problem in certified(lines.file, some, registry)])
        if faults:
            raise FaultyFile(faults)
