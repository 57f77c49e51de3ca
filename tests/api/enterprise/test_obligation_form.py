"""The authority states an obligation by form: each error beside its field, nothing typed lost, and the same figure as by machine."""

import re

from api.auth.office import Office
from carbon.audit import verify
from tests.api.enterprise.conftest import Shop, Visit

ONE = "compliance/cn-ets/2024"


def said(shop: Shop, **more: str) -> dict[str, str]:
    fields = {"programme": "cn-ets", "year": "2024", "sector": "cement", "filing": shop.filing, "verified": "10000", "mass": "t"}
    return fields | {"rows": "1", "unit-0-name": "1 号线"} | more


def test_an_obligation_is_stated_and_booked(shop: Shop, firm: Visit, regulator: Visit) -> None:
    page = regulator.page(f"{shop.at}/compliance").text
    assert shop.filing in page, "the verified filing is offered"
    assert "核定清缴义务" not in firm.page(f"{shop.at}/compliance").text
    fields = {"rows": "2", "unit-0-verified": "6000.25", "unit-1-name": "2 号线", "unit-1-verified": "3999.75"}
    answer = regulator.form(f"{shop.at}/compliance", **said(shop, **fields))
    assert (answer.status_code, answer.headers["location"]) == (303, f"{shop.at}/{ONE}"), answer.text
    told = firm.get(f"{shop.api}/{ONE}")
    assert [(one["unit"], one["verified_t"]) for one in told["allotments"]] == [("1 号线", 6_000), ("2 号线", 4_000)]
    assert told["verified_g"] == "10000000000"
    assert told["bridge"]["verified_g"] == told["verified_g"]
    in_grams = regulator.form(f"{shop.at}/compliance", **said(shop, verified="10000000000", mass="g"))
    assert in_grams.status_code == 303, "of one line alone the verified figure is that of all"
    assert firm.get(f"{shop.api}/{ONE}")["obligation_t"] == 10_000
    anew = regulator.page(f"{shop.at}/compliance?programme=cn-ets&year=2024").text
    for text in ('value="10000000000"', 'value="1 号线"', f'value="{shop.filing}" selected'):
        assert text in anew, text
    assert verify(shop.book) == []


def test_every_error_stands_beside_its_field_and_nothing_is_lost(shop: Shop, regulator: Visit) -> None:
    before = regulator.get(f"{shop.api}/compliance")
    fields = {"year": "24", "sector": "", "filing": "", "verified": "1.0000001", "unit-0-power": "much", "unit-0-verified": "-1"}
    refused = regulator.form(f"{shop.at}/compliance", **said(shop, **fields))
    assert refused.status_code == 422
    for name in ("year", "sector", "filing", "verified", "unit-0-power", "unit-0-verified"):
        assert f'id="wrong-{name}"' in refused.text, name
    for value in ("24", "1.0000001", "much", "-1", "1 号线"):
        assert f'value="{value}"' in refused.text, value
    off = regulator.form(f"{shop.at}/compliance", **said(shop, **{"unit-0-verified": "9999"}))
    assert "各机组合计 9,999,000,000 克" in off.text
    more = regulator.form(f"{shop.at}/compliance", **said(shop, more="1"))
    assert (more.status_code, "unit-1-name" in more.text, 'value="1 号线"' in more.text) == (200, True, True)
    assert 'role="alert"' not in more.text
    assert regulator.get(f"{shop.api}/compliance") == before


def test_what_the_books_refuse_is_said_beside_its_field(shop: Shop, regulator: Visit) -> None:
    power = {"sector": "power", "unit-0-benchmark": "I"}
    cases = [
        ("filing", {"filing": "f0000000000"}, 409), ("sector", {"sector": "steel", "year": "2019"}, 404),
        ("unit-0-benchmark", {"sector": "power"}, 422), ("unit-0-power", power | {"unit-0-power": "-1"}, 422),
        ("unit-0-load_correction", power | {"unit-0-load_correction": "0.5"}, 422),
        ("unit-1-name", {"rows": "2", "unit-0-verified": "1", "unit-1-name": "1 号线", "unit-1-verified": "9999"}, 422),
    ]  # fmt: skip
    for name, fields, status in cases:
        refused = regulator.form(f"{shop.at}/compliance", **said(shop, **fields))
        assert (refused.status_code, re.findall(r'id="wrong-([^"]+)"', refused.text)) == (status, [name]), name
        assert "<details open><summary>按基准" in refused.text or "unit-0-" not in name, "what holds the field is open"


def test_only_the_authority_of_the_area_states_it(shop: Shop, firm: Visit) -> None:
    assert firm.form(f"{shop.at}/compliance", **said(shop)).status_code == 403
    far = shop.visit(Office.REGULATOR, division="330106")
    assert far.form(f"{shop.at}/compliance", **said(shop)).status_code == 404
    assert far.form(f"{shop.at}/compliance", **said(shop, verified="")).status_code == 404
