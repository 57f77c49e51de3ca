"""Divisions through time, held against the ministry's own history where it lies beside the project."""

import csv
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from carbon.region.divisions import NATION, chain_of, divisions, is_iso

TREE = divisions()


def codes(*chain: object) -> list[str]:
    return [place.code for place in chain]  # type: ignore[attr-defined]


def test_a_county_lies_in_its_city_and_province() -> None:
    assert codes(*TREE.chain("330106", date(2023, 7, 1))) == ["330106", "330100", "330000", NATION]
    assert codes(*chain_of("330106", date(2023, 7, 1))) == ["330106", "330100", "330000", "CN"]


@pytest.mark.parametrize("code", ["429004", "419001", "469021", "659001", "110105", "500155"])
def test_a_unit_that_the_province_runs_itself_is_its_child(code: str) -> None:
    assert codes(*TREE.chain(code, date(2023, 7, 1))) == [code, code[:2] + "0000", NATION]


@pytest.mark.parametrize("code", ["441900", "442000", "460400", "620200"])
def test_a_city_without_counties_has_no_children(code: str) -> None:
    assert TREE.children(code, date(2023, 7, 1)) == ()


def test_chongqing_lay_in_sichuan_until_1997() -> None:
    assert codes(*TREE.chain("510202", date(1996, 1, 1))) == ["510202", "510200", "510000", NATION]
    assert TREE.at("500000", date(1996, 12, 31)) is None
    assert TREE.at("500000", date(1998, 1, 1)) is not None


@pytest.mark.parametrize(
    ("code", "last", "successors"),
    [("371200", 2018, ("370100",)), ("330103", 2021, ("330105",)), ("330104", 2021, ("330102", "330114")), ("500228", 2016, ("500155",))],
)
def test_what_is_gone_says_when_and_what_it_became(code: str, last: int, successors: tuple[str, ...]) -> None:
    assert TREE.at(code, date(last, 12, 31)) is not None
    assert TREE.at(code, date(last + 1, 1, 1)) is None
    assert TREE.ever(code).successors == successors  # type: ignore[union-attr]


def test_a_name_is_the_one_of_the_day() -> None:
    assert TREE.at("420600", date(2005, 1, 1)).name_zh == "襄樊市"  # type: ignore[union-attr]
    assert TREE.at("420600", date(2023, 1, 1)).name_zh == "襄阳市"  # type: ignore[union-attr]


def test_iso_codes_are_divisions_abroad() -> None:
    assert codes(*chain_of("US-CA", date(2023, 1, 1))) == ["US-CA", "US"]
    assert TREE.ever("GB").name_en == "United Kingdom"  # type: ignore[union-attr]
    assert not is_iso("ZZ")
    assert not is_iso("330106")
    assert TREE.ever("XX") is None


def test_search_finds_by_name_in_both_languages_and_by_code() -> None:
    assert TREE.search("长兴")[0].code == "330522"
    assert TREE.search("changxing county")[0].code == "330522"
    assert TREE.search("330522")[0].name_zh == "长兴县"


@pytest.fixture(scope="module")
def history() -> list[dict[str, str]]:
    """The ministry's history of codes, old and new."""
    path = Path(__file__).parents[4] / "shared" / "data" / "divisions_history.csv"
    if not path.exists():
        pytest.skip(f"{path.name} does not lie beside the project")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def valid_at_the_end(row: dict[str, str], year: int) -> bool:
    return int(row["启用时间"]) <= year and not (row["变更/弃用时间"] and int(row["变更/弃用时间"]) <= year)


def codes_at_the_end(year: int) -> set[str]:
    codes = TREE.lineage().filter(pl.col("level") != "nation")["code"]
    return {code for code in codes if TREE.at(code, date(year, 12, 31)) and TREE.at(code, date(year + 1, 1, 1))}


def test_the_divisions_of_every_year_since_1997_are_the_ministrys(history: list[dict[str, str]]) -> None:
    for year in range(1997, 2025):
        assert codes_at_the_end(year) == {row["代码"] for row in history if valid_at_the_end(row, year)}, year


@pytest.mark.parametrize(("year", "slack"), [(1985, 40), (1990, 210), (1996, 14)])
def test_until_1996_a_few_codes_differ(history: list[dict[str, str]], year: int, slack: int) -> None:
    """Until 1995 cities of county level bore codes such as 339005, where the history has their later code."""
    assert len(codes_at_the_end(year) ^ {row["代码"] for row in history if valid_at_the_end(row, year)}) <= slack


@pytest.mark.parametrize(("year", "counties"), [(2000, 2864), (2010, 2859), (2015, 2850), (2020, 2844), (2024, 2846)])
def test_a_year_has_as_many_counties_as_the_ministry_counts(year: int, counties: int) -> None:
    assert sum(TREE.at(code, date(year, 12, 31)).level == "county" for code in codes_at_the_end(year)) == counties  # type: ignore[union-attr]


@pytest.mark.parametrize("year", [1997, 2004, 2011, 2017, 2024])
def test_a_county_lies_where_the_ministry_says(history: list[dict[str, str]], year: int) -> None:
    for row in history:
        if row["级别"] != "县级" or not valid_at_the_end(row, year):
            continue
        above = TREE.chain(row["代码"], date(year, 12, 31))[1]
        names = {time.name_zh for time in TREE.times(above.code)}
        assert (above.level == "province") == (row["二级行政区"] == "直辖"), row
        assert row["一级行政区" if above.level == "province" else "二级行政区"] in names, row


def test_118_counties_have_no_city_and_four_cities_no_counties() -> None:
    today = [TREE.at(code, date(2024, 12, 31)) for code in codes_at_the_end(2024)]
    direct = [row.code for row in today if row and row.level == "county" and row.parent.endswith("0000")]
    childless = {row.code for row in today if row and row.level == "city" and not TREE.children(row.code, date(2024, 12, 31))}
    assert len(direct) == 118
    assert sum(code.startswith("6590") for code in direct) == 12
    assert sum(code[:2] in {"11", "12", "31", "50"} for code in direct) == 86
    assert childless == {"441900", "442000", "460400", "620200"}


def test_what_became_of_a_county_never_contradicts_the_ministry_and_is_whole_since_2009(history: list[dict[str, str]]) -> None:
    splits = 0
    for row in history:
        year = int(row["变更/弃用时间"] or 0)
        if row["状态"] != "弃用" or row["级别"] != "县级" or year < 1997 or row["代码"] not in TREE:
            continue  # 511481 and the like lay in Fuling for two years; the table has other codes for it
        every = {part.split("[")[0] for part in row["新代码"].split(";")}
        at_the_end = {part for part in row["新代码"].split(";") if "[" not in part}
        ours = set(TREE.ever(row["代码"]).successors)  # type: ignore[union-attr]
        assert ours <= every, row
        if year >= 2009:
            assert ours in (at_the_end, every), row
            splits += year >= 2013 and len(every) > 1
    assert splits >= 26


def test_a_successor_was_there_when_its_predecessor_went() -> None:
    for code in TREE.lineage()["code"]:
        row = TREE.ever(code)
        for heir in row.successors if row else ():
            assert row is not None
            assert row.valid_to is not None
            assert TREE.at(heir, date(row.valid_to.year + 1, 1, 1)), (code, heir)


def test_every_parent_is_a_division_of_a_higher_level_and_names_are_in_both_languages() -> None:
    rank = {"nation": 0, "province": 1, "city": 2, "county": 3}
    for code in TREE.lineage()["code"]:
        for row in TREE.times(code):
            assert row.name_zh
            assert row.name_en.isprintable()
            assert row.name_en[0].isascii()
            if row.level != "nation":
                assert rank[TREE.ever(row.parent).level] < rank[row.level]  # type: ignore[union-attr]


def test_of_the_county_series_289_codes_were_no_divisions_in_2024_and_seven_never_were(shared: Path) -> None:
    with (shared / "data" / "china_county_co2_1997_2017.csv").open(encoding="utf-8-sig", newline="") as file:
        codes = {row["adcode"] for row in csv.DictReader(file)}
    never = {code for code in codes if code not in TREE}
    assert len(never) == 7
    assert sum("（" in code for code in never) == 3
    assert len(codes - codes_at_the_end(2024)) == 289


def test_names_in_english_are_those_that_people_use() -> None:
    names = {code: TREE.ever(code).name_en for code in ("610000", "140000", "330100", "330522", "150100", "530100", "810000", "429004")}  # type: ignore[union-attr]
    assert names == {
        "610000": "Shaanxi", "140000": "Shanxi", "330100": "Hangzhou", "330522": "Changxing County", "150100": "Hohhot", "530100": "Kunming",
        "810000": "Hong Kong", "429004": "Xiantao City",
    }  # fmt: skip
