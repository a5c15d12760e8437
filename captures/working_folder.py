"""The working folder of a recording: its files, its lock, and how it becomes a capture.

    OUT/2026-11-21T06-27-25_reya.live/     0700
        lock              held (flock) as long as a scribe lives
        session.json      the metadata, as far as it is known yet
        0001.parquet      finished segments
        0002.stage        the segment that is being written

In the end the folder is gone, and ``OUT/NAME.parquet`` is there, or ``OUT/NAME/`` with its segments. Each step is one
rename, so a crash between two of them leaves something that ``recover`` can go on with.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from wsreplay.captures.errors import CaptureError
from wsreplay.captures.finish import appearing
from wsreplay.captures.migration import check_version, migrate_metadata
from wsreplay.captures.schema import FORMAT_VERSION, Metadata, as_metadata, read_metadata

LIVE = ".live"
_DESCRIPTION = "session.json"
_LOCK = "lock"
_PATIENCE_S = 1.0
"""How long to try for the lock: whoever looks whether a scribe lives holds it for some microseconds."""


def new_folder(out: Path, name: str) -> Path:
    """Make the working folder of a recording called ``name``, or ``name-2``, … where that is taken."""
    number = 1
    while True:
        folder = out / (_numbered(name, number) + LIVE)
        number += 1
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            continue
        # Looked at once the folder is ours: whoever is just publishing under this name has finished.
        if published(folder) is None:
            return folder
        folder.rmdir()


def recording_name(folder: Path) -> str:
    """What the recording in this working folder is called."""
    return folder.name.removesuffix(LIVE)


def published(folder: Path) -> Path | None:
    """The capture that this working folder became, if it did."""
    name = recording_name(folder)
    for place in (folder.parent / f"{name}.parquet", folder.parent / name):
        if place.exists():
            return place
    return None


def whereabouts(segment: Path) -> Path:
    """Where a segment's file is, if the working folder that it lay in has become a capture since."""
    if segment.exists():
        return segment
    place = published(segment.parent) if segment.parent.name.endswith(LIVE) else None
    if place is None:
        return segment
    return place / segment.name if place.is_dir() else place


def stage_path(folder: Path, segment: int) -> Path:
    """Where a segment is staged."""
    return folder / f"{segment:04}.stage"


def segment_path(folder: Path, segment: int) -> Path:
    """Where a segment's Parquet file stands."""
    return folder / f"{segment:04}.parquet"


def staged_segments(folder: Path) -> list[int]:
    """Segments that are staged and not finished, in order. The last may be growing."""
    return sorted({int(path.stem) for path in folder.glob("[0-9]*.stage")} - set(finished_segments(folder)))


def finished_segments(folder: Path) -> list[int]:
    """Segments that are Parquet files, in order."""
    return sorted(int(path.stem) for path in folder.glob("[0-9]*.parquet"))


def next_segment(folder: Path, after: int) -> int | None:
    """The first segment after this one that there is, staged or finished."""
    return min((n for n in (*staged_segments(folder), *finished_segments(folder)) if n > after), default=None)


def begun(folder: Path) -> bool:
    """Whether anything was recorded in this working folder that still lies there."""
    return next_segment(folder, 0) is not None


def sweep(folder: Path) -> None:
    """Remove what a crash left half-done: files that never appeared, stages whose segment is safe."""
    for leftover in folder.glob(".*.tmp"):
        leftover.unlink()
    for segment in finished_segments(folder):
        stage_path(folder, segment).unlink(missing_ok=True)


def describe(folder: Path, metadata: Metadata) -> None:
    """Write ``session.json``."""
    content = {"format": FORMAT_VERSION, **msgspec.to_builtins(metadata)}
    with appearing(folder / _DESCRIPTION) as temporary:
        temporary.write_bytes(msgspec.json.encode(content))


def description(folder: Path) -> Metadata:
    """Read ``session.json``."""
    path = folder / _DESCRIPTION
    try:
        content = read_metadata(path.read_bytes(), path)
    except OSError as error:
        raise CaptureError(f"{path} can't be read ({error.strerror}): {folder} is no recording of wsreplay") from None
    version = check_version(str(content.pop("format", None)).encode(), path)
    return as_metadata(migrate_metadata(content, version), path)


def put_in_place(folder: Path) -> Path:
    """Turn a working folder whose segments are all finished into the capture: one file, or a folder of segments."""
    out = folder.parent
    segments = finished_segments(folder)
    name, number = recording_name(folder), 1
    # Somebody may have put a file there meanwhile. It is not ours to overwrite.
    while published(out / (_numbered(name, number) + LIVE)):
        number += 1
    try:
        if len(segments) == 1:
            place = segment_path(folder, segments[0]).rename(out / f"{_numbered(name, number)}.parquet")
        else:
            place = folder = folder.rename(out / _numbered(name, number))
        discard(folder)
    except OSError as error:
        raise CaptureError(f"{folder} can't become a capture ({error.strerror}): its events are safe in it") from error
    return place


def discard(folder: Path) -> None:
    """Remove what a capture does not need from a folder, and the folder, if nothing else is in it."""
    for leftover in (_DESCRIPTION, _LOCK):
        (folder / leftover).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


class Lock:
    """Says that a process works on a recording; the system lets go of it when the process dies."""

    def __init__(self, folder: Path) -> None:
        path = folder / _LOCK
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise CaptureError(f"no recording to work on at {folder}: {error.strerror}") from None
        deadline = time.monotonic() + _PATIENCE_S
        while not self._taken():
            if time.monotonic() > deadline:
                self.release()
                raise CaptureError(f"{folder} is still being recorded: end that first, Ctrl-C does it cleanly")
            time.sleep(0.01)
        if not path.exists():
            self.release()
            raise CaptureError(f"no recording to work on at {folder}: another process has just finished it")

    def _taken(self) -> bool:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Let go."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def is_recording(folder: Path) -> bool:
    """Whether a living process works on the recording in this folder."""
    try:
        fd = os.open(folder / _LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"
