"""Checkpoints outside the database: signed, forced to disk, and whole."""

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger.checkpoint import Checkpoint, append_note, public_key, read_log, read_note, sign, signing_key
from ledger.errors import BadProof

NOTE = Checkpoint("tanzhang/example", 3, bytes(range(32)))


def test_a_note_reads_back_only_under_its_own_key(tmp_path: Path) -> None:
    key = signing_key(tmp_path / "a")
    note = sign(NOTE, key)
    assert note.split("\n")[:4] == ["tanzhang/example", "3", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", ""]
    assert note.split("\n")[4].startswith("\u2014 tanzhang/example ")
    assert read_note(note, key.public_key()) == NOTE
    with pytest.raises(BadProof):
        read_note(note, signing_key(tmp_path / "b").public_key())


def test_a_changed_note_is_refused_at_whatever_sign(tmp_path: Path) -> None:
    key = signing_key(tmp_path)
    note = sign(NOTE, key)
    for at in range(len(note) - 1):
        changed = note[:at] + ("A" if note[at] != "A" else "B") + note[at + 1 :]
        with pytest.raises(BadProof):
            read_note(changed, key.public_key())
    blob = base64.b64encode(bytes(68)).decode()
    for forged in ("", "x", "a\n1\n\n", f"{NOTE.text()}\n\u2014 tanzhang/example {blob}\n"):
        with pytest.raises(BadProof):
            read_note(forged, key.public_key())


def test_the_key_is_its_owners_alone_and_made_once(tmp_path: Path) -> None:
    assert public_key(tmp_path / "secrets") is None
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: signing_key(tmp_path / "secrets").private_bytes_raw(), range(16)))
    assert len(keys) == 1
    assert [file.name for file in (tmp_path / "secrets").iterdir()] == ["checkpoint.key"]
    assert stat.S_IMODE((tmp_path / "secrets" / "checkpoint.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("torn", [1, 2, 30, 150])
def test_a_note_that_a_crash_left_half_written_is_left_out_and_overwritten(tmp_path: Path, torn: int) -> None:
    key = signing_key(tmp_path)
    file = tmp_path / "checkpoints" / "book.log"
    first, second = (Checkpoint("tanzhang/example", size, bytes(32)) for size in (1, 2))
    append_note(file, sign(first, key))
    append_note(file, sign(second, key))
    file.write_bytes(file.read_bytes()[:-torn])
    assert read_log(file, key.public_key()) == [first]
    append_note(file, sign(second, key))
    append_note(file, sign(NOTE, key))
    assert read_log(file, key.public_key()) == [first, second, NOTE]


def test_no_log_is_no_checkpoint(tmp_path: Path) -> None:
    assert read_log(tmp_path / "none.log", signing_key(tmp_path).public_key()) == []
