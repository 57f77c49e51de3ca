"""What people may call themselves runs nowhere: no cell of an export begins like a formula, no page holds a name as markup."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from litestar.testing import TestClient

from api.auth.office import Office
from api.export import DANGEROUS, TYPES, safe_cell, xlsx_bytes
from carbon.holder import add_holder, add_site
from carbon.record import record
from carbon.region.divisions import divisions
from factors.library import load_library
from ledger.book import Book
from ledger.principal import LOCAL_ADMIN
from tests.api.example import NOW, example_book
from tests.api.hostile.conftest import SOAK, Besieged, besiege
from tests.api.hostile.routes import ways

FORMULAS = [
    "=cmd|'/C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "＝1+1",
    "＋1",
    "－1",
    "＠A1",
    '=HYPERLINK("http://evil.example","x")',
    "=1\n=2",
    '"=1',
    ",=1",
    ";=1",
]
MARKUP = [
    "<script>zq()</script>", "<img src=x onerror=zq()>", '"><svg onload=zq()>', "' onmouseover=zq() '", "</script><script>zq()</script>", "</textarea><script>zq()</script>",
    "javascript:zq()", "{{7*7}}", "${7*7}", "<a href=javascript:zq()>", "&lt;script&gt;zq()", "<!--", "]]>", "<iframe srcdoc='<script>zq()</script>'>", "<base href=//evil.example>",
]  # fmt: skip
TABLES = [
    "children",
    "curve",
    "sectors",
    "months",
    "holders",
    "compare",
    "list",
    "accounts",
    "statement",
    "sites",
    "access",
    "found",
    "factors",
    "factor",
    "entry",
    "legs",
    "divisions",
    "glossary",
]
QUERY = "?year=2023&account=atmosphere/330522/1A2&commodity=CO2&q=%3D1&name=holder/"
NUMBER = re.compile(r"[-+]?\d[\d.,]*")


def mean_book(folder: Path) -> tuple[Book, str]:
    """The example book with a firm whose name, sites, references and file are each a payload."""
    book, tree = example_book(folder), divisions()
    with book.writing() as session:
        for text in filter(prints, FORMULAS + MARKUP):
            add_holder(session, LOCAL_ADMIN, name=text, now=NOW)
        firm = add_holder(session, LOCAL_ADMIN, name="=1+1 <img src=x onerror=zq()>", industry="C3011", now=NOW).id
        for number, text in enumerate(filter(prints, FORMULAS + MARKUP)):
            add_site(
                session, LOCAL_ADMIN, holder=firm, code=f"s{number:02}", name=text, division="330522", since=date(2020, 1, 1), tree=tree
            )
    book_lines(book, folder, firm)
    return book, firm


@pytest.fixture(scope="module")
def mean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Besieged, TestClient[Any]]]:
    """That book behind its doors."""
    book, firm = mean_book(tmp_path_factory.mktemp("mean"))
    made = besiege(book, own=firm)
    with TestClient(made.app, raise_server_exceptions=False) as client:
        client.follow_redirects = False
        yield made, client
    book.engine.dispose()


def prints(text: str) -> bool:
    """Whether a name may be so: what does not print is refused before it is ever kept."""
    return text.isprintable() and text == text.strip()


def book_lines(book: Any, folder: Path, firm: str) -> None:
    """One file, named as people should not, whose references are payloads where the reader takes them."""
    rows = io.StringIO()
    writer = csv.writer(rows)
    writer.writerow(["activity", "quantity", "unit", "day", "site", "reference"])
    refs = list(filter(prints, FORMULAS + MARKUP))
    writer.writerows(["electricity.grid", str(100 + n), "kWh", f"2023-{1 + n % 12:02}-15", f"s{n:02}", text] for n, text in enumerate(refs))
    path = folder / "=1+1<img src=x onerror=zq()>.csv"
    path.write_text(rows.getvalue(), encoding="utf-8")
    record(
        book, path, holder=firm, principal=LOCAL_ADMIN, now=NOW, today=datetime.now(UTC).date(), library=load_library(), tree=divisions()
    )


def exports(besieged: Besieged, client: TestClient[Any]) -> Iterator[tuple[str, str]]:
    """Every CSV that some office may load: its address and text."""
    seen = set()
    for office in Office if SOAK else (Office.FIRM, Office.REGULATOR, Office.AUDITOR):
        besieged.enter(client, office)
        for table in TABLES:
            for way in ways(besieged.app, file=f"{table}.csv", holder=besieged.firm.id, holder_id=besieged.firm.id, code="330522"):
                if way.method != "GET" or not way.path.startswith("/en/") or not way.path.endswith(".csv"):
                    continue
                answer = client.get(way.path + QUERY, headers={"accept": "text/csv"})
                assert answer.status_code < 500, f"{way.path}: {answer.text[:300]}"
                if answer.status_code == 200 and "text/csv" in answer.headers["content-type"]:
                    seen.add(way.path)
                    yield way.path, answer.content.decode("utf-8-sig")
    assert len(seen) >= 12, sorted(seen)


def test_no_cell_of_any_export_begins_like_a_formula(mean: tuple[Besieged, TestClient[Any]]) -> None:
    met = set()
    for address, text in exports(*mean):
        for row in csv.reader(io.StringIO(text)):
            for cell in row:
                assert not cell.startswith(DANGEROUS) or NUMBER.fullmatch(cell), f"{address}: {cell!r}"
                met |= {payload for payload in FORMULAS if payload.strip() in cell}
    assert {"=cmd|'/C calc'!A0", "@SUM(1)", "＝1+1"} <= met, "the payloads were in the tables"


def test_no_cell_of_any_workbook_is_a_formula_or_a_link(mean: tuple[Besieged, TestClient[Any]]) -> None:
    besieged, client = mean
    met, read = set(), 0
    for office in Office if SOAK else (Office.FIRM, Office.REGULATOR, Office.AUDITOR):
        besieged.enter(client, office)
        for table in TABLES:
            for way in ways(besieged.app, file=f"{table}.xlsx", holder=besieged.firm.id, holder_id=besieged.firm.id, code="330522"):
                if way.method != "GET" or not way.path.startswith("/en/") or not way.path.endswith(".xlsx"):
                    continue
                answer = client.get(way.path + QUERY)
                assert answer.status_code < 500, f"{way.path}: {answer.text[:300]}"
                if answer.status_code != 200 or answer.headers["content-type"] != TYPES["xlsx"]:
                    continue
                with ZipFile(io.BytesIO(answer.content)) as parts:
                    inside = {name: parts.read(name).decode() for name in parts.namelist()}
                assert not any("externalLink" in name or "vbaProject" in name for name in inside), way.path
                assert not re.search("<f[ >/]|hyperlink", "".join(inside.values())), way.path
                sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
                cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
                assert {cell.data_type for cell in cells} <= {"s", "n"}, way.path
                met |= {payload for payload in FORMULAS for cell in cells if cell.value == payload}
                read += 1
    assert read >= 12
    assert {"=cmd|'/C calc'!A0", "@SUM(1)", "＝1+1"} <= met, "the payloads were in the workbooks, as they are"


def test_a_workbook_keeps_what_a_spreadsheet_would_round_as_text() -> None:
    data = xlsx_bytes("x", ["n"], [[10**15 - 1], [-(10**15)], ["007"], [True], [None], ["a" * 40_000]])
    column = [row[0].value for row in openpyxl.load_workbook(io.BytesIO(data)).active.iter_rows(min_row=2)]
    assert column == [10**15 - 1, "-1000000000000000", "007", "True", None, "a" * 32_767]


@pytest.mark.parametrize("text", FORMULAS[:11])
def test_a_cell_that_begins_like_a_formula_is_made_text(text: str) -> None:
    assert safe_cell(text) == "'" + text


def test_no_page_holds_a_name_as_markup(mean: tuple[Besieged, TestClient[Any]]) -> None:
    besieged, client = mean
    met, read = 0, 0
    for office in Office:
        besieged.enter(client, office)
        for way in ways(besieged.app, holder=besieged.firm.id, holder_id=besieged.firm.id, code="330522"):
            if way.method != "GET" or not way.is_page or way.path.startswith("/zh/"):
                continue
            for query in (
                "",
                "?q=%3Cimg%20src%3Dx%20onerror%3Dzq()%3E&next=javascript:zq()&year=2023&name=%22%3E%3Csvg%20onload%3Dzq()%3E",
            ):
                answer = client.get(way.path + query, headers={"accept": "text/html"})
                assert answer.status_code < 500, f"{way.path}: {answer.text[:300]}"
                if "text/html" not in answer.headers.get("content-type", ""):
                    continue
                html, read = answer.text, read + 1
                met += "zq()" in html
                assert not re.search(r"<(?:script|img|svg|iframe|base)[^>]*zq\(\)", html), way.path
                assert not re.search(r'(?:href|action|src|formaction)="\s*javascript:', html), way.path
                assert not re.search(r"<script(?![^>]*src=)(?![^>]*application/json)[^>]*>", html), way.path
                assert "<base" not in html
                for block in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', html, re.DOTALL):
                    assert "<" not in block, way.path
    assert read > 50
    assert met > 5, "the payloads were on the pages"
