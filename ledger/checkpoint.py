"""Signed checkpoints of the log, kept outside the database: only they tell a rolled-back database from an honest one.

A checkpoint is a C2SP signed note (origin, size, root; Ed25519, c2sp.org/tlog-checkpoint). The file holds one after the other, each closed
by two empty lines, so that what a crash left half written at its end is known for that.
"""

import base64
import fcntl
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.errors import BadProof
from ledger.secret import kept

SIGNATURE_MARK = "\u2014 "
CLOSE = "\n\n"  # after a note, which ends its last line itself
_END = b"\n" + CLOSE.encode()
_TAIL = 16_384  # bytes at the end of a log that hold a whole note


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How long the log was and what its root was, at one moment."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def _key_file(secrets: Path) -> Path:
    return secrets / "checkpoint.key"


def signing_key(secrets: Path) -> Ed25519PrivateKey:
    """The key in `secrets/checkpoint.key`, made at its first use; its owner alone may read it."""
    return Ed25519PrivateKey.from_private_bytes(kept(secrets, "checkpoint", lambda: Ed25519PrivateKey.generate().private_bytes_raw()))


def public_key(secrets: Path) -> Ed25519PublicKey | None:
    """The public half, or None where nothing was ever signed. Makes no key."""
    return signing_key(secrets).public_key() if _key_file(secrets).exists() else None


def _key_id(name: str, public: Ed25519PublicKey) -> bytes:
    """The first four bytes of SHA-256(name ‖ LF ‖ 0x01 ‖ public key), by C2SP signed-note."""
    return hashlib.sha256(name.encode() + b"\n\x01" + public.public_bytes_raw()).digest()[:4]


def sign(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """The checkpoint as a C2SP signed note, signed under its origin's name."""
    return sign_text(checkpoint.text(), name=checkpoint.origin, key=key)


def sign_text(text: str, *, name: str, key: Ed25519PrivateKey) -> str:
    """A C2SP signed note (c2sp.org/signed-note) of a text that ends its last line and has no empty one."""
    blob = _key_id(name, key.public_key()) + key.sign(text.encode())
    return f"{text}\n{SIGNATURE_MARK}{name} {base64.b64encode(blob).decode()}\n"


def read_text(note: str, public: Ed25519PublicKey) -> tuple[str, str]:
    """Signer's name and text of a signed note that is written exactly as it was signed; BadProof where anything of it does not hold."""
    text, _, signature = note.partition("\n\n")
    shown = text.split("\n")[0][:60]
    try:
        name, blob = signature.rstrip("\n").removeprefix(SIGNATURE_MARK).rsplit(" ", 1)
        raw = base64.b64decode(blob, validate=True)
        public.verify(raw[4:], f"{text}\n".encode())
    except (ValueError, InvalidSignature) as error:
        raise BadProof(f"the signature of {shown!r} does not hold, or is another key's") from error
    if raw[:4] != _key_id(name, public) or note != f"{text}\n\n{SIGNATURE_MARK}{name} {base64.b64encode(raw).decode()}\n":
        raise BadProof(f"the note {shown!r} is not written as it was signed")
    return name, f"{text}\n"


def read_note(note: str, public: Ed25519PublicKey) -> Checkpoint:
    """The checkpoint of a signed note; BadProof where its form, its signature or its signer is wrong."""
    name, text = read_text(note, public)
    lines = text.split("\n")
    try:
        origin, size, root_text, _ = lines
        checkpoint = Checkpoint(origin, int(size), base64.b64decode(root_text, validate=True))
    except ValueError as error:
        raise BadProof(f"a note that is no checkpoint: {lines[0][:60]!r} size {lines[1][:20] if lines[1:] else '?'}") from error
    if name != origin or checkpoint.text() != text:
        raise BadProof(f"the checkpoint of {origin[:60]!r} over {size[:20]} is not written as it was signed, or by another")
    return checkpoint


def verifier_key(name: str, public: Ed25519PublicKey) -> str:
    """The public key as a C2SP vkey (c2sp.org/signed-note): name, key id, and 0x01 ‖ key in base64, parted by +."""
    encoded = base64.b64encode(b"\x01" + public.public_bytes_raw()).decode()
    return f"{name}+{_key_id(name, public).hex()}+{encoded}"


def read_verifier_key(text: str) -> tuple[str, Ed25519PublicKey]:
    """The name and the public key that a vkey says; BadProof where it is none."""
    try:
        name, _, encoded = text.split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
        public = Ed25519PublicKey.from_public_bytes(raw[1:])
    except ValueError as error:
        raise BadProof(f"{text[:100]!r} is no public key of the form name+id+base64, as `tanzhang proof key` writes it") from error
    if not name or verifier_key(name, public) != text:
        raise BadProof(f"the id in the public key {text[:100]!r} is not the one of its name and key")
    return name, public


def append_note(file: Path, note: str) -> None:
    """Add a note to the log file and force it to disk; what a crash left half written before it goes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+b") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        log.seek(max(log.seek(0, os.SEEK_END) - len(_END), 0))
        if log.read() not in {b"", _END}:
            log.seek(0)
            log.truncate(_whole(log.read()))
        log.write((note + CLOSE).encode())
        log.flush()
        os.fsync(log.fileno())


def _whole(data: bytes) -> int:
    """How many bytes at the front are whole notes."""
    return end + len(_END) if (end := data.rfind(_END)) >= 0 else 0


def newest_note(file: Path) -> str | None:
    """The last whole note of a log file, read from its end; None where there is none."""
    if not file.exists():
        return None
    with file.open("rb") as log:
        log.seek(max(log.seek(0, os.SEEK_END) - _TAIL, 0))
        notes = _notes(log.read())
    return notes[-1] if notes else None


def newest_size(file: Path) -> int:
    """Over how many entries the last whole note of a log file was signed; 0 where there is none. Nothing is verified here."""
    note = newest_note(file)
    return 0 if note is None else int(note.split("\n")[1])


def note_over(file: Path, size: int) -> str | None:
    """The last note of a log file that was signed over `size` entries; None where there is none. Nothing is verified here."""
    newest = newest_note(file)
    notes = [] if newest is None else [newest] if _says(newest, size) else _notes(file.read_bytes())
    return next((note for note in reversed(notes) if _says(note, size)), None)


def _says(note: str, size: int) -> bool:
    return note.split("\n", 2)[1:2] == [str(size)]


def signed_sizes(file: Path) -> list[int]:
    """The sizes over which notes of a log file were signed, ascending. Nothing is verified here."""
    notes = _notes(file.read_bytes()) if file.exists() else []
    return sorted({int(size) for note in notes for size in note.split("\n", 2)[1:2] if size.isascii() and size.isdigit()})


def _notes(data: bytes) -> list[str]:
    """The whole notes in `data`; of one that begins before it the end is the first."""
    return [f"{note}\n" for note in data[: _whole(data)].decode(errors="replace").split("\n" + CLOSE) if note]


def read_log(file: Path, public: Ed25519PublicKey) -> list[Checkpoint]:
    """All whole checkpoints of a log file, the oldest first; BadProof at the first that does not hold."""
    if not file.exists():
        return []
    return [read_note(note, public) for note in _notes(file.read_bytes())]
