"""How figures are written."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.export import csv_bytes, safe_cell
from api.figures import change, decimal_text, gas_name, percent, scale_for, signed
from api.language import Language
from api.pages.drawing import breaks, curve, sparkline, stack, step_of, treemap, year_ticks
from carbon.digits import grouped, integer

T = 10**6


@pytest.mark.parametrize(
    ("language", "mass_g", "text"),
    [("zh", 10_011_107_000 * T, "100.11 亿 t"), ("en", 10_011_107_000 * T, "10.01 Gt"), ("zh", 5_785_000 * T, "578.5 万 t"), ("en", 5_785_000 * T, "5.78 Mt"),
     ("zh", -152_000 * T, "−15.2 万 t"), ("en", 32_452 * T, "32.5 kt"), ("zh", 49_740, "49.7 kg"), ("en", 12, "12 g"), ("zh", 0, "0 t")],
)  # fmt: skip
def test_one_scale_reads_well(language: Language, mass_g: int, text: str) -> None:
    scale = scale_for([mass_g], language)
    assert f"{scale.text(mass_g)} {scale.unit}" == text


def test_what_is_not_zero_never_reads_as_zero() -> None:
    scale = scale_for([10**15], "zh")
    assert scale.text(5) == "<\u20090.01"
    assert scale.text(-5) == "−<\u20090.01"
    assert scale.text(0) == "0.00"


@given(st.integers(min_value=-(10**18), max_value=10**18))
def test_a_full_integer_keeps_every_digit(value: int) -> None:
    assert int(integer(value).replace(",", "").replace("−", "-")) == value


@pytest.mark.parametrize(
    ("text", "shown"), [("1186.40", "1,186.40"), ("-1240.6", "−1,240.6"), ("7", "7"), ("0.0001", "0.0001"), ("abc", "abc")]
)
def test_a_filed_decimal_keeps_its_digits(text: str, shown: str) -> None:
    assert grouped(text) == shown


def test_changes_wear_their_sign() -> None:
    assert change(105, 100) == "+5.0"
    assert change(95, 100) == "−5.0"
    assert change(100, 100) == "0.0"
    assert change(100, None) is None
    assert change(100, 0) is None
    assert percent(1, 0) is None
    assert signed("0.0") == "0.0"
    assert decimal_text(Decimal("-0.001"), 2) == "0.00"
    assert gas_name("CH4.fossil", {"fossil": "化石"}) == "CH₄ (化石)"
    assert gas_name("CO2e.AR5.100") == "CO₂e AR5.100"


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠x"])
def test_cells_that_would_run_are_text(text: str) -> None:
    assert safe_cell(text) == "'" + text
    assert safe_cell(-1) == "-1"
    assert csv_bytes(["a"], [[text]]).startswith(b"\xef\xbb\xbf")


@given(st.lists(st.floats(min_value=0.01, max_value=1e6), min_size=1, max_size=120))
def test_a_treemap_fills_its_frame_in_proportion(values: list[float]) -> None:
    ordered = sorted(values, reverse=True)
    boxes = treemap(ordered)
    assert len(boxes) == len(values)
    total = sum(ordered)
    for value, box in zip(ordered, boxes, strict=True):
        assert box.width * box.height == pytest.approx(10_000 * value / total, rel=1e-6, abs=1e-6)
        assert min(box.left, box.top) >= -1e-6
        assert max(box.left + box.width, box.top + box.height) <= 100 + 1e-6


def test_colour_steps_are_even_and_hold_the_largest() -> None:
    bounds = breaks(7.67)
    assert bounds == [1.2, 2.4, 3.6, 4.8, 6, 7.2]
    assert [step_of(value, bounds) for value in (0, 1.2, 7.67)] == [1, 2, 7]
    assert step_of(0, breaks(0)) == 1


def test_a_curve_breaks_where_years_are_missing() -> None:
    drawn = curve([(2000, 1.0), (2001, 2.0), (2002, None), (2003, 3.0)], width=600, height=200, labels=[(2003, "3"), (2002, "gap")])
    assert len(drawn.lines) == 1
    assert len(drawn.dots) == 1
    assert [text for *_, text, _ in drawn.marks] == ["3"]
    assert sparkline([None, 5]) == ("", None)
    assert sparkline([1, None, 2])[1] is not None
    assert year_ticks(range(1997, 2018), 5) == [1997, 2002, 2007, 2012, 2017]


def test_stacked_columns_stand_on_each_other() -> None:
    drawn = stack([2022, 2023], [[1.0, 2.0], [1.0, 0.0], [-1.0, 1.0]], width=600, height=200)
    first = [box for box in drawn.boxes if box[0] == drawn.boxes[0][0]]
    assert len(first) == 2
    assert first[0][1] == pytest.approx(first[1][1] + first[1][3], abs=0.2)
