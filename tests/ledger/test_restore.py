"""A backup is put back only where signature, files and every law of the restored book hold; else nothing is left.

Counts are small here; TANZHANG_SOAK raises them.
"""

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.audit import verify
from ledger.book import Book
from ledger.checkpoint import newest_note, read_log, signing_key, verifier_key
from ledger.manifest import (
    DATABASE,
    MANIFEST,
    SIGNATURE,
    BackupRefused,
    Key,
    Manifest,
    files_in,
    read_key,
    read_manifest,
    write_manifest,
)
from tests.conftest import owner_engine
from tests.ledger.backups import PACK, SOAK, Places, filled, is_empty, on_sqlite, opened, public, put_back, signing, taken
from tests.ledger.books import NOW, burning, put


def test_one_changed_byte_anywhere_is_refused_with_the_file_named_and_nothing_is_left(
    book: Book, places: Places, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    source, place, key, draw = tmp_path / "backup", places("home"), signing(book), random.Random(7)
    taken(filled(book), source)
    tried = 0
    for file in [path for path in sorted(source.rglob("*")) if path.is_file()]:
        whole = file.read_bytes()
        for at in {0, len(whole) - 1, *(draw.randrange(len(whole)) for _ in range(500 if SOAK else 6))}:
            changed = bytearray(whole)
            changed[at] ^= 1 << draw.randrange(8)
            file.write_bytes(changed)
            with pytest.raises(BackupRefused, match=file.name.replace(".", r"\.")):
                put_back(source, place, key)
            tried += 1
        file.write_bytes(whole)
        assert is_empty(place)
    record_property("count", tried)
    record_property("result", "each refused, the file named, nothing left")
    assert tried > 25
    put_back(source, place, key)


def test_a_manifest_changed_at_any_byte_is_not_what_was_signed(tmp_path: Path) -> None:
    own = signing_key(tmp_path / "secrets")
    vkey = verifier_key("tanzhang/a", own.public_key())
    manifest = Manifest(book="a", key=vkey, engine="sqlite", engine_version="3", revision="0001", size=0, root="", taken_at=NOW, files=())
    write_manifest(tmp_path, manifest, own)
    for name in (MANIFEST, SIGNATURE):
        whole = (tmp_path / name).read_bytes()
        for at in range(len(whole)):
            (tmp_path / name).write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            with pytest.raises(BackupRefused, match=name):
                read_manifest(tmp_path, read_key(vkey, "keeper.vkey"))
        (tmp_path / name).write_bytes(whole)
    assert read_manifest(tmp_path, read_key(vkey, "keeper.vkey")) == manifest


def _truncate(folder: Path, name: str) -> None:
    file = folder / name
    file.write_bytes(file.read_bytes()[:-1])


def _link(folder: Path, name: str) -> None:
    (folder / name).rename(folder.parent / "elsewhere")
    (folder / name).symlink_to(folder.parent / "elsewhere")


DAMAGE: list[tuple[str, Callable[[Path, str], object]]] = [
    *[(name, lambda folder, name: (folder / name).unlink()) for name in (MANIFEST, SIGNATURE, PACK, "tanzhang.toml", "DATABASE")],
    *[(name, _truncate) for name in (MANIFEST, SIGNATURE, PACK, "DATABASE")],
    *[(name, lambda folder, name: (folder / name).write_text("x")) for name in ("more.txt", "packs/own/x", ".hidden", "book.db-wal")],
    ("more/deep.txt", lambda folder, name: ((folder / "more").mkdir(), (folder / name).write_text("x"))),
    (PACK, _link),
]


@on_sqlite
def test_a_file_that_is_missing_torn_added_or_elsewhere_is_refused_by_name(book: Book, places: Places, tmp_path: Path) -> None:
    place, key = places("home"), signing(book)
    taken(filled(book, 1), tmp_path / "whole")
    for name, harm in DAMAGE:
        named = DATABASE[book.dialect] if name == "DATABASE" else name
        shutil.rmtree(tmp_path / "backup", ignore_errors=True)
        shutil.copytree(tmp_path / "whole", tmp_path / "backup")
        harm(tmp_path / "backup", named)
        with pytest.raises(BackupRefused) as refused:
            put_back(tmp_path / "backup", place, key)
        assert named in str(refused.value)
        assert is_empty(place)


@on_sqlite
def test_a_manifest_that_another_key_signed_or_that_was_edited_is_refused(book: Book, places: Places, tmp_path: Path) -> None:
    source, place, key = tmp_path / "backup", places("home"), signing(book)
    manifest = taken(filled(book, 1), source)
    other = signing_key(tmp_path / "other")
    forged = msgspec.structs.replace(manifest, key=verifier_key(book.origin, other.public_key()))
    write_manifest(source, forged, other)
    with pytest.raises(BackupRefused, match="another key signed") as refused:
        put_back(source, place, key)
    assert forged.key in str(refused.value)
    assert manifest.key in str(refused.value)
    write_manifest(source, manifest, signing_key(book.home / "secrets"))
    (source / MANIFEST).write_text(msgspec.structs.replace(manifest, size=manifest.size - 1).text())
    with pytest.raises(BackupRefused, match="manifest"):
        put_back(source, place, key)
    write_manifest(source, manifest, signing_key(book.home / "secrets"))
    with pytest.raises(BackupRefused, match="another key signed"):
        put_back(source, place, Key(other.public_key(), "elsewhere"))
    with pytest.raises(BackupRefused, match="nothing to hold the backup to"):
        put_back(source, place)
    assert is_empty(place)


def test_a_signed_manifest_is_still_held_to_what_the_restored_book_says(book: Book, places: Places, tmp_path: Path) -> None:
    """The keeper of the key may err, or lie: what is restored is read as a whole before it stands."""
    source, place, key, own = tmp_path / "backup", places("home"), signing(filled(book, 2)), signing_key(book.home / "secrets")
    manifest = taken(book, source)
    wrong = [
        ("revision 9999", {"revision": "9999"}),
        ("the backup is of", {"engine": "sqlite" if book.dialect == "postgresql" else "postgresql"}),
        ("says otherwise", {"root": "00" * 32}),
        ("cannot be part of a backup", {"files": (*manifest.files, msgspec.structs.replace(manifest.files[0], name="../x"))}),
        ("cannot be part of a backup", {"files": (*manifest.files, msgspec.structs.replace(manifest.files[0], name="secrets/x"))}),
    ]
    for reason, lie in wrong:
        write_manifest(source, msgspec.structs.replace(manifest, **lie), own)
        if "engine" in lie:
            (source / DATABASE[book.dialect]).rename(source / DATABASE[lie["engine"]])
            write_manifest(source, msgspec.structs.replace(manifest, **lie, files=tuple(_listed(source))), own)
        with pytest.raises(BackupRefused, match=reason):
            put_back(source, place, key)
        assert is_empty(place), reason
        if "engine" in lie:
            (source / DATABASE[lie["engine"]]).rename(source / DATABASE[book.dialect])


def _listed(folder: Path) -> Iterator[Any]:
    return (file for file in files_in(folder) if file.name not in {MANIFEST, SIGNATURE})


def test_a_book_that_breaks_a_law_is_not_put_in_place(book: Book, places: Places, tmp_path: Path) -> None:
    place = places("home")
    with owner_engine(filled(book, 2)).begin() as connection:
        connection.exec_driver_sql("UPDATE balance SET amount = amount + 1 WHERE account_id = 1")
    taken(book, tmp_path / "backup")
    with pytest.raises(BackupRefused, match="not sound: balances: balance 1") as refused:
        put_back(tmp_path / "backup", place, signing(book))
    assert ("the database is empty again" in str(refused.value)) == (book.dialect == "postgresql")
    assert is_empty(place)


@on_sqlite
def test_a_backup_older_than_the_homes_own_checkpoints_is_named_and_needs_a_word(book: Book, places: Places, tmp_path: Path) -> None:
    source, place = tmp_path / "backup", places("home")
    taken(filled(book, 2), source)
    for n in range(3):
        put(book, burning(f"lost {n}"))
    shutil.copytree(book.home / "checkpoints", place.home / "checkpoints")
    shutil.copytree(book.home / "secrets", place.home / "secrets")
    with pytest.raises(BackupRefused, match="a log of 5 entries, the backup holds 2: 3 would be lost"):
        put_back(source, place)
    with pytest.raises(BackupRefused, match="is not the one in"):
        put_back(source, place, Key(signing_key(tmp_path / "other").public_key(), "other"), older=True)
    assert len(read_log(place.home / "checkpoints" / f"{book.id}.log", signing(book).public)) == 5
    done = put_back(source, place, older=True)
    assert done.set_aside is not None
    assert [one.size for one in read_log(done.set_aside, signing(book).public)] == [1, 2, 3, 4, 5]
    with opened(place) as restored:
        assert [one.size for one in read_log(restored.checkpoint_file, signing(book).public)] == [1, 2]
        assert verify(restored) == []


@on_sqlite
def test_checkpoints_of_the_home_that_the_backup_reaches_are_kept_and_must_be_of_its_past(
    book: Book, places: Places, tmp_path: Path
) -> None:
    place = places("home")
    taken(filled(book, 3), tmp_path / "backup")
    shutil.copytree(book.home / "secrets", place.home / "secrets")
    whole = book.checkpoint_file.read_text()
    thinner = "\n\n\n".join(whole.split("\n\n\n")[1:])  # the backup never saw the first
    own = place.home / "checkpoints" / book.checkpoint_file.name
    own.parent.mkdir()
    book.checkpoint_file.write_text(thinner)
    taken(book, tmp_path / "thinner")
    own.write_text(whole)
    put_back(tmp_path / "thinner", place)
    public_half = signing(book).public
    assert [one.size for one in read_log(own, public_half)] == [2, 3, 1, 3]
    newest = newest_note(own)
    assert newest is not None
    assert newest.split("\n")[1] == "3"
    with opened(place) as restored:
        assert verify(restored) == []


@on_sqlite
def test_a_lost_signing_key_is_followed_by_a_new_one_only_when_asked(book: Book, places: Places, tmp_path: Path) -> None:
    source, place, old = tmp_path / "backup", places("home"), public(filled(book, 3))
    taken(book, source)
    with pytest.raises(BackupRefused, match="no signing key lies in"):
        put_back(source, place, old)
    assert is_empty(place)
    done = put_back(source, place, old, new_key=True)
    assert done.new_key is not None
    assert done.new_key != done.manifest.key
    (before,) = place.home.glob("checkpoints/*.until-*.log")
    assert [one.size for one in read_log(before, old.public)] == [1, 2, 3]
    with opened(place) as restored:
        assert verifier_key(restored.origin, signing_key(restored.home / "secrets").public_key()) == done.new_key
        put(restored, burning("next"))
        assert verify(restored) == []
