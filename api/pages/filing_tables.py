"""The twins of a filing's tables: problems, lines, inventory, bridges, findings, events, each as CSV, XLSX or JSON."""

from collections.abc import Callable
from dataclasses import dataclass

from litestar import get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Response

from api.doors import READER
from api.export import TYPES, table_response
from api.pages import filing_view as view
from api.pages.shell import Asked, language_of, translate
from api.work.desk import Desk, desk_of
from carbon.enterprise.filing.bridge import Bridge
from carbon.enterprise.filing.filing import content, history
from carbon.enterprise.filing.finding import Finding
from carbon.enterprise.preparing import Judged, inventory_of, marked
from ledger.book import Book
from ledger.principal import Principal

Twin = tuple[list[str], list[list[object]]]


@dataclass(frozen=True, slots=True)
class Seen:
    """A filing as it was judged, for whoever asks."""

    request: Asked
    desk: Desk
    judged: Judged


@get("/filings/{filing:str}/{file:str}", opt=READER, sync_to_thread=True)
def filing_file(
    request: Asked, filing: FromPath[str], file: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[bytes]:  # fmt: skip
    """A table of the page; ``lines.csv`` is what is hashed, signed for and booked, ``marked.xlsx`` the firm's own workbook, marked."""
    desk, stem = desk_of(request, book, principal), file.partition(".")[0]
    if file == "lines.csv":
        with book.reading(principal) as session:
            return _sent(content(session, principal, filing)[1], "csv", file)
    seen = Seen(request, desk, desk.judged(filing))
    if file == "marked.xlsx":
        return _sent(marked(book, principal, seen.judged)[1], "xlsx", file)
    if stem not in TWINS:
        raise NotFoundException(detail=f"no such table {file}")
    head, rows = TWINS[stem](seen)
    return table_response(file, stem=stem, head=head, rows=rows)


def _sent(data: bytes, kind: str, name: str) -> Response[bytes]:
    return Response(data, media_type=TYPES[kind], headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _problems(seen: Seen) -> Twin:
    head = ["row", "column", "cell", "value", "weight", "code", "reason", "key"]
    cell, found = seen.judged.cell, seen.judged.problems
    return head, [[one.row, one.column, cell(one), one.value, one.weight.value, one.code, one.reason, one.key] for one in found]


def _inventory(seen: Seen) -> Twin:
    found = inventory_of(seen.desk.book, seen.desk.principal, seen.judged, seen.desk.prices)
    rows = view.inventory_rows(found, lambda text: translate(seen.request, text), language_of(seen.request)) if found else []
    head = ["label", "co2e_g", "uncertainty_pct", "tier", "kind"]
    return head, [[one["label"], one["g"], one["pct"], one["tier"], one["kind"]] for one in rows if one["kind"] != "gap"]


def _bridge(seen: Seen) -> Twin:
    with seen.desk.book.reading(seen.desk.principal) as session:
        return _parts(view.bridge_from_last_year(session, seen.desk.principal, seen.judged, seen.desk.prices))


def _restated(seen: Seen) -> Twin:
    booked = seen.judged.filing.stand.booked
    return _parts(booked.bridge if booked else None)


def _parts(way: Bridge | None) -> Twin:
    return ["part", "co2e_g"], view.bridge_table(way) if way else []


def _events(seen: Seen) -> Twin:
    with seen.desk.book.reading(seen.desk.principal) as session:
        told = history(session, seen.desk.principal, seen.judged.filing.id)
    head = ["no", "kind", "party", "actor", "at"]
    return head, [[one.no, view.kind_of(one.what).value, one.party.value, one.actor, one.at.isoformat()] for one in told]


def _findings(seen: Seen) -> Twin:
    head = [
        "no", "weight", "line", "field", "text", "declared", "verified", "declared_g", "verified_g", "effect_g", "conservative", "state",
    ]  # fmt: skip
    return head, [
        [one.no, one.weight.value, one.line, one.field, one.text, *_held(one), "closed" if one.settled else one.waits_for]
        for one in seen.judged.filing.stand.findings
    ]


def _held(one: Finding) -> list[object]:
    held = one.verified
    if held is None:
        return [None] * 6
    return [held.declared, held.value, held.declared_g, held.verified_g, held.effect_g, "yes" if held.conservative else "no"]


TWINS: dict[str, Callable[[Seen], Twin]] = {
    "problems": _problems, "inventory": _inventory, "bridge": _bridge, "restatement": _restated, "events": _events, "findings": _findings,
}  # fmt: skip
