"""A report prints the book's own figures: every total is the balance of its accounts, every figure has a note, both languages read."""

import io
import re
from datetime import UTC, datetime

import openpyxl
import pypdf
import pytest

from carbon.enterprise.filing.finding import Finding, Verified, Weight
from carbon.enterprise.filing.said import Assurance, Opinion
from carbon.enterprise.filing.state import Decision, FilingState
from carbon.enterprise.inventory.inventory import Inventory, booked_inventory
from carbon.enterprise.inventory.lines import booked_lines
from carbon.report.document import chinese_fonts, every_word
from carbon.report.inventory_pdf import Head, Steps, inventory_pdf
from carbon.report.statements import Signature, verification_pdf
from carbon.report.workbook import inventory_workbook
from factors.gwp import gwp_set, valuation
from ledger.balances import balances
from ledger.principal import LOCAL_ADMIN
from tests.carbon.conftest import Firm

AT = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)
HEAD = Head(
    firm="示例建材有限公司", credit_code="", industry="C3011", guide="cement", state="booked", root="ab" * 32, made_at=AT, example=True
)
GWP = "AR5.100"
ROWS = (
    "combustion.stationary.bituminous,1186.4,t,2023-01,s01,belt 1",
    "combustion.mobile.road.diesel,7.12,t,2023-01,s01,pump",
    "electricity.grid,2146200,kWh,2023-01,s01,meter 1",
    "heat.purchased,3320,GJ,2023-01,s01,meter 2",
    "process.carbonate.limestone,418.2,t,2023-01,s01,scale",
    "fugitive.refrigerant.r410a,12.5,kg,2023-05,s01,chiller",
)

needs_fonts = pytest.mark.skipif(not chinese_fonts(), reason="NO CHINESE FONT: install fonts-noto-cjk; reports are not set without one")


def text_of(data: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(data)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


@pytest.fixture
def booked(firm: Firm) -> tuple[Firm, Inventory]:
    firm.file(*ROWS)
    with firm.book.reading() as session:
        return firm, booked_inventory(session, LOCAL_ADMIN, holder=firm.id, year=2023, prices=gwp_set(GWP))


def balance_g(firm: Firm, part: str) -> int:
    """The value of the firm's accounts whose names hold `part`, straight from the ledger."""
    prices = gwp_set(GWP)
    with firm.book.reading() as session:
        frame = balances(session, accounts=f"holder/{firm.id}/")
    gases: dict[str, int] = {}
    for account, gas, amount in frame.select("account", "commodity", "amount").iter_rows():
        if f"/{part}/" in account:
            gases[gas] = gases.get(gas, 0) + amount
    return valuation(prices.priced(gases), prices)


@needs_fonts
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_total_in_the_pdf_is_the_ledgers_balance(booked: tuple[Firm, Inventory], language: str) -> None:
    firm, inventory = booked
    text = text_of(inventory_pdf(inventory, head=HEAD, language=language))  # type: ignore[arg-type]
    said = every_word(language)  # type: ignore[arg-type]
    for name, part in (("scope1", "scope1"), ("scope2_location", "scope2-location")):
        label = re.sub(r"\s+", " ", said[name])
        found = re.search(rf"{re.escape(label)}: ([\d,]+) g CO2e", text)
        assert found, f"the note of {name} is printed"
        assert int(found[1].replace(",", "")) == balance_g(firm, part)
    total = re.search(rf"{re.escape(said['total_location'])}: ([\d,]+) g CO2e", text)
    assert total
    assert int(total[1].replace(",", "")) == inventory.total_location_g


@needs_fonts
def test_every_figure_of_a_scope_has_a_note_that_names_its_entries(booked: tuple[Firm, Inventory]) -> None:
    _, inventory = booked
    text = text_of(inventory_pdf(inventory, head=HEAD, language="en"))
    for row in (*inventory.scope1.rows, *inventory.scope2_location.rows):
        assert re.search(rf"{re.escape(row.label_en)}: {row.co2e_g:,} g CO2e; {row.lines} entries: {row.entries[0]}\b", text), row.label_en


@needs_fonts
def test_a_report_is_the_same_to_the_byte_for_the_same_book(booked: tuple[Firm, Inventory]) -> None:
    _, inventory = booked
    assert inventory_pdf(inventory, head=HEAD, language="zh") == inventory_pdf(inventory, head=HEAD, language="zh")


@needs_fonts
def test_a_bridge_is_drawn_and_its_steps_are_printed(booked: tuple[Firm, Inventory]) -> None:
    _, inventory = booked
    steps = Steps(
        title="2022 → 2023", first=("2022", 9_000_000), steps=[("activity", -500_000), ("factor", 1_250_000)], last=("2023", 9_750_000)
    )
    text = text_of(inventory_pdf(inventory, head=HEAD, language="en", bridges=[steps]))
    assert all(figure in text for figure in ("9.0", "−0.5", "+1.2", "9.8"))


@needs_fonts
def test_hostile_names_are_printed_as_text(booked: tuple[Firm, Inventory]) -> None:
    _, inventory = booked
    hostile = '#read("/etc/passwd") $x$ *b* <label> \\ "'
    head = Head(firm=hostile, credit_code="", industry="", guide="", state="", root="", made_at=AT)
    text = text_of(inventory_pdf(inventory, head=head, language="en"))
    assert '#read("/etc/passwd")' in text
    assert "root:x:0" not in text


def test_the_workbook_holds_the_same_totals_and_every_line(booked: tuple[Firm, Inventory]) -> None:
    firm, inventory = booked
    with firm.book.reading() as session:
        lines = booked_lines(session, LOCAL_ADMIN, holder=firm.id, year=2023)
    book = openpyxl.load_workbook(io.BytesIO(inventory_workbook(inventory, head=HEAD, lines=lines, language="zh")))
    scopes = {row[0].value: row[2].value for row in book["范围 scopes"].iter_rows(min_row=2)}
    assert scopes[every_word("zh")["scope1"]] == balance_g(firm, "scope1")
    assert scopes[every_word("zh")["total_location"]] == inventory.total_location_g
    assert book["明细 lines"].max_row == lines.height + 1
    assert not any(str(cell.value).startswith("=") for sheet in book for row in sheet.iter_rows() for cell in row)


@needs_fonts
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_verification_statement_names_its_subject_its_findings_and_its_opinion(language: str) -> None:
    held = Verified(
        version=1, line=3, field="quantity", declared="9", value="10", declared_g=9_000_000, verified_g=10_000_000, conservative=True
    )
    finding = Finding(no=1, actor="u1", at=AT, text="无化验单", weight=Weight.MAJOR, line=3, field="quantity", verified=held)
    state = FilingState(
        year=2024, sha256="cd" * 32, assurance=Assurance.REASONABLE, materiality_permille=20, findings=(finding,),
        opinion=Opinion.UNQUALIFIED, decisions=(Decision(kind="signed", actor="u1", at=AT, text="无保留"),),
    )  # fmt: skip
    signatures = [
        Signature(body="示例核查机构", number="CNAS-1", at="2026-04-10"),
        Signature(body="示例核查机构", number="CNAS-2", at="2026-04-10"),
    ]
    data = verification_pdf(
        state, head=HEAD, declared_g=95_314_200_000, verified_g=96_688_900_000, signatures=signatures, language=language
    )  # type: ignore[arg-type]
    text = text_of(data)
    said = every_word(language)  # type: ignore[arg-type]
    assert "cd" * 32 in text.replace(" ", "")
    assert all(part in text for part in ("F-01", "+1.0", "2 %", "CNAS-2", said["unqualified"], "96,688,900,000 g"))


def test_both_languages_have_every_word() -> None:
    assert every_word("zh").keys() == every_word("en").keys()
    assert all(every_word("zh").values())
    assert all(every_word("en").values())


@needs_fonts
def test_what_was_published_only_as_co2e_is_printed_and_in_no_sum(firm: Firm) -> None:
    firm.file("material.steel,100,t,2023-01,s01,po,route=average,1", head="activity,quantity,unit,day,site,source,factor,category")
    with firm.book.reading() as session:
        inventory = booked_inventory(session, LOCAL_ADMIN, holder=firm.id, year=2023, prices=gwp_set(GWP))
    assert (inventory.scope3.co2e_g, inventory.scope3.apart_g > 0) == (0, True)
    text = text_of(inventory_pdf(inventory, head=HEAD, language="en"))
    assert f"{inventory.scope3.apart_g:,} g CO2e" in text
