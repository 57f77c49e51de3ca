"""/api/v1 as one router: what holds for every route of it stands here once."""

from typing import Any

from litestar import Router
from litestar.di import Provide

from api.content import only_json
from api.doors import together
from api.idempotency import Once, Replay, ask_for_key, book_of, replayed
from api.resources import RESOURCES
from api.sunset import Sunset

PATH = "/api/v1"


def v1() -> Router:
    """The routes for machines: JSON where a struct is read, an Idempotency-Key where something changes, and what will end says so."""
    handlers: dict[int | type[Exception], Any] = {Replay: replayed}
    return Router(
        PATH, route_handlers=list(RESOURCES), dependencies={"book": Provide(book_of, sync_to_thread=False)},
        guards=[together(only_json, ask_for_key)], middleware=[Sunset(), Once()], exception_handlers=handlers,
    )  # fmt: skip
