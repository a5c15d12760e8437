"""Reading along while a capture is being recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from os import PathLike
from pathlib import Path

import pyarrow as pa

from wsreplay.captures import working_folder
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.places import place_of, segments_at
from wsreplay.captures.recognition import understood
from wsreplay.captures.schema import Clocks, Metadata
from wsreplay.captures.segments import ParquetSegment
from wsreplay.captures.stage import StageReader
from wsreplay.captures.working_folder import LIVE, segment_path, stage_path


class Follower:
    """Gives a capture's rows as they come, across rotations and the recording's end. Never waits."""

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = place_of(Path(path))
        self.over = False
        """The recording has ended, and all was read."""
        self.abandoned = False
        """The recording has not ended, and nobody went on with it at the last read. A new scribe may yet."""
        self._read = 0
        """The last segment that was read, or is being read."""
        self._stage: StageReader | None = None
        self._about = Metadata(clocks=Clocks(wall_ns=0, mono_ns=0))

    def read(self) -> Iterator[pa.RecordBatch]:
        """The rows that have come since the last call. Take them all."""
        # Asked first: what somebody wrote who lived then is read below.
        alive = working_folder.is_recording(self.path)
        while not self.over:
            if self._stage is not None:
                yield from understood(self._stage.batches(), self._known())
                if not self._stage.closed:
                    break
                self.close()
            self.path = place_of(self.path)
            if not self.path.name.endswith(LIVE):
                yield from self._rest()
                self.over = True
                break
            number = working_folder.next_segment(self.path, self._read)
            if number is None:
                break
            try:
                self._stage = StageReader(stage_path(self.path, number))
            except FileNotFoundError:
                yield from ParquetSegment(segment_path(self.path, number)).batches()
            self._read = number
        self.abandoned = not alive and not self.over

    def close(self) -> None:
        """Let go of the file that is being read."""
        if self._stage is not None:
            self._stage.close()
            self._stage = None

    def _known(self) -> Metadata:
        """What is known by now; the folder may just have become a capture."""
        if self.path.name.endswith(LIVE):
            with suppress(CaptureError):
                self._about = working_folder.description(self.path)
        return self._about

    def _rest(self) -> Iterator[pa.RecordBatch]:
        for segment in segments_at(self.path):
            if segment.metadata.segment > self._read:
                yield from segment.batches()
