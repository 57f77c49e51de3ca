"""The record of access, for the auditor: who did what, on what, when, with what result, and whether the record holds."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from urllib.parse import urlencode

from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.exceptions import ValidationException
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Response

from api.audit.found import HEAD, Wanted, actions, find, size
from api.audit.recorder import object_digest
from api.audit.sign import reach
from api.doors import AUDITOR
from api.export import table_response
from api.pages.shell import Asked, page
from api.pages.words import ACTIONS
from ledger.book import Book

PAGE, WHOLE = 50, 100_000
Before = Annotated[int | None, QueryParameter(ge=0, le=2**63 - 1)]


def asked_for(
    since: FromQuery[str] = "", until: FromQuery[str] = "", user: FromQuery[str] = "", action: FromQuery[str] = "",
    about: Annotated[str, QueryParameter(name="object")] = "", refused: FromQuery[Literal["", "true"]] = "",
) -> Wanted:  # fmt: skip
    """The filters of an address: days are those of UTC, the last one inclusive; an empty one filters nothing."""
    last = _day(until, "until")
    return Wanted(
        since=_day(since, "since"), until=last + timedelta(days=1) if last else None, user=user.strip(), action=action.strip(),
        object=about.strip(), refused=bool(refused),
    )  # fmt: skip


def _day(text: str, name: str) -> datetime | None:
    """The beginning of a day, from 1970 to 9998."""
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time.min, UTC).replace(year=max(1970, min(int(text[:4]), 9998)))
    except ValueError as error:
        raise ValidationException(detail=f"{name}: a day such as 2026-11-28") from error


WANTED = {"wanted": Provide(asked_for, sync_to_thread=False)}


@get("/access", opt=AUDITOR, sync_to_thread=True, dependencies=WANTED)
def access_list(request: Asked, book: NamedDependency[Book], wanted: NamedDependency[Wanted], before: Before = None) -> Response[str]:
    """Records, the newest first, a page at a time."""
    with book.reading() as session:
        found, more = find(session, wanted, digest=object_digest(request.app.state.vault), before=before, limit=PAGE)
        return page(
            request, "access.html", session=session, here="access", found=found, more=more, before=before, wanted=wanted,
            query=urlencode(_query(request)), in_query=dict(_query(request)), actions=actions(session), size=size(session),
            signed=reach(book), action_words=ACTIONS,
        )  # fmt: skip


@get("/access/{file:str}", opt=AUDITOR, sync_to_thread=True, dependencies=WANTED)
def access_file(request: Asked, file: FromPath[str], book: NamedDependency[Book], wanted: NamedDependency[Wanted]) -> Response[bytes]:
    """The records of the filters as CSV, XLSX or JSON, the newest 100,000 of them."""
    with book.reading() as session:
        found, _ = find(session, wanted, digest=object_digest(request.app.state.vault), limit=WHOLE)
    rows = [[one[name] if name != "at" else one["at"].isoformat() for name in HEAD] for one in found]
    return table_response(file, stem="access", head=HEAD, rows=rows)


def _query(request: Asked) -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.query_params.multi_items() if name != "before" and value]
