"""Who owns a firm: the tables of owners that hold, all that was ever told, what the firm owns itself, and the form to tell a new table."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from litestar import get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Response

from api.doors import FILER, READER
from api.export import table_response
from api.pages.firm import APPROACHES
from api.pages.firm_frame import firm_frame
from api.pages.shell import Asked, page
from api.pages.sign_in import Form, onto
from api.pages.typed import Typed
from api.pages.users import said_of
from api.problems import N_
from api.work.desk import desk_of
from carbon.answer import decimal_text
from carbon.enterprise.errors import BadShares
from carbon.enterprise.firm import APPROACHES as KNOWN
from carbon.enterprise.owners import REASON_MAX, Part, Share, standing_on, tell_owners, told_shares
from carbon.enterprise.shares import WHOLE
from carbon.errors import HolderNotFound
from carbon.holder import find_holder, holder_names, sites
from ledger.book import Book
from ledger.principal import Principal

PERCENT = WHOLE // 100
"""Millionths of a percent."""
SPARE = 2
"""Empty rows below those that are filled."""
HEAD = ["holder", "site", "approach", "valid_from", "owner", "owner_name", "ppm", "reason", "actor", "said_at"]
TABLES = ("owners", "owned", "history")


@get("/holders/{holder_id:str}/shares", opt=READER, sync_to_thread=True)
def shares_page(
    request: Asked, holder_id: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[str]:
    """Who owns the firm, from which day, and what it owns."""
    return _page(request, book, principal, holder_id)


@get("/holders/{holder_id:str}/shares/{file:str}", opt=READER, sync_to_thread=True)
def shares_file(
    request: Asked, holder_id: FromPath[str], file: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[bytes]:
    """A table of the page as CSV, XLSX or JSON: owners, owned, history."""
    name, today = file.rpartition(".")[0], desk_of(request, book, principal).today
    with book.reading(principal) as session:
        find_holder(session, principal, holder_id)
        told, names = told_shares(session, principal, holder=holder_id), holder_names(session, principal)
    found = {
        "owners": standing_on([one for one in told if one.holder == holder_id], today),
        "owned": standing_on([one for one in told if one.owner == holder_id], today), "history": told,
    }  # fmt: skip
    if name not in found:
        raise NotFoundException(detail=f"no table {name[:40]!r} of shares: {', '.join(TABLES)}")
    return table_response(file, stem=f"{holder_id}-{name}", head=HEAD, rows=[row_of(one, names) for one in found[name]])


@post("/holders/{holder_id:str}/shares", opt=FILER, sync_to_thread=True, status_code=303)
def shares_tell(
    request: Asked, holder_id: FromPath[str], data: Form, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:
    """Tell a new table of owners."""
    typed = Typed(request, data)
    said = _said(typed)
    if typed.wrong or "more" in data:
        return _page(request, book, principal, holder_id, typed=typed, status=422 if typed.wrong and "more" not in data else 200)
    try:
        with book.writing() as session:
            tell_owners(session, principal, holder=holder_id, now=desk_of(request, book, principal).now, **said)
    except (BadShares, HolderNotFound) as error:
        _blame(typed, error, holder_id)
        return _page(request, book, principal, holder_id, typed=typed, error=error, status=422)
    return onto(request, f"/holders/{holder_id}/shares", N_("The table is told. The one before holds until that day."))


def row_of(one: Share, names: dict[str, str]) -> list[object]:
    """A share as it is exported."""
    return [
        one.holder, one.site, one.approach, one.valid_from.isoformat(), one.owner, names.get(one.owner, ""), one.ppm, one.reason, one.actor,
        one.said_at.isoformat(),
    ]  # fmt: skip


def percent(ppm: int) -> str:
    """Millionths in percent, as many decimals as there are."""
    return decimal_text(Fraction(ppm, PERCENT))


def _said(typed: Typed) -> dict[str, Any]:
    """The table that the form tells, for `tell_owners`."""
    approach = typed.text("approach")
    if approach not in KNOWN:
        typed.refuse("approach", N_("Choose one of the list."))
    parts = []
    for no in range(typed.rows("rows", least=1)):
        if typed.fields.get(f"owner-{no}", "").strip() or typed.fields.get(f"part-{no}", "").strip():
            parts.append(Part(owner=typed.text(f"owner-{no}", needed=True), ppm=typed.whole(f"part-{no}", scale=PERCENT, most=WHOLE)))
            if parts[-1].owner and parts[-1].owner in {one.owner for one in parts[:-1]}:
                typed.refuse(f"owner-{no}", N_("Each owner is named once."))
    if sum(one.ppm for one in parts) > WHOLE:
        typed.refuse(
            "parts", N_("All parts together are {percent} %, more than the whole."), percent=percent(sum(one.ppm for one in parts))
        )
    return {
        "approach": approach, "parts": parts, "valid_from": typed.day("valid_from"), "site": typed.text("site"),
        "reason": typed.text("reason", needed=True, longest=REASON_MAX),
    }  # fmt: skip


def _blame(typed: Typed, error: BadShares | HolderNotFound, holder: str) -> None:
    """Say beside the field what the books refused."""
    if isinstance(error, HolderNotFound):
        if error.holder == holder:
            raise error
        for name, text in typed.fields.items():
            if name.startswith("owner-") and text.strip() == error.holder:
                typed.refuse(name, N_("No holder has this number."))
    elif error.field:
        typed.refused_by_books(error.field, error.reason)


def _page(
    request: Asked, book: Book, principal: Principal, holder_id: str, *, typed: Typed | None = None, error: Exception | None = None,
    status: int = 200,
) -> Response[str]:  # fmt: skip
    day = desk_of(request, book, principal).today
    with book.reading(principal) as session:
        frame = firm_frame(request, session, principal, holder_id, "shares")
        told, names = told_shares(session, principal, holder=holder_id), holder_names(session, principal)
        own = [one for one in told if one.holder == holder_id]
        return page(
            request, "shares.html", **frame, status=status, day=day, names=names, approaches=APPROACHES, percent=percent, whole=WHOLE,
            tables=_tables(standing_on(own, day)), history=sorted(own, key=lambda one: (one.valid_from, one.said_at), reverse=True),
            owned=standing_on([one for one in told if one.owner == holder_id and one.holder != holder_id], day),
            places_of=[(one.code, one.name) for one in sites(session, principal, holder=holder_id)],
            kinds=[(one, frame["say"](APPROACHES[one])) for one in KNOWN],
            typed=_fields(typed, standing_on(own, day), day.isoformat()), wrong=typed.wrong if typed else {},
            said=said_of(request, error) if error and not (typed and typed.wrong) else "",
        )  # fmt: skip


def _tables(standing: Sequence[Share]) -> list[dict[str, Any]]:
    """What holds today, a table an approach and site: since when, who, how much, and what is left to owners outside the book."""
    found: dict[tuple[str, str], list[Share]] = {}
    for one in standing:
        found.setdefault((one.approach, one.site), []).append(one)
    return [
        {"approach": approach, "site": site, "since": max(one.valid_from for one in of), "shares": sorted(of, key=lambda one: -one.ppm),
         "outside": WHOLE - sum(one.ppm for one in of)}
        for (approach, site), of in sorted(found.items())
    ]  # fmt: skip


def _fields(typed: Typed | None, standing: Sequence[Share], today: str) -> dict[str, str]:
    """What the form shows: what was typed, or the owners by equity that hold."""
    if typed is not None:
        rows = typed.rows("rows", least=1) + (SPARE if "more" in typed.fields else 0)
        return dict(typed.fields) | {"rows": str(rows)}
    held = [one for one in standing if one.approach == "equity" and not one.site]
    filled = {f"owner-{no}": one.owner for no, one in enumerate(held)} | {f"part-{no}": percent(one.ppm) for no, one in enumerate(held)}
    return filled | {"rows": str(len(held) + SPARE), "approach": "equity", "valid_from": today, "site": "", "reason": ""}
