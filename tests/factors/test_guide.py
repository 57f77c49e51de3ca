"""Guides hold together: every source is cited, every default has a mark and a source, and no item mixes parameter sets."""

import csv
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from factors.activities import by_id
from factors.errors import FactorNotFound
from factors.guide import GuideInvalid, GuideNotFound, Item, find_guide, guides, item_faults, items, read_guide
from factors.item import canonical, find_item, inputs_of, plain, resolve_item
from factors.units import find_unit

ALL = list(items().values())
SOURCES = {
    "aluminium": 9, "carbon_material": 8, "cement": 8, "ceramics": 4, "chemical_ammonia": 4, "chemical_carbide": 6, "chemical_general": 6,
    "chemical_nitric": 5, "civil_aviation": 3, "coal_mining": 4, "coking": 4, "electronics": 5, "flat_glass": 5, "fluorochemical": 5,
    "food": 6, "gbt32150": 5, "land_transport": 5, "machinery": 5, "magnesium": 5, "mining": 5, "nonferrous_other": 5,
    "other_industry": 7, "paper": 5, "petrochemical": 15, "power_generation": 6, "power_grid": 3, "public_building": 3, "steel": 10,
}  # fmt: skip


def test_there_are_28_guides_with_every_source_of_the_sheet() -> None:
    assert {name: len(guide.sources) for name, guide in guides().items()} == SOURCES
    assert sum(SOURCES.values()) == 161


@pytest.mark.shared
def test_every_row_of_the_sheet_is_a_source_of_its_edition_with_its_evidence(shared: Path) -> None:
    with (shared / "reference" / "guides" / "guides.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    held = {(name, source.row, source.edition): source for name, guide in guides().items() for source in guide.sources}
    assert len(held) == len(rows)
    for row in rows:
        source = held[row["guide_id"], row["source_id"], row["variant"]]
        assert (source.name_zh, source.formula, source.copies) == (row["source_zh"], row["formula"], int(row["formula_copies"]))
        assert source.evidence == (row["evidence"] or "recalled")
        assert source.mark == row["mark"] or f"mark of the reference: {row['mark']}" in source.note


def test_a_source_has_items_or_activities_or_is_a_sum_or_a_memo() -> None:
    bare = [
        f"{name}.{source.id}" for name, guide in guides().items() for source in guide.sources
        if not source.items and not source.activities and not source.families and source.kind != "sum"
    ]  # fmt: skip
    assert bare == []


def test_every_source_and_item_is_cited_and_marked() -> None:
    for guide in guides().values():
        assert guide.documents
        for source in guide.sources:
            assert source.cited
            assert source.evidence
            assert source.mark in {"A", "A2", "B", "D"}
    assert all(item.cited and item.evidence for item in ALL)


def test_every_default_has_its_mark_and_its_source() -> None:
    defaults = [variable for item in ALL for variable in item.variables if variable.default is not None]
    assert len(defaults) > 500
    assert [variable for variable in defaults if not variable.mark or not variable.source] == []


def test_no_item_mixes_parameter_sets() -> None:
    """Facts of fuels are called fuel.cn.<set>.…: those of one item are of one set, or of its year's renewals in the power sector."""
    for item in ALL:
        sets = {variable.fact.split(".")[2] for variable in item.variables if variable.fact.startswith("fuel.cn.")}
        assert len(sets) <= 1 or sets == {"mee_power", "mee_power_2021"}, item.id


def test_the_unit_of_each_item_is_one_of_the_list_and_its_activity_one_of_the_taxonomy() -> None:
    assert {item.id: item.unit for item in ALL if find_unit(item.unit).token != item.unit} == {}
    assert [item.id for item in ALL if item.activity not in by_id()] == []


def test_a_deduction_has_the_sign_of_one() -> None:
    wrong = [item.id for item in ALL if item.activity.startswith("deduction.") and item.sign > 0]
    assert wrong == []
    assert {item.captured for item in ALL if item.captured} == {"recovered", "in-steel", "in-methanol", "in-products"}
    assert all(item.sign < 0 for item in ALL if item.captured)


def middle(item: Item) -> dict[str, str]:
    """A number inside the range of every variable without a default."""
    return {one.name: plain((Decimal(one.low) + Decimal(one.high)) / 2) for one in item.variables if one.default is None}


def test_every_item_can_be_worked_out() -> None:
    came = Counter(len(resolve_item(item, middle(item), unit=item.unit).coefficients) for item in ALL)
    assert came.total() > 500


def test_what_is_measured_takes_the_place_of_the_default_and_says_so() -> None:
    found = resolve_item(find_item("cement.clinker.use.portland"), {"EF": "0.52"}, unit="t")
    assert found.coefficients == {"CO2": Fraction(520_000)}
    assert found.worked is not None
    assert [(one.value, one.tier, one.mark) for one in found.worked.inputs] == [("0.52", "measured", "")]
    default = resolve_item(find_item("cement.clinker.use.portland"), {}, unit="kg")
    assert default.coefficients == {"CO2": Fraction(535)}
    assert default.worked is not None
    assert [(one.value, one.tier, one.mark, one.fact) for one in default.worked.inputs] == [
        ("0.535", "default", "A2", "proc.cement.clinker.portland")
    ]


@pytest.mark.parametrize(
    ("said", "column", "code"),
    [
        ({}, "v_CaO", "variable.missing"),
        ({"CaO": "0.65", "MgO": "0.02", "SiO2": "0.2"}, "v_SiO2", "variable.unknown"),
        ({"CaO": "65", "MgO": "0.02"}, "v_CaO", "parameter.out-of-range"),
        ({"CaO": "6e-1", "MgO": "0.02"}, "v_CaO", "number.not-plain"),
        ({"CaO": "0.1", "CaO_0": "0.9", "MgO": "0"}, "formula", "formula.negative"),
    ],
)
def test_a_wrong_variable_is_named_by_its_column(said: dict[str, str], column: str, code: str) -> None:
    with pytest.raises(FactorNotFound) as caught:
        resolve_item(find_item("cement.clinker_oxide.clinker"), said, unit="t")
    assert (caught.value.column, caught.value.code) == (column, code)


def test_a_divisor_of_zero_is_told() -> None:
    with pytest.raises(FactorNotFound) as caught:
        resolve_item(find_item("machinery.weld.gas.bought"), {"P": "0", "M": "0"}, unit="t")
    assert caught.value.code == "parameter.out-of-range", "the range keeps zero out before the formula meets it"


def test_an_item_that_is_none_is_told_with_the_nearest() -> None:
    with pytest.raises(FactorNotFound, match=r"cement\.clinker_oxide\.clinker") as caught:
        find_item("cement.clinker_oxid.clinker")
    assert (caught.value.column, caught.value.code) == ("formula", "formula.unknown")
    with pytest.raises(GuideNotFound):
        find_guide("cements")


def test_a_share_may_be_written_in_percent_and_nothing_else_is_turned() -> None:
    share = find_item("cement.clinker_oxide.clinker").variable("CaO")
    moisture = find_item("power_generation.fuel_2022.d.coal").variable("M_ar")
    assert share is not None
    assert moisture is not None
    assert canonical(share, "64.98", "%") == "0.6498"
    assert canonical(share, "0.65", None) == "0.65"
    assert canonical(moisture, "0.105", "1") == "10.5"
    assert canonical(share, "123456789012345.5", "%") == "1234567890123.455"
    with pytest.raises(FactorNotFound) as caught:
        canonical(share, "0.65", "kg/t")
    assert caught.value.code == "variable.unit"


def test_carbon_in_and_carbon_out_of_a_balance_have_opposite_signs() -> None:
    for guide, source in (("coking", "balance"), ("chemical_carbide", "balance"), ("petrochemical", "h2"), ("carbon_material", "graph")):
        found = next(one for one in find_guide(guide).sources if one.id == source)
        assert {item.sign for item in found.items} == {1, -1}


def test_a_guide_that_does_not_hold_together_is_refused_with_all_its_faults() -> None:
    text = """
name_zh = "x"
name_en = "x"
ndrc = "x"
[[source]]
id = "s"
row = "s"
edition = "all"
name_zh = "s"
name_en = "s"
kind = "process"
scope = "1"
gases = ["CO2"]
formula = "E = AD*EF"
mark = "A"
evidence = "E0"
copies = 0
[[source.item]]
id = "i"
name_zh = "i"
name_en = "i"
activity = "process.nothing"
unit = "bushel"
formulas = { CO2 = "EF ** K", "no gas" = "EF" }
variable = [{ name = "EF", name_zh = "", name_en = "", default = "2" }, { name = "Z", name_zh = "", name_en = "" }]
"""
    with pytest.raises(GuideInvalid) as caught:
        read_guide("x", text, {"source": {}, "item": {}})
    told = "\n".join(caught.value.faults)
    for word in (
        "process.nothing",
        "bushel",
        "no gas",
        "EF ** K",
        "2 does not lie between 0 and 1",
        "Z is a variable and stands in no formula",
    ):
        assert word in told
    assert len(caught.value.faults) == 6


def test_items_of_every_guide_are_free_of_faults() -> None:
    assert [fault for item in ALL for fault in item_faults(item)] == []
    assert all(inputs_of(item, middle(item)) is not None for item in ALL)
