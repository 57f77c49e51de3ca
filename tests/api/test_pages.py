"""What every page holds to: both languages, one frame, nothing from elsewhere, figures that open and add up."""

import csv
import io
import re
from typing import Any

import pytest
from litestar.testing import TestClient

from carbon.holder import Holder
from factors.library import load_library
from ledger.book import Book

PAGES = [
    "/regions/100000", "/regions/100000?year=2017", "/regions/330000?year=2017", "/regions/330500?year=2017", "/regions/330500?year=2023",
    "/regions/330522?year=2023", "/regions/330522?year=2017&gwp=AR6.100", "/regions/540000", "/regions/710000", "/regions/330500/series?year=2017",
    "/regions/100000/series?year=2021", "/regions/710000/series", "/regions", "/regions?q=330522", "/regions?q=nowhere-at-all", "/entries",
    "/entries?division=330522&year=2023&book=physical", "/entries?division=110000", "/entries/0", "/entries/40?gwp=SAR.100", "/entries/50",
    "/accounts", "/accounts?name=atmosphere/", "/accounts/statement?account=atmosphere/330522/1A2&commodity=CO2",
    "/accounts/statement?account=atmosphere/330522/1A2&commodity=CO2&after=99", "/holders", "/factors", "/factors?q=electricity+330000",
    "/factors?q=no-such-factor", "/factors/cn-grid/2025-47_e001/330000?division=330106&day=2023-07-01",
    "/guides", "/guides/cement", "/guides/petrochemical", "/factors/cn-fuels/ndrc2013_steel_e001/bituminous_coal?q=bituminous", "/factors/cn-grid/2025-47_e001/330000?division=110101",
]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_page_answers_in_its_language_and_loads_nothing_from_elsewhere(client: TestClient[Any], language: str, path: str) -> None:
    answer = client.get(f"/{language}{path}")
    assert answer.status_code == 200
    html = answer.text
    assert f'<html lang="{"zh-Hans" if language == "zh" else "en"}">' in html
    assert '<main id="main"' in html
    assert "</html>" in html
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', html)
    assert not re.search(r"<(?:script|style)(?![^>]*(?:src=|application/json))[^>]*>", html), "no inline script or style"
    assert not re.search(r"\son\w+=", html), "no inline handler"
    bundled = re.findall(r'(?:src|href)="(/static/[^"]+)"', html)
    assert len(bundled) >= 4
    other = "en" if language == "zh" else "zh"
    assert f'href="/{other}{path.split("?")[0]}' in html, "the switch of language keeps the page"


def test_every_bundled_file_of_a_page_is_there_and_may_be_cached_for_ever(client: TestClient[Any]) -> None:
    for address in set(re.findall(r'"(/static/[^"]+)"', client.get("/zh/regions/100000").text)):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    ("headers", "language"),
    [({}, "zh"), ({"accept-language": "en-GB,en;q=0.9"}, "en"), ({"accept-language": "fr, zh;q=0.5, en;q=0.4"}, "zh"),
     ({"accept-language": "en", "cookie": "tanzhang_language=zh"}, "zh"), ({"cookie": "tanzhang_language=en"}, "en"),
     ({"accept-language": "en;q=x, *;;"}, "en")],
)  # fmt: skip
def test_the_front_door_leads_to_the_readers_language(client: TestClient[Any], headers: dict[str, str], language: str) -> None:
    client.cookies.clear()
    answer = client.get("/", headers=headers, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (302, f"/{language}/regions/100000")


def test_an_answer_carries_its_guards_and_is_not_sent_twice(client: TestClient[Any]) -> None:
    first = client.get("/en/regions/330522?year=2023")
    policy = first.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "script-src 'self';" in policy
    assert first.headers["x-content-type-options"] == "nosniff"
    again = client.get("/en/regions/330522?year=2023", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/en/nowhere").headers["content-security-policy"] == policy


def test_the_word_example_stands_wherever_example_data_do(client: TestClient[Any], firm: Holder) -> None:
    for path in (
        "/regions/330522?year=2023",
        "/regions/100000",
        "/entries/0",
        "/entries?division=330522",
        "/holders",
        f"/holders/{firm.id}",
        "/accounts",
    ):
        assert 'class="egbar"' in client.get(f"/zh{path}").text, path
        assert "示例" in client.get(f"/zh{path}").text
    assert 'class="egbar"' not in client.get("/zh/factors").text
    assert 'class="egbar"' not in client.get("/zh/regions/110000").text


def test_a_filed_figure_opens_to_entries_that_add_up_to_it(client: TestClient[Any]) -> None:
    page = client.get("/en/regions/330522?year=2023").text
    links = [link.replace("&amp;", "&") for link in re.findall(r'class="ev" href="(/en/entries\?[^"]+)"', page)]
    assert len(links) >= 6
    for link in links:
        table = client.get(link.replace("/en/entries?", "/en/entries/list/entries.csv?")).content.decode("utf-8-sig")
        total = sum(int(row["co2e_g"]) for row in csv.DictReader(io.StringIO(table)))
        shown = re.search(r'<tr class="total">.*?<td class="n">([\d,]+)</td></tr>', client.get(link).text, re.DOTALL)
        assert shown
        stated = int(shown[1].replace(",", ""))
        # lines are valued one by one in the list, and once in the total
        assert abs(total - stated) <= len(table.splitlines())


def test_a_national_square_leads_to_its_province_and_missing_ones_are_hatched(client: TestClient[Any]) -> None:
    page = client.get("/zh/regions/100000?year=2017").text
    tiles = re.findall(r'<a class="tile (q\d|qx)"[^>]*href="/zh/regions/(\d{6})', page)
    assert len(tiles) == 34
    assert {code for step, code in tiles if step == "qx"} >= {"710000", "810000", "820000"}
    assert ("q7" in {step for step, _ in tiles}) is True


def test_the_ranked_table_closes_with_its_unallocated_row(client: TestClient[Any]) -> None:
    page = client.get("/en/regions/330500?year=2017&source=counties, example").text
    rows = list(
        csv.DictReader(
            io.StringIO(client.get("/en/regions/330500/children.csv?year=2017&source=counties, example").content.decode("utf-8-sig"))
        )
    )
    parts = [int(row["mass_g"]) for row in rows[:-1] if row["mass_g"]]
    assert sum(parts) == int(rows[-1]["mass_g"]) == 13_086_000_000_000
    assert "Not allocated below" in page
    assert page.count('<tr class="total">') >= 1


@pytest.mark.parametrize("table", ["children", "curve", "sectors", "holders", "compare"])
def test_csv_and_json_of_a_table_say_the_same(client: TestClient[Any], table: str) -> None:
    rows = list(csv.DictReader(io.StringIO(client.get(f"/en/regions/330522/{table}.csv?year=2023").content.decode("utf-8-sig"))))
    told = client.get(f"/en/regions/330522/{table}.json?year=2023").json()
    assert len(rows) == len(told)
    for row, one in zip(rows, told, strict=True):
        assert {key: text.removeprefix("'") for key, text in row.items()} == {
            key: "" if value is None else str(value) for key, value in one.items()
        }


def test_a_cell_that_a_spreadsheet_would_run_is_made_text(client: TestClient[Any]) -> None:
    assert "'=1+1" in client.get("/en/regions/330522/holders.csv?year=2023").text


def test_an_entry_tells_line_file_factor_source_and_formula(client: TestClient[Any]) -> None:
    page = client.get("/en/entries/0").text
    for word in ("1,186.4 t", "example_2023.xlsx", "row 2", "cn-fuels/ndrc2013_steel_e001#bituminous_coal", "19.57 GJ/t", "26.18 tC/TJ", "44/12",
                 "2,072,745,519", "2013〕2526", "as in the signed checkpoint"):  # fmt: skip
        assert word in page, word
    assert re.search(r'class="factor" href="/en/factors/cn-fuels/ndrc2013_steel_e001/bituminous_coal\?', page)


def test_a_value_follows_the_set_and_the_entry_does_not(client: TestClient[Any]) -> None:
    ar5, sar = client.get("/en/entries/0?gwp=AR5.100").text, client.get("/en/entries/0?gwp=SAR.100").text
    total = re.compile(r'<tr class="total">.*?<td class="n dr">([\d,]+)<', re.DOTALL)
    first, second = total.search(ar5), total.search(sar)
    assert first
    assert second
    assert first[1] != second[1]
    assert "232,178,480" in ar5
    assert "232,178,480" in sar


def test_a_factor_shows_its_search_its_gaps_and_its_history(client: TestClient[Any]) -> None:
    page = client.get("/en/factors/cn-grid/2025-47_e001/330000?division=330106&day=2023-07-01").text
    for word in ("0.4974", "330106 Xihu", "no factor", "Zhejiang, 2023: used", "2025年第47号", "49,740 g CO₂", "NE"):
        assert word in page, word
    elsewhere = client.get("/en/factors/cn-grid/2025-47_e001/330000?division=110101&day=2023-07-01").text
    assert "Another factor answers there" in elsewhere


def test_a_statement_goes_on_where_the_page_ended(client: TestClient[Any], shown: Book, firm: Holder) -> None:
    page = client.get(f"/en/entries?division=330522&holder={firm.id}").text
    more = re.search(r'rel="next" href="([^"]+)"', page)
    assert more
    rest = client.get(more[1].replace("&amp;", "&")).text
    seen = re.findall(r'class="entry-link" href="/en/entries/(\d+)', page) + re.findall(r'class="entry-link" href="/en/entries/(\d+)', rest)
    assert sorted(map(int, seen)) == list(range(84))


@pytest.mark.parametrize(
    ("path", "status"),
    [("/zh/regions/999999", 404), ("/zh/regions/330522?year=abc", 400), ("/zh/regions/330522?year=0", 400), ("/zh/regions/330522?gwp=XX", 422),
     ("/zh/entries/84", 404), ("/zh/entries/99999999999999999999", 400), ("/zh/entries/-1", 400), ("/zh/holders/nobody", 404),
     ("/zh/accounts?name=no/such", 404), ("/zh/accounts/statement", 400), ("/zh/factors/a/b/c", 404), ("/zh/regions/330522/nothing.csv", 404),
     ("/zh/regions/330522/children.xls", 404), ("/zh/nowhere", 404), ("/nowhere", 404)],
)  # fmt: skip
def test_what_is_not_there_is_said_on_a_page_with_a_way_on(client: TestClient[Any], path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert "regions/100000" in answer.text
    assert "Traceback" not in answer.text


def test_the_documentation_comes_from_this_machine(client: TestClient[Any]) -> None:
    page = client.get("/schema").text
    assert "://" not in page
    told = client.get("/schema/openapi.json").json()
    assert told["openapi"].startswith("3.1")
    assert "/api/v1/calc" in told["paths"]
    assert "text/csv" in told["paths"]["/api/v1/calc"]["post"]["requestBody"]["content"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_search_for_a_fuel_opens_its_card_and_an_ambiguous_name_asks(client: TestClient[Any], lang: str) -> None:
    coal = client.get(f"/{lang}/factors?q=烟煤").text
    assert "1,747.088266" in coal
    assert "cn-fuels/ndrc2013_steel_e001#bituminous_coal" in coal
    asks = client.get(f"/{lang}/factors?q=经济舱").text
    assert "activity=travel.air.short_haul" in asks
    assert 'class="sheet"' not in asks, "no card is opened by guess"
    chosen = client.get(f"/{lang}/factors?q=经济舱&activity=travel.air.short_haul").text
    assert "desnz/2025_e001#travel.air.short_haul" in chosen
    assert "12,786 g CO₂e AR5.100" in chosen, "100 person-km at 0.12786 kg"
    assert 'class="sheet"' in chosen


def test_a_form_sent_with_empty_fields_finds_and_a_day_that_is_none_is_told(client: TestClient[Any]) -> None:
    empty = "q=烟煤&division=&day=&year=&unit=&scope=&source="
    assert "1,747.088266" in client.get(f"/zh/factors?{empty}").text
    wrong = client.get("/en/factors?q=coal&day=yesterday")
    assert wrong.status_code == 400
    assert "write it as 2023-07-01" in wrong.text


def test_filters_of_the_factors_hold_on_the_page_and_in_its_files(client: TestClient[Any]) -> None:
    query = "q=electricity&year=2022&scope=2&source=US+EPA"
    page = client.get(f"/en/factors?{query}").text
    rows = client.get(f"/en/factors/found.json?{query}").json()
    assert "28 factors" in page
    assert {row["region"].partition("-")[0] for row in rows} == {"US"}
    assert {row["year"] for row in rows} == {2022}
    assert client.get("/en/factors?unit=florin").status_code == 422


def test_every_factor_has_a_card(client: TestClient[Any]) -> None:
    """One of each pack and place: the world, countries, grids, provinces."""
    seen: set[tuple[str, str]] = set()
    for factor in load_library().factors():
        key = (factor.id.partition("#")[0], factor.region[:2] if factor.region.isdigit() else factor.region)
        if key not in seen:
            seen.add(key)
            pack, _, row = factor.id.partition("#")
            assert client.get(f"/zh/factors/{pack}/{row}").status_code == 200, factor.id
