"""Carbon efficiency: the firms of an area by colour and word, and one firm's tags with the form to appeal and to decide."""

from typing import Any

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from api.auth.office import Action
from api.doors import AUTHORITY, FILER, READER
from api.export import table_response
from api.language import Language
from api.numbers import AskedYear
from api.pages.compliance import whole
from api.pages.firm_frame import firm_frame, may
from api.pages.inventory_tables import Table
from api.pages.region import EXAMPLE
from api.pages.shell import Asked, language_of, page, translate
from api.pages.sign_in import Form, onto
from api.pages.users import said_of
from api.problems import N_, problem_of
from api.work.desk import desk_of
from carbon.enterprise.efficiency.grade import GREY, Tag
from carbon.enterprise.efficiency.pack import packs
from carbon.enterprise.efficiency.tag import appeal, decide, tags
from carbon.enterprise.efficiency.view import Standing, standings
from carbon.enterprise.errors import BadUnit, TagRefused
from carbon.holder import find_holder, holders
from carbon.region.divisions import divisions
from ledger.book import Book
from ledger.principal import Principal

LOOKS = {
    "deep-green": "good", "light-green": "good", "green": "good", "blue": "good", "yellow": "warn", "orange": "warn", "red": "bad",
    GREY: "none",
}  # fmt: skip
"""The shape of a colour: disc, triangle, square, and a dashed ring for grey; the word is written beside it."""
COLOURS = {
    "deep-green": N_("deep green"), "light-green": N_("light green"), "green": N_("green"), "blue": N_("blue"), "yellow": N_("yellow"),
    "orange": N_("orange"), "red": N_("red"), GREY: N_("grey"),
}  # fmt: skip
REASONS = {
    "not-in-force": N_("the rule is not in force for the year"), "data-missing": N_("data are missing"),
    "not-verified": N_("not verified"), "value-added": N_("value added is not above zero"),
    "coverage": N_("too little of its energy is covered"), "no-mean": N_("no mean of the industry"),
}  # fmt: skip
HEAD = [
    "holder", "name", "industry", "divisions", "year", "no", "rule", "mark", "l", "k", "grade", "colour", "reason", "coverage",
    "coverage_how", "lines_tce", "firm_tce", "mean_l", "mean_firms", "appeal", "decision",
]  # fmt: skip
WHOLE = 1_000_000


@get("/efficiency", opt=READER, sync_to_thread=True)
def efficiency_list(
    request: Asked, book: NamedDependency[Book], principal: NamedDependency[Principal], division: FromQuery[str] = "",
    industry: FromQuery[str] = "", year: AskedYear = None,
) -> Response[str]:  # fmt: skip
    """The firms that the reader may see, each with the tag that stands."""
    with book.reading(principal) as session:
        found = standings(session, principal, division=division.strip(), industry=industry.strip(), year=year)
        example = any(one.example and one.id in {row.holder for row in found} for one in holders(session, principal, limit=WHOLE))
        return page(
            request, "efficiency_list.html", session=session, here="firms", found=found, division=division, industry=industry, year=year,
            query=request.url.query, example=translate(request, EXAMPLE) if example else "", **efficiency_words(request),
        )  # fmt: skip


@get("/efficiency/{file:str}", opt=READER, sync_to_thread=True)
def efficiency_list_file(
    file: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal], division: FromQuery[str] = "",
    industry: FromQuery[str] = "", year: AskedYear = None,
) -> Response[bytes]:  # fmt: skip
    """The list as CSV, XLSX or JSON."""
    with book.reading(principal) as session:
        found = standings(session, principal, division=division.strip(), industry=industry.strip(), year=year)
    return table_response(file, stem="efficiency", head=HEAD, rows=[_row(one) for one in found])


@get("/holders/{holder_id:str}/efficiency", opt=READER, sync_to_thread=True)
def efficiency_page(
    request: Asked, holder_id: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[str]:
    """A firm's tags by year, with appeals and decisions."""
    return _page(request, book, principal, holder_id)


@get("/holders/{holder_id:str}/efficiency/{file:str}", opt=READER, sync_to_thread=True)
def efficiency_file(
    holder_id: FromPath[str], file: FromPath[str], book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[bytes]:
    """The tags that stand, or with history.csv all that was said, as CSV, XLSX or JSON."""
    name = file.rpartition(".")[0]
    with book.reading(principal) as session:
        find_holder(session, principal, holder_id)
        head, rows = (
            _history(session, principal, holder_id)
            if name == "history"
            else (HEAD, [_row(one) for one in standings(session, principal, holder=holder_id)])
        )
    return table_response(file, stem=f"{holder_id}-efficiency", head=head, rows=rows)


@post("/holders/{holder_id:str}/efficiency/appeals", opt=FILER, sync_to_thread=True, status_code=303)
def appeal_send(
    request: Asked, holder_id: FromPath[str], data: Form, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:
    """Appeal against a tag."""
    try:
        year, of, now = whole(data, "year"), whole(data, "of"), desk_of(request, book, principal).now
        with book.writing() as session:
            appeal(session, principal, holder=holder_id, year=year, of=of, reason=data.get("reason", ""), now=now)
    except (BadUnit, TagRefused) as error:
        return _page(request, book, principal, holder_id, said=said_of(request, error), status=problem_of(error).status)
    return onto(request, f"/holders/{holder_id}/efficiency", N_("Appealed. The authority decides."))


@post("/holders/{holder_id:str}/efficiency/decisions", opt=AUTHORITY, sync_to_thread=True, status_code=303)
def appeal_decide(
    request: Asked, holder_id: FromPath[str], data: Form, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:
    """Decide an appeal."""
    try:
        year, of, now = whole(data, "year"), whole(data, "of"), desk_of(request, book, principal).now
        upheld, reason = data.get("decision") == "upheld", data.get("reason", "")
        with book.writing() as session:
            decide(session, principal, holder=holder_id, year=year, of=of, upheld=upheld, reason=reason, now=now)
    except (BadUnit, TagRefused) as error:
        return _page(request, book, principal, holder_id, said=said_of(request, error), status=problem_of(error).status)
    return onto(request, f"/holders/{holder_id}/efficiency", N_("Decided."))


def _page(request: Asked, book: Book, principal: Principal, holder_id: str, *, said: str = "", status: int = 200) -> Response[str]:
    with book.reading(principal) as session:
        frame = firm_frame(request, session, principal, holder_id, "efficiency")
        return page(
            request, "efficiency.html", **efficiency_words(request) | frame, status=status, said=said,
            found=standings(session, principal, holder=holder_id), history=list(reversed(tags(session, principal, holder=holder_id))),
        )  # fmt: skip


def efficiency_words(request: Asked) -> dict[str, Any]:
    """How the pages of carbon efficiency say codes, colours and grades."""
    language = language_of(request)

    def place(code: str) -> str:
        division = divisions().ever(code)
        return division.name(language) if division else code

    return {
        "say": lambda text: translate(request, text), "place": place, "looks": LOOKS, "colours": COLOURS, "reasons": REASONS,
        "grade_of": lambda tag: grade_name(tag, language), "pack_of": packs().get,
        "may_accept": may(request, Action.ACCEPT),
    }  # fmt: skip


def grade_name(tag: Tag, language: Language) -> str:
    """The word that a pack has for its grade; empty where the tag is grey."""
    ruled = packs().get(tag.pack)
    found = next((one for one in (ruled.grade if ruled else ()) if one.id == tag.grade), None)
    return "" if found is None else found.name_zh if language == "zh" else found.name_en


def _row(one: Standing) -> list[object]:
    tag = one.tag
    decided = None if one.decision is None else "upheld" if one.decision.upheld else "refused"
    return [
        one.holder, one.name, one.industry, " ".join(one.divisions), one.year, one.no, tag.pack, tag.mark, tag.l, tag.k, tag.grade,
        tag.colour, tag.reason, tag.facts.coverage, tag.facts.coverage_how,
        *((tag.facts.covered.lines_tce, tag.facts.covered.firm_tce) if tag.facts.covered else (None, None)),
        tag.mean.exact if tag.mean else None, tag.mean.firms if tag.mean else None,
        one.appeal.reason if one.appeal else None, decided,
    ]  # fmt: skip


def _history(session: Any, principal: Principal, holder_id: str) -> Table:
    rows: list[list[object]] = []
    for one in tags(session, principal, holder=holder_id):
        said = f"{one.content.grade} {one.content.colour} {one.content.reason}" if isinstance(one.content, Tag) else one.content.reason
        rows.append([one.year, one.no, one.kind, one.rule, said.strip(), one.actor, one.said_at.isoformat()])
    return ["year", "no", "kind", "rule", "said", "actor", "said_at"], rows
