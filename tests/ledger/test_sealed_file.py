"""What lies in a sealed month is held to the book's key byte by byte, and then to itself: every fault is found and named."""

import random
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from ledger.book import Book
from ledger.checkpoint import signing_key, verifier_key
from ledger.manifest import Key, read_key, sha256_of
from ledger.sealed_file import ENTRIES, FILES, POSTINGS, SEAL, SIGNATURE, TURNOVER, SealedFile, check_sealed, read_seal, sign_seal
from tests.ledger.backups import on_sqlite, public
from tests.ledger.test_sealed import closed, seal


@on_sqlite
def test_one_changed_byte_anywhere_is_found_and_its_file_named(book: Book, tmp_path: Path) -> None:
    folder, key, draw = seal(closed(book), tmp_path).folder, public(book), random.Random(7)
    tried = 0
    for file in sorted(folder.iterdir()):
        whole = file.read_bytes()
        for at in {0, len(whole) - 1, *(draw.randrange(len(whole)) for _ in range(20))}:
            file.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << draw.randrange(8)]) + whole[at + 1 :])
            faults = check_sealed(folder, key)
            assert len(faults) == 1
            assert file.name in faults[0].where, f"byte {at} of {file.name}"
            tried += 1
        file.write_bytes(whole)
    assert tried > 80
    assert check_sealed(folder, key) == []


def _link(file: Path) -> None:
    file.rename(file.parent.parent / "elsewhere")
    file.symlink_to(file.parent.parent / "elsewhere")


def _nest(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("x")


DAMAGE: list[tuple[str, Callable[[Path], object]]] = [
    *[(name, Path.unlink) for name in (*FILES, SEAL, SIGNATURE)],
    *[(name, lambda file: file.write_bytes(file.read_bytes()[:-1])) for name in (*FILES, SEAL, SIGNATURE)],
    *[(name, lambda file: file.write_text("x")) for name in ("more.txt", ".hidden", f"{ENTRIES}.bak")],
    ("more/deep.txt", _nest),
    (ENTRIES, _link),
    (POSTINGS, lambda file: (file.unlink(), file.mkdir())),
]


@on_sqlite
def test_a_file_that_is_missing_torn_added_or_elsewhere_is_named(book: Book, tmp_path: Path) -> None:
    whole = seal(closed(book, 1), tmp_path / "whole").folder
    for name, harm in DAMAGE:
        shutil.rmtree(tmp_path / "copy", ignore_errors=True)
        harm(shutil.copytree(whole, tmp_path / "copy") / name)
        (fault,) = check_sealed(tmp_path / "copy", public(book))
        assert name in fault.where, name
    assert [fault.where for fault in check_sealed(tmp_path / "nowhere", public(book))] == [SEAL]


@on_sqlite
def test_a_seal_of_another_key_is_refused(book: Book, tmp_path: Path) -> None:
    made = seal(closed(book), tmp_path / "out")
    other = signing_key(tmp_path / "other")
    (fault,) = check_sealed(made.folder, Key(other.public_key(), "another"))
    assert (fault.law, "held to the key of another" in fault.reason) == ("signature", True)
    name = f"tanzhang/{book.id}"
    forged = msgspec.structs.replace(made.seal, key=verifier_key(name, other.public_key()))
    sign_seal(made.folder, forged, other)
    (fault,) = check_sealed(made.folder, public(book))
    assert fault.law == "signature"
    sign_seal(made.folder, forged, signing_key(book.home / "secrets"))  # signed by the book, and says that another did
    assert [fault.law for fault in check_sealed(made.folder, public(book))] == ["signature"]
    sign_seal(made.folder, msgspec.structs.replace(made.seal, book="another"), signing_key(book.home / "secrets"))
    assert [fault.law for fault in check_sealed(made.folder, public(book))] == ["signature"]


def _rows(table: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        change(pl.read_parquet(folder / table)).write_parquet(folder / table)

    return write


def _set(column: str, value: Any) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda frame: frame.with_columns(pl.when(pl.int_range(pl.len()) == 2).then(pl.lit(value)).otherwise(column).cast(frame[column].dtype).alias(column))  # fmt: skip


LIES: list[tuple[str, str, Callable[[Path], None]]] = [
    ("leaf", "entries.parquet, entry 4", _rows(ENTRIES, _set("leaf_hash", "0" * 64))),
    ("entry", "entries.parquet, entry 4", _rows(ENTRIES, _set("reference", "another"))),
    ("entry", "entries.parquet, entry 4", _rows(ENTRIES, _set("day", date(2024, 3, 30)))),
    ("entry", "entries.parquet, entry 4", _rows(ENTRIES, _set("posted_at", datetime(2024, 3, 1, tzinfo=UTC)))),
    ("payload", "entries.parquet, entry 4", _rows(ENTRIES, _set("payload", b"16:tanzhang.entry.2,"))),
    ("entry", "entries.parquet, entry 2", _rows(ENTRIES, lambda frame: frame[[0, 1, 1, 2, 3, 4]])),
    ("turnover", "turnover.parquet, atmosphere/330522/1A2 CH4", lambda folder: (
        _rows(ENTRIES, lambda frame: frame[:-1])(folder), _rows(POSTINGS, lambda frame: frame[:-4])(folder))),  # type: ignore[arg-type, return-value]
    ("postings", "postings.parquet, entry 0, leg 2", _rows(POSTINGS, _set("amount", 7))),
    ("postings", "postings.parquet, entry 0, leg 2", _rows(POSTINGS, _set("unit", "t"))),
    ("postings", "postings.parquet, entry 8, leg 3", _rows(POSTINGS, lambda frame: frame[:-1])),
    ("postings", "postings.parquet, entry 8, leg 3", _rows(POSTINGS, lambda frame: pl.concat([frame, frame[-1:]]))),
    ("turnover", "turnover.parquet, holder/h7k2m9/s01/scope1/1A2 CH4", _rows(TURNOVER, _set("amount", 7))),
    ("turnover", "turnover.parquet, holder/h7k2m9/s01/scope1/1A2 CO2", _rows(TURNOVER, lambda frame: frame[:-1])),
    ("form", "2024-03", _rows(POSTINGS, lambda frame: frame.drop("unit"))),
    ("form", "2024-03", lambda folder: (folder / TURNOVER).write_bytes(b"PAR1")),  # type: ignore[arg-type, return-value]
]  # fmt: skip


@on_sqlite
def test_what_was_signed_and_is_not_so_is_named_all_the_same(book: Book, tmp_path: Path) -> None:
    made, own = seal(closed(book), tmp_path / "whole"), signing_key(book.home / "secrets")

    def held(*, rows: int | None = None, **said: Any) -> list[tuple[str, str]]:
        tables = [tmp_path / "2024-03" / name for name in FILES]
        counted = {file.name: file.rows for file in made.seal.files}
        files = tuple(
            SealedFile(file.name, counted[file.name] if rows is None else rows, file.stat().st_size, sha256_of(file)) for file in tables
        )
        sign_seal(tmp_path / "2024-03", msgspec.structs.replace(made.seal, files=files, **said), own)
        return [(fault.law, fault.where) for fault in check_sealed(tmp_path / "2024-03", public(book))]

    for law, where, lie in LIES:
        shutil.rmtree(tmp_path / "2024-03", ignore_errors=True)
        lie(shutil.copytree(made.folder, tmp_path / "2024-03"))
        found = held()
        assert found, where
        assert (found[0][0], found[0][1].removeprefix(f"{tmp_path}/")) == (law, where)
    shutil.rmtree(tmp_path / "2024-03")
    shutil.copytree(made.folder, tmp_path / "2024-03")
    assert held() == []
    assert held(sealed="0" * 64) == [("turnover", TURNOVER)]
    assert held(size=8) == [("entry", "entries.parquet, entry 8")]
    assert held(period=2024_02) == [("entry", "entries.parquet, entry 0")]
    assert held(rows=9) == [("files", ENTRIES), ("files", POSTINGS), ("files", TURNOVER)]


@on_sqlite
def test_the_seal_says_what_was_closed_and_its_signature_makes_it_a_signed_note(tmp_path: Path, book: Book) -> None:
    made = seal(closed(book), tmp_path)
    text = (made.folder / SEAL).read_text(encoding="utf-8")
    said = msgspec.json.decode(text)
    assert list(said) == ["format", "book", "key", "period", "closing", "closed_at", "size", "root", "sealed", "files"]
    assert said["closed_at"] == "2026-11-25T02:00:00.123456Z"
    assert {"name": ENTRIES, "rows": 5, "size": (made.folder / ENTRIES).stat().st_size, "sha256": sha256_of(made.folder / ENTRIES)} in said[
        "files"
    ]
    assert (made.folder / SIGNATURE).read_text(encoding="utf-8").startswith(f"\u2014 tanzhang/{book.id} ")
    assert read_seal(made.folder, read_key(said["key"], "the seal")) == made.seal
