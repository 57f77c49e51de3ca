"""A firm's own file becomes our columns: headings are matched, rows keep their numbers, nothing is lost in silence."""

import io
from datetime import date

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from carbon.activity import parse_activities
from carbon.activity_columns import COLUMNS
from carbon.enterprise.errors import BadMapping
from carbon.enterprise.intake.canonical import canonical
from carbon.enterprise.intake.headings import Way, check_mapping, propose, renaming
from carbon.errors import FaultyFile
from carbon.region.divisions import divisions

TODAY = date(2026, 11, 29)
SITES = {"s01": [(date(2020, 1, 1), "330522")]}


def sheet(*rows: list[object], name: str = "台账") -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    page = book.add_worksheet(name)
    for at, row in enumerate(rows):
        page.write_row(at, 0, row)
    book.close()
    return out.getvalue()


LEDGER = sheet(
    ["示例公司 2024 年能源台账"],
    [],
    ["能源品种", "用电量（kWh）", "月份", "厂区", "电表", "联系电话"],
    ["外购电力", 1200.5, "2024年3月", "s01", "E-03", "不读"],
    [],
    ["外购电力", 1300, "2024年4月", "s01", "E-03", ""],
)


def test_a_foreign_workbook_is_read_by_its_own_headings_and_rows_keep_their_numbers() -> None:
    found = canonical(LEDGER, file="台账.xlsx", mapping={"用电量（kWh）": "quantity [kWh]", "联系电话": "-"})
    assert (found.lines, found.faults) == (2, ())
    lines = parse_activities(found.data, file="台账.csv", tree=divisions(), today=TODAY, sites=SITES).frame
    assert lines.select("line", "activity", "quantity", "unit", "source", "extra").rows() == [
        (4, "electricity.grid", "1200.5", "kWh", "E-03", None),
        (6, "electricity.grid", "1300", "kWh", "E-03", None),
    ]


def test_a_heading_that_nobody_knows_is_kept_and_said_to_be() -> None:
    found = canonical(LEDGER, file="台账.xlsx", mapping={})
    ways = {match.heading: (match.column, match.way) for match in found.matches}
    assert ways["能源品种"] == ("activity", Way.SAME)
    assert ways["联系电话"] == ("x_联系电话", Way.KEPT)
    assert "x_联系电话" in found.data.decode()


def test_what_was_agreed_on_before_goes_before_what_a_heading_says() -> None:
    matches = propose(["数量", "备注"], {"数量": "uncertainty_pct"})
    assert [(m.column, m.way) for m in matches] == [("uncertainty_pct", Way.REMEMBERED), ("note", Way.SAME)]


def test_no_column_is_taken_by_two_headings() -> None:
    matches = propose(["数量", "消耗量", "amount"], {})
    assert [m.column for m in matches].count("quantity") == 1
    assert {m.way for m in matches if m.column != "quantity"} == {Way.KEPT}


@pytest.mark.parametrize("file", ["x.csv", "x.xlsx"])
def test_our_own_columns_are_read_as_they_are(file: str) -> None:
    rows = [
        ["activity", "quantity", "unit", "day", "site", "ncv [GJ/t]"],
        ["combustion.stationary.bituminous", "10", "t", "2024-01", "s01", "20.5"],
    ]
    data = sheet(*rows) if file.endswith("xlsx") else "\n".join(",".join(row) for row in rows).encode() + b"\n"
    found = canonical(data, file=file, mapping={})
    lines = parse_activities(found.data, file="x.csv", tree=divisions(), today=TODAY, sites=SITES)
    assert lines.frame.row(0, named=True)["ncv"] == "20.5"
    assert lines.parameter_units["ncv"] == "GJ/t"


def test_a_file_in_which_nothing_is_recognised_says_what_is_missing() -> None:
    found = canonical(b"a,b\n1,2\n", file="x.csv", mapping={})
    assert {fault.column for fault in found.faults if fault.code == "column.missing"} == {"activity", "quantity", "unit", "day"}


def test_a_file_that_is_no_table_is_refused_whole() -> None:
    with pytest.raises(FaultyFile) as refused:
        canonical(b"\x89PNG", file="x.png", mapping={})
    assert refused.value.faults[0].code == "file.type"


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        ({"a": "nothing"}, "one of"),
        ({"a": "quantity", "b": "quantity [kWh]"}, "already"),
        ({"a": "note [kWh]"}, "one of"),
        ({"": "note"}, "1 to 200 signs"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(mapping: dict[str, str], reason: str) -> None:
    with pytest.raises(BadMapping, match=reason):
        check_mapping(mapping)


@given(st.lists(st.text(min_size=1, max_size=20), max_size=12))
def test_every_heading_has_one_match_and_every_match_is_a_column(headings: list[str]) -> None:
    wanted = {heading.strip() for heading in headings if heading.strip()}
    matches = propose(headings, {})
    assert {match.heading for match in matches} == wanted
    for match in matches:
        name = match.column.partition(" [")[0]
        assert name in COLUMNS or name.startswith("x_") or name == "-"
    ours = [match.column.partition(" [")[0] for match in matches if not match.column.startswith("x_")]
    assert len(ours) == len(set(ours)) or ours.count("-") > 1
    assert len(renaming({})(headings)) == len(headings)
