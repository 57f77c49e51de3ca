"""Lines that follow an item of an accounting guide: its variables in the columns ``v_…``, judged once for all lines that are alike."""

import json
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import polars as pl

from carbon.activity_text import FAULTS_MAX
from carbon.errors import Fault
from factors.errors import FactorNotFound, NotANumber
from factors.item import VARIABLE, canonical, find_item, resolve_item

if TYPE_CHECKING:
    from carbon.activity_columns import Header
    from carbon.activity_values import Sieve

NOT_WITH_FORMULA = ("ncv", "carbon_content", "oxidation", "density", "factor")
"""Columns that choose or change a factor: a line with a formula meets none."""


def judge_formulas(sieve: "Sieve", frame: pl.DataFrame, header: "Header", activities: pl.Series, units: pl.Series) -> pl.Series:
    """The variables of each line as JSON by name, in the guide's unit, null where a line has none; faults name row and column."""
    nothing = pl.Series("variables", [None] * frame.height, dtype=pl.String)
    if not header.variables and not sieve.has("formula"):
        return nothing
    names = list(header.variables)
    cells = [frame[str(header.variables[name])].alias(VARIABLE + name) for name in names]
    judged = sieve.frame.select("line", "formula", *NOT_WITH_FORMULA).with_columns(*cells, activity=activities, unit=units)
    keys = [name for name in judged.columns if name != "line"]
    alike = judged.select(keys).unique(maintain_order=True)
    texts: list[str | None] = []
    wrong: list[FactorNotFound | None] = []
    for row in alike.iter_rows(named=True):
        try:
            texts.append(_judge(row, names, header.variable_units))
            wrong.append(None)
        except FactorNotFound as error:
            texts.append(None)
            wrong.append(error)
    placed = judged.join(
        alike.with_columns(variables=pl.Series(texts, dtype=pl.String), kind=pl.int_range(alike.height)), on=keys, how="left",
        nulls_equal=True, maintain_order="left",
    )  # fmt: skip
    bad = placed.filter(pl.col("kind").is_in([at for at, error in enumerate(wrong) if error]))
    for row in islice(bad.iter_rows(named=True), FAULTS_MAX):
        found = wrong[row["kind"]]
        assert found is not None
        value = row.get(found.column)
        told = None if value is None else str(value)[:60]
        sieve.faults.append(Fault(file=sieve.file, row=row["line"], column=found.column, value=told, code=found.code, reason=found.reason))
    return placed["variables"]


def _judge(row: Mapping[str, str | None], names: Sequence[str], units: Mapping[str, str]) -> str | None:
    """The variables of one kind of line, canonical, after the formula was worked out with them; FactorNotFound says what is wrong."""
    said = {name: text for name in names if (text := row[VARIABLE + name]) is not None}
    if row["formula"] is None:
        if said:
            name = next(iter(said))
            raise FactorNotFound(
                f"{VARIABLE}{name} is filled and the line names no formula: write the item of the guide in the column 'formula'",
                column=VARIABLE + name, code="formula.missing",
            )  # fmt: skip
        return None
    item = find_item(row["formula"])
    for column in NOT_WITH_FORMULA:
        if row[column] is not None:
            known = ", ".join(one.name for one in item.variables) or "none"
            reason = f"a line with a formula takes no {column}: the item's variables say it ({known})"
            raise FactorNotFound(reason, column=column, code="formula.factor")
    values = {}
    for name, text in said.items():
        variable = item.variable(name)
        if variable is None:
            values[name] = text  # told by `resolve_item`
            continue
        try:
            values[name] = canonical(variable, text, units.get(name))
        except NotANumber as error:
            raise FactorNotFound(str(error), column=VARIABLE + name, code="number.not-plain") from error
    if row["activity"] is not None and row["activity"] != item.activity:
        reason = f"{item.id} is {item.activity}, not {row['activity']}: write its activity, or another formula"
        raise FactorNotFound(reason, column="activity", code="formula.activity")
    if row["unit"] is not None:
        resolve_item(item, values, unit=row["unit"])
    return json.dumps(values, sort_keys=True, ensure_ascii=False) if values else None


def variables_of(text: str | None) -> dict[str, str]:
    """The variables that a line's column `variables` holds."""
    found: dict[str, str] = json.loads(text) if text else {}
    return found
