"""Laws of regions: whatever the series, whatever the tree and its dates, a division is its children and what is not allocated to them."""

from datetime import date
from decimal import Decimal

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from carbon.chart import cell_key
from carbon.region.divisions import NATION, Division, DivisionTree, divisions
from carbon.region.rollup import child_within, placed, rollup
from carbon.region.series import subtotals
from carbon.region.series_file import read_series

TREE = divisions()
CODES = sorted(code for code in TREE.lineage()["code"] if code != NATION)
DAYS = st.dates(date(1979, 1, 1), date(2030, 12, 31))
CELLS = {"cell": pl.String, "period": pl.Int64, "commodity": pl.String, "amount": pl.Int64, "count": pl.Int64}


@st.composite
def trees(draw: st.DrawFn) -> DivisionTree:
    """A nation of two provinces with cities and counties, each valid for one time or two, under another parent or none of its own."""
    rows = [Division(NATION, "国", "Nation", "nation", "", None, None, ())]
    rows += [Division(f"{p}0000", p, p, "province", NATION, None, None, ()) for p in ("11", "12")]
    for code in draw(st.lists(st.sampled_from([f"{p}{c:02}00" for p in ("11", "12") for c in range(1, 4)]), unique=True)):
        rows.append(timed(draw, code, "city", code[:2] + "0000")[-1])
    cities = [row.code for row in rows if row.level == "city"]
    counties = [f"{p}{c:02}0{k}" for p in ("11", "12") for c in range(1, 4) for k in range(1, 4)]
    for code in draw(st.lists(st.sampled_from(counties), unique=True)):
        parents = [city for city in cities if city[:2] == code[:2]] + [code[:2] + "0000"]
        for _ in range(draw(st.integers(1, 2))):
            rows += timed(draw, code, "county", draw(st.sampled_from(parents)))
    return DivisionTree(rows)


def timed(draw: st.DrawFn, code: str, level: str, parent: str) -> list[Division]:
    since, until = sorted((draw(DAYS), draw(DAYS)))
    return [Division(code, code, code, level, parent, draw(st.sampled_from([None, since])), draw(st.sampled_from([None, until])), ())]


def codes_of(tree: DivisionTree) -> list[str]:
    return sorted(tree.lineage()["code"])


def check_sums(sums: dict[str, int], own: dict[str, int], tree: DivisionTree) -> None:
    below: dict[str, int] = {}
    for code, mass in sums.items():
        if code != NATION:
            below[tree.parent_when_last_valid(code)] = below.get(tree.parent_when_last_valid(code), 0) + mass
    for code, mass in sums.items():
        assert mass == below.get(code, 0) + own.get(code, 0)
    assert sums.get(NATION, 0) == sum(own.values())


@given(st.data(), trees())
def test_children_and_unallocated_make_the_parent_under_any_tree(data: st.DataObject, tree: DivisionTree) -> None:
    own = data.draw(st.dictionaries(st.sampled_from(codes_of(tree)), st.integers(-(2**62), 2**62), min_size=1))
    cells = pl.DataFrame({"division": list(own), "amount": list(own.values())}, schema={"division": pl.String, "amount": pl.Int64})
    sums, stands = subtotals(cells, tree)
    assert stands == own
    check_sums(sums, own, tree)


@given(st.dictionaries(st.tuples(st.sampled_from(CODES), st.integers(1997, 2017)), st.integers(0, 10**15 - 1), min_size=1, max_size=60))
def test_children_and_unallocated_make_the_parent_in_every_year_of_a_series(masses: dict[tuple[str, int], int]) -> None:
    text = "division,year,mass\n" + "".join(f"{code},{year},{mass}\n" for (code, year), mass in masses.items())
    read, strays = read_series(text.encode(), file="s.csv", unit="g", gas="CO2", tree=TREE, unknown_to_parent=False)
    assert (read, strays) == (masses, ())
    for year in {year for _, year in masses}:
        own = {code: mass for (code, at), mass in masses.items() if at == year}
        cells = pl.DataFrame({"division": list(own), "amount": list(own.values())}, schema={"division": pl.String, "amount": pl.Int64})
        check_sums(*subtotals(cells, TREE), TREE)


@given(
    st.lists(st.decimals(min_value=0, max_value=1000, allow_nan=False, allow_infinity=False, places=15), min_size=1, max_size=30),
    st.sampled_from(["t", "kt", "Mt"]),
)
def test_a_series_is_the_sum_of_cells_rounded_one_by_one(masses: list[Decimal], unit: str) -> None:
    scale = Decimal(10) ** {"t": 6, "kt": 9, "Mt": 12}[unit]
    header = "adcode," + ",".join(str(1990 + place) for place in range(len(masses)))
    text = header + "\n330106," + ",".join(f"{mass:f}" for mass in masses) + "\n"
    read, _ = read_series(text.encode(), file="s.csv", unit=unit, gas="CO2", tree=TREE, unknown_to_parent=False)
    assert sum(read.values()) == sum(int((mass * scale).to_integral_value()) for mass in masses)


@settings(max_examples=40, deadline=None)
@given(st.data(), trees())
def test_what_is_filed_rolls_up_through_children_to_the_nation(data: st.DataObject, tree: DivisionTree) -> None:
    places = st.tuples(
        st.sampled_from(codes_of(tree)), st.sampled_from(["1A2", "2A1"]), st.sampled_from(["CO2", "N2O"]), st.sampled_from([202301, 202302])
    )
    filed = data.draw(st.dictionaries(places, st.integers(-(2**50), 2**50), min_size=1))
    rows = [
        (cell_key(book="physical", division=division, scope="1", category=category), period, gas, amount, 1)
        for (division, category, gas, period), amount in filed.items()
    ]
    cells = placed(pl.DataFrame(rows, schema=CELLS, orient="row"))
    rollups = {code: rollup(cells, tree, code=code) for code in codes_of(tree)}

    def mass(code: str, child: str | None = None) -> int:
        rolled = rollups[code]
        return int((rolled if child is None else rolled.filter(pl.col("child") == child))["amount"].sum())

    assert mass(NATION) == sum(filed.values())
    for code in codes_of(tree):
        below = [child for child in codes_of(tree) if child != NATION and tree.parent_when_last_valid(child) == code]
        assert mass(code) == sum(mass(child) for child in below) + mass(code, code)
        assert all(mass(code, child) == mass(child) for child in below)


@given(st.sampled_from(CODES), DAYS)
def test_a_division_of_a_day_was_valid_then_and_lies_in_the_nation(code: str, day: date) -> None:
    row = TREE.at(code, day)
    chain = TREE.chain(code, day)
    assert chain[-1].code == NATION
    assert chain[0].code == code
    if row is not None:
        assert row.on(day)
        assert chain[0] == row
        assert code in {child.code for child in TREE.children(row.parent, day)}


@given(st.sampled_from(CODES))
def test_every_code_begins_with_the_stem_of_all_that_it_lies_in(code: str) -> None:
    for row in TREE.times(code):
        above = row.parent
        while above:
            assert code.startswith(TREE.stem(above))
            above = TREE.parent_when_last_valid(above)
    assert child_within(code, TREE, TREE.parent_when_last_valid(code)) == code
    assert child_within(code, TREE, code) == code
