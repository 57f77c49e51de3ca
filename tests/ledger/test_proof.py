"""Proof files hold, on both engines and at the edges of tiles, and no forged one is taken for true.

TANZHANG_SOAK raises the forgeries to the 10,000 of the hazards' table.
"""

import base64
import hashlib
import os
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.book import Book
from ledger.checkpoint import Checkpoint, newest_note, note_over, read_note, read_verifier_key, sign, signed_sizes, verifier_key
from ledger.errors import BadProof, EntryNotFound
from ledger.proof import consistency_proof, inclusion_proof, leaf_hash, root
from ledger.proof_file import BYTES_MAX, ENTRY, GROWTH, EntryProof, GrowthProof, check, read_proof
from ledger.prove import entries_of_reference, own_key, prove_entry, prove_growth
from tests.ledger.books import burning, put
from tests.ledger.test_tile import intrude, moves, mth, payload_leaves

SOAK = bool(os.environ.get("TANZHANG_SOAK"))
FORGERIES = 10_000 if SOAK else 500
ORIGIN = "tanzhang/test"


def test_every_entry_around_the_edge_of_a_tile_has_a_proof_that_holds(book: Book) -> None:
    for first, count in ((0, 254), (254, 1), (255, 1), (256, 1), (257, 300)):
        put(book, moves(first, count))
        size = first + count
        for index in {0, 1, size // 2, size - 1}:
            made = prove_entry(book, index)
            proved = check(made.text().encode(), key=own_key(book))
            assert proved.entry is not None
            assert (proved.entry.id, proved.entry.reference) == (index, f"move {index}")
            assert (proved.checkpoint.size, proved.checkpoint.root, proved.trusted) == (size, mth(payload_leaves(book)), True)
    sizes = [254, 255, 256, 257, 557]
    assert signed_sizes(book.checkpoint_file) == sizes
    for first in sizes:
        for last in (size for size in sizes if size >= first):
            proved = check(prove_growth(book, first, last).text().encode())
            assert proved.older is not None
            assert (proved.older.size, proved.checkpoint.size, proved.entry, proved.trusted) == (first, last, None, False)


def test_a_proof_stays_true_whatever_is_posted_after_it(book: Book) -> None:
    put(book, burning("1"))
    kept = prove_entry(book, 0).text().encode()
    put(book, moves(0, 300))
    assert check(kept, key=own_key(book)).checkpoint.size == 1
    grown = check(prove_growth(book, 1).text().encode(), key=own_key(book))
    assert grown.older == check(kept).checkpoint, "the later log goes on from the one that was proved"


def test_proofs_hold_while_others_write(book: Book) -> None:
    put(book, moves(0, 250))
    key = own_key(book)
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(lambda: [put(book, moves(first, 5)) for first in range(250, 400, 5)])
        count = 0
        while not writing.done() or count < 5:
            size = signed_sizes(book.checkpoint_file)[-1]
            for index in (0, size - 1):
                proved = check(prove_entry(book, index).text().encode(), key=key)
                assert proved.entry is not None
                assert (proved.entry.id, proved.checkpoint.size >= size) == (index, True)
            assert check(prove_growth(book, 250).text().encode(), key=key).checkpoint.size >= size
            count += 1
    assert writing.exception() is None


def test_an_entry_is_found_by_its_reference_to_the_letter(book: Book) -> None:
    put(book, burning("1"))
    put(book, moves(0, 12))
    with book.reading() as session:
        assert entries_of_reference(session, "入炉煤月报 2024-03") == [0]
        assert entries_of_reference(session, "move 1") == [2], "not 10 or 11"
        assert entries_of_reference(session, "local-admin") == [], "a word of another field is no reference"
        assert entries_of_reference(session, "%") == entries_of_reference(session, "") == []


def test_what_cannot_be_proved_says_why(make_book: Callable[[], Book]) -> None:
    book = make_book()
    with pytest.raises(BadProof, match="nothing was signed yet"):
        prove_entry(book, 0)
    put(book, burning("1"))
    with pytest.raises(EntryNotFound):
        prove_entry(book, 1)
    log = book.checkpoint_file.read_bytes()
    book.checkpoint_file.unlink()
    with pytest.raises(BadProof, match="no checkpoint of this book"):
        prove_entry(book, 0)
    book.checkpoint_file.write_bytes(log)
    put(book, burning("2"))
    later = book.checkpoint_file.read_bytes()
    book.checkpoint_file.write_bytes(log)
    with pytest.raises(BadProof, match="entry 1 is not signed yet, the newest checkpoint covers 1"):
        prove_entry(book, 1)
    other = make_book()
    put(other, burning("1"))
    other.checkpoint_file.write_bytes(later)
    with pytest.raises(BadProof):
        prove_entry(other, 0)


def test_a_book_that_was_changed_gives_no_proof(book: Book) -> None:
    put(book, moves(0, 300))
    table = {"sqlite": ("update", "delete", "replace"), "postgresql": ()}[book.dialect]
    down = [f"DROP TRIGGER entry_no_{event}" for event in table] or ["DROP TRIGGER entry_no_change ON entry"]
    intrude(book, *down, "UPDATE entry SET payload = (SELECT payload FROM entry WHERE id = 5) WHERE id = 299")
    with pytest.raises(BadProof, match="tanzhang verify"):
        prove_entry(book, 299)
    for index in (298, 0):  # what was signed of them still stands
        prove_entry(book, index)
    intrude(book, "UPDATE entry SET leaf = (SELECT leaf FROM entry WHERE id = 5) WHERE id = 299")
    for index in (299, 298, 0):
        with pytest.raises(BadProof, match="tanzhang verify"):
            prove_entry(book, index)


def test_the_newest_note_is_read_from_the_end_of_a_long_log(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    file = tmp_path / "log"
    assert (newest_note(file), note_over(file, 1), signed_sizes(file)) == (None, None, [])
    notes = [sign(Checkpoint(ORIGIN, size, bytes(32)), key) for size in range(1, 301)]
    file.write_text("".join(f"{note}\n\n" for note in notes) + notes[0][:50])
    assert newest_note(file) == notes[-1], "what is torn at the end is no note"
    assert note_over(file, 7) == notes[6]
    assert signed_sizes(file) == list(range(1, 301))


def test_the_public_key_is_a_c2sp_vkey() -> None:
    """The example of golang.org/x/mod/sumdb/note, from which C2SP signed-note comes: an Ed25519 key named PeterNeumann."""
    example = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    name, public = read_verifier_key(example)
    assert (name, verifier_key(name, public)) == ("PeterNeumann", example)
    for wrong in (
        "",
        "+",
        "PeterNeumann",
        example[:-1],
        example.replace("c74f", "c74e"),
        example.replace("Peter", "peter"),
        example + "\n",
    ):
        with pytest.raises(BadProof):
            read_verifier_key(wrong)


# --- forgers ---------------------------------------------------------------------------------------------------------------------


def payload(number: int) -> bytes:
    """An entry as it is hashed, made without any code of the ledger."""
    fields = [
        "tanzhang.entry.2", str(number), "1795572000123456", "points", "move", "2026-03-05", "tester", f"{number:032x}", f"move {number}",
        "", "", "", "2", "shop", "POINT", "point", "7", "purse", "POINT", "point", "-7",
    ]  # fmt: skip
    return "".join(f"{len(field)}:{field}," for field in fields).encode()


class Signed:
    """A log of `size` entries and whoever signs it."""

    def __init__(self, size: int, *, key: Ed25519PrivateKey, origin: str = ORIGIN, odd: bool = False) -> None:
        self.key, self.origin, self.vkey = key, origin, verifier_key(origin, key.public_key())
        self.payloads = [payload(number + odd) for number in range(size)]
        self.leaves = [leaf_hash(one) for one in self.payloads]

    def note(self, size: int) -> str:
        return sign(Checkpoint(self.origin, size, root(self.leaves[:size])), self.key)

    def entry(self, index: int, size: int) -> EntryProof:
        path = tuple(inclusion_proof(self.leaves[:size], index))
        return EntryProof(index, self.payloads[index], path, self.note(size), self.vkey)

    def growth(self, first: int, size: int) -> GrowthProof:
        return GrowthProof(tuple(consistency_proof(self.leaves[:size], first)), self.note(first), self.note(size), self.vkey)


OWN = Signed(70, key=Ed25519PrivateKey.from_private_bytes(bytes(32)))
THIEF = Signed(70, key=Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\1"))
REWRITTEN = Signed(70, key=THIEF.key, odd=True)


def shuffled(path: Sequence[bytes], chance: random.Random) -> tuple[bytes, ...]:
    """The path with a node changed, dropped, doubled, added, swapped or turned round."""
    nodes = list(path)
    at = chance.randrange(len(nodes)) if nodes else 0
    match chance.randrange(6):
        case 0 if nodes:
            nodes[at] = hashlib.sha256(nodes[at]).digest()
        case 1 if nodes:
            del nodes[at]
        case 2 if nodes:
            nodes.insert(at, nodes[at])
        case 3 if len(nodes) > 1:
            nodes[at - 1], nodes[at] = nodes[at], nodes[at - 1]
        case 4 if len(nodes) > 1:
            nodes.reverse()
        case _:
            nodes.insert(at, chance.randbytes(32))
    return tuple(nodes)


def flipped(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


def respelt(text: str, chance: random.Random) -> str:
    """The same bytes in another spelling: loose bits of base64, another case, other blanks."""
    tails = [at for at in range(1, len(text)) if text[at] == "=" and text[at - 1] != "="]
    if tails and chance.random() < 0.6:
        at = chance.choice(tails) - 1
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        return text[:at] + letters[letters.index(text[at]) ^ 1] + text[at + 1 :]
    return chance.choice(
        [text + "\n", text + " ", text.replace("\n", "\r\n"), text.removesuffix("\n"), " " + text, "\ufeff" + text, text * 2]
    )


def forged(chance: random.Random) -> bytes:
    """A proof of an entry that is none."""
    size = chance.randint(2, 70)
    index = chance.randrange(size)
    true, other = OWN.entry(index, size), chance.choice([number for number in range(size) if number != index])
    text = true.text().encode()
    match chance.randrange(12):
        case 0:
            return flipped(text, chance)
        case 1:
            return text[: chance.randrange(len(text))]
        case 2:
            return replace(true, index=chance.choice([other, size, index + 1, 2**62])).text().encode()
        case 3:
            return replace(true, path=shuffled(true.path, chance)).text().encode()
        case 4:
            return replace(true, payload=chance.choice([OWN.payloads[other], flipped(true.payload, chance), b""])).text().encode()
        case 5:
            return replace(true, checkpoint=OWN.note(size % 70 + 1)).text().encode()  # of another size, honestly signed
        case 6:
            return chance.choice([THIEF, REWRITTEN]).entry(index, size).text().encode()  # whole, under the thief's own key
        case 7:
            return replace(THIEF.entry(index, size), key=OWN.vkey).text().encode()
        case 8:
            return replace(true, checkpoint=sign(Checkpoint(ORIGIN, size, chance.randbytes(32)), THIEF.key)).text().encode()
        case 9:
            return replace(true, path=OWN.entry(other, size).path).text().encode()
        case 10:
            return respelt(true.text(), chance).encode()
        case _:
            node = b"\1" + OWN.leaves[0] + OWN.leaves[1]  # an inner node told as an entry
            return replace(OWN.entry(0, size), payload=node[1:], path=OWN.entry(0, size).path[1:]).text().encode()


def forged_growth(chance: random.Random) -> bytes:
    """A proof of growth that is none."""
    size = chance.randint(3, 70)
    first = chance.randint(1, size - 1)
    true, mine = OWN.growth(first, size), Signed(70, key=OWN.key, odd=True)
    text = true.text().encode()
    match chance.randrange(7):
        case 0:
            return flipped(text, chance)
        case 1:
            return text[: chance.randrange(len(text))]
        case 2:
            return replace(true, path=shuffled(true.path, chance)).text().encode()
        case 3:
            return replace(true, older=true.newer, newer=true.older).text().encode()
        case 4:
            return replace(true, older=mine.note(first)).text().encode()  # signed by the keeper, over a log that was rewritten since
        case 5:
            return THIEF.growth(first, size).text().encode()
        case _:
            return respelt(true.text(), chance).encode()


@pytest.mark.parametrize("make", [forged, forged_growth])
def test_a_forged_proof_is_refused_whatever_is_forged(
    make: Callable[[random.Random], bytes], record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(20261125)
    count = FORGERIES if make is forged else FORGERIES // 10
    true = [OWN.entry(index, size).text().encode() for size in range(1, 71) for index in range(size)]
    honest = set(true) | {OWN.growth(first, size).text().encode() for size in range(1, 71) for first in range(1, size + 1)}
    refused: dict[str, int] = {}
    for _ in range(count):
        data = make(chance)
        assert data not in honest, "what is tried here is forged"
        with pytest.raises(BadProof) as told:
            check(data, key=OWN.vkey)
        refused[str(told.value).partition(": ")[0]] = refused.get(str(told.value).partition(": ")[0], 0) + 1
    record_property("count", sum(refused.values()))
    record_property("result", f"{count - sum(refused.values())} accepted ({'growth' if make is forged_growth else 'entries'})")
    assert sum(refused.values()) == count
    assert set(refused) <= {"form", "key", "signature", "path", "payload"}, "each names its check"
    assert len(refused) >= 4


def test_the_true_ones_beside_them_are_all_taken() -> None:
    for size in (1, 2, 3, 32, 33, 70):
        for index in range(size):
            entry = check(OWN.entry(index, size).text().encode(), key=OWN.vkey).entry
            assert entry is not None
            assert [leg.amount for leg in entry.legs] == [7, -7]
        for first in range(1, size + 1):
            assert check(OWN.growth(first, size).text().encode(), key=OWN.vkey).older == Checkpoint(ORIGIN, first, mth(OWN.leaves[:first]))


def test_without_a_key_of_one_s_own_only_the_file_s_word_stands() -> None:
    proved = check(THIEF.entry(3, 9).text().encode())
    assert (proved.trusted, proved.key) == (False, THIEF.vkey)


def wrong_payloads() -> list[tuple[bytes, str]]:
    good = payload(0)
    return [
        (good.replace(b"1:7,", b"1:8,"), "do not sum to zero"),
        (payload(1), "says that it is entry 1"),
        (good.replace(b"tanzhang.entry.2", b"tanzhang.entry.9"), "not of format"),
        (b"", "not of format"),
        (good + b"1:x,", "not of format"),
    ]


@pytest.mark.parametrize(("said", "why"), wrong_payloads())
def test_what_a_keeper_signed_must_still_be_an_entry(said: bytes, why: str) -> None:
    leaf = leaf_hash(said)
    proof = EntryProof(0, said, (), sign(Checkpoint(ORIGIN, 1, leaf), OWN.key), OWN.vkey)
    with pytest.raises(BadProof, match=f"^payload: .*{why}"):
        check(proof.text().encode())


def test_a_proof_is_written_in_one_way_and_read_in_no_other() -> None:
    for proof in (OWN.entry(4, 9), OWN.entry(0, 1), OWN.growth(3, 9), OWN.growth(9, 9)):
        assert read_proof(proof.text().encode()) == proof
    text = OWN.entry(4, 9).text()
    assert text.startswith(f"{ENTRY}\nextra ")
    assert OWN.growth(1, 2).text().startswith(f"{GROWTH}\nkey {OWN.vkey}\n")
    index, *path = text.partition("\n\n")[0].split("\n")[2:]
    assert index == "index 4"
    assert [base64.b64decode(line) for line in path] == inclusion_proof(OWN.leaves[:9], 4), "lines as C2SP tlog-proof has them"
    assert text.endswith("\n\n" + OWN.note(9))
    with pytest.raises(BadProof, match="bytes"):
        read_proof(bytes(BYTES_MAX + 1))


def test_a_signature_spelt_otherwise_is_no_note() -> None:
    """64 + 4 bytes leave two loose bits at the end of base64."""
    note = OWN.note(3)
    public: Ed25519PublicKey = OWN.key.public_key()
    assert read_note(note, public).size == 3
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    at = note.rindex("=") - 1
    for bit in (1, 2, 3):
        with pytest.raises(BadProof, match="not written as it was signed"):
            read_note(note[:at] + letters[letters.index(note[at]) ^ bit] + note[at + 1 :], public)
