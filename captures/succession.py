"""What a scribe finds when the one before it died in its very last step: the capture all written, but not published."""

from __future__ import annotations

from pathlib import Path

import msgspec

from wsreplay.captures import working_folder
from wsreplay.captures.pipeline import PipelineNotes, reason_in
from wsreplay.captures.recover import recover
from wsreplay.captures.scribe_process import Status
from wsreplay.captures.stage import StageReader


def publish_for_the_dead(folder: Path, notes: bytes) -> Status | None:
    """Publish a recording that had ended and is whole; None if its scribe died before that, and there is more to do."""
    known = msgspec.msgpack.decode(notes, type=PipelineNotes) if notes else None
    if known is None or known.transcript.finished is None:
        return None
    if working_folder.begun(folder):
        if not _closed(folder):
            return None
        ended = reason_in(known.transcript.finished)
        working_folder.describe(folder, msgspec.structs.replace(working_folder.description(folder), ended=ended))
    return Status(recording=str(folder), done=str(recover(folder)), rows=known.rows, gaps=known.gaps)


def _closed(folder: Path) -> bool:
    """Whether the last segment was closed, or is Parquet already."""
    staged = working_folder.staged_segments(folder)
    if not staged:
        return True
    with StageReader(working_folder.stage_path(folder, staged[-1])) as last:
        for _ in last.batches():
            pass
        return last.closed
