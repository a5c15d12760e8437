"""The index: the few columns that lists and lanes need, of all rows, in memory. 43 MB a million rows.

It grows while it is read, and may be read meanwhile: a chunk is complete before it is counted.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple, get_args

import pyarrow as pa
import pyarrow.compute as pc

from wsreplay.captures.event import Kind
from wsreplay.venues.envelope import Role, Sender

COLUMNS = (
    "seq",
    "part",
    "at_ns",
    "mono_ns",
    "conn",
    "sender",
    "kind",
    "role",
    "op",
    "size",
    "reply_to",
    "outcome",
)
"""What it is built from."""
SENDERS: tuple[str, ...] = get_args(Sender.__value__)
KINDS: tuple[str, ...] = get_args(Kind.__value__)
ROLES: tuple[str, ...] = get_args(Role.__value__)
_MANY_OPS = 32_000
_MOST_PARTS = 2**15 - 1
_FARTHEST = 2**31 - 1


class Row(NamedTuple):
    """What the index knows of a row."""

    seq: int
    part: int
    at_ns: int
    mono_ns: int
    conn: int
    """0: none is concerned."""
    sender: str
    kind: str
    role: str
    """Empty: it has none; so with ``op``."""
    op: str
    size: int | None
    reply_to: int | None


class Chunk(NamedTuple):
    """Consecutive rows, column by column, without nulls."""

    seq: pa.Array
    part: pa.Array
    at_ns: pa.Array
    mono_ns: pa.Array
    conn: pa.Array
    sender: pa.Array
    kind: pa.Array
    role: pa.Array
    op: pa.Array
    size: pa.Array
    """-1: not known."""
    back: pa.Array
    """How many events before this one is the request that it answers; 0: it answers none."""
    story: pa.Array | None
    """The rows that tell the story, by their number in the chunk: events, and outcomes other than ok."""


class Index:
    """All rows of a capture, by position: 0, 1, 2, … in the order of their addresses."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self._starts: list[int] = []
        self._firsts: list[int] = []
        self._rows = 0
        self._ops: dict[str, int] = {"": 0}
        self._op_names: list[str] = [""]

    def __len__(self) -> int:
        return self._rows

    @property
    def nbytes(self) -> int:
        """The memory that it takes."""
        return sum(array.nbytes for chunk in self.chunks for array in chunk if array is not None)

    def append(self, rows: pa.Table | pa.RecordBatch) -> None:
        """Add rows, which have :data:`COLUMNS` and follow those that are there."""
        if not rows.num_rows:
            return
        chunk = self._chunk(pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows)
        self.chunks.append(chunk)
        self._starts.append(self._rows)
        self._firsts.append(chunk.seq[0].as_py())
        self._rows += rows.num_rows

    def start(self, number: int) -> int:
        """The position of a chunk's first row."""
        return self._starts[number]

    def row(self, position: int) -> Row:
        """The row there."""
        number, offset = self.place(position)
        chunk = self.chunks[number]
        seq: int = chunk.seq[offset].as_py()
        size: int = chunk.size[offset].as_py()
        back: int = chunk.back[offset].as_py()
        return Row(
            seq,
            chunk.part[offset].as_py(),
            chunk.at_ns[offset].as_py(),
            chunk.mono_ns[offset].as_py(),
            chunk.conn[offset].as_py(),
            SENDERS[chunk.sender[offset].as_py()],
            KINDS[chunk.kind[offset].as_py()],
            ROLES[role] if (role := chunk.role[offset].as_py()) >= 0 else "",
            self._op_names[chunk.op[offset].as_py()],
            size if size >= 0 else None,
            seq - back if back else None,
        )

    def seq(self, position: int) -> int:
        """Its address."""
        number, offset = self.place(position)
        seq: int = self.chunks[number].seq[offset].as_py()
        return seq

    def mono_ns(self, position: int) -> int:
        """When it was, by the clock that intervals come from."""
        number, offset = self.place(position)
        mono_ns: int = self.chunks[number].mono_ns[offset].as_py()
        return mono_ns

    def place(self, position: int) -> tuple[int, int]:
        """The chunk of a position, and the row's number in it."""
        if not 0 <= position < self._rows:
            raise IndexError(position)
        number = bisect_right(self._starts, position) - 1
        return number, position - self._starts[number]

    def at(self, seq: int, part: int = 0) -> int | None:
        """The position of an address; None: no such row is there (yet)."""
        position = self.from_address(seq, part)
        if position >= self._rows:
            return None
        number, offset = self.place(position)
        chunk = self.chunks[number]
        return position if (chunk.seq[offset].as_py(), chunk.part[offset].as_py()) == (seq, part) else None

    def from_address(self, seq: int, part: int = 0) -> int:
        """The position of the first row that is at this address or after it; the number of rows if there is none."""
        number = max(0, bisect_right(self._firsts, seq) - 1)
        # A chunk may end within an event, whose further parts begin the next one.
        while number and self._firsts[number] == seq:
            number -= 1
        while number < len(self._firsts):
            chunk = self.chunks[number]
            low, high = 0, len(chunk.seq)
            while low < high:
                middle = (low + high) // 2
                if (chunk.seq[middle].as_py(), chunk.part[middle].as_py()) < (seq, part):
                    low = middle + 1
                else:
                    high = middle
            if low < len(chunk.seq):
                return self._starts[number] + low
            number += 1
        return self._rows

    def pieces(self, first: int, last: int) -> Iterator[tuple[int, Chunk, int, int]]:
        """The chunks that hold positions from ``first`` up to, not including ``last``: start, chunk, from, to."""
        first, last = max(first, 0), min(last, self._rows)
        if first >= last:
            return
        for number in range(self.place(first)[0], len(self._starts)):
            start = self._starts[number]
            if start >= last:
                return
            chunk = self.chunks[number]
            yield start, chunk, max(first - start, 0), min(last - start, len(chunk.seq))

    def _chunk(self, rows: pa.Table) -> Chunk:
        part = rows.column("part").combine_chunks()
        seq = rows.column("seq").combine_chunks()
        return Chunk(
            seq=seq,
            part=pc.min_element_wise(part, _MOST_PARTS).cast(pa.int16()),
            at_ns=rows.column("at_ns").combine_chunks(),
            mono_ns=rows.column("mono_ns").combine_chunks(),
            conn=_whole(rows.column("conn"), 0, pa.int32()),
            sender=_codes(rows.column("sender"), SENDERS),
            kind=_codes(rows.column("kind"), KINDS),
            role=_codes(rows.column("role"), ROLES),
            op=self._op_codes(rows.column("op")),
            size=_whole(rows.column("size"), -1, pa.int32()),
            back=_whole(pc.subtract(seq, rows.column("reply_to").combine_chunks()), 0, pa.int32()),
            story=_story(part, rows.column("outcome")),
        )

    def _op_codes(self, column: pa.ChunkedArray) -> pa.Array:
        encoded = column.combine_chunks().dictionary_encode()
        codes = []
        for name in encoded.dictionary.to_pylist():
            code = self._ops.get(name)
            if code is None:
                # Who invents words by the thousand gets the same one for all of the rest.
                if len(self._op_names) >= _MANY_OPS:
                    name = "…"
                code = self._ops.setdefault(name, len(self._op_names))
                if code == len(self._op_names):
                    self._op_names.append(name)
            codes.append(code)
        indices = encoded.indices
        if not codes:
            return pc.fill_null(indices, 0).cast(pa.int16())
        return pc.fill_null(pa.array(codes, pa.int16()).take(indices), 0)


def _codes(column: pa.ChunkedArray, words: tuple[str, ...]) -> pa.Array:
    found = pc.index_in(column, value_set=pa.array(words))
    return _flat(pc.fill_null(found, -1)).cast(pa.int8())


def _whole(column: pa.ChunkedArray | pa.Array, missing: int, kind: pa.DataType) -> pa.Array:
    filled = _flat(pc.fill_null(column, missing))
    try:
        return filled.cast(kind)
    except pa.ArrowInvalid:  # beyond what is worth eight bytes a row: what can't be is not known
        there = pc.and_(pc.less_equal(filled, _FARTHEST), pc.greater_equal(filled, -_FARTHEST))
        return pc.if_else(there, filled, missing).cast(kind)


def _flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _story(part: pa.Array, outcome: pa.ChunkedArray) -> pa.Array | None:
    if pc.max(part).as_py() == 0:
        return None
    telling = pc.fill_null(pc.not_equal(_flat(outcome), "ok"), False)
    shown = pc.or_(pc.equal(part, 0), telling)
    if pc.all(shown).as_py():
        return None
    return pc.indices_nonzero(shown).cast(pa.int32())
