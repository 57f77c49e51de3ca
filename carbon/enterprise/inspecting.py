"""Whoever verifies holds values against a filing: each is weighed against the lines that stand, and kept with what both values emit."""

from datetime import date, datetime

from carbon.enterprise.filing.filing import Filing, filing
from carbon.enterprise.filing.finding import Finding, Verified, Weight
from carbon.enterprise.filing.verification import close, find
from carbon.enterprise.filing.version import read_version, weigh
from carbon.region.divisions import DivisionTree
from factors.gwp import GwpSet
from factors.library import FactorLibrary
from ledger.book import Book
from ledger.principal import Principal


def hold(
    book: Book, principal: Principal, id: str, *, text: str, weight: Weight, if_match: str, now: datetime, today: date,  # noqa: A002
    library: FactorLibrary, tree: DivisionTree, prices: GwpSet, line: int | None = None, field: str | None = None, value: str = "",
    conservative: bool = False,
) -> Filing:  # fmt: skip
    """A finding; with `value` the value that is right for the field of the line. Raises BadFinding and what `find` does."""
    verified = None
    if value and line is not None and field:
        read = read_version(book, principal, id, library=library, tree=tree, today=today)
        verified = weigh(read, line=line, field=field, value=value, library=library, prices=prices, conservative=conservative)
    with book.writing() as session:
        return find(
            session, principal, id, text=text, weight=weight, if_match=if_match, now=now, today=today, line=line, field=field or None,
            verified=verified,
        )  # fmt: skip


def settle(
    book: Book, principal: Principal, id: str, *, finding: int, if_match: str, now: datetime, today: date,  # noqa: A002
    library: FactorLibrary, tree: DivisionTree, prices: GwpSet, text: str = "", value: str = "",
) -> Filing:  # fmt: skip
    """Close a finding. Where it named a value, that value (or `value`, where another holds by now) is weighed again against the lines that
    stand: corrected lines are off by nothing. Raises BadFinding and what `close` does."""
    with book.reading(principal) as session:
        found = filing(session, principal, id)
    named = next((one for one in found.stand.findings if one.no == finding), None)
    accepted = _accepted(book, principal, id, named, value, library=library, tree=tree, prices=prices, today=today) if named else None
    with book.writing() as session:
        return close(session, principal, id, finding=finding, if_match=if_match, now=now, today=today, accepted=accepted, text=text)


def _accepted(
    book: Book, principal: Principal, id: str, named: Finding, value: str, *, library: FactorLibrary, tree: DivisionTree,  # noqa: A002
    prices: GwpSet, today: date,
) -> Verified | None:  # fmt: skip
    said = named.verified
    holds = value or (said.value if said else None)
    if said is None or said.line is None or said.field is None or holds is None:
        return None
    read = read_version(book, principal, id, library=library, tree=tree, today=today)
    return weigh(read, line=said.line, field=said.field, value=holds, library=library, prices=prices, conservative=said.conservative)
