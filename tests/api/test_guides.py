"""What is told of guides, on pages, to machines and on the command line; and how a number by a formula is explained."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from api.app import create_app
from api.cli import main
from carbon.holder import add_holder, add_site
from carbon.record import record
from carbon.region.divisions import divisions
from factors.guide import guides
from factors.library import load_library
from ledger.book import Book
from ledger.principal import LOCAL_ADMIN, LOCAL_READER

NOW, TODAY = datetime(2026, 11, 25, 3, tzinfo=UTC), date(2026, 11, 25)
LINES = """activity,quantity,unit,day,site,formula,v_CaO [%],v_MgO
process.cement.clinker,1000,t,2023-07,s01,cement.clinker_oxide.clinker,65,0.025
deduction.cement.alternative_material,100,t,2023-07,s01,cement.altraw.use.carbide_slag,,
"""


@pytest.fixture
def explained(book: Book, tmp_path: Path) -> TestClient[Any]:
    """A reader of a book in which two lines with formulas were booked."""
    with book.writing() as session:
        holder = add_holder(session, LOCAL_ADMIN, name="甲水泥", industry="3011", now=NOW)
        add_site(
            session, LOCAL_ADMIN, holder=holder.id, code="s01", name="一线", division="330522", since=date(2020, 1, 1), tree=divisions()
        )
    path = tmp_path / "lines.csv"
    path.write_text(LINES, encoding="utf-8")
    record(book, path, holder=holder.id, principal=LOCAL_ADMIN, now=NOW, today=TODAY, library=load_library(), tree=divisions())
    return TestClient(create_app(book, local=LOCAL_READER))


def test_the_entry_of_a_formula_shows_the_formula_its_numbers_sources_and_marks(explained: TestClient[Any]) -> None:
    with explained as client:
        html = client.get("/en/entries/0", headers={"accept": "text/html"}).text
        slag = client.get("/zh/entries/1", headers={"accept": "text/html"}).text
    assert "(CaO - CaO_0) * 44 / 56 + (MgO - MgO_0) * 44 / 40" in html
    assert "[(0.65 − 0) × 44/56 + (0.025 − 0) × 44/40]" in html
    assert 'href="/en/guides/cement#clinker_oxide"' in html
    assert "from memory, not read" in html
    assert "derived by this project" in html
    assert "发改办气候〔2013〕2526号" in html
    assert "538,214,286" in html
    assert "proc.cement.deduct.39" in slag
    assert "(−1)" in slag
    assert "-48,000,000" in slag or "−48,000,000" in slag


def test_every_guide_is_told_to_machines(machine: TestClient[Any]) -> None:
    listed = machine.get("/api/v1/guides").json()
    assert [one["id"] for one in listed] == sorted(guides())
    assert all(one["documents"] and one["sources"] for one in listed)
    cement = machine.get("/api/v1/guides/cement").json()
    assert cement["id"] == "cement"
    item = next(item for source in cement["sources"] for item in source["items"] if item["id"] == "cement.clinker.use.portland")
    assert item["variables"][0]["default"] == "0.535"
    assert item["variables"][0]["mark"] == "A2"
    assert machine.get("/api/v1/guides/nothing").status_code == 404


def test_the_list_of_guides_goes_on_page_by_page(machine: TestClient[Any]) -> None:
    first = machine.get("/api/v1/guides", params={"limit": 20})
    assert len(first.json()) == 20
    rest = machine.get("/api/v1/guides", params={"limit": 20, "after": first.json()[-1]["id"]})
    assert [one["id"] for one in (*first.json(), *rest.json())] == sorted(guides())


@pytest.mark.parametrize("name", sorted(guides()))
def test_the_page_of_every_guide_opens_in_both_languages(client: TestClient[Any], name: str) -> None:
    guide = guides()[name]
    for language, title in (("zh", guide.name_zh), ("en", guide.name_en)):
        html = client.get(f"/{language}/guides/{name}").text
        assert f"<h1>{title}</h1>" in html
        assert all(f'id="{source.id}"' in html for source in guide.sources)


def test_the_items_of_a_guide_are_a_table(client: TestClient[Any]) -> None:
    rows = client.get("/en/guides/cement/items.json").json()
    assert {row["item"] for row in rows} == {item.id for item in guides()["cement"].items}
    assert client.get("/en/guides/nothing").status_code == 404


def test_the_command_line_lists_and_shows(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def said(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["tanzhang", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        return capsys.readouterr().out

    assert [json.loads(line)["id"] for line in said("guides", "list", "--json").splitlines()] == sorted(guides())
    shown = said("guides", "show", "steel")
    assert "steel.seq_2013.product.crude_steel  per t: EF t CO2  [EF=0.0154]" in shown
    assert "- steel.seq_2013" in shown
