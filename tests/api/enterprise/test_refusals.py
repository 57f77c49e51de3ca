"""What a firm and the authority are refused reads Chinese on Chinese pages, and keeps the numbers that it is about."""

import html
import re

import pytest

from tests.api.enterprise.conftest import Shop, Visit

ENGLISH = re.compile(r"[a-z]{3,} [a-z]{2,}")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
TOLD = re.compile(r'role="alert"[^>]*>(.*?)</div>|id="wrong-[^"]*">(.*?)</p>', re.DOTALL)
CONTRACT = {"kind": "certificate", "carrier": "electricity", "amount": "5", "unit": "MWh", "valid_from": "2025-01-01"}
CONTRACT |= {"valid_until": "2025-12-31"}
FORMS = [
    ("firm", "profile/contracts", CONTRACT | {"certificates": "GEC-2024-0001"}, "绿证“GEC-2024-0001”"),
    ("firm", "profile/contracts", CONTRACT | {"unit": "kWw"}, "没有单位“kWw”"),
    ("firm", "profile/contracts", CONTRACT | {"unit": "kg"}, "数量“5 kg”"),
    ("firm", "profile/contracts", CONTRACT | {"carrier": "gas"}, "品种“gas”：须为以下之一：供冷、电力、热力、蒸汽。"),
    ("firm", "profile/contracts", CONTRACT | {"site": "s99"}, "s01"),
    ("firm", "profile/contracts", CONTRACT | {"valid_until": "soon"}, "日期写作 2025-01-31"),
    ("firm", "profile/facts", {"kind": "boundary", "approach": "none", "valid_from": "2023-01-01", "reason": "x"}, "合并方法"),
    ("firm", "profile/facts", {"kind": "economy", "year": "2023", "value_added": "1,2", "valid_from": "2023-01-01"}, "不是普通数字"),
    ("firm", "compliance/cn-ets/2024/surrender", {"allowances": "5x"}, "5x：配额：须为整数个单位。"),
    ("firm", "compliance/cn-ets/2024/surrender", {"serials": "CEA.2024"}, "CEA.2024 A1 1-500"),
    ("firm", "compliance/cn-ets/2024/surrender", {"serials": "CEA.2024 ZZ 1-5"}, "CEA.2024 ZZ 1–5：该编号从未签发。"),
    ("firm", "compliance/cn-ets/2024/surrender", {"allowances": "99999999"}, "99999999"),
    ("firm", "units/generation", {"plant": "PV", "month": "2023-07", "kwh": "0"}, "整数 kWh"),
    ("firm", "units/generation", {"plant": "P V", "month": "2023-07", "kwh": "5"}, "1 至"),
    ("firm", "units/claims", {"year": "2023", "count": "9999"}, "9999"),
    ("firm", "efficiency/appeals", {"year": "2023", "of": "99", "reason": "x"}, "99"),
    ("regulator", "compliance", {"programme": "cn-ets", "year": "2024", "sector": "paper", "rows": "1"}, "从列表中选一项"),
    ("regulator", "efficiency/decisions", {"year": "2023", "of": "99", "reason": "x"}, "99"),
]


@pytest.mark.parametrize(("who", "path", "fields", "told"), FORMS, ids=lambda one: one if isinstance(one, str) else "")
def test_what_a_form_is_refused_reads_chinese(
    shop: Shop, request: pytest.FixtureRequest, who: str, path: str, fields: dict[str, str], told: str
) -> None:
    visit: Visit = request.getfixturevalue(who)
    answer = visit.form(f"{shop.at}/{path}", **fields)
    said = [html.unescape(re.sub(r"<[^>]+>", "", "".join(found))) for found in TOLD.findall(answer.text)]
    assert 400 <= answer.status_code < 500
    assert any(told in one for one in said), said
    assert all(CHINESE.search(one) for one in said), said
    assert not any(ENGLISH.search(one) for one in said), said


def test_a_problem_page_reads_chinese(shop: Shop, firm: Visit) -> None:
    for path in (
        f"{shop.at}/shares/none.csv",
        "/zh/holders/h0000000000",
        f"{shop.at}/compliance/cn-ets/1999",
        "/zh/factors?q=煤&day=yesterday",
    ):
        answer = firm.page(path)
        said = [html.unescape(re.sub(r"<[^>]+>", "", one)) for one in re.findall(r"<main.*?</main>", answer.text, re.DOTALL)]
        assert 400 <= answer.status_code < 500
        assert said
        assert not any(ENGLISH.search(one) for one in said), said
