"""Book what was accepted: the version that was signed for, through the one path of `carbon.record`, and the year is closed with it.

All of it is one transaction: the reversal of what is restated, the new entries, the closing of the months and the filing's own event stand
together or not at all. What is accepted is posted by whoever may write the firm's books, or by the one who accepted it, for this alone.
"""

from datetime import date, datetime

from sqlmodel import Session

from carbon.enterprise.errors import StateRefused
from carbon.enterprise.filing.bridge import Bridge, bridge
from carbon.enterprise.filing.filing import Filing, filing, happen
from carbon.enterprise.filing.restate import booked_as, check_differs, months_of, outcome, reopen_for, scope_of
from carbon.enterprise.filing.said import Booked, Kind, Party
from carbon.enterprise.filing.state import FilingState, State
from carbon.enterprise.filing.version import Version, read_version
from carbon.record import RecordReceipt, book_prepared, prepare
from carbon.region.divisions import DivisionTree
from factors.gwp import gwp_set
from factors.library import FactorLibrary
from ledger.book import Book
from ledger.errors import NotAllowed
from ledger.period import close_months, closed_months
from ledger.principal import Principal, Role


def book_filing(
    book: Book, principal: Principal, id: str, *, now: datetime, today: date, library: FactorLibrary, tree: DivisionTree  # noqa: A002
) -> RecordReceipt:  # fmt: skip
    """Book an accepted filing and close its year for the holder's accounts; one that restates another takes its place.

    Raises StateRefused, FilingNotFound, FilingChanged where something happened to it meanwhile, NotAllowed, FaultyFile where lines overlap
    what stands in the book by other files, PeriodClosed where a month is closed for everybody, and what the ledger refuses. Nothing of it
    stands then.
    """
    with book.reading(principal) as session:
        found = filing(session, principal, id)
        replaced = filing(session, principal, found.restates) if found.restates else None
    if found.state is not State.ACCEPTED:
        raise StateRefused(kind=Kind.BOOKED, state=found.state, reason="what was accepted is booked, once")
    poster, party = _poster(principal, found)
    read = read_version(book, poster, id, library=library, tree=tree, today=today)
    made = prepare(
        read.lines, read.calculated.placed, read.calculated.emissions, holder=found.holder,
        replace=replaced.import_id if replaced else None, again=replaced is not None,
    )  # fmt: skip
    done: list[RecordReceipt] = []
    with book.writing() as session:

        def carry_out(stand: FilingState) -> Booked:
            months = months_of(stand.year, stand.start_month)
            way = _way(session, poster, read, replaced, stand) if replaced else None
            second = reopen_for(session, poster, read.filing, now=now, day=today) if replaced else None
            receipt = book_prepared(session, made, poster, sites_read=read.sites, now=now)
            scope, reason = scope_of(found.holder), f"filing {id} booked"
            shut = closed_months(session, months, scope=scope)
            open_ = [month for month in months if month not in shut]
            if open_:
                close_months(session, open_, poster, now=now, day=today, scope=scope, reason=reason)
            done.append(receipt)
            return Booked(
                version=stand.version, sha256=stand.sha256, import_id=receipt.import_id, first_entry=receipt.first_entry,
                last_entry=receipt.last_entry, months=months, documents=stand.documents, reversed_entries=receipt.reversed_entries,
                second=second, bridge=way,
            )  # fmt: skip

        happen(session, principal, id, carry_out, party=party, if_match=found.tag, now=now)
    return done[0]


def _poster(principal: Principal, found: Filing) -> tuple[Principal, Party]:
    """Who posts: a writer of the firm's books, or who accepted, with the firm's books alone."""
    if principal.role in {Role.ADMIN, Role.WRITER}:
        return principal, Party.FIRM
    accepted = found.stand.decided(Kind.ACCEPTED)
    if accepted is None or accepted.actor != principal.actor:
        raise NotAllowed(actor=principal.actor, action="book this filing: who accepted it does, or the firm")
    return Principal(principal.actor, Role.WRITER, holders=frozenset({found.holder})), Party.AUTHORITY


def _way(session: Session, poster: Principal, read: Version, replaced: Filing, stand: FilingState) -> Bridge:
    """From what stands of the filing that is replaced to what takes its place, each by the GWP set that it was declared in. StateRefused
    where both come to the same."""
    before, after = replaced.stand.declared, stand.declared
    assert before is not None
    assert after is not None
    own, new = booked_as(session, poster, replaced), read.calculated.lines(holder=read.filing.holder)
    check_differs(
        session, poster, replaced, kind=Kind.BOOKED, sha256=read.sha256, comes_to=outcome(new), total_g=after.total_g, gwp=after.gwp
    )
    return bridge(own, new, old_prices=gwp_set(before.gwp), new_prices=gwp_set(after.gwp)).bridge
