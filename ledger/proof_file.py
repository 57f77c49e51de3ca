"""Proofs as files that a person can check offline: that an entry is in the signed log, or that a log is the beginning of a later one.

A proof of an entry is a C2SP tlog-proof (c2sp.org/tlog-proof@v1): its index, its audit path, and the signed checkpoint. The `extra` line,
which the standard leaves to us, holds the public key as a vkey, a line feed, and the payload that was hashed. A proof of growth is made
alike: the key, the nodes of RFC 9162 section 2.1.4, and the two checkpoints. There is one way to write each, and only that is read.
"""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ledger.checkpoint import Checkpoint, read_note, read_verifier_key
from ledger.errors import BadProof, MalformedEntry
from ledger.payload import Payload, read_payload
from ledger.proof import HASH_BYTES, check_consistency, check_inclusion, leaf_hash

ENTRY = "c2sp.org/tlog-proof@v1"
GROWTH = "tanzhang/consistency@v1"
BYTES_MAX = 32 * 2**20
"""More than an entry of 10,000 legs needs."""
_NUMBER = re.compile("0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class EntryProof:
    """That `payload` is entry `index` of the log which `checkpoint` was signed over; `key` is the vkey of its signer."""

    index: int
    payload: bytes
    path: tuple[bytes, ...]
    checkpoint: str
    key: str

    def text(self) -> str:
        """The file."""
        extra = base64.b64encode(f"{self.key}\n".encode() + self.payload).decode()
        return "\n".join([ENTRY, f"extra {extra}", f"index {self.index}", *_lines(self.path), "", self.checkpoint])


@dataclass(frozen=True, slots=True)
class GrowthProof:
    """That the log of checkpoint `older` is the beginning of the log of checkpoint `newer`; `key` is the vkey of their signer."""

    path: tuple[bytes, ...]
    older: str
    newer: str
    key: str

    def text(self) -> str:
        """The file."""
        return "\n".join([GROWTH, f"key {self.key}", *_lines(self.path), "", self.older, self.newer])


@dataclass(frozen=True, slots=True)
class Proved:
    """What a proof proved: `entry` is in the log of `checkpoint`, or the log of `older` is its beginning; the other is None.

    `trusted` tells whether the key was the reader's own; otherwise it came with the proof, and proves no more than the file's own word.
    """

    checkpoint: Checkpoint
    key: str
    trusted: bool
    entry: Payload | None = None
    older: Checkpoint | None = None


def read_proof(data: bytes) -> EntryProof | GrowthProof:
    """What a file says, unchecked; BadProof where it is not written as a proof is."""
    if len(data) > BYTES_MAX:
        raise BadProof(f"form: a proof has at most {BYTES_MAX:,} bytes, this file has {len(data):,}")
    try:
        text = data.decode()
        head, blank, notes = text.partition("\n\n")
        kind, *lines = head.split("\n")
        if kind not in {ENTRY, GROWTH}:
            raise BadProof(f"form: this is no proof, its first line is not {ENTRY} or {GROWTH}")
        proof = _entry(lines, notes) if kind == ENTRY else _growth(lines, notes)
    except ValueError as error:  # of decoding, too
        raise BadProof(f"form: the proof is torn or was changed: {error}") from error
    if not blank or proof.text() != text:
        raise BadProof("form: the proof is not written as it was made, some sign in it was changed")
    return proof


def check(data: bytes, *, key: str | None = None) -> Proved:
    """What the proof in a file proves, under the reader's own `key` (a vkey) or the one that it brings along.

    Needs no database. Raises BadProof with the name of the check that failed: form, key, signature, path or payload.
    """
    proof, checkpoint = opened(data, key=key)
    if isinstance(proof, EntryProof):
        included(proof, checkpoint)
        return Proved(checkpoint, proof.key, key is not None, entry=_entry_in(proof))
    with _checking("signature"):
        older = read_note(proof.older, read_verifier_key(proof.key)[1])
    if older.origin != checkpoint.origin:
        raise BadProof(f"signature: the older checkpoint is of {older.origin}, the newer of {checkpoint.origin}")
    roots = {"first_root": older.root, "second_root": checkpoint.root}
    if not check_consistency(first=older.size, second=checkpoint.size, path=proof.path, **roots):
        raise BadProof(f"path: the log of {older.size} entries is not shown to be the beginning of that of {checkpoint.size}")
    return Proved(checkpoint, proof.key, key is not None, older=older)


def opened(data: bytes, *, key: str | None = None) -> tuple[EntryProof | GrowthProof, Checkpoint]:
    """A proof and its (newer) checkpoint, once that is signed by `key` or by the one that the proof brings along; of any log."""
    proof = read_proof(data)
    with _checking("key"):
        name, public = read_verifier_key(proof.key)
    if key is not None and proof.key != key:
        raise BadProof(f"key: the proof is signed by {proof.key}, the key it was asked to hold under is {key}")
    told = proof.checkpoint if isinstance(proof, EntryProof) else proof.newer
    with _checking("signature"):
        checkpoint = read_note(told, public)
    if checkpoint.origin != name:
        raise BadProof(f"signature: the checkpoint is of {checkpoint.origin}, the key of {name}")
    return proof, checkpoint


def included(proof: EntryProof, checkpoint: Checkpoint) -> None:
    """BadProof where the path does not lead from the payload to what was signed."""
    leaf = leaf_hash(proof.payload)
    if not check_inclusion(leaf, index=proof.index, size=checkpoint.size, path=proof.path, root_hash=checkpoint.root):
        raise BadProof(
            f"path: it does not lead from this entry, as number {proof.index}, to the root signed over {checkpoint.size} entries"
        )


def _entry_in(proof: EntryProof) -> Payload:
    """The entry, once it says what an entry must."""
    with _checking("payload"):
        said = read_payload(proof.payload)
    if said.id != proof.index:
        raise BadProof(f"payload: it says that it is entry {said.id}, and lies at {proof.index}")
    sums: dict[str, int] = {}
    for leg in said.legs:
        sums[leg.commodity] = sums.get(leg.commodity, 0) + leg.amount
    if off := sorted(commodity for commodity, amount in sums.items() if amount):
        raise BadProof(f"payload: its legs in {off[0]} do not sum to zero")
    return said


@contextmanager
def _checking(what: str) -> Iterator[None]:
    """What is refused in here is told under the name of the check."""
    try:
        yield
    except (BadProof, MalformedEntry) as error:
        raise BadProof(f"{what}: {error}") from error


def _entry(lines: list[str], notes: str) -> EntryProof:
    extra, index, *path = lines
    if not extra.startswith("extra ") or not index.startswith("index ") or not _NUMBER.fullmatch(index[6:]):
        raise ValueError("its second line is not `extra …`, or its third not `index …`")
    key, _, payload = base64.b64decode(extra[6:], validate=True).partition(b"\n")
    return EntryProof(int(index[6:]), payload, _hashes(path), notes, key.decode())


def _growth(lines: list[str], notes: str) -> GrowthProof:
    key, *path = lines
    parts = notes.split("\n\n")
    if not key.startswith("key ") or len(parts) != 4:
        raise ValueError("its second line is not `key …`, or it does not hold two checkpoints")
    return GrowthProof(_hashes(path), "\n\n".join(parts[:2]) + "\n", "\n\n".join(parts[2:]), key[4:])


def _hashes(lines: list[str]) -> tuple[bytes, ...]:
    path = tuple(base64.b64decode(line, validate=True) for line in lines)
    if any(len(one) != HASH_BYTES for one in path):
        raise ValueError(f"a line of its path is no hash of {HASH_BYTES} bytes")
    return path


def _lines(path: tuple[bytes, ...]) -> list[str]:
    return [base64.b64encode(one).decode() for one in path]
