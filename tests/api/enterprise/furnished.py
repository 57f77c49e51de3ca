"""A firm with all that a firm's pages show: two years, facts, contracts, an obligation, units, generation, a tag, packets of evidence."""

from datetime import UTC, date, datetime
from pathlib import Path

from carbon.enterprise.efficiency.grade import Mean
from carbon.enterprise.efficiency.pack import pack
from carbon.enterprise.efficiency.tag import gather, give
from carbon.enterprise.filing.document import attach
from carbon.enterprise.filing.packet import Reading, file_packet
from carbon.enterprise.firm import BaseYear, Boundary, ControlPlan, Economy, Exclusion, Fact, Instrument, Output, PlanParameter, say
from carbon.enterprise.inventory.lines import booked_lines
from carbon.enterprise.market import Instrument as Contract
from carbon.enterprise.market import Kind, add_contract
from carbon.enterprise.obligation import claim, units
from carbon.enterprise.obligation.allocation import GRAMS, Unit
from carbon.enterprise.obligation.bridge import bridge
from carbon.enterprise.obligation.declare import declare
from carbon.enterprise.obligation.rules import rule
from factors.gwp import gwp_set
from ledger.book import Book
from ledger.principal import LOCAL_ADMIN, Principal, Role
from tests.carbon.conftest import Firm
from tests.carbon.enterprise.obligation.conftest import Owing

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
TODAY = date(2026, 11, 25)
DUTY_T = 10_000
HUZHOU = "zj-huzhou/2022"
LINES = (
    "combustion.stationary.bituminous,1200,t,{year}-07,s01,belt 1",
    "combustion.stationary.diesel,90,t,{year}-07,s01,tank",
    "electricity.grid,{power},kWh,{year}-07,s01,meter 1",
)


def lines_of(year: int, power: int) -> list[str]:
    return [line.format(year=year, power=power) for line in LINES]


def furnish(book: Book, holder: str, folder: Path) -> str:
    """Furnish a holder that has a site s01 and an industry of C30; the id of its filing of 2024, which is booked."""
    firm = Firm(book, holder, folder)
    owing, own = Owing(firm), Principal(actor="u-firm", role=Role.WRITER, holders=frozenset({holder}))
    _say(book, holder)
    with book.writing() as session:
        instrument = Contract(kind=Kind.CERTIFICATE, carrier="electricity", amount="1200", unit="MWh", certificates=("GEC-2024-0001",))
        add_contract(
            session, own, holder=holder, instrument=instrument, valid_from=date(2024, 1, 1), valid_until=date(2024, 12, 31), now=NOW
        )
    filing = owing.desk.draft(*lines_of(2024, 3_000_000), year=2024).id
    owing.filings[2024] = filing
    owing.filing(state="booked")
    _owe(book, holder, filing)
    _generate(book, holder)
    _tag(book, holder)
    with book.writing() as session:
        kept = attach(session, own, holder=holder, name="电费单.pdf", data=b"%PDF-1.4 invented", now=NOW)
        readings = [
            Reading(kind="electricity", source="meter 1", quantity="251300", unit="kWh", documents=(kept.sha256,)),
            Reading(kind="fuel", source="belt 1", quantity="98.4", unit="t", instrument="W-01"),
        ]
        absent = {"calorific-value": "送检中", "output": "停产检修"}
        file_packet(session, own, holder=holder, month=202609, readings=readings, absent=absent, now=NOW, today=date(2026, 11, 5))
    return filing


def _say(book: Book, holder: str) -> None:
    plan = ControlPlan(
        parameters=(PlanParameter(name="入炉煤量", method="皮带秤连续计量", fallback="取上月最大值", frequency="每班", instrument="W-01"),),
        instruments=(
            Instrument(id="W-01", measures="入炉煤", accuracy="0.5 级", calibration_due=date(2026, 6, 30)),
            Instrument(id="E-01", measures="外购电", accuracy="0.2S 级", calibration_due=date(2028, 6, 30)),
        ),
        laboratory="委托有资质实验室", responsible="能源主管",
    )  # fmt: skip
    facts: list[Fact] = [
        Boundary(approach="operational", note="厂界内全部设施"), BaseYear(year=2023, threshold_permille=50), plan,
        Exclusion(source="办公空调制冷剂", scope="1", reason="量小，无加注记录", share_permille=2),
        Economy(year=2024, value_added_fen=2_000_000_000, output=(Output(product="熟料", quantity="9000", unit="t"),)),
    ]  # fmt: skip
    with book.writing() as session:
        for fact in facts:
            say(session, LOCAL_ADMIN, holder=holder, fact=fact, valid_from=date(2023, 1, 1), reason="首次申明", now=NOW)


def _owe(book: Book, holder: str, filing: str) -> None:
    """10,000 t of cement for 2024; 9,800 allowances and 700 credits of 2019 on the account."""
    verified = DUTY_T * GRAMS
    with book.writing() as session:
        lines = booked_lines(session, LOCAL_ADMIN, holder=holder, year=2024)
        way = bridge(
            lines, rule=rule("cn-ets", sector="cement", year=2024), year=2024, prices=gwp_set("AR5.100"), verified_g=verified
        )  # fmt: skip
        declare(
            session, LOCAL_ADMIN, holder=holder, programme_id="cn-ets", sector="cement", year=2024, filing=filing, verified_g=verified,
            units=[Unit(name="1 号线", verified_g=verified)], bridge=way, now=NOW, today=TODAY,
        )  # fmt: skip
        for unit, series, count, vintage in (("CEA.2024", "A1", 9_800, 2024), ("CCER", "C7", 700, 2019)):
            units.issue(
                session, LOCAL_ADMIN, holder=holder, unit=unit, series=series, first=1, last=count, vintage=vintage, now=NOW, day=TODAY
            )


def _generate(book: Book, holder: str) -> None:
    with book.writing() as session:
        claim.meter(session, LOCAL_ADMIN, holder=holder, plant="PV-1", month=202607, kwh=12_345, now=NOW)
        claim.certify(session, LOCAL_ADMIN, holder=holder, plant="PV-1", month=202607, count=5, now=NOW, day=TODAY)


def _tag(book: Book, holder: str) -> None:
    office = Principal(actor="u-office", role=Role.AUTHORITY, divisions=frozenset({"330500"}))
    mean = Mean(industry="3011", exact="1/2", source="示例年鉴表 1")
    with book.writing() as session:
        facts = gather(session, LOCAL_ADMIN, holder=holder, year=2024, coverage="0.99", deducted={}, today=TODAY)
        give(session, office, pack(HUZHOU), [facts], given={holder: mean}, now=NOW)
