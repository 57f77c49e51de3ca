"""A firm's year from draft to booked, found wanting, given back, restated; on both engines."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from carbon.audit import verify
from carbon.enterprise.errors import BadFinding, FilingExists, NotAccredited, PreparerVerifies, StateRefused
from carbon.enterprise.filing.filing import content, history, save_version
from carbon.enterprise.filing.finding import Weight
from carbon.enterprise.filing.restate import restate
from carbon.enterprise.filing.said import Kind, Opinion, kind_of
from carbon.enterprise.filing.state import State
from carbon.enterprise.filing.submission import accept, reject, submit
from carbon.enterprise.filing.verification import close, find, reply
from carbon.enterprise.filing.version import declare
from carbon.enterprise.market import Instrument, add_contract
from carbon.enterprise.market import Kind as MarketKind
from carbon.errors import FaultyFile
from factors.gwp import gwp_set, valuation
from ledger.balances import log_size
from ledger.errors import NotAllowed, PeriodClosed
from ledger.period import closed_months, rulings
from ledger.principal import LOCAL_ADMIN, Principal, Role
from tests.carbon.conftest import HEAD, Firm
from tests.carbon.enterprise.filing.conftest import COAL, COUNTY, NOW, POWER, PRICES, TODAY, Desk, file_of

LOCATION, PHYSICAL = f"location|{COUNTY}|2|electricity", f"physical|{COUNTY}|1|1A2"
MORE_COAL = COAL.replace(",10,", ",12,")


def county_g(desk: Desk) -> int:
    """What the county's cells of scope 1 and scope 2 by location hold in g CO2e, added up and valued once."""
    masses: dict[str, int] = {}
    for (cell, _, gas), amount in desk.firm.cells().items():
        if cell in {LOCATION, PHYSICAL}:
            masses[gas] = masses.get(gas, 0) + amount
    return valuation(masses, PRICES)


def size(desk: Desk) -> int:
    with desk.book.reading() as session:
        return log_size(session)


def test_a_year_is_filed_verified_accepted_and_booked_and_the_county_moves_by_exactly_that_amount(desk: Desk) -> None:
    made = desk.draft(POWER, COAL)
    assert (made.state, made.version, made.stand.preparers) == (State.DRAFT, 1, ("p1",))
    declared = desk.submit(made.id).stand.declared
    assert declared is not None
    assert desk.firm.cells() == {}, "nothing is booked before it is accepted"
    desk.take_up(made.id)
    desk.sign(made.id)
    accepted = desk.accept(made.id)
    assert accepted.state is State.ACCEPTED
    receipt = desk.record(made.id)
    booked = desk.filing(made.id)
    assert (booked.state, booked.import_id, booked.stand.import_id) == (State.BOOKED, receipt.import_id, receipt.import_id)
    assert desk.firm.cells()[LOCATION, 202307, "CO2"] == 49_740_000
    assert county_g(desk) == declared.total_g
    assert receipt.sha256 == booked.stand.sha256 == declared.sha256
    assert verify(desk.book) == []
    with desk.book.reading() as session:
        told = [(kind_of(event.what), event.actor) for event in history(session, desk.preparer, made.id)]
    assert told == [
        (Kind.OPENED, "p1"), (Kind.SAVED, "p1"), (Kind.SUBMITTED, "p1"), (Kind.TAKEN_UP, "v1"), (Kind.SIGNED, "v1"), (Kind.ACCEPTED, "r1"),
        (Kind.BOOKED, "r1"),
    ]  # fmt: skip


def test_after_booking_the_year_is_closed_for_the_firm_and_open_for_others(desk: Desk, make_firm: Any) -> None:
    desk.record(desk.accepted(POWER).id)
    with desk.book.reading() as session:
        scope = f"holder/{desk.firm.id}"
        assert closed_months(session, [202212, 202301, 202312, 202401], scope=scope) == (202301, 202312)
    with pytest.raises(PeriodClosed):
        desk.firm.file(COAL)
    other: Firm = make_firm()
    assert other.file(COAL).lines == 1
    assert desk.firm.file(COAL.replace("2023-07", "2024-07")).lines == 1
    assert verify(desk.book) == []


def test_a_finding_is_answered_by_a_corrected_version_and_both_values_stay_readable(desk: Desk) -> None:
    made = desk.draft(POWER, COAL)
    desk.submit(made.id)
    desk.take_up(made.id)
    verified = desk.weigh(made.id, line=3, field="quantity", value="12")
    assert verified.declared == "10"
    assert verified.effect_g * 5 == pytest.approx(verified.declared_g, abs=5)
    desk.do(find, desk.lead, made.id, text="入炉煤量与台账不符", weight=Weight.MAJOR, verified=verified, today=TODAY)
    with pytest.raises(StateRefused, match="findings are open: F-01"):
        desk.sign(made.id)
    with pytest.raises(StateRefused, match="in answer to an open finding"):
        desk.save(made.id, POWER, MORE_COAL)
    desk.do(reply, desk.preparer, made.id, finding=1, text="同意，已更正", today=TODAY)
    corrected = desk.save(made.id, POWER, MORE_COAL, answers=1)
    assert (corrected.state, corrected.version) == (State.VERIFYING, 2)
    with pytest.raises(StateRefused, match="version 2 stands"):
        desk.do(close, desk.lead, made.id, finding=1, accepted=verified, today=TODAY)
    settled = desk.weigh(made.id, line=3, field="quantity", value="12")
    assert settled.effect_g == 0
    desk.do(close, desk.lead, made.id, finding=1, accepted=settled, today=TODAY)
    desk.sign(made.id)
    desk.accept(made.id)
    receipt = desk.record(made.id)
    (finding,) = desk.filing(made.id).stand.findings
    assert finding.verified is not None
    assert (finding.verified.declared, finding.verified.value, [word.party for word in finding.words]) == ("10", "12", ["firm", "firm"])
    with desk.book.reading() as session:
        assert content(session, desk.preparer, made.id, 1)[1] == file_of(POWER, COAL)
        assert content(session, desk.preparer, made.id)[1] == file_of(POWER, MORE_COAL)
    assert receipt.sha256 == desk.filing(made.id).stand.sha256
    assert verify(desk.book) == []


def test_what_is_off_and_material_lets_no_opinion_be_unqualified(desk: Desk) -> None:
    made = desk.draft(POWER, COAL)
    desk.submit(made.id)
    desk.take_up(made.id, permille=20)
    for value, line in (("12", 3), ("90000", 2)):
        verified = desk.weigh(made.id, line=line, field="quantity", value=value)
        desk.do(find, desk.lead, made.id, text="计量", weight=Weight.MINOR, verified=verified, today=TODAY)
    stand = desk.filing(made.id).stand
    effects = [finding.remaining_g for finding in stand.findings]
    assert effects[0] > 0 > effects[1]
    assert stand.misstatement_g == effects[0] - effects[1], "effects in both directions do not hide one another"
    assert stand.is_material
    for finding in stand.findings:
        accepted = desk.weigh(made.id, line=finding.line or 0, field="quantity", value=finding.verified.value or "")  # type: ignore[union-attr]
        desk.do(close, desk.lead, made.id, finding=finding.no, accepted=accepted, text="企业不更正", today=TODAY)
    with pytest.raises(StateRefused, match="cannot be unqualified"):
        desk.sign(made.id)
    assert desk.sign(made.id, opinion=Opinion.ADVERSE).state is State.VERIFIED
    with pytest.raises(StateRefused, match="adverse"):
        desk.accept(made.id)


def test_what_is_missing_is_replaced_conservatively_and_never_by_less(desk: Desk) -> None:
    made = desk.draft(COAL)
    desk.submit(made.id)
    desk.take_up(made.id)
    lower = desk.weigh(made.id, line=2, field="quantity", value="9", conservative=True)
    with pytest.raises(StateRefused, match="never makes the emission smaller"):
        desk.do(find, desk.lead, made.id, text="缺化验单", weight=Weight.MAJOR, verified=lower, today=TODAY)
    higher = desk.weigh(made.id, line=2, field="quantity", value="11", conservative=True)
    found = desk.do(find, desk.lead, made.id, text="缺化验单", weight=Weight.MAJOR, verified=higher, today=TODAY)
    assert found.stand.findings[0].verified.conservative


def test_a_rejection_gives_the_reason_and_the_next_version_makes_it_a_draft_again(desk: Desk) -> None:
    made = desk.draft(POWER)
    desk.submit(made.id)
    with pytest.raises(StateRefused, match="says why"):
        desk.do(reject, desk.regulator, made.id, reason=" ", today=TODAY)
    given_back = desk.do(reject, desk.regulator, made.id, reason="缺 8 月电费单", today=TODAY)
    decision = given_back.stand.decided(Kind.REJECTED)
    assert (given_back.state, decision.text, decision.actor) == (State.REJECTED, "缺 8 月电费单", "r1")
    assert desk.save(made.id, POWER, COAL).state is State.DRAFT
    desk.submit(made.id)
    desk.take_up(made.id)
    desk.sign(made.id)
    desk.accept(made.id)
    assert desk.record(made.id).lines == 3, "power stands by location and by the market"


def test_a_restatement_reverses_and_books_anew_with_its_bridge(desk: Desk) -> None:
    first = desk.accepted(POWER, COAL)
    old = desk.record(first.id)
    before = county_g(desk)
    with desk.book.writing() as session:
        made = restate(session, desk.preparer, first.id, now=NOW)
    assert (made.restates, made.version) == (first.id, 1)
    with pytest.raises(StateRefused, match="they come to the same to the gram"):
        desk.submit(made.id)
    desk.save(made.id, POWER, MORE_COAL, "combustion.stationary.bituminous,1,t,2023-08,s01,belt 2")
    desk.submit(made.id)
    desk.take_up(made.id)
    desk.sign(made.id)
    desk.accept(made.id)
    receipt = desk.record(made.id)
    assert (receipt.replaces, receipt.reversed_entries) == (old.import_id, 3)
    booked = desk.filing(made.id).stand.booked
    assert booked is not None
    assert booked.bridge is not None
    assert booked.second == "v1", "who accepted books, so who verified is the second person"
    way = booked.bridge
    after = county_g(desk)
    assert (way.old_g, way.new_g) == (before, after)
    assert way.old_g + sum(way.parts.values()) == way.new_g
    assert way.activity > 0
    assert way.boundary > 0
    assert (way.factor, way.gwp, way.method) == (0, 0, 0)
    with desk.book.reading() as session:
        july = [(one.closed, one.second) for one in rulings(session, 202307)]
        assert july == [(True, None), (False, "v1"), (True, None)]
    with pytest.raises(PeriodClosed):
        desk.firm.file(COAL.replace("2023-07", "2023-09"), name="late.csv")
    assert verify(desk.book) == []


def test_a_year_has_one_filing_and_what_is_restated_is_restated_once(desk: Desk) -> None:
    first = desk.draft(POWER)
    with pytest.raises(FilingExists, match="go on with"):
        desk.open()
    with pytest.raises(StateRefused, match="only what was booked"):
        desk.open(restates=first.id)
    desk.submit(first.id)
    desk.take_up(first.id)
    desk.sign(first.id)
    desk.accept(first.id)
    desk.record(first.id)
    with pytest.raises(FilingExists, match="open one that restates"):
        desk.open()
    again = desk.open(restates=first.id)
    with pytest.raises(FilingExists):
        desk.open(restates=first.id)
    assert again.restates == first.id


def test_a_year_is_submitted_once_it_is_over_and_holds_no_line_of_another(desk: Desk) -> None:
    now = desk.draft(POWER.replace("2023-07", "2026-03"), year=2026)
    with pytest.raises(StateRefused, match="2026 is not over"):
        desk.submit(now.id)
    other = desk.draft(POWER.replace("2023-07", "2022-07"))
    with pytest.raises(FaultyFile) as caught:
        desk.submit(other.id)
    assert [(fault.row, fault.code) for fault in caught.value.faults] == [(2, "filing.year")]


def test_lines_that_changed_after_they_were_calculated_are_not_submitted(desk: Desk) -> None:
    made = desk.draft(POWER)
    declared = declare(desk.read(made.id), PRICES)
    desk.save(made.id, POWER, COAL)
    with pytest.raises(StateRefused, match="version that stands is 2"):
        desk.do(submit, desk.preparer, made.id, declared=declared, today=TODAY)


def test_whoever_prepared_it_neither_verifies_nor_signs_nor_accepts(desk: Desk) -> None:
    own = frozenset({desk.firm.id})
    made = desk.draft(POWER)
    desk.save(made.id, COAL, principal=Principal("v1", Role.WRITER, holders=own))
    desk.save(made.id, POWER)
    desk.submit(made.id)
    with pytest.raises(PreparerVerifies):
        desk.take_up(made.id)
    lead = Principal("v2", Role.READER, holders=own)
    taken = Desk(desk.firm, desk.preparer, lead, Principal("v1", Role.READER, holders=own), desk.regulator)
    taken.take_up(made.id)
    with pytest.raises(PreparerVerifies):
        taken.sign(made.id)
    with pytest.raises(NotAccredited, match="nobody"):
        Desk(desk.firm, desk.preparer, lead, Principal("nobody", Role.READER), desk.regulator).sign(made.id)
    with pytest.raises(StateRefused, match="two verifiers sign"):
        Desk(desk.firm, desk.preparer, lead, lead, desk.regulator).sign(made.id)


def test_the_firm_cannot_accept_and_who_verified_cannot_either(desk: Desk) -> None:
    made = desk.draft(POWER)
    desk.submit(made.id)
    desk.take_up(made.id)
    desk.sign(made.id)
    for principal in (desk.preparer, desk.lead, Principal("w", Role.WRITER)):
        with pytest.raises(NotAllowed):
            desk.do(accept, principal, made.id)
    with pytest.raises(PreparerVerifies):
        desk.do(accept, Principal("v1", Role.AUTHORITY, divisions=frozenset({COUNTY})), made.id)
    with pytest.raises(StateRefused):
        desk.record(made.id, desk.preparer)


def test_only_who_accepted_or_the_firm_books(desk: Desk) -> None:
    made = desk.accepted(POWER)
    before = size(desk)
    with pytest.raises(NotAllowed):
        desk.record(made.id, Principal("r2", Role.AUTHORITY, divisions=frozenset({COUNTY})))
    assert size(desk) == before
    assert desk.record(made.id, desk.preparer).lines == 2
    with pytest.raises(StateRefused, match="once"):
        desk.record(made.id)


def test_an_area_accepts_what_lies_within_it_and_leaves_the_rest_to_the_area_above(make_firm: Any) -> None:
    from tests.carbon.enterprise.filing.conftest import desk_of

    desk = desk_of(make_firm(sites={"s01": COUNTY, "s02": "330106"}))
    made = desk.draft(POWER)
    desk.submit(made.id)
    desk.take_up(made.id)
    desk.sign(made.id)
    with pytest.raises(NotAllowed, match="the area above"):
        desk.accept(made.id)
    province = Principal("r9", Role.AUTHORITY, divisions=frozenset({"330000"}))
    assert desk.do(accept, province, made.id).state is State.ACCEPTED
    assert desk.record(made.id, province).lines == 2
    assert verify(desk.book) == []


def test_the_same_lines_saved_twice_are_one_version(desk: Desk) -> None:
    made = desk.draft(POWER)
    again = desk.save(made.id, POWER)
    assert (again.version, again.tag) == (1, made.tag)
    with pytest.raises(FaultyFile, match="this one 0"):
        desk.do(save_version, desk.preparer, made.id, name="x.csv", data=b"", lines=0)


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [(9, "quantity", "1"), (2, "quantity", "1,5"), (2, "v_CaO", "65"), (2, "line", "1"), (2, "colour", "red"), (2, "extra", "{}")],
)
def test_a_value_is_held_against_a_field_that_a_line_has(desk: Desk, line: int, field: str, value: str) -> None:
    made = desk.draft(POWER)
    with pytest.raises(BadFinding):
        desk.weigh(made.id, line=line, field=field, value=value)


def test_a_contract_counts_where_it_was_signed_for_and_none_that_came_later_does(desk: Desk) -> None:
    made = desk.draft(POWER)
    desk.submit(made.id)
    desk.take_up(made.id)
    half = Instrument(kind=MarketKind.CONTRACT, carrier="electricity", amount="50000", unit="kWh")

    def buy() -> str:
        with desk.book.writing() as session:
            days = {"valid_from": date(2023, 1, 1), "valid_until": date(2023, 12, 31)}
            return add_contract(session, desk.preparer, holder=desk.firm.id, instrument=half, now=NOW, **days).id

    def market_g() -> int:
        lines = desk.read(made.id).calculated.lines(holder=desk.firm.id).filter(pl.col("book") == "market")
        return int(lines["amount"].sum())

    whole, first = market_g(), buy()
    assert market_g() * 2 == whole, "before it is signed each contract counts"
    assert desk.sign(made.id).stand.contracts == (first,)
    buy()
    assert market_g() * 2 == whole
    desk.accept(made.id)
    desk.record(made.id)
    assert desk.firm.cells()[f"market|{COUNTY}|2|electricity", 202307, "CO2"] * 2 == whole


def test_a_variable_of_a_guide_is_weighed_like_a_quantity(desk: Desk) -> None:
    made = desk.open()
    line = "process.cement.clinker,1000,t,2023-07,s01,kiln 1,cement.clinker_oxide.clinker,65,0.025"
    data = file_of(line, head=f"{HEAD},formula,v_CaO [%],v_MgO")
    desk.do(save_version, desk.preparer, made.id, name="lines.csv", data=data, lines=1)
    found = desk.weigh(made.id, line=2, field="v_CaO", value="0.66")
    assert found.declared == "0.65"
    assert found.effect_g == pytest.approx(1000 * 10**6 * 0.01 * 44 / 56, abs=1)
    assert desk.submit(made.id).stand.declared.total_g == found.declared_g  # type: ignore[union-attr]


def test_a_value_that_finds_no_factor_is_told_as_the_lines_fault(desk: Desk) -> None:
    made = desk.draft(POWER)
    with pytest.raises(FaultyFile):
        desk.weigh(made.id, line=2, field="factor", value="no-such/factor#1")


def test_an_admin_at_the_machine_may_do_a_firms_part(desk: Desk) -> None:
    made = desk.accepted(POWER)
    assert desk.record(made.id, LOCAL_ADMIN).lines == 2
    assert gwp_set(desk.filing(made.id).stand.declared.gwp) is PRICES  # type: ignore[union-attr]
