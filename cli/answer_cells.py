"""Cells of an answer as people read them: times as times, durations in units, numbers on the right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from wsreplay.cli.harmless import harmless
from wsreplay.cli.table import Column
from wsreplay.cli.units import duration

type Formatter = Callable[[Any], str]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCKS = ("mono_ns",)
"""Columns of this ending count from no moment that says anything: they stay numbers."""


def columns_of(schema: pa.Schema) -> list[Column]:
    """The headings, numbers marked."""
    return [_column(field) for field in schema]


def rows_of(batch: pa.RecordBatch) -> list[list[str]]:
    """The rows as text."""
    columns = [_texts(field.name, field.type, batch.column(at)) for at, field in enumerate(batch.schema)]
    return [list(row) for row in zip(*columns, strict=True)]


def _column(field: pa.Field) -> Column:
    number = _is_number(field.type)
    return Column(harmless(field.name), right=number, whole=number or pa.types.is_timestamp(field.type))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _texts(name: str, kind: pa.DataType, column: pa.Array) -> Sequence[str]:
    text = _formatter(name, kind)
    return ["" if value is None else text(value) for value in column.to_pylist()]


def _formatter(name: str, kind: pa.DataType) -> Formatter:
    if pa.types.is_integer(kind) and name.endswith("_ns") and not name.endswith(_CLOCKS):
        return _moment if name == "at_ns" or name.endswith("_at_ns") else duration
    if pa.types.is_floating(kind):
        return _number
    if pa.types.is_timestamp(kind):
        return _time_in_utc if kind.tz else str
    if pa.types.is_boolean(kind):
        return lambda value: "true" if value else "false"
    if pa.types.is_binary(kind):
        return lambda value: value.hex(" ")
    return lambda value: harmless(str(value))


def _number(value: float) -> str:
    """Digits, not powers of ten, where they are few."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _time_in_utc(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(" ", "microseconds").replace("+00:00", "Z")


def _moment(ns: int) -> str:
    """Exact to the nanosecond."""
    seconds, rest = divmod(ns, 1_000_000_000)
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return str(ns)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{rest:09}Z"
