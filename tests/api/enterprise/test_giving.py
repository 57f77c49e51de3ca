"""Giving tags by form: nothing is given before it was shown, and what was shown is what is given; the preview through the API."""

import re

from api.auth.office import Office
from carbon.holder import add_holder
from ledger.principal import LOCAL_ADMIN
from tests.api.enterprise.conftest import COUNTY, Shop, Visit
from tests.api.enterprise.furnished import HUZHOU, NOW

AT = "/zh/efficiency/give"


def chosen(shop: Shop, **more: str) -> dict[str, str]:
    said = {"pack": HUZHOU, "year": "2024", "division": COUNTY, "industry": "3011", "coverage": "0.99", "mean": "0.5"}
    return said | {"mean_source": "示例年鉴表 2", f"firm-{shop.holder}": "1"} | more


def seen(text: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]{64})"', text)
    assert found, "nothing was shown"
    return found[1]


def test_the_firms_that_qualify_are_shown_ticked(shop: Shop, regulator: Visit) -> None:
    page = regulator.page(f"{AT}?pack={HUZHOU}&year=2024&division={COUNTY}&industry=3011").text
    assert "示例水泥二厂" in page
    assert "符合条件" in page
    assert re.search(rf'name="firm-{shop.holder}" value="1" checked', page)
    none = regulator.page(f"{AT}?pack={HUZHOU}&year=2023&division={COUNTY}&industry=3011").text
    assert "缺少数据" in none or "未经核查" in none or "数据缺失" in none
    assert not re.search(rf'name="firm-{shop.holder}" value="1" checked', none)
    assert "辖区内没有这样的企业" in regulator.page(f"{AT}?pack={HUZHOU}&year=2024&industry=25").text


def test_it_is_given_as_it_was_shown_and_not_before(shop: Shop, regulator: Visit) -> None:
    before = len(regulator.get(f"{shop.api}/efficiency", year=2024))
    shown = regulator.form(AT, **chosen(shop, step="preview"))
    assert shown.status_code == 200, shown.text
    for text in ("3.8673", "红色", "尚未赋码", 'value="0.99"', "示例年鉴表 2"):
        assert text in shown.text, text
    assert len(regulator.get(f"{shop.api}/efficiency", year=2024)) == before
    changed = regulator.form(AT, **chosen(shop, step="give", seen=seen(shown.text), coverage="0.5"))
    assert (changed.status_code, "请重新看一遍" in changed.text) == (409, True)
    assert regulator.form(AT, **chosen(shop, step="give")).status_code == 409, "never shown"
    assert len(regulator.get(f"{shop.api}/efficiency", year=2024)) == before
    given = regulator.form(AT, **chosen(shop, step="give", seen=seen(shown.text)))
    assert given.status_code == 303, given.text
    said = regulator.get(f"{shop.api}/efficiency", year=2024)
    assert regulator.form(AT, **chosen(shop, step="give", seen=seen(shown.text))).status_code == 303
    assert regulator.get(f"{shop.api}/efficiency", year=2024) == said, "pressed twice, given once"
    last = said[-1]
    assert (last["kind"], last["content"]["k"], last["actor"]) == ("tag", "3.8673", regulator.user)


def test_what_is_wrong_is_said_beside_its_field(shop: Shop, regulator: Visit) -> None:
    wrong = regulator.form(AT, **chosen(shop, step="preview", mean="0", mean_source="", **{f"coverage-{shop.holder}": "1.2"}))
    assert wrong.status_code == 422
    for name in ("mean", "mean_source", f"coverage-{shop.holder}"):
        assert f'id="wrong-{name}"' in wrong.text, name
    assert 'value="1.2"' in wrong.text
    nobody = chosen(shop, step="preview")
    del nobody[f"firm-{shop.holder}"]
    assert 'id="wrong-firms"' in regulator.form(AT, **nobody).text
    assert regulator.form(AT, **chosen(shop, step="preview", pack="none")).status_code == 422
    assert regulator.form(AT, **chosen(shop, step="give", year="2024x")).status_code == 422


def test_only_the_authority_gives_and_only_in_its_area(shop: Shop, firm: Visit, regulator: Visit) -> None:
    assert firm.page(AT).status_code == 403
    assert firm.form(AT, **chosen(shop, step="preview")).status_code == 403
    assert "/efficiency/give" not in firm.page("/zh/efficiency").text
    assert "/efficiency/give" in regulator.page("/zh/efficiency").text
    far = shop.visit(Office.REGULATOR, division="330106")
    assert far.form(AT, **chosen(shop, step="preview")).status_code == 404
    with shop.book.writing() as session:
        placeless = add_holder(session, LOCAL_ADMIN, name="辛公司", industry="3011", now=NOW).id
    assert regulator.form(AT, **chosen(shop, step="give", **{f"firm-{placeless}": "1"})).status_code == 404


def test_a_machine_looks_first_too(shop: Shop, firm: Visit, regulator: Visit) -> None:
    mean = {"industry": "3011", "exact": "1/2", "source": "示例年鉴表 1"}
    said = {"pack": HUZHOU, "year": 2024, "firms": [{"holder": shop.holder, "coverage": "0.99", "mean": mean}]}
    before = len(regulator.get(f"{shop.api}/efficiency", year=2024))
    shown = regulator.post("/efficiency/preview", said)
    assert (shown.status_code, shown.json()[0]["k"]) == (200, "3.8673"), shown.text
    assert len(regulator.get(f"{shop.api}/efficiency", year=2024)) == before
    assert firm.post("/efficiency/preview", said).status_code == 403
    for exact in ("0", "x", "1/0", "1e999999999", "-1"):
        wrong = said | {"firms": [{"holder": shop.holder, "coverage": "0.99", "mean": mean | {"exact": exact}}]}
        assert regulator.post("/efficiency/preview", wrong).json()["code"] == "tag.refused", exact
