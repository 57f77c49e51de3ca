"""The nodes of the log's tree that are kept, so that no proof hashes the log again: tiles of 256 hashes, as C2SP tlog-tiles has them.

Tile (level, place) holds the hashes of the nodes of height 8 × level from 256 × place on; level 0 is of leaves. It is written once, in the
transaction of the entry that fills it, with its own root, which stands in the tile above. What is not full yet, the ragged right edge, is
made again when it is asked for: at most 255 leaves of entries, and on each level above at most 255 roots of tiles below.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl
import sqlalchemy as sa

from ledger.bulk import read
from ledger.errors import BadProof
from ledger.proof import HASH_BYTES, append, consistency_ranges, inclusion_ranges, leaf_hash, peaks_of, perfect_root, root_of

WIDTH = 256  # hashes a tile; C2SP tlog-tiles, "Merkle Tree"
HEIGHT = 8  # levels of the tree a tile
SCHEMA = pl.Schema({"level": pl.Int64, "place": pl.Int64, "root": pl.Binary, "hashes": pl.Binary})

Edge = Callable[[int, int, int], bytes]
"""The hashes of a level from one place to another (excluded), one after the other."""


class Tile(NamedTuple):
    """256 hashes of one level, one after the other, and their root."""

    level: int
    place: int
    root: bytes
    hashes: bytes


def leaf_hashes(payloads: Iterable[bytes]) -> list[bytes]:
    """The hashes of payloads as leaves."""
    return list(map(leaf_hash, payloads))


@dataclass(slots=True)
class Growth:
    """A tree that grows: what it came to, and the tiles that got full on the way. `edge` is asked for what stood before, when one does."""

    size: int
    peaks: list[bytes]
    edge: Edge
    tiles: list[Tile] = field(default_factory=list)
    _ragged: dict[int, bytes] = field(default_factory=dict)

    @classmethod
    def empty(cls) -> "Growth":
        """A tree from its first leaf on: it knows its own edge."""
        return cls(0, [], edge=_nothing)

    def add(self, leaves: bytes) -> None:
        """Append leaf hashes, which come one after the other."""
        older = list(self.peaks)
        newer: list[bytes] = []
        level, at, fresh = 0, self.size, leaves
        self.size += len(leaves) // HASH_BYTES
        while fresh:
            kept = len(older) - (at % WIDTH).bit_count()
            own = older[kept:]  # the peaks of this level's own ragged tile
            del older[kept:]
            roots = self._fill(level, at, fresh)
            if roots:
                own, fresh = [], self._ragged[level]
            newer = append(own, 0 if roots else at % WIDTH, peaks_of(fresh))[0] + newer
            level, at, fresh = level + 1, at // WIDTH, roots
        self.peaks = older + newer

    def _fill(self, level: int, at: int, fresh: bytes) -> bytes:
        """Keep the tiles that `fresh`, from place `at` of its level on, makes full; gives their roots, one after the other."""
        stands = self._ragged.get(level) if at % WIDTH else b""
        if at % WIDTH + len(fresh) // HASH_BYTES < WIDTH:
            if stands is not None:
                self._ragged[level] = stands + fresh
            return b""
        hashes = (self.edge(level, at - at % WIDTH, at) if stands is None else stands) + fresh
        whole = len(hashes) // (WIDTH * HASH_BYTES)
        parts = [hashes[number * WIDTH * HASH_BYTES : (number + 1) * WIDTH * HASH_BYTES] for number in range(whole)]
        full = [Tile(level, at // WIDTH + number, perfect_root(part), part) for number, part in enumerate(parts)]
        self.tiles += full
        self._ragged[level] = hashes[whole * WIDTH * HASH_BYTES :]
        return b"".join([tile.root for tile in full])

    def taken(self) -> list[Tile]:
        """The tiles that got full since they were last taken."""
        tiles, self.tiles = self.tiles, []
        return tiles

    def rows(self) -> pl.DataFrame:
        """The tiles as rows of their table (SCHEMA)."""
        return pl.DataFrame(self.tiles, schema=SCHEMA, orient="row")


def _nothing(level: int, start: int, stop: int) -> bytes:
    raise BadProof(f"nothing is known of level {level} from {start} to {stop}")


def grow(connection: sa.Connection, size: int, peaks: Sequence[bytes], more: int) -> Growth:
    """The tree of `size`, about to take `more` leaves, with what it needs of its edge: at most 255 leaves, and roots on each level, where
    a tile gets full. Nothing is read later."""
    edges: dict[int, bytes] = {}
    level, at = 0, size
    while more:
        full = (at % WIDTH + more) // WIDTH
        if at % WIDTH and full:
            edges[level] = _edge(connection, level, at - at % WIDTH, at)
        level, at, more = level + 1, at // WIDTH, full
    return Growth(size, list(peaks), lambda level, *_: edges[level])


def _edge(connection: sa.Connection, level: int, start: int, stop: int) -> bytes:
    """The hashes of a level from `start` to `stop` (excluded): leaves, or the roots of the tiles below. BadProof if one is gone."""
    if level == 0:
        sql = f"SELECT id, leaf FROM entry WHERE id >= {start} AND id < {stop} ORDER BY id"
    else:
        sql = f"SELECT place, root FROM tile WHERE level = {level - 1} AND place >= {start} AND place < {stop} ORDER BY place"
    rows = read(connection, sql, pl.Schema({"at": pl.Int64, "hash": pl.Binary}))
    if rows["at"].to_list() != list(range(start, stop)):
        what = "entry" if level == 0 else f"tile {level - 1}"
        raise BadProof(f"a row of {what} between {start} and {stop - 1} is missing: the database was changed, run tanzhang verify")
    return b"".join(rows["hash"].to_list())


def wrong_tile(connection: sa.Connection, made: Sequence[Tile]) -> tuple[str, str] | None:
    """The first tile of the table that is not the one `made` from the payloads: where, and how; None where all are."""
    for level in sorted({tile.level for tile in made}):
        tiles = [tile for tile in made if tile.level == level]
        span = f"place >= {tiles[0].place} AND place <= {tiles[-1].place}"
        rows = read(connection, f"SELECT level, place, root, hashes FROM tile WHERE level = {level} AND {span}", SCHEMA)
        stand = {row[1]: Tile(*row) for row in rows.iter_rows()}
        for tile in tiles:
            if tile.place not in stand:
                return f"tile {level}/{tile.place}", "it is missing, though all its entries are there"
            if stand[tile.place] != tile:
                return f"tile {level}/{tile.place}", "its hashes are not those of the log"
    return None


def stray_tile(connection: sa.Connection, size: int) -> tuple[str, str] | None:
    """The first tile of the table that a log of `size` entries cannot have filled: where, and how; None where there is none."""
    full = " OR ".join(f"(level = {level} AND place >= 0 AND place < {size // WIDTH ** (level + 1)})" for level in range(8))
    found = connection.exec_driver_sql(f"SELECT level, place FROM tile WHERE NOT ({full}) ORDER BY level, place LIMIT 1").one_or_none()
    return None if found is None else (f"tile {found[0]}/{found[1]}", f"a log of {size} entries has not filled it")


class Tree:
    """The tree over the first `size` entries of a book, read through one connection: tiles, and the ragged right edge made again."""

    def __init__(self, connection: sa.Connection, size: int) -> None:
        held = connection.exec_driver_sql("SELECT size FROM head WHERE id = 1").scalar() or 0
        if not 0 <= size <= held:
            raise BadProof(f"the book has no log of {size} entries, it holds {held}: where that many were signed, run tanzhang verify")
        self.size, self._held, self._connection = size, int(held), connection
        self._read: dict[tuple[int, int], bytes] = {}

    def root(self) -> bytes:
        """The root of the tree."""
        return self.root_between(0, self.size)

    def inclusion(self, index: int) -> list[bytes]:
        """The audit path of entry `index` (RFC 9162, section 2.1.3.1)."""
        return [self.root_between(*span) for span in inclusion_ranges(index, self.size)]

    def consistency(self, first: int) -> list[bytes]:
        """The nodes that show the log of `first` entries to be the beginning of this one (RFC 9162, section 2.1.4.1)."""
        return [self.root_between(*span) for span in consistency_ranges(first, self.size)]

    def root_between(self, start: int, stop: int) -> bytes:
        """The root over entries `start` to `stop` (excluded), where `start` is a place at which the subtree of that length begins."""
        peaks: list[bytes] = []
        while start < stop:
            height = (stop - start).bit_length() - 1
            peaks.append(self._perfect(height, start >> height))
            start += 1 << height
        return root_of(peaks)

    def _perfect(self, height: int, place: int) -> bytes:
        """The node at `place` among those of its height: made from the hashes of its tile, 128 at most."""
        level, rest = divmod(height, HEIGHT)
        at = (place << rest) % WIDTH * HASH_BYTES
        return perfect_root(self._hashes(level, (place << rest) // WIDTH)[at : at + (HASH_BYTES << rest)])

    def _hashes(self, level: int, place: int) -> bytes:
        """The hashes of a tile, as many as there are."""
        if (level, place) not in self._read:
            stop = self._held // WIDTH**level
            if (place + 1) * WIDTH <= stop:
                sql = f"SELECT hashes FROM tile WHERE level = {level} AND place = {place}"
                kept = self._connection.exec_driver_sql(sql).scalar_one_or_none()
                if kept is None or len(kept) != WIDTH * HASH_BYTES:
                    raise BadProof(f"tile {level}/{place} is missing or torn: the database was changed, run tanzhang verify")
                self._read[level, place] = bytes(kept)
            else:
                self._read[level, place] = _edge(self._connection, level, place * WIDTH, stop)
        return self._read[level, place]
