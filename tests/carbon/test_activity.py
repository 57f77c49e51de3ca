"""What activity data must say, and that every fault of a file is told at once."""

import random
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbon.activity import ACTIVITY_SCHEMA, ActivityFrame, from_pandas, parse_activities
from carbon.errors import Fault, FaultyFile
from carbon.region.divisions import divisions

TODAY = date(2026, 11, 25)
HEAD = "activity,quantity,unit,day,division"
LINE = "electricity.grid,100,kWh,2023-07-01,330106"


def read(text: str | bytes, *, file: str = "lines.csv", **options: object) -> ActivityFrame:
    data = text if isinstance(text, bytes) else text.encode()
    return parse_activities(data, file=file, today=TODAY, **{"tree": divisions()} | options)  # type: ignore[arg-type]


def faults(text: str | bytes, **options: object) -> tuple[Fault, ...]:
    with pytest.raises(FaultyFile) as caught:
        read(text, **options)
    return caught.value.faults


def line(**cells: str) -> str:
    """A file of one good line, but for `cells`."""
    row = {"activity": "electricity.grid", "quantity": "100", "unit": "kWh", "day": "2023-07-01", "division": "330106"} | cells
    return ",".join(row) + "\n" + ",".join(row.values()) + "\n"


def test_a_line_is_read_as_it_stands_and_keeps_its_row() -> None:
    lines = read(f"{HEAD}\n{LINE}\n").frame
    assert lines.schema == ACTIVITY_SCHEMA
    row = lines.row(0, named=True)
    assert {name: value for name, value in row.items() if value is not None} == {
        "line": 2, "activity": "electricity.grid", "quantity": "100", "unit": "kWh", "start": date(2023, 7, 1), "end": date(2023, 7, 1),
        "division": "330106",
    }  # fmt: skip


def test_names_aliases_and_unit_spellings_mean_their_code() -> None:
    row = read(line(activity="外购电力", unit="度")).frame.row(0, named=True)
    assert (row["activity"], row["unit"]) == ("electricity.grid", "kWh")


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        ("2023-07-01", date(2023, 7, 1), date(2023, 7, 1)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2023", date(2023, 1, 1), date(2023, 12, 31)),
    ],
)
def test_a_day_a_month_or_a_year_is_a_period_whose_last_day_counts(day: str, first: date, last: date) -> None:
    assert read(line(day=day)).frame.select("start", "end").row(0) == (first, last)


def test_start_and_end_take_the_place_of_day_both_inclusive() -> None:
    text = "activity,quantity,unit,start,end,division\nelectricity.grid,1,kWh,2023-12-16,2024-01-15,330106\n"
    assert read(text).frame.select("start", "end").row(0) == (date(2023, 12, 16), date(2024, 1, 15))


def test_blank_lines_and_a_byte_order_mark_change_no_row_number() -> None:
    data = b"\xef\xbb\xbf" + f"{HEAD}\r\n\r\n{LINE}\r\n,,,,\r\n{LINE}\r\n\r\n".encode()
    assert read(data).frame["line"].to_list() == [3, 5]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_any_system_ends_them(end: str) -> None:
    assert read(f"{HEAD}\n{LINE}\n{LINE}\n".replace("\n", end)).frame["line"].to_list() == [2, 3]


def test_quotes_hold_commas_and_line_breaks_and_count_as_one_row() -> None:
    text = f'{HEAD},note\n{LINE},"one, two\nthree"\n{LINE},\n'
    frame = read(text).frame
    assert frame["note"].to_list() == ["one, two\nthree", None]
    assert frame["line"].to_list() == [2, 3]


def test_a_parameter_takes_its_unit_from_the_header() -> None:
    text = line(activity="combustion.stationary.bituminous", unit="t", **{"ncv [GJ/t]": "23.1", "oxidation": "0.98"})
    lines = read(text)
    assert lines.frame.select("ncv", "oxidation").row(0) == ("23.1", "0.98")
    assert lines.parameter_units == {"ncv": "GJ/t", "oxidation": "1"}


def test_columns_of_ones_own_are_kept_as_they_are() -> None:
    assert read(line(x_meter="M-7", x_名称="电")).frame["extra"][0] == '{"x_meter": "M-7", "x_名称": "电"}'


def test_all_faults_of_a_file_are_told_at_once_in_the_order_of_its_rows() -> None:
    text = f"{HEAD}\n制冷剂,1,kg,2023,330106\n{LINE}\nelectricity.grid,1e5,t,2023-02-30,999999\nsunshine,1,brr,2023-07-01,330106,x\n"
    told = [(fault.row, fault.column, fault.code) for fault in faults(text)]
    assert told == [
        (2, "activity", "activity.ambiguous"),
        (4, "day", "day.unreadable"),
        (4, "division", "division.unknown"),
        (4, "quantity", "number.not-plain"),
        (4, "unit", "unit.dimension"),
        (5, None, "row.fields"),
    ]


def test_a_name_with_several_meanings_lists_them() -> None:
    assert "fugitive.refrigerant.r134a" in faults(line(activity="制冷剂"))[0].reason


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"quantity": "１００"}, "quantity", "number.not-plain"),
        ({"quantity": "5０"}, "quantity", "number.not-plain"),
        ({"quantity": '"1,234.5"'}, "quantity", "number.not-plain"),
        ({"quantity": "1e5"}, "quantity", "number.not-plain"),
        ({"quantity": "NaN"}, "quantity", "number.not-plain"),
        ({"quantity": "-inf"}, "quantity", "number.not-plain"),
        ({"quantity": "1_000"}, "quantity", "number.not-plain"),
        ({"quantity": "+1"}, "quantity", "number.not-plain"),
        ({"quantity": ".5"}, "quantity", "number.not-plain"),
        ({"quantity": "0x10"}, "quantity", "number.not-plain"),
        ({"quantity": "1" * 41}, "quantity", "number.not-plain"),
        ({"quantity": "9**9**9"}, "quantity", "number.not-plain"),
        ({"quantity": ""}, "quantity", "number.not-plain"),
        ({"quantity": "-5"}, "quantity", "number.negative-without-reference"),
        ({"unit": "kWH!"}, "unit", "unit.unknown"),
        ({"unit": ""}, "unit", "unit.unknown"),
        ({"unit": "t"}, "unit", "unit.dimension"),
        ({"activity": "sunshine"}, "activity", "activity.unknown"),
        ({"activity": ""}, "activity", "activity.unknown"),
        ({"day": "2024年3月"}, "day", "day.unreadable"),
        ({"day": "45292"}, "day", "day.unreadable"),
        ({"day": "2023-13"}, "day", "day.unreadable"),
        ({"day": "0000-01-01"}, "day", "day.unreadable"),
        ({"day": ""}, "day", "day.unreadable"),
        ({"day": "2026"}, "day", "day.future"),
        ({"day": "2026-11-26"}, "day", "day.future"),
        ({"division": ""}, "division", "division.missing"),
        ({"division": "330199"}, "division", "division.unknown"),
        ({"division": "3301"}, "division", "division.unknown"),
        ({"division": "Atlantis"}, "division", "division.unknown"),
        ({"scope": "4"}, "scope", "scope.unknown"),
        ({"category": "9Z"}, "category", "category.unknown"),
        ({"method": "guess"}, "method", "method.unknown"),
        ({"tier": "best"}, "tier", "tier.unknown"),
        ({"biogenic_share": "1.2"}, "biogenic_share", "parameter.out-of-range"),
        ({"ncv [GJ/t]": "0"}, "ncv", "parameter.out-of-range"),
        ({"ncv [GJ/t]": "1e1"}, "ncv", "number.not-plain"),
        ({"ncv": "20"}, "ncv", "unit.unknown"),
        ({"ncv [horses]": "20"}, "ncv", "unit.unknown"),
        ({"foo": "1"}, "foo", "column.unknown"),
        ({"Activity": "1"}, "Activity", "column.unknown"),
        ({"site": "a/../b" * 20}, "site", "file.hostile"),
    ],
)
def test_a_wrong_cell_is_told_with_its_column(cells: dict[str, str], column: str, code: str) -> None:
    told = faults(line(**cells))
    assert [(fault.column, fault.code) for fault in told] == [(column, code)]
    assert len(told[0].reason) > 20, "a sentence says what to do"


def test_a_correction_names_the_document_that_it_corrects() -> None:
    assert read(line(quantity="-5", reference="INV-1")).frame["quantity"][0] == "-5"


def test_a_volume_of_gas_needs_its_state_and_a_fuel_by_volume_its_density() -> None:
    assert "Nm3" in faults(line(activity="combustion.stationary.natural_gas", unit="m3"))[0].reason
    good = line(activity="combustion.stationary.bituminous", unit="m3", **{"density [kg/L]": "0.9"})
    assert read(good).frame["unit"][0] == "m3"
    assert faults(line(activity="combustion.stationary.bituminous", unit="m3"))[0].code == "unit.dimension"


def test_a_division_must_have_existed_on_the_last_day() -> None:
    # 330183 富阳市 became 330111 富阳区 at the end of 2014
    told = faults(line(division="330183", day="2023-07-01"))
    assert told[0].code == "division.not-on-day"
    assert "330111" in told[0].reason
    assert read(line(division="330183", day="2010")).frame.height == 1


def test_foreign_divisions_are_iso_codes() -> None:
    assert read(line(division="GB")).frame["division"][0] == "GB"
    assert read(line(division="US-CA")).frame["division"][0] == "US-CA"


@pytest.mark.parametrize("end", [1, 2, 5])
def test_gbk_text_is_refused_with_what_it_reads_and_how_to_save_it(end: int) -> None:
    data = f"{HEAD}\n外购电力,100,千瓦时,2023-07-01,330106\n".encode("gbk")[:-end]
    (fault,) = faults(data)
    assert (fault.code, fault.row) == ("file.encoding", 2)
    assert "外购电力" in fault.reason
    assert "UTF-8" in fault.reason


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file.empty"),
        (b"\xef\xbb\xbf", "file.empty"),
        (b"\n\n  \n", "file.empty"),
        (HEAD.encode(), "file.empty"),
        (f"{HEAD}\n\n\n".encode(), "file.empty"),
        (f"{HEAD}\n{LINE}\nelectricity.grid,100,kW".encode(), "file.truncated"),
        (f"{HEAD}\n外购电".encode()[:-1], "file.truncated"),
        (f'{HEAD},note\n{LINE},"a note that'.encode(), "file.truncated"),
        (f"{HEAD}\n{LINE}".encode("utf-16"), "file.encoding"),
        (b"\xff\xfe\xfd\x80\x81 nothing", "file.encoding"),
        (b"PK\x03\x04 zip", "file.type"),
    ],
)  # fmt: skip
def test_a_file_that_is_empty_cut_off_or_of_another_kind_is_refused(data: bytes, code: str) -> None:
    assert code in [fault.code for fault in faults(data)]


def test_a_file_cut_within_its_last_cell_says_so() -> None:
    told = faults(f"{HEAD}\n{LINE}\n{LINE[:-3]}")
    assert {(fault.row, fault.code) for fault in told} == {(3, "division.unknown"), (3, "file.truncated")}


def test_missing_and_doubled_columns_are_named() -> None:
    codes = [(fault.column, fault.code) for fault in faults("activity,activity,unit\nx,y,z\n")]
    assert ("quantity", "column.missing") in codes
    assert ("day", "column.missing") in codes
    assert ("activity", "column.twice") in codes


def test_another_ending_is_refused() -> None:
    assert faults(f"{HEAD}\n{LINE}\n", file="lines.txt")[0].code == "file.type"


def test_a_site_gives_the_division_and_must_agree_with_it() -> None:
    sites = {"s01": [(date(2020, 1, 1), "330522")], "s02": [(date(2020, 1, 1), "330106"), (date(2023, 1, 1), "330110")]}
    head = "activity,quantity,unit,day,site,division"
    text = f"{head}\nelectricity.grid,1,kWh,2023-07-01,s01,\nelectricity.grid,1,kWh,2022-07-01,s02,330106\nelectricity.grid,1,kWh,2023-07-01,,330522\n"
    frame = read(text, sites=sites).frame
    assert frame.select("site", "division").rows() == [("s01", "330522"), ("s02", "330106"), ("s01", "330522")]
    told = faults(
        f"{head}\nelectricity.grid,1,kWh,2023-07-01,s02,330106\nelectricity.grid,1,kWh,2023-07-01,s9,\nelectricity.grid,1,kWh,2023,,\n",
        sites=sites,
    )
    assert [(fault.row, fault.code) for fault in told] == [(2, "division.not-of-site"), (3, "site.unknown"), (4, "division.missing")]


def test_two_sites_in_one_division_must_be_told_apart() -> None:
    sites = {"a": [(date(2020, 1, 1), "330106")], "b": [(date(2020, 1, 1), "330106")]}
    assert faults(line(), sites=sites)[0].code == "site.missing"


def test_a_pandas_frame_reads_as_a_file_of_the_same_cells() -> None:
    import pandas as pd

    frame = pd.DataFrame(
        {"activity": ["electricity.grid"] * 2, "quantity": [100.1, 7], "unit": "kWh", "day": pd.to_datetime(["2023-07-01", "2023-07-02"]), "division": [330106, 330106]}
    )  # fmt: skip
    lines = from_pandas(frame, tree=divisions(), today=TODAY)
    assert lines.frame.select("line", "quantity", "division").rows() == [(2, "100.1", "330106"), (3, "7", "330106")]
    with pytest.raises(FaultyFile, match="dataframe:2:quantity"):
        from_pandas(frame.assign(quantity=float("nan")), tree=divisions(), today=TODAY)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300))
def test_no_bytes_do_anything_but_read_or_be_refused(data: bytes) -> None:
    for file in ("x.csv", "x.xlsx"):
        with pytest.raises(FaultyFile):
            parse_activities(data, file=file, tree=None, today=TODAY)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(alphabet='ab1,"\n\r é电\t-', max_size=12), min_size=1, max_size=30))
def test_any_text_below_a_good_header_is_read_or_refused(rows: list[str]) -> None:
    told: tuple[Fault, ...] = ()
    try:
        parse_activities((HEAD + "\n" + "\n".join(rows)).encode(), file="x.csv", tree=None, today=TODAY)
    except FaultyFile as error:
        told = error.faults
    assert all(fault.row is None or 1 <= fault.row <= 400 for fault in told)


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=20))
def test_a_quantity_is_exact_or_refused(text: str) -> None:
    cell = '"' + text.replace('"', '""').replace("\0", "") + '"'
    try:
        frame = parse_activities(line(quantity=cell).encode("utf-8", errors="ignore"), file="x.csv", tree=None, today=TODAY).frame
    except FaultyFile:
        return
    assert frame["quantity"][0] == text.strip(" \t")


def test_a_hundred_thousand_faults_are_told_up_to_a_bound() -> None:
    told = faults(f"{HEAD}\n" + "electricity.grid,x,kWh,2023,330106\n" * 60_000)
    assert len(told) <= 50_001


def test_a_large_file_keeps_every_line() -> None:
    dice = random.Random(1)
    rows = [f"electricity.grid,{dice.randint(1, 10**6)},kWh,2023-{dice.randint(1, 12):02d},330106" for _ in range(20_000)]
    frame = read(f"{HEAD}\n" + "\n".join(rows)).frame
    assert frame["line"].to_list() == list(range(2, 20_002))
    assert frame["quantity"].cast(pl.Int64).sum() == sum(int(row.split(",")[1]) for row in rows)


def test_what_goes_on_to_refuse_lines_is_asked_about_the_right_ones_and_told_with_the_rest() -> None:
    asked: list[list[int]] = []

    def further(right: ActivityFrame) -> None:
        asked.append(right.frame["line"].to_list())
        raise FaultyFile([Fault(file="lines.csv", row=3, column="activity", code="factor.none", reason="none")])

    bad, text = LINE.replace(",100,", ",1e3,"), f"{HEAD}\n{LINE}\n{LINE}\n"
    assert [(one.row, one.code) for one in faults(f"{text}{bad}\n", further=further)] == [(3, "factor.none"), (4, "number.not-plain")]
    assert asked == [[2, 3]]
    assert read(text, further=further).frame.height == 2, "where nothing is at fault the caller asks itself"
    assert len(faults(f"{HEAD}\n{bad}\n", further=further)) == 1
    assert asked == [[2, 3]]
