"""Province → city → county → entry → factor, by clicking, on a desk and on a phone, in both languages."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import seen, watch

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


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
