"""A closed month is sealed as files that hold without the book; whatever is changed in them, or between them and the book, is named."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ledger import sealed
from ledger.audit import verify
from ledger.backup import sync
from ledger.balances import balances
from ledger.book import Book
from ledger.checkpoint import Checkpoint, append_note, public_key, sign, signing_key, verifier_key
from ledger.errors import BadProof, PeriodMisruled
from ledger.journal import post, reverse_entries
from ledger.manifest import PlaceTaken, sha256_of
from ledger.payload import read_payload
from ledger.period import close_month, reopen_month, restating, rulings
from ledger.principal import LOCAL_ADMIN
from ledger.sealed import SealedMonth, SealFailed, payloads_of, write_sealed
from ledger.sealed_file import (
    ENTRIES,
    FILES,
    POSTINGS,
    SEAL,
    SIGNATURE,
    TURNOVER,
    SealedFile,
    check_sealed,
    entry_row,
    sign_seal,
)
from tests.conftest import owner_engine
from tests.ledger.backups import on_sqlite, public, taken
from tests.ledger.books import NOW, burning, put
from tests.ledger.test_backup import no_file_above

MARCH, APRIL = 2024_03, date(2024, 4, 3)
RULED: dict[str, Any] = {"now": NOW, "day": APRIL}
REOPENED: dict[str, Any] = RULED | {"reason": "wrong scale", "second": "auditor"}


def closed(book: Book, entries: int = 5) -> Book:
    """Entries of March, of the months about it among them; March closed."""
    with book.writing() as session:
        for n in range(entries):
            post(session, burning(str(n), 10**9 + n, day=date(2024, 3, 1 + n % 31)), LOCAL_ADMIN, now=NOW)
            post(session, burning(f"other {n}", day=date(2024, 2, 29) if n % 2 else date(2024, 4, 1)), LOCAL_ADMIN, now=NOW)
    with book.writing() as session:
        close_month(session, MARCH, LOCAL_ADMIN, **RULED)
    return book


def seal(book: Book, folder: Path, **asked: Any) -> SealedMonth:
    with book.reading() as session:
        return write_sealed(session, MARCH, folder, key=signing_key(book.home / "secrets"), **asked)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_sealed_month_holds_what_the_book_holds_and_any_tool_reads_it(book: Book, tmp_path: Path) -> None:
    made = seal(closed(book), tmp_path / "out")
    assert made.folder == tmp_path / "out" / "2024-03"
    assert check_sealed(made.folder, public(book)) == []
    assert sorted(contents(tmp_path / "out")) == sorted(f"2024-03/{name}" for name in (*FILES, SEAL, SIGNATURE))
    with book.reading() as session:
        (ruled,) = rulings(session, MARCH)
        payloads = list(payloads_of(session, MARCH, ruled.size))
        kept = balances(session, accounts=["holder/", "atmosphere/"], since=date(2024, 3, 1), until=date(2024, 3, 31))
    said = made.seal
    assert (said.book, said.period, said.closing, said.size) == (book.id, MARCH, ruled.entry_id, ruled.size)
    assert (said.sealed, said.closed_at) == (ruled.sealed.hex(), NOW)  # type: ignore[union-attr]
    assert {file.name: file.rows for file in said.files} == {ENTRIES: 5, POSTINGS: 20, TURNOVER: 4}
    entries, postings = pl.read_parquet(made.folder / ENTRIES), pl.read_parquet(made.folder / POSTINGS)
    assert entries["payload"].to_list() == payloads
    assert (entries["id"].to_list(), entries["day"][4], entries["kind"][0]) == ([0, 2, 4, 6, 8], date(2024, 3, 5), "emission")
    assert (entries["reference"][0], entries["evidence"][0]) == ("入炉煤月报 2024-03", bytes(range(32)).hex())
    by_polars = postings.group_by("account", "commodity", "unit").agg(pl.col("amount").sum())
    sums = "SELECT account, commodity, unit, sum(amount)::BIGINT AS amount"
    by_duckdb = duckdb.sql(f"{sums} FROM '{made.folder / POSTINGS}' GROUP BY ALL").pl()
    turned = duckdb.sql(f"SELECT account, commodity, amount, count FROM '{made.folder / TURNOVER}'").pl()
    for summed in (by_polars, by_duckdb):
        assert_frame_equal(summed, kept.select(summed.columns), check_row_order=False)
    assert_frame_equal(turned, kept.select(turned.columns))


@on_sqlite
def test_a_month_sealed_twice_is_the_same_bytes_and_is_written_once(book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = seal(closed(book), tmp_path / "a")
    put(book, burning("later", day=APRIL))
    assert contents(seal(book, tmp_path / "b").folder) == contents(first.folder)
    before = {path: path.stat().st_mtime_ns for path in first.folder.iterdir()}
    again = seal(book, tmp_path / "a")
    assert (again.repeated, again.folder, again.seal) == (True, first.folder, first.seal)
    assert {path: path.stat().st_mtime_ns for path in first.folder.iterdir()} == before
    monkeypatch.setattr(sealed, "PAGE", 2)  # many pages hold what one does
    paged = seal(book, tmp_path / "c").folder
    assert check_sealed(paged, public(book)) == []
    for name in FILES:
        assert_frame_equal(pl.read_parquet(paged / name), pl.read_parquet(first.folder / name))


@on_sqlite
def test_of_two_that_seal_a_month_at_once_the_quicker_writes_it(book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quicker = seal(closed(book), tmp_path / "a").folder

    def meanwhile(draft: Path) -> None:
        sync(draft)
        shutil.copytree(quicker, tmp_path / "b" / "2024-03")

    monkeypatch.setattr(sealed, "sync", meanwhile)
    assert seal(book, tmp_path / "b").repeated
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["2024-03"]


def test_both_engines_seal_the_same_entries_as_the_same_bytes(book_on_both: tuple[Book, Book], tmp_path: Path) -> None:
    one, other = (seal(closed(book), tmp_path / book.dialect) for book in book_on_both)
    assert one.seal.files == other.seal.files
    assert (one.seal.root, one.seal.sealed) == (other.seal.root, other.seal.sealed)


@on_sqlite
def test_a_month_in_which_nothing_happened_is_sealed_too(book: Book, tmp_path: Path) -> None:
    made = seal(closed(book, 0), tmp_path)
    assert [file.rows for file in made.seal.files] == [0, 0, 0]
    assert check_sealed(made.folder, public(book)) == []
    assert pl.read_parquet(made.folder / ENTRIES).schema == FILES[ENTRIES]


def test_a_restatement_lies_beside_what_was_published(book: Book, tmp_path: Path) -> None:
    first = seal(closed(book), tmp_path)
    published = contents(first.folder)
    with book.writing() as session, restating(session, MARCH, LOCAL_ADMIN, scope="holder/h7k2m9", **REOPENED):
        reverse_entries(session, [0], LOCAL_ADMIN, now=NOW, reason="wrong scale")
    with book.reading() as session:
        last = rulings(session, MARCH)[-1]
    second = seal(book, tmp_path)
    assert second.folder.name == f"2024-03.{last.entry_id}"
    assert {file.name: file.rows for file in second.seal.files} == {ENTRIES: 6, POSTINGS: 24, TURNOVER: 4}
    assert contents(first.folder) == published
    for made in (first, second):
        assert check_sealed(made.folder, public(book)) == []
    shutil.rmtree(first.folder)  # and it can be made again, out of a book that went on
    assert contents(seal(book, tmp_path, closing=first.seal.closing).folder) == published


@on_sqlite
def test_a_month_that_is_not_closed_for_every_account_is_not_sealed(book: Book, tmp_path: Path) -> None:
    def refused(match: str, **asked: Any) -> None:
        with pytest.raises(PeriodMisruled, match=match):
            seal(book, tmp_path / "out", **asked)
        assert not (tmp_path / "out").exists()

    def rule(act: Callable[..., Any], **asked: Any) -> int:
        with book.writing() as session:
            return int(act(session, MARCH, LOCAL_ADMIN, **asked).first_id)

    put(book, burning("a", day=date(2024, 3, 1)))
    refused("nobody closed it")
    part = rule(close_month, scope="holder/", **RULED)
    refused(f"entry {part} closed it within holder/; a month is sealed once it is closed for every account")
    whole = rule(close_month, **RULED)
    refused(f"entry {part} did not close it for every account", closing=part)
    refused("entry 999 did not close", closing=999)
    one, two = (rule(reopen_month, scope=scope, **REOPENED) for scope in ("holder/a/", "holder/b/"))
    refused(f"entry {two} reopened it within holder/b/")
    half = rule(close_month, scope="holder/b/", **RULED)
    refused(f"entry {half} closed it within holder/b/")
    last = rule(close_month, scope="holder/a/", **RULED)
    assert one < two < half < last
    assert seal(book, tmp_path / "out").folder.name == f"2024-03.{last}"
    assert seal(book, tmp_path / "out", closing=whole).folder.name == "2024-03"


def test_a_disk_without_room_leaves_nothing_under_the_name(book: Book, tmp_path: Path) -> None:
    closed(book)
    for room in (100, 1_000, 2_500):
        with no_file_above(room), pytest.raises(SealFailed, match=r"nothing is left at .*2024-03: File too large"):
            seal(book, tmp_path / "out")
        assert list((tmp_path / "out").iterdir()) == []
    assert check_sealed(seal(book, tmp_path / "out").folder, public(book)) == []


@on_sqlite
def test_nothing_is_written_over(book: Book, tmp_path: Path) -> None:
    closed(book)
    (tmp_path / "2024-03").mkdir()
    (tmp_path / "2024-03" / "mine.txt").write_text("mine")
    with pytest.raises(PlaceTaken, match="move it away"):
        seal(book, tmp_path)
    assert contents(tmp_path / "2024-03") == {"mine.txt": b"mine"}
    shutil.rmtree(tmp_path / "2024-03")
    made = seal(book, tmp_path)
    sign_seal(made.folder, msgspec.structs.replace(made.seal, closing=99), signing_key(book.home / "secrets"))
    with pytest.raises(PlaceTaken, match="with the seal of entry 99"):
        seal(book, tmp_path)
    (made.folder / "mine.txt").write_text("mine")
    with pytest.raises(PlaceTaken, match=r"mine\.txt"):
        seal(book, tmp_path)


def test_a_book_that_no_longer_holds_what_was_closed_is_not_sealed(book: Book, tmp_path: Path) -> None:
    closed(book)
    intruder = owner_engine(book)
    with intruder.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER entry_no_update" if book.dialect == "sqlite" else "DROP TRIGGER entry_no_change ON entry")
        connection.exec_driver_sql("UPDATE entry SET period = 202404, day = '2024-04-01' WHERE id = 2")
    intruder.dispose()
    with pytest.raises(BadProof, match="2024-03 no longer holds what entry 10 closed"):
        seal(book, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.fixture
def kept(book: Book) -> SealedMonth:
    made = seal(closed(book), book.home / "sealed")
    assert verify(book) == []
    return made


def faults(book: Book) -> list[tuple[str, str]]:
    return [(violation.law, violation.where) for violation in verify(book)]


def test_verify_holds_the_sealed_months_of_the_home_to_the_book(book: Book, kept: SealedMonth) -> None:
    whole, own, name = contents(kept.folder), signing_key(book.home / "secrets"), [("sealed", "sealed/2024-03")]
    for lie in ({"closing": 0}, {"sealed": "0" * 64}, {"size": 11}, {"root": "0" * 64}):
        sign_seal(kept.folder, msgspec.structs.replace(kept.seal, **lie), own)
        assert faults(book) == name, lie
    for file in (POSTINGS, SEAL):
        (kept.folder / file).unlink()
        assert faults(book) == name, file
        (kept.folder / file).write_bytes(whole[file])
    (kept.folder / SIGNATURE).write_bytes(whole[SIGNATURE])
    kept.folder.rename(kept.folder.with_name("2024-02"))
    assert faults(book) == [("sealed", "sealed/2024-02")]
    kept.folder.with_name("2024-02").rename(kept.folder.with_name(".draft"))  # of a sealing that was cut off
    assert faults(book) == []


@on_sqlite
def test_verify_finds_an_entry_that_only_the_sealed_month_or_only_the_book_has(
    book: Book, kept: SealedMonth, make_book: Callable[[], Book]
) -> None:
    other = make_book()
    assert seal(closed(other), other.home / "sealed").seal.files == kept.seal.files
    for n in range(2):  # a second book with another history, of the same turnover
        put(other, burning(f"x{n}", day=APRIL))
    shutil.rmtree(kept.folder)
    shutil.copytree(other.home / "sealed" / "2024-03", kept.folder)
    assert [violation.reason for violation in verify(book)] == [
        f"{verifier_key(other.origin, public_key(other.home / 'secrets'))} signed it, which is no key of this book"
    ]  # type: ignore[arg-type]
    # the book's own key signs a month in which one reference is another: same turnover, same hash of it
    frame = pl.read_parquet(kept.folder / ENTRIES)
    lie = frame["payload"][0].replace("入炉煤".encode(), "出炉煤".encode())
    changed = pl.concat([pl.DataFrame([entry_row(read_payload(lie), lie)], schema=FILES[ENTRIES], orient="row"), frame[1:]])
    changed.write_parquet(kept.folder / ENTRIES)
    files = tuple(
        SealedFile(file.name, file.rows, (kept.folder / file.name).stat().st_size, sha256_of(kept.folder / file.name))
        for file in kept.seal.files
    )
    sign_seal(kept.folder, msgspec.structs.replace(kept.seal, files=files), signing_key(book.home / "secrets"))
    assert check_sealed(kept.folder, public(book)) == []
    assert [violation.reason for violation in verify(book)] == ["entry 0 is not the one of the book"]


@on_sqlite
def test_a_month_sealed_under_a_former_key_stands_beside_the_checkpoints_that_were_set_aside(book: Book, kept: SealedMonth) -> None:
    old = book.checkpoint_file.rename(book.checkpoint_file.with_name(f"{book.id}.until-20261125T000000Z.log"))
    (book.home / "secrets" / "checkpoint.key").unlink()
    with book.reading() as session:
        size, root = session.connection().exec_driver_sql("SELECT size, root FROM head").one()
    append_note(book.checkpoint_file, sign(Checkpoint(book.origin, size, bytes(root)), signing_key(book.home / "secrets")))
    assert faults(book) == []
    old.unlink()
    assert faults(book) == [("sealed", "sealed/2024-03")]
    assert "which is no key of this book" in verify(book)[0].reason
    assert [fault.law for fault in check_sealed(kept.folder, public(book))] == ["signature"]


@on_sqlite
def test_a_backup_takes_the_sealed_months_of_the_home_along(book: Book, kept: SealedMonth, tmp_path: Path) -> None:
    (book.home / "sealed" / ".2024-04.draft").mkdir()
    (book.home / "sealed" / ".2024-04.draft" / ENTRIES).write_text("half")
    manifest = taken(book, tmp_path / "backup")
    assert [file.name for file in manifest.files if file.name.startswith("sealed/")] == sorted(
        f"sealed/2024-03/{name}" for name in (*FILES, SEAL, SIGNATURE)
    )
    assert contents(tmp_path / "backup" / "sealed" / "2024-03") == contents(kept.folder)
