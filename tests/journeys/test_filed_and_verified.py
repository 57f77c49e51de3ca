"""From a firm's workbook to the county's figure and back: filed, found wanting, corrected, signed by two, accepted, booked, restated."""

import io
from collections.abc import Callable
from datetime import UTC
from typing import Any

import openpyxl
import pytest

from api.outgoing import Reach
from api.work.worker import Worker
from carbon.audit import verify
from ledger.balances import log_size
from tests.carbon.conftest import Firm, make_firm  # noqa: F401 — the fixture
from tests.journeys.office import HEAD, Floor, county_g, floor_of

POWER = "electricity.grid,100000,kWh,2023-07,s01,meter 1"
COAL = "combustion.stationary.bituminous,10,t,2023-07,s01,belt 1"
MORE_COAL = COAL.replace(",10,", ",12,")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def floor(make_firm: Callable[..., Firm]) -> Floor:  # noqa: F811
    return floor_of(make_firm)


def workbook(*rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def opened(floor: Floor, *lines: str) -> str:
    made = floor.do("li", f"/holders/{floor.firm.id}/filings", {"year": 2023, "guide": "cement"}, status=201, tag="")
    if lines:
        floor.put(made["id"], *lines)
    return str(made["id"])


def verified(floor: Floor, id: str) -> None:  # noqa: A002
    """Handed in, taken up, and signed by two."""
    floor.do("li", f"/filings/{id}/submit", {})
    floor.do("zhou", f"/filings/{id}/take-up", {"assurance": "reasonable", "materiality_permille": 20})
    signed(floor, id)


def signed(floor: Floor, id: str) -> None:  # noqa: A002
    asked = floor.do("zhou", f"/filings/{id}/sign", {"opinion": "unqualified", "text": "合理保证"})
    floor.do("wu", f"/approvals/{asked['id']}/decision", {"decision": "granted"})


def size(floor: Floor) -> int:
    with floor.firm.book.reading() as session:
        return log_size(session)


def test_a_firms_year_from_file_to_the_countys_figure_and_its_restatement(floor: Floor) -> None:
    empty = county_g(floor)
    id = opened(floor)  # noqa: A001
    saved = floor.put(id, POWER, COAL)
    assert (saved["state"], saved["version"], saved["stand"]["lines"]) == ("draft", 1, 2)
    preview = floor.ask("li", f"/filings/{id}/preview")
    submitted = floor.do("li", f"/filings/{id}/submit", {})
    assert submitted["stand"]["declared"]["total_g"] == preview["total_location_g"]
    floor.do("zhou", f"/filings/{id}/take-up", {"assurance": "reasonable", "materiality_permille": 20})
    finding = {"text": "入炉煤量与台账不符", "weight": "major", "line": 3, "field": "quantity", "value": "12"}
    found = floor.do("zhou", f"/filings/{id}/findings", finding)
    said = found["stand"]["findings"][0]["verified"]
    effect = int(said["verified_g"]) - int(said["declared_g"])
    assert effect > 0
    refused = floor.call("zhou", "POST", f"/api/v1/filings/{id}/sign", tag=found["tag"], json={"opinion": "unqualified"})
    assert (refused.status_code, "F-01" in refused.json()["detail"]) == (409, True)
    floor.do("li", f"/filings/{id}/findings/1/reply", {"text": "同意，已更正"})
    floor.put(id, POWER, MORE_COAL, answers=1)
    floor.do("zhou", f"/filings/{id}/findings/1/close", {"text": "复核无误"})
    assert (county_g(floor), size(floor)) == (empty, 0), "nothing is booked before it is accepted"
    signed(floor, id)
    floor.do("wang", f"/filings/{id}/accept")
    receipt = floor.do("wang", f"/filings/{id}/book")
    booked = floor.ask("li", f"/filings/{id}")
    assert (booked["state"], booked["import_id"]) == ("booked", receipt["import_id"])
    declared = int(booked["stand"]["declared"]["total_g"])
    assert county_g(floor) - empty == declared + effect, "the county moves by exactly what was signed for"
    assert floor.ask("li", f"/filings/{id}/preview")["scope1"]["rows"][0]["entries"], "figures lead to their entries"
    kinds = [event["what"]["kind"] for event in floor.ask("wang", f"/filings/{id}/events")]
    assert kinds == ["opened", "saved", "attached", "submitted", "taken-up", "found", "replied", "saved", "attached", "closed", "signed",
                     "accepted", "booked"]  # fmt: skip

    before = county_g(floor)
    again = floor.do("li", f"/filings/{id}/restate", status=201)["id"]
    floor.put(again, POWER, MORE_COAL, COAL.replace("belt 1", "belt 2"))
    verified(floor, again)
    floor.do("wang", f"/filings/{again}/accept")
    floor.do("wang", f"/filings/{again}/book")
    way = floor.ask("zhou", f"/filings/{again}")["stand"]["booked"]["bridge"]
    parts = [int(way[part]) for part in ("activity", "factor", "gwp", "method", "boundary")]
    assert int(way["old_g"]) + sum(parts) == int(way["new_g"])
    assert county_g(floor) - before == int(way["boundary"]) == sum(parts) > 0
    assert verify(floor.firm.book) == []


def test_two_verifiers_sign_and_neither_prepared_it_nor_asks_twice(floor: Floor) -> None:
    id = opened(floor, COAL)  # noqa: A001
    floor.do("li", f"/filings/{id}/submit", {})
    floor.do("zheng", f"/filings/{id}/take-up", {"assurance": "limited", "materiality_permille": 50}, status=403)
    floor.do("zhou", f"/filings/{id}/take-up", {"assurance": "limited", "materiality_permille": 50})
    asked = floor.do("zhou", f"/filings/{id}/sign", {"opinion": "unqualified", "text": ""})
    floor.do("zhou", f"/approvals/{asked['id']}/decision", {"decision": "granted"}, status=403)
    floor.do("wu", f"/filings/{id}/sign", {"opinion": "unqualified"}, status=409)
    floor.do("zheng", f"/approvals/{asked['id']}/decision", {"decision": "granted"}, status=403)
    assert floor.ask("li", f"/filings/{id}")["state"] == "verifying", "what was refused changed nothing"
    floor.do("wu", f"/approvals/{asked['id']}/decision", {"decision": "granted"})
    stand = floor.ask("li", f"/filings/{id}")["stand"]
    assert (stand["state"], stand["verifiers"]) == ("verified", [floor.user("zhou"), floor.user("wu")])


def test_what_changed_after_the_first_signature_is_not_signed(floor: Floor) -> None:
    id = opened(floor, COAL)  # noqa: A001
    floor.do("li", f"/filings/{id}/submit", {})
    floor.do("zhou", f"/filings/{id}/take-up", {"assurance": "limited", "materiality_permille": 50})
    asked = floor.do("zhou", f"/filings/{id}/sign", {"opinion": "unqualified"})
    floor.do("wu", f"/filings/{id}/findings", {"text": "另有一处", "weight": "observation"})
    floor.do("wu", f"/approvals/{asked['id']}/decision", {"decision": "granted"}, status=412)
    assert floor.ask("li", f"/filings/{id}")["state"] == "verifying"


def test_a_tag_that_is_old_changes_nothing_and_none_is_refused(floor: Floor) -> None:
    id = opened(floor)  # noqa: A001
    tag = floor.tag(id)
    floor.put(id, COAL)
    sent: dict[str, Any] = {"content": f"{HEAD}\n{POWER}\n", "headers": {"content-type": "text/csv"}}
    assert floor.call("li", "PUT", f"/api/v1/filings/{id}/lines", tag=tag, **sent).status_code == 412
    assert floor.call("li", "PUT", f"/api/v1/filings/{id}/lines", **sent).status_code == 428
    assert floor.ask("li", f"/filings/{id}")["version"] == 1


def test_a_foreign_filing_is_not_there(floor: Floor) -> None:
    id = opened(floor, COAL)  # noqa: A001
    for path in ("", "/problems", "/preview", "/lines", "/events", "/problems.xlsx"):
        assert floor.call("stranger", "GET", f"/api/v1/filings/{id}{path}").status_code == 404, path
    assert floor.call("stranger", "POST", f"/api/v1/filings/{id}/submit", tag="t", json={}).status_code == 404


def test_foreign_headings_are_matched_and_problems_named_by_the_firms_own_cells(floor: Floor) -> None:
    id = opened(floor)  # noqa: A001
    heads = ["能源品种", "消耗量", "计量单位", "月份", "厂区", "电表", "车间主任"]
    rows = [["烟煤", -86, "t", "2023-07", "s01", "belt 1", "王"], ["电网电力", 100, "t", "2023-08", "s01", "m", "王"],
            ["烟煤", 12, "t", "2022-08", "s01", "belt 1", "王"], ["烟煤", 12, "t", "2023-09", "s01", "belt 1", "王"]]  # fmt: skip
    floor.put(id, data=workbook(["2023 能源台账"], heads, *rows), name="台账.xlsx", kind=XLSX)
    problems = floor.ask("li", f"/filings/{id}/problems")
    assert [(one["cell"], one["row"], one["column"], one["weight"]) for one in problems] == [
        ("B3", 3, "quantity", "must"),
        ("C4", 4, "unit", "must"),
        ("D5", 5, "day", "must"),
    ]
    stopped = floor.do("li", f"/filings/{id}/submit", {}, status=422)
    assert [fault["row"] for fault in stopped["errors"]] == [3, 4, 5]
    marked = floor.call("li", "GET", f"/api/v1/filings/{id}/problems.xlsx")
    sheets = openpyxl.load_workbook(io.BytesIO(marked.content))
    assert sheets.worksheets[1].cell(3, 2).comment is not None
    assert floor.ask("li", f"/filings/{id}/preview")["total_location_g"] != "0", "the right line is previewed"
    held = floor.call("li", "PUT", f"/api/v1/holders/{floor.firm.id}/mapping", json={"车间主任": "note"})
    assert held.json() == {"车间主任": "note"}
    assert size(floor) == 0


def test_a_question_is_confirmed_by_its_key_and_kept_with_the_declaration(floor: Floor) -> None:
    floor.firm.file(COAL.replace("2023-07", "2022-07"))
    id = opened(floor, COAL.replace(",10,", ",1000,"))  # noqa: A001
    (asked,) = floor.ask("li", f"/filings/{id}/problems")
    assert (asked["weight"], asked["code"]) == ("ask", "quantity.odd")
    refused = floor.do("li", f"/filings/{id}/submit", {}, status=422)
    assert refused["errors"] == [{"question": asked["key"]}]
    done = floor.do("li", f"/filings/{id}/submit", {"confirmed": [asked["key"]]})
    assert done["stand"]["declared"]["confirmed"] == [asked["key"]]


def test_a_hostile_file_is_answered_clearly_and_books_nothing(floor: Floor) -> None:
    id = opened(floor)  # noqa: A001
    for data, name, kind in (
        (b"PK\x03\x04 no workbook", "a.xlsx", XLSX),
        (b"\x00\xff\xfe", "a.csv", "text/csv"),
        (b"", "a.csv", "text/csv"),
    ):
        told = floor.put(id, data=data, name=name, kind=kind, status=422)
        assert told["detail"]
        assert told["code"] in {"file.faulty", "document.refused"}, told
    assert floor.ask("li", f"/filings/{id}")["version"] == 0
    for data in (b"a,b\n=cmd|' /C calc'!A0,1\n", b"activity,quantity,unit\n" + b"x," * 100_000):
        floor.put(id, data=data)
        problems = floor.ask("li", f"/filings/{id}/problems")
        assert problems, "what can be read and is no filing is told cell by cell"
        assert all(one["reason"] for one in problems)
        floor.do("li", f"/filings/{id}/submit", {}, status=422)
    assert size(floor) == 0


def test_a_hostile_file_through_the_page_is_told_on_the_page_and_books_nothing(floor: Floor) -> None:
    id = opened(floor)  # noqa: A001
    for name, data in (("a.xlsx", b"PK\x03\x04"), ("b.exe", b"MZ"), ("..%2f\x00<script>.csv", b"\xff"), ("c.csv", b"a,b\n1,2\n")):
        answer = floor.call(
            "li", "POST", f"/zh/filings/{id}/file", files={"file": (name, data)}, data={"tag": floor.tag(id)},
            headers={"accept": "text/html"},
        )  # fmt: skip
        assert answer.status_code in {303, 422}, (name, answer.status_code)
        shown = floor.call("li", "GET", f"/zh/filings/{id}", headers={"accept": "text/html"}) if answer.status_code == 303 else answer
        assert "必改" in shown.text or 'class="note bad"' in shown.text, name
        assert "<script>" not in shown.text
    assert size(floor) == 0


def test_a_template_of_the_firms_guide_comes_back_filled_and_is_read_without_a_mapping(floor: Floor) -> None:
    answer = floor.call("li", "GET", f"/api/v1/holders/{floor.firm.id}/template.xlsx", params={"guide": "cement", "year": 2023})
    sheets = openpyxl.load_workbook(io.BytesIO(answer.content))
    sheet = sheets["活动数据"]
    keys = [cell.value for cell in sheet[3]]
    filled = {"activity": "process.cement.clinker", "quantity": 1000, "unit": "t", "day": "2023-05", "site": "s01", "source": "kiln",
              "formula": "cement.clinker_oxide.clinker"}  # fmt: skip
    for column, value in filled.items():
        sheet.cell(4, keys.index(column) + 1).value = value
    out = io.BytesIO()
    sheets.save(out)
    id = opened(floor)  # noqa: A001
    floor.put(id, data=out.getvalue(), name="填好.xlsx", kind=XLSX)
    told = floor.ask("li", f"/filings/{id}/problems")
    assert {one["row"] for one in told} <= {4}
    assert all(one["column"].startswith("v_") for one in told), "what the formula misses is named by its column"


def test_the_authority_gives_back_with_a_reason_and_documents_are_kept_by_hash(floor: Floor) -> None:
    id = opened(floor, COAL)  # noqa: A001
    floor.do("li", f"/filings/{id}/submit", {})
    floor.do("wang", f"/filings/{id}/reject", {"reason": " "}, status=409)
    floor.do("wang", f"/filings/{id}/reject", {"reason": "缺 8 月电费单"})
    path = f"/api/v1/holders/{floor.firm.id}/documents"
    kept = floor.call(
        "li", "POST", path, content=b"%PDF-1.7 invoice", params={"name": "8月.pdf"}, headers={"content-type": "application/pdf"}
    )
    sha256 = kept.json()["sha256"]
    assert floor.call("zhou", "GET", f"{path}/{sha256}").content == b"%PDF-1.7 invoice"
    assert floor.call("stranger", "GET", f"{path}/{sha256}").status_code == 404
    assert floor.do("li", f"/filings/{id}/documents", {"sha256": sha256})["stand"]["documents"][-1] == sha256
    assert floor.put(id, COAL, POWER)["state"] == "draft"


def test_a_large_file_is_read_by_a_job_that_tells_how_far_it_is(floor: Floor) -> None:
    id = opened(floor)  # noqa: A001
    rows = [f"electricity.grid,{no},kWh,2023-{no % 12 + 1:02d},s01,meter {no}" for no in range(1, 25_000)]
    data = "\n".join([HEAD, *rows, ""]).encode()
    assert len(data) > 2**20
    answer = floor.call(
        "li", "PUT", f"/api/v1/filings/{id}/lines", tag=floor.tag(id), content=data, headers={"content-type": "text/csv"}
    )  # fmt: skip
    assert answer.status_code == 202, answer.text
    job = answer.json()["id"]
    worker = Worker(floor.firm.book, floor.app.state.vault, UTC, Reach(frozenset()))
    assert worker.step()
    told = floor.ask("li", f"/jobs/{job}")
    assert (told["status"], told["result"]["lines"], told["result"]["version"]) == ("done", len(rows), 1)
    assert floor.ask("li", f"/filings/{id}")["stand"]["lines"] == len(rows)
    assert size(floor) == 0
