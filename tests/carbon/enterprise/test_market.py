"""Scope 2 by the market: instruments first, the residual mix for the rest, no unit covered twice, the amounts exactly those bought."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.activity import ActivityFrame, parse_activities
from carbon.bookkeeping import place_lines
from carbon.enterprise.errors import BadContract
from carbon.enterprise.market import BY_MARKET, Contract, Instrument, Kind, add_contract, contracts, with_market
from carbon.estimate import estimate
from carbon.region.divisions import chain_of, divisions
from factors.library import load_library
from ledger.errors import NotAllowed
from ledger.principal import LOCAL_ADMIN, LOCAL_READER
from tests.carbon.conftest import NOW, Firm

TODAY = date(2026, 11, 29)
SITES = {"s01": [(date(2020, 1, 1), "330522")], "s02": [(date(2020, 1, 1), "330106")]}
HEAD = "activity,quantity,unit,day,site,source,method"


def lines(*rows: str) -> ActivityFrame:
    data = "\n".join([HEAD, *rows, ""]).encode()
    return parse_activities(data, file="x.csv", tree=divisions(), today=TODAY, sites=SITES)


def contract(amount: str, *, id: str = "c1", unit: str = "MWh", kind: Kind = Kind.CERTIFICATE, **said: object) -> Contract:  # noqa: A002
    days = (date(2024, 1, 1), date(2024, 12, 31))
    return Contract(id, Instrument(kind=kind, carrier="electricity", amount=amount, unit=unit, **said), *days)  # type: ignore[arg-type]


def market(frame: ActivityFrame) -> list[tuple[int, str, Decimal]]:
    rows = frame.frame.filter(pl.col("method") == "market").sort("line").select("line", "activity", "quantity").rows()
    return [(line, activity, Decimal(quantity)) for line, activity, quantity in rows]


POWER = "electricity.grid,{},kWh,2024-0{},{},m,"


def test_without_a_contract_all_of_it_is_residual_mix() -> None:
    both = with_market(lines(POWER.format(1000, 1, "s01")), [])
    assert market(both) == [(2 + BY_MARKET, "electricity.grid", Decimal(1000))]


def test_certificates_cover_the_first_months_until_they_are_used_up() -> None:
    both = with_market(lines(POWER.format(8000, 1, "s01"), POWER.format(8000, 2, "s01"), POWER.format(8000, 3, "s01")), [contract("12")])
    assert market(both) == [
        (3 + BY_MARKET, "electricity.grid", Decimal(4000)),
        (4 + BY_MARKET, "electricity.grid", Decimal(8000)),
        (2 + 2 * BY_MARKET, "electricity.green", Decimal(8000)),
        (3 + 2 * BY_MARKET, "electricity.green", Decimal(4000)),
    ]


def test_what_is_covered_emits_nothing_and_the_rest_at_the_residual_mix() -> None:
    both = with_market(lines(POWER.format(10_000, 1, "s01")), [contract("4")])
    placed = place_lines(both, industry="C3011")
    masses = estimate(placed.lines, load_library(), chain=chain_of).lines.sort("line")
    # MEE announcement 2025 No. 47, table 1: 0.6096 kg/kWh without market-traded non-fossil power, table 3: Zhejiang 0.4974
    assert masses.select("line", "CO2").rows() == [(2, 4_974_000), (2 + BY_MARKET, 3_657_600), (2 + 2 * BY_MARKET, 0)]


def test_a_contract_of_one_site_covers_no_other() -> None:
    both = with_market(lines(POWER.format(1000, 1, "s01"), POWER.format(1000, 1, "s02")), [contract("5", site="s02")])
    assert {(line % BY_MARKET, activity) for line, activity, _ in market(both)} == {(2, "electricity.grid"), (3, "electricity.green")}


def test_a_period_beyond_the_contracts_days_is_not_covered() -> None:
    both = with_market(lines("electricity.grid,1000,kWh,2023-12,s01,m,"), [contract("5")])
    assert [activity for _, activity, _ in market(both)] == ["electricity.grid"]


def test_a_line_from_the_plant_goes_before_certificates() -> None:
    some = [contract("100", id="c1"), contract("600", id="c2", unit="kWh", kind=Kind.DIRECT)]
    both = with_market(lines(POWER.format(1000, 1, "s01")), some)
    assert market(both) == [
        (2 + 2 * BY_MARKET, "electricity.nonfossil_direct", Decimal(600)),
        (2 + 3 * BY_MARKET, "electricity.green", Decimal(400)),
    ]


def test_what_a_firm_files_by_the_market_itself_is_left_as_it_is() -> None:
    filed = lines(POWER.format(1000, 1, "s01"), "electricity.green,1000,kWh,2024-01,s01,m,market")
    assert with_market(filed, [contract("5")]).frame.equals(filed.frame)


def test_a_correction_below_zero_is_covered_by_nothing() -> None:
    filed = ActivityFrame(lines(POWER.format(1000, 1, "s01")).frame.with_columns(quantity=pl.lit("-5")), "x", b"0" * 32, {})
    assert market(with_market(filed, [contract("5")])) == [(2 + BY_MARKET, "electricity.grid", Decimal(-5))]


@given(
    bought=st.lists(st.integers(1, 10**9), min_size=1, max_size=6),
    sold=st.lists(st.tuples(st.integers(1, 10**6), st.sampled_from(["kWh", "MWh", "GJ"]), st.sampled_from(list(Kind))), max_size=4),
)
def test_by_the_market_adds_up_to_what_was_bought_and_no_contract_gives_more_than_it_has(
    bought: list[int], sold: list[tuple[int, str, Kind]]
) -> None:
    some = [contract(str(amount), id=f"c{no}", unit=unit, kind=kind) for no, (amount, unit, kind) in enumerate(sold)]
    both = with_market(lines(*(POWER.format(kwh, no + 1, "s01") for no, kwh in enumerate(bought))), some)
    by_row: dict[int, Decimal] = {}
    for line, _, amount in market(both):
        by_row[line % BY_MARKET] = by_row.get(line % BY_MARKET, Decimal(0)) + amount
    for no, kwh in enumerate(bought):
        assert abs(by_row[no + 2] - kwh) <= Decimal("1e-11"), "but for the twelfth place of a GJ in kWh"
    frame = both.frame.filter(pl.col("instrument").is_not_null())
    for one in some:
        taken = sum(Decimal(row) for row in frame.filter(pl.col("instrument") == one.id)["quantity"])
        scale = {"kWh": Decimal(1), "MWh": Decimal(1000), "GJ": Decimal(1000) / Decimal("3.6")}[one.instrument.unit]
        assert taken <= Decimal(one.instrument.amount) * scale + Decimal("1e-9")


def test_a_contract_is_kept_and_its_certificates_cover_nothing_else(firm: Firm) -> None:
    said = Instrument(kind=Kind.CERTIFICATE, carrier="electricity", amount="12", unit="MWh", certificates=("GEC-1", "GEC-2"))
    days = {"valid_from": date(2024, 1, 1), "valid_until": date(2024, 12, 31)}
    with firm.book.writing() as session:
        kept = add_contract(session, LOCAL_ADMIN, holder=firm.id, instrument=said, now=NOW, **days)
        assert contracts(session, LOCAL_ADMIN, holder=firm.id) == [kept]
        with pytest.raises(BadContract, match=f"{kept.id} names this certificate already"):
            add_contract(session, LOCAL_ADMIN, holder=firm.id, instrument=said, now=NOW, **days)
        with pytest.raises(NotAllowed):
            add_contract(session, LOCAL_READER, holder=firm.id, instrument=said, now=NOW, **days)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"carrier": "hydrogen"}, "carrier"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "1e3"}, "amount"),
        ({"unit": "t"}, "amount"),
        ({"site": "s99"}, "site"),
        ({"carrier": "heat"}, "factor"),
        ({"certificates": ("a", "a")}, "certificates"),
    ],
)
def test_a_contract_that_cannot_be_is_refused_by_its_field(firm: Firm, said: dict[str, object], field: str) -> None:
    whole = {"kind": Kind.CONTRACT, "carrier": "electricity", "amount": "1", "unit": "MWh"} | said
    with firm.book.writing() as session, pytest.raises(BadContract) as refused:
        add_contract(
            session, LOCAL_ADMIN, holder=firm.id, instrument=Instrument(**whole), valid_from=date(2024, 1, 1),  # type: ignore[arg-type]
            valid_until=date(2024, 12, 31), now=NOW,
        )  # fmt: skip
    assert refused.value.field == field
