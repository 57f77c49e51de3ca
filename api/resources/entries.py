"""Entries and the lines of activity data behind them."""

from dataclasses import asdict
from typing import Annotated, Any

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, PathParameter

from api.doors import READER
from api.pages.entry import value_of
from api.resources.wire import wire
from carbon.evidence import explain_entry
from factors.gwp import DEFAULT_SET, gwp_set
from ledger.book import Book
from ledger.errors import EntryNotFound
from ledger.principal import Principal

EntryId = Annotated[int, PathParameter(ge=0, le=2**63 - 1)]


@get("/entries/{entry_id:int}", opt=READER, sync_to_thread=True, tags=["ledger"])
def entry(
    entry_id: EntryId, book: NamedDependency[Book], principal: NamedDependency[Principal], gwp: FromQuery[str] = DEFAULT_SET
) -> dict[str, Any]:
    """An entry: its legs, its value, its leaf in the log, and the walk to activity line, factor and source."""
    prices = gwp_set(gwp)
    with book.reading(principal) as session:
        explained = explain_entry(session, principal, entry_id)
    told = wire(asdict(explained))
    assert isinstance(told, dict)
    told["entry"]["payload"] = explained.entry.payload.decode()
    co2e = value_of(explained.entry.legs, prices)
    return told | {"gwp": gwp, "co2e_g": None if co2e is None else str(co2e)}


@get("/lines/{entry_id:int}", opt=READER, sync_to_thread=True, tags=["ledger"])
def line(entry_id: EntryId, book: NamedDependency[Book], principal: NamedDependency[Principal]) -> dict[str, Any]:
    """The line of activity data that became an entry, with the file and the row in which it stands."""
    with book.reading(principal) as session:
        explained = explain_entry(session, principal, entry_id)
    if explained.line is None:
        raise EntryNotFound(entry_id)
    told = wire(asdict(explained.line))
    assert isinstance(told, dict)
    return told
