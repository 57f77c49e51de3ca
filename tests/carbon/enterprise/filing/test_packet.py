"""Monthly evidence: whole, chained, told late where it is; whoever alters a word of it is found out."""

from datetime import date
from typing import Any

import pytest

from carbon.enterprise.errors import PacketRefused
from carbon.enterprise.filing.document import attach
from carbon.enterprise.filing.packet import Evidence, Packet, Reading, check_packets, due_day, file_packet, overdue, packets
from carbon.errors import HolderNotFound
from ledger.errors import NotAllowed
from ledger.principal import Principal, Role
from tests.carbon.enterprise.filing.conftest import NOW, Desk, tampered

READINGS = (
    Reading(kind="fuel", source="belt 1", quantity="812.4", unit="t"),
    Reading(kind="calorific-value", source="belt 1", quantity="21.3", unit="GJ/t"),
    Reading(kind="electricity", source="meter 1", quantity="100000", unit="kWh"),
    Reading(kind="output", source="kiln", quantity="2500", unit="t"),
)


def put(desk: Desk, month: int = 202501, *, today: date = date(2025, 3, 1), principal: Principal | None = None, **said: Any) -> Packet:
    asked = {"readings": READINGS} | said
    with desk.book.writing() as session:
        return file_packet(session, principal or desk.preparer, holder=desk.firm.id, month=month, now=NOW, today=today, **asked)


def chain(desk: Desk) -> list[Packet]:
    with desk.book.reading(desk.lead) as session:
        return packets(session, desk.lead, holder=desk.firm.id)


def faults(desk: Desk) -> list[str]:
    with desk.book.reading() as session:
        return [f"{one.month} {one.version}: {one.reason}" for one in check_packets(session, desk.preparer, holder=desk.firm.id)]


def test_each_packet_hangs_on_the_one_filed_before_it(desk: Desk) -> None:
    made = [put(desk, month, today=date(2025, 6, 1)) for month in (202502, 202501, 202503)]
    assert made[0].before is None
    assert [one.before for one in made[1:]] == [made[0].sha256, made[1].sha256]
    assert [one.manifest.month for one in chain(desk)] == [202502, 202501, 202503]
    assert faults(desk) == []


def test_it_is_in_time_on_the_fortieth_day_after_its_month_and_late_on_the_next(desk: Desk) -> None:
    assert due_day(202501, Evidence()) == date(2025, 3, 12)
    assert put(desk, today=date(2025, 3, 12)).late == 0
    assert put(desk, 202412, today=date(2025, 2, 10)).late == 1
    assert Evidence().mark == "B", "the number of days was never read in an official text, and is shown so"
    assert put(desk, 202411, today=date(2025, 2, 10), rule=Evidence(days=90, mark="D", source="local")).late == 0


def test_months_without_a_packet_are_told_once_their_day_is_past(desk: Desk) -> None:
    put(desk)
    assert overdue(chain(desk), year=2025, today=date(2025, 3, 12)) == ()
    assert overdue(chain(desk), year=2025, today=date(2025, 5, 11)) == (202502, 202503)


def test_a_correction_is_a_further_version_with_its_reason(desk: Desk) -> None:
    put(desk)
    with pytest.raises(PacketRefused, match="say why"):
        put(desk)
    again = put(desk, reason="电表读数更正")
    assert (again.manifest.version, again.manifest.reason) == (2, "电表读数更正")
    assert [one.manifest.version for one in chain(desk)] == [1, 2]
    assert faults(desk) == []


@pytest.mark.parametrize(
    ("said", "match"),
    [
        ({"month": 202513}, "yyyymm"), ({"month": 202502, "today": date(2025, 2, 28)}, "not over"),
        ({"readings": READINGS[:3]}, "output: it is neither read"), ({"absent": {"output": "停产"}}, "read and said to be absent"),
        ({"readings": (*READINGS, Reading(kind="guess", source="x", quantity="1", unit="t"))}, "is none of"),
        ({"readings": (*READINGS, Reading(kind="heat", source="x", quantity="1e3", unit="GJ"))}, "heat of x"),
        ({"readings": (*READINGS, Reading(kind="heat", source="x", quantity="-1", unit="GJ"))}, "not below zero"),
        ({"readings": (*READINGS, Reading(kind="heat", source="x", quantity="1", unit="stone"))}, "heat of x"),
        ({"readings": (*READINGS, Reading(kind="heat", source="x", quantity="1", unit="GJ", documents=("00" * 32,)))}, "no document"),
    ],
)  # fmt: skip
def test_what_cannot_be_filed_is_named_and_nothing_is_kept(desk: Desk, said: dict[str, Any], match: str) -> None:
    with pytest.raises(PacketRefused, match=match):
        put(desk, **said)
    assert chain(desk) == []


def test_a_kind_that_is_not_read_says_why(desk: Desk) -> None:
    made = put(desk, readings=READINGS[:3], absent={"output": "停产检修"})
    assert made.manifest.absent == {"output": "停产检修"}


def test_the_manifest_names_the_documents_with_their_hashes(desk: Desk) -> None:
    with desk.book.writing() as session:
        bill = attach(session, desk.preparer, holder=desk.firm.id, name="bill.pdf", data=b"%PDF-1.7 1", now=NOW)
    reading = Reading(kind="heat", source="x", quantity="1", unit="GJ", documents=(bill.sha256,))
    made = put(desk, readings=(*READINGS, reading))
    assert [(one.sha256, one.name, one.size) for one in made.manifest.documents] == [(bill.sha256, "bill.pdf", 10)]


def test_only_the_firm_files_its_evidence(desk: Desk) -> None:
    with pytest.raises(NotAllowed):
        put(desk, principal=desk.lead)
    with pytest.raises(HolderNotFound):
        put(desk, principal=Principal("x", Role.WRITER, holders=frozenset({"h0000000000"})))


def test_an_altered_a_removed_and_a_moved_packet_are_found_out(desk: Desk) -> None:
    for month in (202501, 202502, 202503):
        put(desk, month, today=date(2025, 6, 1))
    tampered(desk, "UPDATE evidence_packet SET manifest = replace(manifest, '812.4', '612.4') WHERE month = 202502")
    assert faults(desk) == ["202502 1: its hash is not that of its manifest and the packet before"]
    tampered(desk, "UPDATE evidence_packet SET month = 202504 WHERE month = 202503")
    assert "202504 1: it stands under another month or version than it says" in faults(desk)
    tampered(desk, "DELETE FROM evidence_packet WHERE month = 202502")
    assert "202504 1: it does not follow the packet before it" in faults(desk)


def test_an_altered_document_is_found_out(desk: Desk) -> None:
    with desk.book.writing() as session:
        bill = attach(session, desk.preparer, holder=desk.firm.id, name="bill.pdf", data=b"%PDF-1.7 1", now=NOW)
    put(desk, readings=(*READINGS, Reading(kind="heat", source="x", quantity="1", unit="GJ", documents=(bill.sha256,))))
    assert faults(desk) == []
    tampered(desk, "UPDATE document SET content = :other", other=b"%PDF-1.7 2")
    assert faults(desk) == [f"202501 1: document {bill.sha256} is gone or altered"]
