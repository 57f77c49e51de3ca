"""Does what is kept of filings still hold together? Versions and documents have their hashes, heads are what their events come to, what is
booked is the file that was accepted, and the chains of evidence are whole. `carbon.audit.verify` asks."""

import hashlib
from collections.abc import Iterator

import msgspec
import sqlalchemy as sa
from sqlmodel import Session

from carbon.enterprise.errors import PreparerVerifies, StateRefused
from carbon.enterprise.filing.filing import filings, history
from carbon.enterprise.filing.packet import check_packets
from carbon.enterprise.filing.said import Booked, Saved
from carbon.enterprise.filing.state import fold
from carbon.enterprise.tables import DocumentRow, FilingVersionRow, PacketRow
from carbon.tables import ImportRow
from ledger.principal import LOCAL_ADMIN
from ledger.retrace import Violation
from ledger.types import table_of

PAGE = 500


def filings_hold(session: Session) -> list[Violation]:
    """Every broken law of filings, documents and packets, each with what breaks it."""
    try:
        return [*_versions_hold(session), *_heads_hold(session), *_documents_hold(session), *_packets_hold(session)]
    except msgspec.DecodeError as error:
        return [Violation("filings", "filing_event or evidence_packet", f"what was said cannot be read: {error}")]


def _versions_hold(session: Session) -> Iterator[Violation]:
    v = table_of(FilingVersionRow).c
    rows = session.execute(sa.select(v.filing_id, v.version, v.sha256, v.content).order_by(v.filing_id, v.version))
    for filing_id, version, sha256, content in rows.yield_per(20):
        if hashlib.sha256(content).digest() != bytes(sha256):
            yield Violation("filings", f"version {version} of filing {filing_id}", "its bytes are not those of its hash")


def _heads_hold(session: Session) -> Iterator[Violation]:
    """Each head is the fold of its events; each version that was saved is there, and what is booked is its bytes."""
    v, f = table_of(FilingVersionRow).c, table_of(ImportRow).c
    after = ""
    while page := filings(session, LOCAL_ADMIN, after=after, limit=PAGE):
        after = page[-1].id
        for head in page:
            place, events = f"filing {head.id}", history(session, LOCAL_ADMIN, head.id)
            try:
                stand = fold(events)
            except (StateRefused, PreparerVerifies) as error:
                yield Violation("filings", place, f"its events cannot have happened so: {error}")
                continue
            said = (stand.state, stand.version, stand.year, stand.start_month, stand.guide, stand.restates, stand.import_id)
            if said != (head.state, head.version, head.year, head.start_month, head.guide, head.restates, head.import_id):
                yield Violation("filings", place, "it is not what its events come to")
            kept = session.execute(sa.select(v.version, v.sha256).where(v.filing_id == head.id))
            saved = {event.what.version: event.what.sha256 for event in events if isinstance(event.what, Saved)}
            if {version: bytes(sha256).hex() for version, sha256 in kept} != saved:
                yield Violation("filings", place, "its versions are not those that were saved")
            for booked in (event.what for event in events if isinstance(event.what, Booked)):
                query = sa.select(f.sha256).where(f.id == booked.import_id, f.holder_id == head.holder)
                found = session.execute(query).scalar_one_or_none()
                if found is None or bytes(found).hex() != booked.sha256:
                    yield Violation("filings", place, f"import {booked.import_id} is not the file that was accepted")


def _documents_hold(session: Session) -> Iterator[Violation]:
    d = table_of(DocumentRow).c
    for holder, sha256, content in session.execute(sa.select(d.holder_id, d.sha256, d.content)).yield_per(5):
        if hashlib.sha256(content).digest() != bytes(sha256):
            yield Violation("documents", f"document {bytes(sha256).hex()} of holder {holder}", "its bytes are not those of its hash")


def _packets_hold(session: Session) -> Iterator[Violation]:
    p = table_of(PacketRow).c
    for holder in session.execute(sa.select(p.holder_id).distinct().order_by(p.holder_id)).scalars().all():
        for fault in check_packets(session, LOCAL_ADMIN, holder=holder):
            yield Violation("evidence", f"packet {fault.month} version {fault.version} of holder {holder}", fault.reason)
