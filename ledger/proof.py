"""The log of entries as an RFC 9162 Merkle tree: roots, and proofs that a person can check offline.

A leaf is SHA-256(0x00 ‖ payload), a node SHA-256(0x01 ‖ left ‖ right) (RFC 9162, section 2.1.1). The peaks of the tree (one hash per set
bit of its size, the largest subtree first) are all that is needed to go on, so that appending is O(log n) and sealed in the posting's own
transaction.
"""

import hashlib
from collections.abc import Iterable, Sequence

from ledger.errors import BadProof

EMPTY_ROOT = hashlib.sha256(b"").digest()
HASH_BYTES = 32


def leaf_hash(payload: bytes) -> bytes:
    """The hash of one entry's payload as a leaf."""
    return hashlib.sha256(b"\0" + payload).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\1" + left + right).digest()


def peaks_of(raw: bytes) -> list[bytes]:
    """The peaks as the head keeps them, one after the other."""
    return [raw[at : at + HASH_BYTES] for at in range(0, len(raw), HASH_BYTES)]


def append(peaks: Sequence[bytes], size: int, leaves: Iterable[bytes]) -> tuple[list[bytes], int]:
    """The peaks and size of the tree once `leaves` (hashes) follow the `size` that it holds."""
    grown = list(peaks)
    for leaf in leaves:
        bits, node = size, leaf
        while bits & 1:
            node = node_hash(grown.pop(), node)
            bits >>= 1
        grown.append(node)
        size += 1
    return grown, size


def root_of(peaks: Sequence[bytes]) -> bytes:
    """The root of the tree with these peaks; of an empty tree SHA-256 of nothing."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def perfect_root(hashes: bytes) -> bytes:
    """The root over a power of two of hashes, one after the other: level by level, which is the fastest that hashlib can do."""
    while len(hashes) > HASH_BYTES:
        pairs = range(0, len(hashes), 2 * HASH_BYTES)
        hashes = b"".join([hashlib.sha256(b"\1" + hashes[at : at + 2 * HASH_BYTES]).digest() for at in pairs])
    return hashes


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes."""
    return root_of(append([], 0, leaves)[0])


def _split(size: int) -> int:
    """The largest power of two below `size` (RFC 9162, section 2.1.1)."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """The leaves (first, one past the last) whose roots are the audit path of leaf `index`, the lowest sibling first.

    RFC 9162, section 2.1.3.1. A range that ends before `size` is a perfect subtree. Raises BadProof where there is no such leaf.
    """
    if not 0 <= index < size:
        raise BadProof(f"there is no leaf {index} in a tree of {size}")
    ranges: list[tuple[int, int]] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path from leaf `index` to the root, the lowest sibling first, over all leaf hashes of a small tree."""
    return [root(leaves[start:stop]) for start, stop in inclusion_ranges(index, len(leaves))]


def check_inclusion(leaf: bytes, *, index: int, size: int, path: Sequence[bytes], root_hash: bytes) -> bool:
    """Whether `path` leads from `leaf` at `index` to the root of a tree of `size` (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    fn, sn, node = index, size - 1, leaf
    for sibling in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            node = node_hash(sibling, node)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = node_hash(node, sibling)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and node == root_hash


def consistency_ranges(first: int, size: int) -> list[tuple[int, int]]:
    """The leaves whose roots show the tree of `first` leaves to be the beginning of that of `size`, the lowest node first.

    RFC 9162, section 2.1.4.1. Raises BadProof where there is no such beginning.
    """
    if not 0 < first <= size:
        raise BadProof(f"a tree of {size} has no beginning of {first}")
    ranges: list[tuple[int, int]] = []
    start, stop = 0, size
    while stop != first:
        middle = start + _split(stop - start)
        if first <= middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start > 0:  # else the beginning is a perfect subtree itself, whose root the reader has
        ranges.append((start, stop))
    return ranges[::-1]


def consistency_proof(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """The nodes that show the tree of `first` leaves to be the beginning of this one, over all leaf hashes of a small tree."""
    return [root(leaves[start:stop]) for start, stop in consistency_ranges(first, len(leaves))]


def check_consistency(*, first: int, first_root: bytes, second: int, second_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether `path` shows that the tree of `first` leaves is the beginning of that of `second` (RFC 9162, section 2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not path and first_root == second_root
    nodes = [first_root, *path] if first & (first - 1) == 0 else list(path)
    if not nodes:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = nodes[0]
    for node in nodes[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            old, new = node_hash(node, old), node_hash(node, new)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node_hash(new, node)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and old == first_root and new == second_root
