"""Emission factors: search, the packs, and one by its id."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.exceptions import ValidationException
from litestar.params import FromPath, FromQuery

from api.doors import PUBLIC
from api.finding import Scope, Text, search_in
from api.paging import After, Limit, onward, page_of
from factors.activities import Activity
from factors.coverage import Coverage, coverage
from factors.factor import EmissionFactor
from factors.library import load_library
from factors.search import Wanted
from ledger.book import Book


class FactorList(msgspec.Struct, frozen=True, kw_only=True):
    """How many factors answer, and `limit` of them, the best first.

    `asks` are the activities among which the words do not decide: ask again with one of them as `activity`. `exact` is false where
    nothing holds all the words and the nearest are given instead.
    """

    count: int
    exact: bool
    asks: list[Activity]
    factors: list[EmissionFactor]


@get("/factors", opt=PUBLIC, sync_to_thread=True, tags=["factors"])
def find_factors(
    request: Request[Any, Any, Any], book: NamedDependency[Book], q: Text = "", activity: Text = "", region: Text = "",
    year: FromQuery[int | None] = None, unit: Text = "", source: Text = "", of_scope: Scope = "",
    unverified: FromQuery[bool] = True, after: After = "", limit: Limit = 50,
) -> Response[FactorList]:  # fmt: skip
    """Factors that hold each word of `q` in Chinese or English, within the filters; those after the one with the id `after`. `Link` leads
    to the next page."""
    wanted = Wanted(words=q, activity=activity, region=region, year=year, unit=unit, source=source, scope=of_scope, unverified=unverified)
    found = search_in(load_library(book.home)).find(wanted)
    ahead = found.factors[_place(found.factors, after) :]
    told = FactorList(count=len(found.factors), exact=found.exact, asks=list(found.asks), factors=list(ahead[:limit]))
    return Response(told, headers=onward(request, after=told.factors[-1].id, limit=limit) if len(ahead) > limit else {})


def _place(factors: Sequence[EmissionFactor], after: str) -> int:
    """Where the list goes on. A pack is never changed, so the same question finds the same factors in the same order until one is added;
    raises ValidationException where the one that was read last is not among them any more."""
    if not after:
        return 0
    for place, one in enumerate(factors, 1):
        if one.id == after:
            return place
    raise ValidationException(detail=f"after {after[:60]!r} nothing goes on: this question does not find it. Begin again without it")


@get("/packs", opt=PUBLIC, sync_to_thread=True, tags=["factors"])
def packs(request: Request[Any, Any, Any], book: NamedDependency[Book], after: After = "", limit: Limit = 1000) -> Response[list[Coverage]]:
    """Every pack by its name: publisher, rank, rows, years, places, how far its numbers were checked."""
    found = sorted((one for one in coverage(load_library(book.home)) if one.pack > after), key=lambda one: one.pack)
    return page_of(request, found, limit=limit, key=lambda one: one.pack)


@get("/factors/{pack:str}/{edition:str}/{row:str}", opt=PUBLIC, sync_to_thread=True, tags=["factors"])
def one_factor(book: NamedDependency[Book], pack: FromPath[str], edition: FromPath[str], row: FromPath[str]) -> EmissionFactor:
    """The factor with the id `pack/edition#row`, such as `cn-grid/2025-47_e001#330000`."""
    return load_library(book.home).factor(f"{pack}/{edition}#{row}")
