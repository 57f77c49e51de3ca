"""Emission factors: search, and one by its id."""

from typing import Annotated

import msgspec
from litestar import get
from litestar.params import FromPath, FromQuery, QueryParameter

from api.doors import PUBLIC
from factors.factor import EmissionFactor
from factors.library import load_library


class FactorList(msgspec.Struct, frozen=True, kw_only=True):
    """How many factors hold all the words, and the first `limit` of them."""

    count: int
    factors: list[EmissionFactor]


@get("/factors", opt=PUBLIC, sync_to_thread=True, tags=["factors"])
def find_factors(q: FromQuery[str] = "", limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 50) -> FactorList:
    """Factors whose name, id, activity, region, set, source or year hold each word of `q`."""
    found = load_library().search(q)
    return FactorList(count=len(found), factors=found[:limit])


@get("/factors/{pack:str}/{edition:str}/{row:str}", opt=PUBLIC, sync_to_thread=True, tags=["factors"])
def one_factor(pack: FromPath[str], edition: FromPath[str], row: FromPath[str]) -> EmissionFactor:
    """The factor with the id `pack/edition#row`, such as `cn-grid/2025-47_e001#330000`."""
    return load_library().factor(f"{pack}/{edition}#{row}")
