"""Documents are kept by their hash and come back byte by byte; what they are is read from their bytes."""

import hashlib
import io
import zipfile

import pytest
import xlsxwriter

from carbon.enterprise.errors import DocumentNotFound, DocumentRefused, StateRefused
from carbon.enterprise.filing.document import NAME_MAX, SIZE_MAX, attach, document, documents, media_type
from carbon.enterprise.filing.filing import attach_to
from carbon.enterprise.filing.finding import Weight
from carbon.enterprise.filing.verification import find, reply
from carbon.errors import HolderNotFound
from ledger.errors import NotAllowed
from ledger.principal import Principal, Role
from tests.carbon.enterprise.filing.conftest import NOW, POWER, TODAY, Desk

PDF = b"%PDF-1.7\nbill of July"


def workbook() -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        book.add_worksheet().write(0, 0, "kWh")
    return made.getvalue()


def put(desk: Desk, data: bytes = PDF, *, name: str = "7 月电费单.pdf", principal: Principal | None = None) -> str:
    with desk.book.writing() as session:
        return attach(session, principal or desk.preparer, holder=desk.firm.id, name=name, data=data, now=NOW).sha256


def test_a_document_comes_back_byte_by_byte_under_its_hash(desk: Desk) -> None:
    sha256 = put(desk)
    assert sha256 == hashlib.sha256(PDF).hexdigest()
    for principal in (desk.preparer, desk.lead, desk.regulator):
        with desk.book.reading(principal) as session:
            found, data = document(session, principal, holder=desk.firm.id, sha256=sha256)
        assert (data, found.name, found.media_type, found.size, found.actor) == (PDF, "7 月电费单.pdf", "application/pdf", len(PDF), "p1")


def test_the_same_bytes_again_are_the_same_document(desk: Desk) -> None:
    assert put(desk) == put(desk, name="again.pdf")
    with desk.book.reading() as session:
        assert [one.name for one in documents(session, desk.preparer, holder=desk.firm.id)] == ["7 月电费单.pdf"]


def test_the_kind_is_what_the_bytes_say() -> None:
    kinds = [
        media_type(data, name=name)
        for data, name in (
            (PDF, "x.csv"), (b"\x89PNG\r\n\x1a\n.", "x.pdf"), (b"\xff\xd8\xff\xe0", "x"), (workbook(), "x.pdf"), (b"a,b\n1,2\n", "x.csv"),
            ("化验单".encode(), "x.txt"),
        )
    ]  # fmt: skip
    assert kinds == [
        "application/pdf", "image/png", "image/jpeg", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "text/csv",
        "text/plain",
    ]  # fmt: skip


def other_archive() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("run.exe", b"MZ")
    return made.getvalue()


@pytest.mark.parametrize("data", [b"", b"MZ\x90\x00", b"\x7fELF", "化".encode("gbk"), b"text\x00", other_archive(), b"PK\x03\x04"])
def test_what_is_no_document_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentRefused):
        media_type(data, name="bill.pdf")


def test_one_byte_too_many_is_refused() -> None:
    assert media_type(PDF.ljust(SIZE_MAX), name="x") == "application/pdf"
    with pytest.raises(DocumentRefused, match="20,000,001 bytes"):
        media_type(PDF.ljust(SIZE_MAX + 1), name="x")


@pytest.mark.parametrize(("name", "kept"), [("../../etc/bill.pdf", "bill.pdf"), ("C:\\b\\bill.pdf", "bill.pdf"), ("a\u202e\nb", "ab")])
def test_a_name_keeps_no_path_and_no_sign_that_steers_a_screen(desk: Desk, name: str, kept: str) -> None:
    sha256 = put(desk, name=name)
    with desk.book.reading() as session:
        assert document(session, desk.preparer, holder=desk.firm.id, sha256=sha256)[0].name == kept


@pytest.mark.parametrize("name", ["", "..", "a/", "\n"])
def test_a_document_without_a_name_is_refused(desk: Desk, name: str) -> None:
    with pytest.raises(DocumentRefused, match="no name"):
        put(desk, name=name)
    assert put(desk, name="x" * 500)
    with desk.book.reading() as session:
        assert len(documents(session, desk.preparer, holder=desk.firm.id)[0].name) == NAME_MAX


def test_a_strangers_document_is_told_as_not_found(desk: Desk) -> None:
    sha256 = put(desk)
    stranger = Principal("x", Role.WRITER, holders=frozenset({"h0000000000"}))
    with desk.book.writing() as session:
        for principal, asked in ((stranger, sha256), (desk.preparer, "00" * 32), (desk.preparer, "no hash")):
            with pytest.raises(DocumentNotFound):
                document(session, principal, holder=desk.firm.id, sha256=asked)
        with pytest.raises(HolderNotFound):
            attach(session, stranger, holder=desk.firm.id, name="x.pdf", data=PDF, now=NOW)
        with pytest.raises(NotAllowed):
            attach(session, desk.regulator, holder=desk.firm.id, name="x.pdf", data=PDF, now=NOW)


def test_a_filing_names_documents_that_are_attached_and_no_others(desk: Desk) -> None:
    sha256 = put(desk)
    made = desk.draft(POWER)
    with pytest.raises(DocumentNotFound):
        desk.do(attach_to, desk.preparer, made.id, sha256="00" * 32)
    assert desk.do(attach_to, desk.preparer, made.id, sha256=sha256, line=2).stand.documents == (sha256,)
    desk.submit(made.id)
    desk.take_up(made.id)
    desk.do(find, desk.lead, made.id, text="缺单据", weight=Weight.MAJOR, line=2, today=TODAY)
    with pytest.raises(DocumentNotFound):
        desk.do(reply, desk.preparer, made.id, finding=1, text="见附件", documents=("11" * 32,), today=TODAY)
    with pytest.raises(StateRefused, match="words or documents"):
        desk.do(reply, desk.preparer, made.id, finding=1, text=" ", today=TODAY)
    other = put(desk, b"%PDF-1.4 lab", name="lab.pdf")
    assert desk.do(reply, desk.preparer, made.id, finding=1, text="", documents=(other,), today=TODAY).stand.documents == (sha256, other)
