"""Make proofs out of a book: from its tiles, and from the newest checkpoint that was signed outside it."""

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlmodel import Session

from ledger.book import Book
from ledger.checkpoint import Checkpoint, newest_note, note_over, public_key, read_note, signed_sizes, verifier_key
from ledger.errors import BadProof, EntryNotFound
from ledger.payload import read_payload
from ledger.proof import check_consistency, check_inclusion, leaf_hash
from ledger.proof_file import EntryProof, GrowthProof
from ledger.tile import Tree

CHANGED = "the book is no longer the one that was signed over {size} entries: run tanzhang verify, which names what was changed"


def prove_entry(book: Book, entry_id: int) -> EntryProof:
    """That an entry is in the log of the newest signed checkpoint. It holds: it was checked before it is given.

    Raises EntryNotFound, and BadProof where no checkpoint covers the entry or the book is not the one that was signed.
    """
    public = _public(book)
    note = newest_note(book.checkpoint_file)  # before the book is read: the log only grows, so an honest one is at least as long
    if note is None:
        raise BadProof(f"no checkpoint of this book lies in {book.checkpoint_file.name}: each posting signs one, post or restore that file")
    checkpoint = _of_this(book, note, public)
    with book.reading() as session:
        connection = session.connection()
        row = connection.execute(sa.text("SELECT payload FROM entry WHERE id = :id"), {"id": entry_id}).one_or_none()
        if row is None:
            raise EntryNotFound(entry_id)
        if entry_id >= checkpoint.size:
            raise BadProof(f"entry {entry_id} is not signed yet, the newest checkpoint covers {checkpoint.size} entries: ask again")
        path = Tree(connection, checkpoint.size).inclusion(entry_id)
    payload = bytes(row[0])
    if not check_inclusion(leaf_hash(payload), index=entry_id, size=checkpoint.size, path=path, root_hash=checkpoint.root):
        raise BadProof(CHANGED.format(size=checkpoint.size))
    return EntryProof(entry_id, payload, tuple(path), note, verifier_key(book.origin, public))


def prove_growth(book: Book, first: int, size: int | None = None) -> GrowthProof:
    """That the log signed over `first` entries is the beginning of the one signed over `size`, or of the newest one.

    Raises BadProof where no such checkpoint was signed, or the book is not the one that was signed.
    """
    public = _public(book)
    newer = newest_note(book.checkpoint_file) if size is None else _note(book, size)
    if newer is None:
        raise BadProof(f"no checkpoint of this book lies in {book.checkpoint_file.name}")
    end, older = _of_this(book, newer, public), _note(book, first)
    start = _of_this(book, older, public)
    if start.size > end.size:
        raise BadProof(f"a log of {start.size} entries is no beginning of one of {end.size}: the smaller size goes first")
    with book.reading() as session:
        path = Tree(session.connection(), end.size).consistency(first)
    if not check_consistency(first=first, first_root=start.root, second=end.size, second_root=end.root, path=path):
        raise BadProof(CHANGED.format(size=end.size))
    return GrowthProof(tuple(path), older, newer, verifier_key(book.origin, public))


def own_key(book: Book) -> str:
    """The book's public key as a C2SP vkey; BadProof where nothing was signed yet."""
    return verifier_key(book.origin, _public(book))


def entries_of_reference(session: Session, reference: str) -> list[int]:
    """The entries that bear this reference, in the order of the log. Reads every payload: no index holds references."""
    connection = session.connection()
    said = reference.encode()
    holds = "instr(payload, :said) > 0" if connection.dialect.name == "sqlite" else "position(CAST(:said AS bytea) IN payload) > 0"
    rows = connection.execute(sa.text(f"SELECT id, payload FROM entry WHERE {holds} ORDER BY id"), {"said": b"%d:%s," % (len(said), said)})
    return [row[0] for row in rows if read_payload(bytes(row[1])).reference == reference]


def _public(book: Book) -> Ed25519PublicKey:
    public = public_key(book.home / "secrets")
    if public is None:
        raise BadProof(f"nothing was signed yet: there is no key in {book.home / 'secrets'}; the first posting makes it")
    return public


def _of_this(book: Book, note: str, public: Ed25519PublicKey) -> Checkpoint:
    checkpoint = read_note(note, public)
    if checkpoint.origin != book.origin:
        raise BadProof(f"the checkpoint in {book.checkpoint_file.name} is of {checkpoint.origin}, this book is {book.origin}")
    return checkpoint


def _note(book: Book, size: int) -> str:
    note = note_over(book.checkpoint_file, size)
    if note is None:
        sizes = signed_sizes(book.checkpoint_file)
        near = [*[one for one in sizes if one < size][-1:], *[one for one in sizes if one > size][:1]]
        beside = " and ".join(str(one) for one in near) or "none at all"
        raise BadProof(f"no checkpoint was signed over {size} entries; the nearest that were: {beside}")
    return note
