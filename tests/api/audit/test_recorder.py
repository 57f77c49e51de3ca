"""Every request to what is not public and every refusal is recorded, what writes in its own transaction, and nobody is named."""

import time

import pytest
import sqlalchemy as sa

from api.audit.check import broken
from api.audit.sign import log_file
from api.audit.visit import CURRENT, Visit, along
from api.auth.office import Office
from api.auth.tables import SessionRow
from ledger.book import Book
from ledger.checkpoint import newest_size
from ledger.types import table_of
from tests.api.audit.conftest import settled, told
from tests.api.auth.town import PASSWORD, PLACE, Browser, Town, now


@pytest.fixture
def browser(town: Town):  # type: ignore[no-untyped-def]
    with town.browser() as one:
        yield one


def results(book: Book, **wanted: object) -> list[tuple[str, str, int]]:
    return [(one["action"], one["result"], one["status"]) for one in told(book, **wanted)]


def test_a_read_is_recorded_within_a_second_with_who_what_and_from_where(town: Town, browser: Browser) -> None:
    regulator = town.person(Office.REGULATOR, enrolled=True)
    browser.enter(regulator)
    start = time.monotonic()
    assert browser.get(f"/en/holders/{town.firm}").status_code in {200, 404}
    while not (found := told(town.book, user=regulator.id, object=town.firm)):
        assert time.monotonic() - start < 3, "it should be there within a second"
        time.sleep(0.05)
    took = time.monotonic() - start
    assert took < 1.5
    (one,) = found
    assert (one["office"], one["binding"], one["method"]) == ("regulator", regulator.binding, "GET")
    assert one["route"] == "/en/holders/{holder_id}"
    assert len(one["origin"]) == 16
    assert abs((one["at"] - now()).total_seconds()) < 10
    assert one["request"]
    assert told(town.book, object="h0000000000") == []


def test_refusals_are_recorded_whoever_comes(town: Town, browser: Browser) -> None:
    assert browser.get("/en/holders").status_code == 303
    assert browser.client.get("/api/v1/lines/1", headers={"accept": "application/json"}).status_code == 401
    firm = town.person(Office.FIRM)
    browser.enter(firm)
    assert browser.get("/en/holders/h0000000000").status_code == 404
    assert browser.get("/en/access").status_code == 403
    assert browser.post("/en/sign-out", token="forged").status_code == 403
    settled(browser)
    refused = [(one["user"], one["route"], one["status"]) for one in told(town.book, refused=True)]
    assert refused == [
        ("", "/en/holders", 401),
        ("", "/api/v1/lines/{entry_id}", 401),
        (firm.id, "/en/holders/{holder_id}", 404),
        (firm.id, "/en/access", 403),
        (firm.id, "/en/sign-out", 403),
    ]


def test_what_is_public_is_not_recorded(town: Town, browser: Browser) -> None:
    for path in ("/en/factors", "/api/v1/health", "/en/sign-in", "/api/v1/factors?q=coal", "/en/factors/none"):
        browser.get(path)
    settled(browser)
    assert told(town.book) == []


def test_sign_ins_are_recorded_with_a_digest_of_the_login_alone(town: Town, browser: Browser) -> None:
    firm = town.person(Office.FIRM)
    assert browser.sign_in(firm, password="not the password at all").status_code == 401
    browser.sign_in(firm)
    settled(browser)
    first, second = told(town.book, action="sign-in")
    assert (first["user"], first["result"], first["status"]) == ("", "refused", 401)
    assert (second["user"], second["result"]) == (firm.id, "done")
    assert first["login"] == second["login"]
    assert len(first["login"]) == 16
    with town.book.reading() as session:
        logins = session.connection().exec_driver_sql("SELECT login FROM user_account WHERE login IS NOT NULL").scalars().all()
    assert not any(bytes(one).hex().startswith(first["login"]) for one in logins), "forgetting a user must leave nothing to compare with"


def test_a_write_and_its_record_are_one_transaction(town: Town, browser: Browser) -> None:
    browser.enter(town.person(Office.FIRM))
    before = len(told(town.book))
    seen: list[tuple[int, int]] = []

    def look(connection: sa.Connection) -> None:
        with town.book.reading() as session:  # another connection: it sees what was committed
            sessions = session.execute(sa.select(sa.func.count()).select_from(table_of(SessionRow))).scalar_one()
        seen.append((sessions, len(told(town.book, action="self")) + len(told(town.book, action="sign-out"))))

    sa.event.listen(town.book.engine, "commit", look)
    try:
        assert browser.post("/en/sign-out").status_code == 303
    finally:
        sa.event.remove(town.book.engine, "commit", look)
    assert seen, "signing out writes"
    after = told(town.book)[before:]
    written = [one for one in after if one["route"] == "/en/sign-out"]
    assert [(one["result"], one["status"]) for one in written] == [("done", 303)]
    assert all(sessions == 1 and records == 0 for sessions, records in seen[:1]), "before the commit neither is there"


def test_what_is_rolled_back_takes_its_record_along(book: Book) -> None:
    visit = Visit(at=now(), action="write", method="POST", route="/x", engine=book.engine, expected=201, armed=True)
    token = CURRENT.set(visit)
    try:
        with pytest.raises(ZeroDivisionError), book.writing():
            _ = 1 / 0
        assert told(book) == []
        with book.writing() as session, session.begin_nested():
            pass
        assert results(book) == [("write", "done", 201)], "a savepoint is no commit"
    finally:
        CURRENT.reset(token)
    with book.writing():
        pass
    assert len(told(book)) == 1


def test_a_thread_that_writes_for_several_records_each(book: Book) -> None:
    brought = []
    for name in ("one", "two"):
        token = CURRENT.set(Visit(at=now(), action=name, method="POST", route="/x", engine=book.engine, expected=201, armed=True))
        brought.append(along())
        CURRENT.reset(token)
    with book.writing() as session:
        for bring in brought:
            bring(session)
    assert results(book) == [("one", "done", 201), ("two", "done", 201)]


def test_no_name_number_login_address_or_body_gets_into_the_record_or_the_checkpoints(town: Town, browser: Browser) -> None:
    canaries = [
        "王小明", "wang.xiaoming", "13800138000", "11010519491231002X", "91350100M000100Y43", "wang@example.com", "testclient", PASSWORD,
        "示例建材有限公司",
    ]  # fmt: skip
    firm = town.person(Office.FIRM)
    browser.enter(firm)
    for canary in canaries:
        browser.get(f"/en/holders/{canary}")
        browser.get(f"/en/holders?after={canary}")
        browser.get(f"/en/entries?division=330522&holder={canary}&site={canary}")
        browser.get(f"/en/holders/{canary}/{canary}.csv")
        browser.get("/en/holders", headers={"user-agent": canary.encode(), "x-request-id": canary.encode()})
        browser.post("/en/me/office", binding=canary)
        browser.sign_in(firm, password=canary + "-wrong-password")
    settled(browser)
    with town.book.reading() as session:
        rows = session.connection().exec_driver_sql("SELECT payload, object, user_id, action FROM access").all()
    assert len(rows) > 5 * len(canaries)
    text = b"\n".join(bytes(row[0]) + repr(tuple(row[1:])).encode() for row in rows) + log_file(town.book).read_bytes()
    assert [canary for canary in [*canaries, firm.login] if canary.encode() in text] == []
    assert broken(town.book) == []


def test_the_record_is_signed_outside_the_database_within_a_second_of_a_write(town: Town, browser: Browser) -> None:
    browser.enter(town.person(Office.FIRM))
    settled(browser)
    deadline = time.monotonic() + 3
    while newest_size(log_file(town.book)) < len(told(town.book)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_export_is_recorded_as_one(town: Town, browser: Browser) -> None:
    browser.enter(town.person(Office.REGULATOR, enrolled=True))
    browser.get("/en/holders/list/holders.csv")
    browser.get(f"/en/entries/list/entries.json?division={PLACE}")
    settled(browser)
    assert [(one["action"], one["object"]) for one in told(town.book, action="export")] == [
        ("export", "*.csv"),
        ("export", f"*.json {PLACE}"),
    ]


def test_what_waits_is_recorded_when_the_server_stops(town: Town) -> None:
    with town.browser() as browser:
        for _ in range(20):
            browser.get("/en/holders")
    assert len(told(town.book)) == 20
