"""Who may verify: granted by form, withdrawn by form, listed with how each stands; the same through the API."""

import json

from api.auth.office import Office
from tests.api.enterprise.conftest import Shop, Visit

AT = "/zh/accreditations"
SAID = {"number": "CNAS V0001", "body": "示例认可机构", "industries": "C30 D44", "valid_from": "2024-01-01", "valid_until": "2099-12-31"}


def states(visit: Visit, actor: str) -> list[tuple[str, str]]:
    rows = json.loads(visit.page(f"{AT}/accreditations.json").content)
    return [(row["number"], row["state"]) for row in rows if row["verifier"] == actor]


def test_the_authority_grants_by_form_and_withdraws_by_form(shop: Shop, regulator: Visit) -> None:
    verifier = shop.visit(Office.VERIFIER)
    assert f'<option value="{verifier.user}">' in regulator.page(AT).text, "those of the area are offered"
    assert regulator.form(AT, actor=verifier.user, **SAID).status_code == 303
    assert states(regulator, verifier.user) == [("CNAS V0001", "valid")]
    (given,) = regulator.get("/accreditations", actor=verifier.user)
    assert (given["industries"], given["given_by"]) == (["C30", "D44"], regulator.user)
    withdrawn = regulator.form(f"{AT}/withdrawals", withdrawn="CNAS V0001", **{"from": "2026-01-01"})
    assert withdrawn.status_code == 303, withdrawn.text
    assert sorted(states(regulator, verifier.user)) == [("CNAS V0001", "replaced"), ("CNAS V0001", "withdrawn")]
    page = verifier.page(AT).text
    assert "已撤销" in page
    assert 'method="post" action="/zh/accreditations' not in page, "who may not grant is offered no form"
    again = regulator.form(f"{AT}/withdrawals", withdrawn="CNAS V0001", **{"from": "2026-01-01"})
    assert again.status_code == 422
    assert regulator.form(f"{AT}/withdrawals", withdrawn="none", **{"from": "2026-01-01"}).status_code == 422


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(shop: Shop, regulator: Visit) -> None:
    other = shop.visit(Office.VERIFIER)
    wrong = SAID | {"actor": "u0000000000", "number": "", "valid_until": "2023-01-01"}
    refused = regulator.form(AT, **wrong)
    assert refused.status_code == 422
    for name in ("actor", "number", "valid_until"):
        assert f'id="wrong-{name}"' in refused.text, name
    assert 'value="C30 D44"' in refused.text
    codes = regulator.form(AT, **SAID | {"actor": other.user, "industries": "cement"})
    assert (codes.status_code, 'id="wrong-industries"' in codes.text) == (422, True)
    mine = regulator.form(AT, actor=regulator.user, **SAID | {"number": "own"})
    assert (mine.status_code, "不得为自己授予资质" in mine.text) == (403, True)
    assert states(regulator, other.user) == []


def test_only_the_authority_grants_and_the_list_is_open_to_readers(shop: Shop, firm: Visit) -> None:
    verifier = shop.visit(Office.VERIFIER)
    for visit in (firm, verifier, shop.visit(Office.ADMINISTRATOR)):
        assert visit.form(AT, actor=verifier.user, **SAID).status_code == 403
        assert visit.form(f"{AT}/withdrawals", withdrawn="x", **{"from": "2026-01-01"}).status_code == 403
    assert firm.page(AT).status_code == 200
    assert shop.visit(Office.ADMINISTRATOR).page(AT).status_code == 403
    for kind in ("csv", "xlsx", "json"):
        assert firm.page(f"{AT}/accreditations.{kind}").status_code == 200


def test_a_machine_withdraws_by_a_later_row_that_ends_before_it_begins(shop: Shop, regulator: Visit) -> None:
    verifier = shop.visit(Office.VERIFIER)
    said = {"actor": verifier.user, "number": "CNAS V0002", "body": "示例", "valid_from": "2024-01-01", "valid_until": "2099-12-31"}
    assert regulator.post("/accreditations", said).status_code == 201
    assert regulator.post("/accreditations", said | {"valid_from": "2026-01-01", "valid_until": "2025-12-31"}).status_code == 201
    assert ("CNAS V0002", "withdrawn") in states(regulator, verifier.user)
