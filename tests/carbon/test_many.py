"""Many firms' files at once: each is booked whole or not at all, a bad one holds nobody up, and the book is as if they came one by one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from carbon.audit import verify
from carbon.errors import FaultyFile, HolderNotFound
from carbon.many import Outcome, Sent, record_many
from ledger.principal import LOCAL_ADMIN
from tests.carbon.conftest import HEAD, NOW, TODAY, Firm

COAL = "combustion.stationary.bituminous,{},t,2023-07,s01,belt 1"


@pytest.fixture
def sent(make_firm: Callable[..., Firm], tmp_path: Path) -> tuple[list[Firm], list[Sent]]:
    firms = [make_firm() for _ in range(5)]
    files = []
    for no, firm in enumerate(firms):
        path = tmp_path / f"{firm.id}.csv"
        rows = [COAL.format(no + 1), f"electricity.grid,{no},kWh,2023-08,s01,meter"]
        path.write_text("\n".join([HEAD, *rows, ""]))
        files.append(Sent(firm.id, path))
    return firms, files


def book_all(firm: Firm, files: list[Sent]) -> list[Outcome]:
    return list(record_many(firm.book, files, principal=LOCAL_ADMIN, now=NOW, today=TODAY))


def test_each_firm_has_its_own_entries_and_the_sums_add_up(sent: tuple[list[Firm], list[Sent]]) -> None:
    firms, files = sent
    told = book_all(firms[0], files)
    assert [one.sent for one in told] == files
    assert all(one.receipt is not None and one.refused is None for one in told)
    single = firms[0].sums()
    assert [firm.sums("s01/scope1") for firm in firms] == [single_of(no + 1) for no in range(5)]
    assert single > 0
    assert verify(firms[0].book) == []


def single_of(tonnes: int) -> int:
    """CO2 of so many tonnes of bituminous coal: 1,747,088.3… g a tonne × 1,000,000, as in test_record (17,470,883 g for ten)."""
    from fractions import Fraction

    exact = Fraction(19570, 1000) * Fraction(2618, 100_000) * Fraction(93, 100) * Fraction(44, 12) * 1_000_000 * tonnes
    return round(exact)


def test_a_faulty_file_and_a_foreign_holder_hold_nobody_up(sent: tuple[list[Firm], list[Sent]], tmp_path: Path) -> None:
    firms, files = sent
    bad = tmp_path / "bad.csv"
    bad.write_text(HEAD + "\nelectricity.grid,1,t,2023-07,s01,m\n")
    mixed = [files[0], Sent(firms[1].id, bad), Sent("hnobody", files[2].path), files[3]]
    told = book_all(firms[0], mixed)
    assert [type(one.refused) for one in told] == [type(None), FaultyFile, HolderNotFound, type(None)]
    assert isinstance(told[1].refused, FaultyFile)
    assert told[1].refused.faults[0].row == 2
    assert verify(firms[0].book) == []


def test_the_same_files_again_book_nothing(sent: tuple[list[Firm], list[Sent]]) -> None:
    firms, files = sent
    first = book_all(firms[0], files)
    again = book_all(firms[0], files)
    assert all(one.receipt is not None and one.receipt.repeated for one in again)
    assert [one.receipt.import_id for one in first if one.receipt] == [one.receipt.import_id for one in again if one.receipt]


def test_two_files_of_one_firm_for_the_same_days_are_not_both_booked(sent: tuple[list[Firm], list[Sent]], tmp_path: Path) -> None:
    firms, files = sent
    other = tmp_path / "other.csv"
    other.write_text(HEAD + "\n" + COAL.format(99) + "\n")
    told = book_all(firms[0], [files[0], Sent(firms[0].id, other)])
    assert told[0].receipt is not None
    assert isinstance(told[1].refused, FaultyFile), "what the first of them files is not filed twice"
    assert verify(firms[0].book) == []
