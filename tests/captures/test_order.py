"""Rows that were found out late stand in their places."""

from __future__ import annotations

from itertools import pairwise

import pyarrow as pa
from captures.recorded import event
from hypothesis import given
from hypothesis import strategies as st

from wsreplay.captures.columns import events_of, sparse_batch, widen
from wsreplay.captures.event import Event
from wsreplay.captures.order import merged


def batches(rows: list[Event], edges: list[int]) -> list[pa.RecordBatch]:
    cuts = [0, *sorted(edge for edge in edges if edge < len(rows)), len(rows)]
    return [widen(sparse_batch(rows[start:end])) for start, end in pairwise(cuts) if start < end]


@given(st.data())
def test_late_rows_come_behind_the_other_parts_of_their_event(data: st.DataObject) -> None:
    parts = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=8))
    punctual = [event(seq, part) for seq, count in enumerate(parts, 1) for part in range(count)]
    about = data.draw(st.lists(st.integers(1, len(parts)), unique=True))
    late = [event(seq, parts[seq - 1], kind="incident") for seq in about]
    edges = st.lists(st.integers(0, 20), max_size=5)
    found = merged(batches(punctual, data.draw(edges)), batches(late, data.draw(edges)))
    expected = sorted([*punctual, *late], key=lambda row: (row.seq, row.part))
    assert [row for batch in found for row in events_of(batch)] == expected
