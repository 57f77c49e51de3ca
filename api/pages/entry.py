"""Entries: one with all that led to it, and the list behind a figure."""

from collections.abc import Iterable
from typing import Annotated, Any

from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, PathParameter, QueryParameter
from litestar.response import Response

from api.doors import READER
from api.export import table_response
from api.pages import words
from api.pages.filed import HEAD, Asking, found_lines
from api.pages.formula import formulas
from api.pages.guide import MARKS
from api.pages.region import EXAMPLE
from api.pages.shell import Asked, language_of, page, translate
from carbon.chart import parse_cell
from carbon.evidence import Explanation, explain_entry
from carbon.holder import Holder, find_holder
from carbon.region.divisions import NATION, divisions
from factors.activities import by_id
from factors.errors import NoGwp
from factors.gwp import DEFAULT_SET, GwpSet, gwp_set, gwp_sets, valuation
from ledger.balances import EntryView
from ledger.book import Book
from ledger.checkpoint import note_over, public_key, read_note
from ledger.errors import BadProof
from ledger.principal import Principal

REPORTS = ("SAR.100", "TAR.100", "AR4.100", "AR5.100", "AR6.100")
EntryId = Annotated[int, PathParameter(ge=0, le=2**63 - 1)]
After = Annotated[int, QueryParameter(ge=-1, le=2**63 - 1)]


def value_of(legs: Iterable[Any], prices: GwpSet) -> int | None:
    """Grams of CO2e of the debits, or None where the set does not price one of the gases."""
    debits: dict[str, int] = {}
    for leg in legs:
        if leg.amount > 0:
            debits[leg.commodity] = debits.get(leg.commodity, 0) + leg.amount
    try:
        return valuation(debits, prices)
    except NoGwp:
        return None


def gases_of(view: EntryView) -> list[tuple[str, str, list[Any]]]:
    """The legs by gas, the debits first: a gas, its unit, its legs."""
    found: dict[str, list[Any]] = {}
    for leg in view.legs:
        found.setdefault(leg.commodity, []).append(leg)
    order = sorted(found, key=lambda gas: (not gas.startswith("CO2"), gas))
    return [(gas, found[gas][0].unit, sorted(found[gas], key=lambda leg: -leg.amount)) for gas in order]


def checkpointed(book: Book, view: EntryView) -> str:
    """Whether the log's root is the one signed outside the database: ``signed``, ``other`` (it is not), or ``none`` (nobody signed)."""
    key, note = public_key(book.home / "secrets"), note_over(book.checkpoint_file, view.log_size)
    if key is None or note is None:
        return "none"
    try:
        return "signed" if read_note(note, key).root == view.log_root else "other"
    except BadProof:
        return "other"


def entry_context(request: Asked, book: Book, explained: Explanation, holder: Holder | None, gwp: str) -> dict[str, Any]:
    """Everything that entry.html names."""
    language = language_of(request)

    def say(text: str) -> str:
        return translate(request, text)

    def place(code: str) -> str:
        division = divisions().ever(code)
        return division.name(language) if division else code

    view, line = explained.entry, explained.line
    activity = by_id().get(line.activity) if line else None
    return {
        "entry": view, "line": line, "holder": holder, "resolution": explained.resolution, "gases": gases_of(view),
        "formulas": formulas(explained), "value": value_of(view.legs, gwp_set(gwp)), "gwp": gwp,
        "gwp_sets": [name for name in REPORTS if name in gwp_sets()],
        "account": lambda name: words.account(name, say, place), "place": place, "activity": activity, "words": words, "say": say,
        "signed": checkpointed(book, view), "guide_marks": MARKS,
        "category": words.category(parse_cell(line.cell).category, say, book=view.book) if line else "",
        "activity_name": (activity.name_zh if language == "zh" else activity.name_en) if activity else "",
    }  # fmt: skip


@get("/entries/{entry_id:int}", opt=READER, sync_to_thread=True)
def entry_page(
    request: Asked, entry_id: EntryId, book: NamedDependency[Book], principal: NamedDependency[Principal], gwp: FromQuery[str] = DEFAULT_SET
) -> Response[str]:
    """One entry: debit and credit by gas, its value, its proof, and the walk to its file, factor and source."""
    with book.reading(principal) as session:
        explained = explain_entry(session, principal, entry_id)
        holder = find_holder(session, principal, explained.line.holder) if explained.line else None
        example = translate(request, EXAMPLE) if holder and holder.example else ""
        context = entry_context(request, book, explained, holder, gwp)
        return page(request, "entry.html", session=session, here="ledger", example=example, **context)


@get("/entries/{entry_id:int}/{file:str}", opt=READER, sync_to_thread=True)
def entry_file(
    entry_id: EntryId, file: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[bytes]:
    """The legs of an entry as CSV or JSON."""
    if file.rpartition(".")[0] != "legs":
        raise NotFoundException(detail=f"no such file {file}: legs.csv or legs.json")
    with book.reading(principal) as session:
        view = explain_entry(session, principal, entry_id).entry
    rows = [[view.id, view.day.isoformat(), view.book, view.kind, leg.account, leg.commodity, leg.unit, leg.amount] for leg in view.legs]
    return table_response(
        file, stem=f"entry-{entry_id}", head=["entry", "day", "book", "kind", "account", "commodity", "unit", "amount"], rows=rows
    )


def _asking(
    division: FromQuery[str] = "", year: Annotated[int | None, QueryParameter(ge=1, le=9999)] = None,
    account_book: Annotated[str, QueryParameter(name="book")] = "", account_scope: Annotated[str, QueryParameter(name="scope")] = "",
    category: FromQuery[str] = "", holder: FromQuery[str] = "", site: FromQuery[str] = "", gwp: FromQuery[str] = DEFAULT_SET,
    month: Annotated[str, QueryParameter(pattern=r"^([0-9]{6}|none)?$")] = "", activity: FromQuery[str] = "",
) -> Asking:  # fmt: skip
    return Asking(
        division=division or NATION, year=year, book=account_book, scope=account_scope, category=category, holder=holder, site=site,
        gwp=gwp, month=month, activity=activity,
    )  # fmt: skip


ASKING = {"asking": Provide(_asking, sync_to_thread=False)}


@get("/entries", opt=READER, sync_to_thread=True, dependencies=ASKING)
def entry_list(
    request: Asked, book: NamedDependency[Book], principal: NamedDependency[Principal], asking: NamedDependency[Asking], after: After = -1
) -> Response[str]:
    """The entries behind a figure, a page at a time, with their total."""
    with book.reading(principal) as session:
        found = found_lines(session, principal, asking, after=after, whole=False)
        place = divisions().ever(asking.division)
        context: dict[str, Any] = {
            "asking": asking, "found": found, "words": words, "say": lambda text: translate(request, text), "after": after,
            "query": asking.query(), "place": place.name(language_of(request)) if place else asking.division, "activities": by_id(),
        }  # fmt: skip
        example = translate(request, EXAMPLE) if found.example else ""
        return page(request, "entries.html", session=session, here="ledger", example=example, **context)


@get("/entries/list/{file:str}", opt=READER, sync_to_thread=True, dependencies=ASKING)
def entry_list_file(
    file: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal], asking: NamedDependency[Asking]
) -> Response[bytes]:
    """All entries behind a figure as CSV or JSON."""
    with book.reading(principal) as session:
        found = found_lines(session, principal, asking, after=-1, whole=True)
    return table_response(file, stem=f"entries-{asking.division}-{asking.year or 'all'}", head=HEAD, rows=found.table())
