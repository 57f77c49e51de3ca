"""Who owns a firm: tables by form and by machine, kept with their reasons, and which of them a consolidation applied."""

import json

from api.auth.office import Office
from carbon.holder import add_holder
from ledger.principal import LOCAL_ADMIN
from tests.api.enterprise.conftest import Shop, Visit
from tests.api.enterprise.furnished import NOW


def owner_of(shop: Shop, name: str) -> str:
    with shop.book.writing() as session:
        return add_holder(session, LOCAL_ADMIN, name=name, now=NOW).id


def test_a_table_is_told_by_form_and_the_one_before_stays(shop: Shop, firm: Visit) -> None:
    first, second = owner_of(shop, "甲集团"), owner_of(shop, "乙投资")
    said = {"approach": "equity", "valid_from": "2024-01-01", "rows": "3", "reason": "设立"}
    answer = firm.form(f"{shop.at}/shares", **said, **{"owner-0": first, "part-0": "60", "owner-1": second, "part-1": "25.5"})
    assert answer.status_code == 303, answer.text
    said |= {"valid_from": "2024-07-01", "reason": "股权转让"}
    assert firm.form(f"{shop.at}/shares", **said, **{"owner-2": second, "part-2": "100"}).status_code == 303
    told = [(one["valid_from"], one["owner"], one["ppm"], one["reason"]) for one in firm.get(f"{shop.api}/shares")]
    assert sorted(told) == sorted([
        ("2024-01-01", first, 600_000, "设立"), ("2024-01-01", second, 255_000, "设立"),
        ("2024-07-01", first, 0, "股权转让"), ("2024-07-01", second, 1_000_000, "股权转让"),
    ])  # fmt: skip
    page = firm.page(f"{shop.at}/shares").text
    for text in ("2024-07-01 起的股权表", "股权转让", "设立", "25.5"):
        assert text in page, text
    standing = json.loads(firm.page(f"{shop.at}/shares/owners.json").content)
    assert [(row["owner"], row["ppm"]) for row in standing] == [(second, "1000000")]
    assert len(json.loads(firm.page(f"{shop.at}/shares/history.json").content)) == 4
    assert firm.page(f"{shop.at}/shares/none.csv").status_code == 404


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(shop: Shop, firm: Visit) -> None:
    owner, before = owner_of(shop, "丙集团"), firm.get(f"{shop.api}/shares")
    said = {"approach": "financial", "valid_from": "soon", "rows": "3", "reason": "  ", "owner-0": owner, "part-0": "60", "part-1": "x"}
    refused = firm.form(f"{shop.at}/shares", **said)
    assert refused.status_code == 422
    for name in ("valid_from", "reason", "owner-1", "part-1"):
        assert f'id="wrong-{name}"' in refused.text, name
    assert f'value="{owner}"' in refused.text
    assert 'value="soon"' in refused.text
    good = {"approach": "financial", "valid_from": "2023-01-01", "rows": "2", "reason": "控股"}
    past = firm.form(f"{shop.at}/shares", **good, **{"owner-0": owner, "part-0": "60", "owner-1": shop.holder, "part-1": "40.0001"})
    assert "各份额合计 100.0001 %" in past.text
    nobody = firm.form(f"{shop.at}/shares", **good, **{"owner-0": "h0000000000", "part-0": "1"})
    assert "没有此编号的主体" in nobody.text
    more = firm.form(f"{shop.at}/shares", **said, more="1")
    assert (more.status_code, "owner-4" in more.text) == (200, True)
    assert firm.get(f"{shop.api}/shares") == before


def test_a_machine_tells_the_same_and_is_refused_the_same(shop: Shop, firm: Visit, regulator: Visit) -> None:
    owner = owner_of(shop, "丁集团")
    said = {"approach": "operational", "valid_from": "2025-01-01", "reason": "托管", "parts": [{"owner": owner, "ppm": 1_000_000}]}
    assert regulator.post(f"{shop.api}/shares", said).status_code == 403
    answer = firm.post(f"{shop.api}/shares", said)
    assert answer.status_code == 201, answer.text
    assert [(one["owner"], one["ppm"], one["actor"]) for one in answer.json()] == [(owner, 1_000_000, firm.user)]
    for wrong in (
        {}, {"valid_from": "2025-02-01", "parts": [{"owner": owner, "ppm": 500_000}]}, {"valid_from": "2025-02-01", "site": "x9"},
        {"valid_from": "2025-02-01", "reason": " "}, {"valid_from": "2025-02-01", "approach": "none"},
        {"valid_from": "2025-02-01", "parts": said["parts"] * 2},
    ):  # fmt: skip
        refused = firm.post(f"{shop.api}/shares", said | wrong)
        assert (refused.status_code, refused.json()["code"]) == (422, "firm.bad-shares"), wrong
    assert firm.post(f"{shop.api}/shares", said | {"parts": [{"owner": "h0000000000", "ppm": 1}]}).status_code == 404
    again = firm.form(f"{shop.at}/shares", approach="operational", valid_from="2025-01-01", rows="1", reason="再次")
    assert "该日已申明过一份股权表" in again.text
    ended = firm.post(f"{shop.api}/shares", said | {"valid_from": "2025-06-01", "parts": []})
    assert [one["ppm"] for one in ended.json()] == [0]


def test_a_table_between_two_holds_until_the_next(shop: Shop, firm: Visit) -> None:
    first, guest = owner_of(shop, "戊集团"), owner_of(shop, "己投资")
    said = {"approach": "financial", "reason": "x", "parts": [{"owner": first, "ppm": 400_000}]}
    for day in ("2020-01-01", "2022-01-01"):
        assert firm.post(f"{shop.api}/shares", said | {"valid_from": day}).status_code == 201
    between = said | {"valid_from": "2021-01-01", "parts": [{"owner": first, "ppm": 400_000}, {"owner": guest, "ppm": 600_000}]}
    told = firm.post(f"{shop.api}/shares", between).json()
    assert [(one["valid_from"], one["ppm"]) for one in told if one["owner"] == guest] == [("2021-01-01", 600_000), ("2022-01-01", 0)]


def test_the_consolidation_names_the_table_that_it_applied(shop: Shop, firm: Visit) -> None:
    said = {"approach": "equity", "valid_from": "2026-01-01", "reason": "自持", "parts": [{"owner": shop.holder, "ppm": 400_000}]}
    assert firm.post(f"{shop.api}/shares", said).status_code == 201
    asked = f"holder={shop.holder}&owner={shop.holder}&year=2026"
    page = firm.page(f"/zh/consolidation?{asked}").text
    assert "所用股权表" in page
    assert "2026-01-01" in page
    assert f"/zh/holders/{shop.holder}/shares" in page
    rows = json.loads(firm.page(f"/zh/consolidation/shares.json?{asked}").content)
    assert [(row["valid_from"], row["ppm"], row["reason"]) for row in rows] == [("2026-01-01", "400000", "自持")]
    told = firm.get("/consolidation/2026", holder=shop.holder, owner=shop.holder)
    assert [(one["valid_from"], one["ppm"]) for one in told["shares"]] == [("2026-01-01", 400_000)]
    assert "shares" in firm.get("/consolidation/2024", holder=shop.holder)
    assert "/shares" in firm.page(f"{shop.at}/profile").text


def test_of_a_foreign_firm_nothing_is_found_and_nothing_told(shop: Shop, firm: Visit) -> None:
    other = owner_of(shop, "庚公司")
    for path in ("shares", "shares/owners.csv", "shares/history.json"):
        assert firm.page(f"/zh/holders/{other}/{path}").status_code == 404, path
    fields = {"approach": "equity", "valid_from": "2024-01-01", "rows": "1", "reason": "x", "owner-0": shop.holder, "part-0": "100"}
    assert firm.form(f"/zh/holders/{other}/shares", **fields).status_code == 404
    claim = {"approach": "equity", "valid_from": "2024-01-01", "reason": "x", "parts": [{"owner": shop.holder, "ppm": 1}]}
    assert firm.post(f"/holders/{other}/shares", claim).status_code == 404
    assert shop.visit(Office.REGULATOR).form(f"{shop.at}/shares", **fields).status_code == 403
    assert shop.visit(Office.REGULATOR, division="330106").page(f"{shop.at}/shares").status_code == 404
