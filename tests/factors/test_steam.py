"""Enthalpy of steam by the guides' tables: points as printed, between them a straight line, outside nothing."""

import pytest

from factors.errors import FactorNotFound, NotANumber
from factors.steam import enthalpy, table


def test_the_tables_have_72_saturated_and_372_superheated_points() -> None:
    saturated = [key for key in table() if key[1] is None]
    assert (len(saturated), len(table()) - len(saturated)) == (72, 372)


@pytest.mark.parametrize(
    ("pressure", "temperature", "value", "evidence"),
    [
        ("1", None, "2777", "E5"), ("1.0", None, "2777", "E5"), ("10", None, "2724.4", "E5"), ("0.4", None, "2738.5", "E5"),
        ("0.002", None, "2533.2", "E1,E5"), ("0.006", None, "2567.1", "E1"), ("0.01", "20", "83.9", "E1,E5"),
    ],
)  # fmt: skip
def test_a_point_of_the_table_is_what_the_chosen_copy_prints(pressure: str, temperature: str | None, value: str, evidence: str) -> None:
    found = enthalpy(pressure, temperature)
    assert (found.enthalpy, found.evidence) == (value, evidence)


def test_what_is_likely_a_typing_error_is_doubted_and_not_mended() -> None:
    doubted = {(one.pressure, one.temperature) for one in table().values() if one.doubt and one.temperature}
    assert doubted == {("0.5", "400"), ("0.01", "550"), ("30", "140"), ("30", "200"), ("30", "240")}
    assert enthalpy("0.5", "400").enthalpy == "3217.8"
    assert "3272" in enthalpy("0.5", "400").doubt
    assert "E1 prints 2844.5" in enthalpy("10").doubt


def test_between_two_points_lies_a_straight_line_of_our_own() -> None:
    found = enthalpy("1.05")
    assert (found.enthalpy, found.mark) == ("2778.7", "D")
    cooler, hotter = enthalpy("0.5", "300"), enthalpy("0.5", "350")
    middle = enthalpy("0.5", "310")
    assert float(cooler.enthalpy) < float(middle.enthalpy) < float(hotter.enthalpy)


def test_outside_the_tables_there_is_no_answer() -> None:
    for pressure, temperature in (("23", None), ("0.0001", None), ("0.5", "900"), ("0.77", "333")):
        with pytest.raises(FactorNotFound) as caught:
            enthalpy(pressure, temperature)
        assert caught.value.code == "steam.none"
    with pytest.raises(NotANumber):
        enthalpy("1 MPa")
