"""Every office at every door, for what is its own, another's, above and below: each is let in by door and reach, and by nothing else."""

import os
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.testing import TestClient

from api.app import create_app
from api.auth.office import Action
from api.doors import ANYONE, handlers_of
from tests.api.recipes import Things, Try, recipes
from tests.api.visitors import Visitor, call, everybody, sign_in_again
from tests.conftest import maker
from tests.world import NAMES, World, build

LANGUAGE = re.compile(r"^/(zh|en)(?=/)")
OFFICERS = {Action.ADMINISTER, Action.SECURE, Action.AUDIT, Action.ROSTER}
"""Who keep the register of users see in which bound each office is held."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def matrix(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Matrix"]:
    """On SQLite the first wall stands alone; on PostgreSQL the second stands behind it, and must take nothing from whom the first lets in.
    There every door is asked in Chinese, and with TANZHANG_SOAK=1 the same doors in English too, which is a third more."""
    folder = tmp_path_factory.mktemp("matrix")
    with maker(request, folder, request.param) as make:
        world = build(make(), folder)
        app = create_app(world.book)
        with TestClient(app) as client:
            yield Matrix(world, app, client, whole=request.param == "sqlite" or bool(os.environ.get("TANZHANG_SOAK")))


class Matrix:
    """The world, whoever may come, and the routes with the ways to ask them."""

    def __init__(self, world: World, app: Litestar, client: TestClient[Any], *, whole: bool) -> None:
        self.world, self.app, self.client = world, app, client
        self.visitors = everybody(world, app)
        self.recipes = recipes(Things(world, app, self.visitors))
        self.routes = sorted(
            ((method, route.path, handler) for route in app.routes for handler in served(app, route) for method in methods_of(handler)),
            key=lambda route: (route[0] != "GET", route[1], route[0]),
        )
        self.asked = [route for route in self.routes if whole or not route[1].startswith("/en/")]

    def tries(self, method: str, path: str) -> list[Try] | None:
        """How a route is asked; None where nothing says it."""
        known = self.recipes.get(f"{method} {template(path)}")
        return known if known is not None or "{" in path or method not in {"GET", "HEAD"} else [Try()]

    def ask(self, visitor: Visitor, method: str, path: str, one: Try, filled: dict[str, str] | None = None) -> httpx.Response:
        given = one.path | (one.fresh() if one.fresh else {}) if filled is None else filled
        address = re.sub(r"\{(\w+)(:\w+)?\}", lambda found: given[found[1]], path)
        send = dict(one.send)
        if method != "GET" and path.startswith("/api/"):
            send["headers"] = {"idempotency-key": uuid4().hex} | send.get("headers", {})
        return call(self.client, self.world, visitor, method, address, **send)


def template(path: str) -> str:
    """The address of a route without its language and the types of its parameters."""
    return re.sub(r":\w+(?=})", "", LANGUAGE.sub("", path))


def served(app: Litestar, route: Any) -> list[Any]:
    """The handlers of a route, of those that `check_doors` asks of."""
    every = {id(handler) for handler in handlers_of(app)}
    return [handler for handler in getattr(route, "route_handlers", None) or [route.route_handler] if id(handler) in every]


def methods_of(handler: Any) -> list[str]:
    """Each method of a route; a HEAD that goes with a GET is the same door."""
    if not isinstance(handler, HTTPRouteHandler):
        return ["GET"]
    return sorted(handler.http_methods)


def expected(handler: Any, visitor: Visitor, one: Try) -> int:
    """What door and reach say: 401, 403, 404, or 200 for whoever is let in."""
    action = one.door or (None if handler.opt["role"] == ANYONE else Action(handler.opt["action"]))
    if action is not None:
        if not visitor.comes:
            return 401
        if action is not Action.SELF and not visitor.may(action):
            return 403
        if one.offices is not None and visitor.office not in one.offices:
            return 403
    return 200 if one.sees(visitor) else 404


def test_no_route_is_without_a_recipe(matrix: Matrix) -> None:
    without = [f"{method} {path}" for method, path, _ in matrix.routes if matrix.tries(method, path) is None]
    assert without == [], "say in tests/api/recipes.py how these are asked, and whose their objects are"
    assert {id(handler) for _, _, handler in matrix.routes} == {id(handler) for handler in handlers_of(matrix.app)}, "every door"
    known = {f"{method} {template(path)}" for method, path, _ in matrix.routes}
    assert sorted(matrix.recipes.keys() - known) == [], "there are no such routes"


def test_every_office_is_let_in_by_door_and_reach_alone(matrix: Matrix) -> None:
    sign_in_again(matrix.world, matrix.visitors)
    wrong, cases = [], 0
    for method, path, handler in matrix.asked:
        for one in matrix.tries(method, path) or ():
            for visitor in matrix.visitors:
                answer, wanted = matrix.ask(visitor, method, path, one), expected(handler, visitor, one)
                cases += 1
                good = answer.status_code == wanted if wanted != 200 else answer.status_code in one.ok or (not one.ok and answer.is_success)
                if not good and not (wanted == 200 and not one.ok and answer.is_redirect):
                    wrong.append(f"{visitor.name}: {method} {answer.url}: {answer.status_code}, not {wanted}: {answer.text[:160]}")
                if wanted != 200 or Action(handler.opt["action"]) not in OFFICERS:
                    wrong += [
                        f"{visitor.name}: {method} {answer.url} tells of {word}"
                        for word in foreign(matrix.world, visitor)
                        if word in answer.text and word not in f"{answer.url} {one.send}"
                    ]
    print(f"{len(matrix.asked)} routes, {len(matrix.visitors)} visitors, {cases} cases")
    assert not wrong, "\n".join(wrong)


def foreign(world: World, visitor: Visitor) -> list[str]:
    """Words that no answer to the visitor may hold: names and ids of holders that are not theirs to see."""
    hidden = [tenant for tenant in ("own", "other") if not visitor.sees_tenant(tenant)]
    if visitor.tenant or not any(visitor.sees_tenant(tenant) for tenant in ("own", "other")):
        hidden.append("both")
    return [word for tenant in hidden for word in (NAMES[tenant], world.holders[tenant])]


def test_a_foreign_object_is_told_like_one_that_is_not_there(matrix: Matrix) -> None:
    sign_in_again(matrix.world, matrix.visitors)
    compared = 0
    for method, path, handler in matrix.asked:
        for one in matrix.tries(method, path) or ():
            for visitor in matrix.visitors if one.absent and method == "GET" else ():
                if expected(handler, visitor, one) != 404:
                    continue
                asked = one.path | one.send.get("params", {})
                there = matrix.ask(visitor, method, path, one)
                gone = Try(one.path | one.absent, one.send | ({"params": one.send["params"] | one.absent} if "params" in one.send else {}))
                nowhere = matrix.ask(visitor, method, path, gone)
                assert (there.status_code, plain(there, asked)) == (nowhere.status_code, plain(nowhere, asked | one.absent)), (
                    visitor.name,
                    path,
                )
                compared += 1
    assert compared > 100


def plain(answer: httpx.Response, given: dict[str, str]) -> str:
    """The body without what was asked for, and without the number of the request."""
    text = answer.text
    for value in sorted(given.values(), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", "…", text)
    return re.sub(r'"(instance|request|number)":"[^"]*"', "", text)
