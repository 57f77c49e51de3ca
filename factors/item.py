"""One row by an item of an accounting guide: its variables judged, its formula worked out, and what it gives per unit as a resolution."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cache

from factors.activities import by_id
from factors.errors import FactorNotFound, NotANumber
from factors.factor import Parameter
from factors.formula import FormulaInvalid, filled, read_formula, value
from factors.guide import Item, Variable, find_guide, items
from factors.gwp import smallest_unit
from factors.resolution import Input, Resolution, Worked
from factors.units import find_unit, nearest, number, ratio

VARIABLE = "v_"
"""How the column of a variable begins in a file: ``v_CaO``, or ``v_CaO [%]`` with the unit in which it is written."""
_GRAMS = {"t": Fraction(10**6), "kg": Fraction(10**3), "g": Fraction(1), "mg": Fraction(1, 1000)}


def find_item(name: str) -> Item:
    """The item of that id; FactorNotFound (column ``formula``) with the nearest ones otherwise."""
    found = items().get(name)
    if found is None:
        near = ", ".join(nearest(name[:80], items()))
        hint = f"; nearest: {near}" if near else ""
        reason = f"no item of an accounting guide is called {name[:80]!r}{hint}. `tanzhang guides list` lists them"
        raise FactorNotFound(reason, column="formula", code="formula.unknown")
    return found


def canonical(variable: Variable, text: str, unit: str | None) -> str:
    """A number in the variable's own unit, as a plain decimal; `unit` is that of the column's heading, or None where it has none.

    A share may be written in %. Raises NotANumber, and FactorNotFound for another unit.
    """
    written = number(text)
    if unit in {None, "", variable.unit}:
        return text
    if unit == "%" and variable.unit == "1":
        return plain(_moved(written, -2))
    if unit == "1" and variable.unit == "%":
        return plain(_moved(written, 2))
    reason = f"{variable.name} is wanted in {variable.unit if variable.unit != '1' else '1 (a part of one) or %'}, not in {unit}"
    raise FactorNotFound(reason, column=VARIABLE + variable.name, code="variable.unit")


def _moved(written: Decimal, places: int) -> Decimal:
    """A decimal with its point moved, exactly: no context rounds it."""
    sign, digits, exponent = written.as_tuple()
    assert isinstance(exponent, int)
    return Decimal((sign, digits, exponent + places))


def plain(written: Decimal) -> str:
    """A decimal without an exponent and without zeros at its end."""
    text = f"{written:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def inputs_of(item: Item, said: Mapping[str, str]) -> tuple[Input, ...]:
    """Every variable of the item with the number used: what the firm `said` (decimals in the variable's unit), else the default.

    Raises FactorNotFound with the variable's column: variable.unknown, variable.missing, number.not-plain, parameter.out-of-range.
    """
    for name in said:
        if item.variable(name) is None:
            known = ", ".join(variable.name for variable in item.variables) or "none"
            raise FactorNotFound(f"{item.id} has no variable {name!r}: {known}", column=VARIABLE + name, code="variable.unknown")
    return tuple(_input(item, variable, said.get(variable.name)) for variable in item.variables)


def _input(item: Item, variable: Variable, text: str | None) -> Input:
    told = {"name": variable.name, "name_zh": variable.name_zh, "name_en": variable.name_en, "unit": variable.unit}
    column = VARIABLE + variable.name
    if text is None:
        if variable.default is None:
            reason = f"{item.id} needs {variable.name} ({variable.name_zh}, {variable.name_en}) measured: fill the column {column}"
            raise FactorNotFound(reason, column=column, code="variable.missing")
        default = {"mark": variable.mark or "", "source": variable.source, "fact": variable.fact}
        return Input(**told, value=variable.default, tier="default", **default)
    try:
        inside = number(variable.low) <= number(text) <= number(variable.high)
    except NotANumber as error:
        raise FactorNotFound(str(error), column=column, code="number.not-plain") from error
    if not inside:
        meant = " (a part of one; write % in the heading for percent)" if variable.unit == "1" else f" {variable.unit}"
        reason = f"{variable.name} of {text} lies outside {variable.low}–{variable.high}{meant}: was another unit meant?"
        raise FactorNotFound(reason, column=column, code="parameter.out-of-range")
    return Input(**told, value=text, tier="measured")


def resolve_item(item: Item, said: Mapping[str, str], *, unit: str) -> Resolution:
    """What one `unit` of the item's quantity gives: exact coefficients by gas in its smallest unit, before the item's sign.

    Raises FactorNotFound as `inputs_of`, for a unit that does not measure the item, and for a formula that comes to less than zero.
    """
    if find_unit(unit).dimension != find_unit(item.unit).dimension:
        raise FactorNotFound(f"{item.id} is measured in {item.unit}, not in {unit}", column="unit", code="unit.dimension")
    used = inputs_of(item, said)
    values = {one.name: Fraction(number(one.value)) for one in used}
    per, texts = ratio(unit, item.unit), {one.name: one.value for one in used}
    coefficients: dict[str, Fraction] = {}
    for gas, text in item.formulas.items():
        formula = read_formula(text)
        try:
            mass = value(formula, values)
        except FormulaInvalid as error:
            raise FactorNotFound(f"{item.id}: {error}", column="formula", code="formula.invalid") from error
        if mass < 0:
            reason = f"{item.id} comes to less than zero with {filled(formula, texts)}: look at the variables"
            raise FactorNotFound(reason, column="formula", code="formula.negative")
        coefficients[gas] = mass * per * _GRAMS[item.gives] * (1 if smallest_unit(gas) == "g" else 1000)
    parameters = tuple(Parameter(name=one.name, gas="", value=one.value, unit=one.unit, tier=one.tier) for one in used)
    worked = Worked(item, used, {gas: filled(read_formula(text), texts) for gas, text in item.formulas.items()})
    return Resolution(
        activity=item.activity, unit=unit, parts=(), steps=(), skipped=0, coefficients=coefficients, parameters=parameters,
        not_estimated=_not_estimated(item), query=None, worked=worked,
    )  # fmt: skip


@cache
def _covered(guide: str) -> frozenset[str]:
    found = find_guide(guide)
    gases = {gas for source in found.sources for gas in source.gases} | {gas for item in found.items for gas in item.gases}
    return frozenset(gas.split(".")[0] for gas in gases)


def _not_estimated(item: Item) -> tuple[str, ...]:
    """Gases of the activity that the item does not give and no source of its guide names: never zero."""
    if item.sign < 0:
        return ()
    return tuple(sorted(gas for gas in by_id()[item.activity].gases if gas.split(".")[0] not in _covered(item.guide)))
