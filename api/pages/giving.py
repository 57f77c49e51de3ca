"""Giving tags of carbon efficiency: the authority chooses rule, year and firms, says coverage, sees L, K and colour, and gives them."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Response
from sqlmodel import Session

from api.doors import AUTHORITY
from api.numbers import AskedYear
from api.pages.efficiency import efficiency_words
from api.pages.region import EXAMPLE
from api.pages.shell import Asked, language_of, page, translate
from api.pages.sign_in import Form, onto
from api.pages.typed import Typed
from api.problems import N_
from api.work.desk import desk_of
from carbon.enterprise.efficiency.grade import Facts, Mean, Tag, stated, unfit
from carbon.enterprise.efficiency.pack import Pack, packs
from carbon.enterprise.efficiency.tag import give, judged
from carbon.enterprise.efficiency.view import FIRMS_MAX, candidates, standings
from carbon.holder import find_holder, holder_names, holders
from factors.units import number
from ledger.book import Book
from ledger.principal import Principal

FIRM, COVERAGE = "firm-", "coverage-"
SUPPOSED = "0.95"
"""The coverage that stands in the form before anything is typed: what the packs that ship ask for at least."""
EVERY = 1_000_000


@get("/efficiency/give", opt=AUTHORITY, sync_to_thread=True)
def giving_page(
    request: Asked, book: NamedDependency[Book], principal: NamedDependency[Principal], pack: FromQuery[str] = "",
    year: AskedYear = None, division: FromQuery[str] = "", industry: FromQuery[str] = "",
) -> Response[str]:  # fmt: skip
    """Choose a rule, a year, an area and an industry; the firms that could be tagged, each with what it lacks."""
    fields = {"pack": pack, "year": str(year or ""), "division": division.strip(), "industry": industry.strip(), "coverage": ""}
    return _page(request, book, principal, fields, first=True)


@post("/efficiency/give", opt=AUTHORITY, sync_to_thread=True, status_code=303)
def giving_send(
    request: Asked, data: Form, book: NamedDependency[Book], principal: NamedDependency[Principal]
) -> Response[Any]:  # fmt: skip
    """Show what would be given; give it where it was shown so."""
    typed = Typed(request, data)
    if data.get("step") == "give" and _given(typed, book, principal):
        return onto(request, f"/efficiency?year={typed.year('year')}", N_("Given. Each firm sees its tag and may appeal."))
    return _page(request, book, principal, data, typed=typed)


def seal(tags: Sequence[Tag]) -> str:
    """What tells whether tags are those that were shown."""
    return hashlib.sha256(msgspec.json.encode(list(tags))).hexdigest()


def _given(typed: Typed, book: Book, principal: Principal) -> bool:
    """Give what the form says, where the same was shown before; nothing is given where it was not."""
    desk = desk_of(typed.request, book, principal)
    with book.writing() as session:
        ruled, found = _asked(typed, session, principal)
        firms, given = _chosen(typed, session, principal, found)
        if typed.wrong or ruled is None:
            return False
        tags = judged(ruled, firms, given=given)
        if seal(tags) != typed.fields.get("seen"):
            return False
        stand = {one.holder: one.tag for one in standings(session, principal, year=firms[0].year) if one.appeal is None}
        if all(stand.get(one.facts.holder) == one for one in tags):  # the button was pressed twice
            return True
        give(session, principal, ruled, firms, now=desk.now, given=given)
    return True


def _asked(typed: Typed, session: Session, principal: Principal) -> tuple[Pack | None, list[Facts]]:
    """The rule that was chosen, and the firms that could be tagged under it."""
    ruled = packs().get(typed.text("pack"))
    if ruled is None:
        typed.refuse("pack", N_("Choose one of the list."))
    year, division, industry = typed.year("year"), typed.text("division"), typed.text("industry")
    if typed.wrong:
        return ruled, []
    today = desk_of(typed.request, typed.request.app.state.book, principal).today
    return ruled, candidates(session, principal, year=year, division=division, industry=industry, today=today)


def _chosen(typed: Typed, session: Session, principal: Principal, found: Sequence[Facts]) -> tuple[list[Facts], dict[str, Mean]]:
    """The firms that were ticked, each with its coverage (typed, else computed, else that of all), and the mean that was typed.
    HolderNotFound for one that is not to be seen."""
    ticked = {name.removeprefix(FIRM) for name in typed.fields if name.startswith(FIRM)}
    for foreign in sorted(ticked - {one.holder for one in found}):
        find_holder(session, principal, foreign)
    for_all = _share(typed, "coverage")
    firms = [
        stated(one, _share(typed, f"{COVERAGE}{one.holder}") or (None if one.coverage else for_all))
        for one in found
        if one.holder in ticked
    ]
    if not firms:
        typed.refuse("firms", N_("Tick one firm at least."))
    exact, source, industry = typed.text("mean"), typed.text("mean_source"), typed.text("industry")
    if not exact and not source:
        return firms, {}
    exact = typed.decimal("mean")
    if "mean" not in typed.wrong and not 0 < number(exact) < EVERY:
        typed.refuse("mean", N_("A number above zero."))
    if not source:
        typed.refuse("mean_source", N_("Name the document and its table."))
    if not industry:
        typed.refuse("mean", N_("A mean is of one industry: choose it above."))
    return firms, {one.holder: Mean(industry=industry, exact=exact, source=source) for one in firms}


def _share(typed: Typed, field: str) -> str | None:
    """A share of energy, from 0 to 1, or None where nothing is typed."""
    text = typed.decimal(field, empty="")
    if text and field not in typed.wrong and not 0 <= number(text) <= 1:
        typed.refuse(field, N_("A share from 0 to 1: 0.97 for 97 %."))
    return text or None


def _page(
    request: Asked, book: Book, principal: Principal, fields: Mapping[str, str], *, first: bool = False, typed: Typed | None = None
) -> Response[str]:
    """The form; before anything was sent the firms that qualify are ticked, afterwards with what each would be given."""
    tags: list[Tag] = []
    seen = typed or Typed(request, fields)
    with book.reading(principal) as session:
        ruled, found = _asked(seen, session, principal)
        shown = dict(fields)
        if first:
            shown |= {f"{FIRM}{one.holder}": "1" for one in found if ruled and not _lacks(ruled, one)}
            shown["coverage"] = ruled.coverage_min if ruled else SUPPOSED
        elif not seen.wrong or found:
            firms, given = _chosen(seen, session, principal, found)
            tags = judged(ruled, firms, given=given) if ruled and not seen.wrong else []
        wrong = {} if first else seen.wrong
        stale = bool(tags) and fields.get("step") == "give"
        return page(
            request, "efficiency_give.html", session=session, here="firms", status=422 if wrong else 409 if stale else 200,
            kinds=[(one.id, one.name_zh if language_of(request) == "zh" else one.name_en) for one in packs().values()],
            ruled=ruled, found=found, fields=shown, wrong=wrong, stale=stale, most=FIRMS_MAX,
            tags={one.facts.holder: one for one in tags}, seen=seal(tags), example=_example(request, session, principal, found),
            names=holder_names(session, principal) if found else {},
            lacks={one.holder: _lacks(ruled, one) for one in found if ruled}, **efficiency_words(request),
        )  # fmt: skip


def _lacks(ruled: Pack, facts: Facts) -> str:
    """Why a firm can have no colour whatever is typed of its coverage, or ""."""
    return unfit(ruled, msgspec.structs.replace(facts, coverage="1"))


def _example(request: Asked, session: Session, principal: Principal, found: Sequence[Facts]) -> str:
    shown = {one.holder for one in found}
    return translate(request, EXAMPLE) if any(one.example and one.id in shown for one in holders(session, principal, limit=EVERY)) else ""
