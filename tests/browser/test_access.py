"""Everybody can use every page: axe-core finds no serious violation, whatever the language, light, and width; keys reach everything."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from api.auth.office import Office
from tests.browser.conftest import watch
from tests.browser.people import PLACES, SOAK, USUAL, Doors

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
GRAVE = {"serious", "critical"}


def violations(page: Page) -> list[str]:
    """What axe-core calls serious or critical, each with the first place it stands at."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']} at {one['nodes'][0]['html'][:160]} ({len(one['nodes'])})" for one in found if one["impact"] in GRAVE
    ]


@pytest.mark.parametrize(("language", "width"), [(one, width) for one in ("zh", "en") for width in ("desk", "phone")] if SOAK else USUAL)
def test_no_page_has_a_serious_violation(browser: Browser, doors: Doors, width: str, language: str) -> None:
    found: list[str] = []
    for name, office, path in PLACES:
        watched = watch(browser, doors.address, width)
        doors.enter(watched.context, office)
        page = watched.page
        for light in ("light", "dark") if SOAK or width == "desk" else ("light",):
            page.emulate_media(color_scheme=light)
            page.goto(f"{doors.address}/{language}{doors.path(path)}")  # anew, so that no colour is measured half way to the other
            assert page.locator("main").count() == 1, f"{name} is no page of ours"
            found += [f"{name}, {light}: {said}" for said in violations(page)]
        watched.context.close()
    assert not found, "\n".join(found)


@pytest.mark.parametrize("width", ["desk", "phone"])
def test_what_opens_has_no_serious_violation_either(browser: Browser, doors: Doors, width: str) -> None:
    watched = watch(browser, doors.address, width)
    doors.enter(watched.context, Office.REGULATOR)
    page = watched.page
    page.goto(f"{doors.address}/zh/regions/330522?year=2023")
    page.click(".menu-box summary")
    expect(page.locator(".menu-box .panel")).to_be_visible()
    found = violations(page)
    page.keyboard.press("Escape")
    page.locator(".help summary").first.click()
    expect(page.locator(".help-text").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert found + violations(page) == []
    watched.context.close()


def test_keys_reach_the_menu_the_help_and_the_way_out(browser: Browser, doors: Doors) -> None:
    watched = watch(browser, doors.address, "phone")
    doors.enter(watched.context, Office.FIRM)
    page = watched.page
    page.goto(f"{doors.address}/en/holders")
    page.focus(".menu-box summary")
    page.keyboard.press("Enter")
    expect(page.locator(".menu-box nav a").first).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.menu-box nav') !== null"), "the menu's first link is next"
    page.keyboard.press("Escape")
    expect(page.locator(".menu-box .panel")).not_to_be_visible()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY", "and focus is back where it was"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Sign out"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", "focus is seen"
    watched.context.close()


def test_the_key_for_the_search_leads_there_and_types_itself_elsewhere(browser: Browser, doors: Doors) -> None:
    watched = watch(browser, doors.address, "desk")
    doors.enter(watched.context, Office.REGULATOR)
    page = watched.page
    page.goto(f"{doors.address}/zh/accounts")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "find"
    page.keyboard.type("长兴")
    page.keyboard.press("Enter")
    page.wait_for_url("**/zh/search?q=*")
    page.click('.found a[href="/zh/regions/330522"]')
    page.goto(f"{doors.address}/zh/accounts")
    page.focus("#name")
    page.keyboard.type("atmosphere/")
    assert page.input_value("#name") == "atmosphere/"
    assert watched.errors == []
    watched.context.close()


def test_whoever_wants_no_motion_gets_none(browser: Browser, doors: Doors) -> None:
    watched = watch(browser, doors.address, "desk")
    watched.page.emulate_media(reduced_motion="reduce")
    watched.page.goto(f"{doors.address}/en/sign-in")
    longest = "Math.max(...[...document.querySelectorAll('*')].map(one => parseFloat(getComputedStyle(one).transitionDuration)))"
    assert watched.page.evaluate(longest) <= 0.001
    watched.context.close()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_text_says_its_language(browser: Browser, doors: Doors, language: str) -> None:
    watched = watch(browser, doors.address, "desk")
    page = watched.page
    page.goto(f"{doors.address}/{language}/sign-in")
    own, other = ("zh-Hans", "en") if language == "zh" else ("en", "zh-Hans")
    assert page.get_attribute("html", "lang") == own
    assert page.get_attribute("#lang a", "lang") == other
    assert page.get_attribute("#lang a", "hreflang") == other
    watched.context.close()
