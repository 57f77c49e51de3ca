"""What a backup says it holds, and how it is held to that: a manifest signed by the book's key, and every file as it was signed.

The manifest and its signature are two files, so that the first is plain JSON; one after the other they are a C2SP signed note.
"""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.book import ORIGIN
from ledger.checkpoint import read_text, read_verifier_key, sign_text, verifier_key
from ledger.errors import BadProof, LedgerError

MANIFEST, SIGNATURE, SETTINGS = "manifest.json", "manifest.sig", "tanzhang.toml"
FOLDERS = ("packs", "sealed", "access")
"""Of the home, whose files are copied as they are."""
ACCESS_LOG = ".access.log"
"""How the checkpoints of the record of access end, which the storey above keeps."""
DATABASE = {"sqlite": "book.db", "postgresql": "book.dump"}
MANIFEST_BYTES_MAX = 64 * 2**20
NAMED_MAX = 20  # faults that a refusal names


class BackupFailed(LedgerError):
    """A backup could not be made, or a sound one not be put back: no room, no tool, no server."""

    code = "backup.failed"


class PlaceTaken(LedgerError):
    """Something is already there, and nothing is written over it."""

    code = "backup.place-taken"


class BackupRefused(LedgerError):
    """A backup that does not verify, or that would undo what was signed since; nothing of it was put in place."""

    code = "backup.refused"


class KeptFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the backup: its name from the folder on, its bytes, their SHA-256 in hex."""

    name: str
    size: int
    sha256: str


class Signed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is signed beside files."""

    def text(self) -> str:
        """The bytes that are signed."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1).decode() + "\n"


class Manifest(Signed, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a backup holds: the log of `book` over `size` entries with `root` (hex), in tables of `revision`. `key` is its signer's vkey."""

    format: Literal["tanzhang-backup@v1"] = "tanzhang-backup@v1"
    book: str
    key: str
    engine: Literal["sqlite", "postgresql"]
    engine_version: str
    revision: str
    size: int
    root: str
    taken_at: datetime
    files: tuple[KeptFile, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """A key to hold a backup to, and where it was found. `signing` is the text of the signing key, `name` the signer's in a vkey; either
    may be unknown."""

    public: Ed25519PublicKey
    found: str
    signing: str | None = None
    name: str | None = None


def read_key(text: str, found: str) -> Key:
    """The key in a file: public, as `tanzhang proof key` writes it, or the signing key itself. BadProof where it is neither."""
    line = text.strip()
    try:
        private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(line, validate=True))
    except ValueError:
        name, public = read_verifier_key(line)
        return Key(public, found, name=name)
    return Key(private.public_key(), found, signing=f"{line}\n")


def write_manifest(folder: Path, manifest: Manifest, key: Ed25519PrivateKey) -> None:
    """The manifest and its signature, two files."""
    text = manifest.text()
    note = sign_text(text, name=f"{ORIGIN}{manifest.book}", key=key)
    (folder / MANIFEST).write_text(text, encoding="utf-8", newline="\n")
    (folder / SIGNATURE).write_text(note.removeprefix(f"{text}\n"), encoding="utf-8", newline="\n")


def read_manifest(source: Path, key: Key) -> Manifest:
    """What a backup says it holds; BackupRefused where it is not signed by that key, in exactly these bytes."""
    texts = []
    for name in (MANIFEST, SIGNATURE):
        try:
            with (source / name).open("rb") as file:
                texts.append(file.read(MANIFEST_BYTES_MAX).decode())
        except OSError as error:
            raise BackupRefused(f"{source / name} cannot be read: {error.strerror or error}; is {source} a backup?") from error
        except UnicodeDecodeError as error:
            raise BackupRefused(f"{name} was changed: {error}") from error
    text, signature = texts
    try:
        name, _ = read_text(f"{text}\n{signature}", key.public)
    except BadProof as error:
        said = _unproved(text)
        held_to = verifier_key(key.name or f"{ORIGIN}{said.get('book')}", key.public)
        raise BackupRefused(
            f"{MANIFEST} and {SIGNATURE} are not what the key of {key.found} signed ({held_to}): one of them was changed, or another key "
            f"signed. The manifest says that {said.get('key')} did"
        ) from error
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except msgspec.ValidationError as error:
        raise BackupRefused(f"{MANIFEST}: {error}; this program reads backups of the form tanzhang-backup@v1") from error
    if name != f"{ORIGIN}{manifest.book}" or manifest.key != verifier_key(name, key.public) or key.name not in {None, name}:
        raise BackupRefused(f"{MANIFEST} is of book {manifest.book}, its signature of {name}, the key of {key.name or name}")
    return manifest


def check_names(source: Path, manifest: Manifest) -> None:
    """BackupRefused where a file is missing, of another size, or not in the manifest; their contents are hashed when they are taken."""
    stated = {kept.name: kept.size for kept in manifest.files}
    there = {path.relative_to(source).as_posix(): path for path in source.rglob("*") if path.is_symlink() or not path.is_dir()}
    faults = [f"{name} cannot be part of a backup" for name in sorted(stated) if not _belongs(name, manifest)]
    faults += [f"{name} is missing" for name in sorted({*stated, DATABASE[manifest.engine]} - set(there))]
    faults += [f"{name} is not in the manifest" for name in sorted(set(there) - set(stated) - {MANIFEST, SIGNATURE})]
    for name in sorted(set(stated) & set(there)):
        if there[name].is_symlink() or not there[name].is_file():
            faults.append(f"{name} is no plain file")
        elif there[name].stat().st_size != stated[name]:
            faults.append(f"{name} has {there[name].stat().st_size:,} bytes, {stated[name]:,} were signed")
    if faults:
        more = f"; and {len(faults) - NAMED_MAX} more" if len(faults) > NAMED_MAX else ""
        raise BackupRefused("; ".join(faults[:NAMED_MAX]) + more)


def _belongs(name: str, manifest: Manifest) -> bool:
    parts = PurePosixPath(name).parts
    own = (DATABASE[manifest.engine], SETTINGS, f"checkpoints/{manifest.book}.log", f"checkpoints/{manifest.book}{ACCESS_LOG}")
    return name in own or (len(parts) > 1 and parts[0] in FOLDERS and not any(part.startswith(".") for part in parts))


def _unproved(text: str) -> dict[str, object]:
    """What a manifest says by its own word."""
    with suppress(msgspec.DecodeError):
        return msgspec.json.decode(text, type=dict[str, object])
    return {}


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file in hex."""
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def files_in(folder: Path) -> Iterator[KeptFile]:
    """Every file below, as a manifest lists it."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield KeptFile(path.relative_to(folder).as_posix(), path.stat().st_size, sha256_of(path))
