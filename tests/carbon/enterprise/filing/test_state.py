"""The laws of the fold: whatever happens in whatever order, by whomever, nothing is booked that two others did not verify and accept."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.enterprise.errors import PreparerVerifies, StateRefused
from carbon.enterprise.filing.finding import Verified, Weight, threshold_g
from carbon.enterprise.filing.said import (
    ACCEPTABLE,
    Accepted,
    Assurance,
    Attached,
    Booked,
    Closed,
    Event,
    Found,
    Kind,
    Opened,
    Opinion,
    Party,
    Rejected,
    Replied,
    Saved,
    Signed,
    Submitted,
    TakenUp,
    What,
    event_names,
    kind_of,
)
from carbon.enterprise.filing.state import RULES, FilingState, State, apply, fold

AT = datetime(2026, 11, 25, tzinfo=UTC)
ACTORS = ("ann", "bob", "cai", "dee", "eve")
HASHES = ("aa", "bb")
actors, hashes, numbers = st.sampled_from(ACTORS), st.sampled_from(HASHES), st.integers(1, 3)
verified = st.builds(
    Verified, version=numbers, line=st.just(2), field=st.just("quantity"), declared=st.just("1"), value=st.just("2"),
    declared_g=st.integers(0, 100), verified_g=st.integers(0, 100), conservative=st.booleans(),
)  # fmt: skip
whats = st.one_of(
    st.builds(Opened, year=st.just(2023), guide=st.just("general")),
    st.builds(Saved, version=numbers, sha256=hashes, name=st.just("a.csv"), lines=st.just(1), answers=st.none() | numbers),
    st.builds(Attached, sha256=hashes, name=st.just("a.pdf")),
    st.builds(Submitted, version=numbers, sha256=hashes, total_g=st.just(1000), gwp=st.just("AR5.100")),
    st.builds(TakenUp, assurance=st.sampled_from(Assurance), materiality_permille=st.integers(0, 60)),
    st.builds(Found, finding=numbers, text=st.just("x"), weight=st.sampled_from(Weight), verified=st.none() | verified),
    st.builds(Replied, finding=numbers, text=st.just("y")),
    st.builds(Closed, finding=numbers, accepted=st.none() | verified),
    st.builds(Signed, version=numbers, sha256=hashes, opinion=st.sampled_from(Opinion), second=actors),
    st.builds(Rejected, reason=st.sampled_from(("", "late"))),
    st.builds(Accepted, version=numbers, sha256=hashes),
    st.builds(Booked, version=numbers, sha256=hashes, import_id=st.just("i1")),
)
anything = st.tuples(whats, actors, st.sampled_from(Party))


def event(what: What, actor: str, party: Party, *, no: int = 0) -> Event:
    return Event(no=no, actor=actor, party=party, at=AT + timedelta(minutes=no), what=what)


GOOD: tuple[tuple[What, str, Party], ...] = (
    (Opened(year=2023, guide="general"), "ann", Party.FIRM),
    (Saved(version=1, sha256="aa", name="a.csv", lines=1), "ann", Party.FIRM),
    (Submitted(version=1, sha256="aa", total_g=1000, gwp="AR5.100"), "ann", Party.FIRM),
    (TakenUp(assurance=Assurance.REASONABLE, materiality_permille=20), "bob", Party.VERIFIER),
    (Signed(version=1, sha256="aa", opinion=Opinion.UNQUALIFIED, second="cai"), "bob", Party.VERIFIER),
    (Accepted(version=1, sha256="aa"), "dee", Party.AUTHORITY),
    (Booked(version=1, sha256="aa", import_id="i1"), "dee", Party.AUTHORITY),
)


def happening(tried: Sequence[tuple[What, str, Party]]) -> list[Event]:
    """What of it can happen, one after the other."""
    state, events = FilingState(), []
    for what, actor, party in tried:
        one = event(what, actor, party, no=len(events))
        try:
            state = apply(state, one)
        except (StateRefused, PreparerVerifies):
            continue
        events.append(one)
    return events


def upto(kind: Kind) -> FilingState:
    """The good way as far as an event of that kind, which has happened."""
    found = []
    for no, (what, actor, party) in enumerate(GOOD):
        found.append(event(what, actor, party, no=no))
        if kind_of(what) is kind:
            break
    return fold(found)


def check_chain(events: Sequence[Event]) -> None:
    """What must have happened where a filing is booked."""
    state = fold(events)
    if state.state is not State.BOOKED:
        return
    kinds = [kind_of(one.what) for one in events]
    at = {kind: len(kinds) - 1 - kinds[::-1].index(kind) for kind in set(kinds)}
    assert at[Kind.SUBMITTED] < at[Kind.TAKEN_UP] < at[Kind.SIGNED] < at[Kind.ACCEPTED] < at[Kind.BOOKED]
    signed, accepted, booked = (events[at[kind]] for kind in (Kind.SIGNED, Kind.ACCEPTED, Kind.BOOKED))
    assert isinstance(signed.what, Signed)
    signers = {signed.actor, signed.what.second}
    assert len(signers) == 2
    preparers = {one.actor for one in events if one.party is Party.FIRM and kind_of(one.what) is not Kind.BOOKED}
    assert not signers & preparers
    assert accepted.actor not in preparers | signers
    assert signed.what.opinion in ACCEPTABLE
    versions = {(one.what.version, one.what.sha256) for one in (signed, accepted, booked)}  # type: ignore[union-attr]
    assert versions == {(state.version, state.sha256)}, "verified, accepted and booked is one version"
    assert not state.open_findings
    assert signed.what.opinion is not Opinion.UNQUALIFIED or not state.is_material


@given(st.lists(anything, max_size=25))
def test_no_order_of_events_books_what_two_others_did_not_verify_and_a_third_accept(tried: list[tuple[What, str, Party]]) -> None:
    check_chain(happening(tried))


@given(st.lists(st.tuples(st.integers(0, len(GOOD)), anything), max_size=12))
def test_nor_does_any_order_that_is_woven_into_a_good_one(woven: list[tuple[int, tuple[What, str, Party]]]) -> None:
    tried = list(GOOD)
    for at, one in sorted(woven, key=lambda pair: pair[0], reverse=True):
        tried.insert(at, one)
    check_chain(happening(tried))


def test_the_good_way_leads_to_booked() -> None:
    assert upto(Kind.BOOKED).state is State.BOOKED


@given(st.lists(st.tuples(st.integers(0, len(GOOD)), anything), max_size=12))
def test_the_fold_gives_the_same_state_at_once_step_by_step_and_from_what_was_kept(
    woven: list[tuple[int, tuple[What, str, Party]]],
) -> None:
    tried = list(GOOD)
    for at, one in sorted(woven, key=lambda pair: pair[0], reverse=True):
        tried.insert(at, one)
    events = happening(tried)
    state = FilingState()
    for one in events:
        state = apply(state, one)
    kept = msgspec.json.decode(msgspec.json.encode(events), type=list[Event])
    assert fold(events) == state == fold(kept)
    assert msgspec.json.decode(msgspec.json.encode(state), type=FilingState) == state


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("party", list(Party))
def test_each_kind_is_done_by_its_parties_alone(kind: Kind, party: Party) -> None:
    """Whoever has no part in a kind is refused in every state in which it may happen."""
    samples = {kind_of(what): what for what, _, _ in GOOD} | {
        Kind.ATTACHED: Attached(sha256="cc", name="a.pdf"),
        Kind.FOUND: Found(finding=1, text="x", weight=Weight.MINOR),
        Kind.REPLIED: Replied(finding=1, text="y"),
        Kind.CLOSED: Closed(finding=1),
        Kind.REJECTED: Rejected(reason="late"),
    }
    if party in RULES[kind].parties:
        return
    for state in RULES[kind].states:
        with pytest.raises(StateRefused, match="this is done by"):
            apply(FilingState(state=state), event(samples[kind], "eve", party))


def test_who_verified_writes_nothing_of_it_afterwards() -> None:
    signed = upto(Kind.SIGNED)
    back = apply(signed, event(Rejected(reason="late"), "dee", Party.AUTHORITY))
    for actor in ("bob", "cai"):
        with pytest.raises(PreparerVerifies):
            apply(back, event(Saved(version=2, sha256="bb", name="b.csv", lines=1), actor, Party.FIRM))
    assert apply(back, event(Saved(version=2, sha256="bb", name="b.csv", lines=1), "eve", Party.FIRM)).state is State.DRAFT


def test_a_major_finding_is_closed_after_the_firm_answered_and_with_a_value_where_it_named_one() -> None:
    verifying = upto(Kind.TAKEN_UP)
    right = Verified(version=1, line=2, field="quantity", declared="1", value="2", declared_g=10, verified_g=20)
    found = apply(verifying, event(Found(finding=1, text="x", weight=Weight.MAJOR, verified=right), "bob", Party.VERIFIER))
    assert found.findings[0].waits_for == "firm"
    with pytest.raises(StateRefused, match="the value that holds"):
        apply(found, event(Closed(finding=1), "bob", Party.VERIFIER))
    with pytest.raises(StateRefused, match="once the firm has answered"):
        apply(found, event(Closed(finding=1, accepted=right), "bob", Party.VERIFIER))
    answered = apply(found, event(Replied(finding=1, text="no"), "ann", Party.FIRM))
    assert answered.findings[0].waits_for == "verifier"
    closed = apply(answered, event(Closed(finding=1, accepted=right), "bob", Party.VERIFIER))
    assert (closed.findings[0].waits_for, closed.misstatement_g) == (None, 10)


@given(st.integers(-(10**18), 10**18), st.integers(1, 1000))
def test_the_threshold_is_that_part_of_the_total_rounded_down(total: int, permille: int) -> None:
    threshold = threshold_g(total, permille=permille)
    assert threshold * 1000 <= abs(total) * permille < (threshold + 1) * 1000


def test_others_are_told_of_what_concerns_them_by_name() -> None:
    assert event_names() == (
        "filing.submitted", "filing.taken-up", "filing.found", "filing.replied", "filing.closed", "filing.signed", "filing.rejected",
        "filing.accepted", "filing.booked",
    )  # fmt: skip
