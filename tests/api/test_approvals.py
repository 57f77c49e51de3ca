"""Four eyes: one person asks, another decides, once; what is granted is carried out with the decision, or neither stands."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from api.auth.approval import MATTERS, Decision, Matter, approvals, ask, decide, find_approval, register
from api.auth.errors import AlreadyDecided, AskerGone, BadUser, Forbidden, OwnRights, UserNotFound
from api.auth.office import Office
from api.auth.password import hashed
from api.auth.reopening import REOPEN, ask_reopening
from api.auth.user import Binding, bindings, disable, end_binding
from carbon.holder import add_holder, add_site
from carbon.region.divisions import divisions
from ledger.book import Book
from ledger.errors import PeriodMisruled
from ledger.period import close_month, reopen_month, rulings
from ledger.principal import LOCAL_ADMIN
from tests.api.auth.town import Person, Town, build, hidden

NOW, TODAY = datetime(2026, 11, 28, 3, 0, tzinfo=UTC), date(2026, 11, 28)
MONTH, PERIOD = "2023-06", 202306


@dataclass
class House:
    """A town whose firm has a site in Changxing (330522) and a closed June."""

    town: Town
    scope: str

    @property
    def book(self) -> Book:
        return self.town.book

    def office(self, office: Office, *, division: str | None = None, holder: str | None = None) -> Binding:
        """A new person's office."""
        from api.auth.user import add_user, bind

        login = f"{office}{len(self.town.people)}-{division}@example.org"
        self.town.people.append(Person("", login, ""))
        with self.book.writing() as session:
            user = add_user(session, self.town.vault, login=login, password=hashed("a long sentence of the town"), now=NOW)
            return bind(session, user, office, holder=holder, division=division, by="test", now=NOW)

    def firm(self) -> Binding:
        return self.office(Office.FIRM, holder=self.town.firm)

    def regulator(self, division: str = "330522") -> Binding:
        return self.office(Office.REGULATOR, division=division)

    def ask(self, who: Binding, *, scope: str | None = None, month: str = MONTH, reason: str = "meter 3 was read wrongly") -> str:
        with self.book.writing() as session:
            return ask_reopening(session, who, month, scope=self.scope if scope is None else scope, reason=reason, now=NOW)

    def decide(self, who: Binding, number: str, decision: Decision = Decision.GRANTED) -> None:
        with self.book.writing() as session:
            decide(session, who, number, decision, now=NOW, today=TODAY)

    def is_open(self, who: Binding, number: str) -> bool:
        with self.book.reading() as session:
            return find_approval(session, who, number).decided_at is None

    def reopened(self) -> list[tuple[str, str | None, str]]:
        """By whom, with whom and why June was opened again."""
        with self.book.reading() as session:
            return [(one.actor, one.second, one.reason) for one in rulings(session, PERIOD) if not one.closed]


@pytest.fixture
def house(book: Book) -> House:
    town = build(book)
    scope = f"holder/{town.firm}/"
    with book.writing() as session:
        add_site(session, LOCAL_ADMIN, holder=town.firm, code="s1", name="", division="330522", since=date(2020, 1, 1), tree=divisions())
        close_month(session, PERIOD, LOCAL_ADMIN, now=NOW, day=TODAY, scope=scope, reason="filed")
    return House(town, scope)


def test_what_one_asks_and_another_grants_is_carried_out_in_both_names(house: House) -> None:
    firm, county = house.firm(), house.regulator()
    number = house.ask(firm)
    assert house.reopened() == []
    house.decide(county, number)
    assert house.reopened() == [(firm.user, county.user, "meter 3 was read wrongly")]


def test_what_is_refused_changes_nothing(house: House) -> None:
    firm, county = house.firm(), house.regulator()
    number = house.ask(firm)
    house.decide(county, number, Decision.REFUSED)
    assert house.reopened() == []
    with house.book.reading() as session:
        told = find_approval(session, firm, number)
    assert (told.decision, told.decided_by) == ("refused", county.user)


def test_who_asked_never_decides_in_whatever_office(house: House) -> None:
    from api.auth.user import bind

    county = house.regulator()
    with house.book.writing() as session:
        other = bind(session, county.user, Office.REGULATOR, division="330000", by="test", now=NOW)
    number = house.ask(county)
    for office in (county, other):
        with pytest.raises(OwnRights):
            house.decide(office, number)
    assert house.is_open(county, number)
    house.decide(house.regulator(), number)
    assert len(house.reopened()) == 1


def test_a_county_decides_on_what_lies_in_it_and_on_nothing_that_reaches_beyond(house: House) -> None:
    with house.book.writing() as session:
        add_site(
            session, LOCAL_ADMIN, holder=house.town.firm, code="s2", name="", division="330106", since=date(2020, 1, 1), tree=divisions()
        )
    firm, county, province = house.firm(), house.regulator(), house.regulator("330000")
    whole = house.ask(firm)
    for scope in (house.scope, f"{house.scope}s2/", f"{house.scope}units/"):
        with pytest.raises(UserNotFound):
            house.ask(county, scope=scope)
    with pytest.raises(UserNotFound):
        house.decide(county, whole)
    house.ask(county, scope=f"{house.scope}s1/")
    house.decide(province, whole)
    assert len(house.reopened()) == 1


@pytest.mark.parametrize("first", list(Decision))
@pytest.mark.parametrize("then", list(Decision))
def test_a_request_is_decided_once(house: House, first: Decision, then: Decision) -> None:
    firm, county = house.firm(), house.regulator()
    number = house.ask(firm)
    house.decide(county, number, first)
    with pytest.raises(AlreadyDecided):
        house.decide(house.regulator(), number, then)
    assert len(house.reopened()) == (first is Decision.GRANTED)


def test_of_eight_who_grant_at_once_one_does(house: House) -> None:
    number = house.ask(house.firm())
    seconds = [house.regulator() for _ in range(8)]

    def grant(who: Binding) -> str:
        try:
            house.decide(who, number)
        except AlreadyDecided:
            return "late"
        return "granted"

    with ThreadPoolExecutor(8) as pool:
        done = sorted(pool.map(grant, seconds))
    assert done == ["granted", *["late"] * 7]
    assert len(house.reopened()) == 1


def test_an_office_that_may_not_decide_does_not(house: House) -> None:
    number = house.ask(house.firm())
    with pytest.raises(Forbidden):
        house.decide(house.firm(), number)
    assert house.reopened() == []


def test_a_machine_is_no_second_person(house: House) -> None:
    number = house.ask(house.firm())
    machine = house.town.person(Office.REGULATOR, kind="machine")
    with house.book.reading() as session:
        office = bindings(session, machine.id)[0]
    with pytest.raises(Forbidden):
        house.decide(office, number)


@pytest.mark.parametrize("division", ["330523", "330100", "320000"])
def test_a_regulator_elsewhere_neither_sees_nor_decides_it(house: House, division: str) -> None:
    stranger, number = house.regulator(division), house.ask(house.firm())
    with pytest.raises(UserNotFound):
        house.decide(stranger, number)
    with house.book.reading() as session:
        assert approvals(session, stranger) == []
        with pytest.raises(UserNotFound):
            find_approval(session, stranger, number)


@pytest.mark.parametrize("division", ["330522", "330500", "330000", "100000"])
def test_every_regulator_above_the_site_may_decide(house: House, division: str) -> None:
    number = house.ask(house.firm())
    house.decide(house.regulator(division), number)
    assert len(house.reopened()) == 1


def test_a_firm_asks_for_its_own_accounts_alone(house: House) -> None:
    with house.book.writing() as session:
        other = add_holder(session, LOCAL_ADMIN, name="another", now=NOW).id
    for scope in ("", "atmosphere/", f"holder/{other}/", "holder/", f"holder/{house.town.firm}", f"holder/{house.town.firm}x/"):
        with pytest.raises(UserNotFound):
            house.ask(house.firm(), scope=scope)


def test_all_accounts_are_the_nations(house: House) -> None:
    with house.book.writing() as session:
        close_month(session, 202307, LOCAL_ADMIN, now=NOW, day=TODAY, reason="closed")
    with pytest.raises(UserNotFound):
        house.ask(house.regulator("330000"), scope="", month="2023-07")
    number = house.ask(house.regulator("100000"), scope="", month="2023-07")
    with pytest.raises(UserNotFound):
        house.decide(house.regulator("330000"), number)
    house.decide(house.regulator("100000"), number)


@pytest.mark.parametrize("gone", ["ended", "disabled"])
def test_what_was_asked_in_an_office_since_lost_is_refused_only(house: House, gone: str) -> None:
    firm, county = house.firm(), house.regulator()
    number = house.ask(firm)
    with house.book.writing() as session:
        if gone == "ended":
            end_binding(session, firm.id, by="test", now=NOW)
        else:
            disable(session, firm.user, now=NOW)
    with pytest.raises(AskerGone):
        house.decide(county, number)
    assert house.reopened() == []
    assert house.is_open(county, number)
    house.decide(county, number, Decision.REFUSED)


def test_where_carrying_out_fails_the_decision_is_not_taken(house: House) -> None:
    firm, county = house.firm(), house.regulator()
    number = house.ask(firm)
    with house.book.writing() as session:
        reopen_month(session, PERIOD, LOCAL_ADMIN, now=NOW, day=TODAY, reason="meanwhile", second="other", scope=house.scope)
    with pytest.raises(PeriodMisruled):
        house.decide(county, number)
    assert house.is_open(county, number)
    assert len(house.reopened()) == 1


@pytest.mark.parametrize(
    ("month", "reason", "error"),
    [
        ("2023-13", "why", BadUser),
        ("202306", "why", BadUser),
        (MONTH, "", BadUser),
        (MONTH, "a\nb", BadUser),
        (MONTH, "x" * 501, BadUser),
        ("2023-05", "why", PeriodMisruled),
    ],
)
def test_a_request_that_cannot_be_carried_out_is_not_made(house: House, month: str, reason: str, error: type[Exception]) -> None:
    firm = house.firm()
    with pytest.raises(error):
        house.ask(firm, month=month, reason=reason)
    with house.book.reading() as session:
        assert approvals(session, firm) == []


def test_an_unknown_matter_is_not_asked_for(house: House) -> None:
    firm = house.firm()
    with house.book.writing() as session, pytest.raises(BadUser):
        ask(session, firm, "sell-the-town", subject="town", content={}, now=NOW)


def test_the_list_is_read_to_its_end_page_by_page(house: House) -> None:
    firm = house.firm()
    numbers = [house.ask(firm, reason=f"reason {n}") for n in range(7)]
    house.decide(house.regulator(), numbers[3], Decision.REFUSED)
    seen: list[str] = []
    with house.book.reading() as session:
        while more := approvals(session, firm, before=seen[-1] if seen else "", limit=3):
            seen += [one.id for one in more]
        assert seen == numbers[::-1]
        assert [one.id for one in approvals(session, firm, is_open=False)] == [numbers[3]]
        assert len(approvals(session, firm, is_open=True)) == 6


def nothing(*_: Any) -> None:
    """What a matter of a test carries out."""


@pytest.mark.parametrize("lacking", [{"asked_by": frozenset({Office.RESIDENT})}, {"decided_by": frozenset({Office.FIRM})}])
def test_a_matter_names_only_offices_whose_duty_holds_it(lacking: dict[str, frozenset[Office]]) -> None:
    regulators = {"asked_by": frozenset({Office.REGULATOR}), "decided_by": frozenset({Office.REGULATOR})}
    with pytest.raises(ValueError, match="whose duty"):
        register(Matter("test-matter", **regulators | lacking, concerns=lambda *_: True, carry_out=nothing))
    assert "test-matter" not in MATTERS


def test_a_matter_is_registered_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        register(MATTERS[REOPEN])


# --- over HTTP ---


@pytest.fixture
def app(house: House) -> Litestar:
    return create_app(house.book)


@pytest.fixture
def comes(house: House, app: Litestar) -> Iterator[Callable[[Binding], "Visitor"]]:
    """Lets a person come with a browser, the second factor shown."""
    from contextlib import ExitStack

    from api.auth.session import open_session

    with ExitStack() as stack:

        def come(who: Binding) -> Visitor:
            with house.book.writing() as session:
                token = open_session(session, who.user, binding=who.id, second=True, now=datetime.now(UTC))
            client = stack.enter_context(TestClient(app, raise_server_exceptions=False))
            client.follow_redirects = False
            client.cookies.set("tanzhang", token)
            return Visitor(client)

        yield come


class Visitor:
    """Who sends forms and calls with the form token of the session."""

    def __init__(self, client: TestClient[Any]) -> None:
        self.client = client
        self.token = hidden(client.get("/en/me", headers={"accept": "text/html"}).text, "form_token")

    def page(self, path: str) -> Any:
        return self.client.get(path, headers={"accept": "text/html"})

    def form(self, path: str, **fields: str) -> Any:
        return self.client.post(path, data={"form_token": self.token} | fields, headers={"accept": "text/html"})

    def call(self, path: str, body: Any) -> Any:
        headers = {"x-form-token": self.token, "idempotency-key": f"key-{datetime.now(UTC).timestamp()}"}
        return self.client.post(path, json=body, headers=headers)


def test_a_request_goes_its_way_on_the_pages(house: House, comes: Callable[[Binding], Visitor]) -> None:
    firm, county = house.firm(), house.regulator()
    asker, second = comes(firm), comes(county)
    asked = asker.form("/en/approvals/reopenings", month=MONTH, scope=house.scope, reason="meter 3")
    assert asked.status_code == 303, asked.text
    there = asked.headers["location"]
    assert "Another person decides" in asker.page(there).text
    assert asker.form(f"{there}/decision", decision="granted").status_code == 403
    assert 'value="granted"' in second.page(there).text
    assert second.form(f"{there}/decision", decision="perhaps").status_code == 422
    assert second.form(f"{there}/decision", decision="granted").status_code == 303
    assert second.form(f"{there}/decision", decision="granted").status_code == 409
    assert house.reopened() == [(firm.user, county.user, "meter 3")]
    assert 'value="granted"' not in second.page(there).text
    assert there in second.page("/en/approvals?show=decided").text
    assert there not in second.page("/en/approvals").text


def test_a_form_without_its_token_decides_nothing(house: House, comes: Callable[[Binding], Visitor]) -> None:
    number, county = house.ask(house.firm()), house.regulator()
    visitor = comes(county)
    visitor.token = "0" * 64
    assert visitor.form(f"/en/approvals/{number}/decision", decision="granted").status_code == 403
    assert house.is_open(county, number)


def test_a_request_goes_its_way_over_the_api(house: House, comes: Callable[[Binding], Visitor]) -> None:
    firm, county, stranger = house.firm(), house.regulator(), house.regulator("320000")
    asker, second, other = comes(firm), comes(county), comes(stranger)
    asked = asker.call("/api/v1/approvals/reopenings", {"month": MONTH, "scope": house.scope, "reason": "meter 3"})
    assert asked.status_code == 201, asked.text
    told = asked.json()
    assert (told["asked_by"], told["decision"], told["may_decide"]) == (firm.user, None, False)
    path = f"/api/v1/approvals/{told['id']}"
    assert second.client.get(path).json()["may_decide"]
    assert other.client.get(path).status_code == 404
    assert other.call(f"{path}/decision", {"decision": "granted"}).status_code == 404
    assert asker.call(f"{path}/decision", {"decision": "granted"}).status_code == 403
    assert second.call(f"{path}/decision", {"decision": "granted", "decided_by": "somebody"}).status_code in {400, 422}
    done = second.call(f"{path}/decision", {"decision": "granted"})
    assert (done.status_code, done.json()["decided_by"]) == (200, county.user)
    late = second.call(f"{path}/decision", {"decision": "refused"})
    assert (late.status_code, late.json()["code"]) == (409, "auth.decided")
    assert second.client.get("/api/v1/approvals").json() == {"items": [], "next": None}
    assert [one["id"] for one in second.client.get("/api/v1/approvals?show=decided").json()["items"]] == [told["id"]]
    assert other.client.get("/api/v1/approvals?show=all").json()["items"] == []


def test_the_list_names_its_next_page_and_the_last_one_names_none(house: House, comes: Callable[[Binding], Visitor]) -> None:
    firm = house.firm()
    numbers = [house.ask(firm, reason=f"reason {n}") for n in range(5)]
    client, at, seen = comes(firm).client, "/api/v1/approvals?show=all&limit=2", []
    while at:
        answer = client.get(at)
        seen.append([one["id"] for one in answer.json()["items"]])
        at = answer.headers.get("link", "").partition(">")[0].removeprefix("<")
        assert bool(at) == (answer.json()["next"] is not None)
        assert not at or "show=all" in at
    assert seen == [numbers[:2:-1], numbers[2:0:-1], numbers[:1]]


def test_requests_leave_as_tables_to_those_whom_they_concern(house: House, comes: Callable[[Binding], Visitor]) -> None:
    firm = house.firm()
    number = house.ask(firm, reason="=1+1")
    client, other = comes(house.regulator()).client, comes(house.regulator("320000")).client
    for path in ("/en/approvals/list/approvals", f"/en/approvals/{number}/request"):
        told = client.get(f"{path}.json").json()
        assert [(one["request"], one["action"], one["decision"]) for one in told] == [(number, REOPEN, None)]
        assert "'=1+1" in client.get(f"{path}.csv").text
    assert other.get("/en/approvals/list/approvals.json").json() == []
    assert other.get(f"/en/approvals/{number}/request.json").status_code == 404
    assert client.get("/en/approvals/list/approvals.json?show=decided").json() == []


@pytest.mark.parametrize("office", [Office.RESIDENT, Office.ADMINISTRATOR, Office.AUDITOR])
def test_offices_that_neither_ask_nor_decide_see_no_requests(house: House, comes: Callable[[Binding], Visitor], office: Office) -> None:
    visitor = comes(house.office(office, holder=house.town.firm if office is Office.RESIDENT else None))
    assert visitor.page("/en/approvals").status_code == 403
    assert visitor.client.get("/api/v1/approvals").status_code == 403
