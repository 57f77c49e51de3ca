"""Each office comes in, sees its first page, its navigation and nothing foreign; the way in and out by hand; what the shell remembers."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from api.auth.office import DUTIES, Bound, Office
from api.auth.password import hashed
from api.auth.user import add_user, bind
from api.auth.vault import Vault
from tests.browser.conftest import Watched, seen, watch
from tests.browser.people import DIVISION, FIRM_LOGIN, PASSWORD, Doors, opened

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
OPEN = {"/regions/100000", "/regions", "/factors"}
BOOKS = OPEN | {"/holders", "/filings", "/accounts"}
NAVIGATION: dict[Office | None, set[str]] = {
    None: OPEN, Office.RESIDENT: BOOKS, Office.FIRM: BOOKS | {"/approvals"}, Office.PARK: BOOKS | {"/approvals"},
    Office.VERIFIER: BOOKS | {"/approvals"}, Office.REGULATOR: BOOKS | {"/approvals"}, Office.PROVIDER: OPEN | {"/approvals"},
    Office.ADMINISTRATOR: OPEN | {"/users"}, Office.SECURITY: OPEN | {"/users", "/approvals"}, Office.AUDITOR: OPEN | {"/users", "/access"},
}  # fmt: skip
EVERY = set().union(*NAVIGATION.values())
WORDS = {
    "zh": {Office.FIRM: "企业", Office.REGULATOR: "监管者", Office.AUDITOR: "审计员"},
    "en": {Office.FIRM: "enterprise", Office.REGULATOR: "regulator", Office.AUDITOR: "auditor"},
}


def leads_to(page: Page, language: str) -> set[str]:
    """The addresses of the navigation, without the language before them."""
    links = page.locator("nav.nav a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    return {str(link).removeprefix(f"/{language}") for link in links}


def quiet(watched: Watched) -> None:
    """Nothing went wrong on the page but answers that say no, and nothing was asked elsewhere."""
    assert [said for said in watched.errors if "Failed to load resource" not in said] == []
    assert watched.elsewhere == []
    watched.context.close()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", ["desk", "phone"])
@pytest.mark.parametrize("office", [None, *Office], ids=lambda office: str(office or "stranger"))
def test_each_office_sees_its_first_page_its_navigation_and_nothing_foreign(
    browser: Browser, doors: Doors, office: Office | None, width: str, language: str
) -> None:
    watched = watch(browser, doors.address, width)
    doors.enter(watched.context, office)
    page, base = watched.page, f"{doors.address}/{language}"
    page.goto(f"{base}/me")
    if office is None:
        page.wait_for_url(re.compile(r"/sign-in\?next="))
    else:
        acting = page.locator(".acting")
        expect(acting).to_be_visible()
        expect(acting).to_contain_text(WORDS[language].get(office, ""))
        bound = DUTIES[office].bound
        where = {Bound.HOLDER: "示例建材有限公司", Bound.DIVISION: "湖州市" if language == "zh" else "Huzhou", Bound.PLATFORM: ""}[bound]
        expect(acting).to_contain_text(where)
    seen(watched, f"doors/{language}-{width}-{office or 'stranger'}")
    assert leads_to(page, language) == NAVIGATION[office]
    if width == "phone":
        page.click(".menu-box summary")
        for link in page.locator(".menu-box .phone-only nav a").all():
            expect(link).to_be_visible()
    for address in sorted(EVERY):
        answer = page.request.get(base + address, headers={"accept": "text/html"}, max_redirects=0)
        if address in NAVIGATION[office]:
            assert answer.status == 200, f"{address} is offered and does not open"
        else:
            assert answer.status == (303 if office is None else 403), f"{address} is not offered and opens"
    quiet(watched)


def test_what_belongs_to_others_is_not_found(browser: Browser, doors: Doors) -> None:
    watched = watch(browser, doors.address, "desk")
    doors.enter(watched.context, Office.FIRM)
    page = watched.page
    answer = page.goto(f"{doors.address}/en/holders/{doors.other}")
    assert answer is not None
    assert answer.status == 404
    expect(page.locator("main")).not_to_contain_text("别处化工")
    number = page.locator("main code.cell").inner_text()
    assert number == answer.headers["x-request-id"], "the number that the log has"
    page.goto(f"{doors.address}/en/holders")
    expect(page.locator("main")).not_to_contain_text("别处化工")
    page.goto(f"{doors.address}/en/search?q=别处")
    expect(page.locator(".empty")).to_be_visible()
    quiet(watched)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", ["desk", "phone"])
def test_a_person_comes_in_by_the_form_and_goes_out_in_one_step(browser: Browser, doors: Doors, width: str, language: str) -> None:
    watched = watch(browser, doors.address, width)
    page, base = watched.page, f"{doors.address}/{language}"
    page.goto(f"{base}/accounts")
    page.wait_for_url(re.compile(r"/sign-in\?next="))
    page.fill("#login", FIRM_LOGIN)
    page.fill("#password", "not the password at all")
    page.click("main button.main")
    expect(page.locator("[role=alert]")).to_be_visible()
    expect(page.locator("#login")).to_have_value(FIRM_LOGIN)
    expect(page.locator("#password")).to_have_value("")
    seen(watched, f"doors/{language}-{width}-refused")
    page.fill("#password", PASSWORD)
    page.click("main button.main")
    page.wait_for_url(f"{base}/accounts")
    expect(page.locator(".acting")).to_contain_text("示例建材有限公司")
    page.click(".acting button")
    page.wait_for_url(re.compile(r"/sign-in"))
    page.goto(f"{base}/accounts")
    page.wait_for_url(re.compile(r"/sign-in\?next="))
    quiet(watched)


@pytest.mark.parametrize(("width", "language"), [("desk", "zh"), ("phone", "en")])
def test_a_regulator_takes_in_an_authenticator_and_comes_back_with_its_code(
    browser: Browser, doors: Doors, doors_home: Path, width: str, language: str
) -> None:
    login = f"{width}@regulator.example"
    book, now = opened(doors_home), datetime.now(UTC)
    with book.writing() as session:
        user = add_user(session, Vault.at(doors_home), login=login, password=hashed(PASSWORD), now=now)
        bind(session, user, Office.REGULATOR, division=DIVISION, by="test", now=now)
    book.engine.dispose()
    watched = watch(browser, doors.address, width)
    page, base = watched.page, f"{doors.address}/{language}"
    page.goto(f"{base}/sign-in")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.click("main button.main")
    page.wait_for_url(re.compile(r"/me/second-factor"))
    seen(watched, f"doors/{language}-{width}-second-factor")
    secret = page.locator("dl.kv code").first.inner_text().replace(" ", "")
    page.fill("#code", pyotp.TOTP(secret).now())
    page.click("main button.main")
    expect(page.locator(".codes code")).to_have_count(10)
    seen(watched, f"doors/{language}-{width}-recovery")
    recovery = page.locator(".codes code").first.inner_text()
    page.click("main a.main")
    assert leads_to(page, language) == NAVIGATION[Office.REGULATOR]
    page.click(".acting button")
    page.wait_for_url(re.compile(r"/sign-in"))
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.click("main button.main")
    page.wait_for_url(re.compile(r"/sign-in/code"))
    assert leads_to(page, language) == OPEN, "a password alone opens nothing yet"
    seen(watched, f"doors/{language}-{width}-code")
    page.fill("#code", recovery)
    page.click("main button.main")
    page.wait_for_url(re.compile(r"/me$"))
    quiet(watched)


@pytest.mark.parametrize("script", [True, False])
def test_the_theme_is_kept_and_the_page_with_its_filters(browser: Browser, doors: Doors, script: bool) -> None:
    watched = watch(browser, doors.address, "desk", script=script)
    doors.enter(watched.context, Office.REGULATOR)
    page = watched.page
    page.goto(f"{doors.address}/en/regions/330522?year=2017&gwp=AR6.100")
    page.click(".menu-box summary")
    page.click(".themes button[value=dark]")
    page.wait_for_url(re.compile(r"/en/regions/330522\?year=2017&gwp=AR6.100"))
    dark = "getComputedStyle(document.body).backgroundColor === 'rgb(18, 23, 26)'"
    if script:
        assert page.evaluate(dark)
    assert page.get_attribute("html", "data-theme") == "dark"
    page.goto(f"{doors.address}/zh/holders")
    assert page.get_attribute("html", "data-theme") == "dark"
    page.click(".menu-box summary")
    page.click(".themes button[value=system]")
    page.wait_for_url(re.compile(r"/zh/holders"))
    assert page.get_attribute("html", "data-theme") is None
    quiet(watched)


def test_a_notice_is_told_once(browser: Browser, doors: Doors, doors_home: Path) -> None:
    book, now = opened(doors_home), datetime.now(UTC)
    with book.writing() as session:
        user = add_user(session, Vault.at(doors_home), login="two@offices.example", password=hashed(PASSWORD), now=now)
        for place, holder in enumerate((doors.firm, doors.other)):  # the office held longest is the first
            bind(session, user, Office.FIRM, holder=holder, by="test", now=now + timedelta(seconds=place))
    book.engine.dispose()
    watched = watch(browser, doors.address, "desk")
    page = watched.page
    page.goto(f"{doors.address}/zh/sign-in")
    page.fill("#login", "two@offices.example")
    page.fill("#password", PASSWORD)
    page.click("main button.main")
    page.wait_for_url(re.compile(r"/me$"))
    page.click(".offices button")
    expect(page.locator(".told .note")).to_be_visible()
    expect(page.locator(".acting")).to_contain_text("别处化工有限公司")
    page.reload()
    expect(page.locator(".told")).to_have_count(0)
    quiet(watched)


def test_paper_carries_the_figures_in_full_and_no_navigation(browser: Browser, doors: Doors) -> None:
    watched = watch(browser, doors.address, "desk")
    doors.enter(watched.context, Office.REGULATOR)
    page = watched.page
    page.goto(f"{doors.address}/zh/regions/330522?year=2023")
    page.emulate_media(media="print")
    for hidden in (".top", ".filters", ".help", ".menu-box"):
        assert not page.locator(hidden).first.is_visible(), hidden
    expect(page.locator(".onlyprint")).to_contain_text("/zh/regions/330522?year=2023")
    full = page.evaluate("getComputedStyle(document.querySelector('.figs a.ev[data-full]'), '::after').content")
    assert re.search(r"\(.*\d{2},\d{3},\d{3},\d{3} g", full), full
    quiet(watched)
