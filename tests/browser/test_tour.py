"""A tour of every page, with pictures in .screenshots/tour for people to look at; a page that is not on it fails."""

import re
from pathlib import Path

import pytest
from litestar.routes import HTTPRoute
from playwright.sync_api import Browser

from api.app import create_app
from tests.api.example import example_book
from tests.browser.conftest import seen, watch
from tests.browser.people import PLACES, SOAK, Doors

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
SEEN_ELSEWHERE = {"/sign-in/oidc"}
"""The way to an identity provider, which is a page of its own."""


@pytest.mark.parametrize(
    ("language", "width", "dark"),
    [("zh", "phone", False), ("en", "desk", False)]
    + ([("zh", "desk", False), ("en", "phone", False), ("zh", "desk", True)] if SOAK else []),
)
def test_every_page_is_whole_and_pictured(browser: Browser, doors: Doors, language: str, width: str, dark: bool) -> None:
    loud: list[str] = []
    for name, office, path in PLACES:
        watched = watch(browser, doors.address, width, dark=dark)
        doors.enter(watched.context, office)
        watched.page.goto(f"{doors.address}/{language}{doors.path(path)}")
        if watched.page.locator("[data-chart]").count():
            watched.page.wait_for_selector("[data-chart][data-ready]")
        wide, screen = watched.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        loud += [f"{name} is {wide} px wide on a screen of {screen}"] if wide > screen else []
        seen(watched, f"tour/{language}-{width}{'-dark' if dark else ''}-{name}")
        # a page that tells of an error answers with its status, which the browser writes to its console
        loud += [f"{name}: {said}" for said in watched.errors if "Failed to load resource" not in said]
        loud += [f"{name} asked {address}" for address in watched.elsewhere]
        watched.context.close()
    assert loud == []


def test_no_page_is_left_out_of_the_tour(tmp_path: Path) -> None:
    app = create_app(example_book(tmp_path))
    pages = {
        route.path_format.removeprefix("/zh")
        for route in app.routes
        if isinstance(route, HTTPRoute) and route.path_format.startswith("/zh/")
        for handler in route.route_handlers
        if "GET" in handler.http_methods
    }
    pages = {page for page in pages if not page.endswith("{file}")} | {"/regions/{code}/series"}
    walked = [re.sub(r"\?.*", "", path) for _, _, path in PLACES]
    left = {page for page in pages - SEEN_ELSEWHERE if not any(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", page), path) for path in walked)}
    assert left == set()
