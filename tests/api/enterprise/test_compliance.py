"""What a firm owes: the limit of credits is exact and is told, serials are its own, each kWh feeds one mechanism; appeals by form."""

import io
import json

import pypdf

from api.auth.office import Office
from carbon.audit import verify
from tests.api.enterprise.conftest import Shop, Visit
from tests.api.enterprise.furnished import HUZHOU

ONE = "compliance/cn-ets/2024"


def test_501_t_of_credits_are_refused_in_words_and_500_t_are_taken(shop: Shop, firm: Visit) -> None:
    refused = firm.form(f"{shop.at}/{ONE}/surrender", offsets="501")
    assert refused.status_code == 409
    assert "2024 年度至多可用 500 吨 CCER 抵销，已用 0 吨：再用 501 吨不予受理" in refused.text
    assert 'value="501"' in refused.text, "what was typed is kept"
    by_machine = firm.post(f"{shop.api}/{ONE}/surrenders", {"offsets": 501})
    assert (by_machine.status_code, by_machine.json()["code"]) == (409, "obligation.offset-limit")
    assert firm.form(f"{shop.at}/{ONE}/surrender", offsets="500").status_code == 303
    told = firm.get(f"{shop.api}/{ONE}")
    assert (told["obligation_t"], told["offset_limit_t"], told["offset_used_t"], told["left_t"]) == (10_000, 500, 500, 9_500)
    assert firm.form(f"{shop.at}/{ONE}/surrender", offsets="1").status_code == 409
    assert verify(shop.book) == []


def test_named_serials_go_and_the_page_leads_to_their_entry(shop: Shop, firm: Visit) -> None:
    assert firm.form(f"{shop.at}/{ONE}/surrender", serials="CEA.2024 A1 101-150").status_code == 303
    again = firm.form(f"{shop.at}/{ONE}/surrender", serials="CEA.2024 A1 150")
    assert again.status_code == 409
    assert firm.form(f"{shop.at}/{ONE}/surrender", serials="A1 nonsense").status_code == 422
    surrendered = json.loads(firm.page(f"{shop.at}/{ONE}/surrendered.json").content)
    entry = surrendered[-1]["entry"]
    assert f"/zh/entries/{entry}" in firm.page(f"{shop.at}/{ONE}").text
    assert firm.page(f"/zh/entries/{entry}").status_code == 200
    held = [
        (one["first"], one["last"]) for one in json.loads(firm.page(f"{shop.at}/{ONE}/holdings.json").content) if one["unit"] == "CEA.2024"
    ]
    assert held == [(1, 100), (151, 9_800)]


def test_the_statement_is_printed_in_both_languages(shop: Shop, firm: Visit) -> None:
    for language, word in (("zh", "履约声明"), ("en", "Compliance statement")):
        answer = firm.page(f"/{language}/holders/{shop.holder}/{ONE}/statement.pdf")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.content)).pages)
        assert word in text.replace("\n", "")
        assert "10,000" in text


def test_the_page_bridges_inventory_and_programme(shop: Shop, firm: Visit) -> None:
    way = firm.get(f"{shop.api}/{ONE}")["bridge"]
    assert int(way["inventory_g"]) + sum(int(part["co2e_g"]) for part in way["parts"]) == int(way["verified_g"])
    assert way["inventory_g"] == firm.get(f"{shop.api}/inventory/2024")["total_location_g"]
    assert "从清单到 cn-ets" in firm.page(f"{shop.at}/inventory/2024").text
    assert "从清单到本数" in firm.page(f"{shop.at}/{ONE}").text


def test_the_authority_alone_states_an_obligation(shop: Shop, firm: Visit, regulator: Visit) -> None:
    said = {"sector": "cement", "filing": shop.filing, "verified_g": 10_000_000_000}
    said |= {"units": [{"name": "1 号线", "verified_g": 10_000_000_000}]}
    assert firm.post(f"{shop.api}/{ONE}", said).status_code == 403
    answer = regulator.post(f"{shop.api}/{ONE}", said)
    assert answer.status_code == 201, answer.text
    wrong = regulator.post(f"{shop.api}/{ONE}", said | {"filing": "f0000000000"})
    assert wrong.json()["code"] == "obligation.not-verified"


def test_each_kwh_feeds_one_mechanism(shop: Shop, firm: Visit, regulator: Visit) -> None:
    refused = firm.form(f"{shop.at}/units/generation", plant="PV-1", month="2026-07", kwh="7346", mechanism="CCER")
    assert refused.status_code == 409
    assert "每一度电只能进入一种机制" in refused.text
    assert firm.form(f"{shop.at}/units/generation", plant="PV-1", month="2026-07", kwh="7345", mechanism="CCER").status_code == 303
    assert firm.get(f"{shop.api}/generation")[0]["free"] == 0
    assert regulator.form(f"{shop.at}/units/certificates", plant="PV-1", month="2026-07", count="1").status_code == 409
    assert firm.form(f"{shop.at}/units/claims", year="2026", count="3").status_code == 303
    assert "PV-1-202607 1–3" in firm.page(f"{shop.at}/units").text


def test_a_tag_says_its_colour_in_a_word_and_an_appeal_is_decided_by_another(shop: Shop, firm: Visit, regulator: Visit) -> None:
    page = firm.page(f"{shop.at}/efficiency").text
    for text in ("红色", "3.8673", HUZHOU, "0.99"):
        assert text in page, text
    assert firm.form(f"{shop.at}/efficiency/appeals", year="2024", of="1", reason="均值有误").status_code == 303
    assert firm.form(f"{shop.at}/efficiency/appeals", year="2024", of="1", reason="再次").status_code == 422
    assert firm.form(f"{shop.at}/efficiency/decisions", year="2024", of="2", decision="upheld", reason="x").status_code == 403
    assert "/efficiency/decisions" in regulator.page(f"{shop.at}/efficiency").text
    said = regulator.form(f"{shop.at}/efficiency/decisions", year="2024", of="2", decision="refused", reason="均值以年鉴为准")
    assert said.status_code == 303, said.text
    assert "均值以年鉴为准" in firm.page(f"{shop.at}/efficiency").text
    rows = json.loads(firm.page(f"{shop.at}/efficiency/history.json").content)
    assert [row["kind"] for row in rows] == ["tag", "appeal", "decision"]


def test_a_regulator_lists_its_area_by_industry(shop: Shop, regulator: Visit) -> None:
    assert "示例水泥二厂" in regulator.page("/zh/efficiency?division=330522&industry=30&year=2024").text
    assert [one["holder"] for one in regulator.get("/efficiency", industry="C3011", year=2024)] == [shop.holder]
    assert regulator.get("/efficiency", industry="25") == []
    assert shop.visit(Office.REGULATOR, division="330106").get("/efficiency") == []
    assert regulator.page("/zh/efficiency/efficiency.csv?year=2024").status_code == 200


def test_tags_are_given_by_the_authority_from_the_book(shop: Shop, firm: Visit, regulator: Visit) -> None:
    said = {"pack": HUZHOU, "year": 2023, "firms": [{"holder": shop.holder, "coverage": "0.99"}]}
    assert firm.post("/efficiency", said).status_code == 403
    answer = regulator.post("/efficiency", said)
    assert answer.status_code == 201, answer.text
    assert answer.json()[0]["content"]["reason"] in {"not-verified", "data-missing"}
    assert regulator.post("/efficiency", said | {"pack": "none"}).status_code == 404
