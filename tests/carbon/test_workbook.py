"""Workbooks are read leniently, and say how; what is no plain table of lines is refused."""

import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest

from carbon.activity import ActivityFrame, parse_activities
from carbon.errors import Fault, FaultyFile
from carbon.workbook_cells import plain

TODAY = date(2026, 11, 25)
HEAD = ["activity", "quantity", "unit", "day", "division"]


def workbook(*rows: Sequence[Any], **sheets: Sequence[Sequence[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for name, more in sheets.items():
        sheet = book.create_sheet(name)
        for row in more:
            sheet.append(row)
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def read(data: bytes, *, file: str = "lines.xlsx") -> ActivityFrame:
    return parse_activities(data, file=file, tree=None, today=TODAY)


def faults(data: bytes, *, file: str = "lines.xlsx") -> tuple[Fault, ...]:
    with pytest.raises(FaultyFile) as caught:
        read(data, file=file)
    return caught.value.faults


def test_numbers_keep_the_fifteen_digits_that_excel_shows() -> None:
    row = ["electricity.grid", 0.1 + 0.2, "kWh", "2023-07", 330106]
    frame = read(workbook(HEAD, row)).frame
    assert frame.select("quantity", "division").row(0) == ("0.3", "330106")


@pytest.mark.parametrize(
    ("value", "text"),
    [(1240.6, "1240.6"), (1e-7, "0.0000001"), (123456789.123456789, "123456789.123457"), (-0.5, "-0.5"), (1e15, "1000000000000000"), (float("nan"), "nan")],
)  # fmt: skip
def test_a_binary_number_becomes_the_plain_decimal_that_is_shown(value: float, text: str) -> None:
    assert plain(value) == text


@pytest.mark.parametrize(
    ("quantity", "day", "division", "expected"),
    [
        ("１，２３４．５", "2024年3月", "330106", ("1234.5", date(2024, 3, 1), date(2024, 3, 31), "330106")),
        ("1,234,567", "2024年3月5日", "３３０１０６", ("1234567", date(2024, 3, 5), date(2024, 3, 5), "330106")),
        (12, 45292, 330106, ("12", date(2024, 1, 1), date(2024, 1, 1), "330106")),
        ("12", "2024 年 3 月", "３３０１０６ ", ("12", date(2024, 3, 1), date(2024, 3, 31), "330106")),
        (12, "2024/3", 330106, ("12", date(2024, 3, 1), date(2024, 3, 31), "330106")),
        (12, "2024.03.05", 330106, ("12", date(2024, 3, 5), date(2024, 3, 5), "330106")),
    ],
)
def test_what_people_write_is_read_and_told(quantity: Any, day: Any, division: Any, expected: tuple[Any, ...]) -> None:
    lines = read(workbook(HEAD, ["electricity.grid", quantity, "kWh", day, division]))
    assert lines.frame.select("quantity", "start", "end", "division").row(0) == expected
    assert any("lines.xlsx:2:day" in note for note in lines.read), lines.read


def test_a_date_cell_a_year_and_a_month_need_no_note() -> None:
    rows = [["electricity.grid", 1, "kWh", day, "330106"] for day in (date(2024, 3, 5), datetime(2024, 3, 6), 2023, "2023-07")]  # noqa: DTZ001
    lines = read(workbook(HEAD, *rows))
    assert lines.frame["start"].to_list() == [date(2024, 3, 5), date(2024, 3, 6), date(2023, 1, 1), date(2023, 7, 1)]
    assert lines.read == ()


def test_full_width_letters_of_a_unit_are_read_and_names_keep_their_signs() -> None:
    lines = read(workbook(HEAD, ["外购电力（网电）", 1, "ｋＷｈ", "2023-07", "330106"]))
    assert lines.frame.select("activity", "unit").row(0) == ("electricity.grid", "kWh")


@pytest.mark.parametrize("day", [202307, 2023.07, 12, "07/03/2024", "March"])
def test_a_day_that_could_mean_two_is_refused(day: object) -> None:
    assert faults(workbook(HEAD, ["electricity.grid", 1, "kWh", day, "330106"]))[0].code == "day.unreadable"


@pytest.mark.parametrize("quantity", ["1e5", "约100", "1,23", "12吨", "#N/A", True, None])
def test_a_quantity_that_is_no_number_is_refused(quantity: object) -> None:
    told = faults(workbook(HEAD, ["electricity.grid", quantity, "kWh", "2023-07", "330106"]))
    assert [(fault.row, fault.column, fault.code) for fault in told] == [(2, "quantity", "number.not-plain")]


def test_titles_merged_cells_and_trailing_blank_rows_are_passed_over_and_rows_keep_their_numbers() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["2023 年活动数据"])
    sheet.merge_cells("A1:E1")
    sheet.append([])
    sheet.append(HEAD)
    for column in "ABCDE":
        sheet.merge_cells(f"{column}3:{column}4")
    sheet.cell(5, 1, "electricity.grid")
    for column, value in enumerate([1, "kWh", "2023-07", "330106"], start=2):
        sheet.cell(5, column, value)
    for row in range(6, 40):
        sheet.cell(row, 1).number_format = "@"
        sheet.cell(row, 2, "")
    assert read(saved(book)).frame["line"].to_list() == [5]


def test_every_fault_is_told_at_once_with_the_rows_of_the_sheet() -> None:
    told = faults(workbook([], HEAD, ["制冷剂", 1, "kg", "2023", "330106"], [], ["electricity.grid", "x", "t", "2023-07", "330106"]))
    assert [(fault.row, fault.code) for fault in told] == [(3, "activity.ambiguous"), (5, "number.not-plain"), (5, "unit.dimension")]


def test_a_column_without_a_heading_that_holds_something_is_told() -> None:
    told = faults(workbook(HEAD, ["electricity.grid", 1, "kWh", "2023-07", "330106", "what is this"]))
    assert [(fault.row, fault.code) for fault in told] == [(1, "column.unknown")]


def test_other_sheets_are_named_and_two_of_lines_are_refused() -> None:
    line = ["electricity.grid", 1, "kWh", "2023-07", "330106"]
    lines = read(workbook(HEAD, line, 说明=[["how to fill in"]]))
    assert "'说明'" in lines.read[0]
    assert faults(workbook(HEAD, line, more=[HEAD, line]))[0].code == "file.type"


def test_a_hidden_sheet_is_no_data() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook(HEAD, ["electricity.grid", 1, "kWh", "2023-07", "330106"], more=[HEAD])))
    book["more"].sheet_state = "hidden"
    assert read(saved(book)).frame.height == 1


def test_days_counted_from_1904_are_not_taken_for_others() -> None:
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active.append(HEAD)
    book.active.append(["electricity.grid", 1, "kWh", 43831, "330106"])
    assert faults(saved(book))[0].code == "day.unreadable"


@pytest.mark.parametrize("rows", [[], [[]], [HEAD], [["", ""]]])
def test_an_empty_workbook_is_refused(rows: list[list[str]]) -> None:
    assert faults(workbook(*rows))[0].code == "file.empty"


def test_a_sheet_that_names_no_activity_is_told_its_missing_columns() -> None:
    told = faults(workbook(["a", "b"], [1, 2]))
    assert {fault.column for fault in told if fault.code == "column.missing"} == {"activity", "quantity", "unit", "day"}
