"""Somebody with 烟煤 or 短途航班 in hand finds the factor in one step, on a desk and on a phone; a name of several activities asks."""

import json
import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import seen, watch

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", ["desk", "phone"])
def test_a_name_typed_leads_to_its_card_in_one_step(browser: Browser, server: str, width: str, language: str) -> None:
    watched = watch(browser, server, width)
    page, name = watched.page, f"{language}-{width}"
    page.goto(f"{server}/{language}/factors")
    page.fill("#q", "烟煤" if language == "zh" else "bituminous coal")
    page.press("#q", "Enter")
    page.wait_for_url(re.compile(r"/factors\?.*q="))
    expect(page.locator(".sheet")).to_contain_text("1,747.088266")
    seen(watched, f"{name}-8-search")
    page.fill("#q", "短途航班" if language == "zh" else "short haul flight")
    page.press("#q", "Enter")
    page.wait_for_url(re.compile(r"/factors\?.*q=(%E7%9F%AD|short)"))
    page.locator('.res a[href*="travel.air.short_haul"]').first.click()
    page.wait_for_url(re.compile("travel.air.short_haul"))
    expect(page.locator("main")).to_contain_text("travel.air.short_haul")
    seen(watched, f"{name}-9-flight")
    assert watched.errors == []
    assert watched.elsewhere == []
    watched.context.close()


@pytest.mark.parametrize("width", ["desk", "phone"])
def test_a_name_of_several_activities_asks_and_the_answer_opens_one_card(browser: Browser, server: str, width: str) -> None:
    watched = watch(browser, server, width)
    page = watched.page
    page.goto(f"{server}/zh/factors?q=经济舱")
    expect(page.locator(".note")).to_contain_text("经济舱")
    expect(page.locator(".sheet")).to_have_count(0)
    seen(watched, f"zh-{width}-10-asks")
    page.click('.note a[href*="activity=travel.air.short_haul"]')
    page.wait_for_url(re.compile("activity=travel.air.short_haul"))
    expect(page.locator(".sheet")).to_contain_text("desnz/2025_e001#travel.air.short_haul")
    assert watched.errors == []
    watched.context.close()


def test_filters_open_narrow_and_stay_in_the_address_and_in_the_file(browser: Browser, server: str) -> None:
    watched = watch(browser, server, "desk")
    page = watched.page
    page.goto(f"{server}/en/factors?q=electricity")
    everything = page.locator("h2").first.inner_text()
    page.click("details summary:has-text('More filters')")
    page.fill("#year", "2022")
    page.select_option("#scope", "2")
    page.select_option("#source", "US EPA")
    page.click("button.main:has-text('Find')")
    page.wait_for_url(re.compile(r"year=2022.*"))
    expect(page.locator("h2").first).to_have_text("28 factors")
    assert everything != "28 factors"
    expect(page.locator("#source")).to_have_value("US EPA")
    link = page.locator('a[href*="/factors/found.json"]').first.get_attribute("href")
    assert link
    rows = json.loads(page.request.get(server + link).text())
    assert len({row["id"] for row in rows}) == 28
    assert watched.errors == []
    watched.context.close()
