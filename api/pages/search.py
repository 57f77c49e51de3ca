"""One search for all that a reader may see: divisions, factors, holders by name, entries by number or document, accounts."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from api.doors import READER
from api.export import table_response
from api.finding import Text, search_in
from api.language import Language
from api.pages import words
from api.pages.shell import Asked, language_of, page, translate
from api.places import place_name
from api.problems import N_
from carbon.evidence import explain_entry
from carbon.lookup import accounts_named, entries_of_document, holders_named
from carbon.region.divisions import divisions
from factors.activities import by_id
from factors.library import load_library
from factors.search import Wanted
from ledger.book import Book
from ledger.errors import EntryNotFound
from ledger.principal import Principal

LISTED, WHOLE = 8, 200
ENTRY_DIGITS = 18
HEAD = ["kind", "name", "detail", "address"]
KINDS = {
    "entries": N_("Entries"), "holders": N_("Holders"), "divisions": N_("Areas"), "factors": N_("Factors"), "accounts": N_("Accounts"),
}  # fmt: skip


class Hit(NamedTuple):
    """Something that was found: its kind, name, what tells it from its like, and its page."""

    kind: str
    name: str
    detail: str
    address: str


class Sought(NamedTuple):
    """What is looked for, by whom, in which language and words, and how many of a kind at most."""

    session: Session
    book: Book
    principal: Principal
    text: str
    language: Language
    say: words.Say
    limit: int


def hits(sought: Sought) -> Iterator[Hit]:
    """All that is found, kind by kind; nothing for a blank."""
    if sought.text:
        for kind in (_entries, _holders, _divisions, _factors, _accounts):
            yield from kind(sought)


def _entries(sought: Sought) -> Iterator[Hit]:
    bare = sought.text.removeprefix("#").replace(",", "")
    if bare.isascii() and bare.isdigit() and len(bare) <= ENTRY_DIGITS:
        try:
            view = explain_entry(sought.session, sought.principal, int(bare)).entry
        except EntryNotFound:
            pass
        else:
            yield Hit("entries", f"{int(bare):,}", view.day.isoformat(), f"/{sought.language}/entries/{int(bare)}")
    for one in entries_of_document(sought.session, sought.principal, sought.text, limit=sought.limit):
        activity = by_id().get(one.activity)
        name = (activity.name_zh if sought.language == "zh" else activity.name_en) if activity else one.activity
        yield Hit("entries", f"{one.entry_id:,}", f"{one.reference} · {name}", f"/{sought.language}/entries/{one.entry_id}")


def _holders(sought: Sought) -> Iterator[Hit]:
    for one in holders_named(sought.session, sought.principal, sought.text, limit=sought.limit):
        yield Hit("holders", one.name, one.id, f"/{sought.language}/holders/{one.id}")


def _divisions(sought: Sought) -> Iterator[Hit]:
    tree = divisions()
    for row in tree.search(sought.text, limit=sought.limit):
        above = tree.ever(tree.parent_when_last_valid(row.code))
        detail = f"{row.code} · {above.name(sought.language)}" if above else row.code
        yield Hit("divisions", row.name(sought.language), detail, f"/{sought.language}/regions/{row.code}")


def _factors(sought: Sought) -> Iterator[Hit]:
    found = search_in(load_library(sought.book.home)).find(Wanted(words=sought.text))
    for one in found.factors[: sought.limit] if found.exact else ():
        name = one.name_zh if sought.language == "zh" else one.name_en or one.name_zh
        pack, _, row = one.id.partition("#")
        detail = f"{place_name(one.region, sought.language)} · {one.cited}"
        yield Hit("factors", name, detail, f"/{sought.language}/factors/{pack}/{quote(row)}")


def _accounts(sought: Sought) -> Iterator[Hit]:
    def place(code: str) -> str:
        return place_name(code, sought.language)

    for name, _ in accounts_named(sought.session, sought.principal, sought.text, limit=sought.limit):
        told = words.account(name, sought.say, place)
        if name.startswith("atmosphere/"):  # several differ by their source alone
            told = f"{told} · {words.category(name.rpartition('/')[2], sought.say)}"
        yield Hit("accounts", told, name, f"/{sought.language}/accounts?name={quote(name, safe='/')}")


def _sought(request: Asked, session: Session, book: Book, principal: Principal, q: str, limit: int) -> Sought:
    return Sought(session, book, principal, q.strip(), language_of(request), lambda text: translate(request, text), limit)


@get("/search", opt=READER, sync_to_thread=True)
def search_page(request: Asked, book: NamedDependency[Book], principal: NamedDependency[Principal], q: Text = "") -> Response[str]:
    """What is found, kind by kind, the first few of each."""
    with book.reading(principal) as session:
        found = list(hits(_sought(request, session, book, principal, q, LISTED)))
        kinds: list[tuple[str, list[Any]]] = [(name, [hit for hit in found if hit.kind == kind]) for kind, name in KINDS.items()]
        groups = [(translate(request, name), those) for name, those in kinds if those]
        return page(request, "search.html", session=session, here="search", q=q.strip(), groups=groups, count=len(found), listed=LISTED)


@get("/search/{file:str}", opt=READER, sync_to_thread=True)
def search_file(
    request: Asked, book: NamedDependency[Book], principal: NamedDependency[Principal], file: FromPath[str], q: Text = ""
) -> Response[bytes]:
    """What is found, as CSV or JSON, up to 200 of each kind."""
    with book.reading(principal) as session:
        rows = [list(hit) for hit in hits(_sought(request, session, book, principal, q, WHOLE))]
    return table_response(file, stem="found", head=HEAD, rows=rows)
