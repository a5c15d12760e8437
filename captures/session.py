"""A recording while it lasts: what a scribe writes its events to."""

from __future__ import annotations

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from wsreplay.captures import working_folder
from wsreplay.captures.errors import CaptureError, UserError
from wsreplay.captures.finish import finish
from wsreplay.captures.schema import FINISHED, ROTATED, Metadata
from wsreplay.captures.segments import ParquetSegment, Segment, StageSegment, end_of_segments
from wsreplay.captures.stage import StageReader, StageWriter
from wsreplay.captures.working_folder import Lock, segment_path, stage_path

_AGES = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_SIZES = {"kb": 10**3, "mb": 10**6, "gb": 10**9}


class Rotation(msgspec.Struct, frozen=True):
    """When a segment is full: by age, by bytes staged, whichever comes first. Neither given: never."""

    age_ns: int | None = None
    size: int | None = None

    @classmethod
    def parse(cls, text: str) -> Rotation:
        """Read ``1h``, ``30m``, ``1GB``, ``500MB``, or an age and a size with a comma between."""
        age = size = None
        for part in text.split(","):
            found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|h|d|kB|MB|GB)", part.strip(), re.IGNORECASE)
            amount = float(found[1]) if found else 0.0
            if not found or not amount:
                raise UserError(
                    f"can't rotate at {text!r}: give an age (30m, 1h), a size (500MB, 1GB), or both (1h,1GB)"
                )
            unit = found[2].lower()
            if unit in _AGES:
                age = int(amount * _AGES[unit] * 1_000_000_000)
            else:
                size = int(amount * _SIZES[unit])
        return cls(age, size)


class Session:
    """The recording that this process makes: made by :meth:`create`, or taken over from a dead scribe (:meth:`resume`).

    Events go to :attr:`stage`, which changes with each rotation.
    """

    def __init__(self, folder: Path, metadata: Metadata, rotation: Rotation, lock: Lock) -> None:
        self.folder = folder
        self.metadata = metadata
        self.rotation = rotation
        self._lock = lock
        # A full segment takes seconds to finish, and the hand-over does not wait.
        self._finisher = ThreadPoolExecutor(1, thread_name_prefix="finish")
        self._since_ns: int | None = None
        self.segment = _segment_to_write(folder)
        before = _last_before(folder, self.segment, metadata)
        self.stage = StageWriter(stage_path(folder, self.segment), before)

    @property
    def name(self) -> str:
        """The recording's name, which the capture will bear."""
        return working_folder.recording_name(self.folder)

    @classmethod
    def create(cls, out: Path, metadata: Metadata, rotation: Rotation | None = None) -> Session:
        """Begin a recording in the folder ``out``, named after its start (``metadata.clocks``) and its venue.

        A name that ``metadata`` has already is kept, whatever the folder has to be called.
        """
        start = datetime.fromtimestamp(metadata.clocks.wall_ns // 1_000_000_000, UTC)
        venue = re.sub(r"[^a-z0-9.-]+", "-", metadata.venue.lower()).strip("-.") or "venue"
        try:
            out.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = working_folder.new_folder(out, f"{start:%Y-%m-%dT%H-%M-%S}_{venue}")
        except OSError as error:
            raise CaptureError(f"can't record into {out} ({error.strerror}): name another folder with --out") from error
        lock = Lock(folder)
        if not metadata.recording:
            metadata = msgspec.structs.replace(metadata, recording=working_folder.recording_name(folder))
        working_folder.describe(folder, metadata)
        return cls(folder, metadata, rotation or Rotation(), lock)

    @classmethod
    def resume(cls, folder: Path, rotation: Rotation | None = None) -> Session:
        """Go on with the recording of a scribe that died; :attr:`last_seq` says where that one stopped."""
        lock = Lock(folder)
        try:
            working_folder.sweep(folder)
            metadata = msgspec.structs.replace(working_folder.description(folder), ended=None)
            return cls(folder, metadata, rotation or Rotation(), lock)
        except BaseException:
            lock.release()
            raise

    @property
    def last_seq(self) -> int | None:
        """The highest ``seq`` on record, in this segment or before. All parts of it are on record."""
        return self.stage.last_seq

    def describe(self, **changes: Any) -> None:
        """Change the metadata from here on, for instance once the venue is known."""
        self.metadata = msgspec.structs.replace(self.metadata, **changes)
        working_folder.describe(self.folder, self.metadata)

    def due(self, now_ns: int) -> bool:
        """Whether the segment is full, by any clock that is the same at each call."""
        if self._since_ns is None:
            self._since_ns = now_ns
        size, age = self.rotation.size, self.rotation.age_ns
        full = (size is not None and self.stage.size >= size) or (age is not None and now_ns - self._since_ns >= age)
        return full and self.stage.rows > 0

    def rotate(self) -> None:
        """End the segment and begin the next. The ended one becomes Parquet in the background.

        If the disk refuses either, nothing has changed, and rotating can be tried again.
        """
        self.stage.close()
        self.stage = StageWriter(stage_path(self.folder, self.segment + 1), self.last_seq)
        full, self.segment = self.segment, self.segment + 1
        self._since_ns = None
        self._finisher.submit(self._finish, full, ROTATED)

    def publish(self, ended: str = FINISHED) -> Path:
        """End the recording, say how it ended, and give the capture its final place and name."""
        try:
            self.stage.close()
            self.describe(ended=ended)
            self._finisher.shutdown()
            # What failed in the background (a full disk) is tried again here, where somebody hears of it.
            for segment in working_folder.staged_segments(self.folder):
                self._finish(segment, ended if segment == self.segment else ROTATED)
            return working_folder.put_in_place(self.folder)
        finally:
            self._lock.release()

    def abandon(self) -> None:
        """Let go of everything as a crash would. ``recover`` or :meth:`resume` goes on from there."""
        self._finisher.shutdown()
        self.stage.abandon()
        self._lock.release()

    def discard(self) -> None:
        """Let go of everything, and leave nothing behind."""
        self.abandon()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _finish(self, segment: int, ended: str) -> None:
        metadata = msgspec.structs.replace(self.metadata, segment=segment, ended=ended)
        stage = stage_path(self.folder, segment)
        finish(stage, segment_path(self.folder, segment), metadata)
        stage.unlink()


def _segment_to_write(folder: Path) -> int:
    """The segment that a dead scribe was writing; if it was through with that, the next one."""
    staged, finished = working_folder.staged_segments(folder), working_folder.finished_segments(folder)
    last = max([*staged, *finished], default=0)
    if last not in staged:
        return last + 1
    with StageReader(stage_path(folder, last)) as reader:
        for _ in reader.batches():
            pass
        return last + 1 if reader.closed else last


def _last_before(folder: Path, segment: int, metadata: Metadata) -> int | None:
    """The highest ``seq`` before a segment."""
    before: list[Segment] = []
    for number in range(1, segment):
        stage = stage_path(folder, number)
        before.append(StageSegment(stage, metadata) if stage.exists() else ParquetSegment(segment_path(folder, number)))
    end = end_of_segments(before)
    return end.seq if end else None
