"""A firm's profile: what it says of itself stays with who said it and when; contracts and monthly evidence by form."""

import json

from api.auth.office import Office
from tests.api.enterprise.conftest import Shop, Visit


def test_the_profile_shows_what_holds_and_which_instrument_is_overdue(shop: Shop, firm: Visit) -> None:
    page = firm.page(f"{shop.at}/profile").text
    for text in ("运营控制", "W-01", "已逾期", "1 台仪器检定已过期", "能源主管", "办公空调制冷剂", "20,000,000.00", "GEC-2024-0001"):
        assert text in page, text
    told = firm.get(f"{shop.api}/profile")
    assert told["facts"]["base_year"]["year"] == 2023
    assert [one["id"] for one in told["overdue"]] == ["W-01"]
    for name in ("history", "instruments", "parameters", "exclusions", "economy", "contracts", "shares"):
        assert firm.page(f"{shop.at}/profile/{name}.csv").status_code == 200, name


def test_a_fact_is_said_anew_by_form_and_the_first_stays(shop: Shop, firm: Visit) -> None:
    said = firm.form(
        f"{shop.at}/profile/facts", kind="base-year", year="2024", threshold="7.5", valid_from="2026-01-01", reason="并购", **{"trigger-error": "1"}
    )  # fmt: skip
    assert said.status_code == 303, said.text
    history = firm.get(f"{shop.api}/facts", kind="base-year")
    assert [(one["version"], one["fact"]["year"], one["fact"]["threshold_permille"]) for one in history] == [(1, 2023, 50), (2, 2024, 75)]
    assert history[1]["fact"]["triggers"] == ["error"]
    assert history[1]["actor"] == firm.user
    assert "并购" in firm.page(f"{shop.at}/profile").text


def test_a_control_plan_is_typed_a_line_each(shop: Shop, firm: Visit) -> None:
    fields = {
        "parameters": "热值；每日化验；取缺省值；每日；C-9\n", "instruments": "C-9; 热值; 0.1 级; 2027-03-01", "laboratory": "自有",
        "responsible": "化验室主任", "valid_from": "2026-06-01", "reason": "换仪器",
    }  # fmt: skip
    assert firm.form(f"{shop.at}/profile/facts", kind="control-plan", **fields).status_code == 303
    held = firm.get(f"{shop.api}/profile", on="2026-07-01")["facts"]["control_plan"]
    assert (held["parameters"][0]["name"], held["instruments"][0]["calibration_due"]) == ("热值", "2027-03-01")
    wrong = firm.form(f"{shop.at}/profile/facts", kind="control-plan", **fields | {"instruments": "C-9; 热值"})
    assert wrong.status_code == 422
    assert 'role="alert"' in wrong.text
    assert "换仪器" in wrong.text, "what was typed is kept"


def test_only_the_firm_says_what_it_is(shop: Shop, regulator: Visit) -> None:
    assert "/profile/facts" not in regulator.page(f"{shop.at}/profile").text
    fact = {"kind": "boundary", "approach": "equity", "valid_from": "2026-01-01", "reason": "x"}
    assert regulator.form(f"{shop.at}/profile/facts", **fact).status_code == 403


def test_the_api_refuses_a_fact_that_cannot_be(shop: Shop, firm: Visit) -> None:
    said = {"valid_from": "2026-01-01", "reason": "x"}
    for kind, fact in (("boundary", {"approach": "none"}), ("boundary", {"approach": "equity", "more": 1}), ("none", {})):
        answer = firm.post(f"{shop.api}/facts", said | {"kind": kind, "fact": fact})
        assert (answer.status_code, answer.json()["code"]) == (422, "firm.bad-fact")
    answer = firm.post(f"{shop.api}/facts", said | {"kind": "economy", "fact": {"year": 2025, "value_added_fen": 100}})
    assert answer.status_code == 201, answer.text


def test_a_certificate_covers_one_contract(shop: Shop, firm: Visit) -> None:
    fields = {"kind": "certificate", "carrier": "electricity", "amount": "5", "unit": "MWh", "valid_from": "2025-01-01"}
    fields |= {"valid_until": "2025-12-31", "certificates": "GEC-2024-0001"}
    refused = firm.form(f"{shop.at}/profile/contracts", **fields)
    assert refused.status_code == 422
    assert "GEC-2024-0001" in refused.text
    before = len(firm.get(f"{shop.api}/contracts"))
    assert firm.form(f"{shop.at}/profile/contracts", **fields | {"certificates": "GEC-2025-0009"}).status_code == 303
    assert len(firm.get(f"{shop.api}/contracts")) == before + 1


def test_a_packet_is_filed_with_its_document_and_hangs_on_the_one_before(shop: Shop, firm: Visit) -> None:
    page = firm.page(f"{shop.at}/packets").text
    assert "存证链完整" in page
    assert "2026-08" in page, "late"
    data = {"month": "2026-08", "electricity-source": "meter 1", "electricity-quantity": "99", "electricity-unit": "kWh"}
    data |= {f"{kind}-absent": "停产" for kind in ("fuel", "calorific-value", "output")}
    bill = b"%PDF-1.4 the bill of August"
    headers = {"accept": "text/html"} | firm._enter()
    answer = firm.client.post(
        f"{shop.at}/packets",
        data=data,
        files={"electricity-file": ("8月.pdf", bill, "application/pdf")},
        headers=headers,
        follow_redirects=False,
    )
    assert answer.status_code == 303, answer.text
    rows = json.loads(firm.page(f"{shop.at}/packets/packets.json").content)
    assert [row["month"] for row in rows] == ["202609", "202608"]
    assert rows[1]["before"] == rows[0]["sha256"]
    (reading,) = [row for row in json.loads(firm.page(f"{shop.at}/packets/readings.json").content) if row["month"] == "202608"]
    assert firm.page(f"{shop.at}/packets/{reading['documents']}").content == bill
    again = firm.client.post(
        f"{shop.at}/packets", data=data, files={"x": ("", b"")}, headers=headers | firm._enter(), follow_redirects=False
    )
    assert again.status_code == 422, "a month is filed again with a reason"


def test_a_stranger_to_the_area_finds_no_firm(shop: Shop) -> None:
    far = shop.visit(Office.REGULATOR, division="330106")
    for tab in ("profile", "inventory", "compliance", "units", "efficiency", "packets"):
        assert far.page(f"{shop.at}/{tab}").status_code == 404, tab


def test_a_list_goes_on_after_the_last_that_was_read(shop: Shop, firm: Visit) -> None:
    whole = firm.get(f"{shop.api}/facts")
    first = firm.get(f"{shop.api}/facts", limit=2)
    last = first[-1]
    rest = firm.get(f"{shop.api}/facts", after=f"{last['kind']}/{last['subject']}/{last['version']}", limit=1000)
    assert first + rest == whole
    assert firm.get(f"{shop.api}/facts", after="nothing") == []
