"""Evidence by month: fuel, calorific value, electricity, output, with a manifest of the documents' hashes, each packet chained to the last.

A packet is never changed: a correction is a further version of the month, with its reason. `sha256` is over the hash of the packet filed
before it and its own manifest, so that no packet can be taken out, put in or altered unseen.
"""

import calendar
import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import msgspec
import sqlalchemy as sa
from sqlmodel import Session

from carbon.enterprise.errors import PacketRefused
from carbon.enterprise.filing.document import documents
from carbon.enterprise.tables import DocumentRow, PacketRow
from carbon.holder import find_holder
from carbon.reach import scoped
from carbon.turn import take_turn
from factors.errors import FactorError
from factors.units import find_unit, number
from ledger.errors import NotAllowed
from ledger.principal import Principal, Role
from ledger.types import table_of

NEEDED = ("fuel", "calorific-value", "electricity", "output")
"""What a packet has readings of, or says why it has none."""
KINDS = (*NEEDED, "carbon-content", "heat", "material")


class Evidence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Until when after its month a packet is in time. `mark` and `source` say how well the number is known."""

    days: int = 40
    mark: str = "B"
    source: str = "月度信息化存证，每月结束后 40 日内；内部参考 cn/enterprise.md §2，未核对原文"


class Reading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value of a month: of which kind (KINDS), source and instrument, with the hashes of the documents that prove it."""

    kind: str
    source: str
    quantity: str
    unit: str
    instrument: str = ""
    documents: tuple[str, ...] = ()


class Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document as a manifest names it."""

    sha256: str
    name: str
    size: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a packet says: readings, why there are none of a kind (`absent`), and the documents with their hashes."""

    holder: str
    month: int
    version: int
    filed_on: date
    readings: tuple[Reading, ...]
    absent: dict[str, str]
    documents: tuple[Kept, ...]
    reason: str = ""


class Packet(msgspec.Struct, frozen=True, kw_only=True):
    """A packet as it was filed; `late` by how many days, 0 where it was in time."""

    manifest: Manifest
    before: str | None
    sha256: str
    actor: str
    filed_at: datetime
    due: date
    late: int


_Row = dict[str, object]


class PacketFault(msgspec.Struct, frozen=True, kw_only=True):
    """A packet that is not as it was filed, and how that shows."""

    month: int
    version: int
    reason: str


def due_day(month: int, rule: Evidence) -> date:
    """The last day on which a month's packet is in time."""
    return _end(month) + timedelta(days=rule.days)


def _end(month: int) -> date:
    year, number_ = divmod(month, 100)
    return date(year, number_, calendar.monthrange(year, number_)[1])


def file_packet(
    session: Session, principal: Principal, *, holder: str, month: int, readings: Sequence[Reading], now: datetime, today: date,
    absent: Mapping[str, str] | None = None, reason: str = "", rule: Evidence | None = None,
) -> Packet:  # fmt: skip
    """File a month's packet (yyyymm), in the caller's transaction; a late one is taken, and says so.

    Raises HolderNotFound, NotAllowed, and PacketRefused: the month is not over, a kind is neither read nor said to be absent, a value is no
    number or has no unit, a document is not attached, or a further version gives no reason.
    """
    if principal.role not in {Role.ADMIN, Role.WRITER}:
        raise NotAllowed(actor=principal.actor, action="file evidence")
    find_holder(session, principal, holder)
    take_turn(session, f"holder/{holder}")
    wanted = dict(absent or {})
    _check(month, readings, wanted, today=today)
    attached = {one.sha256: Kept(sha256=one.sha256, name=one.name, size=one.size) for one in documents(session, principal, holder=holder)}
    named = sorted({sha256 for reading in readings for sha256 in reading.documents})
    for sha256 in named:
        if sha256 not in attached:
            raise PacketRefused(month=month, field="documents", reason=f"{sha256[:64]} is no document of this holder: attach it first")
    chain = packets(session, principal, holder=holder)
    version = 1 + max((one.manifest.version for one in chain if one.manifest.month == month), default=0)
    if version > 1 and not reason.strip():
        raise PacketRefused(month=month, field="reason", reason="a packet stands for this month: say why it is filed again")
    manifest = Manifest(
        holder=holder, month=month, version=version, filed_on=today, readings=tuple(readings), absent=wanted,
        documents=tuple(attached[sha256] for sha256 in named), reason=reason,
    )  # fmt: skip
    text = msgspec.json.encode(manifest, order="sorted").decode()
    before = bytes.fromhex(chain[-1].sha256) if chain else None
    row = {
        "holder_id": holder, "month": month, "version": version, "manifest": text, "before": before, "sha256": chained(before, text),
        "actor": principal.actor, "filed_at": now,
    }  # fmt: skip
    session.execute(sa.insert(table_of(PacketRow)).values(row))
    return _packet(row, rule or Evidence())


def _check(month: int, readings: Sequence[Reading], absent: Mapping[str, str], *, today: date) -> None:
    def refuse(field: str, reason: str) -> PacketRefused:
        return PacketRefused(month=month, field=field, reason=reason)

    if not 1 <= month % 100 <= 12 or not 1990 <= month // 100 <= 9999:
        raise refuse("month", "a month is written yyyymm")
    if today <= _end(month):
        raise refuse("month", "it is not over")
    for reading in readings:
        if reading.kind not in KINDS:
            raise refuse("kind", f"{reading.kind[:40]!r} is none of {', '.join(KINDS)}")
        try:
            negative = number(reading.quantity) < 0
            for unit in reading.unit.split("/", 1):  # a calorific value is per unit of its fuel
                find_unit(unit)
        except FactorError as error:
            raise refuse(f"{reading.kind} of {reading.source}", str(error)) from error
        if negative:
            raise refuse(f"{reading.kind} of {reading.source}", "a reading is not below zero")
    read = {reading.kind for reading in readings}
    for kind in NEEDED:
        if kind not in read and not absent.get(kind, "").strip():
            raise refuse(kind, "it is neither read nor said why there is none")
    for kind in sorted(read & absent.keys()):
        raise refuse(kind, "it is read and said to be absent: one of the two")


def chained(before: bytes | None, manifest: str) -> bytes:
    """SHA-256 over the 32 bytes of the packet before (none for the first) and the manifest's text."""
    return hashlib.sha256((before or b"") + manifest.encode()).digest()


def packets(session: Session, principal: Principal, *, holder: str, rule: Evidence | None = None) -> list[Packet]:
    """The holder's packets that the principal may see, in the order of their chain; what hangs on nothing comes last, by its day."""
    return [_packet(row, rule or Evidence()) for row in _in_chain(_rows(session, principal, holder))]


def _in_chain(rows: Sequence[_Row]) -> list[_Row]:
    following = {row["before"]: row for row in reversed(rows)}
    ordered: list[_Row] = []
    at: object = None
    while (row := following.pop(at, None)) is not None:
        ordered.append(row)
        at = row["sha256"]
    return [*ordered, *(row for row in rows if row not in ordered)]


def _rows(session: Session, principal: Principal, holder: str) -> list[_Row]:
    p = table_of(PacketRow).c
    query = sa.select(table_of(PacketRow)).where(p.holder_id == holder).order_by(p.filed_at, p.month, p.version)
    found = session.execute(scoped(query, principal, holder=p.holder_id)).mappings()
    return [dict(row) | {"before": row["before"] and bytes(row["before"]), "sha256": bytes(row["sha256"])} for row in found]


def _packet(row: Mapping[str, object], rule: Evidence) -> Packet:
    manifest = msgspec.json.decode(str(row["manifest"]), type=Manifest)
    due = due_day(manifest.month, rule)
    before, sha256, filed_at = row["before"], row["sha256"], row["filed_at"]
    assert isinstance(sha256, bytes)
    assert isinstance(filed_at, datetime)
    return Packet(
        manifest=manifest, before=before.hex() if isinstance(before, bytes) else None, sha256=sha256.hex(), actor=str(row["actor"]),
        filed_at=filed_at, due=due, late=max(0, (manifest.filed_on - due).days),
    )  # fmt: skip


def overdue(filed: Sequence[Packet], *, year: int, today: date, rule: Evidence | None = None) -> tuple[int, ...]:
    """The months of a year that have no packet though its last day is past."""
    have = {one.manifest.month for one in filed}
    months = [year * 100 + month for month in range(1, 13)]
    return tuple(month for month in months if month not in have and today > due_day(month, rule or Evidence()))


def check_packets(session: Session, principal: Principal, *, holder: str) -> tuple[PacketFault, ...]:
    """Whether the chain holds: each packet's hash over its manifest and the one before, one after the other, and each document still has
    the hash that a manifest names. Empty where all is as it was filed."""
    d = table_of(DocumentRow).c
    kept = scoped(sa.select(d.sha256, d.content).where(d.holder_id == holder), principal, holder=d.holder_id)
    whole = {bytes(sha256).hex() for sha256, data in session.execute(kept) if hashlib.sha256(data).digest() == bytes(sha256)}
    faults: list[PacketFault] = []
    last: str | None = None
    for row in _in_chain(_rows(session, principal, holder)):
        one = _packet(row, Evidence())
        reasons = [f"document {named.sha256} is gone or altered" for named in one.manifest.documents if named.sha256 not in whole]
        if chained(bytes.fromhex(one.before) if one.before else None, str(row["manifest"])).hex() != one.sha256:
            reasons.append("its hash is not that of its manifest and the packet before")
        if one.before != last:
            reasons.append("it does not follow the packet before it")
        if (row["holder_id"], row["month"], row["version"]) != (one.manifest.holder, one.manifest.month, one.manifest.version):
            reasons.append("it stands under another month or version than it says")
        faults += [PacketFault(month=int(str(row["month"])), version=int(str(row["version"])), reason=reason) for reason in reasons]
        last = one.sha256
    return tuple(faults)
