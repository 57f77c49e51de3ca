"""Tiles hold the tree: whatever the size and however it grew, paths read from them are those of a naive tree over every leaf."""

import hashlib
import os
import random
from collections.abc import Callable, Sequence
from datetime import date

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.audit import verify
from ledger.book import Book
from ledger.entry import EntryBatch, client_key, entry_batch, one_entry
from ledger.errors import BadProof
from ledger.journal import post
from ledger.principal import LOCAL_ADMIN
from ledger.proof import HASH_BYTES, check_consistency, check_inclusion, inclusion_ranges, root_of
from ledger.tile import WIDTH, Growth, Tile, Tree, leaf_hashes, stray_tile, wrong_tile
from tests.conftest import owner_engine
from tests.ledger.books import NOW, put

SOAK = bool(os.environ.get("TANZHANG_SOAK"))
EDGES = (1, 2, 255, 256, 257, 511, 512, 513, 1000)
DAY = date(2026, 3, 5)


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def half(size: int) -> int:
    """The largest power of two below `size`."""
    k = 1
    while k * 2 < size:
        k *= 2
    return k


def mth(leaves: Sequence[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, word for word, over leaf hashes."""
    if len(leaves) == 1:
        return leaves[0]
    k = half(len(leaves))
    return node(mth(leaves[:k]), mth(leaves[k:]))


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Section 2.1.3.1, word for word."""
    if len(leaves) == 1:
        return []
    k = half(len(leaves))
    return [*path(m, leaves[:k]), mth(leaves[k:])] if m < k else [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    """Section 2.1.4.1, word for word."""
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = half(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole=whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], whole=False), mth(leaves[:k])]


def leaves_of(size: int) -> list[bytes]:
    return leaf_hashes(number.to_bytes(4, "big") for number in range(size))


def kept(leaves: Sequence[bytes], *, cuts: Sequence[int] = ()) -> Growth:
    """The tree grown in pieces; a piece asks for its edge anew, as a posting does."""
    tiles: dict[tuple[int, int], Tile] = {}
    peaks: list[bytes] = []
    size = 0

    def edge(level: int, start: int, stop: int) -> bytes:
        return b"".join(leaves[start:stop] if level == 0 else [tiles[level - 1, place].root for place in range(start, stop)])

    for stop in [*sorted(cuts), len(leaves)]:
        growth = Growth(size, peaks, edge)
        growth.add(b"".join(leaves[size:stop]))
        for tile in growth.tiles:
            assert (tile.level, tile.place) not in tiles, "a tile is written once"
            tiles[tile.level, tile.place] = tile
        size, peaks = growth.size, growth.peaks
    return Growth(size, peaks, edge, list(tiles.values()))


@pytest.mark.parametrize("size", EDGES)
def test_a_tree_has_the_tiles_that_are_full_and_no_other(size: int) -> None:
    leaves = leaves_of(size)
    grown = kept(leaves)
    assert [(tile.level, tile.place) for tile in grown.tiles] == [(0, place) for place in range(size // WIDTH)]
    for tile in grown.tiles:
        mine = leaves[tile.place * WIDTH : (tile.place + 1) * WIDTH]
        assert (tile.hashes, tile.root) == (b"".join(mine), mth(mine))
    assert (root_of(grown.peaks), len(grown.peaks)) == (mth(leaves), size.bit_count())


def test_the_tree_of_the_standard_s_example_has_its_tiles() -> None:
    """C2SP tlog-tiles, "Partial Tiles": 70,000 entries are 273 full tiles of level 0 and one of level 1."""
    grown = kept(leaves_of(70_000), cuts=(255, 256, 65_535, 65_536, 65_537))
    assert sum(tile.level == 0 for tile in grown.tiles) == 273
    (above,) = (tile for tile in grown.tiles if tile.level == 1)
    below = sorted((tile for tile in grown.tiles if tile.level == 0), key=lambda tile: tile.place)[:WIDTH]
    assert above.hashes == b"".join(tile.root for tile in below)
    assert above.root == mth(leaves_of(65_536))


@settings(max_examples=100 if SOAK else 25)
@given(st.integers(1, 1200), st.lists(st.integers(0, 1200), max_size=6))
def test_however_a_tree_grows_its_tiles_and_root_are_the_same(size: int, cuts: list[int]) -> None:
    leaves = leaves_of(size)
    pieces, whole = kept(leaves, cuts=[cut for cut in cuts if cut < size]), kept(leaves)
    assert (pieces.size, pieces.peaks, pieces.tiles) == (size, whole.peaks, whole.tiles)
    at_once = Growth.empty()
    for start, stop in zip([0, *sorted(cuts)], [*sorted(cuts), size], strict=True):
        at_once.add(b"".join(leaves[start:stop]))
    assert (at_once.size, at_once.peaks, at_once.tiles) == (size, whole.peaks, whole.tiles)


def test_an_edge_is_read_when_a_tile_gets_full_and_not_before() -> None:
    asked: list[tuple[int, int, int]] = []

    def edge(level: int, start: int, stop: int) -> bytes:
        asked.append((level, start, stop))
        return bytes((stop - start) * HASH_BYTES)

    growth = Growth(65_535 - 2, kept(leaves_of(65_533)).peaks, edge)
    growth.add(bytes(2 * HASH_BYTES))
    assert asked == []
    growth.add(bytes(HASH_BYTES))
    assert asked == [(0, 65_280, 65_535), (1, 0, 255)]
    assert [(tile.level, tile.place) for tile in growth.tiles] == [(0, 255), (1, 0)]


# --- in a book -------------------------------------------------------------------------------------------------------------------


def moves(first: int, count: int) -> EntryBatch:
    """`count` entries that move one unit each."""
    number = range(count)
    entries = pl.DataFrame(
        {
            "no": number, "key": [client_key("tile", str(first + no)) for no in number], "book": "points", "kind": "move", "day": DAY,
            "reference": [f"move {first + no}" for no in number], "evidence": None, "reverses": None,
        }
    )  # fmt: skip
    postings = pl.DataFrame(
        {
            "no": [no for no in number for _ in range(2)], "account": ["shop", "purse"] * count, "commodity": "POINT",
            "amount": [1, -1] * count,
        }
    )  # fmt: skip
    return entry_batch(entries, postings, units={"POINT": "point"})


def payload_leaves(book: Book) -> list[bytes]:
    with book.reading() as session:
        rows = session.connection().exec_driver_sql("SELECT payload FROM entry ORDER BY id").all()
    return leaf_hashes(bytes(row[0]) for row in rows)


def stored(connection: sa.Connection) -> list[tuple[int, int]]:
    return [tuple(row) for row in connection.exec_driver_sql("SELECT level, place FROM tile ORDER BY level, place").all()]


def test_a_tile_is_written_with_the_entry_that_fills_it_and_its_paths_are_the_naive_ones(book: Book) -> None:
    put(book, moves(0, 250))
    for number in range(250, 258):
        put(book, moves(number, 1))
        with book.reading() as session:
            assert stored(session.connection()) == ([(0, 0)] if number >= 255 else [])
    put(book, moves(258, 700))
    leaves = payload_leaves(book)
    chance = random.Random(4)
    with book.reading() as session:
        connection = session.connection()
        assert stored(connection) == [(0, 0), (0, 1), (0, 2)]
        for size in (*(edge for edge in EDGES if edge < 958), 958):
            tree = Tree(connection, size)
            assert tree.root() == mth(leaves[:size])
            for index in {0, size - 1, *(chance.randrange(size) for _ in range(5))}:
                found = tree.inclusion(index)
                assert found == path(index, leaves[:size])
                assert check_inclusion(leaves[index], index=index, size=size, path=found, root_hash=tree.root())
            for first in {1, size, *(chance.randint(1, size) for _ in range(5))}:
                nodes = tree.consistency(first)
                assert nodes == subproof(first, leaves[:size], whole=True)
                roots = {"first_root": mth(leaves[:first]), "second_root": tree.root()}
                assert check_consistency(first=first, second=size, path=nodes, **roots)
    assert verify(book) == []


def test_a_book_beyond_a_tile_of_tiles_proves_its_entries_and_reads_little(book: Book) -> None:
    """65,536 entries fill a tile of level 1; a proof reads some tiles and roots, never the log."""
    put(book, moves(0, 65_400))
    put(book, moves(65_400, 200))
    leaves = payload_leaves(book)
    with book.reading() as session:
        connection = session.connection()
        assert stored(connection)[-2:] == [(0, 255), (1, 0)]
        read: list[str] = []
        sa.event.listen(book.engine, "before_cursor_execute", lambda *told: read.append(told[2]))
        for size in (65_535, 65_536, 65_537, 65_600):
            tree = Tree(connection, size)
            for index in (0, 255, 256, 65_279, 65_280, size - 1):
                assert check_inclusion(leaves[index], index=index, size=size, path=tree.inclusion(index), root_hash=mth(leaves[:size]))
            assert tree.root() == mth(leaves[:size])
        assert len(read) <= 4 * 8
    assert verify(book) == []


def test_many_commits_and_one_make_the_same_tree(make_book: Callable[[], Book]) -> None:
    book = make_book()
    with book.writing() as session:
        for first in range(0, 600, 100):
            post(session, moves(first, 100), LOCAL_ADMIN, now=NOW)
    with book.reading() as session:
        connection = session.connection()
        assert stored(connection) == [(0, 0), (0, 1)]
        assert Tree(connection, 600).root() == mth(payload_leaves(book))
    assert verify(book) == []


def intrude(book: Book, *statements: str) -> None:
    """Somebody with the owner's password and the guards of tiles down."""
    engine = sa.create_engine(book.url) if book.dialect == "sqlite" else owner_engine(book)
    with engine.begin() as connection:
        if book.dialect == "sqlite":
            for event in ("update", "delete", "replace"):
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS tile_no_{event}")
        else:
            connection.exec_driver_sql("DROP TRIGGER IF EXISTS tile_no_change ON tile")
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


ZERO = {"sqlite": "zeroblob(32)", "postgresql": r"decode(repeat('00', 32), 'hex')"}
TAMPERING = {
    "a hash": ("UPDATE tile SET hashes = {changed} WHERE place = 1", "tile 0/1"),
    "a root": ("UPDATE tile SET root = {zero} WHERE place = 0", "tile 0/0"),
    "a place": ("UPDATE tile SET place = 7 WHERE place = 1", "tile 0/1"),
    "a level": ("UPDATE tile SET level = 1 WHERE place = 1", "tile 0/1"),
    "a row that is gone": ("DELETE FROM tile WHERE place = 0", "tile 0/0"),
    "a row that nobody wrote": (
        "INSERT INTO tile (level, place, root, hashes) SELECT 0, 2, root, hashes FROM tile WHERE place = 0",
        "tile 0/2",
    ),
    "a tile of tiles": ("INSERT INTO tile (level, place, root, hashes) SELECT 1, 0, root, hashes FROM tile WHERE place = 0", "tile 1/0"),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_a_tile_that_was_changed_is_found_and_named(book: Book, what: str) -> None:
    put(book, moves(0, 600))
    with book.reading() as session:
        hashes = bytes(session.connection().exec_driver_sql("SELECT hashes FROM tile WHERE place = 1").scalar_one())
    changed = (hashes[:-1] + bytes([hashes[-1] ^ 1])).hex()
    changed = f"x'{changed}'" if book.dialect == "sqlite" else f"decode('{changed}', 'hex')"
    statement, where = TAMPERING[what]
    intrude(book, statement.format(zero=ZERO[book.dialect], changed=changed))
    found = [violation for violation in verify(book) if violation.law != "schema"]
    assert [(violation.law, violation.where) for violation in found] == [("tiles", where)]


def test_tiles_may_be_added_and_nothing_else(book: Book) -> None:
    put(book, moves(0, 256))
    for statement in ("UPDATE tile SET place = 9", "DELETE FROM tile"):
        with pytest.raises(sa.exc.DatabaseError), book.writing() as session:
            session.connection().exec_driver_sql(statement)
    assert verify(book) == []


def test_a_proof_over_a_missing_tile_says_what_to_do(book: Book) -> None:
    put(book, moves(0, 600))
    intrude(book, "DELETE FROM tile WHERE place = 1")
    with book.reading() as session:
        tree = Tree(session.connection(), 600)
        assert tree.root_between(0, 128) == mth(payload_leaves(book)[:128]), "what is there is still read"
        with pytest.raises(BadProof, match="tanzhang verify"):
            tree.inclusion(300)


def test_there_is_no_tree_longer_than_the_log(book: Book) -> None:
    put(
        book,
        one_entry(key=client_key("t", "1"), book="points", kind="move", day=DAY, legs=[("a", "P", 1), ("b", "P", -1)], units={"P": "p"}),
    )
    with book.reading() as session:
        with pytest.raises(BadProof, match="it holds 1"):
            Tree(session.connection(), 2)
        with pytest.raises(BadProof):
            Tree(session.connection(), 1).inclusion(1)
        connection = session.connection()
        assert (wrong_tile(connection, []), stray_tile(connection, 1)) == (None, None)


@given(st.integers(1, 2**60), st.data())
def test_a_path_is_as_long_as_the_tree_is_high(size: int, draw: st.DataObject) -> None:
    index = draw.draw(st.integers(0, size - 1))
    spans = inclusion_ranges(index, size)
    assert len(spans) <= (size - 1).bit_length()
    assert sum(stop - start for start, stop in spans) == size - 1
    assert all(stop == size or (stop - start).bit_count() == 1 for start, stop in spans)
