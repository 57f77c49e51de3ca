"""Province → city → county → entry → factor, by clicking, on a desk and on a phone, in both languages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.conftest import ARGUMENTS

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
WIDTHS = {"desk": (1400, 1000), "phone": (390, 844)}
SHOTS = Path(__file__).parent.parent.parent / ".screenshots"


@dataclass
class Watched:
    """A page and what went wrong on it: console errors, requests to elsewhere."""

    page: Page
    context: BrowserContext
    errors: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


def watch(browser: Browser, server: str, width: str, *, dark: bool = False, script: bool = True) -> Watched:
    wide, high = WIDTHS[width]
    context = browser.new_context(
        viewport={"width": wide, "height": high}, is_mobile=width == "phone", has_touch=width == "phone",
        color_scheme="dark" if dark else "light", java_script_enabled=script,
    )  # fmt: skip
    context.set_default_timeout(15_000)
    watched = Watched(context.new_page(), context)
    watched.page.on("console", lambda said: watched.errors.append(said.text) if said.type in {"error", "warning"} else None)
    watched.page.on("pageerror", lambda error: watched.errors.append(str(error)))
    watched.page.on("request", lambda asked: watched.elsewhere.append(asked.url) if not asked.url.startswith((server, "data:")) else None)
    return watched


def seen(watched: Watched, name: str) -> None:
    """The page does not scroll sideways; its picture is kept for people to look at."""
    page = watched.page
    page.wait_for_load_state("load")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, f"{name} scrolls sideways"
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", ["desk", "phone"])
def test_a_reader_clicks_from_the_nation_down_to_a_factor(browser: Browser, server: str, width: str, language: str) -> None:
    watched = watch(browser, server, width)
    page, name = watched.page, f"{language}-{width}"
    page.goto(f"{server}/{language}/regions/100000?year=2017")
    seen(watched, f"{name}-1-nation")
    page.click('.tile[href*="/regions/330000"]')
    page.wait_for_url(re.compile(r"/regions/330000\?.*year=2017"))
    seen(watched, f"{name}-2-province")
    page.click('.rank a[href*="/regions/330500?"]')
    page.wait_for_url(re.compile(r"/regions/330500\?"))
    page.select_option("#year", "2023")
    page.wait_for_url(re.compile(r"/regions/330500\?.*year=2023"))
    expect(page.locator("#year")).to_have_value("2023")
    seen(watched, f"{name}-3-city")
    page.click('.rank a[href*="/regions/330522?"]')
    page.wait_for_url(re.compile(r"/regions/330522\?.*year=2023"))
    expect(page.locator("h1")).to_have_text("长兴县" if language == "zh" else "Changxing County")
    page.wait_for_selector("[data-chart][data-ready]")
    seen(watched, f"{name}-4-county")
    page.click('a.ev[href*="/entries?"][href*="holder="]')
    page.wait_for_url(re.compile(r"/entries\?"))
    seen(watched, f"{name}-5-entries")
    page.click("a.entry-link >> nth=0")
    page.wait_for_url(re.compile(r"/entries/0"))
    seen(watched, f"{name}-6-entry")
    page.click("a.factor")
    page.wait_for_url(re.compile(r"/factors/cn-fuels/ndrc2013_steel_e001/bituminous_coal"))
    expect(page.locator(".steps li.hit").first).to_be_visible()
    seen(watched, f"{name}-7-factor")
    page.go_back()
    page.wait_for_url(re.compile(r"/entries/0"))
    assert watched.errors == []
    assert watched.elsewhere == []
    watched.context.close()


def test_the_same_way_stands_without_script(browser: Browser, server: str) -> None:
    watched = watch(browser, server, "desk", script=False)
    page = watched.page
    page.goto(f"{server}/en/regions/100000?year=2017")
    assert page.locator("svg.chart .line").count() >= 1
    page.click('.tile[href*="/regions/330000"]')
    page.select_option("#year", "2016")
    page.click("noscript button, form.filters button.btn:not(.quiet)")
    page.wait_for_url(re.compile(r"year=2016"))
    page.goto(f"{server}/en/regions/330522?year=2023")
    page.click('a.ev[href*="/entries?"] >> nth=0')
    page.click("a.entry-link >> nth=0")
    page.click("a.factor")
    assert "/factors/" in page.url
    watched.context.close()


def test_keys_alone_lead_down(browser: Browser, server: str) -> None:
    watched = watch(browser, server, "desk")
    page = watched.page
    page.goto(f"{server}/zh/regions/100000?year=2017")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    page.focus('.tile[href*="/regions/330000"]')
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/regions/330000"))
    assert watched.errors == []
    watched.context.close()


def test_the_language_switch_keeps_page_and_filters(browser: Browser, server: str) -> None:
    watched = watch(browser, server, "desk")
    page = watched.page
    page.goto(f"{server}/zh/regions/330522?year=2017")
    page.select_option("#gwp", "AR6.100")
    page.wait_for_url(re.compile(r"gwp=AR6.100"))
    page.click("#lang a")
    page.wait_for_url(re.compile(r"/en/regions/330522\?.*gwp=AR6.100"))
    expect(page.locator("h1")).to_have_text("Changxing County")
    assert watched.errors == []
    watched.context.close()


def test_the_api_documentation_opens_offline(browser: Browser, server: str) -> None:
    watched = watch(browser, server, "desk")
    watched.page.goto(f"{server}/schema")
    watched.page.wait_for_selector(".opblock")
    assert watched.page.locator(".opblock").count() >= 10
    assert watched.errors == []
    assert watched.elsewhere == []
    watched.context.close()


@pytest.mark.parametrize("path", ["/zh/regions/100000?year=2017", "/en/entries/0", "/zh/factors?q=electricity+330000"])
def test_dark_and_print_are_whole(browser: Browser, server: str, path: str) -> None:
    watched = watch(browser, server, "desk", dark=True)
    page = watched.page
    page.goto(f"{server}{path}")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 23, 26)"
    seen(watched, "dark" + re.sub(r"\W+", "-", path))
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator(".top").is_visible()
    assert watched.errors == []
    watched.context.close()
