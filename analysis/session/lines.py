"""Lines: which rows of the index are listed, all of them or those that somebody filtered for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from wsreplay.analysis.session.index import Index


class Lines:
    """Chosen rows of an index, by line: 0, 1, 2, …"""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._begins: list[int] = []
        """The first line of each piece."""
        self._bases: list[int] = []
        """The position from which a piece counts."""
        self._chosen: list[pa.Array | None] = []
        """The rows of a piece, counted from its base; None: all of them."""
        self._counts: list[int] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, base: int, chosen: pa.Array | None, rows: int) -> None:
        """Go on with these rows, which lie behind all that are there."""
        count = rows if chosen is None else len(chosen)
        if not count:
            return
        self._begins.append(self._count)
        self._bases.append(base)
        self._chosen.append(chosen)
        self._counts.append(count)
        self._count += count

    def position(self, line: int) -> int:
        """The position of the row in this line."""
        if not 0 <= line < self._count:
            raise IndexError(line)
        piece = bisect_right(self._begins, line) - 1
        return self._of_piece(piece, line - self._begins[piece])

    def line(self, position: int) -> int:
        """The line of this row, or of the next one that is listed; the last line if none is."""
        piece = bisect_right(self._bases, position) - 1
        if piece < 0 or not self._count:
            return 0
        chosen = self._chosen[piece]
        if chosen is None:
            within = position - self._bases[piece]
        else:
            within = bisect_left(range(len(chosen)), position, key=lambda at: self._of_piece(piece, at))
        return min(self._begins[piece] + min(within, self._counts[piece]), self._count - 1)

    def holds(self, position: int) -> bool:
        """Whether this row is listed."""
        return self._count > 0 and self.position(self.line(position)) == position

    def _of_piece(self, piece: int, at: int) -> int:
        chosen = self._chosen[piece]
        offset: int = at if chosen is None else chosen[at].as_py()
        return self._bases[piece] + offset


class Growing(Lines):
    """All rows, or those that tell the story, also as the index grows."""

    def __init__(self, index: Index, *, everything: bool = False) -> None:
        super().__init__(index)
        self._everything = everything
        self._taken = 0
        self.grow()

    def grow(self) -> None:
        """Take in what has come since."""
        while self._taken < len(self._index.chunks) and self._index.start(self._taken) < len(self._index):
            chunk = self._index.chunks[self._taken]
            chosen = None if self._everything else chunk.story
            self.add(self._index.start(self._taken), chosen, len(chunk.seq))
            self._taken += 1


def lines_of(index: Index, addresses: Iterable[pa.RecordBatch]) -> Lines:
    """The rows with these addresses (``seq`` and ``part``, in order)."""
    lines = Lines(index)
    for batch in addresses:
        for base, chosen in _found(index, batch):
            lines.add(base, chosen, len(chosen))
    return lines


def _found(index: Index, batch: pa.RecordBatch) -> Iterable[tuple[int, pa.Array]]:
    if not batch.num_rows:
        return
    wanted = _address(batch.column("seq"), batch.column("part"))
    first = index.from_address(batch.column("seq")[0].as_py(), batch.column("part")[0].as_py())
    last = index.from_address(batch.column("seq")[-1].as_py(), batch.column("part")[-1].as_py()) + 1
    for start, chunk, begin, end in index.pieces(first, last):
        there = _address(chunk.seq.slice(begin, end - begin), chunk.part.slice(begin, end - begin))
        yield start + begin, pc.indices_nonzero(pc.is_in(there, value_set=wanted)).cast(pa.int32())


def _address(seq: pa.Array, part: pa.Array) -> pa.Array:
    """One number a row; the index keeps no larger parts than these."""
    part = pc.min_element_wise(part.cast(pa.int64()), 2**15 - 1)
    return pc.add(pc.multiply(seq, 2**15), part)
