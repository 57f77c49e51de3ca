"""Worked examples of the guides come out to the places printed: their activity data, through the factors and sets that the library ships.

`worked_cn.csv` holds a row a term. `result` is tonnes, to `places` (exact where blank); `label` says whether a public text prints inputs and
result (`printed`) or only formula and defaults are the guide's (`own`). A term without an activity is carbon, which 44/12 makes CO2.
"""

import csv
import math
from collections import defaultdict
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from factors.convert import convert
from factors.gwp import gwp_set, smallest_unit
from factors.library import load_library
from factors.resolution import Region, Resolution

LIBRARY = load_library()
TERMS = [*csv.DictReader((Path(__file__).parents[1] / "golden" / "worked_cn.csv").read_text(encoding="utf-8").splitlines())]
EXAMPLES: dict[str, list[dict[str, str]]] = defaultdict(list)
for term in TERMS:
    EXAMPLES[term["example"]].append(term)


def resolve(row: dict[str, str]) -> Resolution:
    on = date.fromisoformat(row["day"])
    measured = dict(one.split("=") for one in row["measured"].split("; ") if one)
    return LIBRARY.resolve(
        row["activity"], regions=(Region(row["region"], "country"),), start=on, end=on, unit=row["unit"], factor=row["factor"] or None,
        measured={name: (text.partition(" ")[0], text.partition(" ")[2]) for name, text in measured.items()},
    )  # fmt: skip


def tonnes(row: dict[str, str]) -> Fraction:
    """What one term adds: the mass of its gas, or the CO2e of all its gases under the GWP set that `gas` names."""
    quantity = math.prod(Fraction(part) for part in row["quantity"].split(" × "))
    if not row["activity"]:
        return quantity * Fraction(convert("1", row["unit"], "tCO2").exact)
    emitted = resolve(row).coefficients
    if row["gas"].startswith("CO2e."):
        prices = gwp_set(row["gas"].removeprefix("CO2e."))
        return quantity * sum(amount * prices.per_unit(gas) for gas, amount in emitted.items()) / 10**6
    return quantity * emitted[row["gas"]] / 10 ** (6 if smallest_unit(row["gas"]) == "g" else 9)


def printed_as(value: Fraction, result: str, places: str) -> bool:
    """Whether the value rounds to the one printed; with no places stated, whether it is it."""
    return abs(value - Fraction(result)) <= Fraction(1, 2 * 10 ** int(places)) if places else value == Fraction(result)


@pytest.mark.parametrize("terms", EXAMPLES.values(), ids=lambda terms: f"{terms[0]['example']}-{terms[0]['title'].replace(' ', '_')}")
def test_the_worked_example_comes_out(terms: list[dict[str, str]]) -> None:
    total = sum((tonnes(row) for row in terms), Fraction(0))
    assert printed_as(total, terms[0]["result"], terms[0]["places"]), float(total)


def test_every_worked_example_cites_a_document_and_a_place_in_it() -> None:
    assert all(row["source"] and row["locator"] for row in TERMS)
    assert not [row for row in TERMS if "shared" in row["source"] + row["locator"] or "/work" in row["source"] + row["locator"]]
    same = ("label", "title", "result", "places", "source", "locator")
    assert all(len({tuple(row[name] for name in same) for row in terms}) == 1 for terms in EXAMPLES.values())


def test_a_measured_value_stands_in_for_the_default_and_says_so() -> None:
    for row in TERMS:
        tiers = [parameter.tier for parameter in resolve(row).parameters] if row["activity"] else []
        assert tiers.count("measured") == len([one for one in row["measured"].split("; ") if one]), row["example"]


def test_a_figure_that_its_own_inputs_do_not_give_is_not_given() -> None:
    """3,360 t of coke an hour, 28.435 GJ/t and 29.5 tC/TJ, wholly oxidised, are printed as 10,331 t: they are 10,334.4 (3.667 for 44/12)."""
    row = {"activity": "combustion.stationary.coke", "region": "CN", "day": "2025-06-30", "unit": "t", "factor": "prov2025"}
    coke = row | {"quantity": "3360", "measured": "oxidation=1 1", "gas": "CO2"}
    assert printed_as(tonnes(coke), "10334.4", "1")
    assert not printed_as(tonnes(coke), "10331", "0")


def test_a_blend_counts_by_its_components_and_not_by_a_rounded_gwp() -> None:
    """20 kg of R-410A are printed as 45.12 t from a GWP of 2256; half HFC-32 (771) and half HFC-125 (3740) make 2255.5 and 45.11 t."""
    row = {"activity": "fugitive.refrigerant.r410a", "region": "CN", "day": "2024-06-30", "unit": "kg", "factor": "", "measured": ""}
    assert tonnes(row | {"quantity": "20", "gas": "CO2e.AR6.100"}) == Fraction("45.11")


@pytest.mark.shared
def test_the_golden_examples_are_those_of_the_collection(shared: Path) -> None:
    """No result was typed anew: each is the one stated, or, of our own inputs, the one worked out by hand there."""
    with (shared / "reference" / "guides" / "worked.csv").open(encoding="utf-8-sig", newline="") as file:
        collected = {row["example_id"]: row for row in csv.DictReader(file)}
    assert len(collected) == 78
    for example, (row, *_) in EXAMPLES.items():
        fact = collected[example]
        assert row["result"] == (fact["result_stated"] or fact["result_computed"])
        assert row["label"] == {"PUB": "printed", "OWN": "own"}[fact["label"]]
        assert row["title"] == fact["source_item"]
