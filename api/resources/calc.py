"""Estimate what is sent, keep nothing."""

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException, HTTPException
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.params import FromQuery, RawBody

from api.doors import CALCULATOR
from api.problems import Problem
from carbon.activity import parse_activities
from carbon.activity_text import CELL_CHARACTERS_MAX
from carbon.answer import json_lines
from carbon.estimate import estimate
from carbon.region.divisions import chain_of, divisions
from factors.gwp import DEFAULT_SET, gwp_set
from factors.library import load_library
from ledger.book import Book

CSV, JSONL = "text/csv", ("application/jsonl", "application/x-ndjson")
EXAMPLE = "activity,quantity,unit,day,division\nelectricity.grid,100,kWh,2023-07-01,330106\n"
FILE = "request.csv"
Cell = Annotated[str, msgspec.Meta(max_length=CELL_CHARACTERS_MAX)]
"""A value that is longer is refused before a table is made of it: a number of a million digits costs no more than one of ten."""


@dataclass
class Calculated(Operation):
    """What the documentation says is sent."""

    def __post_init__(self) -> None:
        text = Schema(type=OpenAPIType.STRING)
        kinds = {kind: OpenAPIMediaType(schema=text) for kind in JSONL}
        self.request_body = RequestBody(required=True, content={CSV: OpenAPIMediaType(schema=text, example=EXAMPLE)} | kinds)


class WrongType(HTTPException):
    """Content of a type that is not read here."""

    status_code = 415


FAULTY = ResponseSpec(data_container=Problem, description="Every fault, by row and column", media_type="application/problem+json")


@post(
    "/calc", opt=CALCULATOR, status_code=200, sync_to_thread=True, media_type=JSONL[0], tags=["calculate"], operation_class=Calculated,
    responses={422: FAULTY},
)  # fmt: skip
def calculate(
    request: Request[Any, Any, Any], book: NamedDependency[Book], body: RawBody, gwp: FromQuery[str] = DEFAULT_SET
) -> Response[bytes]:
    """Emissions by gas of every line of a CSV (or JSON Lines with texts as values), one object a line; or 422 with every fault."""
    kind = request.content_type[0]
    if kind not in {CSV, *JSONL}:
        raise WrongType(detail=f"send {CSV} or {JSONL[0]}, not {kind or 'no type at all'}")
    data = body if kind == CSV else csv_of(body)
    prices = gwp_set(gwp)
    measure = partial(estimate, library=load_library(book.home), chain=chain_of)
    lines = parse_activities(data, file=FILE, tree=divisions(), today=today(request), further=measure)
    emissions = measure(lines)
    return Response(b"".join(json_lines(lines, emissions, gwp=prices, chain=chain_of)), media_type=JSONL[0])


def today(request: Request[Any, Any, Any]) -> date:
    """The day it is where the book is kept."""
    return datetime.now(request.app.state.timezone).date()


def csv_of(body: bytes) -> bytes:
    """JSON Lines as the CSV that they stand for: the first object is row 2, as if there were a header. Numbers travel as text."""
    decoder = msgspec.json.Decoder(dict[str, Cell])
    rows = []
    for number, line in enumerate(body.splitlines(), start=1):
        try:
            rows.append(decoder.decode(line))
        except (msgspec.DecodeError, RecursionError) as error:
            raise ClientException(
                detail=f"line {number} is no JSON object whose values are texts (numbers as text too), "
                f"of {CELL_CHARACTERS_MAX:,} characters at most: {error}"
            ) from error
    names = list(dict.fromkeys(name for row in rows for name in row))
    buffer = io.StringIO()
    csv.writer(buffer).writerows([names, *([row.get(name, "") for name in names] for row in rows)])
    return buffer.getvalue().encode()
