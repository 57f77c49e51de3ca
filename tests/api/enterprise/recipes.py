"""How the routes of firms are asked: profile, inventory, obligations, units, efficiency, evidence."""

import tempfile
from pathlib import Path
from typing import Any

from api.auth.office import Office
from carbon.enterprise.efficiency.pack import pack
from carbon.enterprise.efficiency.tag import gather, give
from carbon.enterprise.obligation import units
from carbon.enterprise.obligation.allocation import GRAMS, Unit
from carbon.enterprise.obligation.declare import declare
from ledger.principal import LOCAL_ADMIN
from tests.api.enterprise.furnished import HUZHOU, NOW, TODAY
from tests.api.recipes import OWN_COUNTY, Things, Try, form, own
from tests.carbon.conftest import Firm
from tests.carbon.enterprise.filing.conftest import desk_of

YEAR = 2025
REGULATORS = frozenset({Office.REGULATOR})


def stand(things: Things) -> str:
    """The firm `own` owes 100 t for 2025 and holds 50 allowances, and has a tag of 2023; the id of its filing of 2025."""
    book, holder = things.world.book, things.holder("own")
    desk = desk_of(Firm(book, holder, Path(tempfile.mkdtemp())))
    filing = desk.draft("electricity.grid,100,kWh,2025-07,s01,meter 1", year=YEAR).id
    for step in (desk.submit, desk.take_up, desk.sign):
        step(filing)
    with book.writing() as session:
        declare(
            session, LOCAL_ADMIN, holder=holder, programme_id="cn-ets", sector="cement", year=YEAR, filing=filing,
            verified_g=100 * GRAMS, units=[Unit(name="line 1", verified_g=100 * GRAMS, stated_t=100)], now=NOW, today=TODAY,
        )  # fmt: skip
        units.issue(session, LOCAL_ADMIN, holder=holder, unit="CEA.2025", series="A1", first=1, last=50, vintage=2025, now=NOW, day=TODAY)
        facts = gather(session, LOCAL_ADMIN, holder=holder, year=2023, coverage="0.99", deducted={}, today=TODAY)
        give(session, LOCAL_ADMIN, pack(HUZHOU), [facts], now=NOW)
    return filing


def pages(things: Things) -> dict[str, list[Try]]:
    """What is read."""
    holder = things.holder("own")
    of, gone = {"holder_id": holder}, {"holder_id": "h0000000000"}
    year = {"year": "2023"}
    owed = {"programme": "cn-ets", "year": str(YEAR)}
    stem = "GET /holders/{holder_id}"

    def seen(**further: str) -> list[Try]:
        return [Try(of | further, sees=own, absent=gone | further)]

    members = [Try({}, {"params": {"holder": holder, "year": "2023"}}, own, absent={"holder": "h0000000000"})]
    listed = {"params": {"division": OWN_COUNTY, "industry": "30", "year": "2023"}}
    return {
        f"{stem}/profile": seen(), f"{stem}/inventory": [Try(of, sees=own, absent=gone, ok=(303,))], f"{stem}/compliance": seen(),
        f"{stem}/units": seen(), f"{stem}/efficiency": seen(), f"{stem}/packets": seen(),
        f"{stem}/profile/{{file}}": [*seen(file="history.csv"), *seen(file="contracts.json")],
        f"{stem}/inventory/{{year}}": seen(**year),
        f"{stem}/inventory/{{year}}/{{file}}": [*seen(**year, file="scopes.csv"), *seen(**year, file="inventory.xlsx")],
        f"{stem}/compliance/{{file}}": seen(file="statements.csv"),
        f"{stem}/compliance/{{programme}}/{{year}}": seen(**owed),
        f"{stem}/compliance/{{programme}}/{{year}}/{{file}}": [*seen(**owed, file="statement.csv"), *seen(**owed, file="holdings.json")],
        f"{stem}/units/{{file}}": seen(file="holdings.csv"), f"{stem}/efficiency/{{file}}": seen(file="tags.csv"),
        f"{stem}/packets/{{file}}": seen(file="packets.csv"),
        f"{stem}/shares": seen(), f"{stem}/shares/{{file}}": [*seen(file="owners.csv"), *seen(file="history.json")],
        "GET /efficiency/give": [Try(), Try({}, {"params": {"pack": HUZHOU, "year": "2023", "industry": "30"}})],
        "GET /accreditations": [Try()], "GET /accreditations/{file}": [Try({"file": f"accreditations.{one}"}) for one in ("csv", "json")],
        "GET /efficiency": [Try({}, listed)], "GET /efficiency/{file}": [Try({"file": "efficiency.csv"}, listed)],
        "GET /consolidation": [Try(), *members],
        "GET /consolidation/{file}": [Try(one.path | {"file": "g.csv"}, one.send, one.sees, absent=one.absent) for one in members],
    }  # fmt: skip


def sent(things: Things) -> dict[str, list[Try]]:
    """What is typed into the forms: refused inside, so that each may be asked again."""
    holder = things.holder("own")
    of = {"holder_id": holder, "programme": "cn-ets", "year": str(YEAR)}
    stem = "POST /holders/{holder_id}"
    kwh = form(plant="PV", month="2023-07", kwh="0")
    return {
        f"{stem}/profile/facts": [Try(of, form(kind="boundary", approach="none", valid_from="2023-01-01", reason="x"), own, ok=(422,))],
        f"{stem}/profile/contracts": [Try(of, form(kind="none"), own, ok=(422,))],
        f"{stem}/compliance/{{programme}}/{{year}}/surrender": [Try(of, form(allowances="51"), own, ok=(409,))],
        f"{stem}/units/generation": [Try(of, kwh, own, ok=(422,))], f"{stem}/units/claims": [Try(of, form(year="2023", count="9"), own, ok=(409,))],
        f"{stem}/units/certificates": [Try(of, form(plant="PV", month="2025-07", count="1"), own, ok=(409,))],
        f"{stem}/efficiency/appeals": [Try(of, form(year="2023", of="99", reason="x"), own, ok=(422,))],
        f"{stem}/efficiency/decisions": [Try(of, form(year="2023", of="99", reason="x"), own, ok=(422,))],
        f"{stem}/shares": [Try(of, form(approach="none", valid_from="2023-01-01"), own, ok=(422,))],
        f"{stem}/compliance": [Try(of, form(programme="cn-ets", year="24"), own, ok=(422,))],
        "POST /efficiency/give": [
            Try({}, form(pack=HUZHOU, year="2023", step="preview", **{f"firm-{holder}": "1"}), own, ok=(200,)),
            Try({}, form(pack=HUZHOU, year="2023", step="give"), ok=(422,)),
        ],
        "POST /accreditations": [Try({}, form(actor="u1", valid_from="2024-01-01"), ok=(422,))],
        "POST /accreditations/withdrawals": [Try({}, {"data": {"withdrawn": "none", "from": "2024-01-01"}}, ok=(422,))],
        f"{stem}/packets": [Try(of, {"files": {"month": (None, "2023-13")}}, own, ok=(422,))],
    }  # fmt: skip


def asked(things: Things, filing: str) -> dict[str, list[Try]]:
    """What machines ask."""
    holder = things.holder("own")
    of, gone = {"holder": holder, "year": "2023"}, {"holder": "h0000000000", "year": "2023"}
    owed, missing = of | {"programme": "cn-ets", "year": str(YEAR)}, gone | {"programme": "cn-ets", "year": str(YEAR)}
    get, post = "GET /api/v1/holders/{holder}", "POST /api/v1/holders/{holder}"
    seen = [Try(of, sees=own, absent=gone)]
    due = [Try(owed, sees=own, absent=missing)]
    statement = "/compliance/{programme}/{year}"

    def said(content: Any, *ok: int, path: dict[str, str] = of) -> list[Try]:
        return [Try(path, {"json": content}, own, ok=ok or (422,))]

    kwh = {"plant": "PV", "month": 202507}
    obligation = {"sector": "cement", "filing": filing, "verified_g": 1, "units": []}
    return {
        **{f"{get}{part}": seen for part in ("/profile", "/facts", "/contracts", "/compliance", "/units", "/generation", "/efficiency", "/shares")},
        **{f"{get}/inventory/{{year}}{part}": seen for part in ("", "/peers", "/report.pdf", "/report.xlsx")},
        f"{get}/inventory/{{year}}/change": [Try(of, {"params": {"against": "2022"}}, own)],
        f"{get}{statement}": due, f"{get}{statement}/statement.pdf": due,
        "GET /api/v1/consolidation/{year}": [Try({"year": "2023"}, {"params": {"holder": holder}}, own, absent={"holder": "h0000000000"})],
        f"{post}/facts": said({"kind": "boundary", "fact": {"approach": "none"}, "valid_from": "2023-01-01", "reason": "x"}),
        f"{post}/contracts": said({
            "instrument": {"kind": "contract", "carrier": "none", "amount": "1", "unit": "MWh"}, "valid_from": "2023-01-01",
            "valid_until": "2023-12-31",
        }),
        f"{post}/shares": said({"approach": "none", "valid_from": "2023-01-01", "reason": "x", "parts": []}),
        f"{post}{statement}": said(obligation, path=owed), f"{post}{statement}/surrenders": said({"allowances": 51}, 409, path=owed),
        f"{post}{statement}/carried": said({"sector": "cement", "count": 1}, path=owed),
        f"{post}/units": said({"unit": "none", "series": "A", "first": 1, "last": 1, "vintage": 2023}),
        f"{post}/units/transfers": said({"to": holder, "unit": "CEA.2025", "count": 1}),
        f"{post}/units/cancellations": said({"unit": "CEA.2025", "count": 99}, 409),
        f"{post}/units/claims": said({"year": 2023, "count": 9}, 409),
        f"{post}/generation": said(kwh | {"kwh": 0}), f"{post}/generation/claims": said(kwh | {"kwh": 0, "mechanism": "GEC"}),
        f"{post}/generation/certificates": said(kwh | {"count": 1}, 409),
        "POST /api/v1/efficiency": [Try({}, {"json": {"pack": HUZHOU, "year": 2023, "firms": [{"holder": holder}]}}, own, ok=(201,))],
        "POST /api/v1/efficiency/preview": [Try({}, {"json": {"pack": HUZHOU, "year": 2023, "firms": [{"holder": holder}]}}, own, ok=(200,))],
        f"{post}/efficiency/{{year}}/appeals": said({"of": 99, "reason": "x"}),
        f"{post}/efficiency/{{year}}/decisions": said({"of": 99, "upheld": True, "reason": "x"}),
    }  # fmt: skip


def firms(things: Things) -> dict[str, list[Try]]:
    """Every route of a firm."""
    filing = stand(things)
    return pages(things) | sent(things) | asked(things, filing)
