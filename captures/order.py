"""Rows in the order of their addresses.

Rows are recorded in that order, but for those that are found out afterwards: incidents, which have the address of the
event that they are about, and are written at the end. They are few, and are put where they belong while reading.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from wsreplay.captures.schema import SCHEMA

if TYPE_CHECKING:
    from wsreplay.captures.segments import Segment

_ADDRESS = [("seq", "ascending"), ("part", "ascending")]


def merged(batches: Iterable[pa.RecordBatch], late: Sequence[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches that are in order, with late rows, which need not be, put where they belong."""
    if not late:
        yield from batches
        return
    waiting = pa.Table.from_batches(late).sort_by(_ADDRESS)
    seqs = waiting.column("seq").to_pylist()
    done = 0
    for batch in batches:
        # A late row of the batch's last event waits: more parts of that event may follow, and come first.
        due = bisect_left(seqs, batch.column("seq")[-1].as_py(), done) if batch.num_rows else done
        if due > done:
            both = pa.concat_tables([pa.Table.from_batches([batch]), waiting.slice(done, due - done)])
            yield from both.sort_by(_ADDRESS).combine_chunks().to_batches()
            done = due
        else:
            yield batch
    yield from waiting.slice(done).combine_chunks().to_batches()


def in_order(
    segments: Sequence[Segment], first: int = 0, last: int | None = None, columns: Sequence[str] = SCHEMA.names
) -> Iterator[pa.RecordBatch]:
    """The rows of a capture with a ``seq`` between ``first`` and ``last``; ``columns`` hold at least the address."""
    late: list[pa.RecordBatch] = []
    begins: list[int] = []
    reached = counted = 0
    for index, segment in enumerate(segments):
        begins.append(first)
        if not segment.may_hold_late:
            continue
        for before in segments[counted:index]:
            reached = max(reached, (before.extent("seq") or (0, 0))[1])
        counted = index
        # What has an address of an earlier segment: found out after that one was finished.
        strays = list(segment.batches(first, reached if last is None else min(reached, last), columns))
        if strays:
            late += strays
            begins[-1] = max(first, reached + 1)
    rows = (
        batch
        for segment, begin in zip(segments, begins, strict=True)
        for batch in segment.batches(begin, last, columns)
    )
    yield from merged(rows, late)
