"""Monthly evidence of a firm: the chain of its packets, which month is late, and the form to file one with its documents."""

from typing import Annotated, Any

from litestar import get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body, FromPath
from litestar.response import Response
from sqlmodel import Session

from api.doors import FILER, READER
from api.export import table_response
from api.numbers import AskedYear
from api.pages.firm_frame import firm_frame
from api.pages.inventory_tables import Table
from api.pages.shell import Asked, language_of, page
from api.pages.sign_in import onto
from api.pages.units import month_typed
from api.pages.users import said_of
from api.problems import N_, problem_of
from api.reasons import in_words
from api.work.desk import desk_of
from carbon.enterprise.errors import DocumentRefused, PacketRefused
from carbon.enterprise.filing.document import attach, document
from carbon.enterprise.filing.packet import KINDS, NEEDED, Evidence, Reading, check_packets, file_packet, overdue, packets
from carbon.holder import find_holder
from ledger.book import Book
from ledger.principal import Principal

Multipart = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]
KIND_NAMES = {
    "fuel": N_("fuel"), "calorific-value": N_("calorific value"), "electricity": N_("electricity"), "output": N_("output"),
    "carbon-content": N_("carbon content"), "heat": N_("heat"), "material": N_("material"),
}  # fmt: skip


@get("/holders/{holder_id:str}/packets", opt=READER, sync_to_thread=True)
def packets_page(
    request: Asked, holder_id: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal],
    year: AskedYear = None,
) -> Response[str]:  # fmt: skip
    """The packets of a firm, the latest first, and the months of a year that have none though their day is past."""
    return _page(request, book, principal, holder_id, year=year)


@get("/holders/{holder_id:str}/packets/{file:str}", opt=READER, sync_to_thread=True)
def packets_file(
    holder_id: FromPath[str], file: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[bytes]:
    """Packets or readings as CSV, XLSX or JSON; or the bytes of a document, by its hash."""
    name, _, kind = file.rpartition(".")
    with book.reading(principal) as session:
        find_holder(session, principal, holder_id)
        if not kind or not name:
            found, data = document(session, principal, holder=holder_id, sha256=file)
            headers = {"Content-Disposition": f'attachment; filename="{found.sha256[:16]}"', "X-Content-Type-Options": "nosniff"}
            return Response(data, media_type=found.media_type, headers=headers)
        head, rows = packet_table(session, principal, holder_id, name)
    return table_response(file, stem=f"{holder_id}-{name}", head=head, rows=rows)


@post("/holders/{holder_id:str}/packets", opt=FILER, sync_to_thread=True, status_code=303)
def packet_send(
    request: Asked, holder_id: FromPath[str], data: Multipart, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:
    """File a month's packet with the documents that prove it, in one transaction."""
    typed, desk = {key: str(value) for key, value in data.items() if isinstance(value, str)}, desk_of(request, book, principal)
    try:
        with book.writing() as session:
            kept = {name: (_attached(session, principal, holder_id, data.get(f"{name}-file"), desk.now)) for name in KINDS}
            made = file_packet(
                session, principal, holder=holder_id, month=month_typed(typed), now=desk.now, today=desk.today,
                readings=readings_typed(typed, kept), absent=absent_typed(typed), reason=typed.get("reason", ""),
            )  # fmt: skip
    except (DocumentRefused, PacketRefused) as error:
        said, status = said_of(request, error), problem_of(error).status
        return _page(request, book, principal, holder_id, said=said, typed=typed, status=status)
    late = N_("Filed, after its day; the packet says so.") if made.late else N_("Filed, and chained to the packet before it.")
    return onto(request, f"/holders/{holder_id}/packets", late, kind="warn" if made.late else "good")


def _attached(session: Session, principal: Principal, holder_id: str, sent: Any, now: Any) -> tuple[str, ...]:
    """The hash of the document that was sent for a reading, if one was."""
    if not isinstance(sent, UploadFile) or not sent.filename:
        return ()
    return (attach(session, principal, holder=holder_id, name=sent.filename, data=sent.file.read(), now=now).sha256,)


def readings_typed(typed: dict[str, str], kept: dict[str, tuple[str, ...]]) -> list[Reading]:
    """The readings of a form: of each kind where a quantity was typed."""
    return [
        Reading(
            kind=kind, source=typed.get(f"{kind}-source", "").strip(), quantity=typed[f"{kind}-quantity"].strip(),
            unit=typed.get(f"{kind}-unit", "").strip(), instrument=typed.get(f"{kind}-instrument", "").strip(), documents=kept[kind],
        )
        for kind in KINDS if typed.get(f"{kind}-quantity", "").strip()
    ]  # fmt: skip


def absent_typed(typed: dict[str, str]) -> dict[str, str]:
    """Why there is nothing of a kind."""
    return {kind: typed[f"{kind}-absent"].strip() for kind in KINDS if typed.get(f"{kind}-absent", "").strip()}


def packet_table(session: Session, principal: Principal, holder_id: str, name: str) -> Table:
    """A table of the page by its name. Raises NotFoundException."""
    every = packets(session, principal, holder=holder_id)
    if name == "packets":
        head = ["month", "version", "filed_on", "due", "late_days", "readings", "documents", "before", "sha256", "actor", "reason"]
        return head, [
            [one.manifest.month, one.manifest.version, one.manifest.filed_on.isoformat(), one.due.isoformat(), one.late,
             len(one.manifest.readings), len(one.manifest.documents), one.before, one.sha256, one.actor, one.manifest.reason]
            for one in every
        ]  # fmt: skip
    if name == "readings":
        head = ["month", "version", "kind", "source", "quantity", "unit", "instrument", "documents"]
        return head, [
            [one.manifest.month, one.manifest.version, it.kind, it.source, it.quantity, it.unit, it.instrument, " ".join(it.documents)]
            for one in every for it in one.manifest.readings
        ]  # fmt: skip
    raise NotFoundException(detail=f"no table {name!r} of evidence: packets, readings")


def _page(
    request: Asked, book: Book, principal: Principal, holder_id: str, *, year: int | None = None, said: str = "",
    typed: dict[str, str] | None = None, status: int = 200,
) -> Response[str]:  # fmt: skip
    today = desk_of(request, book, principal).today
    wanted = year or today.year
    with book.reading(principal) as session:
        frame = firm_frame(request, session, principal, holder_id, "packets")
        every, faults = packets(session, principal, holder=holder_id), check_packets(session, principal, holder=holder_id)
        return page(
            request, "packets.html", **frame, status=status, said=said, typed=typed or {}, found=list(reversed(every)), year=wanted,
            missing=overdue(every, year=wanted, today=today), rule=Evidence(), kinds=KIND_NAMES,
            faults=[(one.month, in_words(one.reason, language_of(request))) for one in faults], needed=NEEDED, every_kind=KINDS,
        )  # fmt: skip
