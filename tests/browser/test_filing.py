"""A firm's year in a real browser: filed, found wanting, corrected, signed by two, accepted, booked, restated; each as who does it."""

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect

from api.auth.office import DUTIES, Bound, Office
from api.auth.session import open_session
from api.auth.user import add_user, bind
from api.auth.vault import Vault
from carbon.enterprise.filing.verifier import grant
from carbon.holder import holders
from ledger.principal import LOCAL_ADMIN, Principal, Role
from tests.api.example import example_book
from tests.browser.conftest import seen, served, watch

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
COUNTY, YEAR = "330522", 2024
PEOPLE = {
    "li": ("李小明", Office.FIRM), "zhou": ("周核", Office.VERIFIER), "wu": ("吴核", Office.VERIFIER), "wang": ("王局", Office.REGULATOR),
}  # fmt: skip
EVERY = [("en", "desk", True), ("en", "phone", True), ("zh", "phone", True), ("en", "phone", False)]
READERS = [("zh", "desk", True), *(EVERY if os.environ.get("TANZHANG_SOAK") == "1" else [])]
"""Language, width, and whether scripts run."""
WORDS = {
    "zh": {"open": "新建", "send": "上传", "hand": "提交核查", "take": "受理核查", "hold": "记入发现", "reply": "回复", "save": "保存数据行",
           "close": "关闭", "first": "第一签署", "second": "第二签署", "grant": "同意", "accept": "受理", "book": "入账", "restate": "重述",
           "saved": "已自动保存"},
    "en": {"open": "Open the filing", "send": "Send", "hand": "Hand in for verification", "take": "Take it up", "hold": "Hold it against the filing",
           "reply": "Reply", "save": "Save the lines", "close": "Close it", "first": "Sign as the first", "second": "Sign as the second",
           "grant": "Grant", "accept": "Accept", "book": "Book it", "restate": "Restate", "saved": "Saved by itself"},
}  # fmt: skip


def workbook(*rows: tuple[Any, ...]) -> bytes:
    book = openpyxl.Workbook()
    book.active.append(("能源品种", "消耗量", "计量单位", "月份", "厂区", "计量器具"))
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@dataclass
class Stage:
    """A server over a book of its own, and a session for each who plays."""

    address: str
    firm: str
    tokens: dict[str, str]


@pytest.fixture
def stage(chromium: str, tmp_path: Path) -> Iterator[Stage]:
    book, now = example_book(tmp_path), datetime.now(UTC)
    vault, tokens = Vault.at(tmp_path), {}
    officer = Principal("officer", Role.AUTHORITY, divisions=frozenset({"330000"}))
    with book.writing() as session:
        firm = next(one.id for one in holders(session, LOCAL_ADMIN) if one.example)
        for key, (name, office) in PEOPLE.items():
            user, bound = add_user(session, vault, fields={"name": name}, now=now), DUTIES[office].bound
            held = bind(
                session, user, office, holder=firm if bound is Bound.HOLDER else None, division=COUNTY if bound is Bound.DIVISION else None,
                by="test", now=now,
            )  # fmt: skip
            tokens[key] = open_session(session, user, binding=held.id, second=True, now=now)
            if office is Office.VERIFIER:
                grant(
                    session, officer, actor=user, number=f"CNAS {key}", body="示例认可机构", valid_from=date(2020, 1, 1),
                    valid_until=date(2099, 1, 1), now=now,
                )  # fmt: skip
    book.engine.dispose()
    with served(tmp_path) as address:
        yield Stage(address, firm, tokens)


@dataclass
class Play:
    """What people do in their browsers, in one language and at one width."""

    browser: Browser
    stage: Stage
    language: str
    width: str
    script: bool
    name: str

    def by(self, who: str, path: str, act: Callable[[Page], Any], *, picture: str = "") -> Any:
        """Open a page as somebody, do something, and take a picture of what comes of it."""
        watched = watch(self.browser, self.stage.address, self.width, script=self.script)
        watched.context.add_cookies([{"name": "tanzhang", "value": self.stage.tokens[who], "url": self.stage.address}])
        watched.page.goto(f"{self.stage.address}/{self.language}{path}")
        got = act(watched.page)
        if picture:
            seen(watched, f"filing/{self.language}-{self.width}{'' if self.script else '-noscript'}-{picture}")
        loud = [said for said in watched.errors if "Failed to load resource" not in said]
        assert (loud, watched.elsewhere) == ([], [])
        watched.context.close()
        return got

    def press(self, page: Page, word: str) -> None:
        """Press a button and wait for the page that it leads to."""
        with page.expect_navigation():
            page.get_by_role("button", name=WORDS[self.language][word], exact=True).first.click()

    def told(self, who: str, path: str) -> Any:
        """What the API says, to the same session."""

        def ask(page: Page) -> Any:
            answer = page.request.get(f"{self.stage.address}/api/v1{path}")
            assert answer.ok, answer.text()
            return answer.json()

        return self.by(who, "/me", ask)

    def county_g(self) -> int:
        told = self.told("wang", f"/regions/{COUNTY}?year={YEAR}")["filed_g"]
        return int(told.get("physical", 0)) + int(told.get("location", 0))


def upload(play: Play, data: bytes) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.set_input_files("#choose", {"name": "2024 能源台账.xlsx", "mimeType": "application/octet-stream", "buffer": data})
        play.press(page, "send")

    return act


def sign_and_book(play: Play, id: str, picture: str = "") -> None:  # noqa: A002
    """Two verifiers sign, the authority accepts and books."""
    at = f"/filings/{id}/verification"
    play.by("zhou", at, lambda page: play.press(page, "first"), picture=picture and f"{picture}-signed")

    def second(page: Page) -> None:
        page.get_by_role("link", name=WORDS[play.language]["second"]).click()
        play.press(page, "grant")

    play.by("wu", at, second, picture=picture and f"{picture}-second")
    play.by("wang", at, lambda page: play.press(page, "accept"))
    play.by("wang", at, lambda page: play.press(page, "book"), picture=picture and f"{picture}-booked")


def handing_in(play: Play) -> Callable[[Page], None]:
    """Confirm what is asked, and hand in."""

    def act(page: Page) -> None:
        for box in page.locator("[name^='c.']").all():
            box.check()
        play.press(page, "hand")

    return act


def restated(play: Play, id: str) -> None:  # noqa: A002
    """What is booked is corrected by another filing, whose bridge is shown."""

    def restating(page: Page) -> str:
        play.press(page, "restate")
        return page.url.rpartition("/")[2]

    again = play.by("li", f"/filings/{id}", restating)

    def more(page: Page) -> None:
        page.fill("[name='1.quantity']", "4000000")
        if play.script:
            page.dispatch_event("[name='1.quantity']", "change")
            expect(page.locator("#saved")).to_contain_text(WORDS[play.language]["saved"])
        else:
            play.press(page, "save")

    play.by("li", f"/filings/{again}", more)
    play.by("li", f"/filings/{again}", handing_in(play))
    play.by("zhou", f"/filings/{again}/verification", lambda page: play.press(page, "take"))
    stood = play.county_g()
    sign_and_book(play, again)
    way = play.told("li", f"/filings/{again}")["stand"]["booked"]["bridge"]
    moved = sum(int(way[part]) for part in ("activity", "factor", "gwp", "method", "boundary"))
    assert moved < 0
    assert play.county_g() - stood == moved == int(way["new_g"]) - int(way["old_g"])

    def bridged(page: Page) -> None:
        expect(page.locator(".fall:visible").first).to_be_visible()

    play.by("li", f"/filings/{again}", bridged, picture="10-restated")


@pytest.mark.parametrize(("language", "width", "script"), READERS)
def test_a_firms_year_is_filed_verified_booked_and_restated(
    browser: Browser, stage: Stage, language: str, width: str, script: bool
) -> None:  # fmt: skip
    play = Play(browser, stage, language, width, script, "filing")

    def opening(page: Page) -> str:
        page.fill("#year", str(YEAR))
        page.select_option("#guide", "cement")
        play.press(page, "open")
        return page.url.rpartition("/")[2]

    id = play.by("li", "/filings", opening, picture="1-opened")  # noqa: A001
    at, verifying = f"/filings/{id}", f"/filings/{id}/verification"
    coal, power = ("烟煤", 1240.6, "t", "2024-07", "s01", "belt scale"), ("电网电力", 4126000, "kWh", "2024-07", "s01", "meter 1101")
    wrong = workbook(coal, ("烟煤", -86, "t", "2024-08", "s01", "belt scale"), ("electricity.grid", *power[1:]), coal)
    play.by("li", at, upload(play, wrong), picture="2-problems")
    assert play.told("li", at)["version"] == 1
    right = workbook(("combustion.stationary.bituminous", *coal[1:]), ("electricity.grid", *power[1:]))
    play.by("li", at, upload(play, right))

    def writing(page: Page) -> None:
        page.fill("[name='1.note']", "抄表")
        if script:
            page.dispatch_event("[name='1.note']", "change")
            expect(page.locator("#saved")).to_contain_text(WORDS[language]["saved"])
        else:
            play.press(page, "save")

    play.by("li", at, writing, picture="3-written")

    play.by("li", at, handing_in(play), picture="4-handed-in")
    declared = int(play.told("li", at)["stand"]["declared"]["total_g"])
    play.by("zhou", verifying, lambda page: play.press(page, "take"))

    def finding(page: Page) -> None:
        for field, value in {"text": "入炉煤量与台账不符", "line": "2", "field": "quantity", "value": "1342.1"}.items():
            page.fill(f"#{field}", value)
        page.select_option("#weight", "major")
        play.press(page, "hold")

    play.by("zhou", verifying, finding, picture="5-found")

    def replying(page: Page) -> None:
        page.fill("#say1", "同意，已更正")
        play.press(page, "reply")

    play.by("li", verifying, replying)

    def correcting(page: Page) -> None:
        page.fill("[name='0.quantity']", "1342.1")
        play.press(page, "save")

    play.by("li", at, correcting)
    play.by("zhou", verifying, lambda page: play.press(page, "close"), picture="6-closed")
    before = play.county_g()
    sign_and_book(play, id, "7")
    found = play.told("li", at)["stand"]["findings"][0]["verified"]
    effect = int(found["verified_g"]) - int(found["declared_g"])
    assert effect > 0
    assert play.county_g() - before == declared + effect, "the county moves by exactly what was signed for"
    play.by("wang", f"/regions/{COUNTY}?year={YEAR}", lambda page: None, picture="8-county")
    play.by("li", at, lambda page: None, picture="9-booked-inventory")

    restated(play, id)
    play.by("li", "/filings", lambda page: None, picture="11-list")
