"""Formulas of accounting guides: exact arithmetic over fractions with names, plain decimals, + − × ÷ and parentheses, and nothing else.

A formula is parsed by `ast` in its mode ``eval`` and walked over a closed list of nodes; nothing is ever evaluated by the interpreter,
and the digits of a number are read from the text itself, so that no float comes into it.
"""

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from factors.errors import FactorError, NotANumber
from factors.units import number

LENGTH_MAX = 400
DEPTH_MAX = 24
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
_PLAIN = re.compile(r"[A-Za-z0-9_.+\-*/() ]+")
_OPERATIONS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b, ast.Div: lambda a, b: a / b,
}  # fmt: skip
_SIGNS = {"*": " × ", "-": " − ", "+": " + "}


class FormulaInvalid(FactorError):
    """A formula that cannot be read or worked out: at which place (the first character is 1), and why."""

    code = "formula.invalid"

    def __init__(self, text: str, place: int, reason: str) -> None:
        self.text, self.place, self.reason = text[:LENGTH_MAX], place, reason
        super().__init__(f"the formula {self.text[:120]!r} fails at character {place}: {reason}")


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that was read: its text, and the names in the order in which they first stand in it."""

    text: str
    names: tuple[str, ...]
    tree: ast.expr


@lru_cache(maxsize=4_096)
def read_formula(text: str) -> Formula:
    """The formula that `text` is, such as ``(CaO - CaO_0) * 44 / 56``; FormulaInvalid names the place of what does not belong there."""
    if len(text) > LENGTH_MAX:
        raise FormulaInvalid(text, LENGTH_MAX + 1, f"it is longer than {LENGTH_MAX} characters")
    text = text.strip()
    match = _PLAIN.match(text)
    if match is None or match.end() < len(text):
        raise FormulaInvalid(text, (match.end() if match else 0) + 1, "only names, plain decimals, + - * / and ( ) stand in a formula")
    _check_depth(text)
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise FormulaInvalid(text, error.offset or 1, "this is no arithmetic: a sign, a name or a parenthesis is missing") from error
    except (ValueError, MemoryError, RecursionError) as error:
        raise FormulaInvalid(text, 1, "it is nested too deeply or holds a number that is too long") from error
    names: dict[str, None] = {}
    _check(tree, text, names, 0)
    return Formula(text, tuple(names), tree)


def _check_depth(text: str) -> None:
    depth = 0
    for place, character in enumerate(text, 1):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth > DEPTH_MAX:
            raise FormulaInvalid(text, place, f"more than {DEPTH_MAX} parentheses are open")


def _check(node: ast.expr, text: str, names: dict[str, None], depth: int) -> None:
    """Every node is one of the closed list; names are gathered in the order of the text."""
    place = node.col_offset + 1
    if depth > LENGTH_MAX // 2:
        raise FormulaInvalid(text, place, "it is nested too deeply")
    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            _check(left, text, names, depth + 1)
            _check(right, text, names, depth + 1)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            _check(operand, text, names, depth + 1)
        case ast.Name(id=name) if NAME.fullmatch(name):
            names[name] = None
        case ast.Constant():
            _number(node, text)
        case _:
            raise FormulaInvalid(text, place, f"{text[node.col_offset : node.end_col_offset][:40]!r} does not belong in a formula")


def _number(node: ast.expr, text: str) -> Fraction:
    digits = text[node.col_offset : node.end_col_offset]
    try:
        return Fraction(number(digits))
    except NotANumber as error:
        raise FormulaInvalid(text, node.col_offset + 1, str(error)) from error


def value(formula: Formula, values: Mapping[str, Fraction]) -> Fraction:
    """What the formula comes to, exactly; FormulaInvalid where a name has no value or a divisor is zero."""
    return _value(formula.tree, formula.text, values)


def _value(node: ast.expr, text: str, values: Mapping[str, Fraction]) -> Fraction:
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            first, second = _value(left, text, values), _value(right, text, values)
            if isinstance(op, ast.Div) and second == 0:
                raise FormulaInvalid(text, right.col_offset + 1, "this divisor is zero")
            return _OPERATIONS[type(op)](first, second)
        case ast.UnaryOp(operand=operand):
            return -_value(operand, text, values)
        case ast.Name(id=name):
            if name not in values:
                raise FormulaInvalid(text, node.col_offset + 1, f"{name} has no value")
            return values[name]
        case _:
            return _number(node, text)


def filled(formula: Formula, values: Mapping[str, str]) -> str:
    """The formula as it is written, with numbers in the place of names: ``(0.65 − 0.01) × 44/56``."""

    def shown(match: re.Match[str]) -> str:
        token = match[0]
        if token in _SIGNS:
            return _SIGNS[token]
        told = values.get(token, token)
        return f"(−{told[1:]})" if told.startswith("-") else told

    text = re.sub(r"\s+", "", formula.text)
    return re.sub(r"[A-Za-z][A-Za-z0-9_]*|[*+\-]", shown, text).replace("( − ", "(−")
