"""A capture, as everybody but the scribe sees it: rows to walk through, and a table to ask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Self

import duckdb
import pyarrow as pa

from wsreplay.captures import query, working_folder
from wsreplay.captures.columns import events_of
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import Event
from wsreplay.captures.order import in_order
from wsreplay.captures.places import captures_in, place_of, segments_at
from wsreplay.captures.schema import SCHEMA, Metadata
from wsreplay.captures.segments import Segment
from wsreplay.captures.working_folder import LIVE

_MOVES = 3
"""A recording moves once, when it ends. Looking again more often than that would only hide an error."""


class Capture:
    """One recording: a Parquet file, a folder of segments, or one that is still being recorded.

    A recording that goes on is seen as it stands at each call, and is found again under its final name.
    """

    def __init__(self, path: Path, *, views: Sequence[str] = ()) -> None:
        self._views = views
        self._connection: duckdb.DuckDBPyConnection | None = None
        self.path = place_of(path)
        """Where it is. Changes when a recording ends and its capture takes its place."""
        self._segments = segments_at(self.path)

    @classmethod
    def open(cls, path: str | PathLike[str], *, views: Sequence[str] = ()) -> Self:
        """Open the capture at ``path``. ``views`` are SQL statements for each connection, after ``events`` is there."""
        return cls(Path(path), views=views)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Capture({str(self.path)!r})"

    def close(self) -> None:
        """Let go of files and of the database."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def name(self) -> str:
        """What the recording is called."""
        name = self.path.name
        return name.removesuffix(LIVE) if self.path.is_dir() else name.removesuffix(".parquet")

    @property
    def live(self) -> bool:
        """Whether it is being recorded right now."""
        return self._working and working_folder.is_recording(self.path)

    @property
    def cut_off(self) -> bool:
        """Whether nobody records it any more and nobody has finished it: ``wsreplay recover`` makes a capture of it."""
        return self._working and not working_folder.is_recording(self.path) and self.path.exists()

    @property
    def ended(self) -> str | None:
        """How the recording ended, in words; None: it goes on, or was cut off and not recovered yet."""
        return self.metadata.ended

    @property
    def metadata(self) -> Metadata:
        """What the capture says about itself; its last segment knows most."""
        return self.segments[-1].metadata

    @property
    def files(self) -> list[Path]:
        """The files that it is made of, in order."""
        return [segment.path for segment in self.segments]

    @property
    def segments(self) -> Sequence[Segment]:
        """The pieces that it is made of, in order, as of now."""
        for _ in range(_MOVES):
            if not self._working:
                break
            try:
                self.path = place_of(self.path)
                self._segments = segments_at(self.path)
                break
            except CaptureError:
                if self.path.exists():
                    raise
        return self._segments

    @property
    def _working(self) -> bool:
        return self.path.name.endswith(LIVE)

    def events(self, first: int = 0, last: int | None = None) -> Iterator[Event]:
        """The events in order, those with a ``seq`` between ``first`` and ``last``. Memory stays bounded."""
        for batch in self.batches(first, last):
            try:
                events = events_of(batch)
            except CaptureError as error:
                raise CaptureError(f"{self.path}: {error}") from None
            yield from events

    def batches(
        self, first: int = 0, last: int | None = None, columns: Sequence[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """The same as Arrow batches, with all columns or only some."""
        if columns is None:
            yield from in_order(self.segments, first, last)
            return
        unknown = [name for name in columns if name not in SCHEMA.names]
        if unknown:
            raise CaptureError(f"a capture has no column {unknown[0]!r}: its columns are {', '.join(SCHEMA.names)}")
        names = [*columns, *(name for name in ("seq", "part") if name not in columns)]
        for batch in in_order(self.segments, first, last, names):
            yield batch.select(list(columns))

    def at(self, seq: int, part: int = 0) -> Event:
        """The event with this address."""
        for event in self.events(seq, seq):
            if event.part == part:
                return event
        extents = [extent for segment in self.segments if (extent := segment.extent("seq"))]
        there = f"its events are {extents[0][0]} to {extents[-1][1]}" if extents else "it has no events"
        raise CaptureError(f"{self.path} has no event {seq}{f' part {part}' if part else ''}: {there}")

    def arrow(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows as a table in memory, or only some of their columns."""
        batches = list(self.batches(columns=columns))
        schema = SCHEMA if columns is None else pa.schema([SCHEMA.field(name) for name in columns])
        return pa.Table.from_batches(batches, schema)

    def sql(self, question: str, params: Sequence[Any] | dict[str, Any] | None = None) -> pa.Table:
        """The answer to one SELECT over ``events`` (and the views that the capture was opened with)."""
        if not self._working:
            if self._connection is None:
                self._connection = self.connect()
            return query.select(self._connection, question, params)
        try:
            with self.connect() as connection:
                return query.select(connection, question, params)
        except CaptureError:
            if self.path.exists():
                raise
        return self.sql(question, params)  # The recording ended while we asked: the files have their final names now.

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection of your own, locked down: it reads this capture and nothing else. Close it."""
        return query.connect([(self.name, self.segments)], self._views)


def open_all(path: str | PathLike[str], *, views: Sequence[str] = ()) -> list[Capture]:
    """The capture at ``path``, or all captures in the folder at ``path``, by name."""
    place = place_of(Path(path))
    found = captures_in(place) if place.is_dir() else [place]
    if not found:
        raise CaptureError(
            f"{place} holds no capture: name a .parquet file that `wsreplay record` wrote, or its folder"
        )
    return [Capture(each, views=views) for each in found]


def connect(captures: Sequence[Capture], views: Sequence[str] = ()) -> duckdb.DuckDBPyConnection:
    """One locked-down connection over several captures, whose ``events`` say in a column ``capture`` which is whose."""
    return query.connect([(capture.name, capture.segments) for capture in captures], views)
