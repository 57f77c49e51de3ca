"""One kWh feeds one mechanism: claims of a plant's month never exceed what it generated, whoever asks and however many at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.audit import verify
from carbon.enterprise.errors import GenerationRefused, GenerationTaken
from carbon.enterprise.obligation import claim as mechanism
from carbon.enterprise.obligation.rules import certificate
from carbon.errors import HolderNotFound
from ledger.errors import NotAllowed
from ledger.principal import LOCAL_ADMIN, LOCAL_READER, Principal
from tests.carbon.enterprise.obligation.conftest import NOW, TODAY, Owing

MONTH = 202407


def meters(firm: Owing, kwh: int, *, plant: str = "pv-1", **more: object) -> mechanism.Month:
    with firm.book.writing() as session:
        return mechanism.meter(session, firm.own, holder=firm.id, plant=plant, month=MONTH, kwh=kwh, now=NOW, **more)  # type: ignore[arg-type]


def takes(firm: Owing, name: str, kwh: int, *, plant: str = "pv-1", principal: Principal | None = None) -> mechanism.Month:
    with firm.book.writing() as session:
        return mechanism.claim(
            session, principal or firm.own, holder=firm.id, plant=plant, month=MONTH, mechanism=name, kwh=kwh, now=NOW
        )  # fmt: skip


def certifies(firm: Owing, count: int, *, plant: str = "pv-1", month: int = MONTH) -> int:
    with firm.book.writing() as session:
        return mechanism.certify(session, LOCAL_ADMIN, holder=firm.id, plant=plant, month=month, count=count, now=NOW, day=TODAY)


def test_a_kwh_that_one_mechanism_took_feeds_no_other_and_the_refusal_names_it(firm: Owing) -> None:
    meters(firm, 10_500)
    certifies(firm, 6)
    takes(firm, "PHCER", 1_000)
    with pytest.raises(GenerationTaken) as refused:
        takes(firm, "CCER", 3_501)
    assert (refused.value.generated, refused.value.taken) == (10_500, {"GEC": 6_000, "PHCER": 1_000})
    assert "generated 10500 kWh in 2024-07, of which GEC took 6000, PHCER took 1000" in str(refused.value)
    assert takes(firm, "CCER", 3_500).free == 0
    with firm.book.reading() as session:
        (month,) = mechanism.months(session, firm.own, holder=firm.id)
    assert (month.taken, month.free) == ({"GEC": 6_000, "PHCER": 1_000, "CCER": 3_500}, 0)


def test_certificates_are_whole_of_a_month_and_good_for_two_years(firm: Owing) -> None:
    meters(firm, 2_999)
    entry = certifies(firm, 1)
    certifies(firm, 1)
    held = firm.holdings("GEC")
    assert [(one.series, one.first, one.vintage, one.expires_on) for one in held] == [
        ("pv-1-202407", 1, 202407, date(2026, 7, 31)), ("pv-1-202407", 2, 202407, date(2026, 7, 31)),
    ]  # fmt: skip
    assert held[0].lot == entry
    with pytest.raises(GenerationTaken, match="1000 kWh for GEC"):
        certifies(firm, 1)
    with pytest.raises(GenerationRefused, match="whole"):
        takes(firm, "GEC", 999)
    with pytest.raises(GenerationRefused, match="whole"):
        certifies(firm, 0)
    assert firm.has() == {"GEC": 2}
    assert verify(firm.book) == []


def test_what_a_storage_discharges_feeds_nothing(firm: Owing) -> None:
    meters(firm, 5_000, plant="battery", storage=True)
    for name in ("GEC", "CCER", "PHCER"):
        with pytest.raises(GenerationRefused, match="storage"):
            takes(firm, name, 1_000, plant="battery")
    with pytest.raises(GenerationRefused, match="storage"):
        certifies(firm, 1, plant="battery")
    meters(firm, 1_000, plant="mixed")
    meters(firm, 9_000, plant="mixed", storage=True)
    with pytest.raises(GenerationTaken):
        takes(firm, "CCER", 1_001, plant="mixed")
    assert firm.has() == {}


def test_a_correction_leaves_no_less_than_was_taken(firm: Owing) -> None:
    meters(firm, 5_000)
    takes(firm, "CCER", 4_000)
    with pytest.raises(GenerationTaken, match="CCER took 4000"):
        meters(firm, -1_001)
    assert meters(firm, -1_000).free == 0
    with pytest.raises(GenerationRefused):
        meters(firm, -1, plant="pv-2")


def test_a_plant_is_one_holders_and_a_claim_is_the_writers(firm: Owing, make_owing: Callable[[], Owing]) -> None:
    other = make_owing()
    meters(firm, 5_000)
    with pytest.raises(GenerationRefused, match="another holder"):
        meters(other, 5_000)
    with pytest.raises(GenerationRefused, match="another holder"):
        takes(other, "CCER", 1)
    with pytest.raises(NotAllowed):
        takes(firm, "CCER", 1, principal=LOCAL_READER)
    with pytest.raises(HolderNotFound):
        takes(firm, "CCER", 1, principal=other.own)
    with firm.book.writing() as session, pytest.raises(NotAllowed):
        mechanism.certify(session, firm.own, holder=firm.id, plant="pv-1", month=MONTH, count=1, now=NOW, day=TODAY)


@pytest.mark.parametrize(
    ("plant", "month", "kwh", "name"),
    [
        ("pv 1", MONTH, 1, "CCER"), ("", MONTH, 1, "CCER"), ("p" * 61, MONTH, 1, "CCER"), ("pv-1", 202413, 1, "CCER"),
        ("pv-1", 202512, 1, "CCER"), ("pv-1", 190001, 1, "CCER"), ("pv-1", MONTH, 0, "CCER"), ("pv-1", MONTH, -1, "CCER"),
        ("pv-1", MONTH, 10**13, "CCER"), ("pv-1", MONTH, 1, "generated"), ("pv-1", MONTH, 1, "VCS"),
    ],
)  # fmt: skip
def test_what_is_no_plant_month_or_amount_is_refused(firm: Owing, plant: str, month: int, kwh: int, name: str) -> None:
    meters(firm, 5_000)
    with firm.book.writing() as session, pytest.raises(GenerationRefused):
        mechanism.claim(session, firm.own, holder=firm.id, plant=plant, month=month, mechanism=name, kwh=kwh, now=NOW)


def test_certificates_begin_with_the_month_that_the_rule_names(firm: Owing) -> None:
    with pytest.raises(GenerationRefused, match="202308"):
        certifies(firm, 1, month=202307)


def test_sixteen_at_once_take_no_more_than_was_generated(firm: Owing) -> None:
    meters(firm, 10_000)

    def send(number: int) -> int:
        try:
            if number % 3 == 0:
                certifies(firm, 1)
            else:
                takes(firm, ("CCER", "PHCER")[number % 2], 1_000)
        except GenerationTaken:
            return 0
        return 1_000

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(send, range(16))) == 10_000
    with firm.book.reading() as session:
        (month,) = mechanism.months(session, firm.own, holder=firm.id)
    assert sum(month.taken.values()) == month.generated == 10_000
    assert month.taken.get("GEC", 0) == 1_000 * firm.has().get("GEC", 0)
    assert verify(firm.book) == []


@given(st.integers(2023, 2100), st.integers(1, 12))
def test_a_certificate_is_good_to_the_end_of_its_month_two_years_on(year: int, month: int) -> None:
    last = mechanism.last_day(certificate(), year * 100 + month)
    assert (last.year, last.month) == (year + 2, month)
    assert date.fromordinal(last.toordinal() + 1).day == 1
