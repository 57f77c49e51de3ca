"""What people may call themselves and what visitors may search for runs in no browser: a real Chromium finds no script of theirs, and the
pages break none of their own policy."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser

from api.auth.office import Office
from tests.api.hostile.conftest import SOAK, Besieged, besiege
from tests.api.hostile.routes import ways
from tests.api.hostile.test_cells import MARKUP, mean_book
from tests.api.server import serving

WATCH = """
window.ran = 0; window.zq = () => { window.ran += 1 };
for (const name of ['alert', 'confirm', 'prompt']) window[name] = window.zq;
window.broken = [];
document.addEventListener('securitypolicyviolation', e => window.broken.push(e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample));
"""
USUAL = [
    "/holders",
    "/holders/FIRM",
    "/entries?division=330522&year=2023",
    "/regions/330522?year=2023",
    "/accounts?name=holder/FIRM/",
    "/search?q=%3D1",
    "/me",
    "/entries/60",
]


@pytest.fixture(scope="module")
def mean_server(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Besieged]]:
    home: Path = tmp_path_factory.mktemp("mean-home")
    book, firm = mean_book(home)
    made = besiege(book, own=firm)
    with serving(home) as served:
        yield served.address, made
    book.engine.dispose()


def pages(made: Besieged) -> list[str]:
    """Every page, at full count; else those on which names and words stand."""
    whole = [
        way.path.removeprefix("/en")
        for way in ways(made.app, holder_id=made.firm.id, code="330522")
        if way.method == "GET" and way.path.startswith("/en/")
    ]
    searched = [
        f"/{page}?q={quote(text)}" for text in (MARKUP if SOAK else MARKUP[:3]) for page in ("search", "regions", "factors", "sign-in")
    ]
    return [path.replace("FIRM", made.firm.id) for path in USUAL] + searched + (whole if SOAK else [])


@pytest.mark.browser
def test_no_payload_runs_and_no_page_breaks_its_policy(mean_server: tuple[str, Besieged], browser: Browser) -> None:
    address, made = mean_server
    context = browser.new_context()
    context.set_default_timeout(15_000)
    context.add_init_script(WATCH)
    context.add_cookies([{"name": "tanzhang", "value": made.token(Office.FIRM), "url": address}])
    page, said, met = context.new_page(), [], 0
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    for path in pages(made):
        for language in ("zh", "en") if SOAK else ("en",):
            page.goto(f"{address}/{language}{path}", wait_until="load")
            met += "zq()" in page.content()
            for name in ("mouseover", "focus", "click"):
                page.evaluate(
                    "name => document.querySelectorAll('[onmouseover],[onerror],[onload],[onfocus]').forEach(e => e.dispatchEvent(new Event(name)))",
                    name,
                )
            assert page.evaluate("window.ran") == 0, f"{path}: a payload ran"
            assert page.evaluate("window.broken") == [], f"{path} breaks its policy"
            assert page.evaluate("document.querySelectorAll('[onmouseover],[onerror],[onload],base,iframe').length") == 0, path
    assert said == []
    assert met >= 5, "the payloads were on the pages"
    context.close()
