"""`verify` finds out whoever alters what is kept of a filing, behind the program's back."""

from typing import Any

import pytest

from carbon.audit import verify
from carbon.enterprise.filing.document import attach
from tests.carbon.enterprise.filing.conftest import COAL, NOW, POWER, Desk, file_of, tampered


@pytest.mark.parametrize(
    ("sql", "said", "found"),
    [
        ("UPDATE filing_version SET content = :other", {"other": file_of(POWER)}, "its bytes are not those of its hash"),
        ("UPDATE filing_version SET sha256 = :other", {"other": b"x" * 32}, "its versions are not those that were saved"),
        ("DELETE FROM filing_version", {}, "its versions are not those that were saved"),
        ("UPDATE filing SET state = 'draft'", {}, "it is not what its events come to"),
        ("UPDATE filing SET import_id = 'i0'", {}, "it is not what its events come to"),
        ("DELETE FROM filing_event WHERE kind = 'signed'", {}, "its events cannot have happened so"),
        ("UPDATE filing_event SET actor = 'p1' WHERE kind = 'signed'", {}, "its events cannot have happened so"),
        ("UPDATE filing_event SET content = '{}' WHERE kind = 'signed'", {}, "what was said cannot be read"),
        (
            "UPDATE filing_event SET content = replace(content, '\"import_id\":\"i', '\"import_id\":\"j') WHERE kind = 'booked'", {},
            "is not the file that was accepted",
        ),
        ("UPDATE document SET content = :other", {"other": b"%PDF-1.7 2"}, "its bytes are not those of its hash"),
    ],
)  # fmt: skip
def test_what_is_altered_is_named(desk: Desk, sql: str, said: dict[str, Any], found: str) -> None:
    with desk.book.writing() as session:
        attach(session, desk.preparer, holder=desk.firm.id, name="bill.pdf", data=b"%PDF-1.7 1", now=NOW)
    desk.record(desk.accepted(POWER, COAL).id)
    assert verify(desk.book) == []
    tampered(desk, sql, **said)
    reasons = [violation.reason for violation in verify(desk.book) if violation.law in {"filings", "documents"}]
    assert any(found in reason for reason in reasons), reasons
