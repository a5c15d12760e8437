"""What captures a folder holds, told from footers and chunk headers alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from wsreplay.captures.capture import Capture
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.places import captures_in
from wsreplay.captures.schema import CUT_OFF, ROTATED
from wsreplay.captures.segments import Segment
from wsreplay.captures.working_folder import LIVE

type State = Literal["recording", "finished", "cut off", "unreadable"]


class Found(msgspec.Struct, kw_only=True, frozen=True):
    """A capture in a folder."""

    name: str
    path: Path
    state: State
    venue: str = ""
    start_ns: int = 0
    """When its first event was read, by the wall clock."""
    duration_ns: int = 0
    rows: int = 0
    size: int = 0
    """Bytes on disk."""
    trouble: str | None = None
    """Why it is unreadable, and what to do."""


def find_captures(folder: Path) -> list[Found]:
    """The captures in a folder, newest first. What can't be read is listed as well, with its trouble."""
    if not folder.is_dir():
        raise CaptureError(f"there is no folder {folder}: name the one that `wsreplay record --out` wrote to")
    return sorted((_look_at(path) for path in captures_in(folder)), key=lambda found: found.start_ns, reverse=True)


def _look_at(path: Path) -> Found:
    try:
        with Capture.open(path) as capture:
            return _described(capture)
    except CaptureError as error:
        name = path.name.removesuffix(".parquet").removesuffix(LIVE)
        changed = path.stat().st_mtime_ns if path.exists() else 0
        return Found(name=name, path=path, state="unreadable", start_ns=changed, trouble=str(error))


def _described(capture: Capture) -> Found:
    segments = capture.segments
    metadata = segments[-1].metadata
    start, duration = metadata.clocks.wall_ns, 0
    if capture.path.name.endswith(LIVE):
        # A growing stage has no statistics. It was written to until now.
        duration = max(segment.path.stat().st_mtime_ns for segment in segments) - start
    elif (first := _extent(segments, "at_ns")) and (lasted := _extent(segments, "mono_ns")):
        start, duration = first[0], lasted[1] - lasted[0]
    state: State = "finished"
    if capture.live:
        state = "recording"
    elif metadata.ended in (None, ROTATED) or metadata.ended.startswith(CUT_OFF):
        state = "cut off"
    return Found(
        name=capture.name,
        path=capture.path,
        state=state,
        venue=metadata.venue,
        start_ns=start,
        duration_ns=max(duration, 0),
        rows=sum(segment.rows for segment in segments),
        size=sum(segment.path.stat().st_size for segment in segments),
    )


def _extent(segments: Sequence[Segment], column: str) -> tuple[int, int] | None:
    extents = [extent for segment in segments if (extent := segment.extent(column))]
    return (min(low for low, _ in extents), max(high for _, high in extents)) if extents else None
