"""Drafts: nobody writes over what another wrote meanwhile."""

from typing import Any

import pytest
from litestar.testing import TestClient

from api.auth.office import Office
from api.client import Problem
from ledger.book import Book
from tests.api.machines import Machine, client, machine

LINE = {"activity": "electricity.grid", "quantity": "100", "unit": "kWh", "day": "2023-07-01", "site": "s01", "extra": {"x_meter": "7"}}


def test_a_draft_is_written_read_changed_and_thrown_away(http: TestClient[Any], firm: Machine) -> None:
    one = client(http, firm)
    first = one.put_draft(firm.holder, "七月", [LINE])
    assert one.draft(firm.holder, "七月") == first
    assert first.lines == [LINE]
    second = one.put_draft(firm.holder, "七月", [LINE, LINE | {"quantity": "not yet"}], etag=first.etag)
    assert second.etag != first.etag
    one.delete_draft(firm.holder, "七月", etag=second.etag)
    with pytest.raises(Problem, match=r"draft\.not-found"):
        one.draft(firm.holder, "七月")


def test_who_read_an_older_draft_changes_nothing(http: TestClient[Any], firm: Machine) -> None:
    one = client(http, firm)
    first = one.put_draft(firm.holder, "x", [LINE])
    second = one.put_draft(firm.holder, "x", [], etag=first.etag)
    for call in (lambda: one.put_draft(firm.holder, "x", [LINE], etag=first.etag), lambda: one.put_draft(firm.holder, "x", [LINE]),
                 lambda: one.delete_draft(firm.holder, "x", etag=first.etag),
                 lambda: one.put_draft(firm.holder, "x", [LINE], etag="W/" + second.etag)):  # fmt: skip
        with pytest.raises(Problem) as refused:
            call()
        assert refused.value.status == 412
    assert one.draft(firm.holder, "x") == second
    one.delete_draft(firm.holder, "x", etag=second.etag)
    third = one.put_draft(firm.holder, "x", [LINE])
    assert third.etag not in {first.etag, second.etag}, "a draft that is made anew is another"


def test_a_change_that_does_not_say_of_what_is_asked_to(http: TestClient[Any], firm: Machine) -> None:
    address = f"/api/v1/holders/{firm.holder}/drafts/x"
    sent = firm.headers | {"idempotency-key": "k"}
    assert http.put(address, json={"lines": []}, headers=sent).status_code == 428
    assert http.delete(address, headers=sent).status_code == 428


def test_a_draft_is_not_sent_again_to_who_has_it(http: TestClient[Any], firm: Machine) -> None:
    etag = client(http, firm).put_draft(firm.holder, "x", [LINE]).etag
    address = f"/api/v1/holders/{firm.holder}/drafts/x"
    assert http.get(address, headers=firm.headers).headers.get_list("etag") == [etag]
    assert http.get(address, headers=firm.headers | {"if-none-match": etag}).status_code == 304


def test_drafts_are_the_holders_alone(http: TestClient[Any], book: Book, firm: Machine) -> None:
    client(http, firm).put_draft(firm.holder, "x", [LINE])
    other = client(http, machine(book, name="乙"))
    for call in (lambda: other.draft(firm.holder, "x"), lambda: other.put_draft(firm.holder, "y", []),
                 lambda: other.delete_draft(firm.holder, "x", etag="*")):  # fmt: skip
        with pytest.raises(Problem) as refused:
            call()
        assert (refused.value.status, refused.value.code) == (404, "holder.not-found")
    resident = client(http, machine(book, office=Office.RESIDENT, holder=firm.holder))
    with pytest.raises(Problem) as refused:
        resident.draft(firm.holder, "x")
    assert refused.value.status == 403


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [('{"lines":[{"holder_id":"h"}]}', "application/json", 400), ('{"lines":[],"tag":"d"}', "application/json", 400),
     ('{"lines":[{"quantity":5}]}', "application/json", 400), ('{"lines":[]}', "text/plain", 415), ('{"lines":[]}', "", 415),
     ("lines=1", "application/x-www-form-urlencoded", 415), ("[" * 100_000, "application/json", 400),
     ('{"lines":[{"extra":{"y":"1"}}]}', "application/json", 400)],
)  # fmt: skip
def test_what_a_draft_is_not_is_refused(http: TestClient[Any], firm: Machine, body: str, kind: str, status: int) -> None:
    headers = firm.headers | {"idempotency-key": "k", "if-none-match": "*", "content-type": kind}
    answer = http.put(f"/api/v1/holders/{firm.holder}/drafts/x", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert http.get(f"/api/v1/holders/{firm.holder}/drafts", headers=firm.headers).json() == []


def test_the_names_of_drafts_are_read_page_by_page(http: TestClient[Any], firm: Machine) -> None:
    one = client(http, firm)
    for name in "cab":
        one.put_draft(firm.holder, name, [])
    address: str | None = f"/api/v1/holders/{firm.holder}/drafts?limit=2"
    seen = []
    while address:
        answer = http.get(address, headers=firm.headers)
        seen.append([draft["name"] for draft in answer.json()])
        address = answer.links.get("next", {}).get("url")
    assert seen == [["a", "b"], ["c"]]
