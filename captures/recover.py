"""Finishing the recording of a scribe that died."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow as pa

from wsreplay.captures import working_folder
from wsreplay.captures.columns import sparse_batch, widen
from wsreplay.captures.event import Event
from wsreplay.captures.finish import finish, write_parquet
from wsreplay.captures.places import place_of
from wsreplay.captures.recognition import understood
from wsreplay.captures.schema import CUT_OFF, ROTATED, Metadata
from wsreplay.captures.segments import Address, ParquetSegment, end_of, end_of_segments
from wsreplay.captures.stage import StageReader
from wsreplay.captures.working_folder import LIVE, Lock, segment_path, stage_path


def recover(path: Path) -> Path:
    """Make a capture of an abandoned recording, and say where it is. A capture that is one already stays as it is.

    The capture says that it was cut off, in its metadata and in a last ``gap`` row. A stage is removed only once its
    rows are safe in a Parquet file, so recovering can itself be killed at any moment, and begun again.
    """
    folder = path if path.is_dir() and path.name.endswith(LIVE) else place_of(path)
    if not folder.name.endswith(LIVE):
        return folder
    lock = Lock(folder)
    try:
        place = working_folder.published(folder)
        if place is not None and not working_folder.begun(folder):
            working_folder.discard(folder)
            return place
        _finish_all(folder)
        return working_folder.put_in_place(folder)
    finally:
        lock.release()


def _finish_all(folder: Path) -> None:
    working_folder.sweep(folder)
    metadata = working_folder.description(folder)
    staged = working_folder.staged_segments(folder)
    finished = working_folder.finished_segments(folder)
    last = max([*staged, *finished], default=0)
    for number in staged:
        place = segment_path(folder, number)
        of_this = msgspec.structs.replace(metadata, segment=number, ended=ROTATED if number != last else metadata.ended)
        if of_this.ended is None:
            _finish_cut_off(folder, number, of_this)
        else:
            finish(stage_path(folder, number), place, of_this)
        stage_path(folder, number).unlink()
    if not last or (last in finished and ParquetSegment(segment_path(folder, last)).metadata.ended == ROTATED):
        # It died between two segments: the end is a segment of its own.
        _finish_cut_off(folder, last + 1, msgspec.structs.replace(metadata, segment=last + 1))


def _finish_cut_off(folder: Path, number: int, metadata: Metadata) -> None:
    def rows() -> Iterator[pa.RecordBatch]:
        last: Address | None = None
        torn = 0
        if stage_path(folder, number).exists():
            with StageReader(stage_path(folder, number)) as reader:
                for batch in understood(reader.in_order(), metadata):
                    last = end_of(batch)
                    yield batch
                torn = reader.torn
        before = [ParquetSegment(segment_path(folder, each)) for each in working_folder.finished_segments(folder)]
        start = Address(0, metadata.clocks.wall_ns, metadata.clocks.mono_ns)
        yield widen(sparse_batch([_gap(max(last or start, end_of_segments(before) or start), torn)]))

    write_parquet(rows(), segment_path(folder, number), msgspec.structs.replace(metadata, ended=CUT_OFF))


def _gap(last: Address, torn: int) -> Event:
    """What is known about what is missing: since when, and how much of it was torn while it was written."""
    text: dict[str, object] = {
        "reason": "the recording was cut off: all from here on is missing, and what was read in its last 100 ms",
        "records": None,
        "bytes": torn or None,
        "from_mono_ns": last.mono_ns,
        "to_mono_ns": None,
        "connections": [],
    }
    return Event(
        seq=last.seq + 1,
        at_ns=last.at_ns,
        mono_ns=last.mono_ns,
        first_mono_ns=last.mono_ns,
        sender="proxy",
        kind="gap",
        text=msgspec.json.encode(text).decode(),
    )
