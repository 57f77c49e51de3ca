"""A certificate proves one thing once in the whole book, and those of the book's own registry only where they were claimed; both engines."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.audit import verify
from carbon.enterprise.certificates import PENDING, Named, certificates, kept, look_up, named, numbers_in
from carbon.enterprise.errors import BadContract, QuestionsOpen
from carbon.enterprise.filing.filing import Filing, filing, open_filing
from carbon.enterprise.filing.state import State
from carbon.enterprise.filing.submission import reject
from carbon.enterprise.intake.problem import Problem
from carbon.enterprise.market import Instrument, Kind, add_contract
from carbon.enterprise.obligation import units
from carbon.enterprise.obligation.units import Range
from carbon.enterprise.preparing import Judged, hand_in, judge, take_in
from carbon.errors import FaultyFile
from carbon.region.divisions import divisions
from factors.gwp import gwp_set
from factors.library import load_library
from ledger.principal import LOCAL_ADMIN, LOCAL_READER, Principal, Role
from tests.carbon.conftest import NOW, TODAY, Firm

HEAD = "activity,quantity,unit,day,site,source,method,instrument"
GRID = "electricity.grid,10000,kWh,2024-0{},s01,meter {},,"
GREEN = "electricity.green,{},kWh,2024-0{},s01,meter {},market,{}"
SERIES = "PV01-202401"
YEAR = {"valid_from": date(2024, 1, 1), "valid_until": date(2024, 12, 31)}


@dataclass
class Files:
    """A firm and whoever prepares its filings."""

    firm: Firm
    own: Principal

    def open(self, *some: str, year: int = 2024, head: str = HEAD, rows: Sequence[str] = ()) -> Filing:
        with self.firm.book.writing() as session:
            made = open_filing(session, self.own, holder=self.firm.id, year=year, guide="general", now=NOW)
        return self.save(made.id, *some, *rows, head=head)

    def save(self, id: str, *rows: str, head: str = HEAD) -> Filing:  # noqa: A002
        data = "\n".join([head, *rows, ""]).encode()
        tag = self.filing(id).tag
        return take_in(
            self.firm.book, self.own, id, data=data, name="2024.csv", if_match=tag, now=NOW, today=TODAY, library=load_library(),
            tree=divisions(),
        )  # fmt: skip

    def filing(self, id: str) -> Filing:  # noqa: A002
        with self.firm.book.reading(self.own) as session:
            return filing(session, self.own, id)

    def judged(self, id: str) -> Judged:  # noqa: A002
        return judge(self.firm.book, self.own, id, library=load_library(), tree=divisions(), today=TODAY)

    def problems(self, id: str) -> list[Problem]:  # noqa: A002
        return [one for one in self.judged(id).problems if one.code.startswith("certificate")]

    def hand_in(self, id: str) -> Filing:  # noqa: A002
        return hand_in(
            self.firm.book, self.own, id, confirmed=[one.key for one in self.judged(id).ask], if_match=self.filing(id).tag, now=NOW,
            today=TODAY, library=load_library(), tree=divisions(), prices=gwp_set("AR5.100"),
        )  # fmt: skip

    def buys(self, *numbers: str, amount: str = "4") -> str:
        said = Instrument(kind=Kind.CERTIFICATE, carrier="electricity", amount=amount, unit="MWh", certificates=numbers)
        with self.firm.book.writing() as session:
            return add_contract(session, self.own, holder=self.firm.id, instrument=said, now=NOW, **YEAR).id

    def issued(self, count: int, series: str = SERIES) -> None:
        with self.firm.book.writing() as session:
            units.issue(
                session,
                LOCAL_ADMIN,
                holder=self.firm.id,
                unit="GEC",
                series=series,
                first=1,
                last=count,
                vintage=202401,
                now=NOW,
                day=TODAY,
            )

    def claims(self, first: int, last: int, *, year: int = 2024, beneficiary: str | None = None) -> None:
        some = [Range(unit="GEC", series=SERIES, first=first, last=last)]
        with self.firm.book.writing() as session:
            units.claim(
                session, self.own, holder=self.firm.id, year=year, ranges=some, beneficiary=beneficiary, now=NOW, day=TODAY
            )  # fmt: skip


@pytest.fixture
def make(make_firm: Callable[..., Firm]) -> Callable[[], Files]:
    def made() -> Files:
        firm = make_firm()
        return Files(firm, Principal(f"p-{firm.id}", Role.WRITER, holders=frozenset({firm.id})))

    return made


def told(problems: list[Problem]) -> list[tuple[int | None, str | None, str, str | None, str]]:
    return [(one.row, one.column, one.code, one.value, one.weight.value) for one in problems]


def test_the_states_of_what_is_handed_in_are_those_of_a_filing() -> None:
    assert {State(name) for name in PENDING} == {State.SUBMITTED, State.VERIFYING, State.VERIFIED, State.ACCEPTED}


@pytest.mark.parametrize(
    ("number", "means"),
    [
        ("GEC-2024-0001", Named("gec-2024-0001")),
        ("gec-2024-0001", Named("gec-2024-0001")),
        ("ＧＥＣ-2024-0001", Named("gec-2024-0001")),
        ("PV01-202401:5", Named("pv01-202401", 5, 5)),
        ("PV01-202401：5–9", Named("pv01-202401", 5, 9)),
        ("PV01-202401:9-5", Named("pv01-202401:9-5")),
        ("PV01-202401:0", Named("pv01-202401:0")),
    ],
)
def test_a_number_means_the_same_however_it_is_written(number: str, means: Named) -> None:
    assert named(number) == means


@given(st.lists(st.text("ABab09-:", min_size=1), max_size=5), st.sampled_from([" ", ",", "；", "、", "\n"]))
def test_a_cell_names_its_numbers_in_their_order(numbers: list[str], mark: str) -> None:
    assert certificates(mark.join(numbers)) == numbers


def test_the_numbers_of_a_text_are_those_of_its_column() -> None:
    data = "\n".join([HEAD, GREEN.format(1, 1, 1, "A；B"), GREEN.format(1, 2, 1, "B"), GRID.format(3, 1), ""]).encode()
    assert numbers_in(data, file="x.csv").named == ["A", "B"]
    assert numbers_in(b"activity,note\nx,instrument\n", file="x.csv").named == []
    assert numbers_in(b'activity,instrument\nx,"open\n', file="x.csv").named == [], "what cannot be read names nothing"


def test_what_another_filing_uses_is_refused_by_row_and_column_without_whose(make: Callable[[], Files]) -> None:
    one, other = make(), make()
    first = one.open(GREEN.format(1000, 1, 1, "TIGR-1 TIGR-7:1-100"))
    second = other.open(
        GRID.format(1, 2), GREEN.format(1000, 1, 1, "tigr-1"), GREEN.format(1000, 2, 1, "TIGR-7:100"), GREEN.format(9, 3, 1, "T-9")
    )
    assert {code for _, _, code, _, _ in told(other.problems(second.id))} == {"certificate.unchecked"}, "a draft uses nothing"
    one.hand_in(first.id)
    found = other.problems(second.id)
    assert told(found) == [
        (3, "instrument", "certificate.used", "tigr-1", "must"),
        (4, "instrument", "certificate.used", "TIGR-7:100", "must"),
        (5, "instrument", "certificate.unchecked", "T-9", "ask"),
    ]
    assert "in another holder's filing" in found[0].reason
    assert one.firm.id not in "".join(problem.reason for problem in found)
    with pytest.raises(FaultyFile) as refused:
        other.hand_in(second.id)
    assert [(fault.row, fault.column) for fault in refused.value.faults] == [(3, "instrument"), (4, "instrument")]
    officer = Principal("r1", Role.AUTHORITY, divisions=frozenset({"330522"}))
    with one.firm.book.writing() as session:
        reject(session, officer, first.id, reason="缺件", if_match=one.filing(first.id).tag, now=NOW, today=TODAY)
    assert {code for _, _, code, _, _ in told(other.problems(second.id))} == {"certificate.unchecked"}, "what was given back uses nothing"
    assert verify(one.firm.book) == []


def test_what_another_booked_is_used_and_what_it_took_back_is_not(make: Callable[[], Files]) -> None:
    one, other = make(), make()
    done = one.firm.file(GREEN.format(1000, 1, 1, "X-1"), head=HEAD)
    made = other.open(GREEN.format(1000, 1, 1, "X-1"))
    assert told(other.problems(made.id)) == [(2, "instrument", "certificate.used", "X-1", "must")]
    one.firm.file(GREEN.format(1000, 1, 1, "X-2"), head=HEAD, name="again.csv", replace=done.import_id)
    assert told(other.problems(made.id)) == [(2, "instrument", "certificate.unchecked", "X-1", "ask")]


def test_the_firms_own_filing_of_another_year_uses_it_too(make: Callable[[], Files]) -> None:
    one = make()
    before = one.open(GREEN.format(1000, 1, 1, "X-1").replace("2024", "2023"), year=2023)
    one.hand_in(before.id)
    made = one.open(GREEN.format(1000, 1, 1, "X-1"))
    (found,) = one.problems(made.id)
    assert (found.row, found.code) == (2, "certificate.used")
    assert "in the filing of 2023" in found.reason


def test_of_two_that_hand_in_at_once_one_has_the_certificate(make: Callable[[], Files]) -> None:
    both = [make(), make()]
    made = [one.open(GREEN.format(1000, 1, 1, "X-1")) for one in both]
    assert all(one.judged(it.id).must == () for one, it in zip(both, made, strict=True))

    def go(at: int) -> State | str:
        try:
            return both[at].hand_in(made[at].id).state
        except FaultyFile as error:
            return error.faults[0].code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(go, range(2))) == ["certificate.used", "submitted"]


def test_a_certificate_outside_the_book_is_marked_as_unchecked_and_confirmed_for_good(make: Callable[[], Files]) -> None:
    one = make()
    made = one.open(GREEN.format(1000, 1, 1, "I-REC-77"))
    assert one.judged(made.id).must == ()
    with pytest.raises(QuestionsOpen):
        hand_in(
            one.firm.book, one.own, made.id, confirmed=[], if_match=made.tag, now=NOW, today=TODAY, library=load_library(),
            tree=divisions(), prices=gwp_set("AR5.100"),
        )  # fmt: skip
    declared = one.hand_in(made.id).stand.declared
    assert declared is not None
    assert declared.confirmed == ("certificate.unchecked|2|instrument|I-REC-77",)


def test_the_books_own_certificates_count_once_they_are_claimed_for_the_firm_and_year(make: Callable[[], Files]) -> None:
    one = make()
    one.issued(10)
    made = one.open(GRID.format(1, 2), GREEN.format(3000, 1, 1, f"{SERIES}:1-3"), GREEN.format(2000, 2, 1, f"{SERIES}-4 {SERIES}/5"))
    found = one.problems(made.id)
    assert [(one.row, one.code) for one in found] == [(row, "certificate.unclaimed") for row in (3, 4, 4)]
    assert "retire it as a claim for 2024 first" in found[0].reason
    lines = one.judged(made.id).lines
    assert lines is not None
    assert lines.frame["line"].to_list() == [2], "what is not proved does not count at its market factor"
    one.claims(1, 5)
    assert one.problems(made.id) == []
    assert one.hand_in(made.id).state is State.SUBMITTED
    assert verify(one.firm.book) == []


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (f"{SERIES}:11", "11 was never issued: correct the number"),
        (f"{SERIES}:1", "1 was retired for another purpose, year or holder, once and for ever"),
        (f"{SERIES}:3", "3 was retired for another purpose, year or holder, once and for ever"),
        (f"{SERIES}:5", "5 is not retired for this holder"),
        (f"{SERIES}:7-9", "9 lies on the holder's account"),
        ("C-1:1", "it is a unit of CCER and proves no energy"),
    ],
)
def test_why_a_certificate_of_the_book_proves_nothing_is_said_with_what_to_do(make: Callable[[], Files], number: str, words: str) -> None:
    one, other = make(), make()
    one.issued(10)
    one.claims(1, 2, year=2023)
    one.claims(3, 4, beneficiary=other.firm.id)
    one.claims(7, 8)
    with one.firm.book.writing() as session:
        some = [Range(unit="GEC", series=SERIES, first=5, last=6)]
        units.transfer(session, one.own, holder=one.firm.id, to=other.firm.id, unit="GEC", ranges=some, now=NOW, day=TODAY)
        units.issue(
            session, LOCAL_ADMIN, holder=one.firm.id, unit="CCER", series="C-1", first=1, last=2, vintage=2022, now=NOW, day=TODAY
        )  # fmt: skip
    made = one.open(GREEN.format(1000, 1, 1, number))
    (found,) = one.problems(made.id)
    assert (found.row, found.column, found.code, found.value, found.weight.value) == (
        2,
        "instrument",
        "certificate.unclaimed",
        number,
        "must",
    )
    assert words in found.reason
    assert other.firm.id not in found.reason


def test_who_is_named_as_the_beneficiary_may_count_what_another_claimed(make: Callable[[], Files]) -> None:
    one, other = make(), make()
    one.issued(10)
    one.claims(3, 4, beneficiary=other.firm.id)
    made = other.open(GREEN.format(2000, 1, 1, f"{SERIES}:3-4"))
    assert other.problems(made.id) == []


def test_certificates_of_the_book_prove_a_megawatt_hour_each_and_no_more(make: Callable[[], Files]) -> None:
    one = make()
    one.issued(10)
    one.claims(1, 10)
    made = one.open(GREEN.format(2001, 1, 1, f"{SERIES}:1-2"))
    (found,) = one.problems(made.id)
    assert (found.row, found.code) == (2, "certificate.too-few")
    assert "prove 2000 kWh of 2001 kWh" in found.reason


def test_a_certificate_in_the_reference_counts_where_the_book_has_it(make: Callable[[], Files]) -> None:
    one = make()
    one.issued(10)
    head = "activity,quantity,unit,day,site,source,method,reference"
    rows = [
        GREEN.format(1000, 1, 1, f"{SERIES}:1"), GREEN.format(1000, 2, 1, "INV-2024-7"), GREEN.format(1000, 3, 1, ""),
        GRID.format(4, 2).removesuffix(",") + f",{SERIES}:9",
    ]  # fmt: skip
    data = "\n".join([head, *rows, ""]).encode()
    assert numbers_in(data, file="x.csv").referred == [f"{SERIES}:1", "INV-2024-7"]
    made = one.open(head=head, rows=rows)
    assert told(one.problems(made.id)) == [
        (2, "instrument", "certificate.unclaimed", f"{SERIES}:1", "must"),
        (3, "instrument", "certificate.none", None, "ask"),
        (4, "instrument", "certificate.none", None, "ask"),
    ]
    one.claims(1, 1)
    assert [problem.code for problem in one.problems(made.id)] == ["certificate.none"] * 2
    assert one.hand_in(made.id).state is State.SUBMITTED


def test_a_correction_of_green_power_needs_no_certificate_of_its_own(make: Callable[[], Files]) -> None:
    one = make()
    head = "activity,quantity,unit,day,site,source,method,reference,instrument"
    rows = ["electricity.green,1000,kWh,2024-01,s01,m,market,R-1,T-1", "electricity.green,-10,kWh,2024-01,s01,m,market,R-1,"]
    made = one.open(head=head, rows=rows)
    assert told(one.problems(made.id)) == [(2, "instrument", "certificate.unchecked", "T-1", "ask")]


def test_two_ranges_that_share_a_serial_name_it_twice(make: Callable[[], Files]) -> None:
    one = make()
    made = one.open(GREEN.format(1000, 1, 1, "Q:1-10"), GREEN.format(1000, 2, 1, "Q:10-12"), GREEN.format(1000, 3, 1, "Q:13"))
    (twice,) = [problem for problem in one.problems(made.id) if problem.weight.value == "must"]
    assert (twice.row, twice.code, twice.value) == (3, "certificate.twice", "Q:10-12")
    assert "row 2 and row 3" in twice.reason


def test_a_contracts_certificates_are_named_by_the_first_row_that_it_covers(make: Callable[[], Files]) -> None:
    one = make()
    one.issued(10)
    contract = one.buys(f"{SERIES}:1-4")
    made = one.open(GRID.format(1, 2), GRID.format(2, 2), GREEN.format(1000, 3, 1, f"{SERIES}:4"))
    found = one.problems(made.id)
    assert told(found) == [
        (2, "instrument", "certificate.unclaimed", f"{SERIES}:1-4", "must"),
        (4, "instrument", "certificate.twice", f"{SERIES}:4", "must"),
    ]
    assert f"contract {contract} covers this line" in found[0].reason
    assert f"contract {contract} (row 2) and row 4" in found[1].reason
    judged = one.judged(made.id)
    assert judged.calculated is not None
    market = judged.calculated.placed.lines.frame.filter(judged.calculated.placed.lines.frame["method"] == "market")
    assert market["instrument"].null_count() == market.height, "the contract covers nothing, and the lines stay"
    assert judged.lines is not None
    assert judged.lines.frame["line"].to_list() == [2, 3]
    one.claims(1, 4)
    assert [code for _, _, code, _, _ in told(one.problems(made.id))] == ["certificate.twice"]


def test_a_contract_takes_no_certificate_that_is_used_and_none_unclaimed_once_the_year_is_handed_in(make: Callable[[], Files]) -> None:
    one, other = make(), make()
    other.hand_in(other.open(GREEN.format(1000, 1, 1, "X-1")).id)
    with pytest.raises(BadContract, match="in another holder's filing") as refused:
        one.buys("X-1")
    assert refused.value.field == "certificates"
    one.issued(4)
    one.hand_in(one.open(GRID.format(1, 2)).id)
    with pytest.raises(BadContract, match="the filing of 2024 is handed in"):
        one.buys(f"{SERIES}:1-4")
    one.claims(1, 4)
    one.buys(f"{SERIES}:1-4")


def test_a_contract_of_a_filing_that_was_handed_in_uses_its_certificates(make: Callable[[], Files]) -> None:
    one, other = make(), make()
    one.buys("X-1", "X-2")
    made = other.open(GREEN.format(1000, 1, 1, "X-2"))
    assert other.judged(made.id).must == ()
    one.hand_in(one.open(GRID.format(1, 2)).id)
    assert told(other.problems(made.id)) == [(2, "instrument", "certificate.used", "X-2", "must")]


def test_a_number_that_is_far_too_long_is_a_fault_of_its_cell_and_breaks_nothing(make: Callable[[], Files]) -> None:
    one = make()
    made = one.open(GREEN.format(1000, 1, 1, "X" * 50_000))
    assert (2, "instrument") in {(problem.row, problem.column) for problem in one.judged(made.id).must}


def test_what_is_looked_up_is_told_of_each_number_alone(make: Callable[[], Files]) -> None:
    one = make()
    one.issued(2)
    with one.firm.book.reading(LOCAL_READER) as session:
        assert look_up(session, [], holder=one.firm.id, year=2024).kept == {}
        found = kept(session, [f"{SERIES.lower()}:1-2", "other:1", "plain"], holder=one.firm.id, year=2024)
    assert {number: (here.named, here.count) for number, here in found.items()} == {f"{SERIES.lower()}:1-2": (Named(SERIES, 1, 2), 2)}
