"""Lines that follow an item of an accounting guide: read, estimated, booked, sealed and explained like any other; on both engines."""

import json
from datetime import date
from fractions import Fraction

import pytest

from carbon.activity import ActivityFrame, parse_activities
from carbon.audit import verify
from carbon.bookkeeping import place_lines
from carbon.errors import FaultyFile
from carbon.estimate import EmissionFrame, estimate
from carbon.evidence import explain_entry
from carbon.region.divisions import chain_of, divisions
from carbon.scope import Book, place
from carbon.uncertainty import total_uncertainty
from factors.activities import by_id
from factors.gwp import gwp_set
from factors.item import find_item
from factors.library import load_library
from ledger.balances import entry
from ledger.principal import LOCAL_ADMIN
from tests.carbon.conftest import Firm

TODAY = date(2026, 11, 25)
HEAD = "activity,quantity,unit,day,site,source,formula,v_CaO [%],v_MgO,v_CC,v_EF"
CLINKER = "process.cement.clinker,1000,t,2023-07,s01,kiln 1,cement.clinker_oxide.clinker,65,0.025,,"
PLAIN = "combustion.stationary.bituminous,10,t,2023-07,s01,belt 1,,,,,"
SLAG = "deduction.cement.alternative_material,100,t,2023-07,s01,kiln 1,cement.altraw.use.carbide_slag,,,,"
COKE_IN = "process.carbide,60,t,2023-07,s01,furnace,chemical_carbide.balance.in.coke,,,0.85,"
CARBIDE_OUT = "process.carbide,100,t,2023-07,s01,furnace,chemical_carbide.balance.out.carbide,,,,"
STEEL = "deduction.steel.crude_steel,1000,t,2023-07,s01,converter,steel.seq_2013.product.crude_steel,,,,"


def read(*lines: str, head: str = HEAD) -> ActivityFrame:
    text = "\n".join([head.replace(",site,", ",division,"), *(line.replace(",s01,", ",330522,") for line in lines), ""])
    return parse_activities(text.encode(), file="lines.csv", tree=divisions(), today=TODAY)


def estimated(lines: ActivityFrame) -> EmissionFrame:
    return estimate(place_lines(lines, industry="3011").lines, load_library(), chain=chain_of)


def faults(*lines: str, head: str = HEAD) -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(FaultyFile) as caught:
        estimated(read(*lines, head=head))
    return [(fault.row, fault.column, fault.code) for fault in caught.value.faults]


def test_a_line_with_a_formula_is_quantity_times_what_its_variables_give() -> None:
    found = estimated(read(CLINKER, PLAIN))
    per_tonne = Fraction("0.65") * 44 / 56 + Fraction("0.025") * 44 / 40
    assert found.lines["CO2"].to_list() == [round(1000 * per_tonne * 10**6), 17_470_883]
    worked = found.resolutions[0]
    assert (worked.parts, worked.factor_ids) == ((), "cement.clinker_oxide.clinker")
    assert "2526" in worked.cited
    assert found.resolutions[1].worked is None


def test_lines_alike_in_formula_and_variables_are_worked_out_once() -> None:
    found = estimated(read(*(CLINKER.replace("2023-07", f"202{year}-0{month}") for year in (2, 3) for month in range(1, 7))))
    assert len(found.resolutions) == 1
    assert found.lines.height == 12


def test_variables_are_kept_in_the_unit_of_the_guide() -> None:
    frame = read(CLINKER, SLAG).frame
    assert json.loads(frame["variables"][0]) == {"CaO": "0.65", "MgO": "0.025"}
    assert frame["variables"][1] is None


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (CLINKER.replace("clinker_oxide.clinker", "clinker_oxid.clinker"), (2, "formula", "formula.unknown")),
        (CLINKER.replace(",65,", ",,"), (2, "v_CaO", "variable.missing")),
        (CLINKER.replace(",65,", ",650,"), (2, "v_CaO", "parameter.out-of-range")),
        (CLINKER.replace(",65,", ",6e1,"), (2, "v_CaO", "number.not-plain")),
        (CLINKER + "0.5", (2, "v_EF", "variable.unknown")),
        (CLINKER.replace("process.cement.clinker,", "process.cement.kiln_dust,"), (2, "activity", "formula.activity")),
        (CLINKER.replace(",t,", ",kWh,"), (2, "unit", "unit.dimension")),
        (CLINKER.replace("cement.clinker_oxide.clinker", ""), (2, "v_CaO", "formula.missing")),
    ],
)
def test_what_is_wrong_with_a_formula_is_told_by_row_and_column(line: str, fault: tuple[int, str, str]) -> None:
    assert faults(line) == [fault]


def test_every_line_at_fault_is_told_and_each_by_its_own_variable() -> None:
    assert faults(CLINKER.replace(",65,", ",,"), PLAIN, CLINKER.replace(",0.025,", ",25,")) == [
        (2, "v_CaO", "variable.missing"),
        (4, "v_MgO", "parameter.out-of-range"),
    ]


def test_a_line_with_a_formula_takes_no_factor_and_no_parameter_of_a_fuel() -> None:
    head = "activity,quantity,unit,day,site,formula,factor,ncv [GJ/t]"
    line = "process.cement.clinker,1,t,2023,s01,cement.clinker.use.portland,"
    assert faults(line + "ndrc2013_steel,", head=head) == [(2, "factor", "formula.factor")]
    assert faults(line + ",20", head=head) == [(2, "ncv", "formula.factor")]


def test_a_column_of_a_variable_that_no_guide_has_is_refused_in_the_heading() -> None:
    assert faults(CLINKER + ",1", head=HEAD + ",v_CaOO") == [(1, "v_CaOO", "variable.unknown")]
    assert faults(CLINKER.replace(",65,", ",65,65,"), head=HEAD.replace("v_CaO [%]", "v_CaO [%],v_CaO"))[0][2] == "column.twice"


def test_a_variable_in_a_unit_that_is_not_its_own_is_refused() -> None:
    assert faults(CLINKER, head=HEAD.replace("v_CaO [%]", "v_CaO [kg/t]")) == [(2, "v_CaO", "variable.unit")]


def test_the_sign_of_an_item_decides_whether_it_is_a_deduction() -> None:
    def placed(item: str) -> tuple[str, str, bool, str | None]:
        one = find_item(item)
        found = place(by_id()[one.activity], scope=None, category=None, method=None, industry=None, item=one)
        return found.book, found.category, found.deduction, found.captured

    assert placed("chemical_carbide.balance.in.coke") == (Book.PHYSICAL, "2B5", False, None)
    assert placed("chemical_carbide.balance.out.carbide") == (Book.PHYSICAL, "2B5", True, None)
    assert placed("steel.seq_2013.product.crude_steel") == (Book.PHYSICAL, "2C1", True, "in-steel")
    assert placed("steel.seq_2025.product.tar") == (Book.PHYSICAL, "2C1", True, "in-products")
    assert placed("flat_glass.carb.use.caco3") == (Book.PHYSICAL, "2A3", False, None)
    assert placed("gbt32150.heat.steam") == (Book.LOCATION, "steam", False, None)
    assert placed("power_grid.td_loss.sold") == (Book.LOCATION, "electricity", True, None)


def test_the_uncertainty_of_a_formula_is_that_of_its_activity_data_alone() -> None:
    lines = read(CLINKER)
    emissions = estimated(lines)
    found = total_uncertainty(lines, emissions, gwp=gwp_set("AR5.100"))
    assert found.total == emissions.lines["CO2"][0]


def test_a_file_with_formulas_is_booked_sealed_and_audited(firm: Firm) -> None:
    receipt = firm.file(CLINKER, PLAIN, SLAG, COKE_IN, CARBIDE_OUT, STEEL, head=HEAD)
    assert receipt.lines == 6
    with firm.book.reading() as session:
        clinker, slag, out, steel = (entry(session, at) for at in (0, 2, 4, 5))
    assert {leg.account for leg in clinker.legs} == {f"holder/{firm.id}/s01/scope1/2A1", "atmosphere/330522/2A1"}
    assert [(leg.account, leg.amount) for leg in slag.legs if leg.account.startswith("holder")] == [
        (f"holder/{firm.id}/s01/scope1/2A1", -48_000_000)
    ]
    assert slag.kind == out.kind == steel.kind == "deduction"
    assert {leg.account: leg.amount for leg in steel.legs} == {
        f"holder/{firm.id}/s01/scope1/2C1": -15_400_000, "atmosphere/330522/2C1": 15_400_000,
        f"holder/{firm.id}/s01/captured/in-steel": 15_400_000, f"store/{firm.id}/in-steel": -15_400_000,
    }  # fmt: skip
    assert firm.sums("s01/scope1/2B5") == 187_000_000 - 115_133_333
    assert verify(firm.book) == []


def test_a_number_by_formula_is_explained_with_its_formula_numbers_and_marks(firm: Firm) -> None:
    firm.file(CLINKER, SLAG, head=HEAD)
    with firm.book.reading() as session:
        told = explain_entry(session, LOCAL_ADMIN, 0)
        slag = explain_entry(session, LOCAL_ADMIN, 1)
    assert told.line is not None
    assert told.line.details["formula"] == "cement.clinker_oxide.clinker"
    assert told.line.details["variables"] == {"CaO": "0.65", "MgO": "0.025"}
    assert told.resolution is not None
    assert told.resolution["factors"] == []
    formula = told.resolution["formula"]
    assert formula["texts"] == {"CO2": "(CaO - CaO_0) * 44 / 56 + (MgO - MgO_0) * 44 / 40"}
    assert formula["filled"] == {"CO2": "(0.65 − 0) × 44/56 + (0.025 − 0) × 44/40"}
    assert formula["mark"] == "B"
    assert "2526" in formula["cited"]
    assert {one["name"]: (one["value"], one["tier"], one.get("mark", "")) for one in formula["inputs"]} == {
        "CaO": ("0.65", "measured", ""), "MgO": ("0.025", "measured", ""), "CaO_0": ("0", "default", "D"), "MgO_0": ("0", "default", "D"),
    }  # fmt: skip
    assert slag.resolution is not None
    assert slag.resolution["formula"]["inputs"][0]["fact"] == "proc.cement.deduct.39"


def test_rows_in_and_out_of_a_balance_stand_side_by_side_and_the_same_row_twice_does_not(firm: Firm) -> None:
    firm.file(COKE_IN, CARBIDE_OUT, head=HEAD)
    with pytest.raises(FaultyFile) as caught:
        firm.file(COKE_IN, COKE_IN.replace(",60,", ",61,"), head=HEAD, name="twice.csv")
    assert {fault.code for fault in caught.value.faults} == {"line.twice"}
    with pytest.raises(FaultyFile) as caught:
        firm.file(COKE_IN.replace(",60,", ",61,"), head=HEAD, name="again.csv")
    assert {fault.code for fault in caught.value.faults} == {"line.overlap"}
    other = COKE_IN.replace("in.coke", "in.anthracite")
    assert firm.file(other, head=HEAD, name="other.csv").lines == 1, "another row of the balance is another thing"


def test_steam_by_enthalpy_is_bought_from_the_network_of_the_country(firm: Firm) -> None:
    firm.file("heat.steam,10000,t,2023-07,s01,boiler,gbt32150.heat.steam,2777.0", head="activity,quantity,unit,day,site,source,formula,v_H")
    with firm.book.reading() as session:
        steam = entry(session, 0)
    assert {leg.account: leg.amount for leg in steam.legs} == {
        f"holder/{firm.id}/s01/scope2-location/steam": 2_962_586_000, "pool/location/steam-CN": -2_962_586_000,
    }  # fmt: skip
    assert verify(firm.book) == []
