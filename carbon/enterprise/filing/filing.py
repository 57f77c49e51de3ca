"""Filings of firms: opened, read, listed, their lines kept by version, and everything that happens to them written down.

Each function works in the caller's transaction (`session` of `book.writing()`) and takes the tag that the caller read: where another was
quicker, FilingChanged is raised and nothing is written. What may happen is `carbon.enterprise.filing.state`'s to say; this is its shell.
A foreign filing and one that is not there are told alike, as FilingNotFound.
"""

import hashlib
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlmodel import Session

from carbon.activity_text import FILE_BYTES_MAX, refused
from carbon.enterprise.authority import as_authority
from carbon.enterprise.certificates import keep_uses, numbers_in
from carbon.enterprise.errors import FilingChanged, FilingExists, FilingNotFound, StateRefused
from carbon.enterprise.filing.document import check_documents, document
from carbon.enterprise.filing.said import Attached, Event, Kind, Opened, Party, Saved, What, kind_of
from carbon.enterprise.filing.state import FilingState, State, apply, fold
from carbon.enterprise.inventory.lines import first_month, span
from carbon.enterprise.tables import FilingEventRow, FilingRow, FilingVersionRow
from carbon.holder import find_holder, new_id
from carbon.reach import scoped
from carbon.turn import take_turn
from ledger.errors import NotAllowed
from ledger.principal import Principal, Role
from ledger.types import table_of

PAGE = 100
YEARS = range(1990, 2101)


class FilingHead(msgspec.Struct, frozen=True, kw_only=True):
    """A filing as a list shows it. `tag` changes with each event (an ETag)."""

    id: str
    holder: str
    year: int
    start_month: int
    guide: str
    state: State
    version: int
    restates: str | None
    import_id: str | None
    tag: str
    created_at: datetime
    changed_at: datetime


class Filing(FilingHead, frozen=True, kw_only=True):
    """A filing and all that its events come to."""

    stand: FilingState


def open_filing(
    session: Session, principal: Principal, *, holder: str, year: int, guide: str, now: datetime, restates: str | None = None
) -> Filing:
    """Open the draft of a holder's reporting year, which begins as its boundary says (`inventory.lines.first_month`); one that restates
    another is of the same days. Raises HolderNotFound, FilingExists where one stands, FilingNotFound of what it restates, and
    StateRefused where that is not booked, or of another year."""
    party_of(principal, Party.FIRM)
    find_holder(session, principal, holder)
    take_turn(session, f"holder/{holder}")
    if year not in YEARS or not guide:
        raise StateRefused(kind=Kind.OPENED, state=State.NONE, reason=f"a filing is of a year from {YEARS[0]} on and by a guide")
    before = _check_chain(session, principal, holder=holder, year=year, restates=restates)
    month = before.start_month if before else first_month(session, principal, holder=holder, year=year)
    what = Opened(year=year, guide=guide, restates=restates, start_month=month)
    opened = Event(no=0, actor=principal.actor, party=Party.FIRM, at=now, what=what)
    stand = apply(FilingState(), opened)
    id = new_id("f")  # noqa: A001
    row = {
        "id": id, "holder_id": holder, "year": year, "start_month": month, "guide": guide, "state": stand.state.value, "version": 0,
        "restates": restates, "import_id": None, "tag": new_id("t"), "created_at": now, "changed_at": now,
    }  # fmt: skip
    session.execute(sa.insert(table_of(FilingRow)).values(row))
    _write(session, id, holder, opened)
    return filing(session, principal, id)


def _check_chain(session: Session, principal: Principal, *, holder: str, year: int, restates: str | None) -> FilingHead | None:
    """A year has one filing; once it is booked, one that restates it, and so on: a chain without branches. Gives what is restated."""
    of_year = filings(session, principal, holder=holder, year=year, limit=10_000)
    before = None
    if restates is not None:
        before = next((one for one in of_year if one.id == restates), None)
        if before is None:
            raise FilingNotFound(restates)
        if before.state is not State.BOOKED:
            raise StateRefused(kind=Kind.OPENED, state=before.state, reason="only what was booked is restated: go on with it")
    replaced = {one.restates for one in of_year}
    latest = next((one for one in of_year if one.id not in replaced), None)
    if latest is not None and latest.id != restates:
        raise FilingExists(holder=holder, year=year, filing=latest.id, booked=latest.state is State.BOOKED)
    return before


def filing(session: Session, principal: Principal, id: str) -> Filing:  # noqa: A002
    """The filing of that id; FilingNotFound where there is none or it is not the principal's to see."""
    head = _head(session, principal, id)
    return Filing(**msgspec.structs.asdict(head), stand=fold(_events(session, id)))


def filings(
    session: Session, principal: Principal, *, holder: str | None = None, state: State | None = None, year: int | None = None,
    after: str = "", limit: int = PAGE,
) -> list[FilingHead]:  # fmt: skip
    """Filings that the principal may see, by id, those after `after`."""
    f = table_of(FilingRow).c
    query = sa.select(table_of(FilingRow)).where(f.id > after).order_by(f.id).limit(limit)
    for given, column in ((holder, f.holder_id), (state, f.state), (year, f.year)):
        if given is not None:
            query = query.where(column == given)
    return [_shown(row) for row in session.execute(scoped(query, principal, holder=f.holder_id)).mappings()]


def history(session: Session, principal: Principal, id: str) -> tuple[Event, ...]:  # noqa: A002
    """Who did what when, from the first event on. FilingNotFound."""
    _head(session, principal, id)
    return tuple(_events(session, id))


def content(session: Session, principal: Principal, id: str, version: int | None = None) -> tuple[str, bytes]:  # noqa: A002
    """The name and the bytes of a version, or of the one that stands. FilingNotFound where there is none."""
    head = _head(session, principal, id)
    v = table_of(FilingVersionRow).c
    query = sa.select(v.name, v.content).where(v.filing_id == id, v.version == (head.version if version is None else version))
    row = session.execute(query).one_or_none()
    if row is None:
        raise FilingNotFound(f"{id} version {version}")
    return row[0], bytes(row[1])


def save_version(
    session: Session, principal: Principal, id: str, *, name: str, data: bytes, lines: int, if_match: str, now: datetime,  # noqa: A002
    answers: int | None = None,
) -> Filing:  # fmt: skip
    """Keep the lines as they are now: of a draft, of a filing that was rejected (which makes it a draft again), or, while it is verified,
    in answer to an open finding. The same bytes again write nothing. Raises StateRefused, FilingChanged, PreparerVerifies, NotAllowed,
    and FaultyFile where there are no bytes or too many."""
    party_of(principal, Party.FIRM)
    sha256 = hashlib.sha256(data).digest()
    if not 0 < len(data) <= FILE_BYTES_MAX:
        raise refused(name, "file.hostile", f"a version has 1 to {FILE_BYTES_MAX:,} bytes, this one {len(data):,}")

    def saved(stand: FilingState) -> Saved | None:
        if stand.sha256 == sha256.hex() and stand.state is State.DRAFT:
            return None
        return Saved(version=stand.version + 1, sha256=sha256.hex(), name=name, lines=lines, answers=answers)

    after = happen(session, principal, id, saved, party=Party.FIRM, if_match=if_match, now=now)
    row = {
        "filing_id": id, "version": after.version, "holder_id": after.holder, "name": name, "sha256": sha256, "content": data,
        "lines": lines, "actor": principal.actor, "written_at": now,
    }  # fmt: skip
    if after.tag != if_match:
        session.execute(sa.insert(table_of(FilingVersionRow)).values(row))
        keep_uses(session, filing=id, holder=after.holder, version=after.version, numbers=numbers_in(data, file=name).named)
    return after


def attach_to(
    session: Session, principal: Principal, id: str, *, sha256: str, if_match: str, now: datetime, line: int | None = None  # noqa: A002
) -> Filing:  # fmt: skip
    """Name a document of the holder as evidence of a line, or of the whole. Raises DocumentNotFound besides."""
    party_of(principal, Party.FIRM)
    found, _ = document(session, principal, holder=_head(session, principal, id).holder, sha256=sha256)
    what = Attached(sha256=found.sha256, name=found.name, line=line)
    return happen(session, principal, id, lambda _: what, party=Party.FIRM, if_match=if_match, now=now)


def happen(
    session: Session, principal: Principal, id: str, what: Callable[[FilingState], What | None], *, party: Party,  # noqa: A002
    if_match: str, now: datetime, documents: tuple[str, ...] = (),
) -> Filing:  # fmt: skip
    """Let one event happen: what it says is made from the state under the filing's lock; None lets nothing happen.

    `documents` are hashes that it names: the holder has attached them. Raises FilingNotFound, FilingChanged, DocumentNotFound, and what
    the state refuses.
    """
    head = _head(session, principal, id, lock=True)
    if head.tag != if_match:
        raise FilingChanged(id)
    check_documents(session, principal, holder=head.holder, hashes=documents)
    events = _events(session, id)
    stand = fold(events)
    said = what(stand)
    if said is None:
        return Filing(**msgspec.structs.asdict(head), stand=stand)
    event = Event(no=len(events), actor=principal.actor, party=party, at=now, what=said)
    after = apply(stand, event)
    _write(session, id, head.holder, event)
    changed = {"state": after.state.value, "version": after.version, "import_id": after.import_id, "tag": new_id("t"), "changed_at": now}
    f = table_of(FilingRow).c
    session.execute(sa.update(table_of(FilingRow)).where(f.id == id).values(changed))
    return filing(session, principal, id)


def party_of(principal: Principal, party: Party) -> Party:
    """The part in which the principal acts; NotAllowed where it cannot. A firm's people write its books; who
    verifies is told by accreditation (`carbon.enterprise.filing.verifier`)."""
    if party is Party.FIRM and principal.role not in {Role.ADMIN, Role.WRITER}:
        raise NotAllowed(actor=principal.actor, action="prepare filings")
    if party is Party.AUTHORITY:
        as_authority(principal, action="accept or reject filings")
    return party


def year_is_over(year: int, today: date, *, start_month: int = 1) -> bool:
    """Whether every day of the reporting year is past."""
    return today > span(year, start_month)[1]


def _head(session: Session, principal: Principal, id: str, *, lock: bool = False) -> FilingHead:  # noqa: A002
    f = table_of(FilingRow).c
    query = scoped(sa.select(table_of(FilingRow)).where(f.id == id), principal, holder=f.holder_id)
    if lock and session.get_bind().dialect.name == "postgresql":
        query = query.with_for_update()
    row = session.execute(query).mappings().one_or_none()
    if row is None:
        raise FilingNotFound(id)
    return _shown(row)


def _shown(row: sa.RowMapping) -> FilingHead:
    said: dict[str, Any] = {name: value for name, value in row.items() if name not in {"holder_id", "state"}}
    return FilingHead(**said, holder=row["holder_id"], state=State(row["state"]))


class _Content(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept of an event beside its number, actor and time."""

    party: Party
    what: What


_READ = msgspec.json.Decoder(_Content)


def _events(session: Session, id: str) -> list[Event]:  # noqa: A002
    e = table_of(FilingEventRow).c
    rows = session.execute(sa.select(e.no, e.actor, e.happened_at, e.content).where(e.filing_id == id).order_by(e.no))
    found = []
    for no, actor, at, text in rows:
        said = _READ.decode(text)
        found.append(Event(no=no, actor=actor, party=said.party, at=at, what=said.what))
    return found


def _write(session: Session, id: str, holder: str, event: Event) -> None:  # noqa: A002
    text = msgspec.json.encode(_Content(party=event.party, what=event.what)).decode()
    row = {
        "filing_id": id, "no": event.no, "holder_id": holder, "kind": kind_of(event.what).value, "content": text, "actor": event.actor,
        "happened_at": event.at,
    }  # fmt: skip
    session.execute(sa.insert(table_of(FilingEventRow)).values(row))
