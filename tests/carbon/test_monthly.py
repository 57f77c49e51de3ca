"""A monthly view never spreads a longer period: it stands beside the months as not monthly."""

from collections.abc import Callable

from carbon.monthly import MonthRow, months
from factors.gwp import gwp_set
from ledger.principal import LOCAL_READER
from tests.carbon.conftest import Firm

CELLS = ["location|330522|2|electricity"]


def year_of(firm: Firm, year: int = 2023) -> tuple[MonthRow, ...]:
    with firm.book.reading() as session:
        return months(session, LOCAL_READER, cells=CELLS, year=year, prices=gwp_set("AR5.100"))


def test_what_was_filed_for_a_month_stands_in_it_and_what_for_longer_beside_them(make_firm: Callable[..., Firm]) -> None:
    firm = make_firm()
    firm.file(
        "electricity.grid,100,kWh,2023-01,s01,meter a",
        "electricity.grid,10,kWh,2023-01-15,s01,meter b",
        "electricity.grid,200,kWh,2023-12,s01,meter a",
        "electricity.grid,1000,kWh,2023,s01,meter c",
    )
    assert year_of(firm) == (
        MonthRow(month=202301, gases={"CO2": 54_714}, co2e_g=54_714),
        MonthRow(month=202312, gases={"CO2": 99_480}, co2e_g=99_480),
        MonthRow(month=None, gases={"CO2": 497_400}, co2e_g=497_400),
    )


def test_a_month_that_only_a_longer_period_ends_in_is_not_shown(make_firm: Callable[..., Firm]) -> None:
    firm = make_firm()
    firm.file("electricity.grid,1000,kWh,2023,s01,meter c")
    assert [row.month for row in year_of(firm)] == [None]


def test_the_rows_add_up_to_the_years_cells_and_another_year_has_none(make_firm: Callable[..., Firm]) -> None:
    firm = make_firm()
    firm.file("electricity.grid,7,kWh,2023-03,s01,a", "electricity.grid,11,kWh,2023-02-20,s01,b", "electricity.grid,13,kWh,2023,s01,c")
    assert sum(row.gases["CO2"] for row in year_of(firm)) == sum(firm.cells().values())
    assert year_of(firm, 2022) == ()
