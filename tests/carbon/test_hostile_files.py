"""Hostile files: refused in a sentence, quickly, in little memory, whatever they hold; nothing else happens."""

import io
import time
import zipfile
from collections.abc import Callable, Iterable
from datetime import date

import pytest

from carbon.activity import parse_activities
from carbon.errors import FaultyFile

TODAY = date(2026, 11, 25)
NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
RELS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
BOOK = f'<?xml version="1.0"?><workbook {NS} xmlns:r="{REL}"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>'
BOOK_RELS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{REL}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{REL}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
)
SHEET = f'<?xml version="1.0"?><worksheet {NS}><sheetData>'
END = "</sheetData></worksheet>"
ONE_CELL = SHEET + '<row r="1"><c r="A1" t="s"><v>0</v></c></row>' + END


def strings(*texts: str, doctype: str = "") -> str:
    return f'<?xml version="1.0"?>{doctype}<sst {NS}>' + "".join(f"<si><t>{text}</t></si>" for text in texts) + "</sst>"


def book(sheet: Iterable[str] = (ONE_CELL,), texts: Iterable[str] = (strings("hello"),), **more: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, text in {
            "[Content_Types].xml": TYPES,
            "_rels/.rels": RELS,
            "xl/workbook.xml": BOOK,
            "xl/_rels/workbook.xml.rels": BOOK_RELS,
        }.items():
            archive.writestr(name, more.pop(name, text))
        for name, parts in (("xl/worksheets/sheet1.xml", sheet), ("xl/sharedStrings.xml", texts)):
            with archive.open(name, "w", force_zip64=True) as part:
                for text in parts:
                    part.write(text.encode())
        for name, text in more.items():
            archive.writestr(name, text)
    return file.getvalue()


def rows(count: int) -> Iterable[str]:
    yield SHEET
    for start in range(0, count, 5_000):
        yield "".join(f'<row r="{r}"><c r="A{r}"><v>1</v></c></row>' for r in range(start + 1, start + 5_001))
    yield END


def repeated(count: int) -> Iterable[str]:
    yield SHEET
    for r in range(1, count + 1):
        yield f'<row r="{r}">' + '<c t="s"><v>0</v></c>' * 10 + "</row>"
    yield END


def big_text() -> Iterable[str]:
    yield f"<?xml version='1.0'?><sst {NS}><si><t>"
    for _ in range(150):
        yield "A" * 1_000_000
    yield "</t></si></sst>"


def laughs() -> str:
    entities = '<!ENTITY a0 "lol">' + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    return strings("&a9;", doctype=f"<!DOCTYPE sst [{entities}]>")


def zipped(names: Iterable[str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return file.getvalue()


def locked() -> bytes:
    data = bytearray(book())
    for mark, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        place = data.find(mark)
        while place >= 0:
            data[place + at] |= 1
            place = data.find(mark, place + 4)
    return bytes(data)


NUMBERS = ["1e1000000", "NaN", "INF", "1e308", "12345678901234567890", "1e-320", "-1e999"]
WORKBOOKS: dict[str, Callable[[], bytes]] = {
    "a million rows": lambda: book(rows(1_000_000)),
    "cells in two corners": lambda: book([SHEET + '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>' + END]),
    "cells far apart within the bounds": lambda: book([SHEET + '<row r="1"><c r="A1"><v>1</v></c></row><row r="50000"><c r="GR50000"><v>2</v></c></row>' + END]),
    "a row number that overflows": lambda: book([SHEET + '<row r="99999999999999"><c><v>1</v></c></row>' + END]),
    "cells without a place": lambda: book([SHEET + "<row>" + "<c><v>1</v></c>" * 300 + "</row>" + END]),
    "half a million prefixed cells": lambda: book([f'<?xml version="1.0"?><x:worksheet xmlns:x="{NS[7:-1]}"><x:sheetData>', "<x:row>" + "<x:c/>" * 201 + "</x:row>", "</x:sheetData></x:worksheet>"]),
    "a text of 150 MB": lambda: book(texts=big_text()),
    "a text repeated by many cells": lambda: book(repeated(20_000), [strings("B" * 32_000)]),
    "an outside entity": lambda: book(texts=[strings("&x;", doctype='<!DOCTYPE sst [<!ENTITY x SYSTEM "file:///etc/passwd">]>')]),
    "a billion laughs": lambda: book(texts=[laughs()]),
    "a document type in the workbook": lambda: book(**{"xl/workbook.xml": BOOK.replace("?>", "?><!DOCTYPE workbook>", 1)}),
    "a lying dimension": lambda: book([SHEET.replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>') + '<row r="1"><c r="A1"><v>1</v></c></row>' + END]),
    "ten thousand merges": lambda: book([ONE_CELL.replace("</worksheet>", "<mergeCells>" + '<mergeCell ref="A1:B2"/>' * 10_001 + "</mergeCells></worksheet>")]),
    "broken xml": lambda: book([SHEET + '<row r="1"><c r="A1">']),
    "a deep nest": lambda: book(["<a>" * 200_000]),
    "macros": lambda: book(**{"xl/vbaProject.bin": "x"}),
    "a part outside": lambda: book(**{"../../etc/passwd": "x"}),
    "three hundred parts": lambda: book(**{f"xl/media/{n}.bin": "x" for n in range(300)}),
    "a password on the parts": locked,
    "a zip that is no workbook": lambda: zipped(["readme.txt"]),
    "a zip of nothing": lambda: zipped([]),
    "half a workbook": lambda: book()[: len(book()) // 2],
    "a workbook without its end": lambda: book()[:-30],
    "a workbook with noise within": lambda: book()[:600] + b"\xff" * 64 + book()[664:],
    "an old or protected workbook": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096),
    "csv under the wrong ending": lambda: b"activity,quantity\n",
    "nothing": lambda: b"",
    "no sheet": lambda: book(**{"xl/workbook.xml": f'<?xml version="1.0"?><workbook {NS}><sheets/></workbook>'}),
    "a sheet that is missing": lambda: book(**{"xl/_rels/workbook.xml.rels": RELS}),
}  # fmt: skip

HEAD = b"activity,quantity,unit,day,division\n"
LINE = b"electricity.grid,%s,kWh,2023-07-01,330106\n"
TEXTS: dict[str, bytes] = {
    "nul bytes": HEAD + LINE % b"1\x00",
    "a row of 20 MB": HEAD + b"x" * 20_000_000,
    "a cell of a million signs": HEAD + LINE % (b"9" * 1_000_000),
    "a header of 300 columns": b",".join(b"x%d" % n for n in range(300)) + b"\n",
    "a header of a million commas": b"," * 1_000_000 + b"\n1\n",
    "a quote that never closes": HEAD + b'electricity.grid,"1,kWh,2023-07-01,330106\n' + (LINE % b"1") * 1_000,
    "quotes in a heap": HEAD + b'"' * 99_999,
    "an exponent of a million": HEAD + LINE % b"1e1000000",
    "powers of powers": HEAD + LINE % b"9**9**9",
    "not a number": HEAD + LINE % b"NaN",
    "infinity": HEAD + LINE % b"inf",
    "underscores": HEAD + LINE % b"1_000",
    "a formula": HEAD + LINE % b"=1+1",
    "arabic digits": HEAD + LINE % "١٢٣".encode(),
    "a right-to-left mark": HEAD + LINE % "\u200f1".encode(),
    "a workbook under the wrong ending": b"PK\x03\x04" + bytes(100),
    "lone surrogates": HEAD + LINE % b"\xed\xa0\x80",
    "overlong utf-8": HEAD + LINE % b"\xc0\xb1",
    "a path for a site": b"activity,quantity,unit,day,division,site\nelectricity.grid,1,kWh,2023,330106," + b"../" * 2_000 + b"\n",
}


def refused(data: bytes, file: str) -> FaultyFile:
    start = time.perf_counter()
    with pytest.raises(FaultyFile) as caught:
        parse_activities(data, file=file, tree=None, today=TODAY)
    assert time.perf_counter() - start < 20, "a hostile file costs seconds, not minutes"
    assert all(fault.reason and fault.code for fault in caught.value.faults)
    return caught.value


@pytest.mark.parametrize("name", WORKBOOKS)
def test_a_hostile_workbook_is_refused(name: str) -> None:
    refused(WORKBOOKS[name](), "hostile.xlsx")


@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_text_is_refused(name: str) -> None:
    refused(TEXTS[name], "hostile.csv")


@pytest.mark.parametrize("number", NUMBERS)
def test_a_hostile_number_in_a_cell_is_refused(number: str) -> None:
    head = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in ("activity", "quantity", "unit", "day", "division"))
    cells = ["electricity.grid", None, "kWh", "2023-07-01", "330106"]
    row = "".join(f"<c><v>{number}</v></c>" if cell is None else f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)
    error = refused(book([f"{SHEET}<row>{head}</row><row>{row}</row>{END}"]), "numbers.xlsx")
    assert {fault.code for fault in error.faults} <= {"number.not-plain", "file.hostile"}
