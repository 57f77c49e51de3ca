"""The filings that a visitor may see, and the form that opens one."""

from typing import Any

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Response
from sqlmodel import Session

from api.auth.office import Action
from api.doors import FILER, READER
from api.export import table_response
from api.pages.filing_view import STATES, may
from api.pages.shell import Asked, language_of, page, translate
from api.pages.sign_in import Form, onto
from api.pages.users import said_of
from api.problems import N_, problem_of
from api.work.desk import at_desk
from carbon.enterprise.errors import FilingExists, StateRefused
from carbon.enterprise.filing.filing import FilingHead, filings
from carbon.holder import Holder, holder_names, holders
from factors.errors import FactorError
from factors.guide import guides
from ledger.book import Book
from ledger.principal import Principal

PAGE, WHOLE = 50, 100_000
HEAD = ["filing", "holder", "name", "year", "guide", "state", "version", "restates", "import", "created_at", "changed_at"]


@get("/filings", opt=READER, sync_to_thread=True)
def filing_list(
    request: Asked, book: NamedDependency[Book], principal: NamedDependency[Principal], after: FromQuery[str] = ""
) -> Response[str]:  # fmt: skip
    """The filings, each with its state."""
    return _list(request, book, principal, after=after)


@get("/filings/list/{file:str}", opt=READER, sync_to_thread=True)
def filing_list_file(
    file: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[bytes]:  # fmt: skip
    """Every filing that the reader may see, as CSV, XLSX or JSON."""
    with book.reading(principal) as session:
        named = holder_names(session, principal)
        rows = [_row(one, named) for one in filings(session, principal, limit=WHOLE)]
    return table_response(file, stem="filings", head=HEAD, rows=rows)


def _row(one: FilingHead, named: dict[str, str]) -> list[object]:
    said: list[object] = [one.id, one.holder, named.get(one.holder, ""), one.year, one.guide, one.state.value, one.version, one.restates]
    return [*said, one.import_id, one.created_at.isoformat(), one.changed_at.isoformat()]


@post("/filings", opt=FILER, sync_to_thread=True, status_code=303)
def filing_open(
    request: Asked, data: Form, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:  # fmt: skip
    """Open the draft of a year."""
    year = data.get("year", "")
    try:
        with at_desk(request, book, principal) as desk:
            made = desk.open(holder=data.get("holder", ""), year=int(year) if year.isdigit() else 0, guide=data.get("guide", ""))
    except (FilingExists, StateRefused, FactorError) as error:
        return _list(request, book, principal, said=said_of(request, error), typed=data, status=problem_of(error).status)
    return onto(request, f"/filings/{made.id}", N_("Opened. Send a file, or write its lines here."))


def _list(
    request: Asked, book: Book, principal: Principal, *, after: str = "", said: str = "", typed: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:  # fmt: skip
    language = language_of(request)
    with book.reading(principal) as session:
        found = filings(session, principal, after=after, limit=PAGE + 1)
        named = _named(session, principal, found[:PAGE])
        own = holders(session, principal, limit=PAGE) if may(request, Action.FILE) else []
        return page(
            request, "filings.html", session=session, here="filings", status=status, shown=found[:PAGE], named=named, after=after,
            more=found[PAGE - 1].id if len(found) > PAGE else None, own=own, states=STATES, said=said, typed=typed or {},
            say=lambda text: translate(request, text), guides={one.id: getattr(one, f"name_{language}") for one in guides().values()},
            example=translate(request, EXAMPLE) if any(one.example for one in named.values()) else "",
        )  # fmt: skip


EXAMPLE = N_("The firm and its figures are an example.")


def _named(session: Session, principal: Principal, found: list[FilingHead]) -> dict[str, Holder]:
    wanted = {one.holder for one in found}
    return {one.id: one for one in holders(session, principal, limit=WHOLE) if one.id in wanted}
