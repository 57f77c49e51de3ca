"""A record is canonical text that a person can read, and names nobody."""

import hashlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.audit.record import Record, append, named, payload_of, read_record
from ledger.book import Book
from ledger.proof import check_inclusion, inclusion_proof, leaf_hash, root

AT = datetime(2026, 11, 28, 1, 2, 3, 4, tzinfo=UTC)
RECORD = Record(
    at=AT, action="read", method="GET", route="/api/v1/entries/{entry_id}", status=404, user="u7k2m9x4p1q", office="regulator",
    binding="b7k2m9x4p1q", object="41", origin="00112233aabbccdd", request="0011223344556677",
)  # fmt: skip
TEXT = (
    "17:tanzhang.access.1,1:7,16:1795827723000004,11:u7k2m9x4p1q,9:regulator,11:b7k2m9x4p1q,4:read,3:GET,26:/api/v1/entries/{entry_id},2:41,"
    "7:refused,3:404,16:00112233aabbccdd,0:,16:0011223344556677,"
)


def test_the_payload_is_what_was_agreed_once_and_for_ever() -> None:
    assert payload_of(RECORD, 7).decode() == TEXT
    assert hashlib.sha256(TEXT.encode()).hexdigest() == hashlib.sha256(payload_of(RECORD, 7)).hexdigest()
    assert read_record(TEXT.encode()) == (7, RECORD)


@given(st.integers(0, len(TEXT) - 1), st.characters(codec="ascii"))
def test_a_changed_payload_is_no_record_or_another_one(place: int, sign: str) -> None:
    changed = (TEXT[:place] + sign + TEXT[place + 1 :]).encode()
    try:
        found = read_record(changed)
    except (ValueError, KeyError, OverflowError):
        return
    assert payload_of(found[1], found[0]) == changed


def test_records_are_appended_in_the_session_that_is_given_and_gone_with_it(book: Book) -> None:
    with book.writing() as session:
        assert append(session, [RECORD] * 3) == 3
    with pytest.raises(ZeroDivisionError), book.writing() as session:
        append(session, [RECORD] * (1 // (append(session, [RECORD]) - 4)))
    with book.writing() as session:
        assert append(session, [RECORD]) == 4
    with book.reading() as session:
        rows = session.connection().exec_driver_sql("SELECT payload, leaf FROM access ORDER BY id").all()
        size, made = session.connection().exec_driver_sql("SELECT size, root FROM access_head").one()
    leaves = [leaf_hash(bytes(payload)) for payload, _ in rows]
    assert leaves == [bytes(leaf) for _, leaf in rows]
    assert (size, bytes(made)) == (4, root(leaves))
    assert check_inclusion(leaves[2], index=2, size=4, path=inclusion_proof(leaves, 2), root_hash=bytes(made))


@pytest.mark.parametrize("plain", ["hyyxmnwhmef", "ubaf3c97q1m", "41", "330522", "GB", "01a224884023722a90d4fa66b062bf2f"])
def test_an_id_stands_for_itself(plain: str) -> None:
    assert named(plain, lambda _: "x") == plain


@pytest.mark.parametrize(
    "personal",
    ["13800138000", "11010519491231002X", "91350100M000100Y43", "王小明", "wangxiaoming", "wang@example.com", "", "h7k2m9x4p1q/王"],
)
def test_what_may_name_somebody_stands_as_a_digest(personal: str) -> None:
    assert named(personal, lambda _: "digest") == "#digest"


def test_a_file_stands_for_its_kind_and_an_account_for_its_holder() -> None:
    assert named("王小明.csv", lambda _: "digest") == "*.csv"
    assert named("holder/h7k2m9x4p1q/王小明/scope1/1A1", lambda _: "digest") == "h7k2m9x4p1q #digest"
