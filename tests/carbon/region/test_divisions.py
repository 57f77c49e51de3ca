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


@pytest.mark.parametrize(("year", "slack"), [(1990, 220), (2000, 30), (2010, 10), (2015, 1), (2020, 0), (2024, 0)])
def test_the_divisions_of_a_year_are_the_ministrys(shared: Path, year: int, slack: int) -> None:
    """Year-end sets of codes. Until 1995 cities of county level bore codes such as 339005, where the history has their later code."""
    with (shared / "data" / "divisions_history.csv").open(encoding="utf-8-sig", newline="") as file:
        history = list(csv.DictReader(file))
    codes = TREE.lineage().filter(pl.col("level") != "nation")["code"]
    ours = {code for code in codes if TREE.at(code, date(year, 12, 31)) and TREE.at(code, date(year + 1, 1, 1))}
    theirs = {r["代码"] for r in history if int(r["启用时间"]) <= year and not (r["变更/弃用时间"] and int(r["变更/弃用时间"]) <= year)}
    assert len(ours ^ theirs) <= slack
