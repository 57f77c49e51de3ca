"""Tags are kept with their rule, appealed against once and decided by another; on both engines."""

from collections.abc import Callable
from typing import Any

import pytest

from carbon.audit import verify
from carbon.enterprise.efficiency.grade import Facts, Mean, Tag
from carbon.enterprise.efficiency.pack import pack
from carbon.enterprise.efficiency.tag import appeal, decide, gather, give, tags
from carbon.enterprise.errors import TagRefused
from carbon.enterprise.firm import Economy, say
from carbon.errors import HolderNotFound
from ledger.errors import NotAllowed
from ledger.principal import LOCAL_ADMIN, LOCAL_READER, Principal, Role
from tests.carbon.conftest import NOW, TODAY, Firm
from tests.carbon.enterprise.obligation.conftest import Owing

HUZHOU = pack("zj-huzhou/2022")
COAL = "combustion.stationary.bituminous,10,t,2023-07,s01,belt 1"
POWER = "electricity.grid,100,kWh,2023-07,s01,meter 1"
CLINKER = "process.cement.clinker,1,t,2023-07,s01,kiln"
MEAN = Mean(industry="3011", exact="1", source="invented yearbook, table 1")
OFFICE = Principal(actor="u-office", role=Role.AUTHORITY, divisions=frozenset({"330500"}))


def own(firm: Firm) -> Principal:
    return Principal(actor="u-firm", role=Role.WRITER, holders=frozenset({firm.id}))


def gathered(firm: Firm, **more: Any) -> Facts:
    with firm.book.reading() as session:
        told = {"coverage": "0.99", "deducted": {}, "year": 2023, "today": TODAY} | more
        return gather(session, LOCAL_ADMIN, holder=firm.id, **told)


def tagged(firm: Firm, **more: Any) -> Tag:
    with firm.book.writing() as session:
        (said,) = give(session, OFFICE, HUZHOU, [gathered(firm, **more)], given={firm.id: MEAN}, now=NOW)
    assert isinstance(said.content, Tag)
    return said.content


def ready(firm: Firm, *, added: int = 10_000_000) -> None:
    firm.file(COAL, POWER)
    with firm.book.writing() as session:
        fact = Economy(year=2023, value_added_fen=added)
        say(session, LOCAL_ADMIN, holder=firm.id, fact=fact, valid_from=TODAY, reason="yearly report", now=NOW)
    Owing(firm).filing(year=2023)


def test_a_tag_comes_from_the_book_and_is_kept_with_its_rule(firm: Firm) -> None:
    ready(firm)
    made = tagged(firm)
    assert (made.net_g, made.l_exact) == (17_470_883 + 49_740, "17520623/10000000")
    assert (made.k, made.grade, made.level, made.pack) == ("1.7521", "4", "medium", "zj-huzhou/2022")
    with firm.book.reading(own(firm)) as session:
        (said,) = tags(session, own(firm), holder=firm.id, year=2023)
    assert (said.no, said.kind, said.rule, said.actor, said.content) == (1, "tag", "zj-huzhou/2022", "u-office", made)
    assert verify(firm.book) == []


def test_what_the_book_does_not_hold_leaves_a_firm_grey(firm: Firm) -> None:
    assert tagged(firm).reason == "data-missing"
    firm.file(COAL, POWER)
    assert tagged(firm).reason == "data-missing", "no value added was told"
    with firm.book.writing() as session:
        fact = Economy(year=2023, value_added_fen=-5)
        say(session, LOCAL_ADMIN, holder=firm.id, fact=fact, valid_from=TODAY, reason="yearly report", now=NOW)
    filed = Owing(firm)
    filed.filing(year=2023, state="verifying")
    assert tagged(firm).reason == "not-verified"
    filed.filing(year=2023)
    assert tagged(firm).reason == "value-added"


def test_means_of_the_book_come_from_ten_firms_or_more(make_firm: Callable[..., Firm]) -> None:
    firms = [make_firm() for _ in range(10)]
    facts = [
        Facts(
            holder=firm.id,
            industry="C3011",
            year=2023,
            energy_g=10_000_000 * (n + 1),
            value_added_fen=100_000_000,
            coverage="1",
            verified=True,
        )
        for n, firm in enumerate(firms)
    ]
    with firms[0].book.writing() as session:
        whole = give(session, OFFICE, HUZHOU, facts, now=NOW)
        few = give(session, OFFICE, HUZHOU, facts[:9], now=NOW)
    grades = {said.holder: said.content.grade for said in whole if isinstance(said.content, Tag)}
    assert [grades[firm.id] for firm in firms] == ["1", "1", "1", "2", "3", "3", "4", "4", "4", "4"]
    assert {said.content.reason for said in few if isinstance(said.content, Tag)} == {"no-mean"}
    assert {said.no for said in few} == {2}


def test_an_appeal_is_decided_once_and_by_another(firm: Firm) -> None:
    ready(firm)
    tagged(firm)
    told: dict[str, Any] = {"holder": firm.id, "year": 2023, "now": NOW}
    with firm.book.writing() as session:
        with pytest.raises(TagRefused, match="no tag 7"):
            appeal(session, own(firm), of=7, reason="wrong", **told)
        with pytest.raises(TagRefused, match="says why"):
            appeal(session, own(firm), of=1, reason=" ", **told)
        said = appeal(session, own(firm), of=1, reason="steam sold was counted", documents=["ab" * 32], **told)
        assert said.no == 2
        with pytest.raises(TagRefused, match="already"):
            appeal(session, own(firm), of=1, reason="again", **told)
        for principal, error in (
            (own(firm), NotAllowed),
            (Principal("w", Role.WRITER), NotAllowed),
            (Principal("u-firm", Role.ADMIN), TagRefused),
        ):
            with pytest.raises(error):
                decide(session, principal, of=2, upheld=True, reason="so it is", **told)
        assert decide(session, OFFICE, of=2, upheld=True, reason="so it is", **told).no == 3
        with pytest.raises(TagRefused, match="decided already"):
            decide(session, OFFICE, of=2, upheld=False, reason="no", **told)
    tagged(firm, coverage="0.96")
    with firm.book.writing() as session:
        with pytest.raises(TagRefused, match="given anew"):
            appeal(session, own(firm), of=1, reason="once more", **told)
        appeal(session, own(firm), of=4, reason="once more", **told)
    with firm.book.reading() as session:
        assert [said.kind for said in tags(session, LOCAL_ADMIN)] == ["tag", "appeal", "decision", "tag", "appeal"]


def test_firms_tag_nobody_and_see_their_own_alone(firm: Firm, make_firm: Callable[..., Firm]) -> None:
    ready(firm)
    tagged(firm)
    other = make_firm()
    with firm.book.writing() as session:
        for principal in (own(firm), Principal("w", Role.WRITER), Principal("v", Role.READER, holders=frozenset({firm.id}))):
            with pytest.raises(NotAllowed):
                give(session, principal, HUZHOU, [gathered(firm)], now=NOW)
        elsewhere = Principal("r2", Role.AUTHORITY, divisions=frozenset({"110000"}))
        with pytest.raises(HolderNotFound):
            give(session, elsewhere, HUZHOU, [gathered(firm)], now=NOW)
        with pytest.raises(NotAllowed):
            appeal(session, LOCAL_READER, holder=firm.id, year=2023, of=1, reason="x", now=NOW)
        with pytest.raises(HolderNotFound):
            appeal(session, own(other), holder=firm.id, year=2023, of=1, reason="x", now=NOW)
    with firm.book.reading(own(other)) as session:
        assert tags(session, own(other)) == []


@pytest.mark.parametrize("coverage", ["1.01", "-0.1", "1e0", "97 %"])
def test_a_coverage_is_a_share(firm: Firm, coverage: str) -> None:
    with pytest.raises(TagRefused) as refused:
        tagged(firm, coverage=coverage)
    assert refused.value.field == "coverage"


def test_firms_of_one_year_are_tagged_together_and_each_once(firm: Firm) -> None:
    one = gathered(firm)
    with firm.book.writing() as session:
        for firms in ([one, one], [one, gathered(firm, year=2022)]):
            with pytest.raises(TagRefused):
                give(session, OFFICE, HUZHOU, firms, now=NOW)
