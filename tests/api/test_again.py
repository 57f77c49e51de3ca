"""A page that is answered again is the page that would be drawn now, for whoever asks, whatever happened since."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.datastructures import Headers
from litestar.testing import TestClient

import api.again
import api.pages.region as region
from api.again import PACKS, READ
from api.app import create_app
from api.auth.gate import COOKIE
from api.auth.office import Office
from api.auth.session import open_session, sign_out
from api.auth.user import add_user, bind, disable, end_binding
from api.doors import handlers_of
from api.kept import Kept
from carbon.holder import add_site, move_site
from carbon.region.divisions import divisions
from carbon.region.shipped import import_shipped
from ledger.book import Book
from ledger.principal import LOCAL_ADMIN
from tests.carbon.conftest import make_firm  # noqa: F401
from tests.carbon.enterprise.filing.conftest import COAL, COUNTY, Desk, desk_of
from tests.ledger.books import burning, put

PAGE = f"/zh/regions/{COUNTY}?year=2023"
PAGES = (PAGE, f"/en/regions/{COUNTY}?year=2023", f"/zh/regions/{COUNTY}?year=2024", "/zh/regions/330000?year=2023")
Asks = Callable[[str, str, dict[str, str]], httpx.Response]
"""By whom (a token), what, with which headers."""


@dataclass
class Crowd:
    """A county's book, who reads it (tokens by name), and the application that keeps its answers."""

    desk: Desk
    app: Litestar
    client: TestClient[Any]
    users: dict[str, str] = field(default_factory=dict)
    offices: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def book(self) -> Book:
        return self.desk.book

    def comes(self, name: str, office: Office, **within: str) -> None:
        with self.book.writing() as session:
            user = self.users[name] = add_user(session, self.app.state.vault, now=datetime.now(UTC))
            self.offices[name] = bind(session, user, office, by="u0", now=datetime.now(UTC), **within).id
            self.tokens[name] = open_session(session, user, second=True, now=datetime.now(UTC))

    def ask(self, name: str, path: str = PAGE, cookies: str = "", **headers: str) -> httpx.Response:
        """What is answered to somebody, with nothing that was kept from before in the client."""
        return asked(self.client, self.tokens.get(name, ""), path, cookies, **headers)

    def drawn(self, name: str, path: str = PAGE, cookies: str = "") -> httpx.Response:
        """What is answered where nothing was kept."""
        kept, region.KEPT = region.KEPT, Kept(0)
        answers, self.app.state.answers = self.app.state.answers, Kept(0)
        try:
            return self.ask(name, path, cookies)
        finally:
            region.KEPT, self.app.state.answers = kept, answers


def asked(client: TestClient[Any], token: str, path: str, cookies: str = "", **headers: str) -> httpx.Response:
    client.cookies.clear()
    sent = {"cookie": "; ".join(part for part in (f"{COOKIE}={token}" if token else "", cookies) if part)}
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(path, headers={"accept": "text/html", "accept-encoding": "identity"} | sent | told, follow_redirects=False)


@pytest.fixture
def crowd(make_firm: Callable[..., Any]) -> Iterator[Crowd]:  # noqa: F811
    desk = desk_of(make_firm())
    app = create_app(desk.book)
    with TestClient(app) as client:
        made = Crowd(desk, app, client)
        for name, office, within in (
            ("regulator", Office.REGULATOR, {"division": COUNTY}), ("neighbour", Office.REGULATOR, {"division": COUNTY}),
            ("province", Office.REGULATOR, {"division": "330000"}), ("firm", Office.FIRM, {"holder": desk.firm.id}),
        ):  # fmt: skip
            made.comes(name, office, **within)
        yield made


@pytest.fixture
def draws(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses of the pages that were drawn."""
    found: list[str] = []

    def drawn(request: Any, *given: Any, **named: Any) -> Any:
        found.append(str(request.url.path))
        return page(request, *given, **named)

    page = region.page
    monkeypatch.setattr(region, "page", drawn)
    return found


def happens(crowd: Crowd) -> Iterator[str]:
    """One thing after another that changes what somebody is shown, each done when the next is asked for."""
    book, desk = crowd.book, crowd.desk
    put(book, burning("1", day=date(2023, 5, 31)))
    yield "an entry was posted"
    made = desk.draft(COAL)
    yield "a filing was begun"
    desk.agreed(made.id)
    yield "a filing was accepted and booked"
    with book.writing() as session:
        add_site(
            session, LOCAL_ADMIN, holder=desk.firm.id, code="s02", name="二厂", division=COUNTY, since=date(2020, 1, 1), tree=divisions()
        )
    yield "a site was added"
    with book.writing() as session:
        move_site(session, LOCAL_ADMIN, holder=desk.firm.id, code="s02", division="330502", since=date(2023, 7, 1), tree=divisions())
    yield "a site moved away"
    with book.writing() as session:
        import_shipped(session, principal=LOCAL_ADMIN, now=datetime.now(UTC), tree=divisions())
    yield "statistics were published"


def test_after_whatever_happens_everybody_sees_what_would_be_drawn(crowd: Crowd) -> None:
    told: dict[tuple[str, str], httpx.Response] = {}
    changed = 0
    for what in chain(["nothing yet"], happens(crowd)):
        for name in ("regulator", "province", "firm", "nobody"):
            for path in PAGES:
                fresh = crowd.drawn(name, path)
                before = told.get((name, path))
                tag = before.headers.get("etag", "") if before else ""
                answer = crowd.ask(name, path, if_none_match=tag or '"none"')
                if answer.status_code == 304:
                    assert before is not None
                    assert before.text == fresh.text, (what, name, path)
                    continue
                assert answer.status_code == fresh.status_code
                if answer.status_code == 200:
                    assert answer.text == fresh.text, (what, name, path)
                    assert crowd.ask(name, path).text == fresh.text
                    changed += before is not None and before.text != answer.text
                    told[name, path] = answer
    assert changed >= 12


def test_what_was_drawn_once_is_not_drawn_again_until_the_book_changes(crowd: Crowd, draws: list[str]) -> None:
    first = crowd.ask("regulator")
    tag = first.headers["etag"]
    assert first.status_code == 200
    assert [crowd.ask("regulator", if_none_match=tag).status_code for _ in range(3)] == [304] * 3
    assert crowd.ask("regulator", if_none_match=f'"x", {tag}').content == b""
    assert crowd.ask("regulator").text == first.text
    assert len(draws) == 1
    put(crowd.book, burning("1", day=date(2023, 5, 31)))
    second = crowd.ask("regulator", if_none_match=tag)
    assert (second.status_code, second.text != first.text) == (200, True)
    assert second.headers["etag"] != tag
    assert len(draws) == 2


def test_a_known_answer_has_the_headers_of_a_drawn_one(crowd: Crowd) -> None:
    first, second = crowd.ask("regulator"), crowd.ask("regulator")
    for answer in (first, second, crowd.ask("regulator", if_none_match=first.headers["etag"])):
        assert (answer.headers["cache-control"], answer.headers["etag"]) == ("private, no-cache", first.headers["etag"])
        assert "cookie" in answer.headers["vary"].lower()
        assert answer.headers["set-cookie"].startswith("tanzhang_language=zh")
        assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert first.headers["content-type"] == second.headers["content-type"] == "text/html; charset=utf-8"
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


def test_a_packed_answer_is_the_plain_one(crowd: Crowd) -> None:
    plain = crowd.ask("regulator")
    for _ in range(2):
        packed = crowd.ask("regulator", accept_encoding="gzip, deflate")
        assert (packed.headers["content-encoding"], packed.text) == ("gzip", plain.text)
        assert "accept-encoding" in packed.headers["vary"].lower()
        assert int(packed.headers["content-length"]) < len(plain.content) / 2
        assert packed.headers["etag"] == plain.headers["etag"]
    assert "content-encoding" not in crowd.ask("regulator").headers


def test_nobody_gets_what_was_drawn_for_another(crowd: Crowd) -> None:
    """Two regulators of one county see the same figures, each in a frame of their own: their forms carry their own tokens."""
    answers = {name: crowd.ask(name) for name in ("regulator", "neighbour", "province")}
    assert len({answer.headers["etag"] for answer in answers.values()}) == 3
    for name, answer in answers.items():
        for other in answers:
            again = crowd.ask(other, if_none_match=answer.headers["etag"])
            assert again.status_code == (304 if other == name else 200)
    assert crowd.ask("nobody").status_code == 303
    assert crowd.ask("nobody", if_none_match=answers["regulator"].headers["etag"]).status_code == 303


def test_who_has_left_is_not_answered_from_what_was_kept(crowd: Crowd) -> None:
    """One signs out, one loses the office, one is disabled."""
    tags = {name: crowd.ask(name).headers["etag"] for name in ("regulator", "neighbour", "province")}
    assert [crowd.ask(name, if_none_match=tag).status_code for name, tag in tags.items()] == [304] * 3
    with crowd.book.writing() as session:
        sign_out(session, crowd.tokens["regulator"])
        end_binding(session, crowd.offices["neighbour"], by="u0", now=datetime.now(UTC))
        disable(session, crowd.users["province"], now=datetime.now(UTC))
    for name, tag in tags.items():
        answers = crowd.ask(name), crowd.ask(name, if_none_match=tag)
        assert [answer.status_code for answer in answers] == [303] * 2
        assert tag not in [answer.headers.get("etag") for answer in answers]


def test_a_new_session_of_the_same_user_has_forms_of_its_own(crowd: Crowd) -> None:
    first = crowd.ask("regulator")
    with crowd.book.writing() as session:
        crowd.tokens["regulator"] = open_session(session, crowd.users["regulator"], second=True, now=datetime.now(UTC))
    second = crowd.ask("regulator", if_none_match=first.headers["etag"])
    assert (second.status_code, second.text) == (200, crowd.drawn("regulator").text)
    assert second.text != first.text


def test_another_address_language_or_theme_is_another_answer(crowd: Crowd) -> None:
    asked = [(PAGE, ""), (PAGE, "tanzhang_theme=dark"), (PAGE, "tanzhang_language=zh"), (PAGE + "&gwp=AR6.100", "")]
    asked += [(PAGE.replace("/zh/", "/en/"), ""), (PAGE.replace("2023", "2024"), ""), (PAGE.replace(COUNTY, "330502"), "")]
    answers = [crowd.ask("province", path, cookies) for path, cookies in asked]
    assert len({(answer.text, answer.headers.get("set-cookie")) for answer in answers}) == len(asked)
    for (path, cookies), answer in zip(asked, answers, strict=True):
        for other in (crowd.ask("province", path, cookies), crowd.drawn("province", path, cookies)):
            assert (other.text, other.headers.get("set-cookie")) == (answer.text, answer.headers.get("set-cookie"))


def test_another_day_is_another_answer(crowd: Crowd, draws: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    crowd.ask("regulator")
    crowd.ask("regulator")

    class Tomorrow(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(days=1)

    assert len(draws) == 1
    monkeypatch.setattr(api.again, "datetime", Tomorrow)
    crowd.ask("regulator")
    assert len(draws) == 2


def test_a_page_that_is_kept_reads_nothing_else_of_a_request(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a page reads and the key does not hold would be told to the wrong reader."""
    app = crowd.app
    keeps = {next(iter(handler.paths)) for handler in handlers_of(app) if handler.opt.get(PACKS)}
    assert keeps == {"/regions/{code:str}"}
    read: set[str] = set()
    again, look = region.again, Headers.__getitem__

    def noting(headers: Headers, name: str) -> str:
        read.add(name.lower())
        return look(headers, name)

    async def watched(request: Any, book: Book, draw: Callable[[], Any]) -> Any:
        def drawn() -> Any:
            with monkeypatch.context() as patch:
                patch.setattr(Headers, "__getitem__", noting)
                return draw()

        return await again(request, book, drawn)

    monkeypatch.setattr(region, "again", watched)
    for path in PAGES:
        assert crowd.ask("regulator", path, "tanzhang_notice=x; tanzhang_theme=dark").status_code == 200
    assert read <= set(READ) | {"host"}  # a part of the address
