"""From a number to its proof: nothing that explains an entry is looked up anew, and nobody sees another's."""

from datetime import date

import pytest

from carbon.evidence import explain_entry, lines, masses, not_monthly
from ledger.errors import EntryNotFound
from ledger.principal import LOCAL_READER, Principal, Role
from tests.carbon.conftest import HEAD, Firm

POWER = "electricity.grid,100,kWh,2023-07,s01,meter 1"


def test_an_entry_names_its_file_row_factor_and_source(firm: Firm) -> None:
    receipt = firm.file(POWER, "combustion.stationary.bituminous,10,t,2023-07,s01,belt")
    with firm.book.reading() as session:
        told = explain_entry(session, LOCAL_READER, 0)
    assert told.line is not None
    assert told.resolution is not None
    assert (told.line.file, told.line.row, told.line.sha256.hex()) == ("lines.csv", 2, receipt.sha256)
    assert (told.line.quantity, told.line.unit, told.line.activity, told.line.site) == ("100", "kWh", "electricity.grid", "s01")
    assert told.line.details["passed"] == ["330522", "330500"]
    assert told.line.cell == "location|330522|2|electricity"
    (factor,) = told.resolution["factors"]
    assert factor["id"] == "cn-grid/2025-47_e001#330000"
    assert "2025" in factor["source"]
    assert told.resolution["coefficients"]["CO2"]["exact"] == "2487/5"
    assert told.entry.legs[0].amount == 49_740 == 100 * 4974 // 10


def test_what_a_line_said_is_kept_as_it_said_it(firm: Firm) -> None:
    head = HEAD + ",reference,ncv [GJ/t],tier,uncertainty_pct,counterparty,note,x_车间"
    firm.file("combustion.stationary.bituminous,10,t,2023-07,s01,belt,煤月报 7,23.1,measured,5,矿业公司,示例,二车间", head=head)
    with firm.book.reading() as session:
        told = explain_entry(session, LOCAL_READER, 0)
    assert told.line is not None
    assert told.line.tier == "measured"
    details = told.line.details
    assert {name: details[name] for name in ("ncv", "units", "uncertainty_pct", "counterparty", "note", "extra")} == {
        "ncv": "23.1", "units": {"ncv": "GJ/t"}, "uncertainty_pct": "5", "counterparty": "矿业公司", "note": "示例", "extra": {"x_车间": "二车间"},
    }  # fmt: skip


def test_a_reversal_explains_what_it_takes_back_and_the_line_says_so(firm: Firm) -> None:
    old = firm.file(POWER)
    firm.file(POWER.replace("100", "90"), name="mended.csv", replace=old.import_id)
    with firm.book.reading() as session:
        told, taken_back = explain_entry(session, LOCAL_READER, 0), explain_entry(session, LOCAL_READER, 1)
        assert told.line is not None
        assert told.line.reversed_by == 1
        assert taken_back.line == told.line
        assert taken_back.entry.reference == f"mended.csv replaces import {old.import_id}"
        assert [line.entry_id for line in lines(session, LOCAL_READER, holder=firm.id)] == [2]
        assert [line.entry_id for line in lines(session, LOCAL_READER, holder=firm.id, standing=False)] == [0, 2]


def test_lines_page_by_entry_and_narrow_by_cell_and_day(firm: Firm) -> None:
    firm.file(
        *(f"electricity.grid,{month},kWh,2023-{month:02d},s01,meter 1" for month in range(1, 13)),
        "process.carbonate.limestone,1,t,2023,s01,",
    )
    with firm.book.reading() as session:
        page = lines(session, LOCAL_READER, holder=firm.id, limit=5)
        rest = lines(session, LOCAL_READER, holder=firm.id, after=page[-1].entry_id or 0)
        assert [line.entry_id for line in (*page, *rest)] == list(range(13))
        summer = lines(session, LOCAL_READER, cells=["location|330522|2|electricity"], since=date(2023, 6, 1), until=date(2023, 8, 31))
        assert [line.month for line in summer] == [202306, 202307, 202308]
        assert lines(session, LOCAL_READER, division="330106") == []
        assert masses(session, summer)["amount"].to_list() == [round(497.4 * month) for month in (6, 7, 8)]


def test_a_period_longer_than_a_month_is_told_as_not_monthly(firm: Firm) -> None:
    firm.file("electricity.grid,1200,kWh,2023,s01,meter 1", "electricity.grid,100,kWh,2023-12,s01,meter 2")
    cell = "location|330522|2|electricity"
    with firm.book.reading() as session:
        assert not_monthly(session, LOCAL_READER, cells=[cell], year=2023).rows() == [(cell, 202312, "CO2", 596_880)]
        assert not_monthly(session, LOCAL_READER, cells=[cell], year=2022).rows() == []
    assert firm.cells()[cell, 202312, "CO2"] == 596_880 + 49_740


def test_nobody_walks_to_anothers_entry(firm: Firm) -> None:
    firm.file(POWER)
    other = Principal(actor="x", role=Role.READER, holders=frozenset({"hother"}))
    near = Principal(actor="x", role=Role.READER, divisions=frozenset({"330522"}))
    with firm.book.reading() as session:
        with pytest.raises(EntryNotFound):
            explain_entry(session, other, 0)
        assert lines(session, other) == []
        assert explain_entry(session, near, 0).line is not None
        with pytest.raises(EntryNotFound):
            explain_entry(session, LOCAL_READER, 99)
