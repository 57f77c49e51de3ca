"""CO2e is a valuation: exact, rounded once, and never across sets."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factors.errors import NoGwp, UnknownGwpSet
from factors.gwp import gwp_set, gwp_sets, valuation


@pytest.mark.parametrize(
    ("name", "gas", "value"),
    [("AR5.100", "CH4", 28), ("AR5.100", "CH4.fossil", 30), ("AR5.100", "CH4.biogenic", 28), ("AR5.100", "N2O", 265), ("SAR.100", "CH4", 21),
     ("AR4.100", "CH4", 25), ("AR6.100", "N2O", 273), ("AR5.100", "CO2", 1), ("AR5.100", "CO2.biogenic", 0), ("AR5.100", "CO2e.AR5.100", 1)],
)  # fmt: skip
def test_a_gas_has_the_value_of_its_set(name: str, gas: str, value: int) -> None:
    assert gwp_set(name).value(gas) == value


def test_a_row_that_was_never_read_is_not_used() -> None:
    assert gwp_set("AR6.100").value("CH4.fossil") == Fraction("27.9")
    with pytest.raises(NoGwp):
        gwp_set("AR6.100").value("SF6")


def test_a_mass_known_only_in_another_sets_co2e_is_never_added() -> None:
    with pytest.raises(NoGwp):
        valuation({"CO2": 1, "CO2e.AR4.100": 1}, gwp_set("AR5.100"))


def test_an_unknown_set_names_those_there_are() -> None:
    with pytest.raises(UnknownGwpSet, match=r"AR5\.100"):
        gwp_set("AR9.100")
    assert {"SAR.100", "TAR.100", "AR4.100", "AR5.100", "AR6.100"} <= set(gwp_sets())


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["CO2", "CH4.fossil", "N2O", "CO2.biogenic"]), st.integers(-(10**15), 10**15), min_size=1))
def test_a_valuation_is_the_exact_sum_rounded_once(amounts: dict[str, int]) -> None:
    exact = amounts.get("CO2", 0) + Fraction(30, 1000) * amounts.get("CH4.fossil", 0) + Fraction(265, 1000) * amounts.get("N2O", 0)
    assert valuation(amounts, gwp_set("AR5.100")) == round(exact)
