"""Which factor holds for an activity, a place and a day, with the steps, the fit and what was not taken."""

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from api.doors import PUBLIC
from carbon.answer import describe
from carbon.region.divisions import factor_places
from factors.activities import find_activity
from factors.library import load_library
from factors.resolution import Rejected
from factors.units import find_unit
from ledger.book import Book


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """The answer as `tanzhang factors resolve --json` gives it; `rejected` names every other factor of the activity with the reason."""

    activity: str
    unit: str
    factors: list[dict[str, Any]]
    parameters: list[dict[str, Any]]
    coefficients: dict[str, dict[str, str]]
    steps: list[dict[str, Any]]
    skipped: int
    programme: str
    known: str | None
    not_estimated: list[str]
    rejected: list[Rejected]


@get("/resolution", opt=PUBLIC, sync_to_thread=True, tags=["factors"])
def resolve_factor(
    book: NamedDependency[Book],
    activity: Annotated[str, QueryParameter(description="A code, name or alias of an activity.", max_length=200)],
    day: Annotated[date, QueryParameter(description="The first day of the activity.")],
    end: Annotated[date | None, QueryParameter(description="The last day, if it is another.")] = None,
    region: FromQuery[str] = "CN", unit: FromQuery[str] = "", method: FromQuery[str] = "", basis: FromQuery[str] = "",
    as_known: FromQuery[date | None] = None, programme: FromQuery[str] = "inventory", factor: FromQuery[str] = "",
    category: FromQuery[str] = "", allow_unverified: FromQuery[bool] = False,
) -> Resolved:  # fmt: skip
    """The one factor, its coefficients per unit, and why it and no other."""
    act, library = find_activity(activity), load_library(book.home)
    last = max(day, end or day)
    found = library.resolve(
        act.id, regions=factor_places(region, last, library), start=day, end=last, unit=find_unit(unit or act.default_unit).token,
        method=method or None, basis=basis or None, known=as_known, programme_name=programme, factor=factor or None,
        category=category or None, allow_unverified=allow_unverified,
    )  # fmt: skip
    return Resolved(**describe(found), rejected=library.rejected(found))
