"""A file is booked whole or not at all, once, and what it files is filed once; on both engines."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from carbon.audit import verify
from carbon.errors import FaultyFile, HolderNotFound, ImportNotFound, ImportReplaced
from carbon.holder import sites
from ledger.balances import entry, log_size
from ledger.errors import NotAllowed
from ledger.principal import LOCAL_ADMIN, LOCAL_READER, Principal, Role
from tests.carbon.conftest import HEAD, Firm

POWER = "electricity.grid,100,kWh,2023-07,s01,meter 1"
COAL = "combustion.stationary.bituminous,10,t,2023-07,s01,belt 1"


def size(firm: Firm) -> int:
    with firm.book.reading() as session:
        return log_size(session)


def refused(firm: Firm, *lines: str, **options: object) -> list[tuple[int | None, str]]:
    before = size(firm), firm.cells()
    with pytest.raises(FaultyFile) as caught:
        firm.file(*lines, **options)  # type: ignore[arg-type]
    assert (size(firm), firm.cells()) == before, "the book is unchanged"
    return [(fault.row, fault.code) for fault in caught.value.faults]


def test_a_file_becomes_one_entry_a_line_dated_on_the_last_day(firm: Firm) -> None:
    receipt = firm.file(POWER, COAL)
    assert (receipt.lines, receipt.first_entry, receipt.last_entry, receipt.repeated) == (2, 0, 1, False)
    with firm.book.reading() as session:
        power, coal = entry(session, 0), entry(session, 1)
    assert (power.day, power.book, power.kind) == (date(2023, 7, 31), "location", "emission")
    assert power.evidence is not None
    assert power.evidence != coal.evidence, "each entry is sealed over its own line"
    assert [(leg.account, leg.commodity, leg.amount) for leg in power.legs] == [
        (f"holder/{firm.id}/s01/scope2-location/electricity", "CO2", 49_740),
        ("pool/location/electricity-330000", "CO2", -49_740),
    ]
    assert {leg.commodity for leg in coal.legs} == {"CO2", "CH4.fossil", "N2O"}
    assert {leg.account for leg in coal.legs} == {f"holder/{firm.id}/s01/scope1/1A2", "atmosphere/330522/1A2"}
    assert verify(firm.book) == []


def test_cells_count_the_holders_legs_by_division_scope_category_and_month(firm: Firm) -> None:
    firm.file(POWER, COAL)
    assert firm.cells() == {
        ("location|330522|2|electricity", 202307, "CO2"): 49_740,
        ("physical|330522|1|1A2", 202307, "CO2"): 17_470_883,
        ("physical|330522|1|1A2", 202307, "CH4.fossil"): 1_957_000,
        ("physical|330522|1|1A2", 202307, "N2O"): 293_550,
    }


def test_the_same_file_twice_posts_once_and_gives_the_first_receipt(firm: Firm) -> None:
    first = firm.file(POWER, COAL)
    again = firm.file(POWER, COAL, name="renamed.csv")
    assert again.repeated
    assert (again.import_id, again.first_entry, again.last_entry, again.file) == (first.import_id, 0, 1, "lines.csv")
    assert size(firm) == 2


def test_one_faulty_line_leaves_the_book_as_it_was(firm: Firm) -> None:
    assert refused(firm, POWER, "electricity.grid,1,t,2023-07,s01,m", "electricity.grid,1,kWh,2023-07,s9,m") == [
        (3, "unit.dimension"),
        (4, "site.unknown"),
    ]


def test_what_no_factor_answers_leaves_the_book_as_it_was(firm: Firm) -> None:
    assert refused(firm, POWER, "process.glass,1,t,2023-07,s01,kiln")[0][0] == 3


def test_an_act_outside_the_scopes_is_not_recorded(firm: Firm) -> None:
    assert refused(firm, "electricity.displaced,1,kWh,2023-07,s01,m") == [(2, "scope.unknown")]


def test_two_lines_of_one_meter_and_day_are_refused_with_both_rows(firm: Firm) -> None:
    day = "electricity.grid,1,kWh,2023-07-15,s01,meter 1"
    assert refused(firm, POWER, day) == [(3, "line.twice")]
    assert refused(firm, day, "electricity.grid,2,kWh,2023-07-16,s01,meter 1", POWER) == [(4, "line.twice")] * 2
    assert firm.file(POWER, day, allow_duplicates=True).lines == 2


def test_other_meters_other_days_and_corrections_stand_beside_it(firm: Firm) -> None:
    other = POWER.replace("meter 1", "meter 2")
    august = POWER.replace("2023-07", "2023-08")
    fix = "electricity.grid,-10,kWh,2023-07,s01,meter 1,bill 7"
    assert firm.file(f"{POWER},bill 7", f"{other},", f"{august},", fix, head=HEAD + ",reference").lines == 4
    assert firm.sums() == 49_740 * 3 - 4_974
    with firm.book.reading() as session:
        assert (entry(session, 3).kind, entry(session, 3).reference) == ("correction", "bill 7")
    assert verify(firm.book) == []


def test_a_correction_names_a_line_that_was_filed_here_or_before(firm: Firm) -> None:
    head = HEAD + ",reference"
    fix = "electricity.grid,-10,kWh,2023-07,s01,meter 1,bill 7"
    with pytest.raises(FaultyFile) as refusal:
        firm.file(f"{POWER},bill 8", fix, head=head)
    assert [(fault.row, fault.column, fault.code) for fault in refusal.value.faults] == [(3, "reference", "negative.corrects-nothing")]
    firm.file(f"{POWER},bill 7", head=head)
    assert firm.file(fix, head=head, name="correction.csv").lines == 1
    assert firm.sums() == 49_740 - 4_974
    assert verify(firm.book) == []


def test_unnamed_sources_are_told_apart_by_their_rows_unless_alike_in_everything(firm: Firm) -> None:
    assert refused(firm, "electricity.grid,1,kWh,2023-07,s01,", "electricity.grid,1,kWh,2023-07,s01,") == [(3, "line.twice")]
    assert firm.file("electricity.grid,1,kWh,2023-07,s01,", "electricity.grid,2,kWh,2023-07,s01,").lines == 2


@pytest.mark.parametrize(
    "line",
    [
        "electricity.grid,7,kWh,2023-07-15,s01,meter 1",
        "electricity.grid,7,kWh,2023,s01,meter 1",
        "electricity.grid,7,kWh,2023-07-31,s01,meter 1",
    ],
)
def test_a_file_that_overlaps_the_book_is_refused_with_both_rows(firm: Firm, line: str) -> None:
    first = firm.file("electricity.grid,5,kWh,2023-05,s01,meter 1", POWER, "electricity.grid,5,kWh,2023-09,s01,meter 1")
    with pytest.raises(FaultyFile) as caught:
        firm.file("electricity.grid,7,kWh,2024-08,s01,meter 1", line, name="later.csv")
    (fault,) = caught.value.faults
    assert (fault.row, fault.code) == (3, "line.overlap")
    assert "of lines.csv" in fault.reason
    assert first.import_id in fault.reason
    assert firm.file("electricity.grid,7,kWh,2024-08,s01,meter 1", line, name="later.csv", allow_duplicates=True).lines == 2


def test_replace_reverses_the_old_file_and_books_the_new_one_in_one_step(firm: Firm) -> None:
    old = firm.file(POWER, COAL)
    new = firm.file("electricity.grid,200,kWh,2023-07,s01,meter 1", name="mended.csv", replace=old.import_id)
    assert (new.replaces, new.reversed_entries, new.first_entry, new.last_entry) == (old.import_id, 2, 4, 4)
    assert firm.sums() == 2 * 49_740
    assert firm.cells() == {("location|330522|2|electricity", 202307, "CO2"): 2 * 49_740}
    assert verify(firm.book) == []
    with pytest.raises(ImportReplaced):
        firm.file(POWER, COAL)
    with pytest.raises(ImportReplaced):
        firm.file("electricity.grid,300,kWh,2023-07,s01,meter 1", name="third.csv", replace=old.import_id)
    again = firm.file("electricity.grid,300,kWh,2023-07,s01,meter 1", name="third.csv", replace=new.import_id)
    assert again.reversed_entries == 1
    assert firm.sums() == 3 * 49_740


def test_replacing_with_the_same_reference_is_a_new_entry_not_a_used_key(firm: Firm) -> None:
    head = HEAD + ",reference"
    old = firm.file(f"{POWER},bill 7", head=head)
    firm.file(f"{POWER.replace('100', '110')},bill 7", head=head, name="mended.csv", replace=old.import_id)
    assert firm.sums() == 54_714


def test_a_failed_replacement_leaves_the_old_file_standing(firm: Firm) -> None:
    old = firm.file(POWER)
    other = firm.file("electricity.grid,5,kWh,2023-09,s01,meter 1", name="other.csv")
    assert refused(
        firm, "electricity.grid,5,kWh,2023-09,s01,meter 1", "electricity.grid,7,kWh,2023-07,s01,meter 1", replace=old.import_id
    ) == [(2, "line.overlap")]
    assert firm.sums() == 49_740 + 2_487
    assert other.import_id != old.import_id


def test_an_import_of_nobody_or_of_another_is_not_replaced(firm: Firm, make_firm: Callable[..., Firm]) -> None:
    old = make_firm().file(POWER)
    for wrong in ("i000", old.import_id):
        with pytest.raises(ImportNotFound):
            firm.file(POWER, replace=wrong)
    assert size(firm) == 1


def test_the_same_file_of_two_holders_is_booked_for_each(firm: Firm, make_firm: Callable[..., Firm]) -> None:
    other = make_firm()
    firm.file(POWER)
    assert not other.file(POWER).repeated
    assert size(firm) == 2


def test_a_line_that_names_a_division_alone_opens_a_site_there_once(make_firm: Callable[..., Firm]) -> None:
    firm = make_firm(sites={})
    head = "activity,quantity,unit,day,division"
    first = firm.file("electricity.grid,100,kWh,2023-07-01,330106", "electricity.grid,100,kWh,2023-07-02,330106", head=head)
    assert first.opened_sites == ("330106",)
    assert firm.file("electricity.grid,100,kWh,2023-07-03,330106", head=head, name="next.csv").opened_sites == ()
    assert firm.sums("330106/scope2-location/electricity") == 3 * 49_740
    with firm.book.reading() as session:
        assert [(site.code, site.divisions[0][1]) for site in sites(session, LOCAL_ADMIN, holder=firm.id)] == [("330106", "330106")]


def test_a_line_that_emits_nothing_is_kept_without_an_entry(firm: Firm) -> None:
    receipt = firm.file("electricity.grid,0,kWh,2023-06,s01,meter 1", POWER)
    assert (receipt.lines, receipt.first_entry, receipt.last_entry) == (2, 0, 0)
    assert refused(firm, "electricity.grid,5,kWh,2023-06,s01,meter 1", name="later.csv") == [(2, "line.overlap")]
    assert firm.file("electricity.grid,0,kWh,2023-05,s01,meter 1", name="zero.csv").first_entry is None
    assert verify(firm.book) == []


def test_sold_power_and_deductions_take_away_on_their_own_accounts(firm: Firm) -> None:
    firm.file("electricity.exported,100,kWh,2023-07,s01,out", "deduction.steel.crude_steel,100,t,2023-07,s01,mill", POWER)
    assert firm.sums("s01/passed-on-location/electricity") == -49_740
    assert firm.sums("s01/scope1/2C1") == -1_540_000
    assert firm.sums("s01/captured/in-steel") == 1_540_000
    assert firm.cells()["location|330522|passed-on|electricity", 202307, "CO2"] == -49_740
    assert firm.cells()["physical|330522|captured|in-steel", 202307, "CO2"] == 1_540_000
    assert verify(firm.book) == []


def test_readers_record_nothing_and_holders_out_of_scope_do_not_exist(firm: Firm) -> None:
    with pytest.raises(NotAllowed):
        firm.file(POWER, principal=LOCAL_READER)
    with pytest.raises(HolderNotFound):
        firm.file(POWER, principal=Principal(actor="w1", role=Role.WRITER, holders=frozenset({"hother"})))
    assert size(firm) == 0


def test_one_file_sent_by_eight_at_once_is_booked_once(firm: Firm) -> None:
    (firm.folder / "lines.csv").write_text("")
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda n: firm.file(POWER, COAL, name=f"copy-{n}.csv"), range(8)))
    assert len({receipt.import_id for receipt in receipts}) == 1
    assert sum(not receipt.repeated for receipt in receipts) == 1
    assert size(firm) == 2


def test_two_overlapping_files_at_once_leave_one(firm: Firm) -> None:
    def send(quantity: int) -> str:
        try:
            firm.file(f"electricity.grid,{quantity},kWh,2023-07,s01,meter 1", name=f"{quantity}.csv")
        except FaultyFile as error:
            return error.faults[0].code
        return "booked"

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(send, range(1, 5)))
    assert sorted(results) == ["booked", "line.overlap", "line.overlap", "line.overlap"]


def test_lines_without_a_factor_are_told_with_lines_that_cannot_be_read(firm: Firm) -> None:
    unread, unknown = POWER.replace(",100,", ",1e3,"), "combustion.stationary.coal,1,t,2023,s01,belt 2"
    assert refused(firm, unread, unknown, COAL) == [(2, "number.not-plain"), (3, "factor.none")]
