"""The frame around every page: who acts, notices that nobody can forge, hard words in both languages, and a file beside each table."""

import base64
import json
import re
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import RequestFactory, TestClient

from api.language import LANGUAGES
from api.pages.glossary import glossary
from api.pages.notices import COOKIE, Notice, notice, told
from api.problems import N_
from tests.api.test_pages import PAGES

MESSAGE = N_("You are signed out.")


def asked(app: Litestar, value: str = "") -> Any:
    request = RequestFactory(app=app).get("/zh/me", headers={"cookie": f"{COOKIE}={value}"} if value else None)
    request.scope["user"] = None
    return request


def test_a_notice_is_told_in_the_language_of_the_page(app: Litestar) -> None:
    cookie = notice(asked(app), MESSAGE)
    assert cookie.value
    assert (cookie.httponly, cookie.samesite, cookie.max_age) == (True, "lax", 60)
    assert told(asked(app, cookie.value), "zh") == Notice("good", "已退出登录。")
    assert told(asked(app, cookie.value), "en") == Notice("good", MESSAGE)


def test_a_notice_that_was_forged_or_is_anothers_is_not_told(app: Litestar) -> None:
    real = str(notice(asked(app), MESSAGE).value)
    raw = base64.urlsafe_b64decode(real + "=" * (-len(real) % 4))
    forged = raw[:16] + raw[16:].replace(b"signed out", b"signed off")
    for value in (base64.urlsafe_b64encode(forged).decode(), "", "x", "%%%", "e30", real[:-3], "A" * 400):
        assert told(asked(app, value), "en") is None
    others = notice(asked(app), MESSAGE, user="u1").value
    assert told(asked(app, str(others)), "en") is None


def test_a_notice_has_one_of_three_kinds(app: Litestar) -> None:
    with pytest.raises(ValueError, match="good, warn, bad"):
        notice(asked(app), MESSAGE, kind="loud")


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_hard_word_is_explained(client: TestClient[Any], language: str) -> None:
    terms = glossary(language)  # type: ignore[arg-type]
    page = client.get(f"/{language}/help").text
    for term in terms.values():
        assert len(term.text) >= (20 if language == "zh" else 60), term.key
        assert f'id="{term.key}"' in page
    assert json.loads(client.get(f"/{language}/help/glossary.json").text)[0]["key"] == next(iter(terms))


def test_both_languages_explain_the_same_words() -> None:
    assert list(glossary("zh")) == list(glossary("en"))


@pytest.mark.parametrize("path", [*PAGES, "/search?q=330522", "/search?q=%E5%BB%BA%E6%9D%90"])
def test_each_page_with_a_table_links_its_files_and_they_are_there(client: TestClient[Any], path: str) -> None:
    html = client.get(f"/en{path}").text
    links = {link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', html.split("<main", 1)[1])}
    files = {kind: [link for link in links if re.search(rf"\.{kind}(\?|$)", link)] for kind in ("csv", "json")}
    if "<table" in html:
        assert files["csv"], "no .csv beside the table"
        assert files["json"] or any(link.startswith("/api/v1/") for link in links), "no .json beside the table"
    for kind, addresses in files.items():
        for address in addresses:
            answer = client.get(address)
            assert answer.status_code == 200, address
            assert kind in answer.headers["content-type"], address


def test_the_theme_comes_with_the_page_and_only_back_to_this_site(client: TestClient[Any]) -> None:
    own = {"origin": "http://testserver.local"}
    for wanted, there in (
        ("/en/help", "/en/help"),
        ("//elsewhere.example/en/", "/en/factors"),
        ("https://elsewhere.example", "/en/factors"),
    ):
        answer = client.post("/en/theme", data={"theme": "dark", "next": wanted}, headers=own, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, there)
    client.cookies.set("tanzhang_theme", "dark")
    page = client.get("/en/help").text
    client.cookies.clear()
    assert '<html lang="en" data-theme="dark">' in page
    assert re.search(r'dark-\w+\.css" media="screen">', page)
    client.cookies.set("tanzhang_theme", 'x"><script>')
    assert "data-theme" not in client.get("/en/help").text
    client.cookies.clear()


@pytest.mark.parametrize(
    ("q", "kinds"),
    [("330522", {"divisions", "accounts"}), ("0", {"entries"}), ("示例建材", {"holders"}), ("烟煤", {"factors"}), ("入炉煤月报 2023-01", {"entries"}),
     ("atmosphere/330522", {"accounts"}), ("nowhere-at-all", set())],
)  # fmt: skip
def test_the_search_finds_each_kind_of_thing(client: TestClient[Any], q: str, kinds: set[str]) -> None:
    rows = json.loads(client.get("/zh/search/found.json", params={"q": q}).text)
    assert kinds <= {row["kind"] for row in rows}
    if not kinds:
        assert rows == []
        assert 'class="empty' in client.get("/zh/search", params={"q": q}).text
    for row in rows[:12]:
        assert client.get(row["address"]).status_code == 200, row
