"""The log against a naive reading of RFC 9162, section 2.1, and proofs against forgers."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import BadProof
from ledger.proof import (
    EMPTY_ROOT,
    append,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    peaks_of,
    root,
    root_of,
)

payloads = st.lists(st.binary(max_size=40), max_size=70)
some = st.lists(st.binary(max_size=40), min_size=1, max_size=70)


def naive(data: Sequence[bytes]) -> bytes:
    """MTH of section 2.1.1, word for word."""
    if not data:
        return hashlib.sha256().digest()
    if len(data) == 1:
        return hashlib.sha256(b"\x00" + data[0]).digest()
    k = max(2**i for i in range(10) if 2**i < len(data))
    return hashlib.sha256(b"\x01" + naive(data[:k]) + naive(data[k:])).digest()


@given(payloads)
def test_the_root_is_the_rfcs(data: list[bytes]) -> None:
    leaves = [leaf_hash(payload) for payload in data]
    assert root(leaves) == naive(data)
    assert root([]) == naive([]) == EMPTY_ROOT


@given(payloads, st.lists(st.integers(0, 70), max_size=5))
def test_however_the_log_grows_its_root_is_the_same(data: list[bytes], cuts: list[int]) -> None:
    leaves = [leaf_hash(payload) for payload in data]
    peaks: list[bytes] = []
    size = 0
    for start, stop in zip([0, *sorted(cuts)], [*sorted(cuts), len(leaves)], strict=True):
        peaks, size = append(peaks_of(b"".join(peaks)), size, leaves[start:stop])
    assert size == len(leaves)
    assert root_of(peaks) == naive(data)
    assert len(peaks) == size.bit_count()


@given(some, st.data())
def test_each_entry_is_shown_to_be_in_the_log(data: list[bytes], draw: st.DataObject) -> None:
    leaves = [leaf_hash(payload) for payload in data]
    index = draw.draw(st.integers(0, len(data) - 1))
    path = inclusion_proof(leaves, index)
    assert check_inclusion(leaves[index], index=index, size=len(data), path=path, root_hash=naive(data))
    assert len(path) <= (len(data) - 1).bit_length()


@given(some, st.data())
def test_each_earlier_log_is_shown_to_be_the_beginning_of_this_one(data: list[bytes], draw: st.DataObject) -> None:
    leaves = [leaf_hash(payload) for payload in data]
    first = draw.draw(st.integers(1, len(data)))
    path = consistency_proof(leaves, first)
    assert check_consistency(first=first, first_root=naive(data[:first]), second=len(data), second_root=naive(data), path=path)


@settings(max_examples=300)
@given(st.integers(2, 40), st.data())
def test_a_forged_proof_is_refused(size: int, draw: st.DataObject) -> None:
    data = [bytes([number]) for number in range(size)]
    leaves = [leaf_hash(payload) for payload in data]
    index = draw.draw(st.integers(0, size - 1))
    path = inclusion_proof(leaves, index)
    forged = draw.draw(_forgeries(path))
    if forged != path:
        assert not check_inclusion(leaves[index], index=index, size=size, path=forged, root_hash=naive(data))
    other = draw.draw(st.integers(0, size - 1).filter(lambda number: number != index))
    assert not check_inclusion(leaves[other], index=index, size=size, path=path, root_hash=naive(data))
    assert not check_inclusion(leaves[index], index=other, size=size, path=path, root_hash=naive(data))
    assert not check_inclusion(leaves[index], index=size, size=size, path=path, root_hash=naive(data))


@settings(max_examples=300)
@given(st.integers(2, 40), st.data())
def test_a_log_that_was_changed_has_no_proof_of_being_the_beginning(size: int, draw: st.DataObject) -> None:
    data = [bytes([number]) for number in range(size)]
    leaves = [leaf_hash(payload) for payload in data]
    first = draw.draw(st.integers(1, size))
    path = consistency_proof(leaves, first)
    forged = draw.draw(_forgeries(path))
    whole = {"first": first, "first_root": naive(data[:first]), "second": size, "second_root": naive(data)}
    if forged != path:
        assert not check_consistency(**whole, path=forged)  # type: ignore[arg-type]
    assert not check_consistency(**whole | {"first_root": bytes(32)}, path=path)  # type: ignore[arg-type]
    assert not check_consistency(**whole | {"second_root": bytes(32)}, path=path)  # type: ignore[arg-type]
    assert not check_consistency(**whole | {"first": 0}, path=path)  # type: ignore[arg-type]
    assert not check_consistency(**whole | {"first": size + 1}, path=path)  # type: ignore[arg-type]


def _forgeries(path: list[bytes]) -> st.SearchStrategy[list[bytes]]:
    """The path with a node changed, dropped, doubled, added or moved."""
    at = st.integers(0, max(len(path) - 1, 0))
    return st.one_of(
        at.map(lambda n: [*path[:n], bytes(32), *path[n + 1 :]]),
        at.map(lambda n: [*path[:n], *path[n + 1 :]]),
        at.map(lambda n: [*path[:n], *path[n : n + 1], *path[n:]]),
        at.map(lambda n: [*path[n:], *path[:n]]),
        st.just([*path, bytes(32)]),
        st.permutations(path),
    )


def test_there_is_no_proof_of_what_is_not_there() -> None:
    leaves = [leaf_hash(b"a")]
    for index in (-1, 1):
        with pytest.raises(BadProof):
            inclusion_proof(leaves, index)
    for first in (0, 2):
        with pytest.raises(BadProof):
            consistency_proof(leaves, first)
