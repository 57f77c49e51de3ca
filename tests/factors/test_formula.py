"""A formula is exact arithmetic over fractions, and nothing but arithmetic."""

import ast
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factors.formula import FormulaInvalid, filled, read_formula, value

DECIMALS = st.decimals(min_value=0, max_value=10**6, places=4, allow_nan=False).map(lambda one: f"{one:f}")
NAMES = {"a": Fraction(7, 3), "CaO_0": Fraction("0.01"), "x2": Fraction(-5, 11)}


@st.composite
def arithmetic(draw: st.DrawFn, depth: int = 4) -> tuple[str, Fraction | None]:
    """The text of a formula and what it must come to, or None where it divides by zero; every operation in parentheses of its own."""
    if depth == 0 or draw(st.booleans()):
        if draw(st.booleans()):
            name = draw(st.sampled_from(sorted(NAMES)))
            return name, NAMES[name]
        text = draw(DECIMALS)
        return text, Fraction(text)
    if draw(st.integers(0, 4)) == 0:
        text, known = draw(arithmetic(depth - 1))
        return f"-({text})", None if known is None else -known
    (left, a), (right, b) = draw(arithmetic(depth - 1)), draw(arithmetic(depth - 1))
    sign = draw(st.sampled_from("+-*/"))
    if a is None or b is None or (sign == "/" and b == 0):
        return f"({left}) {sign} ({right})", None
    return f"({left}) {sign} ({right})", {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b}[sign]()


@given(arithmetic())
def test_a_formula_comes_to_what_fractions_come_to(made: tuple[str, Fraction | None]) -> None:
    text, expected = made
    if len(text) > 400:
        return
    formula = read_formula(text)
    if expected is None:
        with pytest.raises(FormulaInvalid, match="zero"):
            value(formula, NAMES)
    else:
        assert value(formula, NAMES) == expected


def test_a_decimal_is_what_is_written_and_no_float_comes_between() -> None:
    assert value(read_formula("0.1 + 0.2"), {}) == Fraction(3, 10)
    assert value(read_formula("123456789012345.123456789012345678"), {}) == Fraction("123456789012345.123456789012345678")


def test_products_come_before_sums_and_equals_go_from_the_left() -> None:
    assert value(read_formula("2 + 3 * 4 - 6 / 4 / 3"), {}) == Fraction(27, 2)
    assert value(read_formula("-a * 2 - -1"), {"a": Fraction(3)}) == -5


def test_names_stand_in_the_order_of_the_text() -> None:
    assert read_formula("(CaO - CaO_0) * 44 / 56 + MgO * CaO").names == ("CaO", "CaO_0", "MgO")


HOSTILE = [
    "", " ", "a b", "a **b", "2 ** 9 ** 9", "a // b", "a % b", "f(a)", "__import__('os')", "a.b", "a[0]", "lambda: 1", "a if b else c",
    "[1]", "(1, 2)", "a = 1", "a := 1", "a == b", "a < b", "not a", "a and b", "'a'", "f'{a}'", "1e5", "0x10", "1_000", "1.", ".5", "01",
    "1j", "True", "None", "...", "~a", "+a", "a @ b", "a\n+ b", "é", "１", "a;b", "await a", "9" * 200, "a" * 40, "(" * 60 + "1" + ")" * 60,
    "-" * 390 + "1", "1 + " * 120 + "1", "(", ")", "a +", "/ a", "_a",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_not_plain_arithmetic_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(FormulaInvalid) as caught:
        read_formula(text)
    assert caught.value.place >= 1
    assert caught.value.code == "formula.invalid"


@given(st.text(max_size=60))
def test_whatever_is_read_is_arithmetic_and_whatever_is_not_is_refused(text: str) -> None:
    try:
        formula = read_formula(text)
    except FormulaInvalid:
        return
    kinds = {type(node) for node in ast.walk(formula.tree)} - {ast.Load}
    assert kinds <= {ast.BinOp, ast.UnaryOp, ast.USub, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Name, ast.Constant}


def test_a_name_without_a_value_and_a_zero_divisor_are_told_with_their_place() -> None:
    with pytest.raises(FormulaInvalid, match="character 5: b has no value"):
        value(read_formula("a / b"), {"a": Fraction(1)})
    with pytest.raises(FormulaInvalid, match="character 6: this divisor is zero"):
        value(read_formula("a / (b - b)"), {"a": Fraction(1), "b": Fraction(2)})


def test_a_formula_is_shown_with_its_numbers() -> None:
    shown = filled(read_formula("(CaO - CaO_0)*44/56"), {"CaO": "0.65", "CaO_0": "-0.01"})
    assert shown == "(0.65 − (−0.01)) × 44/56"
