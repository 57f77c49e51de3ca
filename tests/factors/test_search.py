"""Finding a factor: with what people have in hand, in Chinese or English, in one step."""

import time

import pytest

from api.places import place_names
from factors.errors import UnknownUnit
from factors.library import load_library
from factors.search import Search, Wanted

SEARCH = Search(load_library(), place_names)


def first(words: str, **filters: str | int) -> str:
    found = SEARCH.find(Wanted(words=words, **filters))  # type: ignore[arg-type]
    assert found.exact, words
    return found.factors[0].id


@pytest.mark.parametrize(
    ("words", "begins"),
    [
        ("烟煤", "cn-fuels/ndrc2013_steel_e001#bituminous_coal"), ("短途航班", "desnz/2025_e001#travel.air.short_haul.cabin=average"),
        ("天然气", "cn-fuels/ndrc2013_steel_e001#natural_gas"), ("natural gas", "cn-fuels/ndrc2013_steel_e001#natural_gas"),
        ("电力 浙江", "cn-grid/2025-47_e001#330000"), ("浙江电网排放因子", "cn-grid/2025-47_e001#330000"),
        ("Zhejiang electricity 2022", "cn-grid/2024-33_e001#330000"), ("330000 2022", "cn-grid/2024-33_e001#330000"),
        ("ＤＩＥＳＥＬ", "cn-fuels/ndrc2013_steel_e001#diesel"), ("R-410A", "gases/1_e001#R-410A"), ("英国 酒店", "desnz/2025_e001#"),
        ("cn-grid/2025-47_e001#330000", "cn-grid/2025-47_e001#330000"), ("钢筋", "cn-materials/2019_e001#mat.d32"),
    ],
)  # fmt: skip
def test_the_first_answer_is_what_somebody_meant(words: str, begins: str) -> None:
    assert first(words).startswith(begins)


def test_a_name_of_several_activities_asks_and_a_choice_answers() -> None:
    found = SEARCH.find(Wanted(words="经济舱"))
    assert {one.id for one in found.asks} >= {"travel.air.domestic", "travel.air.short_haul", "travel.air.long_haul"}
    chosen = SEARCH.find(Wanted(words="经济舱", activity="travel.air.short_haul"))
    assert chosen.asks == ()
    assert chosen.factors
    assert all("travel.air.short_haul" in factor.activities for factor in chosen.factors)


def test_a_misspelt_word_gets_the_nearest_and_the_answer_says_so() -> None:
    found = SEARCH.find(Wanted(words="electricty"))
    assert not found.exact
    assert found.factors[0].id == "cn-grid/2025-47_e001#CN"
    assert SEARCH.find(Wanted(words="zzzzqqqq")).factors == ()


def test_each_filter_holds_for_every_answer() -> None:
    every = len(SEARCH.find(Wanted()).factors)
    assert every == sum(1 for _ in load_library().factors())
    zhejiang = SEARCH.find(Wanted(region="330000")).factors
    assert zhejiang
    assert {factor.region for factor in zhejiang} == {"330000"}
    assert all(factor.region == "US" or factor.region.startswith("US-") for factor in SEARCH.find(Wanted(region="US")).factors)
    for factor in SEARCH.find(Wanted(words="electricity", region="CN", year=2022)).factors:
        assert factor.used_from or (factor.year_from or 0) <= 2022 <= (factor.year_to or factor.year_from or 9999)
    per_kwh = SEARCH.find(Wanted(words="烟煤", unit="t")).factors
    assert per_kwh
    assert not SEARCH.find(Wanted(words="烟煤", unit="人公里")).factors
    assert {factor.id.partition("/")[0] for factor in SEARCH.find(Wanted(source="desnz")).factors} == {"desnz"}
    assert SEARCH.find(Wanted(scope="2")).factors
    assert not any(factor.evidence == "unverified" for factor in SEARCH.find(Wanted(unverified=False)).factors)
    with pytest.raises(UnknownUnit):
        SEARCH.find(Wanted(unit="florin"))


def test_the_mainland_filter_holds_no_factor_of_taiwan_hong_kong_and_macao() -> None:
    assert not {factor.region[:2] for factor in SEARCH.find(Wanted(region="CN")).factors} & {"71", "81", "82"}


def test_a_search_costs_milliseconds() -> None:
    SEARCH.find(Wanted(words="烟煤"))
    best = min(_seconds("浙江电网排放因子") for _ in range(5))
    assert best < 0.1, f"{best * 1000:.1f} ms"


def _seconds(words: str) -> float:
    start = time.perf_counter()
    SEARCH.find(Wanted(words=words))
    return time.perf_counter() - start
