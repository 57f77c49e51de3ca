"""Who owns a firm: its tables of owners, told from a day on and kept, and what it owns itself."""

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.doors import FILER, READER
from api.paging import After, Limit, part_of
from api.work.desk import desk_of
from carbon.enterprise.owners import REASON_MAX, Part, Share, tell_owners, told_shares
from carbon.holder import find_holder
from ledger.book import Book
from ledger.principal import Principal

Asked = Request[Any, Any, Any]


class NewOwners(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of owners: `approach` is equity, financial or operational, `site` the code of one site alone, and nobody but `parts` owns."""

    approach: str
    valid_from: date
    reason: Annotated[str, msgspec.Meta(max_length=REASON_MAX)]
    parts: Annotated[list[Part], msgspec.Meta(max_length=200)]
    site: str = ""


def key_of(one: Share) -> str:
    """What a list of shares goes on after."""
    return f"{one.holder}/{one.approach}/{one.site}/{one.valid_from}/{one.owner}"


@get("/holders/{holder:str}/shares", opt=READER, sync_to_thread=True, tags=["firms"])
def list_shares(
    request: Asked, holder: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal], after: After = "",
    limit: Limit = 1000,
) -> Response[list[Share]]:  # fmt: skip
    """Every share in the firm, and of the firm in others, as it was told: from which day, why, by whom and when."""
    with book.reading(principal) as session:
        find_holder(session, principal, holder)
        found = told_shares(session, principal, holder=holder)
    return part_of(request, found, after=after, limit=limit, key=key_of)


@post("/holders/{holder:str}/shares", opt=FILER, sync_to_thread=True, tags=["firms"])
def tell_shares(
    request: Asked, holder: FromPath[str], data: JSONBody[NewOwners], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> list[Share]:
    """Tell who owns the firm from a day on, all of them; what was told before stays and holds until that day."""
    now = desk_of(request, book, principal).now
    with book.writing() as session:
        return tell_owners(
            session, principal, holder=holder, approach=data.approach, parts=data.parts, valid_from=data.valid_from, reason=data.reason,
            site=data.site, now=now,
        )  # fmt: skip
