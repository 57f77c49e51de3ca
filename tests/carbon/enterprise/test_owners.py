"""Tables of owners: told whole with a reason, kept, seen from both sides, and applied by their days."""

from collections.abc import Callable
from datetime import date

import pytest

from carbon.enterprise.errors import BadShares
from carbon.enterprise.owners import Part, Share, applied, standing_on, tell_owners, told_shares
from carbon.errors import HolderNotFound
from ledger.errors import NotAllowed
from ledger.principal import LOCAL_ADMIN, LOCAL_READER, Principal, Role
from tests.carbon.conftest import NOW, Firm

Maker = Callable[..., Firm]


def tell(firm: Firm, day: date, *parts: tuple[Firm, int], principal: Principal = LOCAL_ADMIN, approach: str = "equity") -> list[Share]:
    with firm.book.writing() as session:
        return tell_owners(
            session, principal, holder=firm.id, approach=approach, parts=[Part(owner=one.id, ppm=ppm) for one, ppm in parts],
            valid_from=day, reason="改制", now=NOW,
        )  # fmt: skip


def told(firm: Firm, principal: Principal = LOCAL_ADMIN) -> list[Share]:
    with firm.book.reading(principal) as session:
        return told_shares(session, principal, holder=firm.id)


def of(*firms: Firm, role: Role = Role.WRITER) -> Principal:
    return Principal("x", role, holders=frozenset(one.id for one in firms))


def test_a_table_replaces_the_one_before_from_its_day_on(make_firm: Maker) -> None:
    firm, first, second = make_firm(), make_firm(), make_firm()
    tell(firm, date(2023, 1, 1), (first, 600_000), (second, 400_000))
    tell(firm, date(2024, 7, 1), (second, 1_000_000))
    held = {
        day: {one.owner: one.ppm for one in standing_on(told(firm), day)} for day in (date(2022, 1, 1), date(2024, 6, 30), date(2024, 7, 1))
    }
    assert list(held.values()) == [{}, {first.id: 600_000, second.id: 400_000}, {second.id: 1_000_000}]
    used = applied(told(firm), owner=second.id, approach="equity", start=date(2024, 1, 1), end=date(2024, 12, 31))
    assert [(one.valid_from, one.ppm) for one in used] == [(date(2023, 1, 1), 400_000), (date(2024, 7, 1), 1_000_000)]
    ended = applied(told(firm), owner=first.id, approach="equity", start=date(2025, 1, 1), end=date(2025, 12, 31))
    assert ended == []


def test_a_table_between_two_touches_neither(make_firm: Maker) -> None:
    firm, first, guest = make_firm(), make_firm(), make_firm()
    for day in (date(2020, 1, 1), date(2022, 1, 1)):
        tell(firm, day, (first, 500_000))
    tell(firm, date(2021, 1, 1), (guest, 900_000))
    years = [{one.owner: one.ppm for one in standing_on(told(firm), date(year, 6, 1))} for year in (2020, 2021, 2022)]
    assert years == [{first.id: 500_000}, {guest.id: 900_000}, {first.id: 500_000}]


def test_what_cannot_stand_is_refused_whole(make_firm: Maker) -> None:
    firm, first, second = make_firm(), make_firm(), make_firm()
    tell(firm, date(2023, 1, 1), (first, 600_000))
    wrong: list[tuple[date, list[tuple[Firm, int]], str]] = [
        (date(2024, 1, 1), [(first, 600_000), (second, 400_001)], "equity"), (date(2024, 1, 1), [(first, 1), (first, 2)], "equity"),
        (date(2023, 1, 1), [(second, 1)], "equity"), (date(2024, 1, 1), [(first, 5)], "operational"),
        (date(2024, 1, 1), [(first, -1)], "equity"), (date(2024, 1, 1), [], "financial"),
    ]  # fmt: skip
    for day, parts, approach in wrong:
        with pytest.raises(BadShares):
            tell(firm, day, *parts, approach=approach)
    with firm.book.writing() as session, pytest.raises(BadShares):
        tell_owners(
            session, LOCAL_ADMIN, holder=firm.id, approach="equity", parts=[], valid_from=date(2024, 1, 1), reason=" ", now=NOW
        )  # fmt: skip
    assert len(told(firm)) == 1


def test_a_firm_tells_of_itself_and_nobody_claims_another(make_firm: Maker) -> None:
    firm, owner = make_firm(), make_firm()
    with pytest.raises(HolderNotFound):
        tell(firm, date(2023, 1, 1), (owner, 1_000_000), principal=of(owner))
    for principal in (LOCAL_READER, of(firm, role=Role.READER), Principal("a", Role.AUTHORITY)):
        with pytest.raises(NotAllowed):
            tell(firm, date(2023, 1, 1), (owner, 1_000_000), principal=principal)
    tell(firm, date(2023, 1, 1), (owner, 1_000_000), principal=of(firm))
    assert told(firm)[0].actor == "x"


def test_a_share_is_seen_from_both_sides_and_by_nobody_else(make_firm: Maker) -> None:
    firm, owner, stranger = make_firm(), make_firm(), make_firm()
    tell(firm, date(2023, 1, 1), (owner, 700_000))
    for one in (firm, owner):
        assert [share.ppm for share in told(firm, of(one, role=Role.READER))] == [700_000]
    assert told(firm, of(stranger, role=Role.READER)) == []
    assert told(firm, Principal("r", Role.READER, divisions=frozenset({"110101"}))) == []
