"""One record of access as it is hashed, and how records are appended to their tree, in the transaction of the session that is given.

A payload is UTF-8 text made of netstrings (``<length in bytes>:<bytes>,``) in the fixed order of `FIELDS`, as those of entries are
(`ledger.payload`); a leaf is SHA-256(0x00 ‖ payload) (RFC 9162, section 2.1.1). A record names nobody: `user` is a random id, `login` and
`origin` (from where) are keyed digests, `object` is an id or the digest of what was named instead.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from api.audit.sign import reach
from api.audit.tables import AccessHeadRow, AccessRow
from ledger.payload import netstrings
from ledger.proof import append as grown
from ledger.proof import leaf_hash, peaks_of, root_of
from ledger.types import microseconds, moment, table_of

FORMAT = "tanzhang.access.1"
FIELDS = (
    "format", "id", "at", "user", "office", "binding", "action", "method", "route", "object", "result", "status", "origin", "login",
    "request",
)  # fmt: skip
REFUSED = frozenset({401, 403, 404, 429})
SHORTENED = "shortened"
"""The action of the record that says over how many records a checkpoint was signed that lies outside the database no more."""
# a random id (carbon.holder.new_id), a key of our own (UUID), an entry or a division: shorter than any phone or identity number
_PLAIN = re.compile(r"[a-z][0-9a-hjkmnp-tv-z]{10}|[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}|[0-9]{1,9}|[A-Z]{2}")
_HOLDERS = re.compile(r"holder/([a-z][0-9a-hjkmnp-tv-z]{10})/")
_FILE = re.compile(r"[^/]*\.(csv|json|parquet|xlsx|beancount|journal)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What one request or command did. `status` is that of HTTP, 0 where there is none (a command)."""

    at: datetime
    action: str
    method: str
    route: str
    status: int
    user: str = ""
    office: str = ""
    binding: str = ""
    object: str = ""
    origin: str = ""
    login: str = ""
    request: str = ""

    @property
    def result(self) -> str:
        """The status in one word."""
        if self.status in REFUSED:
            return "refused"
        return "done" if self.status < 400 else "failed" if self.status >= 500 else "invalid"


def payload_of(record: Record, number: int) -> bytes:
    """The canonical bytes of a record at its place in the log."""
    said = (
        FORMAT, str(number), str(microseconds(record.at)), record.user, record.office, record.binding, record.action, record.method,
        record.route, record.object, record.result, str(record.status), record.origin, record.login, record.request,
    )  # fmt: skip
    return "".join([f"{len(text.encode())}:{text}," for text in said]).encode()


def read_record(payload: bytes) -> tuple[int, Record]:
    """Place and record of a canonical payload; ValueError where it is none."""
    parts, _ = netstrings(payload)
    said = dict(zip(FIELDS, parts, strict=True))
    if said["format"] != FORMAT:
        raise ValueError(f"not of format {FORMAT}")
    texts = {name: said[name] for name in FIELDS if name not in {"format", "id", "at", "result", "status"}}
    record = Record(at=moment(int(said["at"])), status=int(said["status"]), **texts)
    number = int(said["id"])
    if payload_of(record, number) != payload:
        raise ValueError("not in canonical form")
    return number, record


def append(session: Session, records: Sequence[Record]) -> int:
    """Append records to the log, in the session's own transaction (`Book.writing`); how many it holds then. The head is locked until that
    ends. Where the log of checkpoints lost what was signed, a record that says over how many goes before them."""
    connection = session.connection()
    lock = " FOR UPDATE" if connection.dialect.name == "postgresql" else ""
    size, peaks, signed = connection.exec_driver_sql(f"SELECT size, peaks, signed FROM access_head WHERE id = 1{lock}").one()
    if not records:
        return int(size)
    reached = reach(session.info["book"])
    if reached < signed:
        records = [Record(at=records[0].at, action=SHORTENED, method="", route="", status=0, object=str(signed)), *records]
    rows, leaves = [], []
    for number, record in enumerate(records, size):
        payload = payload_of(record, number)
        leaves.append(leaf_hash(payload))
        rows.append(
            {
                "id": number, "at": record.at, "user_id": record.user, "action": record.action, "object": record.object,
                "status": record.status, "payload": payload, "leaf": leaves[-1],
            }
        )  # fmt: skip
    connection.execute(sa.insert(table_of(AccessRow)), rows)
    fresh, now = grown(peaks_of(bytes(peaks)), size, leaves)
    head = table_of(AccessHeadRow)
    values = {"size": now, "root": root_of(fresh), "peaks": b"".join(fresh), "signed": min(reached, size)}
    connection.execute(sa.update(head).where(head.c.id == 1).values(values))
    return now


def named(text: str, digest: Callable[[str], str]) -> str:
    """What stands for something that a path names: an id as it is, a file by its kind, an account of a holder by the holder's id and a
    digest, everything else, which might name a person, by its keyed digest (so that whoever knows the name finds its records)."""
    if _PLAIN.fullmatch(text):
        return text
    if found := _HOLDERS.match(text):
        return f"{found.group(1)} #{digest(text)}"
    if found := _FILE.fullmatch(text):
        return f"*.{found.group(1)}"
    return f"#{digest(text)}"
