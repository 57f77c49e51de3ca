"""Every problem of a filing is named by row and column; what stops and what only asks are told apart; the book stays as it was."""

import io
from collections.abc import Callable

import openpyxl
import pytest

from carbon.enterprise.certificates import look_up, numbers_in
from carbon.enterprise.intake.annotate import LISTED, annotated
from carbon.enterprise.intake.canonical import canonical
from carbon.enterprise.intake.problem import Weight
from carbon.enterprise.intake.review import Review, around, review
from carbon.enterprise.intake.template import SHEET, Form, template
from carbon.region.divisions import divisions
from factors.activities import by_id
from factors.library import load_library
from ledger.balances import log_size
from ledger.principal import LOCAL_ADMIN
from tests.carbon.conftest import TODAY, Firm

HEAD = "activity,quantity,unit,day,site,source,reference,instrument,factor"
COAL = "combustion.stationary.bituminous,{},t,{},s01,belt 1,,,"
POWER = "electricity.grid,{},{},{},s01,meter E-03,,,"


def look(firm: Firm, *rows: str, year: int = 2024, head: str = HEAD) -> Review:
    library = load_library()
    data = "\n".join([head, *rows, ""]).encode()
    with firm.book.reading() as session:
        registry = look_up(session, numbers_in(data, file="2024.csv").named, holder=firm.id, year=year)
        there = around(session, LOCAL_ADMIN, holder=firm.id, year=year, library=library, registry=registry)
        return review(data, file="2024.xlsx", around=there, today=TODAY, tree=divisions(), library=library)


def told(found: Review) -> list[tuple[int | None, str | None, str, str]]:
    return [(one.row, one.column, one.code, one.weight.value) for one in found.problems]


def test_clean_lines_have_no_problem(firm: Firm) -> None:
    found = look(firm, COAL.format(100, "2024-01"), POWER.format(5000, "kWh", "2024-01"))
    assert found.is_clean
    assert found.lines is not None
    assert found.lines.frame.height == 2
    assert told(found) == []


def test_each_bad_line_is_named_and_the_good_ones_are_kept(firm: Firm) -> None:
    found = look(
        firm,
        COAL.format(100, "2024-01"),
        POWER.format(-86, "kWh", "2024-02"),  # a negative meter reading
        POWER.format(10, "t", "2024-03"),  # a wrong unit
        POWER.format(10, "kWh", "2024-05"),
        POWER.format(12, "kWh", "2024-05"),  # a month twice
        COAL.format(5, "2023-12"),  # of another year
        "process.glass,1,t,2024-01,s01,kiln,,,",  # no factor
    )
    assert told(found) == [
        (3, "quantity", "number.negative-without-reference", "must"),
        (4, "unit", "unit.dimension", "must"),
        (6, "activity", "line.twice", "must"),
        (7, "day", "day.not-of-year", "must"),
        (8, "activity", "factor.none", "must"),
    ]
    assert not found.is_clean
    assert found.lines is not None
    assert found.lines.frame["line"].to_list() == [2, 5]


def test_a_line_before_the_sites_first_day_is_refused(make_firm: Callable[..., Firm]) -> None:
    firm = make_firm()
    found = look(firm, COAL.format(100, "2019-03"), year=2019)
    assert told(found) == [(2, "site", "site.not-on-day", "must")]


def test_a_hundred_times_last_years_quantity_is_asked_and_not_refused(firm: Firm) -> None:
    firm.file("electricity.grid,41260,kWh,2023-06,s01,meter E-03")
    found = look(firm, POWER.format(4_126_000, "kWh", "2024-06"), POWER.format(41_000, "kWh", "2024-07"))
    assert told(found) == [(2, "quantity", "quantity.odd", "ask")]
    assert "100 times" in found.problems[0].reason
    assert found.is_clean


def test_the_same_amount_in_another_unit_is_not_odd(firm: Firm) -> None:
    firm.file("electricity.grid,41260,kWh,2023-06,s01,meter E-03")
    assert told(look(firm, POWER.format("41.26", "MWh", "2024-06"))) == []


def test_one_line_in_another_unit_a_thousand_times_off_is_asked_about(firm: Firm) -> None:
    rows = [COAL.format(1200, f"2024-0{month}") for month in range(1, 7)]
    odd = COAL.format(1240, "2024-07").replace(",t,", ",kg,")
    found = look(firm, *rows, odd)
    assert told(found) == [(8, "unit", "unit.odd", "ask")]
    assert "one 968th" in found.problems[0].reason


def test_a_certificate_is_used_once_in_a_file_and_once_in_the_book(firm: Firm) -> None:
    head = "activity,quantity,unit,day,site,source,instrument"
    firm.file("electricity.grid,1000,kWh,2023-06,s01,meter 1,GEC-1", head=head)
    row = "electricity.grid,1000,kWh,2024-0{},s01,meter 1,,{},"
    found = look(firm, row.format(1, "GEC-1"), row.format(2, "GEC-2"), row.format(3, "GEC-2；GEC-3"))
    assert [(one.row, one.column, one.code, one.value) for one in found.problems] == [
        (2, "instrument", "certificate.used", "GEC-1"),
        (3, "instrument", "certificate.unchecked", "GEC-2"),
        (4, "instrument", "certificate.twice", "GEC-2"),
        (4, "instrument", "certificate.unchecked", "GEC-3"),
    ]


def test_what_the_book_holds_already_is_refused_with_both_rows(firm: Firm) -> None:
    firm.file("combustion.stationary.bituminous,10,t,2024-01,s01,belt 1")
    found = look(firm, COAL.format(100, "2024-01"))
    assert [(row, code) for row, _, code, _ in told(found)] == [(2, "line.overlap")]


def test_a_review_books_nothing(firm: Firm) -> None:
    look(firm, COAL.format(100, "2024-01"))
    with firm.book.reading() as session:
        assert log_size(session) == 0


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_filled_template_is_read_from_its_fourth_row_on(firm: Firm, language: str) -> None:
    some = [by_id()["combustion.stationary.bituminous"], by_id()["electricity.grid"]]
    form = Form(title="2024", activities=some, sites=[("s01", "一厂")], year=2024, language=language)
    assert template(form) == template(form), "the same to the byte"
    book = openpyxl.load_workbook(io.BytesIO(template(form)))
    sheet = book[SHEET]
    keys = [cell.value for cell in sheet[3]]
    assert sheet.cell(2, keys.index("activity") + 1).value == "combustion.stationary.bituminous", "the row 示例"
    for column, value in {"activity": "烟煤", "quantity": 12.5, "unit": "t", "day": "2024-02", "site": "s01", "source": "belt 1"}.items():
        sheet.cell(4, keys.index(column) + 1).value = value
    out = io.BytesIO()
    book.save(out)
    found = canonical(out.getvalue(), file="filled.xlsx", mapping={})
    assert (found.lines, found.faults) == (1, ())
    seen = look(firm, *found.data.decode().splitlines()[1:], head=found.data.decode().splitlines()[0])
    assert seen.lines is not None
    assert seen.lines.frame.select("line", "activity", "quantity").rows() == [(4, "combustion.stationary.bituminous", "12.5")]


def test_the_marked_workbook_shows_each_problem_in_its_cell(firm: Firm) -> None:
    form = Form(title="2024", activities=[by_id()["electricity.grid"]], sites=[("s01", "一厂")], year=2024)
    book = openpyxl.load_workbook(io.BytesIO(template(form)))
    sheet = book[SHEET]
    keys = [cell.value for cell in sheet[3]]
    for column, value in {"activity": "electricity.grid", "quantity": -86, "unit": "kWh", "day": "2024-02", "site": "s01"}.items():
        sheet.cell(4, keys.index(column) + 1).value = value
    sheet.cell(4, keys.index("note") + 1).value = "=1+1"
    out = io.BytesIO()
    book.save(out)
    found = canonical(out.getvalue(), file="filled.xlsx", mapping={})
    seen = look(firm, *found.data.decode().splitlines()[1:], head=found.data.decode().splitlines()[0])
    marked = openpyxl.load_workbook(io.BytesIO(annotated(out.getvalue(), file="filled.xlsx", problems=seen.problems, mapping={})))
    cell = marked[SHEET].cell(4, keys.index("quantity") + 1)
    assert cell.value == -86
    assert cell.comment is not None
    assert "corrects an earlier line" in cell.comment.text
    listed = [[one.value for one in row] for row in marked[LISTED].iter_rows()]
    assert listed[1][:6] == [4, "quantity", "B4", "-86", Weight.MUST.value, "number.negative-without-reference"]
    assert all(not str(one.value or "").startswith("=") for row in marked[SHEET].iter_rows() for one in row), "no formula comes back"
