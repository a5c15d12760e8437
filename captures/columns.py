"""Events to columns and back.

Appending an event costs a list append. The transposing happens once a batch, column by column, and columns without a
single value are never built.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import Event
from wsreplay.captures.schema import SCHEMA

FIELDS: tuple[str, ...] = Event.__struct_fields__
_TYPES: dict[str, Any] = {field: SCHEMA.field(field).type for field in FIELDS}
_GETTERS = [(field, attrgetter(field), _TYPES[field]) for field in FIELDS]


class Columns:
    """Collects events and gives them back as one record batch. Events must not change once they are in."""

    def __init__(self) -> None:
        self._events: list[Event] = []

    def append(self, event: Event) -> None:
        """Add one row."""
        self._events.append(event)

    def __len__(self) -> int:
        return len(self._events)

    def take(self) -> pa.RecordBatch:
        """All that was appended, with :data:`~wsreplay.captures.schema.SCHEMA`; the collection is empty afterwards."""
        batch = widen(sparse_batch(self._events))
        self._events.clear()
        return batch


def sparse_batch(events: Sequence[Event]) -> pa.RecordBatch:
    """The events as a batch of only those columns that hold anything, ``at`` left out."""
    names: list[str] = []
    arrays: list[pa.Array] = []
    for name, get, kind in _GETTERS:
        values = list(map(get, events))
        # Counting by identity is far cheaper than building an array of nulls.
        if values.count(None) != len(values):
            names.append(name)
            arrays.append(_array(values, kind))
    return pa.RecordBatch.from_arrays(arrays, names=names)


def batch_of_rows(rows: Iterable[Sequence[Any]], names: Sequence[str]) -> pa.RecordBatch:
    """Rows whose values stand in the order of ``names``, as a batch. Names that are no column here are left out."""
    present: list[str] = []
    arrays: list[pa.Array] = []
    for name, values in zip(names, zip(*rows, strict=True), strict=True):
        kind = _TYPES.get(name)
        if kind is not None and values.count(None) != len(values):
            present.append(name)
            arrays.append(_array(values, kind))
    return pa.RecordBatch.from_arrays(arrays, names=present)


def widen(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with every column of the schema, in order: missing ones null, ``at`` worked out from ``at_ns``."""
    if batch.schema.equals(SCHEMA):
        return batch
    there = {name: batch.column(index) for index, name in enumerate(batch.schema.names)}
    if "at" not in there and "at_ns" in there:
        there["at"] = pc.divide(there["at_ns"], 1000).cast(SCHEMA.field("at").type)
    count = batch.num_rows
    arrays = []
    for field in SCHEMA:
        array = there.get(field.name)
        if array is None:
            array = pa.nulls(count, field.type)
        elif array.type != field.type:
            array = array.cast(field.type)
        arrays.append(array)
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def events_of(batch: pa.RecordBatch) -> list[Event]:
    """The rows of a batch with all columns as events."""
    nothing = [None] * batch.num_rows
    columns = []
    for name in FIELDS:
        column = batch.column(name)
        columns.append(nothing if column.null_count == len(column) else column.to_pylist())
    try:
        return msgspec.convert(list(zip(*columns, strict=True)), list[Event])
    except msgspec.ValidationError as error:
        raise CaptureError(f"it holds a row that is no event ({error}): the file was altered") from error


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, kind)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        # One value that no column holds (a token that expires in the year 10^20, half a surrogate pair) must cost
        # that value and not the recording.
        return pa.array([_fitted(value, kind) for value in values], kind)


def _fitted(value: Any, kind: pa.DataType) -> Any:
    """The value as the column can hold it, or None."""
    if value is None:
        return None
    if pa.types.is_string(kind):
        return str(value).encode("utf-8", "replace").decode()
    try:
        pa.scalar(value, kind)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return None
    return value
