"""Every way into the application, walked from its own routes, so that no route is forgotten that somebody adds later."""

import re
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from litestar import Litestar
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.routes import HTTPRoute

from api.auth.gate import SAFE
from api.auth.office import Office
from ledger.book import Book

FILLED = {"entry_id": "0", "code": "330500", "pack": "cn-grid", "edition": "2025-47_e001", "row": "330000", "file_path": "nothing.css"}
LIVELY = ("auth_session", "sign_in_attempt", "alembic_version", "access", "audit")
"""Tables that a refused request may touch by right: who was here, and the record of what was refused."""


class Way(NamedTuple):
    """One method of one address, its path parameters filled."""

    method: str
    path: str
    handler: BaseRouteHandler

    @property
    def offices(self) -> list[Office | None]:
        """Who may come in: nobody in particular, or the offices."""
        role = self.handler.opt["role"]
        return [None] if role == "anyone" else sorted(role)

    @property
    def is_page(self) -> bool:
        """Whether people come here, not machines."""
        return not self.path.startswith(("/api/", "/schema", "/static"))


def ways(app: Litestar, **filled: str) -> list[Way]:
    """Every method of every address. `filled` are path parameters by name; what is not named is filled with an id that nothing has."""
    known = FILLED | filled
    found = []
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        path = re.sub(r"\{([^}:]+)[^}]*\}", lambda match: known.get(match[1].lstrip("/"), "0"), route.path)
        found += [
            Way(method, path, handler) for handler in route.route_handlers for method in sorted(handler.http_methods) if method != "OPTIONS"
        ]
    return found


def unsafe(app: Litestar, **filled: str) -> list[Way]:
    """The ways that change something, or could."""
    return [way for way in ways(app, **filled) if way.method not in SAFE]


def body_of(handler: BaseRouteHandler) -> Any:
    """The type of the body that a handler takes, or None."""
    parameter = handler.parsed_fn_signature.parameters.get("data") if isinstance(handler, HTTPRouteHandler) else None
    return parameter.annotation if parameter else None


def structs_in(kind: Any) -> set[type[msgspec.Struct]]:
    """Every struct that a type is or holds."""
    found: set[type[msgspec.Struct]] = set()

    def walk(node: Any) -> None:
        if isinstance(node, msgspec.inspect.StructType):
            if node.cls in found:
                return
            found.add(node.cls)
        if isinstance(node, msgspec.Struct):
            for name in node.__struct_fields__:
                walk(getattr(node, name))
        elif isinstance(node, tuple | list):
            for one in node:
                walk(one)

    walk(msgspec.inspect.type_info(kind))
    return found


def standing(book: Book) -> dict[str, tuple[int, int]]:
    """What the book holds, table by table: the number of rows and a hash of them. Sessions and records of refusals are left out."""
    found = {}
    with book.reading() as session:
        connection = session.connection()
        for name in sa.inspect(connection).get_table_names():
            if name == "division_below":  # shipped, and large: its size will do
                found[name] = (int(connection.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar_one()), 0)
            elif not name.startswith(LIVELY):
                rows = connection.exec_driver_sql(f'SELECT * FROM "{name}"').fetchall()
                found[name] = (len(rows), hash(frozenset(map(tuple, rows))))
    return found
