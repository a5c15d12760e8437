"""Events to columns and back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from captures.recorded import event, transcripts
from hypothesis import given, settings

from wsreplay.captures.columns import FIELDS, Columns, batch_of_rows, events_of, sparse_batch, widen
from wsreplay.captures.event import Event
from wsreplay.captures.schema import SCHEMA


def columns_of(rows: list[Event]) -> Columns:
    columns = Columns()
    for row in rows:
        columns.append(row)
    return columns


@settings(max_examples=50)
@given(transcripts())
def test_events_come_back_equal(rows: list[Event]) -> None:
    columns = columns_of(rows)
    assert len(columns) == len(rows)
    batch = columns.take()
    assert batch.schema == SCHEMA
    assert events_of(batch) == rows


@settings(max_examples=50)
@given(transcripts().filter(bool))
def test_rows_come_back_equal(rows: list[Event]) -> None:
    values = [[getattr(row, name) for name in FIELDS] for row in rows]
    assert events_of(widen(batch_of_rows(values, FIELDS))) == rows


def test_taking_empties_the_collection() -> None:
    columns = columns_of([event(1)])
    assert columns.take().num_rows == 1
    assert columns.take().num_rows == 0


def test_time_for_people_is_worked_out_from_the_exact_one() -> None:
    moment = datetime(2026, 11, 21, 6, 27, 25, 123456, tzinfo=UTC)
    batch = columns_of([event(1, at_ns=1_795_242_445_123_456_789)]).take()
    assert batch.column("at")[0].as_py().isoformat() == moment.isoformat()


def test_a_column_without_a_value_is_never_built() -> None:
    assert set(sparse_batch([event(1), event(2)]).schema.names) == {
        "seq", "part", "at_ns", "mono_ns", "first_mono_ns", "sender", "kind", "text",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("column", "value", "kept"),
    [
        ("token_expires", 10**20, None),
        ("venue_at_ns", -(10**30), None),
        ("conn", 2**40, None),
        ("client_order_id", "half a pair \ud83d", "half a pair ?"),
        ("key", 4711, "4711"),
        ("latency_ns", "soon", None),
        ("signature_ok", "yes", None),
    ],
)
def test_a_value_that_no_column_holds_costs_that_value_alone(column: str, value: Any, kept: Any) -> None:
    strange, plain = event(1, op="createOrder", **{column: value}), event(2)
    first, second = events_of(columns_of([strange, plain]).take())
    assert first == event(1, op="createOrder", **{column: kept})
    assert second == plain


def test_columns_of_another_release_are_left_out_and_missing_ones_are_null() -> None:
    batch = widen(pa.RecordBatch.from_pydict({"seq": [1], "mood": ["good"], "conn": pa.array([3], pa.int64())}))
    assert batch.schema == SCHEMA
    assert batch.column("conn").to_pylist() == [3]
    assert batch.column("text").to_pylist() == [None]
