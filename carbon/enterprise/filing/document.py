"""Documents by their hash: what was attached once is kept, and can be read again, byte by byte.

A kind is what the bytes say, never what a name claims: PDF, PNG, JPEG, .xlsx and text in UTF-8. Nothing in them is opened here.
"""

import hashlib
import io
import unicodedata
import zipfile
from collections.abc import Iterable
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlmodel import Session

from carbon.enterprise.errors import DocumentNotFound, DocumentRefused
from carbon.enterprise.tables import DocumentRow
from carbon.holder import find_holder
from carbon.reach import scoped
from carbon.turn import take_turn
from ledger.errors import NotAllowed
from ledger.principal import Principal, Role
from ledger.types import table_of

SIZE_MAX = 20_000_000
NAME_MAX = 200
_FRONTS = (
    (b"%PDF-", "application/pdf"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"),
)  # fmt: skip
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A document without its bytes: `sha256` in hex."""

    holder: str
    sha256: str
    name: str
    media_type: str
    size: int
    actor: str
    attached_at: datetime


def attach(session: Session, principal: Principal, *, holder: str, name: str, data: bytes, now: datetime) -> Document:
    """Keep a document of a holder, in the caller's transaction; the same bytes again give the document that stands.

    A firm attaches its own; whoever verifies may attach what it saw. Raises HolderNotFound, DocumentRefused, and NotAllowed where the
    principal is not bound to the holder and writes nothing.
    """
    find_holder(session, principal, holder)
    if principal.role is Role.AUTHORITY or (principal.role is Role.READER and principal.holders is None):
        raise NotAllowed(actor=principal.actor, action="attach documents of a firm")
    shown = _plain_name(name)
    made = Document(
        holder=holder, sha256=hashlib.sha256(data).hexdigest(), name=shown, media_type=media_type(data, name=shown), size=len(data),
        actor=principal.actor, attached_at=now,
    )  # fmt: skip
    take_turn(session, f"holder/{holder}")
    stands = documents(session, principal, holder=holder, only=made.sha256)
    if stands:
        return stands[0]
    row = {**msgspec.structs.asdict(made), "sha256": bytes.fromhex(made.sha256), "content": data, "holder_id": holder}
    row.pop("holder")
    session.execute(sa.insert(table_of(DocumentRow)).values(row))
    return made


def media_type(data: bytes, *, name: str) -> str:
    """What kind of document the bytes are; DocumentRefused where they are none that is kept."""
    if not data:
        raise DocumentRefused(name=name, reason="it is empty")
    if len(data) > SIZE_MAX:
        raise DocumentRefused(name=name, reason=f"it has {len(data):,} bytes, {SIZE_MAX:,} are kept: split it or scan it coarser")
    for front, kind in _FRONTS:
        if data.startswith(front):
            return kind
    if _is_workbook(data):
        return WORKBOOK
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = "\x00"
    if any(unicodedata.category(sign) == "Cc" and sign not in "\t\r\n" for sign in text):
        raise DocumentRefused(name=name, reason="documents are PDF, PNG, JPEG, .xlsx or text in UTF-8: save it as one of them")
    return "text/csv" if name.lower().endswith(".csv") else "text/plain"


def _is_workbook(data: bytes) -> bool:
    """Whether an archive lists what every .xlsx has; only its list of names is read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {"[Content_Types].xml", "xl/workbook.xml"} <= set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def _plain_name(name: str) -> str:
    """The last part of a name without signs that steer a screen or a path."""
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(sign for sign in last if unicodedata.category(sign) not in {"Cc", "Cf"}).strip()[:NAME_MAX]
    if not plain.strip("."):
        raise DocumentRefused(name=name, reason="it has no name")
    return plain


_SHOWN = [column for column in table_of(DocumentRow).columns if column.name != "content"]


def documents(session: Session, principal: Principal, *, holder: str, only: str | None = None) -> list[Document]:
    """The holder's documents that the principal may see, the oldest first; `only` the one of that hash."""
    d = table_of(DocumentRow).c
    query = scoped(sa.select(*_SHOWN).where(d.holder_id == holder).order_by(d.attached_at, d.sha256), principal, holder=d.holder_id)
    if only is not None:
        query = query.where(d.sha256 == _hash(only))
    return [_document(row) for row in session.execute(query).mappings()]


def document(session: Session, principal: Principal, *, holder: str, sha256: str) -> tuple[Document, bytes]:
    """A document and its bytes, which have that hash. DocumentNotFound."""
    found = documents(session, principal, holder=holder, only=sha256)
    if not found:
        raise DocumentNotFound(sha256)
    d = table_of(DocumentRow).c
    content = session.execute(sa.select(d.content).where(d.holder_id == holder, d.sha256 == _hash(sha256))).scalar_one()
    return found[0], bytes(content)


def check_documents(session: Session, principal: Principal, *, holder: str, hashes: Iterable[str]) -> None:
    """DocumentNotFound where the holder has not attached one of them."""
    for sha256 in hashes:
        if not documents(session, principal, holder=holder, only=sha256):
            raise DocumentNotFound(sha256)


def _hash(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise DocumentNotFound(text) from error


def _document(row: sa.RowMapping) -> Document:
    said = {name: value for name, value in row.items() if name != "holder_id"}
    return Document(**said | {"holder": row["holder_id"], "sha256": bytes(row["sha256"]).hex()})
