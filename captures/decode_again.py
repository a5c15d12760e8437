"""Decoding a capture again: what was observed stays, what was derived from it is worked out anew.

For a dialect that has learnt something since, or for another one, where a capture was recorded without its own. The
new files take the place of the old ones when all of them are whole.
"""

from __future__ import annotations

import tempfile
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import copymode

import msgspec

from wsreplay.captures.capture import Capture
from wsreplay.captures.decoder import Decoder
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import Event
from wsreplay.captures.finish import finish
from wsreplay.captures.finishers import found_by
from wsreplay.captures.read_by import MAP, dialect_of, notes_of_map
from wsreplay.captures.recognition import RECOGNISED
from wsreplay.captures.schema import Metadata
from wsreplay.captures.stage import StageWriter
from wsreplay.captures.working_folder import segment_path, stage_path
from wsreplay.venues.dialect import Dialect
from wsreplay.venues.registry import dialect_described

_FLUSH_ROWS = 10_000


class DecodedAgain(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    path: Path
    venue: str
    dialect_version: int
    rows: int
    incidents_before: int
    incidents: int


def decode_again(
    path: Path,
    *,
    venue: str | None = None,
    map_file: Path | None = None,
    finishers: Sequence[str] = (),
    progress: Callable[[int], None] = lambda _: None,
) -> DecodedAgain:
    """Decode a capture again, by its own dialect or by another. ``progress`` is told how many rows have passed."""
    with Capture.open(path) as capture:
        if capture.path.name.endswith(".live"):
            raise CaptureError(
                f"{capture.path} is no finished capture: end the recording first, or finish it with `wsreplay recover`"
            )
        reads = _dialect_for(capture.metadata, venue, map_file)
        place = capture.path
        # A link stays one: what it leads to is written anew, where that lies.
        there = place.resolve()
        with _new_folder(there) as folder:
            rewriting = _Rewriting(capture, Path(folder), reads, map_file, own=venue is None and map_file is None)
            rewriting.decode(progress)
            incidents = rewriting.search(finishers)
            rewriting.put_in_place()
            return DecodedAgain(
                path=place,
                venue=reads.name,
                dialect_version=reads.version,
                rows=rewriting.rows + incidents,
                incidents_before=rewriting.incidents_before,
                incidents=incidents,
            )


@contextmanager
def _new_folder(beside: Path) -> Iterator[str]:
    try:
        with tempfile.TemporaryDirectory(prefix=f".{beside.name}.", dir=beside.parent) as folder:
            yield folder
    except OSError as error:
        raise CaptureError(f"{beside} can't be decoded in its place: {error.strerror or error}") from error


def _dialect_for(metadata: Metadata, venue: str | None, map_file: Path | None) -> Dialect:
    if venue is None and map_file is None:
        return dialect_of(metadata)
    return dialect_described(venue, map_file)


class _Rewriting:
    """The segments of one capture, on their way to being what the dialect makes of them now."""

    def __init__(self, capture: Capture, folder: Path, reads: Dialect, map_file: Path | None, *, own: bool) -> None:
        self._capture = capture
        self._folder = folder
        self._reads = reads
        self._files = capture.files
        self._lasts = [extent[1] if (extent := each.extent("seq")) else -1 for each in capture.segments]
        self._metadata = [self._described(each.metadata, map_file, own) for each in capture.segments]
        self._stages = [StageWriter(stage_path(folder, number)) for number in range(1, len(self._files) + 1)]
        self.rows = self.incidents_before = 0

    def decode(self, progress: Callable[[int], None]) -> None:
        """Write what the dialect makes of each row."""
        waiting = 0
        for row in Decoder(self._reads).decode_again(self._counted()):
            self._stage_of(row).append([row])
            self.rows += 1
            waiting += 1
            if waiting >= _FLUSH_ROWS:
                self._flush()
                progress(self.rows)
                waiting = 0
        self._finish()

    def search(self, finishers: Sequence[str]) -> int:
        """Find the incidents anew; how many there are."""
        where = self._folder if len(self._files) > 1 else segment_path(self._folder, 1)
        found = [row for finisher in finishers for row in found_by(finisher, where)]
        for row in found:
            self._stage_of(row).append([row])
        if found:
            self._finish()
        for stage in self._stages:
            stage.close()
        return len(found)

    def put_in_place(self) -> None:
        """Let the new files take the place of the old ones."""
        for number, file in enumerate(self._files, 1):
            made, file = segment_path(self._folder, number), file.resolve()
            copymode(file, made)  # who could read it can still do so
            made.replace(file)

    def _counted(self) -> Iterator[Event]:
        for row in self._capture.events():
            self.incidents_before += row.kind == "incident"
            yield row

    def _stage_of(self, row: Event) -> StageWriter:
        return self._stages[min(bisect_left(self._lasts, row.seq), len(self._stages) - 1)]

    def _flush(self) -> None:
        for stage in self._stages:
            stage.flush()

    def _finish(self) -> None:
        self._flush()
        for number, (stage, metadata) in enumerate(zip(self._stages, self._metadata, strict=True), 1):
            finish(stage.path, segment_path(self._folder, number), metadata)

    def _described(self, metadata: Metadata, map_file: Path | None, own: bool) -> Metadata:
        notes = {name: note for name, note in metadata.notes.items() if name != RECOGNISED and (own or name != MAP)}
        return msgspec.structs.replace(
            metadata,
            venue=self._reads.name,
            dialect_version=self._reads.version,
            notes=notes | notes_of_map(None if map_file is None else str(map_file)),
        )
