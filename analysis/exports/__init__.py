"""Captures in other programs' formats. Each module writes one; what a format can't hold is said in docs/exports.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from wsreplay.analysis.selection import Selection
from wsreplay.captures.capture import Capture
from wsreplay.captures.columns import events_of
from wsreplay.captures.event import Event
from wsreplay.captures.finish import appearing


class Wanted:
    """What of a capture is exported: a capture, and which of its rows."""

    def __init__(
        self,
        capture: Capture,
        *,
        where: str | None = None,
        conn: int | None = None,
        first: int = 0,
        last: int | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        """``progress`` is told how many rows have passed."""
        self.capture = capture
        self.whole = where is None and conn is None and not first and last is None
        self._selection = Selection(capture, where=where, conn=conn, first=first, last=last)
        self._progress = progress

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows."""
        rows = 0
        with self._selection as selection:
            for batch in selection.batches():
                yield batch
                rows += batch.num_rows
                self._progress(rows)

    def events(self) -> Iterator[Event]:
        """The rows as events."""
        for batch in self.batches():
            yield from events_of(batch)


class Format(NamedTuple):
    """One format."""

    suffix: str
    summary: str


FORMATS = {
    "arrow": Format(".arrow", "Arrow IPC file, every column"),
    "duckdb": Format(".duckdb", "a DuckDB database with all the views"),
    "har": Format(".har", "HTTP archive with WebSocket messages, for browsers' tools"),
    "jsonl": Format(".jsonl", "one JSON object an event, every column"),
    "parquet": Format(".parquet", "a capture of its own, for a part of this one"),
    "pcapng": Format(".pcapng", "packets for Wireshark, framed anew in plain text"),
    "trace": Format(".trace.json", "Perfetto and chrome://tracing: requests as slices"),
}
"""The module of the same name writes each: ``write(wanted, path)``."""


def export(wanted: Wanted, form: str, path: Path) -> int:
    """Write it as ``form`` to ``path``, which appears when it is whole; gives how many rows or records it has."""
    module = import_module(f"wsreplay.analysis.exports.{form}")
    with appearing(path) as temporary:
        written: int = module.write(wanted, temporary)
        return written
